"""What a call is worth: predictive values and F1, which depend on the class ratio."""

from typing import TypedDict

from evenfold.metrics.counts import matthews


class Predictive(TypedDict):
    """PPV (precision), NPV and F1."""

    ppv: float
    npv: float
    f1: float


class AtShare(TypedDict):
    """MCC and PPV."""

    mcc: float
    ppv: float


def predictive(tp: float, fp: float, tn: float, fn: float) -> Predictive:
    """PPV, NPV and F1 of one confusion matrix; NaN where nothing is called so.

    Parameters
    ----------
    tp, fp, tn, fn : float

    Returns
    -------
    dict
        `ppv`, `npv` and `f1`.

    Examples
    --------
    >>> predictive(tp=30, fp=10, tn=50, fn=10)
    {'ppv': 0.75, 'npv': 0.8333333333333334, 'f1': 0.75}
    """
    nan = float("nan")
    return {
        "ppv": tp / (tp + fp) if tp + fp else nan,
        "npv": tn / (tn + fn) if tn + fn else nan,
        "f1": 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else nan,
    }


def at_share(sn: float, sp: float, share: float) -> AtShare:
    """MCC and PPV that an SN and an SP mean where another share is positive.

    Parameters
    ----------
    sn, sp : float
    share : float
        Of positives, 0 to 1.

    Returns
    -------
    dict
        `mcc` and `ppv`.

    Examples
    --------
    >>> at_share(0.8, 0.8, 0.5)
    {'mcc': 0.6, 'ppv': 0.8}
    """
    tp, fp = share * sn, (1 - share) * (1 - sp)
    tn, fn = (1 - share) * sp, share * (1 - sn)
    return {
        "mcc": round(float(matthews(tp, fp, tn, fn)), 12),
        "ppv": predictive(tp, fp, tn, fn)["ppv"],
    }
