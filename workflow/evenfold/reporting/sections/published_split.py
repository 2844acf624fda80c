"""Beside the published split: what sequences related to the test set are worth."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt

from evenfold.records.evaluation import Measured
from evenfold.records.selection import published_name
from evenfold.records.thresholds import Point
from evenfold.reporting import figures
from evenfold.reporting.facts import Facts, PublishedSplit
from evenfold.reporting.figures import Bar, Drawing
from evenfold.reporting.reached import sn_sp
from evenfold.reporting.section import Section


@dataclass(frozen=True)
class Compared:
    """A variant on both splits, each at its own tuned threshold.

    Attributes
    ----------
    name : str
    oof, oof_published : Point
        Out-of-fold.
    test, test_published : Measured or None
        On the test set; None without a look.
    """

    name: str
    oof: Point
    oof_published: Point
    test: Measured | None
    test_published: Measured | None

    @property
    def points(self) -> list[tuple[Point | Measured, Point | Measured]]:
        """Honest and published: out-of-fold, then on the test set after a look."""
        found: list[tuple[Point | Measured, Point | Measured]]
        found = [(self.oof, self.oof_published)]
        if self.test and self.test_published:
            found.append((self.test, self.test_published))
        return found


def compared(facts: Facts, beside: PublishedSplit) -> list[Compared]:
    """Every variant of the honest split with the published one's.

    A loss that is another's on the published split was trained once there, under the
    other's name.
    """
    published = {row.variant: row for row in beside.measured if row.deployed}
    rows = []
    for name, frozen in facts.selection.variants.items():
        trained = beside.selection.trained(name)
        rows.append(
            Compared(
                name=name,
                oof=frozen.oof,
                oof_published=beside.selection.variants[trained].oof,
                test=facts.deployed.get(name),
                test_published=published.get(published_name(trained)),
            )
        )
    return rows


def honest_and_published(
    facts: Facts,
) -> tuple[Point | Measured, Point | Measured] | None:
    """The champion on both splits: on the test set, or out-of-fold before a look.

    Returns
    -------
    tuple of (Point or Measured, Point or Measured) or None
        Honest, and published; None without a published split.
    """
    if facts.beside is None:
        return None
    rows = {row.name: row for row in compared(facts, facts.beside)}
    # A look of version 0.1.0 may have been at other variants.
    return rows[facts.shown].points[-1] if facts.shown in rows else None


def draw_published(rows: Sequence[Compared], places: Sequence[str]) -> list[Drawing]:
    """MCC of every variant on both splits: what papers would have reported.

    Parameters
    ----------
    rows : sequence of Compared
    places : sequence of str
        Where each of a row's points is, a panel each.

    Returns
    -------
    list of Drawing
    """
    return [_panel(rows, number, where) for number, where in enumerate(places)]


def _panel(rows: Sequence[Compared], number: int, where: str) -> Drawing:
    colours = ("honest split", figures.MCC), ("published split", figures.SN)
    bars = [
        Bar(
            row.name,
            point.mcc,
            point.mcc_low,
            point.mcc_high,
            f"{row.name}, {split}: MCC {point.mcc:.3f} {where}",
            colour,
        )
        for row in rows
        if len(row.points) > number
        for (split, colour), point in zip(colours, row.points[number])
    ]
    with plt.rc_context(figures.STYLE):
        figure = figures.forest(bars, f"MCC {where}, 95 % interval", colours)
        title = f"What the published split would have shown {where}"
        return figures.drawn(figure, f"published-{number + 1}", title)


def _tells(facts: Facts) -> dict[str, Any] | None:
    beside = facts.beside
    if beside is None:
        return None
    near, across = beside.audit.test_to_train, beside.audit.fold_to_fold
    rows = compared(facts, beside)
    tested = all(len(row.points) == 2 for row in rows)
    places = ["out-of-fold", *(["on the test set"] if tested else [])]
    return {
        "champion": facts.shown,
        "sn_sp": sn_sp,
        "rows": rows,
        "drawn": draw_published(rows, places),
        "where_drawn": " and ".join(places),
        "where": ["out-of-fold", *(["test set"] if facts.tested else [])],
        "split": beside.split,
        "near": near,
        "across": f"{100 * across.close / across.searched:.0f}",
        "difference": facts.evaluation.published if facts.evaluation else None,
    }


SECTION = Section(
    _tells,
    """\
<h2 id="published-split">Beside the published split</h2>
<p>The same variants, trained as most papers do: on all {{ split.n_train }} published training sequences, {{ split.related_sequences }} of them related to the test set, in folds at random. {{ near.close }} of {{ near.searched }} test sequences then have a close training partner, and {{ across }} % of the training sequences one in another fold. Scored in the same look; it decided nothing.{% if difference %} On the test set the relatives, as leaks and as further training data, are worth {{ difference.mcc|signed }} MCC to the champion, 95 % interval [{{ difference.low|signed }}, {{ difference.high|signed }}].{% endif %}</p>
{% call panels(drawn) %}What the published split would have shown: {{ term("MCC") }} of each variant {{ where_drawn }}, trained beside relatives of the test set and without. The distance is what related sequences are worth.{% endcall %}
{% call table("published", "Honest and published split", sortable=false) %}
<thead><tr><th scope="col"></th>{% for part in where %}<th scope="colgroup" colspan="2">{{ part }}, honest</th><th scope="colgroup" colspan="2">published</th><th scope="col"></th>{% endfor %}</tr>
<tr><th scope="col" class="t">variant</th>{% for part in where %}<th scope="col" data-parts="SN|SP|PPV|PPV low|PPV high">SN / SP</th><th scope="col">MCC</th><th scope="col" data-parts="SN|SP|PPV|PPV low|PPV high">SN / SP</th><th scope="col">MCC</th><th scope="col">Δ MCC</th>{% endfor %}</tr></thead>
<tbody>{% for row in rows %}<tr data-variant="{{ row.name }}" class="{{ 'champion' if row.name == champion }}"><th scope="row">{{ row.name }}</th>
{% for one, other in row.points %}{% for point in (one, other) %}<td>{{ sn_sp(point) }}</td><td>{{ point.mcc|rate }}</td>{% endfor %}<td>{{ (other.mcc - one.mcc)|signed }}</td>{% endfor %}</tr>
{% endfor %}</tbody>
{% endcall %}
<p><small>Every point at its own tuned threshold. The numbers of papers on this data set compare with the published columns; what to expect of new proteins is in the honest ones.</small></p>
""",
)
