"""Records of one variant: whether it is another's twin, its thresholds, its calibration."""

from typing import Literal

from evenfold.files import read_json
from evenfold.records.record import Interval, Part, Record

#: Name of the operating point at the untuned threshold.
HALF = "0.5"
#: How logits may be made probabilities, simplest first.
CalibrationMethod = Literal[
    "none", "temperature", "platt", "beta", "isotonic", "venn_abers"
]


class Twin(Record):
    """twin.json, and threshold.json of a twin: the variant whose loss is the same."""

    same_as: str | None
    difference: float | None


class Point(Part):
    """One operating point: threshold, counts, rates and the interval of MCC."""

    threshold: float
    tp: int
    fp: int
    tn: int
    fn: int
    sn: float
    sp: float
    gap: float
    mcc: float
    acc: float
    mcc_low: float
    mcc_high: float


class FoldThresholds(Part):
    """What one fold alone would have given."""

    fold: int
    n: int
    n_positive: int
    auroc: float
    thresholds: dict[str, float]


class Stability(Part):
    """Whether the folds agree on the threshold, judged against chance at their size."""

    thresholds: list[float]
    sd_logit: float
    sd_logit_by_chance: float
    ratio: float
    range: Interval
    sn: Interval
    sp: Interval
    mcc: Interval
    widest: float
    gap_left_out: float
    sd_asymptotic: float
    flag: Literal["green", "amber", "red"]


class Comparability(Part):
    """Whether the folds' scores may be pooled (Kolmogorov and Smirnov, Holm)."""

    largest_ks: float
    holm_p: float
    comparable: bool


class Curve(Part):
    """SN, SP and MCC over the threshold, thinned."""

    threshold: list[float]
    sn: list[float]
    sp: list[float]
    mcc: list[float]


class Calibrator(Part):
    """How logits become probabilities: a method and the numbers that it needs."""

    method: CalibrationMethod
    slope: float | None = None
    intercept: float | None = None
    weights: list[float] | None = None
    logits: list[float] | None = None
    probabilities: list[float] | None = None
    negative_from: list[float] | None = None
    as_negative: list[float] | None = None
    positive_above: list[float] | None = None
    as_positive: list[float] | None = None
    absent = (
        "slope", "intercept", "weights", "logits", "probabilities", "negative_from",
        "as_negative", "positive_above", "as_positive",
    )  # fmt: skip


class ProperScores(Part):
    """Scores of probabilities; see `metrics.calibration.proper_scores`."""

    brier: float
    log_loss: float
    d2: float
    ece: float
    mcb: float
    dsc: float
    unc: float


class Reliability(Part):
    """The CORP reliability curve."""

    predicted: list[float]
    observed: list[float]


class NetBenefit(Part):
    """Net benefit over the risk at which acting is worth it."""

    risk: list[float]
    raw: list[float]
    calibrated: list[float]
    all: list[float]


class Calibration(Part):
    """The calibration of a variant, and what every method made of its scores."""

    calibrator: Calibrator
    scores: dict[str, ProperScores]
    curves: dict[str, Reliability]
    net_benefit: NetBenefit


class Tuned(Record):
    """threshold.json: thresholds of one variant from its pooled out-of-fold scores."""

    n: int
    n_positive: int
    criterion: str
    tuned: bool
    operating_point: str
    threshold: float
    points: dict[str, Point]
    folds: list[FoldThresholds]
    stability: Stability | None
    comparability: Comparability
    curve: Curve
    auroc: float
    auprc: float
    brier: float
    calibration: Calibration | None
    notes: list[str]

    @property
    def half(self) -> Point:
        """The operating point at 0.5."""
        return self.points[HALF]

    @property
    def deployed(self) -> Point:
        """The operating point that is deployed."""
        return self.points[self.operating_point]


def read_thresholds(path) -> Tuned | Twin:
    """Read threshold.json: thresholds, or the name of the variant that has them."""
    value = read_json(path)
    kind = Twin if isinstance(value, dict) and "same_as" in value else Tuned
    return kind.of(value, path)
