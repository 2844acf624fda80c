"""Conformal prediction over groups: sets of classes that hold the true one as promised.

A new sequence is one of a new group, as in every fold: whole groups are the units, and a
group of two hundred relatives says no more than one of two.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from evenfold.metrics.bootstrap import class_groups, group_intervals
from evenfold.metrics.counts import confusion, rates
from evenfold.metrics.intervals import effective_size, wilson

#: Errors at which sets are frozen; a set at another is that at the next smaller one.
ERRORS = tuple(round(0.01 * k, 2) for k in range(1, 51))

#: Resamples of the bootstrap over the groups of a band.
_RESAMPLES = 1000
#: Groups of either class below which a band has no MCC that means anything.
_FEWEST = 5


def least_conforming(
    conformity: np.ndarray, groups: np.ndarray, errors: Sequence[float] = ERRORS
) -> list[float | None]:
    """The least conformity to a class with which a new sequence is still taken for it.

    A sequence of a new group, drawn as those of the class were, falls below with a chance
    of at most `error`: the groups' mean share of members that conform no more, and the new
    one among them, is the p-value that is held against it.

    Parameters
    ----------
    conformity : ndarray, shape (n,)
        Of the sequences of the class: the larger, the more like it.
    groups : ndarray of int, shape (n,)
        Group of related sequences of each.
    errors : sequence of float

    Returns
    -------
    list of float or None
        By error; None where the class has fewer groups than 1 / error - 1, and nothing
        could be excluded.

    References
    ----------
    Lee, Barber and Willett 2023, "Distribution-free inference with hierarchical data"
    (hierarchical conformal prediction); Vovk 2012 (class-conditional, Mondrian).

    Examples
    --------
    >>> least_conforming(np.array([1.0, 2.0, 3.0, 4.0]), np.arange(4), [0.1, 0.2, 0.4])
    [None, 1.0, 2.0]
    """
    _, group, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    order = np.argsort(conformity, kind="stable")
    ascending = np.asarray(conformity)[order]
    # Groups' shares up to each sequence, those that conform as much included.
    shares = np.cumsum(np.take(1 / sizes, group[order]))
    found: list[float | None] = []
    for error in errors:
        spared = error * (len(sizes) + 1) - 1
        if not len(sizes) or spared < -1e-9:
            found.append(None)
            continue
        place = int(np.searchsorted(shares, spared + 1e-9, side="right"))
        found.append(float(ascending[min(place, len(ascending) - 1)]))
    return found


def prediction_sets(
    logits: np.ndarray, positive_from: float | None, negative_to: float | None
) -> tuple[np.ndarray, np.ndarray]:
    """Which classes the sets of sequences hold.

    Parameters
    ----------
    logits : ndarray, shape (n,)
    positive_from, negative_to : float or None
        Logits from which the positive, and up to which the negative class belongs to it;
        None: always.

    Returns
    -------
    tuple of ndarray of bool, shape (n,)
        Whether positive, and whether negative is in it.
    """
    everywhere = np.ones(len(logits), dtype=bool)
    return (
        everywhere if positive_from is None else logits >= positive_from,
        everywhere if negative_to is None else logits <= negative_to,
    )


#: Limits of the positive and of the negative class; see `prediction_sets`.
Pair = tuple[float | None, float | None]


def sets_by_band(
    logits: np.ndarray,
    bands: np.ndarray | None,
    pooled: Pair,
    by_band: Mapping[str, Pair],
) -> tuple[np.ndarray, np.ndarray]:
    """Which classes the sets of sequences hold, by the limits of their own band.

    Parameters
    ----------
    logits : ndarray, shape (n,)
    bands : ndarray of str, shape (n,), or None
        None: all by the pooled limits.
    pooled : tuple of (float or None)
        Limits of all bands together; see `prediction_sets`.
    by_band : mapping of str to tuple of (float or None)
        None: the band has too few groups, and the pooled one stands.

    Returns
    -------
    tuple of ndarray of bool, shape (n,)
    """
    here, there = prediction_sets(logits, *pooled)
    if bands is None:
        return here, there
    here, there = here.copy(), there.copy()
    for band, (positive, negative) in by_band.items():
        own = bands == band
        if positive is not None:
            here[own] = logits[own] >= positive
        if negative is not None:
            there[own] = logits[own] <= negative
    return here, there


def mean_over_groups(values: np.ndarray, groups: np.ndarray) -> float:
    """Mean of the groups' means: every group counts alike.

    Parameters
    ----------
    values : ndarray, shape (n,)
    groups : ndarray of int, shape (n,)

    Examples
    --------
    >>> mean_over_groups(np.array([1.0, 1.0, 0.0]), np.array([0, 0, 1]))
    0.5
    """
    _, group, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    return float((np.bincount(group, values) / sizes).mean())


def place_of(error: float, errors: Sequence[float] = ERRORS) -> int:
    """Place of an error among those that are frozen, or of the next smaller one.

    Parameters
    ----------
    error : float
        The first of them at least.
    errors : sequence of float
        Ascending.

    Examples
    --------
    >>> ERRORS[place_of(0.1)], ERRORS[place_of(0.125)], ERRORS[place_of(0.9)]
    (0.1, 0.12, 0.5)
    """
    return int(np.searchsorted(errors, error + 1e-9)) - 1


def judged(
    positive: np.ndarray,
    negative: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray,
    error: float,
) -> dict[str, Any]:
    """How prediction sets held: the fields of `records.selection.Judged`.

    Parameters
    ----------
    positive, negative : ndarray of bool, shape (errors, n)
        Whether the set of a sequence holds the class, by error of `ERRORS`.
    labels, groups : ndarray of int, shape (n,)
    error : float
        At which coverage is told.

    Returns
    -------
    dict
        `positive` and `negative`: coverage of each class; `sure`: by error, what the
        calls are worth where the set holds one class alone.
    """
    sure: dict[str, list[float | None]] = {
        name: [] for name in ("errors", "one", "both", "none", "sn", "sp", "mcc")
    }
    for one, here, there in zip(ERRORS, positive, negative):
        called = here != there
        n0, n1 = np.bincount(labels[called], minlength=2)
        # Of nothing there are no rates.
        row = rates(**confusion(here[called], labels[called], 0.5)) if n0 + n1 else None
        sure["errors"].append(one)
        sure["one"].append(float(called.mean()))
        sure["both"].append(float((here & there).mean()))
        sure["none"].append(float((~here & ~there).mean()))
        sure["sn"].append(row["sn"] if row and n1 else None)
        sure["sp"].append(row["sp"] if row and n0 else None)
        sure["mcc"].append(row["mcc"] if row and n1 and n0 else None)
    own, place = labels == 1, place_of(error)
    return {
        "positive": covered(positive[place, own], groups[own]),
        "negative": covered(negative[place, ~own], groups[~own]),
        "sure": sure,
    }


def covered(held: np.ndarray, groups: np.ndarray) -> dict[str, float]:
    """How often sets of one class hold it: the fields of `records.selection.Covered`.

    Parameters
    ----------
    held : ndarray of bool, shape (n,)
    groups : ndarray of int, shape (n,)

    Returns
    -------
    dict
    """
    n = len(np.unique(groups))
    share = mean_over_groups(held, groups)
    # Groups' means vary less than single sequences would: no interval is too short.
    low, high = wilson(share * n, n)
    return {
        "groups": n,
        "sequences": len(held),
        "share": share,
        "low": max(0.0, low),
        "high": min(1.0, high),
        "of_sequences": float(held.mean()),
    }


def in_bands(
    bands: np.ndarray,
    called: np.ndarray,
    held: tuple[np.ndarray, np.ndarray],
    labels: np.ndarray,
    groups: np.ndarray,
    names: Sequence[str],
) -> list[dict[str, Any]]:
    """What calls and sets are worth by bands: the fields of `records.selection.InBand`.

    Parameters
    ----------
    bands : ndarray of str, shape (n,)
    called : ndarray of bool, shape (n,)
        Whether called positive.
    held : tuple of ndarray of bool, shape (n,)
        Whether the set holds the positive, and the negative class.
    labels, groups : ndarray of int, shape (n,)
    names : sequence of str
        Bands to tell of.

    Returns
    -------
    list of dict
        One a band, in the order of the names.
    """
    return [
        {
            "band": name,
            **_in_band(
                called[own], held[0][own], held[1][own], labels[own], groups[own]
            ),
        }
        for name, own in ((name, bands == name) for name in names)
    ]


def _in_band(called, here, there, labels, groups) -> dict[str, Any]:
    positive = labels == 1
    groups_of_class = class_groups(groups, labels)
    found: dict[str, Any] = {
        "sequences": len(labels),
        "groups": len(np.unique(groups)),
        "groups_of_class": groups_of_class,
        "mcc": None,
        "mcc_interval": None,
    }
    if min(groups_of_class) >= _FEWEST:
        found["mcc"] = rates(**confusion(called, labels, 0.5))["mcc"]
        sides = group_intervals(
            called.astype(float), labels, groups, np.array([0.5]), _RESAMPLES, 0
        )
        found["mcc_interval"] = sides["mcc"]
    for rate, side, own, right, sets in (
        ("sn", "positive", positive, called, here),
        ("sp", "negative", ~positive, ~called, there),
    ):
        if not own.any():
            found |= dict.fromkeys((rate, f"{rate}_interval", side))
            continue
        size = effective_size(right[own], groups[own])
        share = float(right[own].mean())
        found[rate] = share
        found[f"{rate}_interval"] = wilson(size * share, size)
        found[side] = covered(sets[own], groups[own])
    return found


def probability_bounds(
    logits: np.ndarray,
    at: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
) -> tuple[np.ndarray, np.ndarray]:
    """Bounds of the probabilities of new sequences.

    Parameters
    ----------
    logits : ndarray, shape (n,)
    at, low, high : sequence of float, shape (steps,)
        Ascending logits; the lower bound from each on, and the upper bound up to each.

    Returns
    -------
    tuple of ndarray, shape (n,)
        Between two steps the lower bound of the one below and the upper of the one above.

    Examples
    --------
    >>> low, high = probability_bounds(np.array([-9.0, 0.5]), [0, 1], [0.2, 0.6], [0.4, 0.9])
    >>> low.tolist(), high.tolist()
    ([0.0, 0.2], [0.4, 0.9])
    """
    below = np.searchsorted(at, logits, side="right")
    above = np.searchsorted(at, logits, side="left")
    return np.r_[0.0, low][below], np.r_[high, 1.0][above]
