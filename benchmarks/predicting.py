"""New windows scored: CPU seconds, peak memory, and the same bytes after kill -9.

    PYTHONPATH=workflow python benchmarks/predicting.py results/demo FOLDER [--windows N] [--kill PARTS ...]

`evenfold predict` on random windows of the training's length and middle residue, one thread.
With --kill it is killed (SIGKILL) when so many of its parts are there, and goes on; the digest
of the table is that of a run without.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from evenfold.alphabet import AMINO_ACIDS
from evenfold.files import sha256_file
from evenfold.prediction import Predictor


def written(path: Path, windows: int, length: int, centre: str) -> Path:
    """So many random windows as a FASTA."""
    if path.is_file():
        return path
    rng, letters = np.random.default_rng(0), np.frombuffer(AMINO_ACIDS.encode(), "u1")
    middle = np.frombuffer(centre.encode(), "u1")
    with open(path, "wb") as handle:
        for start in range(0, windows, 10_000):
            n = min(10_000, windows - start)
            codes = letters[rng.integers(0, len(letters), (n, length))]
            codes[:, length // 2] = middle[rng.integers(0, len(middle), n)]
            for row, window in enumerate(codes, start):
                handle.write(b">P%d|K%d\n%s\n" % (row // 20, row, window.tobytes()))
    return path


def run(results: str, fasta: Path, out: Path, kill: int | None) -> tuple[float, float]:
    """CPU seconds and peak memory in MB of the command, which may be killed."""
    command = [sys.executable, "-m", "evenfold.cli", "predict", results, str(fasta)]
    process = subprocess.Popen([*command, "--out", str(out)])
    parts = out.with_name(f"{out.name}.part")
    while kill is not None and process.poll() is None:
        if len(list(parts.glob("[0-9]*.json"))) >= kill:
            process.send_signal(signal.SIGKILL)
            break
        time.sleep(0.5)
    _, status, used = os.wait4(process.pid, 0)
    assert kill is not None or status == 0, "predict failed"
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--windows", type=int, default=100_000)
    parser.add_argument("--kill", type=int, metavar="PARTS", nargs="*", default=[])
    given = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    given.folder.mkdir(parents=True, exist_ok=True)
    learned = Predictor.load(given.results).trust.domain.learned
    fasta = written(
        given.folder / f"{given.windows}.fasta",
        given.windows,
        learned.window,
        learned.centre or AMINO_ACIDS,
    )
    out = given.folder / "scores.tsv"
    out.unlink(missing_ok=True)
    print("| run | CPU s | µs a window | peak MB |\n|---|---:|---:|---:|")
    for kill in [*given.kill, None]:
        name = f"killed at part {kill}" if kill else "to the end"
        seconds, peak = run(given.results, fasta, out, kill)
        each = seconds / given.windows * 1e6
        print(f"| {name} | {seconds:.1f} | {each:.1f} | {peak:.0f} |", flush=True)
    print(f"{out}: SHA-256 {sha256_file(out)}")
