"""Sequences of any length as one run of codes and the places where they begin."""

from dataclasses import dataclass

import numpy as np


@dataclass
class Ragged:
    """Residue codes of sequences, end to end.

    Attributes
    ----------
    codes : ndarray of uint8, shape (residues,)
        In memory or memory-mapped.
    lengths : ndarray of int, shape (n,)
    """

    codes: np.ndarray
    lengths: np.ndarray

    def __post_init__(self):
        self.lengths = np.asarray(self.lengths, dtype=np.int64)
        self.starts = np.r_[0, self.lengths.cumsum()]

    @classmethod
    def of(cls, sequences: list[np.ndarray]) -> "Ragged":
        """Of the codes of single sequences."""
        codes = np.concatenate([np.empty(0, np.uint8), *sequences])
        return cls(codes, np.array([len(s) for s in sequences], dtype=np.int64))

    def __len__(self):
        return len(self.lengths)

    def __getitem__(self, rows) -> "Ragged":
        """Some sequences, by slice or row numbers."""
        rows = np.arange(len(self))[rows]
        return Ragged.of(
            [self.codes[self.starts[r] : self.starts[r + 1]] for r in rows]
        )
