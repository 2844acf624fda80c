"""Settings of the losses: names, defaults and descriptions.

The losses themselves are in `evenfold.losses`, which needs torch and this does not. A
test holds the names and defaults of both together.
"""

import math
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import ConfigDict, Discriminator, Field, Tag, field_validator

from evenfold.config.section import Fraction, ImportPath, Section


@dataclass(frozen=True)
class Reduced:
    """What a loss comes down to on given data.

    Attributes
    ----------
    loss : dict
        `name` and settings of the plainest loss that trains alike.
    shift : float
        How far the loss shifts the logits of that one: class weights shift those of
        cross entropy by log(w1 / w0).
    """

    loss: dict[str, Any]
    shift: float = 0.0


class LossSettings(Section):
    """What every loss may be given besides its own settings."""

    if TYPE_CHECKING:
        # Of every loss, but a field of each alone: the one it is told by.
        name: str

    warmup_epochs: int = Field(
        0,
        ge=0,
        description="epochs of BCE first, for losses that fail from a cold start",
    )
    learning_rate_factor: float = Field(
        1.0, gt=0, description="multiplies training's learning rate for this loss"
    )

    def reduced(self, prior: float, rows: float) -> Reduced:
        """What the loss comes down to: to itself, unless it says otherwise.

        Parameters
        ----------
        prior : float
            Share of positives in the training rows.
        rows : float
            Training rows.

        Returns
        -------
        Reduced
        """
        return Reduced(self.model_dump(exclude=self.idle))

    @property
    def idle(self) -> set[str]:
        """Settings without effect beside the others: they make no other loss."""
        return set()

    def as_cross_entropy(self, shift: float = 0.0) -> Reduced:
        """Cross entropy, its logits shifted."""
        # Epochs of cross entropy first are more of the same.
        return Reduced(
            {"name": "bce", "learning_rate_factor": self.learning_rate_factor}, shift
        )

    def as_soft_fbeta(self, beta: float) -> Reduced:
        """Soft F-beta, as its own settings would give it."""
        return Reduced(
            {
                "name": "soft_fbeta",
                "warmup_epochs": self.warmup_epochs,
                "learning_rate_factor": self.learning_rate_factor,
                "beta": beta,
            }
        )


def _warm_start(epochs: int):
    return Field(
        epochs,
        ge=0,
        description="epochs of BCE first: from a cold start the loss can drive every "
        "logit one way before it has learned anything",
    )


def _faster(factor: float):
    return Field(
        factor,
        gt=0,
        description="multiplies training's learning rate: bounded per row, the loss "
        "learns slowly",
    )


class Bce(LossSettings):
    """Binary cross entropy, the baseline of every comparison."""

    name: Literal["bce"] = "bce"

    def reduced(self, prior: float, rows: float) -> Reduced:
        return self.as_cross_entropy()


class WeightedBce(LossSettings):
    """Binary cross entropy with class weights."""

    name: Literal["wbce"] = "wbce"
    mode: Literal["fn_weight", "balanced"] = Field(
        "fn_weight",
        description="`fn_weight`: a positive counts that many negatives; `balanced`: "
        "both classes count the same in all",
    )
    fn_weight: float = Field(
        2.0,
        gt=0,
        description="weight of a positive's loss: what a false negative costs in false "
        "positives",
    )

    @field_validator("mode", mode="before")
    @classmethod
    def _has_one_name(cls, mode: object) -> object:
        if mode == "cost_ratio":
            raise ValueError(
                "the weights of `cost_ratio` are those of `fn_weight`, which is the "
                "cost of a false negative in false positives. Leave `mode` out and "
                "keep `fn_weight`"
            )
        return mode

    @property
    def idle(self) -> set[str]:
        return {"fn_weight"} if self.mode == "balanced" else set()

    def reduced(self, prior: float, rows: float) -> Reduced:
        if self.mode == "balanced":
            return self.as_cross_entropy(-_log_odds(prior))
        return self.as_cross_entropy(math.log(self.fn_weight))


