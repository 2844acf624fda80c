"""The training loop: every member of a variant in step, each on its own rows.

Read `train_ensemble` from top to bottom: what is fixed for the whole training, then
stack after stack of members, epoch after epoch, batch after batch, and what is left.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import Tensor
from torch.utils._pytree import tree_map_only

from evenfold.errors import EvenfoldError
from evenfold.losses import build_loss
from evenfold.models.checkpoints import Checkpoints, Interrupted
from evenfold.models.classical import FITS, fit_classical
from evenfold.models.data import TrainingData
from evenfold.models.device import resolve_precision
from evenfold.models.ensemble import Ensemble
from evenfold.models.measuring import history_lines, measure
from evenfold.models.members import Member, MemberRows, all_members, member_rows
from evenfold.models.networks import recipe_of
from evenfold.models.portions import largest_portion, memory_budget
from evenfold.models.regularisation import penalty
from evenfold.models.rows import Rows
from evenfold.models.settings import Execution, Settings, Specification
from evenfold.models.stack import Stack
from evenfold.models.stacking import hindrance, stacked_forward


@dataclass(frozen=True)
class Progress:
    """One epoch of one stack of members.

    Attributes
    ----------
    epoch, epochs : int
        Which, counted from 1, and how many at most.
    first, last, members : int
        First and last member of the stack, counted from 1, and members of the variant.
    alive : int
        Members of the stack that go on.
    rows_per_second : float
    lines : list of dict
        The epoch's history.
    """

    epoch: int
    epochs: int
    first: int
    last: int
    members: int
    alive: int
    rows_per_second: float
    lines: list[dict]


@dataclass(frozen=True)
class Outcome:
    """What training leaves.

    Attributes
    ----------
    ensemble : Ensemble
    oof_logits : ndarray of float64, shape (n,)
        Mean logit of the members that did not see the row's fold.
    history : list of dict
        One row per member and epoch.
    notes : list of str
        What a user should know of this training.
    """

    ensemble: Ensemble
    oof_logits: np.ndarray
    history: list[dict] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def train_ensemble(
    data: TrainingData,
    specification: Specification,
    execution: Execution | None = None,
    members: list[Member] | None = None,
    report: Callable[[Progress], None] = lambda progress: None,
    checkpoints: Checkpoints | None = None,
) -> Outcome:
    """Train all members of a variant.

    A member trains on the rows outside its fold; less an inner validation slice where
    the loss or early stopping need one. Its held-out fold influences nothing in it: not
    its standardisation, its choice of features, its class prior, its loss state, its
    schedule nor when it stops.

    Parameters
    ----------
    data : TrainingData
    specification : Specification
    execution : Execution, optional
    members : list of Member, optional
        By default every fold with every seed.
    report : callable
        Called after every epoch of a stack.
    checkpoints : Checkpoints, optional

    Raises
    ------
    Interrupted
        When the job was asked to stop; a checkpoint is written.
    EvenfoldError
        When one row of one member does not fit the device's memory, or the network
        does not run.
    """
    # --- Who trains, and on which rows
    training, execution = specification.training, execution or Execution()
    if members is None:
        members = all_members(data.folds, training.seeds)
    fitted = training.model in FITS
    share = 0.0 if fitted else specification.inner_share()
    everyone = member_rows(members, data, share, specification.seed)
    if fitted:
        return fit_ensemble(data, specification, everyone, execution.device, report)

    # --- Settings: what is fixed from here on
    device = torch.device(execution.device)
    # On the host first: the portion says whether the device can hold them.
    inputs = Rows(data.inputs, device, resident=False)
    recipe = recipe_of(training, inputs.columns)
    notes = []
    if reason := hindrance(recipe, inputs.take(np.arange(2)).cpu()):
        recipe["stacked"] = False
        notes.append(
            f"the network {recipe['kind']} cannot be stacked ({reason}): its "
            "members train one after the other."
        )
    settings = Settings.of(specification, recipe, data.folds)
    budget = memory_budget(execution.memory_gb, device)
    portion = largest_portion(
        recipe, inputs, len(members), settings.batch_size, budget, execution.chunk
    )
    if portion.resident:
        inputs = Rows(data.inputs, device)
    precision = resolve_precision(execution.precision, device)
    forward = stacked_forward(recipe, precision, execution.compiled)
    # Scoring has batches of many sizes, which compiling would meet one by one.
    score = stacked_forward(recipe, precision)
    labels = torch.as_tensor(data.labels, device=device, dtype=torch.float32)
    checkpoints = checkpoints or Checkpoints()

    # --- Stack after stack of members
    states: list[dict[str, Tensor]] = []
    history: list[dict] = []
    first, lacking, batches_seen = 0, 0, 0
    while first < len(members):
        group = everyone[first : first + portion.members]
        last = first + len(group) - 1
        name = f"members-{first}-{last}"
        stack = None  # The one before is let go: this one needs the memory.
        try:
            stack = Stack(group, data, settings, device)
            stack.restore(checkpoints.load(name))

            # --- Epoch after epoch, until all have given up
            while stack.epoch < training.epochs and len(stack.alive):
                epoch = stack.epoch + 1
                warming_up = epoch <= settings.warmup_epochs
                objective = stack.loss.warm_up if warming_up else stack.loss
                batches = stack.remaining_batches()
                began = time.perf_counter()

                # --- Batch after batch: one step of every living member
                for rows, parts in inputs.batches(batches, portion.cells):
                    truth = labels[torch.as_tensor(rows).to(device)]
                    draws = stack.disturbance.draws(stack.step, settings.batch_size)
                    targets = stack.disturbance.targets(truth, draws)
                    stack.optimiser.zero_grad()
                    losses = backpropagate(
                        stack, forward, objective, parts, draws, targets
                    )
                    stack.take_step(losses, settings.learning_rate(stack.step))
                    stack.look_for_classes(truth)
                    if checkpoints.interrupted():
                        checkpoints.save(name, *stack.saved())
                        raise Interrupted(
                            f"asked to stop in epoch {epoch} of {training.epochs}. The "
                            "state is saved: run the same command again to go on."
                        )

                # --- What the epoch came to, and what follows from it
                speed = batches.size / (time.perf_counter() - began)
                living = stack.living()
                measured = measure(
                    score, stack.state, inputs, labels, [one.watched for one in living]
                )
                if not warming_up:
                    # Before, the loss has no say: what it saw would only wind it up.
                    sn, sp = measured["sn"].to(device), measured["sp"].to(device)
                    stack.loss.observe(sn, sp)
                    stack.best.update(epoch, stack.alive, measured, stack.parameters)
                lines = history_lines(
                    epoch, [one.member for one in living],
                    stack.total / settings.steps_per_epoch, measured, stack.loss,
                    stack.rate,
                )  # fmt: skip
                stack.end_epoch(lines)
                report(
                    Progress(epoch, training.epochs, first + 1, last + 1, len(members),
                             len(stack.alive), speed, lines)
                )  # fmt: skip
                if checkpoints.due(stack.epoch):
                    checkpoints.save(name, *stack.saved())
            checkpoints.save(name, *stack.saved())
        except torch.OutOfMemoryError as error:
            smaller = portion.halved()
            if smaller is None:
                raise EvenfoldError(
                    f"one row of one member does not fit the memory of {device}. Use a "
                    "smaller network, or `device: cpu`."
                ) from error
            portion = smaller
            notes.append(
                f"out of memory on {device}: went on with {portion.members} members "
                f"and {portion.cells} rows or residues at once."
            )
            continue
        states.append({key: tensor.cpu() for key, tensor in stack.finished().items()})
        history += stack.history
        lacking += stack.lacking
        batches_seen += stack.batches_seen
        first = last + 1

    # --- What is left: one ensemble of all members
    stack = None  # Scoring has what memory it held.
    state = {key: torch.cat([part[key] for part in states]) for key in states[0]}
    ensemble = Ensemble(state, recipe, data.features, members)
    oof_logits = ensemble.out_of_fold(data.inputs, data.folds, execution.device)
    history.sort(key=lambda line: line["epoch"])
    if lacking:
        notes.append(
            f"{lacking} of {batches_seen} batches lacked a class and taught nothing: "
            "this loss needs both. Set `training: {batches: auto}` or a larger batch_size."
        )
    if training.augmentation.jitter and fills_the_window(data):
        notes.append(
            "augmentation: jitter changes nothing here: every sequence fills the "
            "window, and moving one would lose residues."
        )
    return Outcome(ensemble, oof_logits, history, notes)


def backpropagate(
    stack: Stack,
    forward: Callable,
    objective: Callable[[Tensor, Tensor], Tensor],
    parts: list[tuple[Tensor, Tensor]],
    draws: dict,
    targets: Tensor,
) -> Tensor:
    """Leave the gradients of one batch on the parameters of a stack.

    Parameters
    ----------
    stack : Stack
    forward : callable
        As `stacked_forward` gives.
    objective : callable
        The loss: of logits and targets, over the whole batch.
    parts : list of (Tensor, Tensor)
        Places in the batch, shape (rows,), and inputs, shape (alive, rows, ...), of
        what fits at once.
    draws : dict
        The batch's random numbers; see `Disturbance.draws`.
    targets : Tensor, shape (alive, batch size)

    Returns
    -------
    Tensor, shape (alive,)
        Losses of the batch, penalties left out.
    """
    training = stack.settings.training

    def logits(places, x):
        x = stack.disturbance.residues(stack.step, x, places)
        some = draws if len(parts) == 1 else draws_of(draws, places)
        return forward(stack.state, x, some)

    penalties = penalty(stack.parameters, training.l1, training.l2)
    if len(parts) == 1:
        losses = objective(logits(*parts[0]), targets)
        (losses + penalties).sum().backward()
        return losses.detach()
    # The loss sees the whole batch, and its gradient then each part of it.
    whole = torch.empty_like(targets)
    with torch.no_grad():
        for places, x in parts:
            whole[:, places] = logits(places, x)
    losses = objective(whole.requires_grad_(), targets)
    (slope,) = torch.autograd.grad(losses.sum(), whole)
    if torch.is_tensor(penalties):
        penalties.sum().backward()
    for places, x in parts:
        logits(places, x).backward(slope[:, places])
    return losses.detach()


def draws_of(draws: dict, places: Tensor) -> dict:
    """Draws of some rows of the batch; a member's seed has no rows."""
    return tree_map_only(Tensor, lambda x: x[:, places] if x.ndim > 1 else x, draws)


