"""What every script of a rule shares: its log file and how an error reaches the user."""

import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from evenfold.errors import EvenfoldError, in_a_line

log = logging.getLogger("evenfold")


@contextmanager
def job(log_path: str) -> Iterator[logging.Logger]:
    """Log to a file and to standard error; end on an error without traceback.

    The traceback of an unexpected one goes to the log file.

    Parameters
    ----------
    log_path : path-like
    """
    file, terminal = logging.FileHandler(log_path, mode="w"), logging.StreamHandler()
    for handler in (file, terminal):
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    terminal.setLevel(logging.WARNING)
    log.handlers = [file, terminal]
    log.setLevel(logging.INFO)
    log.propagate = False
    try:
        yield log
    except EvenfoldError as error:
        print(f"Error: {error}", file=file.stream)
        print(f"\nError: {error}\n", file=sys.stderr)
        sys.exit(1)
    except Exception as error:
        print(traceback.format_exc(), end="", file=file.stream)
        print(
            f"\nError: a defect of evenfold, not of your data ({in_a_line(error)}). Please report "
            f"it with the file {log_path}, which has the traceback.\n",
            file=sys.stderr,
        )
        sys.exit(1)
