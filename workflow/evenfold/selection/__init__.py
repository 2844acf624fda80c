"""From out-of-fold scores to a frozen choice. Knows scores and labels, nothing else."""

from evenfold.config.criteria import CRITERIA
from evenfold.selection.thresholds import choose, sweep

__all__ = [
    "CRITERIA",
    "choose",
    "sweep",
]