def fills_the_window(data: TrainingData) -> bool:
    """Whether every sequence is as long as the window, where there is one."""
    return isinstance(data.inputs, np.ndarray) and bool((data.inputs[:, -1] != 0).all())


def fit_ensemble(
    data: TrainingData,
    specification: Specification,
    everyone: list[MemberRows],
    device: str = "cpu",
    report: Callable[[Progress], None] = lambda progress: None,
) -> Outcome:
    """Fit all members of a classical variant, each in one go: its history is one line.

    Parameters
    ----------
    data : TrainingData
    specification : Specification
    everyone : list of MemberRows
    device : str
        Where the out-of-fold rows are scored.
    report : callable
        Called once.
    """
    members = [one.member for one in everyone]
    with threadpool_limits(torch.get_num_threads()):
        state, recipe = fit_classical(data, everyone, specification)
    forward, inputs = stacked_forward(recipe), Rows(data.inputs, "cpu")
    labels = torch.as_tensor(data.labels, dtype=torch.float32)
    trained, watched = (
        measure(forward, state, inputs, labels, rows)
        for rows in (
            [one.trained for one in everyone],
            [one.watched for one in everyone],
        )
    )
    plain = build_loss({"name": "bce"}, 0.5)
    history = history_lines(1, members, trained["loss"], watched, plain, 0.0)
    n = len(members)
    report(Progress(1, 1, 1, n, n, n, 0.0, history))
    ensemble = Ensemble(state, recipe, data.features, members)
    oof_logits = ensemble.out_of_fold(data.inputs, data.folds, device)
    return Outcome(ensemble, oof_logits, history)
