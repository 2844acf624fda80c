"""Feature sets of the user's own, by import path."""

from collections.abc import Sequence
from functools import cache
from typing import Protocol

import numpy as np

from evenfold.errors import EvenfoldError
from evenfold.importing import imported


class OwnFeatures(Protocol):
    """What a feature set of the user's own must have: an object, or a class of such.

    Attributes
    ----------
    columns : list of str
        Names of the columns.
    """

    columns: Sequence[str]

    def compute(self, sequences: list[str]) -> np.ndarray:
        """Numbers of some sequences, each by itself: shape (n, columns).

        Parameters
        ----------
        sequences : list of str, length n
            As cleaned: windows with their gaps, unknown residues as X.
        """
        ...


def columns_of(path: str) -> list[str]:
    """Names of the columns of the feature set of an import path."""
    return [str(column) for column in _features(path).columns]


def computed(path: str, sequences: Sequence[str]) -> np.ndarray:
    """Numbers of some sequences by the feature set of an import path.

    Parameters
    ----------
    path : str
        `module:Name`.
    sequences : sequence of str, length n

    Returns
    -------
    ndarray, shape (n, columns)

    Raises
    ------
    EvenfoldError
        When they are not one finite number for each sequence and column.
    """
    values = np.asarray(_features(path).compute(list(sequences)))
    wanted = len(sequences), len(columns_of(path))
    if values.shape != wanted or values.dtype.kind not in "biuf":
        raise EvenfoldError(
            f"the feature set {path} gave {values.dtype} of shape {values.shape} for "
            f"{wanted[0]} sequences; it has {wanted[1]} columns."
        )
    bad = ~np.isfinite(values).all(axis=1)
    if bad.any():
        raise EvenfoldError(
            f"the feature set {path} has no finite numbers for the sequence "
            f"{sequences[int(bad.argmax())]:.60}"
        )
    return values


def _features(path) -> OwnFeatures:
    found = imported(path, "feature set")
    features = _made(found) if isinstance(found, type) else found
    if not (hasattr(features, "columns") and hasattr(features, "compute")):
        raise EvenfoldError(
            f"the feature set {path} has no `columns` or no `compute(sequences)`."
        )
    return features


@cache
def _made(kind):
    """One object of a class: it may have read tables to be made."""
    return kind()
