"""Bootstrap over groups of related sequences, for all variants and thresholds at once.

A resample is a weight per row: how often its group was drawn. Rates at fixed calls are
then one matrix product, and re-tuned thresholds are cumulative sums in the order of the
scores; nothing is resampled row by row.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from evenfold.selection.criteria import utility
from evenfold.selection.metrics import matthews

#: Cells of a weight matrix held at once; bounds memory, not results.
_CELLS = 4_000_000


def group_weights(
    clusters: np.ndarray, labels: np.ndarray, resamples: int, seed: int
) -> Iterator[np.ndarray]:
    """Weights of the rows in bootstrap samples of whole groups, in pieces.

    Groups are drawn within the kinds that hold positives alone, negatives alone, or
    both, so that the class ratio varies little and no sample lacks a class for want of
    luck. Where every row is its own group this is the bootstrap stratified by class.

    Parameters
    ----------
    clusters, labels : ndarray of int, shape (n,)
    resamples : int
    seed : int

    Yields
    ------
    ndarray of float32, shape (resamples of the piece, n)
    """
    generator = np.random.default_rng(seed)
    _, group = np.unique(clusters, return_inverse=True)
    n_groups = group.max() + 1
    positives = np.bincount(group, labels == 1, n_groups) > 0
    negatives = np.bincount(group, labels != 1, n_groups) > 0
    kinds = positives + 2 * negatives
    step = max(1, _CELLS // max(1, len(labels)))
    for start in range(0, resamples, step):
        size = min(step, resamples - start)
        counts = np.zeros((size, n_groups), dtype=np.float32)
        for kind in np.unique(kinds):
            own = np.flatnonzero(kinds == kind)
            share = np.full(len(own), 1 / len(own))
            counts[:, own] = generator.multinomial(len(own), share, size)
        yield counts[:, group]


@dataclass(frozen=True)
class Resampled:
    """Rates of every variant in every resample.

    Attributes
    ----------
    mcc, gap : ndarray, shape (resamples, variants)
        At the fixed thresholds: what another sample would show of these classifiers.
    tuned_mcc, tuned_gap, tuned_logit : ndarray, shape (resamples, variants)
        With the threshold tuned anew in the resample, and that threshold.
    unseen_mcc : ndarray, shape (resamples, variants)
        At the re-tuned threshold, on the groups that the resample left out; NaN when
        they lack a class.
    """

    mcc: np.ndarray
    gap: np.ndarray
    tuned_mcc: np.ndarray
    tuned_gap: np.ndarray
    tuned_logit: np.ndarray
    unseen_mcc: np.ndarray


def resample(
    logits: np.ndarray,
    labels: np.ndarray,
    clusters: np.ndarray,
    thresholds: np.ndarray,
    resamples: int,
    seed: int,
    criterion: str = "sn_eq_sp",
    settings: dict | None = None,
) -> Resampled:
    """Bootstrap of groups for several variants on the same rows.

    Parameters
    ----------
    logits : ndarray, shape (variants, n)
    labels, clusters : ndarray of int, shape (n,)
    thresholds : ndarray, shape (variants,)
        Fixed thresholds, on the scale of logits.
    resamples : int
    seed : int
    criterion : str
        What thresholds are re-tuned to; see `criteria.utility`.
    settings : dict, optional
        Of the criterion.
    """
    positive = (labels == 1).astype(np.float32)
    called = (logits >= thresholds[:, None]).astype(np.float32)
    orders = [_Order(z, positive) for z in logits]
    parts = {name: [] for name in Resampled.__dataclass_fields__}
    for weights in group_weights(clusters, labels, resamples, seed):
        # float32 sums of small whole numbers are exact.
        n1 = weights @ positive
        n0 = weights.sum(1) - n1
        tp = weights @ (called * positive).T
        fp = weights @ (called * (1 - positive)).T
        parts["mcc"].append(_matthews(tp, fp, n1[:, None], n0[:, None]))
        parts["gap"].append(tp / n1[:, None] - 1 + fp / n0[:, None])
        tuned = [order.tuned(weights, n1, n0, criterion, settings) for order in orders]
        for position, name in enumerate(
            ("tuned_mcc", "tuned_gap", "tuned_logit", "unseen_mcc")
        ):
            parts[name].append(np.stack([one[position] for one in tuned], axis=1))
    return Resampled(**{name: np.concatenate(rows) for name, rows in parts.items()})


class _Order:
    """One variant's rows by score, ties together."""

    def __init__(self, logits, positive):
        self.order = np.argsort(-logits, kind="stable")
        z = logits[self.order]
        self.positive = positive[self.order].astype(bool)
        self.last = np.flatnonzero(np.r_[z[1:] != z[:-1], True])
        distinct = z[self.last]
        below = np.r_[distinct[1:], distinct[-1] - 1.0]
        self.middle = distinct + (below - distinct) / 2

    def tuned(self, weights, n1, n0, criterion, settings):
        sorted_weights = weights[:, self.order]
        tp, fp = self._counts(sorted_weights)
        gap = tp / n1[:, None] - 1 + fp / n0[:, None]
        if criterion == "sn_eq_sp":
            best = np.abs(gap).argmin(axis=1)
        else:
            counts = tp, fp, n1[:, None], n0[:, None]
            best = utility(criterion, *counts, settings or {}).argmax(axis=1)
        rows = np.arange(len(best))
        tp, fp, gap = tp[rows, best], fp[rows, best], gap[rows, best]
        left_out = (sorted_weights == 0).astype(np.float32)
        cut = self.last[best]
        inside = np.arange(left_out.shape[1])[None, :] <= cut[:, None]
        called = left_out * inside
        out_tp = (called * self.positive).sum(1)
        out_fp = called.sum(1) - out_tp
        out1 = left_out @ self.positive.astype(np.float32)
        out0 = left_out.sum(1) - out1
        unseen = _matthews(out_tp, out_fp, out1, out0)
        unseen = np.where((out1 > 0) & (out0 > 0), unseen, np.nan)
        return _matthews(tp, fp, n1, n0), gap, self.middle[best], unseen

    def _counts(self, weights):
        """Weight called, by class, at every distinct threshold."""
        tp = np.cumsum(weights * self.positive, axis=1)[:, self.last]
        return tp, np.cumsum(weights, axis=1)[:, self.last] - tp


