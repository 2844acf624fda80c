"""Models of a run in MLflow: one a variant, the champion as one that takes sequences."""

import shutil
import tempfile
import warnings
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from evenfold.errors import EvenfoldError
from evenfold.evaluation.binding import not_looked_at
from evenfold.evaluation.notes import sealed_set
from evenfold.records.layout import Results
from evenfold.records.prediction import PACKAGES, REQUIREMENTS, NotLookedAt
from evenfold.records.tables import training_sequences
from evenfold.records.thresholds import told
from evenfold.records.tracking import TrackedRun
from evenfold.tracking.finished import Finished, Trained, note
from evenfold.tracking.places import address, hidden
from evenfold.tracking.store import connect, patient, removing, repeated, usable

# isort: split
# After the store has set MLflow up.
import mlflow
import pyarrow.parquet as pq
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema
from mlflow.types.schema import AnyType

#: Alias of the version that is deployed.
CHAMPION = "champion"
#: Letters that a version's description may have; what is longer lies with the model.
_LONGEST = 5000
_MODEL = Path(__file__).parent.parent / "prediction" / "mlflow_model.py"


def registered_name(dataset: str) -> str:
    """Name of a data set's models in the registry."""
    return f"evenfold-{dataset}"


def log_variant(
    client: mlflow.MlflowClient,
    experiment: str,
    run: Finished,
    variant: Trained,
    run_id: str,
) -> str:
    """Log the weights and thresholds of a variant as a model, and give its id."""
    threshold, _, weights = variant.files
    model = _begin(client, experiment, run, variant, (variant.name, run_id))
    with tempfile.TemporaryDirectory() as folder:
        for file in (threshold, weights):
            (Path(folder) / Path(file).name).symlink_to(Path(file).resolve())
        client.log_model_artifacts(model, folder)
    client.finalize_logged_model(model, "READY")
    return model


def model_signature() -> ModelSignature:
    """What the champion is asked as a model of MLflow, and what it answers."""
    # MLflow drops columns that are not named here, and makes a data frame of a bare list,
    # whose only column is the number 0. So that has to be named too, and none may be
    # required. Without any names a list would be taken as well, but of JSON MLflow would
    # then make arrays of one type, in which a NaN is the peptide "nan", and which refuse
    # a batch for a cell that is a list. First: MLflow numbers what has a false name.
    # Of any type: what is no text is answered row by row, and takes no other row with it.
    names: list[Any] = [0, "sequence", "id"]
    return ModelSignature(
        Schema([ColSpec(AnyType(), name, required=False) for name in names]),
        Schema(
            [
                ColSpec("string", "id"),
                ColSpec("double", "score", required=False),
                # A number where there is one.
                ColSpec(AnyType(), "positive", required=False),
                ColSpec("string", "class", required=False),
                ColSpec("double", "probability", required=False),
                ColSpec("double", "threshold"),
                ColSpec("double", "probability_low", required=False),
                ColSpec("double", "probability_high", required=False),
                ColSpec("string", "set", required=False),
                ColSpec("string", "nearest", required=False),
                ColSpec("double", "identity", required=False),
                ColSpec("string", "domain", required=False),
                ColSpec("string", "reason", required=False),
            ]
        ),
        ParamSchema(
            [
                # 0: as configured.
                ParamSpec("error", DataType.double, 0.0),
                ParamSpec("unsure", DataType.boolean, False),
                ParamSpec("nearest", DataType.boolean, True),
            ]
        ),
    )


def log_champion(
    client: mlflow.MlflowClient, experiment: str, run: Finished, run_id: str
) -> str:
    """Log the champion as a models-from-code pyfunc that takes sequences."""
    _, _, weights = run.champion.files
    artifacts = {"selection": run.paths.selection, "weights": weights}
    model = _begin(client, experiment, run, run.champion, (CHAMPION, run_id))
    with tempfile.TemporaryDirectory() as aside, warnings.catch_warnings():
        # Its hints at type hints, input examples and integer columns do not apply.
        warnings.simplefilter("ignore", UserWarning)
        results = Results.at(Path(run.paths.selection).parent)
        if other := not_looked_at(results):
            artifacts["not_looked_at"] = f"{aside}/not_looked_at.json"
            NotLookedAt(told=other).write(artifacts["not_looked_at"])
        if sealed := sealed_set(results):
            artifacts["sealed"] = f"{aside}/sealed.json"
            sealed.write(artifacts["sealed"])
        if Path(run.paths.sequences).is_file():
            artifacts["training"] = f"{aside}/training.parquet"
            pq.write_table(
                training_sequences(run.paths.sequences), artifacts["training"]
            )
        mlflow.pyfunc.save_model(
            f"{aside}/model",
            python_model=str(_MODEL),
            artifacts=artifacts,
            signature=model_signature(),
            code_paths=[str(_MODEL.parent.parent)],
            # Without the label of a build (+cpu), which no registry has.
            pip_requirements=[
                f"{name}=={version(name).partition('+')[0]}" for name in REQUIREMENTS
            ],
        )
        set_apart(Path(aside) / "model")
        shutil.copyfile(run.paths.card, f"{aside}/model/model_card.md")
        client.log_model_artifacts(model, f"{aside}/model")
    client.finalize_logged_model(model, "READY")
    return model


