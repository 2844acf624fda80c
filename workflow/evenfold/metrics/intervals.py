"""Intervals of rates, of their difference and of MCC."""

import numpy as np

# Its statistics are loaded when first used: they take a second, and prediction needs none.
import scipy

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
    z = scipy.stats.norm.ppf((1 + level) / 2)
    p = successes / n
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return float(centre - half), float(centre + half)


def errors_of_mean(level: float, n: int) -> float:
    """How many standard errors an interval of a mean over n values reaches to each side.

    Parameters
    ----------
    level : float
        Of the interval, 0 to 1.
    n : int

    Returns
    -------
    float
        Student's: infinite for a single value.
    """
    if n < 2:
        return np.inf
    return float(scipy.stats.t.ppf((1 + level) / 2, n - 1))


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
    """Percentile interval of MCC at a fixed threshold, rows taken as independent.

    Resampling rows and counting is multinomial in the counts, so only the counts are
    resampled. The class ratio varies with them: the interval is of MCC in the
    population, not at the ratio that this sample happens to have.

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
    cells = np.array([counts[key] for key in ("tp", "fp", "tn", "fn")])
    drawn = generator.multinomial(n1 + n0, cells / (n1 + n0), resamples)
    tp, fp, tn, fn = drawn.T
    values = np.where((tp + fn > 0) & (tn + fp > 0), matthews(tp, fp, tn, fn), np.nan)
    return interval(values, min(n1, n0), level)


def moved(
    before: Confusion, after: Confusion, resamples: int, seed: int, level: float = 0.95
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Intervals of what another threshold on the same scores changes.

    What the higher threshold calls positive, the lower one does too; so the counts tell
    how many rows of each class are called otherwise, and resampling rows is multinomial
    in them. Rows are taken as independent, and the class ratio varies with them.

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
    cells = np.r_[
        _nested(n1, before["tp"], after["tp"]), _nested(n0, before["fp"], after["fp"])
    ]
    drawn = generator.multinomial(n1 + n0, cells / (n1 + n0), resamples).astype(float)
    drawn[(drawn[:, :3].sum(1) == 0) | (drawn[:, 3:].sum(1) == 0)] = np.nan
    tps = _called(drawn[:, :3], before["tp"] <= after["tp"])
    fps = _called(drawn[:, 3:], before["fp"] <= after["fp"])
    n1s, n0s = drawn[:, :3].sum(1), drawn[:, 3:].sum(1)
    mcc = [matthews(tp, fp, n0s - fp, n1s - tp) for tp, fp in zip(tps, fps)]
    gap = [np.abs(tp / n1s - 1 + fp / n0s) for tp, fp in zip(tps, fps)]
    scarcer = min(n1, n0)
    return (
        interval(mcc[1] - mcc[0], scarcer, level),
        interval(gap[1] - gap[0], scarcer, level),
    )


def _nested(n, before, after):
    """Rows called at both thresholds, at one, and at none; the fewer are in the more."""
    low, high = sorted((before, after))
    return np.array([low, high - low, n - high])


def _called(parts, rises):
    """Rows called before and after, of such parts drawn anew."""
    both, more = parts[:, 0], parts[:, 0] + parts[:, 1]
    return (both, more) if rises else (more, both)


def interval(
    values: np.ndarray, size: float = np.inf, level: float = 0.95
) -> tuple[float, float]:
    """Percentile interval of a bootstrap distribution, expanded for a small sample.

    A bootstrap distribution of few units is too narrow by sqrt((size - 1) / size), and
    its percentiles take no account of a spread that is estimated. So the percentiles are
    taken further out, by sqrt(size / (size - 1)) and from Student's t.

    Parameters
    ----------
    values : ndarray, shape (resamples,)
        NaN ones are left out.
    size : float
        Units resampled; of two classes those of the scarcer.
    level : float

    Returns
    -------
    tuple of float
        Low and high end.

    References
    ----------
    Hesterberg 2015, The American Statistician 69:371 (expanded percentile interval).
    """
    z = scipy.stats.norm.ppf((1 + level) / 2)
    if np.isfinite(size):
        size = max(2.0, size)
        z = np.sqrt(size / (size - 1)) * scipy.stats.t.ppf((1 + level) / 2, size - 1)
    low, high = np.nanquantile(
        values, [scipy.stats.norm.cdf(-z), scipy.stats.norm.cdf(z)]
    )
    return float(low), float(high)


def expanded_p(p: float, size: float) -> float:
    """Two-sided p of a bootstrap distribution, expanded as `interval` is.

    Parameters
    ----------
    p : float
        Twice the share of resamples beyond zero.
    size : float
        Units resampled; of two classes those of the scarcer.

    Returns
    -------
    float
        Below 0.05 where the 95 % interval excludes zero.
    """
    size = max(2.0, size)
    z = scipy.stats.norm.isf(min(1.0, p) / 2) * np.sqrt((size - 1) / size)
    return float(2 * scipy.stats.t.sf(z, size - 1))
