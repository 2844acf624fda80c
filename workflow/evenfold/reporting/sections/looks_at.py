"""What the model looks at: residues by position as a logo, residues, columns."""

from collections.abc import Iterable, Sequence
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.font_manager import FontProperties
from matplotlib.patches import PathPatch
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D

from evenfold.metrics.intervals import errors_of_mean
from evenfold.records.contributions import ColumnAdds, Explained, Position, Residue
from evenfold.reporting import figures
from evenfold.reporting.facts import Facts
from evenfold.reporting.figures import Bar, Drawing
from evenfold.reporting.section import Section
from evenfold.saying import counted

#: Positions of the table, of those the sentence names, and letters at each.
_TOLD, _NAMED, _FIRST = 10, 5, 3
#: Share of all errors that letters beyond chance may be.
_ERROR = 0.05
#: Groups from which on residues are told: of fewer the error of a mean is a guess itself.
ENOUGH = 30
#: Inches of a logo at most: beside its table on a wide page.
_WIDEST = 7.4
#: Height of a letter that can still be read, as a share of the figure's.
_READ = 0.015
#: Letters by what they are like, each kind in a colour.
_KINDS = (
    ("acidic", "DE", figures.SN),
    ("basic", "HKR", figures.SP),
    ("hydrophobic", "AILMFWVYC", figures.INK),
    ("polar and others", "NQSTGP", figures.MCC),
)
_COLOUR = {letter: colour for _, letters, colour in _KINDS for letter in letters}
_LEGEND = [(kind, colour) for kind, _, colour in _KINDS]
#: Other colours than those of letters, which stand beside.
_WAYS = {
    "raises": figures.STANDOUT[3],
    "lowers": figures.STANDOUT[4],
    "neither alone": figures.HALF,
}
_GLYPH = FontProperties(family=figures.FONT, weight="bold")


def beyond_chance(residues: Iterable[Residue], tests: int) -> list[Residue]:
    """Those whose mean is not 0 after so many tests (Bonferroni), the surest first.

    Parameters
    ----------
    residues : iterable of Residue
    tests : int
    """

    def sure(one: Residue) -> float:
        limit = errors_of_mean(1 - _ERROR / max(1, tests), one.n)
        return abs(one.change) - limit * one.se

    found = [one for one in residues if sure(one) > 0]
    return sorted(found, key=lambda one: (-sure(one), one.letter))


def deciding(positions: Sequence[Position]) -> list[Position]:
    """Positions at which some residue is beyond chance, the one that decides most first."""
    found = [one for one in positions if _certain(one, positions)]
    return sorted(found, key=lambda one: (-one.spread, one.place))


def _certain(position: Position, positions: Sequence[Position]) -> list[Residue]:
    tests = sum(len(one.residues) for one in positions)
    return beyond_chance(position.residues, tests)


def place_of(position: Position) -> str:
    """-4, 0, +3 from the middle of a window, or counted from its first."""
    if position.offset is None:
        return str(position.place)
    return f"{position.offset:+d}".replace("-", "−") if position.offset else "0"


