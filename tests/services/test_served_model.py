"""`mlflow models serve`: the champion asked over HTTP, whatever some rows are."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import mlflow
import pytest

from evenfold.prediction import Predictor
from evenfold.tracking.models import model_signature, set_apart
from tests.conftest import ROOT
from tests.unit.test_bundle import results  # noqa: F401
from tests.unit.test_domain import WINDOWS

pytestmark = [pytest.mark.services, pytest.mark.whole]

GOOD, LOWER = WINDOWS[0], WINDOWS[1].lower()
#: What is sent, and the reason of its rejection, or None.
MIXED = [
    (GOOD, None), (None, "its cell is empty"), ("", "its cell is empty"),
    (LOWER, None), ("NA", "2 letters, but"), ("MK#", "letter '#' at position 3"),
]  # fmt: skip


@pytest.fixture
def served(results, tmp_path):  # noqa: F811
    """Address of the served champion, and what it says without a server."""
    predictor = Predictor.load(results.folder)
    code = ROOT / "workflow/evenfold/prediction/mlflow_model.py"
    mlflow.pyfunc.save_model(
        tmp_path / "model",
        python_model=str(code),
        artifacts={
            "selection": str(results.path("selection")),
            "weights": str(results.path("weights", variant="focal")),
        },
        signature=model_signature(),
        code_paths=[str(code.parent.parent)],
        pip_requirements=[],
    )
    set_apart(tmp_path / "model")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with open(tmp_path / "log", "w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "mlflow", "models", "serve", "-m", "model",
             "--env-manager", "local", "--port", str(port)],
            cwd=tmp_path, stdout=log, stderr=log, start_new_session=True,
            # With the code of the model itself, not of the checkout; uvicorn lies beside
            # Python, also where its folder is not in the path.
            env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
            | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{address}/ping", timeout=2)
                break
            except OSError:
                time.sleep(0.3)
        else:
            pytest.fail((tmp_path / "log").read_text()[-3000:])
        yield address, predictor
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=30)


def posted(address, body):
    """The rows that are answered."""
    request = urllib.request.Request(
        f"{address}/invocations",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )

    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read(), parse_constant=refuse)["predictions"]


@pytest.mark.parametrize("results", ["tokens"], indirect=True)
def test_a_mixed_batch_is_answered_row_by_row_in_every_form(served):
    address, predictor = served
    sequences = [row for row, _ in MIXED]
    ids = [f"row {n}" for n in range(len(MIXED))]
    rows = [{"id": i, "sequence": s} for i, s in zip(ids, sequences)]
    cells = [[row["id"], row["sequence"]] for row in rows]
    bodies = [
        {"dataframe_records": rows},
        {"dataframe_split": {"columns": ["id", "sequence"], "data": cells}},
        {"instances": rows},
        {"inputs": rows},
        {"inputs": {"id": ids, "sequence": sequences}},
    ]
    # Bare lists of sequences, whose rows are named by their content.
    lists = [{"inputs": sequences}, {"instances": sequences}]
    wanted = predictor.predict([GOOD, LOWER])
    for body in [*bodies, *lists]:
        found = posted(address, body)
        named = [row["id"] for row in found]
        if body in lists:
            assert all(name.startswith("seq-") for name in named), body
        else:
            assert named == ids, body
        for row, (sequence, why) in zip(found, MIXED, strict=True):
            assert set(row) == set(wanted.columns)
            if why:
                assert why in row["reason"] and row["score"] is row["class"] is None
            else:
                here = wanted.iloc[[GOOD, LOWER].index(sequence)]
                assert row["score"] == pytest.approx(here["score"], abs=1e-9)
                for name in (
                    "positive",
                    "class",
                    "set",
                    "domain",
                    "threshold",
                    "reason",
                ):
                    assert row[name] == here[name], name
                for name in ("probability", "probability_low", "probability_high"):
                    assert row[name] == pytest.approx(here[name], abs=1e-9), name


@pytest.mark.parametrize("results", ["aac"], indirect=True)
def test_what_holds_no_sequences_is_told(served):
    address, _ = served
    (row,) = posted(address, {"inputs": [GOOD]})
    assert row["id"].startswith("seq-") and 0 <= row["score"] <= 1
    with pytest.raises(urllib.error.HTTPError) as told:
        posted(address, {"inputs": {"seq": [GOOD]}})
    said = json.loads(told.value.read())
    assert told.value.code == 400 and "neither a list of them" in said["message"]
