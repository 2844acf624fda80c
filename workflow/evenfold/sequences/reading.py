"""Readers of the published forms: FASTA, one sequence a line, TSV, CSV and Parquet."""

import csv
import gzip
import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from Bio.SeqIO.FastaIO import SimpleFastaParser

from evenfold.config.forms import form_of
from evenfold.config.reading import Reading
from evenfold.errors import EvenfoldError


@dataclass(slots=True)
class Record:
    """One record as published.

    `origin` names its file and place, `header` is what stood before a protein that
    `sites` cuts windows from, and `fault` says why it cannot be used.
    """

    id: str
    sequence: str
    source: str
    label: int | None
    origin: str
    header: str = ""
    fault: str | None = None


def _begins(path, magic):
    if not path.is_file():
        raise EvenfoldError(f"{path}: there is no such file")
    with open(path, "rb") as probe:
        return probe.read(len(magic)) == magic


@contextmanager
def _open(path: Path):
    """Open a text file, gzipped or not, and say plainly why it cannot be read."""
    opener = gzip.open if _begins(path, b"\x1f\x8b") else open
    try:
        with opener(path, "rt", encoding="utf-8-sig", newline=None) as handle:
            yield handle
    except (EOFError, gzip.BadGzipFile) as error:
        raise EvenfoldError(f"{path}: the gzip file is cut off or damaged") from error
    except UnicodeDecodeError as error:
        raise EvenfoldError(
            f"{path}: not a text file (byte {error.start} is not UTF-8)"
        ) from error


def read(
    path: str | PathLike,
    settings: Reading,
    label: int | None,
    name: str | None = None,
    labels: dict[str, int] | None = None,
) -> Iterator[Record]:
    """Stream the records of one file.

    Parameters
    ----------
    path : path-like
        The file; gzip is recognised by its content.
    settings : Reading
        Says the form, and how headers or columns carry label and source protein.
    label : int or None
        Label of every record, or None when the file itself holds the labels.
    name : str, optional
        Published name of the file, when `path` is a downloaded copy.
    labels : dict of str to int, optional
        Labels by id, when a table of their own holds them.

    Yields
    ------
    Record

    Raises
    ------
    EvenfoldError
        Missing, empty, damaged or unlabelled input; nucleotides instead of proteins.
    """
    path = Path(path)
    form = form_of(name or path.name, settings.form)
    n = letters = nucleotides = 0
    given = -1 if labels is not None else label
    for record in READERS[form](path, settings, given):
        n += 1
        if labels is not None:
            if record.id not in labels:
                raise EvenfoldError(
                    f"{record.origin}: the table of labels has no {record.id!r}. Add it "
                    "there, or remove the record."
                )
            record.label = labels[record.id]
        if letters < 100_000:
            letters += len(record.sequence)
            nucleotides += sum(map(record.sequence.upper().count, "ACGTUN-"))
        yield record
    if n == 0:
        raise EvenfoldError(
            f"{path}: no sequences in it. Expected {form}; an empty or wrong file?"
        )
    if letters >= 30 and nucleotides >= 0.99 * letters:
        raise EvenfoldError(
            f"{path}: {nucleotides / letters:.0%} of its letters are A, C, G, T, U or "
            "N. This looks like nucleotides; evenfold reads proteins. Translate it "
            "first."
        )


def read_all_fasta(path: str | PathLike) -> Iterator[Record]:
    """Stream an unlabelled FASTA file, as `predict` needs it."""
    return read(path, Reading(form="fasta"), label=-1)


def _read_fasta(path, settings, label):
    with _open(path) as handle:
        for line in handle:
            if line.strip():
                if not line.startswith(">"):
                    raise EvenfoldError(
                        f"{path}: the first line does not start with '>', so it is "
                        f"not FASTA: {line.strip()[:40]!r}. For one sequence a line "
                        "set `form: lines`, for TSV or CSV `form: table`."
                    )
                break
    with _open(path) as handle:
        for number, (header, sequence) in enumerate(SimpleFastaParser(handle), 1):
            origin = f"{path} record {number}"
            source = _search(settings.source_pattern, header)
            if settings.source_pattern and source is None:
                raise EvenfoldError(
                    f"{origin} ({header[:60]!r}): source_pattern "
                    f"{settings.source_pattern!r} finds no source protein in the header"
                )
            own_label, published = label, header if settings.sites else ""
            if label is None:
                text = _search(settings.label_pattern, header)
                own_label = _label(text, settings, f"{origin} ({header[:60]!r})")
                header = re.sub(settings.label_pattern, "", header, count=1)
            identifier = (header.split() or [""])[0]
            if not identifier:
                raise EvenfoldError(f"{origin}: the header has no id")
            yield Record(
                identifier, sequence, source or "", own_label, origin, published
            )


