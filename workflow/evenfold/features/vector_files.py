"""Files of vectors by id, as others write them: npz, HDF5 and Parquet."""

import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from evenfold.errors import EvenfoldError
from evenfold.saying import counted

_IDS = ("ids", "id", "names", "name")
_VECTORS = ("vectors", "embeddings", "vector", "embedding")
_SAVE = (
    "Save texts and numbers: `np.savez(path, ids=np.array(ids, dtype=str), "
    "vectors=np.array(vectors, dtype=np.float32))`"
)
#: How pandas calls an index without a name in Parquet.
INDEX = "__index_level_0__"
#: An entry of UniProt: `sp|P69905|HBA_HUMAN`.
_ACCESSION = re.compile(r"(?:sp|tr)\|([^|]+)\|")
#: What cleaning puts behind an id that is not the only one.
_ADDED = re.compile(r"(~[0-9]+)?(@test)*$")


def vectors_by_id(path: Path) -> dict[str, Any]:
    """Vectors by id of an npz, HDF5 or Parquet file.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict of str to array_like

    Raises
    ------
    EvenfoldError
        Another form, a damaged file, or two vectors of one id.
    """
    reader = _READERS.get(path.suffix.lower())
    if not reader:
        raise EvenfoldError(
            f"{path}: vectors come as .npz, .h5 (HDF5) or .parquet, by id; not as "
            f"{path.suffix or 'a file without suffix'}. {_SAVE}."
        )
    found: dict[str, Any] = {}
    try:
        for identifier, vector in reader(path):
            # Averaged, and one row of a matrix still.
            if np.ndim(vector) == 2 and len(vector) == 1:
                vector = vector[0]
            other = found.setdefault(identifier, vector)
            if other is not vector and not np.array_equal(other, vector):
                raise EvenfoldError(f"{path}: two vectors of the id {identifier!r}")
    except (
        OSError, EOFError, KeyError, RuntimeError, UnicodeDecodeError, zipfile.BadZipFile, zlib.error,
        pa.ArrowException,
    ) as error:  # fmt: skip
        raise EvenfoldError(f"{path}: cut off or damaged; make it again") from error
    if not found:
        raise EvenfoldError(f"{path}: no vectors in it")
    return found


def check_shape(path: Path, vectors: dict[str, Any]) -> None:
    """Refuse what is no vector an id, by the first.

    Parameters
    ----------
    path : Path
    vectors : dict of str to array_like

    Raises
    ------
    EvenfoldError
    """
    shape = np.shape(next(iter(vectors.values())))
    if len(shape) != 1:
        raise EvenfoldError(
            f"{path}: a vector per id is expected, and the first has the shape {shape}. "
            "Average the residues first."
        )
    if shape == (0,):
        raise EvenfoldError(f"{path}: its first vector has no number in it")


def _text(name: Any) -> str:
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)


def _pairs(path: Path, ids: Iterable, vectors: Any) -> Iterator[tuple[str, Any]]:
    # A file of one protein may hold a single text and a single number.
    if isinstance(ids, np.ndarray):
        ids = np.atleast_1d(ids)
    if isinstance(vectors, np.ndarray):
        vectors = np.atleast_1d(vectors)
    ids = list(ids)
    if len(ids) != len(vectors):
        have = counted(len(ids), "id")
        raise EvenfoldError(f"{path}: {have}, but {counted(len(vectors), 'vector')}")
    return zip(map(_text, ids), vectors)


def _npz(path: Path) -> Iterator[tuple[str, Any]]:
    try:
        with np.load(path, allow_pickle=False) as file:
            named = {name.lower(): name for name in file.files}
            ids = [named[name] for name in _IDS if name in named]
            vectors = [named[name] for name in _VECTORS if name in named]
            if len(file.files) == 2 and len(ids) == len(vectors) == 1:
                yield from _pairs(path, file[ids[0]], file[vectors[0]])
            else:
                yield from ((name, file[name]) for name in file.files)
    except ValueError as error:
        raise EvenfoldError(
            f"{path}: not an npz of plain arrays ({error}). Python objects could run "
            f"code, so they are not read. {_SAVE}."
        ) from error


