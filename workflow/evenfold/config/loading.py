"""The configuration read from its files and resolved: run, data sets, training."""

import re
from pathlib import Path
from typing import Any

from evenfold.config.audit import Audit
from evenfold.config.checking import check_keys, check_values, nearest, validated
from evenfold.config.cleaning import Cleaning
from evenfold.config.dataset import Dataset
from evenfold.config.features import stands_alone
from evenfold.config.forms import FORMS, form_of
from evenfold.config.grid import expanded
from evenfold.config.grouping import Grouping
from evenfold.config.kinds import Kind, resolved
from evenfold.config.losses import LOSSES
from evenfold.config.merging import merge
from evenfold.config.networks import CLASSICAL, NETWORKS
from evenfold.config.run import Run
from evenfold.config.section import IMPORT_PATH, NAME, Section
from evenfold.config.split import Split
from evenfold.config.training import Training, check_pairing
from evenfold.config.variants import Variant
from evenfold.config.yaml_files import read_yaml
from evenfold.errors import EvenfoldError

#: Sections given as plain mappings, merged over each other before they are checked.
_LATE: dict[str, type[Section]] = {
    "cleaning": Cleaning,
    "grouping": Grouping,
    "split": Split,
    "audit": Audit,
    "training": Training,
}


def load_run(raw: dict, where: str = "the configuration") -> Run:
    """Check the run's configuration.

    Raises
    ------
    EvenfoldError
        With one line per fault, each naming the key and the nearest valid one.
    """
    raw = dict(raw)
    check_values(raw, where)
    for key in ("variants", "datasets"):
        if isinstance(raw.get(key), dict):
            raise EvenfoldError(
                f"{where}: `{key}` is a mapping; it must be a list. Snakemake merges "
                f"mappings of several configfiles key by key, so entries of the first "
                f"file would stay behind unasked; a list replaces them. "
                f"Write `{key}:` with one `- ` entry each."
            )
        elif key in raw and isinstance(raw[key], str | int | float):
            # `--config datasets=mine` means the one.
            raw[key] = [raw[key]]
    for name in raw.get("datasets") or []:
        if not re.match(NAME, str(name)):
            raise EvenfoldError(
                f"{where}: data set {str(name)!r} is not a name. Data sets are named "
                "after their file: config/datasets/<name>.yaml is listed as <name>, "
                "in letters, digits, - and _. Put paths into that file."
            )
    if isinstance(raw.get("variants"), list):
        raw["variants"] = expanded(raw["variants"], where)
    for variant in raw.get("variants") or []:
        _check_loss_name(variant, where)
    run = validated(Run, raw, where)
    for key, model in _LATE.items():
        check_keys(model, getattr(run, key), f"{where}: {key}")
    _check_training(run.training, f"{where}: training")
    for variant in run.variants:
        _check_training(variant.training, f"{where}: variant {variant.name}: training")
    return run


def load_dataset(
    name: str, run: Run, folder: str | Path = "config/datasets"
) -> Dataset:
    """Read config/datasets/<name>.yaml with the run's overrides merged in.

    Raises
    ------
    EvenfoldError
        No such file, or its faults, each naming the key and the nearest valid one.
    """
    path = Path(folder) / f"{name}.yaml"
    if not path.is_file():
        known = sorted(file.stem for file in Path(folder).glob("*.yaml"))
        raise EvenfoldError(
            f"data set {name!r}: there is no {path}.{nearest(name, known)} "
            f"Known data sets: {', '.join(known) or 'none'}."
        )
    raw = read_yaml(path)
    for key in ("cleaning", "grouping", "split", "audit", "training"):
        if not isinstance(raw.get(key) or {}, dict):
            raise EvenfoldError(
                f"{path}: {key}: expected keys and values, found {raw[key]!r:.60}. Leave "
                "the key out for the defaults."
            )
    for key in ("cleaning", "grouping", "split", "audit"):
        raw[key] = merge(raw.get(key) or {}, getattr(run, key))
    _check_training(raw.get("training") or {}, f"{path}: training")
    dataset = validated(Dataset, raw, str(path))
    for sources in (dataset.train, dataset.test):
        if not sources:
            continue
        for file, label, kind in sources.entries():
            if kind == "sequences":
                labelled = label is None and not sources.labels
                _check_form(file.origin(), labelled, dataset, path)
    return dataset


