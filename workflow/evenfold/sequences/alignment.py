"""Smith-Waterman by Opal: scores, and identity and coverage of what is traced.

Tracing an alignment costs ten times what its score costs, and memory for every cell.
"""

import math
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyopal

from evenfold.config.grouping import Grouping
from evenfold.sequences.mmseqs import run_mmseqs

T = TypeVar("T")
R = TypeVar("R")

#: Cells of an alignment up to which Opal traces it, at 12 bytes a cell. MMseqs2 traces
#: the others: one of titin (35,000 residues) with itself would take 15 GB.
TRACED_CELLS = 25e6

#: Karlin and Altschul's parameters of BLOSUM62 with gaps of 11 and 1 (as in BLAST).
_LAMBDA, _K = 0.267, 0.041
#: Share of unrelated pairs that may reach `chance_score`.
_CHANCE = 0.01

_OWN = threading.local()
_TO_OPAL = str.maketrans({letter: "X" for letter in "UOJ"})


def opal_database(sequences: Iterable[str]) -> pyopal.Database:
    """Opal database of residue strings; letters it does not know become X."""
    return pyopal.Database([opal_letters(sequence) for sequence in sequences])


def opal_letters(sequence: str) -> str:
    """The sequence in Opal's alphabet."""
    return sequence.translate(_TO_OPAL)


def aligner() -> pyopal.Aligner:
    """Smith-Waterman with BLOSUM62, gap open 11, extension 1 (the BLAST defaults)."""
    # Making one takes as long as scoring a hundred peptides.
    if not hasattr(_OWN, "aligner"):
        _OWN.aligner = pyopal.Aligner(gap_open=11, gap_extend=1)
    return _OWN.aligner


def alignment_facts(hit: pyopal.FullResult) -> tuple[float, float]:
    """Identity and coverage (of the less covered sequence) of a full Opal result."""
    columns = len(hit.alignment)
    if not columns:
        return 0.0, 0.0
    query = (hit.query_end - hit.query_start + 1) / hit.query_length
    target = (hit.target_end - hit.target_start + 1) / hit.target_length
    return hit.alignment.count("M") / columns, min(query, target)


def scores_of(
    query: str, database: pyopal.Database, start: int = 0, end: int | None = None
) -> np.ndarray:
    """Scores of a sequence with some of a database, eight bits first.

    Parameters
    ----------
    query : str
    database : pyopal.Database
    start, end : int
        Which of it; all to the end by default.

    Returns
    -------
    ndarray of int32, shape (end - start,)
    """
    hits = aligner().align(
        opal_letters(query), database, mode="score", overflow="simple",
        start=start, end=len(database) if end is None else end,
    )  # fmt: skip
    return np.fromiter((hit.score for hit in hits), np.int32, len(hits))


def traced(query: str, targets: Sequence[str]) -> list[tuple[float, float]]:
    """Identity and coverage of a sequence's alignments, in bounded memory.

    Parameters
    ----------
    query : str
    targets : sequence of str

    Returns
    -------
    list of tuple (identity, coverage)
    """
    fits = [i for i, t in enumerate(targets) if len(query) * len(t) <= TRACED_CELLS]
    facts = [(0.0, 0.0)] * len(targets)
    if fits:
        database = opal_database(targets[i] for i in fits)
        hits = aligner().align(
            opal_letters(query), database, mode="full", overflow="simple"
        )
        for i, hit in zip(fits, hits):
            facts[i] = alignment_facts(hit)
    long = sorted(set(range(len(targets))) - set(fits))
    if long:
        for i, fact in _traced_by_mmseqs(query, {i: targets[i] for i in long}):
            facts[i] = max(facts[i], fact)
    return facts


