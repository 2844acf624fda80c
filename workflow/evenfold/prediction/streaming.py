"""Files of any size scored in parts, within a bounded memory, going on after a stop.

The parts lie in a folder beside the table until the last one is there: what a process
that was killed has finished is not scored again, and the table is the same, byte for
byte.
"""

import fcntl
import os
import shutil
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np

from evenfold import __version__
from evenfold.config.reading import Reading
from evenfold.durations import in_time
from evenfold.errors import EvenfoldError
from evenfold.evaluation.notes import found_in, leave, note_of_count, told
from evenfold.files import hold, read_json, write_json
from evenfold.prediction.inputs import (
    AT_ONCE,
    LETTERS,
    Chunk,
    Item,
    chunked,
    is_stream,
    items_of,
    kept_input,
    told_of,
)
from evenfold.prediction.names import digest
from evenfold.prediction.output import join_parts, shard_name, shards_at, write_part
from evenfold.prediction.predicting import Calls, Predictor
from evenfold.prediction.trust import AS_CONFIGURED, NUMBERS, POSITIVE, UNSURE, Wanted
from evenfold.records.notes import Note, SealedSet
from evenfold.records.prediction import ScoredPart
from evenfold.records.selection import OUTSIDE
from evenfold.records.tables import NAMES, PROTEIN_SCORES, REJECTED, SCORES
from evenfold.saying import counted
from evenfold.sequences.domain import NOT_AVAILABLE, UNKNOWN
from evenfold.sequences.sites import no_site

#: What is counted in parts and in all of them.
COUNTED = (
    "scored", "rejected", "proteins", "records", "positive", "unsure",
    "outside", "unjudged", "beyond_bounds", "by_content", "unmatched",
)  # fmt: skip
#: Bounds are frozen with six digits.
_ROUNDED = 1e-6
#: Seconds between two lines of progress.
_OFTEN = 0.5


@dataclass(frozen=True)
class Asked:
    """What is to be scored, and where the tables go.

    Attributes
    ----------
    inputs : sequence of str
        Files, or `-` for standard input.
    out : Path
        Its suffix says the form of all tables.
    rejected : Path
    shard : int, optional
        Rows of a file, if the table is to be cut.
    proteins : Path, optional
        Table of the proteins that windows were cut from.
    wanted : Wanted
        What is told besides the scores.
    span : tuple of int, optional
        Bytes of the one input that are scored, where it is a FASTA cut into shards.
    names : Path, optional
        Table of the ids as they were given; see `sharding`.
    """

    inputs: Sequence[str]
    out: Path
    rejected: Path
    shard: int | None = None
    proteins: Path | None = None
    wanted: Wanted = AS_CONFIGURED
    span: tuple[int, int] | None = None
    names: Path | None = None

    @property
    def parts(self) -> Path:
        """Folder of the parts."""
        return self.out.with_name(f"{self.out.name}.part")

    @property
    def streams(self) -> bool:
        """Whether an input can be read once alone."""
        return any(map(is_stream, self.inputs))


@dataclass
class Counts:
    """How many were scored and rejected, and in which files the scores are."""

    scored: int = 0
    rejected: int = 0
    proteins: int = 0
    records: int = 0
    positive: int = 0
    unsure: int = 0
    outside: int = 0
    unjudged: int = 0
    beyond_bounds: int = 0
    by_content: int = 0
    unmatched: int = 0
    sealed: set[str] = field(default_factory=set)
    files: list[Path] = field(default_factory=list)

    def add(self, part: ScoredPart) -> None:
        """Count a part.

        Parameters
        ----------
        part : ScoredPart
        """
        for name in COUNTED:
            setattr(self, name, getattr(self, name) + getattr(part, name))
        self.sealed.update(part.sealed)

    def part(self, shard: int) -> ScoredPart:
        """Of all as one part.

        Parameters
        ----------
        shard : int
            First byte of it.

        Returns
        -------
        ScoredPart
        """
        numbers = {name: getattr(self, name) for name in COUNTED}
        return ScoredPart(shard=shard, sealed=sorted(self.sealed), **numbers)


