"""The report of one data set: the order of its sections."""

from evenfold.reporting.facts import Facts
from evenfold.reporting.pages import page
from evenfold.reporting.section import Section
from evenfold.reporting.sections import (
    badges,
    cross_validation,
    earlier_look,
    leaks,
    learning,
    ledger,
    more_data,
    notes,
    on_test_set,
    operating_points,
    prediction_sets,
    probabilities,
    provenance,
    published_split,
    shortcuts,
    test_and_training,
    verdict,
    whole_proteins,
)

SECTIONS: tuple[Section, ...] = (
    verdict.SECTION,
    badges.SECTION,
    notes.SECTION,
    on_test_set.SECTION,
    earlier_look.SECTION,
    cross_validation.SECTION,
    operating_points.SECTION,
    learning.SECTION,
    more_data.SECTION,
    probabilities.SECTION,
    prediction_sets.SECTION,
    published_split.SECTION,
    test_and_training.SECTION,
    leaks.SECTION,
    shortcuts.SECTION,
    whole_proteins.SECTION,
    ledger.SECTION,
    provenance.SECTION,
)


def report(facts: Facts) -> str:
    """The report as a self-contained HTML page that opens with the verdict."""
    return page(
        "page.html",
        dataset=facts.dataset,
        description=facts.settings.description,
        parts=[section.part(facts) for section in SECTIONS],
    )
