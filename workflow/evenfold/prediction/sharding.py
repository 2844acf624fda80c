"""A FASTA scored in shards, each by a job of its own, and gathered as if it were one.

A shard knows neither how many records stand before it nor which ids. So it tells its ids,
and those that an earlier shard has too are changed when all are gathered, as are the
numbers of records in what is said of rejected ones.
"""

import csv
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from evenfold.prediction.names import Names
from evenfold.prediction.output import join_parts, joined
from evenfold.prediction.predicting import Predictor
from evenfold.prediction.streaming import (
    Asked,
    Counts,
    called,
    score_files,
    tell_all,
    told_after,
    told_before,
)
from evenfold.prediction.trust import AS_CONFIGURED, Wanted
from evenfold.records.prediction import ScoredPart
from evenfold.records.tables import (
    NAMES,
    PROTEIN_SCORES,
    REJECTED,
    SCORES,
    Table,
    check_ended,
    undamaged,
)
from evenfold.sequences.sites import no_site

#: Rows of ids that are read at once.
_AT_ONCE = 1 << 16
_RECORD = re.compile(r"(.*) record (\d+)", re.DOTALL)


@dataclass(frozen=True)
class Shard:
    """The files of a shard that was scored.

    Attributes
    ----------
    scores, rejected, proteins, names, counts : Path
        The last is a `ScoredPart`, of all of it.
    """

    scores: Path
    rejected: Path
    proteins: Path
    names: Path
    counts: Path


def score_shard(
    folder: str | Path,
    fasta: str,
    span: tuple[int, int],
    files: Shard,
    wanted: Wanted = AS_CONFIGURED,
) -> Counts:
    """Score a shard of a FASTA; nothing is told or noted of it before it is gathered.

    Parameters
    ----------
    folder : path-like
        Results of the data set.
    fasta : str
    span : tuple of int
        Its bytes.
    files : Shard
        To write.
    wanted : Wanted

    Returns
    -------
    Counts
    """
    predictor = Predictor.load(folder, trust_modules=True)
    asked = Asked(
        [fasta], files.scores, files.rejected,
        proteins=files.proteins, wanted=wanted, span=span, names=files.names,
    )  # fmt: skip
    counts = score_files(predictor, asked)
    if not predictor.sites:
        join_parts(files.proteins, PROTEIN_SCORES, [])
    counts.part(span[0]).write(files.counts)
    return counts


def gather(
    folder: str | Path,
    asked: Asked,
    shards: Sequence[Shard],
    ledger: str | Path | None = None,
    tell: Callable[[str], None] = warnings.warn,
) -> Counts:
    """Make the tables that scoring in one piece makes, of those of shards.

    Parameters
    ----------
    folder : path-like
        Results of the data set.
    asked : Asked
        The tables, and the FASTA.
    shards : sequence of Shard
        In the order of the file.
    ledger : path-like, optional
    tell : callable
        See `predict_files`.

    Returns
    -------
    Counts

    Raises
    ------
    EvenfoldError
        No site in any protein, or a file of a shard that is damaged.
    """
    parts = [ScoredPart.read(shard.counts) for shard in shards]
    counts = Counts()
    for part in parts:
        counts.add(part)
    predictor = Predictor.load(folder, trust_modules=True)
    sites = predictor.sites
    if sites and not counts.scored + counts.rejected:
        raise no_site(", ".join(asked.inputs), counts.proteins, sites)
    tell_all(tell, told_before(predictor, asked.wanted))
    tell_all(tell, told_after(predictor, ledger, counts))
    renamed = _renamed([shard.names for shard in shards])
    before = [0, *np.cumsum([part.records for part in parts])[:-1].tolist()]

    def tables(what: str) -> Iterator[tuple[Path, "_Change | None"]]:
        for shard, part, names, start in zip(
            shards, parts, renamed, before, strict=True
        ):
            place = called(asked.inputs[0], (part.shard, 0))
            counted = start if what == "rejected" else 0
            change = _Change(names, bool(sites), place, asked.inputs[0], counted)
            yield getattr(shard, what), change if names or counted else None

    _write(asked.rejected, REJECTED, tables("rejected"))
    if asked.proteins and sites:
        _write(asked.proteins, PROTEIN_SCORES, tables("proteins"))
    elif asked.proteins:
        join_parts(asked.proteins, PROTEIN_SCORES, [])
    _write(asked.out, SCORES, tables("scores"))
    counts.files = [asked.out]
    return counts


@dataclass(frozen=True)
class _Change:
    """What is other in the rows of a shard than in those of the whole file."""

    names: dict[str, str]
    sites: bool
    place: str
    file: str
    before: int

    def rows(self, path: Path, table: Table) -> Iterator[list[str]]:
        """The rows of a table as they are in that of the whole file."""
        named = [
            table.names.index(x) for x in ("id", "protein", "best") if x in table.names
        ]
        source = table.names.index("source") if "source" in table.names else None
        with undamaged(path, "TSV"):
            check_ended(path)
        with open(path, encoding="utf-8", newline="") as handle:
            rows = csv.reader(handle, delimiter="\t")
            next(rows)
            for row in rows:
                for at in named:
                    row[at] = self._named(row[at])
                if source is not None:
                    row[source] = self._counted(row[source])
                yield row

    def _named(self, name):
        if name in self.names:
            return self.names[name]
        protein, sign, site = name.rpartition("|")
        if self.sites and sign and protein in self.names:
            return f"{self.names[protein]}|{site}"
        return name

    def _counted(self, source):
        """Where a record is, counted from the beginning of the file."""
        found = _RECORD.fullmatch(source)
        if not found or found[1] != self.place:
            return source
        return f"{self.file} record {int(found[2]) + self.before}"


def _write(path, table, shards):
    """One table of those of shards, whose rows may have to be changed."""
    joined(
        path,
        table,
        (change.rows(part, table) if change else part for part, change in shards),
    )


def _renamed(paths: Sequence[Path]) -> list[dict[str, str]]:
    """Of each shard the ids that are other in the whole file, by what they are in it."""
    digests = [
        NAMES.arrow(path, ["digest"]).column("digest").to_numpy() for path in paths
    ]
    everything = np.concatenate(digests) if digests else np.empty(0, np.uint64)
    everything.sort()
    if not (everything[1:] == everything[:-1]).any():
        return [{} for _ in paths]
    whole, found = Names(), []
    for path in paths:
        own, changed = Names(), {}
        for name in _ids(path):
            here, there = own.unique(name), whole.unique(name)
            if here != there:
                changed[here] = there
        found.append(changed)
    return found


def _ids(path: Path) -> Iterable[str]:
    for (names,) in NAMES.batches(path, ["id"], _AT_ONCE):
        yield from names
