"""Permissions: further looks at a test set, and corrections of its labels."""

from pydantic import Field

from evenfold.config.section import Section


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
    reason: str = Field(min_length=10, description="why another look is justified")


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
    reason: str = Field(min_length=10, description="why the labels were changed")
