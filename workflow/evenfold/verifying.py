"""The whole chain checked again, from a finished run's own files."""

import io
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from evenfold import tables
from evenfold.config.decides import Decides as DecidingConfig
from evenfold.errors import EvenfoldError, in_a_line
from evenfold.evaluation.binding import (
    changed_labels,
    labels_digest,
    same_models,
    same_request,
    stored_labels,
)
from evenfold.evaluation.entries import DONE, name_of
from evenfold.evaluation.ledger import Ledger, Look, fingerprint, same_test_set
from evenfold.evaluation.looking import amended, at_test_set, in_ledger, is_amended
from evenfold.evaluation.measuring import measure
from evenfold.faults import sentence
from evenfold.files import read_json, sha256_file, sha256_json
from evenfold.records.evaluation import (
    Evaluation,
    LookTold,
    RememberedLooks,
    measured_table,
)
from evenfold.records.evidence import Dome
from evenfold.records.layout import Results, remedy
from evenfold.records.selection import SCHEMA, STATISTICS, FrozenVariant, Selection
from evenfold.records.sequences import AuditFacts, Inputs
from evenfold.records.tables import LABELS, METRICS, OOF, SEQUENCES, SPLIT
from evenfold.records.thresholds import read_thresholds
from evenfold.records.tracking import TrackedRun
from evenfold.reporting.evidence import Evidence, crate, dome, model_card
from evenfold.selection.freezing import VariantFiles, identity, select_files
from evenfold.selection.oof import OutOfFold
from evenfold.selection.thresholds import RESAMPLED, tune
from evenfold.sequences.domain import out_of_fold
from evenfold.sequences.sketch import same_set, sketches

