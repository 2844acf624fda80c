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
#: Suffixes of what no form can read, and what to do with such a file.
_UNREADABLE = {
    ".xlsx": "Save the sheet as CSV",
    ".xls": "Save the sheet as CSV",
    ".ods": "Save the sheet as CSV",
    ".zip": "Unpack it",
    ".tar": "Unpack it",
    ".tgz": "Unpack it",
    ".7z": "Unpack it",
    ".bz2": "Unpack it, or compress it with gzip",
    ".xz": "Unpack it, or compress it with gzip",
    ".zst": "Unpack it, or compress it with gzip",
    **dict.fromkeys(
        (".feather", ".arrow", ".orc", ".rds", ".rdata", ".pkl", ".pickle", ".sav"),
        "Save the table as CSV or Parquet",
    ),
    **dict.fromkeys(
        (".json", ".jsonl", ".xml", ".html", ".docx", ".pdf"),
        "Save the sequences as FASTA or CSV",
    ),
    **dict.fromkeys(
        (".gb", ".gbk", ".gp", ".embl", ".pdb", ".cif", ".sto", ".aln", ".clustal"),
        "Convert it to FASTA",
    ),
    **dict.fromkeys(
        (".npy", ".npz", ".h5", ".hdf5", ".pt"),
        "It holds numbers: vectors go under `training: {embeddings: {file: ...}}`, "
        "beside the sequences",
    ),
}
FormName = Annotated[str, OneOf(["auto", *FORMS])]


def form_of(name: str, form: str = "auto") -> str:
    """Form of a data file, `auto` by its suffix.

    Raises
    ------
    EvenfoldError
        When the suffix is that of no form; says what to do with an archive.

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
    if suffix in _UNREADABLE:
        raise EvenfoldError(
            f"{name}: files with {suffix} are not read. {_UNREADABLE[suffix]}."
        )
    *most, last = FORMS
    raise EvenfoldError(
        f"{name}: the form of this file is not clear from its suffix; set `form:` to "
        f"{', '.join(most)} or {last} in the data set's file"
    )
