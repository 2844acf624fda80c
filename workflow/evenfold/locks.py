"""What Snakemake's lock of a folder means: another run, or one that was killed."""

import atexit
import fcntl
import os
import sys
from collections.abc import Callable
from pathlib import Path

_LEFT = """
No other snakemake is at work in this folder: the lock was left by one that was killed
(a closed terminal, a restart of the machine). Remove it and go on from where it was:

    snakemake --unlock

and then the same command again.
"""
_HELD = """
Another snakemake is at work in this folder. Wait until it ends, or stop it (Ctrl-C where
it runs); no `--unlock` is needed then.
"""


def explain_at_exit(locked: Callable[[], bool], folder: str | Path) -> None:
    """Say what to type when this process ends without having got the lock.

    Snakemake's own message names both possibilities, and comes before this. Which one
    it is tells a lock of the system, which a killed process cannot leave behind: every
    Snakemake shares it until it ends, and the last one gets it for itself.

    Parameters
    ----------
    locked : callable
        Whether Snakemake's lock is there, asked at the end.
    folder : path-like
        Where the file that is locked lies.
    """
    path = Path(folder) / "evenfold-running"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        shared = os.open(path, os.O_CREAT | os.O_RDWR, 0o666)
        fcntl.flock(shared, fcntl.LOCK_SH)
    except OSError:
        return  # A folder that cannot be written, a file system without locks.

    def explain() -> None:
        try:
            if locked():
                print(_LEFT if _alone(shared) else _HELD, file=sys.stderr)
        except OSError:
            pass  # The other run ended while its lock was read.

    atexit.register(explain)


def _alone(shared: int) -> bool:
    """Whether no other process shares the lock."""
    try:
        fcntl.flock(shared, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
