"""The record of the frozen selection: what was chosen, from what, and by what."""

from typing import Any

from evenfold.records.layout import PUBLISHED
from evenfold.records.record import Interval, Part, Record
from evenfold.records.thresholds import Calibrator, Point, Twin


class Decides(Part):
    """Digests of data, split and configuration; they alone identify a selection."""

    data: str
    split: str
    config: str


class Provenance(Part):
    """What made the selection; not part of its identity."""

    evenfold: str
    python: str
    machine: str


class Best(Part):
    """The largest out-of-fold MCC, and what is left of it without the luck."""

    variant: str
    of: int
    mcc: float
    mcc_corrected: float
    mcc_corrected_sd: float


class Grouped(Part):
    """Intervals by the bootstrap over groups: threshold fixed, and tuned anew."""

    mcc: Interval
    gap: Interval
    tuned_mcc: Interval
    tuned_gap: Interval


class FrozenVariant(Part):
    """A variant as it was frozen: thresholds, calibration, digests of its files."""

    loss: str
    operating_point: str
    threshold: float
    weights_sha256: str
    threshold_sha256: str
    oof_sha256: str
    oof: Point
    oof_at_half: Point
    auroc: float
    calibrator: Calibrator
    grouped: Grouped
    retuned: list[float]


class DeLong(Part):
    """DeLong's test of two correlated AUROCs."""

    difference: float
    se: float
    z: float
    p: float


class McNemar(Part):
    """McNemar's test on which rows two classifiers get right."""

    only: int
    only_reference: int
    p: float


class McNemars(Part):
    """McNemar's test on all sequences, on positives and on negatives."""

    all: McNemar
    positives: McNemar
    negatives: McNemar


class CorrectedT(Part):
    """Corrected resampled t-test over the folds."""

    mean: float
    se: float
    t: float
    p: float


class Difference(Part):
    """Paired out-of-fold difference of a variant to the baseline, with its tests."""

    mcc: float
    se: float
    low: float
    high: float
    p: float
    p_holm: float
    gap: float
    gap_low: float
    gap_high: float
    delong: DeLong
    mcnemar: McNemars
    folds: CorrectedT


class Selection(Record):
    """selection.json: the frozen choice, and the digests of all that decides."""

    selection: str
    dataset: str
    champion: str
    why: str
    best: Best
    baseline: str
    threshold: float
    operating_point: str
    decides: Decides
    records: Provenance
    cleaning: dict[str, Any]
    variants: dict[str, FrozenVariant]
    positives: float
    deployment_positives: float | None
    groups: int
    against_baseline: dict[str, Difference]
    same: dict[str, Twin]
    config: dict[str, Any]
    order: list[str]

    @property
    def chosen(self) -> FrozenVariant:
        """The champion as it was frozen."""
        return self.variants[self.champion]

    def trained(self, name: str) -> str:
        """The variant that was trained for another: itself, or its twin."""
        twin = self.same.get(name)
        return (twin.same_as or name) if twin else name

    def beside(self, published: "Selection | None") -> "Selection":
        """This selection with the variants of the published split beside its own.

        They are scored in the same look and decide nothing: choice, thresholds and
        champion are those of this selection.
        """
        others = published.variants if published else {}
        named = {published_name(name): frozen for name, frozen in others.items()}
        return self.model_copy(update={"variants": {**self.variants, **named}})


def published_name(variant: str) -> str:
    """What a variant of the published split is called beside the honest ones."""
    return f"{PUBLISHED}/{variant}"


def is_published(variant: str) -> bool:
    """Whether a variant's name is one of the published split's."""
    return variant.startswith(f"{PUBLISHED}/")
