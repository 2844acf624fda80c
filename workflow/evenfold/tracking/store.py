"""The MLflow store: how it is reached, one user of it at a time."""

import fcntl
import json
import logging
import os
import random
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

# Before mlflow is imported: no telemetry, and no run of the user's shell to fall into.
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
for _name in ("MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME"):
    os.environ.pop(_name, None)

import mlflow
from mlflow.entities import Experiment
from mlflow.exceptions import MlflowException, RestException
from sqlalchemy.exc import SQLAlchemyError

from evenfold.errors import EvenfoldError
from evenfold.faults import sentence
from evenfold.files import hold
from evenfold.records.tracking import FIRST, VIEW, Store
from evenfold.tracking.places import artifacts_of, follow, hidden, sqlite_file

# That it makes its tables, on the terminal of every first run.
logging.getLogger("mlflow.store.db.utils").setLevel(logging.WARNING)

#: Where a data set of MLflow keeps the sketches that a later look knows it by, and the
#: tag in which earlier versions did.
TEST_SET = "evenfold.test_set"
#: What the runs table shows beside names, in its order, and how wide in pixels: what is
#: out-of-fold, and what was measured on the test set.
_COLUMNS = {
    **{
        f"metrics.`{name}`": width
        for name, width in (
            (FIRST, 94), ("oof_sn", 74), ("oof_sp", 74), ("oof_gap", 82),
            ("threshold", 88),
            ("test_mcc", 86), ("test_sn", 76), ("test_sp", 76), ("test_gap", 84),
        )
    },
    "params.`variant`": 84,
    "params.`champion`": 84,
}  # fmt: skip
#: Columns that MLflow puts first: a name, and when it began, of which the sign is enough.
_NAMES = {"attributes.`Run Name`": 165, "runDateAndNestInfo": 44}
#: The runs table as the printed link opens it. Sorted by a number it shows the variants
#: as rows of their own; unsorted they lie folded up below their selection, and a view
#: that is shared cannot unfold them.
TABLE = {
    "selectedColumns": list(_COLUMNS),
    "columnOrder": [*_NAMES, *_COLUMNS],
    "columnWidths": {**_NAMES, **_COLUMNS},
    "orderByKey": f"metrics.`{FIRST}`",
    "orderByAsc": False,
}
_Answer = TypeVar("_Answer")

#: Seconds within which a store has to answer a first question: before the training, and
#: before an upload, when nothing waits; and all questions about earlier looks.
PROBE, UPLOAD, QUESTIONS = 10.0, 30.0, 60.0
#: MLflow's own patience, unless the user has set it: attempts after the first, and
#: seconds without a byte. With its defaults a dead server would be asked for minutes.
_PATIENCE = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
}


@contextmanager
def usable(uri: str) -> Iterator[None]:
    """Tell in plain words of a store that fails.

    Raises
    ------
    EvenfoldError
        For whatever a missing server, file or driver raises.
    """
    try:
        yield
    except (
        MlflowException, SQLAlchemyError, sqlite3.Error, OSError, ImportError,
    ) as error:  # fmt: skip
        why = f"{_reason(error)}. Check the setting `tracking: {{uri: ...}}`."
        if sqlite_file(uri) and (told := sentence(_root(error))):
            why = told
        raise EvenfoldError(
            f"the MLflow store {hidden(uri)} cannot be used: {why}"
        ) from error


def _root(error: BaseException) -> BaseException:
    """The error of SQLite or of the system that MLflow and SQLAlchemy have wrapped."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, sqlite3.Error | OSError):
            return found
        wrapped = getattr(found, "orig", None) or found.__cause__ or found.__context__
        found = wrapped if isinstance(wrapped, BaseException) else None
    return error


def _reason(error: Exception) -> str:
    """What an error says, in a line; of an attempt to connect its cause alone."""
    said = (str(error) or type(error).__name__).splitlines()[0]
    cause = re.search(r"\[Errno -?\d+\] ([^\"')]+)", said)
    return (cause[1] if cause else said[:300]).rstrip(". ")


@contextmanager
def patient() -> Iterator[None]:
    """Wait for a server that fails as long as a job can afford; not MLflow's minutes."""
    unset = [name for name in _PATIENCE if name not in os.environ]
    os.environ.update({name: _PATIENCE[name] for name in unset})
    try:
        yield
    finally:
        for name in unset:
            os.environ.pop(name, None)


