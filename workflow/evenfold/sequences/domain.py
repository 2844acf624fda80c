"""Where training sequences lie, and whether others lie there too: bands of a domain.

*Inside* is where 95 % of the training sequences are, each measured against those of the
other folds; *outside* where none is; *edge* between. Measured are residues, letters,
unknown residues, composition, and the identity to the nearest training sequence.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from evenfold.alphabet import AMINO_ACIDS, GAP, UNKNOWN_CODE, encode
from evenfold.records.selection import EDGE, INSIDE, OUTSIDE, Learned, Reach
from evenfold.sequences.nearby import Neighbours

#: Of a selection that froze no domain, and of sequences whose nearest was not searched.
UNKNOWN, NOT_AVAILABLE = "unknown", "not available"
#: Share of the training sequences that are not inside, in each measure (the convention
#: of applicability domains: 95 % of what a model was made from).
_TAIL = 0.05


@dataclass(frozen=True)
class Measures:
    """Sequences as the bands see them.

    Attributes
    ----------
    residues : ndarray of int, shape (n,)
    unknown : ndarray of float, shape (n,)
        Share of residues that are none of the twenty; 1 without any.
    shares : ndarray of float, shape (n, 20)
        Composition; zeros where no residue is known.
    """

    residues: np.ndarray
    unknown: np.ndarray
    shares: np.ndarray

    @classmethod
    def of(cls, sequences: Sequence[str]) -> "Measures":
        """Of cleaned sequences.

        Parameters
        ----------
        sequences : sequence of str, length n

        Returns
        -------
        Measures
        """
        n, kinds = len(sequences), UNKNOWN_CODE + 1
        letters = np.array([len(sequence) for sequence in sequences], dtype=np.int64)
        row = np.repeat(np.arange(n), letters)
        codes = encode("".join(sequences))
        counts = np.bincount(row * kinds + codes, minlength=n * kinds)
        counts = counts.reshape(n, kinds)
        known = counts[:, 1:-1].sum(1)
        total = known + counts[:, -1]
        unknown = np.where(total > 0, (1 - known / np.maximum(total, 1)).round(6), 1.0)
        return cls(total, unknown, counts[:, 1:-1] / np.maximum(known, 1)[:, None])

    def take(self, rows: np.ndarray) -> "Measures":
        """Of some sequences.

        Parameters
        ----------
        rows : ndarray

        Returns
        -------
        Measures
        """
        return Measures(self.residues[rows], self.unknown[rows], self.shares[rows])

    def distance(self, mean: np.ndarray) -> np.ndarray:
        """Share of residues that would have to be others to have a composition.

        Parameters
        ----------
        mean : ndarray, shape (20,)

        Returns
        -------
        ndarray, shape (n,)
            0 where no residue is known.
        """
        found: np.ndarray = np.abs(self.shares - mean).sum(1) / 2
        return np.where(self.shares.any(1), found, 0.0)


@dataclass(frozen=True)
class Banded:
    """Training sequences by bands, each by the limits of the other folds.

    Attributes
    ----------
    reach : Reach
        Limits of all, for new sequences.
    bands : ndarray of str, shape (n,)
    """

    reach: Reach
    bands: np.ndarray


def banded(
    sequences: Sequence[str],
    learned: Learned | None,
    reach: Reach | None,
    identity: np.ndarray | None,
) -> tuple[list[str], list[str]]:
    """Band of every sequence, and why it is not inside.

    Parameters
    ----------
    sequences : sequence of str, length n
        Cleaned.
    learned : Learned or None
        Without it nothing is known.
    reach : Reach or None
        Without it nothing is at the edge.
    identity : ndarray, shape (n,), or None
        To the nearest training sequence; None where it was not searched: then none is
        said to be inside.

    Returns
    -------
    tuple of list
        Names of the bands, and what is unlike the training, in words.
    """
    n = len(sequences)
    if learned is None:
        return [UNKNOWN] * n, [""] * n
    inside = INSIDE if reach is None or identity is not None else NOT_AVAILABLE
    bands, reasons = [inside] * n, [""] * n
    beyond = _beyond(sequences, learned, reach, identity)
    for row in _any([one.outside for one in beyond]):
        bands[row] = OUTSIDE
        reasons[row] = "; ".join(o.told(row, True) for o in beyond if o.outside[row])
    for row in _any([one.edge for one in beyond]):
        if bands[row] != OUTSIDE:
            bands[row] = EDGE
            reasons[row] = "; ".join(o.told(row, False) for o in beyond if o.edge[row])
    return bands, reasons


def _any(masks: list[np.ndarray]) -> list[int]:
    found: list[int] = np.flatnonzero(np.logical_or.reduce(masks)).tolist()
    return found


@dataclass(frozen=True)
class _Measure:
    """Which sequences one measure puts outside, which at the edge, and the words."""

    outside: np.ndarray
    edge: np.ndarray
    told: Callable[[int, bool], str]


def _beyond(sequences, learned, reach, identity) -> list[_Measure]:
    found, never = Measures.of(sequences), np.zeros(len(sequences), dtype=bool)
    odd = never.copy()
    usual = set(AMINO_ACIDS + GAP)
    allowed = set(learned.letters)
    if not usual <= allowed or any(set(s).difference(usual) for s in sequences):
        odd = np.array([not allowed.issuperset(s) for s in sequences], dtype=bool)
    low, high = learned.shortest, learned.longest
    if reach is not None:
        low, high = reach.residues
    lengths = found.residues
    measures = [
        _Measure(
            (lengths < learned.shortest) | (lengths > learned.longest),
            (lengths < low) | (lengths > high),
            lambda row, out: _length_told(lengths[row], learned, low, high, out),
        ),
        _Measure(odd, never, lambda row, _: _letters_told(sequences[row], allowed)),
        _Measure(
            found.unknown > learned.unknown,
            never,
            lambda row, _: (
                f"{found.unknown[row]:.0%} unknown residues, those of the training have "
                f"at most {learned.unknown:.0%}"
            ),
        ),
    ]
    if reach is None:
        return measures
    most, all_of_them = reach.distance
    distance = found.distance(np.array([reach.mean[one] for one in AMINO_ACIDS]))
    measures.append(
        _Measure(
            distance > all_of_them,
            distance > most,
            lambda row, out: (
                f"composition {distance[row]:.0%} off the mean of the training, "
                + (
                    f"whose sequences are at most {all_of_them:.0%} off"
                    if out
                    else f"95% of whose sequences are at most {most:.0%} off"
                )
            ),
        )
    )
    if identity is not None:
        all_have, most_have = reach.identity
        measures.append(
            _Measure(
                identity < all_have,
                identity < most_have,
                lambda row, out: (
                    f"{identity[row]:.0%} identical to the nearest training sequence, "
                    + (
                        f"those of the training at least {all_have:.0%}"
                        if out
                        else f"95% of those of the training at least {most_have:.0%}"
                    )
                ),
            )
        )
    return measures


def _length_told(length: int, learned: Learned, low: int, high: int, out: bool) -> str:
    if not out:
        return f"{length} residues, 95% of those of the training have {low} to {high}"
    reach = f"{learned.shortest} to {learned.longest}"
    if learned.shortest == learned.longest:
        reach = str(learned.longest)
    return f"{length} residues, those of the training have {reach}"


def _letters_told(sequence: str, allowed: set[str]) -> str:
    new = sorted(set(sequence).difference(allowed))
    several = "letters" if len(new) > 1 else "letter"
    return f"{several} {', '.join(new)}, which no training sequence has"


def out_of_fold(
    sequences: Sequence[str],
    folds: np.ndarray,
    groups: np.ndarray,
    describe: Callable[[Sequence[str]], Learned],
) -> Banded:
    """Bands of training sequences, each against those of the other folds.

    Parameters
    ----------
    sequences : sequence of str, length n
        Cleaned, of the training.
    folds, groups : ndarray of int, shape (n,)
    describe : callable
        Gives lengths and letters of sequences.

    Returns
    -------
    Banded
    """
    found = Measures.of(sequences)
    identity, distance = np.zeros(len(sequences)), np.zeros(len(sequences))
    aligner, weights = "", _weights(groups)
    for own, others in _parts(folds):
        neighbours = Neighbours.of([sequences[row] for row in others])
        aligner = neighbours.aligner
        some = neighbours.nearest([sequences[row] for row in own])
        identity[own] = some.identity
        distance[own] = found.take(own).distance(_mean(found, weights, others))

    def reach(rows: np.ndarray) -> Reach:
        return _reach(found, identity, distance, weights, rows, aligner)

    bands = np.full(len(sequences), INSIDE, dtype="<U13")
    for own, others in _parts(folds):
        learned = describe([sequences[row] for row in others])
        limits, some_own = reach(others), [sequences[row] for row in own]
        bands[own] = banded(some_own, learned, limits, identity[own])[0]
    return Banded(reach(np.arange(len(sequences))), bands)


def _parts(folds: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Rows of each fold, and those of the others; of one fold the fold itself."""
    names = np.unique(folds)
    for fold in names:
        own = folds == fold
        yield np.flatnonzero(own), np.flatnonzero(~own if len(names) > 1 else own)


