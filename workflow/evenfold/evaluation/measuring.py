"""Measures of stored predictions: everything in metrics.tsv follows from them."""

import numpy as np
import pandas as pd

from evenfold.metrics.bootstrap import (
    class_groups,
    group_intervals,
    paired_difference,
)
from evenfold.metrics.calibration import net_benefit, proper_scores, reliability
from evenfold.metrics.conformal import (
    in_bands,
    judged,
    place_of,
    sets_by_band,
)
from evenfold.metrics.counts import confusion, rates
from evenfold.metrics.intervals import effective_size, newcombe, wilson
from evenfold.metrics.predictive import predictive
from evenfold.metrics.scores import auprc, auroc, logit
from evenfold.records.evaluation import (
    Measured,
    PublishedDifference,
    RawAndCalibrated,
    ReliabilityCurves,
    ScoredVariant,
    TestCurves,
)
from evenfold.records.selection import BANDS, InBand, Judged, Trust
from evenfold.records.thresholds import HALF, Reliability

#: Scores of probabilities, raw and calibrated; see `metrics.calibration.proper_scores`.
SCORES = ("brier", "log_loss", "d2", "ece", "mcb", "dsc")
#: What is measured with an interval.
_RATES = ("mcc", "sn", "sp", "gap")
_Side = tuple[float, float]


def measure(
    dataset: str,
    predictions: pd.DataFrame,
    variants: dict[str, ScoredVariant],
    champion: str,
    resamples: int = 2000,
    seed: int = 0,
) -> list[Measured]:
    """Metrics of stored predictions, one row per variant and operating point.

    Everything in metrics.tsv follows from predictions.parquet by this function. The
    intervals `*_low` and `*_high` are of the classifier as it is, in the population that
    the test set comes from: of MCC by a bootstrap over groups of related sequences that
    lets the class ratio vary, of SN and SP by Wilson's method and of the gap by
    Newcombe's at the effective number of sequences. `*_tuning_low` and `*_tuning_high`
    go as much further as the bootstrap does when every resample is called at one of the
    thresholds that tuning gave on resamples of the out-of-fold scores. Looks of
    earlier versions stored no groups: there every sequence is one.

    Parameters
    ----------
    dataset : str
    predictions : DataFrame
        As a look stored them; see `tables.PREDICTIONS`.
    variants : dict of str to ScoredVariant
    champion : str
    resamples, seed : int
        Of the bootstraps.

    Returns
    -------
    list of Measured
    """
    rows = []
    for name, own in predictions.groupby("variant", sort=False):
        variant = variants[str(name)]
        labels, scores = own["label"].to_numpy(), own["score"].to_numpy()
        groups = _groups(own).to_numpy()
        whole = {
            "dataset": dataset,
            "variant": str(name),
            "loss": variant.loss,
            "n": len(own),
            "groups": len(np.unique(groups)),
            "auroc": auroc(scores, labels),
            "auprc": auprc(scores, labels),
            **_proper(own),
            "champion": name == champion,
        }
        points = {HALF: 0.5}
        if variant.operating_point != HALF:
            points[variant.operating_point] = float(own["threshold"].iloc[0])
        for point, threshold in points.items():
            counts = confusion(scores, labels, threshold)
            retuned = variant.retuned if point != HALF else None
            sides = _sides(
                scores, labels, groups, threshold, retuned or [], resamples, seed
            )
            rows.append(
                Measured.model_validate(
                    {
                        **whole,
                        "operating_point": point,
                        "deployed": point == variant.operating_point,
                        "threshold": threshold,
                        **counts,
                        **rates(**counts),
                        **predictive(**counts),
                        **{f"{key}_low": low for key, (low, _) in sides.items()},
                        **{f"{key}_high": high for key, (_, high) in sides.items()},
                    }
                )
            )
    return rows


def groups_of_class(predictions: pd.DataFrame, champion: str) -> tuple[int, int]:
    """Groups of the test set that hold positives, and negatives.

    Parameters
    ----------
    predictions : DataFrame
    champion : str
        Any variant: all are scored on the same sequences.

    Returns
    -------
    tuple of int
    """
    own = predictions[predictions["variant"] == champion]
    return class_groups(_groups(own).to_numpy(), own["label"].to_numpy())


def _groups(own: pd.DataFrame) -> pd.Series:
    """Group of every row; looks of earlier versions stored none, there each is one."""
    return own["group"] if "group" in own else own["id"]


def curves(predictions: pd.DataFrame, champion: str) -> TestCurves | None:
    """Reliability and net benefit of the champion on the test set.

    Parameters
    ----------
    predictions : DataFrame
    champion : str

    Returns
    -------
    TestCurves or None
        None where a class is missing or no probabilities were stored.
    """
    own = predictions[predictions["variant"] == champion]
    if "probability" not in own or own["label"].nunique() < 2:
        return None
    labels = own["label"].to_numpy()
    raw, better = own["score"].to_numpy(), own["probability"].to_numpy()
    risks = np.linspace(0.02, 0.98, 49)
    return TestCurves(
        reliability=ReliabilityCurves(
            raw=Reliability(**reliability(raw, labels)),
            calibrated=Reliability(**reliability(better, labels)),
        ),
        net_benefit=RawAndCalibrated(
            raw=net_benefit(raw, labels, risks).tolist(),
            calibrated=net_benefit(better, labels, risks).tolist(),
        ),
        risk=risks.round(4).tolist(),
    )


