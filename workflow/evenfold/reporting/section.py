"""What a section of the report is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from evenfold.reporting.facts import Facts
from evenfold.reporting.pages import ENVIRONMENT


@dataclass(frozen=True)
class Section:
    """A part of the report; everything of it is in one file of `sections`.

    Attributes
    ----------
    tells : callable
        Gets the facts and gives what the fragment shows, by name: rows, sentences,
        figures. None where there is nothing to show.
    fragment : str
        Jinja template of the part. Filters `rate` (0.123), `signed` (+0.123),
        `threshold` (0.00012) and `p` (< 0.001).
    """

    tells: Callable[[Facts], Mapping[str, Any] | None]
    fragment: str

    def part(self, facts: Facts) -> Markup:
        """The section as HTML; empty where there is nothing to show."""
        context = self.tells(facts)
        if context is None:
            return Markup("")
        return Markup(ENVIRONMENT.from_string(self.fragment).render(context))
