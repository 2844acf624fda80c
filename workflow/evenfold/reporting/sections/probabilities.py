"""Can a score be read as a probability: calibration, raw and after."""

from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt

from evenfold.records.evaluation import Measured, TestCurves
from evenfold.records.thresholds import Calibration, ProperScores, Reliability
from evenfold.reporting import figures
from evenfold.reporting.facts import Facts
from evenfold.reporting.figures import Drawing
from evenfold.reporting.section import Section
from evenfold.reporting.words import calibration_term

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


def draw_reliability(
    calibration: Calibration, tested: TestCurves | None
) -> list[Drawing]:
    """Reliability of a variant: out-of-fold, and on the test set.

    Parameters
    ----------
    calibration : Calibration
    tested : TestCurves or None
        On the test set; a panel of its own.

    Returns
    -------
    list of Drawing
    """
    method = calibration.calibrator.method
    panels = [("out-of-fold", calibration.curves[_RAW], calibration.curves[method])]
    if tested:
        curves = tested.reliability
        panels.append(("test set", curves.raw, curves.calibrated))
    return [_reliability(where, raw, own, method) for where, raw, own in panels]


def _reliability(
    where: str, raw: Reliability, own: Reliability, method: str
) -> Drawing:
    shown = [(raw, figures.HALF, "raw score")]
    if method != _RAW:
        shown.append((own, figures.MCC, f"calibrated: {method}"))
    with plt.rc_context(figures.STYLE):
        figure, axes = plt.subplots(figsize=(figures.SMALL, 2.5))
        axes.plot([0, 1], [0, 1], "--", color=figures.INK, lw=0.8)
        for curve, colour, label in shown:
            (line,) = axes.plot(curve.predicted, curve.observed, color=colour)
            figures.mark(line, label)
        axes.set(
            xlim=(0, 1), ylim=(0, 1.02),
            xlabel=f"predicted probability, {where}",
            ylabel="observed share of positives",
        )  # fmt: skip
        figures.legend_above(axes, [(label, c) for _, c, label in shown], marker="")
        file = f"reliability-{where.replace(' ', '-')}"
        return figures.drawn(figure, file, f"Reliability of the champion, {where}")


def draw_benefit(
    calibration: Calibration, tested: TestCurves | None, share: float | None
) -> list[Drawing]:
    """Net benefit of a variant: out-of-fold, and on the test set.

    Parameters
    ----------
    calibration : Calibration
    tested : TestCurves or None
    share : float or None
        Of positives in the test set: what calling all gives there.

    Returns
    -------
    list of Drawing
        Each beside calling all of its own sequences positive.
    """
    own = calibration.net_benefit
    found = [_benefit("out-of-fold", own.risk, own.raw, own.calibrated, own.all)]
    if tested and share is not None:
        calling_all = [share - (1 - share) * r / (1 - r) for r in tested.risk]
        curves = tested.net_benefit
        found.append(
            _benefit(
                "test set", tested.risk, curves.raw, curves.calibrated, calling_all
            )
        )
    return found


def _benefit(where, risk, raw, calibrated, calling_all) -> Drawing:
    shown = [
        (calling_all, figures.SP, "call all positive"),
        (raw, figures.HALF, "raw score"),
        (calibrated, figures.MCC, "calibrated"),
    ]
    with plt.rc_context(figures.STYLE):
        figure, axes = plt.subplots(figsize=(figures.SMALL, 2.5))
        for values, colour, label in shown:
            (line,) = axes.plot(risk, values, color=colour)
            figures.mark(line, label)
        axes.axhline(0, color=figures.INK, lw=0.8)
        top = max(*raw, *calibrated, *calling_all, 0.01)
        axes.set(
            xlim=(0, 1), ylim=(-0.25 * top, 1.15 * top), ylabel="net benefit",
            xlabel=f"acting is worth it from, {where}",
        )  # fmt: skip
        figures.legend_above(axes, [(label, c) for _, c, label in shown], marker="")
        file = f"net-benefit-{where.replace(' ', '-')}"
        return figures.drawn(figure, file, f"Net benefit of the champion, {where}")


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
        "calibration": calibration_term,
        "tested": seen is not None,
        "rows": rows,
        "panels_drawn": [
            *draw_reliability(calibration, curves),
            *draw_benefit(calibration, curves, _share(facts)),
        ]
        if calibration
        else [],
    }


def _share(facts: Facts) -> float | None:
    """Of positives in the test set."""
    row = facts.tested
    return (row.tp + row.fn) / row.n if row else None


SECTION = Section(
    _tells,
    """\
<h2 id="probabilities">Can a score be read as a probability?</h2>
<p>A score of 0.8 should be right eight times in ten. Calibration is chosen per variant by its log-loss, every score judged by a calibrator of the other folds, and frozen before the look. It moves no SN, SP or MCC: only what the numbers mean.</p>
{% call table("probabilities", "Scores as probabilities") %}
<thead><tr><th scope="col" class="t">variant</th><th scope="col" class="t">calibration</th><th scope="col" data-parts="Brier, raw|Brier, calibrated">{{ term("Brier") }}</th><th scope="col" data-parts="log-loss, raw|log-loss, calibrated">{{ term("log-loss") }}</th><th scope="col" data-parts="miscalibration, raw|miscalibration, calibrated">{{ term("miscalibration") }}</th><th scope="col" data-parts="Brier skill, raw|Brier skill, calibrated">{{ term("Brier skill") }}</th><th scope="col" data-parts="ECE, raw|ECE, calibrated">{{ term("ECE") }}</th>{% if tested %}<th scope="col" data-parts="Brier, test, raw|Brier, test, calibrated">Brier, test</th><th scope="col" data-parts="log-loss, test, raw|log-loss, test, calibrated">log-loss, test</th>{% endif %}</tr></thead>
<tbody>{% for row in rows %}<tr data-variant="{{ row.name }}" class="{{ 'champion' if row.name == champion }}"><th scope="row">{{ row.name }}</th><td class="t">{{ calibration(row.method) }}</td>
{% for raw, better in row.shown + row.tested %}<td>{{ raw|rate }} → {{ better|rate }}</td>{% endfor %}</tr>
{% endfor %}</tbody>{% endcall %}
<p><small>Raw → calibrated. Miscalibration: what isotonic regression would take off the Brier score (CORP). Brier skill: over always answering the share of positives. Brier score and skill compare variants only after calibration: losses that are not proper give scores that are not meant as probabilities.</small></p>
{% if panels_drawn %}{% call panels(panels_drawn) %}The champion: reliability ({{ term("CORP") }}), and {{ term("net benefit") }}, each beside calling all sequences of its own panel positive.{% endcall %}{% endif %}
""",
)
