"""The look: score the test set with every frozen variant, under the ledger."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from evenfold.config.plan import PUBLISHED
from evenfold.errors import EvenfoldError
from evenfold.evaluation.ledger import Ledger, fingerprint, sketch
from evenfold.files import read_json, sha256_file, write_json, write_table
from evenfold.selection.calibrating import (
    calibrated,
    net_benefit,
    proper_scores,
    reliability,
)
from evenfold.selection.metrics import (
    auprc,
    auroc,
    confusion,
    effective_size,
    newcombe,
    rates,
    wilson,
)
from evenfold.selection.resampling import group_intervals, interval, resample
from evenfold.selection.thresholds import logit
from evenfold.sequences.alphabet import residues
from evenfold.sequences.auditing import nearest
from evenfold.sequences.probes import test_probes

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
#: Scores of probabilities, raw and calibrated; see `calibrating.proper_scores`.
SCORES = ("brier", "log_loss", "d2", "ece", "mcb", "dsc")
PREDICTIONS = [
    "id", "group", "variant", "label", "score", "probability", "threshold", "called_half", "called",
]  # fmt: skip


def with_published(selection: dict, published: dict | None) -> dict:
    """The selection with the variants of the published split beside its own.

    They are scored in the same look and decide nothing: choice, thresholds and champion
    are those of the selection.
    """
    beside = published["variants"] if published else {}
    beside = {f"{PUBLISHED}/{name}": frozen for name, frozen in beside.items()}
    return {**selection, "variants": {**selection["variants"], **beside}}


def published_name(published: dict, name: str) -> str:
    """What a variant of the published split is called beside the honest ones.

    A loss that is another's on these data was trained once, under the other's name.
    """
    same = published["same"].get(name)
    return f"{PUBLISHED}/{same['same_as'] if same else name}"


def check_weights(selection: dict, weights: dict[str, str]) -> None:
    """Check that the weights are the frozen ones.

    Raises
    ------
    EvenfoldError
        Naming the variant and its file.
    """
    for name, frozen in selection["variants"].items():
        if sha256_file(weights[name]) != frozen["weights_sha256"]:
            raise EvenfoldError(
                f"{weights[name]}: these are not the weights that were frozen in the "
                f"selection {selection['selection']} (variant {name}). The test set "
                "was not looked at. Run the selection again: "
                f"`snakemake --forcerun select`."
            )


def evaluate(
    selection: dict,
    ledger: Ledger,
    policy: str,
    key_sequences: list[str],
    score: Callable[[], pd.DataFrame],
    allowed: list[dict] = (),
    recorded: Callable[[list[str]], list[dict] | None] = lambda test_set: [],
    trivial: Callable[[pd.DataFrame], list[dict]] = lambda predictions: [],
) -> tuple[dict, pd.DataFrame]:
    """Look at the test set once, or say why not.

    Parameters
    ----------
    selection : dict
        The frozen selection.
    policy : {'sealed', 'practice'}
    key_sequences : list of str
        Sequences that identify the test set: its own, or the whole data set's when
        the test set was held out by evenfold.
    score : callable
        Scores the test set and reads its labels; called only inside a look. Returns
        columns id, variant, label, score.
    allowed : list of dict
        `selection` and `reason` of permitted further looks.
    recorded : callable
        Gets a sketch of the test set and returns the looks at it that another record
        than the ledger tells of; None when that cannot be asked. They are named in the
        status and withhold nothing: the record may be a colleague's.
    trivial : callable
        Judges trivial predictors on the test set (`probes`), given the predictions;
        called only inside a look.

    Returns
    -------
    tuple of (dict, DataFrame)
        Status record, and the predictions (empty when the look is withheld).
    """
    own = selection["selection"]
    reason = next((x["reason"] for x in allowed if x["selection"] == own), None)
    key = fingerprint(key_sequences)
    facts = {
        "dataset": selection["dataset"],
        "policy": policy,
        "reason": reason,
        "decides": selection["decides"],
        "weights": {n: v["weights_sha256"] for n, v in selection["variants"].items()},
        "champion": selection["champion"],
        "evenfold": selection["records"].get("evenfold"),
    }
    look = ledger.open(
        own,
        key,
        facts,
        lambda earlier: not earlier or policy == "practice" or reason is not None,
    )
    if look is not None and look.completed is None:
        predictions = score()
        thresholds = {n: v["threshold"] for n, v in selection["variants"].items()}
        predictions["threshold"] = predictions["variant"].map(thresholds)
        # What a score is worth as a probability, by the calibration frozen before.
        predictions["probability"] = np.nan
        for name, frozen in selection["variants"].items():
            rows = predictions["variant"] == name
            predictions.loc[rows, "probability"] = calibrated(
                frozen["calibrator"], logit(predictions.loc[rows, "score"])
            )
        for column, limit in (
            ("called_half", 0.5),
            ("called", predictions["threshold"]),
        ):
            predictions[column] = (predictions["score"] >= limit).astype("int8")
        record = {
            "variants": {
                name: {
                    key: frozen[key] for key in ("loss", "operating_point", "retuned")
                }
                for name, frozen in selection["variants"].items()
            },
            "probes": trivial(predictions),
        }
        look = ledger.complete(look, predictions, record)
    looks = ledger.at(key)
    told = recorded(sketch(key))
    known = {own, *(other.intent["selection"] for other in looks)}
    status = {
        "test_set": sketch(key),
        "elsewhere": (
            None if told is None else [x for x in told if x["selection"] not in known]
        ),
        "selection": own,
        "status": "withheld" if look is None else "evaluated",
        "policy": policy,
        "look": None if look is None else _told(look, looks),
        "looks": [_told(other, looks) for other in looks],
        "probes": [] if look is None else look.completed.get("probes", []),
    }
    if look is None:
        status["earlier"] = _earlier(looks)
        status["to_look_again"] = {
            "allow_look": [
                {"selection": own, "reason": "why a second look is justified"}
            ]
        }
        return status, pd.DataFrame()
    return status, look.predictions()


def _told(look, looks):
    """What the report tells about one look."""
    order = [other.number for other in looks].index(look.number) + 1
    keys = ("selection", "dataset", "policy", "reason", "looked_at", "champion")
    return {
        "look": order,
        "completed": look.completed is not None,
        **{key: look.intent.get(key) for key in keys},
    }


def _earlier(looks):
    """Metrics of the earlier looks' champions."""
    rows = []
    for look in looks:
        if look.completed is not None:
            frame = metrics_table(
                look.intent["dataset"],
                look.predictions(),
                look.completed["variants"],
                look.intent["champion"],
            )
            champion = frame[frame["variant"] == look.intent["champion"]]
            for row in champion.to_dict("records"):
                rows.append({"looked_at": look.intent["looked_at"], **row})
    return rows


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
    labels, groups = own["label"].to_numpy(), own["group"].to_numpy()
    logits = np.stack([logit(part["score"].to_numpy()) for part in parts])
    limits = logit(np.array([part["threshold"].iloc[0] for part in parts]))
    drawn = resample(logits, labels, groups, limits, resamples, seed).mcc
    low, high = interval(drawn[:, 1] - drawn[:, 0])
    mcc = [
        rates(**confusion(part["score"].to_numpy(), labels, part["threshold"].iloc[0]))
        for part in parts
    ]
    return {"mcc": mcc[1]["mcc"] - mcc[0]["mcc"], "low": low, "high": high}


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


