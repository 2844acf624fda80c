"""A tracking server that is down: nothing waits for it, nothing is lost."""

import socket

import pytest

from evenfold.records.layout import Results
from evenfold.records.tracking import TrackedRun
from evenfold.tracking.places import kept, store_at


@pytest.mark.whole
def test_a_run_ends_without_its_server_and_is_uploaded_once_when_that_is_back(explored):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        dead = f"http://127.0.0.1:{probe.getsockname()[1]}"
    down = ("--config", f"tracking={{uri: '{dead}', experiment: evenfold}}")
    # MLflow's own number of attempts takes minutes; evenfold has one of its own.
    first = explored.snakemake(*down)
    results = Results(explored.folder / "results", "demo")
    assert results.path("report").is_file() and results.path("metrics").is_file()
    assert "reaches MCC" in first.text and dead in first.text
    assert "evenfold track results/demo" in first.text
    assert dead in TrackedRun.read(results.path("tracked")).pending
    # The next runs try again, and nothing but this.
    for _ in range(2):
        second = explored.snakemake(*down)
        assert "1 of 2 steps" in second.text and "Uploading what waits" in second.text
        assert "not uploaded to MLflow" in second.text and results.waiting
    # The server is back, here another store at the same place.
    store = store_at(None, "evenfold", explored.folder / "results/mlflow")
    kept(store, results.path("store")).write(results.path("store"))
    explored.snakemake(*down)
    tracked = TrackedRun.read(results.path("tracked"))
    assert tracked.pending is None and set(tracked.children) == {"bce", "focal"}
    assert not results.waiting
    assert "Nothing to be done" in explored.snakemake(*down).text
