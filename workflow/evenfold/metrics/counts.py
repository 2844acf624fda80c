"""Counts of a binary classification, and the rates that follow from them.

A sequence is called positive when score >= threshold; a degenerate MCC is 0.0.
"""

import numpy as np


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
