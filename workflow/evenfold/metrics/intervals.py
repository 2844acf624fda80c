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
