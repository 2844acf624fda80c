"""A FASTA cut by bytes into shards of whole records, from its size alone.

Where a shard begins is known when it is read: at the first record from its share of the
bytes on. So nothing has to be read before the jobs are planned, and each finds its own.
"""

from pathlib import Path

from evenfold.config.forms import form_of
from evenfold.errors import EvenfoldError
from evenfold.sequences.opening import begins, form_within

#: Bytes that are looked through at once for the next record.
_BLOCK = 1 << 20
#: First bytes of gzip and of UTF-16, in whose bytes no record is seen.
_UNSEEN = {b"\x1f\x8b": "compressed", b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


def shards_of(path: str | Path, megabytes: float) -> tuple[int, str | None]:
    """Into how many shards a file goes, and why a large one goes as one.

    Parameters
    ----------
    path : path-like
    megabytes : float
        Of a shard, at most; a record is never cut.

    Returns
    -------
    tuple of (int, str or None)
    """
    file = Path(path)
    if not file.is_file():
        return 1, None
    shards = -int(-file.stat().st_size // (megabytes * 1e6))
    if shards <= 1:
        return 1, None
    why = _whole(file)
    return (1, why) if why else (shards, None)


def _whole(file: Path) -> str | None:
    """Why a file cannot be cut by its bytes."""
    for magic, what in _UNSEEN.items():
        if begins(file, magic):
            return f"{file} is {what}"
    try:
        form = form_of(file.name)
    except EvenfoldError:
        # What is wrong with it is told where it is read.
        form = form_within(file, {"sequence"}) or "lines"
    return None if form == "fasta" else f"{file} is no FASTA"


def span_of(path: str | Path, shard: int, shards: int) -> tuple[int, int]:
    """The bytes of one shard: from a record's first to the next shard's.

    Parameters
    ----------
    path : path-like
        A FASTA.
    shard : int
        Counted from 0.
    shards : int
        How many there are.

    Returns
    -------
    tuple of int
        Equal where no record begins in its share.
    """
    size = Path(path).stat().st_size
    with open(path, "rb") as handle:
        return (
            _next_record(handle, size * shard // shards, size),
            _next_record(handle, size * (shard + 1) // shards, size),
        )


def _next_record(handle, at, size):
    """Where the first line from a byte on that begins a record begins; or the end.

    A header that is indented, or that was joined to the line before it, begins none:
    it stays with the record before it.
    """
    if at in (0, size):
        return at
    # One byte before: whether a line begins there is seen by what ends the one above.
    handle.seek(at - 1)
    place, kept = at - 1, b""
    while block := handle.read(_BLOCK):
        text = kept + block
        found = [x for x in (text.find(b"\n>"), text.find(b"\r>")) if x >= 0]
        if found:
            return place - len(kept) + min(found) + 1
        kept = text[-1:]
        place += len(block)
    return size
