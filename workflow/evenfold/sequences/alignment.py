"""Smith-Waterman by Opal: scores, and identity and coverage of what is traced.

Tracing an alignment costs ten times what its score costs, and memory for every cell.
"""

import math
import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
import pyopal

from evenfold.alphabet import N_CODES
from evenfold.config.grouping import Grouping

#: Letters of the longest query of `most_identical`: bits of a machine word.
WORD = 64

T = TypeVar("T")
R = TypeVar("R")

#: Cells of an alignment up to which it is traced at once, at 12 bytes a cell: one of titin
#: (35,000 residues) with itself would take 15 GB. MMseqs2 is no help: its scores end at
#: 32,767, and so do its alignments.
TRACED_CELLS = 25e6
#: Cells of the pieces of larger ones, and letters of the words between them.
_PIECE_CELLS, _ANCHOR = 1e6, 6

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
    for i in set(range(len(targets))) - set(fits):
        facts[i] = _traced_in_pieces(query, targets[i])
    return facts


def _traced_in_pieces(query: str, target: str) -> tuple[float, float]:
    """Identity and coverage of an alignment, traced between words that both share.

    The ends are those of the best alignment. Between them it is cut at words that stand
    once in either and follow each other in both; a piece too large to be traced, as
    only unrelated sequences have, counts as not identical.
    """
    (hit,) = _ends(query, target)
    one, other = query[: hit.query_end + 1], target[: hit.target_end + 1]
    (hit,) = _ends(one[::-1], other[::-1])
    one, other = one[-1 - hit.query_end :], other[-1 - hit.target_end :]
    covered = min(len(one) / len(query), len(other) / len(target))
    same = columns = i = j = 0
    cuts = [*_anchors(one, other), (len(one), len(other))]
    for now, (a, b) in enumerate(cuts):
        after = cuts[min(now + 1, len(cuts) - 1)]
        if now + 1 < len(cuts) and (after[0] - i) * (after[1] - j) <= _PIECE_CELLS:
            continue
        if not (a > i and b > j) or (a - i) * (b - j) > TRACED_CELLS:
            columns += max(a - i, b - j)
        else:
            (piece,) = aligner().align(
                opal_letters(one[i:a]), opal_database([other[j:b]]), mode="full",
                overflow="simple", algorithm="nw",
            )  # fmt: skip
            same += piece.alignment.count("M")
            columns += len(piece.alignment)
        i, j = a, b
    return same / max(1, columns), covered


def _ends(query, target):
    return aligner().align(
        opal_letters(query), opal_database([target]), mode="end", overflow="simple"
    )


def _anchors(one: str, other: str) -> list[tuple[int, int]]:
    """Places of words that stand once in either sequence, rising in both."""
    places = []
    for sequence in (one, other):
        words = [sequence[i : i + _ANCHOR] for i in range(len(sequence) - _ANCHOR + 1)]
        counts = Counter(words)
        places.append({w: i for i, w in enumerate(words) if counts[w] == 1})
    shared = [
        (i, places[1][word]) for word, i in places[0].items() if word in places[1]
    ]
    # The longest rising subsequence: the last place of the best one of each length.
    lasts: list[int] = []
    chain: list[int] = []
    before: list[int] = []
    for number, (_, j) in enumerate(shared):
        at = bisect_left(lasts, j)
        lasts[at : at + 1] = [j]
        chain[at : at + 1] = [number]
        before.append(chain[at - 1] if at else -1)
    found, number = [], chain[-1] if chain else -1
    while number >= 0:
        found.append(shared[number])
        number = before[number]
    return found[::-1]


def most_identical(query: str, targets: Sequence[str]) -> np.ndarray:
    """Identical letters that any alignment with a short sequence has at most.

    The length of the longest common subsequence, of all targets at once, with a bit for
    each letter of the query: a twentieth of the time that tracing takes.

    Parameters
    ----------
    query : str
        Of at most `WORD` letters.
    targets : sequence of str, length n

    Returns
    -------
    ndarray of int, shape (n,)

    References
    ----------
    Hyyro 2004, "Bit-parallel LCS-length computation revisited".
    """
    masks = np.zeros(256, dtype=np.uint64)
    for place, letter in enumerate(opal_letters(query).encode("ascii")):
        masks[letter] |= np.uint64(1) << np.uint64(place)
    lengths = np.array([len(target) for target in targets])
    letters = np.zeros((len(targets), int(lengths.max(initial=0))), dtype=np.uint8)
    flat = opal_letters("".join(targets)).encode("ascii")
    letters[np.arange(letters.shape[1]) < lengths[:, None]] = np.frombuffer(
        flat, np.uint8
    )
    unmatched = np.full(len(targets), ~np.uint64(0))
    for column in masks[letters].T:
        here = unmatched & column
        unmatched = (unmatched + here) | (unmatched - here)
    query_bits = np.uint64((1 << len(query)) - 1)
    return len(query) - np.bitwise_count(unmatched & query_bits).astype(np.int64)


def common_subsequence(codes: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """As `most_identical`, of many pairs at once.

    Parameters
    ----------
    codes : ndarray of uint8, shape (n, longest)
        Of at most `WORD` letters, padded at the end by `N_CODES`.
    a, b : ndarray of int, shape (pairs,)
        Rows.

    Returns
    -------
    ndarray of int, shape (pairs,)
    """
    queries, places = np.unique(a, return_inverse=True)
    masks = np.zeros((len(queries), N_CODES + 1), dtype=np.uint64)
    for column, letters in enumerate(codes[queries].T):
        masks[np.arange(len(queries)), letters] |= np.uint64(1) << np.uint64(column)
    masks[:, N_CODES] = 0
    unmatched = np.full(len(a), ~np.uint64(0))
    for letters in codes[b].T:
        here = unmatched & masks[places, letters]
        unmatched = (unmatched + here) | (unmatched - here)
    return np.bitwise_count(~unmatched).astype(np.int64)


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
