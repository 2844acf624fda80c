"""On the independent test set: what every variant reaches there."""

import math
from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from markupsafe import Markup

from evenfold.config.criteria import words
from evenfold.records.evaluation import Measured
from evenfold.records.thresholds import HALF
from evenfold.reporting import figures
from evenfold.reporting.facts import Facts
from evenfold.reporting.reached import predicted
from evenfold.reporting.section import Section

_COLOURS = (("threshold 0.5", figures.HALF), ("tuned threshold", figures.MCC))


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


def draw_mcc(rows: Sequence[Measured]) -> Markup:
    """MCC with its interval for every variant, at 0.5 and at the tuned threshold."""
    with plt.rc_context(figures.STYLE):
        names = list(dict.fromkeys(row.variant for row in rows))
        figure, axes = plt.subplots(figsize=(5.4, 1.6 + 0.5 * len(names)))
        for row in rows:
            half = row.operating_point == HALF
            y = names.index(row.variant) + (-0.14 if half else 0.14)
            colour = figures.HALF if half else figures.MCC
            axes.plot([row.mcc_low, row.mcc_high], [y, y], color=colour, lw=2)
            axes.plot(row.mcc, y, "o", color=colour, ms=6, mec="white", mew=0.8)
        axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()
        axes.grid(axis="y", visible=False)
        axes.set_xlabel("MCC, 95 % bootstrap interval")
        figures.legend_above(axes, _COLOURS)
        return figures.svg(figure)


def draw_balance(rows: Sequence[Measured]) -> Markup:
    """SN against SP: each variant from threshold 0.5 to its tuned threshold."""
    with plt.rc_context(figures.STYLE):
        figure, axes = plt.subplots(figsize=(5.0, 5.0))
        axes.plot([0, 1], [0, 1], color=figures.MUTED, lw=1, ls=(0, (4, 3)), zorder=1)
        start = {row.variant: row for row in rows if row.operating_point == HALF}
        tuned = [row for row in rows if row.operating_point != HALF]
        for row in rows:
            half = row.operating_point == HALF
            axes.plot(
                row.sp,
                row.sn,
                "o",
                color="white" if half else figures.MCC,
                mec=figures.HALF if half else "white",
                mew=1.6 if half else 0.8,
                ms=7,
                zorder=3,
            )
        for row in tuned:
            origin = start[row.variant]
            axes.annotate(
                "",
                xy=(row.sp, row.sn),
                xytext=(origin.sp, origin.sn),
                arrowprops={
                    "arrowstyle": "-|>",
                    "color": figures.HALF,
                    "lw": 0.9,
                    "shrinkA": 4,
                    "shrinkB": 4,
                },
                zorder=2,
            )
        for row in [row for row in tuned if row.champion] or tuned[:1]:
            axes.annotate(
                row.variant,
                (row.sp, row.sn),
                xytext=(-8, 10),
                textcoords="offset points",
                ha="right",
                weight="bold",
                color=figures.MCC,
            )
        low = min([0.5] + [row.sn for row in rows] + [row.sp for row in rows])
        low = max(0.0, np.floor(low * 10) / 10 - 0.05)
        axes.set(
            xlim=(low, 1.01),
            ylim=(low, 1.01),
            xlabel="specificity SP",
            ylabel="sensitivity SN",
            aspect="equal",
        )
        figures.legend_above(axes, _COLOURS)
        return figures.svg(figure)


def _tells(facts: Facts) -> dict[str, Any] | None:
    if facts.tested is None:
        return None
    return {
        "rows": facts.measured,
        "half": HALF,
        "published": facts.settings.published,
        "predicted": predicted,
        "criterion": words(facts.tested.operating_point),
        "sides": sides(facts.tested),
        "mcc": draw_mcc(facts.measured),
        "balance": draw_balance(facts.measured),
    }


SECTION = Section(
    _tells,
    """\
<h2>On the independent test set</h2>
<p>{{ rows[0].n }} sequences, looked at once every choice below was frozen. A sequence is called positive when its score reaches the threshold; the tuned threshold ({{ criterion }}) comes from cross-validation alone.</p>
<div class="scroll">
<table>
<thead><tr><th class="t">variant</th><th class="t">threshold</th><th></th><th>SN</th><th>SP</th><th>PPV</th><th>NPV</th><th>F1</th><th>SN − SP</th><th>MCC</th><th>95 % interval</th><th>ACC</th><th>AUROC</th><th>AUPRC</th><th>Brier</th><th>TP / FP / TN / FN</th></tr></thead>
<tbody>
{% for row in rows %}
<tr class="{{ 'half' if row.operating_point == half else ('champion' if row.champion) }}">
<td class="t">{{ row.variant if loop.changed(row.variant) }}</td>
<td class="t">{{ 'untuned' if row.operating_point == half else row.operating_point }}</td>
<td>{{ row.threshold|threshold }}</td>
<td>{{ row.sn|rate }}</td><td>{{ row.sp|rate }}</td>{% for value in predicted(row) %}<td>{{ value }}</td>{% endfor %}<td>{{ row.gap|signed }}</td>
<td>{{ row.mcc|rate }}</td><td>{{ row.mcc_low|rate }} – {{ row.mcc_high|rate }}</td>
<td>{{ row.acc|rate }}</td><td>{{ row.auroc|rate }}</td><td>{{ row.auprc|rate }}</td><td>{{ row.brier|rate }}</td>
<td>{{ row.tp }} / {{ row.fp }} / {{ row.tn }} / {{ row.fn }}</td>
</tr>
{% endfor %}
{% for row in published %}
<tr class="published"><td class="t">{{ row.method }}</td><td class="t">published</td><td></td>
{% for key in ('sn', 'sp') %}<td>{{ row[key]|rate if row[key] is defined }}</td>{% endfor %}
<td></td><td></td><td></td><td>{{ (row.sn - row.sp)|signed if row.sn is defined and row.sp is defined }}</td>
<td>{{ row.mcc|rate if row.mcc is defined }}</td><td></td>
{% for key in ('acc', 'auroc') %}<td>{{ row[key]|rate if row[key] is defined }}</td>{% endfor %}<td></td><td></td><td></td></tr>
{% endfor %}
</tbody>
</table>
</div>
<p>{{ sides }}</p>
<p><small>PPV (precision), NPV and F1 depend on the share of positives. An interval of PPV stands where fewer than one sequence in five is positive: Wilson's, the calls taken as independent.</small></p>
<div class="figures">
<figure>{{ mcc }}<figcaption>MCC on the test set. Intervals: 95 %, of MCC in the population that the test set comes from, by a bootstrap over groups of related sequences that lets the class ratio vary, threshold fixed.</figcaption></figure>
<figure>{{ balance }}<figcaption>Sensitivity against specificity, from threshold 0.5 to the tuned threshold. On the dashed line the two are equal.</figcaption></figure>
</div>
""",
)
