"""What the champion looks at, told by training sequences that its members did not see."""

import logging
from collections.abc import Mapping, Sequence
from os import PathLike

import numpy as np
import pandas as pd

from evenfold.config.decides import Decides
from evenfold.config.networks import CLASSICAL
from evenfold.explaining.columns import KINDS, added
from evenfold.explaining.residues import (
    by_position,
    by_residue,
    changes,
    logits_of,
    places_of,
)
from evenfold.features import FeatureSet
from evenfold.importing import is_import_path
from evenfold.models.device import prepare
from evenfold.models.ensemble import Ensemble
from evenfold.records.contributions import ColumnAdds, Contributions, Explained
from evenfold.records.selection import Selection
from evenfold.records.sequences import SplitFacts
from evenfold.records.tables import SEQUENCES, SPLIT

#: Sequences that are asked at most, residues of each that is no window, and letters of all
#: copies with an unknown residue: some seconds of one core.
_SEQUENCES, _PLACES, _LETTERS = 600, 20, 800_000
#: Rows whose columns are told, and columns that are written.
_ROWS, _COLUMNS = 200, 15


def contributions_files(
    selection: str | PathLike,
    tables: Mapping[str, str],
    weights: Mapping[str, str],
    output: str | PathLike,
    log: logging.Logger,
) -> None:
    """Write contributions.json.

    Parameters
    ----------
    selection : path-like
    tables : dict of str to str
        `sequences`, `split` and `facts` of the split.
    weights : dict of str to str
        Per variant.
    output : path-like
    log : logging.Logger
    """
    prepare("cpu", 1)
    chosen = Selection.read(selection)
    decides = Decides.of(chosen.config)
    seed = decides.seed
    windows = SplitFacts.read(tables["facts"]).kind == "windows"
    rows = sample(_training(tables), seed)
    models = []
    for variant in _asked(chosen, decides):
        ensemble = Ensemble.load(weights[variant])
        told = explained(ensemble, rows, windows, seed)
        models.append(
            told.model_copy(
                update={"variant": variant, "champion": variant == chosen.champion}
            )
        )
        log.info("%s: %s", variant, told.why_not or f"{told.sequences} sequences")
    Contributions(models=models).write(output)


def _asked(selection: Selection, decides: Decides) -> list[str]:
    """The champion, and where it is no network the best that is."""

    def network(name: str) -> bool:
        return decides.variants[name].training.model not in CLASSICAL

    by_mcc = sorted(
        filter(network, selection.variants),
        key=lambda name: -selection.variants[name].oof.mcc,
    )
    own = network(selection.champion)
    return [selection.champion, *(by_mcc[:1] if not own else [])]


def _training(tables: Mapping[str, str]) -> pd.DataFrame:
    sequences = SEQUENCES.frame(tables["sequences"], ["id", "sequence", "role"])
    split = SPLIT.frame(tables["split"], ["id", "role", "fold", "cluster"])
    rows = sequences.merge(split, on=["id", "role"], validate="one_to_one")
    return rows[rows["role"] == "train"].reset_index(drop=True)


