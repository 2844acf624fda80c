"""The badges of the README: pictures of our own, which ask no server."""

from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

_SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="{told}">
<title>{told}</title>
<rect width="{width}" height="20" rx="3" fill="#3b4754"/>
<path fill="{colour}" d="M{left} 0h{inner}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-{inner}z"/>
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">
<text x="{x1}" y="14" textLength="{w1}">{label}</text>
<text x="{x2}" y="14" textLength="{w2}">{value}</text>
</g>
</svg>
"""


def badge(label: str, value: str, colour: str = "#1f6f5c") -> str:
    """A badge as SVG.

    Parameters
    ----------
    label, value : str
        What stands left and right.
    colour : str
        Of the right half; white on it is read easily.

    Returns
    -------
    str
    """
    left, right = (round(6.6 * len(text)) + 12 for text in (label, value))
    return _SVG.format(
        width=left + right, left=left, inner=right - 3, colour=colour,
        x1=left / 2, x2=left + right / 2, w1=left - 12, w2=right - 12,
        label=escape(label), value=escape(value), told=escape(f"{label}: {value}"),
    )  # fmt: skip


def badges_of(project: Mapping[str, Any]) -> dict[str, str]:
    """The badges by name.

    Parameters
    ----------
    project : mapping
        The section `project` of pyproject.toml.

    Returns
    -------
    dict of str to str
    """
    return {
        "version": badge("evenfold", project["version"]),
        "licence": badge("licence", project["license"]),
        "python": badge("Python", project["requires-python"].replace(">=", "") + "+"),
        "snakemake": badge("Snakemake", _lowest(project, "snakemake")),
    }


def _lowest(project: Mapping[str, Any], name: str) -> str:
    """The lowest version of a dependency that will do."""
    (found,) = (one for one in project["dependencies"] if one.startswith(name))
    return found.split(">=")[1].split(",")[0] + "+"
