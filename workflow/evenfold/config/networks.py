"""Which models there are: the names that may stand in `training: model`.

The networks themselves are in `evenfold.models`, which needs torch and this does not; a
test holds the names of both together.
"""

from dataclasses import dataclass
from typing import Annotated

from evenfold.config.section import OneOf


@dataclass(frozen=True)
class Network:
    """A model, by what can be asked of it.

    Attributes
    ----------
    what : str
        For the documentation.
    reads : str
        `vector` for any joined features, or the one feature set that it needs.
    losses : tuple of str
        Losses that a model which is not trained by gradient steps can be fitted with;
        empty: trained by gradient steps, with any.
    settings : tuple of str
        Of the training settings those that such models alone read.
    """

    what: str
    reads: str = "vector"
    losses: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()


_FILTERS = ("channels", "widths", "embedding")
NETWORKS = {
    "feedforward": Network(
        "two hidden layers on a feature vector", settings=("hidden",)
    ),
    "convolutional": Network(
        "multi-width 1-D convolutions on windows and peptides (features: tokens)",
        reads="tokens",
        settings=_FILTERS,
    ),
    "pooled_convolutional": Network(
        "the same on proteins of any length (features: residues)",
        reads="residues",
        settings=_FILTERS,
    ),
    "logistic_regression": Network(
        "scikit-learn's",
        losses=("bce", "wbce", "class_balanced"),
        settings=("logistic",),
    ),
    "gradient_boosting": Network(
        "trees grown by XGBoost",
        losses=("bce", "wbce", "class_balanced"),
        settings=("boosting",),
    ),
    "sparse_logistic": Network(
        "at most `sparse: features` weights (needs evenfold[sparse])",
        losses=("bce", "focal"),
        settings=("sparse",),
    ),
}
#: Models from the simplest on, as a champion is compared with them; one's own are last.
SIMPLEST_FIRST = (
    "logistic_regression",
    "sparse_logistic",
    "gradient_boosting",
    "feedforward",
    "convolutional",
    "pooled_convolutional",
)
#: Losses of the models that are not trained by gradient steps.
CLASSICAL = {
    name: network.losses for name, network in NETWORKS.items() if network.losses
}
NetworkName = Annotated[str, OneOf(NETWORKS, own=True)]
