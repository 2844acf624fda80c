"""What all figures of the report share: one quiet style, and what becomes of a drawing."""

import atexit
import html
import io
import json
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import matplotlib
import numpy as np
from markupsafe import Markup, escape

from evenfold.files import replacing

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.transforms import Bbox

INK, MUTED, GRID, PAPER = "#1d2733", "#5d6b7a", "#e3e8ee", "#ffffff"
SN, SP, MCC, HALF = "#c2410c", "#1d4ed8", "#0f766e", "#64748b"
#: Of the variants that stand out, in their order; the first is the champion's.
STANDOUT = (MCC, "#1e40af", "#9a3412", "#7e22ce", "#854d0e", "#be185d")

#: Colours as a page of another brightness may set them anew: variables of its style.
VARIABLES = {
    INK: "ink", MUTED: "muted", GRID: "line", PAPER: "paper", SN: "sn", SP: "sp",
    MCC: "mcc", HALF: "half", **{c: f"v{i}" for i, c in enumerate(STANDOUT) if i},
}  # fmt: skip

#: Of all text in figures, in points, and what a page makes of a point, in pixels: 12 of text.
TEXT = 9.5
_SCALE = 12 / TEXT
#: Widths of figures with all that is beside their axes, in inches: on a page they are never
#: scaled, so that text has one size. Four small or three large ones stand beside each other
#: at 1440 pixels, three or two at 1024, one on a phone.
SMALL, LARGE = (pixels / 72 / _SCALE for pixels in (270, 356))
#: Of axes at least; what names leave less is wider.
_LEAST = 1.2
#: Letters of a name beside a row; the whole name is under the pointer.
_LETTERS_OF_NAME = {SMALL: 18, LARGE: 26}

FONT = "DejaVu Sans"
#: Of all that is drawn, as `plt.rc_context` takes it.
STYLE: dict[Any, Any] = {
    # A letter that the first has not is looked for in the second.
    "font.family": ["sans-serif", FONT],
    "font.size": TEXT,
    "axes.titlesize": TEXT,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    # A name with a $ is no formula.
    "text.parse_math": False,
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    "svg.hashsalt": "evenfold",
    "savefig.transparent": True,
    "axes.edgecolor": GRID,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": INK,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "text.color": INK,
    "legend.frameon": False,
}

#: Inches a line of a forest that holds two values.
ROW = 0.28
_MARK = "mark"
#: Inches around a figure.
_PAD = 0.08
#: What figures are written in; of another letter the whole font is searched.
_LETTERS = (
    *range(0x20, 0x250), *range(0x370, 0x400), *range(0x2010, 0x2027),
    *range(0x2190, 0x2200), *range(0x2200, 0x2270),
)  # fmt: skip


@cache
def _small_font() -> str:
    """Family of the usual font with the usual letters alone.

    A PDF holds the letters that it needs, and each is cut from the font anew: from the
    whole of it that takes ten times as long as drawing.
    """
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    name = "Evenfold Sans"
    # Until the end of the process: the file is read whenever a PDF is written.
    folder = TemporaryDirectory(prefix="evenfold-")
    atexit.register(folder.cleanup)
    for weight in ("normal", "bold"):
        properties = FontProperties(family=FONT, weight=weight)
        font = TTFont(font_manager.findfont(properties), recalcTimestamp=False)
        options = Options(layout_features=[], hinting=False, name_IDs=["*"])
        options.drop_tables += ["GSUB", "GPOS", "GDEF", "FFTM"]
        subsetter = Subsetter(options)
        subsetter.populate(unicodes=_LETTERS)
        subsetter.subset(font)
        for record in font["name"].names:
            record.string = (
                str(record).replace(FONT, name).replace("DejaVu", "Evenfold")
            )
        path = Path(folder.name, f"{weight}.ttf")
        font.save(path)
        font_manager.fontManager.addfont(path)
    return name


@dataclass(frozen=True)
class Drawing:
    """A figure, for the page and for a paper.

    Attributes
    ----------
    name : str
        Of its files; unique in a report.
    title : str
        What it shows, for those who do not see it.
    svg : Markup
        An <svg> element that scales with its column.
    figure : Figure
        As it was drawn.
    box : Bbox
        Of what is drawn, in inches.
    variant : str or None
        Where it shows one alone.
    """

    name: str
    title: str
    svg: Markup
    figure: Figure = field(repr=False, compare=False)
    box: Bbox = field(repr=False, compare=False)
    variant: str | None = None

    def write(self, folder: Path) -> None:
        """Write <name>.svg and <name>.pdf, in colours for paper."""
        with replacing(folder / f"{self.name}.svg") as path:
            Path(path).write_text(alone(self.svg), encoding="utf-8")
        # In memory first: of a full disk matplotlib makes an error of its own.
        buffer = io.BytesIO()
        with plt.rc_context(STYLE | {"font.sans-serif": [_small_font(), FONT]}):
            self.figure.savefig(
                buffer, format="pdf", bbox_inches=self.box,
                metadata={"CreationDate": None},
            )  # fmt: skip
        with replacing(folder / f"{self.name}.pdf") as path:
            Path(path).write_bytes(buffer.getvalue())


