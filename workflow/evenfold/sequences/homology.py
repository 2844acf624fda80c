"""Homology: links that join all sequences above the limits, cheap searches first.

MMseqs2 for proteins, an index of spaced seeds for short sequences, in which MMseqs2's
prefilter sees little, and exhaustive Smith-Waterman where it is affordable. What is of
one component already is not compared again.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from evenfold.config.grouping import Grouping
from evenfold.sequences.alignment import (
    WORD,
    in_threads,
    limits_of,
    most_identical,
    opal_database,
    possible,
    scores_of,
    traced,
    worth_tracing,
)
from evenfold.sequences.cascade import protein_links
from evenfold.sequences.components import Components
from evenfold.sequences.seeds import FAMILIES, join_by_seeds
from evenfold.sequences.stages import SILENT, UNKEPT, Progress, Stages

log = logging.getLogger("evenfold")

#: Name of an alignment with all others.
EXHAUSTIVE = "exhaustive Smith-Waterman"
#: Names of the aligners, indexed by `Pairs.aligner`.
ALIGNERS = ("MMseqs2", "Smith-Waterman", EXHAUSTIVE)

#: Alignment cells, and pairs, up to which `exhaustive` compares everything with
#: everything: a core aligns 7e9 cells of proteins a second, and 1.4e6 short pairs.
EXHAUSTIVE_CELLS, EXHAUSTIVE_PAIRS = 1e12, 1e8
#: Bounds on the sequences of a sample: none found among 60 bounds the share of all by
#: 5 %, among 1000 by 0.3 %.
LEAST_SAMPLED, MOST_SAMPLED = 60, 1000
#: Best-scoring partners of a protein of the sample whose identity is looked at.
_CANDIDATES = 10
#: Cells up to which nothing is searched before: a few seconds.
_CHEAP_CELLS = 2e10
#: Short alignments that cost less to trace than it takes to rule some of them out.
_FEW = 4
#: Sequences that are scored between two joinings.
_BLOCK = 64


@dataclass
class Pairs:
    """Similar pairs of sequences, each once, `a < b`.

    Attributes
    ----------
    a, b : ndarray of int64, shape (pairs,)
        Positions in the list that was searched.
    identity : ndarray of float32, shape (pairs,)
        Identical columns over all columns of the local alignment.
    coverage : ndarray of float32, shape (pairs,)
        Share of the less covered sequence inside the alignment.
    aligner : ndarray of int8, shape (pairs,)
        Index into `ALIGNERS`.
    """

    a: np.ndarray
    b: np.ndarray
    identity: np.ndarray
    coverage: np.ndarray
    aligner: np.ndarray

    @classmethod
    def of(cls, rows: Iterable[tuple[int, int, float, float]], aligner: int) -> "Pairs":
        """Pairs of single rows; of doubles the most identical is kept.

        Parameters
        ----------
        rows : iterable of tuple (a, b, identity, coverage)
        aligner : int
            Index into `ALIGNERS`.

        Returns
        -------
        Pairs
        """
        found = np.array(list(rows), dtype=np.float64).reshape(-1, 4)
        return cls.of_links(found, aligner)

    @classmethod
    def of_links(
        cls, links: np.ndarray, aligner: int, names: np.ndarray | None = None
    ) -> "Pairs":
        """Pairs of an array of links; of doubles the most identical is kept.

        Parameters
        ----------
        links : ndarray of float, shape (links, 4)
            Ends, identity, coverage.
        aligner : int
            Index into `ALIGNERS`.
        names : ndarray of int, optional
            What the ends are called in the list that was searched.

        Returns
        -------
        Pairs
        """
        ends = links[:, :2].astype(np.int64)
        ends = np.sort(ends if names is None else names[ends], axis=1)
        order = np.lexsort((-links[:, 2], ends[:, 1], ends[:, 0]))
        order = order[ends[order, 0] != ends[order, 1]]
        ends, values = ends[order], links[order, 2:].astype(np.float32)
        once = np.r_[True, (ends[1:] != ends[:-1]).any(axis=1)][: len(ends)]
        ends, values = ends[once], values[once]
        by = np.full(len(ends), aligner, dtype=np.int8)
        return cls(ends[:, 0], ends[:, 1], values[:, 0], values[:, 1], by)

    @classmethod
    def none(cls) -> "Pairs":
        """No pairs."""
        return cls.of([], 0)

    def arrays(self) -> dict[str, np.ndarray]:
        """Its arrays by their names."""
        return vars(self)

    @classmethod
    def join(cls, parts: Sequence["Pairs"]) -> "Pairs":
        """All pairs of several searches over the same list."""
        names = ("a", "b", "identity", "coverage", "aligner")
        return cls(*(np.concatenate([getattr(p, n) for p in parts]) for n in names))

    def __len__(self) -> int:
        return len(self.a)


def search(
    sequences: Sequence[str],
    settings: Grouping,
    threads: int = 1,
    progress: Progress = SILENT,
    stages: Stages = UNKEPT,
) -> tuple[Pairs, Components]:
    """Links that join what is above the limits, and what they join.

    Parameters
    ----------
    sequences : sequence of str
        Distinct residue strings, without gaps.
    settings : Grouping
    threads : int
    progress : Progress
    stages : Stages
        Where finished ones are kept.

    Returns
    -------
    tuple of Pairs and Components

    Raises
    ------
    EvenfoldError
        When MMseqs2 fails, with its last words.
    """
    components = Components(len(sequences))
    lengths = np.array([len(sequence) for sequence in sequences])
    long = np.flatnonzero(lengths >= settings.short_length)
    parts = [Pairs.none()]
    if not searches(lengths, settings):
        return Pairs.none(), components
    if len(long) > 1:
        proteins = [sequences[i] for i in long.tolist()]
        links, doubtful = protein_links(proteins, settings, threads, progress, stages)
        parts.append(Pairs.of_links(links, ALIGNERS.index("MMseqs2"), long))
        components.join(parts[-1].a, parts[-1].b)

        def decide():
            progress(f"{len(doubtful)} pairs near the limits")
            a, b = long[np.sort(doubtful, axis=1)].T
            rows = linked(sequences, a, b, components, settings, threads)
            return {"links": np.array(rows).reshape(-1, 4)}

        rows = stages.of("doubtful", decide)["links"]
        parts.append(Pairs.of_links(rows, ALIGNERS.index("Smith-Waterman")))
        components.join(parts[-1].a, parts[-1].b)
    if len(long) < len(sequences):
        rows = stages.of(
            "short",
            lambda: {
                "links": np.array(
                    _short_links(
                        sequences, lengths, components, settings, threads, progress
                    )
                ).reshape(-1, 4)
            },
        )["links"]
        parts.append(Pairs.of_links(rows, ALIGNERS.index("Smith-Waterman")))
        components.join(parts[-1].a, parts[-1].b)
    return Pairs.join(parts), components


def searches(lengths: np.ndarray, settings: Grouping) -> bool:
    """Whether anything is searched before all is aligned with all, if it is.

    Parameters
    ----------
    lengths : ndarray of int
        Of the distinct sequences.
    settings : Grouping

    Returns
    -------
    bool
        False where aligning everything costs little.
    """
    cheap = float(lengths.sum()) ** 2 <= _CHEAP_CELLS
    return not (settings.exhaustive and affordable(lengths) and cheap)


def _short_links(sequences, lengths, components, settings, threads, progress):
    targets = np.flatnonzero(lengths <= settings.short_length / settings.coverage)
    kept = [sequences[i] for i in targets]
    own = Components(len(kept))
    found: list[tuple[int, int, float, float]] = []
    # What longer ones have joined is known.
    labels = components.labels[targets]
    first = np.unique(labels, return_index=True, return_inverse=True)
    own.join(np.arange(len(kept)), first[1][first[2]])

    def verify(a, b):
        progress(f"{len(kept)} short sequences: {len(found)} links by seeds")
        rows = linked(kept, a, b, own, settings, threads)
        found.extend(
            (int(targets[i]), int(targets[j]), same, covered)
            for i, j, same, covered in rows
        )

    # What a lighter family finds, exhaustive alignment finds too.
    complete = settings.exhaustive and affordable(lengths)
    families = FAMILIES[:1] if complete else FAMILIES
    join_by_seeds(kept, own, settings, verify, threads, families)
    return found


def linked(
    sequences: Sequence[str],
    a: np.ndarray,
    b: np.ndarray,
    components: Components,
    settings: Grouping,
    threads: int = 1,
) -> list[tuple[int, int, float, float]]:
    """Those candidates that are above the limits, joined as they are found.

    Of every sequence one candidate is aligned, then two, four and so on: what is joined
    meanwhile need not be.

    Parameters
    ----------
    sequences : sequence of str
    a, b : ndarray of int
        Candidates, by their positions.
    components : Components
    settings : Grouping
    threads : int

    Returns
    -------
    list of tuple (a, b, identity, coverage)
    """
    found: list[tuple[int, int, float, float]] = []
    order = np.lexsort((b, a))
    a, b, at_once = a[order], b[order], 1
    while True:
        apart = components.apart(a, b)
        a, b = a[apart], b[apart]
        if not len(a):
            return found
        starts = np.flatnonzero(np.r_[True, a[1:] != a[:-1]])
        sizes = np.diff(np.r_[starts, len(a)])
        now = np.arange(len(a)) - np.repeat(starts, sizes) < at_once
        rows = above(sequences, a[now], b[now], settings, threads)
        found += rows
        if rows:
            ends = np.array([row[:2] for row in rows])
            components.join(ends[:, 0], ends[:, 1])
        a, b, at_once = a[~now], b[~now], 2 * at_once


def above(
    sequences: Sequence[str],
    a: np.ndarray,
    b: np.ndarray,
    settings: Grouping,
    threads: int = 1,
) -> list[tuple[int, int, float, float]]:
    """Those of given pairs that are above the limits, scored before they are traced.

    Parameters
    ----------
    sequences : sequence of str
    a, b : ndarray of int
        Ends of the pairs, sorted by `a`.
    settings : Grouping
    threads : int

    Returns
    -------
    list of tuple (a, b, identity, coverage)
    """
    if not len(a):
        return []
    starts = np.flatnonzero(np.r_[True, a[1:] != a[:-1]])

    def compare(others):
        query, targets = int(others[0][0]), others[1]
        if len(targets) > 1:
            database = opal_database(sequences[i] for i in targets)
            scores = scores_of(sequences[query], database)
            lengths = np.array([len(sequences[i]) for i in targets])
            worth = worth_tracing(len(sequences[query]), lengths, settings)
            targets = targets[scores >= worth]
        return _traced_above(sequences, query, targets, settings)

    groups = list(zip(np.split(a, starts[1:]), np.split(b, starts[1:])))
    return [row for rows in in_threads(compare, groups, threads) for row in rows]


def aligned(
    sequences: Sequence[str],
    a: np.ndarray,
    b: np.ndarray,
    settings: Grouping,
    threads: int = 1,
) -> Pairs:
    """Those of given pairs that are above the limits; as of `above`."""
    rows = above(sequences, a, b, settings, threads)
    return Pairs.of(rows, ALIGNERS.index(EXHAUSTIVE))


def _traced_above(sequences, query, targets, settings):
    """Those of a sequence's alignments that are above the limits."""
    if not len(targets):
        return []
    own = sequences[query]
    lengths = np.array([len(sequences[i]) for i in targets])
    wanted = limits_of(np.minimum(len(own), lengths), settings)
    if len(own) <= WORD and len(targets) > _FEW:
        # An alignment covers that share of either, and is identical in this one of it.
        covered = np.ceil(settings.coverage * np.maximum(len(own), lengths) - 1e-9)
        least = np.ceil(wanted * covered - 1e-9)
        keep = most_identical(own, [sequences[i] for i in targets]) >= least
        targets, wanted = targets[keep], wanted[keep]
    facts = traced(own, [sequences[i] for i in targets])
    return [
        (query, int(other), same, covered)
        for other, limit, (same, covered) in zip(targets, wanted, facts)
        if same >= limit and covered >= settings.coverage
    ]


