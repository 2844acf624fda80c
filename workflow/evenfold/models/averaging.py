"""How much less the mean of all members varies than that of one fold's members.

An out-of-fold logit is the mean of the few members that did not see its row; what is
deployed is the mean of all. How far the folds' members part on rows that none of them
was trained on cannot be seen on training rows, of which all but one fold's members know
the label. It is seen on mixtures of two training rows, which are like them and nobody's.
"""

from collections.abc import Callable, Sequence

import numpy as np

from evenfold.alphabet import GAP
from evenfold.models.members import Member
from evenfold.ragged import Ragged

#: Mixtures that are scored: their mean variance is then known to a few per cent.
MIXTURES = 1500
#: Parts of equal size, by their logit, in which it is taken apart.
_PARTS = 10


def parents(n: int, seed: int) -> np.ndarray:
    """Two rows for each mixture, whatever their class: ndarray of int, (MIXTURES, 2)."""
    return np.random.default_rng([seed, 0]).integers(0, n, (MIXTURES, 2))


def mixed_sequences(sequences: Sequence[str], seed: int) -> list[str]:
    """Sequences that have about half of their residues from another one.

    Residues are taken from the same place of the other, relative to its length; length
    and gaps stay.

    Parameters
    ----------
    sequences : sequence of str
    seed : int

    Returns
    -------
    list of str
    """
    generator = np.random.default_rng([seed, 1])
    found = []
    for one, other in parents(len(sequences), seed):
        letters, others = (
            np.frombuffer(sequences[row].encode("ascii"), np.uint8)
            for row in (one, other)
        )
        there = others[np.arange(len(letters)) * len(others) // len(letters)]
        gap = ord(GAP)
        taken = generator.random(len(letters)) < 0.5
        taken &= (letters != gap) & (there != gap)
        found.append(np.where(taken, there, letters).tobytes().decode("ascii"))
    return found


def mixed_rows(inputs: np.ndarray, seed: int) -> np.ndarray:
    """Rows halfway between two others, drawn away from the mean as far as those lie.

    Where sequences cannot be described anew, as with vectors from a file. Means and
    covariances of the columns stay, as they do not where columns are exchanged.

    Parameters
    ----------
    inputs : ndarray, shape (n, columns)
    seed : int

    Returns
    -------
    ndarray of float32, shape (MIXTURES, columns)
    """
    one, other = (np.asarray(inputs[rows]) for rows in parents(len(inputs), seed).T)
    mean = np.mean(inputs, axis=0, dtype=np.float64)
    return (mean + ((one - mean) + (other - mean)) / np.sqrt(2)).astype(np.float32)


def mixtures(
    inputs: np.ndarray | Ragged,
    sequences: Sequence[str],
    describe: Callable[[list[str]], np.ndarray | Ragged] | None,
    seed: int,
) -> np.ndarray | Ragged:
    """Inputs of mixtures of training rows: of sequences where they can be described.

    Parameters
    ----------
    inputs : ndarray, shape (n, columns), or Ragged
        Of the sequences.
    sequences : sequence of str, length n
    describe : callable or None
        Inputs of other sequences.
    seed : int

    Returns
    -------
    ndarray, shape (MIXTURES, columns), or Ragged
    """
    if describe is not None:
        return describe(mixed_sequences(sequences, seed))
    if isinstance(inputs, Ragged):
        raise TypeError("residues can be described anew always")
    return mixed_rows(inputs, seed)


def excess_variance(
    logits: np.ndarray, on_mixtures: np.ndarray, members: list[Member]
) -> np.ndarray:
    """Variance of out-of-fold logits that the mean of all members lacks.

    With k folds, whose means over their members part by the variance v on mixtures of
    about that logit, it is v (1 - 1/k).

    Parameters
    ----------
    logits : ndarray, shape (n,)
        Out-of-fold.
    on_mixtures : ndarray, shape (members, m)
        Of every member.
    members : list of Member

    Returns
    -------
    ndarray, shape (n,)
        0 where the members are of one fold, or any logit is no number.
    """
    folds = np.array([member.fold for member in members])
    names = np.unique(folds)
    means = np.stack(
        [on_mixtures[folds == fold].mean(axis=0, dtype=np.float64) for fold in names]
    )
    if len(names) < 2 or not (np.isfinite(means).all() and np.isfinite(logits).all()):
        return np.zeros(len(logits))
    centre, apart = means.mean(axis=0), means.var(axis=0, ddof=1)
    parts = np.array_split(np.argsort(centre, kind="stable"), _PARTS)
    at = [centre[part].mean() for part in parts]
    variance = [apart[part].mean() for part in parts]
    return np.interp(logits, at, variance) * (1 - 1 / len(names))