def score_files(
    predictor: Predictor,
    asked: Asked,
    progress: Callable[[int], None] = lambda rows: None,
    before: Callable[[Counts], None] = lambda counts: None,
) -> Counts:
    """Score files in parts and make the tables of them.

    Parameters
    ----------
    predictor : Predictor
    asked : Asked
    progress : callable
        Told after every part how many rows are done.
    before : callable
        Called with the counts before the tables appear.

    Returns
    -------
    Counts

    Raises
    ------
    EvenfoldError
        An input that cannot be read, or no site in any protein.
    """
    counts, parts = Counts(), []
    with _folder(predictor, asked) as folder:
        paths = [
            (
                called(given, asked.span),
                kept_input(given, folder / f"input-{n}", asked.span),
            )
            for n, given in enumerate(asked.inputs)
        ]
        reading = _reading(predictor, asked.span)
        empty = asked.span and asked.span[0] == asked.span[1]
        items = iter(()) if empty else _items(predictor, paths, reading)
        for chunk in chunked(items, asked.shard):
            name = folder / f"{chunk.number:06d}.json"
            if not name.is_file():
                _score(predictor, chunk, folder, asked)
            part = ScoredPart.read(name)
            counts.add(part)
            parts.append((part.shard, chunk.number))
            progress(counts.scored + counts.rejected)
        # Of a shard others may have some.
        none = not asked.span and not counts.scored + counts.rejected
        if predictor.sites and none:
            raise no_site(", ".join(asked.inputs), counts.proteins, predictor.sites)
        before(counts)
        counts.files = _join(asked, folder, parts, bool(predictor.sites))
    shutil.rmtree(asked.parts, ignore_errors=True)
    return counts


def called(given: str, span: tuple[int, int] | None) -> str:
    """What an input is called where a record's place is told: with a shard's first byte.

    Parameters
    ----------
    given : str
    span : tuple of int or None

    Returns
    -------
    str
    """
    return f"{given} from byte {span[0]}" if span and span[0] else given


def _reading(predictor: Predictor, span: tuple[int, int] | None) -> Reading:
    """How inputs are read; what a file is of is judged by its beginning alone."""
    reading = predictor.reading
    if not (span and span[0]):
        return reading
    kept = reading.cleaning.model_copy(update={"nucleotides": "keep"})
    return reading.model_copy(update={"cleaning": kept})


def predict_files(
    folder: str | Path,
    asked: Asked,
    ledger: str | Path | None = None,
    tell: Callable[[str], None] = warnings.warn,
    progress: Callable[[int], None] = lambda rows: None,
    trust_modules: bool = False,
) -> Counts:
    """Score files with the champion of results/<dataset>, or of a bundle.

    Parameters
    ----------
    folder : path-like
    asked : Asked
        Whole proteins if the champion's windows were cut out of such.
    ledger : path-like, optional
        Folder of the ledger, where it is noted if sealed test sequences are scored.
    tell : callable
        Gets a sentence for the user, by default as a warning of Python.
    progress : callable
        See `score_files`.
    trust_modules : bool
        See `Predictor.load`.

    Returns
    -------
    Counts

    Raises
    ------
    EvenfoldError
        No champion, or an input that cannot be scored.
    """
    predictor = Predictor.load(folder, trust_modules)
    tell_all(tell, told_before(predictor, asked.wanted))
    return score_files(
        predictor,
        asked,
        progress,
        lambda counts: tell_all(tell, told_after(predictor, ledger, counts)),
    )


def tell_all(tell: Callable[[str], None], sentences: Iterable[str]) -> None:
    """Tell sentences one by one.

    Parameters
    ----------
    tell : callable
    sentences : iterable of str
    """
    for sentence in sentences:
        tell(sentence)


