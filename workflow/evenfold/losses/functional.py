"""The losses as pure functions of logits and targets.

With z the logit and p = sigmoid(z): -log p = softplus(-z), -log(1 - p) = softplus(z).
Nothing here takes the logarithm of a sigmoid.
"""

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid, softplus


def binary_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Binary cross entropy: mean of softplus(z) - y z.

    Proper and decomposable, with native threshold 0.5.

    Parameters
    ----------
    logits, targets : Tensor, shape (..., batch)

    Returns
    -------
    Tensor, shape (...)
    """
    logits = logits.float() if logits.dtype.itemsize < 4 else logits
    return (softplus(logits) - targets * logits).mean(-1)


def weighted_binary_cross_entropy(
    logits: Tensor,
    targets: Tensor,
    positive_weight: Tensor | float,
    negative_weight: Tensor | float = 1.0,
) -> Tensor:
    """Binary cross entropy with a weight for each class's rows.

    Minimised by logit(eta) + log(w1 / w0), so that its native threshold 0.5 is BCE's
    threshold w0 / (w0 + w1).

    Parameters
    ----------
    logits, targets : Tensor, shape (..., batch)
    positive_weight, negative_weight : Tensor, shape (..., 1), or float
        w1 and w0.

    Returns
    -------
    Tensor, shape (...)
    """
    logits = logits.float() if logits.dtype.itemsize < 4 else logits
    positive = positive_weight * targets * softplus(-logits)
    negative = negative_weight * (1 - targets) * softplus(logits)
    return (positive + negative).mean(-1)


def focal(
    logits: Tensor, targets: Tensor, alpha: Tensor | float | None, gamma: float = 2.0
) -> Tensor:
    """Focal loss: mean of alpha_t (1 - p_t)^gamma CE.

    Not proper (probabilities are under-confident); decomposable.

    Parameters
    ----------
    logits, targets : Tensor, shape (..., batch)
    alpha : Tensor of shape (..., 1), float or None
        Weight of the positive class; the negative class has 1 - alpha. None: both 1.
    gamma : float
        Focusing exponent; 0 gives (weighted) cross entropy.

    Returns
    -------
    Tensor, shape (...)

    References
    ----------
    Lin et al. 2017, Focal Loss for Dense Object Detection, eq. 5.
    """
    logits = logits.float() if logits.dtype.itemsize < 4 else logits
    # log(1 - p_t) = logsigmoid(-s) with s = z for positives and -z for negatives.
    signed = logits * (2 * targets - 1)
    loss = torch.exp(gamma * logsigmoid(-signed)) * softplus(-signed)
    if alpha is not None:
        loss = loss * (alpha * targets + (1 - alpha) * (1 - targets))
    return loss.mean(-1)


def surrogate_fbeta(
    logits: Tensor,
    targets: Tensor,
    odds: Tensor | float,
    beta: float = 1.0,
    reduction: str = "mean",
) -> Tensor:
    """Surrogate F-beta: -y log p + (1 - y) log(beta^2 rho + p).

    Neither proper nor bounded below by zero; native threshold unknown, so always tune
    it. `mean` is decomposable, `class` and `outer` need both classes in a batch and
    are zero, with a gradient of zero, without.

    Parameters
    ----------
    logits, targets : Tensor, shape (..., batch)
    odds : Tensor of shape (..., 1), or float
        rho, positives per negative in the distribution the batches are drawn from.
    beta : float
    reduction : {'mean', 'class', 'outer'}
        Mean over all rows (the public code); sum of the two class means (what the
        derivation asks for); -log of the positives' mean p plus the log of
        beta^2 rho + the negatives' mean p, which is a monotone map of soft F-beta:
        exp(loss) = ((1 + beta^2) / soft F-beta - 1) rho.

    Returns
    -------
    Tensor, shape (...)

    References
    ----------
    Lee, Yang and Yoo 2021, arXiv 2104.01459.
    """
    logits = logits.float() if logits.dtype.itemsize < 4 else logits
    floor = beta**2 * odds
    if reduction == "mean":
        positive = targets * softplus(-logits)
        negative = (1 - targets) * torch.log(floor + torch.sigmoid(logits))
        return (positive + negative).mean(-1)
    n_positive, n_negative = targets.sum(-1), (1 - targets).sum(-1)
    both = ((n_positive > 0) & (n_negative > 0)).to(logits.dtype)
    n_positive, n_negative = n_positive.clamp(min=1), n_negative.clamp(min=1)
    if reduction == "class":
        positive = (targets * softplus(-logits)).sum(-1) / n_positive
        negative = (1 - targets) * torch.log(floor + torch.sigmoid(logits))
        return both * (positive + negative.sum(-1) / n_negative)
    if reduction != "outer":
        raise ValueError(f"unknown reduction {reduction!r}")
    # log of the mean p over positives, without ever forming a vanishing p.
    masked = logsigmoid(logits).masked_fill(targets == 0, -torch.inf)
    masked = torch.where(both[..., None] > 0, masked, logsigmoid(logits))
    log_mean = torch.logsumexp(masked, -1) - torch.log(n_positive)
    mean_negative = ((1 - targets) * torch.sigmoid(logits)).sum(-1) / n_negative
    floor = floor.squeeze(-1) if isinstance(floor, Tensor) else floor
    return both * (torch.log(floor + mean_negative) - log_mean)
