"""Decomposable losses: the mean of a function of one row's logit and target.

With z the logit, p = sigmoid(z), s = softplus(z) and n = s - z: -log p = n and
-log(1 - p) = s, so p^g = exp(-g n) and (1 - p)^g = exp(-g s). Nothing here takes the
logarithm of a sigmoid. All functions take soft targets in [0, 1] and are linear in them.

Shapes are the same everywhere: logits, targets and the optional `sample_weight` are
(..., batch), the result is (...). A setting that differs by member is (..., 1).
"""

import math

import torch
from torch import Tensor
from torch.nn.functional import softplus

from evenfold.losses.reduction import average, by_class, prepared

__all__ = [
    "asymmetric",
    "binary_cross_entropy",
    "brier",
    "effective_number_weights",
    "focal",
    "generalised_cross_entropy",
    "label_smoothing",
    "ldam",
    "logit_adjusted",
    "poly1",
    "sensitivity_at_specificity",
    "weighted_binary_cross_entropy",
]


def binary_cross_entropy(
    logits: Tensor, targets: Tensor, sample_weight: Tensor | None = None
) -> Tensor:
    """Binary cross entropy: mean of softplus(z) - y z.

    Proper, decomposable, range [0, inf), native threshold 0.5.

    Parameters
    ----------
    logits, targets : Tensor, shape (..., batch)
    sample_weight : Tensor, shape (..., batch), optional

    Returns
    -------
    Tensor, shape (...)
    """
    z, y = prepared(logits, targets)
    return average(softplus(z) - y * z, sample_weight)


def weighted_binary_cross_entropy(
    logits: Tensor,
    targets: Tensor,
    positive_weight: Tensor | float,
    negative_weight: Tensor | float = 1.0,
    sample_weight: Tensor | None = None,
) -> Tensor:
    """Binary cross entropy with a weight for each class: w1 y n + w0 (1 - y) s.

    Decomposable, range [0, inf). Minimised by logit(eta) + log(w1 / w0), eta the
    probability of a positive: its native threshold 0.5 is BCE's w0 / (w0 + w1).

    Parameters
    ----------
    logits, targets : Tensor, shape (..., batch)
    positive_weight, negative_weight : Tensor, shape (..., 1), or float
        w1 and w0.
    sample_weight : Tensor, shape (..., batch), optional

    Returns
    -------
    Tensor, shape (...)
    """
    z, y = prepared(logits, targets)
    s = softplus(z)
    return by_class(positive_weight * (s - z), negative_weight * s, y, sample_weight)


def focal(
    logits: Tensor,
    targets: Tensor,
    alpha: Tensor | float | None,
    gamma: float = 2.0,
    sample_weight: Tensor | None = None,
) -> Tensor:
    """Focal loss: a y (1 - p)^gamma n + (1 - a) (1 - y) p^gamma s.

    Not proper (probabilities are under-confident), decomposable, range [0, inf),
    native threshold 0.5 when alpha is 1 - the share of positives.

    Parameters
    ----------
    logits, targets : Tensor, shape (..., batch)
    alpha : Tensor of shape (..., 1), float or None
        a, the weight of the positive class; the negative class has 1 - a. None: both 1.
        The published 0.25 is for detection and weighs positives down.
    gamma : float
        Focusing exponent; 0 gives (weighted) cross entropy.
    sample_weight : Tensor, shape (..., batch), optional

    Returns
    -------
    Tensor, shape (...)

    References
    ----------
    Lin et al. 2017, Focal Loss for Dense Object Detection, arXiv 1708.02002, eq. 5.
    """
    z, y = prepared(logits, targets)
    s = softplus(z)
    n = s - z
    positive, negative = torch.exp(-gamma * s) * n, torch.exp(-gamma * n) * s
    if alpha is not None:
        positive, negative = alpha * positive, (1 - alpha) * negative
    return by_class(positive, negative, y, sample_weight)


def effective_number_weights(
    positives: Tensor | float, negatives: Tensor | float, beta: float
) -> tuple[Tensor, Tensor]:
    """Class weights (1 - beta) / (1 - beta^n), scaled to a sum of 2.

    Parameters
    ----------
    positives, negatives : Tensor or float
        Rows of each class in the training data.
    beta : float in (0, 1)

    Returns
    -------
    tuple of Tensor
        Weights of the positive and of the negative class, float64.

    References
    ----------
    Cui et al. 2019, Class-Balanced Loss, arXiv 1901.05555, eq. 4.
    """
    counts = torch.stack(
        [torch.as_tensor(n, dtype=torch.float64) for n in (positives, negatives)]
    )
    # expm1: beta^n of a beta next to one must not round to 1.
    weights = 1 / -torch.expm1(counts * math.log(beta))
    positive, negative = 2 * weights / weights.sum(0)
    return positive, negative


