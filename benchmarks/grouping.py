"""Grouping of simulated proteins beside the tools that are installed: seconds and leaks.

    PYTHONPATH=workflow python benchmarks/grouping.py [--proteins N] [--windows N] [--threads T]

Processor seconds, children counted in. A leak is a link that crosses groups: two sequences of
one simulated family that are above the limits by Opal, as the audit tells relatives
(those of different families are not related). A tool that keeps one sequence of each of its
groups is judged by the links among these too. MMseqs2's easy-linclust comes with
evenfold; CD-HIT and DIAMOND are run where they are on the PATH.
"""

import argparse
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np

from evenfold.config.grouping import Grouping
from evenfold.sequences.components import Components
from evenfold.sequences.homology import above, sampled, search
from evenfold.sequences.mmseqs import run_mmseqs
from evenfold.sequences.simulate import Simulation, families, proteins
from evenfold.sequences.stages import Progress


def cpu() -> float:
    """Processor seconds of this process and of those it started."""
    child = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + child.ru_utime + child.ru_stime


def of_pairs(n: int, rows: np.ndarray) -> Components:
    """Components of pairs."""
    components = Components(n)
    components.join(*rows[:, :2].astype(np.int64).T)
    return components


def by_linclust(fasta: Path, folder: Path, threads: int) -> np.ndarray:
    """Representative and member of MMseqs2's linear-time clustering."""
    run_mmseqs(
        "easy-linclust", fasta, folder / "linclust", folder / "work", "--dbtype", 1,
        "--min-seq-id", 0.4, "-c", 0.8, "--threads", threads,
    )  # fmt: skip
    return np.loadtxt(folder / "linclust_cluster.tsv", dtype=np.int64, ndmin=2)


def by_diamond(fasta: Path, folder: Path, threads: int) -> np.ndarray:
    """Representative and member of DIAMOND's clustering (deepclust in later versions)."""
    out = folder / "diamond.tsv"
    command = ["diamond", "cluster", "-d", fasta, "-o", out, "--approx-id", 40,
               "--member-cover", 80, "--threads", threads, "--quiet"]  # fmt: skip
    subprocess.run(list(map(str, command)), check=True)
    return np.loadtxt(out, dtype=np.int64, ndmin=2)


def by_cd_hit(fasta: Path, folder: Path, threads: int) -> np.ndarray:
    """Representative and member of CD-HIT's clusters at 40 %."""
    out = folder / "cdhit"
    command = ["cd-hit", "-i", fasta, "-o", out, "-c", 0.4, "-n", 2, "-aL", 0.8,
               "-aS", 0.8, "-d", 0, "-M", 0, "-T", threads]  # fmt: skip
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
    rows: list[tuple[int, int]] = []
    for cluster in Path(f"{out}.clstr").read_text().split(">Cluster")[1:]:
        members = [line for line in cluster.splitlines() if ">" in line]
        names = [int(line.split(">")[1].split(".")[0]) for line in members]
        first = next(n for n, line in zip(names, members) if line.endswith("*"))
        rows += [(first, name) for name in names]
    return np.array(rows)


TOOLS: dict[str, tuple[str, Callable[[Path, Path, int], np.ndarray]]] = {
    "MMseqs2 easy-linclust": ("", by_linclust),
    "DIAMOND cluster": ("diamond", by_diamond),
    "CD-HIT": ("cd-hit", by_cd_hit),
}


def true_links(sequences: list[str], family: np.ndarray, threads: int) -> np.ndarray:
    """Ends of the links within families, by Opal."""
    order = np.argsort(family, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(family[order]) > 0])
    pairs = [
        (int(a), int(b))
        for members in map(np.sort, np.split(order, starts[1:]))
        for a, b in combinations(members, 2)
    ]
    a, b = np.array(sorted(pairs)).T
    rows = above(sequences, a, b, Grouping(), threads)
    return np.array(rows)[:, :2].astype(np.int64)


def compare(n: int, threads: int) -> None:
    """Every tool on the same proteins."""
    sequences, family = proteins(n)
    began = cpu()
    # Small sets would be aligned exhaustively at once.
    limits = Grouping(exhaustive=False)
    pairs, _ = search(sequences, limits, threads, Progress("cascade"))
    spent = {"evenfold's cascade": cpu() - began}
    rows = {"evenfold's cascade": np.stack([pairs.a, pairs.b], axis=1)}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fasta = folder / "all.fasta"
        fasta.write_text("".join(f">{i}\n{s}\n" for i, s in enumerate(sequences)))
        for tool, (binary, run) in TOOLS.items():
            if binary and not shutil.which(binary):
                print(f"{tool} is not installed", flush=True)
                continue
            began = cpu()
            rows[tool] = run(fasta, folder, threads)
            spent[tool] = cpu() - began
    a, b = true_links(sequences, family, threads).T
    print(
        f"\n| {n:,} proteins | CPU s | groups | links of {len(a)} that cross | ends |"
    )
    print("|---|---:|---:|---:|---:|")
    for tool, found in rows.items():
        components = of_pairs(n, found)
        crossing = components.apart(a, b)
        ends = len(np.unique([a[crossing], b[crossing]]))
        print(
            f"| {tool} | {spent[tool]:.0f} | {len(components.first())} | "
            f"{crossing.sum()} | {ends} |",
            flush=True,
        )
        if tool in TOOLS:
            kept = np.isin(a, found[:, 0]) & np.isin(b, found[:, 0])
            dropped = n - len(np.unique(found[:, 0]))
            print(f"| representatives alone, {dropped} dropped | | | {kept.sum()} | |")


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
    given = parser.parse_args()
    if given.proteins:
        compare(given.proteins, given.threads)
    if given.windows:
        windows(given.windows, given.threads)