def sample(rows: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Training sequences of every group, as many of each as there is time for.

    Of many groups one each, since relatives tell the same twice; of few groups several,
    whose mean says better what the group's is.

    Parameters
    ----------
    rows : DataFrame
        Columns sequence, fold and cluster.
    seed : int

    Returns
    -------
    DataFrame
        At most 600 of its rows: the first of each group, then the second of each.
    """
    order = np.random.default_rng(seed).permutation(len(rows))
    drawn = rows.iloc[order]
    number = drawn.groupby("cluster").cumcount()
    each = max(1, _SEQUENCES // max(1, rows["cluster"].nunique()))
    by_turn = drawn.assign(number=number).sort_values("number", kind="stable")
    chosen = by_turn[by_turn["number"] < each].head(_SEQUENCES)
    in_turn = chosen.rename_axis("row").sort_values(["number", "row"])
    return in_turn.rename_axis(rows.index.name).drop(columns="number")


def explained(
    ensemble: Ensemble, rows: pd.DataFrame, windows: bool, seed: int
) -> Explained:
    """What a model looks at, each sequence asked of members that did not train on it.

    Parameters
    ----------
    ensemble : Ensemble
    rows : DataFrame
        Columns sequence, fold and cluster.
    windows : bool
        Whether positions mean the same in all of them.
    seed : int
        Of the places in long sequences.

    Returns
    -------
    Explained
        Of no name yet.
    """
    features = FeatureSet.of(**ensemble.features)
    why_not = _why_not(features)
    told = Explained(
        variant="", champion=False, sequences=len(rows), positions=[], residues=[],
        columns=[], shares={}, why_not=why_not, groups=rows["cluster"].nunique(),
    )  # fmt: skip
    if why_not:
        return told
    sequences, places = _places(rows["sequence"].tolist(), windows, seed)
    asked = rows.head(len(sequences))
    found = _by_fold(ensemble, features, sequences, asked["fold"].to_numpy(), places)
    groups = asked["cluster"].tolist()
    columns, shares = _columns(ensemble, features, rows)
    return told.model_copy(
        update={
            "sequences": len(sequences),
            "groups": len(set(groups)),
            "positions": by_position(sequences, groups, places, found)
            if windows
            else [],
            "residues": [] if windows else by_residue(sequences, groups, places, found),
            "columns": columns,
            "shares": shares,
        }
    )


def _why_not(features: FeatureSet) -> str | None:
    if features.vectors:
        return (
            "its features are vectors of a language model, whose dimensions have no "
            "meaning of their own"
        )
    if any(map(is_import_path, features.names)):
        return (
            "its features are of your own code, which is not asked of changed sequences"
        )
    return None


def _places(
    sequences: list[str], windows: bool, seed: int
) -> tuple[list[str], list[list[int]]]:
    """As many sequences as there is time for, and of each the places that are asked."""
    draw = np.random.default_rng(seed)
    chosen: list[str] = []
    places: list[list[int]] = []
    left = _LETTERS
    for sequence in sequences:
        own = places_of(sequence)
        if not windows and len(own) > _PLACES:
            own = sorted(draw.choice(own, _PLACES, replace=False).tolist())
        left -= len(sequence) * (len(own) + 1)
        if left < 0 and chosen:
            break
        chosen.append(sequence)
        places.append(own)
    return chosen, places


def _by_fold(
    ensemble: Ensemble,
    features: FeatureSet,
    sequences: Sequence[str],
    folds: np.ndarray,
    places: Sequence[Sequence[int]],
) -> list[np.ndarray]:
    found = [np.empty(0)] * len(sequences)
    for fold in np.unique(folds):
        own = np.flatnonzero(folds == fold).tolist()
        part = ensemble.of_fold(int(fold))
        values = changes(
            logits_of(part, features),
            [sequences[i] for i in own],
            [places[i] for i in own],
        )
        for i, value in zip(own, values):
            found[i] = value
    return found


def _columns(
    ensemble: Ensemble, features: FeatureSet, rows: pd.DataFrame
) -> tuple[list[ColumnAdds], dict[str, float]]:
    """Columns that add most, of each feature set one at least, and each set's share."""
    if ensemble.recipe["kind"] not in KINDS:
        return [], {}
    sets = np.array(
        [
            name
            for name in features.names
            for _ in FeatureSet((name,), features.length).columns
        ]
    )
    rows = rows.head(3 * _ROWS)
    inputs = np.asarray(features.compute(rows["sequence"].tolist()))
    folds = rows["fold"].to_numpy()
    asked = np.arange(len(rows)) < _ROWS
    total = np.zeros((int(asked.sum()), inputs.shape[1]))
    for fold in np.unique(folds[asked]):
        own = asked & (folds == fold)
        part = added(ensemble.of_fold(int(fold)), inputs[own], inputs[folds != fold])
        total[own[asked]] = part
    clusters = rows["cluster"][asked]
    # A group counts as one.
    weight = 1 / clusters.map(clusters.value_counts()).to_numpy(float)
    size = np.average(np.abs(total), axis=0, weights=weight)
    whole = float(size.sum()) or 1.0
    shares = {
        name: round(float(size[sets == name].sum()) / whole, 4)
        for name in dict.fromkeys(features.names)
    }
    names = features.columns
    return [
        ColumnAdds(
            name=names[i],
            feature_set=str(sets[i]),
            size=round(float(size[i]), 4),
            rises=_correlation(inputs[asked, i], total[:, i], weight),
        )
        for i in _first(size, sets)
    ], shares


def _first(size: np.ndarray, sets: np.ndarray) -> list[int]:
    """Columns that are written, the largest first: also the largest of each set."""
    order = [i for i in np.lexsort((np.arange(len(size)), -size)) if size[i] > 0]
    of_sets = {sets[i]: i for i in reversed(order)}
    return sorted({*order[:_COLUMNS], *of_sets.values()}, key=order.index)


def _correlation(x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> float | None:
    if not (np.ptp(x) and np.ptp(y)):
        return None
    ((own, both), (_, other)) = np.cov(x, y, aweights=weight)
    return round(float(both / np.sqrt(own * other)), 4)