def affordable(lengths: np.ndarray) -> bool:
    """Whether everything can be aligned with everything."""
    cells, pairs = float(lengths.sum()) ** 2, float(len(lengths)) ** 2
    return cells <= EXHAUSTIVE_CELLS and pairs <= EXHAUSTIVE_PAIRS


def missed(
    sequences: Sequence[str],
    components: Components,
    settings: Grouping,
    threads: int = 1,
    progress: Progress = SILENT,
) -> Pairs:
    """Join what is above the limits and in different components, by exhaustive alignment.

    Every sequence is scored with all others that are long enough to be above the limits,
    each pair once; what scores above chance is traced.

    Parameters
    ----------
    sequences : sequence of str, length n
    components : Components
        Joined here.
    settings : Grouping
    threads : int
    progress : Progress

    Returns
    -------
    Pairs
    """
    targets = _Targets(sequences, settings)
    found: list[tuple[int, int, float, float]] = []

    def look(place):
        return targets.above(place, components.labels, place + 1)

    for start in range(0, len(sequences), _BLOCK):
        progress(f"{start} of {len(sequences)} aligned with all others")
        block = range(start, min(start + _BLOCK, len(sequences)))
        rows = [row for r in in_threads(look, block, threads) for row in r]
        ends = np.array([row[:2] for row in rows], dtype=np.int64).reshape(-1, 2)
        components.join(ends[:, 0], ends[:, 1])
        found += rows
    return Pairs.of(found, ALIGNERS.index(EXHAUSTIVE))


