"""On the independent test set: what every variant reaches there."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evenfold.config.criteria import words
from evenfold.records.evaluation import Measured
from evenfold.records.thresholds import HALF
from evenfold.reporting import figures
from evenfold.reporting.facts import Facts
from evenfold.reporting.figures import Bar, Drawing, Size
from evenfold.reporting.judging import tuning
from evenfold.reporting.reached import predicted
from evenfold.reporting.section import Section

_COLOURS = (("threshold 0.5", figures.HALF), ("tuned threshold", figures.MCC))
_MOVED = (("MCC", figures.MCC), ("|SN − SP|", figures.SP))
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
        label = "MCC, 95 % interval"
        figure = figures.forest(bars, label, _colours(rows), size=_size(rows))
        return figures.drawn(figure, "test-mcc", "MCC of every variant on the test set")


def _tuned(rows: Sequence[Measured]) -> bool:
    return any(row.operating_point != HALF for row in rows)


def _colours(rows: Sequence[Measured]) -> list[tuple[str, str]]:
    """Entries of a legend, of the thresholds that there are."""
    found = {
        figures.HALF if row.operating_point == HALF else figures.MCC for row in rows
    }
    return [(word, colour) for word, colour in _COLOURS if colour in found]


def _many(rows: Sequence[Measured]) -> bool:
    return len({row.variant for row in rows}) > _NAMED


def _size(rows: Sequence[Measured]) -> Size:
    """Lines of all forests here are of one height: those of a variant stand side by side."""
    return Size(figures.SMALL if _many(rows) else figures.LARGE, figures.ROW)


def draw_rates(rows: Sequence[Measured]) -> Drawing:
    """SN and SP of every variant on lines of its own: above at 0.5, below as tuned."""
    rows = _best_first(rows)
    names = list(dict.fromkeys(row.variant for row in rows))
    colours = (("SN", figures.SN), ("SP", figures.SP))
    with plt.rc_context(figures.STYLE):
        size = _size(rows)
        height = 0.75 + len(names) * figures.ROW
        figure, axes = plt.subplots(figsize=(size.width, height))
        for row in rows:
            y = names.index(row.variant) + (
                -0.16 if row.operating_point == HALF else 0.16
            )
            (line,) = axes.plot([row.sn, row.sp], [y, y], color=figures.HALF, lw=1.2)
            dots = [
                axes.plot(
                    value, y, "o", ms=5.5, mec=colour, mew=1.4,
                    color=figures.PAPER if row.operating_point == HALF else colour,
                )[0]
                for value, (_, colour) in zip((row.sn, row.sp), colours)
            ]  # fmt: skip
            for artist in (line, *dots):
                figures.mark(artist, _point(row), row.variant)
        figures.named_rows(axes, names, variants=True)
        axes.set_xlabel("open at 0.5, filled as tuned")
        figures.legend_above(axes, colours)
        return figures.drawn(
            figure, "test-rates", "SN and SP of every variant on the test set"
        )


def draw_tuning(rows: Sequence[Measured]) -> list[Drawing]:
    """What the tuned threshold changes from 0.5, on the same sequences."""
    start = _start_of(rows)
    moves = [
        (row.variant, tuning(start[row.variant], row))
        for row in _best_first(rows)
        if row.operating_point != HALF and row.variant in start
    ]
    if not moves:
        return []
    bars = [
        Bar(name, value, *ends, _moved(name, what, value, ends), colour)
        for name, one in moves
        for what, value, ends, colour in (
            (_MOVED[0][0], one.mcc, one.of_mcc, _MOVED[0][1]),
            (_MOVED[1][0], one.gap, one.of_gap, _MOVED[1][1]),
        )
    ]
    with plt.rc_context(figures.STYLE):
        label = "change from 0.5 to tuned"
        figure = figures.forest(bars, label, _MOVED, zero=True, size=_size(rows))
        title = "Paired changes of MCC and |SN − SP| from 0.5 to the tuned threshold"
        return [figures.drawn(figure, "test-tuning", title)]


def _moved(name: str, what: str, value: float, ends: tuple[float, float]) -> str:
    return f"{name}: {what} {value:+.3f} {_signed(*ends)}"


def draw_balance(rows: Sequence[Measured]) -> Drawing:
    """SN against SP: each variant from threshold 0.5 to its tuned threshold."""
    low = min([0.5] + [row.sn for row in rows] + [row.sp for row in rows])
    low = max(0.0, np.floor(low * 10) / 10 - 0.05)
    with plt.rc_context(figures.STYLE):
        figure, axes = _plane(rows, Field(low, 1.01, low, 1.01), _start_of(rows))
        axes.set_aspect("equal")
        named = _best_first(_to_name(rows))
        if _many(rows):
            named = [row for row in named if row.champion]
        _name(axes, named)
        thresholds = (
            "from 0.5 to the tuned threshold" if _tuned(rows) else "at threshold 0.5"
        )
        title = f"Sensitivity against specificity, {thresholds}"
        return figures.drawn(figure, "test-plane", title)


def draw_zoom(rows: Sequence[Measured]) -> Drawing:
    """The part of the plane where the variants lie as they are deployed."""
    shown = _to_name(rows)
    with plt.rc_context(figures.STYLE):
        figure, axes = _plane(shown, _around(shown), {})
        _name(axes, _best_first(shown))
        title = "Sensitivity against specificity as deployed, enlarged"
        return figures.drawn(figure, "test-plane-zoom", title)


class Field(NamedTuple):
    """A part of the plane of SP and SN."""

    left: float
    right: float
    low: float
    high: float


def _around(rows: Sequence[Measured]) -> Field:
    """A field with some room around all points."""
    ends = []
    for values in ([row.sp for row in rows], [row.sn for row in rows]):
        room = max(0.01, 0.08 * (max(values) - min(values)))
        ends += [min(values) - room, max(values) + room]
    return Field(*ends)


def _to_name(rows: Sequence[Measured]) -> list[Measured]:
    deployed = [row for row in rows if row.deployed]
    return deployed or [row for row in rows if row.operating_point != HALF] or [*rows]


def _start_of(rows: Sequence[Measured]) -> dict[str, Measured]:
    return {row.variant: row for row in rows if row.operating_point == HALF}


def _plane(
    rows: Sequence[Measured], field: Field, start: Mapping[str, Measured]
) -> tuple[Figure, Axes]:
    """Points of a field of the plane, with arrows from where they start."""
    figure, axes = plt.subplots(figsize=(figures.LARGE, 3.4))
    (line,) = axes.plot(
        [0, 1], [0, 1], color=figures.MUTED, lw=1, ls=(0, (4, 3)), zorder=1
    )
    figures.mark(line, "SN = SP")
    size = 5.5 if _many(rows) else 7
    for row in rows:
        half = row.operating_point == HALF
        (dot,) = axes.plot(
            row.sp, row.sn, "o", ms=size, zorder=3,
            color=figures.PAPER if half else figures.MCC,
            mec=figures.HALF if half else figures.PAPER,
            mew=1.4 if half else 0.8,
        )  # fmt: skip
        figures.mark(dot, _point(row), row.variant)
        if half or row.variant not in start:
            continue
        origin = start[row.variant]
        arrow = axes.annotate(
            "", xy=(row.sp, row.sn), xytext=(origin.sp, origin.sn), zorder=2,
            arrowprops={"arrowstyle": "-|>", "color": figures.HALF,
                        "lw": 0.5 if _many(rows) else 0.9, "shrinkA": 4, "shrinkB": 4},
        )  # fmt: skip
        figures.mark(arrow.arrow_patch, "", row.variant)
    axes.set(
        xlim=(field.left, field.right), ylim=(field.low, field.high),
        xlabel="specificity SP", ylabel="sensitivity SN",
    )  # fmt: skip
    figures.legend_above(axes, _colours(rows))
    return figure, axes


def _name(axes: Axes, rows: Sequence[Measured]) -> None:
    """Names beside the plane, in the order of their points, each with a line to it."""
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    named = sorted(rows, key=lambda row: not row.champion)[:_NAMED]
    named.sort(key=lambda row: (row.sn, -row.sp))
    step = 0.07 * (high - low)
    heights = apart([row.sn for row in named], step, low + step / 2, high - step / 4)
    edge = right + 0.075 * (right - left)
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


def _tells(facts: Facts) -> dict[str, Any] | None:
    if facts.tested is None:
        return None
    rows = facts.measured
    changes = [draw_mcc(rows), *draw_tuning(rows)]
    return {
        "rows": rows,
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
        "planes": [draw_balance(rows), *([draw_zoom(rows)] if _many(rows) else [])],
        "changes": [*([draw_rates(rows)] if _many(rows) else []), *changes],
        "many": _many(rows),
        "tuned": _tuned(rows),
    }


SECTION = Section(
    _tells,
    """\
