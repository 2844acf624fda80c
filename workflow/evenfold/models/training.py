"""The training loop: every member of a variant in step, each on its own rows."""

import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from tqdm import tqdm

from evenfold.errors import EvenfoldError
from evenfold.files import read_json, write_table
from evenfold.losses import binary_cross_entropy, build_loss
from evenfold.models.device import prepare
from evenfold.models.ensemble import (
    Ensemble,
    Member,
    initial_state,
    stacked_forward,
)
from evenfold.models.networks import build_network, recipe_of


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
    """

    ensemble: Ensemble
    oof_logits: np.ndarray
    history: list[dict] = field(default_factory=list)


def member_seed(seed: int, member: Member, purpose: str) -> int:
    """Seed of one member for one purpose; the same for every variant."""
    return zlib.crc32(f"{seed}/{member.fold}/{member.seed}/{purpose}".encode())


def inner_validation(
    rows: np.ndarray, labels: np.ndarray, clusters: np.ndarray, share: float, seed: int
) -> np.ndarray:
    """Grouped slice of a member's training rows that steers its training.

    Parameters
    ----------
    rows : ndarray of int, shape (n,)
        The member's training rows; no other row's label is read.
    labels, clusters : ndarray, shape (all rows,)
    share : float
        Wanted share of the rows of each class.

    Returns
    -------
    ndarray of bool, shape (n,)
        Which of `rows` are in the slice: whole groups, both classes.

    Raises
    ------
    EvenfoldError
        When the groups leave one of the two parts without a class.
    """
    generator = np.random.default_rng(seed)
    own_labels, own_clusters = labels[rows], clusters[rows]
    chosen = np.zeros(len(rows), dtype=bool)
    order = generator.permutation(np.unique(own_clusters))
    members = {cluster: [] for cluster in order}
    for position, cluster in enumerate(own_clusters):
        members[cluster].append(position)
    wanted = {label: share * (own_labels == label).sum() for label in (0, 1)}
    have = {0: 0, 1: 0}
    for cluster in order:
        positions = members[cluster]
        counts = np.bincount(own_labels[positions], minlength=2)
        if all(
            have[label] + counts[label] <= max(1, wanted[label]) for label in (0, 1)
        ):
            chosen[positions] = True
            have = {label: have[label] + counts[label] for label in (0, 1)}
    for part in (own_labels[chosen], own_labels[~chosen]):
        if len(np.unique(part)) < 2:
            raise EvenfoldError(
                "a grouped inner validation slice with both classes cannot be cut from "
                f"{len(rows)} training rows in {len(order)} groups. Set fewer folds, a "
                "larger `training: {inner_validation: ...}`, or add sequences."
            )
    return chosen


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
    """Train all members of a variant as one stack.

    A member trains on the rows outside its fold less an inner validation slice. Its
    held-out fold influences nothing in it: not its standardisation, its class prior,
    its loss state, its schedule nor when it stops.

    Parameters
    ----------
    inputs : ndarray, shape (n, columns)
        uint8 residue codes or float32 features.
    labels, folds, clusters : ndarray of int, shape (n,)
    training : evenfold.config.Training
    loss_settings : dict
        Name and settings of the loss; `warmup_epochs` of plain cross entropy first.
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
    rows, slices = [], []
    for member in members:
        own = np.flatnonzero(folds != member.fold)
        chosen = inner_validation(
            own,
            labels,
            clusters,
            training.inner_validation,
            member_seed(seed, member, "slice"),
        )
        rows.append(own[~chosen])
        slices.append(own[chosen])

    device = torch.device(device)
    x = torch.tensor(np.asarray(inputs), device=device)
    y = torch.as_tensor(labels, device=device, dtype=torch.float32)
    recipe = recipe_of(training, inputs.shape[1])
    state = initial_state(
        recipe,
        [member_seed(seed, member, "weights") for member in members],
        lambda i, network: network.fit_inputs(
            torch.tensor(np.asarray(inputs[rows[i]]))
        ),
    )
    state = {name: tensor.to(device) for name, tensor in state.items()}
    forward = stacked_forward(recipe)
    shapes, names = _trainable(recipe)
    parameters = [state[name].requires_grad_() for name in names]
    loss_settings = dict(loss_settings)
    warmup_epochs = loss_settings.pop("warmup_epochs", 0)
    prior = torch.tensor([labels[own].mean() for own in rows], dtype=torch.float32)
    loss = build_loss(loss_settings, prior).to(device)

    # The number of steps depends on the data set alone, not on who shares the stack.
    share = 1 - 1 / len(np.unique(folds))
    per_epoch = len(labels) * share * (1 - training.inner_validation)
    batch = min(training.batch_size, max(2, int(per_epoch)))
    steps = max(1, round(per_epoch / batch))
    optimiser = torch.optim.AdamW(
        parameters, training.learning_rate, weight_decay=training.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser,
        training.learning_rate,
        total_steps=steps * training.epochs,
        pct_start=0.25,
        cycle_momentum=False,
    )
    order = [
        _RowStream(own, member_seed(seed, m, "order")) for own, m in zip(rows, members)
    ]
    noise = [
        torch.Generator(device).manual_seed(member_seed(seed, m, "dropout"))
        for m in members
    ]
    best = _Best(training.early_stopping, len(members))
    history = []
    for epoch in range(1, training.epochs + 1):
        batches = np.stack([stream.take(steps * batch) for stream in order])
        batches = torch.as_tensor(batches, device=device).split(batch, dim=1)
        total = torch.zeros(len(members), device=device)
        for index in batches:
            keep = _masks(shapes, training.dropout, batch, noise, device)
            objective = binary_cross_entropy if epoch <= warmup_epochs else loss
            losses = objective(forward(state, x[index], keep), y[index])
            optimiser.zero_grad(set_to_none=True)
            losses.sum().backward()
            optimiser.step()
            schedule.step()
            total += losses.detach()
        measured = _measure(forward, state, x, y, slices)
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
    ensemble = Ensemble(state, recipe, features, members)
    return Outcome(ensemble, _out_of_fold(ensemble, x, folds), history)