def _read_lines(path, settings, label):
    with _open(path) as handle:
        for number, line in enumerate(handle, 1):
            sequence = line.strip()
            if not sequence:
                continue
            origin = f"{path} line {number}"
            if sequence.startswith(">"):
                raise EvenfoldError(
                    f"{origin}: starts with '>', so it is FASTA; set `form: fasta`"
                )
            # Named by content: a running number would tell the order of the file,
            # and with it the class.
            digest = hashlib.sha256(sequence.encode()).hexdigest()[:10]
            yield Record(f"seq-{digest}", sequence, "", label, origin)


def _read_table(path, settings, label):
    columns = [settings.id_column, settings.sequence_column]
    columns += [settings.label_column] if label is None else []
    columns += [settings.source_column] if settings.source_column else []
    for origin, (identifier, sequence, *others) in table_rows(path, columns):
        if not identifier or not sequence:
            raise EvenfoldError(f"{origin}: the id or the sequence is empty")
        own_label = label
        if label is None:
            own_label = _label(others.pop(0), settings, origin)
        yield Record(
            identifier, sequence, others[0] if others else "", own_label, origin
        )


#: The reader of every form: (path, settings, label or None) to records.
READERS: dict[str, Callable[[Path, Reading, int | None], Iterator[Record]]] = {
    "fasta": _read_fasta,
    "lines": _read_lines,
    "table": _read_table,
}


def table_rows(
    path: str | PathLike, columns: list[str]
) -> Iterator[tuple[str, list[str]]]:
    """Some columns of a TSV, CSV or Parquet file, row by row, as texts.

    Parameters
    ----------
    path : path-like
    columns : list of str

    Yields
    ------
    tuple of (str, list of str)
        Where the row is, and its cells; a missing one is empty.

    Raises
    ------
    EvenfoldError
        No such column, or a damaged file.
    """
    path = Path(path)
    if _begins(path, b"PAR1"):
        yield from _parquet_rows(path, columns)
        return
    with _open(path) as handle:
        first = handle.readline()
        if not first.strip():
            raise EvenfoldError(f"{path}: empty; expected a header line")
        delimiter = "\t" if "\t" in first else ","
    with _open(path) as handle:
        rows = csv.DictReader(handle, delimiter=delimiter)
        _check_columns(path, columns, rows.fieldnames)
        for number, row in enumerate(rows, 2):
            # The csv module leaves every cell a string: a peptide NA stays "NA".
            yield f"{path} line {number}", [(row[c] or "").strip() for c in columns]


def _parquet_rows(path, columns):
    try:
        source = pq.ParquetFile(path)
    except pa.ArrowInvalid as error:
        raise EvenfoldError(
            f"{path}: the Parquet file is cut off or damaged"
        ) from error
    with source:
        _check_columns(path, columns, source.schema_arrow.names)
        number = 0
        for batch in source.iter_batches(batch_size=8192, columns=columns):
            cells = [batch.column(c).to_pylist() for c in columns]
            for row in zip(*cells):
                number += 1
                yield f"{path} row {number}", ["" if c is None else str(c) for c in row]


def _check_columns(path, wanted, found):
    missing = [column for column in wanted if column not in found]
    if missing:
        raise EvenfoldError(
            f"{path}: no column {missing[0]!r} in its header. Found: "
            f"{', '.join(found)}. Set id_column, sequence_column, label_column or "
            "source_column in the data set's file, or the columns of `sites`."
        )


def read_labels(path: str | PathLike, settings: Reading) -> dict[str, int]:
    """Labels by id from a table of their own.

    Parameters
    ----------
    path : path-like
    settings : Reading
        Says its columns and what the labels are called.

    Returns
    -------
    dict of str to int

    Raises
    ------
    EvenfoldError
        A label that is neither of the two, or two labels for one id.
    """
    found: dict[str, int] = {}
    columns = [settings.id_column, settings.label_column]
    for origin, (identifier, text) in table_rows(path, columns):
        label = _label(text, settings, origin)
        if found.setdefault(identifier, label) != label:
            raise EvenfoldError(f"{origin}: a second, other label for {identifier!r}")
    return found


def _search(pattern, header):
    match = re.search(pattern, header) if pattern else None
    return match.group(1) if match else None


def _label(text, settings, origin):
    if text == settings.positive_label:
        return 1
    if text == settings.negative_label:
        return 0
    found = "no label" if text in (None, "") else f"the label {text!r}"
    raise EvenfoldError(
        f"{origin}: {found} found; expected {settings.positive_label!r} (positive) or "
        f"{settings.negative_label!r} (negative). Check label_pattern or label_column, "
        "positive_label and negative_label, or remove the record."
    )
