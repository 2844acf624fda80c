"""What a section of the report is."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from evenfold.reporting.facts import Facts
from evenfold.reporting.figures import Drawing
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
        `threshold` (0.00012), `p` (< 0.001), `moment` (2026-01-02 03:04 UTC) and `prose` (a sentence of a record); `counted` and `verb` (one site, two sites);
        `term` explains a word; `table`, `figure` and `panels` are blocks of parts.html.
    """

    tells: Callable[[Facts], Mapping[str, Any] | None]
    fragment: str

    def part(self, facts: Facts) -> Markup:
        """The section as HTML; empty where there is nothing to show."""
        return self.shown(facts)[0]

    def shown(self, facts: Facts) -> tuple[Markup, list[Drawing]]:
        """The same with its figures."""
        context = self.tells(facts)
        if context is None:
            return Markup(""), []
        part = ENVIRONMENT.from_string(self.fragment).render(context)
        return Markup(part), list(_drawings(context.values()))


def _drawings(values: Any) -> Iterator[Drawing]:
    for value in values:
        if isinstance(value, Drawing):
            yield value
        elif isinstance(value, list | tuple):
            yield from _drawings(value)