#: What nobody can find here; docs/methods.md has the same sentences.
LIMITS = (
    "that nobody looked at the test set by other means, or with another ledger",
    "that the ledger was not deleted and begun anew, or its last look removed before "
    "another followed, unless MLflow recorded those looks; keep it, and the tracking "
    "store, on a shared or backed-up place",
    "that nobody changed the records of the last look, evaluation.json, mlflow.json and "
    "the tags in MLflow all alike, or changed a file and recorded the run again "
    "(`snakemake --forcerun track`); keep the tracking store where others guard it",
    "that report.html says what the records say, where the run was not recorded in MLflow; "
    "make it again (`snakemake --forcerun report`) and compare",
    "that no amendment was added to the ledger, or taken out of it, by hand before the "
    "report was made anew; its reason is in every report, the digest of its labels in "
    "evaluation.json",
    "that the weights come from the training described; train again with the same "
    "configuration, versions and threads and compare their digests",
)
_AGAIN = "Delete it and run snakemake again."


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
        A file that is missing or cannot be read is one that does not hold.

    Raises
    ------
    EvenfoldError
        When there is no selection to check.
    """
    results = Results.at(folder)
    path = results.path("selection")
    if not path.is_file():
        raise EvenfoldError(f"{path} does not exist: there is no selection to verify.")
    return list(_checks(results, ledger, remembered))


def _checks(
    results: Results, ledger: str | Path | None, remembered: RememberedLooks | None
) -> Iterator[Check]:
    path = results.path("selection")
    if damage := _damage(path, Selection.read):
        yield Check(False, damage)
        return
    selection = Selection.read(path)
    yield from _chosen(results, selection)
    published = None
    try:
        as_published = DecidingConfig.of(selection.config, str(path)).split.as_published
    except EvenfoldError as error:
        yield Check(False, str(error))
        return
    if as_published:
        beside = results.published
        if damage := _damage(beside.path("selection"), Selection.read):
            yield Check(False, damage)
            return
        published = Selection.read(beside.path("selection"))
        for check in _chosen(beside, published):
            yield Check(check.holds, f"published split: {check.what}")
    yield from _looked(results, selection.beside(published), ledger, remembered)
    yield from _guarded(_evidence(results), f"dome.json and others in {results.folder}")


def _evidence(results: Results) -> Iterator[Check]:
    """The evidence for others, made again from the records."""
    crate_file = results.path("crate")
    if not crate_file.is_file():
        return
    for path, read in (
        (crate_file, read_json),
        (results.path("dome"), Dome.read),
        (results.path("model_card"), sha256_file),
    ):
        if damage := _damage(path, read):
            yield Check(False, damage)
            return
    names = {results.path(name).name for name in ("dome", "model_card")}
    kept = {
        entity["@id"]: entity["sha256"]
        for entity in read_json(crate_file)["@graph"]
        if "sha256" in entity and entity["@id"] not in names
    }
    others = [
        name
        for name, digest in kept.items()
        if not (path := results.folder / name).is_file() or sha256_file(path) != digest
    ]
    if others:
        yield Check(
            None,
            f"{crate_file.name} is of other files than {', '.join(sorted(others))}: run "
            "snakemake to bring them together",
        )
        return
    told = Dome.read(results.path("dome"))
    evidence = Evidence.read(results, told.given)
    card = results.path("model_card").read_text(encoding="utf-8")
    yield Check(told == dome(evidence), "dome.json follows from the records of the run")
    yield Check(
        card == model_card(evidence),
        "model_card.md follows from the records of the run",
    )
    yield Check(
        crate_file.read_text(encoding="utf-8") == crate(evidence),
        f"{crate_file.name} follows from the records and files of the run",
    )


def _damage(path: Path, read: Callable[[Path], object]) -> str | None:
    """What is wrong with a file that is missing or cannot be read, and what to do."""
    if not path.is_file():
        again = remedy(path) or "Run snakemake again."
        return f"{path} is missing. Restore it from a backup. Or: {again}"
    try:
        read(path)
    except EvenfoldError as error:
        return str(error)
    # Whatever a damaged file makes a library raise.
    except Exception as error:
        return sentence(error) or (
            f"{path} cannot be read ({in_a_line(error)}). {remedy(path) or _AGAIN}"
        )
    return None


def _guarded(checks: Iterable[Check], of: str) -> Iterator[Check]:
    """Checks, and a fault where what a changed file holds lets none go on."""
    try:
        yield from checks
    except EvenfoldError as error:
        yield Check(False, str(error))
    # Files that can be read and hold what no run writes.
    except Exception as error:
        yield Check(
            False,
            f"{of} hold what no run writes ({in_a_line(error)}). Delete them and run "
            "snakemake again, or restore them from a backup.",
        )


def _chosen(results: Results, selection: Selection) -> Iterator[Check]:
    """Identity and choice of a selection, once all their files can be read."""
    needed: list[tuple[Path, Callable[[Path], object]]] = [
        (results.path("sequences"), SEQUENCES.arrow),
        (results.path("split"), SPLIT.arrow),
    ]
    for name in selection.order:
        needed += [
            (results.path("weights", variant=name), sha256_file),
            (results.path("threshold", variant=name), read_thresholds),
        ]
        # A twin's are empty.
        if name in selection.variants:
            needed.append((results.path("oof", variant=name), OOF.arrow))
    damages = [found for path, read in needed if (found := _damage(path, read))]
    yield from (Check(False, damage) for damage in damages)
    if damages:
        return
    of = f"the files of {results.folder}"
    yield from _guarded(_decides(results, selection), of)
    yield from _guarded(_choice(results, selection), of)


def _decides(results: Results, selection: Selection) -> Iterator[Check]:
    """The identity of the selection, from what decides it."""
    decides = selection.decides
    yield Check(
        identity(selection.request, decides) == selection.selection,
        f"selection {selection.selection} is the digest of what was asked",
    )
    if request := selection.request:
        settings = DecidingConfig.of(selection.config).settings()
        # JSON keeps no order of the variants.
        settings["order"] = selection.order
        # Under another version other defaults were left out.
        if request.schema_version == SCHEMA:
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
    for name, frozen in selection.variants.items():
        yield from _variant(name, frozen, files[name], selection)
    again = select_files(
        results.dataset,
        results.path("sequences"),
        results.path("split"),
        files,
        selection.config,
        selection.request,
        out_of_fold if selection.domain else None,
    )
    if selection.learned is None:
        # It was frozen before training sequences were described.
        again = again.model_copy(update={"learned": None})
    # By the rule of an earlier version it was one of these two as well.
    either = {again.champion}
    if selection.statistics != STATISTICS:
        either = {again.best.variant, again.baseline}
    chosen = selection.variants.get(selection.champion)
    yield Check(
        selection.champion in either
        and chosen is not None
        and chosen.threshold == selection.threshold,
        f"the champion {selection.champion} follows from cross-validation alone",
    )
    # Another version, or machine, may round or resample a little otherwise.
    if (again.records, again.statistics) == (selection.records, selection.statistics):
        yield Check(
            _alike(again.dump(), selection.dump()),
            "every number of selection.json follows from the out-of-fold scores",
        )


def _alike(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same, numbers to nine digits."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(
            _alike(one[key], other[key]) for key in one
        )
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    if isinstance(one, float) and isinstance(other, float):
        both = math.isnan(one) and math.isnan(other)
        return both or math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return bool(one == other)


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
    resampled = deciding.selection.criterion in RESAMPLED
    if resampled and selection.statistics != STATISTICS:
        # Another version drew other resamples.
        return
    again = tune(OutOfFold.read(files.oof), deciding.selection, deciding.seed)
    yield Check(
        again.threshold == frozen.threshold,
        f"{name}: the threshold {frozen.threshold:.4f} follows from the out-of-fold "
        "scores",
    )


def _looked(
    results: Results,
    selection: Selection,
    ledger: str | Path | None,
    remembered: RememberedLooks | None,
) -> Iterator[Check]:
    """The look, if there was one, in the run's files, the ledger and other records."""
    path = results.path("evaluation")
    follows = [results.path(name) for name in ("predictions", "metrics", "tracked")]
    if not path.is_file() and not any(other.is_file() for other in follows):
        yield from _begun(results, selection, Ledger(ledger or results.ledger()))
        return
    if damage := _damage(path, Evaluation.read):
        yield Check(False, damage)
        return
    evaluation = Evaluation.read(path)
    yield from _published(results, selection, evaluation, remembered)
    book = Ledger(ledger or results.ledger(evaluation.ledger))
    try:
        faults = book.faults()
        looks = [] if faults else book.looks()
    except EvenfoldError as error:
        faults, looks = [str(error)], []
    if faults:
        yield from (Check(False, fault) for fault in faults)
        return
    for look in looks:
        if look.set_aside:
            yield Check(
                None,
                f"{book.folder / look.set_aside}: a look that a synced folder set aside "
                "under this name. It counts: leave it there",
            )
    seen = _Seen(results, selection, evaluation, book, looks)
    if seen.stale:
        yield Check(
            None,
            f"{path.parent} and the report are of the selection {evaluation.selection}, "
            f"selection.json is of {selection.selection}: run snakemake to bring them "
            "together",
        )
    yield from _told(seen)
    of = f"the files of {results.path('metrics').parent}"
    yield from _guarded(_look(seen), of)
    if remembered is not None:
        yield from _remembered(remembered, seen)


