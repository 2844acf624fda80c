"""Out-of-fold scores of one variant: all that thresholds are chosen from."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from evenfold.records.tables import OOF

#: Share of a class's variance that averaging may take off at most: beyond, its mean is all
#: that is left, and chance in it would look like knowledge.
MOST = 0.5


@dataclass(frozen=True)
class OutOfFold:
    """Scores of the training sequences by members that did not see them.

    Attributes
    ----------
    logits : ndarray, shape (n,)
        On the scale of the mean of all members, which is what is deployed: thresholds
        and calibrators are fitted to them.
    labels : ndarray of int, shape (n,)
        1 positive, 0 negative.
    folds : ndarray of int, shape (n,)
    measured : ndarray, shape (n,), or None
        The logits as the members of one fold gave them, where these are others: areas
        under curves, which compare models, are of them.
    """

    logits: np.ndarray
    labels: np.ndarray
    folds: np.ndarray
    measured: np.ndarray | None = None

    @property
    def as_measured(self) -> np.ndarray:
        """Logits as the members of one fold gave them."""
        return self.logits if self.measured is None else self.measured

    @classmethod
    def read(cls, path: str | Path) -> "OutOfFold":
        """Read oof.parquet.

        Parameters
        ----------
        path : path-like

        Returns
        -------
        OutOfFold
        """
        frame = OOF.frame(path, ["logit", "label", "fold", "excess"])
        logits, labels, folds, excess = (frame[column].to_numpy() for column in frame)
        return cls(deployed_scale(logits, labels, excess), labels, folds, logits)


def deployed_scale(
    logits: np.ndarray, labels: np.ndarray, excess: np.ndarray
) -> np.ndarray:
    """Logits drawn towards the mean of their class until they vary as deployed ones do.

    Within a class a logit is what its sequence deserves plus what the members of one
    fold happened to learn; the mean of all members has less of the second. Both means
    are the same, so that the class's logits keep their mean and their order.

    Parameters
    ----------
    logits, labels : ndarray, shape (n,)
        Out-of-fold.
    excess : ndarray, shape (n,)
        Variance of each that the mean of all members lacks.

    Returns
    -------
    ndarray, shape (n,)
        What is no number stays what it is.
    """
    scaled = np.array(logits, dtype=np.float64)
    for label in (0, 1):
        own = (labels == label) & np.isfinite(scaled)
        if not own.any():
            continue
        with np.errstate(over="ignore", invalid="ignore"):
            lacking, variance = float(excess[own].mean()), float(scaled[own].var())
        if lacking > 0 and 0 < variance < np.inf:
            kept = np.sqrt(1 - min(lacking / variance, MOST))
            mean = scaled[own].mean()
            scaled[own] = mean + kept * (scaled[own] - mean)
    return scaled
