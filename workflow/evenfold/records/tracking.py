"""Records of the MLflow store and of what was uploaded to it."""

from evenfold.records.record import Record

#: Start of the tags of a run in MLflow that hold digests.
DIGEST = "evenfold.sha256."
#: The number that pages of MLflow begin with, of `oof_mcc`: capitals come first.
FIRST = "MCC oof"
#: Name of the view in which the runs table of an experiment opens.
VIEW = "evenfold"


def runs_page(server: str, experiment: str) -> str:
    """Address of the runs table of an experiment, with the columns of a reviewer.

    MLflow opens every experiment in its GenAI pages unless the address, or an earlier
    visit, says otherwise; the experiment's own tag of its kind decides nothing.

    Parameters
    ----------
    server : str
    experiment : str
        Its id.

    Returns
    -------
    str
    """
    return (
        f"{server.rstrip('/')}/#/experiments/{experiment}/runs"
        f"?workflowType=machine_learning&viewStateShareKey={VIEW}"
    )


class Store(Record):
    """tracking.json: where the MLflow store is."""

    uri: str
    """address of the MLflow store; a path in it is relative to this file's folder"""
    experiment: str
    """name of the experiment"""
    lock: str
    """file that is locked during uploads, relative to this file's folder"""


class TrackedRun(Record):
    """mlflow.json: the MLflow run of a selection, and of each variant."""

    uri: str
    """address of the MLflow store; a path in it is relative to this file's folder"""
    pending: str | None = None
    """why the run is not uploaded yet; null once it is"""
    experiment_id: str = ""
    """id of the experiment in the store; empty while pending, as the others"""
    run_id: str = ""
    """id of the selection's run"""
    children: dict[str, str] = {}
    """ids of the variants' runs, by variant"""
    digests: dict[str, str] = {}
    """SHA-256 of the look's records and of the files, by name, hexadecimal"""
