"""Scores, their logits, and what they are worth whatever the threshold."""

import numpy as np
from scipy.stats import rankdata


def sigmoid(logit):
    """Score of a logit, without overflow."""
    logit = np.asarray(logit, dtype=np.float64)
    small = np.exp(-np.abs(logit))
    return np.where(logit >= 0, 1 / (1 + small), small / (1 + small))


def logit(score):
    """Logit of a score; infinite at 0 and 1."""
    score = np.asarray(score, dtype=np.float64)
    with np.errstate(divide="ignore"):
        return np.log(score) - np.log1p(-score)


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
