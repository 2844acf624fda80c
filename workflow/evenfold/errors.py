"""The one exception a user may see."""

import errno
import os
import re
import shlex
from pathlib import Path

#: How libraries that are not written in Python tell of an error of the system.
_TOLD = re.compile(r"(?:os error |\[?errno )(\d+)", re.IGNORECASE)
#: What is said of a write alone: no file that is read can be the one that is meant.
OF_WRITING = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}


class EvenfoldError(Exception):
    """Bad input or a broken promise, said in words that name the remedy."""


def from_latin1(path: Path) -> str:
    """The command that writes a text in Latin-1 anew, as UTF-8 beside it."""
    old = shlex.quote(str(path))
    new = shlex.quote(str(path.with_stem(f"{path.stem}_utf8")))
    return f"iconv -f latin1 -t utf-8 {old} > {new}"


def in_a_line(error: BaseException) -> str:
    """What an error of another library says, in one line: its kind and first line."""
    return f"{type(error).__name__}: {error}".splitlines()[0][:300]


def system_code(error: BaseException) -> int | None:
    """The number of the system's error that a library tells of, if it does.

    Parameters
    ----------
    error : BaseException

    Returns
    -------
    int or None
    """
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    if isinstance(error, EvenfoldError):
        return None
    told = _TOLD.search(str(error))
    return int(told[1]) if told else None


def of_file(error: BaseException, path: str | os.PathLike[str]) -> OSError:
    """The system's error with the file that it is of.

    Parameters
    ----------
    error : BaseException
        Of a library, or the system's own without a file; see `system_code`.
    path : path-like

    Returns
    -------
    OSError
    """
    code = system_code(error) or errno.EIO
    return OSError(code, os.strerror(code), str(path))
