"""The convolutional network applied by looking up, where nothing is to be learned.

Its first layers are linear in one-hot letters: what a filter answers at a position is a sum
over its width of numbers that depend on the letter there and, for padding, on the position.
They are tabulated once; a window then costs additions in place of products, and a CPU scores
three times as many.
"""

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag, pad

from evenfold.alphabet import N_CODES, PAD

#: Rows at once: their responses fit a CPU's cache.
ROWS = 64
_LETTERS = N_CODES - 1
#: What no sum of answers outweighs.
_NEVER = -1e30


class LookedUp:
    """Members of a convolutional ensemble, for scoring on a CPU.

    Parameters
    ----------
    state : dict of str to Tensor, shape (members, ...)
    recipe : dict
        Of a network `convolutional`.
    """

    def __init__(self, state: dict[str, Tensor], recipe: dict):
        self.length: int = recipe["length"]
        self.widths = tuple(recipe["widths"])
        self.members = len(state["residue"])
        self.widest = max(self.widths)
        # Filters of all widths side by side, the narrow ones with zeros: one pass.
        tables = [
            _table(state, place, width, self.widest)
            for place, width in enumerate(self.widths)
        ]
        joined = torch.cat(tables, -1)
        self.rows = [joined[:, m].contiguous() for m in range(self.members)]
        # Where the rows of each position begin.
        self.begins = torch.arange(ROWS * self.length, dtype=torch.int32) * self.widest
        self.later = {
            name: (state[f"{name}.weight"].mT.contiguous(), state[f"{name}.bias"])
            for name in ("summary", "dense", "last")
        }

    def logits(self, codes: Tensor) -> Tensor:
        """Logits of every member.

        Parameters
        ----------
        codes : Tensor of uint8, shape (n, length)

        Returns
        -------
        Tensor, shape (members, n)
        """
        out = torch.empty(self.members, len(codes))
        with torch.inference_mode():
            for start in range(0, len(codes), ROWS):
                part = codes[start : start + ROWS].int()
                n = len(part)
                # Always as many rows: products of another size are rounded otherwise,
                # and a sequence's score would depend on what it is asked with.
                part = pad(part, (0, 0, 0, ROWS - n))
                out[:, start : start + n] = self._some(part)[:, :n]
        return out

    def _some(self, codes: Tensor) -> Tensor:
        n = len(codes)
        places = self._places(codes)
        out = []
        for member in range(self.members):
            x = embedding_bag(
                places, self.rows[member], self.begins, mode="sum"
            ).relu_()
            summary = self._layer("summary", member, x).relu_()
            z = torch.cat([x.view(n, self.length, -1).amax(1), summary.view(n, -1)], 1)
            z = self._layer("dense", member, z).relu_()
            out.append(self._layer("last", member, z)[:, 0])
        return torch.stack(out)

    def _layer(self, name: str, member: int, x: Tensor) -> Tensor:
        weight, bias = self.later[name]
        return torch.addmm(bias[member], x, weight[member])

    def _places(self, codes: Tensor) -> Tensor:
        """Rows of the table that add up to the answers, position by position."""
        half, rows = self.widest // 2, _around(self.length)
        positions = torch.arange(self.length, dtype=torch.int32)
        residue = codes != PAD
        local = torch.where(residue, codes - 1, _LETTERS + positions)
        beyond = pad(local, (half, half), value=rows - 1)
        taps = torch.arange(self.widest, dtype=torch.int32) * rows
        windows = beyond.unfold(1, self.widest, 1) + taps
        own = self.widest * rows + positions * _LETTERS + local
        windows[..., half] = torch.where(residue, own, len(self.rows[0]) - 1)
        return windows.flatten()


def _around(length: int) -> int:
    """Rows of a place beside a position: letters, padding by position, and nothing."""
    return _LETTERS + length + 1


def _table(state: dict[str, Tensor], place: int, width: int, widest: int) -> Tensor:
    """What stands at each place of a filter adds to its answer.

    Returns
    -------
    Tensor, shape (rows, members, channels)
        For each place of the widest filter `_around` rows; padding takes away what the
        position's own embedding gave. Then the letters of each position itself, with what
        it has anyway. The last row, of padding itself, leaves no answer above zero.
    """
    residue, position = state["residue"].double(), state["position"].double()
    length = position.shape[1]
    weight = state[f"filters.{place}.weight"].double()
    weight = weight.unflatten(2, (residue.shape[2], width))
    letters = torch.einsum("mae,mcew->wamc", residue, weight)[:, 1:]
    positions = torch.einsum("mpe,mcew->wpmc", position, weight)
    base = state[f"filters.{place}.bias"].double().repeat(length, 1, 1)
    for tap in range(width):
        shift = tap - width // 2
        inside = slice(max(0, -shift), min(length, length - shift))
        moved = slice(max(0, shift), min(length, length + shift))
        base[inside] += positions[tap, moved]
    around = torch.cat([letters, -positions, torch.zeros_like(letters[:, :1])], 1)
    beside = (widest - width) // 2
    around = pad(around, (0, 0, 0, 0, 0, 0, beside, beside)).flatten(0, 1)
    own = (base[:, None] + letters[width // 2]).flatten(0, 1)
    return torch.cat([around, own, torch.full_like(own[:1], _NEVER)]).float()
