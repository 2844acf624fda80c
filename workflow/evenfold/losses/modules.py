"""The losses as modules: their settings, their state, and the one registry.

Every module is made with the share of positives in the rows that it will see, a number
for one model or a tensor with one per member, and called with logits and targets.
"""

import inspect
from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from evenfold.errors import EvenfoldError
from evenfold.importing import imported, is_import_path
from evenfold.losses import confusion, pointwise, ranking

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
    "SoftFBetaLoss",
    "SurrogateFBetaLoss",
    "TverskyLoss",
    "WeightedBCELoss",
    "build_loss",
]

#: scipy.signal.butter(1, 0.01): the low-pass filter of the published loss.
BUTTERWORTH_B = (0.015466291403103363, 0.015466291403103363)
BUTTERWORTH_A = -0.9690674171937933


#: Every loss of the house by its name in the configuration.
LOSSES: dict[str, type["Loss"]] = {}


class Loss(nn.Module):
    """A loss for one model, (batch,) -> (), or a stack, (members, batch) -> (members,).

    A subclass with a name, `class Mine(Loss, name="mine")`, is the loss of that name in
    the configuration; one of the user's own needs none.

    Parameters
    ----------
    prior : Tensor, shape (...), or float
        Share of positives in the distribution the batches are drawn from, per member.

    Attributes
    ----------
    function : callable
        The pure function, whose docstring has the formula and the source.
    proper, decomposable, needs_state : bool
    native_threshold : float or None
        Where the loss itself puts the boundary; None when it says nothing about it.
    min_per_class : int
        Rows of each class that a batch needs.
    positive_feedback : bool
        Whether its state drives sensitivity and specificity apart.
    """

    function: ClassVar[Callable[..., Tensor]]
    proper = False
    decomposable = True
    needs_state = False
    native_threshold: float | None = 0.5
    min_per_class = 0
    positive_feedback = False

    def __init_subclass__(cls, name: str = "", **keys: Any):
        super().__init_subclass__(**keys)
        if name in LOSSES:
            raise ValueError(f"there is a loss {name!r} already: {LOSSES[name]}")
        if name:
            LOSSES[name] = cls

    def __init__(self, prior: Tensor | float = 0.5):
        super().__init__()

    def settings(self) -> dict:
        """Arguments of `function` besides logits, targets and sample weights."""
        return {}

    def forward(
        self, logits: Tensor, targets: Tensor, sample_weight: Tensor | None = None
    ) -> Tensor:
        """Loss, shape (...), of logits and targets, shape (..., batch)."""
        return type(self).function(
            logits, targets, **self.settings(), sample_weight=sample_weight
        )

    def warm_up(self, logits: Tensor, targets: Tensor) -> Tensor:
        """What is trained for `warmup_epochs` first: cross entropy, shapes as ever."""
        return pointwise.binary_cross_entropy(logits, targets)

    def select(self, members: Tensor) -> None:
        """Keep some members of a stack, in the given order.

        Parameters
        ----------
        members : Tensor of int
        """
        for name, buffer in self.named_buffers():
            if buffer.ndim:
                setattr(self, name, buffer[members.to(buffer.device)])

    def observe(self, sensitivity: Tensor, specificity: Tensor) -> None:
        """Take the rates measured on the inner validation slice after an epoch.

        Parameters
        ----------
        sensitivity, specificity : Tensor, shape of the prior
        """


def _column(value: Tensor | float) -> Tensor:
    """One value per member, ready to meet (members, batch)."""
    value = torch.as_tensor(value)
    return (value if value.is_floating_point() else value.float())[..., None]


class BCELoss(Loss, name="bce"):
    """Binary cross entropy; see `binary_cross_entropy`."""

    function = pointwise.binary_cross_entropy
    proper = True


class WeightedBCELoss(Loss, name="wbce"):
    """Cross entropy with class weights; see `weighted_binary_cross_entropy`.

    Weights are scaled to a mean of one over the rows, so that the loss keeps the scale
    of cross entropy.

    Parameters
    ----------
    prior : Tensor, shape (...), or float
    mode : {'fn_weight', 'balanced'}
        A positive counts `fn_weight` times a negative; both classes count the same in
        all.
    fn_weight : float
        What a false negative costs in false positives.
    """

    function = pointwise.weighted_binary_cross_entropy

    def __init__(
        self,
        prior: Tensor | float = 0.5,
        mode: str = "fn_weight",
        fn_weight: float = 2.0,
    ):
        super().__init__(prior)
        if mode not in ("fn_weight", "balanced"):
            raise ValueError(f"unknown mode {mode!r}")
        prior = _column(prior)
        ratio = (1 - prior) / prior if mode == "balanced" else fn_weight
        scale = prior * ratio + 1 - prior
        self.register_buffer("positive_weight", ratio / scale)
        self.register_buffer("negative_weight", 1 / scale)

    def settings(self) -> dict:
        return {
            "positive_weight": self.positive_weight,
            "negative_weight": self.negative_weight,
        }


