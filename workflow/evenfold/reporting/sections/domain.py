"""How far does the champion reach: what it is worth inside, at the edge and outside."""

import math
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt

from evenfold.records.record import Interval
from evenfold.records.selection import Covered, InBand, Reach, Trust
from evenfold.reporting import figures
from evenfold.reporting.facts import Facts
from evenfold.reporting.figures import Drawing
from evenfold.reporting.section import Section
from evenfold.saying import counted


@dataclass(frozen=True)
class Row:
    """A band out-of-fold, or on the test set, in words."""

    band: str
    where: str
    sequences: int
    groups: int
    rates: list[str]


def row(band: InBand, where: str) -> Row:
    """What a band is worth, as a row of the table.

    Parameters
    ----------
    band : InBand
    where : str
    """
    rates = [
        _rate(band.mcc, band.mcc_interval),
        _rate(band.sn, band.sn_interval),
        _rate(band.sp, band.sp_interval),
        *(_share(one) for one in (band.positive, band.negative)),
    ]
    return Row(band.band, where, band.sequences, band.groups, rates)


def _rate(value: float | None, ends: Interval | None) -> str:
    if value is None or ends is None:
        return "–"
    return f"{value:.2f} [{ends[0]:.2f}, {ends[1]:.2f}]"


def _share(one: Covered | None) -> str:
    return "–" if one is None else _rate(one.share, (one.low, one.high))


def limits(reach: Reach) -> str:
    """Where the training sequences lie, in a sentence.

    Parameters
    ----------
    reach : Reach
    """
    low, high = reach.residues
    lengths = f"{low}" if low == high else f"{low} to {high}"
    most, most_of_all = (100 * one for one in reach.distance)
    least, least_of_most = (100 * one for one in reach.identity)
    near = (
        f"a nearest sequence that is identical in at least {least_of_most:.0f} % (all: "
        f"{least:.0f} %)"
    )
    told = (
        f"Of the training sequences, each against those of the other folds, 95 % have "
        f"{lengths} residues, a composition at most {most:.0f} % off the mean (all of "
        f"them: {most_of_all:.0f} %)"
    )
    if not reach.identity[1]:
        return (
            f"{told}. More than 5 % resemble no other at all, so identity says nothing here "
            "of how far a sequence is."
        )
    return f"{told}, and {near}."


def sets_of_all(trust: Trust, bands: list[InBand]) -> list[str]:
    """Bands whose groups are too few for sets of their own, in sentences.

    Parameters
    ----------
    trust : Trust
    bands : list of InBand
        Out-of-fold.
    """
    needed = math.ceil(1 / trust.error - 1 - 1e-9)
    found = []
    for band in bands:
        short = [
            f"{name} ({counted(n, 'group')})"
            for name, n in zip(("positives", "negatives"), band.groups_of_class)
            if n < needed
        ]
        if short:
            found.append(
                f"{_place(band.band).capitalize()} there are too few groups of "
                f"{' and '.join(short)} for sets of their own, which need "
                f"{counted(needed, 'group')} at an error of {100 * trust.error:.0f} %: "
                "those of all bands are used, without a promise."
            )
    return found


def placed(bands: list[InBand], of: str) -> str:
    """How many sequences lie in which band, in a sentence.

    Parameters
    ----------
    bands : list of InBand
    of : str
        Which sequences.
    """
    total = sum(band.sequences for band in bands)
    told = [f"{band.sequences} {_place(band.band)}" for band in bands]
    return f"Of {total} {of} {', '.join(told[:-1])} and {told[-1]}."


def missed(bands: list[InBand], error: float) -> list[str]:
    """Bands in which the sets missed more often than promised, on the test set.

    Parameters
    ----------
    bands : list of InBand
    error : float
    """
    return [
        f"On the test set, the sets of {name} {_place(band.band)} held their class in "
        f"{100 * one.share:.0f} % [{100 * one.low:.0f}, {100 * one.high:.0f}] where "
        f"{100 * (1 - error):.0f} % were promised."
        for band in bands
        for name, one in (("positives", band.positive), ("negatives", band.negative))
        if one is not None and one.high < 1 - error
    ]


def _place(band: str) -> str:
    return "at the edge" if band == "edge" else band


def draw_bands(oof: list[InBand], tested: list[InBand]) -> list[Drawing]:
    """MCC, SN and SP by bands with their intervals, a panel each.

    Parameters
    ----------
    oof, tested : list of InBand

    Returns
    -------
    list of Drawing
    """
    return [_panel(measure, oof, tested) for measure in ("MCC", "SN", "SP")]