def set_apart(model: Path) -> None:
    """Keep the packages of a saved model where its own code compares them.

    Of a requirements.txt MLflow looks through every file of every installed package
    whenever the model is loaded, for longer than all else takes. Its environments
    (virtualenv, uv, conda, Docker) and `get_model_dependencies` need none.

    Parameters
    ----------
    model : Path
        Its folder, as MLflow has saved it.
    """
    environment = model / "python_env.yaml"
    text = environment.read_text(encoding="utf-8")
    environment.write_text(
        text.replace("-r requirements.txt", f"-r artifacts/{PACKAGES}"),
        encoding="utf-8",
    )
    (model / "requirements.txt").rename(model / "artifacts" / PACKAGES)


def _begin(
    client: mlflow.MlflowClient,
    experiment: str,
    run: Finished,
    variant: Trained,
    named: tuple[str, str],
) -> str:
    """Begin a model of a name and a run, and give its id."""
    name, run_id = named
    return client.create_logged_model(
        experiment,
        name=name,
        source_run_id=run_id,
        tags={
            "evenfold.selection": run.selection.selection,
            "evenfold.dataset": run.dataset,
            "evenfold.variant": variant.name,
        },
        params={"threshold": str(variant.tuned.threshold)},
        model_type="evenfold",
    ).model_id


def register(
    client: mlflow.MlflowClient, run: Finished, run_id: str, model: str
) -> str | None:
    """Register the champion, deployed if there was none; one that is keeps its alias.

    Parameters
    ----------
    client : MlflowClient
    run : Finished
    run_id : str
        Of the selection.
    model : str
        Id of the logged model.

    Returns
    -------
    str or None
        That another version stays deployed, and how to change it.
    """
    name = registered_name(run.dataset)
    try:
        client.create_registered_model(
            name, description=f"Champions of the data set {run.dataset}, by evenfold."
        )
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    look = run.evaluation.look
    tested = [row for row in run.champion.measured if row.deployed]
    tags = {
        "variant": run.champion.name,
        "threshold": told(run.selection.threshold),
        "selection": run.selection.selection,
        "look": str(look.look) if look else "none",
        **({"test_mcc": f"{tested[0].mcc:.3f}"} if tested else {}),
    }
    card = Path(run.paths.card).read_text(encoding="utf-8")
    told_by = (run.selection, run.evaluation, run.measured)
    made = repeated(
        lambda: client.create_model_version(
            name,
            source=f"models:/{model}",
            run_id=run_id,
            tags=tags,
            description=card if len(card) <= _LONGEST else note(*told_by),
            model_id=model,
        )
    )
    deployed = _deploy_first(client, name, made.version)
    if deployed is None:
        return None
    return (
        f"{name}@{CHAMPION} in MLflow stays at version {deployed}; this selection is "
        f"version {made.version}. To deploy it: evenfold track results/{run.dataset} "
        "--champion"
    )


def _deploy_first(client, name, version):
    """Deploy a version, or give the one that is deployed."""

    def deploy():
        deployed = client.get_registered_model(name).aliases.get(CHAMPION)
        if deployed is None:
            client.set_registered_model_alias(name, CHAMPION, version)
        return deployed

    # Of two that deploy at once one is refused, and finds the other when it asks again.
    return repeated(deploy)


def withdraw(client: mlflow.MlflowClient, run_id: str) -> list[str]:
    """Take the versions of a run that is removed out of the registry.

    Parameters
    ----------
    client : MlflowClient
    run_id : str

    Returns
    -------
    list of str
        Names of models that were deployed at such a version, and are at none now.
    """
    undeployed = []
    for found in client.search_model_versions(f"run_id = '{run_id}'"):
        aliases = client.get_registered_model(found.name).aliases
        if str(aliases.get(CHAMPION)) == str(found.version):
            undeployed.append(found.name)
        with removing():
            client.delete_model_version(found.name, found.version)
    return undeployed


def redeploy(client: mlflow.MlflowClient, run_id: str, names: Sequence[str]) -> None:
    """Deploy a run's version of models, where none is deployed.

    Parameters
    ----------
    client : MlflowClient
    run_id : str
    names : sequence of str
        Of models of the registry.
    """
    for found in client.search_model_versions(f"run_id = '{run_id}'"):
        if found.name in names:
            _deploy_first(client, found.name, found.version)


def deploy(results: Results) -> str:
    """Move the alias of a data set's champion to the version of the newest results.

    Parameters
    ----------
    results : Results

    Returns
    -------
    str
        The name and the version.

    Raises
    ------
    EvenfoldError
        When the store cannot be used, or has no such version.
    """
    record = results.path("tracked")
    tracked, name = TrackedRun.read(record), registered_name(results.dataset)
    uri = address(tracked.uri, record)
    with patient(), usable(uri):
        client = connect(uri)
        found = [
            version
            for version in client.search_model_versions(f"name = '{name}'")
            if version.run_id == tracked.run_id
        ]
        if not found:
            raise EvenfoldError(
                f"{hidden(uri)} has no version of {name} of the run {tracked.run_id}: it "
                "was deleted, or is of an earlier version of evenfold. Upload it again: "
                "snakemake --forcerun track"
            )
        version = found[0].version
        repeated(lambda: client.set_registered_model_alias(name, CHAMPION, version))
    return f"{name}@{CHAMPION} is version {version}"
