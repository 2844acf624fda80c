"""Thresholds and intervals measured against scikit-learn and scipy, in turns.

    python benchmarks/decisions.py

CPU seconds of this process: all criteria of one sweep against the search of
TunedThresholdClassifierCV for one criterion; bootstrap intervals of MCC per resample
against scipy.stats.bootstrap; and the bootstrap over groups for 16 variants at n = 507.
"""

import time

import numpy as np
from scipy.stats import bootstrap
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import balanced_accuracy_score, matthews_corrcoef
from sklearn.model_selection import TunedThresholdClassifierCV

from evenfold.config.criteria import CRITERIA
from evenfold.metrics import bootstrap_mcc, confusion
from evenfold.selection.resampling import resample
from evenfold.selection.thresholds import choose, sweep

POINTWISE = [name for name in CRITERIA if name not in ("constrained_mcc", "ghost")]


class Scores(ClassifierMixin, BaseEstimator):
    """A fitted classifier whose scores are its input."""

    def fit(self, x, y):
        self.classes_ = np.array([0, 1])
        return self

    def decision_function(self, x):
        return x[:, 0]


def seconds(function, repeats=3) -> float:
    """Smallest CPU time of some calls."""
    best = float("inf")
    for _ in range(repeats):
        start = time.process_time()
        function()
        best = min(best, time.process_time() - start)
    return best


def data(n: int, seed=0):
    """Gaussian scores 1.5 apart."""
    generator = np.random.default_rng(seed)
    y = (generator.random(n) < 0.4).astype(int)
    return generator.normal(1.5 * y), y


def sweeps() -> None:
    """Ours: ten criteria; theirs: 100 thresholds for balanced accuracy."""
    print("| scores | scikit-learn / ours, one criterion | ten criteria | better by |")
    print("|---:|---:|---:|---:|")
    for n in (10_000, 100_000, 1_000_000):
        z, y = data(n)
        model = TunedThresholdClassifierCV(
            Scores().fit(None, None), cv="prefit", refit=False, n_jobs=1
        )
        theirs = seconds(lambda m=model, z=z, y=y: m.fit(z[:, None], y), 1)
        one = seconds(lambda z=z, y=y: choose(sweep(z, y), "youden"))

        def ten(z=z, y=y):
            points = sweep(z, y)
            return [choose(points, name) for name in POINTWISE]

        points = sweep(z, y)
        best = points.logit[choose(points, "youden")]
        gain = balanced_accuracy_score(y, z >= best) - balanced_accuracy_score(
            y, z >= model.best_threshold_
        )
        print(
            f"| {n:,} | {theirs / one:.0f} | {theirs / seconds(ten):.0f} | {gain:+.5f} |"
        )


def intervals() -> None:
    """Time per resample, and the whole of a selection."""
    z, y = data(507)
    called = (z >= 0.75).astype(int)
    ours = seconds(lambda: bootstrap_mcc(confusion(z, y, 0.75), 10_000, 0)) / 10_000
    theirs = (
        seconds(
            lambda: bootstrap(
                (y, called), matthews_corrcoef, paired=True, vectorized=False,
                n_resamples=200, method="percentile",
            ),
            1,
        )
        / 200
    )  # fmt: skip
    print(f"\nMCC per resample: scipy and scikit-learn / ours = {theirs / ours:.0f}")
    generator = np.random.default_rng(1)
    logits = z + generator.normal(0, 0.3, (16, 507))
    clusters = np.arange(507) // 2
    for resamples in (2_000, 10_000):
        took = seconds(
            lambda r=resamples: resample(logits, y, clusters, np.zeros(16), r, 0), 1
        )
        print(
            f"Groups, 16 variants, n = 507, {resamples} resamples, thresholds re-tuned: "
            f"{took:.1f} CPU seconds"
        )


if __name__ == "__main__":
    sweeps()
    intervals()
