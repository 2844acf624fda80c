"""Intervals of rates, of their difference and of MCC."""

import numpy as np
from scipy.stats import norm

from evenfold.metrics.counts import Confusion, matthews


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

    Returns
    -------
    float

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
    """Wilson score interval of a proportion.

    Parameters
    ----------
    successes, n : float
        `n` may be an effective number.
    level : float

    Returns
    -------
    tuple of float
        Low and high end; NaN where n is 0.

    References
    ----------
    Wilson 1927, J. American Statistical Association 22:209.

    Examples
    --------
    >>> [round(end, 3) for end in wilson(81, 263)]
    [0.255, 0.366]
    """
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

    Parameters
    ----------
    successes, totals : tuple of float
        Of the first and of the second.
    level : float

    Returns
    -------
    tuple of float
        Low and high end.

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
    counts: Confusion, resamples: int, seed: int, level: float = 0.95
) -> tuple[float, float]:
    """Percentile interval of MCC at a fixed threshold, stratified by class.

    Resampling rows within a class and counting is binomial in the counts, so only the
    counts are resampled.

    Parameters
    ----------
    counts : dict
        tp, fp, tn, fn.
    resamples, seed : int
    level : float

    Returns
    -------
    tuple of float
        Low and high end; NaN where a class is missing.
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


def moved(
    before: Confusion, after: Confusion, resamples: int, seed: int, level: float = 0.95
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Intervals of what another threshold on the same scores changes.

    What the higher threshold calls positive, the lower one does too; so the counts tell
    how many rows of each class are called otherwise, and resampling rows within a class
    is multinomial in them.

    Parameters
    ----------
    before, after : dict
        tp, fp, tn, fn at either threshold.
    resamples, seed : int
    level : float

    Returns
    -------
    tuple of tuple of float
        Of the difference of MCC, and of that of |SN - SP|; NaN where a class is missing.
    """
    generator = np.random.default_rng(seed)
    n1, n0 = before["tp"] + before["fn"], before["tn"] + before["fp"]
    if not n1 or not n0:
        return (float("nan"),) * 2, (float("nan"),) * 2
    tps = _nested(n1, before["tp"], after["tp"], resamples, generator)
    fps = _nested(n0, before["fp"], after["fp"], resamples, generator)
    mcc = [matthews(tp, fp, n0 - fp, n1 - tp) for tp, fp in zip(tps, fps)]
    gap = [np.abs(tp / n1 - 1 + fp / n0) for tp, fp in zip(tps, fps)]
    return interval(mcc[1] - mcc[0], level), interval(gap[1] - gap[0], level)


def _nested(n, before, after, resamples, generator):
    """Rows called before and after, of n drawn anew; the fewer are among the more."""
    low, high = sorted((before, after))
    shares = np.array([low, high - low, n - high]) / n
    parts = generator.multinomial(n, shares, resamples)
    both, more = parts[:, 0], parts[:, 0] + parts[:, 1]
    return (both, more) if before <= after else (more, both)


def interval(values: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """Percentile interval of a bootstrap distribution.

    Parameters
    ----------
    values : ndarray, shape (resamples,)
        NaN ones are left out.
    level : float

    Returns
    -------
    tuple of float
        Low and high end.
    """
    low, high = np.nanquantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