class _RowStream:
    """A member's endless row order: permutation after permutation, by its own seed."""

    def __init__(self, rows, seed):
        self.rows = rows
        self.generator = np.random.default_rng(seed)
        self.left = np.empty(0, dtype=np.int64)

    def take(self, n):
        while len(self.left) < n:
            self.left = np.concatenate(
                [self.left, self.generator.permutation(self.rows)]
            )
        taken, self.left = self.left[:n], self.left[n:]
        return taken


class _Best:
    """Early stopping per member: its best epoch's weights, and when to give up."""

    def __init__(self, settings, n):
        self.settings = settings
        self.value = torch.full((n,), -torch.inf)
        self.epoch = torch.zeros(n, dtype=torch.long)
        self.done = torch.zeros(n, dtype=torch.bool)
        self.state = {}

    def update(self, epoch, measured, state, names):
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

    def all_done(self):
        return bool(self.settings.patience) and bool(self.done.all())

    def restore(self, state, names):
        for name in names if self.state else ():
            state[name] = self.state[name]


def _trainable(recipe):
    """Dropout shapes and names of the trainable tensors of a network."""
    network = build_network(recipe).to("meta")
    return network.dropout_shapes, [name for name, _ in network.named_parameters()]


def _masks(shapes, rate, batch, noise, device):
    """Scaled dropout masks, each member's from its own generator."""
    if rate == 0:
        return None
    return [
        torch.stack(
            [
                torch.empty(batch, *shape, device=device).bernoulli_(
                    1 - rate, generator=generator
                )
                for generator in noise
            ]
        ).div_(1 - rate)
        for shape in shapes
    ]


