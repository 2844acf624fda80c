"""The networks: plain modules on one member's batch.

A network's `forward(inputs, keep)` takes the dropout masks from outside, one per entry
of `dropout_shapes`, already scaled; `keep=None` is evaluation. That keeps each member's
randomness its own when many members run as one stack.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from evenfold.sequences.alphabet import N_CODES, PAD


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
        self.first = nn.Linear(n_inputs, hidden[0])
        self.second = nn.Linear(hidden[0], hidden[1])
        self.last = nn.Linear(hidden[1], 1)
        self.dropout_shapes = [(hidden[0],), (hidden[1],)]

    def fit_inputs(self, inputs: Tensor) -> None:
        """Learn the standardisation from a member's training rows, shape (n, inputs)."""
        self.mean.copy_(inputs.mean(0))
        spread = inputs.std(0, correction=0)
        # A column that hardly varies must not be blown up to unit variance.
        self.scale.copy_(spread.clamp(min=float(spread.mean()) + 1e-12))

    def forward(self, inputs: Tensor, keep: list[Tensor] | None = None) -> Tensor:
        """Logits, shape (batch,), of inputs, shape (batch, inputs)."""
        x = (inputs - self.mean) / self.scale
        x = relu(self.first(x))
        x = x if keep is None else x * keep[0]
        x = relu(self.second(x))
        x = x if keep is None else x * keep[1]
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

    def fit_inputs(self, inputs: Tensor) -> None:
        """Residues need no standardisation."""

    def forward(self, inputs: Tensor, keep: list[Tensor] | None = None) -> Tensor:
        """Logits, shape (batch,), of residue codes, shape (batch, length)."""
        inputs = inputs.long()
        known = (inputs != PAD).to(self.residue.dtype).unsqueeze(-1)
        # A product with one-hot letters, not a lookup: the gradient of a lookup adds up in
        # the order the threads happen to arrive, and a run would not repeat.
        x = (self.letters[inputs] @ self.residue + self.position) * known
        x = x if keep is None else x * keep[0]
        responses = []
        for width, linear in zip(self.widths, self.filters):
            side = width // 2
            padded = nn.functional.pad(x, (0, 0, side, side))
            windows = padded.unfold(1, width, 1).flatten(2)
            responses.append(relu(linear(windows)))
        x = torch.cat(responses, -1) * known
        x = torch.cat([x.amax(1), relu(self.summary(x)).flatten(1)], -1)
        x = x if keep is None else x * keep[1]
        x = relu(self.dense(x))
        x = x if keep is None else x * keep[2]
        return self.last(x).squeeze(-1)


def build_network(recipe: dict) -> nn.Module:
    """Network of a recipe: `kind` and the arguments of its class."""
    recipe = dict(recipe)
    kinds = {"feedforward": FeedForward, "convolutional": Convolutional}
    return kinds[recipe.pop("kind")](**recipe)


def recipe_of(training, n_columns: int) -> dict:
    """Recipe of a configuration: the network's kind and sizes.

    Parameters
    ----------
    training : evenfold.config.Training
    n_columns : int
        Columns of the features (the longest sequence for tokens).
    """
    if training.network == "convolutional":
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