def _panel(measure: str, oof: list[InBand], tested: list[InBand]) -> Drawing:
    names = list(dict.fromkeys(band.band for band in (*oof, *tested)))
    key = measure.lower()
    sets = [("out-of-fold", figures.HALF, oof, -0.1)]
    if tested:
        sets.append(("test set", figures.MCC, tested, 0.1))
    with plt.rc_context(figures.STYLE):
        figure, axes = plt.subplots(figsize=(figures.SMALL, 2.4))
        for where, colour, bands, shift in sets:
            for band in bands:
                value, ends = getattr(band, key), getattr(band, f"{key}_interval")
                if value is None or ends is None:
                    continue
                x = names.index(band.band) + shift
                (line,) = axes.plot([x, x], ends, "-", color=colour, lw=2)
                (dot,) = axes.plot(
                    x, value, "o", color=colour, ms=6, mec=figures.PAPER, mew=0.8
                )
                for artist in (line, dot):
                    told = f"{where}, {band.band}: {measure} {value:.3f}"
                    figures.mark(artist, f"{told} [{ends[0]:.3f}, {ends[1]:.3f}]")
        axes.set_xticks(range(len(names)), names)
        axes.set(xlim=(-0.5, len(names) - 0.5), ylabel=measure)
        axes.grid(axis="x", visible=False)
        figures.legend_above(axes, [(where, colour) for where, colour, *_ in sets])
        title = f"{measure} of the champion by band of the domain"
        return figures.drawn(figure, f"domain-{key}", title)


def _tells(facts: Facts) -> dict[str, Any] | None:
    domain, trust = facts.selection.domain, facts.selection.trust
    if domain is None or trust is None:
        return None
    seen = facts.evaluation if facts.tested and not facts.since_look else None
    tested = (seen.bands if seen else None) or []
    own = {band.band: band for band in tested}
    return {
        "rows": [
            row(one, where)
            for band in domain.oof
            for one, where in (
                (band, "out-of-fold"),
                (own.get(band.band), "test"),
            )
            if one is not None
        ],
        "limits": limits(domain.reach),
        "aligner": domain.reach.aligner,
        "tested": bool(tested),
        "sentences": [
            *([placed(tested, "test sequences")] if tested else []),
            placed(domain.oof, "training sequences, held against the other folds,"),
            *sets_of_all(trust, domain.oof),
            *missed(tested, trust.error),
        ],
        "bands": draw_bands(domain.oof, tested),
    }


SECTION = Section(
    _tells,
    """\
<h2 id="domain">How far does it reach?</h2>
<p>Every new sequence is told to be inside, where 95 % of the training sequences are, outside, where none is, or at the edge between: by its residues, letters, composition and {{ term("identity") }} to the nearest training sequence. {{ limits }}</p>
{% call table("domain", "What the champion is worth in each band") %}
<thead><tr><th scope="col" class="t">band</th><th scope="col" class="t">judged</th><th scope="col">sequences</th><th scope="col">groups</th><th scope="col" data-parts="MCC|MCC low|MCC high">MCC</th><th scope="col" data-parts="SN|SN low|SN high">SN</th><th scope="col" data-parts="SP|SP low|SP high">SP</th><th scope="col" data-parts="positives in their sets|low|high">positives in their sets</th><th scope="col" data-parts="negatives in their sets|low|high">negatives</th></tr></thead>
<tbody>{% for row in rows %}<tr><th scope="row">{{ row.band }}</th><td class="t">{{ row.where }}</td><td>{{ row.sequences }}</td><td>{{ row.groups }}</td>{% for one in row.rates %}<td>{{ one }}</td>{% endfor %}</tr>
{% endfor %}</tbody>{% endcall %}
{% for sentence in sentences %}<p>{{ sentence }}</p>
{% endfor %}<p><small>Intervals: MCC by a bootstrap over groups, SN and SP by Wilson's method at the effective number of sequences, shares of sets over groups. Nearest by {{ aligner }}. Sets hold as promised within each band whose groups allow it. Groups of relatives are never cut by folds: out-of-fold no sequence has a relative among those that it is held against, and a new one that has may do better.</small></p>
{% call panels(bands) %}The champion at its threshold by bands, out-of-fold{% if tested %} and on the test set{% endif %}, with 95 % intervals.{% endcall %}
""",
)
