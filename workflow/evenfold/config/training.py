"""Settings of a variant's model, its training and its regularisation."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from evenfold.config.features import FeatureName
from evenfold.config.section import Fraction, Section

ImportPath = Annotated[str, Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")]
Rate = Field(0.0, ge=0, lt=1)

#: Losses that a model which is not trained by gradient steps can be fitted with.
CLASSICAL = {
    "logistic_regression": ("bce", "wbce", "class_balanced"),
    "gradient_boosting": ("bce", "wbce", "class_balanced"),
    "sparse_logistic": ("bce", "focal"),
}


class EarlyStopping(Section):
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
    method: Literal["none", "model", "rfe"] = Field(
        "none",
        description="`model`: largest coefficients of a logistic regression; `rfe`: "
        "recursive elimination with it; each on a member's own training rows",
    )
    keep: float = Field(0.25, gt=0, le=1, description="share of the columns kept")


class Logistic(Section):
    c: float = Field(1.0, gt=0, description="inverse strength of the L2 penalty")


class Boosting(Section):
    trees: int = Field(100, ge=1, description="boosting iterations")
    leaves: int = Field(31, ge=2, description="most leaves of a tree")
    learning_rate: float = Field(0.1, gt=0, description="shrinkage")
    l2: float = Field(0.0, ge=0, description="L2 penalty of the leaf values")


class Sparse(Section):
    features: int = Field(
        16, ge=1, description="columns with a weight that is not zero"
    )


class Embeddings(Section):
    """Where the vectors of the feature set `embeddings` come from."""

    model: str | None = Field(
        None,
        description="ESM-2 or ProtT5 model: a local folder, or a name on the Hugging Face "
        "hub (needs evenfold[plm])",
    )
    pooling: Literal["mean", "site"] = Field(
        "mean",
        description="`mean`: over the residues; `site`: the state at the centre of a "
        "window, with its whole protein as context (data sets with `sites`)",
    )
    revision: str | None = Field(None, description="commit of a model on the hub")
    file: str | None = Field(
        None, description="precomputed vectors by id: .parquet, .h5 or .npz"
    )
    store: str = Field(
        "resources/embeddings",
        description="folder that keeps every vector ever made, by sequence",
    )
    batch_residues: int = Field(
        8000, ge=1, description="residues that go through the model at once"
    )
    longest: int = Field(
        1022, ge=1, description="residues of a piece; longer sequences go in pieces"
    )

    @model_validator(mode="after")
    def _one_origin(self):
        if self.model and self.file:
            raise ValueError("give either a model or a file of vectors")
        if self.file and self.pooling == "site":
            raise ValueError(
                "`pooling: site` is for a model; a file's vectors are as they are"
            )
        return self


class Engine(Section):
    """How the networks are trained: changes speed and memory, results by rounding."""

    memory_gb: float | None = Field(
        None,
        gt=0,
        description="memory that training may take; members and batches are cut to it "
        "(empty: most of the GPU's, half of what the job has on a CPU)",
    )
    chunk: int | None = Field(
        None,
        ge=1,
        description="members that train as one stack at most (empty: a recorded table "
        "by device and network)",
    )
    precision: Literal["auto", "float32", "tf32", "bfloat16"] = Field(
        "auto", description="`auto`: tf32 on CUDA, float32 on a CPU"
    )
    compiled: bool = Field(
        False, description="torch.compile; needs a C++ compiler on a CPU"
    )
    checkpoint_epochs: int = Field(
        5, ge=0, description="epochs between checkpoints; 0: only when told to stop"
    )


class Training(Section):
    model: (
        Literal[
            "feedforward",
            "convolutional",
            "pooled_convolutional",
            "logistic_regression",
            "gradient_boosting",
            "sparse_logistic",
        ]
        | ImportPath
    ) = Field(
        "feedforward",
        description="`feedforward`: two hidden layers on a feature vector; "
        "`convolutional`: multi-width 1-D convolutions on windows and peptides "
        "(features: tokens); `pooled_convolutional`: the same on proteins of any length "
        "(features: residues); "
        "`logistic_regression`, `gradient_boosting`: scikit-learn's; "
        "`sparse_logistic`: at most `sparse: features` weights (needs evenfold[sparse]); "
        "`module:Class`: your own torch network (docs/networks.md)",
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
        alone = {"tokens", "residues"} & set(self.features)
        if alone and len(self.features) > 1:
            raise ValueError(
                f"`features: [{alone.pop()}]` cannot be joined with other features"
            )
        asked = "embeddings" in self.features
        if asked and not (self.embeddings.model or self.embeddings.file):
            raise ValueError(
                "`features: [embeddings]` needs `embeddings: {model: ...}` or `{file: ...}`"
            )
        reads = {"convolutional": "tokens", "pooled_convolutional": "residues"}
        wanted = reads.get(self.model)
        if wanted and self.features != [wanted]:
            raise ValueError(
                f"the network {self.model} reads `features: [{wanted}]`, not "
                f"{self.features}"
            )
        if alone and not wanted and ":" not in self.model:
            raise ValueError(
                f"{self.model} reads a feature vector, not `features: "
                f"{self.features}`; those are for `model: convolutional` (tokens) and "
                "`pooled_convolutional` (residues)"
            )
        if self.network and ":" not in self.model:
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


def check_pairing(variant: str, loss: str, training: Training) -> str | None:
    """What is wrong with a loss for a model, or None."""
    fitting = CLASSICAL.get(training.model)
    if fitting and loss not in fitting:
        return (
            f"variant {variant}: the model {training.model} cannot be fitted with the "
            f"loss {loss}; it takes {', '.join(fitting)}"
        )
    return None
