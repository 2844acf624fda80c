"""Metrics of a binary classification from counts and from scores.

A sequence is called positive when score >= threshold; a degenerate MCC is 0.0.
"""

import numpy as np
from scipy.stats import norm, rankdata


def confusion(scores: np.ndarray, labels: np.ndarray, threshold: float) -> dict:
    """Confusion counts at a threshold: tp, fp, tn, fn.

    Parameters
    ----------
    scores, labels : ndarray, shape (n,)
    threshold : float
    """
    called = np.asarray(scores) >= threshold
    positive = np.asarray(labels) == 1
    return {
        "tp": int((called & positive).sum()),
        "fp": int((called & ~positive).sum()),
        "tn": int((~called & ~positive).sum()),
        "fn": int((~called & positive).sum()),
    }


def matthews(tp, fp, tn, fn) -> np.ndarray:
    """Matthews correlation coefficient of counts, elementwise; degenerate: 0.0.

    Parameters
    ----------
    tp, fp, tn, fn : array_like, broadcastable

    Returns
    -------
    ndarray of float
    """
    tp, fp, tn, fn = (np.asarray(x, dtype=np.float64) for x in (tp, fp, tn, fn))
    scale = np.sqrt((tp + fp) * (tp + fn)) * np.sqrt((tn + fp) * (tn + fn))
    with np.errstate(invalid="ignore", divide="ignore"):
        value = (tp * tn - fp * fn) / scale
    return np.where(scale > 0, value, 0.0)


def rates(tp: int, fp: int, tn: int, fn: int) -> dict:
    """SN, SP, their gap, MCC and ACC of one confusion matrix.

    Sensitivity without positives and specificity without negatives are NaN.
    """
    sn = tp / (tp + fn) if tp + fn else float("nan")
    sp = tn / (tn + fp) if tn + fp else float("nan")
    return {
        "sn": sn,
        "sp": sp,
        "gap": sn - sp,
        "mcc": float(matthews(tp, fp, tn, fn)),
        "acc": (tp + tn) / (tp + fp + tn + fn),
    }


def effective_size(correct: np.ndarray, clusters: np.ndarray) -> float:
    """Number of independent rows that would pin a proportion down as well as these do.

    n over the design effect: the variance of the proportion between groups to that of
    as many independent rows, at least 1. Where every row is right, or none, nothing
    tells how alike the rows of a group are, and groups count as one row each by their
    sizes (Kish).

    Parameters
    ----------
    correct : ndarray of bool, shape (n,)
    clusters : ndarray of int, shape (n,)

    References
    ----------
    Korn and Graubard 1998, Survey Methodology 24:193; Dean and Pagano 2015, J. Survey
    Statistics and Methodology 3:484 (Wilson's interval at the effective size).
    """
    n = len(correct)
    if n == 0:
        return 0.0
    _, group = np.unique(clusters, return_inverse=True)
    sizes = np.bincount(group).astype(np.float64)
    p = float(np.mean(correct))
    if p in (0.0, 1.0):
        return float(n**2 / (sizes**2).sum())
    excess = np.bincount(group, correct) - p * sizes
    groups = len(sizes)
    variance = groups / max(1, groups - 1) * (excess**2).sum() / n**2
    return float(n / max(1.0, variance * n / (p * (1 - p))))


def wilson(successes: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Wilson score interval of a proportion (Wilson 1927); n may be an effective one."""
    if n == 0:
        return float("nan"), float("nan")
    z = norm.ppf((1 + level) / 2)
    p = successes / n
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return float(centre - half), float(centre + half)


def newcombe(
    successes: tuple[float, float], totals: tuple[float, float], level: float = 0.95
) -> tuple[float, float]:
    """Interval of the difference of two independent proportions.

    References
    ----------
    Newcombe 1998, Statistics in Medicine 17:873, method 10 (hybrid score).
    """
    (low1, high1), (low2, high2) = (
        wilson(x, n, level) for x, n in zip(successes, totals)
    )
    p1, p2 = (x / n if n else float("nan") for x, n in zip(successes, totals))
    low = p1 - p2 - np.hypot(p1 - low1, high2 - p2)
    high = p1 - p2 + np.hypot(high1 - p1, p2 - low2)
    return float(low), float(high)


def bootstrap_mcc(
    counts: dict, resamples: int, seed: int, level: float = 0.95
) -> tuple[float, float]:
    """Percentile interval of MCC at a fixed threshold, stratified by class.

    Resampling rows within a class and counting is binomial in the counts, so only the
    counts are resampled.

    Parameters
    ----------
    counts : dict
        tp, fp, tn, fn.
    """
    generator = np.random.default_rng(seed)
    n1, n0 = counts["tp"] + counts["fn"], counts["tn"] + counts["fp"]
    if not n1 or not n0:
        return float("nan"), float("nan")
    tp = generator.binomial(n1, counts["tp"] / n1, resamples)
    tn = generator.binomial(n0, counts["tn"] / n0, resamples)
    values = matthews(tp, n0 - tn, tn, n1 - tp)
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def auroc(scores: np.ndarray, labels: np.ndarray) -> float:
    """Area under the ROC curve, ties counted half; NaN with a single class."""
    positive = np.asarray(labels) == 1
    n1, n0 = int(positive.sum()), int((~positive).sum())
    if not n1 or not n0:
        return float("nan")
    ranks = rankdata(scores)
    return float((ranks[positive].sum() - n1 * (n1 + 1) / 2) / (n1 * n0))


def auprc(scores: np.ndarray, labels: np.ndarray) -> float:
    """Average precision: sum of precision times the step in recall, ties together."""
    order = np.argsort(-np.asarray(scores), kind="stable")
    scores, positive = np.asarray(scores)[order], np.asarray(labels)[order] == 1
    if not positive.any():
        return float("nan")
    last = np.flatnonzero(np.r_[np.diff(scores) != 0, True])
    tp = positive.cumsum()[last]
    precision, recall = tp / (last + 1), tp / positive.sum()
    return float((precision * np.diff(recall, prepend=0.0)).sum())


def brier(scores: np.ndarray, labels: np.ndarray) -> float:
    """Mean squared difference of score and label."""
    return float(np.mean((np.asarray(scores) - np.asarray(labels)) ** 2))
