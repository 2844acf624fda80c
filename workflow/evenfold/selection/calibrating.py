"""Probabilities: calibration of logits on out-of-fold scores, and proper scores.

Calibration is monotone: it relabels thresholds and moves no rate. What it changes is
whether a score of 0.8 may be read as eight in ten.
"""

import warnings
from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression

#: Methods, simplest first.
METHODS = ("none", "temperature", "platt", "beta", "isotonic", "venn_abers")
_BINS = 10


def fit(method: str, logits: np.ndarray, labels: np.ndarray) -> dict:
    """Fit a calibrator.

    Parameters
    ----------
    method : {'none', 'temperature', 'platt', 'beta', 'isotonic', 'venn_abers'}
        Nothing; sigmoid(z / T); sigmoid(a z + c) on Platt's smoothed targets;
        logit = a log p - b log(1 - p) + c with a, b >= 0; a step function; the inductive
        Venn-Abers probability p1 / (1 - p0 + p1), two isotonic regressions in which the
        new row counts as negative and as positive.
    logits, labels : ndarray, shape (n,)

    Returns
    -------
    dict
        `method` and its numbers, ready for JSON.

    References
    ----------
    Guo et al. 2017 (temperature); Platt 1999; Kull et al. 2017 (beta); Zadrozny and
    Elkan 2002 (isotonic); Vovk et al. 2015 (Venn-Abers).
    """
    y = np.asarray(labels, dtype=np.float64)
    if method == "none":
        return {"method": method}
    if method == "temperature":
        best = _minimise(
            lambda w: (np.exp(w[0]) * logits, [np.exp(w[0]) * logits]), [0.0], y
        )
        return {"method": method, "slope": float(np.exp(best[0]))}
    if method == "platt":
        n1, n0 = y.sum(), (1 - y).sum()
        smooth = np.where(y == 1, (n1 + 1) / (n1 + 2), 1 / (n0 + 2))
        ones = np.ones_like(logits)
        best = _minimise(
            lambda w: (w[0] * logits + w[1], [logits, ones]), [1.0, 0.0], smooth
        )
        return {"method": method, "slope": float(best[0]), "intercept": float(best[1])}
    if method == "beta":
        parts = _beta_parts(logits)
        best = _minimise(
            lambda w: (w @ parts, list(parts)),
            [1.0, 1.0, 0.0],
            y,
            [(0, None), (0, None), (None, None)],
        )
        return {"method": method, "weights": [float(w) for w in best]}
    if method == "venn_abers":
        return {"method": method, **_venn_abers(logits, y)}
    if method != "isotonic":
        raise ValueError(f"unknown calibration {method!r}")
    model = IsotonicRegression(out_of_bounds="clip").fit(logits, y)
    # Kept off 0 and 1, which no finite sample can promise.
    margin = 1 / (len(y) + 2)
    return {
        "method": method,
        "logits": model.X_thresholds_.tolist(),
        "probabilities": np.clip(model.y_thresholds_, margin, 1 - margin).tolist(),
    }


def calibrated(calibrator: dict, logits: np.ndarray) -> np.ndarray:
    """Probabilities of logits: ndarray, shape (n,).

    Parameters
    ----------
    calibrator : dict
        As `fit` gives.
    logits : ndarray, shape (n,)
        Infinite ones count as the largest that float64 tells from 0 and 1.
    """
    z = np.clip(np.asarray(logits, dtype=np.float64), -36, 36)
    method = calibrator["method"]
    if method in ("temperature", "platt"):
        return expit(calibrator["slope"] * z + calibrator.get("intercept", 0.0))
    if method == "beta":
        return expit(np.array(calibrator["weights"]) @ _beta_parts(z))
    if method == "isotonic":
        return np.interp(z, calibrator["logits"], calibrator["probabilities"])
    if method == "venn_abers":
        # p0 changes at a logit of the calibration itself, p1 just above it.
        p0 = np.array(calibrator["as_negative"])[
            np.searchsorted(calibrator["negative_from"], z, "right")
        ]
        p1 = np.array(calibrator["as_positive"])[
            np.searchsorted(calibrator["positive_above"], z, "left")
        ]
        return p1 / (1 - p0 + p1)
    return expit(z)


def shifted(probabilities: np.ndarray, share: float, deployed: float) -> np.ndarray:
    """Probabilities for a population with another share of positives.

    Parameters
    ----------
    probabilities : ndarray, shape (n,)
    share, deployed : float
        Positives in the data of the calibration, and where it is used.

    References
    ----------
    Saerens et al. 2002, Neural Computation 14:21, eq. 2.4.
    """
    odds = deployed / (1 - deployed) / (share / (1 - share))
    p = np.asarray(probabilities, dtype=np.float64)
    return odds * p / (odds * p + 1 - p)


