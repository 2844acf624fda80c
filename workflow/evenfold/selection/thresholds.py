"""Thresholds: one exact sweep over all distinct scores, and the criteria on it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import gaussian_kde, ks_2samp

from evenfold.files import read_json, write_json
from evenfold.metrics.counts import confusion, matthews, rates
from evenfold.metrics.intervals import bootstrap_mcc
from evenfold.metrics.scores import auprc, auroc, brier, sigmoid
from evenfold.selection.calibrating import calibrate
from evenfold.selection.criteria import deployed, kappa, tabled, utility

#: Limits of the stability flag; the configuration's `selection: stability` overrides
#: them. Of the ratio of the folds' spread to the spread that chance alone gives at their
#: size: green up to the first, amber up to the second, red above. And the range of SN or
#: SP over the folds' thresholds above which a threshold is amber.
LIMITS = {"amber": 1.5, "red": 2.5, "widest": 0.10}
_SPREAD_RESAMPLES = 200
#: Cells of a resample-by-row matrix; bounds memory.
_CELLS = 20_000_000
_CURVE_POINTS = 200


@dataclass(frozen=True)
class Sweep:
    """Every operating point of some scores, from none called to all called.

    Attributes
    ----------
    logit : ndarray, shape (points,)
        Thresholds halfway between neighbouring distinct logits, descending; +inf and
        -inf at the ends.
    tp, fp : ndarray of int, shape (points,)
    n_positive, n_negative : int
    """

    logit: np.ndarray
    tp: np.ndarray
    fp: np.ndarray
    n_positive: int
    n_negative: int

    @property
    def sn(self) -> np.ndarray:
        return self.tp / self.n_positive

    @property
    def sp(self) -> np.ndarray:
        return 1 - self.fp / self.n_negative

    @property
    def mcc(self) -> np.ndarray:
        return matthews(
            self.tp, self.fp, self.n_negative - self.fp, self.n_positive - self.tp
        )


def sweep(logits: np.ndarray, labels: np.ndarray) -> Sweep:
    """Exact sweep over all distinct logits; tied ones stay together. O(n log n).

    Parameters
    ----------
    logits, labels : ndarray, shape (n,)
    """
    order = np.argsort(-logits, kind="stable")
    z, positive = logits[order], labels[order] == 1
    last = np.flatnonzero(np.r_[z[1:] != z[:-1], True])
    distinct = z[last]
    middle = distinct[1:] + (distinct[:-1] - distinct[1:]) / 2
    # Rounding may put the middle on the upper neighbour; the lower end is as good.
    middle = np.where(middle >= distinct[:-1], distinct[1:], middle)
    tp = positive.cumsum()[last]
    return Sweep(
        np.r_[np.inf, middle, -np.inf],
        np.r_[0, tp],
        np.r_[0, last + 1 - tp],
        int(positive.sum()),
        int((~positive).sum()),
    )


#: Settings of the criteria; the configuration's `selection` overrides them.
DEFAULTS = {
    "delta": 0.05,
    "beta": 1.0,
    "fn_cost": 1.0,
    "fp_cost": 1.0,
    "risk": 0.5,
    "required": 0.9,
    "deployment_positives": None,
}


def choose(points: Sweep, criterion: str, settings: dict = DEFAULTS) -> int:
    """Index of a criterion's best point; of equal ones the centre of their longest run.

    Parameters
    ----------
    criterion : str
        One of `criteria.utility`.
    settings : dict
        As DEFAULTS.
    """
    counts = points.tp, points.fp, points.n_positive, points.n_negative
    value = utility(criterion, *counts, settings)
    return _centre(value == value.max())


def choose_resampled(
    logits: np.ndarray,
    labels: np.ndarray,
    points: Sweep,
    criterion: str,
    settings: dict = DEFAULTS,
    seed: int = 0,
) -> tuple[int, bool]:
    """Index of the best point of a criterion that looks at resamples, and a fallback.

    Parameters
    ----------
    criterion : {'constrained_mcc', 'ghost'}
        `constrained_mcc`: largest MCC, averaged over bootstrap resamples, where
        |SN - SP| plus its standard error is at most delta; where no point is, the
        SN = SP crossing. The constraint at its own boundary would be missed by every
        second new sample. `ghost`: largest median kappa over 100 stratified fifths of
        the rows (Esposito et al. 2021, GHOST, at every threshold instead of a grid).

    Returns
    -------
    tuple of (int, bool)
        Index, and whether the fallback was taken.
    """
    generator = np.random.default_rng(seed)
    order = np.argsort(-logits, kind="stable")
    z, positive = logits[order], labels[order] == 1
    last = np.flatnonzero(np.r_[z[1:] != z[:-1], True])
    weights = (_fifths if criterion == "ghost" else _with_replacement)(
        positive, generator
    )

    def counts(own):
        total = np.cumsum(np.where(own, weights, 0), axis=1)[:, last]
        return np.concatenate([np.zeros((len(total), 1)), total], axis=1)

    tp, fp = counts(positive), counts(~positive)
    n1, n0 = tp[:, -1:], fp[:, -1:]
    tp, n1 = deployed(tp, n1, n0, settings)
    if criterion == "ghost":
        value = np.median(kappa(tp, fp, n1, n0), axis=0).round(12)
        return _centre(value == value.max()), False
    gap = tp / n1 - 1 + fp / n0
    allowed = np.abs(points.sn - points.sp) + gap.std(axis=0) <= settings["delta"]
    if not allowed.any():
        return choose(points, "sn_eq_sp", settings), True
    mcc = matthews(tp, fp, n0 - fp, n1 - tp).mean(axis=0).round(12)
    value = np.where(allowed, mcc, -np.inf)
    return _centre(value == value.max()), False


def pick(logits, labels, points, criterion, settings=DEFAULTS, seed=0):
    """Index of any criterion's point and whether a fallback was taken."""
    if criterion in ("constrained_mcc", "ghost"):
        return choose_resampled(logits, labels, points, criterion, settings, seed)
    return choose(points, criterion, settings), False


