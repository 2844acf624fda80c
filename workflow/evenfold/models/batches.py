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
            parts = [(_RowStream(own, (seed, 0)), size)]
            if min_per_class:
                least = min(min_per_class, size // 2)
                n = int(np.clip(round(self.prior[i] * size), least, size - least))
                self.prior[i] = n / size
                parts = [
                    (_RowStream(own[labels[own] == 1], (seed, 1)), n),
                    (_RowStream(own[labels[own] == 0], (seed, 2)), size - n),
                ]
            self._draws.append((seed, parts))

    def epoch(self, number: int) -> np.ndarray:
        """Rows of an epoch, counted from 1: ndarray of int, (batches, members, size).

        A function of the number, not of what was asked before.
        """
        taken = []
        for seed, parts in self._draws:
            own = [
                stream.take((number - 1) * self.per_epoch * n, self.per_epoch * n)
                for stream, n in parts
            ]
            own = [x.reshape(self.per_epoch, -1) for x in own]
            if len(own) > 1:
                generator = np.random.default_rng((seed, 3, number))
                own = [generator.permuted(np.concatenate(own, axis=1), axis=1)]
            taken.append(own[0])
        return np.stack(taken, axis=1)


class _RowStream:
    """An endless row order: permutation after permutation, each by its own number."""

    def __init__(self, rows, seed):
        self.rows = rows
        self.seed = seed

    def take(self, start, n):
        """Rows start to start + n of the order."""
        first, offset = divmod(start, len(self.rows))
        last = (start + n - 1) // len(self.rows)
        parts = [
            np.random.default_rng((*self.seed, k)).permutation(self.rows)
            for k in range(first, last + 1)
        ]
        return np.concatenate(parts)[offset : offset + n]
