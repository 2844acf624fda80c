"""The ledger: looks at test sets, remembered outside the results of a run.

A look is an *intent* (written, fsynced and linked into place under the next free
number), the scoring, and a *completion* that holds the predictions. An intent counts
as a look; the same selection may resume it after a crash. Linking under a number is
atomic, also between working directories that share a ledger: whoever loses the race
reads the ledger again and decides anew.
"""

import os
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pandas as pd

from evenfold.errors import EvenfoldError
from evenfold.files import read_json, sha256_file, write_json, write_table

#: Share of the smaller set's sequences above which two test sets are one.
SAME_SET = 0.5
_SKETCH = 128


def fingerprint(sequences) -> list[str]:
    """Per-sequence digests that recognise a test set whatever it is called."""
    return sorted({sha256(s.encode()).hexdigest()[:16] for s in sequences})


def sketch(key: list[str]) -> list[str]:
    """The smallest digests of a fingerprint: few enough for a tag, still comparable."""
    return key[:_SKETCH]


def same_sketch(one: list[str], other: list[str]) -> bool:
    """Whether two sketches are of test sets that `same_set` would call one.

    Below the smaller of their largest digests both are complete, and digests are
    random: the overlap there estimates the overlap of the sets (bottom-k sketch).
    """
    if not one or not other:
        return False
    reach = min(
        max(x) if len(x) == _SKETCH else "g" for x in (one, other)
    )  # "g" sorts above every hexadecimal digit: that set is held whole
    return same_set([x for x in one if x <= reach], [x for x in other if x <= reach])


def same_set(one: list[str], other: list[str]) -> bool:
    """Whether two fingerprints overlap in more than half of the smaller one."""
    one, other = set(one), set(other)
    smaller = min(len(one), len(other))
    return smaller > 0 and len(one & other) > SAME_SET * smaller


@dataclass
class Look:
    """One look: its number, its intent and, when it was completed, its predictions."""

    number: int
    intent: dict
    completed: dict | None
    folder: Path

    def predictions(self) -> pd.DataFrame:
        """Stored predictions.

        Raises
        ------
        EvenfoldError
            When they were changed since.
        """
        path = self.folder / self.completed["predictions"]
        if not path.is_file() or sha256_file(path) != self.completed["sha256"]:
            raise EvenfoldError(
                f"{path}: the predictions of look {self.number} are missing or were "
                "changed after the look. Restore the ledger from a backup."
            )
        return pd.read_parquet(path)


class Ledger:
    """The looks in one folder, shared by every run that names it."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)

    def looks(self) -> list[Look]:
        """All looks, by number."""
        found = []
        for path in sorted(self.folder.glob("look-*.intent.json")):
            number = int(path.name.split("-")[1].split(".")[0])
            done = self._path(number, "done")
            found.append(
                Look(
                    number,
                    read_json(path),
                    read_json(done) if done.is_file() else None,
                    self.folder,
                )
            )
        return found

    def at(self, key: list[str]) -> list[Look]:
        """Looks at one test set, recognised by content."""
        return [look for look in self.looks() if same_set(look.intent["key"], key)]

    def open(self, selection: str, key: list[str], facts: dict, allow) -> Look | None:
        """Register the intent to look, or return the selection's earlier look.

        Parameters
        ----------
        selection : str
        key : list of str
            Fingerprint of the test set.
        facts : dict
            Recorded with the intent.
        allow : callable
            Gets the other selections' looks at this test set and says whether another
            one may be taken.

        Returns
        -------
        Look or None
            None when the look is withheld.
        """
        while True:
            looks = self.looks()
            here = [look for look in looks if same_set(look.intent["key"], key)]
            own = [look for look in here if look.intent["selection"] == selection]
            if own:
                return own[0]
            if not allow(here):
                return None
            number = 1 + max((look.number for look in looks), default=0)
            before = self._path(number - 1, "intent")
            intent = {
                **facts,
                "previous": sha256_file(before) if before.is_file() else None,
                "selection": selection,
                "key": key,
                "looked_at": datetime.now(UTC).isoformat(timespec="seconds"),
            }
            if self._link(number, "intent", intent):
                return Look(number, intent, None, self.folder)

    def complete(self, look: Look, predictions: pd.DataFrame, facts: dict) -> Look:
        """Store the predictions of a look; the first completion stands."""
        name = f"look-{look.number:06d}.{os.getpid()}.predictions.parquet"
        write_table(self.folder / name, predictions)
        digest = sha256_file(self.folder / name)
        done = {
            **facts,
            "intent": sha256_file(self._path(look.number, "intent")),
            "predictions": name,
            "sha256": digest,
        }
        if not self._link(look.number, "done", done):
            (self.folder / name).unlink()
        return next(x for x in self.looks() if x.number == look.number)

    def faults(self) -> list[str]:
        """What was changed or removed by hand, in words; empty when all is whole.

        Every intent holds the digest of the one before, and every completion that of
        its intent and of its predictions. Records of earlier versions hold none.
        """
        found = []
        looks = self.looks()
        numbers = [look.number for look in looks]
        for number in sorted(set(range(1, max(numbers, default=0) + 1)) - set(numbers)):
            found.append(f"{self._path(number, 'intent')}: look {number} was removed")
        for look in looks:
            before = self._path(look.number - 1, "intent")
            told = look.intent.get("previous")
            if told and before.is_file() and sha256_file(before) != told:
                found.append(f"{before}: changed after look {look.number} was taken")
            own = self._path(look.number, "intent")
            told = (look.completed or {}).get("intent")
            if told and sha256_file(own) != told:
                found.append(f"{own}: changed after the look")
            if look.completed:
                try:
                    look.predictions()
                except EvenfoldError as error:
                    found.append(str(error))
        return found

    def _path(self, number, kind):
        return self.folder / f"look-{number:06d}.{kind}.json"

    def _link(self, number, kind, value):
        """Write and fsync aside, then link into place; False if the name is taken."""
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=".new-") as aside:
            temporary = Path(aside, "record.json")
            write_json(temporary, value)
            try:
                os.link(temporary, self._path(number, kind))
            except FileExistsError:
                return False
        directory = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
        return True
