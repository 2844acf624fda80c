"""The MLflow record of a run, uploaded from finished files by one job at a time.

One parent run per selection, one child per variant. A selection that is already
recorded is not logged again.
"""

import logging
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pandas as pd

from evenfold.errors import EvenfoldError
from evenfold.files import sha256_json
from evenfold.records.tables import HISTORY
from evenfold.records.tracking import DIGEST, Store, TrackedRun
from evenfold.tracking.finished import (
    Finished,
    FinishedFiles,
    Trained,
    digests,
    note,
    of_the_test_set,
    run_parameters,
    scalars,
    variant_parameters,
)
from evenfold.tracking.models import (
    log_champion,
    log_variant,
    redeploy,
    register,
    withdraw,
)
from evenfold.tracking.places import hidden, kept, opened, sqlite_file
from evenfold.tracking.rows import Rows, rows_of
from evenfold.tracking.store import (
    UPLOAD,
    connect,
    experiment_of,
    followed,
    locked,
    patient,
    removing,
    repeated,
    usable,
)

# isort: split
# After the store has set MLflow up.
import mlflow
from mlflow.entities import Experiment, LoggedModelOutput, Metric, Param, Run, RunTag
from mlflow.exceptions import MlflowException

_log = logging.getLogger("evenfold")


@dataclass(frozen=True)
class _Place:
    """Where runs go: a client, and the experiment there."""

    client: mlflow.MlflowClient
    experiment: Experiment
    #: Whose lock is held.
    uploader: str

    def search(self, **tags: str) -> list[Run]:
        """Runs of the experiment that have all of these tags."""
        wanted = " and ".join(
            f"tags.`{key}` = '{value}'" for key, value in tags.items()
        )
        return list(self.client.search_runs([self.experiment.experiment_id], wanted))

    def begin(self, name: str, tags: Mapping[str, str], start: int) -> str:
        """Begin a run, which began in truth at a training, and give its id.

        Whatever ends this process leaves no run that seems to go on.
        """
        run = self.client.create_run(
            self.experiment.experiment_id,
            start_time=start,
            run_name=name,
            tags=dict(tags),
        )
        self.client.set_terminated(run.info.run_id, status="KILLED")
        return run.info.run_id

    def parameters(self, run_id: str, values: Mapping[str, Any]) -> None:
        """Log parameters of a run."""
        self.client.log_batch(
            run_id, params=[Param(key, str(value)) for key, value in values.items()]
        )

    def scalars(
        self, run_id: str, found: Mapping[str, float], time: int, rows: Rows, model: str
    ) -> None:
        """Log single numbers of a run and of a model, of the data that they are of."""
        metrics = []
        for key, value in found.items():
            data = rows.test if of_the_test_set(key) else rows.train
            metrics.append(
                Metric(
                    key, value, time, 0,
                    model_id=model or None, dataset_name=data.name,
                    dataset_digest=data.digest, run_id=run_id,
                )
            )  # fmt: skip
        self.client.log_batch(run_id, metrics)


