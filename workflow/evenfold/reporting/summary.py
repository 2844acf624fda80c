"""The summary across the data sets of a run: champions, gaps, and losses by rank."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from evenfold.files import write_text
from evenfold.metrics.ranks import critical_difference, friedman, ranks
from evenfold.records.evaluation import Measured, read_measured
from evenfold.records.selection import is_published
from evenfold.records.tables import METRICS
from evenfold.records.thresholds import HALF
from evenfold.reporting import figures
from evenfold.reporting.figures import Bar, Drawing
from evenfold.reporting.pages import page
from evenfold.reporting.reached import predicted
from evenfold.reporting.words import explained

#: Data sets from which a difference of ranks is tested. Of fewer none of two methods
#: could ever be beyond chance.
ENOUGH = 5
#: Of Friedman's test and of Nemenyi's difference.
_ERROR = 0.05


@dataclass(frozen=True)
class Ranked:
    """A variant over the data sets.

    Attributes
    ----------
    variant : str
    rank : float
        Its average, 1 is the best.
    mcc : float
        Mean over the data sets, as deployed.
    half, tuned : float
        Mean |SN - SP| at 0.5, and as deployed.
    near : bool
        Whether it cannot be told from the first.
    """

    variant: str
    rank: float
    mcc: float
    half: float
    tuned: float
    near: bool = False


@dataclass(frozen=True)
class Ranking:
    """Variants that were evaluated on the same data sets, the best first.

    Attributes
    ----------
    rows : list of Ranked
    datasets : int
    left_out : list of str
        Variants that some data set lacks.
    p : float or None
        Friedman's; None where there are too few data sets.
    difference : float or None
        Nemenyi's critical one, likewise.
    """

    rows: list[Ranked]
    datasets: int
    left_out: list[str]
    p: float | None = None
    difference: float | None = None

    @property
    def differs(self) -> bool:
        """Whether ranks differ by more than chance."""
        return self.p is not None and self.p < _ERROR


def ranking(measured: Mapping[str, Sequence[Measured]]) -> Ranking | None:
    """Rank the variants by their MCC on the test sets, each as it is deployed.

    Parameters
    ----------
    measured : dict of str to sequence of Measured
        By data set; empty ones do not count.

    Returns
    -------
    Ranking or None
        None where there are not two variants on two data sets.
    """
    own = {name: _deployed(rows) for name, rows in measured.items() if rows}
    names = list(dict.fromkeys(v for rows in own.values() for v in rows))
    shared = [name for name in names if all(name in rows for rows in own.values())]
    if len(own) < 2 or len(shared) < 2:
        return None
    mcc = np.array([[rows[name].mcc for name in shared] for rows in own.values()])
    average = ranks(np.nan_to_num(mcc, nan=-1.0)).mean(0)
    tested = len(own) >= ENOUGH
    difference = critical_difference(len(shared), len(own)) if tested else None
    found = [
        Ranked(
            variant=name,
            rank=float(average[i]),
            mcc=float(mcc[:, i].mean()),
            half=_gap(measured, name, False),
            tuned=_gap(measured, name, True),
            near=difference is not None and average[i] - average.min() < difference,
        )
        for i, name in enumerate(shared)
    ]
    return Ranking(
        rows=sorted(found, key=lambda row: (row.rank, -row.mcc)),
        datasets=len(own),
        left_out=[name for name in names if name not in shared],
        p=friedman(np.nan_to_num(mcc, nan=-1.0)) if tested else None,
        difference=difference,
    )


def _deployed(rows: Sequence[Measured]) -> dict[str, Measured]:
    return {
        row.variant: row
        for row in rows
        if row.deployed and not is_published(row.variant)
    }


def _gap(measured: Mapping[str, Sequence[Measured]], name: str, tuned: bool) -> float:
    """Mean |SN - SP| over the data sets, as deployed or at 0.5."""
    found = [
        abs(row.gap)
        for rows in measured.values()
        for row in rows
        if row.variant == name
        and (row.deployed if tuned else row.operating_point == HALF)
    ]
    return float(np.mean(found)) if found else float("nan")


def draw_ranks(found: Ranking) -> Drawing:
    """Average ranks, with bars that overlap where two cannot be told apart."""
    half = (found.difference or 0.0) / 2
    bars = [
        Bar(
            row.variant,
            row.rank,
            row.rank - half,
            row.rank + half,
            f"{row.variant}: average rank {row.rank:.2f}",
        )
        for row in found.rows
    ]
    with plt.rc_context(figures.STYLE):
        label = "average rank, 1 is the best"
        figure = figures.forest(
            bars, f"{label}; bars: critical difference" if half else label
        )
        return figures.drawn(figure, "ranks", "Average ranks of the variants")


def draw_gaps(champions: Sequence[Measured]) -> Drawing:
    """SN - SP of each champion at 0.5 and as deployed."""
    colours = {True: figures.HALF, False: figures.MCC}
    bars = [
        Bar(
            row.dataset,
            row.gap,
            row.gap_low,
            row.gap_high,
            f"{row.dataset}, {'at 0.5' if at_half else 'tuned'}: SN − SP {row.gap:+.3f}",
            colours[at_half],
        )
        for row in champions
        for at_half in [row.operating_point == HALF]
    ]
    with plt.rc_context(figures.STYLE):
        figure = figures.forest(
            bars,
            "SN − SP on the test set, 95 % interval",
            [("at 0.5", figures.HALF), ("tuned", figures.MCC)],
            zero=True,
        )
        return figures.drawn(
            figure, "gaps", "SN − SP of each champion, before and after"
        )


def summarise(
    metrics: Mapping[str, Path | str],
    html: Path | str,
    table: Path | str,
    folder: Path | str | None = None,
) -> int:
    """Collect metrics.tsv of all data sets.

    Parameters
    ----------
    metrics : dict of str to path-like
        metrics.tsv by data set.
    html, table : path-like
        Written: the champions as a page, and all rows.
    folder : path-like, optional
        Of the figures' files, beside the page; without one there are none.

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
    champions = [
        row
        for rows in measured.values()
        for row in rows
        if row.champion and not is_published(row.variant)
    ]
    found = ranking(measured)
    ranked = draw_ranks(found) if found else None
    gaps = draw_gaps(champions) if champions else None
    text = page(
        "summary.html",
        figures=Path(folder).name if folder else "figures",
        predicted=predicted,
        rows=champions,
        withheld=[name for name, rows in measured.items() if not rows],
        half=HALF,
        ranking=found,
        enough=ENOUGH,
        ranked=ranked,
        gaps=gaps,
        paper={name: colour for colour, name in figures.VARIABLES.items()},
    )
    write_text(html, explained(text))
    for drawing in filter(None, (ranked, gaps) if folder else ()):
        drawing.write(Path(folder or ""))
    return len(merged)
