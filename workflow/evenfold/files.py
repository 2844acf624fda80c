"""Reading, hashing and atomic writing of the files a run leaves."""

import errno
import fcntl
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from evenfold.errors import OF_WRITING, EvenfoldError, of_file, system_code

#: What names a file.
Pathlike = str | os.PathLike[str]


#: What a file system without locks says.
_NO_LOCKS = {
    errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL,
}  # fmt: skip
#: Seconds after which a temporary file that nobody holds is one that was left.
_LEFT = 60.0


@contextmanager
def replacing(path: Pathlike) -> Iterator[Path]:
    """Yield a temporary path beside `path` that replaces it on success.

    The file appears whole or not at all, also after a crash; what a process that was
    killed left beside it is removed by the next.

    Raises
    ------
    OSError
        With `path` as its file, where that cannot be written.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_left(path)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=_prefix(path))
    except OSError as error:
        raise of_file(error, path) from error
    temporary = Path(name)
    try:
        # Held until the end of the process at the latest: nobody else removes it.
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        yield temporary
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())
        # mkstemp makes private files; results are meant to be shared.
        umask = os.umask(0)
        os.umask(umask)
        # Where the mount decides the modes (CIFS, FAT), it refuses others.
        with suppress(OSError):
            temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    except Exception as error:
        if found := _of_written(error, path, name):
            raise found from error
        raise
    finally:
        os.close(handle)
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _of_written(error: Exception, path: Path, temporary: str) -> OSError | None:
    """The error with the file that was to be written; None where it is of another."""
    file = getattr(error, "filename", None)
    own = file is not None and str(file) == temporary
    if own or (file is None and system_code(error) in OF_WRITING):
        return of_file(error, path)
    return None


def _prefix(path: Path) -> str:
    # Names may be as long as the file system allows; this one is longer.
    return f".{path.name[:100]}."


def _remove_left(path: Path) -> None:
    """Remove temporary files of a path that no process holds any more."""
    now = time.time()
    for left in path.parent.glob(f"{_escaped(_prefix(path))}????????"):
        with suppress(OSError):
            # One of a clock that was ahead is old too: a new one is held.
            if abs(now - left.stat().st_mtime) > _LEFT:
                with open(left, "rb") as handle:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    left.unlink()


def _escaped(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def hold(handle: Any, how: int) -> bool:
    """Lock an open file, where its file system has locks.

    Parameters
    ----------
    handle : file or int
    how : int
        As for `fcntl.flock`.

    Returns
    -------
    bool
        False where another process holds it. A file system without locks (some network
        folders) is taken to have no other process.
    """
    try:
        fcntl.flock(handle, how)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
    return True


def write_text(path: Pathlike, text: str) -> None:
    """Write text atomically."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Pathlike, value: Any) -> None:
    """Write JSON atomically, with sorted keys so that equal values are equal files."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True) + "\n")


def read_json(path: Pathlike) -> Any:
    """Read JSON, naming the file when it is missing or damaged.

    Raises
    ------
    EvenfoldError
        For such a file.
    OSError
        Where the system does not let it be read.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise EvenfoldError(f"{path} is not valid JSON ({error})") from error
    except FileNotFoundError as error:
        raise EvenfoldError(f"{path} cannot be read ({error.strerror})") from error


def sha256_file(path: Pathlike) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def sha256_json(value: Any) -> str:
    """SHA-256 of a JSON value, independent of the order of its keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def sha256_rows(rows: Iterable[str]) -> str:
    """SHA-256 of strings, each ended so that no two lists share a digest."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(row.encode())
        digest.update(b"\0")
    return digest.hexdigest()
