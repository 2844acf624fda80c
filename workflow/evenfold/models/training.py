"""The training loop: every member of a variant in step, each on its own rows."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch.utils._pytree import tree_map_only

from evenfold.alphabet import N_CODES
from evenfold.errors import EvenfoldError
from evenfold.losses import binary_cross_entropy, build_loss
from evenfold.models.checkpoints import Checkpoints, Interrupted
from evenfold.models.classical import FITS, fit_classical, select_features
from evenfold.models.ensemble import Ensemble
from evenfold.models.members import Member, member_rows, member_seed
from evenfold.models.networks import recipe_of
from evenfold.models.planning import default_budget, plan
from evenfold.models.regularisation import penalty
from evenfold.models.rows import Rows
from evenfold.models.schedules import learning_rate
from evenfold.models.stack import Stack
from evenfold.models.stacking import (
    hindrance,
    initial_state,
    logits_of,
    stacked_forward,
)
from evenfold.models.stopping import measure

#: Rows that input standardisation is fitted on at most.
_FITTED = 100_000


@dataclass(frozen=True)
class Engine:
    """How to train, which changes results by rounding at most.

    Attributes
    ----------
    device : str
    memory_gb : float or None
        Budget; None: most of a GPU's memory, half of what the CPU job may use.
    chunk : int or None
        Members of a stack at most; None: the recorded table.
    precision : {'auto', 'float32', 'tf32', 'bfloat16'}
        auto: tf32 on CUDA, float32 on a CPU.
    compiled : bool
        torch.compile, where it works.
    """

    device: str = "cpu"
    memory_gb: float | None = None
    chunk: int | None = None
    precision: str = "auto"
    compiled: bool = False


@dataclass
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
    inputs,
    labels: np.ndarray,
    folds: np.ndarray,
    clusters: np.ndarray,
    training,
    loss_settings: dict,
    features: dict,
    seed: int,
    engine: Engine = Engine(),
    report: Callable[[dict], None] | None = None,
    members: list[Member] | None = None,
    checkpoints: Checkpoints | None = None,
) -> Outcome:
    """Train all members of a variant.

    A member trains on the rows outside its fold less an inner validation slice. Its
    held-out fold influences nothing in it: not its standardisation, its choice of
    features, its class prior, its loss state, its schedule nor when it stops.

    Parameters
    ----------
    inputs : ndarray, shape (n, columns), or Ragged
        uint8 residue codes or float32 features.
    labels, folds, clusters : ndarray of int, shape (n,)
    training : evenfold.config.training.Training
    loss_settings : dict
        Name and settings of the loss, of them `warmup_epochs` of plain cross entropy
        first, and `learning_rate_factor`.
    features : dict
        Names and length of the feature set, kept with the weights.
    seed : int
    engine : Engine
    report : callable, optional
        Called after every epoch of a stack with a dict: epoch, epochs, first and last
        member, members, alive, rows_per_second, and lines, the epoch's history.
    members : list of Member, optional
        By default every fold with every seed.
    checkpoints : Checkpoints, optional

    Raises
    ------
    Interrupted
        When the job was asked to stop; a checkpoint is written.
    EvenfoldError
        When one row of one member does not fit the device's memory, or the network
        does not run.
    """
    if members is None:
        members = [
            Member(int(fold), s)
            for s in range(training.seeds)
            for fold in np.unique(folds)
        ]
    rows, slices = member_rows(
        members, labels, folds, clusters, training.inner_validation, seed
    )
    data = inputs, labels, rows, slices
    if training.model in FITS:
        state, recipe, history = _fit(data, training, loss_settings, members, seed)
        notes = []
        if report:
            report(_progress(1, 1, members, members, len(members), 0.0, history))
    else:
        # The number of steps depends on the data set alone, not on who shares the stack.
        per_epoch = len(labels) * (1 - 1 / len(np.unique(folds)))
        per_epoch *= 1 - training.inner_validation
        run = _Run(
            data, training, loss_settings, members, seed, per_epoch, engine,
            report or (lambda progress: None), checkpoints or Checkpoints(),
        )  # fmt: skip
        state, recipe, history, notes = run.train()
    ensemble = Ensemble(state, recipe, features, members)
    oof = out_of_fold(ensemble, inputs, folds, engine.device)
    return Outcome(ensemble, oof, history, notes)


class _Run:
    """What all stacks of one training share."""

    def __init__(
        self,
        data,
        training,
        loss_settings,
        members,
        seed,
        per_epoch,
        engine,
        report,
        checkpoints,
    ):
        self.inputs, self.labels, self.own_rows, self.slices = data
        self.training, self.members, self.seed = training, members, seed
        self.report, self.checkpoints = report, checkpoints
        self.device = torch.device(engine.device)
        self.loss_settings = dict(loss_settings)
        # The loss itself has at least the second half.
        self.warmup = min(
            self.loss_settings.pop("warmup_epochs", 0), training.epochs // 2
        )
        factor = self.loss_settings.pop("learning_rate_factor", 1.0)
        self.rate = training.learning_rate * factor
        self.size = min(training.batch_size, max(2, int(per_epoch)))
        self.steps = max(1, round(per_epoch / self.size))
        wanted = build_loss(self.loss_settings, 0.5).min_per_class
        if training.batches != "auto":
            wanted = training.batches == "stratified"
        self.min_per_class = training.min_per_class if wanted else 0
        self.notes, self.lacking, self.batches_seen = [], 0, 0

        # On the host first: the plan says whether the device can hold them.
        self.rows = Rows(self.inputs, self.device, resident=False)
        self.recipe = recipe_of(training, self._columns())
        sample = self.rows.take(np.arange(2)).cpu()
        if why := hindrance(self.recipe, sample):
            self.recipe["stacked"] = False
            self.notes.append(
                f"the network {self.recipe['kind']} cannot be stacked ({why}): its "
                "members train one after the other."
            )
        budget = engine.memory_gb and int(engine.memory_gb * 1e9)
        self.plan = plan(
            self.recipe, self.rows, len(members), self.size,
            budget or default_budget(self.device), engine.chunk,
        )  # fmt: skip
        if self.plan.resident:
            self.rows = Rows(self.inputs, self.device)
        precision = engine.precision
        if precision == "auto":
            precision = "tf32" if self.device.type == "cuda" else "float32"
        if self.device.type == "cuda":
            torch.set_float32_matmul_precision(
                "highest" if precision == "float32" else "high"
            )
        self.forward = stacked_forward(self.recipe, precision, engine.compiled)
        # Scoring has batches of many sizes, which compiling would meet one by one.
        self.score = stacked_forward(self.recipe, precision)
        self.y = torch.as_tensor(self.labels, device=self.device, dtype=torch.float32)

    def train(self):
        """All members, stack after stack: state, recipe, history, notes."""
        finished, history, start, now = [], [], 0, self.plan
        while start < len(self.members):
            stop = min(len(self.members), start + now.members)
            try:
                state, lines = self._stack(start, stop, now.cells)
            except torch.OutOfMemoryError as error:
                now = now.halved()
                if now is None:
                    raise EvenfoldError(
                        "one row of one member does not fit the memory of "
                        f"{self.device}. Use a smaller network, or `device: cpu`."
                    ) from error
                self.notes.append(
                    f"out of memory on {self.device}: went on with {now.members} "
                    f"members and {now.cells} rows or residues at once."
                )
                continue
            finished.append({name: tensor.cpu() for name, tensor in state.items()})
            history += lines
            start = stop
        state = {
            name: torch.cat([one[name] for one in finished]) for name in finished[0]
        }
        history.sort(key=lambda line: line["epoch"])
        return state, self.recipe, history, self._noted()

    def _stack(self, start, stop, cells):
        """One stack from its first step, or its checkpoint, to the end."""
        stack = Stack(self, start, stop)
        name = f"members-{start}-{stop - 1}"
        stack.restore(self.checkpoints.load(name))
        while stack.epoch < self.training.epochs and len(stack.alive):
            self._epoch(stack, cells, name)
            if self.checkpoints.due(stack.epoch):
                self.checkpoints.save(name, *stack.saved())
        self.checkpoints.save(name, *stack.saved())
        return stack.finished(), stack.history

    def _epoch(self, stack, cells, name):
        """The rest of an epoch: its steps, its measurements, what follows from them."""
        epoch, done = stack.epoch + 1, stack.step % self.steps
        objective = binary_cross_entropy if epoch <= self.warmup else stack.loss
        indices = stack.batches.epoch(epoch)[done:, stack.alive.numpy()]
        began = time.perf_counter()
        for index, parts in self.rows.batches(indices, cells):
            self._step(stack, objective, torch.as_tensor(index), parts)
            if self.checkpoints.interrupted():
                self.checkpoints.save(name, *stack.saved())
                raise Interrupted(
                    f"asked to stop in epoch {epoch} of {self.training.epochs}. The "
                    "state is saved: run the same command again to go on."
                )
        speed = indices.size / (time.perf_counter() - began)
        slices = [self.slices[i] for i in stack.positions()]
        measured = measure(self.score, stack.state, self.rows, self.y, slices)
        if epoch > self.warmup:
            # Before, the loss has no say, and what it saw would only wind it up.
            rates = (measured[key].to(self.device) for key in ("sn", "sp"))
            stack.loss.observe(*rates)
            stack.best.update(epoch, stack.alive, measured, stack.parameters)
        members = [self.members[i] for i in stack.positions()]
        lines = _history(
            epoch, members, stack.total / self.steps, measured, stack.loss, stack.rate
        )
        stack.end_epoch(epoch, lines)
        self.report(
            _progress(epoch, self.training.epochs, self.members, stack.members,
                      len(stack.alive), speed, lines)
        )  # fmt: skip

    def _step(self, stack, objective, index, parts):
        """One gradient step of every living member."""
        truth = self.y[index.to(self.device)]
        draws = stack.disturbance.draws(stack.step, self.size)
        if not self.recipe.get("stacked", True):
            draws["seed"] = stack.own_randomness.bits(stack.step, 0, (1,))[:, 0]
        targets = stack.disturbance.targets(truth, draws)

        def logits(places, x):
            x = stack.disturbance.residues(stack.step, x, places)
            own = draws if len(parts) == 1 else _part(draws, places)
            return self.forward(stack.state, x, own)

        stack.optimiser.zero_grad(set_to_none=True)
        punished = penalty(stack.parameters, self.training.l1, self.training.l2)
        if len(parts) == 1:
            losses = objective(logits(*parts[0]), targets)
            (losses + punished).sum().backward()
        else:
            # The loss sees the whole batch, and its gradient then each part of it.
            found = torch.empty_like(targets)
            with torch.no_grad():
                for places, x in parts:
                    found[:, places] = logits(places, x)
            losses = objective(found.requires_grad_(), targets)
            (slope,) = torch.autograd.grad(losses.sum(), found)
            if torch.is_tensor(punished):
                punished.sum().backward()
            for places, x in parts:
                logits(places, x).backward(slope[:, places])
        stack.rate = learning_rate(
            self.training.schedule, self.rate, stack.step, self.steps * self.training.epochs
        )  # fmt: skip
        for group in stack.optimiser.param_groups:
            group["lr"] = stack.rate
        stack.optimiser.step()
        stack.total += losses.detach()
        stack.step += 1
        if not stack.loss.decomposable and not self.min_per_class:
            share = truth.mean(-1)
            self.lacking += int(((share == 0) | (share == 1)).sum())
            self.batches_seen += len(share)

    def initial(self, start, stop):
        """Fresh weights; standardisation and chosen features from each member's rows."""

        def fit(i, network):
            if self.rows.ragged or not hasattr(network, "fit_inputs"):
                return
            member, settings = self.members[start + i], self.training.feature_selection
            own, chosen = self.own_rows[start + i], None
            if settings.method != "none":
                chosen = select_features(
                    np.asarray(self.inputs[own]),
                    self.labels[own],
                    settings,
                    member_seed(self.seed, member, "features"),
                )
                chosen = torch.as_tensor(chosen)
            if len(own) > _FITTED:
                seed = member_seed(self.seed, member, "standardisation")
                drawn = np.random.default_rng(seed).choice(own, _FITTED, replace=False)
                own = np.sort(drawn)
            network.fit_inputs(torch.tensor(np.asarray(self.inputs[own])), chosen)

        seeds = [member_seed(self.seed, m, "weights") for m in self.members[start:stop]]
        return initial_state(self.recipe, seeds, fit)

    def _columns(self):
        return N_CODES if self.rows.ragged else self.inputs.shape[1]

    def _noted(self):
        notes = list(self.notes)
        if self.lacking:
            notes.append(
                f"{self.lacking} of {self.batches_seen} batches lacked a class and "
                "taught nothing: this loss needs both. Set `batches: auto` or a larger "
                "batch_size."
            )
        jitter = self.training.augmentation.jitter
        if jitter and not self.rows.ragged and (self.inputs[:, -1] != 0).all():
            notes.append(
                "augmentation: jitter changes nothing here: every sequence fills the "
                "window, and moving one would lose residues."
            )
        return notes


