"""Members that train together: everything that changes from step to step."""

import torch

from evenfold.losses import build_loss
from evenfold.models.batches import Batches
from evenfold.models.members import member_seed
from evenfold.models.networks import build_network
from evenfold.models.randomness import Source
from evenfold.models.regularisation import Disturbance
from evenfold.models.stopping import Best


class Stack:
    """State, optimiser, loss, batches and randomness of some members of a variant.

    Parameters
    ----------
    run
        What all stacks of the training share (`training._Run`).
    start, stop : int
        Which of its members.

    Attributes
    ----------
    alive : Tensor of int
        Places in the stack of those that still train; `state`, the optimiser, the loss
        and the disturbance hold these alone.
    """

    def __init__(self, run, start: int, stop: int):
        self.run, self.start = run, start
        self.members = run.members[start:stop]
        self.step, self.epoch, self.rate, self.history = 0, 0, 0.0, []
        self.alive = torch.arange(stop - start)
        self.batches = Batches(
            run.own_rows[start:stop],
            run.labels,
            run.size,
            run.steps,
            [member_seed(run.seed, member, "order") for member in self.members],
            run.min_per_class,
        )
        prior = torch.as_tensor(self.batches.prior, dtype=torch.float32)
        counts = [len(own) for own in run.own_rows[start:stop]]
        counts = torch.tensor(counts, dtype=torch.float32)
        self.loss = build_loss(run.loss_settings, prior, counts).to(run.device)
        self.network = build_network(run.recipe).to("meta")
        self.names = [name for name, _ in self.network.named_parameters()]
        state = run.initial(start, stop)
        self.state = {name: tensor.to(run.device) for name, tensor in state.items()}
        self.buffers = {n: t for n, t in self.state.items() if n not in self.names}
        self.best = Best(run.training.early_stopping, stop - start)
        self.total = torch.zeros(stop - start, device=run.device)
        self._renew({})

    @property
    def parameters(self):
        return {name: self.state[name] for name in self.names}

    def positions(self):
        """Places of the living members in the variant."""
        return [self.start + int(i) for i in self.alive]

    def _renew(self, moments):
        """Optimiser and random sources for the members that `state` now holds."""
        run = self.run
        for name in self.names:
            self.state[name] = self.state[name].detach().requires_grad_()
        self.optimiser = torch.optim.AdamW(
            self.parameters.values(),
            run.rate,
            weight_decay=run.training.weight_decay,
            fused=True,
        )
        for name, parameter in self.parameters.items():
            if name in moments:
                self.optimiser.state[parameter] = moments[name]
        living = [self.members[int(i)] for i in self.alive]
        self.disturbance = Disturbance(
            run.training, self.network, living, run.seed, run.device
        )
        seeds = [member_seed(run.seed, member, "network") for member in living]
        self.own_randomness = Source(seeds, run.device)

    def end_epoch(self, epoch, lines):
        """Keep the history, and let members go that have given up."""
        self.epoch = epoch
        self.history += lines
        keep = ~self.best.done[self.alive]
        if not keep.all():
            self._keep(keep.nonzero()[:, 0])
        self.total = torch.zeros(len(self.alive), device=self.run.device)

    def _keep(self, places):
        """Go on with some of the living members: the others stop costing."""
        there = places.to(self.run.device)
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

    def saved(self):
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
            "lacking": [self.run.lacking, self.run.batches_seen],
        }
        return tensors, facts

    def restore(self, found):
        """Go on from what `saved` gave; None: from the beginning."""
        if found is None:
            return
        tensors, facts = found
        device, parts = self.run.device, {}
        for key, tensor in tensors.items():
            part, _, name = key.partition("/")
            parts.setdefault(part, {})[name] = tensor.to(device)
        self.alive = tensors["alive"]
        self.state, self.best.state = parts["state"], parts.get("best", {})
        for name, buffer in parts.get("loss", {}).items():
            setattr(self.loss, name, buffer)
        self.best.value, self.best.epoch = tensors["best_value"], tensors["best_epoch"]
        self.best.done, self.total = tensors["best_done"], parts["total"][""]
        moments = {}
        for key, value in parts.get("moment", {}).items():
            name, _, kind = key.rpartition("/")
            moments.setdefault(name, {})[kind] = value
        self.step, self.epoch, self.rate, self.history = (
            facts[key] for key in ("step", "epoch", "rate", "history")
        )
        self.run.lacking, self.run.batches_seen = facts["lacking"]
        self._renew(moments)

    def finished(self):
        """State of all members, each at its best epoch where that was asked for."""
        if self.best.state:
            return {**self.buffers, **self.best.state}
        return {name: tensor.detach() for name, tensor in self.state.items()}
