"""A finished run whose folder was moved: everything in it is found again."""

import json
import shutil

import pandas as pd
import pytest

from evenfold import cli
from evenfold.prediction import Predictor
from tests.conftest import Project


@pytest.fixture(scope="module")
def gone_and_moved(explored_once, tmp_path_factory):
    """Where a run was finished, and where its folder was moved to afterwards."""
    base = tmp_path_factory.mktemp("moving")
    project = explored_once.copy(base / "first")
    project.snakemake()
    shutil.move(base / "first", base / "elsewhere")
    return base / "first", base / "elsewhere"


@pytest.fixture
def moved(gone_and_moved, tmp_path):
    """A copy of the moved run; nothing may appear again where it was before."""
    before, after = gone_and_moved
    shutil.copytree(after, tmp_path / "here", symlinks=True)
    yield Project.at(tmp_path / "here")
    assert not before.exists()


def verified(project, capsys) -> list[str]:
    """What `evenfold verify` says, all of it right."""
    results = project.folder / "results" / "demo"
    status = cli.main(["verify", str(results)])
    told = capsys.readouterr().out
    assert status == 0 and " 0 faults" in told, told
    return told.splitlines()


def test_a_moved_run_verifies_with_the_looks_of_its_own_store(moved, capsys):
    before = (moved.folder / "results/mlflow/mlflow.db").read_bytes()
    told = verified(moved, capsys)
    assert any(line.startswith("ok") and "MLflow recorded" in line for line in told)
    assert not any("MLflow keeps no record" in line for line in told)
    assert (moved.folder / "results/mlflow/mlflow.db").read_bytes() == before


def test_a_moved_run_without_its_store_verifies_and_gets_no_other(moved, capsys):
    shutil.rmtree(moved.folder / "results" / "mlflow")
    told = verified(moved, capsys)
    assert any("MLflow keeps no record" in line for line in told)
    assert not (moved.folder / "results" / "mlflow").exists()


@pytest.mark.whole
def test_a_moved_run_is_finished_and_is_recorded_on_in_its_own_store(moved):
    assert "Nothing to be done" in moved.snakemake("-n").text
    path = "results/demo/mlflow.json"
    record = json.loads(moved.read(path))
    # Another report is uploaded; the same selection is found again.
    moved.snakemake("--forcerun", "track", "--", path)
    assert json.loads(moved.read(path)) == record
    moved.snakemake("--config", "tracking={experiment: another}", "--", path)
    again = json.loads(moved.read(path))
    assert again["uri"] == record["uri"] and again["run_id"] != record["run_id"]
    artifacts = moved.folder / "results/mlflow/artifacts"
    assert (artifacts / record["run_id"] / "artifacts/report.html").is_file()
    assert (artifacts / again["run_id"] / "artifacts/report.html").is_file()


def test_an_earlier_version_kept_absolute_paths_which_are_found_too(
    moved, gone_and_moved, capsys
):
    before, _ = gone_and_moved
    for name, key in (("tracking", "lock"), ("mlflow", None)):
        path = f"results/demo/{name}.json"
        record = json.loads(moved.read(path))
        record["uri"] = f"sqlite:///{before / 'results/mlflow/mlflow.db'}"
        if key:
            record[key] = str(before / "results/mlflow/.lock")
        moved.write(path, json.dumps(record))
    verified(moved, capsys)
    known = json.loads(moved.read("results/demo/mlflow.json"))["run_id"]
    moved.snakemake("--forcerun", "track", "--", "results/demo/mlflow.json")
    again = json.loads(moved.read("results/demo/mlflow.json"))
    assert again["run_id"] == known
    assert again["uri"] == "sqlite:///../mlflow/mlflow.db"


def test_the_champion_of_a_moved_run_is_loaded_from_its_store(moved, capsys):
    import mlflow

    results = moved.folder / "results"
    assert cli.main(["mlflow", str(results), "--no-ui"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("This store was in ") and told[1].startswith("sqlite:///")
    assert cli.main(["mlflow", str(results), "--no-ui"]) == 0
    assert capsys.readouterr().out.splitlines() == told[1:]
    mlflow.set_tracking_uri(told[1])
    run = json.loads(moved.read("results/demo/mlflow.json"))["run_id"]
    (logged,) = mlflow.MlflowClient().get_run(run).outputs.model_outputs
    model = mlflow.pyfunc.load_model(f"models:/{logged.model_id}")
    sequences = ["ACDEFGHIKLMNPQRSTVWYACDEFGHIKLMNP", "AAAA"]
    scored = model.predict(pd.DataFrame({"sequence": sequences}))
    scores, _ = Predictor.load(results / "demo").score(sequences)
    given = scored["score"].astype(float).tolist()
    assert given == pytest.approx(list(scores), nan_ok=True)
    page = mlflow.artifacts.load_text(f"runs:/{run}/report.html")
    assert page == moved.read("results/demo/report.html")
