"""Settings of a variant's model, its training and its regularisation."""

from typing import Any, Literal

from pydantic import Field, model_validator

from evenfold.config.embeddings import Embeddings
from evenfold.config.features import FeatureName, stands_alone
from evenfold.config.networks import CLASSICAL, NETWORKS, NetworkName
from evenfold.config.section import Fraction, Section
from evenfold.importing import is_import_path


class EarlyStopping(Section):
    """When a member stops before the last epoch."""

    patience: int = Field(
        0, ge=0, description="epochs without improvement before a member stops; 0: off"
    )
    criterion: Literal["loss", "auroc", "mcc"] = Field(
        "auroc", description="what must improve on the inner validation slice"
    )


class Augmentation(Section):
    """Changes of the residues of training rows, drawn anew at every step."""

    mask: float = Field(0.0, ge=0, lt=1, description="share of residues made unknown")
    substitute: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="share of residues replaced by one with a positive BLOSUM62 score",
    )
    jitter: int = Field(
        0,
        ge=0,
        description="largest shift of a sequence within the padding behind it; full "
        "windows have none and stay",
    )

    @model_validator(mode="after")
    def _shares(self):
        if self.mask + self.substitute >= 1:
            raise ValueError("mask + substitute must stay below 1")
        return self

    def __bool__(self):
        return bool(self.mask or self.substitute or self.jitter)


class FeatureSelection(Section):
    """Which columns a member uses."""

    method: Literal["none", "model", "rfe"] = Field(
        "none",
        description="`model`: largest coefficients of a logistic regression; `rfe`: "
        "recursive elimination with it; each on a member's own training rows",
    )
    keep: float = Field(0.25, gt=0, le=1, description="share of the columns kept")


class Logistic(Section):
    """Of `logistic_regression`."""

    c: float = Field(1.0, gt=0, description="inverse strength of the L2 penalty")


class Boosting(Section):
    """Of `gradient_boosting`."""

    trees: int = Field(100, ge=1, description="boosting iterations")
    leaves: int = Field(31, ge=2, description="most leaves of a tree")
    learning_rate: float = Field(0.1, gt=0, description="shrinkage")
    l2: float = Field(1.0, ge=0, description="L2 penalty of the leaf values")
    min_weight: float = Field(
        1.0, ge=0, description="least weight of a leaf's rows (sum of p (1 - p))"
    )
    columns: float = Field(
        1.0,
        gt=0,
        le=1,
        description="share of the columns that each split is chosen from",
    )
    rows: float = Field(
        1.0, gt=0, le=1, description="share of the rows that each tree is grown on"
    )


class Sparse(Section):
    """Of `sparse_logistic`."""

    features: int = Field(
        16, ge=1, description="columns with a weight that is not zero"
    )