def told_before(predictor: Predictor, wanted: Wanted) -> list[str]:
    """What is to be told of a champion, whatever is scored.

    Parameters
    ----------
    predictor : Predictor
    wanted : Wanted

    Returns
    -------
    list of str

    Raises
    ------
    EvenfoldError
        Where what is wanted was not frozen.
    """
    other = predictor.not_looked_at
    return [*([other] if other else []), *predictor.trust.notes(wanted)]


def told_after(
    predictor: Predictor, ledger: str | Path | None, counts: Counts
) -> list[str]:
    """What is to be told of what was scored, and noted before the tables appear.

    Parameters
    ----------
    predictor : Predictor
    ledger : path-like or None
        Folder of the ledger, if there is one.
    counts : Counts

    Returns
    -------
    list of str
    """
    found = []
    if counts.by_content:
        found.append(
            "Records without an id, which are named after their content (seq-...): "
            f"{counts.by_content} of {counts.records}."
        )
    if counts.unmatched:
        found.append(
            "Headers in which source_pattern of the data set "
            f"('{predictor.reading.source_pattern}') finds no name, so that their first "
            f"word names the protein: {counts.unmatched} of {counts.records}."
        )
    return [*found, *noted(predictor.sealed, ledger, counts)]


def summary(counts: Counts, asked: Asked) -> list[str]:
    """What came of it: tables, and how many are in each.

    Parameters
    ----------
    counts : Counts
    asked : Asked

    Returns
    -------
    list of str
        Lines.
    """
    first, last = counts.files[0], counts.files[-1]
    where = f"{first} to {last.name}" if first != last else f"{first}"
    unsure = f", {counts.unsure} unsure" if counts.unsure else ""
    lines = [
        f"{where}: {counts.scored} scored, {counts.positive} called positive{unsure}"
    ]
    judged = counts.scored - counts.unjudged
    if judged:
        beside = (
            f"; {counts.unjudged} not judged, as the nearest training sequence was not "
            "searched"
        )
        lines.append(
            f"{counts.outside} of {counts.scored} outside of what the model was trained "
            f"on{beside if counts.unjudged else ''}"
        )
    if counts.beyond_bounds:
        lines.append(
            f"{counts.beyond_bounds} of {counts.scored} with a probability outside of its "
            "Venn-Abers bounds: they are fitted apart, and this is no error"
        )
    if counts.proteins and asked.proteins:
        lines.append(f"{asked.proteins}: {counted(counts.proteins, 'protein')}")
    if counts.rejected:
        lines.append(f"{asked.rejected}: {counts.rejected} rejected, with reasons")
    return lines


def noted(
    sealed: SealedSet | None, ledger: str | Path | None, counts: Counts
) -> list[str]:
    """Leave a note where sealed test sequences were scored.

    Parameters
    ----------
    sealed : SealedSet or None
        The test set, while the selection has not looked at it.
    ledger : path-like or None
        Folder of the ledger, if there is one.
    counts : Counts

    Returns
    -------
    list of str
        What is to be told; nothing where none was sealed.
    """
    if not (sealed and counts.sealed):
        return []
    note = note_of_count(sealed, len(counts.sealed))
    return [told(note), *([] if ledger is None else [_left(ledger, note)])]


def _left(ledger: str | Path, note: Note) -> str:
    """Leave a note in the ledger, and say so; without one the prediction goes on."""
    try:
        return f"This is noted in {leave(ledger, note)}: later reports show it."
    except EvenfoldError as error:
        return str(error)


def _items(predictor, paths, reading) -> Iterator[Item]:
    """Items of all inputs; vectors of sites need the whole file at once."""
    vectors = predictor.features.vectors
    if not (predictor.sites and vectors and vectors.pooling == "site"):
        yield from items_of(paths, reading)
        return
    if len(paths) > 1:
        raise EvenfoldError(
            "the champion reads embeddings of whole proteins, which are made of one file: "
            "score one file at a time."
        )
    for called, path in paths:
        with told_of(called, path):
            yield from predictor.items(path)