class FocalLoss(Loss, name="focal"):
    """Focal loss; alpha defaults to 1 - prior. See `focal`.

    Parameters
    ----------
    prior : Tensor, shape (...), or float
    gamma : float
    alpha : float, optional
    """

    function = pointwise.focal

    def __init__(
        self,
        prior: Tensor | float = 0.5,
        gamma: float = 2.0,
        alpha: float | None = None,
    ):
        super().__init__(prior)
        self.gamma = gamma
        prior = _column(prior)
        weight = 1 - prior if alpha is None else torch.full_like(prior, alpha)
        self.register_buffer("alpha", weight)

    def settings(self) -> dict:
        return {"alpha": self.alpha, "gamma": self.gamma}


class ClassBalancedLoss(Loss, name="class_balanced"):
    """Cross entropy weighted by the effective number of rows.

    See `effective_number_weights`. Weights are scaled to a mean of one over the rows.

    Parameters
    ----------
    prior : Tensor, shape (...), or float
    rows : Tensor, shape (...), or float
        Training rows, per member.
    beta : float in (0, 1)
    """

    function = pointwise.weighted_binary_cross_entropy

    def __init__(
        self,
        prior: Tensor | float = 0.5,
        rows: Tensor | float = 10_000,
        beta: float = 0.999,
    ):
        super().__init__(prior)
        prior, rows = _column(prior), _column(rows)
        positive, negative = pointwise.effective_number_weights(
            prior * rows, (1 - prior) * rows, beta
        )
        scale = prior * positive + (1 - prior) * negative
        self.register_buffer("positive_weight", (positive / scale).to(prior))
        self.register_buffer("negative_weight", (negative / scale).to(prior))

    settings = WeightedBCELoss.settings


class LogitAdjustedLoss(Loss, name="logit_adjusted"):
    """Cross entropy of logits shifted by the prior's; see `logit_adjusted`.

    Parameters
    ----------
    prior : Tensor, shape (...), or float
    tau : float
    """

    function = pointwise.logit_adjusted

    def __init__(self, prior: Tensor | float = 0.5, tau: float = 1.0):
        super().__init__(prior)
        self.tau = tau
        self.register_buffer("log_odds", torch.logit(_column(prior)))

    def settings(self) -> dict:
        return {"log_odds": self.log_odds, "tau": self.tau}


class AsymmetricLoss(Loss, name="asl"):
    """Asymmetric focusing and a margin for easy negatives; see `asymmetric`.

    Parameters
    ----------
    prior : Tensor, shape (...), or float
    gamma_positive, gamma_negative, margin : float
    """

    function = pointwise.asymmetric
    native_threshold = None

    def __init__(
        self,
        prior: Tensor | float = 0.5,
        gamma_positive: float = 1.0,
        gamma_negative: float = 2.0,
        margin: float = 0.0,
    ):
        super().__init__(prior)
        self.gamma_positive = gamma_positive
        self.gamma_negative = gamma_negative
        self.margin = margin

    def settings(self) -> dict:
        return {
            "gamma_positive": self.gamma_positive,
            "gamma_negative": self.gamma_negative,
            "margin": self.margin,
        }


class LabelSmoothingLoss(Loss, name="label_smoothing"):
    """Cross entropy of smoothed labels; see `label_smoothing`.

    Parameters
    ----------
    prior : Tensor, shape (...), or float
    epsilon : float in [0, 1)
    """

    function = pointwise.label_smoothing

    def __init__(self, prior: Tensor | float = 0.5, epsilon: float = 0.05):
        super().__init__(prior)
        self.epsilon = epsilon

    def settings(self) -> dict:
        return {"epsilon": self.epsilon}