def _part(draws, places):
    """Draws of some rows of the batch; a member's seed has no rows."""
    return tree_map_only(
        torch.Tensor, lambda x: x[:, places] if x.ndim > 1 else x, draws
    )


def _progress(epoch, epochs, members, own, alive, speed, lines):
    first = members.index(own[0])
    return {
        "epoch": epoch,
        "epochs": epochs,
        "first": first + 1,
        "last": first + len(own),
        "members": len(members),
        "alive": alive,
        "rows_per_second": speed,
        "lines": lines,
    }


def _history(epoch, members, losses, measured, loss, rate):
    weights = loss.weights()[0].cpu() if loss.needs_state else None
    return [
        {
            "epoch": epoch,
            "fold": member.fold,
            "seed": member.seed,
            "learning_rate": rate,
            "train_loss": float(losses[i]),
            "inner_loss": float(measured["loss"][i]),
            "inner_auroc": float(measured["auroc"][i]),
            "inner_mcc": float(measured["mcc"][i]),
            "inner_sn": float(measured["sn"][i]),
            "inner_sp": float(measured["sp"][i]),
            "positive_weight": float(weights[i]) if weights is not None else 1.0,
        }
        for i, member in enumerate(members)
    ]


def _fit(data, training, loss_settings, members, seed):
    """A classical model per member; its history is one line."""
    inputs, labels, rows, slices = data
    settings = {
        key: value
        for key, value in loss_settings.items()
        if key not in ("warmup_epochs", "learning_rate_factor")
    }
    seeds = [member_seed(seed, member, "weights") for member in members]
    with threadpool_limits(torch.get_num_threads()):
        state, recipe = fit_classical(inputs, labels, rows, training, settings, seeds)
    forward = stacked_forward(recipe)
    y = torch.as_tensor(labels, dtype=torch.float32)
    own, measured = (
        measure(forward, state, Rows(inputs, "cpu"), y, part) for part in (rows, slices)
    )
    plain = build_loss({"name": "bce"}, 0.5)
    return state, recipe, _history(1, members, own["loss"], measured, plain, 0.0)


def out_of_fold(
    ensemble: Ensemble, inputs, folds: np.ndarray, device: str = "cpu"
) -> np.ndarray:
    """Mean logit over the members that did not see a row's fold.

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    logits = np.zeros(len(folds))
    rows = Rows(inputs, device, resident=False)
    forward = stacked_forward(ensemble.recipe)
    for fold in np.unique(folds):
        own = np.flatnonzero(folds == fold)
        chosen = [i for i, m in enumerate(ensemble.members) if m.fold == fold]
        if chosen:
            state = {n: t[chosen].to(device) for n, t in ensemble.state.items()}
            part = logits_of(forward, state, rows, own[None]).numpy()
            logits[own] = part.mean(axis=0, dtype=np.float64)
    return logits
