"""What a reviewer sees: the report and the MLflow UI in a real browser."""

import os
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from tests.conftest import Project

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def finished(explored_once, tmp_path_factory) -> Project:
    project = explored_once.copy(tmp_path_factory.mktemp("finished"))
    project.snakemake()
    return project


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.3)
    pytest.fail("not seen within a minute")


def keep(browser, name):
    """Leave the screenshot where EVENFOLD_SCREENSHOTS says, to be looked at."""
    if folder := os.environ.get("EVENFOLD_SCREENSHOTS"):
        browser.save_screenshot(f"{folder}/{name}.png")


@pytest.mark.whole
def test_the_report_in_a_browser(finished, browser):
    browser.get((finished.folder / "results/demo/report.html").as_uri())
    heading = browser.find_element("tag name", "h1").text
    assert "reaches MCC" in heading
    assert len(browser.find_elements("css selector", "figure svg")) > 15
    rows = browser.find_elements("css selector", "tr.champion")
    assert rows and all(row.is_displayed() for row in rows)
    # Nothing is wider than the page.
    width = browser.execute_script(
        "return document.documentElement.scrollWidth - window.innerWidth"
    )
    assert width <= 0
    errors = [e for e in browser.get_log("browser") if e["level"] == "SEVERE"]
    assert errors == []
    keep(browser, "report")


@pytest.fixture(scope="module")
def ui(finished):
    """`evenfold mlflow` on the run's own store."""
    record = finished.tracked()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "evenfold.cli", "mlflow", "--port", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        cwd=finished.folder, start_new_session=True,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"

    def up():
        try:
            return urllib.request.urlopen(f"{address}/health", timeout=2).status == 200
        except OSError:
            return False

    wait_for(up)
    yield address, record
    os.killpg(process.pid, 15)
    process.wait(timeout=20)


@pytest.mark.whole
def test_runs_metrics_and_model_are_visible_in_the_mlflow_ui(ui, browser):
    address, record = ui
    base = f"{address}/#/experiments/{record['experiment_id']}"

    def sees(*words):
        def look():
            text = browser.find_element("tag name", "body").text
            return all(word in text for word in words)

        return look

    browser.get(f"{base}/runs")
    wait_for(sees("demo "))
    keep(browser, "mlflow-runs")
    browser.get(f"{base}/runs/{record['run_id']}")
    wait_for(sees("test_mcc", "champion"))
    keep(browser, "mlflow-run")
    browser.get(f"{base}/models")
    wait_for(sees("champion"))
    keep(browser, "mlflow-model")


@pytest.mark.whole
def test_a_tracking_server_takes_the_record_too(ui, finished):
    """The setting `tracking: {uri: ...}` with an MLflow server instead of the file."""
    address, record = ui
    finished.snakemake(
        "--config", f"tracking={{uri: '{address}', experiment: served}}",
        "--", "results/demo/mlflow.json",
    )  # fmt: skip
    served = finished.tracked()
    assert served["uri"] == address
    assert set(served["children"]) == set(record["children"])
