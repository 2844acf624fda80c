"""Losses on pairs of a positive and a negative: they order, and set no threshold.

Neither decomposable nor proper; both classes are needed in a batch, and without the
loss is zero with a gradient of zero. Shapes as in `pointwise`.
"""

import torch
from torch import Tensor

from evenfold.losses.reduction import class_masses, prepared, zero_without_both

__all__ = [
    "auc_margin",
    "pairwise_auc",
]


def pairwise_auc(
    logits: Tensor,
    targets: Tensor,
    margin: float = 1.0,
    sample_weight: Tensor | None = None,
) -> Tensor:
    """Squared hinge over all pairs: mean of max(0, m - (z_i - z_j))^2.

    Not proper; not decomposable: needs both classes in a batch. Range
    [0, inf), no native threshold: a constant added to all logits changes nothing.
    Sorted sums instead of a matrix of pairs: O(n log n) in time, O(n) in memory.

    Parameters
    ----------
    logits, targets : Tensor, shape (..., batch)
    margin : float
        m.
    sample_weight : Tensor, shape (..., batch), optional

    Returns
    -------
    Tensor, shape (...)

    References
    ----------
    Gao and Zhou 2015, On the consistency of AUC pairwise optimization; Rust and
    Hocking 2022, arXiv 2302.11062 (sorted sums).
    """
    z, y = prepared(logits, targets)
    a, b = class_masses(y, sample_weight)
    # Sums of squares are subtracted from each other: in float64, around their mean.
    x = z.double() - z.detach().double().mean(-1, keepdim=True)
    values = torch.cat([x, x - margin], -1)
    nothing = torch.zeros_like(a)
    # A positive stands at z - m; every negative above it costs the distance squared.
    weights = torch.stack(
        [torch.cat([nothing, a], -1), torch.cat([b, nothing], -1)]
    ).double()
    values, order = values.sort(-1, descending=True)
    positive, negative = weights.gather(-1, order.expand(weights.shape))
    count = negative.cumsum(-1)
    first = (negative * values).cumsum(-1)
    second = (negative * values.square()).cumsum(-1)
    cost = second - 2 * values * first + values.square() * count
    positives, negatives = a.sum(-1), b.sum(-1)
    pairs = (positives * negatives).clamp(min=1e-12)
    mean = (positive * cost).sum(-1).to(z.dtype) / pairs
    return zero_without_both(mean, positives, negatives)


def auc_margin(
    logits: Tensor,
    targets: Tensor,
    margin: float = 1.0,
    sample_weight: Tensor | None = None,
) -> Tensor:
    """AUC margin loss with its inner variables solved: V+ + V- + (m - (E+ - E-))^2.

    E and V are the mean and the variance of p within a class. The published min-max
    form in a, b and alpha has this value at its saddle point (a = E+, b = E-,
    alpha = m + E- - E+), so it needs no optimiser of its own. Not proper; not
    decomposable: needs both classes in a batch. Range [0, inf), no native threshold.

    Parameters
    ----------
    logits, targets : Tensor, shape (..., batch)
    margin : float, at least 1
        m.
    sample_weight : Tensor, shape (..., batch), optional

    Returns
    -------
    Tensor, shape (...)

    References
    ----------
    Yuan et al. 2021, Large-scale robust deep AUC maximization, arXiv 2012.03173, eq. 5.
    """
    z, y = prepared(logits, targets)
    p = torch.sigmoid(z)
    a, b = class_masses(y, sample_weight)
    positives, negatives = a.sum(-1), b.sum(-1)
    a = a / positives.clamp(min=1e-12).unsqueeze(-1)
    b = b / negatives.clamp(min=1e-12).unsqueeze(-1)
    mean_positive, mean_negative = (a * p).sum(-1), (b * p).sum(-1)
    # V+ + V- + (m - E+ + E-)^2 with the squares of the means written out.
    squares = ((a + b) * p * p).sum(-1) + margin**2
    apart = margin * (mean_positive - mean_negative) + mean_positive * mean_negative
    value = squares - 2 * apart
    return zero_without_both(value, positives, negatives)
