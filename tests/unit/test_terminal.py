"""What of Snakemake's own lines is shown, beside what evenfold says."""

import logging

import pytest
from snakemake.logging import LogEvent, logger

from evenfold.terminal import CAME_OF_IT, Terminal, install, sentence_of, told_in

ENDED = (
    'RuleException:\nCalledProcessError in file "workflow/rules/sequences.smk", line 57:\n'
    "Command 'set -euo pipefail;  python3 /here/.snakemake/scripts/tmp9.clean.py' {}."
)


def line(text, **more):
    record = logging.LogRecord("snakemake", logging.INFO, "", 0, text, (), None)
    vars(record).update(more)
    return record


@pytest.mark.parametrize(
    "text, shown",
    [
        ("Select jobs to execute...", False),
        ("Execute 2 jobs...", False),
        (
            "Exiting because a job execution failed. Look above for error messages",
            False,
        ),
        (ENDED.format("returned non-zero exit status 1"), False),
        # A killed job has not said why.
        (ENDED.format("died with <Signals.SIGKILL: 9>"), True),
        ("Finished jobid: 0 (Rule: all)", False),
        ("Finished jobid: 4 (Rule: clean)", True),
        ("Nothing to be done (all requested files are present and up to date).", True),
        ("MissingInputException in rule fetch", True),
    ],
)
def test_steps_are_not_told_and_faults_once(text, shown):
    assert Terminal().filter(line(text)) is shown


@pytest.mark.parametrize(
    "text",
    [
        "Complete log(s): .snakemake/log/now.log",
        "Elapsed time: 0:00:53",
        "WorkflowError:\nAt least one job did not complete successfully.",
    ],
)
def test_who_has_the_last_word(text):
    terminal = Terminal()
    assert terminal.filter(line(text))
    terminal.ended = True
    assert not terminal.filter(line(text))


def test_a_job_that_says_why_is_named_in_short_and_another_is_told_by_snakemake(
    tmp_path, capsys
):
    log = tmp_path / "clean.log"
    failed = line(None, event=LogEvent.JOB_ERROR, log=[str(log)], rule_name="clean")
    # It left no log, or one that says nothing: killed, or never started.
    assert Terminal().filter(failed)
    log.write_text("reading\n")
    assert Terminal().filter(failed) and sentence_of(log) is None
    log.write_text("reading\nError: a.csv: empty.\n")
    assert not Terminal().filter(failed)
    assert capsys.readouterr().err == f"clean stopped, {log}\n"
    assert not Terminal(elsewhere=True).filter(failed)
    assert capsys.readouterr().err == f"clean stopped, {log}: a.csv: empty.\n"


def test_a_wrong_configuration_is_told_without_the_place_in_our_rules(capsys):
    told = line(
        'WorkflowError in file "/here/workflow/rules/common.smk", line 45:\n'
        "the configuration: unknown key 'varients'.\n"
        '  File "/here/workflow/rules/common.smk", line 45, in <module>'
    )
    assert not Terminal().filter(told)
    said = capsys.readouterr().err
    assert said == "\nError: the configuration: unknown key 'varients'.\n"


def test_the_filter_is_on_the_usual_terminal_once_and_the_log_file_keeps_all():
    usual, file = logging.StreamHandler(), logging.StreamHandler()
    usual.name, file.name = "DefaultStreamHandler", "DefaultLogFileHandler"
    own = logging.Logger("snakemake")
    own.handlers = [usual, file]
    first, second = Terminal(), Terminal()
    install(first, own)
    install(second, own)
    assert usual.filters == [second] and file.filters == []
    assert isinstance(logger, logging.Logger)


def test_what_came_of_a_job_of_this_run_is_told_from_its_log(tmp_path):
    log = tmp_path / "new.log"
    assert told_in(log, 0) == []
    log.write_text(f"10:00:00 5 are sealed\n10:00:01 {CAME_OF_IT}new.tsv: 9 scored\n")
    assert told_in(log, 0) == ["new.tsv: 9 scored"]
    assert told_in(log, log.stat().st_mtime + 1) == []
