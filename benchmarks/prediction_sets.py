"""Coverage of prediction sets on real out-of-fold scores, over grouped re-splits.

    python benchmarks/prediction_sets.py results/thermo/bce results/anticp2/boosting
    python benchmarks/prediction_sets.py --bands results/thermo/bce

With `--bands`: what every variant reaches out-of-fold by bands of its domain, how its sets
hold there with limits of all bands together and with those of each band, and the CPU
seconds that searching the nearest training sequences took.

Of every variant's out-of-fold scores (training data alone), half of the groups make the
sets and the other half judges them, twenty times anew.
"""

import argparse
from pathlib import Path
from time import process_time

import numpy as np

from evenfold.metrics.conformal import (
    ERRORS,
    covered,
    in_bands,
    place_of,
    prediction_sets,
)
from evenfold.metrics.scores import sigmoid
from evenfold.records.selection import BANDS
from evenfold.records.tables import SPLIT, training_sequences
from evenfold.records.thresholds import read_thresholds
from evenfold.selection.learned import learned_from
from evenfold.selection.oof import OutOfFold
from evenfold.selection.trusting import cuts, reached, sets_out_of_fold
from evenfold.sequences.domain import out_of_fold

RESPLITS = 20


def coverage(oof: OutOfFold, groups: np.ndarray, error: float, seed: int) -> list[dict]:
    """Coverage of positives and negatives in the half that made no sets."""
    generator = np.random.default_rng(seed)
    names = generator.permutation(np.unique(groups))
    made = np.isin(groups, names[: len(names) // 2])
    positive, negative = cuts(oof.logits[made], oof.labels[made], groups[made])
    place, rest = place_of(error), ~made
    sets = prediction_sets(oof.logits[rest], positive[place], negative[place])
    labels, others = oof.labels[rest], groups[rest]
    return [
        covered(inside[labels == label], others[labels == label])
        for inside, label in zip(sets, (1, 0))
    ]


def bands(folder: Path, error: float) -> None:
    """Print what a variant reaches out-of-fold by bands of its domain."""
    oof = OutOfFold.read(folder / "oof.parquet")
    split = SPLIT.frame(folder.parent / "split.parquet", ["role", "cluster", "fold"])
    split = split[split["role"] == "train"]
    groups, folds = split["cluster"].to_numpy(), split["fold"].to_numpy(dtype=np.int64)
    rows = training_sequences(folder.parent / "sequences.parquet")
    begun = process_time()
    found = out_of_fold(
        rows.column("sequence").to_pylist(), folds, groups, learned_from
    )
    name, took = f"{folder.parent.name}, {folder.name}", process_time() - begun
    print(f"<!-- {name}: {len(folds)} sequences, {took:.1f} CPU s; {found.reach} -->")
    tuned = read_thresholds(folder / "threshold.json")
    terms = (BANDS, tuned.threshold, error)
    own = reached(oof, groups, found.bands, *terms)
    here, there = (
        sets[place_of(error)] for sets in sets_out_of_fold(oof, groups, None)
    )
    called = sigmoid(oof.logits) >= tuned.threshold
    pooled = in_bands(found.bands, called, (here, there), oof.labels, groups, BANDS)
    for band, together in zip(own, pooled):
        print(
            f"| {name} | {band.band} | {band.sequences} | {band.groups} | "
            f"{shown(band.mcc, band.mcc_interval)} | {shown(band.sn, band.sn_interval)} | "
            f"{shown(band.sp, band.sp_interval)} | "
            + " | ".join(
                f"{share(together[side])} | {share(within and within.dump())}"
                for side, within in (
                    ("positive", band.positive), ("negative", band.negative)
                )
            )
            + " |"
        )  # fmt: skip


def shown(value: float | None, ends: tuple[float, float] | None) -> str:
    """A rate with its interval."""
    if value is None or ends is None:
        return "–"
    return f"{value:.2f} [{ends[0]:.2f}, {ends[1]:.2f}]"


def share(covered: dict | None) -> str:
    """How often sets hold their class, over groups."""
    return "–" if covered is None else f"{covered['share']:.3f}"


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("variants", nargs="+", type=Path, help="folders of variants")
    parser.add_argument(
        "--errors", nargs="+", type=float, default=[0.05, 0.1, 0.2], choices=ERRORS,
        metavar="E", help="0.01 to 0.5, in hundredths",
    )  # fmt: skip
    parser.add_argument("--bands", action="store_true", help="by bands of the domain")
    given = parser.parse_args()
    if given.bands:
        print(
            "| variant | band | sequences | groups | MCC | SN | SP | positives held, all "
            "bands | by band | negatives held, all bands | by band |"
        )
        print("|---|---|---:|---:|---|---|---|---:|---:|---:|---:|")
        for folder in given.variants:
            bands(folder, 0.1)
        return
    print("| variant | class | groups | promised | mean held | within its interval |")
    print("|---|---|---|---|---|---|")
    for folder in given.variants:
        oof = OutOfFold.read(folder / "oof.parquet")
        split = SPLIT.frame(folder.parent / "split.parquet", ["role", "cluster"])
        groups = split.loc[split["role"] == "train", "cluster"].to_numpy()
        for error in given.errors:
            found = [coverage(oof, groups, error, seed) for seed in range(RESPLITS)]
            for name, of_class in zip(("positive", "negative"), zip(*found)):
                share = np.mean([one["share"] for one in of_class])
                inside = sum(one["low"] <= 1 - error <= one["high"] for one in of_class)
                print(
                    f"| {folder.parent.name}/{folder.name} | {name} | "
                    f"{of_class[0]['groups']} | {1 - error:.2f} | {share:.3f} | "
                    f"{inside} of {RESPLITS} |"
                )


if __name__ == "__main__":
    main()
