"""Random numbers by counting: a function of member, purpose, step and place alone.

Nothing is drawn in sequence, so that a member's numbers depend neither on who shares
the stack, nor on how it is chunked, nor on what was drawn before a checkpoint; they are
the same on every device, and one operation makes those of all members.
"""

import numpy as np
import torch
from scipy.special import betaincinv
from torch import Tensor

_GOLDEN = -1640531527  # 2**32 / golden ratio, as a signed number
_HALF = 1 << 16
_WIDEST = 1 << 17  # more residues than the longest protein known has


class Source:
    """Random numbers of a stack of members for one purpose.

    Parameters
    ----------
    seeds : list of int
        One per member, of 32 bits.
    device : torch.device
    """

    def __init__(self, seeds: list[int], device: torch.device | str = "cpu"):
        keys = np.array(seeds, dtype=np.uint32).view(np.int32)
        self.keys = _mixed(torch.tensor(keys, device=device))
        self._counters: dict[int, Tensor] = {}
        self._tables: dict[float, Tensor] = {}

    def bits(
        self, step: int, place: int, shape: tuple, rows: Tensor | None = None
    ) -> Tensor:
        """32 random bits each: Tensor of int32, shape (members, *shape).

        Parameters
        ----------
        step, place : int
            Which draw of the run, and which of the draws of a step.
        shape : tuple of int
        rows : Tensor of int, shape (shape[0],), optional
            Places of the rows in their batch, where a part of a batch is drawn and its
            width is of no account; shape is then (rows, width).
        """
        key = self.keys
        for count in (step, place):
            key = _mixed(key ^ _wrapped((count + 1) * _GOLDEN))
        last = int(np.prod(shape)) if rows is None else shape[-1]
        counter = self._counters.get(last)
        if counter is None:
            counter = torch.arange(last, dtype=torch.int32, device=key.device) * _GOLDEN
        if rows is None:
            self._counters[last] = counter
        else:
            # Not kept: parts of batches have many widths.
            counter = rows.int()[:, None] * _wrapped(_WIDEST * _GOLDEN) + counter
            counter = counter.flatten()
        found = _mixed(counter ^ key[:, None])
        return found.reshape(len(key), *shape)

    def sixteen(self, step: int, place: int, shape: tuple) -> Tensor:
        """16 random bits each, at half the price: int16, shape (members, *shape)."""
        n = int(np.prod(shape))
        found = self.bits(step, place, ((n + 1) // 2,)).view(torch.int16)
        return found[:, :n].reshape(-1, *shape)

    def dropout(self, step: int, shapes: list[tuple], rate: float) -> list[Tensor]:
        """Dropout masks: 0, or 1 over the chance of it; each (members, *shape).

        Eight bits each: the rate is rounded to a 256th, and what is kept is scaled by
        the rounded one, so that the mean is 1.
        """
        sizes = [int(np.prod(shape)) for shape in shapes]
        cut = min(max(round(rate * 256), 1), 255)
        found = self.bits(step, 0, ((sum(sizes) + 3) // 4,)).view(torch.int8)
        kept = (found >= cut - 128).float().mul_(256 / (256 - cut))
        parts = kept[:, : sum(sizes)].split(sizes, 1)
        return [part.unflatten(1, shape) for part, shape in zip(parts, shapes)]

    def uniform(
        self, step: int, place: int, shape: tuple, rows: Tensor | None = None
    ) -> Tensor:
        """Uniform on [0, 1), 24 bits: float32, shape (members, *shape)."""
        return ((self.bits(step, place, shape, rows) >> 8) & 0xFFFFFF).float() * 2**-24

    def normal(self, step: int, place: int, shape: tuple) -> Tensor:
        """Standard normal: float32, shape (members, *shape).

        References
        ----------
        Box and Muller 1958, Annals of Mathematical Statistics 29:610.
        """
        first, second = self.uniform(step, place, (2, *shape)).unbind(1)
        radius = (-2 * torch.log1p(-first)).sqrt_()
        return radius.mul_(second.mul_(2 * np.pi).cos_())

    def beta(self, step: int, place: int, shape: tuple, alpha: float) -> Tensor:
        """Beta(alpha, alpha), of 65,536 equally likely values: (members, *shape)."""
        if alpha not in self._tables:
            levels = (np.arange(_HALF) + 0.5) / _HALF
            table = betaincinv(alpha, alpha, levels).astype(np.float32)
            self._tables[alpha] = torch.tensor(table, device=self.keys.device)
        return self._tables[alpha][self.sixteen(step, place, shape).int() + _HALF // 2]


def _mixed(x: Tensor) -> Tensor:
    """Every bit of the result depends on every bit of x: a bijection of 32 bits.

    References
    ----------
    Wellons 2018, "Prospecting for hash functions" (lowbias32).
    """
    # The masks make logical shifts of the arithmetic ones.
    x = x ^ (x >> 16).bitwise_and_(0xFFFF)
    x *= 0x7FEB352D
    x ^= (x >> 15).bitwise_and_(0x1FFFF)
    x *= -2073254261
    x ^= (x >> 16).bitwise_and_(0xFFFF)
    return x


def _wrapped(x):
    """A Python number as a signed one of 32 bits."""
    return (x + 2**31) % 2**32 - 2**31
