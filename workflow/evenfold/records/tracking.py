"""Records of the MLflow store and of what was uploaded to it."""

from evenfold.records.record import Record


class Store(Record):
    """mlflow/tracking.json: where the MLflow store is; `lock` serialises uploads."""

    uri: str
    experiment: str
    lock: str


class TrackedRun(Record):
    """mlflow.json: the MLflow run of a selection, and of each variant."""

    uri: str
    experiment_id: str
    run_id: str
    children: dict[str, str]
