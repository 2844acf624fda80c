"""The networks: plain modules on one member's batch.

A network's `forward(inputs, draws)` takes everything random from outside (see
`regularisation.Disturbance.draws`), so that each member's randomness is its own when
many run as one stack; without draws it evaluates. `dropout_shapes` and `input_shape`
say what to draw for one row.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from evenfold.sequences.alphabet import N_CODES, PAD


def disturbed(x: Tensor, draws: dict) -> Tensor:
    """A batch's continuous inputs, mixed with those of partner rows and with noise.

    The partner of row i is row -1 - i: batches are in random order, and the gradient
    of a flip repeats, which that of an index does not.

    Parameters
    ----------
    x : Tensor, shape (batch, ...)
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
    spread = inputs.std(0, correction=0)
    # A column that hardly varies must not be blown up to unit variance.
    return inputs.mean(0), spread.clamp(min=float(spread.mean()) + 1e-12)


class FeedForward(nn.Module):
    """Two hidden layers on a feature vector, standardised by training rows alone.

    Parameters
    ----------
    n_inputs : int
    hidden : tuple of int
        Widths of the two hidden layers.
    """

    def __init__(self, n_inputs: int, hidden: tuple[int, int] = (128, 64)):
        super().__init__()
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
        x = disturbed((inputs - self.mean) / self.scale, draws) * self.selected
        x = dropped(relu(self.first(x)), draws, 0)
        x = dropped(relu(self.second(x)), draws, 1)
        return self.last(x).squeeze(-1)


class Convolutional(nn.Module):
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
        widths: tuple[int, ...] = (1, 3, 5, 9),
        hidden: int = 64,
    ):
        super().__init__()
        self.widths = tuple(widths)
        self.register_buffer("letters", torch.eye(N_CODES))
        self.residue = nn.Parameter(torch.randn(N_CODES, embedding) * 0.3)
        self.position = nn.Parameter(torch.randn(length, embedding) * 0.3)
        self.filters = nn.ModuleList(
            nn.Linear(width * embedding, channels) for width in self.widths
        )
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
        inputs = inputs.long()
        known = (inputs != PAD).to(self.residue.dtype).unsqueeze(-1)
        # A product with one-hot letters, not a lookup: the gradient of a lookup adds up in
        # the order the threads happen to arrive, and a run would not repeat.
        x = (self.letters[inputs] @ self.residue + self.position) * known
        if draws:
            if "mixup" in draws:
                known = torch.maximum(known, known.flip(0))
            x = dropped(disturbed(x, draws) * known, draws, 0)
        responses = []
        for width, linear in zip(self.widths, self.filters):
            side = width // 2
            padded = nn.functional.pad(x, (0, 0, side, side))
            windows = padded.unfold(1, width, 1).flatten(2)
            responses.append(relu(linear(windows)))
        x = torch.cat(responses, -1) * known
        x = torch.cat([x.amax(1), relu(self.summary(x)).flatten(1)], -1)
        x = dropped(x, draws, 1)
        x = dropped(relu(self.dense(x)), draws, 2)
        return self.last(x).squeeze(-1)


class Linear(nn.Module):
    """A weight per column and a bias: what the logistic models leave.

    Parameters
    ----------
    n_inputs : int
    """

    def __init__(self, n_inputs: int):
        super().__init__()
        self.register_buffer("weight", torch.zeros(n_inputs, dtype=torch.float64))
        self.register_buffer("bias", torch.zeros((), dtype=torch.float64))

    def forward(self, inputs: Tensor, draws: dict | None = None) -> Tensor:
        """Logits, shape (batch,), of inputs, shape (batch, inputs)."""
        return (inputs.double() @ self.weight + self.bias).float()


class Trees(nn.Module):
    """A sum of decision trees: what gradient boosting leaves.

    A leaf's children are the leaf itself, so that every row may take `depth` steps.

    Parameters
    ----------
    trees, nodes, depth : int
        Number of trees, of nodes of the largest, and of its levels below the root.
    """

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
    "linear": Linear,
    "trees": Trees,
}


def build_network(recipe: dict) -> nn.Module:
    """Network of a recipe: `kind` and the arguments of its class."""
    recipe = dict(recipe)
    return KINDS[recipe.pop("kind")](**recipe)


def recipe_of(training, n_columns: int) -> dict:
    """Recipe of a configuration: the network's kind and sizes.

    Parameters
    ----------
    training : evenfold.config.Training
    n_columns : int
        Columns of the features (the longest sequence for tokens).
    """
    if training.model == "convolutional":
        return {
            "kind": "convolutional",
            "length": n_columns,
            "embedding": training.embedding,
            "channels": training.channels,
            "widths": list(training.widths),
        }
    return {
        "kind": "feedforward",
        "n_inputs": n_columns,
        "hidden": list(training.hidden),
    }
