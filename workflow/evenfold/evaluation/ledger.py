"""The ledger: looks at test sets, remembered outside the results of a run.

A look is an *intent* (written, fsynced and linked into place under the next free
number), the scoring, and a *completion* that holds the predictions. An intent counts
as a look; the same selection may resume it after a crash. Linking under a number is
atomic, also between working directories that share a ledger: whoever loses the race
reads the ledger again and decides anew.
"""

import os
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd

from evenfold import __version__
from evenfold.errors import EvenfoldError
from evenfold.files import sha256_file
from evenfold.records.evaluation import (
    Amendment,
    Completion,
    Intent,
    ScoredVariant,
)
from evenfold.records.record import Record
from evenfold.records.sequences import Probe
from evenfold.records.tables import LABELS, PREDICTIONS

#: Share of the smaller set's sequences above which two test sets are one.
SAME_SET = 0.5
_SKETCH = 128


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


def sketch(key: list[str]) -> list[str]:
    """The smallest digests of a fingerprint: few enough for a tag, still comparable.

    Parameters
    ----------
    key : list of str
        A fingerprint.

    Returns
    -------
    list of str
    """
    return key[:_SKETCH]


def same_sketch(one: list[str], other: list[str]) -> bool:
    """Whether two sketches are of test sets that `same_set` would call one.

    Below the smaller of their largest digests both are complete, and digests are
    random: the overlap there estimates the overlap of the sets (bottom-k sketch).

    Parameters
    ----------
    one, other : list of str

    Returns
    -------
    bool
    """
    if not one or not other:
        return False
    reach = min(
        max(x) if len(x) == _SKETCH else "g" for x in (one, other)
    )  # "g" sorts above every hexadecimal digit: that set is held whole
    return same_set([x for x in one if x <= reach], [x for x in other if x <= reach])


def same_set(one: list[str], other: list[str]) -> bool:
    """Whether two fingerprints overlap in more than half of the smaller one.

    Parameters
    ----------
    one, other : list of str

    Returns
    -------
    bool
    """
    digests, others = set(one), set(other)
    smaller = min(len(digests), len(others))
    return smaller > 0 and len(digests & others) > SAME_SET * smaller


@dataclass(frozen=True)
class Look:
    """One look.

    Attributes
    ----------
    number : int
        Counted from 1, over all test sets of the ledger.
    intent : Intent
    completed : Completion or None
        None while the look is under way, or after a crash in it.
    folder : Path
        Of the ledger.
    """

    number: int
    intent: Intent
    completed: Completion | None
    folder: Path

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
                f"look {self.number} in {self.folder} was not completed"
            )
        return pd.read_parquet(_stored(self.folder, self.number, self.completed))


def _stored(folder: Path, number: int, completed: Completion) -> Path:
    """Where a look's predictions are, unless they were changed since."""
    path = folder / completed.predictions
    if not path.is_file() or sha256_file(path) != completed.sha256:
        raise EvenfoldError(
            f"{path}: the predictions of look {number} are missing or were changed "
            "after the look. Restore the ledger from a backup."
        )
    return path