def _traced_by_mmseqs(query: str, targets: dict[int, str]) -> Iterator:
    """Those that MMseqs2 aligns with a sequence, unfiltered."""
    with tempfile.TemporaryDirectory(prefix="evenfold-trace-") as folder:
        one, others, hits = (Path(folder, name) for name in ("q.fa", "t.fa", "hits"))
        one.write_text(f">q\n{query}\n")
        others.write_text("".join(f">{i}\n{t}\n" for i, t in targets.items()))
        run_mmseqs(
            "easy-search", one, others, hits, Path(folder, "work"), "--dbtype", 1,
            "--prefilter-mode", 2, "-e", "inf", "--alignment-mode", 3, "--mask", 0,
            "--comp-bias-corr", 0, "--threads", 1,
            "--format-output", "target,fident,qcov,tcov",
        )  # fmt: skip
        for line in hits.read_text().splitlines():
            target, identity, qcov, tcov = line.split("\t")
            yield int(target), (float(identity), min(float(qcov), float(tcov)))


def in_threads(work: Callable[[T], R], items: Sequence[T], threads: int) -> Iterator[R]:
    """Results of a function of every item, in their order."""
    if threads == 1 or len(items) < 2:
        yield from map(work, items)
        return
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(work, items)


# --- what must be traced ----------------------------------------------------------


def limits_of(lengths: np.ndarray, settings: Grouping) -> np.ndarray:
    """Identity that makes homologs of sequences whose shorter one is so long.

    Parameters
    ----------
    lengths : ndarray of int
    settings : Grouping

    Returns
    -------
    ndarray of float, shape of lengths
    """
    short = lengths < settings.short_length
    return np.where(short, settings.short_identity, settings.identity)


def least_score(length: int, identity: float, coverage: float) -> int:
    """Score that an alignment above the limits has, with at most two gap openings.

    A match scores at least 4 in BLOSUM62, a mismatch -4, opening a gap -11.

    Parameters
    ----------
    length : int
        Of either sequence.
    identity, coverage : float
        Limits, 0 to 1.

    Returns
    -------
    int
    """
    aligned = math.ceil(coverage * length)
    same = math.ceil(identity * aligned)
    return max(1, 4 * same - 4 * (aligned - same) - 2 * (11 - 4))


def chance_score(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Score that one in a hundred pairs of unrelated sequences reaches.

    Parameters
    ----------
    one, other : ndarray of int
        Their lengths.

    Returns
    -------
    ndarray of float
    """
    cells = np.maximum(1.0, one.astype(float)) * other
    return np.maximum(1.0, (np.log(_K * cells) - math.log(_CHANCE)) / _LAMBDA)


def worth_tracing(length: int, others: np.ndarray, settings: Grouping) -> np.ndarray:
    """Score from which a sequence's alignments with others may be above the limits.

    With a short sequence it is `least_score`. Among longer ones it is half of what
    alignments at the limits have on average (identical columns 5.6, others -1), or what
    one in a hundred unrelated pairs reaches if that is more. At the default limits it is
    0.66 for each residue of the longer one; the least of thermo's 144 pairs has 1.7.

    Parameters
    ----------
    length : int
    others : ndarray of int
        Lengths of the others.
    settings : Grouping

    Returns
    -------
    ndarray of float, shape of others
    """
    lengths, places = np.unique(others, return_inverse=True)
    column = max(0.0, 5.6 * settings.identity - (1 - settings.identity))
    wanted = np.maximum(
        chance_score(np.full(len(lengths), length), lengths),
        0.5 * settings.coverage * column * np.maximum(length, lengths),
    )
    for place in np.flatnonzero(np.minimum(length, lengths) < settings.short_length):
        longer = max(length, int(lengths[place]))
        wanted[place] = least_score(longer, settings.short_identity, settings.coverage)
    return wanted[places]


def possible(length: int, others: np.ndarray, settings: Grouping) -> np.ndarray:
    """Whether two lengths can be above the limits at all.

    As many residues of the shorter one as identical columns: of at least the limit of
    coverage of the longer one, the limit of identity.

    Parameters
    ----------
    length : int
    others : ndarray of int
    settings : Grouping

    Returns
    -------
    ndarray of bool, shape of others
    """
    shorter = np.minimum(length, others)
    least = limits_of(shorter, settings) * settings.coverage
    return shorter >= least * np.maximum(length, others) - 1e-6
