"""Tests of one classifier against another on the same rows."""

from typing import TypedDict

import numpy as np

# Its statistics are loaded when first used: they take a second, and prediction needs none.
import scipy
from numpy.typing import ArrayLike


class Disagreement(TypedDict):
    """Rows that one of two classifiers alone gets right, and McNemar's p."""

    only: int
    only_reference: int
    p: float


def delong(
    scores: np.ndarray, reference: np.ndarray, labels: np.ndarray
) -> dict[str, float]:
    """DeLong's test of two correlated AUROCs.

    Parameters
    ----------
    scores, reference : ndarray, shape (n,)
        Scores of the two classifiers.
    labels : ndarray of int, shape (n,)

    Returns
    -------
    dict
        difference (scores - reference), se, z and two-sided p.

    References
    ----------
    DeLong et al. 1988, Biometrics 44:837; Sun and Xu 2014 (midranks).
    """
    positive = labels == 1
    n1, n0 = int(positive.sum()), int((~positive).sum())
    area, inside1, inside0 = [], [], []
    for values in (scores, reference):
        among = scipy.stats.rankdata(values)
        own1, own0 = (
            scipy.stats.rankdata(values[positive]),
            scipy.stats.rankdata(values[~positive]),
        )
        area.append((among[positive].sum() - n1 * (n1 + 1) / 2) / (n1 * n0))
        inside1.append((among[positive] - own1) / n0)
        inside0.append(1 - (among[~positive] - own0) / n1)
    covariance = np.cov(inside1) / n1 + np.cov(inside0) / n0
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    difference = area[0] - area[1]
    se = float(np.sqrt(max(variance, 0.0)))
    z = difference / se if se > 0 else 0.0
    return {
        "difference": float(difference),
        "se": se,
        "z": float(z),
        "p": float(2 * scipy.stats.norm.sf(abs(z))),
    }


def mcnemar(right: np.ndarray, reference: np.ndarray) -> Disagreement:
    """McNemar's test on which rows two classifiers get right.

    Exact binomial with fewer than 25 disagreements, mid-p otherwise.

    Parameters
    ----------
    right, reference : ndarray of bool, shape (n,)

    Returns
    -------
    dict
        `only` and `only_reference`, rows that one alone gets right, and two-sided p.

    References
    ----------
    McNemar 1947, Psychometrika 12:153; Fagerland et al. 2013 (mid-p).
    """
    b, c = int((right & ~reference).sum()), int((~right & reference).sum())
    n, k = b + c, min(b, c)
    p = min(1.0, 2 * scipy.stats.binom.cdf(k, n, 0.5)) if n else 1.0
    if n >= 25:
        p = min(1.0, p - scipy.stats.binom.pmf(k, n, 0.5))
    return {"only": b, "only_reference": c, "p": float(p)}


def corrected_t(differences: np.ndarray, test_share: float) -> dict[str, float]:
    """Corrected resampled t-test over folds (and repeats).

    Parameters
    ----------
    differences : ndarray, shape (folds,)
        Of a metric, fold by fold.
    test_share : float
        Rows tested by rows trained on; 1 / (k - 1) in k folds.

    Returns
    -------
    dict
        mean, se, t, two-sided p.

    References
    ----------
    Nadeau and Bengio 2003, Machine Learning 52:239.
    """
    d = np.asarray(differences, dtype=np.float64)
    se = float(np.sqrt((1 / len(d) + test_share) * d.var(ddof=1)))
    t = d.mean() / se if se > 0 else 0.0
    p = 2 * scipy.stats.t.sf(abs(t), len(d) - 1)
    return {"mean": float(d.mean()), "se": se, "t": float(t), "p": float(p)}


def holm(p_values: ArrayLike) -> np.ndarray:
    """Holm's step-down adjustment of several p-values, in their order.

    Parameters
    ----------
    p_values : array_like, shape (tests,)

    Returns
    -------
    ndarray, shape (tests,)

    References
    ----------
    Holm 1979, Scandinavian Journal of Statistics 6:65.
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p)
    adjusted = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    out = np.empty_like(p)
    out[order] = np.minimum(adjusted, 1.0)
    return out
