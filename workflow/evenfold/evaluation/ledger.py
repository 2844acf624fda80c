"""The ledger: looks at test sets, remembered outside the results of a run.

A look is an *intent* (written, fsynced and linked into place under the next free
number), the scoring, and a *completion* that holds the predictions. An intent counts
as a look; the same selection may resume it after a crash. Linking under a number is
atomic, also between working directories that share a ledger: whoever loses the race
reads the ledger again and decides anew. Reading makes no folder and needs no leave to
write.

The records are chained: an intent holds the digest of the one before it and those of the
completions there were, a completion that of its intent and of its predictions.
"""

import errno
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import pandas as pd

from evenfold import __version__
from evenfold.errors import EvenfoldError, in_a_line
from evenfold.evaluation.entries import (
    DONE,
    INTENT,
    Entries,
    Entry,
    name_of,
    no_folder,
    read_entries,
    unreadable,
)
from evenfold.files import sha256_file
from evenfold.records.evaluation import (
    Amendment,
    Completion,
    Intent,
    LabelsTold,
    ScoredVariant,
)
from evenfold.records.record import Record
from evenfold.records.sequences import Probe
from evenfold.records.tables import LABELS, PREDICTIONS
from evenfold.sequences.sketch import SAME_SET, same_set

#: Of a digest of a sequence; how many of a test set version 0.1.0 gave to MLflow.
_DIGITS, _KEPT = 16, 128
#: Bytes that must be free before a look, besides what its predictions need.
_SPARE = 1_000_000
#: What a folder without hard links says, each kind in its own way.
_NO_LINKS = {
    errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS,
    errno.EMLINK, errno.EINVAL,
}  # fmt: skip
_FULL = {errno.ENOSPC, errno.EDQUOT}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
_NO_FOLDER = {errno.ENOTDIR, errno.EEXIST}
_BACKUP = "Restore the ledger from a backup."


def fingerprint(sequences: Iterable[str]) -> list[str]:
    """Per-sequence digests that recognise a test set whatever it is called.

    Parameters
    ----------
    sequences : iterable of str

    Returns
    -------
    list of str
        Ascending, each once.
    """
    return sorted({sha256(s.encode()).hexdigest()[:16] for s in sequences})


def is_digests(key: list[str]) -> bool:
    """Whether a test set is known by digests alone, as version 0.1.0 recorded it.

    Parameters
    ----------
    key : list of str

    Returns
    -------
    bool
    """
    return bool(key) and all(len(x) == _DIGITS for x in key)


def same_digests(one: list[str], other: list[str]) -> bool:
    """Whether more than half of the smaller of two sets of digests is in the other.

    Of version 0.1.0 the smallest `_KEPT` digests may be all that is known. Below the
    smaller of their largest digests both are complete, and digests are random: the
    overlap there estimates the overlap of the sets (bottom-k sketch).

    Parameters
    ----------
    one, other : list of str

    Returns
    -------
    bool
    """
    known = [max(x) for x in (one, other) if len(x) == _KEPT]
    reach = min(known, default="g")  # Above every hexadecimal digit.
    ours, theirs = ({x for x in key if x <= reach} for key in (one, other))
    smaller = min(len(ours), len(theirs))
    return smaller > 0 and len(ours & theirs) > SAME_SET * smaller


def same_test_set(one: Intent, other: Intent) -> bool:
    """Whether two looks are at one test set, recognised by its sequences.

    Parameters
    ----------
    one, other : Intent

    Returns
    -------
    bool
    """
    if same_digests(one.key, other.key):
        return True
    return same_set(one.sketches, other.sketches)