def _check_form(name, labelled, dataset, path):
    """Refuse a file whose form is unclear or cannot carry the labels it should."""
    try:
        form = form_of(name, dataset.form)
    except EvenfoldError as error:
        raise EvenfoldError(f"{path}: {error}") from None
    if not labelled:
        return
    known = FORMS[form]
    if known.labels == "headers" and not dataset.label_pattern:
        raise EvenfoldError(
            f"{path}: {name} is listed as labelled {known.what}; say how its headers carry "
            r"the label with `label_pattern`, for example label_pattern: '\|([01])$'"
        )
    if known.labels == "none":
        raise EvenfoldError(
            f"{path}: {name} has {known.what} and no labels; list it under "
            "positive or negative, or set `form: table` if it is one"
        )


def given_training(run: Run, dataset: Dataset, variant: Variant) -> dict[str, Any]:
    """Training settings that are given for one variant: data set, then run and variant.

    A variant with a model of its own does not inherit what that cannot read: features
    of another network, and changes of residues.

    Parameters
    ----------
    run : Run
    dataset : Dataset
    variant : Variant
    """
    shared = merge(dataset.training, run.training)
    model = variant.training.get("model")
    if model in NETWORKS:
        reads = NETWORKS[model].reads
        features = shared.get("features") or []
        codes = [name for name in features if stands_alone(name)]
        if codes != [reads] and (codes or reads != "vector"):
            shared.pop("features", None)
        if reads == "vector":
            shared.pop("augmentation", None)
    merged = merge(shared, variant.training)
    # A key without a value is left out.
    return {key: value for key, value in merged.items() if value is not None}


def resolve_training(
    run: Run, dataset: Dataset, variant: Variant, kind: Kind
) -> Training:
    """Settings of one variant: defaults by kind, then what is given.

    Parameters
    ----------
    run : Run
    dataset : Dataset
    variant : Variant
    kind : {'windows', 'peptides', 'proteins'}

    Raises
    ------
    EvenfoldError
        Settings, or a loss and a model, that do not go together.
    """
    given = given_training(run, dataset, variant)
    training = resolved(given, kind, f"training of variant {variant.name}")
    wanted = "embeddings" in training.features
    if wanted and training.embeddings.pooling == "site" and not dataset.sites:
        raise EvenfoldError(
            f"training of variant {variant.name}: `embeddings: {{pooling: site}}` needs the "
            "whole proteins; give `proteins` and `sites` in the data set's file, or use "
            "`training: {embeddings: {pooling: mean}}`"
        )
    fault = check_pairing(variant.name, variant.loss.name, training)
    if fault:
        raise EvenfoldError(fault)
    return training


def _check_training(raw, where):
    """Refuse unknown keys, and a model or features that are no names.

    The other values are checked where it is clear which kind of data they are for.
    """
    check_keys(Training, raw, where)
    if not isinstance(raw, dict):
        return
    model, features = raw.get("model"), raw.get("features")
    if not isinstance(model, str | None):
        raise EvenfoldError(f"{where}: model: expected a name, found {model!r:.60}")
    named = isinstance(features, list) and all(isinstance(f, str) for f in features)
    if features is not None and not named:
        raise EvenfoldError(
            f"{where}: features: expected a list of names, found {features!r:.60}"
        )


def _check_loss_name(variant, where):
    if isinstance(variant, str):
        variant = {"name": variant, "loss": variant}
    if not isinstance(variant, dict):
        return
    loss = variant.get("loss")
    if isinstance(loss, dict):
        name = str(loss.get("name"))
        if name in LOSSES:
            check_keys(LOSSES[name], loss, f"{where}: loss {name}")
        loss = loss.get("name")
    if str(loss) not in LOSSES and not re.match(IMPORT_PATH, str(loss)):
        name = str(variant.get("name"))
        raise EvenfoldError(
            f"{where}: variant {name!r} asks for the loss {loss!r}, which does not exist."
            f"{_meant(name, str(loss))} Known losses: {', '.join(LOSSES)}."
        )


def _meant(name, loss):
    """What an unknown loss may mean: another loss, a model, or a variant's name."""
    called = loss.casefold()
    model = next(
        (
            model
            for model, network in NETWORKS.items()
            if called in model or called in network.what.casefold().split()
        ),
        None,
    )
    if model and len(loss) > 3:
        losses = CLASSICAL.get(model, ("bce",))
        return (
            f" It is a model: write `- {{name: {name}, loss: {losses[0]}, training: "
            f"{{model: {model}}}}}`."
        )
    found = nearest(loss, LOSSES)
    if name == loss and not found:
        return (
            " A name alone is that of a loss; with another name a variant is a mapping, "
            "as in `- {name: fn_weighted, loss: {name: wbce, fn_weight: 2.0}}`."
        )
    return found