def _beta_parts(logits):
    """log p, -log(1 - p) and 1 of p = sigmoid(z): ndarray, shape (3, n)."""
    return np.stack(
        [-np.logaddexp(0, -logits), np.logaddexp(0, logits), np.ones_like(logits)]
    )


def _minimise(model: Callable, start, targets, bounds=None):
    """Weights of the smallest mean cross entropy; `model` gives logits and slopes."""

    def objective(w):
        z, slopes = model(np.asarray(w))
        value = np.mean(np.logaddexp(0, z) - targets * z)
        error = (expit(z) - targets) / len(z)
        return value, np.array([error @ slope for slope in slopes])

    return minimize(objective, start, jac=True, bounds=bounds, method="L-BFGS-B").x


def cross_fitted(
    method: str, logits: np.ndarray, labels: np.ndarray, folds: np.ndarray
) -> np.ndarray:
    """Probabilities of every row from a calibrator of the other folds.

    Parameters
    ----------
    method : str
        One of METHODS.
    logits, labels, folds : ndarray, shape (n,)
    """
    out = np.empty(len(logits))
    for fold in np.unique(folds):
        own, others = folds == fold, folds != fold
        calibrator = fit(method, logits[others], labels[others])
        out[own] = calibrated(calibrator, logits[own])
    return out


def _venn_abers(logits, labels):
    """The two regressions as step functions: where they change, and to what."""
    # Imported here: scoring new sequences does not need it.
    from venn_abers import VennAbers

    z = np.clip(logits, -36, 36)
    model = VennAbers()
    with warnings.catch_warnings():
        # Scores with very few distinct values.
        warnings.simplefilter("ignore", RuntimeWarning)
        # It takes any score that increases: logits lose no digits near 0 and 1.
        model.fit(np.column_stack([-z, z]), labels)
    steps = {}
    for values, at, name in (
        (model.p0_[:, 1], "negative_from", "as_negative"),
        (model.p1_[:, 1], "positive_above", "as_positive"),
    ):
        change = np.flatnonzero(np.diff(values))
        steps[at] = model.c_[change].tolist()
        steps[name] = values[np.r_[0, change + 1]].tolist()
    return steps


def proper_scores(probabilities: np.ndarray, labels: np.ndarray) -> dict:
    """Scores of probabilities.

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
    recalibrated = IsotonicRegression().fit_transform(p, y)
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


def reliability(probabilities: np.ndarray, labels: np.ndarray) -> dict:
    """The CORP reliability curve: probabilities and what isotonic regression makes of them.

    Returns
    -------
    dict of list
        `predicted` and `observed`, at most 200 points.
    """
    order = np.argsort(probabilities, kind="stable")
    p = np.asarray(probabilities)[order]
    observed = IsotonicRegression().fit_transform(p, np.asarray(labels, float)[order])
    rows = np.unique(np.linspace(0, len(p) - 1, 200).astype(int))
    return {
        "predicted": p[rows].round(6).tolist(),
        "observed": observed[rows].round(6).tolist(),
    }


def net_benefit(probabilities: np.ndarray, labels: np.ndarray, risks) -> np.ndarray:
    """TP/n - FP/n r/(1 - r) when everything with probability >= r is called.

    Parameters
    ----------
    probabilities, labels : ndarray, shape (n,)
    risks : array_like, shape (risks,)

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


def calibrate(logits: np.ndarray, labels: np.ndarray, folds: np.ndarray) -> dict:
    """Choose and fit the calibration of one variant.

    Every method is cross-fitted over the folds; the smallest log-loss is chosen, the
    simpler of two that are equal to the third digit, and fitted on all rows.

    Returns
    -------
    dict
        `calibrator`, `scores` (of the cross-fitted probabilities, by method, raw as
        'none'), `curves` (reliability, raw and chosen), `net_benefit`.
    """
    made = {name: cross_fitted(name, logits, labels, folds) for name in METHODS}
    scores = {name: proper_scores(p, labels) for name, p in made.items()}
    best = min(METHODS, key=lambda name: round(scores[name]["log_loss"], 3))
    risks = np.linspace(0.02, 0.98, 49)
    share = float(np.mean(labels))
    return {
        "calibrator": fit(best, logits, labels),
        "scores": scores,
        "curves": {name: reliability(made[name], labels) for name in ("none", best)},
        "net_benefit": {
            "risk": risks.round(4).tolist(),
            "raw": net_benefit(made["none"], labels, risks).tolist(),
            "calibrated": net_benefit(made[best], labels, risks).tolist(),
            "all": (share - (1 - share) * risks / (1 - risks)).tolist(),
        },
    }
