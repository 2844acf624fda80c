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

    def __init__(
        self,
        rows: list[np.ndarray],
        labels: np.ndarray,
        size: int,
        per_epoch: int,
        seeds: list[int],
        min_per_class: int = 0,
    ):
        self.size = size
        self.per_epoch = per_epoch
        self.prior = np.array([labels[part].mean() for part in rows])
        self._draws = []
        for i, (part, seed) in enumerate(zip(rows, seeds)):
            streams = [(_RowStream(part, (seed, 0)), size)]
            if min_per_class:
                least = min(min_per_class, size // 2)
                n = int(np.clip(round(self.prior[i] * size), least, size - least))
                self.prior[i] = n / size
                streams = [
                    (_RowStream(part[labels[part] == 1], (seed, 1)), n),
                    (_RowStream(part[labels[part] == 0], (seed, 2)), size - n),
                ]
            self._draws.append((seed, streams))

    def epoch(self, number: int) -> np.ndarray:
        """Rows of an epoch, counted from 1: ndarray of int, (batches, members, size).

        A function of the number, not of what was asked before.
        """
        taken = []
        for seed, streams in self._draws:
            rows = [
                stream.take((number - 1) * self.per_epoch * n, self.per_epoch * n)
                for stream, n in streams
            ]
            rows = [x.reshape(self.per_epoch, -1) for x in rows]
            if len(rows) > 1:
                generator = np.random.default_rng((seed, 3, number))
                rows = [generator.permuted(np.concatenate(rows, axis=1), axis=1)]
            taken.append(rows[0])
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
