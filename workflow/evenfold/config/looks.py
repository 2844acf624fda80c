"""Permissions for further looks at a test set."""

from pydantic import Field

from evenfold.config.section import Section


class Look(Section):
    """A permission for one more look at a test set."""

    selection: str = Field(
        min_length=8, description="selection this permission is bound to"
    )
    reason: str = Field(min_length=10, description="why another look is justified")
