"""Early stopping per member, and the measurements that steer it."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from evenfold.losses import binary_cross_entropy
from evenfold.models.rows import Rows
from evenfold.models.stacking import logits_of


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

    def __init__(self, settings, n: int):
        self.settings = settings
        self.value = torch.full((n,), -torch.inf)
        self.epoch = torch.zeros(n, dtype=torch.long)
        self.done = torch.zeros(n, dtype=torch.bool)
        self.state = {}

    def update(
        self, epoch: int, alive: Tensor, measured: dict, parameters: dict[str, Tensor]
    ) -> None:
        """Take an epoch's measurements and keep the weights of those that improved.

        Parameters
        ----------
        alive : Tensor of int, shape (alive,)
            Members that `measured` and `parameters` are of.
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


def measure(
    forward: Callable, state: dict, rows: Rows, y: Tensor, slices: list[np.ndarray]
) -> dict[str, Tensor]:
    """Rates of every member on its own rows, in evaluation mode.

    Parameters
    ----------
    forward : callable
        As `stacked_forward` gives.
    rows : Rows
    y : Tensor, shape (all rows,)
        Labels as they are: not mixed or smoothed.
    slices : list of ndarray of int
        Rows per member.

    Returns
    -------
    dict of str to Tensor, shape (members,)
        sn, sp, mcc at threshold 0.5, auroc, and loss, the cross entropy.
    """
    longest = max(map(len, slices))
    padded = np.stack([np.resize(own, longest) for own in slices])
    logits = logits_of(forward, state, rows, padded)
    out = {key: [] for key in ("sn", "sp", "mcc", "auroc", "loss")}
    for own, z in zip(slices, logits):
        z = z[: len(own)].double()
        truth = y[torch.as_tensor(own, device=y.device)].cpu().double()
        called = (z >= 0).double()
        n1, n0 = truth.sum(), (1 - truth).sum()
        tp, fp = (called * truth).sum(), (called * (1 - truth)).sum()
        # Ties share their rank.
        _, place, size = z.unique(return_inverse=True, return_counts=True)
        ranks = (size.cumsum(0) - (size - 1) / 2.0)[place]
        scale = torch.sqrt((tp + fp) * n1 * n0 * (n1 + n0 - tp - fp))
        out["sn"].append(tp / n1)
        out["sp"].append(1 - fp / n0)
        out["mcc"].append((tp * n0 - fp * n1) / scale if scale > 0 else tp * 0)
        out["auroc"].append(((ranks * truth).sum() - n1 * (n1 + 1) / 2) / (n1 * n0))
        out["loss"].append(binary_cross_entropy(z, truth))
    return {key: torch.stack(values).float() for key, values in out.items()}