def _affordable(resamples, n):
    """Fewer resamples of very many rows, which need fewer."""
    return int(np.clip(_CELLS // n, 20, resamples))


def _with_replacement(positive, generator):
    """Bootstrap weights within each class: ndarray, shape (resamples, n)."""
    resamples = _affordable(_SPREAD_RESAMPLES, len(positive))
    weights = np.zeros((resamples, len(positive)))
    for own in (positive, ~positive):
        n = int(own.sum())
        share = np.full(n, 1 / n)
        weights[:, own] = generator.multinomial(n, share, resamples)
    return weights


def _fifths(positive, generator):
    """Stratified fifths without replacement: ndarray of 0 and 1, (100, n)."""
    subsets = _affordable(100, len(positive))
    weights = np.zeros((subsets, len(positive)))
    for own in (positive, ~positive):
        n = int(own.sum())
        chosen = generator.random((subsets, n)).argsort(axis=1) < max(1, round(n / 5))
        weights[:, own] = chosen
    return weights


def _centre(mask):
    """Middle of the longest run of True; the first one among equally long runs."""
    edges = np.flatnonzero(np.diff(np.r_[0, mask.astype(int), 0]))
    starts, stops = edges[::2], edges[1::2]
    longest = int((stops - starts).argmax())
    return int((starts[longest] + stops[longest] - 1) // 2)


def tune(
    logits: np.ndarray,
    labels: np.ndarray,
    folds: np.ndarray,
    criterion: str,
    min_positives: int,
    resamples: int,
    seed: int,
    keep_half: bool = False,
    stability: dict = LIMITS,
    **settings,
) -> dict:
    """Thresholds of one variant from its pooled out-of-fold logits.

    Parameters
    ----------
    logits, labels, folds : ndarray, shape (n,)
    keep_half : bool
        Keep 0.5 where tuning could only lose: SN - SP there is within one standard
        error of zero, and MCC no smaller than at the tuned threshold.
    stability : dict
        Limits of the stability flag; see LIMITS.
    **settings
        Of the criteria; see DEFAULTS.

    Returns
    -------
    dict
        `points` (one row for 0.5 and for each criterion), `threshold` (the deployed
        one), `folds`, `stability`, `comparability`, `curve`, score metrics and
        `calibration` (None when nothing was tuned).
    """
    settings = {**DEFAULTS, **settings}
    scores = sigmoid(logits)
    pooled = sweep(logits, labels)
    smaller = min(pooled.n_positive, pooled.n_negative)
    tuned = smaller >= min_positives
    notes = []
    if not tuned:
        notes.append(
            f"The smaller class has {smaller} sequences, fewer than {min_positives}: "
            "no threshold was tuned, 0.5 is kept."
        )
    points = {"0.5": point(scores, labels, 0.5, resamples, seed)}
    for name in tabled(criterion) if tuned else ():
        index, fallback = pick(logits, labels, pooled, name, settings, seed)
        threshold = float(sigmoid(pooled.logit[index]))
        points[name] = point(scores, labels, threshold, resamples, seed)
        if fallback and name == criterion:
            notes.append(
                f"No threshold keeps |SN - SP| and its standard error within "
                f"{settings['delta']:g}; {name} fell back on the SN = SP crossing."
            )
    deployed = criterion if tuned else "0.5"
    if tuned and keep_half:
        half = points["0.5"]
        se = np.sqrt(
            half["sn"] * (1 - half["sn"]) / pooled.n_positive
            + half["sp"] * (1 - half["sp"]) / pooled.n_negative
        )
        if abs(half["gap"]) <= se and half["mcc"] >= points[criterion]["mcc"]:
            deployed = "0.5"
            notes.append(
                f"At 0.5 SN - SP is {half['gap']:+.3f}, within one standard error "
                f"({se:.3f}) of zero, and MCC is no smaller than at the tuned "
                f"threshold {points[criterion]['threshold']:.3f}: 0.5 is kept."
            )
    per_fold = _per_fold(logits, labels, folds, criterion if tuned else None, settings)
    return {
        "n": len(labels),
        "n_positive": pooled.n_positive,
        "criterion": criterion,
        "tuned": tuned,
        "operating_point": deployed,
        "threshold": points[deployed]["threshold"],
        "points": points,
        "folds": per_fold,
        "stability": (
            _stability(
                per_fold, logits, labels, folds, criterion, settings, stability, seed
            )
            if tuned
            else None
        ),
        "comparability": comparability(logits, labels, folds),
        "curve": _curve(pooled),
        "auroc": auroc(logits, labels),
        "auprc": auprc(logits, labels),
        "brier": brier(scores, labels),
        "calibration": calibrate(logits, labels, folds) if tuned else None,
        "notes": notes,
    }


def tune_files(inputs: dict, path, settings: dict, seed: int) -> str:
    """Tune one variant from its files and write threshold.json.

    A variant that was not trained, because its loss is an earlier one's, gets that
    one's name in place of thresholds.

    Parameters
    ----------
    inputs : dict
        Paths oof and twin.
    settings : dict
        Arguments of `tune`.

    Returns
    -------
    str
        What was done, in words.
    """
    twin = read_json(inputs["twin"])
    if twin["same_as"]:
        write_json(path, twin)
        return f"the same loss as {twin['same_as']}: see there"
    oof = pd.read_parquet(inputs["oof"])
    arrays = (oof[column].to_numpy() for column in ("logit", "label", "fold"))
    tuned = tune(*arrays, **settings, seed=seed)
    write_json(path, tuned)
    return f"{tuned['operating_point']} at {tuned['threshold']:.4f}"


def point(scores, labels, threshold: float, resamples: int, seed: int) -> dict:
    """One operating point: threshold, counts, rates and the interval of MCC."""
    counts = confusion(scores, labels, threshold)
    low, high = bootstrap_mcc(counts, resamples, seed)
    return {
        "threshold": float(threshold),
        **counts,
        **rates(**counts),
        "mcc_low": low,
        "mcc_high": high,
    }


def _per_fold(logits, labels, folds, criterion, settings):
    rows = []
    for fold in np.unique(folds):
        own = folds == fold
        row = {
            "fold": int(fold),
            "n": int(own.sum()),
            "n_positive": int(labels[own].sum()),
            "auroc": auroc(logits[own], labels[own]),
            "thresholds": {},
        }
        points = sweep(logits[own], labels[own])
        if criterion:
            index, _ = pick(logits[own], labels[own], points, criterion, settings)
            row["thresholds"][criterion] = float(sigmoid(points.logit[index]))
        rows.append(row)
    return rows


def _stability(per_fold, logits, labels, folds, criterion, settings, limits, seed):
    """Whether the folds agree on the threshold, judged against chance at their size.

    The spread of the folds' own thresholds, on the logit scale, is divided by the
    spread of thresholds tuned on bootstrap samples of one fold's size drawn from all
    scores: about 1 when the folds differ by sampling alone.
    """
    thresholds = [row["thresholds"][criterion] for row in per_fold]
    scores = sigmoid(logits)
    outcome = [rates(**confusion(scores, labels, t)) for t in thresholds]
    ranges = {
        key: [min(o[key] for o in outcome), max(o[key] for o in outcome)]
        for key in ("sn", "sp", "mcc")
    }
    generator = np.random.default_rng(seed)
    classes = [np.flatnonzero(labels == y) for y in (0, 1)]
    sizes = [max(1, len(rows) // len(per_fold)) for rows in classes]
    drawn = []
    for _ in range(_SPREAD_RESAMPLES):
        rows = np.concatenate(
            [generator.choice(rows, n) for rows, n in zip(classes, sizes)]
        )
        points = sweep(logits[rows], labels[rows])
        index, _ = pick(logits[rows], labels[rows], points, criterion, settings)
        drawn.append(points.logit[index])
    by_chance = float(np.std([z for z in drawn if np.isfinite(z)], ddof=1))
    among_folds = float(
        np.std(np.log(thresholds) - np.log1p(np.negative(thresholds)), ddof=1)
    )
    ratio = among_folds / by_chance if by_chance > 0 else float("inf")
    widest = max(ranges[key][1] - ranges[key][0] for key in ("sn", "sp"))
    flag = "green"
    if not ratio <= limits["amber"] or widest > limits["widest"]:
        flag = "amber"
    if ratio > limits["red"]:
        flag = "red"
    called = np.empty(len(labels), dtype=bool)
    for fold in np.unique(folds):
        own = folds == fold
        points = sweep(logits[~own], labels[~own])
        index, _ = pick(logits[~own], labels[~own], points, criterion, settings)
        called[own] = logits[own] >= points.logit[index]
    points = sweep(logits, labels)
    index, _ = pick(logits, labels, points, criterion, settings, seed)
    return {
        "thresholds": thresholds,
        "sd_logit": among_folds,
        "sd_logit_by_chance": by_chance,
        "ratio": ratio,
        "range": [min(thresholds), max(thresholds)],
        **ranges,
        "widest": widest,
        "gap_left_out": float(
            called[labels == 1].mean() - (~called)[labels == 0].mean()
        ),
        "sd_asymptotic": threshold_sd(logits, labels, float(points.logit[index])),
        "flag": flag,
    }


def threshold_sd(logits: np.ndarray, labels: np.ndarray, threshold: float) -> float:
    """Asymptotic standard deviation of the SN = SP threshold, on the scale of logits.

    sqrt(SN (1 - SN) / n1 + SP (1 - SP) / n0) / (f1 + f0), with the densities of the two
    classes at the threshold by a Gaussian kernel; NaN where they cannot be estimated.

    Parameters
    ----------
    logits, labels : ndarray, shape (n,)
    threshold : float
    """
    variance, density = 0.0, 0.0
    for own in (logits[labels == 1], logits[labels == 0]):
        above = float((own >= threshold).mean())
        variance += above * (1 - above) / len(own)
        if np.ptp(own) == 0 or not np.isfinite(threshold):
            return float("nan")
        density += float(gaussian_kde(own)(threshold)[0])
    return float(np.sqrt(variance) / density) if density > 0 else float("nan")


def comparability(logits, labels, folds) -> dict:
    """Whether the folds' scores may be pooled.

    Per class, each fold's logits against the other folds' by the two-sample
    Kolmogorov-Smirnov test, Holm-corrected over all comparisons.
    """
    tests = [
        ks_2samp(logits[own & (labels == y)], logits[~own & (labels == y)])
        for y in (0, 1)
        for own in (folds == fold for fold in np.unique(folds))
    ]
    p_values = np.sort([test.pvalue for test in tests])
    holm = np.maximum.accumulate(p_values * np.arange(len(p_values), 0, -1))
    smallest = float(min(1.0, holm[0]))
    return {
        "largest_ks": float(max(test.statistic for test in tests)),
        "holm_p": smallest,
        "comparable": smallest >= 0.01,
    }


def _curve(points):
    """The sweep thinned to a few hundred thresholds, evenly over the rows."""
    inside = np.isfinite(points.logit)
    rows = np.flatnonzero(inside)
    rows = rows[np.unique(np.linspace(0, len(rows) - 1, _CURVE_POINTS).astype(int))]
    return {
        "threshold": sigmoid(points.logit[rows]).round(6).tolist(),
        "sn": points.sn[rows].round(6).tolist(),
        "sp": points.sp[rows].round(6).tolist(),
        "mcc": points.mcc[rows].round(6).tolist(),
    }
