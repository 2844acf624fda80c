"""The MLflow record: a real store in a file, asked and filled as the rules do."""

import errno
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import mlflow
import pytest
from mlflow.exceptions import MlflowException, RestException
from mlflow.pyfunc import get_model_dependencies
from mlflow.utils.virtualenv import _get_python_env
from sqlalchemy.exc import OperationalError

from evenfold.errors import EvenfoldError
from evenfold.faults import listening
from evenfold.files import sha256_file
from evenfold.prediction.mlflow_model import differing
from evenfold.records.evaluation import Evaluation, RememberedLooks, measured_table
from evenfold.records.layout import Results
from evenfold.records.notes import SealedSet
from evenfold.records.prediction import NotLookedAt
from evenfold.records.tables import HISTORY, METRICS, PREDICTIONS, SEQUENCES
from evenfold.records.tracking import FIRST, Store, TrackedRun, runs_page
from evenfold.sequences.sketch import sketches
from evenfold.tracking import opening, uploading
from evenfold.tracking.finished import Finished, FinishedFiles, digests, note, scalars
from evenfold.tracking.keeping import kept_runs, record
from evenfold.tracking.looks import init_tracking, remembered_looks
from evenfold.tracking.models import log_champion, redeploy
from evenfold.tracking.opening import newest, open_ui, put_right
from evenfold.tracking.places import (
    address,
    follow,
    hidden,
    kept,
    opened,
    sqlite_file,
    store_at,
)
from evenfold.tracking.store import (
    connect,
    experiment_of,
    followed,
    locked,
    usable,
    within,
)
from evenfold.tracking.uploading import epochs, track
from tests.unit import reporting_states as states


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory):
    """A store with an experiment, made once: MLflow makes its tables in seconds."""
    store = store_at(None, "evenfold", tmp_path_factory.mktemp("made") / "mlflow")
    warnings = []
    looks = init_tracking(store, warnings.append)
    assert looks == RememberedLooks(answered=True, looks=[]) and not warnings
    return store


@pytest.fixture
def store(empty_store, tmp_path):
    """A copy of it, for one test."""
    folder = tmp_path / "mlflow"
    shutil.copytree(os.path.dirname(empty_store.lock), folder)
    return store_at(None, "evenfold", folder)


def a_look(client, experiment, start_time, **tags):
    """The parent run of a look, as an upload leaves it."""
    known = {
        "evenfold.part": "selection",
        "evenfold.status": "evaluated",
        "evenfold.selection": "one",
        "evenfold.dataset": "demo",
        "evenfold.test_set": "a b",
    }
    named = {f"evenfold.{key}": value for key, value in tags.items()}
    run = client.create_run(experiment, start_time=start_time, tags=known | named)
    return run.info.run_id


def test_the_store_of_a_run_is_a_file_in_its_folder_or_what_is_configured(tmp_path):
    own = store_at(None, "evenfold", tmp_path)
    assert own.uri == f"sqlite:///{tmp_path / 'mlflow.db'}"
    assert sqlite_file(own.uri) == tmp_path / "mlflow.db"
    assert own.lock == str(tmp_path / ".lock")
    served = store_at("http://here:5000", "mine", tmp_path)
    assert (served.uri, served.experiment) == ("http://here:5000", "mine")
    assert sqlite_file(served.uri) is None
    assert list(tmp_path.iterdir()) == []


def test_init_makes_the_experiment_once_with_artifacts_beside_the_store(store):
    client = connect(store.uri)
    experiment = client.get_experiment_by_name("evenfold")
    assert init_tracking(store, pytest.fail).answered
    assert len(client.search_experiments()) == 2  # MLflow's own default, and this.
    assert experiment.artifact_location.endswith("/mlflow/artifacts")
    assert experiment.tags["mlflow.experimentKind"] == "custom_model_development"
    # The upload makes it where no store answered before.
    other = store.model_copy(update={"experiment": "another"})
    made = experiment_of(client, other)
    assert experiment_of(client, other).experiment_id == made.experiment_id


def test_a_configured_file_keeps_artifacts_where_mlflow_does(store, tmp_path):
    other = Store(uri=store.uri, experiment="mine", lock=str(tmp_path / "run/.lock"))
    made = experiment_of(connect(store.uri), other)
    assert not made.artifact_location.startswith((tmp_path / "run").as_uri())


def test_looks_of_all_experiments_are_remembered_the_oldest_first(store):
    client = connect(store.uri)
    own = client.get_experiment_by_name("evenfold").experiment_id
    other = client.create_experiment("another")
    a_look(client, own, 2_000_000, selection="two", dataset="again", test_set="c")
    a_look(client, other, 1_000_000)
    a_look(client, own, 3_000_000)  # The same look, uploaded once more.
    a_look(client, own, 4_000_000, selection="no", status="withheld")
    a_look(client, own, 4_000_000, selection="no", part="variant")
    found = remembered_looks(store.uri, store.lock)
    assert found.answered
    assert [
        (look.selection, look.dataset, look.recorded, look.test_set)
        for look in found.looks
    ] == [
        ("one", "demo", "1970-01-01T00:16:40+00:00", ["a", "b"]),
        ("two", "again", "1970-01-01T00:33:20+00:00", ["c"]),
    ]
    assert init_tracking(store, pytest.fail) == found


def test_the_same_selection_at_two_test_sets_is_two_looks(store):
    client = connect(store.uri)
    own = client.get_experiment_by_name("evenfold").experiment_id
    a_look(client, own, 1)
    a_look(client, own, 2, test_set="x y")
    assert len(remembered_looks(store.uri).looks) == 2


