"""What Snakemake says on the terminal beside evenfold's own sentences.

Its log file keeps every line.
"""

import logging
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from evenfold.calling import as_called

#: Before what came of a job, in its log: told again at the end of a run.
CAME_OF_IT = "Result: "
#: Lines about Snakemake's own steps, which tell a user nothing.
_STEPS = re.compile(
    r"Select jobs to execute\.\.\.|Execute \d+ jobs\.\.\.|"
    r"Exiting because a job execution failed\. Look (above|below) for error messages"
)
#: That a script of a rule ended by itself: it has said why. One that was killed has not.
_SCRIPT_ENDED = re.compile(
    r"CalledProcessError in file .*\.snakemake/scripts/.*non-zero exit status",
    re.DOTALL,
)
#: That the configuration is wrong, with the place in evenfold's own rules where it was read.
_CONFIGURATION = re.compile(
    r'WorkflowError in file ".*common\.smk", line \d+:\n(.*?)\n? +File "', re.DOTALL
)
#: What Snakemake says when all is over.
_OVER = re.compile(
    r"Complete log\(s\): |Elapsed time: |WorkflowError:\nAt least one job "
)
#: Rules that make nothing, and only name what is asked for.
_TARGETS = re.compile(r"Finished jobid: \d+ \(Rule: (all|explore|sanity|predict)\)")


def sentence_of(log: Path | str) -> str | None:
    """How the log of a job says that it stopped.

    Parameters
    ----------
    log : path-like

    Returns
    -------
    str or None
        None where it does not say it.
    """
    try:
        text = Path(log).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    _, found, told = f"\n{text}".rpartition("\nError: ")
    return told.strip() if found else None


def told_in(log: Path | str, since: float) -> list[str]:
    """What a job's log says that came of it.

    Parameters
    ----------
    log : path-like
    since : float
        Time that the run was started, in seconds.

    Returns
    -------
    list of str
        Lines; none of an earlier run.
    """
    try:
        if Path(log).stat().st_mtime < since:
            return []
        text = Path(log).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return [told for _, found, told in _parted(text) if found]


def _parted(text: str) -> list[tuple[str, str, str]]:
    return [line.partition(CAME_OF_IT) for line in text.splitlines()]


class Terminal(logging.Filter):
    """Leaves out of the terminal what Snakemake says of a fault that evenfold has told.

    Parameters
    ----------
    elsewhere : bool
        Whether jobs run on other machines, whose own words are not seen here.
    """

    def __init__(self, elsewhere: bool = False):
        super().__init__()
        self.elsewhere = elsewhere
        #: Whether evenfold has had the last word.
        self.ended = False

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a line is shown."""
        event = getattr(getattr(record, "event", None), "value", None)
        if event == "job_error":
            return not self._told(record)
        if event == "job_info" and not getattr(record, "output", True):
            return False
        said = str(record.msg)
        if found := _CONFIGURATION.match(said):
            print(f"\nError: {found[1]}", file=sys.stderr)
            return False
        if self.ended and _OVER.match(said):
            return False
        return not (
            _STEPS.match(said) or _SCRIPT_ENDED.search(said) or _TARGETS.search(said)
        )

    def _told(self, record: logging.LogRecord) -> bool:
        """Whether a job says itself why it stopped; in short, it is said which it was."""
        logs: Sequence[str] = list(getattr(record, "log", None) or ())
        for log in logs:
            if told := sentence_of(log):
                more = f": {as_called(told)}" if self.elsewhere else ""
                rule = getattr(record, "rule_name", "a job")
                print(f"{rule} stopped, {log}{more}", file=sys.stderr)
                return True
        return False


def install(terminal: Terminal, logger: logging.Logger) -> None:
    """Let the terminal of a Snakemake that has the usual one be filtered.

    Parameters
    ----------
    terminal : Terminal
    logger : logging.Logger
        Snakemake's. A logger plugin that a user has chosen is left as it is.
    """
    for handler in logger.handlers:
        if handler.name == "DefaultStreamHandler":
            handler.filters = [
                one for one in handler.filters if not isinstance(one, Terminal)
            ]
            handler.addFilter(terminal)
