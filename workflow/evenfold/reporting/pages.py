"""Pages of this folder's templates, each with the style sheet inside."""

from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from evenfold.records.thresholds import told

_FOLDER = Path(__file__).parent

#: Text from files and configuration is escaped; a name that is not there is an error.
ENVIRONMENT = jinja2.Environment(
    loader=jinja2.FileSystemLoader(_FOLDER),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
)
ENVIRONMENT.filters["rate"] = lambda value: f"{value:.3f}"
ENVIRONMENT.filters["threshold"] = told
ENVIRONMENT.filters["p"] = lambda p: "< 0.001" if p < 0.001 else f"{p:.3f}"
ENVIRONMENT.filters["signed"] = lambda value: f"{value:+.3f}"


def page(template: str, **context: Any) -> str:
    """A self-contained HTML page.

    Parameters
    ----------
    template : str
        Name of a file of this folder.
    **context
        What the template shows.

    Returns
    -------
    str
    """
    css = Markup((_FOLDER / "report.css").read_text(encoding="utf-8"))
    return ENVIRONMENT.get_template(template).render(css=css, **context)