class GeneralisedCrossEntropyLoss(Loss, name="gce"):
    """Bounded cross entropy for noisy labels; see `generalised_cross_entropy`.

    Parameters
    ----------
    prior : Tensor, shape (...), or float
    q : float in (0, 1]
    """

    function = pointwise.generalised_cross_entropy

    def __init__(self, prior: Tensor | float = 0.5, q: float = 0.7):
        super().__init__(prior)
        self.q = q

    def settings(self) -> dict:
        return {"q": self.q}


class PolyLoss(Loss, name="poly1"):
    """Cross entropy with its first polynomial term lifted; see `poly1`.

    Parameters
    ----------
    prior : Tensor, shape (...), or float
    epsilon : float
    """

    function = pointwise.poly1

    def __init__(self, prior: Tensor | float = 0.5, epsilon: float = 1.0):
        super().__init__(prior)
        self.epsilon = epsilon

    settings = LabelSmoothingLoss.settings


class _ConfusionLoss(Loss):
    decomposable = False
    min_per_class = 8


class SoftFBetaLoss(_ConfusionLoss, name="soft_fbeta"):
    """F-beta of expected counts; see `soft_fbeta`.

    Parameters
    ----------
    prior : Tensor, shape (...), or float
    beta : float
    """

    function = confusion.soft_fbeta
    native_threshold = None

    def __init__(self, prior: Tensor | float = 0.5, beta: float = 1.0):
        super().__init__(prior)
        self.beta = beta

    def settings(self) -> dict:
        return {"beta": self.beta}


class SurrogateFBetaLoss(_ConfusionLoss, name="surrogate_fbeta"):
    """Surrogate F-beta; see `surrogate_fbeta`.

    Parameters
    ----------
    prior : Tensor, shape (...), or float
    beta : float
    reduction : {'class', 'mean', 'outer'}
    """

    function = confusion.surrogate_fbeta
    native_threshold = None

    def __init__(
        self,
        prior: Tensor | float = 0.5,
        beta: float = 1.0,
        reduction: str = "class",
    ):
        super().__init__(prior)
        if reduction not in ("class", "mean", "outer"):
            raise ValueError(f"unknown reduction {reduction!r}")
        self.beta = beta
        self.reduction = reduction
        self.decomposable = reduction == "mean"
        self.min_per_class = 0 if self.decomposable else 8
        prior = _column(prior)
        self.register_buffer("odds", prior / (1 - prior))

    def settings(self) -> dict:
        return {"odds": self.odds, "beta": self.beta, "reduction": self.reduction}


class AnyLoss(_ConfusionLoss, name="anyloss"):
    """Any measure of a sharpened confusion matrix; see `anyloss`.

    Parameters
    ----------
    prior : Tensor, shape (...), or float
    measure : {'gmean', 'balanced_accuracy', 'fbeta', 'accuracy'}
    sharpness, beta : float
    """

    function = confusion.anyloss

    def __init__(
        self,
        prior: Tensor | float = 0.5,
        measure: str = "gmean",
        sharpness: float = 20.0,
        beta: float = 1.0,
    ):
        super().__init__(prior)
        self.measure = measure
        self.sharpness = sharpness
        self.beta = beta

    def settings(self) -> dict:
        return {
            "measure": self.measure,
            "sharpness": self.sharpness,
            "beta": self.beta,
        }


class MCCLoss(_ConfusionLoss, name="mcc"):
    """Cross entropy and soft MCC; see `matthews`.

    Parameters
    ----------
    prior : Tensor, shape (...), or float
    cross_entropy : float in [0, 1]
        Share of cross entropy; 0 is the soft MCC alone.
    gamma, positive_weight : float
        1 and 1, or a reconstruction of the weighted focal MCC.
    """

    function = confusion.matthews

    def __init__(
        self,
        prior: Tensor | float = 0.5,
        cross_entropy: float = 0.5,
        gamma: float = 1.0,
        positive_weight: float = 1.0,
    ):
        super().__init__(prior)
        self.cross_entropy = cross_entropy
        self.gamma = gamma
        self.positive_weight = positive_weight

    def settings(self) -> dict:
        return {
            "cross_entropy": self.cross_entropy,
            "gamma": self.gamma,
            "positive_weight": self.positive_weight,
        }


