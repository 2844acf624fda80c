"""Pages of this folder's templates, each with the style sheet and the script inside."""

import re
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from evenfold.records.layout import FILES
from evenfold.records.thresholds import told
from evenfold.reporting.words import term
from evenfold.saying import counted, moment, verb

_FOLDER = Path(__file__).parent

#: Text from files and configuration is escaped; a name that is not there is an error.
ENVIRONMENT = jinja2.Environment(
    loader=jinja2.FileSystemLoader(_FOLDER),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
)


def _rate(value: float) -> str:
    """Three decimals; what is not quite 0 or 1 is never told as that."""
    return told(value) if 0 <= value <= 1 else f"{value:.3f}"


def _signed(value: float) -> str:
    """With its sign, unless it rounds to nothing."""
    text = f"{value:+.3f}"
    return "0.000" if float(text) == 0 else text


_PERCENT = re.compile(
    r"<(pre|code|style|script)\b.*?</\1>|<[^>]*>|(?<=\d) ?%(?!\w)", flags=re.DOTALL
)


def percents(html: str) -> str:
    """A page whose percentages have one form and are not torn apart by a line's end.

    Parameters
    ----------
    html : str

    Examples
    --------
    >>> percents("<p>5% and 95 %, <code>5%</code></p>")
    '<p>5\xa0% and 95\xa0%, <code>5%</code></p>'
    """
    return _PERCENT.sub(
        lambda one: one[0] if one[0][0] == "<" else "\N{NO-BREAK SPACE}%", html
    )


#: Files beside the page that sentences may name, by name.
_FILES = {
    Path(file.pattern).name: file.pattern.removeprefix("{dataset}/")
    for file in FILES.values()
    if file.pattern.count("{") == 1 and file.pattern.startswith("{dataset}/")
}
_NAMED = re.compile(
    r"(?<![\w./])(" + "|".join(map(re.escape, sorted(_FILES))) + r")(?![\w/])"
)


def prose(text: str) -> Markup:
    """A sentence of a record: `code` set as code, files beside the page as links.

    Examples
    --------
    >>> prose("Each is in rejected.tsv, under `cleaning`.")
    Markup('Each is in <a href="rejected.tsv">rejected.tsv</a>, under <code>cleaning</code>.')
    """
    found = str(escape(text))
    found = re.sub(r"`([^`]+)`", r"<code>\1</code>", found)
    return Markup(_NAMED.sub(lambda m: f'<a href="{_FILES[m[1]]}">{m[1]}</a>', found))


#: What stands in parts.html for the folder of the figures' files.
_FIGURES = "figures:/"

ENVIRONMENT.filters["rate"] = _rate
ENVIRONMENT.filters["threshold"] = told
ENVIRONMENT.filters["p"] = lambda p: "< 0.001" if p < 0.001 else f"{p:.3f}"
ENVIRONMENT.filters["signed"] = _signed
ENVIRONMENT.filters["prose"] = prose
ENVIRONMENT.filters["moment"] = moment
ENVIRONMENT.filters["counted"] = counted
ENVIRONMENT.filters["verb"] = verb
ENVIRONMENT.globals["term"] = term
_PARTS: Any = ENVIRONMENT.get_template("parts.html").module
for _part in ("table", "figure", "panels"):
    ENVIRONMENT.globals[_part] = getattr(_PARTS, _part)


def page(template: str, figures: str = "figures", **context: Any) -> str:
    """A self-contained HTML page.

    Parameters
    ----------
    template : str
        Name of a file of this folder.
    figures : str
        Folder beside the page that holds the files of its figures.
    **context
        What the template shows.

    Returns
    -------
    str
    """
    inside = {
        name: Markup((_FOLDER / f"report.{name}").read_text(encoding="utf-8"))
        for name in ("css", "js")
    }
    text = ENVIRONMENT.get_template(template).render(**inside, **context)
    return percents(text.replace(_FIGURES, f"{figures}/"))
