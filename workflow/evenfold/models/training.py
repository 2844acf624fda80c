"""The training loop: every member of a variant in step, each on its own rows."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch.optim import lr_scheduler

from evenfold.losses import binary_cross_entropy, build_loss
from evenfold.models.batches import Batches
from evenfold.models.classical import FITS, fit_classical, select_features
from evenfold.models.ensemble import Ensemble, initial_state, stacked_forward
from evenfold.models.members import Member, member_rows, member_seed
from evenfold.models.networks import build_network, recipe_of
from evenfold.models.regularisation import Disturbance, penalty
from evenfold.models.stopping import Best, measure


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
    inputs: np.ndarray,
    labels: np.ndarray,
    folds: np.ndarray,
    clusters: np.ndarray,
    training,
    loss_settings: dict,
    features: dict,
    seed: int,
    device: str = "cpu",
    report: Callable[[int, list[dict]], None] | None = None,
    members: list[Member] | None = None,
) -> Outcome:
    """Train all members of a variant.

    A member trains on the rows outside its fold less an inner validation slice. Its
    held-out fold influences nothing in it: not its standardisation, its choice of
    features, its class prior, its loss state, its schedule nor when it stops.

    Parameters
    ----------
    inputs : ndarray, shape (n, columns)
        uint8 residue codes or float32 features.
    labels, folds, clusters : ndarray of int, shape (n,)
    training : evenfold.config.Training
    loss_settings : dict
        Name and settings of the loss, of them `warmup_epochs` of plain cross entropy
        first, and `learning_rate_factor`.
    features : dict
        Names and length of the feature set, kept with the weights.
    seed : int
    device : str
    report : callable, optional
        Called with (epoch, that epoch's history rows).
    members : list of Member, optional
        By default every fold with every seed.
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
    loss_settings = dict(loss_settings)
    # The loss itself has at least the second half.
    warmup = min(loss_settings.pop("warmup_epochs", 0), training.epochs // 2)
    rate = training.learning_rate * loss_settings.pop("learning_rate_factor", 1.0)
    data = inputs, labels, rows, slices
    if training.model in FITS:
        state, recipe, history = _fit(data, training, loss_settings, members, seed)
        notes = []
        if report:
            report(1, history)
    else:
        # The number of steps depends on the data set alone, not on who shares the stack.
        per_epoch = len(labels) * (1 - 1 / len(np.unique(folds)))
        per_epoch *= 1 - training.inner_validation
        state, recipe, history, notes = _train(
            data, training, loss_settings, warmup, rate, members, seed, per_epoch,
            torch.device(device), report,
        )  # fmt: skip
    ensemble = Ensemble(state, recipe, features, members)
    return Outcome(ensemble, out_of_fold(ensemble, inputs, folds), history, notes)


def _train(
    data,
    training,
    loss_settings,
    warmup,
    rate,
    members,
    seed,
    per_epoch,
    device,
    report,
):
    """Gradient steps for a stack of networks."""
    inputs, labels, rows, slices = data
    x = torch.tensor(np.asarray(inputs), device=device)
    y = torch.as_tensor(labels, device=device, dtype=torch.float32)
    recipe = recipe_of(training, inputs.shape[1])
    network = build_network(recipe).to("meta")
    names = [name for name, _ in network.named_parameters()]
    forward = stacked_forward(recipe)
    state = _initial(recipe, inputs, labels, rows, training, members, seed)
    state = {name: tensor.to(device) for name, tensor in state.items()}
    parameters = {name: state[name].requires_grad_() for name in names}

    wanted = build_loss(loss_settings, 0.5).min_per_class
    if training.batches != "auto":
        wanted = training.batches == "stratified"
    size = min(training.batch_size, max(2, int(per_epoch)))
    steps = max(1, round(per_epoch / size))
    batches = Batches(
        rows,
        labels,
        size,
        steps,
        [member_seed(seed, member, "order") for member in members],
        training.min_per_class if wanted else 0,
    )
    prior = torch.as_tensor(batches.prior, dtype=torch.float32)
    counts = torch.tensor([len(own) for own in rows], dtype=torch.float32)
    loss = build_loss(loss_settings, prior, counts).to(device)

    optimiser = torch.optim.AdamW(
        parameters.values(), rate, weight_decay=training.weight_decay
    )
    schedule = _schedule(training.schedule, optimiser, rate, steps * training.epochs)
    disturbance = Disturbance(training, network, members, seed, device)
    best = Best(training.early_stopping, len(members))
    history, lacking = [], 0
    for epoch in range(1, training.epochs + 1):
        objective = binary_cross_entropy if epoch <= warmup else loss
        total = torch.zeros(len(members), device=device)
        for index in torch.as_tensor(batches.epoch(), device=device):
            draws = disturbance.draws(size)
            residues = disturbance.residues(x[index])
            truth = y[index]
            losses = objective(
                forward(state, residues, draws), disturbance.targets(truth, draws)
            )
            punished = losses + penalty(parameters, training.l1, training.l2)
            optimiser.zero_grad(set_to_none=True)
            punished.sum().backward()
            optimiser.step()
            schedule.step()
            total += losses.detach()
            if not loss.decomposable and not wanted:
                called = truth.mean(-1)
                lacking += int(((called == 0) | (called == 1)).sum())
        measured = measure(forward, state, x, y, slices)
        if epoch > warmup:
            # Before, the loss has no say, and what it saw would only wind it up.
            loss.observe(measured["sn"].to(device), measured["sp"].to(device))
            best.update(epoch, measured, state, names)
        lines = _history(epoch, members, total / steps, measured, loss, schedule)
        history += lines
        if report:
            report(epoch, lines)
        if best.all_done():
            break

    best.restore(state, names)
    state = {name: tensor.detach() for name, tensor in state.items()}
    notes = _notes(training, lacking, len(history) * steps, x)
    return state, recipe, history, notes


def _initial(recipe, inputs, labels, rows, training, members, seed):
    """Fresh weights; standardisation and chosen features from each member's rows."""

    def fit(i, network):
        own = np.asarray(inputs[rows[i]])
        settings = training.feature_selection
        chosen = None
        if settings.method != "none":
            chosen = select_features(
                own,
                labels[rows[i]],
                settings,
                member_seed(seed, members[i], "features"),
            )
            chosen = torch.as_tensor(chosen)
        network.fit_inputs(torch.tensor(own), chosen)

    seeds = [member_seed(seed, member, "weights") for member in members]
    return initial_state(recipe, seeds, fit)


def _schedule(name, optimiser, rate, steps):
    if name == "one_cycle":
        return lr_scheduler.OneCycleLR(
            optimiser, rate, total_steps=steps, pct_start=0.25, cycle_momentum=False
        )
    if name == "cosine":
        return lr_scheduler.CosineAnnealingLR(optimiser, steps)
    return lr_scheduler.ConstantLR(optimiser, factor=1.0)


def _notes(training, lacking, batches, x):
    notes = []
    if lacking:
        notes.append(
            f"{lacking} of {batches} batches lacked a class and taught nothing: this "
            "loss needs both. Set `batches: auto` or a larger batch_size."
        )
    if training.augmentation.jitter and bool((x[:, -1] != 0).all()):
        notes.append(
            "augmentation: jitter changes nothing here: every sequence fills the "
            "window, and moving one would lose residues."
        )
    return notes


def _history(epoch, members, losses, measured, loss, schedule):
    weights = loss.weights()[0].cpu() if loss.needs_state else None
    rate = schedule.get_last_lr()[0] if schedule else 0.0
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
    seeds = [member_seed(seed, member, "weights") for member in members]
    with threadpool_limits(torch.get_num_threads()):
        state, recipe = fit_classical(
            inputs, labels, rows, training, loss_settings, seeds
        )
    forward = stacked_forward(recipe)
    x = torch.tensor(np.asarray(inputs))
    y = torch.as_tensor(labels, dtype=torch.float32)
    own = measure(forward, state, x, y, rows)["loss"]
    measured = measure(forward, state, x, y, slices)
    plain = build_loss({"name": "bce"}, 0.5)
    return state, recipe, _history(1, members, own, measured, plain, None)


def out_of_fold(ensemble: Ensemble, inputs: np.ndarray, folds: np.ndarray):
    """Mean logit over the members that did not see a row's fold.

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    logits = np.zeros(len(folds))
    for fold in np.unique(folds):
        own = np.flatnonzero(folds == fold)
        chosen = [i for i, m in enumerate(ensemble.members) if m.fold == fold]
        if chosen:
            part = Ensemble(
                {name: tensor[chosen] for name, tensor in ensemble.state.items()},
                ensemble.recipe,
                ensemble.features,
                [ensemble.members[i] for i in chosen],
            )
            logits[own] = part.logits(inputs[own]).mean(axis=0, dtype=np.float64)
    return logits
