"""The Parquet files of the sequences wing."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from evenfold.files import replacing, sha256_rows
from evenfold.sequences.reading import Record

_SEQUENCES = pa.schema(
    [
        ("id", pa.string()),
        ("sequence", pa.string()),
        ("source", pa.string()),
        ("role", pa.string()),
        ("label", pa.int8()),
    ]
)
_LABELS = pa.schema([("id", pa.string()), ("label", pa.int8())])


def sequences_table(records: list[Record], role: str, labelled: bool) -> pa.Table:
    """Table of one role: id, sequence, source, role, label (null unless labelled)."""
    columns = [
        [record.id for record in records],
        [record.sequence for record in records],
        [record.source for record in records],
        [role] * len(records),
        [record.label if labelled else None for record in records],
    ]
    return pa.table(columns, schema=_SEQUENCES)


def labels_table(ids, labels) -> pa.Table:
    """Table of sealed labels: id, label."""
    return pa.table([pa.array(ids, pa.string()), pa.array(labels, pa.int8())], _LABELS)


def write(path, table: pa.Table) -> None:
    """Write a table atomically."""
    with replacing(path) as temporary:
        pq.write_table(table, temporary)


def read(path, columns=None) -> pa.Table:
    """Read a table or some of its columns."""
    return pq.read_table(path, columns=columns)


def digest(table: pa.Table) -> str:
    """SHA-256 of a table's rows, whatever wrote the file."""
    rows = zip(*(column.to_pylist() for column in table.columns))
    return sha256_rows("\t".join(map(str, row)) for row in rows)


def strings(table: pa.Table, column: str) -> list[str]:
    """A column as a list of Python strings."""
    return table.column(column).to_pylist()


def numbers(table: pa.Table, column: str) -> np.ndarray:
    """A column without nulls as a numpy array."""
    return table.column(column).to_numpy()
