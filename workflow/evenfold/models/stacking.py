"""Many networks of one kind as one: stacked states, and one function for all members."""

import inspect
import logging
from collections.abc import Callable
from contextlib import nullcontext
from operator import itemgetter

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call, stack_module_state, vmap
from torch.utils._pytree import tree_map_only

from evenfold.errors import EvenfoldError, in_a_line
from evenfold.models.networks import build_network
from evenfold.models.rows import Rows

log = logging.getLogger("evenfold")

#: Rows of all members together that are scored at once; bounds memory, not results.
SCORED_AT_ONCE = 8192


def stacked_forward(
    recipe: dict, precision: str = "float32", compiled: bool = False
) -> Callable:
    """Function (state, inputs, draws) -> logits over a leading member dimension.

    Without draws it evaluates. A network whose recipe says `stacked: false` runs one
    member after the other.

    Parameters
    ----------
    recipe : dict
    precision : {'float32', 'tf32', 'bfloat16'}
        bfloat16 is autocast; the logits are float32 always.
    compiled : bool
        Whether torch.compile makes it; where it cannot, it stays as it is.
    """
    base = build_network(recipe).to("meta")
    takes_draws = "draws" in inspect.signature(base.forward).parameters

    def one(state, inputs, draws):
        base.train(draws is not None)
        arguments = (inputs, draws) if takes_draws else (inputs,)
        return functional_call(base, state, arguments)

    run = _at_once(one) if recipe.get("stacked", True) else _in_turn(one)
    if compiled:
        run = _compiled(run)
    low = precision == "bfloat16"

    def forward(state, inputs, draws=None):
        kind = inputs.device.type
        with torch.autocast(kind, torch.bfloat16) if low else nullcontext():
            return run(state, inputs, draws).float()

    return forward


def _compiled(run):
    """The same function compiled, or as it is where there is no compiler for it."""
    made = {"run": torch.compile(run)}

    def attempt(*arguments):
        try:
            return made["run"](*arguments)
        except torch.OutOfMemoryError:
            raise
        except Exception as error:
            if made["run"] is run:
                raise
            log.warning("not compiled, trains as it is: %s", in_a_line(error))
            made["run"] = run
            return run(*arguments)

    return attempt


def _at_once(one):
    """The same function of a stack, all members in one."""

    def run(state, inputs, draws):
        if len(inputs) == 1 and inputs.device.type == "cpu":
            # vmap costs a small network up to half of its time; and squeezing, unlike
            # indexing, has a gradient for nothing.
            state, inputs, draws = tree_map_only(
                Tensor, lambda tensor: tensor.squeeze(0), (state, inputs, draws)
            )
            return one(state, inputs, draws).unsqueeze(0)
        # vmap cannot map over None.
        return vmap(one, in_dims=(0, 0, None if draws is None else 0))(
            state, inputs, draws
        )

    return run


def _in_turn(one):
    """The same function of a stack, one member after the other.

    A network that draws random numbers itself gets them by member and step.
    """

    def run(state, inputs, draws):
        logits = []
        for i in range(len(inputs)):
            member, rows, given = tree_map_only(
                Tensor, itemgetter(i), (state, inputs, draws)
            )
            devices = [inputs.device] if inputs.is_cuda else []
            with torch.random.fork_rng(devices=devices):
                if given:
                    torch.manual_seed(int(given.pop("seed")))
                logits.append(one(member, rows, given))
        return torch.stack(logits)

    return run


def hindrance(recipe: dict, sample: Tensor) -> str | None:
    """Why vmap cannot stack a network, or None; found by running it both ways.

    Parameters
    ----------
    recipe : dict
    sample : Tensor, shape (rows, columns)
        A few rows of its inputs.

    Raises
    ------
    EvenfoldError
        When the network runs neither way, with its own error.
    """

    def attempt(stacked):
        state = initial_state(recipe, [0, 1], lambda position, network: None)
        trained = dict(build_network(recipe).named_parameters())
        for name in trained:
            state[name].requires_grad_()
        draws = {} if stacked else {"seed": torch.zeros(2, dtype=torch.long)}
        run = stacked_forward({**recipe, "stacked": stacked})
        logits = run(state, sample.expand(2, *sample.shape), draws)
        if logits.shape != (2, len(sample)):
            raise ValueError(
                f"its output for {len(sample)} rows has the shape "
                f"{tuple(logits.shape[1:])}, not ({len(sample)},)"
            )
        logits.sum().backward()

    # Whatever it raises: the network may be anybody's, and what vmap lacks has no type.
    try:
        attempt(False)
    except Exception as error:
        raise EvenfoldError(
            f"the network {recipe['kind']} does not run: {in_a_line(error)}"
        ) from error
    try:
        attempt(True)
    except Exception as error:
        return in_a_line(error)
    return None


def initial_state(recipe: dict, seeds: list[int], fit: Callable) -> dict[str, Tensor]:
    """Stacked state of freshly made networks.

    Parameters
    ----------
    recipe : dict
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


def logits_of(forward: Callable, state: dict, rows: Rows, index: np.ndarray) -> Tensor:
    """Logits of rows in evaluation mode: Tensor on the CPU, shape of index.

    Parameters
    ----------
    forward : callable
        As `stacked_forward` gives.
    state : dict
    rows : Rows
    index : ndarray of int, shape (members, m), or (1, m) when all score the same rows
    """
    members = len(next(iter(state.values())))
    out = torch.empty(members, index.shape[1])
    order = None
    if rows.lengths is not None:
        order = np.argsort(rows.lengths[index], axis=1, kind="stable")
        index = np.take_along_axis(index, order, axis=1)
    with torch.no_grad():
        start = 0
        while start < index.shape[1]:
            stop = _end(rows, index, start, max(1, SCORED_AT_ONCE // members))
            x = rows.take(index[:, start:stop])
            part = forward(state, x.expand(members, *x.shape[1:]))
            out[:, start:stop] = part.cpu()
            start = stop
    if order is not None:
        places = torch.as_tensor(order).expand(members, -1)
        out = torch.empty_like(out).scatter_(1, places, out)
    return out


def _end(rows, index, start, most):
    """Where the next part of ascending rows ends; a protein of 400 residues is one row.

    Half of a part may be padding: a giant is scored apart from the others.
    """
    if rows.lengths is None:
        return min(index.shape[1], start + most)
    lengths = rows.lengths[index].max(axis=0)[start:]
    padded = lengths * np.arange(1, len(lengths) + 1)
    fits = (padded <= 400 * most) & (padded <= 2 * lengths.cumsum())
    return start + max(1, int(np.argmin(np.r_[fits, False])))
