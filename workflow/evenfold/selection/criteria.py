"""What a threshold may be chosen for: one number per operating point, to maximise.

The names are in `evenfold.config.criteria`. `constrained_mcc` and `ghost` need more than
one sweep (see `thresholds`); here they are what they are within one resample.

Counts may be weighted, so that the same functions serve a sweep, its bootstrap resamples
(leading dimensions) and deployment at another share of positives.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from evenfold.config.criteria import CRITERIA
from evenfold.errors import EvenfoldError
from evenfold.importing import imported, is_import_path
from evenfold.metrics.counts import matthews

#: Values by name of the configuration's `selection`.
Settings = dict[str, Any]
#: (tp, fp, positives, negatives, settings) to a criterion's value at each point.
Utility = Callable[
    [np.ndarray, np.ndarray, np.ndarray, np.ndarray, Settings], ArrayLike
]


def tabled(deployed: str) -> list[str]:
    """Criteria of which a table has a row: all of the house, and one of the user's own.

    Parameters
    ----------
    deployed : str
        The criterion that is deployed.

    Returns
    -------
    list of str
    """
    return [*CRITERIA, *(() if deployed in CRITERIA else (deployed,))]


def utility(
    criterion: str,
    tp: ArrayLike,
    fp: ArrayLike,
    n1: ArrayLike,
    n0: ArrayLike,
    settings: Settings,
) -> np.ndarray:
    """Value of every operating point under a criterion; larger is better.

    Parameters
    ----------
    criterion : str
        `sn_eq_sp`: smallest |SN - SP|, then largest SN + SP; `youden`: SN + SP - 1
        (and balanced accuracy); `corner`: closest to SN = SP = 1; `gmean`:
        sqrt(SN SP); `fbeta`; `max_mcc`; `cost`: smallest fn_cost FN + fp_cost FP;
        `net_benefit`: TP/n - FP/n r/(1 - r) at risk r; `sn_at_sp`: largest SN with SP
        at least `required`; `sp_at_sn`: the reverse; `module:function`: the user's own.
    tp, fp : array_like, shape (..., points)
    n1, n0 : array_like, broadcastable
        Positives and negatives.
    settings : dict
        beta, fn_cost, fp_cost, risk, required, delta, deployment_positives.

    Returns
    -------
    ndarray, shape (..., points)
        Rounded to 12 digits, which unites points that differ by float noise alone.

    Raises
    ------
    ValueError
        For an unknown criterion.
    EvenfoldError
        For one of the user's own that cannot be imported, or gives no number a point.
    """
    own = is_import_path(criterion)
    if not own and criterion not in UTILITIES:
        raise ValueError(f"unknown criterion {criterion!r}")
    function: Utility = (
        partial(_of_ones_own, criterion) if own else UTILITIES[criterion]
    )
    tp, fp, n1, n0 = (np.asarray(x, dtype=np.float64) for x in (tp, fp, n1, n0))
    tp, n1 = deployed(tp, n1, n0, settings)
    value = function(tp, fp, n1, n0, settings)
    return np.asarray(value).round(12)


def _of_ones_own(
    path: str,
    tp: np.ndarray,
    fp: np.ndarray,
    n1: np.ndarray,
    n0: np.ndarray,
    settings: Settings,
) -> np.ndarray:
    value = np.asarray(imported(path, "criterion")(tp, fp, n1, n0, settings))
    if value.shape != tp.shape or value.dtype.kind not in "biuf":
        raise EvenfoldError(
            f"the criterion {path} gave {value.dtype} of shape {value.shape} for "
            f"{tp.shape}; it must give one number for every entry of tp."
        )
    # Where it is undefined it can never be the largest.
    value = np.where(np.isnan(value), -np.inf, value)
    if (value == -np.inf).all(axis=-1).any():
        raise EvenfoldError(f"the criterion {path} is undefined at every threshold.")
    return value


def deployed(
    tp: np.ndarray, n1: np.ndarray, n0: np.ndarray, settings: Settings
) -> tuple[np.ndarray, np.ndarray]:
    """Positives called and in all, weighted to the share `deployment_positives`.

    Criteria of SN and SP alone stay as they are.

    Parameters
    ----------
    tp : ndarray, shape (..., points)
    n1, n0 : ndarray, broadcastable
    settings : dict

    Returns
    -------
    tuple of ndarray
        True positives, and all positives.
    """
    share = settings.get("deployment_positives")
    weight = share * n0 / ((1 - share) * n1) if share else 1.0
    return tp * weight, n1 * weight


def _rates(
    tp: np.ndarray, fp: np.ndarray, n1: np.ndarray, n0: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    return tp / n1, 1 - fp / n0


def _crossing(
    tp: np.ndarray, fp: np.ndarray, n1: np.ndarray, n0: np.ndarray, settings: Settings
) -> np.ndarray:
    sn, sp = _rates(tp, fp, n1, n0)
    # SN + SP <= 2: it decides among equal gaps alone, all of them multiples of 1/(n1 n0).
    return -np.abs(sn - sp).round(12) + (sn + sp) * 1e-3 / (n1 * n0)


def _fbeta(
    tp: np.ndarray, fp: np.ndarray, n1: np.ndarray, n0: np.ndarray, settings: Settings
) -> np.ndarray:
    squared = settings["beta"] ** 2
    return (1 + squared) * tp / (squared * n1 + tp + fp)


def _corner(
    tp: np.ndarray, fp: np.ndarray, n1: np.ndarray, n0: np.ndarray, settings: Settings
) -> np.ndarray:
    sn, sp = _rates(tp, fp, n1, n0)
    return -np.hypot(1 - sn, 1 - sp)


def _net_benefit(
    tp: np.ndarray, fp: np.ndarray, n1: np.ndarray, n0: np.ndarray, settings: Settings
) -> np.ndarray:
    odds = settings["risk"] / (1 - settings["risk"])
    return (tp - odds * fp) / (n1 + n0)


def _required(first: str) -> Utility:
    def value(
        tp: np.ndarray,
        fp: np.ndarray,
        n1: np.ndarray,
        n0: np.ndarray,
        settings: Settings,
    ) -> np.ndarray:
        sn, sp = _rates(tp, fp, n1, n0)
        kept, free = (sp, sn) if first == "sp" else (sn, sp)
        enough = kept.round(12) >= settings["required"]
        # None is enough: as close to it as can be.
        return np.where(enough, free, kept - 2)

    return value


def kappa(tp: np.ndarray, fp: np.ndarray, n1: np.ndarray, n0: np.ndarray) -> np.ndarray:
    """Cohen's kappa of counts, elementwise.

    Parameters
    ----------
    tp, fp : ndarray
        Called, of the positives and of the negatives.
    n1, n0 : ndarray, broadcastable
        Positives and negatives.

    Returns
    -------
    ndarray
    """
    n = n1 + n0
    agreed = (tp + n0 - fp) / n
    chance = ((tp + fp) * n1 + (n - tp - fp) * n0) / n**2
    return (agreed - chance) / np.where(chance < 1, 1 - chance, 1.0)


def _within_delta(
    tp: np.ndarray, fp: np.ndarray, n1: np.ndarray, n0: np.ndarray, settings: Settings
) -> np.ndarray:
    sn, sp = _rates(tp, fp, n1, n0)
    gap = np.abs(sn - sp)
    mcc = matthews(tp, fp, n0 - fp, n1 - tp)
    # Where no point is within delta, the smallest gap.
    return np.where(gap <= settings["delta"], mcc, -1 - gap)


UTILITIES: dict[str, Utility] = {
    "sn_eq_sp": _crossing,
    "youden": lambda tp, fp, n1, n0, _: tp / n1 - fp / n0,
    "corner": _corner,
    "gmean": lambda tp, fp, n1, n0, _: np.sqrt(tp / n1 * (1 - fp / n0)),
    "fbeta": _fbeta,
    "max_mcc": lambda tp, fp, n1, n0, _: matthews(tp, fp, n0 - fp, n1 - tp),
    "cost": lambda tp, fp, n1, n0, settings: (
        -(settings["fn_cost"] * (n1 - tp) + settings["fp_cost"] * fp) / (n1 + n0)
    ),
    "net_benefit": _net_benefit,
    "sn_at_sp": _required("sp"),
    "sp_at_sn": _required("sn"),
    "constrained_mcc": _within_delta,
    "ghost": lambda tp, fp, n1, n0, _: kappa(tp, fp, n1, n0),
}
