"""The inputs of a data set where training can reach them: on the device, or streamed."""

import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from evenfold.alphabet import N_CODES
from evenfold.ragged import Ragged


class Rows:
    """Inputs of all rows, taken by row numbers.

    Parameters
    ----------
    inputs : ndarray, shape (n, columns), or Ragged
        In memory or memory-mapped.
    device : torch.device
    resident : bool
        Whether they lie on the device as a whole; otherwise a batch is read where they
        are while the device works on the one before. On a CPU it is the same.

    Attributes
    ----------
    lengths : ndarray of int, shape (n,), or None
        Residues of every row where they differ.
    """

    def __init__(
        self,
        inputs: np.ndarray | Ragged,
        device: torch.device | str,
        resident: bool = True,
    ):
        self.device = torch.device(device)
        self.ragged = isinstance(inputs, Ragged)
        self.lengths: np.ndarray | None = None
        place = self.device if resident else torch.device("cpu")
        self.streamed = place != self.device
        with warnings.catch_warnings():
            # A memory-mapped file that is only read.
            warnings.filterwarnings("ignore", message=".*not writable")
            values = inputs.codes if isinstance(inputs, Ragged) else inputs
            self.values = torch.as_tensor(np.asarray(values)).to(place)
        if isinstance(inputs, Ragged):
            self.lengths = inputs.lengths
            self._starts = torch.as_tensor(inputs.starts[:-1], device=place)
            self._lengths = torch.as_tensor(inputs.lengths, device=place)

    def __len__(self) -> int:
        return len(self.values) if self.lengths is None else len(self.lengths)

    @property
    def columns(self) -> int:
        """Columns that a network reads; of whole proteins the number of codes."""
        return N_CODES if self.ragged else self.values.shape[1]

    def take(self, index: np.ndarray | Tensor) -> Tensor:
        """Inputs of some rows.

        Parameters
        ----------
        index : ndarray or Tensor of int, any shape

        Returns
        -------
        Tensor, shape (*index.shape, columns)
            Where lengths differ as wide as the longest of these rows, 0 behind others.
        """
        index = torch.as_tensor(index, device=self.values.device)
        if not self.ragged:
            found = self.values[index]
        else:
            lengths = self._lengths[index][..., None]
            place = torch.arange(max(1, int(lengths.max())), device=index.device)
            inside = place < lengths
            place = torch.where(inside, self._starts[index][..., None] + place, 0)
            found = torch.where(inside, self.values[place], 0)
        if self.streamed:
            found = found.pin_memory().to(self.device, non_blocking=True)
        return found

    def pieces(self, index: np.ndarray, cells: int) -> list[np.ndarray]:
        """How to cut a batch, so that no part holds more than so many residues or rows.

        A row and its mirror image in the batch stay together, in mirrored places, since
        mixup pairs them. Short rows are cut with short ones.

        Parameters
        ----------
        index : ndarray of int, shape (members, batch)
        cells : int
            Rows of a part; where lengths differ rows times the longest of them.

        Returns
        -------
        list of ndarray of int
            Places in the batch.
        """
        size = index.shape[1]
        width = (
            np.ones(size, dtype=np.int64)
            if self.lengths is None
            else self.lengths[index].max(axis=0)
        )
        if size * width.max() <= cells:
            return [np.arange(size)]
        half = np.arange((size + 1) // 2)
        pair = np.maximum(width, width[::-1])[half]
        parts: list[list[int]] = []
        part: list[int] = []
        widest = 0
        for place in half[np.argsort(pair, kind="stable")]:
            widest = max(widest, int(pair[place]))
            if part and 2 * (len(part) + 1) * widest > cells:
                parts.append(part)
                part, widest = [], int(pair[place])
            part.append(place)
        parts.append(part)
        out = []
        for part in parts:
            # The middle row of an odd batch is its own mirror image.
            middle = [p for p in part if 2 * p == size - 1]
            left = [p for p in part if 2 * p != size - 1]
            out.append(np.array(left + middle + [size - 1 - p for p in reversed(left)]))
        return out

    def batches(
        self, indices: np.ndarray, cells: int
    ) -> Iterator[tuple[np.ndarray | Tensor, list[tuple[Tensor, Tensor]]]]:
        """Batches in turn, each with its parts.

        Parameters
        ----------
        indices : ndarray of int, shape (batches, members, size)
        cells : int
            See `pieces`.

        Yields
        ------
        tuple of (ndarray or Tensor, list of (Tensor, Tensor))
            Row numbers, and of every part its places in the batch and its inputs.
        """

        whole = torch.arange(indices.shape[2], device=self.device)
        turns: np.ndarray | Tensor = indices
        if not self.ragged and not self.streamed:
            # One transfer an epoch, not one a step.
            turns = torch.as_tensor(indices, device=self.device)

        def made(index):
            index = self.arranged(index)
            parts = self.pieces(index, cells)
            if len(parts) == 1:
                return index, [(whole, self.take(index))]
            return index, [
                (
                    torch.as_tensor(places, device=self.device),
                    self.take(index[:, places]),
                )
                for places in parts
            ]

        if not self.streamed:
            yield from map(made, turns)
            return
        with ThreadPoolExecutor(1) as reader:
            following = None
            for index in turns:
                current, following = following, reader.submit(made, index)
                if current:
                    yield current.result()
            if following:
                yield following.result()

    def arranged(self, index: np.ndarray) -> np.ndarray:
        """A batch with rows of like length in mirrored places: it changes no batch."""
        if self.lengths is None:
            return index
        order = np.argsort(self.lengths[index], axis=1, kind="stable")
        size = index.shape[1]
        places = np.r_[np.arange(0, size, 2), np.arange(1, size, 2)[::-1]]
        return np.take_along_axis(index, order[:, places], axis=1)
