"""The rows that a variant's members are trained on."""

from dataclasses import dataclass, field

import numpy as np

from evenfold.ragged import Ragged


@dataclass(frozen=True, eq=False)
class TrainingData:
    """All training rows of a data set, with what decides who may see which.

    Attributes
    ----------
    inputs : ndarray, shape (n, columns), or Ragged
        uint8 residue codes or float32 features.
    labels : ndarray of int, shape (n,)
    folds : ndarray of int, shape (n,)
        A member never sees the rows of its fold.
    clusters : ndarray of int, shape (n,)
        Rows of a cluster are on the same side of an inner validation slice.
    features : dict
        Names and length of the feature set, kept with the weights.
    """

    inputs: np.ndarray | Ragged
    labels: np.ndarray
    folds: np.ndarray
    clusters: np.ndarray
    features: dict = field(default_factory=dict)
