"""Scores, their logits, and what they are worth whatever the threshold."""

import numpy as np

# Its statistics are loaded when first used: they take a second, and prediction needs none.
import scipy
from numpy.typing import ArrayLike


def sigmoid(logit: ArrayLike) -> np.ndarray:
    """Score of a logit, without overflow.

    Parameters
    ----------
    logit : array_like

    Returns
    -------
    ndarray of float64
    """
    logit = np.asarray(logit, dtype=np.float64)
    small = np.exp(-np.abs(logit))
    return np.where(logit >= 0, 1 / (1 + small), small / (1 + small))


def logit(score: ArrayLike) -> np.ndarray:
    """Logit of a score; infinite at 0 and 1.

    Parameters
    ----------
    score : array_like

    Returns
    -------
    ndarray of float64
    """
    score = np.asarray(score, dtype=np.float64)
    with np.errstate(divide="ignore"):
        return np.log(score) - np.log1p(-score)


def auroc(scores: ArrayLike, labels: ArrayLike) -> float:
    """Area under the ROC curve, ties counted half.

    Parameters
    ----------
    scores, labels : array_like, shape (n,)

    Returns
    -------
    float
        NaN with a single class.

    Examples
    --------
    >>> auroc([0.9, 0.6, 0.4, 0.2], [1, 0, 1, 0])
    0.75
    """
    positive = np.asarray(labels) == 1
    n1, n0 = int(positive.sum()), int((~positive).sum())
    if not n1 or not n0:
        return float("nan")
    ranks = scipy.stats.rankdata(scores)
    return float((ranks[positive].sum() - n1 * (n1 + 1) / 2) / (n1 * n0))


def auprc(scores: ArrayLike, labels: ArrayLike) -> float:
    """Average precision: sum of precision times the step in recall, ties together.

    Parameters
    ----------
    scores, labels : array_like, shape (n,)

    Returns
    -------
    float
        NaN without positives.
    """
    order = np.argsort(-np.asarray(scores), kind="stable")
    scores, positive = np.asarray(scores)[order], np.asarray(labels)[order] == 1
    if not positive.any():
        return float("nan")
    last = np.flatnonzero(np.r_[np.diff(scores) != 0, True])
    tp = positive.cumsum()[last]
    precision, recall = tp / (last + 1), tp / positive.sum()
    return float((precision * np.diff(recall, prepend=0.0)).sum())


def brier(scores: ArrayLike, labels: ArrayLike) -> float:
    """Mean squared difference of score and label.

    Parameters
    ----------
    scores, labels : array_like, shape (n,)

    Returns
    -------
    float
    """
    return float(np.mean((np.asarray(scores) - np.asarray(labels)) ** 2))
