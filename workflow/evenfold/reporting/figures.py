"""What all figures of the report share: one quiet style, and SVG text as their form."""

import io
import re
from collections.abc import Iterable
from typing import Any

import matplotlib
from markupsafe import Markup

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK, MUTED, GRID = "#1d2733", "#6b7785", "#e3e8ee"
SN, SP, MCC, HALF = "#c2410c", "#1d4ed8", "#0f766e", "#94a3b8"

#: Of all that is drawn, as `plt.rc_context` takes it.
STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.size": 9.5,
    "svg.fonttype": "none",
    "svg.hashsalt": "evenfold",
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


def svg(figure: Figure) -> Markup:
    """A figure as an <svg> element that scales with its column; closes the figure.

    Its text stays text. Draw inside `plt.rc_context(STYLE)`, and call this there too.
    """
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'<svg ([^>]*?)width="[^"]*"', r"<svg \1", text, count=1)
    return Markup(text.replace("font: 9.5px 'sans-serif'", "font: 9.5px sans-serif"))


def legend_above(axes: Axes, entries: Iterable[tuple[str, str]]) -> None:
    """A legend of dots above the axes.

    Parameters
    ----------
    axes : Axes
    entries : iterable of (str, str)
        Label and colour of each.
    """
    axes.legend(
        handles=[
            plt.Line2D([], [], color=colour, marker="o", ls="", label=label)
            for label, colour in entries
        ],
        fontsize=8.5,
        loc="upper center",
        bbox_to_anchor=(0.5, 1.1),
        ncols=2,
    )