def drawn(figure: Figure, name: str, title: str, variant: str | None = None) -> Drawing:
    """What becomes of a figure; closes it.

    Its text stays text. Draw inside `plt.rc_context(STYLE)`, and call this there too.

    Parameters
    ----------
    figure : Figure
    name : str
        Letters, digits and hyphens.
    title : str
    variant : str, optional
        Where it shows one alone.

    Returns
    -------
    Drawing
    """
    buffer = io.StringIO()
    # Asked here, for both files: "tight" draws a figure again to find it.
    box = _fitted(figure)
    figure.savefig(buffer, format="svg", bbox_inches=box, metadata={"Date": None})
    plt.close(figure)
    text = buffer.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = _own_ids(_told(text[text.index("<svg") :]), name)
    for colour, variable in VARIABLES.items():
        text = text.replace(f": {colour}", f": var(--{variable})")
    text = re.sub(r"font-family: [^;\"]*", "font-family: sans-serif", text)
    return Drawing(
        name, title, Markup(_headed(text, name, title)), figure, box, variant
    )


def _fitted(figure: Figure) -> Bbox:
    """Box of a figure that is as wide as was asked for, names beside its axes and all.

    Its axes are made as wide as the names leave; a legend begins where the figure does.
    """
    width = figure.get_figwidth()
    (axes,) = figure.axes
    legend = axes.get_legend()
    if legend:
        legend.set_in_layout(False)
    box = figure.get_tightbbox().padded(_PAD)
    # Narrower axes may have other ticks.
    for _ in range(2):
        at = axes.get_position(original=True)
        room = max(_LEAST / width, at.width - box.width / width + 1)
        axes.set_position((at.x0, at.y0, room, at.height))
        box = figure.get_tightbbox().padded(_PAD)
        if room == _LEAST / width or abs(box.width - width) < _PAD / 4:
            break
    if legend:
        top = axes.get_position().y1
        legend.set_bbox_to_anchor(((box.x0 + _PAD) / width, top), figure.transFigure)
        beside = legend.get_window_extent().transformed(
            figure.dpi_scale_trans.inverted()
        )
        box = Bbox.union([box, beside.padded(_PAD)])
    over = box.width - width
    # Off what is around it: a tick's label may have changed.
    cut = over / 2 if 0 < over < _PAD else 0.0
    return Bbox.from_bounds(
        box.x0 + cut, box.y0, max(width, box.width - 2 * cut), box.height
    )


def mark(artist: Any, told: str, variant: str | None = None) -> None:
    """Give what is drawn a sentence for who points at it, and the variant it is of.

    Parameters
    ----------
    artist : Artist
    told : str
        Empty for none.
    variant : str, optional
    """
    artist.set_gid(_MARK + json.dumps([variant, told]))


def alone(svg: str) -> str:
    """An <svg> element as a file of its own, in colours for paper."""
    for colour, variable in VARIABLES.items():
        svg = svg.replace(f"var(--{variable})", colour)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{svg}\n'


def _told(text: str) -> str:
    """Marks as attributes and titles of their groups."""

    def group(found: re.Match[str]) -> str:
        variant, told = json.loads(html.unescape(found[2]))
        of = f' data-variant="{escape(variant)}"' if variant else ""
        if not told:
            return f"<g{of}>"
        return f'<g class="mark"{of}><title>{escape(told)}</title>'

    return re.sub(rf"<g id=(['\"]){_MARK}(.*?)\1>", group, text)


def _own_ids(text: str, name: str) -> str:
    """Ids that something refers to, made this figure's; the others are no use."""
    known = set(re.findall(r'(?:href="|url\()#([^")]+)', text))

    def own(found: re.Match[str]) -> str:
        return f' id="{name}-{found[1]}"' if found[1] in known else ""

    text = re.sub(r' id="([^"]*)"', own, text)
    return re.sub(r'(href="|url\()#', rf"\1#{name}-", text)


def _headed(text: str, name: str, title: str) -> str:
    """With a title, and as wide as its text asks for, or as its column is."""
    width = float(re.search(r'viewBox="0 0 ([\d.]+)', text)[1])  # type: ignore[index]
    head, _, rest = text.partition(">")
    head = re.sub(r' (width|height)="[^"]*"', "", head)
    return (
        f'{head} style="width:{width * _SCALE:.0f}px" role="img" '
        f'aria-labelledby="{name}-title">\n<title id="{name}-title">{escape(title)}'
        f"</title>{rest}"
    )


