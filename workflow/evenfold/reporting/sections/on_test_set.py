"""On the independent test set: what every variant reaches there."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from evenfold.config.criteria import words
from evenfold.records.evaluation import Measured
from evenfold.records.thresholds import HALF
from evenfold.reporting import figures
from evenfold.reporting.facts import Facts
from evenfold.reporting.figures import Bar, Drawing
from evenfold.reporting.judging import tuning
from evenfold.reporting.reached import predicted
from evenfold.reporting.section import Section

_COLOURS = (("threshold 0.5", figures.HALF), ("tuned threshold", figures.MCC))
#: Points that have a name beside them; the others have it under the pointer.
_NAMED = 10


def sides(row: Measured) -> str:
    """A row's intervals in words, and with tuning counted in where there was any."""
    text = (
        "The champion, 95 % intervals of the classifier as it is: "
        f"SN {_rate(row.sn_low, row.sn_high)}, SP {_rate(row.sp_low, row.sp_high)}, "
        f"SN − SP {_signed(row.gap_low, row.gap_high)}, "
        f"MCC {_rate(row.mcc_low, row.mcc_high)}"
    )
    if not math.isnan(row.mcc_tuning_low):
        text += (
            "; counting also that another training set would have given another "
            f"threshold: SN {_rate(row.sn_tuning_low, row.sn_tuning_high)}, "
            f"SP {_rate(row.sp_tuning_low, row.sp_tuning_high)}, "
            f"SN − SP {_signed(row.gap_tuning_low, row.gap_tuning_high)}, "
            f"MCC {_rate(row.mcc_tuning_low, row.mcc_tuning_high)}"
        )
    return f"{text}."


def _rate(low: float, high: float) -> str:
    return f"[{low:.3f}, {high:.3f}]"


def _signed(low: float, high: float) -> str:
    return f"[{low:+.3f}, {high:+.3f}]"


def _point(row: Measured) -> str:
    """A row for who points at it."""
    return (
        f"{row.variant} at {row.threshold:.3f}: SN {row.sn:.3f}, SP {row.sp:.3f}, "
        f"MCC {row.mcc:.3f} [{row.mcc_low:.3f}, {row.mcc_high:.3f}]"
    )


def _best_first(rows: Sequence[Measured]) -> list[Measured]:
    """Rows by the variant's deployed MCC, at 0.5 before tuned."""
    reached = {row.variant: row.mcc for row in rows if row.deployed}
    return sorted(
        rows,
        key=lambda row: (
            -reached.get(row.variant, row.mcc), row.variant, row.operating_point != HALF,
        ),
    )  # fmt: skip


def draw_mcc(rows: Sequence[Measured]) -> Drawing:
    """MCC with its interval for every variant, at 0.5 and at the tuned threshold."""
    bars = [
        Bar(
            row.variant, row.mcc, row.mcc_low, row.mcc_high, _point(row),
            figures.HALF if row.operating_point == HALF else figures.MCC,
        )
        for row in _best_first(rows)
    ]  # fmt: skip
    with plt.rc_context(figures.STYLE):
        figure = figures.forest(bars, "MCC, 95 % bootstrap interval", _COLOURS)
        return figures.drawn(figure, "test-mcc", "MCC of every variant on the test set")


def draw_tuning(rows: Sequence[Measured]) -> list[Drawing]:
    """What the tuned threshold changes from 0.5, on the same sequences."""
    start = {row.variant: row for row in rows if row.operating_point == HALF}
    moves = [
        (row.variant, tuning(start[row.variant], row))
        for row in _best_first(rows)
        if row.operating_point != HALF and row.variant in start
    ]
    if not moves:
        return []
    mcc = [Bar(name, one.mcc, *one.of_mcc, _moved(name, "MCC", one.mcc, one.of_mcc))
           for name, one in moves]  # fmt: skip
    gap = [
        Bar(name, one.gap, *one.of_gap, _moved(name, "|SN − SP|", one.gap, one.of_gap),
            figures.SP)
        for name, one in moves
    ]  # fmt: skip
    found = []
    with plt.rc_context(figures.STYLE):
        for bars, key, what in ((mcc, "mcc", "MCC"), (gap, "gap", "|SN − SP|")):
            figure = figures.forest(bars, f"change of {what}, 0.5 → tuned", zero=True)
            title = f"Paired change of {what} from 0.5 to the tuned threshold"
            found.append(figures.drawn(figure, f"test-tuning-{key}", title))
    return found


def _moved(name: str, what: str, value: float, ends: tuple[float, float]) -> str:
    return f"{name}: {what} {value:+.3f} {_signed(*ends)}"