def _begun(results: Results, selection: Selection, book: Ledger) -> Iterator[Check]:
    """Looks that were begun for a selection whose results tell of none, or that none was."""
    try:
        looks = book.looks()
    except EvenfoldError as error:
        yield Check(False, str(error))
        return
    begun = [look for look in looks if same_request(look.intent, selection)]
    for look in begun:
        yield Check(
            None,
            f"{book.folder / look.name}: a look at the test set was begun for this "
            "selection, and nothing tells of its result. It counts: run snakemake "
            "again, which goes on with it",
        )
    if not begun:
        yield Check(
            True,
            f"no look at the test set was taken for this selection: {results.folder} "
            f"and the ledger ({book.folder}) tell of none",
        )


@dataclass(frozen=True)
class _Seen:
    """What tells of a run's look: its files, read, and the looks of the ledger."""

    results: Results
    selection: Selection
    evaluation: Evaluation
    ledger: Ledger
    looks: list[Look]

    @property
    def stale(self) -> bool:
        """Whether another selection was frozen since the test set was evaluated."""
        return self.evaluation.selection != self.selection.selection

    @property
    def own(self) -> list[Look]:
        """Looks for what the evaluation was asked; the one that it shows first."""
        asked = self.evaluation.selection
        own = [
            look
            for look in self.looks
            if (self.stale and look.intent.selection == asked)
            or (not self.stale and same_request(look.intent, self.selection))
        ]
        return sorted(own, key=lambda look: (not self.shows(look), not look.completed))

    def shows(self, look: Look) -> bool:
        """Whether the evaluation shows the result of a look."""
        told, intent = self.evaluation.look, look.intent
        return told is not None and (
            told.selection,
            told.looked_at,
            told.models,
        ) == (intent.selection, intent.looked_at, intent.models)


