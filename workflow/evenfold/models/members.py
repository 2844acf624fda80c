"""Members of a variant: which rows each trains on, and where its randomness is from."""

import zlib
from dataclasses import dataclass

import numpy as np

from evenfold.errors import EvenfoldError
from evenfold.models.data import TrainingData


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
    inner : ndarray of int
        Rows of its inner validation slice, which steers its training.
    """

    member: Member
    trained: np.ndarray
    inner: np.ndarray


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
    """Training rows and inner validation slice of every member.

    Parameters
    ----------
    members : list[Member]
    data : TrainingData
    share : float
        Of a member's rows that its inner validation slice takes.
    seed : int
    """
    found = []
    for member in members:
        rows = np.flatnonzero(data.folds != member.fold)
        chosen = inner_validation(
            rows, data.labels, data.clusters, share, member_seed(seed, member, "slice")
        )
        found.append(MemberRows(member, rows[~chosen], rows[chosen]))
    return found


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
        When the groups leave one of the two parts without a class.
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
    chosen = taken[group]
    for part in (classes[chosen], classes[~chosen]):
        if len(np.unique(part)) < 2:
            raise EvenfoldError(
                "a grouped inner validation slice with both classes cannot be cut from "
                f"{len(rows)} training rows in {len(groups)} groups. Set fewer folds, a "
                "larger `training: {inner_validation: ...}`, or add sequences."
            )
    return chosen