def _matthews(tp, fp, n1, n0):
    return matthews(tp, fp, n0 - fp, n1 - tp)


def group_intervals(
    scores: np.ndarray,
    labels: np.ndarray,
    clusters: np.ndarray,
    thresholds: np.ndarray,
    resamples: int,
    seed: int,
) -> dict[str, tuple[float, float]]:
    """Intervals of SN, SP, gap and MCC by a bootstrap over groups.

    With one threshold they are of the classifier as it is. With several, such as tuning
    gave on resamples of the out-of-fold scores, every resample is called at one of them
    at random, and the intervals are of the procedure.

    Parameters
    ----------
    scores : ndarray, shape (n,)
    labels, clusters : ndarray of int, shape (n,)
    thresholds : ndarray, shape (thresholds,)
        On the scale of scores.
    resamples, seed : int

    Returns
    -------
    dict
        `sn`, `sp`, `gap` and `mcc`, each (low, high); NaN where a class is missing.
    """
    positive = labels == 1
    if positive.all() or not positive.any():
        return dict.fromkeys(("sn", "sp", "gap", "mcc"), (float("nan"),) * 2)
    generator = np.random.default_rng([seed, 1])
    drawn = generator.choice(np.asarray(thresholds, dtype=np.float64), resamples)
    parts, start = [], 0
    for weights in group_weights(clusters, labels, resamples, seed):
        limits = drawn[start : start + len(weights), None]
        start += len(weights)
        called = weights * (scores[None] >= limits)
        n1 = weights[:, positive].sum(1)
        tp, fp = called[:, positive].sum(1), called[:, ~positive].sum(1)
        parts.append(np.stack([tp, fp, n1, weights.sum(1) - n1]))
    tp, fp, n1, n0 = np.concatenate(parts, axis=1).astype(np.float64)
    sn, sp = tp / n1, 1 - fp / n0
    values = {"sn": sn, "sp": sp, "gap": sn - sp, "mcc": _matthews(tp, fp, n1, n0)}
    return {key: interval(value) for key, value in values.items()}


def interval(values: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """Percentile interval of a bootstrap distribution, shape (resamples,)."""
    low, high = np.nanquantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def corrected_best(resampled: Resampled) -> tuple[float, float]:
    """What the best of several variants is worth, without the luck of being the best.

    In every resample the variant with the largest re-tuned MCC is picked and scored on
    the groups that were left out.

    Returns
    -------
    tuple of float
        Mean over the resamples, and their standard deviation.

    References
    ----------
    Tsamardinos et al. 2018, Machine Learning 107:1895 (BBC-CV).
    """
    best = resampled.tuned_mcc.argmax(axis=1)
    values = resampled.unseen_mcc[np.arange(len(best)), best]
    return float(np.nanmean(values)), float(np.nanstd(values, ddof=1))