def _measure(forward, state, x, y, slices) -> dict[str, Tensor]:
    """Rates of every member on its inner validation slice, in evaluation mode."""
    longest = max(map(len, slices))
    padded = np.stack([np.resize(own, longest) for own in slices])
    with torch.no_grad():
        parts = [
            forward(state, x[index], None).cpu()
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
        ranks = z.argsort().argsort().double() + 1
        scale = torch.sqrt((tp + fp) * n1 * n0 * (n1 + n0 - tp - fp))
        out["sn"].append(tp / n1)
        out["sp"].append(1 - fp / n0)
        out["mcc"].append((tp * n0 - fp * n1) / scale if scale > 0 else tp * 0)
        out["auroc"].append(((ranks * truth).sum() - n1 * (n1 + 1) / 2) / (n1 * n0))
        out["loss"].append(binary_cross_entropy(z, truth))
    return {key: torch.stack(values).float() for key, values in out.items()}


def _history(epoch, members, losses, measured, loss, schedule):
    weights = loss.weights()[0].cpu() if loss.needs_state else None
    return [
        {
            "epoch": epoch,
            "fold": member.fold,
            "seed": member.seed,
            "learning_rate": schedule.get_last_lr()[0],
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


def _out_of_fold(ensemble, x, folds):
    """Mean logit over the members that did not see a row's fold."""
    logits = np.zeros(len(folds))
    for fold in np.unique(folds):
        rows = np.flatnonzero(folds == fold)
        chosen = [i for i, m in enumerate(ensemble.members) if m.fold == fold]
        if chosen:
            part = Ensemble(
                {name: tensor[chosen] for name, tensor in ensemble.state.items()},
                ensemble.recipe,
                ensemble.features,
                [ensemble.members[i] for i in chosen],
            )
            own = part.logits(x[torch.as_tensor(rows)].cpu().numpy())
            logits[rows] = own.mean(axis=0, dtype=np.float64)
    return logits


def train_files(
    inputs: dict,
    outputs: dict,
    training,
    loss: dict,
    seed: int,
    device: str,
    threads: int,
    log,
) -> None:
    """Train one variant from its files and write weights, history and OOF scores.

    Parameters
    ----------
    inputs : dict
        Paths: matrix, columns, sequences, split.
    outputs : dict
        Paths: weights, history, oof.
    """
    device, threads = prepare(device, threads)
    log.info("device %s, %d threads, torch %s", device, threads, torch.__version__)
    frame = pd.read_parquet(inputs["sequences"], columns=["id", "role", "label"])
    split = pd.read_parquet(inputs["split"])
    train = (frame["role"] == "train").to_numpy()
    frame, split = frame[train], split[train]
    columns = read_json(inputs["columns"])
    features = {"names": columns["names"], "length": columns["length"]}
    bar = tqdm(total=training.epochs, unit="epoch", disable=not sys.stderr.isatty())

    def report(epoch, lines):
        mean = {k: np.mean([row[k] for row in lines]) for k in lines[0]}
        told = (
            f"loss {mean['train_loss']:.4f}, inner validation: MCC "
            f"{mean['inner_mcc']:.3f}, SN {mean['inner_sn']:.3f}, "
            f"SP {mean['inner_sp']:.3f}"
        )
        log.info("epoch %d/%d: %s", epoch, training.epochs, told)
        bar.set_postfix_str(told)
        bar.update()

    labels = frame["label"].to_numpy(dtype=np.int64)
    outcome = train_ensemble(
        np.load(inputs["matrix"], mmap_mode="r"),
        labels,
        split["fold"].to_numpy(dtype=np.int64),
        split["cluster"].to_numpy(),
        training,
        loss,
        features,
        seed,
        device,
        report,
    )
    bar.close()
    outcome.ensemble.save(
        outputs["weights"],
        loss=loss,
        training=training.model_dump(),
        device=device,
        threads=threads,
        torch=torch.__version__,
    )
    write_table(outputs["history"], pd.DataFrame(outcome.history))
    oof = pd.DataFrame(
        {
            "id": frame["id"].to_numpy(),
            "label": labels.astype(np.int8),
            "fold": split["fold"].to_numpy(dtype=np.int8),
            "logit": outcome.oof_logits,
            "score": 1 / (1 + np.exp(-outcome.oof_logits)),
        }
    )
    write_table(outputs["oof"], oof)
