"""Records of the look: what the ledger keeps of it, and what the run tells of it."""

import math
from collections.abc import Iterable
from typing import ClassVar, Literal

import pandas as pd

from evenfold.errors import EvenfoldError
from evenfold.files import Pathlike
from evenfold.records.layout import Results
from evenfold.records.notes import Note
from evenfold.records.record import Part, Record
from evenfold.records.selection import Decides, InBand, Judged, Request
from evenfold.records.sequences import Probe
from evenfold.records.tables import METRICS
from evenfold.records.thresholds import Reliability
from evenfold.records.thresholds import told as threshold_told

_BACKUP = "Restore the ledger from a backup."


class Intent(Record):
    """The ledger's record that a look is being taken. An intent counts as a look.

    It binds the look to what was asked (`request`) and to what was looked at (`models`
    and `labels`). Version 0.1.0 recorded none of the three, nor the digest of the intent
    before (`previous`) and those of the completions (`completions`).
    """

    remedy: ClassVar[str] = _BACKUP

    dataset: str
    """name of the data set"""
    policy: str
    """test policy: `sealed` or `practice`"""
    reason: str | None
    """reason that the configuration gives for a further look"""
    schema_version: int = 1
    """how `selection` identifies what was asked"""
    request: Request | None = None
    """what was asked"""
    models: str | None = None
    """digest of data, split, weights, thresholds, calibrators and champion"""
    thresholds: dict[str, float] = {}
    """deployed thresholds by variant, 0 to 1"""
    labels: str | None = None
    """digest of the labels of the test set"""
    decides: Decides
    """of the selection that looks"""
    weights: dict[str, str]
    """SHA-256 of the weights by variant, hexadecimal"""
    champion: str
    """variant that is deployed"""
    evenfold: str | None
    """version of evenfold"""
    previous: str | None = None
    """SHA-256 of the intent before this one, hexadecimal"""
    completions: dict[str, str] | None = None
    """SHA-256 of the completions there were, by file name, hexadecimal"""
    selection: str
    """id of the selection that looks"""
    key: list[str]
    """16 hexadecimal digits of each sequence that identifies the test set"""
    sketches: list[str] = []
    """sketch of each of them, which small changes leave recognisable"""
    looked_at: str
    """time in UTC, ISO 8601"""


class ScoredVariant(Part):
    """What metrics need of a variant besides its predictions."""

    loss: str
    """name of its loss"""
    operating_point: str
    """name of the deployed one: `0.5` or a criterion"""
    retuned: list[float] | None = None
    """thresholds of resamples tuned anew, 0 to 1"""


class OppositeLabels(Part):
    """Test sequences of which a copy in the training data as given has the other label."""

    kind: str
    """which copies: exact ones, or near ones, in words"""
    n: int
    """test sequences that have such a copy"""
    opposite: int
    """those of them of which a copy has the other label"""
    examples: list[list[str]] = []
    """at most five of these: id of the test sequence and of the training one"""


class Called(Part):
    """Counts of a part of the test set, at the deployed threshold."""

    tp: int
    """number of true positives"""
    fp: int
    """number of false positives"""
    tn: int
    """number of true negatives"""
    fn: int
    """number of false negatives"""


class Alike(Part):
    """The champion on test sequences like the training ones, and on the others."""

    absent = ("limits",)

    by: Literal["length", "composition"]
    """in what they are alike: as 95 % of the training sequences are"""
    limits: tuple[float, float] | None = None
    """shortest and longest of these, residues; absent of a composition"""
    alike: Called
    """of the test sequences like them"""
    other: Called
    """of the others"""


class LabelsTold(Part):
    """What the labels of the test set tell of it against the training data."""

    absent = ("train_positives", "train_negatives")

    positives: int
    """positives of the test set"""
    negatives: int
    """negatives of the test set"""
    train_positives: int | None = None
    """positives of the training data that are used; absent of earlier versions"""
    train_negatives: int | None = None
    """negatives of the same"""
    opposite: list[OppositeLabels] = []
    """labels among copies, where test sequences have any in the data as given"""
    alike: list[Alike] = []
    """where test sequences differ from training ones, what that does to the champion"""


