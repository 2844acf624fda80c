"""Losses for balanced binary classification, on logits.

Every loss is a pure function that reduces over the last dimension, so that the same
code serves one model, (batch,) -> (), and a stack of members, (members, batch) ->
(members,), and a small module around it that holds its settings and its state.
"""

from evenfold.losses.functional import (
    binary_cross_entropy,
    focal,
    surrogate_fbeta,
    weighted_binary_cross_entropy,
)
from evenfold.losses.modules import (
    LOSSES,
    BCELoss,
    FocalLoss,
    Loss,
    SNSPLoss,
    SurrogateFBetaLoss,
    WeightedBCELoss,
    build_loss,
)

__all__ = [
    "LOSSES",
    "BCELoss",
    "FocalLoss",
    "Loss",
    "SNSPLoss",
    "SurrogateFBetaLoss",
    "WeightedBCELoss",
    "binary_cross_entropy",
    "build_loss",
    "focal",
    "surrogate_fbeta",
    "weighted_binary_cross_entropy",
]