@dataclass(frozen=True)
class Sampled:
    """What the search missed of a sample, each of which was aligned with all others.

    Attributes
    ----------
    searched : int
        Sequences of the sample.
    missing : int
        Those with a relative in another component.
    pairs : Pairs
        They and these relatives.
    """

    searched: int
    missing: int
    pairs: Pairs


def sampled(
    sequences: Sequence[str],
    components: Components,
    settings: Grouping,
    threads: int = 1,
    progress: Progress = SILENT,
) -> Sampled:
    """Align a sample with all others, as `missed` does; nothing is joined.

    The sample is drawn by a seed and its size follows from lengths alone, so that it is
    the same on every machine.

    Parameters
    ----------
    sequences : sequence of str
    components : Components
    settings : Grouping
    threads : int
    progress : Progress

    Returns
    -------
    Sampled
    """
    targets = _Targets(sequences, settings)
    n = sample_size(targets.lengths)
    places = np.random.default_rng(0).choice(len(sequences), n, replace=False).tolist()
    found: list[tuple[int, int, float, float]] = []

    def look(place):
        return targets.above(place, components.labels, 0, _CANDIDATES)

    for start in range(0, n, _BLOCK):
        progress(f"{start} of a sample of {n} aligned with all others")
        for rows in in_threads(look, places[start : start + _BLOCK], threads):
            found += rows
    missing = len({row[0] for row in found})
    return Sampled(n, missing, Pairs.of(found, ALIGNERS.index(EXHAUSTIVE)))


