"""What a reviewer sees: the report and the MLflow UI in a real browser."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from urllib.parse import quote

import pytest

from evenfold.tracking.uploading import track
from tests.conftest import Project
from tests.services.test_tracking_server import a_run

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
    pytest.fail(f"not seen within {seconds} seconds")


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
    rows = browser.find_elements(
        "css selector", "tr.champion:not(details:not([open]) *)"
    )
    assert rows and all(row.is_displayed() for row in rows)
    # Nothing is wider than the page.
    width = browser.execute_script(
        "return document.documentElement.scrollWidth - window.innerWidth"
    )
    assert width <= 0
    errors = [e for e in browser.get_log("browser") if e["level"] == "SEVERE"]
    assert errors == []
    keep(browser, "report")


@contextmanager
def pages_of(folder):
    """Address of `evenfold mlflow` in a folder, and what it prints first."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    printed = folder / "printed.txt"
    with open(printed, "w") as file:
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "evenfold.cli", "mlflow", "--port", str(port)],
            stdout=file, stderr=subprocess.DEVNULL, cwd=folder, start_new_session=True,
        )  # fmt: skip
    address = f"http://127.0.0.1:{port}"

    def up():
        try:
            return urllib.request.urlopen(f"{address}/health", timeout=2).status == 200
        except OSError:
            return False

    try:
        wait_for(up, seconds=240)
        yield address, re.search(r"^All runs: (\S+)$", printed.read_text(), re.M)[1]
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=20)


@pytest.fixture(scope="module")
def ui(finished):
    """`evenfold mlflow` on the run's own store."""
    with pages_of(finished.folder) as (address, _):
        yield address, finished.tracked()


@pytest.fixture(scope="module")
def two_selections(tmp_path_factory):
    """The same on a store of two selections, and their records."""
    folder = tmp_path_factory.mktemp("two")
    records = [track("demo", a_run(folder, None, number)) for number in (1, 2)]
    with pages_of(folder) as (address, link):
        yield address, link, records


def seen(browser, *words):
    """Wait until a page shows all of these words, and give its text."""

    def look():
        text = browser.find_element("tag name", "body").text
        return text if all(word in text for word in words) else None

    return wait_for(look, seconds=180)


@pytest.mark.whole
def test_the_printed_link_opens_the_runs_with_a_reviewers_columns(
    two_selections, browser
):
    _, link, _ = two_selections
    browser.set_window_size(1440, 900)
    browser.get(link)
    text = seen(browser, "matching runs", "Run Name", "demo 0000")
    # The pages of trained models, not those of GenAI.
    assert "Traces" in text and "Prompts" not in text
    # MLflow opens its assistant beside the first page that a browser shows.
    browser.execute_script(
        "document.querySelector(\"[data-component-id*='assistant'][data-component-id"
        "*='close']\")?.click()"
    )
    names = [
        "metrics.`MCC oof`", "metrics.`oof_sn`", "metrics.`oof_sp`", "metrics.`oof_gap`",
        "metrics.`threshold`", "metrics.`test_mcc`", "metrics.`test_sn`",
        "metrics.`test_sp`", "metrics.`test_gap`", "params.`variant`", "params.`champion`",
    ]  # fmt: skip

    def ends():
        found = browser.execute_script(
            "return Object.fromEntries([...document.querySelectorAll('.ag-header-cell')]"
            ".map(h => [h.getAttribute('col-id'), h.getBoundingClientRect().right]))"
        )
        return found if set(names) <= set(found) else None

    found = wait_for(ends)
    keep(browser, "mlflow-runs")
    assert sorted(names, key=found.get) == names and found[names[-1]] <= 1408
    # Variants beside selections, not folded up below them.
    rows = browser.execute_script(
        "return document.querySelectorAll('.ag-pinned-left-cols-container .ag-row').length"
    )
    assert rows == 6


@pytest.mark.whole
@pytest.mark.parametrize("of", ["selections", "variants"])
def test_comparing_opens_on_mcc(two_selections, browser, of):
    address, _, records = two_selections
    runs = [record.run_id for record in records]
    if of == "variants":
        runs = list(records[0].children.values())
    asked = (
        f"runs={json.dumps(runs)}&experiments={json.dumps([records[0].experiment_id])}"
    )
    # Another fragment of the same address would load nothing.
    browser.get("about:blank")
    browser.get(f"{address}/#/compare-runs?{quote(asked, safe='=&')}")
    text = seen(browser, "Comparing 2 Runs", "Clear All")
    keep(browser, f"mlflow-compare-{of}")
    chosen = text.split("Metrics:")[1].split("Clear All")[0].split()
    assert chosen == ["MCC", "oof"]


@pytest.mark.whole
def test_runs_metrics_and_model_are_visible_in_the_mlflow_ui(ui, browser):
    address, record = ui
    base = f"{address}/#/experiments/{record['experiment_id']}"
    browser.get(f"{base}/runs/{record['run_id']}")
    seen(browser, "test_mcc", "champion")
    keep(browser, "mlflow-run")
    browser.get(f"{base}/models")
    seen(browser, "champion")
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
