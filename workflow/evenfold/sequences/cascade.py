"""A cascade of MMseqs2's searches for proteins, the cheap ones first.

1. Linear-time clustering; its members are aligned with their representatives.
2. Of each component the first one, with similar 5-mers, against those that are not longer
   but long enough to be covered: by length in parts, the shorter the more sensitive.
3. All members of two components in which an alignment was significant but not above the
   limits.

What a step joins, the next one does not align.
Every link is MMseqs2's own alignment above the limits. Its penalties of gaps are not quite
those of Smith-Waterman by Opal, by which relatives are told elsewhere: pairs that it leaves
a little below the limits are returned as doubtful.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from evenfold.config.grouping import Grouping
from evenfold.sequences.components import Components
from evenfold.sequences.mmseqs import run_mmseqs, scratch
from evenfold.sequences.stages import SILENT, UNKEPT, Progress, Stages

#: Candidates of a query that the prefilter keeps, the most similar first: groups need
#: only some link of each member to the others, and the first two are aligned first.
_MOST_PARTNERS = 300
_PARTNERS_FIRST = (2, 10, _MOST_PARTNERS)
_WORD_LENGTH = 5
#: Length up to which queries are searched, and what their sensitivity is beyond the
#: setting: on 10,000 simulated proteins all links that a sensitivity of 4 missed were
#: of less than 600 residues, all that one of 5 missed of less than 300.
_LEVELS = ((200, 0.5), (400, -0.7), (np.inf, -2.0))
#: Queries of one call at most, and residues of one at least: each call makes MMseqs2's
#: table of similar words anew, in as much time as it searches with so many residues.
_QUERIES, _LEAST_RESIDUES = 10_000, 300_000
#: Residues up to which alignments with an E-value of 1 are looked at.
_RESIDUES = 3.6e7
#: Part of the largest E-value up to which an alignment below the limits makes two
#: components touch, the part of the limit of coverage that it reaches, and how many
#: members of each are aligned.
_TOUCHING, _PART, _MEMBERS = 1e-3, 0.65, 30
#: Parts of the limits of identity and coverage from which a pair is doubtful: the least of
#: 466 that Opal alone has above the limits are 0.92 and 0.68.
_DOUBTFUL = (0.92, 0.68)


def protein_links(
    sequences: Sequence[str],
    settings: Grouping,
    threads: int = 1,
    progress: Progress = SILENT,
    stages: Stages = UNKEPT,
) -> tuple[np.ndarray, np.ndarray]:
    """Links between proteins above the limits, found by the cascade.

    Parameters
    ----------
    sequences : sequence of str
        Distinct residue strings of at least `settings.short_length`.
    settings : Grouping
    threads : int
    progress : Progress
    stages : Stages
        Where finished steps are kept.

    Returns
    -------
    tuple of ndarray of float, shape (links, 4), and ndarray of int, shape (pairs, 2)
        Links (a, b, identity, coverage), and doubtful pairs of different components.

    Raises
    ------
    EvenfoldError
        When MMseqs2 fails, with its last words.
    """
    with scratch() as folder:
        search = _Search(folder, sequences, settings, threads, progress)
        search.keep(stages, "clustered", search.cluster)
        first = search.components.first()
        first = first[np.argsort(search.lengths[first], kind="stable")]
        for part, beyond in parts(search.lengths[first]):
            step = partial(search.similar_words, first, part, beyond)
            search.keep(stages, f"searched-{part.start}-{part.stop}", step)
        search.keep(stages, "expanded", search.expand)
        return search.links, search.doubtful[
            search.components.apart(*search.doubtful.T)
        ]


@dataclass
class _Found:
    """Candidates: ends, and the score of their best ungapped stretch."""

    a: np.ndarray
    b: np.ndarray
    score: np.ndarray


class _Search:
    """MMseqs2's databases of some sequences, and what has been joined among them."""

    def __init__(self, folder, sequences, settings, threads, progress):
        self.progress = progress
        self.folder, self.settings, self.threads = folder, settings, threads
        self.lengths = np.array([len(sequence) for sequence in sequences])
        self.components = Components(len(sequences))
        self.links = np.zeros((0, 4))
        self.touching = np.zeros((0, 2), np.int64)
        self.doubtful = np.zeros((0, 2), np.int64)
        self.evalue = largest_evalue(self.lengths)
        fasta = folder / "all.fasta"
        with open(fasta, "w") as handle:
            for name, sequence in enumerate(sequences):
                handle.write(f">{name}\n{sequence}\n")
        # It would guess the type from the first ones, which may be of A, C, G and T
        # alone; in the order of the file, the key of each is its position.
        run_mmseqs("createdb", fasta, folder / "all", "--dbtype", 1, "--shuffle", 0)
        fasta.unlink()

    def keep(self, stages, name, step):
        """What a step adds, from the stages where it stands there."""
        before = {name: getattr(self, name) for name in _KNOWN}

        def added():
            step()
            return {name: getattr(self, name)[len(before[name]) :] for name in _KNOWN}

        for known, rows in stages.of(name, added).items():
            setattr(self, known, np.concatenate([before[known], rows]))
        self.components.join(*self.links[len(before["links"]) :, :2].astype(int).T)

    def run(self, *words):
        """A command of MMseqs2's with what all share."""
        run_mmseqs(
            *words, "--threads", self.threads, waiting=lambda: self.progress(self.doing)
        )

    def cluster(self):
        """Step 1."""
        limits = self.settings
        self.doing = f"{len(self.lengths)} proteins: linear-time clustering"
        self.run(
            "linclust", self.folder / "all", self.folder / "lin", self.folder / "work",
            "--min-seq-id", limits.identity, "-c", limits.coverage, "--cov-mode", 0,
            "--alignment-mode", 3, "--mask", 0,
        )  # fmt: skip
        keys, rows = _read(self.folder / "lin", ["key"])
        # Members of members may be no relatives of the representative.
        self.align(_Found(keys, rows["key"], np.zeros(len(keys), np.int64)))

    def similar_words(self, first, part, beyond):
        """A part of step 2: the first ones of components, by length, and which of them."""
        lengths = self.lengths[first]
        self.doing = (
            f"{part.start} of {len(first)} components searched by similar words, "
            f"{len(self.links)} links"
        )
        self.progress(self.doing)
        least = self.settings.coverage * lengths[part.start]
        start = int(np.searchsorted(lengths, least))
        sensitivity = float(np.clip(self.settings.sensitivity + beyond, 1, 7.5))
        self.align(self.candidates(first[part], first[start : part.stop], sensitivity))

    def _subset(self, name, keys):
        listed = self.folder / f"{name}.keys"
        listed.write_text("".join(f"{key}\n" for key in np.sort(keys).tolist()))
        run_mmseqs(
            "createsubdb", listed, self.folder / "all", self.folder / name,
            "--subdb-mode", 1,
        )  # fmt: skip

    def candidates(self, queries, targets, sensitivity) -> _Found:
        """What the prefilter finds, less what is joined or scores too low."""
        self._subset("queries", queries)
        self._subset("targets", targets)
        _remove(self.folder / "found")
        self.run(
            "prefilter", self.folder / "queries", self.folder / "targets",
            self.folder / "found", "-s", sensitivity, "-k", _WORD_LENGTH,
            "--max-seqs", _MOST_PARTNERS, "--mask", 0,
            "-c", self.settings.coverage, "--cov-mode", 0,
        )  # fmt: skip
        a, rows = _read(self.folder / "found", ["key", "score", "diagonal"])
        b, score = rows["key"], rows["score"]
        shorter = np.minimum(self.lengths[a], self.lengths[b])
        keep = self.components.apart(a, b) & (score >= least_ungapped(shorter))
        return _Found(a[keep], b[keep], score[keep])

    def expand(self):
        """Step 3."""
        self.doing = "aligning members of components that touch"
        ends = np.sort(self.components.labels[self.touching], axis=1)
        order = np.argsort(self.components.labels, kind="stable")
        ordered = self.components.labels[order]
        pairs = [np.zeros((2, 0), np.int64)]
        for one, other in np.unique(ends[ends[:, 0] < ends[:, 1]], axis=0):
            members = [
                order[slice(*np.searchsorted(ordered, (label, label + 1)))][:_MEMBERS]
                for label in (one, other)
            ]
            pairs.append(np.stack(np.meshgrid(*members)).reshape(2, -1))
        a, b = np.concatenate(pairs, axis=1)
        new = ~np.isin(self.pair_numbers(a, b), self.pair_numbers(*self.touching.T))
        self.align(_Found(a[new], b[new], np.zeros(new.sum(), np.int64)))

    def pair_numbers(self, a, b):
        """A number for each pair, whichever end comes first."""
        return np.minimum(a, b) * len(self.lengths) + np.maximum(a, b)

    def align(self, found: _Found):
        """Align candidates, a few of each query first, and join those above the limits."""
        keys = self.pair_numbers(found.a, found.b)
        keys = keys[np.lexsort((keys, -found.score))]
        _, first = np.unique(keys, return_index=True)
        keys = keys[np.sort(first)]
        for most in _PARTNERS_FIRST:
            low, high = np.divmod(keys, len(self.lengths))
            apart = self.components.apart(low, high)
            keys, low, high = keys[apart], low[apart], high[apart]
            now = _rank(low) < most
            self._align(low[now], high[now])
            keys = keys[~now]

    def _align(self, a, b):
        """Link what is above the limits; keep what touches and what is doubtful."""
        limits = self.settings
        if not len(a):
            return
        for name in ("pairs", "aligned"):
            _remove(self.folder / name)
        _write(self.folder / "pairs", a, b)
        self.run(
            "align", self.folder / "all", self.folder / "all", self.folder / "pairs",
            self.folder / "aligned", "-e", self.evalue, "-c", _PART * limits.coverage,
            "--cov-mode", 0, "--alignment-mode", 3,
        )  # fmt: skip
        names = ["key", "bits", "identity", "evalue", "qstart", "qend", "qlen",
                 "tstart", "tend", "tlen"]  # fmt: skip
        query, rows = _read(self.folder / "aligned", names)
        covered = np.minimum(
            (rows["qend"] - rows["qstart"] + 1) / rows["qlen"],
            (rows["tend"] - rows["tstart"] + 1) / rows["tlen"],
        )
        linked = (rows["identity"] >= limits.identity) & (covered >= limits.coverage)
        ends = np.stack([query, rows["key"]], axis=1)
        near = ends[~linked & (rows["evalue"] <= _TOUCHING * self.evalue)]
        self.touching = np.concatenate([self.touching, near])
        doubtful = ~linked & (rows["identity"] >= _DOUBTFUL[0] * limits.identity)
        doubtful &= covered >= _DOUBTFUL[1] * limits.coverage
        self.doubtful = np.concatenate([self.doubtful, ends[doubtful]])
        columns = (query, rows["key"], rows["identity"], covered)
        links = np.stack([column[linked] for column in columns], axis=1).astype(float)
        links = links[np.lexsort(links.T[::-1])]
        self.links = np.concatenate([self.links, links[links[:, 0] != links[:, 1]]])
        self.components.join(query[linked], rows["key"][linked])


