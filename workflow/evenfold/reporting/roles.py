"""How the test set differs from the training data, and what that does to the result."""

import math
from dataclasses import dataclass

from evenfold.metrics import bootstrap_mcc, newcombe, rates, wilson
from evenfold.metrics.counts import Confusion
from evenfold.metrics.predictive import at_share
from evenfold.records.evaluation import Alike
from evenfold.records.record import Interval
from evenfold.reporting.facts import Facts
from evenfold.saying import counted

#: Factor between the shares of positives from which they are not the same.
_OTHER_RATIO = 1.5
_RESAMPLES = 2000


@dataclass(frozen=True)
class Ratio:
    """Shares of positives that differ by more than chance, and what that means.

    Attributes
    ----------
    expected, test : float
        The share that the thresholds were tuned for, and that of the test set.
    mcc, ppv : float
        What SN and SP of the test set would mean at the expected share.
    """

    expected: float
    test: float
    mcc: float
    ppv: float


def other_ratio(facts: Facts) -> Ratio | None:
    """Whether another share of the test set is positive than was tuned for.

    Parameters
    ----------
    facts : Facts

    Returns
    -------
    Ratio or None
        None without a look, and where the shares are as good as the same.
    """
    row = facts.tested
    if row is None:
        return None
    expected = facts.selection.deployment_positives or facts.selection.positives
    positives = row.tp + row.fn
    test = positives / row.n
    low, high = wilson(positives, row.n)
    if low <= expected <= high or max(expected, test) <= _OTHER_RATIO * min(
        expected, test
    ):
        return None
    there = at_share(row.sn, row.sp, expected)
    return Ratio(expected, test, there["mcc"], there["ppv"])


@dataclass(frozen=True)
class Parted:
    """The champion on test sequences like the training ones, and on the others.

    Attributes
    ----------
    words : str
        What the first are, with their number.
    gap, mcc : tuple of float
        Of the first and of the others.
    of_gap, of_mcc : tuple of Interval
        95 %, sequences taken as independent.
    n : int
        The others.
    """

    words: str
    gap: tuple[float, float]
    mcc: tuple[float, float]
    of_gap: tuple[Interval, Interval]
    of_mcc: tuple[Interval, Interval]
    n: int

    def explains(self, gap: float) -> bool:
        """Whether SN and SP differ so on the others alone, by more than chance.

        Parameters
        ----------
        gap : float
            SN - SP of the whole test set.
        """
        (low0, high0), (low1, high1) = self.of_gap
        apart = self.gap[1] - self.gap[0]
        # Each side by those ends of both intervals that face it (Zou and Donner 2008).
        if gap > 0:
            return apart > math.hypot(self.gap[1] - low1, high0 - self.gap[0])
        return -apart > math.hypot(high1 - self.gap[1], self.gap[0] - low0)

    @property
    def costs(self) -> bool:
        """Whether MCC is lower on the others by more than chance."""
        return self.of_mcc[1][1] < self.of_mcc[0][0]


def parted(facts: Facts) -> list[Parted]:
    """Test sequences like the training ones, in length and in composition, and others.

    Parameters
    ----------
    facts : Facts

    Returns
    -------
    list of Parted
        Where the look measured it, and both parts have both classes.
    """
    labels = facts.evaluation.labels if facts.evaluation else None
    return [
        _parted(one)
        for one in (labels.alike if labels and facts.tested else [])
        if all(
            part.tp + part.fn and part.tn + part.fp for part in (one.alike, one.other)
        )
    ]


def _parted(one: Alike) -> Parted:
    counts: list[Confusion]
    counts = [
        {"tp": part.tp, "fp": part.fp, "tn": part.tn, "fn": part.fn}
        for part in (one.alike, one.other)
    ]
    found = [rates(**part) for part in counts]
    n = [c["tp"] + c["fp"] + c["tn"] + c["fn"] for c in counts]
    if one.limits:
        low, high = one.limits
        words = (
            f"as long as 95 % of the training ones ({low:.0f} to {high:.0f} residues)"
        )
    else:
        words = "composed as 95 % of the training ones are"
    return Parted(
        words=f"the {counted(n[0], 'test sequence')} {words}",
        gap=(found[0]["gap"], found[1]["gap"]),
        mcc=(found[0]["mcc"], found[1]["mcc"]),
        of_gap=(_of_gap(counts[0]), _of_gap(counts[1])),
        of_mcc=(
            bootstrap_mcc(counts[0], _RESAMPLES, seed=0),
            bootstrap_mcc(counts[1], _RESAMPLES, seed=0),
        ),
        n=n[1],
    )


def _of_gap(counts: Confusion) -> Interval:
    n1, n0 = counts["tp"] + counts["fn"], counts["tn"] + counts["fp"]
    return newcombe((counts["tp"], counts["tn"]), (n1, n0))