class Completion(Record):
    """The ledger's record that a look was completed, with the digest of what it saw.

    Earlier versions recorded neither `probes` nor the digest of the intent.
    """

    remedy: ClassVar[str] = _BACKUP
    absent = ("measures",)

    variants: dict[str, ScoredVariant]
    """by name, those that were scored"""
    probes: list[Probe] = []
    """judged on the test set"""
    intent: str | None = None
    """SHA-256 of the look's intent, hexadecimal"""
    predictions: str
    """name of the file of predictions beside this one"""
    sha256: str
    """SHA-256 of the file of predictions, hexadecimal"""
    measures: dict[str, LabelsTold] | None = None
    """what else the look measured, by name: `labels`"""

    @property
    def labels(self) -> LabelsTold | None:
        """What the test labels told; None of versions that did not ask."""
        return (self.measures or {}).get("labels")


class Amendment(Record):
    """The ledger's record that labels were corrected after a look.

    The stored predictions are scored again under these labels; the look stands.
    """

    remedy: ClassVar[str] = _BACKUP

    look: int
    """number of the look in the ledger"""
    intent: str
    """SHA-256 of the look's intent, hexadecimal"""
    digest: str
    """of the corrected labels, 16 hexadecimal digits"""
    reason: str
    """why the labels were changed"""
    amended_at: str
    """time in UTC, ISO 8601"""
    evenfold: str
    """version of evenfold"""
    labels: str
    """name of the file of corrected labels beside this one"""
    sha256: str
    """SHA-256 of that file, hexadecimal"""


class LookTold(Part):
    """What the report tells of one look."""

    look: int
    """number of the look at this test set, counted from 1"""
    completed: bool
    """whether its predictions were stored"""
    selection: str
    """id of the selection that looked"""
    dataset: str
    """name of its data set"""
    policy: str
    """its test policy: `sealed` or `practice`"""
    reason: str | None
    """reason given for a further look"""
    looked_at: str
    """time in UTC, ISO 8601"""
    champion: str
    """variant that was deployed"""
    models: str | None = None
    """digest of the models that were looked at; null of version 0.1.0"""
    intent_sha256: str | None = None
    """SHA-256 of its intent in the ledger, hexadecimal"""
    completion_sha256: str | None = None
    """SHA-256 of its completion there; null while it was not completed"""
    set_aside: str | None = None
    """name of its record, where a synced folder set it aside under another"""


class RememberedLook(Part):
    """A look that MLflow recorded, with a sketch of the test set."""

    absent = ("looked_at", "models")

    selection: str
    """id of the selection that looked"""
    dataset: str
    """name of its data set"""
    recorded: str
    """time of the record in UTC, ISO 8601"""
    looked_at: str | None = None
    """time of the look in UTC, ISO 8601; null of version 0.1.0"""
    models: str | None = None
    """digest of the models at hand when it was recorded; null of version 0.1.0"""
    test_set: list[str] = []
    """sketches that identify it; digests, if version 0.1.0 recorded it"""
    digests: dict[str, str] = {}
    """SHA-256 of its records and files when it was tracked, by name"""


class RememberedLooks(Record):
    """looks.json: looks that MLflow remembers, or that it did not answer."""

    answered: bool
    """whether MLflow answered"""
    looks: list[RememberedLook] = []
    """the oldest first"""


class EarlierResult(Part):
    """What an earlier look's champion reached, at one operating point."""

    looked_at: str
    """time of the look in UTC, ISO 8601"""
    dataset: str
    """name of its data set"""
    variant: str
    """champion of its selection"""
    operating_point: str
    """`0.5`, or the criterion that was tuned for"""
    deployed: bool
    """whether the champion deployed this operating point"""
    threshold: float
    """threshold of the score, 0 to 1"""
    sn: float
    """sensitivity, 0 to 1"""
    sp: float
    """specificity, 0 to 1"""
    gap: float
    """SN - SP, -1 to 1"""
    mcc: float
    """Matthews correlation coefficient, -1 to 1"""
    mcc_low: float
    """low end of its 95 % interval over groups"""
    mcc_high: float
    """high end of its 95 % interval over groups"""


class RawAndCalibrated(Part):
    """One curve of net benefit each, for raw scores and for probabilities."""

    raw: list[float]
    """of the scores, true positives a sequence"""
    calibrated: list[float]
    """of the calibrated probabilities, true positives a sequence"""


