"""Where scores may be written."""

import os
from pathlib import Path

from evenfold.errors import EvenfoldError

#: Forms of a table of scores, by the ends of their names.
SUFFIXES = (".tsv", ".csv", ".parquet")


def check_output(out: str | Path, given: str | Path) -> None:
    """Refuse a place where scores cannot go, before anything is scored.

    Parameters
    ----------
    out : path-like
        Table to write.
    given : path-like
        File that is scored.

    Raises
    ------
    EvenfoldError
        For a folder, a device, the input itself, a name that is too long or ends in no
        known form.
    """
    path = Path(out)
    if len(path.name.encode(errors="surrogateescape")) > 240:
        raise EvenfoldError(f"{out:.60}...: a name longer than file systems take.")
    if path.is_dir():
        raise EvenfoldError(
            f"{out} is a folder: name a file in it, such as {path / 'predictions.tsv'}."
        )
    if path.suffix.lower() not in SUFFIXES:
        raise EvenfoldError(
            f"{out}: the table of scores must end in {', '.join(SUFFIXES)}, which says "
            "what it is."
        )
    if path.exists() and not path.is_file():
        raise EvenfoldError(f"{out} is no file that can be replaced: name another.")
    if path.exists() and Path(given).exists() and os.path.samefile(path, given):
        raise EvenfoldError(
            f"{out} is the file that is to be scored: name another, or it would be lost."
        )