#: What evaluation.json tells of a look as the ledger has it.
_SAME = ("selection", "dataset", "policy", "reason", "looked_at", "champion")


def _told(seen: _Seen) -> Iterator[Check]:
    """What evaluation.json tells of the looks, against the ledger and the audit."""
    results, evaluation, looks = seen.results, seen.evaluation, seen.looks
    yield Check(
        bool(looks) or not evaluation.looks, f"the ledger {seen.ledger.folder} is there"
    )
    known: list[Look] = []
    for told in evaluation.looks:
        found = _found(told, looks)
        known += [found] if found else []
        yield Check(
            found is not None,
            f"the look of {told.looked_at} ({told.selection}) is in the ledger",
        )
        if found:
            yield Check(
                told.intent_sha256 in (None, found.intent_sha256)
                and told.completion_sha256 in (None, found.completion_sha256)
                and all(getattr(told, x) == getattr(found.intent, x) for x in _SAME),
                f"evaluation.json tells of the look of {told.looked_at} what the ledger "
                "has of it",
            )
    if known:
        last = max(look.number for look in known)
        # A number that two looks have was another's before the folder was synced.
        twice = {look.number for look in looks if look.set_aside}
        untold = [
            look
            for look in looks
            if same_test_set(look.intent, known[0].intent)
            and look.number < last
            and look.number not in twice
            and look not in known
        ]
        yield Check(
            not untold,
            "evaluation.json tells of every look at this test set up to "
            f"{known[-1].intent.looked_at}",
        )
    if evaluation.status == "evaluated":
        yield Check(
            any(map(seen.shows, seen.own)) and evaluation.look in evaluation.looks,
            "evaluation.json tells of its selection's own look",
        )
    for look in seen.own[:1]:
        if not seen.stale:
            of = str(results.path("sequences"))
            yield from _guarded(_key(results, look, evaluation), of)
        yield Check(
            look.completed is None or evaluation.probes == look.completed.probes,
            "evaluation.json tells of the probes what the look stored",
        )
        # Earlier versions did not tell of them.
        yield Check(
            look.completed is None
            or evaluation.labels in (None, look.completed.labels),
            "evaluation.json tells of the test labels what the look stored",
        )
    # What was made since for another selection has an audit of its own.
    if evaluation.audit_sha256 is not None and not seen.stale:
        path = results.path("audit")
        if damage := _damage(path, AuditFacts.read):
            yield Check(False, damage)
            return
        yield Check(
            sha256_file(path) == evaluation.audit_sha256,
            "audit.json is the one that was there at the look",
        )


