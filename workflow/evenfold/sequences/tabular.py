"""Tables as people have them: TSV, CSV with commas or semicolons, and Parquet."""

import csv
import re
from collections.abc import Collection, Iterator
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from evenfold.alphabet import AMINO_ACIDS, GAP, UNKNOWN
from evenfold.errors import EvenfoldError
from evenfold.saying import counted
from evenfold.sequences.opening import begins, opened

_BOM = "\ufeff"
_EXCEL = re.compile(r'"?sep=.?"?[,;\s]*$', re.IGNORECASE)
#: Letters of a cell; the longest protein has 36,000, an unclosed quote takes the file.
_LONGEST_CELL = 10_000_000
#: Lines in which the names of the columns are looked for.
_FIRST = 30
#: Letters from which a name that is of amino acids alone is a sequence, not a word.
_LIKE_A_SEQUENCE = 9
#: What mends a table without names of its columns.
HEADER = "Write the names of the columns above it, such as `id,sequence,label`."


def table_rows(
    path: str | PathLike, columns: list[str], optional: Collection[str] = ()
) -> Iterator[tuple[str, list[str]]]:
    """Some columns of a TSV, CSV or Parquet file, row by row, as texts.

    Columns are found by their name, in another case too where that leaves no doubt.

    Parameters
    ----------
    path : path-like
    columns : list of str
    optional : collection of str
        Those of them that need not be there; their cells are empty.

    Yields
    ------
    tuple of (str, list of str)
        Where the row is, and its cells; a missing one is empty.

    Raises
    ------
    EvenfoldError
        No such column, two of them, or a damaged file.
    """
    path = Path(path)
    if begins(path, b"PAR1"):
        yield from _parquet_rows(path, columns, optional)
        return
    with opened(path) as handle:
        number, header = _header(path, handle, columns)
        delimiter = _delimiter(header, columns)
        names, rows = _text_rows(path, handle, header, number, delimiter)
        places = _places(path, columns, optional, names)
        for line, row in rows:
            row[:1] = [cell.removeprefix(_BOM) for cell in row[:1]]
            # Where tables were joined.
            if row == names:
                continue
            if any(row[len(names) :]):
                raise EvenfoldError(
                    f"{path} line {line}: {counted(len(row), 'cell')}, but the header has "
                    f"{len(names)}. Quote a cell that holds the delimiter "
                    f"{delimiter!r}; a file of R: write.table(row.names = FALSE)."
                )
            # An empty line at the end of a sheet is no row.
            if any(row):
                yield (
                    f"{path} line {line}",
                    [
                        row[at] if at is not None and at < len(row) else ""
                        for at in places
                    ],
                )


def column_names(path: str | PathLike, known: Collection[str] = ()) -> list[str]:
    """Names of all columns of a TSV, CSV or Parquet file.

    Parameters
    ----------
    path : path-like
    known : collection of str
        Names that columns may have, by which the delimiter is told.

    Returns
    -------
    list of str

    Raises
    ------
    EvenfoldError
        A damaged file, or an empty one.
    """
    path = Path(path)
    if begins(path, b"PAR1"):
        try:
            return list(pq.read_schema(path).names)
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise EvenfoldError(
                f"{path}: the Parquet file is cut off or damaged"
            ) from error
    with opened(path) as handle:
        _, header = _header(path, handle, known)
        return _split(header, _delimiter(header, list(known)))


def _header(path, handle, columns):
    for number, line in enumerate(handle, 1):
        # Excel may write the delimiter into a line of its own.
        if line.strip() and not _EXCEL.match(line.replace(_BOM, "")):
            header = line.replace(_BOM, "").rstrip("\r\n")
            _check_first(path, number, header, columns)
            return number, header
    raise EvenfoldError(f"{path}: empty; expected a header line")


def _check_first(path, number, header, columns):
    """Refuse a title that stands above the names of the columns."""
    if len(columns) < 2 or _known(header, columns):
        return
    below = _header_below(path, number, columns)
    if below is None:
        return
    above = (
        f"line {number}" if below == number + 1 else f"lines {number} to {below - 1}"
    )
    raise EvenfoldError(
        f"{path}: the names of its columns stand in line {below}, below a title "
        f"({header[:40]!r}). Remove {above}."
    )


def _header_below(path, number, columns):
    """The line below that has two names of columns or more, within the first of a file."""
    with opened(path) as handle:
        for at, line in enumerate(islice(handle, _FIRST), 1):
            if at > number and len(line) < 10_000 and _known(line, columns) > 1:
                return at
    return None


def _known(line, columns):
    """How many cells of a line are names of columns."""
    wanted = {column.casefold() for column in columns}
    names = _split(line.strip("\r\n"), _delimiter(line, columns))
    return len(wanted & {name.casefold() for name in names})


def like_a_row(names: Collection[str]) -> bool:
    """Whether names of columns are rather cells of a row: a number, or a sequence.

    Examples
    --------
    >>> like_a_row(["p1", "MKVLAAGIACD", "1"]), like_a_row(["PEPTIDES", "0", "1"])
    (True, False)
    """
    numbers = [name for name in names if re.fullmatch(r"[+-]?[0-9]+([.][0-9]+)?", name)]
    # Columns that are numbered in order have been named so.
    if numbers and numbers != [str(n) for n in range(len(numbers))]:
        return True
    letters = f"[{AMINO_ACIDS}{UNKNOWN}{re.escape(GAP)}]{{{_LIKE_A_SEQUENCE},}}"
    return any(re.fullmatch(letters, name) for name in names)


