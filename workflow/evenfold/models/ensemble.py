"""The stacked ensemble: all members of a variant as one batched network."""

import json
from dataclasses import asdict, dataclass, field
from os import PathLike
from typing import Any

import numpy as np
import torch
from torch import Tensor

from evenfold.files import replacing
from evenfold.importing import import_paths
from evenfold.models.looking_up import LookedUp
from evenfold.models.members import Member
from evenfold.models.rows import Rows
from evenfold.models.stacking import logits_of, stacked_forward
from evenfold.ragged import Ragged


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
    _fast: LookedUp | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def code(self) -> list[str]:
        """Import paths of the network and the features of the user's own."""
        names = [self.recipe.get("kind", ""), *self.features.get("names", [])]
        return import_paths(map(str, names))

    def logits(
        self, inputs: np.ndarray | Ragged, device: str | None = None
    ) -> np.ndarray:
        """Logits of every member.

        Parameters
        ----------
        inputs : ndarray, shape (n, columns), or Ragged
        device : str, optional
            Where they are scored; where the weights are, unless it is given.

        Returns
        -------
        ndarray of float32, shape (members, n)
        """
        there = device or next(iter(self.state.values())).device
        state = {name: tensor.to(there) for name, tensor in self.state.items()}
        rows = Rows(inputs, there, resident=False)
        index = np.arange(len(inputs))[None]
        return logits_of(stacked_forward(self.recipe), state, rows, index).numpy()

    def mean_logits(self, inputs: np.ndarray | Ragged) -> np.ndarray:
        """Mean of the members' logits: ndarray of float64, shape (n,)."""
        fast = self._looked_up()
        found = fast.logits(torch.as_tensor(inputs)).numpy() if fast else None
        return (self.logits(inputs) if found is None else found).mean(
            axis=0, dtype=np.float64
        )

    def scores(self, inputs: np.ndarray | Ragged) -> np.ndarray:
        """sigmoid(mean of the members' logits): ndarray of float64, shape (n,)."""
        return 1 / (1 + np.exp(-self.mean_logits(inputs)))

    def of_fold(self, fold: int) -> "Ensemble":
        """The members that did not see a fold."""
        chosen = [i for i, member in enumerate(self.members) if member.fold == fold]
        return Ensemble(
            {name: tensor[chosen] for name, tensor in self.state.items()},
            self.recipe,
            self.features,
            [self.members[i] for i in chosen],
        )

    def _looked_up(self) -> LookedUp | None:
        """The faster way to the same logits, where there is one; made once."""
        if self.recipe.get("kind") != "convolutional" or self.state["residue"].is_cuda:
            return None
        if self._fast is None:
            self._fast = LookedUp(self.state, self.recipe)
        return self._fast

    def out_of_fold(
        self, inputs: np.ndarray | Ragged, folds: np.ndarray, device: str = "cpu"
    ) -> np.ndarray:
        """Mean logit over the members that did not see a row's fold.

        Parameters
        ----------
        inputs : ndarray, shape (n, columns), or Ragged
        folds : ndarray of int, shape (n,)
        device : str
            Where they are scored.

        Returns
        -------
        ndarray of float64, shape (n,)
        """
        logits = np.zeros(len(folds))
        rows = Rows(inputs, device, resident=False)
        forward = stacked_forward(self.recipe)
        for fold in np.unique(folds):
            held_out = np.flatnonzero(folds == fold)
            chosen = [i for i, m in enumerate(self.members) if m.fold == fold]
            if chosen:
                state = {n: t[chosen].to(device) for n, t in self.state.items()}
                part = logits_of(forward, state, rows, held_out[None]).numpy()
                logits[held_out] = part.mean(axis=0, dtype=np.float64)
        return logits

    def save(self, path: str | PathLike, **facts: Any) -> None:
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
    def load(cls, path: str | PathLike) -> "Ensemble":
        """Read what `save` wrote.

        Raises
        ------
        EvenfoldError
            When the file is damaged or not evenfold's.
        """
        from evenfold.records.weights import WeightsHeader, opened_weights

        with opened_weights(path, "pt") as (found, file):
            state = {name: file.get_tensor(name) for name in list(file.keys())}
        header = WeightsHeader.of(found, path)
        members = [Member(member.fold, member.seed) for member in header.members]
        return cls(state, header.recipe, header.features, members)
