"""Permissions: further looks at a test set, and corrections of its labels."""

from typing import Annotated

from pydantic import AfterValidator, Field

from evenfold.config.section import Section

#: What stands for a reason in the settings that a report prints.
PLACEHOLDERS = ("why a further look is justified", "why the labels were changed")


def _given(reason: str) -> str:
    """A reason, unless it is what stands for one."""
    if reason.strip() in PLACEHOLDERS:
        raise ValueError(
            "this stands for your reason: write it there, every later report shows it"
        )
    return reason


Reason = Annotated[str, AfterValidator(_given)]


class Look(Section):
    """A permission for one more look at a test set."""

    decides = False

    selection: str = Field(
        min_length=8, description="selection this permission is bound to"
    )
    models: str | None = Field(
        None,
        min_length=8,
        description="models of this selection that may look, where others of its models "
        "did before",
    )
    reason: Reason = Field(min_length=10, description="why another look is justified")


class Amend(Section):
    """A permission to score a look's stored predictions again under other labels."""

    decides = False

    selection: str = Field(
        min_length=8, description="selection whose look is to be amended"
    )
    labels: str = Field(
        min_length=8,
        description="digest of the corrected labels, as the report gives it",
    )
    reason: Reason = Field(min_length=10, description="why the labels were changed")
