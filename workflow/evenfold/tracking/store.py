"""The MLflow store: how it is reached, one user of it at a time."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Before mlflow is imported: no telemetry, and no run of the user's shell to fall into.
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
for _name in ("MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME"):
    os.environ.pop(_name, None)

import mlflow
from mlflow.entities import Experiment
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from evenfold.errors import EvenfoldError
from evenfold.records.tracking import Store
from evenfold.tracking.places import artifacts_of, follow


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
        raise EvenfoldError(
            f"the MLflow store {uri} cannot be used: {str(error).splitlines()[0][:300]} "
            "Check the setting `tracking: {uri: ...}`."
        ) from error


def followed(store: Store) -> mlflow.MlflowClient:
    """A client of a run's store that answers, after any move; call it under the lock.

    Raises
    ------
    EvenfoldError
        When it does not answer, or its paths cannot be put right.
    """
    with usable(store.uri):
        follow(store)
    return connect(store.uri)


def connect(uri: str) -> mlflow.MlflowClient:
    """A client of a store that answers.

    Raises
    ------
    EvenfoldError
        When it does not.
    """
    with usable(uri):
        client = mlflow.MlflowClient(uri)
        client.search_experiments(max_results=1)
    return client


@contextmanager
def locked(path: Path | str) -> Iterator[None]:
    """Hold a lock that the system releases even after a kill."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def experiment_of(client: mlflow.MlflowClient, store: Store) -> Experiment:
    """The experiment of a store, made where it is missing; call it under the lock."""
    found = client.get_experiment_by_name(store.experiment)
    if found is not None:
        return found
    # A server keeps artifacts where it likes; the run's own store beside itself.
    artifacts = artifacts_of(store)
    made = client.create_experiment(
        store.experiment,
        artifact_location=artifacts.as_uri() if artifacts else None,
        tags={
            # Opens the UI in its model-training view, not the GenAI one.
            "mlflow.experimentKind": "custom_model_development",
            "mlflow.note.content": "Losses and thresholds compared by "
            "cross-validation; one parent run per selection, one child per variant.",
        },
    )
    return client.get_experiment(made)