def test_looks_are_found_on_every_page(store, monkeypatch):
    import mlflow

    client = connect(store.uri)
    own = client.get_experiment_by_name("evenfold").experiment_id
    for n in range(3):
        a_look(client, own, n + 1, selection=f"s{n}")
    search = mlflow.MlflowClient.search_runs

    def one_a_page(self, ids, words, page_token=None):
        return search(self, ids, words, max_results=1, page_token=page_token)

    monkeypatch.setattr(mlflow.MlflowClient, "search_runs", one_a_page)
    found = remembered_looks(store.uri)
    assert [look.selection for look in found.looks] == ["s0", "s1", "s2"]


@pytest.fixture
def dead():
    """Address of a server that is down."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return f"http://127.0.0.1:{port}"


def test_a_store_that_does_not_answer_blocks_no_look_and_stops_the_upload(
    tmp_path, dead, monkeypatch
):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    store = store_at(dead, "evenfold", tmp_path)
    told = []
    silent = RememberedLooks(answered=False)
    assert init_tracking(store, told.append) == silent
    assert remembered_looks(dead) == silent
    (reason,) = told
    assert reason == (
        f"the MLflow store {dead} cannot be used: Connection refused. Check the setting "
        "`tracking: {uri: ...}`."
    )
    with pytest.raises(EvenfoldError, match="cannot be used"):
        upload(tmp_path, store)


def hangs(connection, stop):
    """A server that accepts and says nothing."""
    stop.wait()


def drips(connection, stop):
    """A server that sends a byte now and then, so that no silence is ever long."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    while not stop.wait(0.05):
        connection.sendall(b" ")


@pytest.fixture
def bad_server():
    """`bad_server(behaviour)`: address of a server that answers each client like this."""
    stop, listening = threading.Event(), []

    def serve(listener, behaviour):
        def one(connection):
            with connection, suppress(OSError):
                behaviour(connection, stop)

        with suppress(OSError):
            while not stop.is_set():
                connection, _ = listener.accept()
                threading.Thread(target=one, args=[connection], daemon=True).start()

    def start(behaviour):
        listener = socket.create_server(("127.0.0.1", 0))
        listening.append(listener)
        threading.Thread(target=serve, args=[listener, behaviour], daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    stop.set()
    for listener in listening:
        listener.close()


@pytest.mark.parametrize("behaviour", [hangs, drips])
def test_a_server_that_never_ends_its_answer_is_left_after_seconds(
    tmp_path, bad_server, behaviour, monkeypatch
):
    monkeypatch.setattr("evenfold.tracking.store.PROBE", 0.5)
    monkeypatch.setattr("evenfold.tracking.uploading.UPLOAD", 0.5)
    uri = bad_server(behaviour)
    told = []
    store = store_at(uri, "evenfold", tmp_path / "results/mlflow")
    assert not init_tracking(store, told.append).answered
    assert told == [
        f"the MLflow store {uri} does not answer within 0.5 seconds. Check the setting "
        "`tracking: {uri: ...}`."
    ]
    with pytest.raises(EvenfoldError, match="does not answer within"):
        upload(tmp_path, store)
    assert not remembered_looks(uri).answered


def test_a_server_is_asked_with_less_patience_than_mlflow_has_unless_the_user_says(
    dead, monkeypatch
):
    names = ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "MLFLOW_HTTP_REQUEST_TIMEOUT")
    for name in names:
        monkeypatch.delenv(name, raising=False)
    seen = []

    def connecting(uri):
        seen.append([os.environ[name] for name in names])
        raise EvenfoldError("down")

    monkeypatch.setattr("evenfold.tracking.looks.connect", connecting)
    assert not remembered_looks(dead).answered
    assert seen == [["2", "30"]] and not set(names) & set(os.environ)
    monkeypatch.setenv(names[0], "5")
    assert not remembered_looks(dead).answered
    assert seen[1] == ["5", "30"] and os.environ[names[0]] == "5"


def test_a_password_in_an_address_is_not_told(tmp_path):
    uri = "http://me:secret@127.0.0.1:9/tracking"
    assert hidden(uri) == "http://me:***@127.0.0.1:9/tracking"
    assert hidden("sqlite:////a/b.db") == "sqlite:////a/b.db"
    with pytest.raises(EvenfoldError) as told:
        within(0, uri, threading.Event().wait)
    assert "secret" not in str(told.value) and "me:***@" in str(told.value)


