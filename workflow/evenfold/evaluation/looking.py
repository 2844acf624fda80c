"""The look: score the test set with every frozen variant, under the ledger."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from evenfold.errors import EvenfoldError
from evenfold.evaluation.ledger import Ledger, Look, fingerprint, same_sketch, sketch
from evenfold.evaluation.measuring import curves, difference, measure
from evenfold.evaluation.scoring import score_test_set, trivial_predictors
from evenfold.files import sha256_file
from evenfold.metrics.calibration import calibrated
from evenfold.metrics.scores import logit
from evenfold.records.evaluation import (
    EarlierResult,
    Evaluation,
    Intent,
    LookTold,
    Permission,
    RememberedLook,
    RememberedLooks,
    ScoredVariant,
    measured_table,
)
from evenfold.records.selection import Selection, published_name
from evenfold.records.sequences import Probe
from evenfold.records.tables import (
    LABELS,
    METRICS,
    PREDICTIONS,
    SEQUENCES,
    SPLIT,
    write_frame,
)


@dataclass(frozen=True)
class Terms:
    """On what terms a test set may be looked at.

    Attributes
    ----------
    policy : {'sealed', 'practice'}
    allowed : tuple of Permission
        Further looks that the configuration permits.
    """

    policy: Literal["sealed", "practice"]
    allowed: tuple[Permission, ...] = ()

    def reason(self, selection: str) -> str | None:
        """Why a further look is permitted to a selection; None where it is not.

        Parameters
        ----------
        selection : str

        Returns
        -------
        str or None
        """
        given = (one.reason for one in self.allowed if one.selection == selection)
        return next(given, None)


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
    """

    selection: str | Path
    sequences: str | Path
    split: str | Path
    labels: str | Path
    remembered: str | Path
    weights: dict[str, str | Path]
    published_selection: str | Path | None = None
    published_weights: dict[str, str | Path] = field(default_factory=dict)

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
    remembered: RememberedLooks, test_set: list[str]
) -> list[RememberedLook] | None:
    """Looks at one test set that another record than the ledger tells of.

    Parameters
    ----------
    remembered : RememberedLooks
    test_set : list of str
        Sketch of the test set.

    Returns
    -------
    list of RememberedLook or None
        One a selection, in the order of the record; None where it did not answer.
    """
    if not remembered.answered:
        return None
    found: dict[str, RememberedLook] = {}
    for look in remembered.looks:
        if same_sketch(look.test_set, test_set):
            found.setdefault(look.selection, look)
    return list(found.values())


def evaluate(
    selection: Selection,
    ledger: Ledger,
    terms: Terms,
    key_sequences: list[str],
    score: Callable[[], pd.DataFrame],
    remembered: RememberedLooks,
    trivial: Callable[[pd.DataFrame], list[Probe]] = lambda predictions: [],
) -> tuple[Evaluation, pd.DataFrame]:
    """Look at the test set once, or say why not.

    Parameters
    ----------
    selection : Selection
        The frozen selection.
    ledger : Ledger
    terms : Terms
    key_sequences : list of str
        Sequences that identify the test set: its own, or the whole data set's when
        the test set was held out by evenfold.
    score : callable
        Scores the test set and reads its labels; called only inside a look. Returns
        columns id, group, variant, label, score.
    remembered : RememberedLooks
        Looks that another record than the ledger tells of. Those at this test set are
        named in the evaluation and withhold nothing: the record may be a colleague's.
    trivial : callable
        Judges trivial predictors on the test set, given the predictions; called only
        inside a look.

    Returns
    -------
    tuple of (Evaluation, DataFrame)
        And the predictions (empty when the look is withheld).
    """
    key = fingerprint(key_sequences)
    reason = terms.reason(selection.selection)
    look = ledger.open(
        _intent(selection, terms.policy, reason, key),
        lambda earlier: not earlier or terms.policy == "practice" or reason is not None,
    )
    if look is not None and look.completed is None:
        predictions = _called(score(), selection)
        look = ledger.complete(
            look, predictions, scored_variants(selection), trivial(predictions)
        )
    looks = ledger.at(key)
    recorded = at_test_set(remembered, sketch(key))
    known = {selection.selection, *(other.intent.selection for other in looks)}
    evaluation = Evaluation(
        selection=selection.selection,
        status="withheld" if look is None else "evaluated",
        policy=terms.policy,
        test_set=sketch(key),
        # Their sketches would be the test set's own, once more each; their digests are
        # for who verifies those runs.
        elsewhere=None
        if recorded is None
        else [
            one.model_copy(update={"test_set": [], "digests": {}})
            for one in recorded
            if one.selection not in known
        ],
        look=None if look is None else _told(look, looks),
        looks=[_told(other, looks) for other in looks],
        probes=look.completed.probes if look and look.completed else [],
        ledger=str(ledger.folder.resolve()),
    )
    if look is None:
        withheld = {
            "earlier": [result for other in looks for result in _earlier(other)],
            "to_look_again": Permission(
                selection=selection.selection,
                reason="why a second look is justified",
            ),
            "told": withheld_message(evaluation, str(ledger.folder)),
        }
        return evaluation.model_copy(update=withheld), PREDICTIONS.empty()
    return evaluation, look.predictions()


