"""What lies in a ledger's folder: its records, and what a synced folder set aside.

A record has a name of its own, `look-<number>.<kind>.json`. Beside it there may be what
others leave: a synced folder's conflicted copy, an editor's or a system's files. A copy
that is an intent of its own is a look; anything else is left alone.
"""

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Generic, TypeVar

from evenfold.errors import EvenfoldError, in_a_line
from evenfold.records.evaluation import Completion, Intent
from evenfold.records.record import Record

#: Kinds of records, as they are called in names of files.
INTENT, DONE = "intent", "done"
_NAMED = re.compile(rf"look-(\d+)\.({INTENT}|{DONE})")
#: Seconds for which a record may be cut off because somebody is writing it.
SETTLES = 1.0

R = TypeVar("R", bound=Record)


def name_of(number: int, kind: str) -> str:
    """Name of the file of a look's record."""
    return f"look-{number:06d}.{kind}.json"


@dataclass(frozen=True)
class Entry(Generic[R]):
    """A file that holds a record, or that should.

    Attributes
    ----------
    path : Path
    number : int
        Of the look, by the name of the file.
    numbered : bool
        Whether the name is the ledger's own; if not, something set the file aside.
    sha256 : str
        Of its bytes.
    record : Record or None
        None where it cannot be read.
    fault : str or None
        Why it cannot.
    """

    path: Path
    number: int
    numbered: bool
    sha256: str
    record: R | None
    fault: str | None = None


@dataclass(frozen=True)
class Entries:
    """The records in a folder.

    Attributes
    ----------
    intents : list of Entry
        By number, those of the ledger's own names first; each content once.
    completions : list of Entry
        By number, those of the ledger's own names first.
    same : dict of str to str
        Digest of the intent that is counted, by the digests of all that say the same.
    """

    intents: list[Entry[Intent]]
    completions: list[Entry[Completion]]
    same: dict[str, str]

    @property
    def every(self) -> list[Entry[Intent] | Entry[Completion]]:
        """All of both kinds."""
        return [*self.intents, *self.completions]

    def completion_of(self, intent: Entry[Intent]) -> Entry[Completion] | None:
        """The completion that holds the digest of an intent.

        One of an earlier version holds none and goes by its number.

        Parameters
        ----------
        intent : Entry

        Returns
        -------
        Entry or None
        """
        for done in self.completions:
            if done.record is None:
                continue
            if done.record.intent is None:
                if self._by_number(intent, done):
                    return done
            elif self.same.get(done.record.intent) == intent.sha256:
                return done
        return None

    def strays(self) -> Iterator[Entry[Completion]]:
        """The ledger's own completions that are of no intent.

        Yields
        ------
        Entry
        """
        for done in self.completions:
            if not done.numbered or done.record is None:
                continue
            if done.record.intent is None:
                fits = any(self._by_number(intent, done) for intent in self.intents)
            else:
                fits = done.record.intent in self.same
            if not fits:
                yield done

    @staticmethod
    def _by_number(intent: Entry[Intent], done: Entry[Completion]) -> bool:
        # An intent that cannot be read is told as such, not by its completion.
        earlier = intent.record is None or intent.record.completions is None
        both = intent.numbered and done.numbered
        return both and intent.number == done.number and earlier


def read_entries(folder: Path) -> Entries:
    """Read what lies in a ledger's folder; nothing where there is none.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    Entries

    Raises
    ------
    EvenfoldError
        When the folder or a file cannot be read at all.
    """
    files = _files(folder)
    intents: list[Entry[Intent]] = []
    same: dict[str, str] = {}
    for entry in _of_kind(files, INTENT, Intent):
        equal = None
        if not entry.numbered:
            equal = next((x for x in intents if x.record == entry.record), None)
        if equal is None:
            intents.append(entry)
        same[entry.sha256] = (equal or entry).sha256
    return Entries(intents, _of_kind(files, DONE, Completion), same)


def _files(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.is_file()]
    except FileNotFoundError:
        return []
    except NotADirectoryError as error:
        raise EvenfoldError(no_folder(folder)) from error
    except OSError as error:
        raise EvenfoldError(unreadable(folder, error)) from error


def no_folder(folder: Path) -> str:
    """What is said of a ledger whose place is taken by a file."""
    return (
        f"{folder}: the ledger must be a folder, and a file has its name, or that of a "
        "folder above it. Move the file away, or name the ledger's folder: `ledger: <folder>`."
    )


def unreadable(path: Path, error: OSError) -> str:
    """What is said of a file or folder of the ledger that may not be read."""
    return (
        f"{path}: the ledger cannot be read ({in_a_line(error)}). Make it readable for "
        "you, or connect its disk again, and run snakemake again."
    )


def _of_kind(files: Sequence[Path], kind: str, record: type[R]) -> list[Entry[R]]:
    """Records of a kind; of what is set aside, those alone that can be read."""
    found = []
    for path in files:
        match = _NAMED.search(path.name)
        if match and match[2] == kind:
            entry = _entry(path, int(match[1]), kind, record)
            if entry.numbered or entry.record is not None:
                found.append(entry)
    return sorted(found, key=lambda one: (one.number, not one.numbered, one.path.name))


def _entry(path: Path, number: int, kind: str, record: type[R]) -> Entry[R]:
    numbered = number > 0 and path.name == name_of(number, kind)
    try:
        digest = sha256(_settled(path) if numbered else path.read_bytes()).hexdigest()
    except OSError as error:
        raise EvenfoldError(unreadable(path, error)) from error
    try:
        return Entry(path, number, numbered, digest, record.read(path))
    except EvenfoldError as error:
        return Entry(path, number, numbered, digest, None, str(error))


def _settled(path: Path) -> bytes:
    """A record's bytes, once nobody is in the middle of writing them.

    Where a folder has no hard links, a record is there before it is whole.
    """
    deadline = time.monotonic() + SETTLES
    while not (content := path.read_bytes()).endswith(b"}\n"):
        if time.monotonic() >= deadline:
            break
        time.sleep(0.05)
    return content
