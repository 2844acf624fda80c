"""Reading, hashing and atomic writing of the files a run leaves."""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from evenfold.errors import EvenfoldError

#: What names a file.
Pathlike = str | os.PathLike[str]


@contextmanager
def replacing(path: Pathlike) -> Iterator[Path]:
    """Yield a temporary path beside `path` that replaces it on success.

    The file appears whole or not at all, also after a crash.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())
        # mkstemp makes private files; results are meant to be shared.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Pathlike, text: str) -> None:
    """Write text atomically."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Pathlike, value: Any) -> None:
    """Write JSON atomically, with sorted keys so that equal values are equal files."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True) + "\n")


def read_json(path: Pathlike) -> Any:
    """Read JSON, naming the file when it is missing or damaged."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise EvenfoldError(f"{path} is not valid JSON ({error})") from error
    except OSError as error:
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
