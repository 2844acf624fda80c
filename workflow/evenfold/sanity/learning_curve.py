"""Would more data help? The champion and gradient boosting on parts of the groups."""

import logging
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from typing import Any

import numpy as np

from evenfold.config.training import Training
from evenfold.errors import EvenfoldError
from evenfold.features import feature_set
from evenfold.models.data import TrainingData
from evenfold.models.device import prepare
from evenfold.models.running import Resources, load_features
from evenfold.models.settings import Execution, Specification
from evenfold.models.training import train_ensemble
from evenfold.records.learning_curve import (
    Estimate,
    LearningCurve,
    Projection,
    Reached,
    Size,
    SizeCurve,
)
from evenfold.records.selection import Selection
from evenfold.records.sequences import FeatureFacts
from evenfold.records.tables import OOF, SEQUENCES, SPLIT
from evenfold.sanity.extrapolation import extrapolated
from evenfold.sanity.sizes import MEASURES, Estimates, Scored, estimates, nested_parts

#: Shares of every fold's training groups, and how often each is drawn: small ones vary
#: more and cost less.
SHARES: Mapping[float, int] = {0.25: 3, 0.5: 2, 0.75: 2}
BOOSTING = "gradient_boosting"
_BESIDE = ["aac", "dpc"]
_RESAMPLES = 1000
_QUANTILES = (0.025, 0.5, 0.975)
_LOWEST = {"auroc": 0.0, "mcc": -1.0}


@dataclass(frozen=True)
class VariantInputs:
    """Paths of a variant's features and out-of-fold scores."""

    matrix: str
    columns: str
    oof: str


@dataclass(frozen=True)
class CurveInputs:
    """Paths of what the curve is made from; `variants` by name."""

    selection: str
    sequences: str
    split: str
    variants: Mapping[str, VariantInputs]


@dataclass(frozen=True, eq=False)
class Model:
    """What is trained on parts of the data.

    Attributes
    ----------
    name : str
    data : TrainingData
    specification : Specification
    logits : ndarray, shape (n,), or None
        Its out-of-fold logits where it was trained on all of the data already.
    """

    name: str
    data: TrainingData
    specification: Specification
    logits: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Part:
    """What was trained on the draws of one size: asked share, means, scores."""

    asked: float
    sequences: float
    groups: float
    scored: Scored


def learning_curve_files(
    inputs: CurveInputs,
    output: str | PathLike,
    specifications: Mapping[str, Specification],
    resources: Resources,
    log: logging.Logger,
) -> None:
    """Train the champion and gradient boosting on parts of the data; write the curve.

    Gradient boosting is the first variant of that model, or one on compositions beside
    the variants. Test sequences are not read.

    Parameters
    ----------
    inputs : CurveInputs
    output : path-like
        learning_curve.json.
    specifications : dict of str to Specification
        Of all variants.
    resources : Resources
    log : logging.Logger
    """
    device, threads = prepare(resources.device, resources.threads)
    log.info("device %s, %d threads", device, threads)
    engine = {k: v for k, v in resources.engine.items() if k != "checkpoint_epochs"}
    champion = Selection.read(inputs.selection).champion
    curves, notes = [], []
    for model in _models(inputs, champion, specifications):
        classical = model.specification.training.model == BOOSTING
        execution = Execution(device="cpu" if classical else device, **engine)
        parts, missing = trained_parts(model, execution, log)
        notes += missing
        curves.append(size_curve(model, parts, model.name == champion))
    LearningCurve(curves=curves, notes=notes).write(output)


def trained_parts(
    model: Model, execution: Execution, log: logging.Logger
) -> tuple[list[Part], list[str]]:
    """Train a model on every part, and on all of the data where that was not done.

    Parameters
    ----------
    model : Model
    execution : Execution
    log : logging.Logger

    Returns
    -------
    tuple of (list of Part, list of str)
        Ascending, the last of all data; and what could not be trained, in sentences.
    """
    data, seed = model.data, model.specification.seed
    drawn = [
        nested_parts(list(SHARES), data.labels, data.folds, data.clusters, seed + draw)
        for draw in range(max(SHARES.values()))
    ]
    found, notes = [], []
    for place, (share, draws) in enumerate(SHARES.items()):
        logits, chosen = [], []
        for draw in range(draws):
            part = drawn[draw][place]
            name = f"{100 * share:.0f} % of the training groups"
            specification = replace(
                model.specification, seed=zlib.crc32(f"{seed}/{draw}".encode())
            )
            try:
                if part.all():
                    raise EvenfoldError("whole groups leave none out.")
                logits.append(_out_of_fold(data, part, specification, execution))
            except EvenfoldError as error:
                notes.append(f"{model.name} cannot be trained on {name}: {error}")
                log.warning("%s", notes[-1])
                break
            chosen.append(part)
            log.info("%s on %s: draw %d of %d", model.name, name, draw + 1, draws)
        if logits:
            found.append(_part(data, share, chosen, logits))
    everything = np.ones(len(data.labels), dtype=bool)
    whole = model.logits
    if whole is None:
        whole = _out_of_fold(data, everything, model.specification, execution)
    found.append(_part(data, 1.0, [everything], [whole]))
    return found, notes


