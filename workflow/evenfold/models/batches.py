"""Which rows a member sees in which batch."""

import numpy as np


class Batches:
    """Endless batches of every member's own rows, by its own seed.

    Shuffled: permutation after permutation, cut into batches. Stratified: the two
    classes in permutations of their own, every batch with the same number of each,
    in an order that is random within the batch.

    Parameters
    ----------
    rows : list of ndarray of int
        Training rows, per member.
    labels : ndarray of int, shape (all rows,)
        Only the labels of `rows` are read.
    size, per_epoch : int
        Rows of a batch and batches of an epoch.
    seeds : list of int
    min_per_class : int
        0: shuffled; otherwise stratified with at least so many rows of each class, or
        half a batch if that is less.

    Attributes
    ----------
    prior : ndarray of float64, shape (members,)
        Share of positives in the distribution that the batches are drawn from.
    """

    def __init__(self, rows, labels, size, per_epoch, seeds, min_per_class=0):
        self.size = size
        self.per_epoch = per_epoch
        self.prior = np.array([labels[own].mean() for own in rows])
        self._draws = []
        for i, (own, seed) in enumerate(zip(rows, seeds)):
            generator = np.random.default_rng(seed)
            parts = [(_RowStream(own, generator), size)]
            if min_per_class:
                least = min(min_per_class, size // 2)
                n = int(np.clip(round(self.prior[i] * size), least, size - least))
                self.prior[i] = n / size
                parts = [
                    (_RowStream(own[labels[own] == 1], generator), n),
                    (_RowStream(own[labels[own] == 0], generator), size - n),
                ]
            self._draws.append((generator, parts))

    def epoch(self) -> np.ndarray:
        """Rows of the next epoch: ndarray of int, shape (batches, members, size)."""
        taken = []
        for generator, parts in self._draws:
            own = [
                stream.take(self.per_epoch * n).reshape(self.per_epoch, n)
                for stream, n in parts
            ]
            if len(own) > 1:
                own = [generator.permuted(np.concatenate(own, axis=1), axis=1)]
            taken.append(own[0])
        return np.stack(taken, axis=1)


class _RowStream:
    """An endless row order: permutation after permutation."""

    def __init__(self, rows, generator):
        self.rows = rows
        self.generator = generator
        self.left = np.empty(0, dtype=np.int64)

    def take(self, n):
        parts, have = [self.left], len(self.left)
        while have < n:
            parts.append(self.generator.permutation(self.rows))
            have += len(self.rows)
        taken = np.concatenate(parts)
        taken, self.left = taken[:n], taken[n:]
        return taken
