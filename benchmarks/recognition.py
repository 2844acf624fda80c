"""Which sets of sequences the seal takes for one: changed ones, relatives, neighbours.

    PYTHONPATH=workflow python benchmarks/recognition.py DATA

DATA is the folder of the real data sets. The proteins of thermo, and pieces of them, are
changed as a test set may be by accident or on purpose, or replaced by what is alike but is
another set. A cell has the share of sequences with a match, and whether the sets are one by
their sketches / by their summaries.
"""

import argparse
import gzip
from pathlib import Path

import numpy as np

from evenfold.sequences.sketch import (
    matched,
    same_set,
    same_summary,
    sketches,
    summary,
)

LETTERS = "ACDEFGHIKLMNPQRSTVWY"
BANDS = [(8, 14), (15, 20), (21, 41), (42, 100), (101, 2000)]
SETS = ["succ_balanced", "succ_imbalanced", "anticp2_main", "neuropred", "thermo"]


def read(path: Path) -> list[str]:
    """Sequences of a gzipped FASTA file."""
    with gzip.open(path, "rt") as lines:
        records = lines.read().split(">")[1:]
    return ["".join(record.split("\n")[1:]) for record in records]


def verdict(one: list[str], other: list[str]) -> str:
    """Share of the smaller set that has a match; one set by sketches / by summaries."""
    a, b = sorted((sketches(one), sketches(other)), key=len)
    share = matched(a, b).mean()
    answers = same_set(a, b), same_summary(summary(a), summary(b))
    return f"{share:.3f} " + " / ".join("one" if same else "two" for same in answers)


class Changes:
    """What may happen to a sequence; `here` is drawn anew for each."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def residue(self, sequence: str, place: int) -> str:
        """Another residue at one place."""
        others = LETTERS.replace(sequence[place], "")
        return sequence[:place] + others[self.rng.integers(19)] + sequence[place + 1 :]

    def anywhere(self, sequence: str) -> str:
        """Another residue at a place by chance."""
        return self.residue(sequence, self.rng.integers(len(sequence)))

    def ends(self, sequence: str, most: int) -> str:
        """Both ends cut, by up to so many residues."""
        start, stop = self.rng.integers(0, most + 1, 2)
        return sequence[start : len(sequence) - stop]

    def relative(self, sequence: str, identity: float) -> str:
        """Every residue kept with this probability."""
        kept = self.rng.random(len(sequence)) < identity
        drawn = self.rng.integers(0, 20, len(sequence))
        return "".join(
            x if keep else LETTERS[d] for x, keep, d in zip(sequence, kept, drawn)
        )

    def rows(self) -> dict:
        """Changes by name."""
        return {
            "lower case, padding, gaps, M": lambda s: f"XX-m{s.lower()}*--x",
            "1 residue cut, each end": lambda s: s[1:-1],
            "3 residues cut, each end": lambda s: s[3:-3],
            "0 to 5 residues cut, each end": lambda s: self.ends(s, 5),
            "1 residue changed, in the middle": lambda s: self.residue(s, len(s) // 2),
            "1 residue changed, anywhere": self.anywhere,
            "1 changed, 0 to 2 cut, each end": lambda s: self.ends(self.anywhere(s), 2),
            "relatives, 95 % identical": lambda s: self.relative(s, 0.947),
            "relatives, 90 %": lambda s: self.relative(s, 0.895),
            "relatives, 80 %": lambda s: self.relative(s, 0.789),
            "relatives, 70 %": lambda s: self.relative(s, 0.684),
            "relatives, 50 %": lambda s: self.relative(s, 0.474),
        }


def pieces(proteins: list[str], band: tuple[int, int], rng) -> list[str]:
    """A piece of each protein, of a length in the band; whole ones in the last."""
    low, high = band
    if band == BANDS[-1]:
        return [p for p in proteins if low <= len(p) <= high]
    found = []
    for protein in proteins:
        length = int(rng.integers(low, high + 1))
        start = int(rng.integers(1, max(2, len(protein) - length)))
        found.append(protein[start : start + length])
    return [piece for piece in found if len(piece) >= low]


def windows(
    proteins: list[str], residue: str, length: int, shift: int = 0
) -> list[str]:
    """Whole windows around every residue of a kind, or around one beside it."""
    half = length // 2
    return [
        protein[at + shift - half : at + shift + half + 1]
        for protein in proteins
        for at, letter in enumerate(protein)
        if letter == residue and half + 9 < at < len(protein) - half - 9
    ]


def table(heads: list[str], rows: dict[str, list[str]]) -> None:
    """Print a table."""
    print("| | " + " | ".join(heads) + " |")
    print("|---|" + "---|" * len(heads))
    for name, cells in rows.items():
        print(f"| {name} | " + " | ".join(cells) + " |")
    print()


def main(data: Path) -> None:
    """Print all tables."""
    rng = np.random.default_rng(0)
    proteins = read(data / "thermo/train.fasta.gz")
    by_band = {band: pieces(proteins, band, rng) for band in BANDS}
    changes = Changes(rng).rows()
    rows = {
        name: [verdict(own, [change(s) for s in own]) for own in by_band.values()]
        for name, change in changes.items()
    }
    for share, name in ((0.947, "90"), (0.895, "80"), (0.789, "62")):
        change = Changes(rng)
        rows[f"families, {name} %: the other half"] = [
            verdict(
                *([change.relative(s, share) for s in own[:100] * 10] for _ in "ab")
            )
            for own in by_band.values()
        ]
    rows["the other half of the proteins"] = [
        verdict(own[::2], own[1::2]) for own in by_band.values()
    ]
    table([f"{low}-{high}" for low, high in BANDS], rows)

    some = proteins[:300]
    lengths = [15, 21, 33, 41]
    rows = {
        f"windows around K, moved by {shift}": [
            verdict(windows(some, "K", n), windows(some, "K", n, shift))
            for n in lengths
        ]
        for shift in (1, 2, 3, 5, 9)
    }
    rows["windows around S and T"] = [
        verdict(windows(some, "S", n), windows(some, "T", n)) for n in lengths
    ]
    rows["each second window around K, and the others"] = [
        verdict(windows(some, "K", n)[::2], windows(some, "K", n)[1::2])
        for n in lengths
    ]
    rows["windows around K, 4 residues shorter"] = [
        verdict(windows(some, "K", n), windows(some, "K", n - 4)) for n in lengths
    ]
    table([str(n) for n in lengths], rows)

    rows = {}
    for name in SETS:
        train, test = (read(data / f"{name}/{r}.fasta.gz") for r in ("train", "test"))
        half = rng.permutation(len(train))
        one, other = ([train[row] for row in part] for part in np.array_split(half, 2))
        rows[name] = [verdict(test, train), verdict(one, other)]
    table(["training and test", "random halves of training"], rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    main(parser.parse_args().data)
