"""What a model reaches, in the words of every page and of the terminal."""

import math

from evenfold.metrics import wilson
from evenfold.metrics.predictive import predictive
from evenfold.records.evaluation import Measured
from evenfold.records.record import Interval
from evenfold.records.selection import FrozenVariant, Selection
from evenfold.records.thresholds import Point, told

#: One positive in so many and fewer: precision is told beside SN and SP.
_RARE = 5


def reached_on_test(row: Measured) -> str:
    """Of a variant on the test set, with its threshold."""
    return (
        f"{row.variant} at threshold {told(row.threshold)} reaches {on_test(row)} on "
        f"{row.n} independent test sequences"
    )


def reached_out_of_fold(selection: Selection) -> str:
    """Of the champion in cross-validation, with its threshold."""
    return (
        f"{selection.champion} at threshold {told(selection.threshold)} reaches "
        f"{out_of_fold(selection.chosen)}"
    )


def on_test(row: Measured) -> str:
    """MCC, SN and SP on the test set."""
    return _rates(row, (row.mcc_low, row.mcc_high))


def out_of_fold(frozen: FrozenVariant) -> str:
    """MCC, SN and SP in cross-validation."""
    return _rates(frozen.oof, frozen.grouped.mcc)


def promised(frozen: FrozenVariant) -> str:
    """MCC, SN and SP for new data, by cross-validation."""
    return _rates(frozen.oof, frozen.promised)


def is_rare(row: Point | Measured) -> bool:
    """Whether fewer than one sequence in five is positive."""
    return _RARE * (row.tp + row.fn) < row.tp + row.fn + row.tn + row.fp


def precision(row: Point | Measured) -> str:
    """PPV with its interval (Wilson, calls taken as independent), in words."""
    called = row.tp + row.fp
    if not called:
        return "unknown"
    low, high = wilson(row.tp, called)
    return f"{told(row.tp / called)} [{told(low)}, {told(high)}]"


def sn_sp(row: Point | Measured) -> str:
    """SN / SP for a table, and the precision where positives are rare."""
    rare = f"; PPV {precision(row)}" if is_rare(row) else ""
    return f"{told(row.sn)} / {told(row.sp)}{rare}"


def predicted(row: Point | Measured) -> tuple[str, str, str]:
    """PPV, NPV and F1 for a table; PPV with its interval where positives are rare."""
    found = predictive(row.tp, row.fp, row.tn, row.fn)
    ppv = precision(row) if is_rare(row) else _shown(found["ppv"])
    return ppv, _shown(found["npv"]), _shown(found["f1"])


def _shown(value: float) -> str:
    return "–" if math.isnan(value) else told(value)


def _rates(point: Point | Measured, interval: Interval) -> str:
    low, high = interval
    return (
        f"MCC {point.mcc:.2f} [{low:.2f}, {high:.2f}] with "
        f"SN {short(point.sn)} and SP {short(point.sp)}{_precision(point)}"
    )


def short(rate: float) -> str:
    """Two decimals, and more where they would make 0 or 1 of what is neither.

    Examples
    --------
    >>> short(0.8), short(0.996), short(1.0)
    ('0.80', '0.996', '1.00')
    """
    digits = 2
    while 0 < rate < 1 and float(f"{rate:.{digits}f}") in (0, 1):
        digits += 1
    return f"{rate:.{digits}f}"


def _precision(point: Point | Measured) -> str:
    """Beside SN and SP where positives are rare: most calls may be wrong even so."""
    if not is_rare(point):
        return ""
    called = point.tp + point.fp
    if not called:
        return ", precision (PPV) unknown: nothing is called positive"
    return f", precision (PPV) {precision(point)}, {point.tp} of {called} calls right"
