"""The champion, chosen by cross-validation alone, and the frozen selection."""

import platform
from pathlib import Path

import numpy as np
import pandas as pd

from evenfold import __version__, tables
from evenfold.files import read_json, sha256_file, sha256_json
from evenfold.metrics.comparison import corrected_t, delong, holm, mcnemar
from evenfold.metrics.counts import confusion, rates
from evenfold.metrics.intervals import interval
from evenfold.metrics.scores import logit, sigmoid
from evenfold.selection.resampling import Resampled, corrected_best, resample

#: Most resamples of the bootstrap over groups; percentiles need no more.
GROUP_RESAMPLES = 2000
#: Re-tuned thresholds of a variant that are kept, for intervals that include tuning.
RETUNED = 200
#: Resamples times rows beyond which fewer resamples are drawn, 200 at least.
_CELLS = 40_000_000


def largest(thresholds: dict[str, dict]) -> str:
    """Variant with the largest out-of-fold MCC at its deployed threshold.

    Ties go to the smaller |SN - SP|, then to the order of the configuration.
    """

    def rank(name):
        point = thresholds[name]["points"][thresholds[name]["operating_point"]]
        return (round(point["mcc"], 12), -round(abs(point["gap"]), 12))

    return max(thresholds, key=rank)


def choose_champion(
    best: str, baseline: str, comparison: dict[str, dict], simpler: bool
) -> tuple[str, str]:
    """The variant to deploy, and why.

    The baseline is kept when the best variant's lead is within one standard error of
    the paired difference (Breiman et al. 1984, the one-standard-error rule).

    Parameters
    ----------
    best, baseline : str
    comparison : dict
        As `against_baseline` gives.
    simpler : bool
        Whether the rule applies.
    """
    if best == baseline:
        return best, "No other variant had a larger MCC out-of-fold."
    lead, se = comparison[best]["mcc"], comparison[best]["se"]
    told = f"{best} leads {baseline} by {lead:+.3f} MCC out-of-fold"
    if simpler and lead <= se:
        return baseline, (
            f"{told}, which is within one standard error ({se:.3f}): a tie, and the "
            "simpler one is kept."
        )
    return best, f"{told}; the standard error of the difference is {se:.3f}."


def against_baseline(
    oof: dict[str, dict],
    thresholds: dict[str, dict],
    baseline: str,
    resampled: Resampled,
) -> dict[str, dict]:
    """Paired out-of-fold differences of each variant to the baseline.

    Parameters
    ----------
    oof : dict
        Per variant `logit`, `label` and `fold`, arrays over the same rows.
    resampled : Resampled
        Over the variants in the order of `oof`.

    Returns
    -------
    dict
        Per variant: mcc, se, low, high and p of the difference by the bootstrap over
        groups, p_holm; gap and its interval, the difference of |SN - SP|; delong;
        mcnemar on all, positives and negatives; folds, the corrected t-test.
    """
    names = list(oof)
    labels = np.asarray(oof[baseline]["label"])
    folds = np.asarray(oof[baseline]["fold"])
    reference = names.index(baseline)

    def called(name):
        return sigmoid(oof[name]["logit"]) >= thresholds[name]["threshold"]

    def mcc(name, rows):
        return rates(**confusion(called(name)[rows], labels[rows], 0.5))["mcc"]

    def gap(name):
        return abs(rates(**confusion(called(name), labels, 0.5))["gap"])

    result = {}
    everywhere = np.ones(len(labels), dtype=bool)
    for position, name in enumerate(names):
        if name == baseline:
            continue
        lead = resampled.mcc[:, position] - resampled.mcc[:, reference]
        wider = np.abs(resampled.gap[:, position])
        wider = wider - np.abs(resampled.gap[:, reference])
        low, high = interval(lead)
        right, reference_right = (called(n) == labels for n in (name, baseline))
        by_fold = [
            mcc(name, folds == fold) - mcc(baseline, folds == fold)
            for fold in np.unique(folds)
        ]
        # A share of zero resamples is less than one over their number.
        tail = min((lead <= 0).mean(), (lead >= 0).mean())
        result[name] = {
            "mcc": mcc(name, everywhere) - mcc(baseline, everywhere),
            "se": float(lead.std(ddof=1)),
            "low": low,
            "high": high,
            "p": float(min(1.0, 2 * max(tail, 1 / (len(lead) + 1)))),
            "gap": gap(name) - gap(baseline),
            "gap_low": interval(wider)[0],
            "gap_high": interval(wider)[1],
            "delong": delong(oof[name]["logit"], oof[baseline]["logit"], labels),
            "mcnemar": {
                what: mcnemar(right[rows], reference_right[rows])
                for what, rows in (
                    ("all", everywhere),
                    ("positives", labels == 1),
                    ("negatives", labels == 0),
                )
            },
            "folds": corrected_t(np.array(by_fold), 1 / max(1, len(by_fold) - 1)),
        }
    adjusted = holm([one["p"] for one in result.values()]) if result else []
    for one, p in zip(result.values(), adjusted):
        one["p_holm"] = float(p)
    return result


