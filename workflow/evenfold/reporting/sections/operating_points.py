"""Operating points: the curves over the threshold, and other choices for the champion."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt

from evenfold.config.criteria import in_order, words
from evenfold.records.thresholds import Tuned, told
from evenfold.reporting import figures
from evenfold.reporting.facts import Facts
from evenfold.reporting.figures import Drawing
from evenfold.reporting.reached import predicted
from evenfold.reporting.section import Section

#: Panels that are not folded away.
_OPEN = 9
_CURVES = (("SN", figures.SN), ("SP", figures.SP), ("MCC", figures.MCC))


def draw_curves(tuned: Mapping[str, Tuned], names: Sequence[str]) -> list[Drawing]:
    """SN, SP and MCC over the threshold, with each fold's own threshold, per variant.

    Parameters
    ----------
    tuned : dict of str to Tuned
        By variant.
    names : sequence of str
        Those that are drawn.

    Returns
    -------
    list of Drawing
        One a variant.
    """
    return [_draw(name, tuned[name], first=name == names[0]) for name in names]


def _draw(name: str, one: Tuned, first: bool) -> Drawing:
    with plt.rc_context(figures.STYLE):
        figure, axes = plt.subplots(figsize=(figures.SMALL, 2.2))
        values = (one.curve.sn, one.curve.sp, one.curve.mcc)
        for curve, (what, colour) in zip(values, _CURVES):
            (line,) = axes.plot(one.curve.threshold, curve, color=colour, lw=1.7)
            figures.mark(line, what)
        axes.axvline(0.5, color=figures.HALF, lw=1, ls=(0, (3, 3)))
        tuned_at = axes.axvline(one.threshold, color=figures.INK, lw=1.2)
        figures.mark(tuned_at, f"{name}: deployed at {told(one.threshold)}")
        for fold in one.folds:
            if one.operating_point in fold.thresholds:
                at = fold.thresholds[one.operating_point]
                (tick,) = axes.plot(at, -0.05, "|", color=figures.INK, ms=9, mew=1.4)
                figures.mark(tick, f"fold {fold.fold} alone: {told(at)}")
        axes.set_title(name, pad=18 if first else 6)
        axes.set(xlim=(0, 1), ylim=(-0.12, 1.02), xlabel="threshold")
        if first:
            figures.legend_above(axes, _CURVES, marker="")
        file = f"threshold-{_file(name)}"
        title = f"SN, SP and MCC of {name} over the threshold, out-of-fold"
        return figures.drawn(figure, file, title, variant=name)


def _file(name: str) -> str:
    """A variant as part of a file's name."""
    return re.sub(r"[^A-Za-z0-9-]", "-", name)


def _tells(facts: Facts) -> dict[str, Any]:
    points = facts.champion.points
    names = [facts.selection.champion, *facts.tuned]
    names = [name for name in dict.fromkeys(names) if name in facts.tuned]
    return {
        "curves": draw_curves(facts.tuned, names[:_OPEN]),
        "more": draw_curves(facts.tuned, names[_OPEN:]) if names[_OPEN:] else [],
        "predicted": predicted,
        "points": [(words(name), points[name]) for name in in_order(points)],
    }


SECTION = Section(
    _tells,
    """\
<h3 id="thresholds">Over the threshold</h3>
{% call panels(curves) %}Out-of-fold SN, SP and MCC over the threshold. Solid line: the variant's threshold; dashed: 0.5; ticks below: the threshold each fold would have chosen alone.{% endcall %}
{% if more %}<details><summary>{{ more|length|counted("more variant") }}</summary>{% call panels(more) %}{% endcall %}</details>{% endif %}
<h3 id="operating-points">Other operating points of the champion, out-of-fold</h3>
<p><small>Intervals: of MCC in the population, by a bootstrap of sequences taken as independent; those of the tables above are over groups, and wider where relatives are alike. An interval of PPV, where positives are rare, is Wilson's.</small></p>
{% call table("operating-points", "Operating points of the champion, out-of-fold") %}
<thead><tr><th scope="col" class="t">criterion</th><th scope="col">threshold</th><th scope="col">SN</th><th scope="col">SP</th><th scope="col" data-parts="PPV|PPV low|PPV high">PPV</th><th scope="col">NPV</th><th scope="col">F1</th><th scope="col">SN − SP</th><th scope="col">MCC</th><th scope="col" data-parts="MCC low|MCC high">95 % interval</th></tr></thead>
<tbody>{% for criterion, point in points %}<tr><th scope="row">{{ criterion }}</th><td>{{ point.threshold|threshold }}</td><td>{{ point.sn|rate }}</td><td>{{ point.sp|rate }}</td>{% for value in predicted(point) %}<td>{{ value }}</td>{% endfor %}<td>{{ point.gap|signed }}</td><td>{{ point.mcc|rate }}</td><td>[{{ point.mcc_low|rate }}, {{ point.mcc_high|rate }}]</td></tr>{% endfor %}</tbody>
{% endcall %}
""",
)
