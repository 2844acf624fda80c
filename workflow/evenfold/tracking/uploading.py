"""The MLflow record of a run, uploaded from finished files by one job at a time.

One parent run per selection, one child per variant. A selection that is already
recorded is not logged again.
"""

import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from evenfold.config.decides import DecidedVariant, Decides
from evenfold.errors import EvenfoldError
from evenfold.evaluation.notes import sealed_set
from evenfold.files import sha256_file
from evenfold.records.evaluation import Evaluation, Measured, read_measured
from evenfold.records.layout import Results
from evenfold.records.selection import Selection
from evenfold.records.sequences import AuditFacts
from evenfold.records.tables import HISTORY, SEQUENCES, check_ended, undamaged
from evenfold.records.thresholds import HALF, Tuned, told
from evenfold.records.tracking import DIGEST, TrackedRun
from evenfold.tracking.places import hidden, kept, opened, sqlite_file
from evenfold.tracking.store import (
    connect,
    experiment_of,
    followed,
    locked,
    patient,
    usable,
)

# isort: split
# After the store has set MLflow up.
import mlflow
from mlflow.data.pandas_dataset import from_pandas
from mlflow.entities import Experiment, Metric, Run
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema
from mlflow.types.schema import AnyType

_MODEL = Path(__file__).parent.parent / "prediction" / "mlflow_model.py"
_REQUIREMENTS = (
    "torch", "numpy", "pandas", "pyarrow", "scipy", "biopython", "safetensors",
    "pydantic", "pyyaml", "tqdm", "scikit-learn",
)  # fmt: skip


@dataclass(frozen=True)
class FinishedFiles:
    """Paths of a finished run; of variants in the order of the configuration."""

    tracking: str
    sequences: str
    selection: str
    thresholds: Sequence[str]
    history: Sequence[str]
    weights: Sequence[str]
    metrics: str
    status: str
    report: str
    audit: str
    predictions: str

    @classmethod
    def of(cls, results: Results) -> "FinishedFiles":
        """Of a finished run, where the layout has them."""

        def each(name: str) -> list[str]:
            return [str(results.path(name, variant=variant)) for variant in order]

        order = Selection.read(results.path("selection")).order
        return cls(
            tracking=str(results.path("store")),
            sequences=str(results.path("sequences")),
            selection=str(results.path("selection")),
            thresholds=each("threshold"),
            history=each("history"),
            weights=each("weights"),
            metrics=str(results.path("metrics")),
            status=str(results.path("evaluation")),
            report=str(results.path("report")),
            audit=str(results.path("audit")),
            predictions=str(results.path("predictions")),
        )

    def all(self) -> Iterator[str]:
        """Every path."""
        for value in vars(self).values():
            yield from [value] if isinstance(value, str) else value


def digests(files: FinishedFiles, evaluation: Evaluation) -> dict[str, str]:
    """SHA-256 of what a run publishes, and of its look's records, by name.

    Parameters
    ----------
    files : FinishedFiles
    evaluation : Evaluation

    Returns
    -------
    dict of str to str
        The files by their names in `records.layout`; `intent` and `completion` of the
        look, if it was taken.

    Raises
    ------
    EvenfoldError
        For a file that is cut off, with what makes it again.
    """
    _check_whole(files)
    found = {
        "report": sha256_file(files.report),
        "audit": sha256_file(files.audit),
        "evaluation": sha256_file(files.status),
        "metrics": sha256_file(files.metrics),
        "predictions": sha256_file(files.predictions),
    }
    look = evaluation.look
    records = {
        "intent": look.intent_sha256 if look else None,
        "completion": look.completion_sha256 if look else None,
    }
    return found | {name: digest for name, digest in records.items() if digest}


def _check_whole(files: FinishedFiles) -> None:
    """Check that what is published as it lies there, unread, is whole."""
    AuditFacts.raw(files.audit)
    with undamaged(files.predictions, "Parquet"):
        pq.read_schema(files.predictions)
    with undamaged(files.metrics, "TSV"):
        check_ended(files.metrics)
    with undamaged(files.report, "HTML"):
        if not Path(files.report).read_bytes().rstrip().endswith(b"</html>"):
            raise ValueError("the end is missing")


