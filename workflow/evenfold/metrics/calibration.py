"""Probabilities: what calibration makes of logits, and how good they are.

Calibration is monotone: it relabels thresholds and moves no rate. What it changes is
whether a score of 0.8 may be read as eight in ten.
"""

from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import ArrayLike

_BINS = 10
#: The largest logit whose sigmoid float64 tells from 1.
_LARGEST = 36.0
Number = TypeVar("Number", float, list[float])


class FittedCalibrator(Protocol):
    """A calibration method and the numbers that it needs; None where it has no use.

    `method` is none, temperature, platt, beta, isotonic or venn_abers.
    """

    @property
    def method(self) -> str:
        """Name of the method."""

    @property
    def slope(self) -> float | None:
        """Of temperature and platt: factor of the logit."""

    @property
    def intercept(self) -> float | None:
        """Of platt: what is added."""

    @property
    def weights(self) -> list[float] | None:
        """Of beta: of the three `beta_parts`."""

    @property
    def logits(self) -> list[float] | None:
        """Of isotonic: where `probabilities` are reached, ascending."""

    @property
    def probabilities(self) -> list[float] | None:
        """Of isotonic: at `logits`."""

    @property
    def negative_from(self) -> list[float] | None:
        """Of venn_abers: logits at which p0 changes."""

    @property
    def as_negative(self) -> list[float] | None:
        """Of venn_abers: p0 before, between and after them."""

    @property
    def positive_above(self) -> list[float] | None:
        """Of venn_abers: logits above which p1 changes."""

    @property
    def as_positive(self) -> list[float] | None:
        """Of venn_abers: p1 before, between and after them."""


def bounded(logits: ArrayLike) -> np.ndarray:
    """Logits as calibration takes them, when it is fitted and when it is applied.

    Parameters
    ----------
    logits : array_like, shape (n,)

    Returns
    -------
    ndarray of float64, shape (n,)
        Infinite ones count as the largest that float64 tells from 0 and 1.
    """
    return np.clip(np.asarray(logits, dtype=np.float64), -_LARGEST, _LARGEST)


def calibrated(calibrator: FittedCalibrator, logits: ArrayLike) -> np.ndarray:
    """Probabilities of logits.

    Parameters
    ----------
    calibrator : FittedCalibrator
    logits : array_like, shape (n,)
        Taken as `bounded` gives them.

    Returns
    -------
    ndarray, shape (n,)
    """
    z = bounded(logits)
    method = calibrator.method
    if method in ("temperature", "platt"):
        return _sigmoid(_needed(calibrator.slope) * z + (calibrator.intercept or 0.0))
    if method == "beta":
        return _sigmoid(np.array(_needed(calibrator.weights)) @ beta_parts(z))
    if method == "isotonic":
        return np.interp(
            z, _needed(calibrator.logits), _needed(calibrator.probabilities)
        )
    if method == "venn_abers":
        # p0 changes at a logit of the calibration itself, p1 just above it.
        p0 = np.array(_needed(calibrator.as_negative))[
            np.searchsorted(_needed(calibrator.negative_from), z, "right")
        ]
        p1 = np.array(_needed(calibrator.as_positive))[
            np.searchsorted(_needed(calibrator.positive_above), z, "left")
        ]
        return p1 / (1 - p0 + p1)
    return _sigmoid(z)


def _needed(value: Number | None) -> Number:
    if value is None:
        raise ValueError("the calibrator lacks a number that its method needs")
    return value


def shifted(probabilities: ArrayLike, share: float, deployed: float) -> np.ndarray:
    """Probabilities for a population with another share of positives.

    Parameters
    ----------
    probabilities : array_like, shape (n,)
    share, deployed : float
        Positives in the data of the calibration, and where it is used.

    Returns
    -------
    ndarray, shape (n,)

    References
    ----------
    Saerens et al. 2002, Neural Computation 14:21, eq. 2.4.
    """
    odds = deployed / (1 - deployed) / (share / (1 - share))
    p = np.asarray(probabilities, dtype=np.float64)
    return odds * p / (odds * p + 1 - p)