def score_test_set(
    ids: list[str],
    groups: list[int],
    sequences: list[str],
    labels_of: Callable[[], dict[str, int]],
    weights: dict[str, str],
) -> pd.DataFrame:
    """Scores of the test set by every variant, with the labels.

    Raises
    ------
    EvenfoldError
        When a sequence does not fit a variant's features, with its id.
    """
    # Imported here: a repeated run that only renders the stored result needs no torch.
    from evenfold.features import FeatureSet
    from evenfold.models.ensemble import Ensemble

    labels = labels_of()
    parts = []
    computed: dict[FeatureSet, np.ndarray] = {}
    for name, path in weights.items():
        ensemble = Ensemble.load(path)
        features = FeatureSet.of(ensemble.features)
        if features not in computed:
            for identifier, sequence in zip(ids, sequences):
                if reason := features.refusal(sequence):
                    raise EvenfoldError(f"test sequence {identifier}: {reason}")
            computed[features] = features.compute(sequences)
        scores = ensemble.scores(computed[features])
        parts.append(
            pd.DataFrame(
                {
                    "id": ids,
                    "group": np.array(groups, dtype=np.int64),
                    "variant": name,
                    "label": np.array([labels[i] for i in ids], dtype=np.int8),
                    "score": scores,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def trivial_predictors(
    train: pd.DataFrame, test: pd.DataFrame, predictions: pd.DataFrame, threads: int = 1
) -> list[dict]:
    """What trivial predictors, fitted on the training data, reach on the test set.

    Parameters
    ----------
    train, test : DataFrame
        Columns id, sequence, label (of the training rows).
    predictions : DataFrame
        Holds the labels of the test rows.
    """
    labels = predictions.drop_duplicates("id").set_index("id")["label"].loc[test["id"]]
    bare = [[residues(s) for s in part["sequence"]] for part in (test, train)]
    found = nearest(*bare, threads=threads)
    neighbour = np.full(len(test), -1)
    neighbour[found.queries] = found.partner
    return test_probes(
        train["sequence"].tolist(),
        train["id"].tolist(),
        train["label"].to_numpy(dtype=np.int64),
        test["sequence"].tolist(),
        test["id"].tolist(),
        labels.to_numpy(dtype=np.int64),
        neighbour,
    )


def evaluate_files(
    inputs: dict,
    outputs: dict,
    variants: list[str],
    ledger: str,
    policy: str,
    held_out: bool,
    allowed: list[dict],
    recorded: Callable[[list[str]], list[dict] | None],
    threads: int = 1,
) -> dict:
    """Evaluate a data set from its files and write predictions, metrics and status.

    Parameters
    ----------
    inputs : dict
        Paths selection, sequences, split, labels, and per variant weights.
    outputs : dict
        Paths predictions, metrics, status.
    recorded : callable
        See `evaluate`.
    """
    frozen = inputs.get("published_selection")
    published = read_json(frozen[0]) if frozen else None
    selection = with_published(read_json(inputs["selection"]), published)
    paths = dict(zip(variants, inputs["weights"]))
    beside = inputs.get("published_weights", [])
    paths |= {f"{PUBLISHED}/{name}": path for name, path in zip(variants, beside)}
    weights = {n: path for n, path in paths.items() if n in selection["variants"]}
    check_weights(selection, weights)
    frame = pd.read_parquet(
        inputs["sequences"], columns=["id", "sequence", "role", "label"]
    )
    test = frame[frame["role"] == "test"]
    clusters = pd.read_parquet(inputs["split"], columns=["id", "cluster"])
    groups = clusters.set_index("id")["cluster"].loc[test["id"]].tolist()
    key = frame if held_out else test

    def labels_of():
        labels = pd.read_parquet(inputs["labels"])
        return dict(zip(labels["id"], labels["label"]))

    book = Ledger(ledger)
    if faults := book.faults():
        raise EvenfoldError(
            "the ledger of looks was changed by hand: "
            + "; ".join(faults)
            + ". Restore it from a backup. The test set was not looked at."
        )
    status, predictions = evaluate(
        selection,
        book,
        policy,
        key["sequence"].tolist(),
        lambda: score_test_set(
            test["id"].tolist(),
            groups,
            test["sequence"].tolist(),
            labels_of,
            weights,
        ),
        allowed,
        recorded,
        lambda scored: trivial_predictors(
            frame[frame["role"] == "train"], test, scored, threads
        ),
    )
    if status["status"] == "withheld":
        status["told"] = withheld_message(status, ledger)
        predictions = pd.DataFrame(columns=PREDICTIONS)
        metrics = pd.DataFrame(columns=METRICS)
    else:
        metrics = metrics_table(
            selection["dataset"],
            predictions,
            selection["variants"],
            selection["champion"],
        )
        status["curves"] = curves(predictions, selection["champion"])
        if published:
            status["published"] = difference(
                predictions,
                selection["champion"],
                published_name(published, selection["champion"]),
            )
    write_table(outputs["predictions"], predictions)
    write_table(outputs["metrics"], metrics)
    status["ledger"] = str(Path(ledger).resolve())
    write_json(outputs["status"], status)
    return status


def withheld_message(status: dict, ledger: str) -> str:
    """Say that and why the test set was not looked at, and what would allow it."""
    first = status["looks"][0]
    return (
        f"not evaluated: this test set was looked at on {first['looked_at']} by "
        f"selection {first['selection']} (data set {first['dataset']}; ledger "
        f"{ledger}). The cross-validation results of this selection "
        f"({status['selection']}) are in the report. To look once more, with a reason "
        "that the report will show for ever, add to the configuration:\n"
        "allow_look:\n"
        f"  - selection: {status['selection']}\n"
        "    reason: why a further look is justified"
    )