def sets_held(
    predictions: pd.DataFrame,
    champion: str,
    trust: Trust | None,
    bands: np.ndarray | None = None,
) -> Judged | None:
    """How the champion's prediction sets held on the test set.

    Parameters
    ----------
    predictions : DataFrame
    champion : str
    trust : Trust or None
        As it was frozen.
    bands : ndarray of str, optional
        Band of the domain of each test sequence, in the order of its predictions.

    Returns
    -------
    Judged or None
        None where nothing was frozen, or a class is missing.
    """
    own = predictions[predictions["variant"] == champion]
    if trust is None or own["label"].nunique() < 2:
        return None
    here, there = _sets(own, trust, bands)
    labels, groups = own["label"].to_numpy(), _groups(own).to_numpy()
    return Judged.model_validate(judged(here, there, labels, groups, trust.error))


def reached_in_bands(
    predictions: pd.DataFrame,
    champion: str,
    trust: Trust | None,
    bands: np.ndarray | None,
) -> list[InBand] | None:
    """What the champion reached on the test set, by bands of its domain.

    Parameters
    ----------
    predictions : DataFrame
    champion : str
    trust : Trust or None
        As it was frozen.
    bands : ndarray of str or None
        Of the test sequences, in the order of its predictions.

    Returns
    -------
    list of InBand or None
        None where nothing was frozen.
    """
    own = predictions[predictions["variant"] == champion]
    if trust is None or bands is None:
        return None
    here, there = _sets(own, trust, bands)
    place = place_of(trust.error, trust.errors)
    called = (own["score"] >= own["threshold"]).to_numpy()
    labels, groups = own["label"].to_numpy(), _groups(own).to_numpy()
    found = in_bands(bands, called, (here[place], there[place]), labels, groups, BANDS)
    return [InBand.model_validate(one) for one in found]


def _sets(own, trust, bands) -> tuple[np.ndarray, np.ndarray]:
    """Whether the sets hold either class, by error."""
    logits = logit(own["score"].to_numpy())
    sets = [
        sets_by_band(logits, bands, *trust.limits(place))
        for place in range(len(trust.errors))
    ]
    return np.array([one for one, _ in sets]), np.array([other for _, other in sets])


def difference(
    predictions: pd.DataFrame,
    one: str,
    other: str,
    resamples: int = 2000,
    seed: int = 0,
) -> PublishedDifference | None:
    """MCC of another variant less that of one, on the same test sequences.

    Each at its own threshold; the interval by a bootstrap over groups, both on the same
    resamples.

    Parameters
    ----------
    predictions : DataFrame
    one, other : str
        Names of the two variants.
    resamples, seed : int

    Returns
    -------
    PublishedDifference or None
        None where one of the two was not scored.
    """
    parts = [predictions[predictions["variant"] == name] for name in (one, other)]
    if any(part.empty for part in parts):
        return None
    own = parts[0]
    labels = own["label"].to_numpy()
    called = [(p["score"] >= p["threshold"]).to_numpy() for p in parts]
    low, high = paired_difference(
        called[1], called[0], labels, _groups(own).to_numpy(), resamples, seed
    )
    mcc = [rates(**confusion(c, labels, 0.5))["mcc"] for c in called]
    return PublishedDifference(mcc=mcc[1] - mcc[0], low=low, high=high)


def _proper(own: pd.DataFrame) -> dict[str, float]:
    """Proper scores of one variant's scores and of its probabilities, by column."""
    labels = own["label"].to_numpy()
    raw = proper_scores(own["score"].to_numpy(), labels)
    better: dict[str, float] = {}
    # Looks of earlier versions stored no probabilities.
    if "probability" in own:
        better = proper_scores(own["probability"].to_numpy(), labels)
    return {
        **{key: raw[key] for key in ("unc", *SCORES)},
        **{f"{key}_calibrated": better.get(key, float("nan")) for key in SCORES},
    }


def _sides(
    scores: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray,
    threshold: float,
    retuned: list[float],
    resamples: int,
    seed: int,
) -> dict[str, _Side]:
    """Intervals of mcc, sn, sp and gap, low and high, and of each with tuning.

    Those with tuning are NaN where nothing was tuned.
    """
    correct = (scores >= threshold) == (labels == 1)
    hits, sizes = [], []
    for own in (labels == 1, labels != 1):
        size = effective_size(correct[own], groups[own])
        sizes.append(size)
        hits.append(size * correct[own].mean() if own.any() else 0.0)

    def resampled(thresholds: list[float]) -> dict[str, _Side]:
        limits = np.array(thresholds)
        return group_intervals(scores, labels, groups, limits, resamples, seed)

    fixed = resampled([threshold])
    sides = {
        "mcc": fixed["mcc"],
        "sn": wilson(hits[0], sizes[0]),
        "sp": wilson(hits[1], sizes[1]),
        "gap": newcombe((hits[0], hits[1]), (sizes[0], sizes[1])),
    }
    if not retuned:
        nowhere = (float("nan"), float("nan"))
        return sides | {f"{key}_tuning": nowhere for key in _RATES}
    varied = resampled(retuned)
    for key in _RATES:
        # As much further on either side as the bootstrap goes when thresholds vary.
        low = sides[key][0] + min(0.0, varied[key][0] - fixed[key][0])
        high = sides[key][1] + max(0.0, varied[key][1] - fixed[key][1])
        least = 0.0 if key in ("sn", "sp") else -1.0
        sides[f"{key}_tuning"] = max(least, low), min(1.0, high)
    return sides
