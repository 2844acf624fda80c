"""AUROC within units: pairs of a positive and a negative of one protein alone."""

from collections.abc import Sequence

import numpy as np

from evenfold.metrics.bootstrap import group_weights, weighted_auroc


def pairs_within(
    scores: np.ndarray, labels: np.ndarray, units: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs in which the positive has the larger score, ties counted half, and pairs.

    Parameters
    ----------
    scores : ndarray, shape (n,)
    labels, units : ndarray of int, shape (n,)
        Units are numbered from 0.

    Returns
    -------
    tuple of ndarray, shape (units,)
    """
    positive = labels == 1
    n = int(units.max()) + 1
    n1, n0 = (np.bincount(units[own], minlength=n) for own in (positive, ~positive))
    above = _ranks_within(scores, units)
    won = np.bincount(units[positive], above[positive], n) - n1 * (n1 + 1) / 2
    return np.where(n1 * n0 > 0, won, 0.0), n1 * n0


def _ranks_within(scores: np.ndarray, units: np.ndarray) -> np.ndarray:
    """Rank of each score in its unit, from 1; equal ones share their mean."""
    order = np.lexsort((scores, units))
    score, unit = scores[order], units[order]
    new = np.r_[True, (score[1:] != score[:-1]) | (unit[1:] != unit[:-1])]
    start = np.flatnonzero(new)
    end = np.r_[start[1:], len(order)] - 1
    tie = np.cumsum(new) - 1
    before = np.searchsorted(unit, unit, side="left")
    ranks = np.empty(len(order))
    ranks[order] = (start[tie] + end[tie]) / 2 - before + 1
    return ranks


def auroc_within(scores: np.ndarray, labels: np.ndarray, units: np.ndarray) -> float:
    """Share of the pairs of one unit that are in the right order; NaN without pairs.

    Parameters
    ----------
    scores : ndarray, shape (n,)
    labels, units : ndarray of int, shape (n,)

    Returns
    -------
    float

    Examples
    --------
    >>> labels, units = np.array([1, 0, 1, 0]), np.array([0, 0, 1, 1])
    >>> auroc_within(np.array([0.9, 0.8, 0.2, 0.1]), labels, units)
    1.0
    """
    won, pairs = pairs_within(scores, labels, units)
    return float(won.sum() / pairs.sum()) if pairs.sum() else float("nan")


def resampled_aurocs(
    scores: Sequence[np.ndarray],
    labels: np.ndarray,
    units: np.ndarray,
    groups: np.ndarray,
    resamples: int = 400,
    seed: int = 0,
) -> np.ndarray:
    """Pooled AUROC, and that within units, of several scores on resampled groups.

    Parameters
    ----------
    scores : sequence of ndarray, shape (n,)
    labels, units, groups : ndarray of int, shape (n,)
        No unit is in two groups.
    resamples, seed : int

    Returns
    -------
    ndarray, shape (scores, 2, resamples)
        Pooled, and within; all scores on the same resamples.
    """
    own = [pairs_within(one, labels, units) for one in scores]
    first = np.unique(units, return_index=True)[1]
    found = []
    for weights in group_weights(groups, labels, resamples, seed):
        of_units = weights[:, first].astype(float)
        found.append(
            [
                [
                    weighted_auroc(one, labels, weights),
                    (of_units @ won) / np.maximum(1.0, of_units @ pairs),
                ]
                for one, (won, pairs) in zip(scores, own)
            ]
        )
    return np.concatenate(found, axis=2)
