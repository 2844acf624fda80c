"""How sure is a single call: sets of classes, and what is left when some stay open."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt

from evenfold.metrics.conformal import place_of
from evenfold.records.selection import Covered, Judged, Sure
from evenfold.reporting import figures
from evenfold.reporting.facts import Facts
from evenfold.reporting.figures import Drawing
from evenfold.reporting.section import Section


@dataclass(frozen=True)
class Row:
    """How often the sets of one class hold it: out-of-fold, and on the test set."""

    name: str
    oof: Covered
    tested: Covered | None


def called_alone(sure: Sure, error: float, where: str) -> str:
    """What is called where sets hold one class alone, in a sentence.

    Parameters
    ----------
    sure : Sure
    error : float
    where : str
        Of what, as in `of the training sequences`.
    """
    i = place_of(error, sure.errors)
    open_sets = (
        f"{100 * sure.both[i]:.0f} % both classes, {100 * sure.none[i]:.0f} % none"
    )
    reached = [
        f"{name} {value:.2f}"
        for name, value in (
            ("MCC", sure.mcc[i]), ("SN", sure.sn[i]), ("SP", sure.sp[i])
        )
        if value is not None
    ]  # fmt: skip
    worth = f": called alone, these reach {', '.join(reached)}" if reached else ""
    return (
        f"The sets of {100 * sure.one[i]:.0f} % {where} hold one class alone "
        f"({open_sets}){worth}."
    )


def missed(tested: Judged, error: float) -> list[str]:
    """Classes that the sets missed more often on the test set than promised."""
    return [
        f"On the test set, the sets of {name} held their class in "
        f"{100 * one.share:.0f} % [{100 * one.low:.0f}, {100 * one.high:.0f}] where "
        f"{100 * (1 - error):.0f} % were promised: its {name} are not like those of the "
        "training data, or the scores of new sequences are not like out-of-fold ones."
        for name, one in (
            ("positives", tested.positive), ("negatives", tested.negative)
        )
        if one.high < 1 - error
    ]  # fmt: skip


def draw_sure(oof: Sure, tested: Sure | None) -> list[Drawing]:
    """What is called, and what the calls are worth, by the error of the sets.

    Parameters
    ----------
    oof : Sure
    tested : Sure or None
        On the test set; a panel of its own.

    Returns
    -------
    list of Drawing
    """
    found = [_sure("out-of-fold", oof)]
    return [*found, _sure("test set", tested)] if tested else found


def _sure(where: str, sure: Sure) -> Drawing:
    shown = (
        (sure.one, figures.INK, "share called"),
        (sure.mcc, figures.MCC, "MCC"),
        (sure.sn, figures.SN, "SN"),
        (sure.sp, figures.SP, "SP"),
    )
    with plt.rc_context(figures.STYLE):
        figure, axes = plt.subplots(figsize=(figures.LARGE, 2.5))
        x = [100 * one for one in sure.errors]
        for values, colour, label in shown:
            (line,) = axes.plot(x, _numbers(values), color=colour, lw=1.7)
            figures.mark(line, f"{label}, {where}")
        axes.set(
            xlabel=f"error of the sets, %, {where}", ylabel="among the called",
            ylim=(0, 1.02),
        )  # fmt: skip
        figures.legend_above(axes, [(label, c) for _, c, label in shown], marker="")
        file = f"prediction-sets-{where.replace(' ', '-')}"
        return figures.drawn(figure, file, f"Calls by error of the sets, {where}")


def _numbers(values: Sequence[float | None]) -> list[float]:
    return [float("nan") if value is None else value for value in values]


def _tells(facts: Facts) -> dict[str, Any] | None:
    trust = facts.selection.trust
    if trust is None:
        return None
    seen = facts.evaluation if facts.tested and not facts.since_look else None
    tested = seen.trust if seen else None
    return {
        "error": 100 * trust.error,
        "rows": [
            Row("positive", trust.oof.positive, tested.positive if tested else None),
            Row("negative", trust.oof.negative, tested.negative if tested else None),
        ],
        "tested": tested is not None,
        "sentences": [
            *trust.impossible(trust.error),
            *(missed(tested, trust.error) if tested else []),
            called_alone(trust.oof.sure, trust.error, "of the training sequences"),
            *(
                [called_alone(tested.sure, trust.error, "of the test sequences")]
                if tested
                else []
            ),
        ],
        "sure": draw_sure(trust.oof.sure, tested.sure if tested else None),
    }


SECTION = Section(
    _tells,
    """\
<h2 id="prediction-sets">How sure is a single call?</h2>
<p>Every new sequence gets a set of classes beside its score: one class, both where the score cannot tell, none where it is like neither. For either class, the set of a sequence of a new group misses it in at most {{ '%.0f'|format(error) }} % (<code>selection: {error: {{ '%.2f'|format(error / 100) }}}</code>). Groups of related sequences count as one.</p>
{% call table("prediction-sets", "How often sets hold the class") %}
<thead><tr><th scope="col" class="t">class</th><th scope="col">groups</th><th scope="col">sequences</th><th scope="col" data-parts="set holds it, out-of-fold|low|high">set holds it, out-of-fold</th><th scope="col">sequences alike</th>{% if tested %}<th scope="col">groups, test</th><th scope="col" data-parts="set holds it, test|low|high">set holds it, test</th><th scope="col">sequences alike</th>{% endif %}</tr></thead>
<tbody>{% for row in rows %}<tr><th scope="row">{{ row.name }}</th>{% for one in [row.oof, row.tested] if one %}<td>{{ one.groups }}</td>{% if loop.first %}<td>{{ one.sequences }}</td>{% endif %}<td>{{ one.share|rate }} <small>[{{ one.low|rate }}, {{ one.high|rate }}]</small></td><td>{{ one.of_sequences|rate }}</td>{% endfor %}</tr>
{% endfor %}</tbody>{% endcall %}
{% for sentence in sentences %}<p>{{ sentence }}</p>
{% endfor %}<p><small>Hierarchical conformal prediction by class (Lee et al. 2023): groups count alike in the first share, sequences in the second; out-of-fold, every fold is judged by sets of the other folds. <code>evenfold predict</code> writes the set, and a Venn-Abers interval of the probability, in which a new sequence weighs like a group. The calibrated probability is fitted apart, and may be outside of it.</small></p>
{% call panels(sure) %}Calling only where the set holds one class: the share of sequences that is called, and MCC, SN and SP among these, out-of-fold{% if tested %} and on the test set{% endif %}.{% endcall %}
""",
)
