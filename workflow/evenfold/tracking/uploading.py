"""The MLflow record of a run, uploaded from finished files by one job at a time.

One parent run per selection, one child per variant. A selection that is already
recorded is not logged again.
"""

import fcntl
import os
import warnings
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

# Before mlflow is imported: no telemetry, and no run of the user's shell to fall into.
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
for _name in ("MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME"):
    os.environ.pop(_name, None)

import mlflow
import pandas as pd
from mlflow.entities import Metric
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema

from evenfold.errors import EvenfoldError
from evenfold.evaluation.ledger import same_sketch
from evenfold.files import read_json

_MODEL = Path(__file__).parent.parent / "prediction" / "mlflow_model.py"
_REQUIREMENTS = (
    "torch", "numpy", "pandas", "pyarrow", "scipy", "biopython", "safetensors",
    "pydantic", "pyyaml", "tqdm", "scikit-learn",
)  # fmt: skip


def init_tracking(settings: dict, folder) -> dict:
    """Create the store and the experiment once.

    Parameters
    ----------
    settings : dict
        `uri` (None: SQLite in `folder`) and `experiment`.
    folder : path-like

    Returns
    -------
    dict
        `uri`, `experiment` and `lock`, a file that serialises uploads.
    """
    folder = Path(folder).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    uri = _uri(settings, folder)
    where = {
        "uri": uri,
        "experiment": settings["experiment"],
        "lock": str(folder / ".lock"),
    }
    with _locked(where["lock"]):
        client = _client(uri)
        if client.get_experiment_by_name(settings["experiment"]) is None:
            # A server keeps artifacts where it likes; the embedded store beside itself.
            place = None if settings["uri"] else (folder / "artifacts").as_uri()
            client.create_experiment(
                settings["experiment"],
                artifact_location=place,
                tags={
                    # Opens the UI in its model-training view, not the GenAI one.
                    "mlflow.experimentKind": "custom_model_development",
                    "mlflow.note.content": "Losses and thresholds compared by "
                    "cross-validation; one parent run per selection, one child per "
                    "variant.",
                },
            )
    return where


def _uri(settings, folder):
    return settings["uri"] or f"sqlite:///{folder / 'mlflow.db'}"


def _client(uri):
    try:
        client = mlflow.MlflowClient(uri)
        client.search_experiments(max_results=1)
    except MlflowException as error:
        raise EvenfoldError(
            f"the MLflow store {uri} cannot be used: {str(error).splitlines()[0][:300]} "
            "Check the setting `tracking: {uri: ...}`."
        ) from error
    return client


