"""Stages of a long job, kept so that one that was killed goes on from what is finished."""

import shutil
import sys
import time
from collections.abc import Callable
from logging import getLogger
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

log = getLogger("evenfold")

#: Seconds between two lines of progress.
_EVERY = 5.0


class Progress:
    """Says what is being done, every few seconds, in the log and on the terminal.

    Attributes
    ----------
    what : str
        Job, as the terminal has it beside others'.
    """

    def __init__(self, what: str = "") -> None:
        self.what, self.started, self.said = what, time.monotonic(), 0.0

    def __call__(self, said: str) -> None:
        now = time.monotonic() - self.started
        if not self.what or now - self.said < _EVERY:
            return
        self.said = now
        log.info("%s: %s (%.0f s)", self.what, said, now)
        print(f"{self.what}: {said} ({now:.0f} s)", file=sys.stderr, flush=True)


class Stages:
    """Results of stages in a folder, each of one state of data and settings.

    Attributes
    ----------
    folder : Path, optional
        Without one nothing is kept.
    key : str
        Digest of what decides the results.
    """

    def __init__(self, folder: Path | None = None, key: str = "") -> None:
        self.folder, self.key = folder, key

    def of(
        self, name: str, compute: Callable[[], dict[str, np.ndarray]]
    ) -> dict[str, np.ndarray]:
        """What a stage gave, computed unless it was finished before.

        Parameters
        ----------
        name : str
        compute : callable

        Returns
        -------
        dict of str to ndarray
        """
        if self.folder is None:
            return compute()
        path = self.folder / f"{name}-{self.key[:16]}.npz"
        try:
            with np.load(path) as kept:
                return dict(kept)
        except (OSError, ValueError, EOFError, KeyError, BadZipFile):
            pass
        found = compute()
        self.folder.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".unfinished.npz")
        np.savez(unfinished, **found)  # type: ignore[arg-type]
        unfinished.replace(path)
        return found

    def forget(self) -> None:
        """Remove all that was kept."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)


SILENT = Progress()
UNKEPT = Stages()
