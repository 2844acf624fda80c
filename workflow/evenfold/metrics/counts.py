"""Counts of a binary classification, and the rates that follow from them.

A sequence is called positive when score >= threshold; a degenerate MCC is 0.0.
"""

from typing import TypedDict

import numpy as np
from numpy.typing import ArrayLike


class Confusion(TypedDict):
    """Confusion counts."""

    tp: int
    fp: int
    tn: int
    fn: int


class Rates(TypedDict):
    """SN, SP, their gap, MCC and ACC."""

    sn: float
    sp: float
    gap: float
    mcc: float
    acc: float


def confusion(scores: ArrayLike, labels: ArrayLike, threshold: ArrayLike) -> Confusion:
    """Confusion counts at a threshold.

    Parameters
    ----------
    scores, labels : array_like, shape (n,)
    threshold : float or array_like, shape (n,)

    Returns
    -------
    dict
        `tp`, `fp`, `tn` and `fn`.

    Examples
    --------
    >>> confusion([0.9, 0.6, 0.5, 0.2], [1, 0, 1, 0], threshold=0.5)
    {'tp': 2, 'fp': 1, 'tn': 1, 'fn': 0}
    """
    called = np.asarray(scores) >= threshold
    positive = np.asarray(labels) == 1
    return {
        "tp": int((called & positive).sum()),
        "fp": int((called & ~positive).sum()),
        "tn": int((~called & ~positive).sum()),
        "fn": int((~called & positive).sum()),
    }


def matthews(tp: ArrayLike, fp: ArrayLike, tn: ArrayLike, fn: ArrayLike) -> np.ndarray:
    """Matthews correlation coefficient of counts, elementwise; degenerate: 0.0.

    Parameters
    ----------
    tp, fp, tn, fn : array_like, broadcastable

    Returns
    -------
    ndarray of float

    Examples
    --------
    >>> matthews(tp=[45, 50], fp=[5, 50], tn=[45, 0], fn=[5, 0])
    array([0.8, 0. ])
    """
    tp, fp, tn, fn = (np.asarray(x, dtype=np.float64) for x in (tp, fp, tn, fn))
    scale = np.sqrt((tp + fp) * (tp + fn)) * np.sqrt((tn + fp) * (tn + fn))
    with np.errstate(invalid="ignore", divide="ignore"):
        value = (tp * tn - fp * fn) / scale
    return np.where(scale > 0, value, 0.0)


def rates(tp: int, fp: int, tn: int, fn: int) -> Rates:
    """SN, SP, their gap, MCC and ACC of one confusion matrix.

    Parameters
    ----------
    tp, fp, tn, fn : int

    Returns
    -------
    dict
        `sn`, `sp`, `gap`, `mcc` and `acc`. Sensitivity without positives and
        specificity without negatives are NaN.

    Examples
    --------
    >>> found = rates(tp=40, fp=10, tn=40, fn=10)
    >>> {name: round(value, 3) for name, value in found.items()}
    {'sn': 0.8, 'sp': 0.8, 'gap': 0.0, 'mcc': 0.6, 'acc': 0.8}
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
