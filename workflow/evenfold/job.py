"""What every script of a rule shares: its log file and how an error reaches the user."""

import gc
import logging
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from evenfold.calling import as_called
from evenfold.clock import now_at, refuse_later, settle
from evenfold.errors import in_a_line
from evenfold.faults import sentence

log = logging.getLogger("evenfold")


class _File(logging.FileHandler):
    """The log file; where it cannot be written, it says so once and the job goes on."""

    told = False

    def handleError(self, record: logging.LogRecord) -> None:
        """Say once why a line is missing."""
        if not self.told:
            self.told = True
            why = sentence(sys.exc_info()[1] or OSError(), "run again to have it whole")
            print(f"Warning: the log {self.baseFilename}: {why}", file=sys.stderr)


@contextmanager
def job(log_path: str, inputs: Iterable[str] = ()) -> Iterator[logging.Logger]:
    """Log to a file and to standard error; end on an error without traceback.

    The traceback of an unexpected one goes to the log file.

    Parameters
    ----------
    log_path : path-like
    inputs : iterable of path-like
        What Snakemake compares with the job's outputs by their dates.
    """
    try:
        file = _File(log_path, mode="w")
    except OSError as error:
        print(f"\nError: {sentence(error)}\n", file=sys.stderr)
        sys.exit(1)
    terminal = logging.StreamHandler()
    for handler in (file, terminal):
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    terminal.setLevel(logging.WARNING)
    log.handlers = [file, terminal]
    log.setLevel(logging.INFO)
    log.propagate = False
    # What was imported stays: to walk it again and again takes a tenth of the time.
    gc.freeze()
    try:
        refuse_later(inputs, now_at(log_path))
        yield log
        settle(inputs, now_at(log_path))
    except KeyboardInterrupt:
        print("\nStopped; run snakemake again to go on.\n", file=sys.stderr)
        sys.exit(130)
    except Exception as error:
        told = sentence(error)
        told = told and as_called(told)
        # How an error of the system came about may matter, beside what it means.
        wrote = _append(file, f"Error: {told}\n" if told else traceback.format_exc())
        if told is None:
            where = f"with the file {log_path}, which has the traceback"
            if not wrote:
                print(traceback.format_exc(), file=sys.stderr)
                where = "with the lines above"
            told = (
                f"a defect of evenfold, not of your data ({in_a_line(error)}). Please "
                f"report it {where}."
            )
            if wrote:
                # After the traceback: who reads the log's end finds a sentence.
                _append(file, f"Error: {told}\n")
        print(f"\nError: {told}\n", file=sys.stderr)
        sys.exit(1)


def _append(file: logging.FileHandler, text: str) -> bool:
    """Whether a text could be written to the log."""
    with suppress(OSError), open(file.baseFilename, "a", encoding="utf-8") as stream:
        stream.write(text)
        return True
    return False
