"""Where scores may be written, and how: in parts that become one table."""

import os
import re
import shutil
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from evenfold.errors import EvenfoldError
from evenfold.files import replacing
from evenfold.records.tables import Table, as_text, check_ended, undamaged

#: Forms of a table of scores, by the ends of their names.
SUFFIXES = (".tsv", ".csv", ".parquet")


def check_output(
    out: str | Path, given: Sequence[str | Path], cut: bool = False
) -> None:
    """Refuse a place where scores cannot go, before anything is scored.

    Parameters
    ----------
    out : path-like
        Table to write.
    given : sequence of path-like
        Files that are scored.
    cut : bool
        Whether the table is cut into shards.

    Raises
    ------
    EvenfoldError
        For a folder, a device, an input, a name that is too long, or one that ends in no
        known form.
    """
    path = Path(out)
    if not str(out).strip():
        raise EvenfoldError("the name of the table is empty: name a file with --out.")
    if len(path.name.encode(errors="surrogateescape")) > 240:
        raise EvenfoldError(f"{out:.60}...: a name longer than file systems take.")
    if path.is_dir():
        raise EvenfoldError(
            f"{out} is a folder: name a file in it, such as {path / 'predictions.tsv'}."
        )
    if path.suffix.lower() not in SUFFIXES:
        raise EvenfoldError(
            f"{out}: the table of scores must end in {', '.join(SUFFIXES)}, which says "
            "what it is."
        )
    shards = shards_at(path) if cut else [path]
    for written in (*shards, beside(path, "rejected"), beside(path, "proteins")):
        if written.exists() and not written.is_file():
            raise EvenfoldError(
                f"{written} is no file that can be replaced: name another with --out."
            )
        for one in given:
            if (
                written.exists()
                and os.path.exists(one)
                and os.path.samefile(written, one)
            ):
                raise EvenfoldError(
                    f"{written} is the file that is to be scored: name another, or it "
                    "would be lost."
                )


def beside(out: str | Path, what: str) -> Path:
    """A table of the same form beside that of the scores: `new.rejected.tsv`.

    Parameters
    ----------
    out : path-like
    what : str

    Returns
    -------
    Path
    """
    path = Path(out)
    return path.with_name(f"{path.stem}.{what}{path.suffix}")


def shard_name(out: Path, shard: int) -> Path:
    """File of a shard: `new-00001.tsv` and so on.

    Parameters
    ----------
    out : Path
    shard : int
        Counted from 0.

    Returns
    -------
    Path
    """
    return out.with_name(f"{out.stem}-{shard + 1:05d}{out.suffix}")


def shards_at(out: Path) -> list[Path]:
    """Files that are there under the names of shards.

    Parameters
    ----------
    out : Path

    Returns
    -------
    list of Path
    """
    name = rf"{re.escape(out.stem)}-\d{{5,}}{re.escape(out.suffix)}"
    return [one for one in out.parent.glob("*") if re.fullmatch(name, one.name)]


def write_part(path: Path, table: Table, columns: Sequence[Sequence[Any]]) -> None:
    """Write some rows of a table, whole or not at all; of text without the header.

    Parameters
    ----------
    path : Path
        Its suffix says the form.
    table : Table
    columns : sequence of sequence
        In the order of the table.
    """
    with replacing(path) as temporary:
        if path.suffix.lower() == ".parquet":
            pq.write_table(table.of(*columns), temporary)
        else:
            shown = map(_shown, columns)
            temporary.write_text(_text(path, zip(*shown)), "utf-8", newline="")


def _shown(column: Sequence[Any]) -> Sequence[Any]:
    """A column as text shows it; what is one number in all rows is made once."""
    # Of a column of numbers all are, those aside that are absent.
    if not isinstance(next((x for x in column if x is not None), None), float):
        return column
    texts: dict[Any, Any] = {}
    if column[0] == column[-1] and len(set(column)) == 1:
        texts = {column[0]: f"{column[0]:.6f}"}
        return [texts[column[0]]] * len(column)
    return [f"{x:.6f}" if isinstance(x, float) else x for x in column]


def _text(path: Path, rows: Iterable[Sequence[Any]]) -> str:
    return as_text(rows, "\t" if path.suffix.lower() == ".tsv" else ",")


def join_parts(path: Path, table: Table, parts: Iterable[Path]) -> None:
    """Make one table of parts, whole or not at all.

    Parameters
    ----------
    path : Path
    table : Table
    parts : iterable of Path
        In order.
    """
    with replacing(path) as temporary:
        if path.suffix.lower() == ".parquet":
            with pq.ParquetWriter(temporary, table.schema) as writer:
                for part in parts:
                    rows: pa.Table = pq.read_table(part)
                    if rows.num_rows:
                        writer.write_table(rows)
            return
        with open(temporary, "wb") as whole:
            whole.write(_text(path, [table.names]).encode())
            for part in parts:
                with open(part, "rb") as rows_of_it:
                    shutil.copyfileobj(rows_of_it, whole)


def joined(
    path: Path, table: Table, pieces: Iterable[Path | Iterable[Sequence[Any]]]
) -> None:
    """Make one TSV file of others, whose headers are left out, and of rows.

    Parameters
    ----------
    path : Path
    table : Table
    pieces : iterable of Path, or of rows
        In order.
    """
    with replacing(path) as temporary, open(temporary, "wb") as whole:
        whole.write(_text(path, [table.names]).encode())
        for piece in pieces:
            if isinstance(piece, Path):
                with undamaged(piece, "TSV"):
                    check_ended(piece)
                with open(piece, "rb") as rows:
                    rows.readline()
                    shutil.copyfileobj(rows, whole, 1 << 20)
                continue
            lines = iter(piece)
            while some := list(islice(lines, 10_000)):
                whole.write(_text(path, some).encode())
