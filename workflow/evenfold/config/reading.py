"""How the files of a data set are read and cleaned."""

from pydantic import Field, model_validator

from evenfold.config.cleaning import Cleaning
from evenfold.config.forms import FORMS, FormName
from evenfold.config.section import Section, check_one_group
from evenfold.config.sites import Sites


class Reading(Section):
    """What decides how files become sequences and labels, wherever the files are."""

    # Records count by what was read of them, in whatever form they stood.
    undecided = frozenset(
        {
            "form",
            "label_pattern",
            "positive_label",
            "negative_label",
            "id_column",
            "sequence_column",
            "label_column",
            "source_column",
            "source_pattern",
        }
    )

    form: FormName = Field(
        "auto",
        description="; ".join(
            f"`{name}`: {form.what} ({', '.join(form.suffixes)})"
            for name, form in FORMS.items()
        )
        + "; `auto`: by suffix, .gz aside",
    )
    label_pattern: str | None = Field(
        None,
        description="regular expression with one group that finds the label in a "
        "FASTA header; the match is cut out of the id",
    )
    positive_label: str = Field("1", description="label text of the positive class")
    negative_label: str = Field("0", description="label text of the negative class")
    id_column: str = Field("id", description="table: column of the id")
    sequence_column: str = Field(
        "sequence", description="table: column of the sequence"
    )
    label_column: str = Field("label", description="table: column of the label")
    source_column: str | None = Field(
        None, description="table: column of the source protein"
    )
    source_pattern: str | None = Field(
        None,
        description="regular expression with one group that finds the source protein "
        "in a FASTA header; sequences of one protein never cross folds",
    )
    sites: Sites | None = Field(
        None, description="windows around sites of whole proteins (`proteins`)"
    )
    cleaning: Cleaning = Cleaning()

    @model_validator(mode="before")
    @classmethod
    def _windows_are_padded(cls, value):
        if isinstance(value, dict) and value.get("sites"):
            cleaning = {"gap": "keep", **(value.get("cleaning") or {})}
            value = {**value, "cleaning": cleaning}
        return value

    @model_validator(mode="after")
    def _patterns_have_one_group(self):
        if self.sites and self.cleaning.gap != "keep":
            raise ValueError("`sites` pads its windows: set `cleaning: {gap: keep}`")
        for key in ("label_pattern", "source_pattern"):
            check_one_group(self, key)
        return self
