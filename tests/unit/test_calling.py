"""The commands that sentences tell are those that work for the run."""

import pytest

from evenfold.calling import (
    VARIABLE,
    as_called,
    call,
    remember,
    remembered,
    with_options,
)
from evenfold.cli import main
from evenfold.records.layout import Results
from evenfold.reporting.sections import ledger, next_steps, notes
from tests.unit import reporting_states as states

CALLED = "snakemake --cores 8 --configfile mine.yaml --config datasets=mine"


def test_files_and_values_of_the_command_line_are_in_the_call(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files = [tmp_path / "config/mine.yaml", "/elsewhere/my other.yaml"]
    values = ["datasets=[mine, a]", "predict=new.fasta"]
    assert call(2, str(tmp_path / "Snakefile"), files, values) == (
        "snakemake --cores 2 --configfile config/mine.yaml '/elsewhere/my other.yaml' "
        "--config 'datasets=[mine, a]'"
    )
    assert call(None, str(tmp_path / "workflow/Snakefile"), [], []) == "snakemake"
    typed = ["snakemake", "--workflow-profile", "profiles/slurm", "--forceall"]
    assert call(None, "/there/Snakefile", [], [], typed) == (
        "snakemake --snakefile /there/Snakefile --workflow-profile profiles/slurm"
    )
    typed = ["snakemake", "--profile=mine", "--config", "x=--profile=no"]
    assert call(None, "Snakefile", [], [], typed) == "snakemake --profile mine"


@pytest.mark.parametrize(
    "said, told",
    [
        ("Run `snakemake` first.", f"Run `{CALLED}` first."),
        ("`snakemake explore`", f"`{CALLED} -- explore`"),
        ("`snakemake --forcerun a -- b`", f"`{CALLED} --forcerun a -- b`"),
        # Of two --config Snakemake reads the last alone.
        ("`snakemake --config 'a={b: 1}'`", f"`{CALLED} 'a={{b: 1}}'`"),
        ("Run snakemake again.", "Run snakemake again."),
        ("`evenfold verify results/a`", "`evenfold verify results/a`"),
    ],
)
def test_a_sentence_has_the_command_of_its_run(said, told):
    assert as_called(said, CALLED) == told
    # Told again by another process, it is the same.
    assert as_called(told, CALLED) == told
    assert as_called(said, "snakemake") == said


def test_jobs_know_it_from_the_run_that_they_are_of(monkeypatch):
    monkeypatch.setenv(VARIABLE, CALLED)
    assert as_called("`snakemake`") == f"`{CALLED}`"
    monkeypatch.delenv(VARIABLE)
    assert as_called("`snakemake`") == "`snakemake`"


@pytest.mark.parametrize("text", [None, "", "rm -rf /\n", "snakemake a\nrm b\n"])
def test_what_does_not_tell_how_it_was_called_is_not_told(tmp_path, text):
    if text is not None:
        (tmp_path / "called.txt").write_text(text)
    assert remembered(tmp_path / "called.txt") == "snakemake"


def test_commands_of_evenfold_tell_it(tmp_path, capsys):
    results = Results(tmp_path / "results", "mine")
    results.folder.mkdir(parents=True)
    results.called.write_text(f"{CALLED}\n")
    assert results.published.called == results.called
    for command in (["show"], ["track"]):
        assert main([*command, str(results.folder)]) == 1
        assert f"Run `{CALLED}` first." in capsys.readouterr().err
    assert main(["predict", str(results.folder), "new.fasta"]) == 1
    assert f"Run `{CALLED} -- explore` or" in capsys.readouterr().err


def test_a_report_tells_it():
    from dataclasses import replace

    look = replace(states.before_look(), call=CALLED)
    told = f"<code>{CALLED}</code>"
    assert told in next_steps.SECTION.part(look)
    assert told in ledger.SECTION.part(look)
    looked = replace(states.facts(), call=CALLED)
    assert f"<code>{CALLED} -- explore</code>" in next_steps.SECTION.part(looked)
    silent = states.facts(evaluation=states.evaluation(elsewhere=None))
    assert f"The next <code>{CALLED}</code>, or" in notes.SECTION.part(
        replace(silent, call=CALLED)
    )


def test_options_are_added_before_targets():
    assert with_options("snakemake --cores 8", "") == "snakemake --cores 8"


def test_what_was_damaged_is_written_anew_and_what_cannot_be_stops_nothing(tmp_path):
    command, path = "snakemake --cores 1", tmp_path / "results" / "called.txt"
    for damaged in (None, b"", b"\xff\xfe", b"snakemake --co"):
        if damaged is not None:
            path.write_bytes(damaged)
        remember(path, command)
        assert remembered(path) == command
    path.unlink()
    path.mkdir()
    remember(path, command)
    assert remembered(path) == "snakemake" and path.is_dir()
    assert [one.name for one in path.parent.iterdir()] == ["called.txt"]
