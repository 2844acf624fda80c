"""A data set: config/datasets/<name>.yaml."""

from typing import Any, Literal

from pydantic import Field, model_validator

from evenfold.config.about import About
from evenfold.config.audit import Audit
from evenfold.config.grouping import Grouping
from evenfold.config.reading import Reading
from evenfold.config.section import Section
from evenfold.config.sources import Sources
from evenfold.config.split import Split


class Origin(Section):
    """Where a data set comes from."""

    # Files count by the records in them.
    undecided = frozenset({"description", "train", "test"})

    description: str = Field("", description="one line for the report")
    train: Sources = Field(description="training files")
    test: Sources | None = Field(
        None, description="independent test files; empty: held out by groups"
    )


# The keys of `Reading` stand among a data set's own, not in a mapping of theirs.
class Dataset(Reading, Origin):
    """One data set: where its files are, how to read, clean, group and split them."""

    undecided = (
        Reading.undecided
        | Origin.undecided
        | frozenset({"test_policy", "published", "audit", "about"})
    )

    test_policy: Literal["sealed", "practice"] = Field(
        "sealed",
        description="`sealed`: one look at the test set; `practice`: looks are counted "
        "and never withheld (simulated data)",
    )
    published: list[dict[str, str | float]] = Field(
        [], description="published results on this test set, shown in the report"
    )
    grouping: Grouping = Grouping()
    split: Split = Split()
    audit: Audit = Audit()
    about: About = About()
    training: dict[str, Any] = Field(
        {}, description="training settings that suit this data set"
    )

    @model_validator(mode="after")
    def _files_fit(self):
        for role in (self.train, self.test):
            if role and bool(role.proteins) != bool(self.sites):
                raise ValueError(
                    "`sites` and the files `proteins` belong together: one is missing"
                )
        if self.split.as_published and (
            self.test is None or self.split.train_test_homologs != "drop"
        ):
            raise ValueError(
                "`split: {as_published: true}` compares with a published test set: give "
                "`test` files and `split: {as_published: true, train_test_homologs: drop}`"
            )
        return self

    def reading(self) -> Reading:
        """How its files are read and cleaned, without where they are."""
        keys = set(Reading.model_fields)
        return Reading.model_validate(self.model_dump(include=keys))
