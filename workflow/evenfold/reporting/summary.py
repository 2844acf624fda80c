"""The summary across the data sets of a run."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from evenfold.files import write_text
from evenfold.records.evaluation import read_measured
from evenfold.records.tables import METRICS
from evenfold.records.thresholds import HALF
from evenfold.reporting.pages import page
from evenfold.reporting.reached import predicted


def summarise(
    metrics: Mapping[str, Path | str], html: Path | str, table: Path | str
) -> int:
    """Collect metrics.tsv of all data sets.

    Parameters
    ----------
    metrics : dict of str to path-like
        metrics.tsv by data set.
    html, table : path-like
        Written: the champions as a page, and all rows.

    Returns
    -------
    int
        Number of rows.
    """
    frames = [METRICS.frame(path) for path in metrics.values()]
    shown = [frame for frame in frames if not frame.empty]
    merged = pd.concat(shown, ignore_index=True) if shown else frames[0]
    METRICS.write(table, merged)
    measured = {name: read_measured(path) for name, path in metrics.items()}
    champions = [row for rows in measured.values() for row in rows if row.champion]
    withheld = [name for name, rows in measured.items() if not rows]
    text = page(
        "summary.html",
        predicted=predicted,
        rows=champions,
        withheld=withheld,
        half=HALF,
    )
    write_text(html, text)
    return len(merged)
