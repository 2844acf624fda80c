"""Records of one variant: whether it is another's twin, its thresholds, its calibration."""

import math
from typing import Literal

from evenfold.files import Pathlike
from evenfold.records.record import Interval, Part, Record, Threshold

#: Name of the operating point at the untuned threshold.
HALF = "0.5"
#: How logits may be made probabilities, simplest first.
CalibrationMethod = Literal[
    "none", "temperature", "platt", "beta", "isotonic", "venn_abers"
]


def told(threshold: float) -> str:
    """A threshold as it is told: three decimals, near 0 or 1 two significant digits.

    Examples
    --------
    >>> told(0.4), told(0.00042), told(0.99958)
    ('0.400', '0.00042', '0.99958')
    """
    near = min(threshold, 1 - threshold)
    if near <= 0:
        return f"{threshold:.3f}"
    if threshold < 1e-6:
        return f"{threshold:.1e}"
    return f"{threshold:.{max(3, 1 - math.floor(math.log10(near)))}f}"


class Twin(Record):
    """twin.json, and threshold.json of a twin: the variant whose loss is the same."""

    same_as: str | None
    """earlier variant with the same loss on these data, or none"""
    difference: float | None
    """largest shift of the logits between the two losses"""


class Point(Part):
    """One operating point: threshold, counts, rates and the interval of MCC."""

    threshold: Threshold
    """threshold of the score, 0 to 1; positive from it upwards"""
    tp: int
    """number of true positives"""
    fp: int
    """number of false positives"""
    tn: int
    """number of true negatives"""
    fn: int
    """number of false negatives"""
    sn: float
    """sensitivity, 0 to 1"""
    sp: float
    """specificity, 0 to 1"""
    gap: float
    """SN - SP, -1 to 1"""
    mcc: float
    """Matthews correlation coefficient, -1 to 1"""
    acc: float
    """accuracy, 0 to 1"""
    mcc_low: float
    """low end of the 95 % interval of MCC in the population, rows resampled"""
    mcc_high: float
    """high end of the 95 % interval of MCC in the population, rows resampled"""


class FoldThresholds(Part):
    """What one fold alone would have given."""

    fold: int
    """fold, counted from 0"""
    n: int
    """sequences of the fold"""
    n_positive: int
    """positives among them"""
    auroc: float
    """area under the ROC curve in the fold, 0 to 1"""
    thresholds: dict[str, float]
    """threshold tuned on the fold alone, 0 to 1, by criterion"""


class Stability(Part):
    """Whether the folds agree on the threshold, judged against chance at their size."""

    thresholds: list[float]
    """threshold tuned on each fold alone, 0 to 1"""
    sd_logit: float
    """their standard deviation on the logit scale"""
    sd_logit_by_chance: float
    """the same of random samples of a fold's size"""
    ratio: float
    """first over second, about 1 by sampling alone; may be infinite"""
    range: Interval
    """smallest and largest of the thresholds, 0 to 1"""
    sn: Interval
    """smallest and largest SN that they give, 0 to 1"""
    sp: Interval
    """smallest and largest SP that they give, 0 to 1"""
    mcc: Interval
    """smallest and largest MCC that they give, -1 to 1"""
    widest: float
    """wider of the ranges of SN and SP, 0 to 1"""
    gap_left_out: float
    """SN - SP, each fold called at the other folds' threshold"""
    sd_asymptotic: float
    """standard deviation by theory, logit scale; NaN if unknown"""
    flag: Literal["green", "amber", "red"]
    """verdict by the limits of `selection: stability`"""


class Comparability(Part):
    """Whether the folds' scores may be pooled (Kolmogorov and Smirnov, Holm)."""

    largest_ks: float
    """largest Kolmogorov-Smirnov distance, fold to other folds, 0 to 1"""
    holm_p: float
    """smallest p of these tests by Holm, 0 to 1"""
    comparable: bool
    """whether that p is at least 0.01"""


class Curve(Part):
    """SN, SP and MCC over the threshold, thinned."""

    threshold: list[float]
    """thresholds of the score, descending, 0 to 1"""
    sn: list[float]
    """sensitivity at each, 0 to 1"""
    sp: list[float]
    """specificity at each, 0 to 1"""
    mcc: list[float]
    """MCC at each, -1 to 1"""


