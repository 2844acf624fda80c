"""What is told beside a score: sets of classes, and how far a probability may be off."""

import numpy as np
from scipy.optimize import isotonic_regression

from evenfold.metrics.conformal import (
    ERRORS,
    judged,
    least_conforming,
    prediction_sets,
)
from evenfold.records.selection import Judged, Trust
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


def trust(oof: OutOfFold, groups: np.ndarray, error: float) -> Trust:
    """What is frozen to be told with every prediction.

    Parameters
    ----------
    oof : OutOfFold
        Of the champion.
    groups : ndarray of int, shape (n,)
    error : float
        Configured error of the prediction sets.

    Returns
    -------
    Trust
    """
    logits, labels = oof.logits, oof.labels
    n_errors = len(ERRORS)
    here = np.ones((n_errors, len(labels)), dtype=bool)
    there = here.copy()
    for fold in np.unique(oof.folds):
        own = oof.folds == fold
        positive, negative = cuts(logits[~own], labels[~own], groups[~own])
        for place in range(n_errors):
            pair = prediction_sets(logits[own], positive[place], negative[place])
            here[place, own], there[place, own] = pair
    positive, negative = cuts(logits, labels, groups)
    scale, low, high = bounds(logits, labels, len(np.unique(groups)))
    return Trust(
        error=error,
        errors=list(ERRORS),
        positive_from=positive,
        negative_to=negative,
        logits=scale.tolist(),
        probability_low=low.round(6).tolist(),
        probability_high=high.round(6).tolist(),
        oof=Judged.model_validate(judged(here, there, labels, groups, error)),
    )
