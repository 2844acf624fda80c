"""Bootstrap over groups of related sequences.

A resample is a weight per row: how often its group was drawn. Rates at fixed calls are
then one matrix product; nothing is resampled row by row.
"""

from collections.abc import Iterator

import numpy as np

from evenfold.metrics.counts import matthews
from evenfold.metrics.intervals import interval

#: Cells of a weight matrix held at once; bounds memory, not results.
_CELLS = 4_000_000


def class_groups(clusters: np.ndarray, labels: np.ndarray) -> tuple[int, int]:
    """Groups that hold positives, and groups that hold negatives.

    Parameters
    ----------
    clusters, labels : ndarray of int, shape (n,)

    Returns
    -------
    tuple of int
        A group that holds both counts in both.
    """
    positive = np.asarray(labels) == 1
    own, others = clusters[positive], clusters[~positive]
    return len(np.unique(own)), len(np.unique(others))


def group_weights(
    clusters: np.ndarray, labels: np.ndarray, resamples: int, seed: int
) -> Iterator[np.ndarray]:
    """Weights of the rows in bootstrap samples of whole groups, in pieces.

    Groups are drawn from all groups, whatever their class, so that the class ratio
    varies as it does from sample to sample: MCC depends on it. A resample that lacks a
    class which the data have is drawn again.

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
    # Apart, so that where pieces end changes nothing.
    again = np.random.default_rng([seed, 2])
    _, group = np.unique(clusters, return_inverse=True)
    n_groups = group.max() + 1
    share = np.full(n_groups, 1 / n_groups)
    held = [np.bincount(group, labels == y, n_groups) > 0 for y in (1, 0)]
    kinds = np.stack([kind for kind in held if kind.any()], axis=1)
    step = max(1, _CELLS // max(1, len(labels)))
    for start in range(0, resamples, step):
        counts = generator.multinomial(n_groups, share, min(step, resamples - start))
        for row in np.flatnonzero((counts @ kinds == 0).any(axis=1)):
            while (counts[row] @ kinds == 0).any():
                counts[row] = again.multinomial(n_groups, share)
        yield counts.astype(np.float32)[:, group]


def group_intervals(
    scores: np.ndarray,
    labels: np.ndarray,
    clusters: np.ndarray,
    thresholds: np.ndarray,
    resamples: int,
    seed: int,
) -> dict[str, tuple[float, float]]:
    """Intervals of SN, SP, gap and MCC by a bootstrap over groups.

    They are of the values in the population that the groups come from, at its own class
    ratio, and widened by the number of groups of the scarcer class (see `interval`).
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
    values = {
        "sn": sn,
        "sp": sp,
        "gap": sn - sp,
        "mcc": matthews(tp, fp, n0 - fp, n1 - tp),
    }
    scarcer = min(class_groups(clusters, labels))
    return {key: interval(value, scarcer) for key, value in values.items()}


def weighted_auroc(
    scores: np.ndarray, labels: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Area under the ROC curve of every resample, ties counted half.

    Parameters
    ----------
    scores : ndarray, shape (n,)
    labels : ndarray of int, shape (n,)
    weights : ndarray, shape (resamples, n)
        How often each row was drawn; of either class at least one.

    Returns
    -------
    ndarray, shape (resamples,)

    Examples
    --------
    >>> scores, labels = np.array([0.9, 0.6, 0.4, 0.2]), np.array([1, 0, 1, 0])
    >>> weighted_auroc(scores, labels, np.array([[1, 1, 1, 1], [1, 1, 0, 1]])).tolist()
    [0.75, 1.0]
    """
    order = np.argsort(scores, kind="stable")
    ordered, positive = scores[order], labels[order] == 1
    weights = weights[:, order].astype(np.float64)
    below = np.zeros((len(weights), len(scores) + 1))
    np.cumsum(weights * ~positive, axis=1, out=below[:, 1:])
    mine = np.flatnonzero(positive)
    first = np.searchsorted(ordered, ordered[mine], "left")
    last = np.searchsorted(ordered, ordered[mine], "right")
    drawn = weights[:, mine]
    won = (drawn * (below[:, first] + below[:, last])).sum(1) / 2
    return won / (drawn.sum(1) * below[:, -1])


def counts_of_calls(
    weights: np.ndarray, called: np.ndarray, positive: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Weighted counts of several classifiers in every resample.

    Parameters
    ----------
    weights : ndarray of float32, shape (resamples, n)
    called : ndarray of float32, shape (classifiers, n)
        1 where a classifier calls a row positive, 0 elsewhere.
    positive : ndarray of float32, shape (n,)

    Returns
    -------
    tuple of ndarray
        TP and FP, each (resamples, classifiers); positives and negatives, each
        (resamples,).
    """
    # float32 sums of small whole numbers are exact.
    n1 = weights @ positive
    n0 = weights.sum(1) - n1
    tp = weights @ (called * positive).T
    fp = weights @ (called * (1 - positive)).T
    return tp, fp, n1, n0


def paired_difference(
    called: np.ndarray,
    reference: np.ndarray,
    labels: np.ndarray,
    clusters: np.ndarray,
    resamples: int,
    seed: int,
) -> tuple[float, float]:
    """Interval of MCC less that of a reference, both on the same resamples of groups.

    Of the difference in the population that the groups come from, as `group_intervals`.

    Parameters
    ----------
    called, reference : ndarray of bool, shape (n,)
    labels, clusters : ndarray of int, shape (n,)
    resamples, seed : int

    Returns
    -------
    tuple of float
        Low and high end.
    """
    both = np.stack([reference, called]).astype(np.float32)
    positive = (labels == 1).astype(np.float32)
    drawn = []
    for weights in group_weights(clusters, labels, resamples, seed):
        tp, fp, n1, n0 = counts_of_calls(weights, both, positive)
        drawn.append(matthews(tp, fp, n0[:, None] - fp, n1[:, None] - tp))
    mcc = np.concatenate(drawn)
    return interval(mcc[:, 1] - mcc[:, 0], min(class_groups(clusters, labels)))
