"""What every loss does with its inputs before and after its formula."""

import torch
from torch import Tensor


def prepared(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Logits and targets in one dtype, float32 at least (AMP hands over bfloat16)."""
    if logits.dtype.itemsize < 4:
        logits = logits.float()
    return logits, targets.to(logits.dtype)


def average(values: Tensor, sample_weight: Tensor | None) -> Tensor:
    """Mean over the last dimension, weighted if there are weights."""
    if sample_weight is None:
        return values.mean(-1)
    return (values * sample_weight).sum(-1) / sample_weight.sum(-1)


def by_class(
    positive: Tensor, negative: Tensor, targets: Tensor, sample_weight: Tensor | None
) -> Tensor:
    """Mean of `positive` where the target is 1 and `negative` where it is 0.

    Linear in the targets, so that a mixed or smoothed target costs what its mixture of
    rows costs.
    """
    return average(torch.lerp(negative, positive, targets), sample_weight)


def class_masses(
    targets: Tensor, sample_weight: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Weight of each row as a positive and as a negative."""
    if sample_weight is None:
        return targets, 1 - targets
    return targets * sample_weight, (1 - targets) * sample_weight


def zero_without_both(value: Tensor, positives: Tensor, negatives: Tensor) -> Tensor:
    """`value`, or a zero with a gradient of zero where a class is missing."""
    return value * ((positives > 0) & (negatives > 0)).to(value.dtype)
