"""Thresholds: one exact sweep over all distinct scores, and the criteria on it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from scipy.stats import gaussian_kde, ks_2samp

from evenfold.config.selection import SelectionSettings
from evenfold.metrics.comparison import holm
from evenfold.metrics.counts import confusion, matthews, rates
from evenfold.metrics.intervals import bootstrap_mcc
from evenfold.metrics.scores import auprc, auroc, brier, sigmoid
from evenfold.records.thresholds import (
    HALF,
    Comparability,
    Curve,
    FoldThresholds,
    Point,
    Stability,
    Tuned,
    Twin,
    told,
)
from evenfold.selection.calibrating import calibrate
from evenfold.selection.criteria import deployed, kappa, tabled, utility
from evenfold.selection.oof import OutOfFold

#: The settings where the configuration has none of its own.
DEFAULTS = SelectionSettings.model_validate({})
#: Criteria that look at resamples of the scores.
RESAMPLED = ("constrained_mcc", "ghost")
_SPREAD_RESAMPLES = 200
#: Bootstrap resamples that `constrained_mcc` averages MCC over.
_AVERAGED = 100
#: Subsets of a fifth that GHOST's median is over.
_FIFTHS = 100
#: Most thresholds that a criterion judges by resamples; neighbours differ by about
#: 1/200 at most in SN and in SP, a fraction of what resampling a few thousand rows moves either.
_CANDIDATES = 400
_CURVE_POINTS = 200
#: No logit that means anything is larger, and its square is a number still.
_SURE = 1e9


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
        """Sensitivity at every point."""
        return self.tp / self.n_positive

    @property
    def sp(self) -> np.ndarray:
        """Specificity at every point."""
        return 1 - self.fp / self.n_negative

    @property
    def mcc(self) -> np.ndarray:
        """Matthews correlation coefficient at every point."""
        return matthews(
            self.tp, self.fp, self.n_negative - self.fp, self.n_positive - self.tp
        )


def sweep(logits: np.ndarray, labels: np.ndarray) -> Sweep:
    """Exact sweep over all distinct logits; tied ones stay together. O(n log n).

    Parameters
    ----------
    logits, labels : ndarray, shape (n,)

    Returns
    -------
    Sweep

    Examples
    --------
    >>> points = sweep(np.array([2.0, 1.0, 0.0, -1.0]), np.array([1, 0, 1, 0]))
    >>> points.logit
    array([ inf,  1.5,  0.5, -0.5, -inf])
    >>> points.sn
    array([0. , 0.5, 0.5, 1. , 1. ])
    >>> points.sp
    array([1. , 1. , 0.5, 0.5, 0. ])
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


def choose(
    points: Sweep, criterion: str, settings: SelectionSettings = DEFAULTS
) -> int:
    """Index of a criterion's best point; of equal ones the centre of their longest run.

    Parameters
    ----------
    points : Sweep
    criterion : str
        One of `criteria.utility`.
    settings : evenfold.config.selection.SelectionSettings
        What the criteria weigh.

    Returns
    -------
    int

    Examples
    --------
    >>> points = sweep(np.array([2.0, 1.0, 0.0, -1.0]), np.array([1, 0, 1, 0]))
    >>> points.logit[choose(points, "sn_eq_sp")]
    np.float64(0.5)
    """
    counts = points.tp, points.fp, points.n_positive, points.n_negative
    value = utility(criterion, *counts, settings.model_dump())
    return _centre(value == value.max())