@dataclass(frozen=True)
class Look:
    """One look.

    Attributes
    ----------
    number : int
        Counted from 1, over all test sets of the ledger. A look that a synced folder
        set aside has that of another.
    intent : Intent
    completed : Completion or None
        None while the look is under way, or after a crash in it.
    folder : Path
        Of the ledger.
    name : str
        Of the intent's file.
    intent_sha256 : str
        Of the intent's file.
    completion_sha256 : str or None
        Of the completion's file, if there is one.
    """

    number: int
    intent: Intent
    completed: Completion | None
    folder: Path
    name: str
    intent_sha256: str
    completion_sha256: str | None = None

    @property
    def set_aside(self) -> str | None:
        """Name of its file, where a synced folder set it aside under another."""
        return None if self.name == name_of(self.number, INTENT) else self.name

    def predictions(self) -> pd.DataFrame:
        """Stored predictions of a completed look.

        Those of earlier versions lack the columns that came later.

        Returns
        -------
        DataFrame

        Raises
        ------
        EvenfoldError
            When they were changed since, or the look was not completed.
        """
        if self.completed is None:
            raise EvenfoldError(
                f"{self.folder / self.name}: the look was not completed. Run snakemake "
                f"with its selection, {self.intent.selection}, again: it resumes the look."
            )
        path = _stored(self.folder, self.number, self.completed)
        try:
            return pd.read_parquet(path)
        # Whatever Arrow raises at a file that is no table: its digest was made to fit.
        except (OSError, ValueError) as error:
            raise EvenfoldError(
                f"{path} cannot be read ({in_a_line(error)}). {_BACKUP}"
            ) from error


def _stored(folder: Path, number: int, completed: Completion) -> Path:
    """Where a look's predictions are, unless they were changed since."""
    path = folder / completed.predictions
    try:
        whole = path.is_file() and sha256_file(path) == completed.sha256
    except OSError as error:
        raise EvenfoldError(unreadable(path, error)) from error
    if not whole:
        raise EvenfoldError(
            f"{path}: the predictions of look {number} are missing or were changed "
            f"after the look. {_BACKUP}"
        )
    return path


