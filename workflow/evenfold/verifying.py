"""The whole chain checked again, from a finished run's own files."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from evenfold import tables
from evenfold.config.decides import Decides as DecidingConfig
from evenfold.errors import EvenfoldError
from evenfold.evaluation.binding import (
    changed_labels,
    labels_digest,
    same_models,
    same_request,
    stored_labels,
)
from evenfold.evaluation.ledger import Ledger, Look
from evenfold.evaluation.looking import at_test_set, in_ledger
from evenfold.evaluation.measuring import measure
from evenfold.files import sha256_file, sha256_json
from evenfold.records.evaluation import Evaluation, RememberedLooks, measured_table
from evenfold.records.layout import Results
from evenfold.records.selection import FrozenVariant, Selection
from evenfold.records.sequences import Inputs
from evenfold.records.tables import LABELS
from evenfold.selection.freezing import VariantFiles, identity, select_files
from evenfold.selection.oof import OutOfFold
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


def verify(
    folder: str | Path,
    ledger: str | Path | None = None,
    remembered: RememberedLooks | None = None,
) -> list[Check]:
    """Check a finished run: data, split, thresholds, choice, weights, look, metrics.

    Parameters
    ----------
    folder : path-like
        results/<dataset>.
    ledger : path-like, optional
        Folder of the ledger; by default the one the run recorded.
    remembered : RememberedLooks, optional
        Looks that another record than the ledger tells of.

    Returns
    -------
    list of Check

    Raises
    ------
    EvenfoldError
        When there is no selection to check, or a file does not fit its record.
    """
    results = Results.at(folder)
    path = results.path("selection")
    if not path.is_file():
        raise EvenfoldError(f"{path} does not exist: there is no selection to verify.")
    selection = Selection.read(path)
    checks = [*_decides(results, selection), *_choice(results, selection)]
    published = None
    if DecidingConfig.of(selection.config, str(path)).split.as_published:
        beside = results.published
        path = beside.path("selection")
        if not path.is_file():
            return [*checks, Check(False, f"{path} is there")]
        published = Selection.read(path)
        checks += [
            Check(check.holds, f"published split: {check.what}")
            for check in (*_decides(beside, published), *_choice(beside, published))
        ]
    if results.path("evaluation").is_file():
        evaluation = Evaluation.read(results.path("evaluation"))
        book = Ledger(ledger or results.ledger(evaluation.ledger))
        if faults := book.faults():
            return [*checks, *(Check(False, fault) for fault in faults)]
        checks += _look(results, selection.beside(published), evaluation, book)
        if remembered is not None:
            checks += _remembered(remembered, evaluation, book)
    return checks


def _decides(results: Results, selection: Selection) -> Iterator[Check]:
    """The identity of the selection, from what decides it."""
    decides = selection.decides
    yield Check(
        identity(selection.request, decides) == selection.selection,
        f"selection {selection.selection} is the digest of what was asked",
    )
    if request := selection.request:
        settings = DecidingConfig.of(selection.config).settings()
        yield Check(
            request.settings == settings,
            "the settings that were asked for are those of the configuration",
        )
        inputs = results.path("inputs")
        if inputs.is_file():
            read = Inputs.read(inputs)
            yield Check(
                (read.train, read.test) == (request.train, request.test),
                f"{inputs.name}: the records that were read are those that were asked for",
            )
    yield Check(
        sha256_json(selection.config) == decides.config,
        "the configuration is the one that was frozen",
    )
    for name, digest in (("sequences", decides.data), ("split", decides.split)):
        path = results.path(name)
        yield Check(
            path.is_file() and tables.digest(tables.read(path)) == digest,
            f"{path.name} is the one that was frozen",
        )


def _choice(results: Results, selection: Selection) -> Iterator[Check]:
    """Weights, thresholds and champion, made again from the out-of-fold scores."""
    # Ties go to the first in the configuration, whose order JSON does not keep.
    files = {
        name: VariantFiles(
            results.path("weights", variant=name),
            results.path("threshold", variant=name),
            results.path("oof", variant=name),
        )
        for name in selection.order
    }
    missing = [
        path
        for path in (
            results.path("sequences"),
            results.path("split"),
            *(Path(own.weights) for own in files.values()),
            *(Path(own.threshold) for own in files.values()),
            *(Path(own.oof) for own in files.values()),
        )
        if not path.is_file()
    ]
    for path in missing:
        yield Check(False, f"{path} is there")
    if missing:
        return
    for name, frozen in selection.variants.items():
        yield from _variant(name, frozen, files[name], selection)
    again = select_files(
        results.dataset,
        results.path("sequences"),
        results.path("split"),
        files,
        selection.config,
        selection.request,
    )
    yield Check(
        (again.champion, again.threshold) == (selection.champion, selection.threshold),
        f"the champion {selection.champion} follows from cross-validation alone",
    )


def _variant(
    name: str, frozen: FrozenVariant, files: VariantFiles, selection: Selection
) -> Iterator[Check]:
    """Files and threshold of one variant."""
    for path, digest in (
        (Path(files.weights), frozen.weights_sha256),
        (Path(files.threshold), frozen.threshold_sha256),
        (Path(files.oof), frozen.oof_sha256),
    ):
        yield Check(
            sha256_file(path) == digest,
            f"{name}: {path.name} is the one that was frozen",
        )
    deciding = DecidingConfig.of(selection.config)
    again = tune(OutOfFold.read(files.oof), deciding.selection, deciding.seed)
    yield Check(
        again.threshold == frozen.threshold,
        f"{name}: the threshold {frozen.threshold:.4f} follows from the out-of-fold "
        "scores",
    )


def _look(
    results: Results, selection: Selection, evaluation: Evaluation, ledger: Ledger
) -> Iterator[Check]:
    """The look, the ledger and the numbers that were published from it."""
    looks = ledger.looks()
    yield Check(
        bool(looks) or not evaluation.looks, f"the ledger {ledger.folder} is there"
    )
    known = {other.intent.selection for other in looks}
    for taken in evaluation.looks:
        yield Check(
            taken.selection in known,
            f"the look of {taken.looked_at} ({taken.selection}) is in the ledger",
        )
    if evaluation.status != "evaluated":
        return
    own = [look for look in looks if same_request(look.intent, selection)]
    if not own:
        yield Check(False, f"selection {evaluation.selection} has a look in the ledger")
        return
    look = next((one for one in own if _is_shown(one, evaluation)), own[0])
    told = evaluation.since_look
    if told and told.changed:
        yield Check(
            not same_models(look.intent, selection),
            "the report says that the models at hand are others than those looked at: "
            + ", ".join(told.changed),
        )
    else:
        yield Check(
            same_models(look.intent, selection),
            "the look was taken with the frozen data, split, weights, thresholds and "
            "champion",
        )
    if look.intent.labels and look.completed:
        yield Check(
            labels_digest(stored_labels(look)) == look.intent.labels,
            "the labels that the look stored are those that it was begun with",
        )
    yield from _labels(results, look, evaluation, ledger)
    kept = pd.read_parquet(results.path("predictions"))
    yield Check(
        look.predictions().equals(kept), "predictions.parquet is what the look stored"
    )
    variants = look.completed.variants if look.completed else {}
    again = measured_table(
        measure(selection.dataset, kept, variants, look.intent.champion)
    )
    text = again.to_csv(sep="\t", index=False, float_format="%.6f")
    yield Check(
        text == results.path("metrics").read_text(encoding="utf-8"),
        "every number of metrics.tsv follows from them",
    )


def _is_shown(look: Look, evaluation: Evaluation) -> bool:
    """Whether the evaluation shows the result of a look."""
    shown, intent = evaluation.look, look.intent
    return shown is not None and (shown.selection, shown.looked_at, shown.models) == (
        intent.selection,
        intent.looked_at,
        intent.models,
    )


def _labels(
    results: Results, look: Look, evaluation: Evaluation, ledger: Ledger
) -> Iterator[Check]:
    """Whether the test labels at hand are the look's, an amendment's, or told of."""
    path = results.path("labels")
    if not path.is_file() or look.completed is None:
        return
    frame = LABELS.frame(path)
    labels = dict(zip(frame["id"], frame["label"].astype(int)))
    changed = changed_labels(look, labels, evaluation.selection)
    amended = any(labels == one for _, one in ledger.amendments(look))
    told = evaluation.changed_labels
    yield Check(
        changed is None
        or amended
        or (told and told.changed == changed.changed) is True,
        f"{path.name}: the labels are those of the look, or the report tells of the "
        "change",
    )
    yield Check(
        len(evaluation.amendments) == len(ledger.amendments(look)),
        "every amendment of the look is in the report",
    )


def _remembered(
    remembered: RememberedLooks, evaluation: Evaluation, ledger: Ledger
) -> Iterator[Check]:
    """Whether the ledger holds the looks that another record tells of."""
    looks = ledger.looks()
    shown = [look.intent for look in looks if _is_shown(look, evaluation)]
    recorded = at_test_set(remembered, next(iter(shown), evaluation))
    if recorded is None:
        yield Check(None, "MLflow keeps no record of this run, or does not answer")
        return
    for look in recorded:
        yield Check(
            in_ledger(look, looks),
            f"the look that MLflow recorded on {look.recorded} ({look.dataset}, "
            f"{look.selection}) is in the ledger",
        )
