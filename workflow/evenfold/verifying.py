"""The whole chain checked again, from a finished run's own files."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from evenfold import tables
from evenfold.config.decides import Decides as DecidingConfig
from evenfold.errors import EvenfoldError
from evenfold.evaluation.ledger import Ledger
from evenfold.evaluation.looking import at_test_set
from evenfold.evaluation.measuring import measure
from evenfold.files import sha256_file, sha256_json
from evenfold.records.evaluation import Evaluation, RememberedLooks, measured_table
from evenfold.records.layout import Results
from evenfold.records.selection import FrozenVariant, Selection
from evenfold.selection.freezing import VariantFiles, select_files
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
        book = Ledger(ledger or evaluation.ledger)
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
        sha256_json(decides.dump())[:16] == selection.selection,
        f"selection {selection.selection} is the digest of data, split and "
        "configuration",
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
    own = [look for look in looks if look.intent.selection == evaluation.selection]
    if not own:
        yield Check(False, f"selection {evaluation.selection} has a look in the ledger")
        return
    look = own[0]
    frozen = selection.variants.items()
    yield Check(
        look.intent.decides == selection.decides,
        "the look was taken with the frozen data, split and configuration",
    )
    yield Check(
        look.intent.weights == {name: v.weights_sha256 for name, v in frozen},
        "the look was taken with the frozen weights",
    )
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


def _remembered(
    remembered: RememberedLooks, evaluation: Evaluation, ledger: Ledger
) -> Iterator[Check]:
    """Whether the ledger holds the looks that another record tells of."""
    recorded = at_test_set(remembered, evaluation.test_set)
    if recorded is None:
        yield Check(None, "MLflow keeps no record of this run, or does not answer")
        return
    known = {look.intent.selection for look in ledger.looks()}
    for look in recorded:
        yield Check(
            look.selection in known,
            f"the look that MLflow recorded on {look.recorded} ({look.dataset}, "
            f"{look.selection}) is in the ledger",
        )