def draw_balance(rows: Sequence[Measured]) -> Drawing:
    """SN against SP: each variant from threshold 0.5 to its tuned threshold."""
    start = {row.variant: row for row in rows if row.operating_point == HALF}
    tuned = [row for row in rows if row.operating_point != HALF]
    low = min([0.5] + [row.sn for row in rows] + [row.sp for row in rows])
    low = max(0.0, np.floor(low * 10) / 10 - 0.05)
    with plt.rc_context(figures.STYLE):
        figure, axes = plt.subplots(figsize=(3.2, 3.2))
        (line,) = axes.plot(
            [0, 1], [0, 1], color=figures.MUTED, lw=1, ls=(0, (4, 3)), zorder=1
        )
        figures.mark(line, "SN = SP")
        for row in rows:
            half = row.operating_point == HALF
            (dot,) = axes.plot(
                row.sp, row.sn, "o", ms=7, zorder=3,
                color=figures.PAPER if half else figures.MCC,
                mec=figures.HALF if half else figures.PAPER,
                mew=1.6 if half else 0.8,
            )  # fmt: skip
            figures.mark(dot, _point(row), row.variant)
        for row in tuned:
            origin = start[row.variant]
            arrow = axes.annotate(
                "", xy=(row.sp, row.sn), xytext=(origin.sp, origin.sn), zorder=2,
                arrowprops={"arrowstyle": "-|>", "color": figures.HALF, "lw": 0.9,
                            "shrinkA": 4, "shrinkB": 4},
            )  # fmt: skip
            figures.mark(arrow.arrow_patch, "", row.variant)
        axes.set(
            xlim=(low, 1.01), ylim=(low, 1.01), aspect="equal",
            xlabel="specificity SP", ylabel="sensitivity SN",
        )  # fmt: skip
        named = [row for row in rows if row.deployed]
        _name(axes, _best_first(named or tuned or rows), low)
        figures.legend_above(axes, _COLOURS)
        title = "Sensitivity against specificity, from 0.5 to the tuned threshold"
        return figures.drawn(figure, "test-plane", title)


def _name(axes, rows: Sequence[Measured], low: float) -> None:
    """Names beside the plane, in the order of their points, each with a line to it."""
    named = sorted(rows, key=lambda row: not row.champion)[:_NAMED]
    named.sort(key=lambda row: (row.sn, -row.sp))
    step = 0.07 * (1.01 - low)
    heights = apart([row.sn for row in named], step, low + step / 2, 1.0)
    edge = 1.01 + 0.075 * (1.01 - low)
    for row, y in zip(named, heights):
        text = axes.annotate(
            row.variant, xy=(row.sp, row.sn), xytext=(edge, y), va="center",
            annotation_clip=False, weight="bold" if row.champion else "normal",
            color=figures.MCC if row.champion else figures.INK,
            arrowprops={"arrowstyle": "-", "color": figures.HALF, "lw": 0.6,
                        "shrinkA": 1, "shrinkB": 4, "relpos": (0, 0.5)},
        )  # fmt: skip
        figures.mark(text.arrow_patch, "", row.variant)
        figures.mark(text, _point(row), row.variant)


def apart(wanted: Sequence[float], step: float, low: float, high: float) -> list[float]:
    """Heights at least a step from each other, in order, near those that are wanted.

    Parameters
    ----------
    wanted : sequence of float
        Ascending.
    step, low, high : float
        Where there is no room between low and high, they go on above.

    Examples
    --------
    >>> apart([0.5, 0.5, 0.5], 0.25, 0.0, 1.0)
    [0.25, 0.5, 0.75]
    """
    # Blocks of touching names, each about the mean of what its names want.
    blocks: list[list[float]] = []
    for height in wanted:
        blocks.append([height])
        while len(blocks) > 1 and (
            _start(blocks[-1], step, low, high)
            < _start(blocks[-2], step, low, high) + step * len(blocks[-2]) - 1e-9
        ):
            blocks[-2:] = [blocks[-2] + blocks[-1]]
    return [
        _start(block, step, low, high) + step * i
        for block in blocks
        for i in range(len(block))
    ]


def _start(block: list[float], step: float, low: float, high: float) -> float:
    start = sum(block) / len(block) - step * (len(block) - 1) / 2
    return max(low, min(start, high - step * (len(block) - 1)))


def draw_counts(rows: Sequence[Measured]) -> Drawing:
    """Right and wrong calls of both classes, at 0.5 and at the tuned threshold."""
    bars = list(_counts(rows))
    with plt.rc_context(figures.STYLE):
        figure, axes = plt.subplots(figsize=(2.8, 0.75 + 0.32 * len(bars)))
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
        axes.set_yticks(range(len(bars)), [bar[0] for bar in bars])
        axes.set(xlim=(0, 1), ylim=(len(bars) - 0.4, -0.6), xlabel="share of the class")
        axes.grid(axis="y", visible=False)
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


