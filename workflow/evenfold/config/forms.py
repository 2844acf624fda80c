"""Which forms of files there are: the names that may stand in `form`.

How each is read is in `evenfold.sequences.reading`; a test holds the names of both
together.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from evenfold.config.section import OneOf
from evenfold.errors import EvenfoldError


@dataclass(frozen=True)
class Form:
    """A form of files.

    Attributes
    ----------
    what : str
        For documentation and errors.
    suffixes : tuple of str
        By which `auto` recognises it, .gz aside.
    labels : {'headers', 'columns', 'none'}
        Where a file of this form can hold the labels of its records.
    """

    what: str
    suffixes: tuple[str, ...]
    labels: Literal["headers", "columns", "none"]


FORMS = {
    "fasta": Form("FASTA", (".fasta", ".fa", ".faa", ".fas"), "headers"),
    "lines": Form("one sequence a line", (".txt",), "none"),
    "table": Form(
        "TSV or CSV with a header, Parquet",
        (".tsv", ".csv", ".parquet", ".pq"),
        "columns",
    ),
}
FormName = Annotated[str, OneOf(["auto", *FORMS])]


def form_of(name: str, form: str = "auto") -> str:
    """Form of a data file, `auto` by its suffix.

    Raises
    ------
    EvenfoldError
        When the suffix is that of no form.

    Examples
    --------
    >>> form_of("proteins.faa.gz")
    'fasta'
    """
    if form != "auto":
        return form
    suffix = Path(name.removesuffix(".gz")).suffix.lower()
    for known, one in FORMS.items():
        if suffix in one.suffixes:
            return known
    *most, last = FORMS
    raise EvenfoldError(
        f"{name}: the form of this file is not clear from its suffix; set `form:` to "
        f"{', '.join(most)} or {last} in the data set's file"
    )
