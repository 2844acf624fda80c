"""Judgements that several sections share."""

from dataclasses import dataclass

from evenfold.metrics import moved
from evenfold.metrics.counts import Confusion
from evenfold.records.evaluation import Measured
from evenfold.records.record import Interval
from evenfold.records.sequences import AuditFacts, Probe
from evenfold.records.thresholds import Point

#: Groups, and sequences of a class, below which bootstrap intervals are too short.
FEWEST_GROUPS = 40
FEWEST_OF_A_CLASS = 50


def rivals(audit: AuditFacts, point: Point) -> list[Probe]:
    """Trivial predictors that a model sees and that reach its interval of MCC.

    Parameters
    ----------
    audit : AuditFacts
    point : Point
        The model's.

    Returns
    -------
    list of Probe
    """
    least = point.mcc_low
    return [p for p in audit.probes or [] if p.seen and p.mcc >= least > 0]


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