@contextmanager
def _folder(predictor: Predictor, asked: Asked) -> Iterator[Path]:
    """The folder of the parts; emptied where they are of another question."""
    question = {
        "selection": predictor.selection,
        "models": predictor.models,
        # A bundle may have them or not.
        "training": predictor.trust.neighbours is not None,
        "sealed": predictor.sealed is not None,
        "evenfold": __version__,
        "inputs": [_state(given) for given in asked.inputs],
        "form": asked.out.suffix.lower(),
        "shard": asked.shard,
        "cut": [AT_ONCE, LETTERS, asked.span],
        "wanted": asdict(asked.wanted),
    }
    folder = asked.parts
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "lock").is_file():
        raise EvenfoldError(
            f"{folder} holds files that are none of evenfold's, and parts of the table go "
            "there: move them, or name another table with --out."
        )
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w", encoding="utf-8") as lock:
        if not hold(lock, fcntl.LOCK_EX | fcntl.LOCK_NB):
            raise EvenfoldError(
                f"{asked.out} is being written by another `evenfold predict`. Wait for "
                "it, or name another table with --out."
            )
        kept = folder / "question.json"
        if asked.streams or not kept.is_file() or _read(kept) != question:
            for old in folder.iterdir():
                if old.name != "lock":
                    old.unlink()
            write_json(kept, question)
        try:
            yield folder
        except EvenfoldError:
            if not any(folder.glob("[0-9]*.json")):
                shutil.rmtree(folder, ignore_errors=True)
            raise


def _read(path):
    try:
        return read_json(path)
    except EvenfoldError:
        return None


def _state(given: str) -> list[Any]:
    """What tells whether a file is still the same."""
    path = Path(given)
    if not os.path.isfile(path):
        return [given]
    found = path.stat()
    return [str(path.resolve()), found.st_size, found.st_mtime_ns]


def _score(predictor: Predictor, chunk: Chunk, folder: Path, asked: Asked) -> None:
    """Score a chunk and write its part; the record of it last."""
    suffix = asked.out.suffix
    records = chunk.records
    sequences = [record.sequence for record in records]
    calls = predictor.calls(
        sequences,
        [record.unfit for record in records],
        asked.wanted,
        [record.start for record in records],
    )
    good = ~np.isnan(calls.scores)
    start = folder / f"{chunk.number:06d}"
    own = [record.id for record, ok in zip(records, good) if ok]
    write_part(
        start.with_suffix(f".scores{suffix}"),
        SCORES,
        score_columns(predictor, own, calls),
    )
    out = [(r.id, r.origin, why) for r, why in zip(records, calls.rejected) if why]
    write_part(
        start.with_suffix(f".rejected{suffix}"), REJECTED, list(zip(*out)) or [[]] * 3
    )
    proteins = [item for item in chunk.items if item.protein]
    if proteins:
        write_part(
            start.with_suffix(f".proteins{suffix}"),
            PROTEIN_SCORES,
            list(zip(*_summaries(chunk.items, calls))),
        )
    if asked.names:
        given = [item.given for item in chunk.items]
        write_part(
            start.with_suffix(".names.parquet"),
            NAMES,
            [given, list(map(digest, given))],
        )
    sealed = found_in(predictor.sealed, sequences) if predictor.sealed else []
    bands = calls.trust["domain"]
    ScoredPart(
        shard=chunk.shard,
        scored=int(good.sum()),
        rejected=int((~good).sum()),
        proteins=len(proteins),
        records=len(chunk.items),
        positive=calls.classes.count(POSITIVE),
        unsure=calls.classes.count(UNSURE),
        outside=bands.count(OUTSIDE),
        unjudged=bands.count(UNKNOWN) + bands.count(NOT_AVAILABLE),
        beyond_bounds=beyond_bounds(calls),
        by_content=sum(item.by_content for item in chunk.items),
        unmatched=sum(item.unmatched for item in chunk.items),
        sealed=sealed,
    ).write(start.with_suffix(".json"))


