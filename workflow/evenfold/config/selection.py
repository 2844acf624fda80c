"""How thresholds and the champion are chosen."""

from pydantic import Field

from evenfold.config.criteria import CRITERIA, CriterionName
from evenfold.config.section import Fraction, Section


class Stability(Section):
    """When a threshold is called unstable."""

    amber: float = Field(
        1.5,
        gt=0,
        description="spread of the folds' thresholds over what chance gives, amber above",
    )
    red: float = Field(2.5, gt=0, description="the same, red above")
    widest: Fraction = Field(
        0.10,
        description="range of SN or SP when each fold's threshold is applied to all, "
        "amber above",
    )


class SelectionSettings(Section):
    """How the threshold and the champion are chosen."""

    undecided = frozenset({"error"})

    criterion: CriterionName = Field(
        "sn_eq_sp",
        description="operating point that is deployed: "
        + "; ".join(f"`{name}`: {words}" for name, words in CRITERIA.items())
        + "; `module:function`: your own (docs/own.md)",
    )
    delta: Fraction = Field(
        0.05,
        description="`constrained_mcc`: largest |SN - SP|, its standard error added",
    )
    beta: float = Field(1.0, gt=0, description="`fbeta`: weight of sensitivity")
    fn_cost: float = Field(1.0, gt=0, description="`cost`: of a false negative")
    fp_cost: float = Field(1.0, gt=0, description="`cost`: of a false positive")
    risk: Fraction = Field(
        0.5, description="`net_benefit`: probability at which acting is worth it"
    )
    required: Fraction = Field(
        0.9, description="`sn_at_sp`, `sp_at_sn`: what the other rate must reach"
    )
    deployment_positives: Fraction | None = Field(
        None,
        description="share of positives where the champion will be used, if not that of "
        "the training data; moves every criterion that depends on it",
    )
    min_positives: int = Field(
        20,
        ge=1,
        description="with fewer sequences of either class no threshold is tuned and "
        "0.5 is kept",
    )
    resamples: int = Field(10_000, ge=100, description="bootstrap resamples")
    stability: Stability = Stability()
    one_standard_error: bool = Field(
        True,
        description="keep the simplest variant (logistic regression, boosting, "
        "feed-forward, convolutional; then by the loss) that the best one leads by no "
        "more than the best of as many equal variants does in 84 of 100 samples: with two "
        "variants one standard error of the paired difference",
    )
    error: float = Field(
        0.1,
        ge=0.01,
        le=0.5,
        description="error of the prediction sets, in hundredths: how often the set of a "
        "new sequence may miss its class",
    )
    keep_half: bool = Field(
        True,
        description="keep threshold 0.5 where |SN - SP| is within one standard error of "
        "zero there and tuning would not raise MCC",
    )
    same_loss: float = Field(
        0.05,
        ge=0,
        description="variants whose losses differ by less than this shift of the logits "
        "on the data set, and in nothing else, are trained once and reported as one; "
        "the threshold of 500 sequences is uncertain by more",
    )
