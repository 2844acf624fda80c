"""Members that train together: everything that changes from step to step."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from evenfold.losses import build_loss
from evenfold.models.batches import Batches
from evenfold.models.classical import select_features
from evenfold.models.data import TrainingData
from evenfold.models.members import MemberRows, member_seed
from evenfold.models.networks import build_network
from evenfold.models.optimiser import AdamW
from evenfold.models.regularisation import Disturbance
from evenfold.models.settings import Settings
from evenfold.models.stacking import initial_state
from evenfold.models.stopping import Best
from evenfold.ragged import Ragged

#: Rows that input standardisation is fitted on at most.
_FITTED = 100_000


class Stack:
    """State, optimiser, loss, batches and randomness of some members of a variant.

    Parameters
    ----------
    group : list of MemberRows
        The members, and the rows of each.
    data : TrainingData
    settings : Settings
    device : torch.device

    Attributes
    ----------
    alive : Tensor of int
        Places in the stack of those that still train; `state`, the optimiser, the loss
        and the disturbance hold these alone.
    epoch, step : int
        Finished ones.
    rate : float
        Learning rate of the last step.
    total : Tensor, shape (alive,)
        Sum of the losses of this epoch's steps.
    history : list of dict
    lacking, batches_seen : int
        Batches that lacked a class, and those looked at for it: of losses that need both.
    """

    def __init__(
        self,
        group: list[MemberRows],
        data: TrainingData,
        settings: Settings,
        device: torch.device,
    ):
        self.group, self.settings, self.device = group, settings, device
        self.step, self.epoch, self.rate = 0, 0, 0.0
        self.history: list[dict] = []
        self.lacking, self.batches_seen = 0, 0
        self.alive = torch.arange(len(group))
        self.batches = Batches(
            [member.trained for member in group],
            data.labels,
            settings.batch_size,
            settings.steps_per_epoch,
            [member_seed(settings.seed, one.member, "order") for one in group],
            settings.min_per_class,
        )
        prior = torch.as_tensor(self.batches.prior, dtype=torch.float32)
        counts = [len(member.trained) for member in group]
        rows = torch.tensor(counts, dtype=torch.float32)
        self.loss = build_loss(settings.loss, prior, rows).to(device)
        self.network = build_network(settings.recipe).to("meta")
        self.names = [name for name, _ in self.network.named_parameters()]
        state = fitted_state(group, data, settings)
        self.state = {name: tensor.to(device) for name, tensor in state.items()}
        self.buffers = {n: t for n, t in self.state.items() if n not in self.names}
        self.best = Best(settings.training.early_stopping, len(group))
        self.total = torch.zeros(len(group), device=device)
        self._renew({})

    @property
    def parameters(self) -> dict[str, Tensor]:
        """The part of the state that is trained."""
        return {name: self.state[name] for name in self.names}

    def living(self) -> list[MemberRows]:
        """Members that still train, and their rows."""
        return [self.group[int(i)] for i in self.alive]

    def remaining_batches(self) -> np.ndarray:
        """Rows of the living members in what is left of this epoch.

        Returns
        -------
        ndarray of int, shape (batches, alive, batch size)
        """
        done = self.step - self.epoch * self.settings.steps_per_epoch
        return self.batches.epoch(self.epoch + 1)[done:, self.alive.numpy()]

    def take_step(self, losses: Tensor, rate: float) -> None:
        """Follow the gradients that the parameters hold.

        Parameters
        ----------
        losses : Tensor, shape (alive,)
            Of the batch that the gradients are of.
        rate : float
        """
        self.optimiser.step(rate)
        self.rate = rate
        self.total += losses
        self.step += 1

    def look_for_classes(self, labels: Tensor) -> None:
        """Count batches without one of the classes, where the loss needs both.

        Parameters
        ----------
        labels : Tensor, shape (alive, batch size)
        """
        if self.loss.decomposable or self.settings.min_per_class:
            return
        share = labels.mean(-1)
        self.lacking += int(((share == 0) | (share == 1)).sum())
        self.batches_seen += len(share)

    def end_epoch(self, lines: list[dict]) -> None:
        """Keep the history, and let members go that have given up."""
        self.epoch += 1
        self.history += lines
        keep = ~self.best.done[self.alive]
        if not keep.all():
            self._keep(keep.nonzero()[:, 0])
        self.total = torch.zeros(len(self.alive), device=self.device)

    def saved(self) -> tuple[dict[str, Tensor], dict]:
        """Tensors and facts of a checkpoint."""
        tensors = {
            **{f"state/{n}": t for n, t in self.state.items()},
            **{f"best/{n}": t for n, t in self.best.state.items()},
            **{f"loss/{n}": t for n, t in self.loss.named_buffers()},
            "alive": self.alive,
            "total": self.total,
            "best_value": self.best.value,
            "best_epoch": self.best.epoch,
            "best_done": self.best.done,
        }
        for name, parameter in self.parameters.items():
            for key, value in self.optimiser.state[parameter].items():
                tensors[f"moment/{name}/{key}"] = value
        facts = {
            "step": self.step,
            "epoch": self.epoch,
            "rate": self.rate,
            "history": self.history,
            "lacking": self.lacking,
            "batches_seen": self.batches_seen,
        }
        return tensors, facts

    def restore(self, found: tuple[dict[str, Tensor], dict] | None) -> None:
        """Go on from what `saved` gave; None: from the beginning."""
        if found is None:
            return
        tensors, facts = found
        parts: dict[str, dict[str, Tensor]] = {}
        for key, tensor in tensors.items():
            part, _, name = key.partition("/")
            parts.setdefault(part, {})[name] = tensor.to(self.device)
        self.alive = tensors["alive"]
        self.state, self.best.state = parts["state"], parts.get("best", {})
        for name, buffer in parts.get("loss", {}).items():
            setattr(self.loss, name, buffer)
        self.best.value, self.best.epoch = tensors["best_value"], tensors["best_epoch"]
        self.best.done, self.total = tensors["best_done"], parts["total"][""]
        moments: dict[str, dict[str, Tensor]] = {}
        for key, value in parts.get("moment", {}).items():
            name, _, kind = key.rpartition("/")
            moments.setdefault(name, {})[kind] = value
        self.step, self.epoch, self.rate = facts["step"], facts["epoch"], facts["rate"]
        self.history = facts["history"]
        self.lacking, self.batches_seen = facts["lacking"], facts["batches_seen"]
        self._renew(moments)

    def finished(self) -> dict[str, Tensor]:
        """State of all members, each at its best epoch where that was asked for."""
        if self.best.state:
            return {**self.buffers, **self.best.state}
        return {name: tensor.detach() for name, tensor in self.state.items()}

    def _renew(self, moments):
        """Optimiser and random numbers for the members that `state` now holds."""
        training = self.settings.training
        for name in self.names:
            self.state[name] = self.state[name].detach().requires_grad_()
        self.optimiser = AdamW(self.parameters.values(), training.weight_decay)
        for name, parameter in self.parameters.items():
            if name in moments:
                self.optimiser.state[parameter] = moments[name]
        self.disturbance = Disturbance(
            training,
            self.network,
            [rows.member for rows in self.living()],
            self.settings.seed,
            self.device,
            seeded=not self.settings.recipe.get("stacked", True),
        )

    def _keep(self, places):
        """Go on with some of the living members: the others stop costing."""
        there = places.to(self.device)
        moments = {
            name: {
                key: value if key == "step" else value[there]
                for key, value in self.optimiser.state[parameter].items()
            }
            for name, parameter in self.parameters.items()
        }
        self.state = {name: t.detach()[there] for name, t in self.state.items()}
        self.loss.select(there)
        self.alive = self.alive[places]
        self._renew(moments)


def fitted_state(
    group: list[MemberRows], data: TrainingData, settings: Settings
) -> dict[str, Tensor]:
    """Fresh weights; standardisation and chosen features from each member's rows.

    Returns
    -------
    dict of str to Tensor, shape (members, ...)
    """

    def fit(place: int, network: Any) -> None:
        if hasattr(network, "fit_inputs") and not isinstance(data.inputs, Ragged):
            network.fit_inputs(*rows_to_fit(group[place], data, settings))

    seeds = [member_seed(settings.seed, one.member, "weights") for one in group]
    return initial_state(settings.recipe, seeds, fit)


def rows_to_fit(
    member: MemberRows, data: TrainingData, settings: Settings
) -> tuple[Tensor, Tensor | None]:
    """What a network's `fit_inputs` takes, from a member's training rows alone.

    Returns
    -------
    tuple of (Tensor, Tensor or None)
        Inputs, shape (rows, columns), and which columns are chosen, where some are.
    """
    rows, chosen = member.trained, None
    selection = settings.training.feature_selection
    if selection.method != "none":
        seed = member_seed(settings.seed, member.member, "features")
        columns = select_features(
            np.asarray(data.inputs[rows]), data.labels[rows], selection, seed
        )
        chosen = torch.as_tensor(columns)
    if len(rows) > _FITTED:
        seed = member_seed(settings.seed, member.member, "standardisation")
        generator = np.random.default_rng(seed)
        rows = np.sort(generator.choice(rows, _FITTED, replace=False))
    return torch.tensor(np.asarray(data.inputs[rows])), chosen