class ReliabilityCurves(Part):
    """One reliability curve each, for raw scores and for probabilities."""

    raw: Reliability
    """of the scores"""
    calibrated: Reliability
    """of the calibrated probabilities"""


class TestCurves(Part):
    """Reliability and net benefit of the champion on the test set."""

    reliability: ReliabilityCurves
    """probabilities against shares of positives"""
    net_benefit: RawAndCalibrated
    """at every risk of `risk`"""
    risk: list[float]
    """probability from which acting is worth it, 0.02 to 0.98"""


class PublishedDifference(Part):
    """MCC of the champion of the published split less the honest one's."""

    mcc: float
    """difference of MCC on the test set, -2 to 2"""
    low: float
    """low end of its 95 % interval over groups"""
    high: float
    """high end of its 95 % interval over groups"""


class Measured(Part):
    """A row of test/metrics.tsv: a variant on the test set at one operating point.

    `deployed`: whether it is the operating point that the variant deploys. The last
    three are NaN where an earlier version did not write them, or nothing is called so.
    """

    dataset: str
    variant: str
    loss: str
    operating_point: str
    threshold: float
    n: int
    groups: int
    tp: int
    fp: int
    tn: int
    fn: int
    sn: float
    sp: float
    gap: float
    mcc: float
    mcc_low: float
    mcc_high: float
    acc: float
    auroc: float
    auprc: float
    unc: float
    brier: float
    log_loss: float
    d2: float
    ece: float
    mcb: float
    dsc: float
    brier_calibrated: float
    log_loss_calibrated: float
    d2_calibrated: float
    ece_calibrated: float
    mcb_calibrated: float
    dsc_calibrated: float
    sn_low: float
    sn_high: float
    sp_low: float
    sp_high: float
    gap_low: float
    gap_high: float
    mcc_tuning_low: float
    mcc_tuning_high: float
    sn_tuning_low: float
    sn_tuning_high: float
    sp_tuning_low: float
    sp_tuning_high: float
    gap_tuning_low: float
    gap_tuning_high: float
    champion: bool
    deployed: bool
    ppv: float = math.nan
    npv: float = math.nan
    f1: float = math.nan


def measured_table(rows: Iterable[Measured]) -> pd.DataFrame:
    """The table that metrics.tsv is, of its rows."""
    table = pd.DataFrame([row.dump() for row in rows], columns=METRICS.names)
    return table.astype({"champion": int, "deployed": int})


def read_measured(path: Pathlike) -> list[Measured]:
    """Rows of metrics.tsv, in the order of the file; none before a look."""
    rows = METRICS.frame(path).to_dict("records")
    return [Measured(**{str(key): value for key, value in row.items()}) for row in rows]


def in_markdown(rows: Iterable[Measured]) -> list[str]:
    """Lines of a Markdown table of variants with MCC, SN and SP, the champion's bold."""
    lines = ["| variant | threshold | SN | SP | MCC |", "|---|---|---|---|---|"]
    for row in rows:
        name = row.variant
        if row.champion and row.deployed:
            name = f"**{name}**"
        lines.append(
            f"| {name} | {threshold_told(row.threshold)} ({row.operating_point}) | "
            f"{row.sn:.3f} | {row.sp:.3f} | {row.mcc:.3f} |"
        )
    return lines


class Permission(Part):
    """One further look that the configuration allows."""

    absent = ("models",)

    selection: str
    """id of the selection that may look"""
    models: str | None = None
    """digest of its models that may look, where others of its models did before"""
    reason: str
    """why a further look is justified"""


class Correction(Part):
    """One correction of test labels that the configuration allows."""

    selection: str
    """id of the selection whose look is amended"""
    labels: str
    """digest of the corrected labels"""
    reason: str
    """why the labels were changed"""


class SinceLook(Part):
    """That the models at hand are others than those that were looked at."""

    changed: list[str]
    """what of them is other, in words"""
    told: str
    """the same in a sentence"""
    to_look_again: Permission | None = None
    """entry of `allow_look` that would permit a look at them"""


class ChangedLabels(Part):
    """That labels of the test set were changed since the look."""

    changed: int
    """sequences whose label is another now"""
    missing: int
    """sequences of the look that have no label now"""
    told: str
    """the same in sentences"""
    to_amend: Correction
    """entry of `amend_labels` that would have them scored again"""


