"""The report of one data set: the order of its sections."""

import re
from dataclasses import dataclass

from markupsafe import Markup

from evenfold.reporting.facts import Facts
from evenfold.reporting.figures import VARIABLES, Drawing
from evenfold.reporting.pages import page
from evenfold.reporting.section import Section
from evenfold.reporting.sections import (
    badges,
    cross_validation,
    domain,
    earlier_look,
    glossary,
    leaks,
    learning,
    ledger,
    looks_at,
    methods,
    mistakes,
    more_data,
    next_steps,
    notes,
    on_test_set,
    operating_points,
    prediction_sets,
    probabilities,
    provenance,
    published_split,
    qualified,
    shortcuts,
    telling_apart,
    test_and_training,
    verdict,
    whole_proteins,
)
from evenfold.reporting.words import explained, features_of_run

SECTIONS: tuple[Section, ...] = (
    verdict.SECTION,
    badges.SECTION,
    notes.SECTION,
    qualified.SECTION,
    next_steps.SECTION,
    on_test_set.SECTION,
    earlier_look.SECTION,
    mistakes.SECTION,
    cross_validation.SECTION,
    operating_points.SECTION,
    learning.SECTION,
    telling_apart.SECTION,
    looks_at.SECTION,
    more_data.SECTION,
    probabilities.SECTION,
    prediction_sets.SECTION,
    domain.SECTION,
    published_split.SECTION,
    test_and_training.SECTION,
    leaks.SECTION,
    shortcuts.SECTION,
    whole_proteins.SECTION,
    ledger.SECTION,
    methods.SECTION,
    provenance.SECTION,
    glossary.SECTION,
)


_HEADING = re.compile('<h2 id="([^"]*)">([^<]*)</h2>')


@dataclass(frozen=True)
class Report:
    """A report: the page, and the figures that also become files."""

    html: str
    drawings: list[Drawing]


def made(facts: Facts, figures: str = "figures") -> Report:
    """The report as a self-contained HTML page that opens with the verdict.

    Parameters
    ----------
    facts : Facts
    figures : str
        Folder beside the page that will hold the files of its figures.

    Returns
    -------
    Report
    """
    shown = [section.shown(facts) for section in SECTIONS]
    parts = [part for part, _ in shown]
    known = features_of_run(facts.settings.decides)
    html = page(
        "page.html",
        figures=figures,
        dataset=facts.dataset,
        description=facts.settings.description,
        parts=[Markup(explained("\n".join(parts), known))],
        contents=[("verdict", "Verdict"), *_HEADING.findall("".join(parts))],
        variants=list(facts.tuned),
        best=facts.leading,
        paper={name: colour for colour, name in VARIABLES.items()},
    )
    return Report(html, [one for _, drawings in shown for one in drawings])


def report(facts: Facts) -> str:
    """The page of `made` alone."""
    return made(facts).html
