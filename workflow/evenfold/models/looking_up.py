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
ROWS = 128
_LETTERS = N_CODES - 1


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
        tables = [
            _table(state, place, width) for place, width in enumerate(self.widths)
        ]
        # By member, then by width.
        self.rows = [
            [rows[:, m].contiguous() for rows, _ in tables] for m in range(self.members)
        ]
        self.base = [
            torch.cat([base[:, m] for _, base in tables], -1)
            for m in range(self.members)
        ]
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
                part = codes[start : start + ROWS].long()
                n = len(part)
                # Always as many rows: products of another size are rounded otherwise,
                # and a sequence's score would depend on what it is asked with.
                part = pad(part, (0, 0, 0, ROWS - n))
                out[:, start : start + n] = self._some(part)[:, :n]
        return out

    def _some(self, codes: Tensor) -> Tensor:
        n, length = codes.shape
        known = (codes != PAD).float()[..., None]
        places = self._places(codes)
        channels = self.rows[0][0].shape[1]
        x = torch.empty(n, length, channels * len(self.widths))
        out = []
        for member in range(self.members):
            for i, place in enumerate(places):
                found = embedding_bag(place, self.rows[member][i], mode="sum")
                x[..., i * channels : (i + 1) * channels] = found.view(n, length, -1)
            x.add_(self.base[member]).relu_().mul_(known)
            summary = self._layer("summary", member, x.flatten(0, 1)).relu_()
            z = torch.cat([x.amax(1), summary.view(n, -1)], 1)
            z = self._layer("dense", member, z).relu_()
            out.append(self._layer("last", member, z)[:, 0])
        return torch.stack(out)

    def _layer(self, name: str, member: int, x: Tensor) -> Tensor:
        weight, bias = self.later[name]
        return torch.addmm(bias[member], x, weight[member])

    def _places(self, codes: Tensor) -> list[Tensor]:
        """Rows of each width's table that add up to its answers, shape (n x length, width)."""
        rows = _LETTERS + self.length
        padding = _LETTERS + torch.arange(self.length)
        local = torch.where(codes == PAD, padding, codes - 1)
        found = []
        for width in self.widths:
            beyond = pad(local, (width // 2, width // 2), value=-1)
            windows = beyond.unfold(1, width, 1)
            place = windows + torch.arange(width) * rows
            # Beyond the ends of the window there is nothing: the last row.
            place = torch.where(windows < 0, width * rows, place)
            found.append(place.flatten(0, 1))
        return found


def _table(state: dict[str, Tensor], place: int, width: int) -> tuple[Tensor, Tensor]:
    """What each letter adds at each place of a filter, and what a position has anyway.

    Returns
    -------
    tuple of (Tensor, shape (rows, members, channels), Tensor, shape (length, members, channels))
        Rows of a place: the letters, then padding at each position, which takes away
        what the position's own embedding gave.
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
    rows = torch.cat([letters, -positions], 1).flatten(0, 1)
    nothing = torch.zeros_like(rows[:1])
    return torch.cat([rows, nothing]).float(), base.float()