def within(seconds: float, uri: str, question: Callable[[], _Answer]) -> _Answer:
    """What a store answers within some seconds, whatever its server does meanwhile.

    Parameters
    ----------
    seconds : float
        A store in a file is waited for as long as it takes.
    uri : str
        Of the store.
    question : callable
        Asks it. One that is not answered is left behind, in a thread that ends with the
        process.

    Returns
    -------
    object
        What `question` gives; its exception is raised here.

    Raises
    ------
    EvenfoldError
        When there is no answer in time.
    """
    if sqlite_file(uri):
        return question()
    answers: list[_Answer] = []
    errors: list[BaseException] = []

    def ask() -> None:
        try:
            answers.append(question())
        except BaseException as error:
            errors.append(error)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(seconds)
    if errors:
        raise errors[0]
    if not answers:
        raise EvenfoldError(
            f"the MLflow store {hidden(uri)} does not answer within {seconds:g} seconds. "
            "Check the setting `tracking: {uri: ...}`."
        )
    return answers[0]


def repeated(action: Callable[[], _Answer], attempts: int = 6) -> _Answer:
    """What a server answers, asked again where it refuses.

    Servers on PostgreSQL refuse one of two that make the same data set, the next
    version of the same model, or the same tag of a run, at once.
    """
    for attempt in range(1, attempts):
        try:
            return action()
        except RestException:
            time.sleep(random.uniform(0.1, 0.2) * 2**attempt)
    return action()


def followed(store: Store) -> mlflow.MlflowClient:
    """A client of a run's store that answers, after any move; call it under the lock.

    Raises
    ------
    EvenfoldError
        When it does not answer, or its paths cannot be put right.
    """
    with usable(store.uri):
        follow(store)
    return connect(store.uri, UPLOAD)


def connect(uri: str, seconds: float | None = None) -> mlflow.MlflowClient:
    """A client of a store that answers.

    Parameters
    ----------
    uri : str
    seconds : float, optional
        Within which it has to; by default PROBE.

    Returns
    -------
    MlflowClient

    Raises
    ------
    EvenfoldError
        When it does not.
    """

    def answering() -> mlflow.MlflowClient:
        client = mlflow.MlflowClient(uri)
        client.search_experiments(max_results=1)
        return client

    with usable(uri):
        return within(PROBE if seconds is None else seconds, uri, answering)


@contextmanager
def locked(path: Path | str) -> Iterator[None]:
    """Hold a lock that the system releases even after a kill."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as handle:
        hold(handle, fcntl.LOCK_EX)
        yield


#: Codes of what is asked to remove and is gone, or is removed already.
_GONE = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")


@contextmanager
def removing() -> Iterator[None]:
    """Remove what another machine may have removed meanwhile."""
    try:
        yield
    except MlflowException as error:
        if error.error_code not in _GONE:
            raise


def experiment_of(client: mlflow.MlflowClient, store: Store) -> Experiment:
    """The experiment of a store, made where it is missing; call it under the lock."""
    found = client.get_experiment_by_name(store.experiment)
    experiment = found or _made(client, store)
    view = json.dumps(TABLE)
    tag = f"mlflow.sharedViewState.{VIEW}"
    if experiment.lifecycle_stage == "active" and experiment.tags.get(tag) != view:
        repeated(lambda: client.set_experiment_tag(experiment.experiment_id, tag, view))
    return experiment


def _made(client: mlflow.MlflowClient, store: Store) -> Experiment:
    # A server keeps artifacts where it likes; the run's own store beside itself.
    artifacts = artifacts_of(store)
    try:
        made = client.create_experiment(
            store.experiment,
            artifact_location=artifacts.as_uri() if artifacts else None,
            tags={
                # Opens the UI in its model-training view, not the GenAI one.
                "mlflow.experimentKind": "custom_model_development",
                # One line: more than that the page folds up.
                "mlflow.note.content": "oof: out-of-fold; test: independent test set. A "
                "run per variant, and per selection that of its champion.",
            },
        )
    except MlflowException:
        # Somebody else has made it meanwhile, on another machine.
        if found := client.get_experiment_by_name(store.experiment):
            return found
        raise
    return client.get_experiment(made)