def _hdf5(path: Path) -> Iterator[tuple[str, Any]]:
    try:
        import h5py
    except ImportError as error:
        raise EvenfoldError(
            f"{path}: HDF5 needs h5py: pip install 'evenfold[plm]'"
        ) from error
    found: list[tuple[str, Any]] = []

    def take(name: str, item: Any) -> None:
        # An id with / makes groups of its parts; bio_embeddings numbers the entries.
        if isinstance(item, h5py.Dataset):
            found.append((_text(item.attrs.get("original_id", name)), item[()]))

    try:
        with h5py.File(path, "r") as file:
            file.visititems(take)
    except (ValueError, TypeError, OverflowError, AttributeError) as error:
        # A type, a shape or a filter that cannot be: what h5py has for changed bytes.
        raise OSError(f"{path}: {error}") from error
    by_name = {name.lower(): value for name, value in found}
    ids = [by_name[name] for name in _IDS if name in by_name]
    vectors = [by_name[name] for name in _VECTORS if name in by_name]
    if len(found) == 2 and len(ids) == len(vectors) == 1 and np.ndim(vectors[0]) == 2:
        return _pairs(path, ids[0], vectors[0])
    return iter(found)


def _parquet(path: Path) -> Iterator[tuple[str, Any]]:
    table = pq.read_table(path)
    ids = [name for name in table.column_names if name.lower() == "id"]
    ids = ids or [name for name in table.column_names if name == INDEX]
    if len(ids) != 1:
        raise EvenfoldError(
            f"{path}: {'no' if not ids else 'more than one'} column 'id'. Found: "
            f"{', '.join(table.column_names)[:200]}"
        )
    rest = table.drop_columns(ids)
    if rest.num_columns == 0:
        raise EvenfoldError(f"{path}: ids alone, and no column of vectors")
    if rest.num_columns == 1:  # one column of lists
        vectors: Any = rest.column(0).to_pylist()
    else:
        vectors = np.column_stack([column.to_numpy() for column in rest.columns])
    return _pairs(path, table.column(ids[0]).to_pylist(), vectors)


_READERS = {
    ".npz": _npz,
    ".h5": _hdf5,
    ".hdf5": _hdf5,
    ".hdf": _hdf5,
    ".parquet": _parquet,
    ".pq": _parquet,
}


def without_end(identifier: str) -> str:
    """An id without what cleaning put behind it.

    Examples
    --------
    >>> without_end("P1|K57~2@test")
    'P1|K57'
    """
    return _ADDED.sub("", identifier, count=1)


class VectorNames:
    """Finds the vector of a sequence by its id, as files of vectors write ids.

    As it is; without what cleaning put behind it; with `_` for `.` and `/`, as ProtT5's
    script writes it; the accession of an entry of UniProt; the first word of a header.

    Parameters
    ----------
    names : iterable of str
        Of the vectors in the file.
    """

    def __init__(self, names: Iterable[str]):
        self._names = set(names)
        self._alike: dict[str, str | None] = {}
        for name in self._names:
            for other in _spellings(name):
                # What two names have in common names neither.
                known = self._alike.setdefault(other, name)
                self._alike[other] = name if known == name else None

    def find(self, identifier: str) -> str | None:
        """Name of the vector of an id, or None.

        Parameters
        ----------
        identifier : str
            As in sequences.parquet.

        Returns
        -------
        str or None
        """
        ids = dict.fromkeys([identifier, without_end(identifier)])
        for one in ids:
            if one in self._names:
                return one
        for one in ids:
            for other in _spellings(one):
                if other in self._names:
                    return other
        for one in ids:
            for other in _spellings(one):
                if name := self._alike.get(other):
                    return name
        return None


def _spellings(name: str) -> list[str]:
    words = name.split()
    found = [name, *words[:1]]
    found += [match[1] for one in found if (match := _ACCESSION.match(one))]
    found += [re.sub(r"[./]", "_", one) for one in found]
    return list(dict.fromkeys(found))
