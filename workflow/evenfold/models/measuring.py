"""What an epoch came to: rates of every member, and the lines of the history."""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from evenfold.losses import Loss, binary_cross_entropy
from evenfold.models.members import Member
from evenfold.models.rows import Rows
from evenfold.models.stacking import logits_of


def measure(
    forward: Callable,
    state: dict[str, Tensor],
    inputs: Rows,
    labels: Tensor,
    rows: list[np.ndarray],
) -> dict[str, Tensor]:
    """Rates of every member on rows of its own, in evaluation mode.

    Parameters
    ----------
    forward : callable
        As `stacked_forward` gives.
    state : dict of str to Tensor
    inputs : Rows
    labels : Tensor, shape (all rows,)
        As they are: not mixed or smoothed.
    rows : list of ndarray of int
        Per member.

    Returns
    -------
    dict of str to Tensor, shape (members,)
        sn, sp, mcc at threshold 0.5, auroc, and loss, the cross entropy.
    """
    longest = max(map(len, rows))
    padded = np.stack([np.resize(part, longest) for part in rows])
    logits = logits_of(forward, state, inputs, padded)
    found: dict[str, list[Tensor]] = {
        key: [] for key in ("sn", "sp", "mcc", "auroc", "loss")
    }
    for part, z in zip(rows, logits):
        z = z[: len(part)].double()
        truth = labels[torch.as_tensor(part, device=labels.device)].cpu().double()
        called = (z >= 0).double()
        positives, negatives = truth.sum(), (1 - truth).sum()
        tp, fp = (called * truth).sum(), (called * (1 - truth)).sum()
        found["sn"].append(tp / positives)
        found["sp"].append(1 - fp / negatives)
        found["mcc"].append(matthews_correlation(tp, fp, positives, negatives))
        found["auroc"].append(area_under_roc(z, truth))
        found["loss"].append(binary_cross_entropy(z, truth))
    return {key: torch.stack(values).float() for key, values in found.items()}


def matthews_correlation(
    tp: Tensor, fp: Tensor, positives: Tensor, negatives: Tensor
) -> Tensor:
    """MCC of counts, 0 where it is not defined: Tensor of float64, shape ().

    Not 1 less the loss `losses.matthews`, which is smoothed and undefined without calls.
    """
    called = tp + fp
    others = positives + negatives - tp - fp
    scale = torch.sqrt(called * positives * negatives * others)
    return (tp * negatives - fp * positives) / scale if scale > 0 else tp * 0


def area_under_roc(z: Tensor, truth: Tensor) -> Tensor:
    """AUROC of logits, ties counted half: Tensor of float64, shape ().

    Parameters
    ----------
    z, truth : Tensor of float64, shape (n,)
    """
    positives, negatives = truth.sum(), (1 - truth).sum()
    # Ties share their rank.
    _, place, size = z.unique(return_inverse=True, return_counts=True)
    ranks = (size.cumsum(0) - (size - 1) / 2.0)[place]
    above = (ranks * truth).sum() - positives * (positives + 1) / 2
    return above / (positives * negatives)


def history_lines(
    epoch: int,
    members: list[Member],
    losses: Tensor,
    measured: dict[str, Tensor],
    loss: Loss,
    rate: float,
) -> list[dict]:
    """Lines of the history: one dict per member, plain numbers.

    Parameters
    ----------
    epoch : int
    members : list[Member]
    losses : Tensor, shape (members,)
        On the training rows.
    measured : dict of str to Tensor, shape (members,)
        On the inner validation slice; see `measure`.
    loss : Loss
        Its state is noted, where it has one.
    rate : float
        Learning rate of the last step.
    """
    # What has a state has weights.
    weights = cast(Any, loss).weights()[0].cpu() if loss.needs_state else None
    return [
        {
            "epoch": epoch,
            "fold": member.fold,
            "seed": member.seed,
            "learning_rate": rate,
            "train_loss": float(losses[i]),
            "watched_loss": float(measured["loss"][i]),
            "watched_auroc": float(measured["auroc"][i]),
            "watched_mcc": float(measured["mcc"][i]),
            "watched_sn": float(measured["sn"][i]),
            "watched_sp": float(measured["sp"][i]),
            "positive_weight": float(weights[i]) if weights is not None else 1.0,
        }
        for i, member in enumerate(members)
    ]