def logit_adjusted(
    logits: Tensor,
    targets: Tensor,
    log_odds: Tensor | float,
    tau: float = 1.0,
    sample_weight: Tensor | None = None,
) -> Tensor:
    """Cross entropy of z + tau log(pi / (1 - pi)); predict with the raw z.

    Decomposable, range [0, inf). Consistent for the balanced error: the raw logit's
    threshold 0.5 is p >= pi of cross entropy. On balanced data it is cross entropy.

    Parameters
    ----------
    logits, targets : Tensor, shape (..., batch)
    log_odds : Tensor of shape (..., 1), or float
        log(pi / (1 - pi)) of the distribution the batches are drawn from.
    tau : float
    sample_weight : Tensor, shape (..., batch), optional

    Returns
    -------
    Tensor, shape (...)

    References
    ----------
    Menon et al. 2021, Long-tail learning via logit adjustment, arXiv 2007.07314, eq. 10.
    """
    return binary_cross_entropy(logits + tau * log_odds, targets, sample_weight)


def asymmetric(
    logits: Tensor,
    targets: Tensor,
    gamma_positive: float = 1.0,
    gamma_negative: float = 2.0,
    margin: float = 0.0,
    sample_weight: Tensor | None = None,
) -> Tensor:
    """Asymmetric loss: y (1 - p)^g+ n - (1 - y) p_m^g- log(1 - p_m), p_m = max(p - m, 0).

    Not proper, decomposable, range [0, inf), threshold unknown (tune it). A margin gives
    negatives with p < m no gradient at all. The focusing weights take part in the
    gradient (the public code can detach them, which is another loss). The published
    defaults (1, 4, 0.05) are for extreme multi-label imbalance.

    Parameters
    ----------
    logits, targets : Tensor, shape (..., batch)
    gamma_positive, gamma_negative : float
        Focusing exponents of the two classes; 0 or at least 1.
    margin : float in [0, 1)
    sample_weight : Tensor, shape (..., batch), optional

    Returns
    -------
    Tensor, shape (...)

    References
    ----------
    Ridnik et al. 2021, Asymmetric Loss, arXiv 2009.14119, eq. 7.
    """
    z, y = prepared(logits, targets)
    s = softplus(z)
    n = s - z
    if margin:
        shifted = (torch.sigmoid(z) - margin).clamp(min=0)
        negative = shifted**gamma_negative * -torch.log1p(-shifted)
    else:
        negative = torch.exp(-gamma_negative * n) * s
    return by_class(torch.exp(-gamma_positive * s) * n, negative, y, sample_weight)


def label_smoothing(
    logits: Tensor,
    targets: Tensor,
    epsilon: float = 0.05,
    sample_weight: Tensor | None = None,
) -> Tensor:
    """Cross entropy of targets drawn towards 1/2: (1 - epsilon) y + epsilon / 2.

    Not proper (logits stay finite), decomposable, range [0, inf), native threshold 0.5.

    Parameters
    ----------
    logits, targets : Tensor, shape (..., batch)
    epsilon : float in [0, 1)
    sample_weight : Tensor, shape (..., batch), optional

    Returns
    -------
    Tensor, shape (...)

    References
    ----------
    Szegedy et al. 2016, Rethinking the Inception Architecture, section 7.
    """
    smoothed = (1 - epsilon) * targets + epsilon / 2
    return binary_cross_entropy(logits, smoothed, sample_weight)


def generalised_cross_entropy(
    logits: Tensor,
    targets: Tensor,
    q: float = 0.7,
    sample_weight: Tensor | None = None,
) -> Tensor:
    """Generalised cross entropy: (1 - p_t^q) / q.

    Not proper, decomposable, range [0, 1/q], native threshold 0.5. Bounded, so that a
    wrong label costs little: q = 1 is the mean absolute error, q towards 0 cross
    entropy. Its gradient is weak at the start: warm up with cross entropy.

    Parameters
    ----------
    logits, targets : Tensor, shape (..., batch)
    q : float in (0, 1]
    sample_weight : Tensor, shape (..., batch), optional

    Returns
    -------
    Tensor, shape (...)

    References
    ----------
    Zhang and Sabuncu 2018, Generalized Cross Entropy Loss, arXiv 1805.07836, eq. 6.
    """
    z, y = prepared(logits, targets)
    s = softplus(z)
    positive, negative = torch.exp(q * (z - s)), torch.exp(-q * s)
    return (1 - by_class(positive, negative, y, sample_weight)) / q