<h2 id="test">On the independent test set</h2>
<p>{{ rows[0].n }} sequences, looked at after every choice below was frozen. A sequence is called positive when its score reaches the threshold{% if criterion %}; the tuned threshold ({{ criterion }}) comes from cross-validation alone{% else %}, which stays at 0.5{% endif %}.</p>
{% call table("test", "Every variant on the test set, untuned" ~ (" and tuned" if tuned else "")) %}
<thead><tr><th scope="col" class="t">{{ term("variant") }}</th><th scope="col" class="t">operating point</th><th scope="col">{{ term("threshold") }}</th><th scope="col">{{ term("SN") }}</th><th scope="col">{{ term("SP") }}</th><th scope="col">{{ term("gap", "SN − SP") }}</th><th scope="col">{{ term("MCC") }}</th><th scope="col" data-parts="MCC low|MCC high">{{ term("95 % interval") }}</th><th scope="col" data-parts="PPV|PPV low|PPV high">{{ term("PPV") }}</th><th scope="col">{{ term("NPV") }}</th><th scope="col">{{ term("F1") }}</th><th scope="col">{{ term("ACC") }}</th><th scope="col">{{ term("AUROC") }}</th><th scope="col">{{ term("AUPRC") }}</th><th scope="col">{{ term("Brier") }}</th><th scope="col" data-parts="TP|FP|TN|FN">{{ term("TP / FP / TN / FN") }}</th></tr></thead>
<tbody>
{% for row in rows %}
<tr data-variant="{{ row.variant }}" class="{{ 'champion' if row.champion and row.deployed else ('half' if row.operating_point == half) }}">
<th scope="row">{{ row.variant }}</th>
<td class="t">{% if row.operating_point == half %}untuned{% elif row.operating_point != "sn_eq_sp" and first[row.operating_point] == loop.index0 %}<abbr title="{{ words(row.operating_point) }}">{{ row.operating_point }}</abbr>{% else %}{{ row.operating_point }}{% endif %}</td>
<td>{{ row.threshold|threshold }}</td>
<td>{{ row.sn|rate }}</td><td>{{ row.sp|rate }}</td><td>{{ row.gap|signed }}</td>
<td>{{ row.mcc|rate }}</td><td>[{{ row.mcc_low|rate }}, {{ row.mcc_high|rate }}]</td>{% for value in predicted(row) %}<td>{{ value }}</td>{% endfor %}
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
{% set of_planes %}Plane: {% if tuned %}from threshold 0.5 to the tuned threshold; {% endif %}on the dashed line SN and SP are equal.{% if many %} Enlarged beside it: the variants as they are deployed, the best ten named; point at any other.{% endif %}{% endset %}
{% set of_changes %}MCC with its interval: 95 %, of MCC in the population that the test set comes from, by a bootstrap over groups of related sequences that lets the class ratio vary, threshold fixed.{% if tuned %} Changes from 0.5 to the tuned threshold are paired, sequences taken as independent.{% endif %}{% if many %} Of SN, SP and MCC the upper of two lines is at 0.5.{% endif %}{% endset %}
{% if many %}{% call panels(planes) %}{{ of_planes }}{% endcall %}
{% call panels(changes) %}{{ of_changes }}{% endcall %}
{% else %}{% call panels(planes + changes) %}{{ of_planes }} {{ of_changes }}{% endcall %}
{% endif %}""",
)