class Ledger:
    """The looks in one folder, shared by every run that names it.

    Parameters
    ----------
    folder : path-like
        Made when the first look is taken.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def looks(self) -> list[Look]:
        """All looks, by number, each completed by what holds the digest of its intent.

        Returns
        -------
        list of Look

        Raises
        ------
        EvenfoldError
            With the file of the ledger that does not fit.
        """
        return self._looks(read_entries(self.folder))

    def at(self, test_set: Intent) -> list[Look]:
        """Looks at one test set, recognised by its sequences.

        Parameters
        ----------
        test_set : Intent
            A look at it.

        Returns
        -------
        list of Look
        """
        return [look for look in self.looks() if same_test_set(look.intent, test_set)]

    def open(
        self, intent: Intent, choose: Callable[[list[Look]], Look | bool], need: int = 0
    ) -> Look | None:
        """Register the intent to look, or return an earlier look.

        Parameters
        ----------
        intent : Intent
            Its links to the records before are set here.
        choose : callable
            Gets the looks at this test set and returns the one that stands, or whether
            another may be taken.
        need : int
            Bytes that the completion will take.

        Returns
        -------
        Look or None
            None when the look is withheld.

        Raises
        ------
        EvenfoldError
            When the ledger does not fit, or could not hold the look's records; then
            nothing was looked at.
        """
        while True:
            entries = read_entries(self.folder)
            looks = self._looks(entries)
            here = [look for look in looks if same_test_set(look.intent, intent)]
            chosen = choose(here)
            if isinstance(chosen, Look):
                return chosen
            if not chosen:
                return None
            self.check_writable(need)
            number = 1 + _last(entries)
            linked = intent.model_copy(
                update={
                    "previous": next(
                        (
                            one.sha256
                            for one in entries.intents
                            if one.numbered and one.number == number - 1
                        ),
                        None,
                    ),
                    "completions": {
                        one.path.name: one.sha256 for one in entries.completions
                    },
                }
            )
            name = name_of(number, INTENT)
            with self._writing():
                taken = self._link(name, linked)
            if taken:
                digest = sha256_file(self.folder / name)
                return Look(number, linked, None, self.folder, name, digest)
            if not (self.folder / name).is_file():
                raise EvenfoldError(
                    f"{self.folder / name} is no file, and its name is that of the next "
                    "look's record. Move it away and run snakemake again. Nothing was "
                    "scored."
                )

    def complete(
        self,
        look: Look,
        predictions: pd.DataFrame,
        variants: dict[str, ScoredVariant],
        probes: list[Probe],
        measures: dict[str, LabelsTold] | None = None,
    ) -> Look:
        """Store the predictions of a look; the first completion stands.

        Parameters
        ----------
        look : Look
        predictions : DataFrame
            With the columns of `tables.PREDICTIONS`.
        variants : dict of str to ScoredVariant
        probes : list of Probe
            What trivial predictors reached.
        measures : dict of str to LabelsTold, optional
            What else was measured, by name.

        Returns
        -------
        Look
            Completed.

        Raises
        ------
        EvenfoldError
            When it cannot be written: the intent stays, and the same selection resumes
            the look.
        """
        # By chance, not by process: machines that share a folder share their numbers.
        token = secrets.token_hex(4)
        stored = self.folder / f"look-{look.number:06d}.{token}.predictions.parquet"
        # The name of its number may be taken by that of a look that was set aside.
        names = (
            name_of(look.number, DONE),
            f"look-{look.number:06d}.{DONE}.{look.intent_sha256[:16]}.json",
        )
        kept = False
        try:
            with self._writing():
                PREDICTIONS.write(stored, predictions)
                done = Completion(
                    variants=variants,
                    probes=probes,
                    intent=look.intent_sha256,
                    predictions=stored.name,
                    sha256=sha256_file(stored),
                    measures=measures,
                )
                for name in names:
                    kept = self._link(name, done)
                    if kept or self._again(look).completed is not None:
                        break
        except EvenfoldError as error:
            raise EvenfoldError(
                f"{error} The look was begun and counts; it is not lost: its intent, "
                f"{self.folder / look.name}, stays, and the same selection resumes the "
                "look when it is run again."
            ) from error
        finally:
            if not kept:
                self._discard(stored)
        return self._again(look)

    def amend(
        self, look: Look, labels: dict[str, int], digest: str, reason: str
    ) -> None:
        """Record that labels were corrected after a look; the first record stands.

        Parameters
        ----------
        look : Look
            Completed.
        labels : dict of str to int
            The corrected ones, by id.
        digest : str
            Of these.
        reason : str

        Raises
        ------
        EvenfoldError
            When it cannot be written.
        """
        stem = f"amendment-{look.number:06d}-{digest}"
        if (self.folder / f"{stem}.json").is_file():
            return
        stored = self.folder / f"{stem}.{secrets.token_hex(4)}.labels.parquet"
        kept = False
        try:
            with self._writing():
                LABELS.write(stored, LABELS.of(list(labels), list(labels.values())))
                record = Amendment(
                    look=look.number,
                    intent=look.intent_sha256,
                    digest=digest,
                    reason=reason,
                    amended_at=datetime.now(UTC).isoformat(timespec="seconds"),
                    evenfold=__version__,
                    labels=stored.name,
                    sha256=sha256_file(stored),
                )
                kept = self._link(f"{stem}.json", record)
        finally:
            if not kept:
                self._discard(stored)

    def amendments(self, look: Look) -> list[tuple[Amendment, dict[str, int]]]:
        """Corrections of the labels of a look, the oldest first, with the labels.

        Parameters
        ----------
        look : Look

        Returns
        -------
        list of tuple (Amendment, dict of str to int)

        Raises
        ------
        EvenfoldError
            When a file of corrected labels is missing or was changed.
        """
        found = []
        for path in sorted(self.folder.glob(f"amendment-{look.number:06d}-*.json")):
            # Copies that a synced folder leaves have other names.
            if not re.fullmatch(r"amendment-\d+-[0-9a-f]{16}\.json", path.name):
                continue
            amendment = Amendment.read(path)
            if amendment.intent != look.intent_sha256:
                continue  # Of a look that a synced folder gave the same number.
            labels = self.folder / amendment.labels
            if not labels.is_file() or sha256_file(labels) != amendment.sha256:
                raise EvenfoldError(
                    f"{labels}: the corrected labels of {path.name} are missing or were "
                    f"changed since. {_BACKUP}"
                )
            frame = LABELS.frame(labels)
            found.append((amendment, dict(zip(frame["id"], frame["label"]))))
        return sorted(found, key=lambda one: one[0].amended_at)

    def check_writable(self, need: int = 0) -> None:
        """Check that a look's records can be written, before anything is looked at.

        Parameters
        ----------
        need : int
            Bytes that are to be free, besides a megabyte.

        Raises
        ------
        EvenfoldError
            With the folder, the reason and what to do.
        """
        with self._writing():
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self.folder, prefix=".new-") as trial:
                trial.write(b"{}\n")
                trial.flush()
                os.fsync(trial.fileno())
            space = shutil.disk_usage(self.folder)
        # Some network folders do not know their size.
        if space.total and space.free < _SPARE + need:
            raise EvenfoldError(
                f"{self.folder}: the disk of the ledger has {space.free:,} bytes left, "
                f"and a look needs {_SPARE + need:,}. Free some space and run snakemake "
                "again. Nothing was scored."
            )

    def faults(self) -> list[str]:
        """What was changed or removed by hand, in words; empty when all is whole.

        Every intent holds the digest of the one before and those of the completions
        before, and every completion that of its intent and of its predictions. Records
        of earlier versions hold fewer or none.

        Returns
        -------
        list of str
        """
        entries = read_entries(self.folder)
        numbers = sorted({one.number for one in entries.every})
        return [
            *self._removed(entries),
            *(x for number in numbers for x in self._faults_of(number, entries)),
            *self._unchained(entries),
        ]

    def _looks(self, entries: Entries) -> list[Look]:
        for entry in entries.every:
            if entry.fault:
                raise EvenfoldError(entry.fault)
        for stray in entries.strays():
            raise EvenfoldError(
                f"{stray.path}: its intent was removed or changed. {_BACKUP}"
            )
        return [
            self._look(entry, entry.record, entries.completion_of(entry))
            for entry in entries.intents
            if entry.record is not None
        ]

    def _look(
        self, entry: Entry[Intent], intent: Intent, done: Entry[Completion] | None
    ) -> Look:
        return Look(
            entry.number,
            intent,
            done.record if done else None,
            self.folder,
            entry.path.name,
            entry.sha256,
            done.sha256 if done else None,
        )

    def _again(self, look: Look) -> Look:
        """A look as the ledger has it now."""
        for one in self.looks():
            if one.intent_sha256 == look.intent_sha256:
                return one
        raise EvenfoldError(
            f"{self.folder / look.name}: removed or changed while the look was under "
            f"way. {_BACKUP}"
        )

    def _removed(self, entries: Entries) -> Iterator[str]:
        """Gaps in the numbers, each with the copy that may fill it."""
        there = {one.number for one in entries.intents if one.numbered}
        for before, after in pairwise(sorted({0, *there, 1 + _last(entries)})):
            if after - before < 2:
                continue
            path = self.folder / name_of(before + 1, INTENT)
            if after - before > 2:
                yield f"{path}: looks {before + 1} to {after - 1} were removed"
                continue
            copies = [x for x in entries.intents if x.number == before + 1]
            yield f"{path}: look {before + 1} was removed" + "".join(
                f" (unless {copy.path.name} is it; then rename that)" for copy in copies
            )

    def _faults_of(self, number: int, entries: Entries) -> Iterator[str]:
        """Faults of one look's records, and of the intent before it.

        A record may be so changed that it cannot be read any more: the digests that
        others hold of it are compared all the same.
        """
        own = self.folder / name_of(number, INTENT)
        before = [one for one in entries.intents if one.number == number - 1]
        for intent in entries.intents:
            if intent.path != own:
                continue
            if intent.fault:
                yield intent.fault
            previous = intent.record.previous if intent.record else None
            if previous and before and previous not in {x.sha256 for x in before}:
                yield f"{before[0].path}: changed after look {number} was taken"
        strays = list(entries.strays())
        used = [entries.completion_of(intent) for intent in entries.intents]
        for done in entries.completions:
            if done.number != number:
                continue
            if done.fault:
                yield done.fault
            if done in strays and own.is_file():
                yield f"{own}: changed after the look"
            if done.record and (done.numbered or done in used):
                try:
                    _stored(self.folder, number, done.record)
                except EvenfoldError as error:
                    yield str(error)

    def _unchained(self, entries: Entries) -> Iterator[str]:
        """Completions that a later intent knows, and that are not as they were."""
        there = {one.sha256 for one in entries.completions}
        told = set()
        for intent in entries.intents:
            known = (intent.record.completions if intent.record else None) or {}
            for name, digest in known.items():
                if digest in there or name in told:
                    continue
                told.add(name)
                path = self.folder / name
                how = "changed" if path.is_file() else "removed"
                yield f"{path}: {how} after look {intent.number} was taken"

    def _discard(self, stored: Path) -> None:
        """Remove a file that no record names.

        Whoever was interrupted cannot know whether the record is there already.
        """
        with suppress(OSError):
            records = [path.read_bytes() for path in self.folder.glob("*.json")]
            if not any(stored.name.encode() in record for record in records):
                stored.unlink(missing_ok=True)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Tell in plain words why the ledger cannot be written.

        Raises
        ------
        EvenfoldError
            With the folder, the reason and what to do.
        """
        try:
            yield
        except OSError as error:
            place, code = error.filename or self.folder, error.errno
            if code in _NO_FOLDER:
                raise EvenfoldError(no_folder(self.folder)) from error
            if code in _FULL:
                reason = "the disk of the ledger is full. Free some space"
            elif code in _FORBIDDEN:
                reason = (
                    f"the ledger cannot be written ({error.strerror}: {place}). Make the "
                    "folder writable for you: it may be another's, or on a disk that is "
                    "mounted read-only"
                )
            else:
                reason = (
                    f"the ledger cannot be written ({in_a_line(error)}). See to the disk "
                    "or the network folder that it is on"
                )
            raise EvenfoldError(
                f"{self.folder}: {reason}, and run snakemake again."
            ) from error

    def _link(self, name: str, record: Record) -> bool:
        """Write and fsync aside, then link into place; False if the name is taken."""
        target = self.folder / name
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=".new-") as aside:
            temporary = Path(aside, "record.json")
            record.write(temporary)
            try:
                os.link(temporary, target)
            except FileExistsError:
                # A network folder may answer so to its own repeated request.
                if not os.path.samefile(temporary, target):
                    return False
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
                if not _created(target, temporary.read_bytes()):
                    return False
        _sync(self.folder)
        return True


def _last(entries: Entries) -> int:
    """The largest number of any record."""
    return max((one.number for one in entries.every), default=0)


def _created(path: Path, content: bytes) -> bool:
    """Write a file that must not be there, where nothing can be linked.

    The name is taken at once, as by a link; whoever reads the file before it is whole
    waits for it (`entries.SETTLES`).
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    except FileExistsError:
        return False
    try:
        with open(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return True


def _sync(folder: Path) -> None:
    """Make the names in a folder last through a crash, where folders can do that."""
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOTSUP, errno.EBADF}:
            raise
    finally:
        os.close(directory)
