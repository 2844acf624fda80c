"""Probabilities: what calibration makes of logits, and how good they are.

Calibration is monotone: it relabels thresholds and moves no rate. What it changes is
whether a score of 0.8 may be read as eight in ten.
"""

import numpy as np
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression

_BINS = 10


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
        return expit(np.array(calibrator["weights"]) @ beta_parts(z))
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


def beta_parts(logits):
    """log p, -log(1 - p) and 1 of p = sigmoid(z): ndarray, shape (3, n)."""
    return np.stack(
        [-np.logaddexp(0, -logits), np.logaddexp(0, logits), np.ones_like(logits)]
    )


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
