"""Losses on a soft confusion matrix: sums over the batch instead of single rows.

With TP = sum of y p, Q = sum of p, P = sum of y and n rows: FP = Q - TP, FN = P - TP.
None of these losses is decomposable, none is proper, and all need both classes in a
batch: without, they are zero with a gradient of zero. Shapes as in `pointwise`.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid, softplus

from evenfold.losses.reduction import (
    average,
    class_masses,
    prepared,
    zero_without_both,
)

__all__ = [
    "SoftConfusion",
    "anyloss",
    "matthews",
    "minmax_soft",
    "sigmoid_f1",
    "soft_confusion",
    "soft_fbeta",
    "surrogate_fbeta",
    "tversky",
]


class SoftConfusion(NamedTuple):
    """Sums over the batch.

    Attributes
    ----------
    true_positives, called : Tensor, shape (...)
        TP and Q.
    positives, negatives : Tensor, shape (...)
        Weight of each class.
    both : Tensor, shape (...)
        1 where both classes are there, else 0.
    """

    true_positives: Tensor
    called: Tensor
    positives: Tensor
    negatives: Tensor
    both: Tensor

    def masked(self, value: Tensor) -> Tensor:
        """`value`, or a differentiable zero where a class is missing."""
        return value * self.both


def soft_confusion(
    scores: Tensor, targets: Tensor, sample_weight: Tensor | None = None
) -> SoftConfusion:
    """Soft confusion matrix of scores in [0, 1].

    Parameters
    ----------
    scores, targets : Tensor, shape (..., batch)
    sample_weight : Tensor, shape (..., batch), optional
    """
    if sample_weight is None:
        tp = (targets * scores).sum(-1)
        called = scores.sum(-1)
        positives = targets.sum(-1)
        negatives = scores.shape[-1] - positives
    else:
        weighted = targets * sample_weight
        tp = (weighted * scores).sum(-1)
        called = (sample_weight * scores).sum(-1)
        positives = weighted.sum(-1)
        negatives = ((1 - targets) * sample_weight).sum(-1)
    both = (positives * negatives > 0).to(scores.dtype)
    # Without a class both count one row more: rates stay finite, `masked` drops them.
    absent = 1 - both
    return SoftConfusion(tp, called, positives + absent, negatives + absent, both)


def soft_fbeta(
    logits: Tensor,
    targets: Tensor,
    beta: float = 1.0,
    sample_weight: Tensor | None = None,
) -> Tensor:
    """Soft F-beta: 1 - (1 + beta^2) TP / (beta^2 P + Q).

    Not proper; not decomposable: needs both classes in a batch. Range
    [0, 1], threshold unknown (tune it); ignores true negatives.

    Parameters
    ----------
    logits, targets : Tensor, shape (..., batch)
    beta : float
    sample_weight : Tensor, shape (..., batch), optional

    Returns
    -------
    Tensor, shape (...)

    References
    ----------
    van Rijsbergen 1979, Information Retrieval, chapter 7, on expected counts.
    """
    z, y = prepared(logits, targets)
    c = soft_confusion(torch.sigmoid(z), y, sample_weight)
    total = c.called + beta**2 * c.positives
    return c.masked(1 - (1 + beta**2) * c.true_positives / (total + 1e-7))


def sigmoid_f1(
    logits: Tensor,
    targets: Tensor,
    slope: float = 1.0,
    offset: float = 0.0,
    sample_weight: Tensor | None = None,
) -> Tensor:
    """Soft F1 of slope (z + offset): one sigmoid, on logits.

    Not proper; not decomposable: needs both classes in a batch. Range
    [0, 1], threshold unknown (tune it). The public code applies a sigmoid twice and cannot approach 0.

    Parameters
    ----------
    logits, targets : Tensor, shape (..., batch)
    slope, offset : float
        The paper's beta and eta.
    sample_weight : Tensor, shape (..., batch), optional

    Returns
    -------
    Tensor, shape (...)

    References
    ----------
    Bénédict et al. 2022, sigmoidF1, arXiv 2108.10566, eq. 5.
    """
    return soft_fbeta(slope * (logits + offset), targets, 1.0, sample_weight)


def tversky(
    logits: Tensor,
    targets: Tensor,
    alpha: float = 0.3,
    beta: float = 0.7,
    gamma: float = 1.0,
    sample_weight: Tensor | None = None,
) -> Tensor:
    """(1 - TI)^gamma with the Tversky index TI = TP / (TP + alpha FP + beta FN).

    Not proper; not decomposable: needs both classes in a batch. Range
    [0, 1], threshold unknown (tune it); ignores true negatives. alpha = beta =
    1/2 is Dice, and soft F1.

    Parameters
    ----------
    logits, targets : Tensor, shape (..., batch)
    alpha, beta : float
        Costs of false positives and false negatives.
    gamma : float
        The exponent itself: Abraham and Khan's 4/3 is gamma = 0.75 here.
    sample_weight : Tensor, shape (..., batch), optional

    Returns
    -------
    Tensor, shape (...)

    References
    ----------
    Salehi et al. 2017, arXiv 1706.05721, eq. 3; Abraham and Khan 2019, arXiv
    1810.07842, eq. 4.
    """
    z, y = prepared(logits, targets)
    c = soft_confusion(torch.sigmoid(z), y, sample_weight)
    # TP + alpha FP + beta FN
    total = (
        (1 - alpha - beta) * c.true_positives + alpha * c.called + beta * c.positives
    )
    rest = 1 - c.true_positives / (total + 1e-7)
    if gamma != 1:
        # The slope of x^gamma is infinite at 0 for gamma < 1.
        rest = rest.clamp(min=1e-6) ** gamma
    return c.masked(rest)


def surrogate_fbeta(
    logits: Tensor,
    targets: Tensor,
    odds: Tensor | float,
    beta: float = 1.0,
    reduction: str = "class",
    sample_weight: Tensor | None = None,
) -> Tensor:
    """Surrogate F-beta: mean of n over positives + mean of log(beta^2 rho + p) over negatives.

    F-beta rises with TPR / (beta^2 rho + FPR), so its gradient is parallel to that of
    log TPR - log(beta^2 rho + FPR); the surrogate takes the logarithm of each row before
    the mean of its class. Not proper, range unbounded and negative too; threshold
    unknown, so always tune it: 0.5 is a probability of pi / (1 + 2 beta^2 pi), one in
    four for one positive in two. Not decomposable: needs both classes in a batch.

    `mean`, of the public code, is decomposable. It weighs the two terms by pi and
    1 - pi instead of alike: half of `class` for one positive in two, but with rare
    positives another loss, which leaves the direction of F-beta and misses most of them.

    Parameters
    ----------
    logits, targets : Tensor, shape (..., batch)
    odds : Tensor of shape (..., 1), or float
        rho, positives per negative in the distribution the batches are drawn from.
    beta : float
    reduction : {'class', 'mean', 'outer'}
        Sum of the two class means (what the derivation asks for); mean over all rows
        (the public code); -log of the positives' mean p plus the log of
        beta^2 rho + the negatives' mean p, which is a monotone map of soft F-beta:
        exp(loss) = ((1 + beta^2) / soft F-beta - 1) rho.
    sample_weight : Tensor, shape (..., batch), optional

    Returns
    -------
    Tensor, shape (...)

    Raises
    ------
    ValueError
        For an unknown reduction.

    References
    ----------
    Lee, Yang and Yoo 2021, arXiv 2104.01459.
    """
    z, y = prepared(logits, targets)
    floor = beta**2 * odds
    a, b = class_masses(y, sample_weight)
    if reduction == "mean":
        rows = a * softplus(-z) + b * torch.log(floor + torch.sigmoid(z))
        return rows.sum(-1) / (a + b).sum(-1)
    positives, negatives = a.sum(-1), b.sum(-1)
    safe_positives, safe_negatives = positives.clamp(min=1e-12), negatives.clamp(min=1e-12)  # fmt: skip
    if reduction == "class":
        positive = (a * softplus(-z)).sum(-1) / safe_positives
        negative = (b * torch.log(floor + torch.sigmoid(z))).sum(-1) / safe_negatives
        return zero_without_both(positive + negative, positives, negatives)
    if reduction != "outer":
        raise ValueError(f"unknown reduction {reduction!r}")
    # log of the mean p over positives, without ever forming a vanishing p.
    mass = torch.where((positives > 0).unsqueeze(-1), a, torch.ones_like(a))
    log_mean = torch.logsumexp(logsigmoid(z) + mass.log(), -1) - safe_positives.log()
    mean_negative = (b * torch.sigmoid(z)).sum(-1) / safe_negatives
    floor = floor.squeeze(-1) if isinstance(floor, Tensor) else floor
    value = torch.log(floor + mean_negative) - log_mean
    return zero_without_both(value, positives, negatives)


def anyloss(
    logits: Tensor,
    targets: Tensor,
    measure: str = "gmean",
    sharpness: float = 20.0,
    beta: float = 1.0,
    sample_weight: Tensor | None = None,
) -> Tensor:
    """AnyLoss: 1 - a measure of the confusion matrix of sigmoid(L (p - 1/2)).

    Not proper; not decomposable: needs both classes in a batch. Range
    [0, 1], native threshold 0.5. Rates are of this batch's rows, whatever its
    size. The published L = 73 is the limit of float64; float32 reaches 1 at 34 and its
    gradient is gone well before.

    Parameters
    ----------
    logits, targets : Tensor, shape (..., batch)
    measure : {'gmean', 'balanced_accuracy', 'fbeta', 'accuracy'}
    sharpness : float
        L.
    beta : float
        Of `fbeta`.
    sample_weight : Tensor, shape (..., batch), optional

    Returns
    -------
    Tensor, shape (...)

    Raises
    ------
    ValueError
        For an unknown measure.

    References
    ----------
    Han, Moniz and Chawla 2024, AnyLoss, arXiv 2405.14745, section 3.
    """
    z, y = prepared(logits, targets)
    sharp = torch.sigmoid(sharpness * (torch.sigmoid(z) - 0.5))
    c = soft_confusion(sharp, y, sample_weight)
    true_negatives = c.true_positives - c.called + c.negatives
    if measure == "gmean":
        product = c.true_positives * true_negatives / (c.positives * c.negatives)
        # The slope of the root is infinite at 0, and rounding can fall below it.
        value = torch.sqrt(product.clamp(min=1e-12))
    elif measure == "balanced_accuracy":
        value = (c.true_positives / c.positives + true_negatives / c.negatives) / 2
    elif measure == "fbeta":
        total = c.called + beta**2 * c.positives
        value = (1 + beta**2) * c.true_positives / (total + 1e-7)
    elif measure == "accuracy":
        value = (c.true_positives + true_negatives) / (c.positives + c.negatives)
    else:
        raise ValueError(f"unknown measure {measure!r}")
    return c.masked(1 - value)


def matthews(
    logits: Tensor,
    targets: Tensor,
    cross_entropy: float = 0.0,
    gamma: float = 1.0,
    positive_weight: float = 1.0,
    epsilon: float = 1e-6,
    sample_weight: Tensor | None = None,
) -> Tensor:
    """1 - soft MCC, as 1 - cov / sqrt(pi (1 - pi) q (1 - q) + epsilon).

    Not proper; not decomposable: needs both classes in a batch. pi
    and q are the shares of positives and of calls, cov = TP / n - pi q. Range
    [0, 2], native threshold 0.5. No product of four counts, so nothing overflows, and a
    perfect batch costs 0. From a cold start its gradient can vanish: mix it with cross
    entropy, lambda BCE + (1 - lambda) (1 - soft MCC), or warm up.

    Parameters
    ----------
    logits, targets : Tensor, shape (..., batch)
    cross_entropy : float in [0, 1]
        lambda.
    gamma : float, at least 1
        Exponent of the errors, (1 - p)^gamma for positives and p^gamma for negatives.
        Above 1, and with a weight, a reconstruction of the weighted focal MCC, whose
        formula is not public.
    positive_weight : float
        Weight of a positive against a negative.
    epsilon : float
    sample_weight : Tensor, shape (..., batch), optional

    Returns
    -------
    Tensor, shape (...)

    References
    ----------
    Abhishek and Hamarneh 2021, ISBI, eq. 4; Seber 2024, arXiv 2402.17131 (weighted
    focal form, reconstructed).
    """
    z, y = prepared(logits, targets)
    s = softplus(z)
    if gamma == 1:
        p = torch.sigmoid(z)
    else:
        p = torch.lerp(torch.exp(gamma * (z - s)), 1 - torch.exp(-gamma * s), y)
    weight = sample_weight
    if positive_weight != 1:
        weight = 1 + (positive_weight - 1) * y
        weight = weight if sample_weight is None else weight * sample_weight
    c = soft_confusion(p, y, weight)
    total = c.positives + c.negatives
    share = c.positives / total
    # Both times n, the number of rows.
    covariance = torch.addcmul(c.true_positives, share, c.called, value=-1)
    variance = c.called * (total - c.called)
    scale = torch.addcmul(epsilon * total * total, share * (1 - share), variance)
    loss = 1 - covariance * torch.rsqrt(scale)
    if cross_entropy:
        entropy = average(s - y * z, sample_weight)
        loss = torch.lerp(loss, entropy, cross_entropy)
    return c.masked(loss)


def minmax_soft(
    logits: Tensor,
    targets: Tensor,
    sharpness: float = 10.0,
    sample_weight: Tensor | None = None,
) -> Tensor:
    """Smooth maximum of the two soft error rates: LSE(tau FNR, tau FPR) / tau.

    Not proper; not decomposable: needs both classes in a batch. Range
    [log 2 / tau, 1 + log 2 / tau], native threshold 0.5. Works on whichever
    class is worse off, so it drives SN and SP together.

    Parameters
    ----------
    logits, targets : Tensor, shape (..., batch)
    sharpness : float
        tau.
    sample_weight : Tensor, shape (..., batch), optional

    Returns
    -------
    Tensor, shape (...)
    """
    z, y = prepared(logits, targets)
    c = soft_confusion(torch.sigmoid(z), y, sample_weight)
    missed = sharpness - sharpness / c.positives * c.true_positives
    false = sharpness / c.negatives * (c.called - c.true_positives)
    return c.masked(torch.logaddexp(missed, false) / sharpness)