def beta_parts(logits: np.ndarray) -> np.ndarray:
    """Regressors of beta calibration: log p, -log(1 - p) and 1 of p = sigmoid(z).

    Parameters
    ----------
    logits : ndarray, shape (n,)

    Returns
    -------
    ndarray, shape (3, n)
    """
    return np.stack(
        [-np.logaddexp(0, -logits), np.logaddexp(0, logits), np.ones_like(logits)]
    )


def proper_scores(probabilities: ArrayLike, labels: ArrayLike) -> dict[str, float]:
    """Scores of probabilities.

    Parameters
    ----------
    probabilities, labels : array_like, shape (n,)

    Returns
    -------
    dict
        brier and log_loss (smaller is better); d2, the Brier skill over the share of
        positives; ece over ten bins of equal size; and the CORP decomposition of the
        Brier score, brier = mcb - dsc + unc: miscalibration, discrimination,
        uncertainty.

    References
    ----------
    Dimitriadis et al. 2021, PNAS 118 (CORP).
    """
    p = np.asarray(probabilities, dtype=np.float64)
    y = np.asarray(labels, dtype=np.float64)
    brier = float(np.mean((p - y) ** 2))
    recalibrated = _isotonic(p, y)
    best = float(np.mean((recalibrated - y) ** 2))
    uncertainty = float(y.mean() * (1 - y.mean()))
    safe = np.clip(p, 1e-15, 1 - 1e-15)
    bins = np.array_split(np.argsort(p, kind="stable"), min(_BINS, len(p)))
    return {
        "brier": brier,
        "log_loss": float(-np.mean(y * np.log(safe) + (1 - y) * np.log1p(-safe))),
        "d2": 1 - brier / uncertainty if uncertainty else float("nan"),
        "ece": float(sum(abs(p[b].sum() - y[b].sum()) for b in bins) / len(p)),
        "mcb": brier - best,
        "dsc": uncertainty - best,
        "unc": uncertainty,
    }


def reliability(probabilities: ArrayLike, labels: ArrayLike) -> dict[str, list[float]]:
    """The CORP reliability curve: probabilities and what isotonic regression makes of them.

    Parameters
    ----------
    probabilities, labels : array_like, shape (n,)

    Returns
    -------
    dict of list
        `predicted` and `observed`, at most 200 points.
    """
    order = np.argsort(probabilities, kind="stable")
    p = np.asarray(probabilities)[order]
    observed = _isotonic(p, np.asarray(labels, float)[order])
    rows = np.unique(np.linspace(0, len(p) - 1, 200).astype(int))
    return {
        "predicted": p[rows].round(6).tolist(),
        "observed": observed[rows].round(6).tolist(),
    }


def net_benefit(
    probabilities: ArrayLike, labels: ArrayLike, risks: ArrayLike
) -> np.ndarray:
    """TP/n - FP/n r/(1 - r) when everything with probability >= r is called.

    Parameters
    ----------
    probabilities, labels : array_like, shape (n,)
    risks : array_like, shape (risks,)

    Returns
    -------
    ndarray, shape (risks,)

    References
    ----------
    Vickers and Elkin 2006, Medical Decision Making 26:565.
    """
    risks = np.asarray(risks, dtype=np.float64)
    called = np.asarray(probabilities)[None] >= risks[:, None]
    positive = np.asarray(labels) == 1
    tp = (called & positive).sum(1)
    fp = (called & ~positive).sum(1)
    return (tp - fp * risks / (1 - risks)) / len(positive)


def _isotonic(p, y):
    """Fitted and applied to the same rows."""
    # scikit-learn takes a second to load, and the report needs none of it.
    from sklearn.isotonic import IsotonicRegression

    return IsotonicRegression().fit_transform(p, y)


def _sigmoid(z: np.ndarray) -> np.ndarray:
    """As scipy.special.expit, which takes long to import where one only scores."""
    with np.errstate(over="ignore"):
        found: np.ndarray = 1 / (1 + np.exp(-z))
    return found
