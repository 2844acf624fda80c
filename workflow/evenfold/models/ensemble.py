"""The stacked ensemble: all members of a variant as one batched network."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call, stack_module_state, vmap

from evenfold.errors import EvenfoldError
from evenfold.files import replacing
from evenfold.models.members import Member
from evenfold.models.networks import build_network

#: Rows scored at once; bounds memory, not results.
CHUNK = 1024


@dataclass
class Ensemble:
    """Trained members of one variant.

    Attributes
    ----------
    state : dict of str to Tensor, shape (members, ...)
        Stacked parameters and buffers.
    recipe : dict
        Network kind and sizes.
    features : dict
        `names` and `length` of the feature set the members read.
    members : list of Member
    """

    state: dict[str, Tensor]
    recipe: dict
    features: dict
    members: list[Member]

    def logits(self, inputs) -> np.ndarray:
        """Logits of every member.

        Parameters
        ----------
        inputs : ndarray or Tensor, shape (n, columns)

        Returns
        -------
        ndarray of float32, shape (members, n)
        """
        forward = stacked_forward(self.recipe)
        device = next(iter(self.state.values())).device
        out = np.empty((len(self.members), len(inputs)), dtype=np.float32)
        with torch.no_grad():
            for start in range(0, len(inputs), CHUNK):
                rows = torch.as_tensor(
                    np.array(inputs[start : start + CHUNK]), device=device
                )
                rows = rows.expand(len(self.members), *rows.shape)
                part = forward(self.state, rows)
                out[:, start : start + CHUNK] = part.cpu().numpy()
        return out

    def scores(self, inputs) -> np.ndarray:
        """sigmoid(mean of the members' logits): ndarray of float64, shape (n,)."""
        mean = self.logits(inputs).mean(axis=0, dtype=np.float64)
        return 1 / (1 + np.exp(-mean))

    def save(self, path, **facts) -> None:
        """Write safetensors with the recipe in its header."""
        # Imported here, as in `load`: training itself needs torch and numpy alone.
        from safetensors.torch import save_file

        header = {
            "recipe": self.recipe,
            "features": self.features,
            "members": [asdict(member) for member in self.members],
            **facts,
        }
        state = {name: t.detach().cpu().contiguous() for name, t in self.state.items()}
        with replacing(path) as temporary:
            save_file(state, temporary, {"evenfold": json.dumps(header)})

    @classmethod
    def load(cls, path) -> "Ensemble":
        """Read what `save` wrote.

        Raises
        ------
        EvenfoldError
            When the file is damaged or not evenfold's.
        """
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, framework="pt") as file:
                header = json.loads(file.metadata()["evenfold"])
                state = {name: file.get_tensor(name) for name in list(file.keys())}
        except (SafetensorError, KeyError, TypeError, ValueError) as error:
            raise EvenfoldError(
                f"{path}: not evenfold weights, or damaged ({error})"
            ) from error
        members = [Member(**member) for member in header["members"]]
        return cls(state, header["recipe"], header["features"], members)


def stacked_forward(recipe: dict) -> Callable:
    """Function (state, inputs, draws) -> logits over a leading member dimension."""
    base = build_network(recipe).to("meta")

    def one(state, inputs, draws):
        return functional_call(base, state, (inputs, draws))

    stacked = vmap(one)

    def forward(state, inputs, draws=None):
        return stacked(state, inputs, draws or {})

    return forward


def initial_state(recipe: dict, seeds: list[int], fit: Callable) -> dict[str, Tensor]:
    """Stacked state of freshly made networks.

    Parameters
    ----------
    seeds : list of int, length members
        Seed of each member's initial weights.
    fit : callable
        Called with (member position, network) to fit its input standardisation.
    """
    networks = []
    for position, seed in enumerate(seeds):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = build_network(recipe)
        fit(position, network)
        networks.append(network)
    parameters, buffers = stack_module_state(networks)
    return {**{n: p.detach() for n, p in parameters.items()}, **buffers}
