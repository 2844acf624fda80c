"""The whole chain checked again, from a finished run's own files."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from evenfold import tables
from evenfold.errors import EvenfoldError
from evenfold.evaluation.ledger import Ledger
from evenfold.evaluation.looking import with_published
from evenfold.evaluation.measuring import metrics_table
from evenfold.files import read_json, sha256_file, sha256_json
from evenfold.records.layout import PUBLISHED
from evenfold.selection.freezing import select_files
from evenfold.selection.thresholds import tune

LIMITS = (
    "that nobody looked at the test set by other means, or with another ledger",
    "that the ledger was not deleted and begun anew, or its last look removed before "
    "another followed, unless MLflow recorded those looks; keep it, and the tracking "
    "store, on a shared or backed-up place",
    "that the weights come from the training described; train again with the same "
    "configuration, versions and threads and compare their digests",
)


@dataclass(frozen=True)
class Check:
    """One thing that was checked: whether it holds (None: unknown), and what it is."""

    holds: bool | None
    what: str


def verify(folder, ledger=None, recorded=None) -> list[Check]:
    """Check a finished run: data, split, thresholds, choice, weights, look, metrics.

    Parameters
    ----------
    folder : path-like
        results/<dataset>.
    ledger : path-like, optional
        Folder of the ledger; by default the one the run recorded.
    recorded : callable, optional
        As in `looking.evaluate`: the looks that another record tells of.

    Raises
    ------
    EvenfoldError
        When there is no selection to check.
    """
    folder = Path(folder)
    path = folder / "selection.json"
    if not path.is_file():
        raise EvenfoldError(f"{path} does not exist: there is no selection to verify.")
    selection = read_json(path)
    if "order" not in selection:
        raise EvenfoldError(
            f"{path} was written by an earlier version, without the configuration. Run "
            "snakemake again, then verify."
        )
    checks = [*_decides(folder, selection), *_choice(folder, selection)]
    beside = folder / PUBLISHED
    published = None
    if selection["config"]["split"].get("as_published"):
        path = beside / "selection.json"
        if not path.is_file():
            return [*checks, Check(False, f"{path} is there")]
        published = read_json(path)
        checks += [
            Check(check.holds, f"published split: {check.what}")
            for check in (*_decides(beside, published), *_choice(beside, published))
        ]
    evaluation = folder / "test" / "evaluation.json"
    if evaluation.is_file():
        status = read_json(evaluation)
        book = Ledger(ledger or status["ledger"])
        checks += _look(folder, with_published(selection, published), status, book)
        # Runs of earlier versions kept no sketch of their test set.
        asked = recorded is not None and "test_set" in status
        told = recorded(status["test_set"]) if asked else None
        if asked and told is None:
            checks.append(
                Check(None, "MLflow keeps no record of this run, or does not answer")
            )
        known = {look.intent["selection"] for look in book.looks()}
        for look in told or ():
            checks.append(
                Check(
                    look["selection"] in known,
                    f"the look that MLflow recorded on {look['recorded']} "
                    f"({look['dataset']}, {look['selection']}) is in the ledger",
                )
            )
    return checks


def _decides(folder, selection):
    """The identity of the selection, from what decides it."""
    decides = selection["decides"]
    yield Check(
        sha256_json(decides)[:16] == selection["selection"],
        f"selection {selection['selection']} is the digest of data, split and "
        "configuration",
    )
    yield Check(
        sha256_json(selection["config"]) == decides["config"],
        "the configuration is the one that was frozen",
    )
    for key, name in (("data", "sequences.parquet"), ("split", "split.parquet")):
        yield Check(
            _digest(folder / name) == decides[key], f"{name} is the one that was frozen"
        )


def _digest(path):
    return tables.digest(tables.read(path)) if path.is_file() else None


def _choice(folder, selection):
    """Weights, thresholds and champion, made again from the out-of-fold scores."""
    # Ties go to the first in the configuration, whose order JSON does not keep.
    variants = selection["order"]
    paths = {
        key: [str(folder / name / file) for name in variants]
        for key, file in (
            ("weights", "weights.safetensors"),
            ("thresholds", "threshold.json"),
            ("oof", "oof.parquet"),
        )
    }
    missing = [p for files in paths.values() for p in files if not Path(p).is_file()]
    for path in missing:
        yield Check(False, f"{path} is there")
    if missing:
        return
    settings = {
        key: value
        for key, value in selection["config"]["selection"].items()
        if key not in ("same_loss", "one_standard_error")
    }
    for name, frozen in selection["variants"].items():
        own = folder / name
        for file, key in (
            ("weights.safetensors", "weights_sha256"),
            ("threshold.json", "threshold_sha256"),
            ("oof.parquet", "oof_sha256"),
        ):
            yield Check(
                sha256_file(own / file) == frozen[key],
                f"{name}: {file} is the one that was frozen",
            )
        oof = pd.read_parquet(own / "oof.parquet")
        arrays = (oof[column].to_numpy() for column in ("logit", "label", "fold"))
        again = tune(*arrays, **settings, seed=selection["config"]["seed"])
        yield Check(
            again["threshold"] == frozen["threshold"],
            f"{name}: the threshold {frozen['threshold']:.4f} follows from the "
            "out-of-fold scores",
        )
    inputs = {
        **paths,
        "sequences": str(folder / "sequences.parquet"),
        "split": str(folder / "split.parquet"),
    }
    losses = {n: v["loss"]["name"] for n, v in selection["config"]["variants"].items()}
    again = select_files(inputs, variants, losses, selection["config"])
    yield Check(
        (again["champion"], again["threshold"])
        == (selection["champion"], selection["threshold"]),
        f"the champion {selection['champion']} follows from cross-validation alone",
    )


def _look(folder, selection, status, ledger):
    """The look, the ledger and the numbers that were published from it."""
    faults = ledger.faults()
    for fault in faults:
        yield Check(False, fault)
    if faults:
        return
    looks = ledger.looks()
    yield Check(
        bool(looks) or not status["looks"], f"the ledger {ledger.folder} is there"
    )
    known = {other.intent["selection"] for other in looks}
    for told in status["looks"]:
        yield Check(
            told["selection"] in known,
            f"the look of {told['looked_at']} ({told['selection']}) is in the ledger",
        )
    if status["status"] != "evaluated":
        return
    own = [look for look in looks if look.intent["selection"] == status["selection"]]
    if not own:
        yield Check(False, f"selection {status['selection']} has a look in the ledger")
        return
    (look,) = own[:1]
    frozen = {n: v["weights_sha256"] for n, v in selection["variants"].items()}
    yield Check(
        look.intent["decides"] == selection["decides"],
        "the look was taken with the frozen data, split and configuration",
    )
    yield Check(
        look.intent["weights"] == frozen, "the look was taken with the frozen weights"
    )
    stored = look.predictions()
    kept = pd.read_parquet(folder / "test" / "predictions.parquet")
    yield Check(stored.equals(kept), "predictions.parquet is what the look stored")
    metrics = metrics_table(
        selection["dataset"], kept, look.completed["variants"], look.intent["champion"]
    )
    published = (folder / "test" / "metrics.tsv").read_text(encoding="utf-8")
    again = metrics.to_csv(sep="\t", index=False, float_format="%.6f")
    yield Check(again == published, "every number of metrics.tsv follows from them")
