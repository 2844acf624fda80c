"""Where the MLflow store of a run is, also after its results were moved or copied.

Records name what lies with the results relative to themselves. MLflow keeps absolute
paths of artifacts in its database: they follow the store.
"""

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from evenfold.files import Pathlike
from evenfold.records.layout import MLFLOW, Results
from evenfold.records.tracking import Store

_SQLITE = "sqlite:///"
_DATABASE, _ARTIFACTS, _LOCK = "mlflow.db", "artifacts", ".lock"

#: Columns in which MLflow keeps addresses of artifacts.
_ADDRESSES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)


def store_at(uri: str | None, experiment: str, folder: Pathlike) -> Store:
    """Where the store of a run is; nothing is created or asked.

    Parameters
    ----------
    uri : str or None
        As configured; None for an SQLite file in the folder.
    experiment : str
    folder : path-like
        Also holds the file that serialises uploads.

    Returns
    -------
    Store
    """
    folder = Path(folder).resolve()
    return Store(
        uri=uri or f"{_SQLITE}{folder / _DATABASE}",
        experiment=experiment,
        lock=str(folder / _LOCK),
    )


def sqlite_file(uri: str) -> Path | None:
    """File of an SQLite store; None for any other."""
    return Path(uri.removeprefix(_SQLITE)) if uri.startswith(_SQLITE) else None


def hidden(uri: str) -> str:
    """An address as it may be shown: without the password in it."""
    parts = urlsplit(uri)
    if not parts.password:
        return uri
    place = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{parts.username or ''}:***@{place}").geturl()


def artifacts_of(store: Store) -> Path | None:
    """Folder of the artifacts of a run's own store.

    None for a store that was configured, which keeps them where it likes.
    """
    file, folder = sqlite_file(store.uri), Path(store.lock).parent
    return folder / _ARTIFACTS if file and file.parent == folder else None


def kept(store: Store, record: Pathlike) -> Store:
    """A store as tracking.json keeps it, so that it may move with the results.

    Parameters
    ----------
    store : Store
    record : path-like
        The file that it is to be written to.

    Returns
    -------
    Store
    """
    home = Path(record).resolve().parent
    file = sqlite_file(store.uri)
    uri = store.uri
    # A path that was configured as an absolute one stays where it is, whoever moves.
    if file and (artifacts_of(store) or not file.is_absolute()):
        uri = f"{_SQLITE}{os.path.relpath(file.resolve(), home)}"
    return store.model_copy(
        update={"uri": uri, "lock": os.path.relpath(store.lock, home)}
    )


def opened(record: Pathlike) -> Store:
    """The store that tracking.json names, wherever the results are now.

    Parameters
    ----------
    record : path-like

    Returns
    -------
    Store
        With absolute paths.
    """
    store = Store.read(record)
    lock = Path(os.path.normpath(Path(record).resolve().parent / store.lock))
    if not lock.parent.is_dir():
        lock = _beside(record) / lock.name
    uri = address(store.uri, record)
    return store.model_copy(update={"uri": uri, "lock": str(lock)})


def address(uri: str, record: Pathlike) -> str:
    """The address of a store as it is now, of the one that a record keeps.

    Parameters
    ----------
    uri : str
    record : path-like
        The file that keeps it: tracking.json or mlflow.json.

    Returns
    -------
    str
    """
    file = sqlite_file(uri)
    if file is None:
        return uri
    beside = _beside(record) / file.name
    # Earlier versions kept absolute paths, which a move leaves behind.
    if file.is_absolute() and not file.is_file() and beside.is_file():
        file = beside
    home = Path(record).resolve().parent
    return f"{_SQLITE}{os.path.normpath(home / file)}"


def _beside(record: Pathlike) -> Path:
    """Folder of the store that lies with the results of a record."""
    return Results.at(Path(record).resolve().parent).root / MLFLOW


def follow(store: Store) -> Path | None:
    """Put the paths in a store right that was moved or copied; call it under the lock.

    Parameters
    ----------
    store : Store

    Returns
    -------
    Path or None
        The folder where it was; None where nothing had to be done.
    """
    file, here = sqlite_file(store.uri), artifacts_of(store)
    if here is None or file is None or not file.is_file():
        return None
    found = None
    with closing(sqlite3.connect(file, timeout=60)) as database, database:
        for location in _locations(database):
            if (old := _left_behind(location, here)) is not None:
                _rewrite(database, location, here)
                _rewrite_sources(database, old.parent.parent, here.parent.parent)
                found = old.parent
    return found


def _columns(database: sqlite3.Connection, table: str) -> set[str]:
    """Columns of a table; none where there is no such table."""
    return {row[1] for row in database.execute(f"PRAGMA table_info({table})")}


def _locations(database: sqlite3.Connection) -> list[str]:
    """Where experiments keep their artifacts."""
    if not _columns(database, "experiments"):
        return []
    rows = database.execute("SELECT DISTINCT artifact_location FROM experiments")
    return [location for (location,) in rows if location]


def _left_behind(location: str, here: Path) -> Path | None:
    """The folder of artifacts, if these were a store's own which is now elsewhere.

    Where the old folder still has a store, this one is a copy.
    """
    parts = urlsplit(location)
    if parts.scheme != "file":
        return None
    old = Path(url2pathname(parts.path))
    if old.name != here.name or old == here or _same(old.parent, here.parent):
        return None
    moved = not old.parent.is_dir() or (old.parent / _DATABASE).is_file()
    return old if moved else None


def _same(one: Path, other: Path) -> bool:
    """Whether two paths are one folder, mounted twice or linked."""
    return one.exists() and other.exists() and one.samefile(other)


def _rewrite(database: sqlite3.Connection, old: str, here: Path) -> None:
    """Replace the beginning of every address below an old one."""
    for table, column in _ADDRESSES:
        if column in _columns(database, table):
            database.execute(
                f"UPDATE {table} SET {column} = ? || substr({column}, ?) "
                f"WHERE {column} = ? OR substr({column}, 1, ?) = ?",
                (here.as_uri(), len(old) + 1, old, len(old) + 1, f"{old}/"),
            )


def _rewrite_sources(database: sqlite3.Connection, old: Path, here: Path) -> None:
    """Replace the old folder of all results in the sources of logged data sets."""
    if _columns(database, "datasets"):
        start, new = (f'"{_in_json(path)}/' for path in (old, here))
        database.execute(
            "UPDATE datasets SET dataset_source = replace(dataset_source, ?, ?)",
            (start, new),
        )


def _in_json(path: Path) -> str:
    return json.dumps(str(path))[1:-1]
