"""Looks at test sets that MLflow remembers, whatever became of the ledger."""

import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

from evenfold.errors import EvenfoldError
from evenfold.records.evaluation import RememberedLook, RememberedLooks
from evenfold.records.tracking import DIGEST, Store
from evenfold.tracking.places import sqlite_file
from evenfold.tracking.store import (
    QUESTIONS,
    TEST_SET,
    connect,
    experiment_of,
    followed,
    locked,
    patient,
    usable,
    within,
)

# isort: split
# After the store has set MLflow up.
import mlflow
from mlflow.entities import Run


def init_tracking(store: Store, warn: Callable[[str], object]) -> RememberedLooks:
    """Make the experiment where it is missing, and ask for all looks.

    Parameters
    ----------
    store : Store
    warn : callable
        Gets the reason when the store cannot be used: neither a look nor a training
        waits for it, and the record of the run is kept for it.

    Returns
    -------
    RememberedLooks
    """

    def made() -> None:
        with locked(store.lock):
            experiment_of(followed(store), store)

    try:
        with patient(), usable(store.uri):
            # Before the lock: a server that hangs is found out by all data sets at once.
            if not sqlite_file(store.uri):
                connect(store.uri)
            within(QUESTIONS, store.uri, made)
    except EvenfoldError as error:
        warn(str(error))
        return RememberedLooks(answered=False)
    return remembered_looks(store.uri, store.lock)


def remembered_looks(uri: str, lock: Path | str | None = None) -> RememberedLooks:
    """All looks that a store knows of, of any experiment.

    Parameters
    ----------
    uri : str
        Of the store.
    lock : path-like, optional
        File that serialises the users of an SQLite store.

    Returns
    -------
    RememberedLooks
        The oldest first, each with the sketch of its test set; `answered` is false, and
        nothing is raised, when the store cannot be asked.
    """
    file = sqlite_file(uri)
    # MLflow would make one, and fill an empty file.
    if file and not (file.is_file() and file.stat().st_size):
        return RememberedLooks(answered=False)
    try:
        with locked(lock) if lock and file else nullcontext(), patient(), usable(uri):
            client = connect(uri)
            runs = within(QUESTIONS, uri, lambda: list(_looks(client)))
    except EvenfoldError:
        return RememberedLooks(answered=False)
    found: dict[tuple[str | None, ...], RememberedLook] = {}
    for run in sorted(runs, key=_recorded):
        tags = run.data.tags
        selection = tags["evenfold.selection"]
        test_set = _test_set(run)
        look = RememberedLook(
            selection=selection,
            dataset=tags["evenfold.dataset"],
            recorded=_recorded(run).isoformat(timespec="seconds"),
            looked_at=tags.get("evenfold.looked_at"),
            models=tags.get("evenfold.models"),
            test_set=test_set.split(),
            digests={
                key.removeprefix(DIGEST): value
                for key, value in tags.items()
                if key.startswith(DIGEST)
            },
        )
        key = (selection, look.dataset, test_set, look.looked_at, look.models)
        found.setdefault(key, look)
    return RememberedLooks(answered=True, looks=list(found.values()))


def _recorded(run: Run) -> datetime:
    """When a run was recorded; it began in truth when its training did."""
    told = run.data.tags.get("evenfold.recorded")
    if told:
        return datetime.fromisoformat(told)
    return datetime.fromtimestamp(run.info.start_time / 1000, UTC)


def _test_set(run: Run) -> str:
    """The sketches of a run's test set, where this version keeps them or earlier ones."""
    for data in run.inputs.dataset_inputs if run.inputs else []:
        try:
            profile = json.loads(data.dataset.profile or "{}")
        except ValueError:
            continue
        if isinstance(profile, dict) and TEST_SET in profile:
            return str(profile[TEST_SET])
    return run.data.tags.get(TEST_SET, "")


def _looks(client: mlflow.MlflowClient) -> Iterator[Run]:
    """The parent runs of all looks, of any experiment."""
    experiments = [e.experiment_id for e in client.search_experiments()]
    token = None
    while True:
        page = client.search_runs(
            experiments,
            "tags.`evenfold.part` = 'selection' and "
            "tags.`evenfold.status` = 'evaluated'",
            page_token=token,
        )
        yield from page
        token = page.token
        if not token:
            return
