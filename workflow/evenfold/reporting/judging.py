"""Judgements that several sections share."""

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
