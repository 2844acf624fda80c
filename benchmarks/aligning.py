"""Cells of alignment a second by Opal and MMseqs2, against what the machine can do.

    PYTHONPATH=workflow python benchmarks/aligning.py [--proteins N]

One thread, processor seconds, side by side in one run. A cell of Smith-Waterman with affine
gaps is ten operations on unsigned numbers that stop at zero: its score added and the bias taken
off, the larger of it and either gap, the best so far, a gap opened (for both), and for either
the gap extended and the larger of the two. The peak is how many additions of eight-bit numbers
the machine makes a second in its widest registers, by ten. Needs gcc.
"""

import argparse
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from grouping import cpu

from evenfold.config.grouping import Grouping
from evenfold.sequences import cascade
from evenfold.sequences.alignment import opal_database, scores_of, traced
from evenfold.sequences.simulate import proteins
from evenfold.sequences.stages import SILENT

#: Operations of a cell.
OPERATIONS = 10
#: Eight independent additions of 64 numbers a round, all of them in registers.
ROUNDS = 200_000_000
SOURCE = """
typedef signed char numbers __attribute__((vector_size(64)));
int main(void) {
  numbers most[8] = {}, other = {1};
  for (long round = 0; round < 200000000; round++)
    for (int i = 0; i < 8; i++) {
      most[i] += other;
      __asm__ volatile("" : "+v"(most[i]));
    }
  return most[0][1];
}
"""


def taken(work: Callable[[], object]) -> float:
    """Processor seconds of the best of three."""
    times = []
    for _ in range(3):
        began = cpu()
        work()
        times.append(cpu() - began)
    return min(times)


def peak(folder: Path) -> float:
    """Cells a second, if there were nothing but their operations."""
    (folder / "peak.c").write_text(SOURCE)
    command = ["gcc", "-O3", "-march=native", "peak.c", "-o", "peak"]
    subprocess.run(command, cwd=folder, check=True)
    seconds = taken(lambda: subprocess.run(folder / "peak", check=True))
    return ROUNDS * 8 * 64 / seconds / OPERATIONS


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--proteins", type=int, default=3000)
    given = parser.parse_args()
    sequences, family = proteins(given.proteins)
    lengths = np.array([len(sequence) for sequence in sequences])
    queries = range(0, given.proteins, given.proteins // 30)
    database = opal_database(sequences)
    own = [np.flatnonzero(family == family[query]) for query in queries]
    a = np.repeat(np.arange(given.proteins), 10)
    b = (a * 7919 + np.tile(np.arange(1, 11), given.proteins)) % given.proteins
    with tempfile.TemporaryDirectory() as name:
        rows = {"the peak, by operations": peak(Path(name))}
    seconds = taken(lambda: [scores_of(sequences[q], database) for q in queries])
    cells = lengths[list(queries)].sum() * lengths.sum()
    rows["Opal, scores"] = cells / seconds
    seconds = taken(
        lambda: [
            traced(sequences[q], [sequences[i] for i in group])
            for q, group in zip(queries, own)
        ]
    )
    cells = sum(lengths[q] * lengths[group].sum() for q, group in zip(queries, own))
    rows["Opal, with the path"] = cells / seconds
    with tempfile.TemporaryDirectory() as name:
        search = cascade._Search(Path(name), sequences, Grouping(), 1, SILENT)
        seconds = taken(lambda: search._align(a, b))
    rows["MMseqs2 `align`, unrelated pairs"] = (lengths[a] * lengths[b]).sum() / seconds
    highest = rows["the peak, by operations"]
    print("| one thread | 1e9 cells/s | share of the peak |\n|---|---:|---:|")
    for name, rate in rows.items():
        print(f"| {name} | {rate / 1e9:.2f} | {rate / highest:.2f} |")
