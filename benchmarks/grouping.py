"""Grouping of simulated proteins beside the tools that are installed: seconds and leaks.

    PYTHONPATH=workflow python benchmarks/grouping.py [--proteins N] [--windows N] [--threads T]
        [--tools NAME ...]

Processor seconds, children counted in. A leak is a link that crosses groups: two sequences of
one simulated family that are above the limits by Opal, as the audit tells relatives
(those of different families are not related). A tool that keeps one sequence of each of its
groups is judged by the links among these too. MMseqs2's easy-linclust comes with
evenfold; CD-HIT, DIAMOND and GraphPart (with its `mmseqs`) are run where they are on the PATH.
"""

import argparse
import csv
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np

from evenfold.config.grouping import Grouping
from evenfold.sequences import cascade
from evenfold.sequences.components import Components
from evenfold.sequences.homology import above, sampled, search
from evenfold.sequences.mmseqs import run_mmseqs
from evenfold.sequences.simulate import Simulation, families, proteins
from evenfold.sequences.stages import SILENT, Progress


def cpu() -> float:
    """Processor seconds of this process and of those it started."""
    child = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + child.ru_utime + child.ru_stime


class Split(NamedTuple):
    """Group of each sequence, and which of them are kept."""

    group: np.ndarray
    kept: np.ndarray


def of_pairs(n: int, rows: np.ndarray) -> Split:
    """All sequences, in the components of pairs."""
    components = Components(n)
    components.join(*rows[:, :2].astype(np.int64).T)
    return Split(components.labels, np.ones(n, bool))


def of_clusters(n: int, rows: np.ndarray) -> dict[str, Split]:
    """All sequences in their clusters, and the representatives alone, each by itself."""
    alone = Split(np.arange(n), np.isin(np.arange(n), rows[:, 0]))
    return {"": of_pairs(n, rows), ", one of each": alone}


def by_linclust(fasta: Path, n: int, threads: int) -> dict[str, Split]:
    """MMseqs2's linear-time clustering."""
    out = fasta.with_name("linclust")
    run_mmseqs(
        "easy-linclust", fasta, out, fasta.with_name("work"), "--dbtype", 1,
        "--min-seq-id", 0.4, "-c", 0.8, "--threads", threads,
    )  # fmt: skip
    rows = np.loadtxt(f"{out}_cluster.tsv", dtype=np.int64, ndmin=2)
    return of_clusters(n, rows)


def by_diamond(fasta: Path, n: int, threads: int) -> dict[str, Split]:
    """DIAMOND's clustering (deepclust in later versions)."""
    out = fasta.with_name("diamond.tsv")
    run("diamond", "cluster", "-d", fasta, "-o", out, "--approx-id", 40,
        "--member-cover", 80, "--threads", threads, "--quiet")  # fmt: skip
    return of_clusters(n, np.loadtxt(out, dtype=np.int64, ndmin=2))


def by_cd_hit(fasta: Path, n: int, threads: int) -> dict[str, Split]:
    """CD-HIT's clusters at 40 %."""
    out = fasta.with_name("cdhit")
    run("cd-hit", "-i", fasta, "-o", out, "-c", 0.4, "-n", 2, "-aL", 0.8, "-aS", 0.8,
        "-d", 0, "-M", 0, "-T", threads)  # fmt: skip
    rows: list[tuple[int, int]] = []
    for cluster in Path(f"{out}.clstr").read_text().split(">Cluster")[1:]:
        members = [line for line in cluster.splitlines() if ">" in line]
        names = [int(line.split(">")[1].split(".")[0]) for line in members]
        first = next(n for n, line in zip(names, members) if line.endswith("*"))
        rows += [(first, name) for name in names]
    return of_clusters(n, np.array(rows))


def by_graphpart(fasta: Path, n: int, threads: int) -> dict[str, Split]:
    """GraphPart's five parts at 40 %, of what it does not remove.

    MMseqs2 takes the threads that there are.
    """
    out = fasta.with_name("graphpart.csv")
    run("graphpart", "mmseqs2", "--fasta-file", fasta, "--threshold", 0.4,
        "--partitions", 5, "--out-file", out, "--prefilter")  # fmt: skip
    with open(out) as file:
        rows = [(int(row["AC"]), float(row["cluster"])) for row in csv.DictReader(file)]
    group = np.full(n, -1)
    names, parts = np.array(rows).T
    group[names.astype(int)] = parts
    return {", in five parts": Split(group, group >= 0)}