def _delimiter(header, columns):
    """Tab, comma or semicolon: what finds most of the columns, then most cells."""
    wanted = {column.casefold() for column in columns}

    def found(delimiter: str) -> tuple[int, int]:
        names = [name.casefold() for name in _split(header, delimiter)]
        return len(wanted & set(names)), len(names)

    return max("\t,;", key=found)


def _split(header, delimiter):
    if delimiter == "\t":
        return [cell.strip().strip('"').strip() for cell in header.split("\t")]
    row = next(csv.reader([header], delimiter=delimiter, skipinitialspace=True), [])
    return [cell.strip() for cell in row]


def _text_rows(path, handle, header, number, delimiter):
    """Names of the columns, and an iterator of the rows with their lines."""
    names = _split(header, delimiter)
    if delimiter == "\t":
        # A quote in TSV is a letter, unless everything is in quotes, as R writes it.
        bare = [cell.strip() for cell in header.split("\t")]
        quoted = all(re.fullmatch(r'"[^"]*"', cell) for cell in bare)
        return names, _tsv(handle, number, quoted)
    return names, _csv(path, handle, number, delimiter, len(names))


def _tsv(handle: IO[str], number: int, quoted: bool) -> Iterator[tuple[int, list[str]]]:
    for line, text in enumerate(handle, number + 1):
        row = [cell.strip() for cell in text.split("\t")]
        if quoted:
            row = [re.sub(r'^"(.*)"$', r"\1", cell) for cell in row]
        yield line, row


def _csv(path, handle, number, delimiter, width):
    line = number
    csv.field_size_limit(_LONGEST_CELL)
    rows = csv.reader(handle, delimiter=delimiter, skipinitialspace=True, strict=True)
    try:
        for row in rows:
            first, line = line + 1, number + rows.line_num
            if line > first:
                _check_quotes(path, row, first, line, delimiter, width)
            yield first, [cell.strip() for cell in row]
    except csv.Error as error:
        raise EvenfoldError(
            f"{path} line {line + 1}: the quotes of the CSV do not close ({error}). "
            'Remove the quote, or write it twice ("") inside a quoted cell.'
        ) from error


def _check_quotes(path, row, first, last, delimiter, width):
    """Refuse a cell that swallowed lines which look like rows of their own."""
    inner = [text for cell in row for text in cell.split("\n")[1:]]
    if len(row) < width or any(t.count(delimiter) >= max(1, width - 1) for t in inner):
        raise EvenfoldError(
            f"{path} line {first}: a quote opens a cell that goes on to line {last}, over "
            "what look like rows. Close the quote, or remove it."
        )


def _parquet_rows(path, columns, optional):
    try:
        with pq.ParquetFile(path) as source:
            names = source.schema_arrow.names
            places = _places(path, columns, optional, names)
            own = [None if at is None else names[at] for at in places]
            number = 0
            for batch in source.iter_batches(
                batch_size=8192, columns=[name for name in own if name is not None]
            ):
                cells = [
                    batch.column(name).to_pylist() if name else [None] * len(batch)
                    for name in own
                ]
                for row in zip(*cells):
                    number += 1
                    yield f"{path} row {number}", [text_of(cell) for cell in row]
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise EvenfoldError(
            f"{path}: the Parquet file is cut off or damaged"
        ) from error


def text_of(cell: Any) -> str:
    """A cell of a Parquet file as text; nothing and NaN are empty, bytes are UTF-8.

    Parameters
    ----------
    cell : object

    Returns
    -------
    str
    """
    if cell is None or (isinstance(cell, float) and cell != cell):
        return ""
    if isinstance(cell, bytes):
        return cell.decode("utf-8", errors="backslashreplace").strip()
    return str(cell).strip()


def _places(path, wanted, optional, found):
    """Where each wanted column is; None for an optional one that is not there."""
    return [_place(path, column, optional, found) for column in wanted]


def _place(path, column, optional, found):
    at = [i for i, name in enumerate(found) if name == column]
    at = at or [i for i, n in enumerate(found) if n.casefold() == column.casefold()]
    if len(at) > 1:
        raise EvenfoldError(
            f"{path}: {len(at)} columns are called {column!r}, so it is not clear which "
            "is meant. Rename or remove one."
        )
    if at:
        return at[0]
    if column in optional:
        return None
    if len(found) == 1:
        raise EvenfoldError(
            f"{path}: no column {column!r}, but one column alone: {_shown(found)}. Columns "
            "are told apart by tab, comma or semicolon."
        )
    if like_a_row(found):
        raise EvenfoldError(
            f"{path}: no column {column!r}, and its first line looks like a row, not like "
            f"names of columns: {_shown(found)}. {HEADER}"
        )
    raise EvenfoldError(
        f"{path}: no column {column!r} in its header. Found: "
        f"{_shown(found)}. Rename the column, or give its name in the data set's file: "
        "id_column, sequence_column, label_column, source_column, or those of `sites`."
    )


def _shown(names):
    """Names of columns as far as they can be read."""
    told = ", ".join(names)
    told = told if told.isprintable() else repr(told)[1:-1]
    return told if len(told) <= 200 else f"{told[:200]} ..."