def _found(told: LookTold, looks: list[Look]) -> Look | None:
    """The look in the ledger that evaluation.json tells of."""
    same = [
        look
        for look in looks
        if look.intent.selection == told.selection
        and look.intent.looked_at == told.looked_at
    ]
    named = [look for look in same if look.intent_sha256 == told.intent_sha256]
    return next(iter((*named, *same)), None)


def _key(results: Results, look: Look, evaluation: Evaluation) -> Iterator[Check]:
    """Whether a look says of which test set it was."""
    frame = SEQUENCES.frame(results.path("sequences"), ["sequence", "role"])
    # The whole data set's, where evenfold held the test set out itself.
    sets = (frame.loc[frame["role"] == "test", "sequence"], frame["sequence"])
    exact = any(look.intent.key == fingerprint(one) for one in sets)
    # Data that another version cleaned may be a little other.
    told = evaluation.since_look is not None
    near = told and any(same_set(look.intent.sketches, sketches(one)) for one in sets)
    yield Check(exact or near, "the look is recorded as one at this test set")


def _look(seen: _Seen) -> Iterator[Check]:
    """The look, the ledger and the numbers that were published from it."""
    results, selection, evaluation = seen.results, seen.selection, seen.evaluation
    if evaluation.status != "evaluated":
        taken = [
            look
            for look in seen.own
            if look.completed
            and look.intent.models
            and look.intent.models == evaluation.models
        ]
        yield Check(
            evaluation.look is None and not taken,
            "the look was withheld, and none of these models was taken",
        )
        yield Check(
            METRICS.frame(results.path("metrics")).empty,
            "metrics.tsv is empty, as without a look",
        )
        return
    if not seen.own:
        yield Check(False, f"selection {evaluation.selection} has a look in the ledger")
        return
    look = seen.own[0]
    told = evaluation.since_look
    if seen.stale:
        pass  # The models of that selection are gone.
    elif told and told.changed:
        yield Check(
            not same_models(look.intent, selection),
            "evaluation.json tells that the models at hand are others than those looked "
            f"at: {', '.join(told.changed)}",
        )
    else:
        yield Check(
            same_models(look.intent, selection),
            "the look was taken with the frozen data, split, weights, thresholds and "
            "champion",
        )
    if look.completed is None:
        yield Check(
            False,
            f"{look.folder / name_of(look.number, DONE)}: the look was not completed, or "
            "its completion was removed. Restore that from a backup, or run snakemake "
            "again with this selection, which resumes the look.",
        )
        return
    yield from _labels(seen, look)
    path = results.path("predictions")
    # Not by its schema: what a look of an earlier version stored lacks columns.
    damages = [
        _damage(path, tables.read),
        _damage(results.path("metrics"), METRICS.frame),
    ]
    for damage in filter(None, damages):
        yield Check(False, damage)
    if any(damages):
        return
    kept = pd.read_parquet(path)
    yield Check(
        look.predictions().equals(kept), "predictions.parquet is what the look stored"
    )
    again = measured_table(
        measure(selection.dataset, kept, look.completed.variants, look.intent.champion)
    )
    metrics = results.path("metrics")
    text = again.to_csv(sep="\t", index=False, float_format="%.6f")
    if seen.evaluation.statistics == STATISTICS:
        follows = text == metrics.read_text(encoding="utf-8")
        yield Check(follows, "every number of metrics.tsv follows from them")
        return
    # Another version gave intervals another meaning, and lacks columns.
    now, then = (
        pd.read_csv(table, sep="\t", dtype=str, keep_default_na=False)
        for table in (io.StringIO(text), metrics)
    )
    kept = [name for name in then if not name.endswith(("_low", "_high"))]
    yield Check(
        set(kept) <= set(now) and now[kept].equals(then[kept]),
        "every number of metrics.tsv follows from them, intervals of an earlier version "
        "aside",
    )


