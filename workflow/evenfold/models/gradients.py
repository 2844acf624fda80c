"""Operations on residues with gradients written by hand.

A CPU spends most of the time of torch's own ones in memory. Tests hold each to what
torch derives itself: values and gradients.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad


def convolved(
    x: Tensor, known: Tensor, widths: Sequence[int], filters: Iterable[Any]
) -> Tensor:
    """relu of filters of several widths where a residue is, 0 elsewhere.

    Parameters
    ----------
    x : Tensor, shape (batch, length, embedding)
    known : Tensor, shape (batch, length, 1)
        1 where a residue is, 0 elsewhere.
    widths : tuple of int
    filters : iterable of nn.Linear
        From width * embedding (embedding first) to channels, one per width.

    Returns
    -------
    Tensor, shape (batch, length, channels of all widths)
    """
    embedding, side = x.shape[-1], max(widths) // 2
    filters = list(filters)
    weights = [
        linear.weight.unflatten(1, (embedding, width)).transpose(1, 2).flatten(1).T
        for width, linear in zip(widths, filters)
    ]
    x = pad(x, (0, 0, side, side))
    bias = torch.cat([linear.bias for linear in filters])
    if torch.is_autocast_enabled(x.device.type):
        low = torch.get_autocast_dtype(x.device.type)
        x, known, bias, *weights = (t.to(low) for t in (x, known, bias, *weights))
    return Filters.apply(x, known, bias, tuple(widths), *weights)[0]


class Filters(torch.autograd.Function):
    """relu of matrix products with windows of neighbouring residues.

    The windows are laid out once, for the widest filter; narrower ones multiply their
    inner columns, and the gradient of the residues is a sum of shifted slices. Written
    out because a CPU spends most of the time of unfold and its gradient in memory.

    Parameters
    ----------
    x : Tensor, shape (batch, length + widest - 1, e)
    known : Tensor, shape (batch, length, 1)
        What the responses are multiplied by; it has no gradient.
    bias : Tensor, shape (channels of all widths,)
    widths : tuple of int
    weights : Tensor, shape (width * e, channels), one per width
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(
        x: Tensor,
        known: Tensor,
        bias: Tensor,
        widths: tuple[int, ...],
        *weights: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Responses, shape (batch, length, channels), and the windows as rows."""
        most = max(widths)
        windows = x.unfold(1, most, 1).transpose(2, 3).flatten(2)
        rows = windows.flatten(0, 1)
        inner = Filters.columns(widths, x.shape[2])
        out = torch.cat([rows[:, columns] @ w for columns, w in zip(inner, weights)], 1)
        out.add_(bias).relu_().mul_(known.flatten(0, 1))
        return out.unflatten(0, windows.shape[:2]), rows

    @staticmethod
    def columns(widths: tuple[int, ...], embedding: int) -> list[slice]:
        """Columns of the widest window that each width covers."""
        most = max(widths)
        return [
            slice((most - w) // 2 * embedding, (most + w) // 2 * embedding)
            for w in widths
        ]

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: tuple[Tensor, Tensor]) -> None:
        """Keep what the gradient needs."""
        _, _, _, ctx.widths, *weights = inputs
        out, rows = output
        ctx.mark_non_differentiable(rows)
        # Otherwise zeros of the size of the windows would be made for their gradient.
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(out, rows, *weights)

    @staticmethod
    def backward(ctx: Any, slope: Tensor, _: None) -> tuple[Tensor | None, ...]:
        """Gradients of the residues, the bias and the weights."""
        out, rows, *weights = ctx.saved_tensors
        most, length = max(ctx.widths), out.shape[1]
        embedding = rows.shape[1] // most
        slope = torch.ops.aten.threshold_backward(slope, out, 0).flatten(0, 1)
        parts = slope.split([w.shape[1] for w in weights], 1)
        inner = Filters.columns(ctx.widths, embedding)
        slopes = [rows[:, columns].T @ part for columns, part in zip(inner, parts)]
        # The widest first: it makes the whole row that the others add to.
        order = sorted(range(len(weights)), key=lambda i: -ctx.widths[i])
        back = parts[order[0]] @ weights[order[0]].T
        for i in order[1:]:
            back[:, inner[i]] += parts[i] @ weights[i].T
        back = back.unflatten(0, out.shape[:2]).unflatten(2, (most, embedding))
        total = pad(back[:, :, 0], (0, 0, 0, most - 1))
        for place in range(1, most):
            total[:, place : place + length] += back[:, :, place]
        return total, None, slope.sum(0), None, *slopes


class Largest(torch.autograd.Function):
    """Maximum over the residues: (batch, length, channels) to (batch, channels).

    As `amax`, whose own gradient counts ties in 64-bit integers and takes as long as a
    convolution; equal ones share it.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor) -> Tensor:
        """The maximum."""
        return x.amax(1)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:
        """Keep what the gradient needs."""
        ctx.save_for_backward(inputs[0], output)

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> Tensor:
        """Each maximum's gradient, shared by those that are equal to it."""
        x, largest = ctx.saved_tensors
        # 1 where they are equal: comparing takes three times as long as subtracting.
        found = (x - largest.unsqueeze(1)).sign_().add_(1)
        return found.mul_((slope / found.sum(1)).unsqueeze(1))