class Focal(LossSettings):
    """Focal loss (Lin et al. 2017)."""

    name: Literal["focal"] = "focal"
    gamma: float = Field(2.0, ge=0, description="focusing exponent; 0 gives BCE")
    alpha: Fraction | None = Field(
        None,
        description="weight of the positive class; empty: 1 - share of positives in "
        "the member's training rows",
    )

    def reduced(self, prior: float, rows: float) -> Reduced:
        if self.gamma != 0:
            return super().reduced(prior, rows)
        alpha = 1 - prior if self.alpha is None else self.alpha
        return self.as_cross_entropy(_log_odds(alpha))


class ClassBalanced(LossSettings):
    """Cross entropy weighted by the effective number of rows (Cui et al. 2019)."""

    name: Literal["class_balanced"] = "class_balanced"
    beta: Fraction = Field(
        0.999, description="how slowly rows stop being new; towards 1: `balanced`"
    )

    def reduced(self, prior: float, rows: float) -> Reduced:
        logs = math.log(self.beta)
        positive, negative = (
            -1 / math.expm1(share * rows * logs) for share in (prior, 1 - prior)
        )
        return self.as_cross_entropy(math.log(positive / negative))


class LogitAdjusted(LossSettings):
    """Cross entropy of logits shifted by the class prior's (Menon et al. 2021)."""

    name: Literal["logit_adjusted"] = "logit_adjusted"
    tau: float = Field(
        1.0, description="share of the prior's log-odds added in training"
    )

    def reduced(self, prior: float, rows: float) -> Reduced:
        # Not a weight: the same as cross entropy only where the shift is nothing.
        plain = self.as_cross_entropy(self.tau * _log_odds(prior))
        return Reduced({**plain.loss, "name": self.name}, plain.shift)


class Asl(LossSettings):
    """Asymmetric loss (Ridnik et al. 2021); published: 1, 4, 0.05."""

    name: Literal["asl"] = "asl"
    gamma_positive: float = Field(1.0, ge=0, description="focusing on hard positives")
    gamma_negative: float = Field(2.0, ge=0, description="focusing on hard negatives")
    margin: float = Field(
        0.0, ge=0, lt=1, description="negatives below this probability cost nothing"
    )

    def reduced(self, prior: float, rows: float) -> Reduced:
        if self.gamma_positive or self.gamma_negative or self.margin:
            return super().reduced(prior, rows)
        return self.as_cross_entropy()


class LabelSmoothing(LossSettings):
    """Cross entropy of labels drawn towards one half (Szegedy et al. 2016)."""

    name: Literal["label_smoothing"] = "label_smoothing"
    epsilon: float = Field(0.05, ge=0, lt=1, description="how far")

    def reduced(self, prior: float, rows: float) -> Reduced:
        return super().reduced(prior, rows) if self.epsilon else self.as_cross_entropy()


class Gce(LossSettings):
    """Generalised cross entropy, for noisy labels (Zhang and Sabuncu 2018)."""

    name: Literal["gce"] = "gce"
    q: float = Field(
        0.7, gt=0, le=1, description="towards 0: cross entropy; 1: absolute error"
    )
    warmup_epochs: int = Field(
        5,
        ge=0,
        description="epochs of BCE first: its own gradient is weak at the start",
    )


class Poly1(LossSettings):
    """Cross entropy plus a multiple of 1 - p_t (Leng et al. 2022)."""

    name: Literal["poly1"] = "poly1"
    epsilon: float = Field(1.0, ge=-1, description="multiple")

    def reduced(self, prior: float, rows: float) -> Reduced:
        return super().reduced(prior, rows) if self.epsilon else self.as_cross_entropy()


class SoftFbeta(LossSettings):
    """F-beta of expected counts; ignores true negatives."""

    name: Literal["soft_fbeta"] = "soft_fbeta"
    warmup_epochs: int = _warm_start(10)
    learning_rate_factor: float = _faster(3.0)
    beta: float = Field(
        1.0, gt=0, description="how much sensitivity outweighs precision"
    )

    def reduced(self, prior: float, rows: float) -> Reduced:
        return self.as_soft_fbeta(self.beta)


