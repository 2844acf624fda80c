"""The look: score the test set with every frozen variant, under the ledger."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from evenfold.errors import EvenfoldError
from evenfold.evaluation.against_training import Given, labels_told
from evenfold.evaluation.binding import (
    asked_otherwise,
    changed_labels,
    labels_digest,
    same_models,
    same_request,
    since_look,
    stored_labels,
)
from evenfold.evaluation.ledger import (
    Ledger,
    Look,
    fingerprint,
    is_digests,
    same_digests,
)
from evenfold.evaluation.measuring import (
    curves,
    difference,
    groups_of_class,
    measure,
    reached_in_bands,
    sets_held,
)
from evenfold.evaluation.notes import notes_at
from evenfold.evaluation.scoring import (
    check_ids,
    scoring,
    test_bands,
    trivial_predictors,
)
from evenfold.files import sha256_file
from evenfold.metrics.calibration import calibrated
from evenfold.metrics.scores import logit
from evenfold.records.evaluation import (
    Amendment,
    AmendmentTold,
    ChangedLabels,
    Correction,
    EarlierResult,
    Evaluation,
    Intent,
    LabelsTold,
    LookTold,
    Permission,
    RememberedLook,
    RememberedLooks,
    ScoredVariant,
    measured_table,
    setting,
)
from evenfold.records.layout import Results
from evenfold.records.selection import SCHEMA, STATISTICS, Selection, published_name
from evenfold.records.sequences import Probe
from evenfold.records.tables import (
    LABELS,
    METRICS,
    PREDICTIONS,
    SEQUENCES,
    SPLIT,
    write_frame,
)
from evenfold.records.weights import WeightsHeader
from evenfold.saying import moment
from evenfold.sequences.sketch import same_summary, sketches, summary

#: Bytes that a prediction is taken to need in the ledger.
_NEED = 200


@dataclass(frozen=True)
class Terms:
    """On what terms a test set may be looked at.

    Attributes
    ----------
    policy : {'sealed', 'practice'}
    allowed : tuple of Permission
        Further looks that the configuration permits.
    corrected : tuple of Correction
        Corrections of test labels that it permits.
    """

    policy: Literal["sealed", "practice"]
    allowed: tuple[Permission, ...] = ()
    corrected: tuple[Correction, ...] = ()

    def reason(self, selection: Selection, again: bool = False) -> str | None:
        """Why a further look is permitted to a selection; None where it is not.

        Parameters
        ----------
        selection : Selection
        again : bool
            Whether the selection looked before, with other models: a permission must
            then name these.

        Returns
        -------
        str or None
        """
        own = [one for one in self.allowed if one.selection == selection.selection]
        bound = [one for one in own if one.models == selection.models]
        free = [] if again else [one for one in own if one.models is None]
        return next((one.reason for one in (*bound, *free)), None)

    def correction(self, wanted: Correction) -> str | None:
        """Why labels were corrected; None where the configuration does not say.

        Parameters
        ----------
        wanted : Correction
            Of a selection, with the digest of its labels.

        Returns
        -------
        str or None
        """
        given = (
            one.reason
            for one in self.corrected
            if (one.selection, one.labels) == (wanted.selection, wanted.labels)
        )
        return next(given, None)


@dataclass(frozen=True)
class Sealed:
    """The test set.

    Attributes
    ----------
    sequences : list of str
        Those that identify it: its own, or the whole data set's when evenfold held it
        out.
    labels : dict of str to int
        By id.
    """

    sequences: list[str]
    labels: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class InLook:
    """What a look measures besides its predictions.

    Attributes
    ----------
    probes : list of Probe
        What trivial predictors reach.
    labels : LabelsTold
        What the labels tell of the test set against the training data.
    """

    probes: list[Probe]
    labels: LabelsTold

    @classmethod
    def least(cls, predictions: pd.DataFrame) -> "InLook":
        """The classes of the test set alone.

        Parameters
        ----------
        predictions : DataFrame

        Returns
        -------
        InLook
        """
        labels = predictions.drop_duplicates("id")["label"].astype(int)
        positives = int(labels.sum())
        return cls(
            [], LabelsTold(positives=positives, negatives=len(labels) - positives)
        )


@dataclass(frozen=True)
class LookInputs:
    """Files that a look reads.

    Attributes
    ----------
    selection, sequences, split, labels, remembered : path-like
        selection.json, sequences.parquet, split.parquet, labels.parquet, looks.json.
    weights : dict of str to path-like
        Per variant of the configuration.
    published_selection : path-like or None
        Of the published split, if there is one.
    published_weights : dict of str to path-like
        Its variants' weights.
    audit : path-like or None
        audit.json, which is recorded by its digest.
    given, crossing : path-like or None
        The sequences as cleaned, and those related across the roles: where test
        sequences have copies with the other label.
    """

    selection: str | Path
    sequences: str | Path
    split: str | Path
    labels: str | Path
    remembered: str | Path
    weights: dict[str, str | Path]
    published_selection: str | Path | None = None
    published_weights: dict[str, str | Path] = field(default_factory=dict)
    audit: str | Path | None = None
    given: str | Path | None = None
    crossing: str | Path | None = None

    def weights_of(self, selection: Selection) -> dict[str, str | Path]:
        """Weights of the variants of a selection, the published ones by their name.

        Parameters
        ----------
        selection : Selection

        Returns
        -------
        dict of str to path-like
        """
        beside = self.published_weights.items()
        paths = self.weights | {published_name(name): path for name, path in beside}
        return {n: path for n, path in paths.items() if n in selection.variants}


@dataclass(frozen=True)
class LookOutputs:
    """Files that a look writes: predictions, metrics and evaluation.json."""

    predictions: str | Path
    metrics: str | Path
    evaluation: str | Path


def check_weights(selection: Selection, weights: dict[str, str | Path]) -> None:
    """Check that the weights are the frozen ones.

    Parameters
    ----------
    selection : Selection
    weights : dict of str to path-like
        Per variant.

    Raises
    ------
    EvenfoldError
        Naming the variant and its file.
    """
    for name, frozen in selection.variants.items():
        if sha256_file(weights[name]) != frozen.weights_sha256:
            # Cut off since, they are to be trained again, not frozen.
            WeightsHeader.of_weights(weights[name])
            raise EvenfoldError(
                f"{weights[name]}: these are not the weights that were frozen in the "
                f"selection {selection.selection} (variant {name}). The test set was "
                "not looked at. Run the selection again: "
                "`snakemake --forcerun select`."
            )


def scored_variants(selection: Selection) -> dict[str, ScoredVariant]:
    """What metrics need of the variants of a selection.

    Parameters
    ----------
    selection : Selection

    Returns
    -------
    dict of str to ScoredVariant
    """
    return {
        name: ScoredVariant(
            loss=frozen.loss,
            operating_point=frozen.operating_point,
            retuned=frozen.retuned,
        )
        for name, frozen in selection.variants.items()
    }


def at_test_set(
    remembered: RememberedLooks, key: Intent | Evaluation
) -> list[RememberedLook] | None:
    """Looks at one test set that another record than the ledger tells of.

    Parameters
    ----------
    remembered : RememberedLooks
    key : Intent or Evaluation
        Of a look at the test set.

    Returns
    -------
    list of RememberedLook or None
        One for each look, in the order of the record; None where it did not answer.
    """
    if not remembered.answered:
        return None
    own = summary(key.sketches) if isinstance(key, Intent) else key.test_set
    digests = key.key if isinstance(key, Intent) else []
    found: dict[tuple[str, str | None], RememberedLook] = {}
    for look in remembered.looks:
        if same_test_set(look.test_set, own, digests):
            found.setdefault((look.selection, look.looked_at), look)
    return list(found.values())


def same_test_set(one: list[str], own: list[str], digests: list[str]) -> bool:
    """Whether a summary is of a test set.

    Parameters
    ----------
    one : list of str
        A summary of sketches, or of digests as version 0.1.0 recorded it.
    own : list of str
        Such a summary of the test set.
    digests : list of str
        Of its sequences, as far as they are known.

    Returns
    -------
    bool
    """
    if is_digests(one) or is_digests(own):
        return same_digests(one, digests if is_digests(one) and digests else own)
    return same_summary(one, own)


def evaluate(
    selection: Selection,
    ledger: Ledger,
    terms: Terms,
    sealed: Sealed,
    ready: Callable[[], Callable[[], pd.DataFrame]],
    remembered: RememberedLooks,
    inside: Callable[[pd.DataFrame], InLook] = InLook.least,
) -> tuple[Evaluation, pd.DataFrame, dict[str, ScoredVariant]]:
    """Look at the test set once, or say why not.

    Parameters
    ----------
    selection : Selection
        The frozen selection.
    ledger : Ledger
    terms : Terms
    sealed : Sealed
    ready : callable
        Checks all that may fail before a look is begun, and returns what scores the
        test set. Called only for a look. Scores have columns id, group, variant, label,
        score.
    remembered : RememberedLooks
        Looks that another record than the ledger tells of. Those at this test set are
        named in the evaluation and withhold nothing: the record may be a colleague's.
    inside : callable
        Measures what needs the labels of the test set, given the predictions; called
        only inside a look.

    Returns
    -------
    tuple of (Evaluation, DataFrame, dict of str to ScoredVariant)
        And the predictions of the look, and what metrics need of its variants; both
        empty when it is withheld. They are those of the models that were looked at,
        which need not be the selection's.
    """
    intent = _intent(selection, terms, sealed)
    test_set = summary(intent.sketches)
    # What cannot be read stops before the look.
    notes = notes_at(ledger.folder, intent.sketches)
    prepared: list[Callable[[], pd.DataFrame]] = []

    def choose(here: list[Look]) -> Look | bool:
        own = [look for look in here if same_request(look.intent, selection)]
        exact = [look for look in own if same_models(look.intent, selection)]
        if exact:
            return _standing(exact)
        if _may_look(selection, terms, here, own):
            if not prepared:
                prepared.append(ready())
            return True
        return _standing(own) if own else False

    need = _NEED * len(sealed.labels) * len(selection.variants)
    look = ledger.open(intent, choose, need)
    if look and not look.completed and same_models(look.intent, selection):
        _check_labels(look, sealed.labels)
        if not prepared:
            ledger.check_writable(need)
            prepared.append(ready())
        score = prepared[0]
        predictions = _called(score(), selection)
        found = inside(predictions)
        look = ledger.complete(
            look,
            predictions,
            scored_variants(selection),
            found.probes,
            {"labels": found.labels},
        )
    looks = ledger.at(intent)
    completed = look.completed if look else None
    shown = look if completed else None
    evaluation = Evaluation(
        selection=selection.selection,
        status="evaluated" if shown else "withheld",
        policy=terms.policy,
        test_set=test_set,
        elsewhere=_elsewhere(at_test_set(remembered, intent), looks),
        look=_told(shown, looks) if shown else None,
        looks=[_told(other, looks) for other in looks],
        probes=completed.probes if completed else [],
        labels=completed.labels if completed else None,
        ledger=str(ledger.folder.resolve()),
        models=selection.models,
        notes=notes,
        statistics=STATISTICS,
    )
    if shown is None or completed is None:
        withheld = {
            "earlier": [result for other in looks for result in _earlier(other)],
            "to_look_again": Permission(
                selection=selection.selection,
                # It began a look before, with other models.
                models=selection.models if look else None,
                reason="why a further look is justified",
            ),
            "amendments": amended(ledger, looks),
            "asked_otherwise": asked_otherwise(
                looks[0].intent.request, selection.request
            ),
        }
        evaluation = evaluation.model_copy(update=withheld)
        told = withheld_message(evaluation, str(ledger.folder))
        told_why = evaluation.model_copy(update={"told": told})
        return told_why, PREDICTIONS.empty(), {}
    changed = changed_labels(shown, sealed.labels, selection) if sealed.labels else None
    if changed and (reason := terms.correction(changed.to_amend)):
        ledger.amend(shown, sealed.labels, changed.to_amend.labels, reason)
    amendments = amended(ledger, looks)
    since = {
        "since_look": since_look(shown, selection),
        "changed_labels": None
        if changed and is_amended(changed, shown, amendments)
        else changed,
        "amendments": amendments,
    }
    seen = evaluation.model_copy(update=since)
    return seen, shown.predictions(), completed.variants


def _standing(looks: list[Look]) -> Look:
    """The one of several looks whose result is shown: the last that was completed."""
    return max(looks, key=lambda look: (look.completed is not None, look.number))


def _may_look(
    selection: Selection, terms: Terms, here: list[Look], own: list[Look]
) -> bool:
    """Whether another look may be taken: `own` are those for the same request."""
    practised = all(look.intent.policy == "practice" for look in here)
    if not here or (practised and terms.policy == "practice"):
        return True
    return terms.reason(selection, again=bool(own)) is not None


def _intent(selection: Selection, terms: Terms, sealed: Sealed) -> Intent:
    """The record of a look that begins now."""
    frozen = selection.variants.items()
    return Intent(
        dataset=selection.dataset,
        policy=terms.policy,
        reason=terms.reason(selection),
        schema_version=SCHEMA,
        request=selection.request,
        models=selection.models,
        thresholds={name: variant.threshold for name, variant in frozen},
        labels=labels_digest(sealed.labels),
        decides=selection.decides,
        weights={name: variant.weights_sha256 for name, variant in frozen},
        champion=selection.champion,
        evenfold=selection.records.evenfold,
        selection=selection.selection,
        key=fingerprint(sealed.sequences),
        sketches=sketches(sealed.sequences),
        looked_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _check_labels(look: Look, labels: dict[str, int]) -> None:
    """Check that a look that was begun goes on with the labels it began with."""
    bound = look.intent.labels
    if bound is not None and bound != labels_digest(labels):
        raise EvenfoldError(
            f"the labels of the test set were changed since the look of "
            f"{look.intent.looked_at} was begun, and it was not completed. Put them back "
            "as they were and run snakemake again; corrected labels can be given when "
            "the look is complete (`amend_labels`)."
        )


def _elsewhere(
    recorded: list[RememberedLook] | None, looks: list[Look]
) -> list[RememberedLook] | None:
    """Looks at this test set that another record tells of and the ledger does not."""
    if recorded is None:
        return None
    return [
        # Its sketch would be the test set's own, once more; its digests are for who
        # verifies that run.
        one.model_copy(update={"test_set": [], "digests": {}})
        for one in recorded
        if not in_ledger(one, looks)
    ]


def in_ledger(recorded: RememberedLook, looks: list[Look]) -> bool:
    """Whether the ledger holds a look that another record tells of.

    Parameters
    ----------
    recorded : RememberedLook
    looks : list of Look

    Returns
    -------
    bool
    """
    return any(
        look.intent.selection == recorded.selection
        and recorded.looked_at in (None, look.intent.looked_at)
        for look in looks
    )


def amended(ledger: Ledger, looks: list[Look]) -> list[AmendmentTold]:
    """What the stored predictions of looks reach under corrected labels.

    Parameters
    ----------
    ledger : Ledger
    looks : list of Look
        At one test set.

    Returns
    -------
    list of AmendmentTold
    """
    return [
        _amended(look, *one)
        for look in looks
        if look.completed
        for one in ledger.amendments(look)
    ]


def is_amended(
    changed: ChangedLabels, look: Look, amendments: list[AmendmentTold]
) -> bool:
    """Whether changed labels are those of an amendment of a look.

    Parameters
    ----------
    changed : ChangedLabels
    look : Look
    amendments : list of AmendmentTold
        Of looks at the same test set.

    Returns
    -------
    bool
    """
    wanted = (look.intent.looked_at, changed.to_amend.labels)
    return wanted in [(one.looked_at, one.labels) for one in amendments]


def _amended(look: Look, amendment: Amendment, labels: dict[str, int]) -> AmendmentTold:
    """What the stored predictions of a look reach under corrected labels."""
    then = stored_labels(look)
    stored = look.predictions()
    kept = stored[stored["id"].isin(labels)]
    corrected = kept.assign(label=kept["id"].map(labels).astype("int8"))
    return AmendmentTold(
        looked_at=look.intent.looked_at,
        labels=labels_digest(labels),
        amended_at=amendment.amended_at,
        reason=amendment.reason,
        changed=sum(1 for i, label in then.items() if labels.get(i, label) != label),
        rows=_results(look, corrected),
    )


def _called(predictions: pd.DataFrame, selection: Selection) -> pd.DataFrame:
    """Scores with their thresholds, probabilities and calls, as frozen before."""
    thresholds = {name: v.threshold for name, v in selection.variants.items()}
    probability = np.full(len(predictions), np.nan)
    for name, frozen in selection.variants.items():
        rows = (predictions["variant"] == name).to_numpy()
        # What a score is worth as a probability, by the calibration frozen before.
        own = logit(predictions.loc[rows, "score"])
        probability[rows] = calibrated(frozen.calibrator, own)
    threshold = predictions["variant"].map(thresholds)
    return predictions.assign(
        threshold=threshold,
        probability=probability,
        called_half=(predictions["score"] >= 0.5).astype("int8"),
        called=(predictions["score"] >= threshold).astype("int8"),
    )


def _told(look: Look, looks: list[Look]) -> LookTold:
    """What the report tells about one look."""
    intent = look.intent
    return LookTold(
        look=[other.name for other in looks].index(look.name) + 1,
        completed=look.completed is not None,
        selection=intent.selection,
        dataset=intent.dataset,
        policy=intent.policy,
        reason=intent.reason,
        looked_at=intent.looked_at,
        champion=intent.champion,
        models=intent.models,
        intent_sha256=look.intent_sha256,
        completion_sha256=look.completion_sha256,
        set_aside=look.set_aside,
    )


def _earlier(look: Look) -> list[EarlierResult]:
    """Metrics of an earlier look's champion; none where the look was not completed."""
    return _results(look, look.predictions()) if look.completed else []


