"""Every rule on many simulated sequences: seconds and peak memory, and the report's size.

    PYTHONPATH=workflow python benchmarks/scale.py FOLDER [--proteins] [--sequences N]
                                                   [--threads T] [--until RULE]

Windows, or proteins as long as Swiss-Prot's, four fifths of their families for training. A whole run of Snakemake in FOLDER, from which an interrupted one goes on: a logistic
regression on compositions, for one epoch, so that what is measured is everything but training. Its own
measurements (`results/scale/benchmarks`) are the table: seconds by the clock and of processors.
"""

import argparse
import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from evenfold.sequences.simulate import Simulation, proteins, write_demo

ROOT = Path(__file__).resolve().parents[1]
CONFIG = """
datasets: [scale]
variants: [bce]
training: {model: logistic_regression, features: [aac], epochs: 1}
split: {folds: 3}
selection: {resamples: 200}
"""
DATASET = """
description: Simulated sequences
train: {positive: data/train_positive.fasta, negative: data/train_negative.fasta}
test: {positive: data/test_positive.fasta, negative: data/test_negative.fasta}
source_pattern: '^([^|]+)[|]'
test_policy: practice
"""


def prepare(folder: Path, n: int, whole: bool) -> None:
    """A working copy of the workflow, with a data set of so many windows or proteins."""
    (folder / "config" / "datasets").mkdir(parents=True, exist_ok=True)
    for name in ("Snakefile", "workflow", "profiles", "envs"):
        if not (folder / name).exists():
            (folder / name).symlink_to(ROOT / name)
    (folder / "config" / "config.yaml").write_text(CONFIG)
    (folder / "config" / "datasets" / "scale.yaml").write_text(DATASET)
    data = folder / "data"
    if not data.exists():
        data.mkdir()
        train = 4 * n // 5
        if whole:
            write_proteins(data, n)
        else:
            write_demo(data, Simulation(train, n - train))


def write_proteins(folder: Path, n: int) -> None:
    """Families of both classes, one in five of them for the test."""
    sequences, family = proteins(n)
    for role in ("train", "test"):
        for label, name in ((1, "positive"), (0, "negative")):
            chosen = (family % 2 == label) & ((family % 5 == 0) == (role == "test"))
            rows = (f">p{i}|\n{sequences[i]}\n" for i in np.flatnonzero(chosen))
            (folder / f"{role}_{name}.fasta").write_text("".join(rows))


def measured(folder: Path) -> list[tuple[str, float, float, float]]:
    """Of each job: its rule, seconds, processor seconds and peak memory in GB."""
    found = []
    results = folder / "results" / "scale"
    for path in sorted(results.rglob("benchmarks/**/*.tsv")):
        with open(path) as handle:
            row = next(csv.DictReader(handle, delimiter="\t"))
        values = [float(row[name]) for name in ("s", "cpu_time", "max_rss")]
        found.append((str(path.relative_to(results)), *values[:2], values[2] / 1e3))
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sequences", type=int, default=100_000)
    parser.add_argument("--proteins", action="store_true")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--until", default="", help="last rule; all by default")
    given = parser.parse_args()
    prepare(given.folder, given.sequences, given.proteins)
    command = ["snakemake", "--cores", str(given.threads), "--quiet"]
    subprocess.run(
        [
            sys.executable,
            "-m",
            *command,
            *(["--until", given.until] * bool(given.until)),
        ],
        cwd=given.folder,
        env={**os.environ, "OMP_NUM_THREADS": str(given.threads)},
        check=True,
    )
    what = "proteins" if given.proteins else "windows"
    print(
        f"\n| {given.sequences:,} {what} | s | CPU s | peak GB |\n|---|---:|---:|---:|"
    )
    for name, wall, seconds, peak in measured(given.folder):
        name = name.replace("benchmarks/", "").removesuffix(".tsv")
        print(f"| {name} | {wall:.1f} | {seconds:.1f} | {peak:.2f} |")
    report = given.folder / "results" / "scale" / "report.html"
    if report.exists():
        print(f"\nreport: {report.stat().st_size / 1e6:.2f} MB")
