"""The look: score the test set with every frozen variant, under the ledger."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from evenfold.errors import EvenfoldError
from evenfold.evaluation.ledger import Ledger, fingerprint, sketch
from evenfold.evaluation.measuring import METRICS, curves, difference, metrics_table
from evenfold.evaluation.scoring import score_test_set, trivial_predictors
from evenfold.files import read_json, sha256_file, write_json, write_table
from evenfold.metrics.calibration import calibrated
from evenfold.metrics.scores import logit
from evenfold.records.layout import PUBLISHED

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
