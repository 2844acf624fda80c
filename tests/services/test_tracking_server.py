"""An MLflow server on PostgreSQL that serves artifacts, and uploads side by side."""

import multiprocessing
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import pytest

from evenfold.tracking.finished import FinishedFiles
from evenfold.tracking.looks import init_tracking, remembered_looks
from evenfold.tracking.places import store_at
from evenfold.tracking.store import connect
from evenfold.tracking.uploading import track
from tests.conftest import unavailable
from tests.unit import reporting_states as states
from tests.unit.test_tracking import finished

pytestmark = [pytest.mark.services, pytest.mark.whole]


@pytest.fixture(autouse=True)
def time_for_all(monkeypatch):
    """Nine at once on the cores of a laptop: what is asked here is not how fast."""
    for name in ("store.PROBE", "store.UPLOAD", "uploading.UPLOAD"):
        monkeypatch.setattr(f"evenfold.tracking.{name}", 200.0)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "200")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def postgres():
    """Address of an empty database of Debian's PostgreSQL."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        unavailable("PostgreSQL (Debian: postgresql)")
    try:
        import psycopg2  # noqa: F401
    except ImportError:
        unavailable("psycopg2")
    programs = found[-1].parent
    # Folders of pytest are its user's alone, also those that it makes meanwhile.
    folder = Path(tempfile.mkdtemp(prefix="evenfold-postgres-"))
    as_user = {}
    if os.geteuid() == 0:
        # It refuses to run as root.
        user = pwd.getpwnam("postgres")
        as_user = {"user": user.pw_uid, "group": user.pw_gid, "cwd": "/"}
        os.chown(folder, user.pw_uid, user.pw_gid)
    data, port = folder / "data", free_port()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(
        [programs / "initdb", "-D", data, "-U", "evenfold", "--auth", "trust"],
        check=True, **quiet, **as_user,
    )  # fmt: skip
    server = subprocess.Popen(
        [programs / "postgres", "-D", data, "-p", str(port), "-k", folder,
         "-h", "127.0.0.1"],
        **quiet, **as_user,
    )  # fmt: skip
    ready = [programs / "pg_isready", "-h", "127.0.0.1", "-p", str(port), "-q"]
    for _ in range(100):
        if subprocess.run(ready).returncode == 0:
            break
        time.sleep(0.3)
    else:
        pytest.fail("PostgreSQL did not come up")
    yield f"postgresql://evenfold@127.0.0.1:{port}/postgres"
    server.send_signal(signal.SIGINT)
    server.wait(timeout=30)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def server(postgres, tmp_path_factory):
    """Address of a tracking server that keeps its records there and serves artifacts."""
    folder, port = tmp_path_factory.mktemp("server"), free_port()
    with open(folder / "log", "w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", postgres,
             "--artifacts-destination", str(folder / "artifacts"), "--workers", "1",
             "--port", str(port)],
            cwd=folder, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    for _ in range(600):
        try:
            if urllib.request.urlopen(f"{address}/health", timeout=2).status == 200:
                break
        except OSError:
            time.sleep(0.3)
    else:
        pytest.fail((folder / "log").read_text()[-3000:])
    yield address
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=30)


def a_run(folder, uri, number):
    """A finished run in a folder of its own, as on a machine of its own."""
    store = store_at(uri, "evenfold", folder / "results/mlflow")
    results = finished(folder, store)
    states.selection(
        selection=f"{number:016x}", config=states.decides().dump()
    ).write(results.path("selection"))  # fmt: skip
    return FinishedFiles.of(results)


def test_eight_upload_side_by_side_and_nothing_twice(server, tmp_path):
    # Two machines have the same run, the last.
    runs = [a_run(tmp_path / str(n), server, min(n, 7)) for n in range(9)]
    fork = multiprocessing.get_context("fork")
    started = [fork.Process(target=track, args=("demo", files)) for files in runs]
    for process in started:
        process.start()
    for process in started:
        process.join(timeout=300)
    assert [process.exitcode for process in started] == [0] * 9
    # Of the last two, whoever ended later found the other and left it.
    client = connect(server)
    experiment = client.get_experiment_by_name("evenfold").experiment_id
    found = client.search_runs([experiment])
    assert {run.info.status for run in found} == {"FINISHED"}
    parents = [
        run for run in found if run.data.tags["evenfold.part"] == "selection"
    ]  # fmt: skip
    assert sorted(run.data.tags["evenfold.selection"] for run in parents) == [
        f"{n:016x}" for n in range(8)
    ]
    assert len(found) == 8 * 3
    assert len(client.search_logged_models([experiment], max_results=100)) == 8 * 2
    # Artifacts went through the server.
    assert parents[0].info.artifact_uri.startswith("mlflow-artifacts:/")
    names = {file.path for file in client.list_artifacts(parents[0].info.run_id)}
    assert {"report.html", "selection.json", "test"} <= names
    deployed = client.get_model_version_by_alias("evenfold-demo", "champion")
    assert deployed.run_id in {run.info.run_id for run in parents}
    assert len(remembered_looks(server).looks) == 8


def test_a_killed_upload_leaves_nothing_running_and_is_made_good(server, tmp_path):
    files = a_run(tmp_path, server, 99)
    fork = multiprocessing.get_context("fork")
    client = connect(server)
    assert init_tracking(
        store_at(server, "evenfold", tmp_path / "results/mlflow"), pytest.fail
    ).answered
    experiment = client.get_experiment_by_name("evenfold").experiment_id
    wanted = f"tags.`evenfold.selection` = '{99:016x}'"
    process = fork.Process(target=track, args=("demo", files))
    process.start()
    # Its first run is there, and says at once that it does not go on.
    while not any(
        run.info.status == "KILLED" for run in client.search_runs([experiment], wanted)
    ):
        time.sleep(0.05)
    process.kill()
    process.join()
    cut = client.search_runs([experiment], wanted)
    assert cut and "RUNNING" not in {run.info.status for run in cut}
    record = track("demo", files)
    assert {run.info.run_id for run in client.search_runs([experiment], wanted)} == {
        record.run_id, *record.children.values(),
    }  # fmt: skip
