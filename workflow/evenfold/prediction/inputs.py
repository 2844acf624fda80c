"""What is to be scored, as a stream: files of any form, and standard input."""

import gzip
import os
import shutil
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from evenfold.config.forms import form_of
from evenfold.config.reading import Reading
from evenfold.errors import EvenfoldError
from evenfold.prediction.names import Names
from evenfold.sequences.opening import begins, form_within
from evenfold.sequences.reading import Record, named_by_content, read, source_in
from evenfold.sequences.sites import every_site
from evenfold.sequences.tabular import HEADER, column_names, like_a_row

#: Records, and letters, that are scored at once: what is kept in memory.
AT_ONCE, LETTERS = 8192, 1 << 22

STDIN = "-"
#: Bytes of text that records are counted in, and of a copy at once.
_SAMPLE = 1 << 20


@dataclass(slots=True)
class Item:
    """What belongs together in the output: a sequence, or the windows of a protein.

    Attributes
    ----------
    records : list of Record
        One, or one a site.
    protein : Record or None
        What they were cut from.
    given : str
        The id in the file, where an earlier row may have it too.
    by_content : bool
        Whether the file has no id for it.
    unmatched : bool
        Whether `source_pattern` finds no name in its header.
    """

    records: list[Record]
    protein: Record | None = None
    given: str = ""
    by_content: bool = False
    unmatched: bool = False

    @property
    def letters(self) -> int:
        """Letters that are held for it."""
        if self.protein is None and len(self.records) == 1:
            return len(self.records[0].sequence)
        own = len(self.protein.sequence) if self.protein else 0
        return own + sum(len(record.sequence) for record in self.records)


@dataclass
class Chunk:
    """Some items that are scored and written at once.

    Attributes
    ----------
    number, shard : int
        Counted from 0.
    items : list of Item
    """

    number: int
    shard: int
    items: list[Item] = field(default_factory=list)

    @property
    def records(self) -> list[Record]:
        """All rows."""
        return [record for item in self.items for record in item.records]


def kept_input(given: str, aside: Path, span: tuple[int, int] | None = None) -> Path:
    """The file of an input; a stream is first written to one, so that it can be told.

    Parameters
    ----------
    given : str
        Path, or `-` for standard input.
    aside : Path
        File for a stream, or for a shard of a FASTA.
    span : tuple of int, optional
        Bytes of the shard.

    Returns
    -------
    Path
    """
    if span:
        return _shard(Path(given), aside.with_suffix(".fasta"), *span)
    if not is_stream(given):
        return Path(given)
    aside.parent.mkdir(parents=True, exist_ok=True)
    with open(aside, "wb") as copy:
        if given == STDIN:
            shutil.copyfileobj(sys.stdin.buffer, copy)
        else:
            with open(given, "rb") as stream:
                shutil.copyfileobj(stream, copy)
    return aside


def _shard(given: Path, aside: Path, start: int, stop: int) -> Path:
    """Some bytes of a file as one of its own."""
    with open(given, "rb") as whole, open(aside, "wb") as copy:
        whole.seek(start)
        left = stop - start
        while left and (block := whole.read(min(left, _SAMPLE))):
            copy.write(block)
            left -= len(block)
    return aside


def check_inputs(given: Iterable[str]) -> None:
    """Refuse an input that is named twice: its rows would be there twice.

    Parameters
    ----------
    given : iterable of str

    Raises
    ------
    EvenfoldError
    """
    seen: set[str] = set()
    for one in given:
        place = "/dev/stdin" if one == STDIN else one
        # Not of what can be no name at all.
        place = os.path.realpath(place) if os.path.exists(place) else place
        if place in seen:
            raise EvenfoldError(f"{one}: given twice. Name each file once.")
        seen.add(place)


def is_stream(given: str) -> bool:
    """Whether an input can be read once alone: standard input, a pipe, a device.

    Parameters
    ----------
    given : str

    Returns
    -------
    bool
        No, where a name cannot be one at all.
    """
    there = os.path.exists(given)
    return given == STDIN or (
        there and not (os.path.isfile(given) or os.path.isdir(given))
    )


def form_found(path: Path, column: str = "sequence") -> str:
    """Form of a file, by its suffix or, where that says little, by what is in it.

    Parameters
    ----------
    path : Path
    column : str
        Of the sequences, if it is a table.

    Returns
    -------
    str

    Raises
    ------
    EvenfoldError
        It cannot be read, or is of no form.
    """
    # A file that is not there has no form, whatever its name.
    begins(path, b"")
    if path.suffixes and path.suffixes[-1].lower() != ".txt":
        try:
            return form_of(path.name)
        except EvenfoldError as error:
            if "not clear" not in str(error):
                raise
    return form_within(path, {"sequence", column.casefold()}) or "lines"


