"""The champion, chosen by cross-validation alone, and the frozen selection."""

import platform
from pathlib import Path

import numpy as np
import pandas as pd

from evenfold import __version__
from evenfold.files import read_json, sha256_file, sha256_json
from evenfold.selection.metrics import paired_bootstrap_mcc
from evenfold.selection.thresholds import sigmoid
from evenfold.sequences import tables


def champion(thresholds: dict[str, dict]) -> str:
    """Variant with the largest out-of-fold MCC at its deployed threshold.

    Ties go to the smaller |SN - SP|, then to the order of the configuration.
    """

    def rank(name):
        point = thresholds[name]["points"][thresholds[name]["operating_point"]]
        return (round(point["mcc"], 12), -round(abs(point["gap"]), 12))

    return max(thresholds, key=rank)


def against_baseline(
    oof: dict[str, dict], thresholds: dict[str, dict], baseline: str, resamples, seed
) -> dict[str, dict]:
    """Paired out-of-fold difference of each variant's MCC to the baseline's.

    Parameters
    ----------
    oof : dict
        Per variant `logit` and `label`, arrays over the same rows.
    """

    def called(name):
        return sigmoid(oof[name]["logit"]) >= thresholds[name]["threshold"]

    labels = np.asarray(oof[baseline]["label"])
    result = {}
    for name in oof:
        if name != baseline:
            difference, low, high = paired_bootstrap_mcc(
                called(name), called(baseline), labels, resamples, seed
            )
            result[name] = {"mcc": difference, "low": low, "high": high}
    return result


def freeze(
    dataset: str,
    decides: dict,
    thresholds: dict[str, dict],
    losses: dict[str, str],
    files: dict[str, dict],
    oof: dict[str, dict],
    resamples: int,
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
        Per variant the paths `weights` and `threshold`, whose digests are recorded.

    Returns
    -------
    dict
    """
    best = champion(thresholds)
    baselines = [name for name in thresholds if losses[name] == "bce"]
    baseline = baselines[0] if baselines else next(iter(thresholds))
    return {
        "selection": sha256_json(decides)[:16],
        "dataset": dataset,
        "champion": best,
        "baseline": baseline,
        "threshold": thresholds[best]["threshold"],
        "operating_point": thresholds[best]["operating_point"],
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
                "oof": tuned["points"][tuned["operating_point"]],
                "oof_at_half": tuned["points"]["0.5"],
                "auroc": tuned["auroc"],
            }
            for name, tuned in thresholds.items()
        },
        "against_baseline": against_baseline(
            oof, thresholds, baseline, resamples, seed
        ),
    }


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
        name: pd.read_parquet(paths["oof"], columns=["logit", "label"])
        for name, paths in files.items()
    }
    return freeze(
        Path(inputs["sequences"]).parent.name,
        decides,
        {name: tuned[name] for name in files},
        losses,
        files,
        oof,
        config["selection"]["resamples"],
        config["seed"],
        records,
        config["reading"]["cleaning"],
    ) | {"same": same}
