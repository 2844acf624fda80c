"""The MLflow store: where it is, how it is reached, one user of it at a time."""

import fcntl
import os
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

_SQLITE = "sqlite:///"


def store_at(uri: str | None, experiment: str, folder: Path | str) -> Store:
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
        uri=uri or f"{_SQLITE}{folder / 'mlflow.db'}",
        experiment=experiment,
        lock=str(folder / ".lock"),
    )


def sqlite_file(uri: str) -> Path | None:
    """File of an SQLite store; None for any other."""
    return Path(uri.removeprefix(_SQLITE)) if uri.startswith(_SQLITE) else None


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
    except (MlflowException, SQLAlchemyError, OSError, ImportError) as error:
        raise EvenfoldError(
            f"the MLflow store {uri} cannot be used: {str(error).splitlines()[0][:300]} "
            "Check the setting `tracking: {uri: ...}`."
        ) from error


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
    folder, file = Path(store.lock).parent, sqlite_file(store.uri)
    # A server keeps artifacts where it likes; the run's own store beside itself.
    own = file is not None and file.parent == folder
    made = client.create_experiment(
        store.experiment,
        artifact_location=(folder / "artifacts").as_uri() if own else None,
        tags={
            # Opens the UI in its model-training view, not the GenAI one.
            "mlflow.experimentKind": "custom_model_development",
            "mlflow.note.content": "Losses and thresholds compared by "
            "cross-validation; one parent run per selection, one child per variant.",
        },
    )
    return client.get_experiment(made)
