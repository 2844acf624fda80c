"""Losses for balanced binary classification, on logits.

Every loss is a pure function that reduces over the last dimension, so that the same
code serves one model, (batch,) -> (), and a stack of members, (members, batch) ->
(members,), and a small module around it that holds its settings and its state.

Examples
--------
>>> from evenfold.losses import AnyLoss
>>> loss = AnyLoss(measure="gmean")
>>> loss(torch.randn(128), torch.arange(128) % 2)  # doctest: +SKIP
"""

from evenfold.losses.confusion import (
    SoftConfusion,
    anyloss,
    matthews,
    minmax_soft,
    sigmoid_f1,
    soft_confusion,
    soft_fbeta,
    surrogate_fbeta,
    tversky,
)
from evenfold.losses.modules import (
    LOSSES,
    AnyLoss,
    AsymmetricLoss,
    AUCMarginLoss,
    BCELoss,
    BrierLoss,
    ClassBalancedLoss,
    FocalLoss,
    GeneralisedCrossEntropyLoss,
    LabelSmoothingLoss,
    LDAMLoss,
    LogitAdjustedLoss,
    Loss,
    MCCLoss,
    MinMaxSoftLoss,
    PairwiseAUCLoss,
    PolyLoss,
    SensitivityAtSpecificityLoss,
    SigmoidF1Loss,
    SNSPLoss,
    SoftFBetaLoss,
    SurrogateFBetaLoss,
    TverskyLoss,
    WeightedBCELoss,
    build_loss,
)
from evenfold.losses.pointwise import (
    asymmetric,
    binary_cross_entropy,
    brier,
    effective_number_weights,
    focal,
    generalised_cross_entropy,
    label_smoothing,
    ldam,
    logit_adjusted,
    poly1,
    sensitivity_at_specificity,
    weighted_binary_cross_entropy,
)
from evenfold.losses.ranking import auc_margin, pairwise_auc

__all__ = [
    "LOSSES",
    "AUCMarginLoss",
    "AnyLoss",
    "AsymmetricLoss",
    "BCELoss",
    "BrierLoss",
    "ClassBalancedLoss",
    "FocalLoss",
    "GeneralisedCrossEntropyLoss",
    "LDAMLoss",
    "LabelSmoothingLoss",
    "LogitAdjustedLoss",
    "Loss",
    "MCCLoss",
    "MinMaxSoftLoss",
    "PairwiseAUCLoss",
    "PolyLoss",
    "SNSPLoss",
    "SensitivityAtSpecificityLoss",
    "SigmoidF1Loss",
    "SoftConfusion",
    "SoftFBetaLoss",
    "SurrogateFBetaLoss",
    "TverskyLoss",
    "WeightedBCELoss",
    "anyloss",
    "asymmetric",
    "auc_margin",
    "binary_cross_entropy",
    "brier",
    "build_loss",
    "effective_number_weights",
    "focal",
    "generalised_cross_entropy",
    "label_smoothing",
    "ldam",
    "logit_adjusted",
    "matthews",
    "minmax_soft",
    "pairwise_auc",
    "poly1",
    "sensitivity_at_specificity",
    "sigmoid_f1",
    "soft_confusion",
    "soft_fbeta",
    "surrogate_fbeta",
    "tversky",
    "weighted_binary_cross_entropy",
]