def score_columns(
    predictor: Predictor, ids: Sequence[str], calls: Calls
) -> list[list[Any]]:
    """Columns of the table `SCORES` of those that were scored.

    Parameters
    ----------
    predictor : Predictor
    ids : sequence of str
        Of the scored ones.
    calls : Calls
        Of all.

    Returns
    -------
    list of list
        In the order of the table.
    """
    good = ~np.isnan(calls.scores)
    n = len(ids)
    kept = good.tolist()
    called = list(compress(calls.classes, kept))
    columns: dict[str, list[Any]] = {
        "id": list(ids),
        "score": calls.scores[good].tolist(),
        "positive": [NUMBERS.get(one) for one in called],
        "class": called,
        "probability": calls.probabilities[good].tolist(),
        "threshold": [predictor.threshold] * n,
        **{name: list(compress(values, kept)) for name, values in calls.trust.items()},
        "variant": [predictor.variant] * n,
        "selection": [predictor.selection] * n,
    }
    return [columns[name] for name in SCORES.names]


def beyond_bounds(calls: Calls) -> int:
    """How many probabilities are outside of their Venn-Abers bounds.

    Parameters
    ----------
    calls : Calls

    Returns
    -------
    int
        Of those with bounds.
    """
    low, high = (
        np.array(calls.trust[f"probability_{end}"], float) for end in ("low", "high")
    )
    found = calls.probabilities
    return int(((found < low - _ROUNDED) | (found > high + _ROUNDED)).sum())


def _summaries(items, calls) -> Iterator[tuple]:
    """One row a protein."""
    start = 0
    for item in items:
        scores = calls.scores[start : start + len(item.records)]
        called = calls.classes[start : start + len(item.records)]
        start += len(item.records)
        good = ~np.isnan(scores)
        best = int(np.nanargmax(scores)) if good.any() else None
        yield (
            item.protein.id,
            len(item.protein.sequence),
            len(scores),
            int(good.sum()),
            called.count(POSITIVE),
            "" if best is None else item.records[best].id,
            None if best is None else float(scores[best]),
        )


def _join(asked, folder, parts, sites) -> list[Path]:
    """The tables, made of their parts; where the scores are."""
    suffix = asked.out.suffix

    def named(what: str, numbers: list[int], form: str = suffix) -> list[Path]:
        found = [folder / f"{number:06d}.{what}{form}" for number in numbers]
        return [part for part in found if part.is_file()]

    everything = [number for _, number in parts]
    join_parts(asked.rejected, REJECTED, named("rejected", everything))
    if sites and asked.proteins:
        join_parts(asked.proteins, PROTEIN_SCORES, named("proteins", everything))
    if asked.names:
        join_parts(asked.names, NAMES, named("names", everything, ".parquet"))
    if asked.shard is None:
        join_parts(asked.out, SCORES, named("scores", everything))
        return [asked.out]
    files = []
    for shard in range(parts[-1][0] + 1):
        own = [number for place, number in parts if place == shard]
        files.append(shard_name(asked.out, shard))
        join_parts(files[-1], SCORES, named("scores", own))
    # Those of an earlier, longer table would be read as rows of this one.
    for old in set(shards_at(asked.out)) - set(files):
        old.unlink()
    return files


class Progress:
    """A line on a terminal: rows, rows a second, and about how long it will take.

    Parameters
    ----------
    total : int
        Rows to come, by a guess; 0 where there is none.
    write : callable
        Takes the line.
    clock : callable
        Seconds.
    """

    def __init__(
        self,
        total: int = 0,
        write: Callable[[str], Any] = sys.stderr.write,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.total, self.write, self.clock = total, write, clock
        self.began = self.last = clock()

    def __call__(self, rows: int) -> None:
        """Tell that so many rows are done."""
        now = self.clock()
        if now - self.last < _OFTEN:
            return
        self.last = now
        speed = rows / max(now - self.began, 1e-9)
        left = ""
        if self.total > rows:
            left = f", about {in_time((self.total - rows) / speed)} left"
        self.write(f"\r{rows:,} sequences, {speed:,.0f} a second{left}\x1b[K")

    def end(self) -> None:
        """Clear the line."""
        self.write("\r\x1b[K")
