"""The verdict: the first sentence of the report, and what it compares with."""

from collections.abc import Iterator
from typing import Any

from evenfold.reporting.facts import Facts
from evenfold.reporting.reached import (
    on_test,
    out_of_fold,
    promised,
    reached_on_test,
    reached_out_of_fold,
)
from evenfold.reporting.section import Section


def headline(facts: Facts) -> str:
    """What the champion reaches: on the test set, or in cross-validation before."""
    if point := facts.tested:
        return f"{reached_on_test(point)}."
    return f"In cross-validation {reached_out_of_fold(facts.selection)}."


def detail(facts: Facts) -> str:
    """What it compares with: the untuned threshold, and what was promised."""
    return " ".join((*_untuned(facts), *_seal(facts)))


def _untuned(facts: Facts) -> Iterator[str]:
    deployed, half = facts.tested, facts.tested_at_half
    chosen = facts.selection.chosen
    if not (deployed and half):
        return
    if deployed is not half:
        yield f"At the untuned threshold 0.5 the same model has {on_test(half)}."
    if facts.since_look:
        yield (
            f"In cross-validation the models at hand reach {out_of_fold(chosen)} with "
            f"{facts.selection.champion}."
        )
    else:
        counting = "" if chosen.keeps_half else "; the interval counts tuning in"
        yield f"Cross-validation had promised {promised(chosen)}{counting}."
    if half.mcc > deployed.mcc and abs(half.gap) > abs(deployed.gap):
        yield (
            f"MCC alone would prefer 0.5 here ({half.mcc:.3f} against {deployed.mcc:.3f}), "
            f"at the price of one class (|SN − SP| {abs(half.gap):.3f} against "
            f"{abs(deployed.gap):.3f}): read it beside SN and SP."
        )


def _seal(facts: Facts) -> Iterator[str]:
    if facts.tested:
        return
    if facts.evaluation:
        yield "The independent test set was not looked at by this selection."
    else:
        yield "No look at the independent test set was taken for this page."


def _tells(facts: Facts) -> dict[str, Any]:
    return {"headline": headline(facts), "detail": detail(facts)}


SECTION = Section(
    _tells,
    """\
<h1 id="verdict">{{ headline }}</h1>
<p class="lead">{{ detail }}</p>
""",
)
