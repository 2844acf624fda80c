"""What each residue of a sequence adds to a model's logit, by making it unknown."""

from collections.abc import Callable, Sequence

import numpy as np

from evenfold.alphabet import AMINO_ACIDS, GAP, UNKNOWN
from evenfold.features import FeatureSet
from evenfold.models.ensemble import Ensemble
from evenfold.records.contributions import Position, Residue

#: Copies of sequences that are scored at once.
COPIES = 1024
#: Sequences that a residue's mean is of, at least.
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
    places : sequence of sequence of int, length n
    found : sequence of ndarray, length n
        See `changes`.

    Returns
    -------
    list of Position
        Every position, from the first.
    """
    length = max(map(len, sequences), default=0)
    table = np.full((len(sequences), length), np.nan)
    for row, (own, values) in enumerate(zip(places, found, strict=True)):
        table[row, list(own)] = values
    letters = np.array([list(sequence) for sequence in sequences])
    middle = length // 2 if length % 2 else None
    told = []
    for place in range(length):
        known = np.flatnonzero(~np.isnan(table[:, place]))
        values = table[known, place] - (table[known, place].mean() if len(known) else 0)
        residues = _means(letters[known, place], values)
        # Between residues, less what their means vary by chance.
        between = sum(one.n * (one.change**2 - one.se**2) for one in residues)
        told.append(
            Position(
                place=place + 1,
                offset=None if middle is None else place - middle,
                n=len(known),
                spread=_rounded(np.sqrt(max(0.0, between) / max(1, len(known)))),
                residues=residues,
            )
        )
    return told


def by_residue(
    sequences: Sequence[str],
    places: Sequence[Sequence[int]],
    found: Sequence[np.ndarray],
) -> list[Residue]:
    """Mean change of each kind of residue, wherever it stands, against all others.

    Parameters
    ----------
    sequences : sequence of str, length n
    places : sequence of sequence of int, length n
    found : sequence of ndarray, length n
        See `changes`.

    Returns
    -------
    list of Residue
        A mean over sequences, in each of which it is the mean of its places.
    """
    letters: list[str] = []
    values: list[float] = []
    everything = np.concatenate([np.empty(0), *found])
    centre = everything.mean() if len(everything) else 0.0
    for sequence, own, change in zip(sequences, places, found, strict=True):
        here = np.array([sequence[place] for place in own])
        for letter in sorted(set(here)):
            letters.append(letter)
            values.append(float(change[here == letter].mean() - centre))
    return _means(np.array(letters), np.array(values))


def _means(letters: np.ndarray, values: np.ndarray) -> list[Residue]:
    found = []
    for letter in AMINO_ACIDS:
        own = values[letters == letter]
        if len(own) >= LEAST:
            found.append(
                Residue(
                    letter=letter,
                    n=len(own),
                    change=_rounded(own.mean()),
                    se=_rounded(own.std(ddof=1) / np.sqrt(len(own))),
                )
            )
    return found


def _rounded(value: float) -> float:
    """So far that threads and processors agree."""
    return round(float(value), 4)
