"""What each column of the features adds to the logit of a row, model by model.

All of them add up to the logit of the row less a baseline's; a test holds each to that.
"""

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call

from evenfold.models.ensemble import Ensemble
from evenfold.models.networks import bounded, build_network

#: Steps of the integral along the way from the mean to a row.
_STEPS = 16
#: Rows of trees at once: rows by leaves by the columns on the way to one.
_ROWS = 16

#: Kinds of networks whose columns can be told.
KINDS = ("linear", "trees", "feedforward")


def added(ensemble: Ensemble, inputs: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """What each column adds to the logit of each row, mean over the members.

    Parameters
    ----------
    ensemble : Ensemble
        Of a kind of KINDS.
    inputs : ndarray of float32, shape (n, columns)
    seen : ndarray of float32, shape (m, columns)
        Rows of those that the members trained on: what trees take as usual.

    Returns
    -------
    ndarray of float, shape (n, columns)
    """
    kind = ensemble.recipe["kind"]
    total = np.zeros(inputs.shape)
    for member in range(len(ensemble.members)):
        state = {name: tensor[member] for name, tensor in ensemble.state.items()}
        if kind == "linear":
            total += _linear(state, ensemble.recipe.get("bound"), inputs, seen)
        elif kind == "trees":
            total += shapley(_arrays(state), covers(_arrays(state), seen), inputs)
        else:
            total += _integrated(ensemble.recipe, state, inputs)
    return total / max(1, len(ensemble.members))


def _linear(state, bound, inputs, seen):
    def standard(x):
        x = torch.as_tensor(x).double()
        return (
            x if bound is None else bounded((x - state["mean"]) / state["scale"], bound)
        )

    usual = standard(seen).mean(0)
    return ((standard(inputs) - usual) * state["weight"]).numpy()


def _integrated(recipe: dict, state: dict[str, Tensor], inputs: np.ndarray):
    """Integrated gradients from the mean of the training rows (Sundararajan 2017)."""
    network = build_network(recipe).eval()
    end = torch.as_tensor(inputs)
    start = state["mean"].to(end.dtype).expand_as(end)
    gradient = torch.zeros_like(end)
    for step in range(_STEPS):
        share = (step + 0.5) / _STEPS
        here = torch.lerp(start, end, share).requires_grad_()
        logits = functional_call(network, state, (here,))
        (slope,) = torch.autograd.grad(logits.sum(), here)
        gradient += slope / _STEPS
    return ((end - start) * gradient).double().numpy()


def _arrays(state: dict[str, Tensor]) -> dict[str, np.ndarray]:
    return {name: tensor.numpy() for name, tensor in state.items()}


def covers(trees: dict[str, np.ndarray], seen: np.ndarray) -> np.ndarray:
    """How many rows come to each node.

    Parameters
    ----------
    trees : dict of str to ndarray, shape (trees, nodes)
        `column`, `left`, `right` and `threshold`.
    seen : ndarray, shape (m, columns)

    Returns
    -------
    ndarray of float, shape (trees, nodes)
        Each a half more, so that no way is impossible.
    """
    count = np.zeros(trees["left"].shape)
    for tree in range(len(count)):
        left, right = trees["left"][tree], trees["right"][tree]
        waiting = [(0, np.arange(len(seen)))]
        while waiting:
            node, rows = waiting.pop()
            count[tree, node] = len(rows)
            if left[node] != node:
                below = (
                    seen[rows, trees["column"][tree, node]]
                    <= trees["threshold"][tree, node]
                )
                waiting += [(left[node], rows[below]), (right[node], rows[~below])]
    return count + 0.5


def shapley(
    trees: dict[str, np.ndarray], cover: np.ndarray, inputs: np.ndarray
) -> np.ndarray:
    """Shapley values of a sum of trees (Lundberg 2020), leaf by leaf.

    Of a leaf, every column on the way to it lets a row through or not (1 or 0), and an
    unknown row with its share of the cover. A column's value is an integral over the
    share of known columns, whose polynomial Gauss and Legendre sum exactly.

    Parameters
    ----------
    trees : dict of str to ndarray, shape (trees, nodes)
        `column`, `left`, `right`, `threshold` and `value`.
    cover : ndarray, shape (trees, nodes)
        Weight of the rows at each node.
    inputs : ndarray, shape (n, columns)

    Returns
    -------
    ndarray of float, shape (n, columns)
    """
    columns, low, high, share, value = _ways(trees, cover)
    found = np.zeros(inputs.shape)
    if not len(value):
        return found
    points, weights = np.polynomial.legendre.leggauss(columns.shape[1] // 2 + 1)
    points, weights = (points + 1) / 2, weights / 2
    order = np.argsort(columns.ravel(), kind="stable")
    owners, starts = np.unique(columns.ravel()[order], return_index=True)
    for start in range(0, len(inputs), _ROWS):
        rows = slice(start, start + _ROWS)
        x = inputs[rows].astype(np.float64)[:, columns]
        through = ((x > low) & (x <= high)).astype(np.float64)
        integral = np.zeros_like(through)
        for point, weight in zip(points, weights):
            factor = share * (1 - point) + through * point
            integral += weight * factor.prod(-1, keepdims=True) / factor
        told = value[:, None] * (through - share) * integral
        told = told.reshape(len(x), -1)[:, order]
        found[rows, owners] += np.add.reduceat(told, starts, axis=1)
    return found


def _ways(trees, cover):
    """Every way to a leaf: its columns, their limits, their shares, and its value.

    Ways are as wide as the longest; what is filled in lets every row through.
    """
    ways, values = [], []
    for tree in range(len(cover)):
        left, right = trees["left"][tree], trees["right"][tree]
        waiting: list[tuple[int, dict]] = [(0, {})]
        while waiting:
            node, way = waiting.pop()
            if left[node] == node:
                if way and trees["value"][tree, node]:
                    ways.append(way)
                    values.append(trees["value"][tree, node])
                continue
            column = int(trees["column"][tree, node])
            limit = trees["threshold"][tree, node]
            low, high, share = way.get(column, (-np.inf, np.inf, 1.0))
            both = cover[tree, left[node]] + cover[tree, right[node]]
            for child, limits in (
                (left[node], (low, min(high, limit))),
                (right[node], (max(low, limit), high)),
            ):
                part = share * cover[tree, child] / both
                waiting.append((int(child), {**way, column: (*limits, part)}))
    width = max(map(len, ways), default=0)
    nothing = (0, (-np.inf, np.inf, 1.0))
    filled = [[*way.items(), *[nothing] * (width - len(way))] for way in ways]
    columns = np.array([[c for c, _ in way] for way in filled], dtype=np.int64)
    limits = np.array([[one for _, one in way] for way in filled]).reshape(-1, width, 3)
    return columns, *np.moveaxis(limits, -1, 0), np.array(values)
