"""Coverage of prediction sets on real out-of-fold scores, over grouped re-splits.

    python benchmarks/prediction_sets.py results/thermo/bce results/anticp2/boosting

Of every variant's out-of-fold scores (training data alone), half of the groups make the
sets and the other half judges them, twenty times anew.
"""

import argparse
from pathlib import Path

import numpy as np

from evenfold.metrics.conformal import ERRORS, covered, place_of, prediction_sets
from evenfold.records.tables import SPLIT
from evenfold.selection.oof import OutOfFold
from evenfold.selection.trusting import cuts

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


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("variants", nargs="+", type=Path, help="folders of variants")
    parser.add_argument(
        "--errors", nargs="+", type=float, default=[0.05, 0.1, 0.2], choices=ERRORS,
        metavar="E", help="0.01 to 0.5, in hundredths",
    )  # fmt: skip
    given = parser.parse_args()
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
