"""The networks: plain modules on one member's batch.

A network's `forward(inputs, draws)` takes everything random from outside (see
`regularisation.Disturbance.draws`), so that each member's randomness is its own when
many run as one stack; without draws it evaluates. `dropout_shapes` and `input_shape`
say what to draw for one row. All three and `fit_inputs` are optional: a user's network
(docs/networks.md) needs a constructor that takes the number of columns, and `forward`.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from evenfold.alphabet import N_CODES, PAD
from evenfold.errors import EvenfoldError
from evenfold.importing import imported
from evenfold.models.gradients import Largest, convolved

if TYPE_CHECKING:
    from evenfold.config.training import Training


#: Standard deviations from a member's training mean that an input may lie, of every
#: feature vector; chosen by grouped cross-validation (docs/benchmarks.md).
BOUND = 3.0
#: Rows at once in whose trees a CPU's cache holds where each row is.
_CACHED = 256


def disturbed(x: Tensor, draws: dict) -> Tensor:
    """A batch's continuous inputs, mixed with those of partner rows and with noise.

    The partner of row i is row -1 - i: batches are in random order, and the gradient
    of a flip repeats, which that of an index does not.

    Parameters
    ----------
    x : Tensor, shape (batch, ...)
    draws : dict
    """
    if "mixup" in draws:
        share = draws["mixup"].reshape(-1, *[1] * (x.ndim - 1))
        x = torch.lerp(x.flip(0), x, share)
    return x + draws["noise"] if "noise" in draws else x


def dropped(x: Tensor, draws: dict, place: int) -> Tensor:
    """x under the scaled dropout mask of one of the network's `dropout_shapes`."""
    return x * draws["dropout"][place] if "dropout" in draws else x