def track(dataset: str, paths: FinishedFiles) -> TrackedRun:
    """Record a selection and its evaluation in MLflow.

    Parameters
    ----------
    dataset : str
    paths : FinishedFiles

    Returns
    -------
    TrackedRun

    Raises
    ------
    EvenfoldError
        When the store cannot be used, or the experiment was deleted there.
    """
    store = opened(paths.tracking)
    finished = Finished.read(dataset, paths)
    mlflow.set_tracking_uri(store.uri)
    with patient(), usable(store.uri):
        # Before the lock, in which a server that hangs would have all others wait.
        if not sqlite_file(store.uri):
            connect(store.uri, UPLOAD)
        with locked(store.lock):
            client = followed(store)
            place = _Place(client, experiment_of(client, store), _uploader(store))
            if place.experiment.lifecycle_stage != "active":
                raise EvenfoldError(
                    f"the experiment {store.experiment} was deleted from "
                    f"{hidden(store.uri)}. Restore it (`mlflow experiments restore`), or "
                    "name another: `tracking: {experiment: ...}`."
                )
            known = _recorded(place, finished)
            if known is None:
                own = _upload(place, finished)
                # Another machine may have been faster.
                known = _recorded(place, finished) or own
            found = digests(paths, finished.evaluation)
            parent, children = known
            try:
                _keep(client, parent, found)
            except MlflowException:
                # Of two that ended at once it may have been the later one, and be gone.
                stays = _recorded(place, finished)
                if stays is None or stays[0] == parent:
                    raise
                parent, children = stays
                _keep(client, parent, found)
    return TrackedRun(
        # mlflow.json lies beside it.
        uri=kept(store, paths.tracking).uri,
        experiment_id=place.experiment.experiment_id,
        run_id=parent,
        children=children,
        digests=found,
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")


def _uploader(store: Store) -> str:
    """What identifies the holder of a store's lock, on whichever machine."""
    return sha256_json([platform.node(), store.lock])[:16]


def _keep(client: mlflow.MlflowClient, run_id: str, found: Mapping[str, str]) -> None:
    """Tag a run with the digests of its files; those of its look's records once."""
    known = client.get_run(run_id).data.tags
    for name, digest in found.items():
        tag = f"{DIGEST}{name}"
        # Files are made again, with the looks that followed; what a look saw is not.
        if name not in ("intent", "completion") or tag not in known:
            repeated(partial(client.set_tag, run_id, tag, digest))


def _identity(run: Finished) -> dict[str, str]:
    """Tags of the parent run of a selection and its look, or of its lack of one."""
    keys = ("selection", "dataset", "status", "models", "looked_at")
    tags = {f"evenfold.{key}": run.tags.get(f"evenfold.{key}") for key in keys}
    wanted = {key: value for key, value in tags.items() if value}
    return {**wanted, "evenfold.part": "selection"}


def _recorded(place: _Place, run: Finished) -> tuple[str, dict[str, str]] | None:
    """The runs of a selection that was uploaded before; cut off ones are removed.

    Of two that were uploaded at once from two machines that is kept which ended first.
    """
    found = sorted(
        place.search(**_identity(run)),
        key=lambda parent: (
            parent.data.tags.get("evenfold.complete") != "true",
            parent.data.tags.get("evenfold.completed", ""),
            parent.info.run_id,
        ),
    )
    first, undeployed = None, []
    for parent in found:
        run_id, tags = parent.info.run_id, parent.data.tags
        children = place.search(**{"mlflow.parentRunId": run_id})
        complete = tags.get("evenfold.complete") == "true"
        if complete and first is None:
            first = (
                run_id,
                {
                    child.data.tags["evenfold.variant"]: child.info.run_id
                    for child in children
                },
            )
        elif complete or _is_dead(tags, place.uploader):
            undeployed += withdraw(place.client, run_id)
            for part in (*children, parent):
                for output in part.outputs.model_outputs if part.outputs else []:
                    with removing():
                        place.client.delete_logged_model(output.model_id)
                with removing():
                    place.client.delete_run(part.info.run_id)
    if first is not None:
        redeploy(place.client, first[0], undeployed)
    return first


def _is_dead(tags: Mapping[str, str], uploader: str) -> bool:
    """Whether nobody goes on with an upload that did not end.

    One of the same place, whose lock is held here, was killed. One of another machine
    may go on, for a day by a clock that may be ahead.
    """
    if tags.get("evenfold.uploader", uploader) == uploader:
        return True
    begun = datetime.fromisoformat(tags["evenfold.recorded"])
    return abs(datetime.now(UTC) - begun) > timedelta(days=1)


def _upload(place: _Place, run: Finished) -> tuple[str, dict[str, str]]:
    selection, client = run.selection, place.client
    times = [variant.time for variant in run.variants.values()]
    end = max(stop for _, stop in times)
    start = end - sum(stop - begin for begin, stop in times)
    parent = place.begin(
        f"{run.dataset} {selection.selection[:8]}",
        {
            **run.tags,
            "evenfold.part": "selection",
            "evenfold.recorded": _now(),
            "evenfold.uploader": place.uploader,
            "mlflow.note.content": note(selection, run.evaluation, run.measured),
        },
        start,
    )
    place.parameters(
        parent, {"dataset": run.dataset, **run_parameters(selection, run.decides)}
    )
    client.log_artifact(parent, run.paths.report)
    client.log_artifact(parent, run.paths.selection)
    client.log_artifact(parent, run.paths.metrics, "test")
    rows = rows_of(run)
    repeated(lambda: client.log_inputs(parent, rows.inputs()))
    children = {
        name: _variant(place, run, parent, variant, rows)
        for name, variant in run.variants.items()
    }
    # At once: between the two another machine would think itself the first.
    ended = {"evenfold.completed": _now(), "evenfold.complete": "true"}
    client.log_batch(parent, tags=[RunTag(*tag) for tag in ended.items()])
    client.set_terminated(parent, end_time=end)
    return parent, children


def _variant(
    place: _Place, run: Finished, parent: str, variant: Trained, rows: Rows
) -> str:
    """Upload a variant as a child; the champion's numbers are the parent's too."""
    threshold_file, history_file, _ = variant.files
    start, end = variant.time
    child = place.begin(
        f"{run.dataset} {variant.name}",
        {
            **run.tags,
            "evenfold.part": "variant",
            "evenfold.variant": variant.name,
            "mlflow.parentRunId": parent,
        },
        start,
    )
    parameters = variant_parameters(run.decides.variants[variant.name])
    place.parameters(
        child, {"dataset": run.dataset, "variant": variant.name, **parameters}
    )
    repeated(lambda: place.client.log_inputs(child, rows.inputs()))
    champion = variant is run.champion
    experiment = place.experiment.experiment_id
    found = scalars(variant.tuned, variant.measured)
    if champion:
        model = log_champion(place.client, experiment, run, parent)
        place.client.log_outputs(parent, [LoggedModelOutput(model, 0)])
        # Without the model: a number is one of it once.
        place.scalars(parent, found, end, rows, "")
        if told := register(place.client, run, parent, model):
            _log.warning("%s", told)
    else:
        model = log_variant(place.client, experiment, run, variant, child)
    place.client.log_outputs(child, [LoggedModelOutput(model, 0)])
    # Before the epochs: the page that compares runs shows what was logged first.
    place.scalars(child, found, end, rows, model)
    points = list(epochs(HISTORY.frame(history_file), end))
    # MLflow accepts so many at once.
    for first in range(0, len(points), 1000):
        place.client.log_batch(child, points[first : first + 1000])
    place.client.log_artifact(child, threshold_file)
    place.client.set_terminated(child, end_time=end)
    return child


def epochs(history: pd.DataFrame, time: int = 0) -> Iterator[Metric]:
    """Means over the members, of each epoch and each column.

    Parameters
    ----------
    history : DataFrame
        A table `HISTORY`.
    time : int
        When the training ended, in milliseconds since 1970.

    Yields
    ------
    Metric
        Its step is the epoch.
    """
    by_epoch = history.drop(columns=["fold", "seed"]).groupby("epoch").mean()
    for epoch, row in by_epoch.iterrows():
        for key, value in row.items():
            yield Metric(key, float(value), time, int(epoch))