def _weights(groups: np.ndarray) -> np.ndarray:
    """Weights by which groups count alike."""
    _, group, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    return np.take(1 / sizes, group)


def _mean(found: Measures, weights: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return np.average(found.shares[rows], axis=0, weights=weights[rows])


def _reach(found, identity, distance, weights, rows, aligner) -> Reach:
    """Limits by the measures of some rows, which the other folds gave."""
    weight, lengths = weights[rows], found.residues[rows]
    near, far = identity[rows], distance[rows]
    # What is written has so many digits: none may fall beyond its own limit by rounding.
    return Reach(
        aligner=aligner,
        identity=(_down(near.min()), _down(_quantile(near, weight, _TAIL))),
        residues=(
            int(_quantile(lengths, weight, _TAIL / 2)),
            int(_quantile(lengths, weight, 1 - _TAIL / 2)),
        ),
        mean={
            letter: float(share)
            for letter, share in zip(
                AMINO_ACIDS, _mean(found, weights, rows).round(6).tolist()
            )
        },
        distance=(_up(_quantile(far, weight, 1 - _TAIL)), _up(far.max())),
    )


def _down(value: float) -> float:
    return float(np.floor(value * 1e4) / 1e4)


def _up(value: float) -> float:
    return float(np.ceil(value * 1e4) / 1e4)


def _quantile(values: np.ndarray, weights: np.ndarray, level: float) -> float:
    """Smallest value up to which so large a share of the weights lies."""
    order = np.argsort(values, kind="stable")
    total = np.cumsum(weights[order])
    place = int(np.searchsorted(total, level * total[-1] - 1e-9))
    return float(values[order][min(place, len(values) - 1)])