def run(*words: object) -> None:
    """A tool, with what it says kept from the table."""
    quiet = subprocess.DEVNULL
    subprocess.run(list(map(str, words)), check=True, stdout=quiet, stderr=quiet)


TOOLS: dict[str, tuple[str, Callable[[Path, int, int], dict[str, Split]]]] = {
    "MMseqs2 easy-linclust": ("", by_linclust),
    "DIAMOND cluster": ("diamond", by_diamond),
    "CD-HIT": ("cd-hit", by_cd_hit),
    "GraphPart": ("graphpart", by_graphpart),
}


def links_within(sequences: list[str], family: np.ndarray, threads: int, folder: Path):
    """Ends of the links within families, by Opal and by MMseqs2's own alignments."""
    order = np.argsort(family, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(family[order]) > 0])
    pairs = [
        (int(a), int(b))
        for members in map(np.sort, np.split(order, starts[1:]))
        for a, b in combinations(members, 2)
    ]
    a, b = np.array(sorted(pairs)).T
    rows = above(sequences, a, b, Grouping(), threads)
    # Every pair, where the cascade leaves out those that are joined.
    own = cascade._Search(folder, sequences, Grouping(), threads, SILENT)
    own.doing = "all pairs of families"
    own._align(a, b)
    return [np.array(found)[:, :2].astype(np.int64).T for found in (rows, own.links)]


def compare(n: int, threads: int, tools: Sequence[str]) -> None:
    """Every tool on the same proteins."""
    sequences, family = proteins(n)
    splits: dict[str, tuple[Split, float, float]] = {}
    began, spent = time.monotonic(), cpu()
    # Small sets would be aligned exhaustively at once.
    limits = Grouping(exhaustive=False)
    _, components = search(sequences, limits, threads, Progress("cascade"))
    whole = Split(components.labels, np.ones(n, bool))
    splits["evenfold's cascade"] = whole, cpu() - spent, time.monotonic() - began
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fasta = folder / "all.fasta"
        fasta.write_text("".join(f">{i}\n{s}\n" for i, s in enumerate(sequences)))
        for tool in tools:
            binary, by = TOOLS[tool]
            if binary and not shutil.which(binary):
                print(f"{tool} is not installed", flush=True)
                continue
            began, spent = time.monotonic(), cpu()
            found = by(fasta, n, threads)
            took = cpu() - spent, time.monotonic() - began
            splits |= {f"{tool}{how}": (split, *took) for how, split in found.items()}
            print(f"{tool}: {took[0]:.0f} CPU s", flush=True)
        opal, mmseqs = links_within(sequences, family, threads, folder)
    print(
        f"\n| {n:,} proteins | CPU s | s | groups | dropped | links of "
        f"{opal.shape[1]} that cross | ends | of {mmseqs.shape[1]} by MMseqs2's own "
        "alignments |\n|---|---:|---:|---:|---:|---:|---:|---:|"
    )
    for tool, (split, seconds, wall) in splits.items():
        crossing = [
            ends[:, (split.group[ends[0]] != split.group[ends[1]])
                 & split.kept[ends].all(axis=0)]
            for ends in (opal, mmseqs)
        ]  # fmt: skip
        print(
            f"| {tool} | {seconds:.0f} | {wall:.0f} | "
            f"{len(np.unique(split.group[split.kept]))} | {n - split.kept.sum()} | "
            f"{crossing[0].shape[1]} | {len(np.unique(crossing[0]))} | "
            f"{crossing[1].shape[1]} |",
            flush=True,
        )


def windows(n: int, threads: int) -> None:
    """Simulated windows of 33 residues."""
    generator = np.random.default_rng(0)
    records = families(n, Simulation(flank=16), generator, "W")
    sequences = list(dict.fromkeys(sequence for _, sequence, _ in records))
    began = cpu()
    _, components = search(sequences, Grouping(), threads, Progress("seeds"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    sample = sampled(sequences, components, Grouping(), threads)
    print(
        f"{len(sequences):,} windows: {cpu() - began:.0f} CPU s, {peak:.2f} GB, "
        f"{len(components.first())} groups; missed {sample.missing} of {sample.searched}"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--proteins", type=int, default=0)
    parser.add_argument("--windows", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--tools", nargs="*", choices=TOOLS, default=list(TOOLS))
    given = parser.parse_args()
    if given.proteins:
        compare(given.proteins, given.threads, given.tools)
    if given.windows:
        windows(given.windows, given.threads)
