"""How the files of a data set are read and cleaned."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from evenfold.config.cleaning import Cleaning
from evenfold.config.forms import FORMS, FormName
from evenfold.config.section import Section, check_one_group
from evenfold.config.sites import Sites

_WORDS = {"true": 1.0, "yes": 1.0, "on": 1.0, "false": 0.0, "no": 0.0, "off": 0.0}


def label_value(label: str) -> float | str:
    """What a label means: yes and True are 1, 1.0 and +1 are 1, letters have no case.

    Examples
    --------
    >>> [label_value(text) for text in ("1", "+1.0", "Yes", "-1", "AMP")]
    [1.0, 1.0, 1.0, -1.0, 'amp']
    """
    folded = label.strip().casefold()
    if re.fullmatch(r"[+-]?[0-9]+(\.[0-9]*)?", folded):
        return float(folded)
    return _WORDS.get(folded, folded)


def _unquoted(value: Any) -> Any:
    """YAML makes a number or a truth value of a label that stands there unquoted."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


Label = Annotated[str, BeforeValidator(_unquoted)]


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
    positive_label: Label = Field(
        "1",
        description="label text of the positive class; 1.0, +1, yes and True are 1 too",
    )
    negative_label: Label = Field(
        "0",
        description="label text of the negative class; 0.0, no and False are 0 too",
    )
    id_column: str = Field(
        "id",
        description="table: column of the id; without a column `id` rows are named after "
        "their content",
    )
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
        if not (isinstance(value, dict) and value.get("sites")):
            return value
        cleaning = value.get("cleaning") or {}
        if isinstance(cleaning, dict):
            value = {**value, "cleaning": {"gap": "keep", **cleaning}}
        return value

    @model_validator(mode="after")
    def _patterns_have_one_group(self):
        if self.sites and self.cleaning.gap != "keep":
            raise ValueError("`sites` pads its windows: set `cleaning: {gap: keep}`")
        for key in ("label_pattern", "source_pattern"):
            check_one_group(self, key)
        if self.positive_label == self.negative_label:
            raise ValueError("positive_label and negative_label are the same")
        return self
