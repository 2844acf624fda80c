"""Counts that the descriptors are made of: residues, pairs and words of many sequences.

All sequences of a chunk lie end to end, and one `bincount` counts them all. Every
descriptor of pairs is a linear map of the pair counts at a lag.
"""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from evenfold.alphabet import AMINO_ACIDS, GAP, encode, residues

N = len(AMINO_ACIDS)
#: The 20 amino acids and what is none of them.
LETTERS = N + 1
# Sums the pairs that hold no unknown letter.
_INNER = np.pad(np.ones((N, N), np.float32), (0, 1)).reshape(-1, 1)


class Chunk:
    """Counts of some sequences, made when first asked for.

    Gaps are left out; unknown residues keep their place and count as nothing.

    Parameters
    ----------
    sequences : sequence of str, length n

    Attributes
    ----------
    codes : ndarray of uint8, shape (residues,)
        0 to 19 in alphabetical order, 20 for any other letter.
    lengths, starts, stops : ndarray of int, shape (n,)
    """

    def __init__(self, sequences: Sequence[str]):
        text = "".join(sequences)
        if GAP in text:
            sequences = [residues(sequence) for sequence in sequences]
            text = "".join(sequences)
        self.codes = encode(text) - np.uint8(1)
        self.lengths = np.fromiter(map(len, sequences), np.int64, len(sequences))
        self.stops = self.lengths.cumsum()
        self.starts = self.stops - self.lengths
        self._pairs: dict[int, np.ndarray] = {}

    def __len__(self) -> int:
        return len(self.lengths)

    @cached_property
    def counts(self) -> np.ndarray:
        """Residues, shape (n, 20), float32."""
        return self._binned(self._rows(LETTERS) + self.codes, LETTERS)[:, :N]

    def ends(self, most: int, first: bool) -> np.ndarray:
        """Residues among the first or last of each sequence.

        Parameters
        ----------
        most : int
            How many; of a shorter sequence all.
        first : bool
            The first ones, or the last.

        Returns
        -------
        ndarray of float32, shape (n, 20)
        """
        taken = np.minimum(self.lengths, most)
        start = self.starts if first else self.stops - taken
        place = np.arange(taken.sum()) + np.repeat(
            start - taken.cumsum() + taken, taken
        )
        row = np.repeat(np.arange(len(self)) * LETTERS, taken)
        return self._binned(row + self.codes[place], LETTERS)[:, :N]

    @cached_property
    def known(self) -> np.ndarray:
        """Residues that are amino acids, shape (n, 1), at least 1 for division."""
        return np.maximum(self.counts.sum(1, keepdims=True), 1)

    def pairs(self, lag: int) -> np.ndarray:
        """Pairs of residues `lag` apart, shape (n, 21, 21), float32."""
        if lag not in self._pairs:
            n = max(0, len(self.codes) - lag)
            place = self._pair_rows[:n] + (self._first[:n] + self.codes[lag:])
            place[self._broken(lag, n)] = len(self) * LETTERS**2
            self._pairs[lag] = self._binned(place, LETTERS**2).reshape(
                -1, LETTERS, LETTERS
            )
        return self._pairs[lag]

    def known_pairs(self, lag: int) -> np.ndarray:
        """Pairs of two amino acids `lag` apart, shape (n, 1), at least 1."""
        return np.maximum(self.pairs(lag).reshape(len(self), -1) @ _INNER, 1)

    def words(self, classes: np.ndarray, size: int) -> np.ndarray:
        """Words of reduced letters.

        Parameters
        ----------
        classes : ndarray of int, shape (20,)
            Reduced letter of every amino acid.
        size : int
            Letters of a word.

        Returns
        -------
        ndarray of float32, shape (n, classes ** size)
        """
        letters = int(classes.max()) + 1
        # A word with an unknown letter is put behind all others.
        reduced = np.append(classes, letters**size)[self.codes]
        n = max(0, len(self.codes) - size + 1)
        word = np.zeros(n, dtype=np.int64)
        for place in range(size):
            word = word * letters + reduced[place : place + n]
        lost = word >= letters**size
        word += self._rows(letters**size)[:n]
        lost[self._broken(size - 1, n)] = True
        word[lost] = len(self) * letters**size
        return self._binned(word, letters**size)

    @cached_property
    def _pair_rows(self):
        return self._rows(LETTERS**2)

    @cached_property
    def _first(self):
        # Pair codes of two bytes: made and added in a quarter of the memory of int64.
        return self.codes * np.uint16(LETTERS)

    def _rows(self, width):
        """Where the bins of each residue's sequence begin."""
        return np.repeat(np.arange(len(self)) * width, self.lengths)

    def _broken(self, lag, n):
        """Places whose partner `lag` further on is in another sequence."""
        place = (self.stops[:, None] - 1 - np.arange(lag)).ravel()
        place = place[place >= np.repeat(self.starts, lag)]
        return place[place < n]

    def _binned(self, places, width):
        # One more bin for what is to be lost.
        found = np.bincount(places, minlength=len(self) * width + 1)
        return found[: len(self) * width].reshape(len(self), width).astype(np.float32)