def guessed_rows(path: Path) -> int:
    """About how many records a file has, by its size and its first ones.

    Parameters
    ----------
    path : Path

    Returns
    -------
    int
        0 where nothing can be said.
    """
    if not os.path.isfile(path):
        return 0
    if begins(path, b"PAR1"):
        try:
            return int(pq.read_metadata(path).num_rows)
        except (OSError, ValueError, pa.ArrowException):
            # Whoever reads it tells of that.
            return 0
    with open(path, "rb") as raw:
        zipped = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        try:
            text = (gzip.GzipFile(fileobj=raw) if zipped else raw).read(_SAMPLE)
        except (OSError, EOFError, zlib.error):
            return 0
        read_so_far = raw.tell()
    headers = text.count(b"\n>") + text.startswith(b">")
    return int(
        (headers or text.count(b"\n")) * path.stat().st_size / max(read_so_far, 1)
    )


def items_of(paths: Iterable[tuple[str, Path]], reading: Reading) -> Iterator[Item]:
    """What files hold, in their order, each row under an id of its own.

    Parameters
    ----------
    paths : iterable of (str, Path)
        What each is called, and where it lies.
    reading : Reading
        Cleaning, and how sites are cut out of proteins.

    Yields
    ------
    Item
    """
    names = Names()
    for called, path in paths:
        with told_of(called, path):
            for record in read(path, _settings(path, reading), -1):
                item = _named(record, reading)
                record.id = names.unique(item.given)
                if called != str(path):
                    record.origin = record.origin.replace(str(path), called, 1)
                if reading.sites:
                    item.protein = record
                    item.records = list(
                        every_site(record, reading.sites, reading.cleaning)
                    )
                yield item


def _settings(path: Path, reading: Reading) -> Reading:
    """How one file is read: its form, and the columns that it has."""
    form = form_found(path, reading.sequence_column)
    # A header without a name that the pattern finds is none of an error here.
    update: dict[str, str | None] = {"form": form, "source_pattern": None}
    if form == "table":
        update |= _columns(path, reading)
    return reading.model_copy(update=update)


def _columns(path: Path, reading: Reading) -> dict[str, str | None]:
    """Columns by the names of the data set, or by the standard ones."""
    wanted: dict[str, list[str | None]] = {
        "sequence_column": [reading.sequence_column, "sequence"],
        "id_column": [reading.id_column, "id"],
        "source_column": [reading.source_column] if reading.sites else [],
    }
    known = [name for names in wanted.values() for name in names if name]
    there = column_names(path, known)
    folded = {name.casefold() for name in there}
    found = {
        key: next((n for n in names if n and n.casefold() in folded), None)
        for key, names in wanted.items()
    }
    if found["sequence_column"] is None:
        names = dict.fromkeys(wanted["sequence_column"])
        remedy = "Rename the column of the sequences."
        if like_a_row(there):
            remedy = f"Its first line looks like a row. {HEADER}"
        raise EvenfoldError(
            f"{path}: no column {' or '.join(map(repr, names))} in its header. Found: "
            f"{', '.join(there)}. {remedy}"
        )
    return {**found, "id_column": found["id_column"] or "id"}


def _named(record: Record, reading: Reading) -> Item:
    """A record under the name that the data set gives such: a protein by its source."""
    source, unmatched = record.source, False
    if reading.sites and reading.source_pattern and record.header:
        source = source_in(record.header, reading.source_pattern) or ""
        unmatched = not source
    given = source or record.id if reading.sites else record.id
    own = named_by_content(record.sequence) if given.startswith("seq-") else ""
    return Item([record], None, given, given == own, unmatched)


@contextmanager
def told_of(called: str, path: Path) -> Iterator[None]:
    """Errors in here name an input as the user does, not the file it was kept in.

    Parameters
    ----------
    called : str
        Path, or `-` for standard input.
    path : Path
        Where it lies.
    """
    try:
        yield
    except EvenfoldError as error:
        if called == str(path):
            raise
        name = "standard input" if called == STDIN else called
        raise EvenfoldError(str(error).replace(str(path), name)) from error


def chunked(items: Iterable[Item], shard: int | None = None) -> Iterator[Chunk]:
    """Items in pieces that are the same whenever the input is the same.

    Parameters
    ----------
    items : iterable of Item
    shard : int, optional
        Rows of a shard at most, where it is not of a single protein.

    Yields
    ------
    Chunk
        The last one may be empty of rows; there is at least one.
    """
    chunk, rows, letters, in_shard = Chunk(0, 0), 0, 0, 0
    for item in items:
        size, more = len(item.records), item.letters
        full = rows and (rows + size > AT_ONCE or letters + more > LETTERS)
        over = shard is not None and in_shard and in_shard + size > shard
        if full or over:
            yield chunk
            chunk = Chunk(chunk.number + 1, chunk.shard + bool(over))
            rows, letters = 0, 0
            in_shard = 0 if over else in_shard
        chunk.items.append(item)
        rows, letters, in_shard = rows + size, letters + more, in_shard + size
    yield chunk
