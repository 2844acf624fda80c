"""What the terminal says at the end of a run."""

import os

import pytest

from evenfold.cli import main
from evenfold.clock import Before
from evenfold.errors import EvenfoldError
from evenfold.evaluation.ledger import Ledger
from evenfold.records.evaluation import measured_table
from evenfold.records.layout import Results
from evenfold.records.tables import METRICS
from evenfold.records.tracking import TrackedRun
from evenfold.reporting.closing import closing, failures
from evenfold.terminal import logs_of
from evenfold.verifying import Check, _begun
from tests.unit import reporting_states as states


@pytest.fixture
def results(tmp_path):
    found = Results(tmp_path / "results", "demo")
    states.selection().write(found.path("selection"))
    return found


def test_before_a_look_cross_validation_is_told(results):
    results.path("exploration").write_text("a page")
    assert closing(results) == [
        "demo: in cross-validation focal at threshold 0.400 reaches MCC 0.60 [0.51, 0.69] "
        "with SN 0.80 and SP 0.80; no look was taken.",
        f"  report: {results.path('exploration')}",
    ]


def test_the_verdict_and_where_to_read_on(results, capsys):
    METRICS.write(results.path("metrics"), measured_table(states.rows()))
    states.evaluation().write(results.path("evaluation"))
    results.path("report").write_text("a page")
    assert main(["show", str(results.folder)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "demo: focal at threshold 0.400 reaches MCC 0.59 [0.45, 0.71] with SN 0.80 and SP "
        "0.79 on 150 independent test sequences (look 1).",
        f"  report: {results.path('report')}",
        f"  check it again: evenfold verify {results.folder}",
    ]


def test_a_withheld_look_and_changed_labels_are_told(results):
    METRICS.write(results.path("metrics"), measured_table(states.rows()))
    states.evaluation_withheld().write(results.path("evaluation"))
    assert closing(results)[0].startswith(
        "demo: not evaluated, since this test set was looked at before; in "
        "cross-validation focal"
    )
    states.relabelled().write(results.path("evaluation"))
    assert closing(results)[1].startswith("  20 of 150 labels of the test set")
    states.evaluation(selection="0ther00000000000").write(results.path("evaluation"))
    assert "no look was taken" in closing(results)[0]


def test_a_run_that_waits_for_its_store_says_why_and_what_to_do(results):
    record = TrackedRun(uri="http://m", pending="the store is down.")
    record.write(results.path("tracked"))
    assert closing(results)[1:] == [
        "  not uploaded to MLflow: the store is down. The record is kept in "
        f"{results.folder / 'pending'}; the next `snakemake` uploads it, or: evenfold "
        f"track {results.folder}"
    ]


def test_a_run_on_a_server_is_told_with_the_page_of_all_runs(results):
    record = TrackedRun(uri="http://m", experiment_id="3", run_id="r")
    record.write(results.path("tracked"))
    assert closing(results)[1] == (
        "  all runs in MLflow: http://m/#/experiments/3/runs?workflowType="
        "machine_learning&viewStateShareKey=evenfold"
    )


def test_nothing_to_show_is_said(results, tmp_path):
    (tmp_path / "begun").mkdir()
    with pytest.raises(EvenfoldError, match="nothing was selected yet"):
        closing(Results(tmp_path, "begun"))
    with pytest.raises(EvenfoldError) as told:
        closing(Results(tmp_path, "other"))
    assert str(told.value) == (
        f"{tmp_path / 'other'} does not exist. Name the results of a data set, as in "
        "results/demo, from the folder that snakemake was run in."
    )
    for folder, said in (("demmo", "does not exist"), (".", "is of no data set")):
        with pytest.raises(EvenfoldError) as told:
            closing(Results.at(results.root / folder))
        assert str(told.value).endswith(
            f"{said}. Results that are there: {results.folder}."
        )


def test_what_stopped_jobs_is_told_again(tmp_path):
    logs = tmp_path / "logs"
    (logs / "train").mkdir(parents=True)
    (logs / "old.log").write_text("Error: of an earlier run\n")
    before = Before(logs_of(tmp_path))
    (logs / "clean.log").write_text("12:00:00 read\nError: a.csv: empty.\nSave it.\n")
    (logs / "train" / "bce.log").write_text("12:00:00 Error: of another kind\n")
    os.utime(logs / "clean.log", (5, 5))  # The clock was set back.
    assert failures(tmp_path, before) == [
        f"{logs / 'clean.log'}: a.csv: empty.\nSave it."
    ]


def test_before_a_look_verify_says_that_none_was_taken(results, tmp_path):
    selection = states.selection()
    told = f"{results.folder} and the ledger ({tmp_path}) tell of none"
    assert list(_begun(results, selection, Ledger(tmp_path))) == [
        Check(True, f"no look at the test set was taken for this selection: {told}")
    ]