class Ledger:
    """The looks in one folder, shared by every run that names it.

    Parameters
    ----------
    folder : path-like
        Made if it is not there.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)

    def looks(self) -> list[Look]:
        """All looks, by number.

        Returns
        -------
        list of Look

        Raises
        ------
        EvenfoldError
            With the file of the ledger that does not fit.
        """
        return [
            Look(
                number,
                Intent.read(self._path(number, "intent")),
                self._completion(number),
                self.folder,
            )
            for number in self._numbers()
        ]

    def at(self, key: list[str]) -> list[Look]:
        """Looks at one test set, recognised by content.

        Parameters
        ----------
        key : list of str
            Its fingerprint.

        Returns
        -------
        list of Look
        """
        return [look for look in self.looks() if same_set(look.intent.key, key)]

    def open(
        self, intent: Intent, choose: Callable[[list[Look]], Look | bool]
    ) -> Look | None:
        """Register the intent to look, or return an earlier look.

        Parameters
        ----------
        intent : Intent
            Its link to the intent before is set here.
        choose : callable
            Gets the looks at this test set and returns the one that stands, or whether
            another may be taken.

        Returns
        -------
        Look or None
            None when the look is withheld.
        """
        while True:
            looks = self.looks()
            here = [look for look in looks if same_set(look.intent.key, intent.key)]
            chosen = choose(here)
            if isinstance(chosen, Look):
                return chosen
            if not chosen:
                return None
            number = 1 + max((look.number for look in looks), default=0)
            before = self._path(number - 1, "intent")
            previous = sha256_file(before) if before.is_file() else None
            linked = intent.model_copy(update={"previous": previous})
            if self._link(number, "intent", linked):
                return Look(number, linked, None, self.folder)

    def complete(
        self,
        look: Look,
        predictions: pd.DataFrame,
        variants: dict[str, ScoredVariant],
        probes: list[Probe],
        measures: dict[str, dict[str, Any]] | None = None,
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
        measures : dict of str to dict, optional
            What else was measured, by name.

        Returns
        -------
        Look
            Completed.
        """
        name = f"look-{look.number:06d}.{os.getpid()}.predictions.parquet"
        PREDICTIONS.write(self.folder / name, predictions)
        done = Completion(
            variants=variants,
            probes=probes,
            intent=sha256_file(self._path(look.number, "intent")),
            predictions=name,
            sha256=sha256_file(self.folder / name),
            measures=measures,
        )
        if not self._link(look.number, "done", done):
            (self.folder / name).unlink()
        return next(x for x in self.looks() if x.number == look.number)

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
        """
        stem = f"amendment-{look.number:06d}-{digest}"
        if (self.folder / f"{stem}.json").is_file():
            return
        name = f"{stem}.{os.getpid()}.labels.parquet"
        table = LABELS.of(list(labels), list(labels.values()))
        LABELS.write(self.folder / name, table)
        record = Amendment(
            look=look.number,
            intent=sha256_file(self._path(look.number, "intent")),
            digest=digest,
            reason=reason,
            amended_at=datetime.now(UTC).isoformat(timespec="seconds"),
            evenfold=__version__,
            labels=name,
            sha256=sha256_file(self.folder / name),
        )
        if not self._link_as(self.folder / f"{stem}.json", record):
            (self.folder / name).unlink()

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
            amendment = Amendment.read(path)
            labels = self.folder / amendment.labels
            if not labels.is_file() or sha256_file(labels) != amendment.sha256:
                raise EvenfoldError(
                    f"{labels}: the corrected labels of {path.name} are missing or were "
                    "changed since. Restore the ledger from a backup."
                )
            frame = LABELS.frame(labels)
            found.append((amendment, dict(zip(frame["id"], frame["label"]))))
        return sorted(found, key=lambda one: one[0].amended_at)

    def faults(self) -> list[str]:
        """What was changed or removed by hand, in words; empty when all is whole.

        Every intent holds the digest of the one before, and every completion that of
        its intent and of its predictions. Records of earlier versions hold none.

        Returns
        -------
        list of str
        """
        numbers = self._numbers()
        removed = sorted(set(range(1, max(numbers, default=0) + 1)) - set(numbers))
        return [
            *(f"{self._path(n, 'intent')}: look {n} was removed" for n in removed),
            *(fault for number in numbers for fault in self._faults_of(number)),
        ]

    def _faults_of(self, number: int) -> list[str]:
        """Faults of one look's records, and of the intent before it.

        A record may be so changed that it cannot be read any more: the digests that
        others hold of it are compared all the same.
        """
        found = []
        before, own = self._path(number - 1, "intent"), self._path(number, "intent")
        try:
            previous = Intent.read(own).previous
        except EvenfoldError as error:
            previous = None
            found.append(str(error))
        if previous and before.is_file() and sha256_file(before) != previous:
            found.append(f"{before}: changed after look {number} was taken")
        try:
            completed = self._completion(number)
            if completed is None:
                return found
            if completed.intent and sha256_file(own) != completed.intent:
                found.append(f"{own}: changed after the look")
            _stored(self.folder, number, completed)
        except EvenfoldError as error:
            found.append(str(error))
        return found

    def _numbers(self) -> list[int]:
        paths = self.folder.glob("look-*.intent.json")
        return sorted(int(path.name.split("-")[1].split(".")[0]) for path in paths)

    def _completion(self, number: int) -> Completion | None:
        path = self._path(number, "done")
        return Completion.read(path) if path.is_file() else None

    def _path(self, number: int, kind: str) -> Path:
        return self.folder / f"look-{number:06d}.{kind}.json"

    def _link(self, number: int, kind: str, record: Intent | Completion) -> bool:
        return self._link_as(self._path(number, kind), record)

    def _link_as(self, path: Path, record: Record) -> bool:
        """Write and fsync aside, then link into place; False if the name is taken."""
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=".new-") as aside:
            temporary = Path(aside, "record.json")
            record.write(temporary)
            try:
                os.link(temporary, path)
            except FileExistsError:
                return False
        directory = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
        return True
