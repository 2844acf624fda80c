"""Every rule on many simulated windows: seconds and peak memory, and the report's size.

    PYTHONPATH=workflow python benchmarks/scale.py FOLDER [--windows N] [--threads T]

A whole run of Snakemake in FOLDER, from which an interrupted one goes on: a logistic
regression on compositions, for one epoch, so that what is measured is everything but training. Its own
measurements (`results/scale/benchmarks`) are the table, which is in processor seconds.
"""

import argparse
import csv
import os
import subprocess
import sys
from pathlib import Path

from evenfold.sequences.simulate import Simulation, write_demo

ROOT = Path(__file__).resolve().parents[1]
CONFIG = """
datasets: [scale]
variants: [bce]
training: {model: logistic_regression, features: [aac], epochs: 1}
split: {folds: 3}
selection: {resamples: 200}
"""
DATASET = """
description: Simulated windows
train: {positive: data/train_positive.fasta, negative: data/train_negative.fasta}
test: {positive: data/test_positive.fasta, negative: data/test_negative.fasta}
source_pattern: '^([^|]+)[|]'
test_policy: practice
"""


def prepare(folder: Path, windows: int) -> None:
    """A working copy of the workflow, with a data set of so many windows."""
    (folder / "config" / "datasets").mkdir(parents=True, exist_ok=True)
    for name in ("Snakefile", "workflow", "profiles", "envs"):
        if not (folder / name).exists():
            (folder / name).symlink_to(ROOT / name)
    (folder / "config" / "config.yaml").write_text(CONFIG)
    (folder / "config" / "datasets" / "scale.yaml").write_text(DATASET)
    if not (folder / "data").exists():
        (folder / "data").mkdir()
        train = 4 * windows // 5
        write_demo(folder / "data", Simulation(train, windows - train))


def measured(folder: Path) -> list[tuple[str, float, float]]:
    """Of each job: its rule, processor seconds and peak memory in GB."""
    found = []
    results = folder / "results" / "scale"
    for path in sorted(results.rglob("benchmarks/**/*.tsv")):
        with open(path) as handle:
            row = next(csv.DictReader(handle, delimiter="\t"))
        values = [float(row[name]) for name in ("cpu_time", "max_rss")]
        found.append((str(path.relative_to(results)), values[0], values[1] / 1e3))
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--windows", type=int, default=100_000)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    prepare(given.folder, given.windows)
    subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", str(given.threads), "--quiet"],
        cwd=given.folder,
        env={**os.environ, "OMP_NUM_THREADS": str(given.threads)},
        check=True,
    )
    print(f"\n| {given.windows:,} windows | CPU s | peak GB |\n|---|---:|---:|")
    for name, seconds, peak in measured(given.folder):
        name = name.replace("benchmarks/", "").removesuffix(".tsv")
        print(f"| {name} | {seconds:.1f} | {peak:.2f} |")
    report = given.folder / "results" / "scale" / "report.html"
    print(f"\nreport: {report.stat().st_size / 1e6:.2f} MB")
