"""The losses as modules: their settings, their state, and the one registry."""

import torch
from torch import Tensor, nn

from evenfold.losses import functional as F


class Loss(nn.Module):
    """A loss for one model or for a stack of members.

    Attributes
    ----------
    proper, decomposable, needs_state : bool
    native_threshold : float or None
        Where the loss itself puts the boundary; None when it says nothing about it.
    positive_feedback : bool
        Whether its state drives sensitivity and specificity apart.
    """

    proper = False
    decomposable = True
    needs_state = False
    native_threshold: float | None = 0.5
    positive_feedback = False

    def observe(self, sensitivity: Tensor, specificity: Tensor) -> None:
        """Take the rates measured on the inner validation slice after an epoch.

        Parameters
        ----------
        sensitivity, specificity : Tensor, shape of the prior
        """


class BCELoss(Loss):
    """Binary cross entropy; see `functional.binary_cross_entropy`."""

    proper = True

    def __init__(self, prior: Tensor | None = None):
        super().__init__()

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        return F.binary_cross_entropy(logits, targets)


class WeightedBCELoss(Loss):
    """Cross entropy that counts a positive `fn_weight` times.

    See `functional.weighted_binary_cross_entropy`.
    """

    def __init__(self, prior: Tensor | None = None, fn_weight: float = 2.0):
        super().__init__()
        self.fn_weight = fn_weight

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        return F.weighted_binary_cross_entropy(logits, targets, self.fn_weight)


class FocalLoss(Loss):
    """Focal loss; alpha defaults to 1 - prior. See `functional.focal`.

    Parameters
    ----------
    prior : Tensor, shape (...)
        Share of positives in the rows that are trained on, per member.
    gamma, alpha : float
    """

    def __init__(self, prior: Tensor, gamma: float = 2.0, alpha: float | None = None):
        super().__init__()
        self.gamma = gamma
        weight = 1 - prior if alpha is None else torch.full_like(prior, alpha)
        self.register_buffer("alpha", weight[..., None])

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        return F.focal(logits, targets, self.alpha, self.gamma)


class SurrogateFBetaLoss(Loss):
    """Surrogate F-beta; see `functional.surrogate_fbeta`.

    Parameters
    ----------
    prior : Tensor, shape (...)
        Share of positives in the rows that are trained on, per member.
    beta : float
    reduction : {'mean', 'class', 'outer'}
    """

    native_threshold = None

    def __init__(self, prior: Tensor, beta: float = 1.0, reduction: str = "mean"):
        super().__init__()
        self.beta = beta
        self.reduction = reduction
        self.decomposable = reduction == "mean"
        self.register_buffer("odds", (prior / (1 - prior))[..., None])

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        return F.surrogate_fbeta(logits, targets, self.odds, self.beta, self.reduction)


#: scipy.signal.butter(1, 0.01): the low-pass filter of the published loss.
BUTTERWORTH_B = (0.015466291403103363, 0.015466291403103363)
BUTTERWORTH_A = -0.9690674171937933


class SNSPLoss(Loss):
    """Cross entropy weighted by the sensitivity and specificity reached so far.

    `integral` is the corrective form: an integral controller per member,
    lambda <- clip(lambda + rate (SP - SN), -limit, limit), with the weights
    w1 = 2 sigmoid(lambda) and w0 = 2 sigmoid(-lambda). Sensitivity below specificity
    raises the weight of the positives until the two are equal.

    `seed_fixed` and `seed_verbatim` are the published form, w1 = 2 SN / (SN + SP) and
    w0 = 2 SP / (SN + SP), smoothed by a first-order Butterworth filter;
    `seed_verbatim` keeps its misplaced parenthesis, which halves w0. Both are
    positive feedback: the lower sensitivity is, the less a positive counts.

    Parameters
    ----------
    prior : Tensor, shape (...)
        Only its shape and device matter: one state per member.
    mode : {'integral', 'seed_fixed', 'seed_verbatim'}
    rate, limit : float
        Step per epoch and largest absolute state of `integral`.
    """

    needs_state = True

    def __init__(
        self,
        prior: Tensor,
        mode: str = "integral",
        rate: float = 0.1,
        limit: float = 3.0,
    ):
        super().__init__()
        if mode not in ("integral", "seed_fixed", "seed_verbatim"):
            raise ValueError(f"unknown mode {mode!r}")
        self.mode = mode
        self.rate = rate
        self.limit = limit
        self.positive_feedback = mode != "integral"
        self.register_buffer("state", torch.zeros_like(prior))
        # Filter memory and filtered rates: index 0 sensitivity, 1 specificity.
        self.register_buffer("memory", torch.zeros(2, *prior.shape).to(prior))
        self.register_buffer("rates", torch.full((2, *prior.shape), 0.5).to(prior))

    def weights(self) -> tuple[Tensor, Tensor]:
        """Weights of the positive and the negative class: Tensors, shape of prior."""
        if self.mode == "integral":
            return 2 * torch.sigmoid(self.state), 2 * torch.sigmoid(-self.state)
        sensitivity, specificity = self.rates
        total = (sensitivity + specificity).clamp(min=1e-6)
        slip = 1.0 if self.mode == "seed_verbatim" else 2.0
        return 2 * sensitivity / total, slip * specificity / total

    def observe(self, sensitivity: Tensor, specificity: Tensor) -> None:
        if self.mode == "integral":
            moved = self.state + self.rate * (specificity - sensitivity)
            self.state = moved.clamp(-self.limit, self.limit)
            return
        x = torch.stack([sensitivity, specificity]).to(self.rates) - 0.5
        out = BUTTERWORTH_B[0] * x + self.memory
        self.memory = BUTTERWORTH_B[1] * x - BUTTERWORTH_A * out
        self.rates = out + 0.5

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        positive, negative = self.weights()
        return F.weighted_binary_cross_entropy(
            logits, targets, positive[..., None], negative[..., None]
        )


#: Every loss by its name in the configuration.
LOSSES: dict[str, type[Loss]] = {
    "bce": BCELoss,
    "wbce": WeightedBCELoss,
    "focal": FocalLoss,
    "surrogate_fbeta": SurrogateFBetaLoss,
    "snsp": SNSPLoss,
}


def build_loss(settings: dict, prior: Tensor) -> Loss:
    """Loss of a configuration entry.

    Parameters
    ----------
    settings : dict
        `name` and the settings of that loss.
    prior : Tensor, shape (members,) or ()
        Share of positives in the rows each member trains on.
    """
    settings = dict(settings)
    return LOSSES[settings.pop("name")](prior, **settings)