def _labels(seen: _Seen, look: Look) -> Iterator[Check]:
    """The test labels: those the look was begun with, corrected ones, those at hand."""
    evaluation = seen.evaluation
    if look.intent.labels:
        yield Check(
            labels_digest(stored_labels(look)) == look.intent.labels,
            "the labels that the look stored are those that it was begun with",
        )
    known = [one.looked_at for one in evaluation.looks]
    looks = [
        one
        for one in seen.looks
        if one.intent.looked_at in known and same_test_set(one.intent, look.intent)
    ]
    again = amended(seen.ledger, looks)
    if again or evaluation.amendments:
        yield Check(
            evaluation.amendments == again,
            "every amendment is told of, and its numbers follow from the stored "
            "predictions and the corrected labels",
        )
    if seen.stale:
        return
    path = seen.results.path("labels")
    if damage := _damage(path, LABELS.frame):
        yield Check(False, damage)
        return
    frame = LABELS.frame(path)
    labels = dict(zip(frame["id"], frame["label"].astype(int)))
    changed = changed_labels(look, labels, seen.selection)
    told = evaluation.changed_labels
    yield Check(
        changed is None
        or is_amended(changed, look, again)
        or (told is not None and told.changed == changed.changed),
        f"{path.name}: the labels are those of the look, or evaluation.json tells of the "
        "change",
    )


def _remembered(remembered: RememberedLooks, seen: _Seen) -> Iterator[Check]:
    """Whether the ledger holds the looks that another record tells of."""
    shown = [look.intent for look in seen.own if seen.shows(look)]
    recorded = at_test_set(remembered, next(iter(shown), seen.evaluation))
    if recorded is None:
        yield Check(None, "MLflow keeps no record of this run, or does not answer")
        return
    for look in recorded:
        yield Check(
            in_ledger(look, seen.looks),
            f"the look that MLflow recorded on {look.recorded} ({look.dataset}, "
            f"{look.selection}) is in the ledger",
        )


#: Files whose digests are kept when a run is recorded, as they are told.
_PUBLISHED = {
    "report": "report.html",
    "audit": "audit.json",
    "evaluation": "evaluation.json",
    "metrics": "metrics.tsv",
    "predictions": "predictions.parquet",
}


def _published(
    results: Results,
    selection: Selection,
    evaluation: Evaluation,
    remembered: RememberedLooks | None,
) -> Iterator[Check]:
    """What was published, against the digests in mlflow.json and in MLflow's tags."""
    files = dict(_PUBLISHED)
    if evaluation.selection != selection.selection:
        del files["audit"]  # What was made since has one of its own.
    path = results.path("tracked")
    if path.is_file():
        if damage := _damage(path, TrackedRun.read):
            yield Check(False, damage)
        else:
            known = TrackedRun.read(path).digests
            yield from _digests(results, files, evaluation, (path.name, known))
    for look in remembered.looks if remembered else []:
        told = evaluation.look.looked_at if evaluation.look else None
        found = (look.models or evaluation.models, look.looked_at or told)
        same = (look.selection, look.dataset) == (evaluation.selection, results.dataset)
        if same and found == (evaluation.models, told):
            yield from _digests(results, files, evaluation, ("MLflow", look.digests))


def _digests(
    results: Results,
    files: dict[str, str],
    evaluation: Evaluation,
    recorded: tuple[str, dict[str, str]],
) -> Iterator[Check]:
    """Files of a run and records of its look against digests, as far as they are known."""
    where, known = recorded
    for key, name in files.items():
        if key not in known:
            continue
        if damage := _damage(results.path(key), sha256_file):
            yield Check(False, damage)
            continue
        yield Check(
            sha256_file(results.path(key)) == known[key],
            f"{name} is the one that {where} recorded (if it was made again since, "
            "`snakemake` records it anew)",
        )
    told = evaluation.look
    for name, digest in (
        ("intent", told.intent_sha256 if told else None),
        ("completion", told.completion_sha256 if told else None),
    ):
        if name in known:
            yield Check(
                digest == known[name],
                f"the look's {name} is the one that {where} recorded",
            )