def test_a_run_waits_for_its_store_and_is_uploaded_once_when_it_answers(
    store, tmp_path, dead, monkeypatch, capsys
):
    from evenfold import cli

    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    down = store_at(dead, "evenfold", tmp_path / "results/mlflow")
    told = []
    results = finished(tmp_path, down)
    first = record(results, told.append)
    (reason,) = told
    assert first.pending == reason and dead in reason and not first.run_id
    assert first.digests["report"] == sha256_file(results.path("report"))
    first.write(results.path("tracked"))
    # The next run makes other results, and the server is still down.
    looks = [states.look(looked_at=f"2026-05-0{n}T03:04:05+00:00") for n in (2, 3)]
    finished(tmp_path, down, evaluation=states.evaluation(look=looks[0]))
    record(results, told.append).write(results.path("tracked"))
    record(results, told.append).write(results.path("tracked"))
    assert len(kept_runs(results)) == 2 and results.waiting
    assert cli.main(["track", str(results.folder)]) == 1
    assert "cannot be used" in capsys.readouterr().err
    assert len(kept_runs(results)) == 2
    # It is back.
    store.write(results.path("store"))
    assert cli.main(["track", str(results.folder)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert not results.waiting and not (results.folder / "pending").exists()
    tracked = TrackedRun.read(results.path("tracked"))
    assert tracked.pending is None and set(tracked.children) == {"bce", "focal"}
    assert {look.looked_at for look in remembered_looks(store.uri).looks} == {
        states.evaluation().look.looked_at, looks[0].looked_at,
    }  # fmt: skip
    client = connect(store.uri)
    runs = len(client.search_runs([tracked.experiment_id]))
    assert record(results, pytest.fail) == tracked
    assert cli.main(["track", str(results.folder)]) == 0
    assert capsys.readouterr().out.startswith("Nothing waits")
    assert len(client.search_runs([tracked.experiment_id])) == runs == 6
    finished(tmp_path, down, evaluation=states.evaluation(look=looks[1]))
    record(results, told.append)
    finished(tmp_path, store, evaluation=states.evaluation(look=looks[0]))
    # The next run uploads what waits beside its own.
    record(results, pytest.fail)
    assert not results.waiting and len(remembered_looks(store.uri).looks) == 3


def test_there_is_nothing_to_upload_before_a_run(tmp_path, capsys):
    from evenfold import cli

    assert cli.main(["track", str(tmp_path / "results/demo")]) == 1
    assert "nothing was recorded yet" in capsys.readouterr().err


def test_a_store_that_is_gone_is_not_made_by_asking(tmp_path):
    uri = f"sqlite:///{tmp_path / 'moved' / 'mlflow.db'}"
    assert not remembered_looks(uri).answered
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("uri", ["nonsense://x", "sqlite:///{folder}/text"])
def test_a_store_of_another_kind_is_named(tmp_path, uri):
    (tmp_path / "text").write_text("no database" * 100)
    uri = uri.format(folder=tmp_path)
    with pytest.raises(EvenfoldError, match="cannot be used"):
        connect(uri)
    assert not remembered_looks(uri).answered


def test_an_empty_file_is_not_made_a_store_by_asking(tmp_path):
    (tmp_path / "mlflow.db").touch()
    assert not remembered_looks(f"sqlite:///{tmp_path / 'mlflow.db'}").answered
    assert (tmp_path / "mlflow.db").stat().st_size == 0


@pytest.fixture
def results(tmp_path, monkeypatch):
    """A folder of results, as rules see it: from the folder that holds it."""
    (tmp_path / "work/results/demo").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work/results"


@pytest.mark.parametrize(
    ("configured", "recorded", "found"),
    [
        (None, "sqlite:///../mlflow/mlflow.db", "sqlite:///{here}/mlflow/mlflow.db"),
        ("sqlite:///own.db", "sqlite:///../../own.db", "sqlite:///{here}/../own.db"),
        ("sqlite:////shared/a.db", "sqlite:////shared/a.db", "sqlite:////shared/a.db"),
        ("http://here:5000", "http://here:5000", "http://here:5000"),
    ],
)
def test_a_record_names_what_moves_with_it_relative_to_itself(
    results, tmp_path, configured, recorded, found
):
    record = "results/demo/tracking.json"
    store = store_at(configured, "evenfold", "results/mlflow")
    written = kept(store, record)
    assert written.uri == recorded and written.lock == "../mlflow/.lock"
    written.write(record)
    (results / "mlflow").mkdir()
    assert opened(record).lock == str(results / "mlflow/.lock")
    os.rename("results", tmp_path / "results")
    again = opened(tmp_path / "results/demo/tracking.json")
    wanted = os.path.normpath(found.format(here=tmp_path / "results")[10:])
    assert again.uri == (f"sqlite:///{wanted}" if "sqlite" in found else found)
    assert again.lock == str(tmp_path / "results/mlflow/.lock")


def test_an_absolute_path_that_is_gone_is_the_store_beside_if_there_is_one(results):
    uri = "sqlite:////gone/results/mlflow/mlflow.db"
    record = results / "demo/tracking.json"
    lock = "/gone/results/mlflow/.lock"
    Store(uri=uri, experiment="evenfold", lock=lock).write(record)
    assert address(uri, record) == opened(record).uri == uri
    assert opened(record).lock == str(results / "mlflow/.lock")
    (results / "mlflow").mkdir()
    (results / "mlflow/mlflow.db").write_text("a store")
    assert opened(record).uri == f"sqlite:///{results / 'mlflow/mlflow.db'}"
    # Whatever is still there is used.
    (results / "kept.db").write_text("another")
    assert address(f"sqlite:///{results / 'kept.db'}", record).endswith("/kept.db")


def locations(store):
    """Where the experiments of a store keep their artifacts, by name."""
    return {
        e.name: e.artifact_location for e in connect(store.uri).search_experiments()
    }


@pytest.mark.parametrize("copied", [False, True])
def test_artifacts_follow_a_store_that_is_moved_or_copied(uploaded, tmp_path, copied):
    before, record, folder = uploaded
    first, second = tmp_path / "first", tmp_path / "second place"
    shutil.copytree(folder, first)
    assert follow(store_at(None, "uploads", first / "mlflow")) == folder / "mlflow"
    (shutil.copytree if copied else shutil.move)(first, second)
    store = store_at(None, "uploads", second / "mlflow")
    place = (second / "mlflow/artifacts").as_uri()
    with locked(store.lock):
        client = followed(store)
    assert locations(store)["uploads"] == place
    run = client.get_run(record.run_id)
    assert run.info.artifact_uri == f"{place}/{record.run_id}/artifacts"
    (logged,) = run.outputs.model_outputs
    model = client.get_logged_model(logged.model_id)
    assert model.artifact_location.startswith(f"{place}/models/")
    assert client.list_artifacts(record.run_id)
    assert follow(store) is None
    if copied:
        original = store_at(None, "uploads", first / "mlflow")
        assert locations(original)["uploads"] == (first / "mlflow/artifacts").as_uri()
    assert connect(before.uri).list_artifacts(record.run_id)


def test_artifacts_that_were_put_elsewhere_stay_there(store, tmp_path):
    client = connect(store.uri)
    (tmp_path / "data/artifacts").mkdir(parents=True)
    others = {
        "a folder of its own": (tmp_path / "data/artifacts").as_uri(),
        "another name": "file:///gone/files",
        "a bucket": "s3://bucket/artifacts",
    }
    for name, place in others.items():
        client.create_experiment(name, artifact_location=place)
    follow(store)
    assert locations(store).items() >= others.items()
    configured = Store(uri=store.uri, experiment="x", lock=str(tmp_path / "run/.lock"))
    assert follow(configured) is None


def test_a_folder_that_is_mounted_twice_is_not_a_move(store, tmp_path):
    follow(store)
    os.symlink(tmp_path, tmp_path.parent / "mounted")
    folder = tmp_path.parent / "mounted/mlflow"
    twice = Store(
        uri=f"sqlite:///{folder}/mlflow.db", experiment="x", lock=f"{folder}/.lock"
    )
    assert follow(twice) is None


def test_the_command_mlflow_opens_a_store_and_tells_of_a_move(
    store, tmp_path, capsys, monkeypatch
):
    from evenfold import cli

    started, made = [], opening._command
    monkeypatch.setattr(
        opening,
        "_command",
        lambda *asked: started.append(made(*asked)) or ["sh", "-c", "exit 3"],
    )
    assert cli.main(["mlflow", str(tmp_path), "--port", "5001"]) == 3
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("This store was in ") and told[1] == store.uri
    ((_, *command),) = started
    assert command == [
        "-m", "mlflow", "ui", "--backend-store-uri", store.uri, "--port", "5001",
        "--workers", "1",
    ]  # fmt: skip
    assert cli.main(["mlflow", str(tmp_path), "--no-ui"]) == 0 and len(started) == 1
    assert capsys.readouterr().out.splitlines() == [store.uri]
    with listening(0) as taken:
        port = taken.getsockname()[1]
        assert cli.main(["mlflow", str(tmp_path), "--port", str(port)]) == 1
    told = capsys.readouterr()
    assert f"port {port} is taken by another program" in told.err
    assert f"--port {port + 1}" in told.err and len(started) == 1
    assert "All runs" not in told.out


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_the_servers_of_the_command_mlflow_end_with_it(
    store, tmp_path, monkeypatch, sent
):
    """A process that the one it starts has started, as MLflow's servers are."""
    server = f"sleep 600 & echo $! > {tmp_path}/server; wait"
    monkeypatch.setattr(opening, "_command", lambda *_: ["sh", "-c", server])
    if (child := os.fork()) == 0:
        # Tests that run in the background may ignore it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os._exit(open_ui(store, 5000))
    for _ in range(200):
        time.sleep(0.05)
        if (tmp_path / "server").is_file() and (tmp_path / "server").read_text():
            break
    os.kill(child, sent)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    status = Path(f"/proc/{(tmp_path / 'server').read_text().strip()}/stat")
    for _ in range(100):
        # Gone, or ended and not yet looked after.
        if not status.is_file() or status.read_text().split()[2] == "Z":
            return
        time.sleep(0.05)
    pytest.fail("the server runs on")


def test_a_signal_while_the_command_mlflow_starts_its_servers_ends_them(
    store, monkeypatch
):
    """It comes after the process was made and before it is known."""
    made = subprocess.Popen

    def at_once(*told, **options):
        ui = made(*told, **options)
        os.kill(os.getpid(), signal.SIGTERM)
        return ui

    monkeypatch.setattr(opening, "_command", lambda *_: ["sleep", "600"])
    monkeypatch.setattr(opening.subprocess, "Popen", at_once)
    if (child := os.fork()) == 0:
        os._exit(open_ui(store, 5000))
    for _ in range(200):
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            assert os.waitstatus_to_exitcode(status) == 0
            return
        time.sleep(0.05)
    os.kill(child, signal.SIGKILL)
    pytest.fail("it waits for its servers")


def test_the_command_mlflow_makes_no_store(tmp_path):
    with pytest.raises(EvenfoldError, match="no run was recorded there"):
        put_right(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_is_no_database_is_named_when_it_is_followed(tmp_path):
    (tmp_path / "mlflow").mkdir()
    (tmp_path / "mlflow/mlflow.db").write_text("no database" * 100)
    with pytest.raises(EvenfoldError, match="cannot be used"):
        put_right(tmp_path)


def test_a_defect_is_not_blamed_on_the_store():
    with pytest.raises(KeyError), usable("sqlite:///x"):
        raise KeyError("ours")


def test_a_lock_is_held_by_one_at_a_time(tmp_path):
    import fcntl

    path = tmp_path / "folder" / ".lock"
    with locked(path), open(path) as other, pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with open(path) as other:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_verify_goes_on_where_the_record_of_the_run_is_cut_off(tmp_path, monkeypatch):
    from evenfold import cli, verifying

    asked = []
    monkeypatch.setattr(
        verifying, "verify", lambda folder, ledger, looks: asked.append(looks) or []
    )
    (tmp_path / "mlflow.json").write_text("")
    assert cli.main(["verify", str(tmp_path)]) == 0
    assert asked == [RememberedLooks(answered=False)]


def test_verify_asks_the_store_that_a_run_names(store, tmp_path, monkeypatch):
    from evenfold import cli, verifying

    asked = []
    monkeypatch.setattr(
        verifying, "verify", lambda folder, ledger, looks: asked.append(looks) or []
    )
    client = connect(store.uri)
    own = client.get_experiment_by_name("evenfold").experiment_id
    a_look(client, own, 1)
    assert cli.main(["verify", str(tmp_path)]) == 0
    record = TrackedRun(uri=store.uri, experiment_id=own, run_id="r", children={})
    record.write(tmp_path / "mlflow.json")
    assert cli.main(["verify", str(tmp_path)]) == 0
    assert [looks.answered for looks in asked] == [False, True]
    assert [look.selection for look in asked[1].looks] == ["one"]


def finished(folder, store, evaluation=None, rows=None):
    """Files of a finished run of two variants, in results/demo of a folder."""
    results = Results(folder / "results", "demo")
    for name, written in (
        ("store", store),
        ("selection", states.selection(config=states.decides().dump())),
        ("evaluation", evaluation or states.evaluation()),
    ):
        written.write(results.path(name))
    METRICS.write(
        results.path("metrics"), measured_table(states.rows() if rows is None else rows)
    )
    names = ["r1", "r2", "r3"]
    SEQUENCES.write(
        results.path("sequences"),
        SEQUENCES.of(
            names, ["AAK", "CCK", "DDK"], [""] * 3, ["train", "train", "test"],
            [1, 0, None],
        ),
    )  # fmt: skip
    for name in ("bce", "focal"):
        states.tuned().write(results.path("threshold", variant=name))
        HISTORY.write(results.path("history", variant=name), states.history())
        weights = results.path("weights", variant=name)
        weights.write_bytes(b"weights of " + name.encode())
    results.path("report").write_text("<p>A report.</html>")
    results.path("audit").write_text("{}")
    results.path("model_card").write_text("# Model card: focal of demo")
    PREDICTIONS.write(results.path("predictions"), PREDICTIONS.empty())
    return results


def upload(folder, store, **changes):
    return track("demo", FinishedFiles.of(finished(folder, store, **changes)))


@pytest.fixture(scope="module")
def uploaded(empty_store, tmp_path_factory):
    """A run in a store of its own: the store, the record, and the folder of the files."""
    folder = tmp_path_factory.mktemp("uploaded")
    shutil.copytree(os.path.dirname(empty_store.lock), folder / "mlflow")
    store = store_at(None, "uploads", folder / "mlflow")
    return store, upload(folder, store), folder


def test_an_upload_is_one_parent_and_a_child_a_variant(uploaded):
    store, record, _ = uploaded
    client = connect(store.uri)
    assert isinstance(record, TrackedRun) and set(record.children) == {"bce", "focal"}
    parent = client.get_run(record.run_id)
    # What a reviewer reads is short; the sketches lie with the test set.
    assert max(map(len, parent.data.tags.values())) < 500
    assert parent.data.tags["evenfold.complete"] == "true"
    assert parent.data.params["criterion"] == "sn_eq_sp"
    assert parent.data.params["folds"] == "5"
    assert parent.data.metrics["test_mcc"] == pytest.approx(0.59)
    assert {d.tags[0].value for d in parent.inputs.dataset_inputs} == {
        "training", "testing",
    }  # fmt: skip
    for dataset in parent.inputs.dataset_inputs:
        columns = {
            c["name"] for c in json.loads(dataset.dataset.schema)["mlflow_colspec"]
        }
        assert ("label" in columns) == (dataset.tags[0].value == "training")
    child = client.get_run(record.children["focal"])
    assert child.data.tags["mlflow.parentRunId"] == record.run_id
    assert (
        child.data.params["loss.gamma"] == "2.0" and child.data.params["epochs"] == "2"
    )
    assert len(client.get_metric_history(record.children["bce"], "train_loss")) == 3
    assert {run.info.status for run in (parent, child)} == {"FINISHED"}
    artifacts = {artifact.path for artifact in client.list_artifacts(record.run_id)}
    assert {"report.html", "selection.json", "test"} <= artifacts


def test_every_variant_is_a_model_ranked_on_the_data_that_its_numbers_are_of(uploaded):
    store, record, _ = uploaded
    client = connect(store.uri)
    parent = client.get_run(record.run_id)
    datasets = {
        data.tags[0].value: data.dataset for data in parent.inputs.dataset_inputs
    }
    assert datasets["training"].digest != datasets["testing"].digest
    for child in record.children.values():
        found = client.get_run(child).inputs.dataset_inputs
        assert {data.dataset.digest for data in found} == {
            data.digest for data in datasets.values()
        }
    ranked = client.search_logged_models(
        [record.experiment_id],
        order_by=[
            {
                "field_name": "metrics.test_mcc",
                "ascending": False,
                "dataset_name": "demo test",
                "dataset_digest": datasets["testing"].digest,
            }
        ],
    )
    assert [model.tags["evenfold.variant"] for model in ranked] == ["focal", "bce"]
    of = {(metric.key, metric.dataset_name) for metric in ranked[0].metrics}
    assert {("test_mcc", "demo test"), ("oof_mcc", "demo train")} <= of
    assert ("test_mcc", "demo train") not in of
    assert ranked[0].params["threshold"] == "0.4"


def test_comparing_selections_or_variants_begins_with_mcc(uploaded):
    store, record, _ = uploaded
    client = connect(store.uri)
    for run_id in (record.run_id, *record.children.values()):
        metrics = client.get_run(run_id).data.metrics
        # MLflow's page takes the first as they were logged.
        assert next(iter(metrics)) == FIRST == "MCC oof"
        assert metrics[FIRST] == metrics["oof_mcc"]


def said(caplog):
    """evenfold's own lines: a server that another test left may still be asked."""
    return [one.getMessage() for one in caplog.records if one.name == "evenfold"]


def test_the_champion_is_registered_and_a_later_one_moves_no_alias_in_silence(
    store, tmp_path, caplog, capsys
):
    from evenfold import cli

    first = upload(tmp_path, store)
    client = connect(store.uri)
    version = client.get_model_version_by_alias("evenfold-demo", "champion")
    assert version.run_id == first.run_id
    assert version.tags == {
        "variant": "focal", "threshold": "0.400", "selection": "5e1ec7ed00000000",
        "look": "1", "test_mcc": "0.590",
    }  # fmt: skip
    assert version.description == "# Model card: focal of demo"
    (logged,) = client.get_run(first.run_id).outputs.model_outputs
    location = client.get_logged_model(logged.model_id).artifact_location
    folder = Path(location.removeprefix("file://"))
    assert (folder / "model_card.md").is_file()
    # MLflow compares packages slowly, by a file of this name; the model does it itself.
    assert not (folder / "requirements.txt").exists()
    packages = (folder / "artifacts/packages.txt").read_text().split()
    assert f"mlflow=={mlflow.__version__}" in packages
    assert any(line.startswith("torch==") and "+" not in line for line in packages)
    assert differing(folder / "artifacts/packages.txt") == []
    assert Path(get_model_dependencies(str(folder))).read_text().split() == packages
    environment = _get_python_env(folder)
    assert environment.dependencies == ["-r artifacts/packages.txt"]
    assert not said(caplog)
    look = states.look(looked_at="2026-05-02T03:04:05+00:00")
    second = upload(tmp_path, store, evaluation=states.evaluation(look=look))
    kept = client.get_model_version_by_alias("evenfold-demo", "champion")
    assert kept.version == version.version
    assert said(caplog) == [
        "evenfold-demo@champion in MLflow stays at version 1; this selection is version "
        "2. To deploy it: evenfold track results/demo --champion"
    ]
    results = Results(tmp_path / "results", "demo")
    second.write(results.path("tracked"))
    assert cli.main(["track", str(results.folder), "--champion"]) == 0
    assert capsys.readouterr().out == "evenfold-demo@champion is version 2\n"
    moved = client.get_model_version_by_alias("evenfold-demo", "champion")
    assert moved.run_id == second.run_id
    second.model_copy(update={"run_id": "gone"}).write(results.path("tracked"))
    assert cli.main(["track", str(results.folder), "--champion"]) == 1
    assert "has no version of evenfold-demo" in capsys.readouterr().err


def test_packages_of_other_versions_are_told(tmp_path):
    here = version("numpy")
    packages = tmp_path / "packages.txt"
    packages.write_text(f"numpy=={here}\npandas==0.1\nnowhere==2.0\nmlflow\n")
    assert differing(packages) == [
        f"pandas {version('pandas')} (logged with 0.1)",
        "nowhere not installed (logged with 2.0)",
    ]


def test_a_run_is_as_long_as_its_training_and_one_that_is_cut_off_does_not_run_on(
    store, tmp_path, monkeypatch
):
    results = finished(tmp_path, store)
    for name, seconds in (("bce", 3.5), ("focal", 2.0)):
        times = results.folder / "benchmarks/train" / f"{name}.tsv"
        times.parent.mkdir(parents=True, exist_ok=True)
        times.write_text(f"s\th:m:s\n{seconds}\t0:00:03\n")
    monkeypatch.setattr(
        "evenfold.tracking.uploading.log_champion", lambda *_: os.kill(os.getpid(), 9)
    )
    if (child := os.fork()) == 0:
        track("demo", FinishedFiles.of(results))
    os.waitpid(child, 0)
    monkeypatch.undo()
    client = connect(store.uri)
    experiment = client.get_experiment_by_name("evenfold").experiment_id
    cut = client.search_runs([experiment])
    assert [run.info.status for run in cut if run.info.status == "RUNNING"] == []
    assert "KILLED" in {run.info.status for run in cut}
    record = track("demo", FinishedFiles.of(results))
    runs = {run.info.run_id: run.info for run in client.search_runs([experiment])}
    assert set(runs) == {record.run_id, *record.children.values()}
    assert {info.status for info in runs.values()} == {"FINISHED"}

    def took(run_id):
        return runs[run_id].end_time - runs[run_id].start_time

    assert took(record.children["bce"]) == 3500
    assert took(record.run_id) == 5500
    # Of the models of the one that was cut off none is left.
    assert len(client.search_logged_models([experiment])) == 2


def test_of_two_that_were_uploaded_at_once_the_first_is_kept(store, tmp_path):
    first = upload(tmp_path, store)
    client = connect(store.uri)
    copy = client.create_run(
        first.experiment_id, tags=client.get_run(first.run_id).data.tags
    ).info.run_id
    client.set_tag(copy, "evenfold.completed", "2999-01-01T00:00:00.000000+00:00")
    # A third goes on, on another machine.
    other = client.create_run(
        first.experiment_id, tags=client.get_run(first.run_id).data.tags
    ).info.run_id
    client.delete_tag(other, "evenfold.complete")
    client.set_tag(other, "evenfold.uploader", "of another machine")
    assert upload(tmp_path, store).run_id == first.run_id
    assert client.get_run(copy).info.lifecycle_stage == "deleted"
    assert client.get_run(other).info.lifecycle_stage == "active"
    # Since yesterday: it was killed.
    client.set_tag(other, "evenfold.recorded", "2000-01-01T00:00:00.000000+00:00")
    assert upload(tmp_path, store).run_id == first.run_id
    assert client.get_run(other).info.lifecycle_stage == "deleted"


@pytest.mark.parametrize(
    ("when", "dead"),
    [(timedelta(hours=-2), False), (timedelta(hours=2), False),
     (timedelta(days=-2), True), (timedelta(days=400), True)],
)  # fmt: skip
def test_an_upload_of_a_clock_that_was_ahead_is_not_waited_for_till_then(when, dead):
    tags = {"evenfold.uploader": "of another machine"}
    tags["evenfold.recorded"] = (datetime.now(UTC) + when).isoformat()
    assert uploading._is_dead(tags, "this one") is dead


def test_a_run_that_is_removed_is_deployed_no_more(store, tmp_path, monkeypatch):
    """Of a run on two machines the one that ended later registered its champion first."""
    first = upload(tmp_path, store)
    client = connect(store.uri)
    name = "evenfold-demo"
    # The other did not see the first while it was at it, and ended later.
    recorded = uploading._recorded
    asked = []
    monkeypatch.setattr(
        uploading, "_recorded",
        lambda *now: recorded(*now) if (asked.append(1), len(asked))[1] > 1 else None,
    )  # fmt: skip
    client.delete_registered_model_alias(name, "champion")
    assert upload(tmp_path, store).run_id == first.run_id
    assert len(asked) > 1
    (kept,) = client.search_model_versions(f"name = '{name}'")
    assert kept.run_id == first.run_id
    assert client.get_model_version_by_alias(name, "champion").version == kept.version


def test_a_run_that_is_removed_before_its_digests_are_kept_gives_way(
    store, tmp_path, monkeypatch
):
    """Of two machines the other found the own run to be the later one, and removed it."""
    first = upload(tmp_path, store)
    keep, recorded = uploading._keep, uploading._recorded
    kept = []
    monkeypatch.setattr(
        uploading, "_recorded",
        lambda *now: recorded(*now) if kept else None,
    )  # fmt: skip

    def gone(client, run_id, found):
        kept.append(run_id)
        if len(kept) == 1:
            client.delete_run(run_id)
        keep(client, run_id, found)

    monkeypatch.setattr(uploading, "_keep", gone)
    assert upload(tmp_path, store).run_id == first.run_id
    assert kept[0] != first.run_id and kept[1:] == [first.run_id]
    # What is refused for another reason is told.
    monkeypatch.setattr(
        uploading,
        "_keep",
        lambda client, run, _: client.set_tag(run, "a?b", "no name of a tag"),
    )
    with pytest.raises(EvenfoldError, match="cannot be used"):
        upload(tmp_path, store)


def test_the_runs_table_opens_with_the_columns_of_a_reviewer(store):
    client = connect(store.uri)
    experiment = experiment_of(client, store)
    view = json.loads(
        client.get_experiment(experiment.experiment_id).tags[
            "mlflow.sharedViewState.evenfold"
        ]
    )
    shown = [name.partition("`")[2].rstrip("`") for name in view["selectedColumns"]]
    assert shown == [
        "MCC oof", "oof_sn", "oof_sp", "oof_gap", "threshold", "test_mcc", "test_sn",
        "test_sp", "test_gap", "variant", "champion",
    ]  # fmt: skip
    # Of 1440 pixels MLflow leaves those from 222 to 1408, and puts 73 before a name.
    assert 222 + 73 + sum(view["columnWidths"].values()) <= 1408
    assert set(view["columnWidths"]) == set(view["columnOrder"])
    # MLflow folds variants up below their selection, unless it sorts.
    assert view["orderByKey"] == "metrics.`MCC oof`" and view["orderByAsc"] is False
    assert newest(store) == experiment.experiment_id
    assert runs_page("http://here:1/", "7") == (
        "http://here:1/#/experiments/7/runs?workflowType=machine_learning"
        "&viewStateShareKey=evenfold"
    )


def test_an_uploaded_look_is_remembered(uploaded):
    store, _, _ = uploaded
    (look,) = remembered_looks(store.uri, store.lock).looks
    assert (look.selection, look.test_set) == ("5e1ec7ed00000000", ["a", "b"])


def test_digests_are_kept_those_of_the_look_for_ever(uploaded, tmp_path):
    store, record, folder = uploaded
    (before,) = remembered_looks(store.uri).looks
    assert before.digests == record.digests
    assert {
        name: sha256_file(Results(folder / "results", "demo").path(name))
        for name in ("report", "audit", "evaluation", "metrics", "predictions")
    } == record.digests  # The look of this state is one of an earlier version.
    looked = states.look(intent_sha256="1" * 64, completion_sha256="2" * 64)
    for look, of_intent in ((looked, "1"), (states.look(intent_sha256="3" * 64), "1")):
        again = upload(folder, store, evaluation=states.evaluation(look=look))
        assert again.run_id == record.run_id
        (now,) = remembered_looks(store.uri).looks
        assert now.digests["intent"] == of_intent * 64
        assert now.digests["completion"] == "2" * 64
        # The file was made again, with what is told now.
        assert now.digests["evaluation"] == sha256_file(
            folder / "results/demo/test/evaluation.json"
        )
    assert again.digests["intent"] == "3" * 64
    upload(folder, store)


def test_a_further_look_of_a_selection_is_recorded_beside_the_first(store, tmp_path):
    times = ["2026-01-02T03:04:05+00:00", "2026-02-03T04:05:06+00:00"]
    looks = [states.look(looked_at=time) for time in times]
    runs = [
        upload(tmp_path, store, evaluation=states.evaluation(look=look)).run_id
        for look in looks
    ]
    assert len(set(runs)) == 2
    assert [x.looked_at for x in remembered_looks(store.uri).looks] == times
    # Of models that were trained again since there is no test result.
    later = states.look(looked_at="2026-03-04T05:06:07+00:00")
    unseen = upload(tmp_path, store, evaluation=states.retrained(look=later))
    parent = connect(store.uri).get_run(unseen.run_id)
    assert not [name for name in parent.data.metrics if name.startswith("test_")]
    assert "trained again since" in parent.data.tags["mlflow.note.content"]


def test_two_data_sets_of_one_selection_keep_their_own_digests(store):
    client = connect(store.uri)
    own = client.get_experiment_by_name("evenfold").experiment_id
    for name in ("demo", "again"):
        a_look(client, own, 1, dataset=name, **{"sha256.report": f"of {name}"})
    assert {
        look.dataset: look.digests for look in remembered_looks(store.uri).looks
    } == {
        "demo": {"report": "of demo"},
        "again": {"report": "of again"},
    }


def test_the_same_selection_is_not_uploaded_again(uploaded):
    store, record, folder = uploaded
    client = connect(store.uri)
    before = len(client.search_runs([record.experiment_id]))
    assert upload(folder, store).run_id == record.run_id
    assert len(client.search_runs([record.experiment_id])) == before == 3


def test_a_withheld_look_is_uploaded_beside_and_is_no_look_and_a_cut_off_one_is_redone(
    uploaded, tmp_path, monkeypatch
):
    store, record, _ = uploaded
    client = connect(store.uri)
    sealed = {"evaluation": states.evaluation_withheld(), "rows": []}
    first = upload(tmp_path, store, **sealed)
    assert first.run_id != record.run_id
    assert len(remembered_looks(store.uri).looks) == 1
    told = client.get_run(first.run_id).data.tags["mlflow.note.content"]
    assert told.startswith("not evaluated: this test set was looked at before.")
    client.delete_tag(first.run_id, "evenfold.complete")
    second = upload(tmp_path, store, **sealed)
    assert second.run_id != first.run_id
    assert client.get_run(first.run_id).info.lifecycle_stage == "deleted"
    child = client.get_run(first.children["bce"])
    assert child.info.lifecycle_stage == "deleted"


def test_an_experiment_that_was_deleted_is_named(store, tmp_path):
    client = connect(store.uri)
    client.delete_experiment(client.get_experiment_by_name("evenfold").experiment_id)
    with pytest.raises(EvenfoldError, match="experiment evenfold was deleted"):
        upload(tmp_path, store)
    assert init_tracking(store, pytest.fail).answered


def test_the_note_is_a_table_of_the_results():
    told = note(states.selection(), states.evaluation(), states.rows())
    assert told.startswith("Champion **focal** by cross-validation.")
    assert "| **focal** | 0.400 (sn_eq_sp) | 0.800 | 0.790 | 0.590 |" in told
    assert "| focal | 0.500 (0.5) | 0.600 | 0.930 | 0.560 |" in told


def test_scalars_are_of_the_deployed_point_and_of_the_test_set_once_it_was_seen():
    before = scalars(states.tuned(), [])
    assert before["oof_mcc"] == 0.6 and before["threshold_spread_ratio"] == 1.0
    assert not any(key.startswith("test") for key in before)
    half, deployed = states.rows()[2:]
    after = scalars(states.tuned(), [half, deployed])
    assert (after["test_mcc"], after["test_at_half_mcc"]) == (0.59, 0.56)
    assert after["test_auroc"] == 0.86
    kept = scalars(states.untuned(), [half])
    assert kept["oof_mcc"] == 0.55 and "threshold_spread_ratio" not in kept


def test_epochs_are_means_over_the_members():
    history = states.history(2)
    history.loc[history["fold"] == 1, "train_loss"] += 0.2
    found = {(metric.key, metric.step): metric.value for metric in epochs(history)}
    assert found["train_loss", 1] == pytest.approx(0.7)
    assert found["train_loss", 2] == pytest.approx(0.6)
    assert {key for key, _ in found}.isdisjoint({"fold", "seed", "epoch"})


@pytest.mark.parametrize("looked", [False, True])
def test_a_model_keeps_sketches_of_its_test_set_until_that_was_looked_at(
    tmp_path, monkeypatch, store, looked
):
    status = states.evaluation() if looked else states.evaluation_withheld()
    paths = FinishedFiles.of(finished(tmp_path, store, evaluation=status))
    logged = {}

    def save_model(path, artifacts, **_):
        logged.update({n: Path(path).read_bytes() for n, path in artifacts.items()})
        (Path(path) / "artifacts").mkdir(parents=True)
        for name in ("python_env.yaml", "requirements.txt"):
            (Path(path) / name).touch()

    monkeypatch.setattr("evenfold.tracking.models.mlflow.pyfunc.save_model", save_model)
    # And what its predictions warn of.
    told = "The test result is of other models." if looked else None
    monkeypatch.setattr("evenfold.tracking.models.not_looked_at", lambda _: told)
    client = connect(store.uri)
    experiment = experiment_of(client, store).experiment_id
    run = client.create_run(experiment).info.run_id
    log_champion(client, experiment, Finished.read("demo", paths), run)
    assert set(logged) == {"selection", "weights", "training"} | (
        {"not_looked_at"} if looked else {"sealed"}
    )
    if looked:
        assert NotLookedAt.of(json.loads(logged["not_looked_at"])).told == told
    else:
        sealed = SealedSet.of(json.loads(logged["sealed"]))
        assert sealed.sequences == sketches(["DDK"])


def test_a_store_in_a_file_tells_what_the_system_refuses(tmp_path):
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    locked_one = sqlite3.OperationalError("database is locked")
    for error, words in (
        (OSError(errno.ENOSPC, "No space"), "the disk is full.*Free some space"),
        (OperationalError("SELECT 1", {}, locked_one), "in use by another.*Wait until"),
        (MlflowException("odd"), "odd. Check the setting"),
    ):
        with (
            pytest.raises(EvenfoldError, match=f"cannot be used: .*{words}"),
            usable(uri),
        ):
            raise error
    wrapped = MlflowException("(sqlite3.OperationalError) database is locked")
    wrapped.__cause__ = OperationalError("SELECT 1", {}, locked_one)
    with pytest.raises(EvenfoldError, match="in use by another"), usable(uri):
        raise wrapped


@pytest.mark.parametrize("name", ["report", "audit", "metrics", "predictions"])
def test_nothing_that_is_cut_off_is_published(tmp_path, name):
    results = finished(tmp_path, store_at(None, "x", tmp_path / "mlflow"))
    files = FinishedFiles.of(results)
    evaluation = Evaluation.read(files.status)
    assert name in digests(files, evaluation)
    path = results.path(name)
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(EvenfoldError, match=path.name):
        digests(files, evaluation)


def test_of_two_that_deploy_at_once_one_is_refused_and_leaves_the_alias(monkeypatch):
    """As PostgreSQL has it: both saw none, and the second cannot make the same alias."""
    model, asked = SimpleNamespace(name="evenfold-demo", version="2", aliases={}), []

    class Server:
        def search_model_versions(self, _):
            return [model]

        def get_registered_model(self, _):
            return SimpleNamespace(aliases=dict(model.aliases))

        def set_registered_model_alias(self, _, alias, version):
            asked.append(version)
            model.aliases[alias] = "1"
            raise RestException(
                {"error_code": "BAD_REQUEST", "message": "duplicate key"}
            )

    monkeypatch.setattr("time.sleep", lambda _: None)
    redeploy(Server(), "run", ["evenfold-demo"])
    assert model.aliases == {"champion": "1"} and asked == ["2"]
