"""What each residue of a sequence adds to a model's logit, by making it unknown."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from evenfold.alphabet import AMINO_ACIDS, GAP, UNKNOWN
from evenfold.features import FeatureSet
from evenfold.models.ensemble import Ensemble
from evenfold.records.contributions import Position, Residue

#: Copies of sequences that are scored at once.
COPIES = 1024
#: Groups that a residue's mean is of, at least.
LEAST = 8


def logits_of(
    ensemble: Ensemble, features: FeatureSet
) -> Callable[[list[str]], np.ndarray]:
    """A function that gives the logits of sequences, the mean over the members.

    Parameters
    ----------
    ensemble : Ensemble
    features : FeatureSet
    """
    return lambda sequences: ensemble.mean_logits(features.compute(sequences))


def changes(
    logits: Callable[[list[str]], np.ndarray],
    sequences: Sequence[str],
    places: Sequence[Sequence[int]],
) -> list[np.ndarray]:
    """How far the logit of a sequence falls where a residue of it is made unknown.

    Parameters
    ----------
    logits : callable
        Gives the logits of some sequences.
    sequences : sequence of str, length n
    places : sequence of sequence of int, length n
        Of each sequence the residues that are asked for, counted from 0.

    Returns
    -------
    list of ndarray of float
        One a sequence, in the order of its places.
    """
    copies = [
        copy
        for sequence, own in zip(sequences, places, strict=True)
        for copy in (
            sequence,
            *(sequence[:place] + UNKNOWN + sequence[place + 1 :] for place in own),
        )
    ]
    found = np.concatenate(
        [
            np.empty(0),
            *(
                logits(copies[start : start + COPIES])
                for start in range(0, len(copies), COPIES)
            ),
        ]
    )
    ends = np.cumsum([1 + len(own) for own in places])
    parts = np.split(found, ends[:-1]) if len(ends) else []
    return [part[0] - part[1:] for part in parts]


def places_of(sequence: str) -> list[int]:
    """Where a sequence has residues, counted from 0."""
    return [place for place, letter in enumerate(sequence) if letter != GAP]


def by_position(
    sequences: Sequence[str],
    groups: Sequence[int],
    places: Sequence[Sequence[int]],
    found: Sequence[np.ndarray],
) -> list[Position]:
    """Mean change of each residue at each position of windows.

    Against the others that windows have there: a residue that all windows share decides
    nothing between them.

    Parameters
    ----------
    sequences : sequence of str, length n
        Of one length.
    groups : sequence of int, length n
        Relatives count as one.
    places : sequence of sequence of int, length n
    found : sequence of ndarray, length n
        See `changes`.

    Returns
    -------
    list of Position
        Every position, from the first.
    """
    length = max(map(len, sequences), default=0)
    middle = length // 2 if length % 2 else None
    table = _table(sequences, groups, places, found)
    means = _means(table)
    windows = table.groupby("place").size()
    told = []
    for place in range(length):
        residues = means.get(place, [])
        # Between residues, less what their means vary by chance.
        between = sum(one.n * (one.change**2 - one.se**2) for one in residues)
        own = table[table["place"] == place]
        counted = len(own.drop_duplicates(["letter", "group"]))
        told.append(
            Position(
                place=place + 1,
                offset=None if middle is None else place - middle,
                n=int(windows.get(place, 0)),
                spread=_rounded(np.sqrt(max(0.0, between) / max(1, counted))),
                residues=residues,
            )
        )
    return told


def by_residue(
    sequences: Sequence[str],
    groups: Sequence[int],
    places: Sequence[Sequence[int]],
    found: Sequence[np.ndarray],
) -> list[Residue]:
    """Mean change of each kind of residue, wherever it stands, against all others.

    Parameters
    ----------
    sequences : sequence of str, length n
    groups : sequence of int, length n
        Relatives count as one.
    places : sequence of sequence of int, length n
    found : sequence of ndarray, length n
        See `changes`.

    Returns
    -------
    list of Residue
        A mean over groups of means over sequences, in each of which it is the mean of
        its places.
    """
    table = _table(sequences, groups, places, found)
    return _means(table.assign(place=0)).get(0, [])


def _table(sequences, groups, places, found) -> pd.DataFrame:
    """A row for each residue that was asked: what it is, what it is of, its change."""
    asked = [len(own) for own in places]
    parts = zip(sequences, places, strict=True)
    letters = [sequence[place] for sequence, own in parts for place in own]
    return pd.DataFrame(
        {
            "place": np.concatenate([np.empty(0, int), *places]).astype(int),
            "letter": np.array(letters, dtype=str),
            "group": np.repeat(np.asarray(groups, dtype=int), asked),
            "sequence": np.repeat(np.arange(len(asked)), asked),
            "change": np.concatenate([np.empty(0), *found]),
        }
    )


def _means(table: pd.DataFrame) -> dict[int, list[Residue]]:
    """Of each place its residues: means over groups, beside all residues there."""
    everything = _by_group(table, ["place"]).groupby("place").mean()
    own = _by_group(table, ["place", "letter"]).groupby(["place", "letter"])
    told = own.agg(["mean", "std", "size"])
    told["mean"] -= everything.reindex(told.index, level="place")
    told = told[told["size"] >= LEAST]
    found: dict[int, list[Residue]] = {}
    for (place, letter), mean, sd, n in told.itertuples():
        if letter in AMINO_ACIDS:
            se = _rounded(sd / np.sqrt(n))
            residue = Residue(letter=letter, n=int(n), change=_rounded(mean), se=se)
            found.setdefault(int(place), []).append(residue)
    return found


def _by_group(table: pd.DataFrame, keys: list[str]) -> pd.Series:
    """Mean change of each group, in which every sequence counts as one."""
    of_sequences = table.groupby([*keys, "group", "sequence"])["change"].mean()
    return of_sequences.groupby([*keys, "group"]).mean()


def _rounded(value: float) -> float:
    """So far that threads and processors agree."""
    return round(float(value), 4)
