"""Scores of the test set, and what trivial predictors reach on it: inside a look alone."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from evenfold.alphabet import residues
from evenfold.errors import EvenfoldError
from evenfold.ragged import Ragged
from evenfold.records.sequences import Probe
from evenfold.sequences.auditing import nearest
from evenfold.sequences.probes import test_probes


def score_test_set(
    ids: list[str],
    groups: list[int],
    sequences: list[str],
    labels_of: Callable[[], dict[str, int]],
    weights: dict[str, str | Path],
) -> pd.DataFrame:
    """Scores of the test set by every variant, with the labels.

    Parameters
    ----------
    ids, groups, sequences : list, length n
        Of the test sequences.
    labels_of : callable
        Reads the labels, by id.
    weights : dict of str to path-like
        Per variant.

    Returns
    -------
    DataFrame
        Columns id, group, variant, label, score; n rows a variant.

    Raises
    ------
    EvenfoldError
        When a sequence does not fit a variant's features, with its id.
    """
    # Imported here: a repeated run that only renders the stored result needs no torch.
    from evenfold.features import FeatureSet
    from evenfold.models.ensemble import Ensemble

    labels = labels_of()
    parts = []
    computed: dict[FeatureSet, np.ndarray | Ragged] = {}
    for name, path in weights.items():
        ensemble = Ensemble.load(path)
        features = FeatureSet.of(**ensemble.features)
        if features not in computed:
            for identifier, sequence in zip(ids, sequences):
                if reason := features.refusal(sequence):
                    raise EvenfoldError(f"test sequence {identifier}: {reason}")
            computed[features] = features.compute(sequences)
        scores = ensemble.scores(computed[features])
        parts.append(
            pd.DataFrame(
                {
                    "id": ids,
                    "group": np.array(groups, dtype=np.int64),
                    "variant": name,
                    "label": np.array([labels[i] for i in ids], dtype=np.int8),
                    "score": scores,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


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
    found = nearest(bare[0], bare[1], threads=threads)
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
