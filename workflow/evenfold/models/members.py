"""Members of a variant: which rows each trains on, and where its randomness is from."""

import zlib
from dataclasses import dataclass

import numpy as np

from evenfold.errors import EvenfoldError
from evenfold.models.data import TrainingData

#: Rows of a held-out fold at most that are scored after every epoch.
_WATCHED = 500


@dataclass(frozen=True)
class Member:
    """One network of a variant: the fold it never sees, and its seed."""

    fold: int
    seed: int


def member_seed(seed: int, member: Member, purpose: str) -> int:
    """Seed of one member for one purpose; the same for every variant."""
    return zlib.crc32(f"{seed}/{member.fold}/{member.seed}/{purpose}".encode())


@dataclass(frozen=True, eq=False)
class MemberRows:
    """Which rows a member is trained on, none of them of its held-out fold.

    Attributes
    ----------
    member : Member
    trained : ndarray of int
        Rows that its batches are drawn from.
    watched : ndarray of int
        Rows that are scored after every epoch: its inner validation slice where one
        steers its training, else some of its held-out fold, which steer nothing.
    """

    member: Member
    trained: np.ndarray
    watched: np.ndarray


def all_members(folds: np.ndarray, seeds: int) -> list[Member]:
    """Every fold with every seed.

    Parameters
    ----------
    folds : ndarray of int, shape (n,)
    seeds : int
        How many members a fold has.
    """
    return [Member(int(fold), s) for s in range(seeds) for fold in np.unique(folds)]


def member_rows(
    members: list[Member], data: TrainingData, share: float, seed: int
) -> list[MemberRows]:
    """Training rows of every member, and those it is watched on.

    Parameters
    ----------
    members : list[Member]
    data : TrainingData
    share : float
        Of a member's rows that its inner validation slice takes; 0: nothing in its
        training needs one, and it trains on all of them.
    seed : int
    """
    found = []
    for member in members:
        seen = data.folds != member.fold
        rows = np.flatnonzero(seen)
        if not share:
            found.append(MemberRows(member, rows, _some(np.flatnonzero(~seen))))
            continue
        chosen = inner_validation(
            rows, data.labels, data.clusters, share, member_seed(seed, member, "slice")
        )
        found.append(MemberRows(member, rows[~chosen], rows[chosen]))
    return found


def _some(rows: np.ndarray) -> np.ndarray:
    """So many of them, evenly spread, that their rates tell how training goes."""
    most = min(len(rows), _WATCHED)
    return rows[np.linspace(0, len(rows) - 1, most).astype(int)]


def inner_validation(
    rows: np.ndarray, labels: np.ndarray, clusters: np.ndarray, share: float, seed: int
) -> np.ndarray:
    """Grouped slice of a member's training rows that steers its training.

    Parameters
    ----------
    rows : ndarray of int, shape (n,)
        The member's training rows; no other row's label is read.
    labels, clusters : ndarray, shape (all rows,)
    share : float
        Wanted share of the rows of each class.
    seed : int

    Returns
    -------
    ndarray of bool, shape (n,)
        Which of `rows` are in the slice: whole groups, both classes.

    Raises
    ------
    EvenfoldError
        When the groups leave one of the two parts without a class, even where the
        slice takes one group more than its share.
    """
    classes = labels[rows]
    groups, group = np.unique(clusters[rows], return_inverse=True)
    counts = [
        np.bincount(group[classes == label], minlength=len(groups)) for label in (0, 1)
    ]
    negatives, positives = (count.tolist() for count in counts)
    most_negatives, most_positives = (
        max(1, share * int(count.sum())) for count in counts
    )
    taken, n, p = np.zeros(len(groups), dtype=bool), 0, 0
    for i in np.random.default_rng(seed).permutation(len(groups)).tolist():
        if n + negatives[i] <= most_negatives and p + positives[i] <= most_positives:
            taken[i] = True
            n, p = n + negatives[i], p + positives[i]
    for count in (negatives, positives):
        if not any(np.array(count)[taken]):
            _overshoot(taken, count, negatives, positives)
    chosen = taken[group]
    for part in (classes[chosen], classes[~chosen]):
        if len(np.unique(part)) < 2:
            raise EvenfoldError(
                "a grouped inner validation slice with both classes cannot be cut from "
                f"{len(rows)} training rows in {len(groups)} groups. Set fewer folds, a "
                "larger `training: {inner_validation: ...}`, or add sequences."
            )
    return chosen


def _overshoot(
    taken: np.ndarray, wanted: list[int], negatives: list[int], positives: list[int]
) -> None:
    """Take the smallest group with the wanted class that leaves others of both."""
    sizes = np.array(negatives) + np.array(positives)
    for i in np.argsort(sizes, kind="stable"):
        if taken[i] or not wanted[i]:
            continue
        left = ~taken
        left[i] = False
        if np.array(negatives)[left].any() and np.array(positives)[left].any():
            taken[i] = True
            return