class SurrogateFbeta(LossSettings):
    """Surrogate F-beta (Lee, Yang and Yoo 2021)."""

    name: Literal["surrogate_fbeta"] = "surrogate_fbeta"
    beta: float = Field(
        1.0, gt=0, description="how much sensitivity outweighs precision"
    )
    reduction: Literal["mean", "class", "outer"] = Field(
        "class",
        description="`class`: sum of the two class means, as the derivation has it; "
        "`mean` over all rows (public code): with rare positives it weighs them down by "
        "their share; `outer`: logarithms of the class means (a monotone map of soft "
        "F-beta)",
    )
    warmup_epochs: int = _warm_start(10)


class Anyloss(LossSettings):
    """A measure of a sharpened confusion matrix (Han, Moniz and Chawla 2024)."""

    name: Literal["anyloss"] = "anyloss"
    warmup_epochs: int = _warm_start(10)
    measure: Literal["gmean", "balanced_accuracy", "fbeta", "accuracy"] = Field(
        "gmean", description="what to maximise; the first two aim at SN and SP alike"
    )
    sharpness: float = Field(
        20.0,
        gt=0,
        le=33,
        description="how hard scores are pushed to 0 and 1; float32 has no gradient "
        "left above 33 (the published 73 needs float64)",
    )
    beta: float = Field(1.0, gt=0, description="of `fbeta`")

    @property
    def idle(self) -> set[str]:
        return set() if self.measure == "fbeta" else {"beta"}


class Mcc(LossSettings):
    """Cross entropy and differentiable MCC (Abhishek and Hamarneh 2021)."""

    name: Literal["mcc"] = "mcc"
    cross_entropy: float = Field(
        0.5, ge=0, le=1, description="share of cross entropy; 0: the soft MCC alone"
    )
    gamma: float = Field(
        1.0,
        ge=1,
        description="above 1, with `positive_weight`: a reconstruction of the weighted "
        "focal MCC (Seber 2024), whose formula is not public",
    )
    positive_weight: float = Field(1.0, gt=0, description="weight of a positive")


class MinmaxSoft(LossSettings):
    """The larger of the two soft error rates, smoothly: drives SN and SP together."""

    name: Literal["minmax_soft"] = "minmax_soft"
    warmup_epochs: int = _warm_start(10)
    learning_rate_factor: float = _faster(3.0)
    sharpness: float = Field(10.0, gt=0, description="how closely it is the larger one")


class Snsp(LossSettings):
    """Cross entropy weighted by the sensitivity and specificity reached so far."""

    name: Literal["snsp"] = "snsp"
    warmup_epochs: int = _warm_start(5)
    mode: Literal["integral", "swap", "error", "seed_fixed", "seed_verbatim"] = Field(
        "integral",
        description="`integral`: corrective integral controller; `swap`, `error`: "
        "corrective, by the other class's rate or by the own class's error, smoothed; "
        "all three start from balanced weights; `seed_verbatim`, `seed_fixed`: as published, with and without its parenthesis "
        "slip (both are positive feedback: they amplify imbalance)",
    )
    rate: float = Field(
        0.1,
        gt=0,
        description="`integral`: step per epoch, times 1 + 2 |log prior odds|",
    )
    limit: float = Field(
        3.0, gt=0, description="`integral`: largest state, times the same"
    )
    smoothing: float = Field(
        0.1, gt=0, le=1, description="`swap`, `error`: weight of the newest rates"
    )

    @property
    def idle(self) -> set[str]:
        used = {"integral": {"rate", "limit"}, "swap": {"smoothing"}}
        used["error"] = used["swap"]
        return {"rate", "limit", "smoothing"} - used.get(self.mode, set())


class SensAtSpec(LossSettings):
    """Sensitivity under a required specificity, by a multiplier (Eban et al. 2017)."""

    name: Literal["sens_at_spec"] = "sens_at_spec"
    warmup_epochs: int = _warm_start(10)
    target_specificity: Fraction = Field(0.8, description="required specificity")
    rate: float = Field(1.0, gt=0, description="step of the multiplier per epoch")
    limit: float = Field(20.0, gt=0, description="largest multiplier")


