"""The record of the learning curve: what is reached with parts of the training groups."""

from evenfold.records.record import Part, Record


class Estimate(Part):
    """A number with its 95 % interval."""

    value: float
    """the number itself"""
    low: float
    """low end of its 95 % interval"""
    high: float
    """high end of its 95 % interval"""


class Reached(Part):
    """Both measures of out-of-fold scores, or what is added to both."""

    auroc: Estimate
    """area under the ROC curve, 0 to 1, or what it rises by"""
    mcc: Estimate
    """MCC at the scores' own SN = SP threshold, -1 to 1, or what it rises by"""


class Size(Part):
    """What is reached with a part of every fold's training groups."""

    share: float
    """of the training sequences that were trained on, 0 to 1"""
    asked: float
    """that share as it was asked for; whole groups allow some more or less"""
    sequences: int
    """training sequences of that part, in all folds"""
    groups: int
    """their groups of related sequences, mean over the draws"""
    draws: int
    """parts of this size that were drawn and trained on"""
    reached: Reached
    """out-of-fold, on all training sequences; mean over the draws"""


class Projection(Part):
    """What more data would give by the fitted power law."""

    factor: float
    """times the training sequences that there are; 1: all of them"""
    reached: Reached
    """median of what the fit allows, with its interval"""


class SizeCurve(Part):
    """The curve of one model."""

    name: str
    """the variant, or what was trained beside the variants"""
    champion: bool
    """whether it is the champion"""
    sizes: list[Size]
    """ascending; the last is all training sequences"""
    last_step: Reached | None
    """what the last step to all of them adds; null with one size"""
    doubled: Reached | None
    """what twice the data would add by the power law; null with fewer than three sizes"""
    projected: list[Projection]
    """the power law, ascending; empty where it could not be fitted"""


class LearningCurve(Record):
    """learning_curve.json: whether more data would help."""

    curves: list[SizeCurve]
    """the champion first"""
    notes: list[str]
    """what could not be trained, and why"""
