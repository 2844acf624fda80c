"""Early stopping per member, and the measurements that steer it."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from evenfold.losses import binary_cross_entropy


class Best:
    """The best epoch's weights of every member, and when each gives up.

    Parameters
    ----------
    settings : evenfold.config.EarlyStopping
    n : int
        Members.
    """

    def __init__(self, settings, n: int):
        self.settings = settings
        self.value = torch.full((n,), -torch.inf)
        self.epoch = torch.zeros(n, dtype=torch.long)
        self.done = torch.zeros(n, dtype=torch.bool)
        self.state = {}

    def update(self, epoch: int, measured: dict, state: dict, names: list[str]):
        """Take an epoch's measurements and keep the weights of those that improved."""
        if not self.settings.patience:
            return
        value = measured[self.settings.criterion]
        value = -value if self.settings.criterion == "loss" else value
        better = (value > self.value) & ~self.done
        self.value = torch.where(better, value, self.value)
        self.epoch[better] = epoch
        for name in names:
            kept = self.state.setdefault(name, state[name].detach().clone())
            kept[better.to(kept.device)] = state[name].detach()[better.to(kept.device)]
        self.done |= epoch - self.epoch >= self.settings.patience

    def all_done(self) -> bool:
        """Whether every member has given up."""
        return bool(self.settings.patience) and bool(self.done.all())

    def restore(self, state: dict, names: list[str]):
        """Put every member's best weights into `state`."""
        for name in names if self.state else ():
            state[name] = self.state[name]


def measure(
    forward: Callable, state: dict, x: Tensor, y: Tensor, slices: list[np.ndarray]
) -> dict[str, Tensor]:
    """Rates of every member on its own rows, in evaluation mode.

    Parameters
    ----------
    forward : callable
        As `stacked_forward` gives.
    x, y : Tensor, shape (all rows, ...)
        Inputs and labels as they are: not augmented, mixed or smoothed.
    slices : list of ndarray of int
        Rows per member.

    Returns
    -------
    dict of str to Tensor, shape (members,)
        sn, sp, mcc at threshold 0.5, auroc, and loss, the cross entropy.
    """
    longest = max(map(len, slices))
    padded = np.stack([np.resize(own, longest) for own in slices])
    with torch.no_grad():
        parts = [
            forward(state, x[index]).cpu()
            for index in torch.as_tensor(padded).to(x.device).split(1024, dim=1)
        ]
    logits = torch.cat(parts, dim=1)
    out = {key: [] for key in ("sn", "sp", "mcc", "auroc", "loss")}
    for own, z in zip(slices, logits):
        z = z[: len(own)].double()
        truth = y[torch.as_tensor(own)].cpu().double()
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
