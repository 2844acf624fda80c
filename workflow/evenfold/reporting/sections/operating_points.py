"""Operating points: the curves over the threshold, and other choices for the champion."""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
from markupsafe import Markup

from evenfold.config.criteria import in_order, words
from evenfold.records.thresholds import Tuned
from evenfold.reporting import figures
from evenfold.reporting.facts import Facts
from evenfold.reporting.reached import predicted
from evenfold.reporting.section import Section

_CURVES = (("SN", figures.SN), ("SP", figures.SP), ("MCC", figures.MCC))


def draw_curves(tuned: Mapping[str, Tuned]) -> Markup:
    """SN, SP and MCC over the threshold, with each fold's own threshold, per variant.

    Parameters
    ----------
    tuned : dict of str to Tuned
        By variant.

    Returns
    -------
    Markup
        An <svg> element.
    """
    with plt.rc_context(figures.STYLE):
        columns = min(3, len(tuned))
        rows = -(-len(tuned) // columns)
        figure, grid = plt.subplots(
            rows, columns, figsize=(3.5 * columns, 2.3 * rows), squeeze=False,
            sharex=True, sharey=True,
        )  # fmt: skip
        for axes in grid.flat[len(tuned) :]:
            axes.set_visible(False)
        for axes, (name, one) in zip(grid.flat, tuned.items()):
            drawn = (one.curve.sn, one.curve.sp, one.curve.mcc)
            for curve, (_, colour) in zip(drawn, _CURVES):
                axes.plot(one.curve.threshold, curve, color=colour, lw=1.7)
            axes.axvline(one.threshold, color=figures.INK, lw=1)
            axes.axvline(0.5, color=figures.HALF, lw=1, ls=(0, (3, 3)))
            of_folds = [
                fold.thresholds[one.operating_point]
                for fold in one.folds
                if one.operating_point in fold.thresholds
            ]
            axes.plot(
                of_folds,
                [-0.04] * len(of_folds),
                "|",
                color=figures.INK,
                ms=9,
                mew=1.3,
            )
            axes.set_title(name, loc="left", weight="bold", fontsize=10)
            axes.set(xlim=(0, 1), ylim=(-0.1, 1.02))
        for axes in grid[-1]:
            axes.set_xlabel("threshold")
        grid[0, 0].legend(
            handles=[plt.Line2D([], [], color=c, label=name) for name, c in _CURVES],
            loc="lower center",
            ncols=3,
            fontsize=8.5,
            handlelength=1.2,
            columnspacing=1,
        )
        figure.tight_layout()
        return figures.svg(figure)


def _tells(facts: Facts) -> dict[str, Any]:
    points = facts.champion.points
    return {
        "curves": draw_curves(facts.tuned),
        "predicted": predicted,
        "points": [(words(name), points[name]) for name in in_order(points)],
    }


SECTION = Section(
    _tells,
    """\
<figure class="wide">{{ curves }}<figcaption>Out-of-fold SN, SP and MCC over the threshold. Solid line: the tuned threshold; dashed: 0.5; ticks below: the threshold each fold would have chosen alone.</figcaption></figure>
<h3>Other operating points of the champion, out-of-fold</h3>
<p><small>Intervals: of MCC in the population, by a bootstrap of sequences taken as independent; those of the tables above are over groups, and wider where relatives are alike. An interval of PPV, where positives are rare, is Wilson's.</small></p>
<div class="scroll"><table>
<thead><tr><th class="t">criterion</th><th>threshold</th><th>SN</th><th>SP</th><th>PPV</th><th>NPV</th><th>F1</th><th>SN − SP</th><th>MCC</th><th>95 % interval</th></tr></thead>
<tbody>{% for criterion, point in points %}<tr><td class="t">{{ criterion }}</td><td>{{ point.threshold|threshold }}</td><td>{{ point.sn|rate }}</td><td>{{ point.sp|rate }}</td>{% for value in predicted(point) %}<td>{{ value }}</td>{% endfor %}<td>{{ point.gap|signed }}</td><td>{{ point.mcc|rate }}</td><td>{{ point.mcc_low|rate }} – {{ point.mcc_high|rate }}</td></tr>{% endfor %}</tbody>
</table></div>
""",
)
