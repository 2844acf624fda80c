"""The loss variants of a run."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field, model_validator

from evenfold.config.losses import Loss
from evenfold.config.networks import CLASSICAL
from evenfold.config.section import Section, VariantName


class Variant(Section):
    """A named loss, with training settings of its own where it needs some."""

    name: VariantName = Field(
        description="name of the variant, used in paths and tables"
    )
    loss: Loss = Field(description="loss name, or a mapping: name and its settings")
    training: dict[str, Any] = Field(
        {}, description="training settings of this variant alone"
    )
    grid: dict[str, Any] = Field(
        {},
        description="lists of values by training setting, and by setting of the loss under "
        "`loss`: every combination becomes a variant of its own; see below",
    )

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, value):
        if isinstance(value, str):
            value = {"name": value, "loss": value}
        if isinstance(value, dict) and isinstance(value.get("loss"), str):
            value = {**value, "loss": {"name": value["loss"]}}
        return value


def baseline_of(losses: Mapping[str, str], models: Mapping[str, str | None]) -> str:
    """The variant that losses are compared with: a network's cross entropy.

    That of a model which is fitted where there is no other, and the first variant where
    none has cross entropy.

    Parameters
    ----------
    losses, models : mapping of str to str
        By variant, in the order of the configuration; no model: by kind, a network.
    """
    plain = [name for name, loss in losses.items() if loss == "bce"]
    trained = [name for name in plain if models[name] not in CLASSICAL]
    return (trained or plain or list(losses))[0]
