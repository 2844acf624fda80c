"""How snakemake was called: what sentences that ask for it again must say.

`snakemake` alone would read another configuration where files or values were given.
"""

import os
import re
import shlex
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

from evenfold.files import write_text

#: What is said where nobody knows how it was called.
PLAIN = "snakemake"
#: Tells the jobs of a run how it was called.
VARIABLE = "EVENFOLD_CALL"
#: Values of one run alone.
_ONCE = ("predict",)
_CONFIG = " --config "
_COMMAND = re.compile(r"`snakemake((?: [^`]*)?)`")
_SNAKEFILES = ("Snakefile", "snakefile", "workflow/Snakefile", "workflow/snakefile")
#: Options that no setting of Snakemake's keeps.
_TYPED = ("--profile", "--workflow-profile", "--software-deployment-method", "--sdm")


def call(
    cores: int | None,
    snakefile: str,
    configfiles: Iterable[str | Path],
    config: Iterable[str],
    typed: Sequence[str] = (),
) -> str:
    """The command that runs this workflow as it is run now, without its targets.

    Parameters
    ----------
    cores : int or None
    snakefile : str
        Named where Snakemake would not find it by itself.
    configfiles, config : iterable
        As given on the command line: files, and `key=value`.
    typed : sequence of str
        The command line.

    Examples
    --------
    >>> call(8, "Snakefile", ["mine.yaml"], ["datasets=[a, b]", "predict=new.fasta"])
    "snakemake --cores 8 --configfile mine.yaml --config 'datasets=[a, b]'"
    """
    words = [PLAIN]
    if cores is not None:
        words += ["--cores", str(cores)]
    if _near(snakefile) not in _SNAKEFILES:
        words += ["--snakefile", _near(snakefile)]
    # `--profile=x` is `--profile x`.
    parts = [part for word in typed for part in _apart(word)]
    for option, value in pairwise(parts):
        if option in _TYPED:
            words += [option, value]
    if files := [_near(file) for file in configfiles]:
        words += ["--configfile", *files]
    if values := [one for one in config if one.split("=")[0] not in _ONCE]:
        words += ["--config", *values]
    return shlex.join(words)


def _apart(word: str) -> list[str]:
    option, found, value = word.partition("=")
    return [option, value] if found and option in _TYPED else [word]


def _near(path: str | Path) -> str:
    """A path from here, where it is below."""
    told = os.path.relpath(path)
    return str(path) if told.startswith("..") else Path(told).as_posix()


def with_options(command: str, options: str) -> str:
    """A call with further options or targets.

    Parameters
    ----------
    command : str
        See `call`.
    options : str
        Of `--config`, what is added stands beside what is there: of two, Snakemake reads
        the last alone.

    Examples
    --------
    >>> with_options("snakemake --cores 8 --config datasets=a", "-- explore")
    'snakemake --cores 8 --config datasets=a -- explore'
    >>> with_options("snakemake --config datasets=a", "--config predict=b -- predict")
    'snakemake --config datasets=a predict=b -- predict'
    """
    options = options.strip()
    if not options:
        return command
    if _CONFIG in command and options.startswith(_CONFIG.strip() + " "):
        return f"{command} {options.removeprefix(_CONFIG.strip() + ' ')}"
    target = "" if options.startswith("-") else "-- "
    return f"{command} {target}{options}"


def remembered(path: Path | str) -> str:
    """How a run was called, from its file; `snakemake` where there is none to read.

    Parameters
    ----------
    path : path-like
        called.txt of a data set's results.
    """
    try:
        told = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return PLAIN
    # Of more lines, or other words, it was changed by hand: it is not for the terminal.
    return told if told.startswith(f"{PLAIN} ") and told.isprintable() else PLAIN


def remember(path: Path | str, command: str) -> None:
    """Write down how a run was called, where that is new.

    No result depends on it: where it cannot be written, the run goes on.

    Parameters
    ----------
    path : path-like
        See `remembered`.
    command : str
        See `call`.
    """
    if remembered(path) != command:
        with suppress(OSError):
            write_text(path, f"{command}\n")


def as_called(text: str, command: str | None = None) -> str:
    """A sentence whose commands are those that work for a run.

    Parameters
    ----------
    text : str
        Commands stand between backticks.
    command : str, optional
        See `call`; by default that of the run that this is a job of.

    Examples
    --------
    >>> as_called("Run `snakemake explore` first.", "snakemake --configfile a.yaml")
    'Run `snakemake --configfile a.yaml -- explore` first.'
    """
    known = command or os.environ.get(VARIABLE) or PLAIN
    if known == PLAIN:
        return text

    def told(found: re.Match[str]) -> str:
        # Said before, by the job whose words these are.
        if found[0].startswith(f"`{known}"):
            return found[0]
        return f"`{with_options(known, found[1])}`"

    return _COMMAND.sub(told, text)