def draw_logo(name: str, positions: Sequence[Position], variant: str) -> Drawing:
    """Residues by position, each as high as what it adds to the logit.

    Parameters
    ----------
    name : str
        Of its files.
    positions : sequence of Position
    variant : str

    Returns
    -------
    Drawing
    """
    with plt.rc_context(figures.STYLE):
        width = min(_WIDEST, max(figures.LARGE, 0.2 * len(positions) + 0.8))
        figure, axes = plt.subplots(figsize=(width, 2.7))
        shown = [_certain(position, positions) for position in positions]
        low = min(sum(min(0.0, one.change) for one in here) for here in shown)
        high = max(sum(max(0.0, one.change) for one in here) for here in shown)
        room = 0.04 * (high - low or 1)
        for at, (position, here) in enumerate(zip(positions, shown)):
            for sign in (1, -1):
                base = 0.0
                # The largest is outermost, as in every logo.
                side = [one for one in here if sign * one.change > 0]
                for one in sorted(side, key=lambda one: abs(one.change)):
                    if abs(one.change) > _READ * (high - low):
                        _letter(axes, at, base, one, place_of(position))
                        base += one.change
        axes.axhline(0, color=figures.INK, lw=0.8)
        axes.set(
            xlim=(-0.6, len(positions) - 0.4),
            ylim=(low - room, high + room),
            xlabel="position"
            + (" from the middle" if positions[0].offset is not None else ""),
            ylabel="change of the logit",
        )
        step = -(-len(positions) // 16)
        middle = len(positions) // 2 if positions[0].offset is not None else 0
        ticks = [i for i in range(len(positions)) if (i - middle) % step == 0]
        axes.set_xticks(ticks, [place_of(positions[i]) for i in ticks])
        axes.grid(axis="x", visible=False)
        figures.legend_above(axes, _LEGEND, "s")
        title = f"What each residue at each position adds to the logit of {variant}"
        return figures.drawn(figure, name, title)


def _letter(axes, at: int, base: float, residue: Residue, place: str) -> None:
    """A letter from base to base plus its change; upside down it would not be read."""
    path = TextPath((0, 0), residue.letter, size=1, prop=_GLYPH)
    box = path.get_extents()
    bottom = min(base, base + residue.change)
    width = 0.3 if residue.letter == "I" else 0.86
    fitted = (
        Affine2D()
        .translate(-box.x0, -box.y0)
        .scale(width / box.width, abs(residue.change) / box.height)
        .translate(at - width / 2, bottom)
    )
    patch = PathPatch(path.transformed(fitted), facecolor=_COLOUR[residue.letter], lw=0)
    figures.mark(patch, f"{residue.letter} at {place}: {_change(residue)}")
    axes.add_patch(patch)


def _change(residue: Residue) -> str:
    return (
        f"{residue.change:+.2f} ± {_error(residue):.2f} over {counted(residue.n, 'group')}"
    ).replace("-", "−")


def _error(residue: Residue) -> float:
    """Half the 95 % interval of what it adds."""
    return residue.se * errors_of_mean(1 - _ERROR, residue.n)


def draw_residues(name: str, residues: Sequence[Residue], variant: str) -> Drawing:
    """What each kind of residue adds, wherever it stands, with its interval."""
    ordered = sorted(residues, key=lambda one: -one.change)
    bars = [
        Bar(
            one.letter,
            one.change,
            one.change - _error(one),
            one.change + _error(one),
            f"{one.letter}: {_change(one)}",
            _COLOUR[one.letter],
            variant=False,
        )
        for one in ordered
    ]
    with plt.rc_context(figures.STYLE):
        label = "change of the logit by a residue, 95 % interval"
        figure = figures.forest(bars, label, _LEGEND, zero=True)
        title = f"What each kind of residue adds to the logit of {variant}"
        return figures.drawn(figure, name, title)


def draw_columns(name: str, columns: Sequence[ColumnAdds], variant: str) -> Drawing:
    """The columns that add most, and whether more of one raises or lowers the logit."""
    with plt.rc_context(figures.STYLE):
        figure, axes = plt.subplots(figsize=(figures.LARGE, 0.75 + 0.19 * len(columns)))
        for at, one in enumerate(columns):
            (bar,) = axes.barh(at, one.size, height=0.72, color=_WAYS[way(one)])
            figures.mark(bar, f"{one.name}: {one.size:.3f}, more of it: {way(one)}")
        figures.named_rows(axes, [one.name for one in columns], variants=False)
        axes.set_xlabel("mean change of the logit, either way")
        used = {way(one) for one in columns}
        entries = [(word, colour) for word, colour in _WAYS.items() if word in used]
        figures.legend_above(axes, entries, "s")
        title = f"The columns that add most to the logit of {variant}"
        return figures.drawn(figure, name, title)


def way(column: ColumnAdds) -> str:
    """Whether more of a column raises or lowers the logit."""
    if column.rises is None or abs(column.rises) < 0.3:
        return "neither alone"
    return "raises" if column.rises > 0 else "lowers"


def _letters(residues: Sequence[Residue], sign: int, most: int | None = None) -> str:
    found = [one.letter for one in residues if sign * one.change > 0]
    return ", ".join(found[:most]) or "–"


def _named(position: Position, certain: Sequence[Residue]) -> str:
    raising = [one for one in certain if one.change > 0]
    letters = f" ({_letters(raising, 1, _FIRST)})" if raising else ""
    return f"{place_of(position)}{letters}"


def told(one: Explained, number: int) -> dict[str, Any]:
    """What is shown of one model: sentences, figures, rows.

    Parameters
    ----------
    one : Explained
    number : int
        Of the model, for the names of its figures.
    """
    tail = f"-{number}" if number > 1 else ""
    few = one.of_groups < ENOUGH
    most = [] if few else deciding(one.positions)
    name = one.variant
    return {
        "model": one,
        "few": few,
        "enough": ENOUGH,
        "asked": _asked(one),
        "tail": tail,
        "named": ", ".join(
            _named(p, _certain(p, one.positions))
            for p in sorted(most[:_NAMED], key=lambda p: p.place)
        ),
        "places": len(most),
        "rows": [
            (
                place_of(p),
                p.spread,
                _letters(_certain(p, one.positions), 1),
                _letters(_certain(p, one.positions), -1),
            )
            for p in most[:_TOLD]
        ],
        "logo": draw_logo(f"logo{tail}", one.positions, name) if most else None,
        "residues": draw_residues(f"residues{tail}", one.residues, name)
        if one.residues and not few
        else None,
        "columns": draw_columns(f"columns{tail}", one.columns, name)
        if one.columns
        else None,
        "added": [(c.name, c.feature_set, c.size, way(c)) for c in one.columns],
        "shares": ", ".join(
            f"{feature} {100 * share:.0f} %" for feature, share in one.shares.items()
        ),
    }


def _asked(one: Explained) -> str:
    """How many sequences of how many groups were asked."""
    asked = counted(one.sequences, "window" if one.positions else "sequence")
    if one.sequences == one.of_groups:
        return f"{asked}, each of another group"
    return f"{asked} of {counted(one.of_groups, 'group')}"


def _tells(facts: Facts) -> dict[str, Any] | None:
    if facts.contributions is None:
        return None
    models = [told(one, n) for n, one in enumerate(facts.contributions.models, 1)]
    return {
        "models": models,
        "told": any(one["model"].why_not is None for one in models),
        "drawn": [
            one[kind] for one in models for kind in ("logo", "residues", "columns")
        ],
    }


SECTION = Section(
    _tells,
    """\
<h2 id="looks-at">What does the model look at?</h2>
{% if told %}<p>How much each residue, or number made of the sequence, raises or lowers the {{ term("logit") }}. Asked of training sequences, each put to the members that trained on no sequence of its {{ term("group") }}; a group counts as one, and no test sequence was read.</p>
<p class="note">This is what the model goes by, an association in these data: it does not show that a residue causes the function, and says nothing of what the model has no use for.</p>
{% endif %}{% for one in models %}{% set model = one.model %}
<h3 id="looks-at-{{ loop.index }}">{{ model.variant }}{{ ", the champion" if model.champion else ", the best network" }}</h3>
{% if model.why_not %}<p>Nothing can be told: {{ model.why_not }}.</p>
{% else %}{% if one.few %}<p>Too few groups ({{ model.of_groups }}) to tell which residues matter: it takes {{ one.enough }}.</p>
{% elif model.positions and not one.rows %}<p>No residue at any position adds anything beyond chance in {{ one.asked }}.</p>
{% endif %}{% if one.rows %}<p>Most is decided at {{ one.named }}; in brackets what raises it. Of {{ model.positions|length }} positions {{ one.places }} {{ one.places|verb("matters", "matter") }} beyond chance.</p>
<div class="beside">
{% call figure(one.logo, "wide") %}Each letter as high as the mean {{ term("contribution") }} of that residue there, beside the other residues that windows have there; below zero it lowers the score. Drawn are those beyond chance in {{ one.asked }} (Bonferroni, 5 %) that are large enough to be read.{% endcall %}
<div>{% call table("positions" ~ one.tail, "Positions that decide most, " ~ model.variant) %}
<thead><tr><th scope="col" class="t">position</th><th scope="col">{{ term("spread") }}</th><th scope="col" class="t">raise</th><th scope="col" class="t">lower</th></tr></thead>
<tbody>{% for place, spread, raise, lower in one.rows %}<tr><th scope="row">{{ place }}</th><td>{{ spread|rate }}</td><td class="t w">{{ raise }}</td><td class="t w">{{ lower }}</td></tr>
{% endfor %}</tbody>
{% endcall %}</div></div>
{% endif %}<div class="beside">
{% if one.residues %}{% call figure(one.residues) %}The mean {{ term("contribution") }} of a residue wherever it stands, beside all others, in {{ one.asked }}.{% endcall %}
{% endif %}{% if one.columns %}{% call figure(one.columns) %}The mean {{ term("contribution") }} of a number made of the sequence, whichever way ({{ one.shares }} of all).{% endcall %}
<div>{% call table("columns" ~ one.tail, "Numbers that add most, " ~ model.variant) %}
<thead><tr><th scope="col" class="t">number</th><th scope="col" class="t">feature set</th><th scope="col">mean change</th><th scope="col" class="t">more of it</th></tr></thead>
<tbody>{% for name, features, size, way in one.added %}<tr><th scope="row">{{ name }}</th><td class="t">{{ features }}</td><td>{{ size|rate }}</td><td class="t">{{ way }}</td></tr>
{% endfor %}</tbody>
{% endcall %}</div>
{% endif %}</div>
{% endif %}{% endfor %}""",
)