def standing_out(names: Sequence[str]) -> dict[str, str]:
    """Colours of the first few; the others get none.

    Parameters
    ----------
    names : sequence of str
        Variants, the champion first.
    """
    return dict(zip(names, STANDOUT))


def legend_above(
    axes: Axes,
    entries: Iterable[tuple[str, str]],
    marker: str = "o",
    variants: Collection[str] = (),
) -> None:
    """A legend above the axes, in as many columns as there is room for.

    Parameters
    ----------
    axes : Axes
    entries : iterable of (str, str)
        Label and colour of each.
    marker : str
        Empty for lines.
    variants : collection of str
        Labels that are variants, which are switched on and off.
    """
    handles = [
        plt.Line2D(
            [], [], color=colour, marker=marker, ls="" if marker else "-", label=label
        )
        for label, colour in entries
    ]
    lengths = [len(str(handle.get_label())) for handle in handles]
    legend = axes.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=_columns(lengths, 72 * (_width(axes) - 2 * _PAD)),
        borderaxespad=0.1,
        borderpad=0.2,
        handlelength=1.2,
        handletextpad=0.5,
        columnspacing=1.0,
        labelspacing=0.25,
    )
    for handle, text in zip(legend.legend_handles, legend.get_texts()):
        if text.get_text() in variants:
            mark(handle, "", text.get_text())
            mark(text, "", text.get_text())


def _width(axes: Axes) -> float:
    """Width of a figure, in inches."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    return figure.get_figwidth()


def _columns(lengths: Sequence[int], room: float) -> int:
    """Columns of a legend whose labels have these lengths, in so many points of room."""
    for columns in range(len(lengths), 1, -1):
        widths = [part.max() for part in np.array_split(np.array(lengths), columns)]
        # A letter is about half as wide as high; a handle is as wide as five.
        if (sum(widths) + 5 * columns) * TEXT * 0.53 < room:
            return columns
    return 1


def named_rows(axes: Axes, rows: Sequence[str], variants: bool) -> None:
    """Names of rows from above downwards, each switched with its variant.

    Parameters
    ----------
    axes : Axes
    rows : sequence of str
    variants : bool
        Whether they are variants.
    """
    small = _width(axes) < LARGE
    most = _LETTERS_OF_NAME[SMALL if small else LARGE]
    shown = [row if len(row) <= most else f"{row[: most - 1]}…" for row in rows]
    axes.set_yticks(range(len(rows)), shown)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    for label, row, name in zip(axes.get_yticklabels(), rows, shown):
        mark(label, "" if name == row else row, row if variants else None)


@dataclass(frozen=True)
class Bar:
    """A value with its interval on a line of a forest.

    Attributes
    ----------
    row : str
        The line.
    value, low, high : float
    told : str
        For who points at it.
    colour : str
    variant : bool
        Whether the line is a variant's, and switched with it.
    """

    row: str
    value: float
    low: float
    high: float
    told: str
    colour: str = MCC
    variant: bool = True


@dataclass(frozen=True)
class Size:
    """How large a forest is.

    Attributes
    ----------
    width : float
        In inches.
    row : float or None
        Height of a line; as its text needs where None.
    """

    width: float = LARGE
    row: float | None = None


def forest(
    bars: Sequence[Bar],
    label: str,
    entries: Iterable[tuple[str, str]] = (),
    zero: bool = False,
    size: Size = Size(),
) -> Figure:
    """Values with their intervals, one line a variant; several of one stand side by side.

    Parameters
    ----------
    bars : sequence of Bar
    label : str
        Of the axis.
    entries : iterable of (str, str)
        Of the legend.
    zero : bool
        Whether to draw a line at zero.
    size : Size

    Returns
    -------
    Figure
    """
    rows = list(dict.fromkeys(bar.row for bar in bars))
    most = max(sum(bar.row == row for bar in bars) for row in rows)
    # Inches a line: as its text needs, and no half page of nothing.
    line_of = size.row or (0.19 if most == 1 else ROW)
    figure, axes = plt.subplots(figsize=(size.width, 0.75 + len(rows) * line_of))
    seen: dict[str, int] = {}
    for bar in bars:
        at = seen.setdefault(bar.row, 0)
        seen[bar.row] += 1
        y = rows.index(bar.row) + 0.32 * (at - (most - 1) / 2)
        (line,) = axes.plot([bar.low, bar.high], [y, y], color=bar.colour, lw=2)
        (dot,) = axes.plot(
            bar.value, y, "o", color=bar.colour, ms=6, mec=PAPER, mew=0.8
        )
        for artist in (line, dot):
            mark(artist, bar.told, bar.row if bar.variant else None)
    if zero:
        axes.axvline(0, color=INK, lw=1, zorder=1)
    named_rows(axes, rows, variants=all(bar.variant for bar in bars))
    axes.locator_params(axis="x", nbins=5)
    axes.set_xlabel(label)
    if entries:
        legend_above(axes, entries)
    return figure