def _intent(
    selection: Selection, policy: str, reason: str | None, key: list[str]
) -> Intent:
    """The record of a look that begins now."""
    frozen = selection.variants.items()
    return Intent(
        dataset=selection.dataset,
        policy=policy,
        reason=reason,
        decides=selection.decides,
        weights={name: variant.weights_sha256 for name, variant in frozen},
        champion=selection.champion,
        evenfold=selection.records.evenfold,
        selection=selection.selection,
        key=key,
        looked_at=datetime.now(UTC).isoformat(timespec="seconds"),
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
        intent_sha256=look.intent_sha256,
        completion_sha256=look.completion_sha256,
        set_aside=look.set_aside,
    )


def _earlier(look: Look) -> list[EarlierResult]:
    """Metrics of an earlier look's champion; none where the look was not completed."""
    if look.completed is None:
        return []
    intent = look.intent
    rows = measure(
        intent.dataset, look.predictions(), look.completed.variants, intent.champion
    )
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
        for row in rows
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

    def labels_of() -> dict[str, int]:
        labels = LABELS.frame(inputs.labels)
        return dict(zip(labels["id"], labels["label"]))

    book = Ledger(ledger)
    if faults := book.faults():
        raise EvenfoldError(
            "the ledger of looks was changed by hand: "
            + "; ".join(faults)
            + ". Restore it from a backup. The test set was not looked at."
        )
    evaluation, predictions = evaluate(
        selection,
        book,
        terms,
        key["sequence"].tolist(),
        lambda: score_test_set(
            test["id"].tolist(),
            groups,
            test["sequence"].tolist(),
            labels_of,
            weights,
        ),
        RememberedLooks.read(inputs.remembered),
        lambda scored: trivial_predictors(
            frame[frame["role"] == "train"], test, scored, threads
        ),
    )
    metrics = METRICS.empty()
    if evaluation.status == "evaluated":
        champion = selection.champion
        metrics = measured_table(
            measure(
                selection.dataset, predictions, scored_variants(selection), champion
            )
        )
        other = published_name(beside.trained(champion)) if beside else None
        seen = {
            "curves": curves(predictions, champion),
            "published": difference(predictions, champion, other) if other else None,
        }
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
    return (
        f"not evaluated: this test set was looked at on {first.looked_at} by "
        f"selection {first.selection} (data set {first.dataset}; ledger "
        f"{ledger}). The cross-validation results of this selection "
        f"({evaluation.selection}) are in the report. To look once more, with a reason "
        "that the report will show for ever, add to the configuration:\n"
        "allow_look:\n"
        f"  - selection: {evaluation.selection}\n"
        "    reason: why a further look is justified"
    )
