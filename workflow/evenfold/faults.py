"""What errors of the system and of libraries mean for a user, in one sentence each.

What is not here is nobody's fault but evenfold's.
"""

import errno
import os
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from evenfold.errors import EvenfoldError, in_a_line, of_file, system_code

#: What happened and what to do, by the system's numbers; `{again}` is the command.
_SYSTEM = {
    (errno.ENOSPC, errno.EDQUOT): (
        "the disk is full, or your share of it used up",
        "Free some space and {again}",
    ),
    (errno.EFBIG,): (
        "larger than the file system, or a limit of this session (`ulimit -f`), allows",
        "Raise the limit or take another disk, and {again}",
    ),
    (errno.EROFS,): (
        "the disk is mounted read-only, so that nothing can be written there",
        "Mount it for writing or take another folder, and {again}",
    ),
    (errno.EACCES, errno.EPERM): (
        "you may not use it (permission denied)",
        "Make it readable, and its folder writable, for you (`ls -l` shows whose it is), "
        "and {again}",
    ),
    (errno.EMFILE, errno.ENFILE): (
        "too many files are open",
        "Raise the limit (`ulimit -n 4096`) or run fewer jobs at once (`--cores`), and "
        "{again}",
    ),
    (errno.EAGAIN,): (
        "the system starts no further process or thread",
        "Raise the limit (`ulimit -u`) or run fewer jobs at once (`--cores`), and {again}",
    ),
    (errno.ENOENT,): ("there is no such file or folder", "Put it there and {again}"),
    (errno.EISDIR,): (
        "a folder, where a file belongs",
        "Move it away and {again}",
    ),
    (errno.ENOTDIR, errno.EEXIST): (
        "a file has the name of a folder that is needed",
        "Move it away and {again}",
    ),
    (errno.ENAMETOOLONG,): (
        "the name is longer than the file system allows",
        "Choose a shorter one and {again}",
    ),
    (errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ENODEV, errno.ENXIO, errno.ETIMEDOUT): (
        "the disk or network folder does not answer as it should",
        "See to it and {again}",
    ),
}  # fmt: skip
_BY_CODE = {code: told for codes, told in _SYSTEM.items() for code in codes}
_MEMORY = (
    "the memory is used up ({why}). Run fewer jobs at once (`--cores 1`), give a training "
    "less (`engine: {{memory_gb: ...}}`), or take a machine with more, and {again}."
)
#: How libraries say that there is no memory left, and for what else they end.
_NO_MEMORY = (
    "bad_alloc",
    "can't allocate memory",
    "out of memory",
    "failed to allocate",
)
_NO_THREAD = "can't start new thread"
_AGAIN = "run snakemake again"


def sentence(error: BaseException, again: str = _AGAIN) -> str | None:
    """What an error means for a user, and what to do.

    Parameters
    ----------
    error : BaseException
    again : str
        How the user goes on when the cause is gone.

    Returns
    -------
    str or None
        None where nobody is to blame but evenfold.
    """
    if isinstance(error, EvenfoldError):
        return str(error)
    if is_memory(error):
        return _MEMORY.format(why=in_a_line(error), again=again)
    if _NO_THREAD in str(error):
        return _of_system(OSError(errno.EAGAIN, ""), again)
    if isinstance(error, sqlite3.Error):
        return _of_sqlite(error, again)
    if (code := system_code(error)) is not None:
        file = getattr(error, "filename", None)
        return _of_system(of_file(error, file) if file else OSError(code, ""), again)
    return None


def is_memory(error: BaseException) -> bool:
    """Whether a library ran out of memory, whatever it calls that.

    Parameters
    ----------
    error : BaseException

    Returns
    -------
    bool
    """
    if isinstance(error, MemoryError) or system_code(error) == errno.ENOMEM:
        return True
    told = str(error).lower()
    return isinstance(error, RuntimeError) and any(x in told for x in _NO_MEMORY)


@contextmanager
def telling(path: str | os.PathLike[str], otherwise: str) -> Iterator[None]:
    """Tell in plain words of a file that a library cannot read.

    Parameters
    ----------
    path : path-like
    otherwise : str
        What is said where neither the system nor memory is the cause: the file is
        damaged.

    Raises
    ------
    EvenfoldError
        For whatever the library raises.
    """
    try:
        yield
    except EvenfoldError:
        raise
    # Whatever a damaged file makes a library raise.
    except Exception as error:
        if system_code(error) is not None and not is_memory(error):
            error = of_file(error, path)
        raise EvenfoldError(sentence(error) or otherwise) from error


def _of_system(error: OSError, again: str) -> str:
    what, remedy = _BY_CODE.get(
        error.errno or 0,
        (f"the system refuses ({os.strerror(error.errno or 0)})", "See to it and {again}"),
    )  # fmt: skip
    told = f"{error.filename}: {what}" if error.filename else what
    return f"{told}. {remedy.format(again=again)}."


def _of_sqlite(error: sqlite3.Error, again: str) -> str:
    """Of a database: what SQLite says has no number of the system."""
    told = str(error)
    if "locked" in told:
        return (
            "a database is in use by another program (" + told + "). Wait until that "
            f"ends, or stop it, and {again}."
        )
    if "full" in told:
        return _of_system(OSError(errno.ENOSPC, ""), again)
    if "readonly" in told or "unable to open" in told:
        return (
            f"a database cannot be written ({told}). Make it and its folder writable for "
            f"you, and {again}."
        )
    if "I/O" in told:
        return _of_system(OSError(errno.EIO, ""), again)
    return (
        f"a database is damaged ({told}). Move it away, or restore it from a backup, and "
        f"{again}."
    )


def listening(port: int) -> socket.socket:
    """A socket on a port of this machine, that nobody else reaches.

    Parameters
    ----------
    port : int
        0: any that is free.

    Returns
    -------
    socket

    Raises
    ------
    EvenfoldError
        The port is taken, is not for this user, or is none.
    """
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind(("127.0.0.1", port))
        made.listen(128)
    except (OSError, OverflowError) as error:
        made.close()
        code = getattr(error, "errno", None)
        why = {
            errno.EADDRINUSE: "is taken by another program, perhaps by this command in "
            "another terminal",
            errno.EACCES: "is for the administrator of this machine alone",
            None: "is none: they go from 1 to 65535",
        }.get(code, f"cannot be used ({error})")
        raise EvenfoldError(
            f"port {port} {why}. Give another: --port {_other(port)}"
        ) from error
    return made


def _other(port: int) -> int:
    return port + 1 if 1024 <= port < 65535 else 8642
