"""What is done with an Arrow table besides reading and writing it."""

from os import PathLike

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from evenfold.files import sha256_rows
from evenfold.records.tables import undamaged


def read(path: str | PathLike) -> pa.Table:
    """Read a Parquet file of any columns.

    Raises
    ------
    EvenfoldError
        Missing or damaged, with the file and what to do.
    """
    with undamaged(path, "Parquet"):
        return pq.read_table(path, page_checksum_verification=True)


def digest(table: pa.Table) -> str:
    """SHA-256 of a table's rows, whatever wrote the file."""
    rows = zip(*(column.to_pylist() for column in table.columns))
    return sha256_rows("\t".join(map(str, row)) for row in rows)


def strings(table: pa.Table, column: str) -> list[str]:
    """A column as a list of Python strings.

    Parameters
    ----------
    table : pyarrow.Table
    column : str

    Returns
    -------
    list of str
    """
    return table.column(column).to_pylist()


def numbers(table: pa.Table, column: str) -> np.ndarray:
    """A column without nulls as a numpy array.

    Parameters
    ----------
    table : pyarrow.Table
    column : str

    Returns
    -------
    ndarray, shape (rows,)
    """
    return table.column(column).to_numpy()