@contextmanager
def _locked(path):
    """Hold a lock that the system releases even after a kill."""
    with open(path, "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def recorded_looks(settings: dict, folder, test_set: list[str]) -> list[dict] | None:
    """Looks at a test set that the store knows of, whatever became of the ledger.

    Parameters
    ----------
    settings, folder
        As for `init_tracking`.
    test_set : list of str
        Sketch of the test set.

    Returns
    -------
    list of dict or None
        `selection`, `dataset` and `recorded` of each, the oldest first; None when the
        store does not answer.
    """
    folder = Path(folder).resolve()
    if not settings["uri"] and not (folder / "mlflow.db").is_file():
        return []
    try:
        with _locked(folder / ".lock") if not settings["uri"] else nullcontext():
            runs = _evaluated(_client(_uri(settings, folder)))
    except (EvenfoldError, MlflowException):
        return None
    found = {}
    for run in sorted(runs, key=lambda run: run.info.start_time):
        tags = run.data.tags
        if same_sketch(tags.get("evenfold.test_set", "").split(), test_set):
            when = datetime.fromtimestamp(run.info.start_time / 1000, UTC)
            found.setdefault(
                tags["evenfold.selection"],
                {
                    "selection": tags["evenfold.selection"],
                    "dataset": tags["evenfold.dataset"],
                    "recorded": when.isoformat(timespec="seconds"),
                },
            )
    return list(found.values())


def _evaluated(client):
    """The parent runs of all looks, of any experiment."""
    experiments = [e.experiment_id for e in client.search_experiments()]
    runs, token = [], None
    while True:
        page = client.search_runs(
            experiments,
            "tags.`evenfold.part` = 'selection' and "
            "tags.`evenfold.status` = 'evaluated'",
            page_token=token,
        )
        runs, token = runs + list(page), page.token
        if not token:
            return runs


def track_files(dataset: str, inputs: dict, variants: list[str], decides: dict) -> dict:
    """Record a selection and its evaluation in MLflow.

    Parameters
    ----------
    inputs : dict
        Paths tracking, sequences, selection, thresholds, history, weights, metrics,
        status, report.

    Returns
    -------
    dict
        `uri`, `experiment_id`, `run_id` of the parent and `children` by variant.
    """
    where = read_json(inputs["tracking"])
    selection, status = read_json(inputs["selection"]), read_json(inputs["status"])
    client = _client(where["uri"])
    mlflow.set_tracking_uri(where["uri"])
    experiment = client.get_experiment_by_name(where["experiment"])
    if experiment is None:
        raise EvenfoldError(
            f"the experiment {where['experiment']} is gone from {where['uri']}. Delete "
            f"{inputs['tracking']} and run again to make a new one."
        )
    with _locked(where["lock"]):
        known = client.search_runs(
            [experiment.experiment_id],
            f"tags.`evenfold.selection` = '{selection['selection']}' and "
            f"tags.`evenfold.dataset` = '{dataset}' and "
            f"tags.`evenfold.status` = '{status['status']}' and "
            "tags.`evenfold.part` = 'selection'",
        )
        for run in known:
            if run.data.tags.get("evenfold.complete") == "true":
                children = client.search_runs(
                    [experiment.experiment_id],
                    f"tags.`mlflow.parentRunId` = '{run.info.run_id}'",
                )
                return _record(
                    where,
                    experiment,
                    run.info.run_id,
                    {c.data.tags["evenfold.variant"]: c.info.run_id for c in children},
                )
            # An upload that was cut off: its parts are made anew.
            for child in client.search_runs(
                [experiment.experiment_id],
                f"tags.`mlflow.parentRunId` = '{run.info.run_id}'",
            ):
                client.delete_run(child.info.run_id)
            client.delete_run(run.info.run_id)
        # MLflow's hints at type hints, input examples and integer columns do not apply.
        warnings.filterwarnings("ignore", category=UserWarning, module="mlflow")
        return _upload(
            client, where, experiment, dataset, inputs, variants, decides,
            selection, status,
        )  # fmt: skip


def _record(where, experiment, run_id, children):
    return {
        "uri": where["uri"],
        "experiment_id": experiment.experiment_id,
        "run_id": run_id,
        "children": children,
    }


def _upload(
    client, where, experiment, dataset, inputs, variants, decides, selection, status
):
    tags = {
        "evenfold.selection": selection["selection"],
        "evenfold.dataset": dataset,
        "evenfold.status": status["status"],
        "evenfold.version": selection["records"]["evenfold"],
        "evenfold.champion": selection["champion"],
        "evenfold.test_set": " ".join(status["test_set"]),
        "mlflow.source.name": "evenfold",
    }
    metrics = pd.read_csv(inputs["metrics"], sep="\t", dtype={"operating_point": str})
    parent = client.create_run(
        experiment.experiment_id,
        run_name=f"{dataset} {selection['selection'][:8]}",
        tags={
            **tags,
            "evenfold.part": "selection",
            "mlflow.note.content": _note(selection, metrics, status),
        },
    ).info.run_id
    _params(
        client,
        parent,
        {
            "dataset": dataset,
            "champion": selection["champion"],
            "criterion": decides["selection"]["criterion"],
            "threshold": selection["threshold"],
            "folds": decides["split"]["folds"],
            "seed": decides["seed"],
            **{f"grouping.{k}": v for k, v in decides["grouping"].items()},
        },
    )
    client.log_artifact(parent, inputs["report"])
    client.log_artifact(parent, inputs["selection"])
    client.log_artifact(parent, inputs["metrics"], "test")
    _datasets(parent, dataset, inputs["sequences"], selection)
    children = {}
    for position, name in enumerate(variants):
        if name not in selection["variants"]:
            continue
        child = client.create_run(
            experiment.experiment_id,
            run_name=f"{dataset} {name}",
            tags={
                **tags,
                "evenfold.part": "variant",
                "evenfold.variant": name,
                "mlflow.parentRunId": parent,
            },
        ).info.run_id
        children[name] = child
        settings = decides["variants"][name]
        _params(
            client,
            child,
            {
                "dataset": dataset,
                "variant": name,
                **{f"loss.{k}": v for k, v in settings["loss"].items()},
                **settings["training"],
            },
        )
        _epochs(client, child, inputs["history"][position])
        tuned = read_json(inputs["thresholds"][position])
        scalars = _scalars(tuned, metrics[metrics["variant"] == name])
        client.log_batch(child, [Metric(k, v, 0, 0) for k, v in scalars.items()])
        if name == selection["champion"]:
            client.log_batch(parent, [Metric(k, v, 0, 0) for k, v in scalars.items()])
        client.log_artifact(child, inputs["thresholds"][position])
        client.set_terminated(child)
    champion = inputs["weights"][variants.index(selection["champion"])]
    _model(parent, inputs["selection"], champion)
    client.set_tag(parent, "evenfold.complete", "true")
    client.set_terminated(parent)
    return _record(where, experiment, parent, children)


def _note(selection, metrics, status):
    lines = [f"Champion **{selection['champion']}** by cross-validation.", ""]
    lines += ["| variant | threshold | SN | SP | MCC |", "|---|---|---|---|---|"]
    lines += [
        f"| {r.variant} | {r.threshold:.3f} ({r.operating_point}) | {r.sn:.3f} | "
        f"{r.sp:.3f} | {r.mcc:.3f} |"
        for r in metrics.itertuples()
    ]
    return "\n".join(lines) if len(metrics) else status["told"]


def _params(client, run_id, params):
    for key, value in params.items():
        client.log_param(run_id, key, value)


def _epochs(client, run_id, path):
    """Per-epoch means over the members, in batches MLflow accepts."""
    history = pd.read_parquet(path).drop(columns=["fold", "seed"])
    by_epoch = history.groupby("epoch").mean()
    points = [
        Metric(key, float(value), 0, int(epoch))
        for epoch, row in by_epoch.iterrows()
        for key, value in row.items()
    ]
    for start in range(0, len(points), 1000):
        client.log_batch(run_id, points[start : start + 1000])


def _scalars(tuned, tested):
    """The few numbers a reviewer sorts by."""
    point = tuned["points"][tuned["operating_point"]]
    found = {f"oof_{key}": point[key] for key in ("sn", "sp", "gap", "mcc")}
    found["oof_auroc"] = tuned["auroc"]
    found["threshold"] = tuned["threshold"]
    if tuned["stability"]:
        found["threshold_spread_ratio"] = tuned["stability"]["ratio"]
    for row in tested.to_dict("records"):
        name = "test_at_half" if row["operating_point"] == "0.5" else "test"
        found |= {f"{name}_{key}": row[key] for key in ("sn", "sp", "gap", "mcc")}
        found["test_auroc"] = row["auroc"]
    return {key: float(value) for key, value in found.items()}


def _datasets(run_id, dataset, sequences, selection):
    """Training and test sequences as MLflow inputs; test labels stay out."""
    frame = pd.read_parquet(sequences)
    with mlflow.start_run(run_id=run_id):
        for role, context in (("train", "training"), ("test", "testing")):
            own = frame[frame["role"] == role]
            columns = ["id", "sequence"] + (["label"] if role == "train" else [])
            own = own[columns].astype({"label": int} if role == "train" else {})
            logged = mlflow.data.from_pandas(
                own,
                source=str(Path(sequences).resolve()),
                name=f"{dataset} {role}",
                targets="label" if role == "train" else None,
                digest=selection["decides"]["data"][:16],
            )
            mlflow.log_input(logged, context=context)


def _model(run_id, selection, weights):
    """The champion as a models-from-code pyfunc that takes sequences."""
    from importlib.metadata import version

    signature = ModelSignature(
        Schema([ColSpec("string", "sequence")]),
        Schema(
            [
                ColSpec("double", "score"),
                ColSpec("long", "positive"),
                ColSpec("string", "rejected"),
            ]
        ),
    )
    with mlflow.start_run(run_id=run_id):
        mlflow.pyfunc.log_model(
            name="champion",
            python_model=str(_MODEL),
            artifacts={"selection": selection, "weights": weights},
            signature=signature,
            code_paths=[str(_MODEL.parent.parent)],
            pip_requirements=[f"{name}=={version(name)}" for name in _REQUIREMENTS],
        )
