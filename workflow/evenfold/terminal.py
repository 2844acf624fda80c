"""What Snakemake says on the terminal beside evenfold's own sentences.

Its log file keeps every line.
"""

import errno
import logging
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from evenfold.calling import as_called
from evenfold.clock import Before
from evenfold.faults import sentence

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
#: That it was stopped by Ctrl-C before it could say so.
_INTERRUPTED = re.compile(
    r"CalledProcessError in file .*\.snakemake/scripts/.*died with <Signals\.SIGINT",
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
#: That the system has refused something to Snakemake itself, with the file if it is told.
_SYSTEM = re.compile(r"\[Errno (\d+)\] [^\n:()]*(?:: (['\"])([^\n]+?)\2)?")
#: Of these alone it is sure that Snakemake's own lines, a traceback mostly, help nobody.
_REFUSALS = {
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM,
    errno.EMFILE, errno.ENFILE, errno.EIO, errno.ESTALE, errno.ENAMETOOLONG, errno.ENOLCK,
}  # fmt: skip
_ITS_FOLDER = (
    ".snakemake or the temporary folder (TMPDIR), where Snakemake keeps its notes"
)
#: That it was stopped while it was stopping: a second Ctrl-C.
_STOPPED = re.compile(r"^Traceback .*^KeyboardInterrupt", re.DOTALL | re.MULTILINE)
_STOPPED_TOLD = """
Stopped. The same command goes on from here; if it says that the folder cannot be locked,
`snakemake --unlock` comes first.
"""
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


def logs_of(folder: Path) -> list[Path]:
    """The logs of a data set's jobs, in order."""
    return sorted(folder.glob("**/logs/**/*.log"))


def told_in(log: Path, before: Before) -> list[str]:
    """What a job's log says that came of it.

    Parameters
    ----------
    log : Path
    before : Before
        The log as it was when the run began.

    Returns
    -------
    list of str
        Lines; none of an earlier run.
    """
    if not before.changed(log):
        return []
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
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
        #: What the system refused Snakemake, as it was told.
        self.refused: set[str] = set()
        #: Why the next job that is said to have failed did, where it could not say it.
        self.unsaid: str | None = None

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
        if _INTERRUPTED.search(said):
            self.unsaid = "was stopped by Ctrl-C"
            return False
        if self._system(said):
            return False
        if self.ended and _OVER.match(said):
            return False
        return not (
            _STEPS.match(said) or _SCRIPT_ENDED.search(said) or _TARGETS.search(said)
        )

    def _system(self, said: str) -> bool:
        """Whether Snakemake could not do its own part, and it is told in a sentence."""
        if _STOPPED.search(said):
            told = _STOPPED_TOLD
        elif (found := _SYSTEM.search(said)) and int(found[1]) in _REFUSALS:
            error = OSError(int(found[1]), "", found[3] or _ITS_FOLDER)
            told = f"\nError: {sentence(error)}\n"
            if said.startswith("RuleException"):
                self.unsaid = "stopped before it began"
        else:
            return False
        if told not in self.refused:
            self.refused.add(told)
            print(told, file=sys.stderr)
        return True

    def _told(self, record: logging.LogRecord) -> bool:
        """Whether a job says itself why it stopped; in short, it is said which it was."""
        rule = getattr(record, "rule_name", "a job")
        logs: Sequence[str] = list(getattr(record, "log", None) or ())
        for log in logs:
            if told := sentence_of(log):
                more = f": {as_called(told)}" if self.elsewhere else ""
                print(f"{rule} stopped, {log}{more}", file=sys.stderr)
                return True
        if self.unsaid:
            print(f"{rule} {self.unsaid}", file=sys.stderr)
            self.unsaid = None
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
            _filtered(handler, terminal)
            if logging.lastResort:
                # Snakemake may end after it has taken its terminal away.
                _filtered(logging.lastResort, terminal)
        if isinstance(handler, logging.FileHandler):
            _tell_once(handler)


def _filtered(handler, terminal):
    others = [one for one in handler.filters if not isinstance(one, Terminal)]
    handler.filters = [*others, terminal]


def _tell_once(handler):
    """Say once why lines of Snakemake's log are missing, without a traceback for each."""
    told: list[BaseException] = []

    def tell(record):
        error = sys.exc_info()[1] or OSError()
        if not told:
            why = sentence(error, "run again to have it whole") or error
            print(f"Warning: the log {handler.baseFilename}: {why}", file=sys.stderr)
        told.append(error)

    handler.handleError = tell