class MinMaxSoftLoss(_ConfusionLoss, name="minmax_soft"):
    """The worse of the two soft error rates; see `minmax_soft`.

    Parameters
    ----------
    prior : Tensor, shape (...), or float
    sharpness : float
    """

    function = confusion.minmax_soft

    def __init__(self, prior: Tensor | float = 0.5, sharpness: float = 10.0):
        super().__init__(prior)
        self.sharpness = sharpness

    def settings(self) -> dict:
        return {"sharpness": self.sharpness}


class SNSPLoss(Loss, name="snsp"):
    """Cross entropy weighted by the sensitivity and specificity reached so far.

    Corrective modes raise the weight of the class that is worse off. They start where
    the log prior odds put balanced weights, b1 = 1 / (2 pi) and b0 = 1 / (2 (1 - pi))
    with pi the share of positives; m = |log(pi / (1 - pi))|:

    - `integral`, a controller without a steady-state error: c <- clip(c + (1 + 2 m) rate
      (SP - SN), within (1 + 2 m) limit), w1 = 2 b1 sigmoid(c), w0 = 2 b0 sigmoid(-c);
    - `swap`: w1 = 2 b1 SP^k / (SN^k + SP^k), w0 = 2 b0 SN^k / (SN^k + SP^k), k = 1 + m;
    - `error`: w1 = b1 e, w0 = b0 (2 - e), e = 2 (1 - SN)^k / ((1 - SN)^k + (1 - SP)^k)
      within [0.1, 1.9].

    Balanced weights undo the shift log(pi / (1 - pi)) that the class ratio gives cross
    entropy, so in all three SN = SP is where the weights rest, whatever the ratio. On
    data a gap is left, for a network that knows its few positives by heart hardly feels
    their weight: hence the larger steps and powers. With one positive in two m is 0 and
    b1, b0 and k are 1. Epochs of warm-up have balanced weights too.

    `swap` and `error` use exponential moving averages of the rates; unfiltered, `error`
    has a loop gain above one and oscillates. Both are proportional: a part of a lasting
    bias stays, of which `integral` leaves nothing.

    Published modes, which are positive feedback: the lower the sensitivity, the less a
    positive counts. They know no class ratio.

    - `seed_fixed`: w1 = 2 SN / (SN + SP), w0 = 2 SP / (SN + SP), the rates smoothed by
      a first-order Butterworth filter;
    - `seed_verbatim`: the same with its misplaced parenthesis, which halves w0.

    Rates are 1/2 before the first observation.

    Parameters
    ----------
    prior : Tensor, shape (...), or float
        One state per member; corrective modes start from the weights that balance it.
    mode : {'integral', 'swap', 'error', 'seed_fixed', 'seed_verbatim'}
    rate, limit : float
        Step per epoch and largest absolute state of `integral`, both times 1 + 2 m.
    smoothing : float in (0, 1]
        Weight of the newest rates in the averages of `swap` and `error`.
    """

    function = pointwise.weighted_binary_cross_entropy
    needs_state = True
    MODES = ("integral", "swap", "error", "seed_fixed", "seed_verbatim")
    balance: Tensor
    imbalance: Tensor
    state: Tensor
    memory: Tensor
    rates: Tensor

    def __init__(
        self,
        prior: Tensor | float = 0.5,
        mode: str = "integral",
        rate: float = 0.1,
        limit: float = 3.0,
        smoothing: float = 0.1,
    ):
        super().__init__(prior)
        if mode not in self.MODES:
            raise ValueError(f"unknown mode {mode!r}")
        self.mode = mode
        self.rate = rate
        self.limit = limit
        self.smoothing = smoothing
        self.positive_feedback = mode.startswith("seed_")
        prior = _column(prior).squeeze(-1)
        # Last index 0 positives, 1 negatives.
        shares = torch.stack([prior, 1 - prior], -1)
        self.register_buffer("balance", 0.5 / shares)
        self.register_buffer("imbalance", torch.logit(prior).abs())
        self._imbalanced = bool(self.imbalance.any())
        self.register_buffer("state", torch.zeros_like(prior))
        # Filter memory and filtered rates: last index 0 sensitivity, 1 specificity.
        self.register_buffer("memory", torch.zeros(*prior.shape, 2).to(prior))
        self.register_buffer("rates", torch.full((*prior.shape, 2), 0.5).to(prior))

    def weights(self) -> tuple[Tensor, Tensor]:
        """Weights of the positive and the negative class: Tensors, shape of prior."""
        positive, negative = self._feedback()
        if self.positive_feedback:
            return positive, negative
        return self.balance[..., 0] * positive, self.balance[..., 1] * negative

    def warm_up(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Balanced cross entropy: after any other the first gaps would be its own."""
        if self.positive_feedback or not self._imbalanced:
            return super().warm_up(logits, targets)
        positive, negative = self.balance.unbind(-1)
        return pointwise.weighted_binary_cross_entropy(
            logits, targets, positive[..., None], negative[..., None]
        )

    def _feedback(self):
        """What the rates make of weights of one."""
        if self.mode == "integral":
            return 2 * torch.sigmoid(self.state), 2 * torch.sigmoid(-self.state)
        sensitivity, specificity = self.rates.unbind(-1)
        power = 1 + self.imbalance
        if self.mode == "error":
            missed, false = 1 - sensitivity, 1 - specificity
            share = _sharpened(missed / (missed + false).clamp(min=1e-6), power)
            positive = torch.where(missed + false > 1e-6, 2 * share, 1.0)
            positive = positive.clamp(0.1, 1.9)
            return positive, 2 - positive
        total = (sensitivity + specificity).clamp(min=1e-6)
        if self.mode == "swap":
            return (
                2 * _sharpened(specificity / total, power),
                2 * _sharpened(sensitivity / total, power),
            )
        slip = 1.0 if self.mode == "seed_verbatim" else 2.0
        return 2 * sensitivity / total, slip * specificity / total

    def observe(self, sensitivity: Tensor, specificity: Tensor) -> None:
        if self.mode == "integral":
            pace = 1 + 2 * self.imbalance
            moved = self.state + pace * self.rate * (specificity - sensitivity)
            limit = pace * self.limit
            self.state = moved.clamp(-limit, limit)
            return
        new = torch.stack([sensitivity, specificity], -1).to(self.rates)
        if not self.positive_feedback:
            self.rates = self.rates + self.smoothing * (new - self.rates)
            return
        out = BUTTERWORTH_B[0] * (new - 0.5) + self.memory
        self.memory = BUTTERWORTH_B[1] * (new - 0.5) - BUTTERWORTH_A * out
        self.rates = out + 0.5

    def settings(self) -> dict:
        positive, negative = self.weights()
        return {
            "positive_weight": positive[..., None],
            "negative_weight": negative[..., None],
        }


def _sharpened(share, power):
    """The share whose odds are raised to a power; at a power of one the very share."""
    own, other = share**power, (1 - share) ** power
    # Raising to one and dividing again would change the last bit.
    return torch.where(power == 1, share, own / (own + other))


class SensitivityAtSpecificityLoss(Loss, name="sens_at_spec"):
    """Sensitivity under a required specificity; see `sensitivity_at_specificity`.

    The multiplier follows the true specificity of the inner validation slice, not its
    surrogate: lambda <- clip(lambda + rate (required - SP), 0, limit).

    Parameters
    ----------
    prior : Tensor, shape (...), or float
    target_specificity : float in (0, 1)
    rate, limit : float
        Step per epoch and largest multiplier.
    """

    function = pointwise.sensitivity_at_specificity
    needs_state = True
    prior: Tensor
    multiplier: Tensor

    def __init__(
        self,
        prior: Tensor | float = 0.5,
        target_specificity: float = 0.8,
        rate: float = 1.0,
        limit: float = 20.0,
    ):
        super().__init__(prior)
        self.target_specificity = target_specificity
        self.rate = rate
        self.limit = limit
        self.register_buffer("prior", _column(prior))
        self.register_buffer("multiplier", torch.ones_like(self.prior))

    def weights(self) -> tuple[Tensor, Tensor]:
        """Weights of the positive and the negative class: Tensors, shape of prior."""
        negative = self.multiplier.squeeze(-1)
        return torch.ones_like(negative), negative

    def observe(self, sensitivity: Tensor, specificity: Tensor) -> None:
        missing = self.target_specificity - specificity.to(self.multiplier)
        moved = self.multiplier + self.rate * missing[..., None]
        self.multiplier = moved.clamp(0, self.limit)

    def settings(self) -> dict:
        return {
            "multiplier": self.multiplier,
            "prior": self.prior,
            "target_specificity": self.target_specificity,
        }


class LDAMLoss(Loss, name="ldam"):
    """Margins by class frequency, n_c^(-1/4), the largest being `max_margin`.

    See `ldam`.

    Parameters
    ----------
    prior : Tensor, shape (...), or float
    max_margin, scale : float
    """

    function = pointwise.ldam

    def __init__(
        self,
        prior: Tensor | float = 0.5,
        max_margin: float = 0.5,
        scale: float = 1.0,
    ):
        super().__init__(prior)
        self.scale = scale
        prior = _column(prior)
        positive, negative = prior**-0.25, (1 - prior) ** -0.25
        largest = torch.maximum(positive, negative)
        self.register_buffer("positive_margin", max_margin * positive / largest)
        self.register_buffer("negative_margin", max_margin * negative / largest)

    def settings(self) -> dict:
        return {
            "positive_margin": self.positive_margin,
            "negative_margin": self.negative_margin,
            "scale": self.scale,
        }


class TverskyLoss(_ConfusionLoss, name="tversky"):
    """(Focal) Tversky; see `tversky`.

    Parameters
    ----------
    prior : Tensor, shape (...), or float
    alpha, beta, gamma : float
    """

    function = confusion.tversky
    native_threshold = None

    def __init__(
        self,
        prior: Tensor | float = 0.5,
        alpha: float = 0.3,
        beta: float = 0.7,
        gamma: float = 1.0,
    ):
        super().__init__(prior)
        self.alpha = alpha
        self.beta = beta
        self.gamma = gamma

    def settings(self) -> dict:
        return {"alpha": self.alpha, "beta": self.beta, "gamma": self.gamma}


class SigmoidF1Loss(_ConfusionLoss, name="sigmoid_f1"):
    """Soft F1 of scaled logits; see `sigmoid_f1`.

    Parameters
    ----------
    prior : Tensor, shape (...), or float
    slope, offset : float
    """

    function = confusion.sigmoid_f1
    native_threshold = None

    def __init__(
        self, prior: Tensor | float = 0.5, slope: float = 1.0, offset: float = 0.0
    ):
        super().__init__(prior)
        self.slope = slope
        self.offset = offset

    def settings(self) -> dict:
        return {"slope": self.slope, "offset": self.offset}


class PairwiseAUCLoss(_ConfusionLoss, name="pairwise_auc"):
    """Squared hinge over pairs; see `pairwise_auc`.

    Parameters
    ----------
    prior : Tensor, shape (...), or float
    margin : float
    """

    function = ranking.pairwise_auc
    native_threshold = None

    def __init__(self, prior: Tensor | float = 0.5, margin: float = 1.0):
        super().__init__(prior)
        self.margin = margin

    def settings(self) -> dict:
        return {"margin": self.margin}


class AUCMarginLoss(PairwiseAUCLoss, name="auc_margin"):
    """AUC margin, inner variables solved; see `auc_margin`.

    Parameters
    ----------
    prior : Tensor, shape (...), or float
    margin : float
    """

    function = ranking.auc_margin


class BrierLoss(Loss, name="brier"):
    """Squared error of the probability; see `brier`."""

    function = pointwise.brier
    proper = True


def build_loss(
    settings: dict, prior: Tensor | float, rows: Tensor | float | None = None
) -> Loss:
    """Loss of a configuration entry.

    Parameters
    ----------
    settings : dict
        `name`, of the house or an import path, and the settings of that loss.
    prior : Tensor, shape (members,) or (), or float
        Share of positives in the distribution each member's batches are drawn from.
    rows : Tensor, shape of prior, or float, optional
        Training rows of each member, for losses that count them.

    Returns
    -------
    Loss

    Raises
    ------
    EvenfoldError
        For a loss of the user's own that cannot be imported, is none, or does not take
        its settings.
    """
    settings = dict(settings)
    name = settings.pop("name")
    loss = LOSSES.get(name) or _of_ones_own(name)
    if rows is not None and "rows" in inspect.signature(loss).parameters:
        settings["rows"] = rows
    if is_import_path(name):
        _check_settings(name, loss, prior, settings)
    return loss(prior, **settings)


def _of_ones_own(path):
    found = imported(path, "loss")
    if not (isinstance(found, type) and issubclass(found, Loss)):
        raise EvenfoldError(
            f"the loss {path} is not a class derived from evenfold.losses.Loss."
        )
    return found


def _check_settings(path, loss, prior, settings):
    try:
        inspect.signature(loss).bind(prior, **settings)
    except TypeError as error:
        raise EvenfoldError(
            f"the loss {path} does not take its settings: {error}. They are the "
            "arguments of its constructor, after the share of positives."
        ) from None
