"""Kinds of data, and what is trained by default on each.

`features`, `model` and other settings of the training that are left out mean "by kind";
which kind it is depends on the training sequences, so that a job fills them in once the
data are split. Chosen by grouped cross-validation on training data (docs/benchmarks.md).
"""

from typing import Any, get_args

from evenfold.config.checking import validated
from evenfold.config.merging import merge
from evenfold.config.networks import NETWORKS
from evenfold.config.training import Training
from evenfold.errors import EvenfoldError
from evenfold.importing import is_import_path
from evenfold.records.sequences import Kind

KINDS: tuple[Kind, ...] = get_args(Kind)

_DESCRIPTORS = [
    "aac", "dpc", "ctdc", "ctdt", "ctdd", "physchem", "nterm", "cterm",
]  # fmt: skip
_FEEDFORWARD: dict[str, Any] = {"epochs": 10, "seeds": 3}
_CONVOLUTIONAL: dict[str, Any] = {"epochs": 15, "learning_rate": 0.006}
#: The network of each kind.
NETWORK: dict[Kind, str] = {
    "windows": "convolutional",
    "peptides": "feedforward",
    "proteins": "feedforward",
}
#: Settings of each kind and model that differ from those of `Training`.
BY_KIND: dict[Kind, dict[str, dict[str, Any]]] = {
    "windows": {
        "convolutional": _CONVOLUTIONAL,
        "feedforward": {"features": ["blosum62", "aac"], **_FEEDFORWARD},
        "gradient_boosting": {"features": ["zscales", "aac", "dpc"]},
        "logistic_regression": {"features": ["onehot", "aac"]},
    },
    "peptides": {
        "convolutional": _CONVOLUTIONAL,
        "feedforward": {"features": _DESCRIPTORS, **_FEEDFORWARD},
        "gradient_boosting": {"features": _DESCRIPTORS},
        "logistic_regression": {"features": _DESCRIPTORS},
    },
    "proteins": {
        "feedforward": {"features": _DESCRIPTORS, **_FEEDFORWARD},
        "gradient_boosting": {"features": _DESCRIPTORS},
        "logistic_regression": {"features": _DESCRIPTORS},
    },
}


def default_model(features: list[str] | None, kind: Kind) -> str:
    """The network of a kind, or the one that reads what is given.

    Parameters
    ----------
    features : list of str or None
        None: by kind too.
    kind : {'windows', 'peptides', 'proteins'}
    """
    if features is None:
        return NETWORK[kind]
    alone = [name for name, one in NETWORKS.items() if [one.reads] == features]
    return alone[0] if alone else "feedforward"


def default_features(model: str | None, kind: Kind) -> list[str]:
    """Feature sets that a model reads by default.

    Parameters
    ----------
    model : str or None
        None: the kind's network.
    kind : {'windows', 'peptides', 'proteins'}
    """
    model = model or NETWORK[kind]
    reads = "vector" if is_import_path(model) else NETWORKS[model].reads
    if reads != "vector":
        return [reads]
    settings = BY_KIND[kind]
    return settings.get(model, settings["feedforward"])["features"]


def resolved(given: dict[str, Any], kind: Kind, where: str) -> Training:
    """Training settings, what is left out filled in by kind.

    Parameters
    ----------
    given : dict
        Settings that are given, with the sections in them as mappings.
    kind : {'windows', 'peptides', 'proteins'}
    where : str
        For an error.

    Raises
    ------
    EvenfoldError
        For a wrong value, settings that do not go together, and no kind.
    """
    if kind not in KINDS:
        raise EvenfoldError(
            "split.json does not say which kind of data these are: an earlier version "
            "wrote it. Run `snakemake --forcerun split`."
        )
    model = given.get("model") or default_model(given.get("features"), kind)
    by_kind = BY_KIND[kind].get(model, {}) if isinstance(model, str) else {}
    filled = {"model": model, **by_kind}
    if "features" not in given and (model in NETWORKS or is_import_path(str(model))):
        filled["features"] = default_features(model, kind)
    return validated(Training, merge(filled, given), where)


def asked_of(given: dict[str, Any], training: Training) -> dict[str, Any]:
    """What of the given settings identifies a selection, as plain values.

    A setting that some kind has a default of its own for counts if it is given at all;
    another one if it is not the default.

    Parameters
    ----------
    given : dict
    training : Training
        Resolved, by whichever kind: the given values are the same in all.
    """
    return _asked(given, training.model_dump(), Training().model_dump(), _by_kind())


def _by_kind() -> dict[str, Any]:
    """Settings that some kind has a default of its own for, with those inside them."""
    found: dict[str, Any] = {"model": {}, "features": {}}
    for models in BY_KIND.values():
        for settings in models.values():
            found = merge(found, settings)
    return found


def _asked(given, values, defaults, by_kind):
    found = {}
    for key in given:
        value = values[key]
        if isinstance(value, dict) and isinstance(given[key], dict):
            # Parameters of a network of one's own have no defaults here.
            own = defaults.get(key) or {}
            inside = _asked(given[key], value, own, by_kind.get(key, {}))
            if inside:
                found[key] = inside
        elif key in by_kind or key not in defaults or value != defaults[key]:
            found[key] = value
    return found