class Calibrator(Part):
    """How logits become probabilities: a method and the numbers that it needs."""

    method: CalibrationMethod
    """how the probability is made of the logit"""
    slope: float | None = None
    """temperature, platt: factor of the logit"""
    intercept: float | None = None
    """platt: logit added after the factor"""
    weights: list[float] | None = None
    """beta: of log p, of -log(1 - p) and constant"""
    logits: list[float] | None = None
    """isotonic: logits between which probabilities are interpolated"""
    probabilities: list[float] | None = None
    """isotonic: probabilities there, 0 to 1"""
    negative_from: list[float] | None = None
    """venn_abers: logits at which `as_negative` changes"""
    as_negative: list[float] | None = None
    """venn_abers: probabilities if the sequence counts as negative"""
    positive_above: list[float] | None = None
    """venn_abers: logits above which `as_positive` changes"""
    as_positive: list[float] | None = None
    """venn_abers: probabilities if the sequence counts as positive"""
    absent = (
        "slope", "intercept", "weights", "logits", "probabilities", "negative_from",
        "as_negative", "positive_above", "as_positive",
    )  # fmt: skip


class ProperScores(Part):
    """Scores of probabilities; see `metrics.calibration.proper_scores`."""

    brier: float
    """Brier score, 0 to 1, smaller is better"""
    log_loss: float
    """log-loss in nats, smaller is better"""
    d2: float
    """Brier skill over the share of positives, at most 1"""
    ece: float
    """expected calibration error over ten bins, 0 to 1"""
    mcb: float
    """miscalibration (CORP), part of the Brier score"""
    dsc: float
    """discrimination (CORP), part of the Brier score"""
    unc: float
    """uncertainty of the labels (CORP), 0 to 0.25"""


class Reliability(Part):
    """The CORP reliability curve."""

    predicted: list[float]
    """predicted probabilities, ascending, 0 to 1"""
    observed: list[float]
    """share of positives there by isotonic regression, 0 to 1"""


class NetBenefit(Part):
    """Net benefit over the risk at which acting is worth it."""

    risk: list[float]
    """probability from which acting is worth it, 0.02 to 0.98"""
    raw: list[float]
    """of the scores, true positives a sequence"""
    calibrated: list[float]
    """of the calibrated probabilities, true positives a sequence"""
    all: list[float]
    """of calling everything positive, true positives a sequence"""


class Calibration(Part):
    """The calibration of a variant, and what every method made of its scores."""

    calibrator: Calibrator
    """the chosen method, fitted on all training sequences"""
    scores: dict[str, ProperScores]
    """of cross-fitted probabilities, by method; `none`: the scores themselves"""
    curves: dict[str, Reliability]
    """cross-fitted, of `none` and of the chosen method"""
    net_benefit: NetBenefit
    """cross-fitted, of the scores and of the chosen method"""


class Tuned(Record):
    """threshold.json: thresholds of one variant from its pooled out-of-fold scores."""

    n: int
    """number of training sequences"""
    n_positive: int
    """positives among them"""
    criterion: str
    """criterion that the configuration asks for"""
    tuned: bool
    """whether the classes were large enough to tune, and the scores said anything"""
    operating_point: str
    """name of the deployed one: `0.5` or the criterion"""
    threshold: Threshold
    """deployed threshold of the score, 0 to 1"""
    points: dict[str, Point]
    """operating points by name: `0.5` and every criterion"""
    folds: list[FoldThresholds]
    """one entry a fold"""
    stability: Stability | None
    """of the folds' thresholds; null where nothing was tuned"""
    comparability: Comparability
    """of the folds' logits"""
    curve: Curve
    """of the pooled out-of-fold scores, at most 200 points"""
    auroc: float
    """area under the ROC curve, out-of-fold, 0 to 1"""
    auprc: float
    """average precision, out-of-fold, 0 to 1"""
    brier: float
    """Brier score of the out-of-fold scores, 0 to 1"""
    calibration: Calibration | None
    """of the scores; null where nothing was tuned"""
    notes: list[str]
    """what was decided otherwise than asked, in sentences"""

    @property
    def half(self) -> Point:
        """The operating point at 0.5."""
        return self.points[HALF]

    @property
    def deployed(self) -> Point:
        """The operating point that is deployed."""
        return self.points[self.operating_point]


def read_thresholds(path: Pathlike) -> Tuned | Twin:
    """Read threshold.json: thresholds, or the name of the variant that has them."""
    value = Tuned.raw(path)
    kind = Twin if isinstance(value, dict) and "same_as" in value else Tuned
    return kind.of(value, path)
