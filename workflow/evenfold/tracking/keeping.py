"""Runs whose store did not answer: kept beside their results, uploaded when it does."""

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from evenfold.errors import EvenfoldError
from evenfold.files import sha256_json
from evenfold.records.evaluation import Evaluation
from evenfold.records.layout import PENDING, Results
from evenfold.records.selection import Selection
from evenfold.records.tracking import TrackedRun
from evenfold.tracking.finished import FinishedFiles, digests
from evenfold.tracking.places import kept, opened
from evenfold.tracking.uploading import track


def record(results: Results, warn: Callable[[str], object]) -> TrackedRun:
    """Upload a finished run and those kept before, or keep it for the next attempt.

    Parameters
    ----------
    results : Results
    warn : callable
        Gets the reason why something could not be uploaded.

    Returns
    -------
    TrackedRun
    """
    files = FinishedFiles.of(results)
    try:
        tracked = track(results.dataset, files)
    except EvenfoldError as error:
        _keep(results, files)
        warn(str(error))
        return TrackedRun(
            uri=kept(opened(files.tracking), files.tracking).uri,
            pending=str(error),
            digests=digests(files, Evaluation.read(files.status)),
        )
    _forget(_place(results, files))
    for earlier in kept_runs(results):
        try:
            _upload(results, earlier)
        except EvenfoldError as error:
            warn(str(error))
    return tracked


def kept_runs(results: Results) -> list[Path]:
    """Folders of the runs that wait for their store, the oldest first."""
    folder = results.folder / PENDING
    found = [path for path in folder.glob("*") if not path.name.startswith(".")]
    return sorted(found, key=lambda path: (path.stat().st_mtime, path.name))


def upload_kept(results: Results) -> list[TrackedRun]:
    """Upload the runs of a data set that wait for their store.

    Parameters
    ----------
    results : Results

    Returns
    -------
    list of TrackedRun
        Of those that waited; mlflow.json is of the newest results.

    Raises
    ------
    EvenfoldError
        When the store still cannot be used.
    """
    return [_upload(results, folder) for folder in kept_runs(results)]


def _upload(results: Results, folder: Path) -> TrackedRun:
    """Upload one kept run; what mlflow.json tells if it is the one of the results."""
    files = FinishedFiles.of(Results(folder, results.dataset))
    # As the configuration has the store now.
    store = str(results.path("store"))
    tracked = track(results.dataset, replace(files, tracking=store))
    if folder == _place(results, FinishedFiles.of(results)):
        tracked.write(results.path("tracked"))
    _forget(folder)
    return tracked


def _place(results: Results, files: FinishedFiles) -> Path:
    """Folder in which a run is kept: one for every look, or lack of one."""
    evaluation = Evaluation.read(files.status)
    key = {
        "selection": Selection.read(files.selection).selection,
        "status": evaluation.status,
        "models": evaluation.models,
        "looked_at": evaluation.look.looked_at if evaluation.look else None,
    }
    return results.folder / PENDING / sha256_json(key)[:16]


def _keep(results: Results, files: FinishedFiles) -> None:
    """Keep the files of a run: as links, since whoever makes them again replaces them."""
    place = _place(results, files)
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=".") as aside:
        whole = Path(aside) / place.name
        # What tells a sealed test set that evenfold drew from a published one.
        facts = results.path("split_facts")
        known = [str(facts)] if facts.is_file() else []
        # How long trainings took.
        times = results.folder / "benchmarks/train"
        known += [str(path) for path in times.glob("*.tsv")]
        for file in [*files.all(), *known]:
            target = whole / Path(file).relative_to(results.root)
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(file, target)
            except OSError:
                shutil.copyfile(file, target)
        _forget(place)
        whole.rename(place)


def _forget(place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    if place.parent.is_dir() and not any(place.parent.iterdir()):
        place.parent.rmdir()
