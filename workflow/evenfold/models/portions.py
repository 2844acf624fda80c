"""How many members and rows go at once, so that training keeps to a memory budget."""

from dataclasses import dataclass, replace

import numpy as np
import torch

from evenfold.machine import available_memory
from evenfold.models.rows import Rows
from evenfold.models.stacking import initial_state, stacked_forward

#: Most members of a stack, by device and network, as measured by benchmarks/engine.py
#: (docs/benchmarks.md): a recorded table and no stopwatch, so that a run repeats.
CHUNKS = {
    ("cpu", "feedforward"): 25,
    ("cpu", "convolutional"): 1,
    ("cpu", "pooled_convolutional"): 1,
}
_UNKNOWN = {"cpu": 5, "cuda": 400}
#: Rows of all members at once up to which a CPU gains by a stack of convolutional
#: networks: of small batches a step's operations cost more than what they compute.
_ROWS = 160
#: Residues of a batch of whole proteins that go at once.
_RESIDUES = {"cpu": 1 << 16, "cuda": 1 << 20}
#: Of what is kept for the backward pass; the rest is the largest passing tensors.
_SLACK = 2.0


@dataclass(frozen=True)
class Portion:
    """What goes at once: members of a stack, and rows of their batches.

    Attributes
    ----------
    members : int
        Of a stack.
    cells : int
        Rows of one member's batch, or residues where lengths differ.
    resident : bool
        Whether the inputs lie on the device as a whole.
    bytes : int
        Estimated need.
    """

    members: int
    cells: int
    resident: bool
    bytes: int

    def halved(self) -> "Portion | None":
        """The next smaller portion; None when nothing is left to halve."""
        if self.members > 1:
            return replace(self, members=(self.members + 1) // 2)
        if self.cells > 2:
            return replace(self, cells=self.cells // 2)
        return None


def memory_budget(memory_gb: float | None, device: torch.device) -> int:
    """Bytes that training may take.

    Parameters
    ----------
    memory_gb : float or None
        None: most of a GPU's memory, half of what the CPU job has.
    device : torch.device
    """
    if memory_gb:
        return int(memory_gb * 1e9)
    if device.type == "cuda":
        return int(0.8 * torch.cuda.mem_get_info(device)[1])
    return available_memory() // 2


def largest_portion(
    recipe: dict, rows: Rows, members: int, batch: int, budget: int, most: int | None
) -> Portion:
    """Members and rows that go at once within a budget.

    Parameters
    ----------
    recipe : dict
    rows : Rows
    members, batch : int
        Of the variant, and rows of a batch.
    budget : int
        Bytes.
    most : int, optional
        Members of a stack at most, in place of the recorded table.
    """
    kind = rows.device.type
    table = CHUNKS.get((kind, recipe["kind"]), _UNKNOWN[kind])
    if (kind, recipe["kind"]) == ("cpu", "convolutional"):
        table = max(table, _ROWS // batch)
    members = min(members, most or table)
    fixed, per_cell = need(recipe, rows)
    inputs = rows.values.nbytes
    # Weights, gradients, two moments, the best ones and a checkpoint's.
    fixed = 6 * fixed
    cells = batch
    if rows.lengths is not None:
        cells = min(_RESIDUES[kind], int(batch * rows.lengths.mean()))
    resident = kind == "cpu" or inputs <= budget // 2
    left = budget - (inputs if resident and kind != "cpu" else 0)
    fitting = int(left // (fixed + _SLACK * per_cell * cells))
    members = max(1, min(members, fitting))
    if not fitting:
        cells = max(2, int((left - fixed) // (_SLACK * per_cell)))
    total = members * (fixed + _SLACK * per_cell * cells)
    return Portion(members, cells, resident, int(total))


def need(recipe: dict, rows: Rows) -> tuple[int, float]:
    """Bytes of one member's state, and of a row or residue for the backward pass.

    Counted by running two rows of two members forward and adding up what autograd keeps:
    a stack keeps more than a member alone.
    """
    members = 2
    state = initial_state(recipe, [*range(members)], lambda position, network: None)
    kept: dict[int, int] = {}

    def count(tensor: torch.Tensor) -> torch.Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    # Of a protein of one residue the weights alone would be counted.
    middle = np.arange(2)
    if rows.lengths is not None:
        middle = np.argsort(rows.lengths)[len(rows) // 2 :]
    x = rows.take(np.resize(middle, 2)).cpu()[None]
    x = x.expand(members, *x.shape[1:])
    cells = members * (2 * x.shape[-1] if rows.ragged else 2)
    for tensor in state.values():
        if tensor.is_floating_point():
            tensor.requires_grad_()
    with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
        stacked_forward(recipe)(state, x, {} if recipe.get("stacked", True) else None)
    fixed = sum(tensor.nbytes for tensor in state.values()) // members
    weights = {tensor.untyped_storage().data_ptr() for tensor in state.values()}
    activations = sum(size for place, size in kept.items() if place not in weights)
    return fixed, max(activations / cells, 4.0)
