"""Parts of the training groups, and how sure what they reach is."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from evenfold.metrics.bootstrap import group_weights, weighted_auroc
from evenfold.metrics.counts import matthews
from evenfold.metrics.scores import auroc
from evenfold.selection.thresholds import choose, sweep

#: Measures of out-of-fold scores, in the order of all arrays.
MEASURES = ("auroc", "mcc")


@dataclass(frozen=True)
class Scored:
    """Out-of-fold logits of all rows by models that were trained on a part of them.

    Attributes
    ----------
    share : float
        Of the rows, that were trained on.
    logits : sequence of ndarray, each (n,)
        One a draw of such a part.
    """

    share: float
    logits: Sequence[np.ndarray]


@dataclass(frozen=True)
class Estimates:
    """What each size reaches, and how what is uncertain hangs together.

    Attributes
    ----------
    shares : ndarray, shape (sizes,)
    values : dict of str to ndarray, shape (sizes,)
        By measure; mean over the draws.
    covariance : dict of str to ndarray, shape (sizes, sizes)
        Of the values, by measure.
    """

    shares: np.ndarray
    values: dict[str, np.ndarray]
    covariance: dict[str, np.ndarray]


def nested_parts(
    shares: Sequence[float],
    labels: np.ndarray,
    folds: np.ndarray,
    clusters: np.ndarray,
    seed: int,
) -> list[np.ndarray]:
    """Parts of the rows in whole groups, each within the next larger one.

    Within a fold the groups of each class (of mixed ones that of most rows) stand in a
    random order; a part takes those whose middle row lies within its share. So every
    part has about its share of every fold and of both classes.

    Parameters
    ----------
    shares : sequence of float
        Wanted share of the rows of each part, 0 to 1.
    labels, folds, clusters : ndarray of int, shape (n,)
    seed : int

    Returns
    -------
    list of ndarray of bool, shape (n,)
    """
    place = np.empty(len(labels))
    generator = np.random.default_rng(seed)
    for fold in np.unique(folds):
        own = np.flatnonzero(folds == fold)
        _, group = np.unique(clusters[own], return_inverse=True)
        sizes = np.bincount(group)
        positive = 2 * np.bincount(group, labels[own] == 1) >= sizes
        middle = np.empty(len(sizes))
        for kind in (True, False):
            order = generator.permutation(np.flatnonzero(positive == kind))
            ends = sizes[order].cumsum()
            middle[order] = (ends - sizes[order] / 2) / max(1, sizes[order].sum())
        place[own] = middle[group]
    return [place <= share for share in shares]


def estimates(
    scored: Sequence[Scored],
    labels: np.ndarray,
    clusters: np.ndarray,
    resamples: int,
    seed: int,
) -> Estimates:
    """What each size reaches, with the covariance of that.

    Two sources of chance are added: which groups there are to be scored (all sizes on
    the same bootstrap samples of groups), and which there are to be trained on, with
    how training began. The second comes from the variance between draws of one size
    beyond that which the bootstrap gives them; see `training_noise`.

    Parameters
    ----------
    scored : sequence of Scored
    labels, clusters : ndarray of int, shape (n,)
    resamples, seed : int

    Returns
    -------
    Estimates
    """
    shares = np.array([size.share for size in scored])
    draws = np.array([len(size.logits) for size in scored])
    logits = [one for size in scored for one in size.logits]
    called = [_called(one, labels) for one in logits]
    drawn = np.array(
        [
            (auroc(one, labels), _mcc(calls, labels, np.ones((1, len(labels))))[0])
            for one, calls in zip(logits, called)
        ]
    )
    resampled = np.concatenate(
        [
            np.stack(
                [
                    (weighted_auroc(one, labels, weights), _mcc(calls, labels, weights))
                    for one, calls in zip(logits, called)
                ],
                axis=-1,
            )
            for weights in group_weights(clusters, labels, resamples, seed)
        ],
        axis=1,
    )
    parts = [slice(*ends) for ends in pairwise(np.r_[0, draws.cumsum()])]
    means = np.stack([resampled[..., part].mean(-1) for part in parts])
    values, covariance = {}, {}
    for m, name in enumerate(MEASURES):
        values[name] = np.array([drawn[part, m].mean() for part in parts])
        between = np.array(
            [
                2 * _variance(drawn[part, m]) - _variance(resampled[m][:, part])
                for part in parts
            ]
        )
        scoring = np.atleast_2d(np.cov(means[:, m]))
        covariance[name] = scoring + training_noise(shares, draws, between)
    return Estimates(shares, values, covariance)


def _variance(draws):
    """Between draws, the last dimension, mean over the others; 0 of a single one."""
    several = draws.shape[-1] > 1
    return float(draws.var(axis=-1, ddof=1).mean()) if several else 0.0


def training_noise(
    shares: np.ndarray, draws: np.ndarray, between: np.ndarray
) -> np.ndarray:
    """Covariance of what sizes reach that comes of what was trained on.

    What n groups reach is taken as a mean over them: draws of a share f of one data set
    vary by v (1/f - 1), a share within another shares its groups, and all share the
    data set. The whole data set is trained on once; its start varies, and is given the
    variance of a draw of three quarters.

    Parameters
    ----------
    shares : ndarray, shape (sizes,)
    draws : ndarray of int, shape (sizes,)
    between : ndarray, shape (sizes,)
        Variance between the draws of a size. Of what is measured on the same rows, that
        variance less what these rows, by being these, add to it.

    Returns
    -------
    ndarray, shape (sizes, sizes)
    """
    spare = 1 / shares - 1
    free = np.where(spare > 0, draws - 1, 0)
    known = free > 0
    if not known.any():
        return np.zeros((len(shares),) * 2)
    each = free[known] * between[known] / spare[known]
    whole = max(0.0, each.sum() / free.sum())
    larger = np.maximum(shares[:, None], shares)
    both = np.maximum(draws[:, None], draws)
    noise = 1 + (1 / larger - 1) / both
    np.fill_diagonal(noise, 1 + np.maximum(spare, 1 / 3) / draws)
    return whole * noise


def _called(logits, labels):
    """Calls at the scores' own SN = SP threshold."""
    points = sweep(logits, labels)
    return logits >= points.logit[choose(points, "sn_eq_sp")]


def _mcc(called, labels, weights):
    positive = labels == 1
    tp = weights @ (called & positive)
    fp = weights @ (called & ~positive)
    n1 = weights @ positive
    return matthews(tp, fp, weights.sum(1) - n1 - fp, n1 - tp)
