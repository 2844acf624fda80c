"""The record of all runs in MLflow's own pages."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from evenfold.errors import EvenfoldError
from evenfold.files import Pathlike
from evenfold.records.layout import MLFLOW
from evenfold.records.tracking import Store
from evenfold.tracking.places import follow, sqlite_file, store_at
from evenfold.tracking.store import connect, locked, usable


def put_right(results: Pathlike) -> tuple[Store, Path | None]:
    """Find the store of a results folder, and its artifacts after a move.

    Parameters
    ----------
    results : path-like
        Folder of all results.

    Returns
    -------
    tuple of (Store, Path or None)
        And the folder where it was before a move, where there was one.

    Raises
    ------
    EvenfoldError
        When there is no store, or it cannot be changed.
    """
    store = store_at(None, "", Path(results) / MLFLOW)
    file = sqlite_file(store.uri)
    if file is None or not file.is_file():
        raise EvenfoldError(
            f"{file} does not exist: no run was recorded there. Name the folder of all "
            "results (`evenfold mlflow results`); a store that `tracking: {uri: ...}` "
            "names is opened by MLflow's own command, `mlflow ui`."
        )
    with locked(store.lock), usable(store.uri):
        return store, follow(store)


def newest(store: Store) -> str:
    """Id of the experiment of a store that was used last; empty where there is none."""
    with usable(store.uri):
        found = connect(store.uri).search_experiments(
            max_results=1, order_by=["last_update_time DESC"]
        )
    return found[0].experiment_id if found else ""


def open_ui(store: Store, port: int) -> int:
    """Run `mlflow ui` on a store until it is stopped.

    Returns
    -------
    int
        Its exit status.
    """
    stopped: list[int] = []
    started: list[int] = []

    def stop(sent: int, _: object = None) -> None:
        stopped.append(sent)
        for group in started:
            # It may have ended meanwhile.
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGTERM)

    # Before it starts, so that none comes between. What ignores Ctrl-C, as a script's
    # commands in the background do, goes on to.
    for one in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(one) is not signal.SIG_IGN:
            signal.signal(one, stop)
    # A group of its own: MLflow's servers are processes besides the one started here,
    # and all end with it, by Ctrl-C and by a signal alike.
    ui = subprocess.Popen(_command(store, port), start_new_session=True)
    started.append(ui.pid)
    if stopped:
        stop(stopped[0])
    status = ui.wait()
    return 0 if stopped else status


def _command(store: Store, port: int) -> list[str]:
    return [
        *(sys.executable, "-m", "mlflow", "ui", "--backend-store-uri", store.uri),
        # One person looks: more workers would only take longer to start.
        *("--port", str(port), "--workers", "1"),
    ]