def sample_size(lengths: np.ndarray) -> int:
    """Sequences that are aligned with all others, in about a tenth of grouping's time.

    A core groups a protein in 6 ms or so and a short sequence in 0.2, and scores 6e9
    cells or 1.4e6 short pairs a second.

    Parameters
    ----------
    lengths : ndarray of int

    Returns
    -------
    int
        At least LEAST_SAMPLED, at most MOST_SAMPLED.
    """
    grouped = float(np.where(lengths < 50, 2e-4, 6e-3).sum())
    each = float(lengths.mean()) * float(lengths.sum()) / 6e9 + len(lengths) / 2e6
    wanted = int(0.1 * grouped / each)
    return min(len(lengths), max(LEAST_SAMPLED, min(wanted, MOST_SAMPLED)))


class _Targets:
    """Sequences sorted by length, as vectors of alignments like them side by side."""

    def __init__(self, sequences, settings):
        self.sequences, self.settings = sequences, settings
        lengths = np.array([len(sequence) for sequence in sequences])
        self.order = np.argsort(lengths, kind="stable")
        self.lengths = lengths[self.order]
        self.database = opal_database(sequences[i] for i in self.order)

    def above(self, place, labels, start, most=None):
        """Of the sequence at a place: those above the limits in other components.

        From a place on, and, of proteins, at most so many that score best.
        """
        length, query = int(self.lengths[place]), int(self.order[place])
        could = np.flatnonzero(possible(length, self.lengths[start:], self.settings))
        if not len(could):
            return []
        start, end = start + int(could[0]), start + int(could[-1]) + 1
        others = self.order[start:end]
        scores = scores_of(self.sequences[query], self.database, start, end)
        use = scores >= worth_tracing(length, self.lengths[start:end], self.settings)
        use &= labels[others] != labels[query]
        others, scores = others[use], scores[use]
        if most is not None and length >= self.settings.short_length:
            others = others[np.argsort(-scores, kind="stable")[:most]]
        return _traced_above(self.sequences, query, others, self.settings)


def most_likely(n: int, of: int) -> float:
    """Largest share of all that n of a sample may mean, with 95 % confidence.

    Clopper and Pearson 1934, one-sided.

    Parameters
    ----------
    n, of : int

    Returns
    -------
    float
    """
    # Imported here: it takes longer than grouping a small set, which needs no bound.
    from scipy.stats import beta

    return float(beta.ppf(0.95, n + 1, of - n)) if n < of else 1.0


def composition_only(sequence: str, generator: np.random.Generator) -> str:
    """The sequence's residues in random order: what chance alone aligns.

    Parameters
    ----------
    sequence : str
    generator : numpy Generator

    Returns
    -------
    str
    """
    letters = np.frombuffer(sequence.encode(), dtype=np.uint8)
    return generator.permutation(letters).tobytes().decode()
