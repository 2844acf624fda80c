"""Scores of the test set, and what trivial predictors reach on it: inside a look alone."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from evenfold.alphabet import residues
from evenfold.errors import EvenfoldError
from evenfold.ragged import Ragged
from evenfold.records.selection import Selection
from evenfold.records.sequences import Probe
from evenfold.saying import counted, verb
from evenfold.sequences.auditing import Search, nearest
from evenfold.sequences.domain import banded
from evenfold.sequences.nearby import Neighbours
from evenfold.sequences.probes import test_probes


def check_ids(ids: list[str], test: list[str], labels: dict[str, int]) -> None:
    """Check that every sequence has an id of its own, and every test sequence a label.

    Parameters
    ----------
    ids : list of str
        Of all sequences.
    test : list of str
        Of those of the test set.
    labels : dict of str to int
        By id.

    Raises
    ------
    EvenfoldError
    """
    if twice := [name for name, n in Counter(ids).items() if n > 1]:
        raise EvenfoldError(
            f"{counted(len(twice), 'id')} {verb(len(twice), 'stands', 'stand')} before several sequences, {twice[0]!r} first. The "
            "test set was not looked at. Clean the data again: "
            "`snakemake --forcerun clean`."
        )
    if unlabelled := [name for name in test if labels.get(name) not in (0, 1)]:
        raise EvenfoldError(
            f"{counted(len(unlabelled), 'test sequence')} "
            f"{verb(len(unlabelled), 'has', 'have')} no label, {unlabelled[0]!r} first. "
            "The test set was not looked at. Clean the data again: "
            "`snakemake --forcerun clean`."
        )


def scoring(
    test: pd.DataFrame,
    groups: list[int],
    labels: dict[str, int],
    weights: dict[str, str | Path],
) -> Callable[[], pd.DataFrame]:
    """Load every variant, check that it takes every test sequence, and return the rest.

    Parameters
    ----------
    test : DataFrame
        Columns id and sequence; n rows.
    groups : list of int, length n
        Group of related sequences of each.
    labels : dict of str to int
        By id.
    weights : dict of str to path-like
        Per variant.

    Returns
    -------
    callable
        Scores the test set. Returns columns id, group, variant, label, score; n rows a
        variant.

    Raises
    ------
    EvenfoldError
        When a sequence does not fit a variant's features, with its id.
    """
    # Imported here: a repeated run that only renders the stored result needs no torch.
    from evenfold.features import FeatureSet
    from evenfold.models.ensemble import Ensemble

    ids, sequences = test["id"].tolist(), test["sequence"].tolist()
    ensembles = {name: Ensemble.load(path) for name, path in weights.items()}
    features = {n: FeatureSet.of(**one.features) for n, one in ensembles.items()}
    computed: dict[FeatureSet, np.ndarray | Ragged] = {}
    for wanted in features.values():
        if wanted not in computed:
            for identifier, sequence in zip(ids, sequences):
                if reason := wanted.refusal(sequence):
                    raise EvenfoldError(f"test sequence {identifier}: {reason}")
            computed[wanted] = wanted.compute(sequences)

    def score() -> pd.DataFrame:
        parts = [
            pd.DataFrame(
                {
                    "id": ids,
                    "group": np.array(groups, dtype=np.int64),
                    "variant": name,
                    "label": np.array([labels[i] for i in ids], dtype=np.int8),
                    "score": ensemble.scores(computed[features[name]]),
                }
            )
            for name, ensemble in ensembles.items()
        ]
        return pd.concat(parts, ignore_index=True)

    return score


def test_bands(
    selection: Selection, train: pd.DataFrame, test: pd.DataFrame, ids: list[str]
) -> np.ndarray | None:
    """Bands of the champion's domain that test sequences are in.

    Parameters
    ----------
    selection : Selection
    train, test : DataFrame
        Columns id and sequence.
    ids : list of str
        Of the test sequences, in the order that is wanted.

    Returns
    -------
    ndarray of str or None
        None where no domain was frozen, or a sequence is not at hand.
    """
    of = dict(zip(test["id"], test["sequence"]))
    if selection.domain is None or not of.keys() >= set(ids):
        return None
    sequences = [of[name] for name in ids]
    found = Neighbours.of(train["sequence"].tolist()).nearest(sequences)
    return np.array(
        banded(sequences, selection.learned, selection.domain.reach, found.identity)[0]
    )


def trivial_predictors(
    train: pd.DataFrame, test: pd.DataFrame, predictions: pd.DataFrame, threads: int = 1
) -> list[Probe]:
    """What trivial predictors, fitted on the training data, reach on the test set.

    Parameters
    ----------
    train, test : DataFrame
        Columns id, sequence, label (of the training rows).
    predictions : DataFrame
        Holds the labels of the test rows.
    threads : int
        Of the search for nearest neighbours.

    Returns
    -------
    list of Probe
    """
    labels = predictions.drop_duplicates("id").set_index("id")["label"].loc[test["id"]]
    bare = [[residues(s) for s in part["sequence"]] for part in (test, train)]
    found = nearest(bare[0], bare[1], search=Search(threads=threads))
    neighbour = np.full(len(test), -1)
    neighbour[found.queries] = found.partner
    return test_probes(
        train["sequence"].tolist(),
        train["id"].tolist(),
        train["label"].to_numpy(dtype=np.int64),
        test["sequence"].tolist(),
        test["id"].tolist(),
        labels.to_numpy(dtype=np.int64),
        neighbour,
    )