def choose_resampled(
    points: Sweep,
    criterion: str,
    settings: SelectionSettings = DEFAULTS,
    seed: int = 0,
) -> tuple[int, bool]:
    """Index of the best point of a criterion that looks at resamples, and a fallback.

    Resampling rows within a class and counting those between neighbouring thresholds is
    multinomial in the counts (drawn without replacement: hypergeometric), so only the
    counts are resampled. Of very many points a few hundred are candidates, evenly over
    the positives and over the negatives.

    Parameters
    ----------
    points : Sweep
    criterion : {'constrained_mcc', 'ghost'}
        `constrained_mcc`: largest MCC, averaged over bootstrap resamples, where
        |SN - SP| plus its standard error is at most delta; where no point is, the
        SN = SP crossing. The constraint at its own boundary would be missed by every
        second new sample. `ghost`: largest median kappa over 100 stratified fifths of
        the rows (Esposito et al. 2021, GHOST, at every threshold instead of a grid).
    settings : evenfold.config.selection.SelectionSettings
    seed : int

    Returns
    -------
    tuple of (int, bool)
        Index, and whether the fallback was taken.
    """
    generator = np.random.default_rng(seed)
    own = _candidates(points)
    drawn = _fifths if criterion == "ghost" else _with_replacement
    tp, fp = (drawn(called[own], generator) for called in (points.tp, points.fp))
    n1, n0 = tp[:, -1:], fp[:, -1:]
    tp, n1 = deployed(tp, n1, n0, settings.model_dump())
    if criterion == "ghost":
        value = np.median(kappa(tp, fp, n1, n0), axis=0).round(12)
        return int(own[_centre(value == value.max())]), False
    sn, sp = points.sn[own], points.sp[own]
    error = np.sqrt(
        sn * (1 - sn) / points.n_positive + sp * (1 - sp) / points.n_negative
    )
    allowed = np.abs(sn - sp) + error <= settings.delta
    if not allowed.any():
        return choose(points, "sn_eq_sp", settings), True
    mcc = matthews(tp, fp, n0 - fp, n1 - tp).mean(axis=0).round(12)
    value = np.where(allowed, mcc, -np.inf)
    return int(own[_centre(value == value.max())]), False


def pick(
    points: Sweep, criterion: str, settings: SelectionSettings = DEFAULTS, seed: int = 0
) -> tuple[int, bool]:
    """Index of any criterion's point and whether a fallback was taken.

    Parameters
    ----------
    points : Sweep
    criterion : str
    settings : evenfold.config.selection.SelectionSettings
    seed : int
        Of the resamples, where the criterion looks at some.

    Returns
    -------
    tuple of (int, bool)
    """
    if criterion in RESAMPLED:
        return choose_resampled(points, criterion, settings, seed)
    return choose(points, criterion, settings), False


