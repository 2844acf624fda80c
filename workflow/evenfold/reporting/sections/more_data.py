"""Would more data help? What parts of the training groups reach, and what more would."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt

from evenfold.records.learning_curve import Estimate, SizeCurve
from evenfold.reporting import figures
from evenfold.reporting.facts import Facts
from evenfold.reporting.figures import Drawing
from evenfold.reporting.section import Section

#: Change of AUROC that is little.
_LITTLE = 0.01
_COLOURS = (figures.MCC, figures.SN)


@dataclass(frozen=True)
class Answer:
    """What the curve of one model says: the answer, and its numbers in sentences."""

    answer: str
    name: str
    sentences: list[str]


def answer(curve: SizeCurve) -> Answer:
    """Whether more data would help a model, as far as its curve can say.

    By the interval of what twice the data would add to AUROC: no more than 0.01 is
    little, above zero is help, and what holds both cannot be told.
    """
    step, doubled = curve.last_step, curve.doubled
    sentences = []
    if step:
        before = curve.sizes[-2]
        sentences.append(
            f"From {100 * before.share:.0f} % to all of the training sequences, "
            f"out-of-fold AUROC changed by {_told(step.auroc)}, MCC by {_told(step.mcc)}."
        )
    if doubled is None:
        told = "Too few parts of the data could be trained on to say."
        return Answer(told, curve.name, sentences)
    sentences.append(
        f"If the curve goes on as a power law, twice the data would change AUROC by about "
        f"{_told(doubled.auroc)} and MCC by {_told(doubled.mcc)}."
    )
    if doubled.auroc.low >= -_LITTLE and doubled.auroc.high <= _LITTLE:
        told = "More data of this kind would change little."
    elif doubled.auroc.low > 0:
        told = "More data would help."
    else:
        told = "Too noisy to say whether more data would help."
    return Answer(told, curve.name, sentences)


def _told(change: Estimate) -> str:
    return f"{change.value:+.3f} [{change.low:+.3f}, {change.high:+.3f}]"


def draw_sizes(curves: Sequence[SizeCurve]) -> list[Drawing]:
    """AUROC and MCC by share of the training sequences, with the fitted power law.

    Parameters
    ----------
    curves : sequence of SizeCurve

    Returns
    -------
    list of Drawing
    """
    return [_panel(curves, measure) for measure in ("auroc", "mcc")]


def _panel(curves: Sequence[SizeCurve], measure: str) -> Drawing:
    with plt.rc_context(figures.STYLE):
        figure, axes = plt.subplots(figsize=(figures.LARGE, 2.6))
        for colour, curve in zip(_COLOURS, curves):
            _draw(axes, curve, measure, colour)
        axes.axvline(100, color=figures.HALF, lw=0.8, ls=":")
        axes.set(xlabel="% of the training sequences", ylabel=measure.upper())
        names = [curve.name for curve in curves]
        figures.legend_above(axes, list(zip(names, _COLOURS)), variants=names)
        title = f"{measure.upper()} by share of the training sequences"
        return figures.drawn(figure, f"size-{measure}", title)


def _draw(axes, curve, measure, colour):
    if not curve.sizes:
        return
    reached = [getattr(size.reached, measure) for size in curve.sizes]
    values = [one.value for one in reached]
    reach = [
        [one.value - one.low for one in reached],
        [one.high - one.value for one in reached],
    ]
    dots, _, bars = axes.errorbar(
        [100 * size.share for size in curve.sizes], values, reach,
        fmt="o", ms=4, lw=1.4, color=colour,
    )  # fmt: skip
    told = f"{curve.name}: {measure.upper()} {values[-1]:.3f} with all"
    drawn = [dots, *bars]
    if curve.projected:
        x = [100 * one.factor for one in curve.projected]
        law = [getattr(one.reached, measure) for one in curve.projected]
        drawn += axes.plot(x, [one.value for one in law], color=colour, lw=1, ls="--")
        low, high = [one.low for one in law], [one.high for one in law]
        band = axes.fill_between(x, low, high, color=colour, alpha=0.12, lw=0)
        figures.mark(band, "", curve.name)
    for artist in drawn:
        figures.mark(artist, told, curve.name)


def _tells(facts: Facts) -> dict[str, Any] | None:
    if facts.curve is None:
        return None
    return {
        "answers": [answer(curve) for curve in facts.curve.curves],
        "notes": facts.curve.notes,
        "sizes": draw_sizes(facts.curve.curves),
    }


SECTION = Section(
    _tells,
    """\
<h2 id="more-data">Would more data help?</h2>
{% for one in answers %}<p><b>{{ one.answer }}</b> {{ one.name }}:{% for sentence in one.sentences %} {{ sentence }}{% endfor %}</p>
{% endfor %}{% for note in notes %}<p><small>{{ note }}</small></p>
{% endfor %}{% call panels(sizes) %}Trained with the same settings on parts of every fold's training groups, each within the next, small ones drawn more often; scored on all held-out sequences; MCC at the scores' own SN = SP threshold. Bars and bands are 95 % intervals: over groups, and over draws. Dashed: the power law a − b n<sup>−c</sup> with c between 0.1 and 1; beyond 100 % it is extrapolated, to more sequences of the same kind.{% endcall %}
""",
)