def standardisation(inputs: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and scale of every column of a member's training rows, shape (n, inputs)."""
    mean, spread = inputs.mean(0), inputs.std(0, correction=0)
    # A column that hardly varies must not be blown up to unit variance: rare ones are
    # measured by the others. Where the others have another unit, by their own values.
    furthest = torch.maximum(inputs.amax(0) - mean, mean - inputs.amin(0))
    varies = furthest > 1e-6 * mean.abs()
    floor = torch.where(varies, (furthest / 5).clamp(max=spread.mean()), spread.mean())
    return mean, torch.maximum(spread, floor) + 1e-12


def bounded(x: Tensor, bound: float | None) -> Tensor:
    """Standardised inputs that no row leaves far: at most `bound` deviations out.

    A share of a short peptide's dipeptides may lie fifty deviations out, where no
    training row ever was, and a network goes on in a straight line.

    Parameters
    ----------
    x : Tensor
    bound : float or None
        None: as they are, as until version 0.1.0.
    """
    return x if bound is None else x.clamp(-bound, bound)


def flat(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """function(x) of a matrix product over the last dimension, as one product.

    Stacked, a product of three dimensions would copy its weights for every row.
    """
    return function(x.flatten(0, 1)).unflatten(0, x.shape[:2])


class FeedForward(nn.Module):
    """Two hidden layers on a feature vector, standardised by training rows alone.

    Parameters
    ----------
    n_inputs : int
    hidden : tuple of int
        Widths of the two hidden layers.
    bound : float, optional
        See `bounded`.
    """

    mean: Tensor
    scale: Tensor
    selected: Tensor

    def __init__(
        self,
        n_inputs: int,
        hidden: Sequence[int] = (128, 64),
        bound: float | None = None,
    ):
        super().__init__()
        self.bound = bound
        self.register_buffer("mean", torch.zeros(n_inputs))
        self.register_buffer("scale", torch.ones(n_inputs))
        self.register_buffer("selected", torch.ones(n_inputs))
        self.first = nn.Linear(n_inputs, hidden[0])
        self.second = nn.Linear(hidden[0], hidden[1])
        self.last = nn.Linear(hidden[1], 1)
        self.dropout_shapes = [(hidden[0],), (hidden[1],)]
        self.input_shape = (n_inputs,)

    def fit_inputs(self, inputs: Tensor, selected: Tensor | None = None) -> None:
        """Learn the standardisation from a member's training rows.

        Parameters
        ----------
        inputs : Tensor, shape (n, inputs)
        selected : Tensor, shape (inputs,), optional
            1 for columns to use, 0 for others.
        """
        mean, scale = standardisation(inputs)
        self.mean.copy_(mean)
        self.scale.copy_(scale)
        if selected is not None:
            self.selected.copy_(selected)

    def forward(self, inputs: Tensor, draws: dict | None = None) -> Tensor:
        """Logits, shape (batch,), of inputs, shape (batch, inputs)."""
        draws = draws or {}
        # (inputs - mean) / scale of the selected columns, in one pass.
        weight = self.selected / self.scale
        x = torch.addcmul(-self.mean * weight, inputs, weight)
        x = disturbed(bounded(x, self.bound), draws)
        x = dropped(relu(self.first(x)), draws, 0)
        x = dropped(relu(self.second(x)), draws, 1)
        return self.last(x).squeeze(-1)


class _Residues(nn.Module):
    """What both convolutional networks begin with: letters, embedded and disturbed."""

    letters: Tensor
    dense: nn.Linear
    last: nn.Linear

    def __init__(
        self,
        embedding: int,
        channels: int,
        widths: Sequence[int],
        length: int | None = None,
    ):
        super().__init__()
        self.widths = tuple(widths)
        self.register_buffer("letters", torch.eye(N_CODES))
        self.residue = nn.Parameter(torch.randn(N_CODES, embedding) * 0.3)
        if length:
            self.position = nn.Parameter(torch.randn(length, embedding) * 0.3)
        self.filters = nn.ModuleList(
            nn.Linear(width * embedding, channels) for width in self.widths
        )

    def responses(self, inputs: Tensor, draws: dict) -> tuple[Tensor, Tensor]:
        """Filters' responses (batch, length, channels), and where residues are."""
        inputs = inputs.long()
        known = (inputs != PAD).to(self.residue.dtype).unsqueeze(-1)
        # A product with one-hot letters, not a lookup: the gradient of a lookup adds up in
        # the order the threads happen to arrive, and a run would not repeat.
        x = flat(lambda letters: letters @ self.residue, self.letters[inputs])
        x = (x + self.position if hasattr(self, "position") else x) * known
        if draws:
            if "mixup" in draws:
                known = torch.maximum(known, known.flip(0))
            x = dropped(disturbed(x, draws) * known, draws, 0)
        return convolved(x, known, self.widths, self.filters), known

    def answer(self, x: Tensor, draws: dict) -> Tensor:
        """Logits of what the responses were pooled to."""
        x = dropped(x, draws, 1)
        x = dropped(relu(self.dense(x)), draws, 2)
        return self.last(x).squeeze(-1)


class Convolutional(_Residues):
    """Multi-width 1-D convolutions on residues with a learned position embedding.

    Each convolution is an unfold and a matrix product, which stacks into one batched
    product and runs faster on a CPU than a grouped convolution. The responses are
    pooled over the residues (maximum, and an average weighted by learned positions).

    Parameters
    ----------
    length : int
        Letters of the longest input.
    embedding, channels : int
    widths : tuple of odd int
    """

    def __init__(
        self,
        length: int,
        embedding: int = 24,
        channels: int = 32,
        widths: Sequence[int] = (1, 3, 5, 9),
        hidden: int = 64,
    ):
        super().__init__(embedding, channels, widths, length)
        total = channels * len(self.widths)
        self.summary = nn.Linear(total, 8)
        self.dense = nn.Linear(total + 8 * length, hidden)
        self.last = nn.Linear(hidden, 1)
        self.dropout_shapes = [(length, embedding), (total + 8 * length,), (hidden,)]
        self.input_shape = (length, embedding)

    def fit_inputs(self, inputs: Tensor, selected: Tensor | None = None) -> None:
        """Residues need no standardisation, and all are used."""

    def forward(self, inputs: Tensor, draws: dict | None = None) -> Tensor:
        """Logits, shape (batch,), of residue codes, shape (batch, length)."""
        draws = draws or {}
        x, _ = self.responses(inputs, draws)
        x = torch.cat([Largest.apply(x), relu(flat(self.summary, x)).flatten(1)], -1)
        return self.answer(x, draws)


class PooledConvolutional(_Residues):
    """Multi-width 1-D convolutions on whole proteins, pooled over the residues.

    The responses are pooled as their maximum and their mean over the residues that are
    there; padding changes nothing, and no weight belongs to a position.

    Parameters
    ----------
    embedding, channels : int
    widths : tuple of odd int
    hidden : int
    """

    def __init__(
        self,
        embedding: int = 24,
        channels: int = 32,
        widths: Sequence[int] = (1, 3, 5, 9),
        hidden: int = 64,
    ):
        super().__init__(embedding, channels, widths)
        total = 2 * channels * len(self.widths)
        self.dense = nn.Linear(total, hidden)
        self.last = nn.Linear(hidden, 1)
        # Per row and channel: masks of single residues would depend on the padding.
        self.dropout_shapes = [(1, embedding), (total,), (hidden,)]
        self.input_shape = (1, embedding)

    def forward(self, inputs: Tensor, draws: dict | None = None) -> Tensor:
        """Logits, shape (batch,), of residue codes, shape (batch, longest)."""
        draws = draws or {}
        x, known = self.responses(inputs, draws)
        x = torch.cat([Largest.apply(x), x.sum(1) / known.sum(1).clamp(min=1)], -1)
        return self.answer(x, draws)


class Linear(nn.Module):
    """A weight per column and a bias: what the logistic models leave.

    Parameters
    ----------
    n_inputs : int
    bound : float, optional
        See `bounded`; without, the weights are of columns as they are.
    """

    weight: Tensor
    bias: Tensor
    mean: Tensor
    scale: Tensor

    def __init__(self, n_inputs: int, bound: float | None = None):
        super().__init__()
        self.bound = bound
        self.register_buffer("weight", torch.zeros(n_inputs, dtype=torch.float64))
        self.register_buffer("bias", torch.zeros((), dtype=torch.float64))
        if bound is not None:
            self.register_buffer("mean", torch.zeros(n_inputs, dtype=torch.float64))
            self.register_buffer("scale", torch.ones(n_inputs, dtype=torch.float64))

    def forward(self, inputs: Tensor, draws: dict | None = None) -> Tensor:
        """Logits, shape (batch,), of inputs, shape (batch, inputs)."""
        x = inputs.double()
        if self.bound is not None:
            x = bounded((x - self.mean) / self.scale, self.bound)
        return (x @ self.weight + self.bias).float()


class Trees(nn.Module):
    """A sum of decision trees: what gradient boosting leaves.

    A leaf's children are the leaf itself, so that every row may take `depth` steps.

    Parameters
    ----------
    trees, nodes, depth : int
        Number of trees, of nodes of the largest, and of its levels below the root.
    """

    column: Tensor
    left: Tensor
    right: Tensor
    threshold: Tensor
    value: Tensor
    baseline: Tensor

    def __init__(self, trees: int, nodes: int, depth: int):
        super().__init__()
        self.depth = depth
        for name, dtype in (
            ("column", torch.int64),
            ("left", torch.int64),
            ("right", torch.int64),
            ("threshold", torch.float64),
            ("value", torch.float64),
        ):
            self.register_buffer(name, torch.zeros(trees, nodes, dtype=dtype))
        self.register_buffer("baseline", torch.zeros((), dtype=torch.float64))

    def forward(self, inputs: Tensor, draws: dict | None = None) -> Tensor:
        """Logits, shape (batch,), of inputs, shape (batch, inputs)."""
        parts = (inputs,) if inputs.is_cuda else inputs.split(_CACHED)
        return torch.cat([self._walked(part) for part in parts])

    def _walked(self, inputs: Tensor) -> Tensor:
        columns = inputs.double().T
        node = self.left.new_zeros(len(self.left), len(inputs))
        for _ in range(self.depth):
            value = columns.gather(0, self.column.gather(1, node))
            left = value <= self.threshold.gather(1, node)
            node = torch.where(
                left, self.left.gather(1, node), self.right.gather(1, node)
            )
        return (self.value.gather(1, node).sum(0) + self.baseline).float()


KINDS = {
    "feedforward": FeedForward,
    "convolutional": Convolutional,
    "pooled_convolutional": PooledConvolutional,
    "linear": Linear,
    "trees": Trees,
}


def build_network(recipe: dict) -> nn.Module:
    """Network of a recipe: `kind`, a name or an import path, and its arguments."""
    recipe = {key: value for key, value in recipe.items() if key != "stacked"}
    kind = recipe.pop("kind")
    network = (KINDS.get(kind) or _of_ones_own(kind))(**recipe)
    for name, nothing in (("dropout_shapes", []), ("input_shape", ())):
        if not hasattr(network, name):
            setattr(network, name, nothing)
    return network


def _of_ones_own(path):
    found = imported(path, "network")
    if not (isinstance(found, type) and issubclass(found, nn.Module)):
        raise EvenfoldError(f"the network {path} is not a torch.nn.Module class.")
    return found


def recipe_of(training: "Training", n_columns: int) -> dict:
    """Recipe of a configuration: the network's kind and sizes.

    Parameters
    ----------
    training : evenfold.config.training.Training
    n_columns : int
        Columns of the features; the longest sequence for tokens, the number of codes
        for residues.
    """
    sizes = {
        "embedding": training.embedding,
        "channels": training.channels,
        "widths": list(training.widths),
    }
    if training.model == "convolutional":
        return {"kind": "convolutional", "length": n_columns, **sizes}
    if training.model == "pooled_convolutional":
        return {"kind": "pooled_convolutional", **sizes}
    if training.model == "feedforward":
        hidden = list(training.hidden)
        sizes = {"n_inputs": n_columns, "hidden": hidden, "bound": BOUND}
        return {"kind": "feedforward", **sizes}
    return {"kind": training.model, "n_columns": n_columns, **training.network}
