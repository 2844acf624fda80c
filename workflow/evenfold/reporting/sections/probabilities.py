"""Can a score be read as a probability: calibration, raw and after."""

from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
from markupsafe import Markup

from evenfold.records.evaluation import Measured, TestCurves
from evenfold.records.thresholds import Calibration, ProperScores
from evenfold.reporting import figures
from evenfold.reporting.facts import Facts
from evenfold.reporting.section import Section

#: What `Calibration.scores` and `curves` call the scores as they are.
_RAW = "none"


@dataclass(frozen=True)
class Row:
    """One line of the table: a variant, its scores raw and calibrated.

    Attributes
    ----------
    name : str
    method : str
        Of calibration.
    shown : list of (float, float)
        Raw and calibrated, out-of-fold: Brier score, log-loss, miscalibration, Brier
        skill and expected calibration error.
    tested : list of (float, float)
        The first two on the test set; empty without a look.
    """

    name: str
    method: str
    shown: list[tuple[float, float]]
    tested: list[tuple[float, float]]


def probability_row(
    name: str, calibration: Calibration, tested: Measured | None
) -> Row:
    """The line of a variant."""
    method = calibration.calibrator.method
    raw, better = calibration.scores[_RAW], calibration.scores[method]
    return Row(
        name=name,
        method=method,
        shown=list(zip(_shown(raw), _shown(better))),
        tested=[
            (tested.brier, tested.brier_calibrated),
            (tested.log_loss, tested.log_loss_calibrated),
        ]
        if tested
        else [],
    )


def _shown(scores: ProperScores) -> tuple[float, ...]:
    return scores.brier, scores.log_loss, scores.mcb, scores.d2, scores.ece


def draw_reliability(calibration: Calibration, tested: TestCurves | None) -> Markup:
    """Reliability of a variant, and the net benefit of acting on it.

    Parameters
    ----------
    calibration : Calibration
    tested : TestCurves or None
        On the test set; drawn dotted beside.

    Returns
    -------
    Markup
        An <svg> element.
    """
    method = calibration.calibrator.method
    with plt.rc_context(figures.STYLE):
        figure, (left, right) = plt.subplots(1, 2, figsize=(8.6, 3.6))
        left.plot([0, 1], [0, 1], "--", color=figures.INK, lw=0.8)
        shown = [(_RAW, figures.HALF, "raw score")]
        if method != _RAW:
            shown.append((method, figures.MCC, f"calibrated: {method}"))
        for name, colour, label in shown:
            curve = calibration.curves[name]
            left.plot(curve.predicted, curve.observed, color=colour, label=label)
        if tested:
            curve = tested.reliability.calibrated
            left.plot(
                curve.predicted,
                curve.observed,
                ":",
                color=figures.INK,
                label="test set",
            )
        left.set_xlabel("predicted probability")
        left.set_ylabel("observed share of positives")
        left.set_aspect("equal")
        left.legend(fontsize=8, loc="upper left")
        benefit = calibration.net_benefit
        for values, colour, label in (
            (benefit.all, figures.SP, "call all positive"),
            (benefit.raw, figures.HALF, "raw score"),
            (benefit.calibrated, figures.MCC, "calibrated"),
        ):
            right.plot(benefit.risk, values, color=colour, label=label)
        if tested:
            right.plot(
                tested.risk,
                tested.net_benefit.calibrated,
                ":",
                color=figures.INK,
                label="test set",
            )
        right.axhline(0, color=figures.INK, lw=0.8)
        top = max(*benefit.raw, *benefit.calibrated)
        right.set_ylim(-0.25 * top, 1.15 * top)
        right.set_xlabel("risk at which acting is worth it")
        right.set_ylabel("net benefit")
        right.legend(fontsize=8, loc="upper right")
        figure.tight_layout()
        return figures.svg(figure)


def _tells(facts: Facts) -> dict[str, Any] | None:
    # Of models that were trained again since the look, no test result is known.
    seen = facts.evaluation if facts.tested and not facts.since_look else None
    tested = facts.deployed if seen else {}
    rows = [
        probability_row(name, one.calibration, tested.get(name))
        for name, one in facts.tuned.items()
        if one.calibration
    ]
    if not rows:
        return None
    calibration = facts.champion.calibration
    curves = seen.curves if seen else None
    return {
        "champion": facts.selection.champion,
        "tested": seen is not None,
        "rows": rows,
        "reliability": draw_reliability(calibration, curves) if calibration else None,
    }


SECTION = Section(
    _tells,
    """\
<h2>Can a score be read as a probability?</h2>
<p>A score of 0.8 should be right eight times in ten. Calibration is chosen per variant by its log-loss, every score judged by a calibrator of the other folds, and frozen before the look. It moves no SN, SP or MCC: only what the numbers mean.</p>
<div class="scroll"><table>
<thead><tr><th class="t">variant</th><th class="t">calibration</th><th>Brier</th><th>log-loss</th><th>miscalibration</th><th>Brier skill</th><th>ECE</th>{% if tested %}<th>Brier, test</th><th>log-loss, test</th>{% endif %}</tr></thead>
<tbody>{% for row in rows %}<tr class="{{ 'champion' if row.name == champion }}"><td class="t">{{ row.name }}</td><td class="t">{{ row.method }}</td>
{% for raw, better in row.shown + row.tested %}<td>{{ raw|rate }} → {{ better|rate }}</td>{% endfor %}</tr>
{% endfor %}</tbody></table></div>
<p><small>Raw → calibrated. Miscalibration: what isotonic regression would take off the Brier score (CORP). Brier skill: over always answering the share of positives. Brier score and skill compare variants only after calibration: losses that are not proper give scores that are not meant as probabilities.</small></p>
{% if reliability %}<figure class="wide">{{ reliability }}<figcaption>The champion, out-of-fold{% if tested %}, and dotted, calibrated, on the test set{% endif %}. Left: reliability (CORP: isotonic, no bins). Right: net benefit, the true positives gained less the false positives at their price, per sequence.</figcaption></figure>{% endif %}
""",
)