class Training(Section):
    """A variant's features, its model, and how that is trained."""

    model: NetworkName = Field(
        "feedforward",
        description="; ".join(
            f"`{k}`: {network.what}" for k, network in NETWORKS.items()
        )
        + "; `module:Class`: your own torch network (docs/networks.md)",
    )
    network: dict[str, Any] = Field(
        {}, description="arguments of your own network's constructor"
    )
    features: list[FeatureName] = Field(
        ["aac", "dpc"], min_length=1, description="feature sets, joined in this order"
    )
    embeddings: Embeddings = Embeddings()
    hidden: list[int] = Field(
        [128, 64],
        min_length=2,
        max_length=2,
        description="widths of the feed-forward network's hidden layers",
    )
    channels: int = Field(32, ge=1, description="convolutional: channels per width")
    widths: list[int] = Field(
        [1, 3, 5, 9], min_length=1, description="convolutional: odd filter widths"
    )
    embedding: int = Field(24, ge=1, description="convolutional: residue embedding")
    logistic: Logistic = Logistic()
    boosting: Boosting = Boosting()
    sparse: Sparse = Sparse()
    epochs: int = Field(30, ge=1, description="passes over a member's training rows")
    batch_size: int = Field(128, ge=2, description="rows a member sees per step")
    batches: Literal["auto", "stratified", "shuffled"] = Field(
        "auto",
        description="`stratified`: the share of positives is the same in every batch; "
        "`auto`: stratified for losses that need both classes in a batch",
    )
    min_per_class: int = Field(
        8,
        ge=1,
        description="stratified batches: rows of the rarer class at least, drawn more "
        "often than the others if need be; the loss is told the share it then sees",
    )
    learning_rate: float = Field(2e-3, gt=0, description="peak of the schedule")
    schedule: Literal["one_cycle", "cosine", "constant"] = Field(
        "one_cycle", description="learning rate over all steps"
    )
    seeds: int = Field(1, ge=1, description="members per fold: a seed ensemble")
    inner_validation: Fraction = Field(
        0.1,
        description="grouped share of a member's training folds that steers the "
        "adaptive loss and early stopping; the held-out fold steers nothing",
    )
    early_stopping: EarlyStopping = EarlyStopping()
    dropout: float = Field(0.3, ge=0, lt=1, description="dropout rate")
    weight_decay: float = Field(
        0.01, ge=0, description="decoupled weight decay (AdamW), apart from the loss"
    )
    l1: float = Field(
        0.0, ge=0, description="penalty in the loss: this times the sum of |w|"
    )
    l2: float = Field(
        0.0,
        ge=0,
        description="penalty in the loss: this times the sum of w^2; with l1 an elastic "
        "net; biases are free",
    )
    input_noise: float = Field(
        0.0,
        ge=0,
        description="standard deviation of normal noise on standardised features or "
        "residue embeddings",
    )
    mixup: float = Field(
        0.0,
        ge=0,
        description="alpha of Beta(alpha, alpha): training rows mixed in pairs, after "
        "standardisation or embedding; 0: off",
    )
    label_smoothing: float = Field(
        0.0, ge=0, lt=1, description="training labels drawn towards 1/2, for any loss"
    )
    augmentation: Augmentation = Augmentation()
    feature_selection: FeatureSelection = FeatureSelection()

    @model_validator(mode="after")
    def _consistent(self):
        alone = {name for name in self.features if stands_alone(name)}
        if alone and len(self.features) > 1:
            raise ValueError(
                f"`features: [{alone.pop()}]` cannot be joined with other features"
            )
        asked = "embeddings" in self.features
        if asked and not (self.embeddings.model or self.embeddings.file):
            raise ValueError(
                "`features: [embeddings]` needs `embeddings: {model: ...}` or "
                "`embeddings: {file: ...}`"
            )
        own = is_import_path(self.model)
        wanted = "vector" if own else NETWORKS[self.model].reads
        if wanted != "vector" and self.features != [wanted]:
            raise ValueError(
                f"the network {self.model} reads `features: [{wanted}]`, not "
                f"{self.features}"
            )
        if alone and wanted == "vector" and not own:
            raise ValueError(
                f"{self.model} reads a feature vector, not `features: "
                f"{self.features}`; those are for `model: convolutional` (tokens) and "
                "`pooled_convolutional` (residues)"
            )
        if self.network and not own:
            raise ValueError(
                "`network` holds arguments of a network of your own (`model: "
                "module:Class`); the networks here have keys of their own"
            )
        if self.features == ["residues"] and self.augmentation.jitter:
            raise ValueError(
                "augmentation: jitter moves a peptide within its window, and "
                "`features: [residues]` have none"
            )
        if any(width % 2 == 0 for width in self.widths):
            raise ValueError("widths must be odd, so that a filter has a centre")
        if self.augmentation and not alone:
            raise ValueError(
                "augmentation changes residues, and these features are computed once "
                "from the unchanged sequences; use it with the convolutional network"
            )
        if self.feature_selection.method != "none" and alone:
            raise ValueError(
                "feature_selection chooses columns of a feature vector; the "
                "convolutional networks have residues"
            )
        if self.batches == "stratified" and self.batch_size < 2 * self.min_per_class:
            raise ValueError(
                f"a stratified batch of {self.batch_size} rows cannot hold "
                f"{self.min_per_class} of each class; raise batch_size or lower "
                "min_per_class"
            )
        return self


#: Settings that every model reads.
_SHARED = frozenset({"model", "features", "embeddings", "seeds", "feature_selection"})


def read_by(model: str | None) -> frozenset[str]:
    """Training settings that a model reads: no other one changes what is trained.

    Parameters
    ----------
    model : str or None
        None: the network of some kind of data.

    Returns
    -------
    frozenset of str

    Examples
    --------
    >>> sorted(read_by("logistic_regression") - read_by("gradient_boosting"))
    ['logistic']
    """
    particular = {key for network in NETWORKS.values() for key in network.settings}
    stepwise = frozenset(Training.model_fields) - particular - {"network"}
    if model is None:
        found = (read_by(name) for name in NETWORKS if name not in CLASSICAL)
        return frozenset().union(*found)
    if is_import_path(model):
        return stepwise | {"network"}
    shared = _SHARED if model in CLASSICAL else stepwise
    return shared | frozenset(NETWORKS[model].settings)


def check_pairing(variant: str, loss: str, training: Training) -> str | None:
    """What is wrong with a loss for a model, or None.

    Parameters
    ----------
    variant, loss : str
        Their names.
    training : Training

    Returns
    -------
    str or None
    """
    fitting = CLASSICAL.get(training.model)
    if fitting and loss not in fitting:
        return (
            f"variant {variant}: the model {training.model} cannot be fitted with the "
            f"loss {loss}; it takes {', '.join(fitting)}"
        )
    return None