def poly1(
    logits: Tensor,
    targets: Tensor,
    epsilon: float = 1.0,
    sample_weight: Tensor | None = None,
) -> Tensor:
    """Poly-1: cross entropy plus epsilon (1 - p_t).

    Not proper, decomposable, range [0, inf) for epsilon >= 0, native threshold 0.5.

    Parameters
    ----------
    logits, targets : Tensor, shape (..., batch)
    epsilon : float, at least -1
    sample_weight : Tensor, shape (..., batch), optional

    Returns
    -------
    Tensor, shape (...)

    References
    ----------
    Leng et al. 2022, PolyLoss, arXiv 2204.12511, eq. 6.
    """
    z, y = prepared(logits, targets)
    p = torch.sigmoid(z)
    entropy = softplus(z) - y * z
    return average(entropy + epsilon * torch.lerp(p, 1 - p, y), sample_weight)


def ldam(
    logits: Tensor,
    targets: Tensor,
    positive_margin: Tensor | float,
    negative_margin: Tensor | float,
    scale: float = 1.0,
    sample_weight: Tensor | None = None,
) -> Tensor:
    """Label-distribution-aware margins: softplus(-scale (t z - m_y)), t = 2 y - 1.

    Not proper, decomposable, range [0, inf), native threshold 0.5. The published scale
    of 30 is for a cosine-normalised last layer.

    Parameters
    ----------
    logits, targets : Tensor, shape (..., batch)
    positive_margin, negative_margin : Tensor, shape (..., 1), or float
        m_1 and m_0, proportional to n_c^(-1/4).
    scale : float
    sample_weight : Tensor, shape (..., batch), optional

    Returns
    -------
    Tensor, shape (...)

    References
    ----------
    Cao et al. 2019, Label-Distribution-Aware Margin Loss, arXiv 1906.07413, eq. 13.
    """
    z, y = prepared(logits, targets)
    positive = softplus(scale * (positive_margin - z))
    negative = softplus(scale * (z + negative_margin))
    return by_class(positive, negative, y, sample_weight)


def brier(
    logits: Tensor, targets: Tensor, sample_weight: Tensor | None = None
) -> Tensor:
    """Brier score: mean of (p - y)^2.

    Proper, decomposable, range [0, 1], native threshold 0.5; its gradient fades for
    confident errors.

    Parameters
    ----------
    logits, targets : Tensor, shape (..., batch)
    sample_weight : Tensor, shape (..., batch), optional

    Returns
    -------
    Tensor, shape (...)

    References
    ----------
    Brier 1950, Verification of forecasts expressed in terms of probability.
    """
    z, y = prepared(logits, targets)
    return average((torch.sigmoid(z) - y).square(), sample_weight)


def sensitivity_at_specificity(
    logits: Tensor,
    targets: Tensor,
    multiplier: Tensor | float,
    prior: Tensor | float,
    target_specificity: float,
    sample_weight: Tensor | None = None,
) -> Tensor:
    """Lagrangian of sensitivity under a required specificity.

    mean of y n + lambda (1 - y) s, less lambda r (1 - pi) log 2 with r = 1 - required
    specificity. Decomposable for a given multiplier, range unbounded below, native
    threshold 0.5.

    Parameters
    ----------
    logits, targets : Tensor, shape (..., batch)
    multiplier : Tensor, shape (..., 1), or float
        lambda, at least 0.
    prior : Tensor, shape (..., 1), or float
        pi, share of positives in the distribution the batches are drawn from.
    target_specificity : float in (0, 1)
    sample_weight : Tensor, shape (..., batch), optional

    Returns
    -------
    Tensor, shape (...)

    References
    ----------
    Eban et al. 2017, Scalable Learning of Non-Decomposable Objectives, arXiv
    1608.04802, section 3.
    """
    allowed = multiplier * (1 - target_specificity) * (1 - prior) * 0.6931471805599453
    loss = weighted_binary_cross_entropy(
        logits, targets, 1.0, multiplier, sample_weight
    )
    return loss - (allowed.squeeze(-1) if isinstance(allowed, Tensor) else allowed)