def run_parameters(selection: Selection, decides: Decides) -> dict[str, Any]:
    """What MLflow shows of a selection."""
    return {
        "champion": selection.champion,
        "criterion": decides.selection.criterion,
        "threshold": selection.threshold,
        "folds": decides.split.folds,
        "seed": decides.seed,
        **{f"grouping.{key}": v for key, v in decides.grouping.model_dump().items()},
    }


def variant_parameters(variant: DecidedVariant) -> dict[str, Any]:
    """What MLflow shows of a variant."""
    return {
        **{f"loss.{key}": v for key, v in variant.loss.model_dump().items()},
        **variant.training.model_dump(),
    }


@dataclass(frozen=True)
class _Finished:
    """A finished run, read; `files` are those of variants that were trained."""

    dataset: str
    paths: FinishedFiles
    decides: Decides
    selection: Selection
    evaluation: Evaluation
    measured: list[Measured]
    #: By variant: threshold.json, history.parquet and weights.
    files: dict[str, tuple[str, str, str]]

    @property
    def tags(self) -> dict[str, str]:
        """What the parent and its children are found by."""
        look = self.evaluation.look
        return {
            "evenfold.selection": self.selection.selection,
            "evenfold.dataset": self.dataset,
            "evenfold.status": self.evaluation.status,
            "evenfold.version": self.selection.records.evenfold,
            "evenfold.champion": self.selection.champion,
            "evenfold.test_set": " ".join(self.evaluation.test_set),
            "evenfold.models": self.selection.models,
            **({"evenfold.looked_at": look.looked_at} if look else {}),
            "mlflow.source.name": "evenfold",
        }


@dataclass(frozen=True)
class _Place:
    """Where runs go: a client, and the experiment there."""

    client: mlflow.MlflowClient
    experiment: Experiment

    def search(self, **tags: str) -> list[Run]:
        """Runs of the experiment that have all of these tags."""
        wanted = " and ".join(
            f"tags.`{key}` = '{value}'" for key, value in tags.items()
        )
        return list(self.client.search_runs([self.experiment.experiment_id], wanted))

    def begin(self, name: str, tags: Mapping[str, str]) -> str:
        """Begin a run and give its id."""
        run = self.client.create_run(
            self.experiment.experiment_id, run_name=name, tags=dict(tags)
        )
        return run.info.run_id

    def parameters(self, run_id: str, values: Mapping[str, Any]) -> None:
        """Log parameters of a run."""
        for key, value in values.items():
            self.client.log_param(run_id, key, value)

    def scalars(self, run_id: str, values: Mapping[str, float]) -> None:
        """Log single numbers of a run."""
        metrics = [Metric(key, value, 0, 0) for key, value in values.items()]
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
    selection = Selection.read(paths.selection)
    evaluation = Evaluation.read(paths.status)
    since = evaluation.since_look
    files = zip(paths.thresholds, paths.history, paths.weights, strict=True)
    named = dict(zip(selection.order, files, strict=True))
    finished = _Finished(
        dataset=dataset,
        paths=paths,
        decides=Decides.of(selection.config),
        selection=selection,
        evaluation=evaluation,
        # Of models that were not looked at there is no test result.
        measured=[] if since and since.changed else read_measured(paths.metrics),
        files={n: own for n, own in named.items() if n in selection.variants},
    )
    mlflow.set_tracking_uri(store.uri)
    with patient(), usable(store.uri):
        # Before the lock, in which a server that hangs would have all others wait.
        if not sqlite_file(store.uri):
            connect(store.uri)
        with locked(store.lock):
            client = followed(store)
            place = _Place(client, experiment_of(client, store))
            if place.experiment.lifecycle_stage != "active":
                raise EvenfoldError(
                    f"the experiment {store.experiment} was deleted from "
                    f"{hidden(store.uri)}. Restore it (`mlflow experiments restore`), or "
                    "name another: `tracking: {experiment: ...}`."
                )
            parent, children = _recorded(place, finished) or _upload(place, finished)
            found = digests(paths, finished.evaluation)
            _keep(client, parent, found)
    return TrackedRun(
        # mlflow.json lies beside it.
        uri=kept(store, paths.tracking).uri,
        experiment_id=place.experiment.experiment_id,
        run_id=parent,
        children=children,
        digests=found,
    )