#: What a step adds to.
_KNOWN = ("links", "touching", "doubtful")


def parts(lengths: np.ndarray) -> Iterator[tuple[slice, float]]:
    """Queries of one search after the other, and their sensitivity beyond the setting.

    Parameters
    ----------
    lengths : ndarray of int
        Rising.

    Yields
    ------
    tuple of slice and float
    """
    start = 0
    residues = np.r_[0, np.cumsum(lengths)]
    while start < len(lengths):
        beyond = next(more for until, more in _LEVELS if lengths[start] < until)
        for until, _ in _LEVELS:
            end = int(np.searchsorted(lengths, until))
            if residues[end] - residues[start] >= _LEAST_RESIDUES:
                break
        if residues[-1] - residues[end] < _LEAST_RESIDUES:
            end = len(lengths)
        for first in range(start, end, _QUERIES):
            yield slice(first, min(first + _QUERIES, end)), beyond
        start = end


def largest_evalue(lengths: np.ndarray) -> float:
    """E-value up to which an alignment is looked at.

    Of many proteins it is that of the same score, as what makes two proteins relatives
    does not depend on how many others there are.

    Parameters
    ----------
    lengths : ndarray of int

    Returns
    -------
    float
    """
    return max(1.0, float(lengths.sum()) / _RESIDUES)