def freeze(
    dataset: str,
    decides: dict,
    thresholds: dict[str, dict],
    losses: dict[str, str],
    files: dict[str, dict],
    oof: dict[str, dict],
    clusters: np.ndarray,
    settings: dict,
    seed: int,
    records: dict,
    cleaning: dict,
) -> dict:
    """The frozen selection.

    Parameters
    ----------
    decides : dict
        `data`, `split` and `config`: digests of everything that decides. They alone
        identify the selection; weights and versions are recorded, not part of it.
    files : dict
        Per variant the paths `weights`, `threshold` and `oof`, whose digests are recorded.
    oof : dict
        Per variant `logit`, `label` and `fold`, arrays over the same rows.
    clusters : ndarray, shape (n,)
        Homology group of each of those rows.
    settings : dict
        `resamples` of the bootstrap over groups, `one_standard_error`, and the
        criterion with its settings.

    Returns
    -------
    dict
    """
    best = largest(thresholds)
    baselines = [name for name in thresholds if losses[name] == "bce"]
    baseline = baselines[0] if baselines else next(iter(thresholds))
    names = list(thresholds)
    labels = np.asarray(oof[baseline]["label"])
    resampled = resample(
        np.stack([np.asarray(oof[name]["logit"]) for name in names]),
        labels,
        clusters,
        logit(np.array([thresholds[name]["threshold"] for name in names])),
        min(
            settings["resamples"], max(200, min(GROUP_RESAMPLES, _CELLS // len(labels)))
        ),
        seed,
        settings["criterion"],
        settings,
    )
    comparison = against_baseline(oof, thresholds, baseline, resampled)
    chosen, why = choose_champion(
        best, baseline, comparison, settings["one_standard_error"]
    )
    corrected, spread = corrected_best(resampled)
    own = thresholds[best]["points"][thresholds[best]["operating_point"]]
    return {
        "selection": sha256_json(decides)[:16],
        "dataset": dataset,
        "champion": chosen,
        "why": why,
        "best": {
            "variant": best,
            "of": len(names),
            "mcc": own["mcc"],
            "mcc_corrected": corrected,
            "mcc_corrected_sd": spread,
        },
        "baseline": baseline,
        "threshold": thresholds[chosen]["threshold"],
        "operating_point": thresholds[chosen]["operating_point"],
        "decides": decides,
        "records": records,
        "cleaning": cleaning,
        "variants": {
            name: {
                "loss": losses[name],
                "operating_point": tuned["operating_point"],
                "threshold": tuned["threshold"],
                "weights_sha256": sha256_file(files[name]["weights"]),
                "threshold_sha256": sha256_file(files[name]["threshold"]),
                "oof_sha256": sha256_file(files[name]["oof"]),
                "oof": tuned["points"][tuned["operating_point"]],
                "oof_at_half": tuned["points"]["0.5"],
                "auroc": tuned["auroc"],
                "calibrator": (
                    tuned["calibration"]["calibrator"]
                    if tuned.get("calibration")
                    else {"method": "none"}
                ),
                "grouped": {
                    key: interval(getattr(resampled, key)[:, position])
                    for key in ("mcc", "gap", "tuned_mcc", "tuned_gap")
                },
                "retuned": _retuned(resampled.tuned_logit[:, position]),
            }
            for position, (name, tuned) in enumerate(thresholds.items())
        },
        "positives": float(labels.mean()),
        "deployment_positives": settings.get("deployment_positives"),
        "groups": len(np.unique(clusters)),
        "against_baseline": comparison,
    }


def _retuned(logits):
    """Thresholds of the resamples, thinned to even quantiles of their distribution."""
    levels = (np.arange(RETUNED) + 0.5) / RETUNED
    return sigmoid(np.quantile(logits, levels)).round(6).tolist()


def select_files(
    inputs: dict, variants: list[str], losses: dict[str, str], config: dict
) -> dict:
    """Freeze the selection of a data set from its files.

    Parameters
    ----------
    inputs : dict
        Paths `sequences`, `split`, and per variant, in the order of `variants`,
        `thresholds`, `oof` and `weights`.
    config : dict
        The resolved configuration that decides.
    """
    decides = {
        "data": tables.digest(tables.read(inputs["sequences"])),
        "split": tables.digest(tables.read(inputs["split"])),
        "config": sha256_json(config),
    }
    records = {
        "evenfold": __version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
    }
    train = pd.read_parquet(inputs["split"], columns=["role", "cluster"])
    train = train[train["role"] == "train"]
    tuned = {
        name: read_json(path) for name, path in zip(variants, inputs["thresholds"])
    }
    same = {name: one for name, one in tuned.items() if one.get("same_as")}
    files = {
        name: {"weights": weights, "threshold": threshold, "oof": oof}
        for name, weights, threshold, oof in zip(
            variants, inputs["weights"], inputs["thresholds"], inputs["oof"]
        )
        if name not in same
    }
    oof = {
        name: pd.read_parquet(paths["oof"], columns=["logit", "label", "fold"])
        for name, paths in files.items()
    }
    return freeze(
        Path(inputs["sequences"]).parent.name,
        decides,
        {name: tuned[name] for name in files},
        losses,
        files,
        oof,
        train["cluster"].to_numpy(),
        config["selection"],
        config["seed"],
        records,
        config["reading"]["cleaning"],
    ) | {"same": same, "config": config, "order": list(variants)}
