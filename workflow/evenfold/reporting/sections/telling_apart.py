"""How well scores tell the classes apart: ROC, precision and recall, histograms."""

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from evenfold.records.evaluation import Measured
from evenfold.records.thresholds import Point
from evenfold.reporting import figures
from evenfold.reporting.facts import Facts
from evenfold.reporting.figures import Drawing
from evenfold.reporting.section import Section

_WHERE = (("out-of-fold", figures.HALF), ("test set", figures.MCC))
_BINS = 30
#: Points of a curve that are drawn.
_DRAWN = 400


def curve_of(label: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, ...]:
    """False-positive rate, true-positive rate and precision at every distinct score.

    Parameters
    ----------
    label, score : ndarray, shape (n,)

    Returns
    -------
    tuple of ndarray
        From the largest score downwards, all called negative first.
    """
    order = np.argsort(-score, kind="stable")
    label, score = label[order], score[order]
    last = np.r_[np.flatnonzero(np.diff(score)), len(score) - 1]
    tp, called = np.cumsum(label)[last], last + 1
    positives = max(1, int(label.sum()))
    negatives = max(1, len(label) - int(label.sum()))
    precision = np.r_[tp[0] / called[0], tp / called]
    return np.r_[0, (called - tp) / negatives], np.r_[0, tp / positives], precision


def _thinned(*curves: np.ndarray) -> list[np.ndarray]:
    keep = np.unique(np.linspace(0, len(curves[0]) - 1, _DRAWN).astype(int))
    return [curve[keep] for curve in curves]


def draw_curves(
    sets: Sequence[tuple[str, str, pd.DataFrame, Point | Measured]],
) -> list[Drawing]:
    """ROC and precision over recall, each with the deployed operating point.

    Parameters
    ----------
    sets : sequence of (str, str, DataFrame, Point or Measured)
        Where, its colour, labels and scores, and the operating point there.

    Returns
    -------
    list of Drawing
    """
    with plt.rc_context(figures.STYLE):
        made = [plt.subplots(figsize=(figures.SMALL, 2.5)) for _ in range(2)]
        (roc, left), (pr, right) = made
        left.plot([0, 1], [0, 1], "--", color=figures.INK, lw=0.8)
        for where, colour, frame, point in sets:
            fpr, tpr, precision = _thinned(
                *curve_of(frame["label"].to_numpy(), frame["score"].to_numpy())
            )
            called = max(1, point.tp + point.fp)
            told = (
                f"{where}, deployed at {point.threshold:.3f}: SN {point.sn:.3f}, SP "
                f"{point.sp:.3f}, precision {point.tp / called:.3f}"
            )
            for axes, x, y, at in (
                (left, fpr, tpr, (1 - point.sp, point.sn)),
                (right, tpr, precision, (point.sn, point.tp / called)),
            ):
                (line,) = axes.plot(x, y, color=colour, lw=1.7)
                (dot,) = axes.plot(*at, "o", color=colour, ms=8, mec=figures.PAPER)
                figures.mark(line, where)
                figures.mark(dot, told)
            right.axhline(frame["label"].mean(), color=colour, lw=0.8, ls="--")
        left.set(xlabel="1 − SP", ylabel="SN")
        right.set(xlabel="SN (recall)", ylabel="precision (PPV)")
        for axes in (left, right):
            axes.set(xlim=(-0.01, 1.01), ylim=(0, 1.02))
            figures.legend_above(axes, [(w, c) for w, c, *_ in sets], marker="")
        return [
            figures.drawn(roc, "roc", "ROC curves of the champion"),
            figures.drawn(pr, "precision-recall", "Precision over recall of the champion"),
        ]  # fmt: skip


def draw_scores(where: str, frame: pd.DataFrame, threshold: float) -> Drawing:
    """How many sequences of each class have which score, and the threshold."""
    edges = np.linspace(0, 1, _BINS + 1)
    shown = (("positives", 1, figures.SN), ("negatives", 0, figures.SP))
    with plt.rc_context(figures.STYLE):
        figure, axes = plt.subplots(figsize=(figures.SMALL, 2.5))
        for what, label, colour in shown:
            counts, _ = np.histogram(frame["score"][frame["label"] == label], edges)
            patch = axes.stairs(
                counts, edges, fill=True, facecolor=(colour, 0.45),
                edgecolor=colour, lw=1.2,
            )  # fmt: skip
            figures.mark(patch, f"{what}, {where}: {int(counts.sum())}")
        line = axes.axvline(threshold, color=figures.INK, lw=1.2)
        figures.mark(line, f"deployed at {threshold:.3f}")
        axes.set(xlim=(0, 1), xlabel=f"score, {where}", ylabel="sequences")
        figures.legend_above(axes, [(what, colour) for what, _, colour in shown])
        file = f"scores-{where.replace(' ', '-')}"
        return figures.drawn(figure, file, f"Scores of the champion by class, {where}")


def _tells(facts: Facts) -> dict[str, Any] | None:
    points: list[Point | Measured | None] = [facts.selection.chosen.oof, facts.tested]
    sets = [
        (where, colour, frame, point)
        for (where, colour), frame, point in zip(
            _WHERE, (facts.oof, facts.called), points
        )
        if point is not None and len(frame) and frame["label"].nunique() == 2
    ]
    if not sets:
        return None
    return {
        "drawn": [
            *draw_curves(sets),
            *(draw_scores(where, frame, p.threshold) for where, _, frame, p in sets),
        ],
        "auroc": facts.champion.auroc,
        "tested": facts.tested,
    }


SECTION = Section(
    _tells,
    """\
<h2 id="telling-apart">How well do scores tell the classes apart?</h2>
<p>Whatever the threshold: {{ term("AUROC") }} is {{ auroc|rate }} out-of-fold{% if tested %} and {{ tested.auroc|rate }} on the test set, {{ term("AUPRC") }} {{ tested.auprc|rate }} there{% endif %}.</p>
{% call panels(drawn) %}The champion. Dots: the deployed operating point. Dashed: what guessing gives. Scores of both classes, with the deployed threshold as a line.{% endcall %}
""",
)
