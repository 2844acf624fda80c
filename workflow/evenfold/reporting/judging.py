"""Judgements that several sections share."""

import math
from dataclasses import dataclass

from evenfold.metrics import moved
from evenfold.metrics.counts import Confusion
from evenfold.records.evaluation import Measured
from evenfold.records.record import Interval
from evenfold.records.selection import Selection
from evenfold.records.sequences import Probe
from evenfold.records.thresholds import Point, Stability
from evenfold.reporting.facts import Facts

#: Groups with sequences of a class, and such sequences, below which intervals are not
#: to be relied on; docs/methods.md has what simulations found.
FEWEST_GROUPS = 20
FEWEST_OF_A_CLASS = 50


#: MCC below the champion's up to which a shortcut is level with it.
_NEAR = 0.1
#: Feature sets that are shares of residues, or tell them.
_COMPOSITIONS = {"aac", "dpc", "tpc"}


def rivals(facts: Facts) -> tuple[list[Probe], list[Probe]]:
    """Shortcuts that would embarrass, and those that few sequences do not exclude.

    Of what models see, what is no other word for what the champion reads.

    Parameters
    ----------
    facts : Facts

    Returns
    -------
    tuple of list of Probe
        Those level with the champion; those well below it that its interval, a wide one,
        holds. The largest MCC first.
    """
    apart = [p for p in _level(facts) if p.name != "composition" or not _read(facts)]
    near = [probe for probe in apart if _near(facts, probe)]
    return near, [probe for probe in apart if probe not in near]


def is_composition(facts: Facts) -> tuple[Probe, list[str]] | None:
    """The composition alone, where it is level with a champion that reads nothing else.

    Returns
    -------
    tuple of (Probe, list of str) or None
        The probe, and the champion's features.
    """
    found = [p for p in _level(facts) if p.name == "composition" and _near(facts, p)]
    return (found[0], _read(facts)) if found and _read(facts) else None


def _level(facts: Facts) -> list[Probe]:
    """At least `audit: probe_mcc`, and in the champion's interval of MCC or above."""
    least = max(facts.audit.probe_mcc, facts.selection.chosen.grouped.mcc[0])
    return [p for p in facts.audit.probes or [] if p.seen and p.mcc >= least]


def _near(facts: Facts, probe: Probe) -> bool:
    # Of few sequences the interval alone would hold probes far below the champion.
    return probe.mcc >= facts.selection.chosen.oof.mcc - _NEAR


def _read(facts: Facts) -> list[str]:
    """The champion's features, if they are compositions alone."""
    features = facts.settings.decides.variants[
        facts.selection.champion
    ].training.features
    return list(features) if set(features) <= _COMPOSITIONS else []


def scarcer_groups(groups: tuple[int | None, int | None]) -> tuple[int, str] | None:
    """Groups of the class that has fewer, and its name; None where nobody counted.

    Parameters
    ----------
    groups : tuple of (int or None)
        Groups that hold positives, and negatives.
    """
    positive, negative = groups
    if positive is None or negative is None:
        return None
    return min((positive, "positives"), (negative, "negatives"))


def folds_agree(facts: Facts, found: Stability) -> str:
    """Whether the folds agree on the threshold, in words."""
    if found.flag == "green":
        return "folds agree"
    limits = facts.settings.decides.selection.stability
    return "folds differ" if found.ratio > limits.amber else "too few sequences"


def spread_of_thresholds(found: Stability) -> str:
    """How far the folds' own thresholds spread, against what chance gives, in words."""
    if not math.isfinite(found.ratio):
        # Where resampling moves no threshold.
        return "where chance alone moves none"
    return f"{found.ratio:.1f} times as far as chance explains"


def no_variant_differs(selection: Selection) -> bool:
    """Whether, after tuning, no variant's MCC differs from the baseline's.

    Better or worse, by an interval that excludes zero after Holm's correction.
    """
    others = selection.against_baseline.values()
    return bool(others) and all(one.p_holm > _LEVEL for one in others)


#: Of the tests in sentences.
_LEVEL = 0.05
_RESAMPLES = 2000


@dataclass(frozen=True)
class Tuning:
    """What the tuned threshold changes from 0.5, on the same sequences.

    Attributes
    ----------
    mcc, gap : float
        Difference of MCC, and of |SN - SP|.
    of_mcc, of_gap : Interval
        95 %, sequences taken as independent.
    """

    mcc: float
    gap: float
    of_mcc: Interval
    of_gap: Interval

    @property
    def helped(self) -> bool:
        """Whether neither is worse, and one is better by more than chance."""
        shown = self.of_mcc[0] > 0 or self.of_gap[1] < 0
        return self.mcc >= 0 and self.gap <= 0 and shown


def tuning(half: Point | Measured, tuned: Point | Measured) -> Tuning:
    """From 0.5 to the tuned threshold."""
    of_mcc, of_gap = moved(_counts(half), _counts(tuned), _RESAMPLES, seed=0)
    return Tuning(tuned.mcc - half.mcc, abs(tuned.gap) - abs(half.gap), of_mcc, of_gap)


def _counts(row: Point | Measured) -> Confusion:
    return {"tp": row.tp, "fp": row.fp, "tn": row.tn, "fn": row.fn}
