"""A cascade of MMseqs2's searches for proteins, the cheap ones first.

1. Linear-time clustering; its members are aligned with their representatives.
2. Among the first of each component, candidates with the same 5-mers.
3. Of each component then the one that aligned best with others, with similar 5-mers,
   against all those of step 2.
4. All members of two components in which an alignment was significant but not above the
   limits.

What a step joins, the next one does not align, and of each pair of sequences one
direction is, and the other where the first was significant but not above the limits: MMseqs2
weighs the composition of the query alone. Every link is MMseqs2's own alignment above the limits.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from evenfold.config.grouping import Grouping
from evenfold.sequences.components import Components
from evenfold.sequences.mmseqs import run_mmseqs
from evenfold.sequences.stages import SILENT, UNKEPT, Progress, Stages

#: Candidates of a query that the prefilter keeps, the most similar first: groups need
#: only some link of each member to the others, and the first two are aligned first.
_MOST_PARTNERS = 300
_PARTNERS_FIRST = (2, 10, _MOST_PARTNERS)
#: Queries of one call: what it finds is joined before the next one.
_QUERIES = 20_000
_WORD_LENGTH = 5
#: E-value up to which an alignment below the limits makes two components touch, the
#: part of the limit of coverage that it reaches, and how many members of each are aligned.
_TOUCHING, _PART, _MEMBERS = 1e-3, 0.75, 30


def protein_links(
    sequences: Sequence[str],
    settings: Grouping,
    threads: int = 1,
    progress: Progress = SILENT,
    stages: Stages = UNKEPT,
) -> np.ndarray:
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
    ndarray of float, shape (links, 4)
        a, b, identity, coverage.

    Raises
    ------
    EvenfoldError
        When MMseqs2 fails, with its last words.
    """
    with tempfile.TemporaryDirectory(prefix="evenfold-mmseqs-") as folder:
        search = _Search(Path(folder), sequences, settings, threads, progress)
        for name, step in (
            ("clustered", search.cluster),
            ("same words", search.same_words),
            ("similar words", search.similar_words),
            ("expanded", search.expand),
        ):
            search.restore(stages.of(name, partial(search.after, step)))
        return search.links


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
        self.targets = np.arange(len(sequences))
        self.weight = np.zeros(len(sequences))
        fasta = folder / "all.fasta"
        with open(fasta, "w") as handle:
            for name, sequence in enumerate(sequences):
                handle.write(f">{name}\n{sequence}\n")
        # It would guess the type from the first ones, which may be of A, C, G and T
        # alone; in the order of the file, the key of each is its position.
        run_mmseqs("createdb", fasta, folder / "all", "--dbtype", 1, "--shuffle", 0)
        fasta.unlink()

    def after(self, step):
        """What is known after a step."""
        step()
        return {name: getattr(self, name) for name in _KNOWN}

    def restore(self, known):
        """Go on from what is known."""
        for name, value in known.items():
            setattr(self, name, value)
        self.components.join(*self.links[:, :2].astype(np.int64).T)

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

    def same_words(self):
        """Step 2."""
        self.targets = self.central()
        self._among_components(("--exact-kmer-matching", 1), "the same 5-mers")

    def similar_words(self):
        """Step 3."""
        self._among_components(("-s", self.settings.sensitivity), "similar 5-mers")

    def _among_components(self, words, how):
        queries = self.central()
        self._subset("targets", self.targets)
        for start in range(0, len(queries), _QUERIES):
            self.doing = (
                f"{start} of {len(queries)} components searched by {how}, "
                f"{len(self.links)} links"
            )
            self.progress(self.doing)
            self.align(self.candidates(queries[start : start + _QUERIES], words))

    def central(self):
        """Of each component, the one whose alignments score most; the first of equals."""
        order = np.lexsort((-self.weight, self.components.labels))
        labels = self.components.labels[order]
        return np.sort(order[np.r_[True, labels[1:] != labels[:-1]]])

    def _subset(self, name, keys):
        listed = self.folder / f"{name}.keys"
        listed.write_text("".join(f"{key}\n" for key in keys.tolist()))
        run_mmseqs(
            "createsubdb", listed, self.folder / "all", self.folder / name,
            "--subdb-mode", 1,
        )  # fmt: skip

    def candidates(self, queries, words) -> _Found:
        """What the prefilter finds, less what is joined or scores too low."""
        self._subset("queries", queries)
        _remove(self.folder / "found")
        self.run(
            "prefilter", self.folder / "queries", self.folder / "targets",
            self.folder / "found", *words, "-k", _WORD_LENGTH,
            "--max-seqs", _MOST_PARTNERS, "--mask", 0,
            "-c", self.settings.coverage, "--cov-mode", 0,
        )  # fmt: skip
        a, rows = _read(self.folder / "found", ["key", "score", "diagonal"])
        b, score = rows["key"], rows["score"]
        shorter = np.minimum(self.lengths[a], self.lengths[b])
        keep = self.components.apart(a, b) & (score >= least_ungapped(shorter))
        return _Found(a[keep], b[keep], score[keep])

    def expand(self):
        """Step 4."""
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
        self.align(_Found(a, b, np.zeros(len(a), np.int64)))

    def align(self, found: _Found):
        """Align candidates, a few of each query first, and join those above the limits."""
        low, high = np.minimum(found.a, found.b), np.maximum(found.a, found.b)
        order = np.lexsort((high, low, -found.score))
        low, high = low[order], high[order]
        _, first = np.unique(low * len(self.lengths) + high, return_index=True)
        first.sort()
        low, high = low[first], high[first]
        for most in _PARTNERS_FIRST:
            apart = self.components.apart(low, high)
            low, high = low[apart], high[apart]
            if not len(low):
                return
            now = _rank(low) < most
            near = self._align(low[now], high[now])
            self.touching = np.concatenate([self.touching, near])
            self._align(near[:, 1], near[:, 0])
            low, high = low[~now], high[~now]

    def _align(self, a, b):
        """Link what is above the limits; the ends of what is significant but below."""
        limits = self.settings
        if not len(a):
            return np.zeros((0, 2), np.int64)
        for name in ("pairs", "aligned"):
            _remove(self.folder / name)
        _write(self.folder / "pairs", a, b)
        self.run(
            "align", self.folder / "all", self.folder / "all", self.folder / "pairs",
            self.folder / "aligned", "-e", 1, "-c", _PART * limits.coverage,
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
        for ends in (query, rows["key"]):
            np.add.at(self.weight, ends, rows["bits"] * (query != rows["key"]))
        near = ~linked & (rows["evalue"] <= _TOUCHING)
        columns = (query, rows["key"], rows["identity"], covered)
        links = np.stack([column[linked] for column in columns], axis=1).astype(float)
        links = links[np.lexsort(links.T[::-1])]
        self.links = np.concatenate([self.links, links[links[:, 0] != links[:, 1]]])
        self.components.join(query[linked], rows["key"][linked])
        return np.stack([query[near], rows["key"][near]], axis=1)


#: What a step leaves to the next.
_KNOWN = ("links", "touching", "weight", "targets")


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
