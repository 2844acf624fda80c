"""What is new and what is old where a clock may jump, and files from the future."""

import os
import shlex
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from evenfold.errors import EvenfoldError
from evenfold.records.layout import rule_of

#: Seconds that the clock of another machine, which wrote a file, may be ahead.
_SKEW = 60.0
#: In a folder that is an output, what Snakemake takes its time from.
_OF_FOLDER = ".snakemake_timestamp"


class Before:
    """Files as they were when a run began.

    Not a time: after a clock was set back, what is written looks older than the run.

    Parameters
    ----------
    paths : iterable of Path
    """

    def __init__(self, paths: Iterable[Path]):
        self._were = {path: _state(path) for path in paths}

    def changed(self, path: Path) -> bool:
        """Whether a file is there and is another, or was written, since."""
        now = _state(path)
        return now is not None and now != self._were.get(path)


def _state(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def now_at(path: str | Path) -> float:
    """Touch a file, for the time by the clock that dates the files beside it."""
    try:
        os.utime(path)
        return os.stat(path).st_mtime
    except OSError:  # A file system without dates of its own.
        return time.time()


def refuse_later(inputs: Iterable[str | Path], now: float) -> None:
    """Refuse a user's files from the future before a job begins.

    Snakemake removes what was made of a file that is dated after it.

    Parameters
    ----------
    inputs : iterable of path-like
    now : float
        See `now_at`.

    Raises
    ------
    EvenfoldError
        With the first and what mends it.
    """
    for path, later in _later(inputs, now):
        if rule_of(path) is None and later > _SKEW:
            raise EvenfoldError(
                f"{path} is dated {_date(now + later)}, which is still to come (it is "
                f"{_date(now)}), and Snakemake keeps nothing that is older than what it "
                f"was made of. If the date is wrong: touch {shlex.quote(str(path))}; if "
                "this machine's clock is, set it."
            )


def settle(inputs: Iterable[str | Path], now: float) -> None:
    """See to it that what a job has read is no newer than what it has written.

    A run's own files are dated anew, as they are ahead where the clock was set back
    since; for a user's that are ahead by moments it waits.

    Parameters
    ----------
    inputs : iterable of path-like
    now : float
        See `now_at`.
    """
    for path, later in list(_later(inputs, now)):
        if rule_of(path):
            os.utime(path)
        elif later <= _SKEW:
            time.sleep(later)


def _later(inputs: Iterable[str | Path], now: float) -> Iterator[tuple[Path, float]]:
    """Inputs that are ahead of the clock, and by how many seconds."""
    for path in map(Path, inputs):
        of_folder = path / _OF_FOLDER
        file = of_folder if of_folder.is_file() else path
        try:
            later = file.stat().st_mtime - now
        except OSError:
            continue  # What is missing is told by who reads it.
        if later > 0:
            yield file, later


def _date(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds).strftime("%-d %B %Y, %H:%M")
    except (ValueError, OverflowError, OSError):
        return "in a year of no calendar"