class AmendmentTold(Part):
    """What a look's stored predictions reach under corrected labels."""

    looked_at: str
    """time of the look in UTC, ISO 8601"""
    labels: str
    """digest of the corrected labels"""
    amended_at: str
    """time of the amendment in UTC, ISO 8601"""
    reason: str
    """why the labels were changed"""
    changed: int
    """sequences whose label is another than in the look"""
    rows: list[EarlierResult]
    """of the look's champion, by operating point"""


def setting(key: str, entry: Part | None) -> str:
    """Lines of configuration that hold one entry of a list.

    Parameters
    ----------
    key : str
    entry : Part or None
        Of texts.

    Returns
    -------
    str
        YAML.

    Examples
    --------
    >>> print(setting("allow_look", Permission(selection="0a1b", reason="a new set")))
    allow_look:  # where this key stands already, add the entry to it
      - selection: "0a1b"
        reason: a new set
    """
    rows = entry.dump() if entry else {}
    lines = [
        f"{name}: {value}" if name == "reason" else f'{name}: "{value}"'
        for name, value in rows.items()
    ]
    # A key that stands twice is refused.
    head = f"{key}:  # where this key stands already, add the entry to it"
    return f"{head}\n  - " + "\n    ".join(lines)


class Evaluation(Record):
    """test/evaluation.json: whether the test set was looked at, and what to tell of it."""

    absent = ("labels", "trust", "bands")

    selection: str
    """id of the frozen selection"""
    status: Literal["evaluated", "withheld"]
    """whether the look was taken (now or before) or withheld"""
    policy: str
    """test policy: `sealed` or `practice`"""
    test_set: list[str]
    """at most 30 sketches of its sequences, by which it is recognised"""
    elsewhere: list[RememberedLook] | None
    """looks that MLflow alone remembers; null if it did not answer"""
    look: LookTold | None
    """this selection's look; null where it was withheld"""
    looks: list[LookTold]
    """all looks at this test set in the ledger, by number"""
    probes: list[Probe]
    """judged on the test set in the look, the largest MCC first"""
    ledger: str
    """the ledger's folder, from the folder of these results where it is not absolute"""
    audit_sha256: str | None = None
    """SHA-256 of audit.json when this was written, hexadecimal"""
    models: str | None = None
    """digest of the models at hand, which need not be those that were looked at"""
    since_look: SinceLook | None = None
    """where they are others"""
    changed_labels: ChangedLabels | None = None
    """where labels of the test set are others, and no amendment has them"""
    amendments: list[AmendmentTold] = []
    """what the looks reach under corrected labels, by look, the oldest first"""
    earlier: list[EarlierResult] = []
    """results of the earlier looks, where this one was withheld"""
    to_look_again: Permission | None = None
    """entry of `allow_look` that would permit a further look"""
    asked_otherwise: list[str] = []
    """what this selection asks otherwise than the first look, in words"""
    told: str | None = None
    """why the look was withheld, in sentences"""
    curves: TestCurves | None = None
    """of the champion; null without both classes"""
    published: PublishedDifference | None = None
    """against the published split; null without one"""
    notes: list[Note] = []
    """when sequences of this test set were scored while it was sealed"""
    labels: LabelsTold | None = None
    """what the test labels told in the look; absent without one, or of an earlier version"""
    trust: Judged | None = None
    """how the champion's prediction sets held; absent without, or of an earlier version"""
    bands: list[InBand] | None = None
    """what the champion reached by bands of its domain; absent likewise"""
    groups_of_class: tuple[int, int] | None = None
    """groups of the test set that hold positives, and negatives; null without a look"""
    statistics: int = 1
    """version of what the intervals mean; that of selection.json has the same meaning"""


def evaluation_of(results: Results) -> Evaluation | None:
    """What a run tells of its look, if anything that can be read.

    For notices alone, which keep nothing from being scored; who shows or checks a result
    reads the record itself.

    Parameters
    ----------
    results : Results

    Returns
    -------
    Evaluation or None
    """
    path = results.path("evaluation")
    try:
        return Evaluation.read(path) if path.is_file() else None
    except EvenfoldError:
        return None
