"""AdamW as torch's own fused one, without what torch loads to compile it."""

from collections.abc import Iterable

import torch
from torch import Tensor

_BETAS = (0.9, 0.999)
_EPSILON = 1e-8


class AdamW:
    """Adam with decoupled weight decay, all parameters in one operation.

    Making a `torch.optim.AdamW` imports torch's compiler and sympy, which takes longer
    than a small network's training. A test holds this one to it, bit for bit.

    Parameters
    ----------
    parameters : iterable of Tensor
    weight_decay : float

    Attributes
    ----------
    state : dict of Tensor to dict
        Of every parameter `step`, `exp_avg` and `exp_avg_sq`; empty before its first
        step.

    References
    ----------
    Loshchilov and Hutter 2019.
    """

    def __init__(self, parameters: Iterable[Tensor], weight_decay: float):
        self.weight_decay = weight_decay
        self.state: dict[Tensor, dict[str, Tensor]] = {p: {} for p in parameters}

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in self.state:
            parameter.grad = None

    def step(self, rate: float) -> None:
        """Follow the gradients that the parameters hold.

        Parameters
        ----------
        rate : float
            Learning rate.
        """
        moved = [p for p in self.state if p.grad is not None]
        for parameter in moved:
            if not self.state[parameter]:
                self.state[parameter] = {
                    "step": torch.zeros((), device=parameter.device),
                    "exp_avg": torch.zeros_like(parameter),
                    "exp_avg_sq": torch.zeros_like(parameter),
                }
        if not moved:
            return
        steps, means, squares = (
            [self.state[p][key] for p in moved]
            for key in ("step", "exp_avg", "exp_avg_sq")
        )
        with torch.no_grad():
            torch._foreach_add_(steps, 1)
            torch._fused_adamw_(
                moved,
                [p.grad for p in moved if p.grad is not None],
                means,
                squares,
                [],
                steps,
                lr=rate,
                beta1=_BETAS[0],
                beta2=_BETAS[1],
                weight_decay=self.weight_decay,
                eps=_EPSILON,
                amsgrad=False,
                maximize=False,
            )
