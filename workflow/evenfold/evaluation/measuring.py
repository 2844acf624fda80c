"""Measures of stored predictions: everything in metrics.tsv follows from them."""

import numpy as np
import pandas as pd

from evenfold.metrics.bootstrap import group_intervals, paired_difference
from evenfold.metrics.calibration import net_benefit, proper_scores, reliability
from evenfold.metrics.counts import confusion, rates
from evenfold.metrics.intervals import effective_size, newcombe, wilson
from evenfold.metrics.scores import auprc, auroc

METRICS = [
    "dataset", "variant", "loss", "operating_point", "threshold", "n", "groups", "tp",
    "fp", "tn", "fn", "sn", "sp", "gap", "mcc", "mcc_low", "mcc_high", "acc", "auroc",
    "auprc", "unc", "brier", "log_loss", "d2", "ece", "mcb", "dsc", "brier_calibrated",
    "log_loss_calibrated", "d2_calibrated", "ece_calibrated", "mcb_calibrated",
    "dsc_calibrated", "sn_low", "sn_high", "sp_low", "sp_high",
    "gap_low", "gap_high", "mcc_tuning_low", "mcc_tuning_high", "sn_tuning_low",
    "sn_tuning_high", "sp_tuning_low", "sp_tuning_high", "gap_tuning_low",
    "gap_tuning_high", "champion",
]  # fmt: skip
#: Scores of probabilities, raw and calibrated; see `metrics.calibration.proper_scores`.
SCORES = ("brier", "log_loss", "d2", "ece", "mcb", "dsc")


def metrics_table(
    dataset: str,
    predictions: pd.DataFrame,
    variants: dict,
    champion: str,
    resamples: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """Metrics of stored predictions, one row per variant and operating point.

    Everything in metrics.tsv follows from predictions.parquet by this function. The
    intervals `*_low` and `*_high` are of the classifier as it is: of MCC by a bootstrap
    over groups of related sequences, of SN and SP by Wilson's method and of the gap by
    Newcombe's at the effective number of sequences. `*_tuning_low` and `*_tuning_high`
    go as much further as the bootstrap does when every resample is called at one of the
    thresholds that tuning gave on resamples of the out-of-fold scores. Looks of
    earlier versions stored no groups: there every sequence is one.

    Parameters
    ----------
    predictions : DataFrame
        Columns id, group, variant, label, score, probability, threshold.
    variants : dict
        Per variant its `loss`, `operating_point` and `retuned`, the thresholds that
        tuning gave on resamples of the out-of-fold scores.

    Returns
    -------
    DataFrame with the columns `METRICS`
    """
    rows = []
    for name, own in predictions.groupby("variant", sort=False):
        labels, scores = own["label"].to_numpy(), own["score"].to_numpy()
        groups = (own["group"] if "group" in own else own["id"]).to_numpy()
        raw = proper_scores(scores, labels)
        # Looks of earlier versions stored no probabilities.
        better = (
            proper_scores(own["probability"].to_numpy(), labels)
            if "probability" in own
            else {}
        )
        points = [("0.5", 0.5)]
        if variants[name]["operating_point"] != "0.5":
            points.append((variants[name]["operating_point"], own["threshold"].iloc[0]))
        for point, threshold in points:
            counts = confusion(scores, labels, threshold)
            retuned = variants[name].get("retuned") if point != "0.5" else None
            sides = _sides(
                scores, labels, groups, threshold, retuned or [], resamples, seed
            )
            rows.append(
                {
                    "dataset": dataset,
                    "variant": name,
                    "loss": variants[name]["loss"],
                    "operating_point": point,
                    "threshold": threshold,
                    "n": len(own),
                    "groups": len(np.unique(groups)),
                    **counts,
                    **rates(**counts),
                    "auroc": auroc(scores, labels),
                    "auprc": auprc(scores, labels),
                    **{key: raw[key] for key in ("unc", *SCORES)},
                    **{f"{key}_calibrated": better.get(key, np.nan) for key in SCORES},
                    **{f"{k}_low": low for k, (low, _) in sides.items()},
                    **{f"{k}_high": high for k, (_, high) in sides.items()},
                    "champion": int(name == champion),
                }
            )
    return pd.DataFrame(rows, columns=METRICS)


def curves(predictions: pd.DataFrame, champion: str) -> dict:
    """Reliability and net benefit of the champion on the test set.

    Returns
    -------
    dict
        `reliability` and `net_benefit`, of each `raw` and `calibrated`; risks under
        `risk`. Empty where a class is missing or no probabilities were stored.
    """
    own = predictions[predictions["variant"] == champion]
    if "probability" not in own or own["label"].nunique() < 2:
        return {}
    labels = own["label"].to_numpy()
    shown = {
        "raw": own["score"].to_numpy(),
        "calibrated": own["probability"].to_numpy(),
    }
    risks = np.linspace(0.02, 0.98, 49)
    return {
        "reliability": {key: reliability(p, labels) for key, p in shown.items()},
        "net_benefit": {
            key: net_benefit(p, labels, risks).tolist() for key, p in shown.items()
        },
        "risk": risks.round(4).tolist(),
    }


def difference(
    predictions: pd.DataFrame,
    one: str,
    other: str,
    resamples: int = 2000,
    seed: int = 0,
) -> dict:
    """MCC of another variant less that of one, on the same test sequences.

    Each at its own threshold; the interval by a bootstrap over groups, both on the same
    resamples.

    Returns
    -------
    dict
        `mcc`, `low`, `high`; empty where one of the two was not scored.
    """
    parts = [predictions[predictions["variant"] == name] for name in (one, other)]
    if any(part.empty for part in parts):
        return {}
    own = parts[0]
    labels = own["label"].to_numpy()
    called = [(p["score"] >= p["threshold"]).to_numpy() for p in parts]
    low, high = paired_difference(
        called[1], called[0], labels, own["group"].to_numpy(), resamples, seed
    )
    mcc = [rates(**confusion(c, labels, 0.5))["mcc"] for c in called]
    return {"mcc": mcc[1] - mcc[0], "low": low, "high": high}


def _sides(scores, labels, groups, threshold, retuned, resamples, seed):
    """Intervals of mcc, sn, sp and gap, low and high, and of each with tuning."""
    correct = (scores >= threshold) == (labels == 1)
    hits, sizes = [], []
    for own in (labels == 1, labels != 1):
        size = effective_size(correct[own], groups[own])
        sizes.append(size)
        hits.append(size * correct[own].mean() if own.any() else 0.0)

    def resampled(thresholds):
        limits = np.array(thresholds)
        return group_intervals(scores, labels, groups, limits, resamples, seed)

    fixed = resampled([threshold])
    sides = {
        "mcc": fixed["mcc"],
        "sn": wilson(hits[0], sizes[0]),
        "sp": wilson(hits[1], sizes[1]),
        "gap": newcombe(tuple(hits), tuple(sizes)),
    }
    if not retuned:
        return sides
    varied = resampled(retuned)
    for key in ("mcc", "sn", "sp", "gap"):
        # As much further on either side as the bootstrap goes when thresholds vary.
        low = sides[key][0] + min(0.0, varied[key][0] - fixed[key][0])
        high = sides[key][1] + max(0.0, varied[key][1] - fixed[key][1])
        least = 0.0 if key in ("sn", "sp") else -1.0
        sides[f"{key}_tuning"] = max(least, low), min(1.0, high)
    return sides
