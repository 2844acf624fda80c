"""Out-of-fold scores of one variant: all that thresholds are chosen from."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from evenfold.records.tables import OOF


@dataclass(frozen=True)
class OutOfFold:
    """Scores of the training sequences by members that did not see them.

    Attributes
    ----------
    logits : ndarray, shape (n,)
    labels : ndarray of int, shape (n,)
        1 positive, 0 negative.
    folds : ndarray of int, shape (n,)
    """

    logits: np.ndarray
    labels: np.ndarray
    folds: np.ndarray

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
        frame = OOF.frame(path, ["logit", "label", "fold"])
        return cls(*(frame[column].to_numpy() for column in frame))