def least_ungapped(shorter: np.ndarray) -> np.ndarray:
    """Score of the best ungapped stretch from which a pair is aligned.

    Half of what unrelated pairs of the prefilter have, and of 5104 simulated pairs
    above the limits 2 have less.

    Parameters
    ----------
    shorter : ndarray of int
        Length of the shorter sequence of each pair.

    Returns
    -------
    ndarray of float
    """
    return np.clip(0.12 * shorter + 8, 15, 40)


def _rank(values):
    """How many equal values stand before each."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    sizes = np.diff(np.r_[starts, len(values)])
    rank = np.empty(len(values), dtype=np.int64)
    rank[order] = np.arange(len(values)) - np.repeat(starts, sizes)
    return rank


# --- MMseqs2's files: entries that end in a zero byte, and an index of them -------


def _remove(path):
    for file in path.parent.glob(f"{path.name}*"):
        if file.name.removeprefix(path.name).split(".")[0] == "":
            file.unlink()


def _read(path, names):
    """Key of the entry, and the columns, of every row of a file of MMseqs2's."""
    parts = (
        [path]
        if path.exists()
        else sorted(
            path.parent.glob(f"{path.name}.[0-9]*"), key=lambda p: int(p.suffix[1:])
        )
    )
    data = b"".join(part.read_bytes() for part in parts)
    index = np.loadtxt(f"{path}.index", dtype=np.int64, ndmin=2).reshape(-1, 3)
    index = index[np.argsort(index[:, 1], kind="stable")]
    letters = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(letters == ord("\n"))
    # Rows before the end of each entry, and so its own.
    before = np.searchsorted(ends, index[:, 1])
    until = np.searchsorted(ends, index[:, 1] + index[:, 2])
    keys = np.repeat(index[:, 0], until - before)
    if not len(ends):
        return keys, {name: np.zeros(0, np.int64) for name in names}
    table = pacsv.read_csv(
        pa.BufferReader(data.replace(b"\0", b"\n")),
        read_options=pacsv.ReadOptions(column_names=names, use_threads=False),
        parse_options=pacsv.ParseOptions(delimiter="\t"),
    )
    return keys, {name: table.column(name).to_numpy() for name in names}


def _write(path, a, b):
    """Candidates as a file that `align` reads."""
    order = np.argsort(a, kind="stable")
    a, b = a[order], b[order]
    starts = np.flatnonzero(np.r_[True, a[1:] != a[:-1]])
    offset = 0
    with open(path, "wb") as data, open(f"{path}.index", "w") as index:
        for start, end in zip(starts, np.r_[starts[1:], len(a)]):
            rows = "".join(f"{key}\t0\t0\n" for key in b[start:end].tolist())
            entry = rows.encode() + b"\0"
            data.write(entry)
            index.write(f"{a[start]}\t{offset}\t{len(entry)}\n")
            offset += len(entry)
    # The type of a prefilter's results.
    Path(f"{path}.dbtype").write_bytes((7).to_bytes(4, "little"))