def _keep(client: mlflow.MlflowClient, run_id: str, found: Mapping[str, str]) -> None:
    """Tag a run with the digests of its files; those of its look's records once."""
    known = client.get_run(run_id).data.tags
    for name, digest in found.items():
        tag = f"{DIGEST}{name}"
        # Files are made again, with the looks that followed; what a look saw is not.
        if name not in ("intent", "completion") or tag not in known:
            client.set_tag(run_id, tag, digest)


def _recorded(place: _Place, run: _Finished) -> tuple[str, dict[str, str]] | None:
    """The runs of a selection that was uploaded before; cut off ones are removed."""
    keys = ("selection", "dataset", "status", "models", "looked_at")
    tags = {f"evenfold.{key}": run.tags.get(f"evenfold.{key}") for key in keys}
    wanted = {key: value for key, value in tags.items() if value}
    for parent in place.search(**wanted, **{"evenfold.part": "selection"}):
        run_id = parent.info.run_id
        children = place.search(**{"mlflow.parentRunId": run_id})
        if parent.data.tags.get("evenfold.complete") == "true":
            return run_id, {
                child.data.tags["evenfold.variant"]: child.info.run_id
                for child in children
            }
        for part in (*children, parent):
            place.client.delete_run(part.info.run_id)
    return None


def _upload(place: _Place, run: _Finished) -> tuple[str, dict[str, str]]:
    # MLflow's hints at type hints, input examples and integer columns do not apply.
    warnings.filterwarnings("ignore", category=UserWarning, module="mlflow")
    selection, client = run.selection, place.client
    parent = place.begin(
        f"{run.dataset} {selection.selection[:8]}",
        {
            **run.tags,
            "evenfold.part": "selection",
            "mlflow.note.content": note(selection, run.evaluation, run.measured),
        },
    )
    place.parameters(
        parent,
        {"dataset": run.dataset, **run_parameters(selection, run.decides)},
    )
    client.log_artifact(parent, run.paths.report)
    client.log_artifact(parent, run.paths.selection)
    client.log_artifact(parent, run.paths.metrics, "test")
    _datasets(parent, run)
    children = {name: _variant(place, run, parent, name) for name in run.files}
    _model(parent, run)
    client.set_tag(parent, "evenfold.complete", "true")
    client.set_terminated(parent)
    return parent, children


def _variant(place: _Place, run: _Finished, parent: str, name: str) -> str:
    """Upload a variant as a child; the champion's numbers are the parent's too."""
    threshold_file, history_file, _ = run.files[name]
    tuned = Tuned.read(threshold_file)
    child = place.begin(
        f"{run.dataset} {name}",
        {
            **run.tags,
            "evenfold.part": "variant",
            "evenfold.variant": name,
            "mlflow.parentRunId": parent,
        },
    )
    parameters = variant_parameters(run.decides.variants[name])
    place.parameters(
        child,
        {"dataset": run.dataset, "variant": name, **parameters},
    )
    points = list(epochs(HISTORY.frame(history_file)))
    # MLflow accepts so many at once.
    for start in range(0, len(points), 1000):
        place.client.log_batch(child, points[start : start + 1000])
    found = scalars(tuned, [row for row in run.measured if row.variant == name])
    place.scalars(child, found)
    if name == run.selection.champion:
        place.scalars(parent, found)
    place.client.log_artifact(child, threshold_file)
    place.client.set_terminated(child)
    return child


def note(
    selection: Selection, evaluation: Evaluation, measured: Sequence[Measured]
) -> str:
    """What the parent's page says, in Markdown: the results, or why there are none."""
    if not measured:
        since = evaluation.since_look
        return evaluation.told or (since.told if since else "")
    lines = [f"Champion **{selection.champion}** by cross-validation.", ""]
    lines += ["| variant | threshold | SN | SP | MCC |", "|---|---|---|---|---|"]
    lines += [
        f"| {row.variant} | {told(row.threshold)} ({row.operating_point}) | {row.sn:.3f} | "
        f"{row.sp:.3f} | {row.mcc:.3f} |"
        for row in measured
    ]
    return "\n".join(lines)