def _tells(facts: Facts) -> dict[str, Any] | None:
    if facts.tested is None:
        return None
    champion = [row for row in facts.measured if row.variant == facts.shown]
    return {
        "rows": facts.measured,
        "half": HALF,
        "words": words,
        # Explained once, not in every row.
        "first": {
            row.operating_point: place
            for place, row in reversed(list(enumerate(facts.measured)))
        },
        "published": facts.settings.published,
        "predicted": predicted,
        "criterion": (
            words(facts.tested.operating_point)
            if facts.tested.operating_point != HALF
            else None
        ),
        "sides": sides(facts.tested),
        "figures": [
            draw_mcc(facts.measured),
            draw_balance(facts.measured),
            *draw_tuning(facts.measured),
            draw_counts(champion),
        ],
        "shown": facts.shown,
        "unnamed": len({row.variant for row in facts.measured}) > _NAMED,
    }


SECTION = Section(
    _tells,
    """\
<h2 id="test">On the independent test set</h2>
<p>{{ rows[0].n }} sequences, looked at once every choice below was frozen. A sequence is called positive when its score reaches the threshold{% if criterion %}; the tuned threshold ({{ criterion }}) comes from cross-validation alone{% else %}, which stays at 0.5{% endif %}.</p>
{% call table("test", "Every variant on the test set, untuned and tuned") %}
<thead><tr><th scope="col" class="t">{{ term("variant") }}</th><th scope="col" class="t">operating point</th><th scope="col">{{ term("threshold") }}</th><th scope="col">{{ term("SN") }}</th><th scope="col">{{ term("SP") }}</th><th scope="col">{{ term("gap", "SN − SP") }}</th><th scope="col">{{ term("MCC") }}</th><th scope="col" data-parts="MCC low|MCC high">{{ term("95 % interval") }}</th><th scope="col" data-parts="PPV|PPV low|PPV high">{{ term("PPV") }}</th><th scope="col">{{ term("NPV") }}</th><th scope="col">{{ term("F1") }}</th><th scope="col">{{ term("ACC") }}</th><th scope="col">{{ term("AUROC") }}</th><th scope="col">{{ term("AUPRC") }}</th><th scope="col">{{ term("Brier") }}</th><th scope="col" data-parts="TP|FP|TN|FN">{{ term("TP / FP / TN / FN") }}</th></tr></thead>
<tbody>
{% for row in rows %}
<tr data-variant="{{ row.variant }}" class="{{ 'champion' if row.champion and row.deployed else ('half' if row.operating_point == half) }}">
<th scope="row">{{ row.variant }}</th>
<td class="t">{% if row.operating_point == half %}untuned{% elif row.operating_point != "sn_eq_sp" and first[row.operating_point] == loop.index0 %}<abbr title="{{ words(row.operating_point) }}">{{ row.operating_point }}</abbr>{% else %}{{ row.operating_point }}{% endif %}</td>
<td>{{ row.threshold|threshold }}</td>
<td>{{ row.sn|rate }}</td><td>{{ row.sp|rate }}</td><td>{{ row.gap|signed }}</td>
<td>{{ row.mcc|rate }}</td><td>{{ row.mcc_low|rate }} – {{ row.mcc_high|rate }}</td>{% for value in predicted(row) %}<td>{{ value }}</td>{% endfor %}
<td>{{ row.acc|rate }}</td><td>{{ row.auroc|rate }}</td><td>{{ row.auprc|rate }}</td><td>{{ row.brier|rate }}</td>
<td>{{ row.tp }} / {{ row.fp }} / {{ row.tn }} / {{ row.fn }}</td>
</tr>
{% endfor %}
{% for row in published %}
<tr class="published"><th scope="row">{{ row.method }}</th><td class="t">published</td><td></td>
{% for key in ('sn', 'sp') %}<td>{{ row[key]|rate if row[key] is defined }}</td>{% endfor %}
<td>{{ (row.sn - row.sp)|signed if row.sn is defined and row.sp is defined }}</td>
<td>{{ row.mcc|rate if row.mcc is defined }}</td><td></td><td></td><td></td><td></td>
{% for key in ('acc', 'auroc') %}<td>{{ row[key]|rate if row[key] is defined }}</td>{% endfor %}<td></td><td></td><td></td></tr>
{% endfor %}
</tbody>
{% endcall %}
<p>{{ sides }}</p>
<p><small>PPV (precision), NPV and F1 depend on the share of positives. An interval of PPV stands where fewer than one sequence in five is positive: Wilson's, the calls taken as independent.</small></p>
{% call panels(figures, "tall") %}MCC with its interval: 95 %, of MCC in the population that the test set comes from, by a bootstrap over groups of related sequences that lets the class ratio vary, threshold fixed. Plane: from threshold 0.5 to the tuned threshold; on the dashed line SN and SP are equal.{% if unnamed %} The best ten are named; point at any other.{% endif %} Changes from 0.5 to the tuned threshold are paired, sequences taken as independent. Hatched: wrong calls of {{ shown }}.{% endcall %}
""",
)
