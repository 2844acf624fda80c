"""An index of spaced seeds: which short sequences may be related.

A seed is a set of columns, and a family of seeds finds a pair on one diagonal where, at
any place, all columns of one of them are identical. Whether it finds *every* ungapped
pair above the limits, wherever its mismatches lie, is computed, not assumed (`loss_free_from`).
The more columns a seed has, the rarer it hits by chance.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from evenfold.alphabet import N_CODES, encode
from evenfold.config.grouping import Grouping
from evenfold.sequences.alignment import common_subsequence, in_threads, opal_letters
from evenfold.sequences.components import Components
from evenfold.sequences.families import FAMILIES

#: Hits of one seed that a family may have unless it is the first: two minutes or so.
MOST_HITS = 2e9
#: Hits that are looked at side by side, and how many such lots between two joinings.
_LOT, _LOTS = 1 << 21, 8
#: Columns that one machine word holds.
_WORD = 64


def least_mismatches(seeds: Sequence[Sequence[int]], columns: int) -> list[int]:
    """Fewest mismatches that keep all seeds from hitting, by the number of columns.

    A walk over the columns that remembers the last ones.

    Parameters
    ----------
    seeds : sequence of sequence of int
    columns : int
        At most.

    Returns
    -------
    list of int, length columns + 1
    """
    states = np.arange(1 << (max(seed[-1] for seed in seeds) + 1))
    hit = np.zeros(len(states), dtype=bool)
    for seed in seeds:
        mask = sum(1 << (seed[-1] - column) for column in seed)
        hit |= (states & mask) == mask
    never = columns + 1
    cost = np.full(len(states), never)
    cost[0] = 0
    fewest = [0]
    for _ in range(columns):
        before = np.minimum(cost[states >> 1], cost[(states >> 1) | (len(states) >> 1)])
        cost = np.minimum(before + 1 - (states & 1), never)
        cost[hit] = never
        fewest.append(int(cost.min()))
    return fewest


def loss_free_from(
    seeds: Sequence[Sequence[int]], identity: float, coverage: float, longest: int
) -> int:
    """Length from which the seeds find every ungapped pair above the limits.

    Parameters
    ----------
    seeds : sequence of sequence of int
    identity, coverage : float
        Limits, 0 to 1.
    longest : int
        Length of the longest sequence there is.

    Returns
    -------
    int
        Of the longer sequence of a pair; longest + 1 where there is none.
    """
    fewest = least_mismatches(seeds, longest)
    found = 1
    for length in range(1, longest + 1):
        for aligned in range(_least(coverage, length), length + 1):
            if aligned - _least(identity, aligned) >= fewest[aligned]:
                found = length + 1
                break
    return found


def _least(share, n):
    """Smallest whole number that is at least a share of n."""
    return math.ceil(share * n - 1e-9)


@dataclass(frozen=True)
class Packed:
    """Short sequences as bits: a word for each bit of the letters' codes.

    Attributes
    ----------
    codes : ndarray of uint8, shape (n, longest)
        Padded at the end by a code that no letter has.
    lengths : ndarray of int64, shape (n,)
    words : ndarray of uint64, shape (bits, n), or None
        Bit p of word b: bit b of the code of letter p. None for longer ones.
    """

    codes: np.ndarray
    lengths: np.ndarray
    words: np.ndarray | None

    @classmethod
    def of(cls, sequences: Sequence[str]) -> "Packed":
        """From residue strings."""
        lengths = np.array([len(sequence) for sequence in sequences], dtype=np.int64)
        codes = np.full(
            (len(sequences), int(lengths.max(initial=1))), N_CODES, np.uint8
        )
        flat = encode(opal_letters("".join(sequences)))
        codes[np.arange(codes.shape[1]) < lengths[:, None]] = flat
        if codes.shape[1] > _WORD:
            return cls(codes, lengths, None)
        words = np.zeros((N_CODES.bit_length(), len(sequences)), dtype=np.uint64)
        for bit, word in enumerate(words):
            for place in range(codes.shape[1]):
                word |= (codes[:, place].astype(np.uint64) >> bit & 1) << place
        return cls(codes, lengths, words)

    def matches(self, a: np.ndarray, b: np.ndarray, shift: np.ndarray) -> np.ndarray:
        """Identical letters of pairs on the diagonal where b starts `shift` later.

        Parameters
        ----------
        a, b : ndarray of int
        shift : ndarray of int

        Returns
        -------
        ndarray of int
        """
        assert self.words is not None
        right = np.maximum(shift, 0).astype(np.uint64)
        left = np.maximum(-shift, 0).astype(np.uint64)
        differ = np.zeros(len(a), dtype=np.uint64)
        for word in self.words:
            differ |= (word[a] >> right) ^ (word[b] >> left)
        overlap = np.minimum(
            self.lengths[a] - np.maximum(shift, 0),
            self.lengths[b] - np.maximum(-shift, 0),
        )
        # 64 columns need no mask, and a word cannot be shifted by 64.
        beyond = np.where(overlap < _WORD, overlap, 0).astype(np.uint64)
        mask = np.where(
            overlap < _WORD, (np.uint64(1) << beyond) - np.uint64(1), ~np.uint64(0)
        )
        return np.bitwise_count(~differ & mask).astype(np.int64)


#: Joins those of candidates (a, b) that are above the limits.
Verify = Callable[[np.ndarray, np.ndarray], None]


def join_by_seeds(
    sequences: Sequence[str],
    components: Components,
    settings: Grouping,
    verify: Verify,
    threads: int = 1,
    families: Sequence[Sequence[Sequence[int]]] = FAMILIES,
) -> int:
    """Join what seeds find among short sequences and is above the limits.

    Parameters
    ----------
    sequences : sequence of str
        Residue strings; those of `settings.short_length` and more are compared with
        shorter ones alone.
    components : Components
        Of these sequences; joined here.
    settings : Grouping
    verify : callable
        Joins those of the candidates that are above the limits.
    threads : int
    families : sequence of families
        The rarest hits first; each is used for lengths that those before it may miss.

    Returns
    -------
    int
        Length from which every ungapped pair above the limits is found.
    """
    packed = Packed.of(sequences)
    longest = packed.codes.shape[1]
    below, found_from = longest + 1, longest + 1
    for number, seeds in enumerate(families):
        chosen = np.flatnonzero(packed.lengths < below)
        if not len(chosen):
            break
        # One index at a time: of a million windows it takes half a gigabyte.
        if number and any(
            _hits(_index(packed, chosen, seed)) > MOST_HITS for seed in seeds
        ):
            break
        for seed in seeds:
            index = _index(packed, chosen, seed)
            for a, b in _candidates(packed, index, components, settings, threads):
                verify(a, b)
        found_from = below = min(
            below,
            loss_free_from(seeds, settings.short_identity, settings.coverage, longest),
        )
        if below <= 1:
            break
    return found_from


def _index(packed, chosen, seed):
    """Sorted keys of a seed at every place of the chosen sequences, and bits of places.

    The lower bits of a key are the sequence and the place.
    """
    bits = max(1, int(packed.codes.shape[1] - 1).bit_length())
    low = max(1, int(len(packed.lengths) - 1).bit_length()) + bits
    sizes = [
        int((packed.lengths[chosen] > place + seed[-1]).sum())
        for place in range(packed.codes.shape[1] - seed[-1])
    ]
    keys = np.empty(sum(sizes), np.int64)
    starts = np.cumsum([0, *sizes])
    for place, start in enumerate(starts[:-1].tolist()):
        rows = chosen[packed.lengths[chosen] > place + seed[-1]]
        key = np.zeros(len(rows), dtype=np.int64)
        for column in seed:
            key = key * N_CODES + packed.codes[rows, place + column]
        keys[start : start + len(rows)] = (key << low) | (rows << bits) | place
    keys.sort()
    return keys, (bits, low)


def _runs(keys, low):
    """How many later entries have the key of each entry."""
    seeds = keys >> low
    last = np.flatnonzero(np.r_[seeds[1:] != seeds[:-1], True])
    sizes = np.diff(np.r_[-1, last])
    return np.repeat(last, sizes) - np.arange(len(keys))


def _hits(index):
    keys, (_, low) = index
    return int(_runs(keys, low).sum()) if len(keys) else 0


def _candidates(packed, index, components, settings, threads):
    """Pairs of different components with enough identical letters on a diagonal.

    What a lot finds is joined before later lots are looked at; lots are of a size
    that knows no threads, so that the same pairs are looked at on any machine.
    """
    keys, (_, low) = index
    if not len(keys):
        return
    after = _runs(keys, low)
    until = np.cumsum(after)
    lots = np.searchsorted(until, np.arange(0, int(until[-1]) + _LOT, _LOT))
    lots = np.unique(np.r_[lots, len(keys)])
    bounds = list(zip(lots[:-1].tolist(), lots[1:].tolist()))

    def look(bound):
        return _pairs_of(packed, index, after, bound, components.labels, settings)

    for start in range(0, len(bounds), _LOTS):
        found = in_threads(look, bounds[start : start + _LOTS], threads)
        pairs: np.ndarray = np.unique(np.concatenate(list(found)))
        if len(pairs):
            yield np.divmod(pairs, len(packed.lengths))


def _pairs_of(packed, index, after, bound, labels, settings):
    """As one number each: the candidates among some entries and those after them."""
    keys, (bits, low) = index
    start, end = bound
    places = np.int64((1 << bits) - 1)
    rows = np.int64((1 << (low - bits)) - 1)
    counts = after[start:end]
    first = np.repeat(np.arange(start, end), counts)
    begins = np.repeat(np.cumsum(counts) - counts, counts)
    second = first + 1 + (np.arange(len(first)) - begins)
    one, other = keys[first], keys[second]
    shift = (one & places) - (other & places)
    lengths, limit = packed.lengths, settings.short_length
    # What no lengths allow goes first, as it costs least.
    furthest = lengths.max() - math.ceil(settings.coverage * lengths.min() - 1e-9)
    use = np.flatnonzero(np.abs(shift) <= furthest)
    a, b = (one[use] >> bits) & rows, (other[use] >> bits) & rows
    apart = np.flatnonzero(labels[a] != labels[b])
    a, b, shift = a[apart], b[apart], shift[use[apart]]
    # The least that coverage leaves of either bounds how far an alignment may shift.
    la, lb = lengths[a], lengths[b]
    longer = np.maximum(la, lb)
    covered = np.ceil(settings.coverage * np.minimum(la, lb) - 1e-9).astype(np.int64)
    keep = (shift <= la - covered) & (-shift <= lb - covered)
    keep &= np.minimum(la, lb) >= settings.coverage * longer
    keep &= np.minimum(la, lb) < limit
    use = np.flatnonzero(keep)
    a, b, shift, longer = a[use], b[use], shift[use], longer[use]
    if packed.words is not None:
        same = np.ceil(
            settings.short_identity * np.ceil(settings.coverage * longer - 1e-9)
        )
        # Half of what an alignment needs: a gap parts it into two diagonals.
        keep = packed.matches(a, b, shift) >= np.ceil(same / 2)
        a, b = a[keep], b[keep]
    low_end, high_end = np.minimum(a, b), np.maximum(a, b)
    pairs = np.unique(low_end * len(lengths) + high_end)
    if packed.words is None:
        return pairs
    a, b = np.divmod(pairs, len(lengths))
    covered = np.ceil(settings.coverage * np.maximum(lengths[a], lengths[b]) - 1e-9)
    least = np.ceil(settings.short_identity * covered - 1e-9)
    return pairs[common_subsequence(packed.codes, a, b) >= least]