def epochs(history: pd.DataFrame) -> Iterator[Metric]:
    """Means over the members, of each epoch and each column.

    Parameters
    ----------
    history : DataFrame
        A table `HISTORY`.

    Yields
    ------
    Metric
        Its step is the epoch.
    """
    by_epoch = history.drop(columns=["fold", "seed"]).groupby("epoch").mean()
    for epoch, row in by_epoch.iterrows():
        for key, value in row.items():
            yield Metric(key, float(value), 0, int(epoch))


def scalars(tuned: Tuned, tested: Sequence[Measured]) -> dict[str, float]:
    """The few numbers of a variant that a reviewer sorts by.

    Parameters
    ----------
    tuned : Tuned
    tested : sequence of Measured
        The variant's rows; empty without a look.

    Returns
    -------
    dict of str to float
        `oof_*`, and `test_*` at the deployed operating point, `test_at_half_*` at 0.5.
    """
    point = tuned.deployed
    found = {
        "oof_sn": point.sn,
        "oof_sp": point.sp,
        "oof_gap": point.gap,
        "oof_mcc": point.mcc,
        "oof_auroc": tuned.auroc,
        "threshold": tuned.threshold,
    }
    if tuned.stability:
        found["threshold_spread_ratio"] = tuned.stability.ratio
    for row in tested:
        name = "test_at_half" if row.operating_point == HALF else "test"
        found |= {
            f"{name}_sn": row.sn,
            f"{name}_sp": row.sp,
            f"{name}_gap": row.gap,
            f"{name}_mcc": row.mcc,
            "test_auroc": row.auroc,
        }
    return found


def _datasets(run_id: str, run: _Finished) -> None:
    """Training and test sequences as MLflow inputs; test labels stay out."""
    sequences = SEQUENCES.frame(run.paths.sequences)
    with mlflow.start_run(run_id=run_id):
        for role, context in (("train", "training"), ("test", "testing")):
            own = sequences[sequences["role"] == role]
            columns = ["id", "sequence"] + (["label"] if role == "train" else [])
            own = own[columns].astype({"label": int} if role == "train" else {})
            logged = from_pandas(
                own,
                source=str(Path(run.paths.sequences).resolve()),
                name=f"{run.dataset} {role}",
                targets="label" if role == "train" else None,
                digest=run.selection.decides.data[:16],
            )
            mlflow.log_input(logged, context=context)


def model_signature() -> ModelSignature:
    """What the champion is asked as a model of MLflow, and what it answers."""
    # Of any type: what is no text is answered row by row, and takes no other row with it.
    return ModelSignature(
        Schema([ColSpec(AnyType(), "sequence")]),
        Schema(
            [
                ColSpec("string", "id"),
                ColSpec("double", "score", required=False),
                ColSpec("double", "probability", required=False),
                ColSpec("long", "class", required=False),
                ColSpec("double", "threshold"),
                ColSpec("double", "probability_low", required=False),
                ColSpec("double", "probability_high", required=False),
                ColSpec("string", "set", required=False),
                ColSpec("string", "domain", required=False),
                ColSpec("string", "reason", required=False),
            ]
        ),
    )


def _model(run_id: str, run: _Finished) -> None:
    """The champion as a models-from-code pyfunc that takes sequences."""
    _, _, weights = run.files[run.selection.champion]
    artifacts = {"selection": run.paths.selection, "weights": weights}
    with mlflow.start_run(run_id=run_id), tempfile.TemporaryDirectory() as aside:
        if sealed := sealed_set(Results.at(Path(run.paths.selection).parent)):
            artifacts["sealed"] = f"{aside}/sealed.json"
            sealed.write(artifacts["sealed"])
        mlflow.pyfunc.log_model(
            name="champion",
            python_model=str(_MODEL),
            artifacts=artifacts,
            signature=model_signature(),
            code_paths=[str(_MODEL.parent.parent)],
            pip_requirements=[f"{name}=={version(name)}" for name in _REQUIREMENTS],
        )
