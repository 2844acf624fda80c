"""Early stopping: every member's best epoch, and when it gives up."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from evenfold.config.training import EarlyStopping


class Best:
    """The best epoch's weights of every member, and when each gives up.

    Parameters
    ----------
    settings : evenfold.config.training.EarlyStopping
    n : int
        Members.

    Attributes
    ----------
    state : dict of str to Tensor, shape (n, ...)
        Parameters of every member's best epoch; empty without early stopping.
    """

    def __init__(self, settings: "EarlyStopping", n: int):
        self.settings = settings
        self.value = torch.full((n,), -torch.inf)
        self.epoch = torch.zeros(n, dtype=torch.long)
        self.done = torch.zeros(n, dtype=torch.bool)
        self.state: dict[str, Tensor] = {}

    def update(
        self,
        epoch: int,
        alive: Tensor,
        measured: dict[str, Tensor],
        parameters: dict[str, Tensor],
    ) -> None:
        """Take an epoch's measurements and keep the weights of those that improved.

        Parameters
        ----------
        epoch : int
        alive : Tensor of int, shape (alive,)
            Members that `measured` and `parameters` are of.
        measured : dict of str to Tensor
        parameters : dict of str to Tensor
        """
        if not self.settings.patience:
            return
        value = measured[self.settings.criterion]
        value = -value if self.settings.criterion == "loss" else value
        better = value > self.value[alive]
        self.value[alive[better]] = value[better]
        self.epoch[alive[better]] = epoch
        for name, tensor in parameters.items():
            tensor = tensor.detach()
            # The first time all are alive; what is never better keeps those weights.
            if name not in self.state:
                self.state[name] = tensor.clone()
            which = better.to(tensor.device)
            self.state[name][alive.to(tensor.device)[which]] = tensor[which]
        self.done |= epoch - self.epoch >= self.settings.patience
