"""What is told beside a score: sets of classes, and how far a probability may be off."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import isotonic_regression

from evenfold.metrics.conformal import (
    ERRORS,
    in_bands,
    judged,
    least_conforming,
    place_of,
    sets_by_band,
)
from evenfold.metrics.scores import sigmoid
from evenfold.records.selection import BandCuts, InBand, Judged, Trust
from evenfold.selection.oof import OutOfFold

#: Logits at which the probability's bounds are frozen, at most.
_STEPS = 200
Cuts = tuple[list[float | None], list[float | None]]


def cuts(logits: np.ndarray, labels: np.ndarray, groups: np.ndarray) -> Cuts:
    """Logits from which, and up to which, sets hold the positive and the negative class.

    Parameters
    ----------
    logits, labels, groups : ndarray, shape (n,)
        Of sequences that the members that scored them did not see.

    Returns
    -------
    tuple of list
        One of each per error of `conformal.ERRORS`; None: always.
    """
    own = labels == 1
    positive = least_conforming(logits[own], groups[own])
    negative = least_conforming(-logits[~own], groups[~own])
    return positive, [None if cut is None else -cut for cut in negative]


def bounds(
    logits: np.ndarray, labels: np.ndarray, groups: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Venn-Abers bounds of probabilities, in which a new sequence weighs like a group.

    The two probabilities are those of isotonic regressions in which a sequence of that
    score is counted as negative, and as positive. All sequences together weigh as many as
    there are groups, so that relatives do not make a probability look surer than it is.

    Parameters
    ----------
    logits, labels : ndarray, shape (n,)
    groups : int

    Returns
    -------
    tuple of ndarray, shape (steps,)
        Logits, ascending; the lower bound from each on; the upper bound up to each.

    References
    ----------
    Vovk, Petej and Fedorova 2015, "Large-scale probabilistic predictors with and without
    guarantees of validity".
    """
    distinct, inverse = np.unique(logits, return_inverse=True)
    weight = np.bincount(inverse) * groups / len(logits)
    share = np.bincount(inverse, labels) / np.bincount(inverse)
    at = np.unique(np.linspace(0, len(distinct) - 1, _STEPS).round().astype(int))

    def as_if(place: int, label: int) -> float:
        with_it, heavier = share.copy(), weight.copy()
        heavier[place] += 1
        with_it[place] = (share[place] * weight[place] + label) / heavier[place]
        return float(isotonic_regression(with_it, weights=heavier).x[place])

    low, high = (np.array([as_if(i, label) for i in at]) for label in (0, 1))
    # Rounding alone may turn them round.
    return distinct[at], np.maximum.accumulate(low), np.maximum.accumulate(high)


def trust(
    oof: OutOfFold, groups: np.ndarray, error: float, bands: np.ndarray | None = None
) -> Trust:
    """What is frozen to be told with every prediction.

    Parameters
    ----------
    oof : OutOfFold
        Of the champion.
    groups : ndarray of int, shape (n,)
    error : float
        Configured error of the prediction sets.
    bands : ndarray of str, shape (n,), optional
        Band of the domain that each is in.

    Returns
    -------
    Trust
    """
    logits, labels = oof.logits, oof.labels
    here, there = sets_out_of_fold(oof, groups, bands)
    positive, negative = cuts(logits, labels, groups)
    scale, low, high = bounds(logits, labels, len(np.unique(groups)))
    own = cuts_by_band(logits, labels, groups, bands)
    return Trust(
        error=error,
        errors=list(ERRORS),
        positive_from=positive,
        negative_to=negative,
        logits=scale.tolist(),
        probability_low=low.round(6).tolist(),
        probability_high=high.round(6).tolist(),
        oof=Judged.model_validate(judged(here, there, labels, groups, error)),
        by_band=None
        if bands is None
        else {
            name: BandCuts(positive_from=above, negative_to=below)
            for name, (above, below) in own.items()
        },
    )


def cuts_by_band(
    logits: np.ndarray, labels: np.ndarray, groups: np.ndarray, bands: np.ndarray | None
) -> dict[str, Cuts]:
    """Limits of the sets within each band: they hold as promised there too.

    Parameters
    ----------
    logits, labels, groups : ndarray, shape (n,)
    bands : ndarray of str, shape (n,), or None

    Returns
    -------
    dict of str to tuple of list
        See `cuts`; None where the groups of a class in the band are too few.
    """
    return {
        str(band): cuts(logits[own], labels[own], groups[own])
        for band, own in (
            (band, bands == band)
            for band in (np.unique(bands) if bands is not None else ())
        )
    }


def sets_out_of_fold(
    oof: OutOfFold, groups: np.ndarray, bands: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Sets of the sequences of every fold, by limits that the other folds gave.

    Parameters
    ----------
    oof : OutOfFold
    groups : ndarray of int, shape (n,)
    bands : ndarray of str, shape (n,), or None

    Returns
    -------
    tuple of ndarray of bool, shape (errors, n)
        Whether the positive, and whether the negative class is in them.
    """
    here = np.ones((len(ERRORS), len(oof.labels)), dtype=bool)
    there = here.copy()
    for fold in np.unique(oof.folds):
        own = oof.folds == fold
        others = oof.logits[~own], oof.labels[~own], groups[~own]
        pooled = cuts(*others)
        within = cuts_by_band(*others, None if bands is None else bands[~own])
        for place in range(len(ERRORS)):
            here[place, own], there[place, own] = sets_by_band(
                oof.logits[own],
                None if bands is None else bands[own],
                (pooled[0][place], pooled[1][place]),
                {name: (up[place], down[place]) for name, (up, down) in within.items()},
            )
    return here, there


def reached(
    oof: OutOfFold,
    groups: np.ndarray,
    bands: np.ndarray,
    names: Sequence[str],
    threshold: float,
    error: float,
) -> list[InBand]:
    """What the champion reaches out-of-fold, by bands of its domain.

    Parameters
    ----------
    oof : OutOfFold
    groups : ndarray of int, shape (n,)
    bands : ndarray of str, shape (n,)
    names : sequence of str
        Of all bands.
    threshold : float
        Deployed, of the score.
    error : float
        Of the sets.

    Returns
    -------
    list of InBand
    """
    here, there = sets_out_of_fold(oof, groups, bands)
    place = place_of(error)
    called = sigmoid(oof.logits) >= threshold
    found = in_bands(
        bands, called, (here[place], there[place]), oof.labels, groups, names
    )
    return [InBand.model_validate(one) for one in found]
