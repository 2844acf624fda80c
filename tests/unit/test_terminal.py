"""What of Snakemake's own lines is shown, beside what evenfold says."""

import logging
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress

import pytest
from snakemake.logging import LogEvent, logger

from evenfold.clock import Before
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


BY_RULE = (
    'RuleException:\nOSError in file "rules/sequences.smk", line 57:\n{}\n  File "x.py"'
)
NOTES = (
    "Error recording metadata for finished job ({}). Please ensure write permissions for "
    "the directory /here/.snakemake"
)


@pytest.mark.parametrize(
    "said",
    [
        'Traceback (most recent call last):\n  File "x.py", line 1\nOSError: {}\n',
        BY_RULE,
        f"WorkflowError:\n{NOTES}",
        "Failed to set marker file for job started ({}). Snakemake will work",
    ],
)
@pytest.mark.parametrize(
    "refused, told",
    [
        (
            "[Errno 28] No space left on device",
            r"\.snakemake or the temporary folder .* notes: the disk is full, .* Free some space",
        ),
        (
            "[Errno 30] Read-only file system: '/here/.snakemake/locks'",
            "/here/.snakemake/locks: the disk is mounted read-only",
        ),
        (
            '[Errno 13] Permission denied: "/it\'s here"',
            "/it's here: you may not use it",
        ),
    ],
)
def test_what_the_system_refuses_snakemake_is_a_sentence_once(
    said, refused, told, capsys
):
    terminal = Terminal()
    for _ in range(2):
        assert not terminal.filter(line(said.format(refused)))
    out = capsys.readouterr().err
    assert re.fullmatch(rf"\nError: {told}.* and run snakemake again\.\n\n", out)


def test_a_job_that_the_system_did_not_let_begin_is_named_in_short(capsys):
    terminal = Terminal()
    failed = line(None, event=LogEvent.JOB_ERROR, log=["no.log"], rule_name="clean")
    terminal.filter(line(BY_RULE.format("[Errno 28] No space left on device")))
    assert not terminal.filter(failed)
    assert capsys.readouterr().err.endswith("clean stopped before it began\n")
    assert terminal.filter(failed), "another one, of which nothing is known"


def test_a_job_that_ctrl_c_stopped_before_it_could_say_so_is_named_in_short(capsys):
    terminal = Terminal()
    failed = line(None, event=LogEvent.JOB_ERROR, log=["no.log"], rule_name="clean")
    assert not terminal.filter(line(ENDED.format("died with <Signals.SIGINT: 2>")))
    assert not terminal.filter(failed)
    assert capsys.readouterr().err == "clean was stopped by Ctrl-C\n"


@pytest.mark.parametrize(
    "job, said", [(True, "\nStopped; run snakemake again to go on.\n\n"), (False, None)]
)
def test_ctrl_c_while_a_job_imports_leaves_no_traceback(job, said):
    script = "import evenfold, os, signal\nos.kill(os.getpid(), signal.SIGINT)\n"
    before = "snakemake = None\n" if job else ""
    done = subprocess.run(
        [sys.executable, "-c", before + script], capture_output=True, text=True
    )
    assert done.returncode == -signal.SIGINT
    assert done.stderr == said if job else "Traceback" in done.stderr


def test_what_may_be_a_defect_keeps_its_traceback():
    defect = (
        "Traceback (most recent call last):\n  File 'x.py'\nOSError: [Errno 2] No: 'x'"
    )
    assert Terminal().filter(line(defect))
    assert Terminal().filter(line("Traceback (most recent call last):\nKeyError: 1"))


def test_who_stops_it_twice_is_told_how_to_go_on(capsys):
    stopped = (
        "Traceback (most recent call last):\n\n  File 'x.py', line 1\n\nKeyboardInterrupt\n"
        "\nDuring handling of the above exception, another exception occurred:\n\n"
        "RuntimeError: Cannot close a running event loop\n"
    )
    assert not Terminal().filter(line(stopped))
    said = capsys.readouterr().err
    assert said.startswith("\nStopped. The same command goes on") and "--unlock" in said


def test_a_log_of_snakemakes_that_cannot_be_written_is_said_once(tmp_path, capsys):
    handler = logging.FileHandler(tmp_path / "snakemake.log")
    own = logging.Logger("snakemake")
    own.addHandler(handler)
    install(Terminal(), own)
    handler.stream.close()
    with suppress(OSError), open("/dev/full", "w") as full:
        handler.stream = full
        own.error("one")
        own.error("two")
    said = capsys.readouterr().err
    assert said.count("Warning: the log ") == 1 and "the disk is full" in said
    assert "Traceback" not in said
    handler.stream = None


def test_the_filter_is_on_the_usual_terminal_once_and_the_log_file_keeps_all():
    usual, file = logging.StreamHandler(), logging.StreamHandler()
    usual.name, file.name = "DefaultStreamHandler", "DefaultLogFileHandler"
    own = logging.Logger("snakemake")
    own.handlers = [usual, file]
    first, second = Terminal(), Terminal()
    install(first, own)
    install(second, own)
    assert usual.filters == [second] and file.filters == []
    assert logging.lastResort.filters == [second], "for what comes after the end"
    logging.lastResort.filters = []
    assert isinstance(logger, logging.Logger)


def test_what_came_of_a_job_of_this_run_is_told_from_its_log(tmp_path):
    log = tmp_path / "new.log"
    before = Before([log])
    assert told_in(log, before) == []
    log.write_text(f"10:00:00 5 are sealed\n10:00:01 {CAME_OF_IT}new.tsv: 9 scored\n")
    os.utime(log, (5, 5))  # The clock was set back.
    assert told_in(log, before) == ["new.tsv: 9 scored"]
    assert told_in(log, Before([log])) == []
