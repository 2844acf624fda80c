"""The nearest training sequence of new ones, by an index of spaced seeds.

A seed reads five letters; what shares one with a training sequence is looked at: short
ones on that diagonal, without gaps, longer ones by Smith-Waterman where several seeds
lie on one diagonal. So the cost grows with the new sequences, and hardly with those of
the training.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from evenfold.alphabet import AMINO_ACIDS, encode, residues
from evenfold.sequences.families import FAMILIES

#: What finds an alignment of short sequences, and of longer ones.
UNGAPPED = "spaced seeds, ungapped"
ALIGNED = "spaced seeds, then Smith-Waterman (Opal)"
#: Residues up to which a sequence is short: it fits into the bits of a machine word.
SHORT = 64
_LETTERS = len(AMINO_ACIDS)
#: Hits of 64 residues like those of the training, on average: words that occur so often
#: that there would be more are passed over; the rarest words tell the most.
_PER_SEQUENCE = 200
#: Occurrences up to which a word is always looked up.
_ALWAYS = 3
#: Hits that are looked at side by side.
_LOT = 1 << 20
#: The largest position of a training sequence.
_LAST = (1 << 32) - 1
#: Seeds for longer sequences, which have many places: hits that a pair needs on
#: diagonals of so few, and partners of a sequence that are aligned.
_SEEDS, _HITS, _DIAGONALS, _ALIGNED = 2, 2, 32, 3


@dataclass(frozen=True)
class Found:
    """Nearest training sequences.

    Attributes
    ----------
    partner : ndarray of int, shape (n,)
        Position among the training sequences; -1 where none shares a seed.
    identity : ndarray of float, shape (n,)
        Identical residues over the residues of the longer one (aligned ones: identity
        times coverage); 0 where none shares a seed.
    """

    partner: np.ndarray
    identity: np.ndarray


@dataclass(frozen=True)
class Neighbours:
    """Training sequences in which the nearest ones of others are looked up.

    Attributes
    ----------
    sequences : list of str
        Residues, without gaps.
    ids : list of str
    """

    sequences: list[str]
    ids: list[str]

    @classmethod
    def of(cls, sequences: Sequence[str], ids: Sequence[str] = ()) -> "Neighbours":
        """Of training sequences with their gaps, if they are padded.

        Parameters
        ----------
        sequences : sequence of str
        ids : sequence of str, optional

        Returns
        -------
        Neighbours
        """
        return cls([residues(sequence) for sequence in sequences], list(ids))

    @cached_property
    def short(self) -> bool:
        """Whether all are short."""
        return max(map(len, self.sequences), default=0) <= SHORT

    @property
    def aligner(self) -> str:
        """What finds the alignments of most sequences."""
        return UNGAPPED if self.short else ALIGNED

    @cached_property
    def _flat(self) -> "_Flat":
        return _Flat.of(self.sequences)

    @cached_property
    def _tables(self) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """By seed: the number of each word, where its entries begin, the entries.

        Words that do not occur are 0, the others are counted from 1.
        """
        made = []
        for seed in FAMILIES[0] if self.short else FAMILIES[0][:_SEEDS]:
            places, words = self._flat.words(seed)
            order = np.argsort(words, kind="stable")
            ordered = words[order]
            starts = np.flatnonzero(
                np.r_[True, ordered[1:] != ordered[:-1]][: len(words)]
            )
            # Of all words that can be: small numbers, so that a start writes few pages.
            kind = np.min_scalar_type(len(starts))
            numbers = np.zeros(_LETTERS ** len(seed), dtype=kind)
            numbers[ordered[starts]] = np.arange(1, len(starts) + 1)
            begins = np.r_[0, starts, len(words)].astype(np.int32)
            made.append((numbers, begins, places[order]))
        return made

    @cached_property
    def _common(self) -> int:
        """Occurrences of a word beyond which it is passed over."""
        counts = np.concatenate([np.diff(begins[1:]) for _, begins, _ in self._tables])
        occurrences = np.arange(counts.max(initial=0) + 1, dtype=float)
        # Of a word of one sequence, in the others.
        hits = np.bincount(counts) * occurrences * (occurrences - 1)
        most = _PER_SEQUENCE * self._flat.lengths.sum() / SHORT
        found = int(np.searchsorted(np.cumsum(hits), most, side="right")) - 1
        return max(found, _ALWAYS)

    @cached_property
    def _bits(self) -> np.ndarray:
        return self._flat.bits()

    def nearest(self, sequences: Sequence[str]) -> Found:
        """Nearest training sequence of each.

        Parameters
        ----------
        sequences : sequence of str, length n
            With their gaps, if they are padded.

        Returns
        -------
        Found
        """
        bare = [residues(sequence) for sequence in sequences]
        found = Found(np.full(len(bare), -1), np.zeros(len(bare)))
        fits = np.array([self.short and len(s) <= SHORT for s in bare], dtype=bool)
        for look, rows in (
            (self._ungapped, np.flatnonzero(fits)),
            (self._aligned, np.flatnonzero(~fits)),
        ):
            if len(rows) and self.sequences:
                part = look([bare[row] for row in rows])
                found.partner[rows] = part.partner
                found.identity[rows] = part.identity
        return found

    def _hits(self, queries: "_Flat", seed: int) -> Iterator[tuple[np.ndarray, ...]]:
        """Query, training sequence and shift of what shares words, lot by lot."""
        numbers, begins, entries = self._tables[seed]
        places, words = queries.words(FAMILIES[0][seed])
        known = np.flatnonzero(found := numbers[words])
        number = found[known].astype(np.int64)
        first, counts = begins[number], begins[number + 1] - begins[number]
        use = np.flatnonzero(counts <= self._common)
        places, first = places[known[use]], first[use]
        counts = counts[use].astype(np.int64)
        until = np.cumsum(counts)
        lots = np.arange(0, until[-1:].sum() + _LOT, _LOT)
        cuts = np.searchsorted(until, lots, side="right")
        for start, end in pairwise(cuts.tolist()):
            n = counts[start:end]
            if not len(n):
                continue
            nth = np.arange(n.sum()) - np.repeat(np.cumsum(n) - n, n)
            theirs = entries[np.repeat(first[start:end], n) + nth]
            ours = np.repeat(places[start:end], n)
            q, t = queries.row[ours], self._flat.row[theirs].astype(np.int64)
            yield q, t, queries.place[ours] - self._flat.place[theirs]

    def _ungapped(self, bare: list[str]) -> Found:
        queries = _Flat.of(bare)
        ours, best = queries.bits(), np.zeros(len(bare), dtype=np.int64)
        for seed in range(len(self._tables)):
            for q, t, shift in self._hits(queries, seed):
                same = _identical(ours[q], self._bits[t], shift)
                longer = np.maximum(queries.lengths[q], self._flat.lengths[t])
                # As one number, so that of equals the first training sequence stays.
                value = (same << 24) // longer << 32 | _LAST - t
                begins = np.flatnonzero(np.r_[True, q[1:] != q[:-1]])
                top = np.maximum.reduceat(value, begins)
                best[q[begins]] = np.maximum(best[q[begins]], top)
        none = best == 0
        partner = _LAST - (best & _LAST)
        identity = (best >> 32) / (1 << 24)
        return Found(np.where(none, -1, partner), identity)

    def _aligned(self, bare: list[str]) -> Found:
        queries = _Flat.of(bare)
        n, span = len(self.sequences), 1 + (1 << 24) // _DIAGONALS
        keys = []
        for seed in range(min(_SEEDS, len(self._tables))):
            for q, t, shift in self._hits(queries, seed):
                strip = (shift + (1 << 23)) // _DIAGONALS
                keys.append((q.astype(np.int64) * n + t) * span + strip)
        strips, hits = np.unique(np.concatenate(keys or [[]]), return_counts=True)
        pairs = (strips[hits >= _HITS] // span).astype(np.int64)
        hits = hits[hits >= _HITS]
        # The most hits first; of equals the first training sequence.
        order = np.lexsort((pairs, -hits, pairs // n))
        chosen: dict[int, dict[int, None]] = {}
        for pair in pairs[order].tolist():
            of_query = chosen.setdefault(pair // n, {})
            if len(of_query) < _ALIGNED:
                of_query[pair % n] = None
        found = Found(np.full(len(bare), -1), np.zeros(len(bare)))
        for query, partners in chosen.items():
            partner, identity = self._best(bare[query], sorted(partners))
            found.partner[query], found.identity[query] = partner, identity
        return found

    def _best(self, query: str, partners: list[int]) -> tuple[int, float]:
        """Of some partners the one that scores best, and how near it is."""
        # Loaded where it is needed: short sequences are compared without it.
        from evenfold.sequences.alignment import opal_database, scores_of, traced

        if len(partners) > 1:
            database = opal_database(self.sequences[one] for one in partners)
            partners = [partners[int(scores_of(query, database).argmax())]]
        ((identity, coverage),) = traced(query, [self.sequences[partners[0]]])
        return partners[0], identity * coverage


@dataclass(frozen=True)
class _Flat:
    """Sequences end to end.

    Attributes
    ----------
    codes : ndarray of int32
        Of the twenty letters 0 to 19, of others and between sequences -1.
    row, place : ndarray of int32
        Sequence of each letter, and its place there.
    lengths : ndarray of int64
    """

    codes: np.ndarray
    row: np.ndarray
    place: np.ndarray
    lengths: np.ndarray

    @classmethod
    def of(cls, sequences: list[str]) -> "_Flat":
        lengths = np.array([len(sequence) for sequence in sequences], dtype=np.int64)
        codes = encode("-".join(sequences) + "-").astype(np.int32) - 1
        codes[codes >= _LETTERS] = -1
        row = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths + 1)
        begins = np.cumsum(lengths + 1) - lengths - 1
        place = np.arange(len(codes), dtype=np.int32) - begins[row].astype(np.int32)
        return cls(codes, row, place, lengths)

    def words(self, seed: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """Where the seed reads known letters alone, and the number of what it reads."""
        n = max(0, len(self.codes) - seed[-1])
        words = np.zeros(n, dtype=np.int32)
        known = np.ones(n, dtype=bool)
        # What is between two sequences stands at its place in the span too.
        for column in range(seed[-1] + 1):
            here = self.codes[column : column + n]
            if column in seed:
                words *= _LETTERS
                words += here
                known &= here >= 0
        known &= self.row[:n] == self.row[seed[-1] : seed[-1] + n]
        places = np.flatnonzero(known)
        return places.astype(np.int32), words[places]

    def bits(self) -> np.ndarray:
        """A word of bits by place for each bit of the codes; the last, where known."""
        words = np.zeros((len(self.lengths), 6), dtype=np.uint64)
        known = self.codes >= 0
        flags = [self.codes >> bit & 1 == 1 for bit in range(5)]
        for column, flag in enumerate([*(f & known for f in flags), known]):
            at = np.flatnonzero(flag)
            bit = np.uint64(1) << self.place[at].astype(np.uint64)
            # Every place has a bit of its own: adding is joining.
            np.add.at(words[:, column], self.row[at], bit)
        return words


def _identical(ours: np.ndarray, theirs: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Identical letters of pairs where ours lies `shift` further on."""
    right = np.maximum(shift, 0).astype(np.uint64)[:, None]
    left = np.maximum(-shift, 0).astype(np.uint64)[:, None]
    ours, theirs = ours >> right, theirs >> left
    differ = np.bitwise_or.reduce(ours[:, :5] ^ theirs[:, :5], axis=1)
    return np.bitwise_count(~differ & ours[:, 5] & theirs[:, 5]).astype(np.int64)
