"""What is said in the terminal at the end of a run, and any time by `evenfold show`."""

from collections.abc import Iterator
from pathlib import Path

from evenfold.calling import as_called, remembered
from evenfold.clock import Before
from evenfold.errors import EvenfoldError
from evenfold.records.evaluation import Evaluation, read_measured
from evenfold.records.layout import PENDING, Results
from evenfold.records.selection import Selection
from evenfold.records.tracking import TrackedRun, runs_page
from evenfold.reporting.reached import reached_on_test, reached_out_of_fold
from evenfold.terminal import logs_of, sentence_of


def closing(results: Results) -> list[str]:
    """The verdict of a data set, and where to read on.

    Parameters
    ----------
    results : Results

    Returns
    -------
    list of str
        Lines.

    Raises
    ------
    EvenfoldError
        Where there is no selection yet.
    """
    path = results.path("selection")
    if not results.folder.is_dir():
        raise EvenfoldError(f"{results.folder} does not exist. {_there(results.root)}")
    if not path.is_file():
        if any(results.folder.glob("*/selection.json")):
            raise EvenfoldError(
                f"{results.folder} is of no data set. {_there(results.folder)}"
            )
        raise EvenfoldError(
            f"{path} does not exist: nothing was selected yet. Run `snakemake` first."
        )
    return [*_verdict(results, Selection.read(path)), *_where(results)]


def _there(root: Path) -> str:
    """Which results there are, where those that were asked for are not."""
    if there := sorted(path.parent for path in root.glob("*/selection.json")):
        return f"Results that are there: {', '.join(map(str, there))}."
    return (
        "Name the results of a data set, as in results/demo, from the folder that "
        "snakemake was run in."
    )


def failures(folder: Path, before: Before) -> list[str]:
    """What stopped jobs, as their logs say it: other jobs may have gone on since.

    Parameters
    ----------
    folder : Path
        results/<dataset>.
    before : Before
        The logs as they were when the run began.

    Returns
    -------
    list of str
        Log and sentence of each.
    """
    told = []
    for log in logs_of(folder):
        if not before.changed(log):
            continue
        if sentence := sentence_of(log):
            told.append(f"{log}: {as_called(sentence)}")
    return told


def _verdict(results: Results, selection: Selection) -> Iterator[str]:
    out_of_fold = reached_out_of_fold(selection)
    path = results.path("evaluation")
    evaluation = Evaluation.read(path) if path.is_file() else None
    if evaluation is None or evaluation.selection != selection.selection:
        yield f"{results.dataset}: in cross-validation {out_of_fold}; no look was taken."
        return
    look = evaluation.look
    if look is None:
        yield (
            f"{results.dataset}: not evaluated, since this test set was looked at before; "
            f"in cross-validation {out_of_fold}."
        )
        return
    rows = read_measured(results.path("metrics"))
    for row in rows:
        if row.variant == look.champion and row.deployed:
            yield f"{results.dataset}: {reached_on_test(row)} (look {look.look})."
    for since in (evaluation.since_look, evaluation.changed_labels):
        if since:
            yield f"  {since.told}"


def _recorded(results: Results) -> Iterator[str]:
    """Where the run is in MLflow, or why it is not there yet and what to do."""
    path = results.path("tracked")
    if not path.is_file():
        return
    tracked = TrackedRun.read(path)
    if tracked.pending:
        again = as_called("`snakemake`", remembered(results.called))
        yield (
            f"  not uploaded to MLflow: {tracked.pending} The record is kept in "
            f"{results.folder / PENDING}; the next {again} uploads it, or: evenfold "
            f"track {results.folder}"
        )
        return
    if tracked.uri.startswith("http"):
        page = runs_page(tracked.uri, tracked.experiment_id)
        yield f"  all runs in MLflow: {page}"
        return
    yield f"  all runs in MLflow: evenfold mlflow {results.root}"


def _where(results: Results) -> Iterator[str]:
    pages = [results.path(name) for name in ("report", "exploration")]
    there = [page for page in pages if page.is_file()]
    if there:
        newest = max(there, key=lambda page: page.stat().st_mtime)
        yield f"  report: {newest}"
    yield from _recorded(results)
    if results.path("evaluation").is_file():
        yield f"  check it again: evenfold verify {results.folder}"
