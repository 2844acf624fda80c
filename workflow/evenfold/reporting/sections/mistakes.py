"""On which test sequences the champion errs: how novel they are, and the hardest."""

from collections.abc import Iterator, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from evenfold.metrics import wilson
from evenfold.metrics.intervals import newcombe
from evenfold.records.evaluation import Measured
from evenfold.records.thresholds import HALF
from evenfold.reporting import figures
from evenfold.reporting.facts import Facts
from evenfold.reporting.figures import Bar, Drawing
from evenfold.reporting.section import Section

#: Rows of the table, and parts of the test set by how near training is.
_HARDEST = 20
_PARTS = 4


def closeness(called: pd.DataFrame) -> pd.Series:
    """Identity times coverage of the nearest training sequence; NaN where unknown."""
    return called["identity"] * called["coverage"]


def wrong(called: pd.DataFrame) -> pd.Series:
    """Whether a sequence is called as the other class."""
    return (called["score"] >= called["threshold"]) != called["label"].astype(bool)


def parts(called: pd.DataFrame) -> Iterator[tuple[str, int, int]]:
    """Quarters of the test set by how near training is: limits, size, wrong calls."""
    known = called[closeness(called).notna()]
    near = closeness(known).to_numpy()
    if not len(near):
        return
    edges = np.unique(np.quantile(near, np.linspace(0, 1, _PARTS + 1)))
    if len(edges) < 2:
        edges = np.array([edges[0], edges[0] + 0.01])
    part = np.clip(np.searchsorted(edges, near, side="right") - 1, 0, len(edges) - 2)
    mistakes = wrong(known).to_numpy()
    for i in range(len(edges) - 1):
        own = part == i
        if own.any():
            limits = f"{edges[i]:.2f} to {edges[i + 1]:.2f}"
            yield limits, int(own.sum()), int(mistakes[own].sum())


def draw_novelty(called: pd.DataFrame) -> Drawing | None:
    """Share of wrong calls by how near the nearest training sequence is."""
    bars = [
        Bar(
            f"{limits}, n = {n}",
            bad / n,
            *wilson(bad, n),
            f"{bad} of {n} wrong",
            variant=False,
        )
        for limits, n, bad in parts(called)
    ]
    if not bars:
        return None
    with plt.rc_context(figures.STYLE):
        figure = figures.forest(bars, "share of wrong calls, 95 % interval")
        title = "Wrong calls by identity to the nearest training sequence"
        return figures.drawn(figure, "novelty", title)


def draw_counts(rows: Sequence[Measured]) -> Drawing:
    """Right and wrong calls of both classes, at 0.5 and at the tuned threshold."""
    bars = list(_counts(rows))
    with plt.rc_context(figures.STYLE):
        figure, axes = plt.subplots(figsize=(figures.LARGE, 0.75 + 0.32 * len(bars)))
        for y, (_, right, wrong, colour, told) in enumerate(bars):
            total = max(1, right + wrong)
            good = axes.barh(y, right / total, 0.66, color=colour)
            bad = axes.barh(
                y, wrong / total, 0.66, left=right / total, color=figures.PAPER,
                edgecolor=colour, hatch="////", lw=0.8,
            )  # fmt: skip
            for patch in (*good, *bad):
                figures.mark(patch, told)
            axes.text(0.015, y, str(right), va="center", color=figures.PAPER)
            axes.text(1.015, y, f"{wrong} wrong", va="center")
        figures.named_rows(axes, [bar[0] for bar in bars], variants=False)
        axes.set(xlim=(0, 1), xlabel="share of the class")
        return figures.drawn(
            figure,
            "test-counts",
            "Right and wrong calls of the champion on the test set",
        )


def _counts(rows: Sequence[Measured]) -> Iterator[tuple[str, int, int, str, str]]:
    for row in rows:
        where = "0.5" if row.operating_point == HALF else "tuned"
        told = f"TP {row.tp}, FN {row.fn}, TN {row.tn}, FP {row.fp}"
        yield f"positives, {where}", row.tp, row.fn, figures.SN, told
        yield f"negatives, {where}", row.tn, row.fp, figures.SP, told


def hardest(called: pd.DataFrame) -> list[dict[str, Any]]:
    """Wrong calls whose score is farthest beyond the threshold, the farthest first."""
    found = called[wrong(called)].assign(near=closeness(called))
    far = (found["score"] - found["threshold"]).abs()
    found = found.assign(far=far).sort_values(["far", "id"], ascending=[False, True])
    return [
        {
            "id": row.id,
            "truth": "positive" if row.label else "negative",
            "score": row.score,
            "near": None if pd.isna(row.near) else row.near,
            "partner": None if pd.isna(row.near) else row.train_id,
        }
        for row in found.head(_HARDEST).itertuples()
    ]


def nearest_tells(called: pd.DataFrame) -> str | None:
    """Whether mistakes are on the novel ones, in a sentence."""
    found = list(parts(called))
    if len(found) < 2:
        return None
    (_, n_far, bad_far), (_, n_near, bad_near) = found[0], found[-1]
    low, high = newcombe((bad_far, bad_near), (n_far, n_near))
    told = (
        f"Of the quarter least like training {bad_far} of {n_far} are called wrong, of "
        f"the quarter most like it {bad_near} of {n_near}"
    )
    if low > 0:
        return f"{told}: mistakes are on the novel ones."
    if high < 0:
        return f"{told}: mistakes are not on the novel ones."
    return f"{told}: no difference beyond chance."


def _tells(facts: Facts) -> dict[str, Any] | None:
    if not len(facts.called):
        return None
    champion = [row for row in facts.measured if row.variant == facts.shown]
    return {
        "shown": facts.shown,
        "n": len(facts.called),
        "bad": int(wrong(facts.called).sum()),
        "sentence": nearest_tells(facts.called),
        "counts": draw_counts(champion) if champion else None,
        "novelty": draw_novelty(facts.called),
        "rows": hardest(facts.called),
    }


SECTION = Section(
    _tells,
    """\
<h2 id="mistakes">Where does it err?</h2>
<p>{{ shown }} calls {{ bad }} of {{ n }} test sequences wrong.{% if sentence %} {{ sentence }}{% endif %}</p>
<div class="beside">
{% if counts or novelty %}<div>{% if counts %}{% call figure(counts) %}Right and, hatched, wrong calls of {{ shown }}.{% endcall %}
{% endif %}{% if novelty %}{% call figure(novelty) %}Quarters of the test set by {{ term("identity") }} to the nearest training sequence. Intervals: Wilson's, sequences taken as independent.{% endcall %}{% endif %}</div>{% endif %}
{% if rows %}<div>{% call table("hardest", "The hardest test sequences: wrong by most") %}
<thead><tr><th scope="col" class="t">id</th><th scope="col" class="t">true class</th><th scope="col">score</th><th scope="col">{{ term("identity") }}</th><th scope="col" class="t">nearest in training</th></tr></thead>
<tbody>{% for row in rows %}<tr><th scope="row">{{ row.id }}</th><td class="t">{{ row.truth }}</td><td>{{ row.score|rate }}</td><td>{{ '%.2f'|format(row.near) if row.near is not none else '–' }}</td><td class="t">{{ row.partner or '–' }}</td></tr>
{% endfor %}</tbody>
{% endcall %}
<p><small>All calls are in <a href="test/predictions.parquet">test/predictions.parquet</a>. A wrong label is one reason to be hard: look at these first.</small></p></div>{% endif %}
</div>
""",
)
