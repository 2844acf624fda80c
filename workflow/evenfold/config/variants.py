"""The loss variants of a run."""

from typing import Any

from pydantic import Field, model_validator

from evenfold.config.losses import Loss
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
