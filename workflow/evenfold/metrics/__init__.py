"""What a binary classification is worth: counts, rates, scores, intervals, tests."""

from evenfold.metrics.bootstrap import (
    class_groups,
    group_intervals,
    group_weights,
    paired_difference,
)
from evenfold.metrics.calibration import (
    calibrated,
    net_benefit,
    proper_scores,
    reliability,
    shifted,
)
from evenfold.metrics.comparison import corrected_t, delong, holm, mcnemar
from evenfold.metrics.counts import confusion, matthews, rates
from evenfold.metrics.intervals import (
    bootstrap_mcc,
    effective_size,
    expanded_p,
    interval,
    moved,
    newcombe,
    wilson,
)
from evenfold.metrics.scores import auprc, auroc, brier, logit, sigmoid

__all__ = [
    "auprc",
    "auroc",
    "bootstrap_mcc",
    "brier",
    "calibrated",
    "class_groups",
    "confusion",
    "corrected_t",
    "delong",
    "effective_size",
    "expanded_p",
    "group_intervals",
    "group_weights",
    "holm",
    "interval",
    "logit",
    "matthews",
    "mcnemar",
    "moved",
    "net_benefit",
    "newcombe",
    "paired_difference",
    "proper_scores",
    "rates",
    "reliability",
    "shifted",
    "sigmoid",
    "wilson",
]
