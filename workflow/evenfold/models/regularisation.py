"""What makes training harder on purpose: noise, mixtures, changed residues, penalties.

Every member has random numbers of its own, counted by step, one source per purpose: to
switch one kind on changes the random numbers of no other, and no member those of another.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from evenfold.alphabet import AMINO_ACIDS, N_CODES, PAD, UNKNOWN_CODE
from evenfold.models.members import Member, member_seed
from evenfold.models.randomness import Source

if TYPE_CHECKING:
    from evenfold.config.training import Training


class Disturbance:
    """The random part of a training step, for a stack of members.

    Parameters
    ----------
    training : evenfold.config.training.Training
    network : torch.nn.Module
        Its `dropout_shapes` and `input_shape` say how large the draws are.
    members : list of Member
    seed : int
    device : torch.device
    seeded : bool
        Whether the network draws random numbers itself, and is given a seed a step.
    """

    def __init__(
        self,
        training: "Training",
        network: nn.Module,
        members: list[Member],
        seed: int,
        device: torch.device,
        seeded: bool = False,
    ):
        self.training = training
        self.dropout_shapes: Any = network.dropout_shapes if training.dropout else []
        self.noise_shape: Any = network.input_shape
        self._sources = {
            purpose: Source([member_seed(seed, m, purpose) for m in members], device)
            for purpose in ("dropout", "noise", "augmentation", "mixup", "network")
        }
        self.seeded = seeded

    def draws(self, step: int, size: int) -> dict:
        """What a network's forward takes besides its inputs, for one step.

        Parameters
        ----------
        step : int
            Of the run.
        size : int
            Rows of a batch.

        Returns
        -------
        dict
            `dropout`: list of scaled masks, (members, size, ...); `noise`: Tensor,
            (members, size, ...); `mixup`: Tensor, (members, size), the share of a row
            itself against its partner; `seed`: Tensor of int32, (members,). Only what
            is switched on.
        """
        found: dict[str, Any] = {}
        rate = self.training.dropout
        if self.dropout_shapes:
            shapes = [(size, *shape) for shape in self.dropout_shapes]
            found["dropout"] = self._sources["dropout"].dropout(step, shapes, rate)
        if self.training.input_noise:
            noise = self._sources["noise"].normal(step, 0, (size, *self.noise_shape))
            found["noise"] = noise.mul_(self.training.input_noise)
        if self.training.mixup:
            source = self._sources["mixup"]
            found["mixup"] = source.beta(step, 0, (size,), self.training.mixup)
        if self.seeded:
            found["seed"] = self._sources["network"].bits(step, 0, (1,))[:, 0]
        return found

    def targets(self, targets: Tensor, draws: dict) -> Tensor:
        """Targets of a step's rows, smoothed and mixed like the rows.

        Parameters
        ----------
        targets : Tensor, shape (members, size)
        draws : dict
        """
        if self.training.label_smoothing:
            epsilon = self.training.label_smoothing
            targets = targets * (1 - epsilon) + epsilon / 2
        if "mixup" in draws:
            targets = torch.lerp(targets.flip(-1), targets, draws["mixup"])
        return targets

    def residues(self, step: int, codes: Tensor, rows: Tensor) -> Tensor:
        """Codes of a step's rows, some of them changed.

        Parameters
        ----------
        step : int
            Of the run.
        codes : Tensor of uint8, shape (members, rows, length)
        rows : Tensor of int, shape (rows,)
            Their places in the batch.
        """
        settings = self.training.augmentation
        if not settings:
            return codes
        source, shape = self._sources["augmentation"], codes.shape[1:]
        if settings.jitter:
            chance = source.uniform(step, 0, (shape[0], 1), rows)[..., 0]
            codes = shifted(codes, chance, settings.jitter)
        if settings.mask or settings.substitute:
            chance = source.uniform(step, 1, shape, rows)
            other = source.uniform(step, 2, shape, rows)
            codes = changed(codes, chance, other, settings.mask, settings.substitute)
        return codes


def shifted(codes: Tensor, chance: Tensor, most: int) -> Tensor:
    """Sequences moved to the right within the padding behind them.

    Parameters
    ----------
    codes : Tensor of uint8, shape (..., length)
    chance : Tensor, shape (...)
        Uniform on [0, 1): the shift is one of 0 to `most`, or to the padding's length.
    most : int
    """
    length = codes.shape[-1]
    position = torch.arange(length, device=codes.device)
    last = torch.where(codes != PAD, position, -1).amax(-1)
    room = (length - 1 - last).clamp(max=most)
    move = (chance * (room + 1)).long().clamp(max=room)
    source = position - move[..., None]
    moved = codes.gather(-1, source.clamp(min=0))
    return torch.where(source >= 0, moved, torch.full_like(moved, PAD))


def changed(
    codes: Tensor, chance: Tensor, other: Tensor, mask: float, substitute: float
) -> Tensor:
    """Residues made unknown or replaced by a similar one.

    Parameters
    ----------
    codes : Tensor of uint8, shape (..., length)
    chance, other : Tensor, shape of codes
        Uniform on [0, 1): which residues change, and into which.
    mask, substitute : float
        Shares of residues; padding and unknown letters stay.
    """
    amino_acid = (codes != PAD) & (codes != UNKNOWN_CODE)
    table = substitution_table().to(codes.device)
    # One code at a time: a table of all of them would be as many times the batch.
    places, similar = codes.long(), torch.zeros_like(codes)
    for code in range(N_CODES - 1):
        similar += other >= table[:, code][places]
    replace = amino_acid & (chance >= mask) & (chance < mask + substitute)
    codes = torch.where(replace, similar, codes)
    return torch.where(amino_acid & (chance < mask), UNKNOWN_CODE, codes).to(
        torch.uint8
    )


@cache
def substitution_table() -> Tensor:
    """Cumulative chances of replacing a code by each code: Tensor, (codes, codes).

    A residue becomes one of those with a positive BLOSUM62 score, each with a chance
    proportional to 2^(score / 2), its odds over chance; a residue without any stays.

    References
    ----------
    Henikoff and Henikoff 1992 (scores are in half bits).
    """
    # Imported here: training without substitution needs no Biopython.
    from Bio.Align import substitution_matrices

    matrix = substitution_matrices.load("BLOSUM62")
    odds = torch.zeros(N_CODES, N_CODES, dtype=torch.float64)
    for code in range(N_CODES):
        odds[code, code] = 1.0
    for i, one in enumerate(AMINO_ACIDS, start=1):
        similar = {
            j: 2.0 ** (matrix[one][other] / 2)
            for j, other in enumerate(AMINO_ACIDS, start=1)
            if other != one and matrix[one][other] > 0
        }
        if similar:
            odds[i, i] = 0.0
            for j, weight in similar.items():
                odds[i, j] = weight
    return (odds.cumsum(-1) / odds.sum(-1, keepdim=True)).float()


def penalty(parameters: dict[str, Tensor], l1: float, l2: float) -> Tensor | float:
    """l1 sum |w| + l2 sum w^2 of every member's weights, biases aside.

    Parameters
    ----------
    parameters : dict of str to Tensor, shape (members, ...)
    l1 : float
    l2 : float

    Returns
    -------
    Tensor, shape (members,), or 0.0 when both are off
    """
    total: Tensor | float = 0.0
    for name, tensor in parameters.items():
        if name.rsplit(".", 1)[-1] == "bias":
            continue
        flat = tensor.flatten(1)
        if l1:
            total = total + l1 * flat.abs().sum(1)
        if l2:
            total = total + l2 * flat.square().sum(1)
    return total
