"""What training is asked for, and the numbers that this comes to, all frozen."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evenfold.losses import build_loss
from evenfold.models.schedules import learning_rate

if TYPE_CHECKING:
    from evenfold.config.training import Training


@dataclass(frozen=True)
class Specification:
    """What decides the weights of a variant, besides the data.

    Attributes
    ----------
    training : evenfold.config.training.Training
    loss : dict
        Name and settings of the loss; of them `warmup_epochs` of plain cross entropy
        first, and `learning_rate_factor`.
    seed : int
    """

    training: "Training"
    loss: dict
    seed: int

    def inner_share(self) -> float:
        """Share of a member's rows that steers its training: 0 where nothing is steered.

        Early stopping needs one, and a loss that adapts to the rates it reaches.
        """
        steered = (
            self.training.early_stopping.patience > 0
            or build_loss(self.loss_alone(), 0.5).needs_state
        )
        return self.training.inner_validation if steered else 0.0

    def loss_alone(self) -> dict:
        """Name and settings of the loss, less those of how it is trained."""
        return {
            key: value
            for key, value in self.loss.items()
            if key not in ("warmup_epochs", "learning_rate_factor")
        }


@dataclass(frozen=True)
class Execution:
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


@dataclass(frozen=True)
class Settings:
    """What the whole training of a variant holds to, worked out once.

    Attributes
    ----------
    training : evenfold.config.training.Training
    loss : dict
        Name and settings of the loss alone.
    seed : int
    recipe : dict
        Network kind and sizes.
    warmup_epochs : int
        Epochs of plain cross entropy first.
    peak_rate : float
        Highest learning rate of the schedule.
    batch_size : int
        Rows that a member sees per step.
    steps_per_epoch : int
    min_per_class : int
        Rows of each class in a batch at least; 0: batches are not stratified.
    """

    training: "Training"
    loss: dict
    seed: int
    recipe: dict
    warmup_epochs: int
    peak_rate: float
    batch_size: int
    steps_per_epoch: int
    min_per_class: int

    def learning_rate(self, step: int) -> float:
        """Learning rate of a step, counted from 0 over the whole training."""
        steps = self.steps_per_epoch * self.training.epochs
        return learning_rate(self.training.schedule, self.peak_rate, step, steps)

    @classmethod
    def of(
        cls, specification: Specification, recipe: dict, folds: np.ndarray
    ) -> "Settings":
        """Of what was asked for, on a data set.

        The number of steps depends on the data set alone, not on who shares a stack.

        Parameters
        ----------
        specification : Specification
        recipe : dict
        folds : ndarray of int, shape (n,)
        """
        training, loss = specification.training, specification.loss_alone()
        rows = len(folds) * (1 - 1 / len(np.unique(folds)))
        rows *= 1 - specification.inner_share()
        batch_size = min(training.batch_size, max(2, int(rows)))
        stratified = training.batches == "stratified"
        if training.batches == "auto":
            stratified = build_loss(loss, 0.5).min_per_class > 0
        warmup = specification.loss.get("warmup_epochs", 0)
        factor = specification.loss.get("learning_rate_factor", 1.0)
        return cls(
            training=training,
            loss=loss,
            seed=specification.seed,
            recipe=recipe,
            # The loss itself has at least the second half.
            warmup_epochs=min(warmup, training.epochs // 2),
            peak_rate=training.learning_rate * factor,
            batch_size=batch_size,
            steps_per_epoch=max(1, round(rows / batch_size)),
            min_per_class=training.min_per_class if stratified else 0,
        )