def _candidates(points: Sweep) -> np.ndarray:
    """Points that resamples judge: all, or some evenly over either class; the ends."""
    if len(points.logit) <= _CANDIDATES:
        return np.arange(len(points.logit))
    share = np.linspace(0, 1, _CANDIDATES // 2)
    return np.unique(
        np.concatenate(
            [
                np.searchsorted(called, share * called[-1])
                for called in (points.tp, points.fp)
            ]
            + [[0, len(points.logit) - 1]]
        )
    )


def _with_replacement(called: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Called of a class, whose rows are drawn anew: ndarray, shape (resamples, points)."""
    n = int(called[-1])
    parts = generator.multinomial(n, np.diff(called) / n, _AVERAGED)
    return _accumulated(parts)


def _fifths(called: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Called of a fifth of a class, without replacement: ndarray, (100, points)."""
    size = max(1, round(int(called[-1]) / 5))
    parts = generator.multivariate_hypergeometric(
        np.diff(called), size, _FIFTHS, method="marginals"
    )
    return _accumulated(parts)


def _accumulated(parts: np.ndarray) -> np.ndarray:
    return np.pad(np.cumsum(parts, axis=1), ((0, 0), (1, 0)))


def _centre(mask: np.ndarray) -> int:
    """Middle of the longest run of True; the first one among equally long runs."""
    edges = np.flatnonzero(np.diff(np.r_[0, mask.astype(int), 0]))
    starts, stops = edges[::2], edges[1::2]
    longest = int((stops - starts).argmax())
    return int((starts[longest] + stops[longest] - 1) // 2)


def tune(oof: OutOfFold, settings: SelectionSettings, seed: int) -> Tuned:
    """Thresholds of one variant from its pooled out-of-fold scores.

    Parameters
    ----------
    oof : OutOfFold
    settings : evenfold.config.selection.SelectionSettings
        Among them `keep_half`: 0.5 is kept where tuning could only lose, since SN - SP
        there is within one standard error of zero, and MCC no smaller than at the tuned
        threshold.
    seed : int

    Returns
    -------
    Tuned
        A point for 0.5 and for each criterion, which of them is deployed, and the
        calibration. Stability and calibration are None where nothing was tuned.
    """
    silent = _why_scores_tell_nothing(oof.logits, oof.folds)
    oof = _finite(oof)
    scores = sigmoid(oof.logits)
    pooled = sweep(oof.logits, oof.labels)
    criterion = settings.criterion
    smaller = min(pooled.n_positive, pooled.n_negative)
    tuned = smaller >= settings.min_positives and not silent
    notes = []
    if silent:
        notes.append(f"{silent}: no threshold was tuned, 0.5 is kept.")
    elif not tuned:
        notes.append(
            f"The smaller class has {smaller} sequences, fewer than "
            f"{settings.min_positives}: no threshold was tuned, 0.5 is kept."
        )

    def point_at(threshold: float) -> Point:
        return point(scores, oof.labels, threshold, settings.resamples, seed)

    points = {HALF: point_at(0.5)}
    for name in tabled(criterion) if tuned else ():
        index, fallback = pick(pooled, name, settings, seed)
        points[name] = point_at(float(sigmoid(pooled.logit[index])))
        if fallback and name == criterion:
            notes.append(
                f"No threshold keeps |SN - SP| and its standard error within "
                f"{settings.delta:g}; {name} fell back on the SN = SP crossing."
            )
    operating_point: str = criterion if tuned else HALF
    if tuned and settings.keep_half:
        kept = _why_half_is_kept(points[HALF], points[criterion], pooled)
        if kept:
            operating_point = HALF
            notes.append(kept)
    folds = _per_fold(oof, settings, tuned)
    return Tuned(
        n=len(oof.labels),
        n_positive=pooled.n_positive,
        criterion=criterion,
        tuned=tuned,
        operating_point=operating_point,
        threshold=points[operating_point].threshold,
        points=points,
        folds=folds,
        stability=_stability(folds, oof, settings, seed) if tuned else None,
        comparability=comparability(oof),
        curve=_curve(pooled),
        auroc=auroc(oof.as_measured, oof.labels),
        auprc=auprc(oof.as_measured, oof.labels),
        brier=brier(scores, oof.labels),
        calibration=calibrate(oof.logits, oof.labels, oof.folds) if tuned else None,
        notes=notes,
    )


def _why_scores_tell_nothing(logits: np.ndarray, folds: np.ndarray) -> str | None:
    """In words; None where they are numbers that differ within a fold."""
    odd = int((~np.isfinite(logits)).sum())
    if odd:
        return (
            f"{odd} of {len(logits)} out-of-fold scores are no finite numbers, so the "
            "training failed and the scores carry no information"
        )
    if np.ptp(sigmoid(logits)) == 0:
        return "All out-of-fold scores are equal, so they carry no information"
    if all(np.ptp(sigmoid(logits[folds == fold])) == 0 for fold in np.unique(folds)):
        return (
            "All out-of-fold scores of a fold are equal, so they carry no information but "
            "the class ratio of the others"
        )
    return None


def _finite(oof: OutOfFold) -> OutOfFold:
    """What is no number counts as called negative; huge logits as very large."""
    logits, measured = (
        np.nan_to_num(z, nan=-_SURE).clip(-_SURE, _SURE)
        for z in (oof.logits, oof.as_measured)
    )
    return OutOfFold(logits, oof.labels, oof.folds, measured)


def _why_half_is_kept(half: Point, tuned: Point, pooled: Sweep) -> str | None:
    """In words; None where the tuned threshold is better."""
    se = np.sqrt(
        half.sn * (1 - half.sn) / pooled.n_positive
        + half.sp * (1 - half.sp) / pooled.n_negative
    )
    if abs(half.gap) > se or half.mcc < tuned.mcc:
        return None
    return (
        f"At 0.5 SN - SP is {half.gap:+.3f}, within one standard error ({se:.3f}) of "
        "zero, and MCC is no smaller than at the tuned threshold "
        f"{told(tuned.threshold)}: 0.5 is kept."
    )


def tune_files(
    oof: str | Path, twin: str | Path, output: str | Path, settings: dict, seed: int
) -> str:
    """Tune one variant from its files and write threshold.json.

    A variant that was not trained, because its loss is an earlier one's, gets that
    one's name in place of thresholds.

    Parameters
    ----------
    oof, twin : path-like
        oof.parquet and twin.json of the variant.
    output : path-like
        threshold.json.
    settings : dict
        The configuration's `selection`, or the part of it that tuning reads.
    seed : int

    Returns
    -------
    str
        What was done, in words.
    """
    trained = Twin.read(twin)
    if trained.same_as:
        trained.write(output)
        return f"the same loss as {trained.same_as}: see there"
    tuned = tune(OutOfFold.read(oof), SelectionSettings.model_validate(settings), seed)
    tuned.write(output)
    return f"{tuned.operating_point} at {tuned.threshold:.4f}"


def point(
    scores: np.ndarray, labels: np.ndarray, threshold: float, resamples: int, seed: int
) -> Point:
    """One operating point: threshold, counts, rates and the interval of MCC.

    Parameters
    ----------
    scores, labels : ndarray, shape (n,)
    threshold : float
    resamples, seed : int
        Of the bootstrap of MCC.

    Returns
    -------
    Point
    """
    counts = confusion(scores, labels, threshold)
    low, high = bootstrap_mcc(counts, resamples, seed)
    return Point(
        threshold=float(threshold),
        **counts,
        **rates(**counts),
        mcc_low=low,
        mcc_high=high,
    )


def _per_fold(
    oof: OutOfFold, settings: SelectionSettings, tuned: bool
) -> list[FoldThresholds]:
    """What each fold alone would have given, by the criterion that is deployed."""
    rows = []
    for fold in np.unique(oof.folds):
        own = oof.folds == fold
        logits, labels = oof.logits[own], oof.labels[own]
        thresholds: dict[str, float] = {}
        if tuned:
            points = sweep(logits, labels)
            index, _ = pick(points, settings.criterion, settings)
            thresholds[settings.criterion] = float(sigmoid(points.logit[index]))
        rows.append(
            FoldThresholds(
                fold=int(fold),
                n=int(own.sum()),
                n_positive=int(labels.sum()),
                auroc=auroc(oof.as_measured[own], labels),
                thresholds=thresholds,
            )
        )
    return rows


def _stability(
    folds: list[FoldThresholds], oof: OutOfFold, settings: SelectionSettings, seed: int
) -> Stability:
    """Whether the folds agree on the threshold, judged against chance at their size.

    The spread of the folds' own thresholds, on the logit scale, is divided by the
    spread of thresholds tuned on bootstrap samples of one fold's size drawn from all
    scores: about 1 when the folds differ by sampling alone.
    """
    logits, labels, criterion = oof.logits, oof.labels, settings.criterion
    thresholds = [fold.thresholds[criterion] for fold in folds]
    scores = sigmoid(logits)
    outcome = [rates(**confusion(scores, labels, t)) for t in thresholds]

    def tuned_on(rows: np.ndarray) -> float:
        points = sweep(logits[rows], labels[rows])
        index, _ = pick(points, criterion, settings)
        return points.logit[index]

    generator = np.random.default_rng(seed)
    classes = [np.flatnonzero(labels == y) for y in (0, 1)]
    sizes = [max(1, len(rows) // len(folds)) for rows in classes]
    drawn = [
        tuned_on(
            np.concatenate(
                [generator.choice(rows, n) for rows, n in zip(classes, sizes)]
            )
        )
        for _ in range(_SPREAD_RESAMPLES)
    ]
    by_chance = float(np.std([z for z in drawn if np.isfinite(z)], ddof=1))
    among_folds = float(
        np.std(np.log(thresholds) - np.log1p(np.negative(thresholds)), ddof=1)
    )
    ratio = among_folds / by_chance if by_chance > 0 else float("inf")
    sn = [one["sn"] for one in outcome]
    sp = [one["sp"] for one in outcome]
    mcc = [one["mcc"] for one in outcome]
    widest = max(max(sn) - min(sn), max(sp) - min(sp))
    limits = settings.stability
    flag: Literal["green", "amber", "red"] = "green"
    if not ratio <= limits.amber or widest > limits.widest:
        flag = "amber"
    if ratio > limits.red:
        flag = "red"
    called = np.empty(len(labels), dtype=bool)
    for fold in np.unique(oof.folds):
        own = oof.folds == fold
        called[own] = logits[own] >= tuned_on(~own)
    points = sweep(logits, labels)
    index, _ = pick(points, criterion, settings, seed)
    return Stability(
        thresholds=thresholds,
        sd_logit=among_folds,
        sd_logit_by_chance=by_chance,
        ratio=ratio,
        range=(min(thresholds), max(thresholds)),
        sn=(min(sn), max(sn)),
        sp=(min(sp), max(sp)),
        mcc=(min(mcc), max(mcc)),
        widest=widest,
        gap_left_out=float(called[labels == 1].mean() - (~called)[labels == 0].mean()),
        sd_asymptotic=threshold_sd(logits, labels, float(points.logit[index])),
        flag=flag,
    )


def threshold_sd(logits: np.ndarray, labels: np.ndarray, threshold: float) -> float:
    """Asymptotic standard deviation of the SN = SP threshold, on the scale of logits.

    sqrt(SN (1 - SN) / n1 + SP (1 - SP) / n0) / (f1 + f0), with the densities of the two
    classes at the threshold by a Gaussian kernel; NaN where they cannot be estimated.

    Parameters
    ----------
    logits, labels : ndarray, shape (n,)
    threshold : float

    Returns
    -------
    float
    """
    variance, density = 0.0, 0.0
    for own in (logits[labels == 1], logits[labels == 0]):
        above = float((own >= threshold).mean())
        variance += above * (1 - above) / len(own)
        if np.ptp(own) == 0 or not np.isfinite(threshold):
            return float("nan")
        try:
            density += float(gaussian_kde(own)(threshold)[0])
        except np.linalg.LinAlgError:  # scores that differ in their last digits alone
            return float("nan")
    return float(np.sqrt(variance) / density) if density > 0 else float("nan")


def comparability(oof: OutOfFold) -> Comparability:
    """Whether the folds' scores may be pooled.

    Per class, each fold's logits against the other folds' by the two-sample
    Kolmogorov-Smirnov test, Holm-corrected over all comparisons.

    Parameters
    ----------
    oof : OutOfFold

    Returns
    -------
    Comparability
    """
    tests = [
        ks_2samp(
            oof.logits[own & (oof.labels == y)], oof.logits[~own & (oof.labels == y)]
        )
        for y in (0, 1)
        for own in (oof.folds == fold for fold in np.unique(oof.folds))
    ]
    smallest = float(holm([test.pvalue for test in tests]).min())
    return Comparability(
        largest_ks=float(max(test.statistic for test in tests)),
        holm_p=smallest,
        comparable=smallest >= 0.01,
    )


def _curve(points: Sweep) -> Curve:
    """The sweep thinned to a few hundred thresholds, evenly over the rows."""
    inside = np.isfinite(points.logit)
    rows = np.flatnonzero(inside)
    if not len(rows):
        return Curve(threshold=[], sn=[], sp=[], mcc=[])
    rows = rows[np.unique(np.linspace(0, len(rows) - 1, _CURVE_POINTS).astype(int))]
    return Curve(
        threshold=sigmoid(points.logit[rows]).round(6).tolist(),
        sn=points.sn[rows].round(6).tolist(),
        sp=points.sp[rows].round(6).tolist(),
        mcc=points.mcc[rows].round(6).tolist(),
    )
