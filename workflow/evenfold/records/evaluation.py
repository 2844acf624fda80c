"""Records of the look: what the ledger keeps of it, and what the run tells of it."""

from collections.abc import Iterable
from typing import ClassVar, Literal

import pandas as pd

from evenfold.records.record import Part, Record
from evenfold.records.selection import Decides
from evenfold.records.sequences import Probe
from evenfold.records.tables import METRICS
from evenfold.records.thresholds import Reliability

_BACKUP = "Restore the ledger from a backup."


class Intent(Record):
    """The ledger's record that a look is being taken. An intent counts as a look.

    Earlier versions did not record the digest of the one before (`previous`).
    """

    remedy: ClassVar[str] = _BACKUP

    dataset: str
    policy: str
    reason: str | None
    decides: Decides
    weights: dict[str, str]
    champion: str
    evenfold: str | None
    previous: str | None = None
    selection: str
    key: list[str]
    looked_at: str


class ScoredVariant(Part):
    """What metrics need of a variant besides its predictions."""

    loss: str
    operating_point: str
    retuned: list[float] | None = None


class Completion(Record):
    """The ledger's record that a look was completed, with the digest of what it saw.

    Earlier versions recorded neither `probes` nor the digest of the intent.
    """

    remedy: ClassVar[str] = _BACKUP

    variants: dict[str, ScoredVariant]
    probes: list[Probe] = []
    intent: str | None = None
    predictions: str
    sha256: str


class LookTold(Part):
    """What the report tells of one look; `look` counts the looks at this test set."""

    look: int
    completed: bool
    selection: str
    dataset: str
    policy: str
    reason: str | None
    looked_at: str
    champion: str


class RememberedLook(Part):
    """A look that MLflow recorded, with a sketch of the test set."""

    selection: str
    dataset: str
    recorded: str
    test_set: list[str] = []


class RememberedLooks(Record):
    """mlflow/looks.json: looks that MLflow remembers, or that it did not answer."""

    answered: bool
    looks: list[RememberedLook] = []


class EarlierResult(Part):
    """What an earlier look's champion reached, at one operating point."""

    looked_at: str
    dataset: str
    variant: str
    operating_point: str
    deployed: bool
    threshold: float
    sn: float
    sp: float
    gap: float
    mcc: float
    mcc_low: float
    mcc_high: float


class RawAndCalibrated(Part):
    """One curve of net benefit each, for raw scores and for probabilities."""

    raw: list[float]
    calibrated: list[float]


class ReliabilityCurves(Part):
    """One reliability curve each, for raw scores and for probabilities."""

    raw: Reliability
    calibrated: Reliability


class TestCurves(Part):
    """Reliability and net benefit of the champion on the test set."""

    reliability: ReliabilityCurves
    net_benefit: RawAndCalibrated
    risk: list[float]


class PublishedDifference(Part):
    """MCC of the champion of the published split less the honest one's."""

    mcc: float
    low: float
    high: float


class Measured(Part):
    """A row of test/metrics.tsv: a variant on the test set at one operating point.

    `deployed`: whether it is the operating point that the variant deploys.
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


def measured_table(rows: Iterable[Measured]) -> pd.DataFrame:
    """The table that metrics.tsv is, of its rows."""
    table = pd.DataFrame([row.dump() for row in rows], columns=METRICS.names)
    return table.astype({"champion": int, "deployed": int})


def read_measured(path) -> list[Measured]:
    """Rows of metrics.tsv, in the order of the file; none before a look."""
    rows = METRICS.frame(path).to_dict("records")
    return [Measured(**{str(key): value for key, value in row.items()}) for row in rows]


class Permission(Part):
    """One further look that the configuration allows."""

    selection: str
    reason: str


class Evaluation(Record):
    """test/evaluation.json: whether the test set was looked at, and what to tell of it."""

    selection: str
    status: Literal["evaluated", "withheld"]
    policy: str
    test_set: list[str]
    elsewhere: list[RememberedLook] | None
    look: LookTold | None
    looks: list[LookTold]
    probes: list[Probe]
    ledger: str
    earlier: list[EarlierResult] = []
    to_look_again: Permission | None = None
    told: str | None = None
    curves: TestCurves | None = None
    published: PublishedDifference | None = None
