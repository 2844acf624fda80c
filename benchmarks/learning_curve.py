"""Whether the learning curve's intervals hold what is known: coverage in simulations.

    PYTHONPATH=workflow python benchmarks/learning_curve.py --groups 200 --runs 200

Ridge regression on normal features that are alike within groups of two, whose AUROC in
the population has a closed form. Prints, of the step from three quarters to all and of
what twice the data would add, the truth, the mean estimate and the share of intervals
that hold the truth.
"""

import argparse

import numpy as np
from scipy.stats import norm

from evenfold.sanity.extrapolation import extrapolated
from evenfold.sanity.learning_curve import SHARES
from evenfold.sanity.sizes import Scored, estimates, nested_parts

FEATURES, DISTANCE, PENALTY, FOLDS = 60, 1.6, 10.0, 5
MEAN = np.full(FEATURES, DISTANCE / FEATURES**0.5)


def simulated(groups: int, generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features, labels and groups of pairs of sequences."""
    group = np.repeat(np.arange(groups), 2)
    labels = group % 2
    shared = np.repeat(generator.normal(size=(groups, FEATURES)), 2, axis=0)
    noise = (shared + generator.normal(size=shared.shape)) / 2**0.5
    return (labels[:, None] - 0.5) * MEAN + noise, labels, group


def fitted(x: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Weights of a ridge regression, the intercept last."""
    x = np.c_[x, np.ones(len(x))]
    return np.linalg.solve(
        x.T @ x + PENALTY * np.eye(FEATURES + 1), x.T @ (2 * labels - 1)
    )


def population(weights: np.ndarray) -> float:
    """AUROC of these weights on all there is."""
    return float(norm.cdf(weights[:-1] @ MEAN / 2**0.5 / np.linalg.norm(weights[:-1])))


def out_of_fold(x, labels, folds, part) -> np.ndarray:
    """Scores of every fold by a fit on a part of the others."""
    scores = np.empty(len(labels))
    for fold in range(FOLDS):
        seen = part & (folds != fold)
        weights = fitted(x[seen], labels[seen])
        held_out = folds == fold
        scores[held_out] = x[held_out] @ weights[:-1] + weights[-1]
    return scores


def run(groups: int, seed: int) -> np.ndarray:
    """Estimate, low and high end: of the last step, and of twice the data."""
    generator = np.random.default_rng(seed)
    x, labels, group = simulated(groups, generator)
    folds = generator.permutation(np.arange(groups // 2) % FOLDS)[group // 2]
    scored = []
    for place, (share, draws) in enumerate(SHARES.items()):
        parts = [
            nested_parts(list(SHARES), labels, folds, group, 100 * seed + draw)[place]
            for draw in range(draws)
        ]
        logits = [out_of_fold(x, labels, folds, part) for part in parts]
        scored.append(Scored(share, logits))
    everything = np.ones(len(labels), dtype=bool)
    scored.append(Scored(1.0, [out_of_fold(x, labels, folds, everything)]))
    found = estimates(scored, labels, group, 500, seed)
    values, spread = found.values["auroc"], found.covariance["auroc"]
    step = values[-1] - values[-2]
    reach = 1.96 * (spread[-1, -1] + spread[-2, -2] - 2 * spread[-1, -2]) ** 0.5
    both = extrapolated(found.shares, values, spread, np.array([1.0, 2.0]), seed)
    low, middle, high = np.quantile(both[:, 1] - both[:, 0], [0.025, 0.5, 0.975])
    return np.array([[step, step - reach, step + reach], [middle, low, high]])


def truth(groups: int, seed: int) -> tuple[float, float]:
    """The step from three quarters to all, and what twice the data adds."""
    generator = np.random.default_rng(seed)
    seen = groups * (FOLDS - 1) / FOLDS

    def mean(share):
        pairs = [simulated(round(seen * share / 2) * 2, generator) for _ in range(300)]
        return np.mean([population(fitted(x, labels)) for x, labels, _ in pairs])

    most, all_of_it, twice = mean(0.75), mean(1), mean(2)
    return all_of_it - most, twice - all_of_it


def main() -> None:
    """Print the coverage."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--groups", type=int, default=200)
    parser.add_argument("--runs", type=int, default=200)
    asked = parser.parse_args()
    true = truth(asked.groups, 1)
    found = np.stack([run(asked.groups, seed) for seed in range(asked.runs)])
    for place, what in enumerate(("75 % to all", "twice the data")):
        value, low, high = found[:, place].T
        held = np.mean((low <= true[place]) & (true[place] <= high))
        print(
            f"{what}: truth {true[place]:+.4f}, estimate {value.mean():+.4f} "
            f"(sd {value.std():.4f}), half width {(high - low).mean() / 2:.4f}, "
            f"coverage {held:.3f}"
        )


if __name__ == "__main__":
    main()