def _results(look: Look, predictions: pd.DataFrame) -> list[EarlierResult]:
    """Metrics of a look's champion by its predictions, or those under other labels."""
    intent, completed = look.intent, look.completed
    variants = completed.variants if completed else {}
    return [
        EarlierResult(
            looked_at=intent.looked_at,
            dataset=row.dataset,
            variant=row.variant,
            operating_point=row.operating_point,
            deployed=row.deployed,
            threshold=row.threshold,
            sn=row.sn,
            sp=row.sp,
            gap=row.gap,
            mcc=row.mcc,
            mcc_low=row.mcc_low,
            mcc_high=row.mcc_high,
        )
        for row in measure(intent.dataset, predictions, variants, intent.champion)
        if row.champion
    ]


def evaluate_files(
    inputs: LookInputs,
    outputs: LookOutputs,
    terms: Terms,
    ledger: str | Path,
    held_out: bool,
    threads: int = 1,
) -> Evaluation:
    """Evaluate a data set from its files and write predictions, metrics and status.

    Parameters
    ----------
    inputs : LookInputs
    outputs : LookOutputs
    terms : Terms
    ledger : path-like
        Folder of the ledger.
    held_out : bool
        Whether evenfold held the test set out itself.
    threads : int
        Of the search for nearest neighbours.

    Returns
    -------
    Evaluation

    Raises
    ------
    EvenfoldError
        When the weights are not the frozen ones, or the ledger was changed by hand.
    """
    published = inputs.published_selection
    beside = Selection.read(published) if published else None
    selection = Selection.read(inputs.selection).beside(beside)
    weights = inputs.weights_of(selection)
    check_weights(selection, weights)
    frame = SEQUENCES.frame(inputs.sequences, ["id", "sequence", "role", "label"])
    test = frame[frame["role"] == "test"]
    clusters = SPLIT.frame(inputs.split, ["id", "cluster"])
    groups = clusters.set_index("id")["cluster"].loc[test["id"]].tolist()
    key = frame if held_out else test
    labels = LABELS.frame(inputs.labels)
    labels_of = dict(zip(labels["id"], labels["label"].astype(int)))

    train = frame[frame["role"] == "train"]

    def in_look(predictions: pd.DataFrame) -> InLook:
        given = Given()
        if inputs.given and inputs.crossing:
            given = Given.read(inputs.given, inputs.crossing)
        return InLook(
            trivial_predictors(train, test, predictions, threads),
            labels_told(predictions, selection.champion, given, train, test),
        )

    def ready() -> Callable[[], pd.DataFrame]:
        check_ids(frame["id"].tolist(), test["id"].tolist(), labels_of)
        return scoring(test, groups, labels_of, weights)

    book = Ledger(ledger)
    if faults := book.faults():
        raise EvenfoldError(
            "the ledger of looks was changed by hand: "
            + "; ".join(fault.rstrip(".") for fault in faults)
            + ". The test set was not looked at. Restore the ledger from a backup."
        )
    evaluation, predictions, variants = evaluate(
        selection,
        book,
        terms,
        Sealed(key["sequence"].tolist(), labels_of),
        ready,
        RememberedLooks.read(inputs.remembered),
        in_look,
    )
    results = Results.at(Path(inputs.selection).parent)
    evaluation = evaluation.model_copy(
        update={
            "ledger": results.told(ledger),
            "audit_sha256": sha256_file(inputs.audit) if inputs.audit else None,
        }
    )
    metrics = METRICS.empty()
    if evaluation.look:
        champion = evaluation.look.champion
        metrics = measured_table(
            measure(selection.dataset, predictions, variants, champion)
        )
        other = published_name(beside.trained(champion)) if beside else None
        seen: dict[str, Any] = {
            "curves": curves(predictions, champion),
            "groups_of_class": groups_of_class(predictions, champion),
            "published": difference(predictions, champion, other) if other else None,
        }
        # Of models that were trained again since, nothing was seen on the test set.
        if not evaluation.since_look:
            own = predictions.loc[predictions["variant"] == champion, "id"].tolist()
            bands = test_bands(selection, train, test, own)
            told = predictions, champion, selection.trust, bands
            seen["trust"] = sets_held(*told)
            seen["bands"] = reached_in_bands(*told)
        evaluation = evaluation.model_copy(update=seen)
    # Not by its schema: what a look of an earlier version stored lacks columns.
    write_frame(outputs.predictions, predictions)
    METRICS.write(outputs.metrics, metrics)
    evaluation.write(outputs.evaluation)
    return evaluation


def withheld_message(evaluation: Evaluation, ledger: str) -> str:
    """Say that and why the test set was not looked at, and what would allow it.

    Parameters
    ----------
    evaluation : Evaluation
        Of the look that was withheld.
    ledger : str
        Folder of the ledger, as the configuration has it.

    Returns
    -------
    str
    """
    first = evaluation.looks[0]
    differs = "; ".join(evaluation.asked_otherwise)
    return (
        f"not evaluated: this test set was looked at on {moment(first.looked_at)} by "
        f"selection {first.selection} (data set {first.dataset}; ledger "
        f"{ledger}). "
        + (f"Asked otherwise since: {differs}. " if differs else "")
        + f"The cross-validation results of this selection ({evaluation.selection}) are in "
        "the report. To look once more, with a reason that the report will show for ever, "
        "add to the configuration:\n" + setting("allow_look", evaluation.to_look_again)
    )
