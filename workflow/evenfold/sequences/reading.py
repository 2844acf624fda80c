"""Readers of the published forms: FASTA, one sequence a line, TSV and CSV."""

import csv
import gzip
import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from Bio.SeqIO.FastaIO import SimpleFastaParser

from evenfold.config.model import Dataset, form_of
from evenfold.errors import EvenfoldError


@dataclass(slots=True)
class Record:
    """One record as published; `origin` names its file and place."""

    id: str
    sequence: str
    source: str
    label: int | None
    origin: str


@contextmanager
def _open(path: Path):
    """Open a text file, gzipped or not, and say plainly why it cannot be read."""
    if not path.is_file():
        raise EvenfoldError(f"{path}: there is no such file")
    with open(path, "rb") as probe:
        gzipped = probe.read(2) == b"\x1f\x8b"
    opener = gzip.open if gzipped else open
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
    path, dataset: Dataset, label: int | None, name: str | None = None
) -> Iterator[Record]:
    """Stream the records of one file.

    Parameters
    ----------
    path : path-like
        The file; gzip is recognised by its content.
    dataset : Dataset
        Says the form, and how headers or columns carry label and source protein.
    label : int or None
        Label of every record, or None when the file itself holds the labels.
    name : str, optional
        Published name of the file, when `path` is a downloaded copy.

    Raises
    ------
    EvenfoldError
        Missing, empty, damaged or unlabelled input; nucleotides instead of proteins.
    """
    path = Path(path)
    form = form_of(name or path.name, dataset.form)
    readers = {"fasta": _read_fasta, "lines": _read_lines, "table": _read_table}
    n = letters = nucleotides = 0
    for record in readers[form](path, dataset, label):
        n += 1
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


def read_all_fasta(path) -> Iterator[Record]:
    """Stream an unlabelled FASTA file, as `predict` needs it."""
    dataset = Dataset.model_validate(
        {"train": {"positive": "-", "negative": "-"}, "form": "fasta"}
    )
    return read(path, dataset, label=-1)


def _read_fasta(path, dataset, label):
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
            source = _search(dataset.source_pattern, header)
            if dataset.source_pattern and source is None:
                raise EvenfoldError(
                    f"{origin} ({header[:60]!r}): source_pattern "
                    f"{dataset.source_pattern!r} finds no source protein in the header"
                )
            own_label = label
            if label is None:
                text = _search(dataset.label_pattern, header)
                own_label = _label(text, dataset, f"{origin} ({header[:60]!r})")
                header = re.sub(dataset.label_pattern, "", header, count=1)
            identifier = (header.split() or [""])[0]
            if not identifier:
                raise EvenfoldError(f"{origin}: the header has no id")
            yield Record(identifier, sequence, source or "", own_label, origin)


def _read_lines(path, dataset, label):
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


def _read_table(path, dataset, label):
    with _open(path) as handle:
        first = handle.readline()
        if not first.strip():
            raise EvenfoldError(f"{path}: empty; expected a header line")
        delimiter = "\t" if "\t" in first else ","
    with _open(path) as handle:
        rows = csv.DictReader(handle, delimiter=delimiter)
        wanted = [dataset.id_column, dataset.sequence_column]
        wanted += [dataset.label_column] if label is None else []
        wanted += [dataset.source_column] if dataset.source_column else []
        missing = [column for column in wanted if column not in rows.fieldnames]
        if missing:
            raise EvenfoldError(
                f"{path}: no column {missing[0]!r} in its header. Found: "
                f"{', '.join(rows.fieldnames)}. Set id_column, sequence_column, "
                "label_column or source_column in the data set's file."
            )
        for number, row in enumerate(rows, 2):
            origin = f"{path} line {number}"
            # The csv module leaves every cell a string: a peptide NA stays "NA".
            sequence = (row[dataset.sequence_column] or "").strip()
            identifier = (row[dataset.id_column] or "").strip()
            if not identifier or not sequence:
                raise EvenfoldError(f"{origin}: the id or the sequence is empty")
            own_label = (
                _label((row[dataset.label_column] or "").strip(), dataset, origin)
                if label is None
                else label
            )
            source = row[dataset.source_column] if dataset.source_column else ""
            yield Record(identifier, sequence, source or "", own_label, origin)


def _search(pattern, header):
    match = re.search(pattern, header) if pattern else None
    return match.group(1) if match else None


def _label(text, dataset, origin):
    if text == dataset.positive_label:
        return 1
    if text == dataset.negative_label:
        return 0
    found = "no label" if text in (None, "") else f"the label {text!r}"
    raise EvenfoldError(
        f"{origin}: {found} found; expected {dataset.positive_label!r} (positive) or "
        f"{dataset.negative_label!r} (negative). Check label_pattern or label_column, "
        "positive_label and negative_label, or remove the record."
    )