class Ldam(LossSettings):
    """Label-distribution-aware margins (Cao et al. 2019)."""

    name: Literal["ldam"] = "ldam"
    max_margin: float = Field(0.5, ge=0, description="margin of the rarer class")
    scale: float = Field(
        1.0,
        gt=0,
        description="of the logits; the published 30 needs a normalised layer",
    )

    def reduced(self, prior: float, rows: float) -> Reduced:
        if self.max_margin == 0 and self.scale == 1:
            return self.as_cross_entropy()
        return super().reduced(prior, rows)


class Tversky(LossSettings):
    """(Focal) Tversky loss (Salehi et al. 2017); ignores true negatives."""

    name: Literal["tversky"] = "tversky"
    warmup_epochs: int = _warm_start(10)
    learning_rate_factor: float = _faster(3.0)
    alpha: float = Field(0.3, ge=0, description="cost of false positives")
    beta: float = Field(0.7, ge=0, description="cost of false negatives")
    gamma: float = Field(1.0, gt=0, description="exponent of 1 - index")

    def reduced(self, prior: float, rows: float) -> Reduced:
        if self.gamma != 1 or self.alpha + self.beta != 1:
            return super().reduced(prior, rows)
        return self.as_soft_fbeta(
            math.sqrt(self.beta / self.alpha) if self.alpha else math.inf
        )


class SigmoidF1(LossSettings):
    """Soft F1 of scaled logits (Bénédict et al. 2022)."""

    name: Literal["sigmoid_f1"] = "sigmoid_f1"
    warmup_epochs: int = _warm_start(10)
    learning_rate_factor: float = _faster(3.0)
    slope: float = Field(1.0, gt=0, description="the paper's beta; 1: soft F1")
    offset: float = Field(0.0, description="the paper's eta")

    def reduced(self, prior: float, rows: float) -> Reduced:
        if (self.slope, self.offset) == (1, 0):
            return self.as_soft_fbeta(1.0)
        return super().reduced(prior, rows)


class PairwiseAuc(LossSettings):
    """Squared hinge over all pairs of a positive and a negative: orders, no threshold."""

    name: Literal["pairwise_auc"] = "pairwise_auc"
    margin: float = Field(1.0, gt=0, description="wanted distance of a pair's logits")


class AucMargin(LossSettings):
    """AUC margin loss, inner variables solved (Yuan et al. 2021)."""

    name: Literal["auc_margin"] = "auc_margin"
    margin: float = Field(
        1.0, ge=1, description="wanted distance of mean probabilities"
    )


class Brier(LossSettings):
    """Squared error of the probability (Brier 1950)."""

    name: Literal["brier"] = "brier"


class OwnLoss(LossSettings):
    """A loss of the user's own by import path, with the settings of its constructor."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: ImportPath = Field(description="`module:Class`, a loss of your own")


#: Every loss of the house by its name, in the order of the documentation.
LOSSES: dict[str, type[LossSettings]] = {
    loss.model_fields["name"].default: loss
    for loss in LossSettings.__subclasses__()
    if loss is not OwnLoss
}
#: Stands for every import path where pydantic names a loss.
OWN = "module:Class"


def _tag(value):
    given = value.get("name") if isinstance(value, dict) else None
    name = getattr(value, "name", given)
    return OWN if ":" in str(name) else name


if TYPE_CHECKING:
    Loss = LossSettings
else:
    Loss = Annotated[
        reduce(
            or_,
            [Annotated[loss, Tag(name)] for name, loss in LOSSES.items()]
            + [Annotated[OwnLoss, Tag(OWN)]],
        ),
        Discriminator(_tag),
    ]


def settings_of(loss: dict) -> LossSettings:
    """Settings of a loss from `name` and what is given of them."""
    return LOSSES.get(loss["name"], OwnLoss).model_validate(loss)


def _log_odds(share):
    return math.log(share / (1 - share))
