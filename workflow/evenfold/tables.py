"""Parquet tables: read, written, digested."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from evenfold.files import replacing, sha256_rows

SEQUENCES = pa.schema(
    [
        ("id", pa.string()),
        ("sequence", pa.string()),
        ("source", pa.string()),
        ("role", pa.string()),
        ("label", pa.int8()),
    ]
)
_LABELS = pa.schema([("id", pa.string()), ("label", pa.int8())])


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
