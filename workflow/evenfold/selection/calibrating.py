"""Calibration fitted: of logits on out-of-fold scores, the method chosen by log-loss."""

import warnings
from collections.abc import Callable
from typing import get_args

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from evenfold.metrics.calibration import (
    beta_parts,
    bounded,
    calibrated,
    net_benefit,
    proper_scores,
    reliability,
)
from evenfold.records.thresholds import (
    Calibration,
    CalibrationMethod,
    Calibrator,
    NetBenefit,
    ProperScores,
    Reliability,
)

#: Methods, simplest first.
METHODS: tuple[CalibrationMethod, ...] = get_args(CalibrationMethod)
#: Largest factor of a logit or of a part of it: separable scores ask for infinity.
_STEEPEST = 1000.0
#: Of such a factor, which never turns a ranking round.
_RISING = (0.0, _STEEPEST)
_FREE = (None, None)


def fit(
    method: CalibrationMethod, logits: np.ndarray, labels: np.ndarray
) -> Calibrator:
    """Fit a calibrator.

    Parameters
    ----------
    method : {'none', 'temperature', 'platt', 'beta', 'isotonic', 'venn_abers'}
        Nothing; sigmoid(z / T) with T > 0; sigmoid(a z + c) with a >= 0 on Platt's
        smoothed targets; logit = a log p - b log(1 - p) + c with a, b >= 0; a step
        function that never falls; the inductive Venn-Abers probability
        p1 / (1 - p0 + p1), two isotonic regressions in which the new row counts as
        negative and as positive. So none turns a ranking round, and where scores rank
        the wrong way it gives the share of positives to all.
    logits, labels : ndarray, shape (n,)
        Logits are taken as `bounded` gives them, here as in `calibrated`.

    Returns
    -------
    Calibrator
        The method and its numbers.

    Raises
    ------
    ValueError
        For an unknown method.

    References
    ----------
    Guo et al. 2017 (temperature); Platt 1999; Kull et al. 2017 (beta); Zadrozny and
    Elkan 2002 (isotonic); Vovk et al. 2015 (Venn-Abers).
    """
    y, logits = np.asarray(labels, dtype=np.float64), bounded(logits)
    if method == "none":
        return Calibrator(method=method)
    if method == "temperature":
        best = _minimise(
            lambda w: (np.exp(w[0]) * logits, [np.exp(w[0]) * logits]),
            [0.0],
            y,
            [(-np.log(_STEEPEST), np.log(_STEEPEST))],
        )
        return Calibrator(method=method, slope=float(np.exp(best[0])))
    if method == "platt":
        n1, n0 = y.sum(), (1 - y).sum()
        smooth = np.where(y == 1, (n1 + 1) / (n1 + 2), 1 / (n0 + 2))
        ones = np.ones_like(logits)
        best = _minimise(
            lambda w: (w[0] * logits + w[1], [logits, ones]),
            [1.0, 0.0],
            smooth,
            [_RISING, _FREE],
        )
        return Calibrator(method=method, slope=float(best[0]), intercept=float(best[1]))
    if method == "beta":
        parts = beta_parts(logits)
        best = _minimise(
            lambda w: (w @ parts, list(parts)),
            [1.0, 1.0, 0.0],
            y,
            [_RISING, _RISING, _FREE],
        )
        return Calibrator(method=method, weights=[float(w) for w in best])
    if method == "venn_abers":
        return _venn_abers(logits, y)
    if method != "isotonic":
        raise ValueError(f"unknown calibration {method!r}")
    # Imported here: the usual calibration needs no scikit-learn, which takes a second.
    from sklearn.isotonic import IsotonicRegression

    model = IsotonicRegression(out_of_bounds="clip").fit(logits, y)
    # Kept off 0 and 1, which no finite sample can promise.
    margin = 1 / (len(y) + 2)
    return Calibrator(
        method=method,
        logits=model.X_thresholds_.tolist(),
        probabilities=np.clip(model.y_thresholds_, margin, 1 - margin).tolist(),
    )


def _minimise(
    model: Callable, start: list[float], targets: np.ndarray, bounds: list
) -> np.ndarray:
    """Weights of the smallest mean cross entropy; `model` gives logits and slopes."""

    def objective(w: np.ndarray) -> tuple[float, np.ndarray]:
        z, slopes = model(np.asarray(w))
        value = np.mean(np.logaddexp(0, z) - targets * z)
        error = (expit(z) - targets) / len(z)
        return value, np.array([error @ slope for slope in slopes])

    return minimize(objective, start, jac=True, bounds=bounds, method="L-BFGS-B").x


def cross_fitted(
    method: CalibrationMethod,
    logits: np.ndarray,
    labels: np.ndarray,
    folds: np.ndarray,
) -> np.ndarray:
    """Probabilities of every row from a calibrator of the other folds.

    Parameters
    ----------
    method : str
        One of METHODS.
    logits, labels, folds : ndarray, shape (n,)

    Returns
    -------
    ndarray, shape (n,)
    """
    out = np.empty(len(logits))
    for fold in np.unique(folds):
        own, others = folds == fold, folds != fold
        calibrator = fit(method, logits[others], labels[others])
        out[own] = calibrated(calibrator, logits[own])
    return out


def _venn_abers(logits: np.ndarray, labels: np.ndarray) -> Calibrator:
    """The two regressions as step functions: where they change, and to what."""
    # Imported here: scoring new sequences does not need it.
    from venn_abers import VennAbers

    model = VennAbers()
    with warnings.catch_warnings():
        # Scores with very few distinct values.
        warnings.simplefilter("ignore", RuntimeWarning)
        # It takes any score that increases: logits lose no digits near 0 and 1.
        model.fit(np.column_stack([-logits, logits]), labels)

    def steps(values: np.ndarray) -> tuple[list[float], list[float]]:
        change = np.flatnonzero(np.diff(values))
        return model.c_[change].tolist(), values[np.r_[0, change + 1]].tolist()

    negative_from, as_negative = steps(model.p0_[:, 1])
    positive_above, as_positive = steps(model.p1_[:, 1])
    return Calibrator(
        method="venn_abers",
        negative_from=negative_from,
        as_negative=as_negative,
        positive_above=positive_above,
        as_positive=as_positive,
    )


def calibrate(logits: np.ndarray, labels: np.ndarray, folds: np.ndarray) -> Calibration:
    """Choose and fit the calibration of one variant.

    Every method is cross-fitted over the folds; the smallest log-loss is chosen, the
    simpler of two that are equal to the third digit, and fitted on all rows.

    Parameters
    ----------
    logits, labels, folds : ndarray, shape (n,)

    Returns
    -------
    Calibration
        With the scores of the cross-fitted probabilities by method, raw ones as `none`,
        and the reliability of raw and chosen ones.
    """
    made = {name: cross_fitted(name, logits, labels, folds) for name in METHODS}
    scores: dict[str, ProperScores] = {
        name: ProperScores(**proper_scores(p, labels)) for name, p in made.items()
    }
    best = min(METHODS, key=lambda name: round(scores[name].log_loss, 3))
    risks = np.linspace(0.02, 0.98, 49)
    share = float(np.mean(labels))
    return Calibration(
        calibrator=fit(best, logits, labels),
        scores=scores,
        curves={
            name: Reliability(**reliability(made[name], labels))
            for name in ("none", best)
        },
        net_benefit=NetBenefit(
            risk=risks.round(4).tolist(),
            raw=net_benefit(made["none"], labels, risks).tolist(),
            calibrated=net_benefit(made[best], labels, risks).tolist(),
            all=(share - (1 - share) * risks / (1 - risks)).tolist(),
        ),
    )