def size_curve(model: Model, parts: Sequence[Part], champion: bool) -> SizeCurve:
    """What the parts reach, what the last step adds, and what more data would.

    Parameters
    ----------
    model : Model
    parts : sequence of Part
    champion : bool

    Returns
    -------
    SizeCurve
    """
    data, seed = model.data, model.specification.seed
    scored = [part.scored for part in parts]
    found = estimates(scored, data.labels, data.clusters, _RESAMPLES, seed)
    several, fitted = len(parts) > 1, len(parts) > 2
    # The last two places are all of the data and twice as much.
    factors = np.r_[np.linspace(found.shares[0], 1, 7), np.linspace(1.25, 2, 4)]
    drawn = _extrapolated(found, factors, seed) if fitted else None
    one = int(np.flatnonzero(factors == 1)[0]) if fitted else 0
    return SizeCurve(
        name=model.name,
        champion=champion,
        sizes=[
            Size(
                share=part.scored.share,
                asked=part.asked,
                sequences=round(part.sequences),
                groups=round(part.groups),
                draws=len(part.scored.logits),
                reached=_reached({m: _level(found, m, place) for m in MEASURES}),
            )
            for place, part in enumerate(parts)
        ],
        last_step=_reached({m: _step(found, m) for m in MEASURES}) if several else None,
        doubled=_reached(
            {m: _quantiles(drawn[m][:, -1] - drawn[m][:, one]) for m in MEASURES}
        )
        if drawn
        else None,
        projected=[
            Projection(
                factor=float(factor),
                reached=_reached({m: _quantiles(drawn[m][:, k]) for m in MEASURES}),
            )
            for k, factor in enumerate(factors)
        ]
        if drawn
        else [],
    )


def _models(inputs, champion, specifications):
    """The champion, and gradient boosting unless that is it."""
    frame = SEQUENCES.frame(inputs.sequences, ["id", "sequence", "role", "label"])
    train = (frame["role"] == "train").to_numpy()
    frame, split = frame[train], SPLIT.frame(inputs.split)[train]
    trained = [
        name
        for name in Selection.read(inputs.selection).variants
        if specifications[name].training.model == BOOSTING
    ]

    def data(features, names):
        return TrainingData(
            features,
            frame["label"].to_numpy(dtype=np.int64),
            split["fold"].to_numpy(dtype=np.int64),
            split["cluster"].to_numpy(),
            names,
        )

    def of_variant(name):
        files = inputs.variants[name]
        facts = FeatureFacts.read(files.columns)
        scores = OOF.frame(files.oof, ["id", "logit"]).set_index("id")["logit"]
        return Model(
            name,
            data(load_features(files.matrix, facts), {"names": facts.names}),
            specifications[name],
            scores.loc[frame["id"]].to_numpy(),
        )

    yield of_variant(champion)
    if specifications[champion].training.model == BOOSTING:
        return
    if trained:
        yield of_variant(trained[0])
        return
    sequences = frame["sequence"].tolist()
    composition = feature_set(_BESIDE, zip(sequences, sequences)).compute(sequences)
    training = Training(model=BOOSTING, features=_BESIDE)
    seed = specifications[champion].seed
    yield Model(
        f"gradient boosting ({', '.join(_BESIDE)})",
        data(composition, {"names": _BESIDE}),
        Specification(training, {"name": "bce"}, seed),
    )


def _out_of_fold(data, part, specification, execution):
    """Out-of-fold logits of all rows by members that saw a part of the others."""
    labels, folds = data.labels[part], data.folds[part]
    present = np.unique(folds)
    classes = [len(np.unique(labels[folds != fold])) for fold in present]
    if len(present) < len(np.unique(data.folds)) or min(classes) < 2:
        raise EvenfoldError("too few groups for both classes beside every fold.")
    rows = np.flatnonzero(part)
    inputs: Any = data.inputs[rows]
    some = TrainingData(inputs, labels, folds, data.clusters[part], data.features)
    outcome = train_ensemble(some, specification, execution)
    return outcome.ensemble.out_of_fold(data.inputs, data.folds, execution.device)


def _part(data, asked, chosen, logits):
    rows = np.mean([part.sum() for part in chosen])
    groups = np.mean([len(np.unique(data.clusters[part])) for part in chosen])
    share = float(rows / len(data.labels))
    return Part(asked, float(rows), float(groups), Scored(share, logits))


def _extrapolated(found: Estimates, factors, seed):
    return {
        m: extrapolated(
            found.shares, found.values[m], found.covariance[m], factors, seed
        )
        for m in MEASURES
    }


def _reached(by_measure):
    return Reached(**by_measure)


def _level(found, measure, place):
    """What a size reaches; a measure stays within its range."""
    value, spread = found.values[measure][place], found.covariance[measure]
    reached = _normal(value, spread[place, place])
    low, high = max(reached.low, _LOWEST[measure]), min(reached.high, 1.0)
    return reached.model_copy(update={"low": low, "high": high})


def _step(found, measure):
    """Difference of the last two sizes."""
    values, spread = found.values[measure], found.covariance[measure]
    variance = spread[-1, -1] + spread[-2, -2] - 2 * spread[-1, -2]
    return _normal(values[-1] - values[-2], variance)


def _normal(value, variance):
    """An estimate whose error is normal."""
    reach = float(1.96 * max(variance, 0.0) ** 0.5)
    value = float(value)
    return Estimate(value=value, low=value - reach, high=value + reach)


def _quantiles(samples):
    low, middle, high = np.quantile(samples, _QUANTILES)
    return Estimate(value=float(middle), low=float(low), high=float(high))
