"""The verdict: the first sentence of the report, and those that qualify it."""

from collections.abc import Iterator
from typing import Any

from evenfold.records.selection import Selection
from evenfold.records.thresholds import HALF
from evenfold.reporting.facts import Facts
from evenfold.reporting.judging import tuning
from evenfold.reporting.pages import ENVIRONMENT
from evenfold.reporting.reached import (
    on_test,
    out_of_fold,
    reached_on_test,
    reached_out_of_fold,
)
from evenfold.reporting.section import Section

#: Of tests, after correction.
_LEVEL = 0.05


def headline(facts: Facts) -> str:
    """What the champion reaches: on the test set, or in cross-validation before."""
    if point := facts.tested:
        return f"{reached_on_test(point)}."
    return f"In cross-validation {reached_out_of_fold(facts.selection)}."


def detail(facts: Facts) -> str:
    """What to know beside it: the untuned threshold, the baseline, luck."""
    sentences = (
        *_untuned(facts),
        *_seal(facts),
        _lead(facts),
        *_alike(facts),
        *_threshold(facts),
        *_luck(facts),
    )
    return " ".join(sentences)


def _out_of_fold(facts: Facts) -> str:
    return out_of_fold(facts.selection.chosen)


def _untuned(facts: Facts) -> Iterator[str]:
    deployed, half = facts.tested, facts.tested_at_half
    if not (deployed and half):
        return
    yield f"At the untuned threshold 0.5 the same model has {on_test(half)}."
    if facts.since_look:
        yield (
            f"In cross-validation the models at hand reach {_out_of_fold(facts)} with "
            f"{facts.selection.champion}."
        )
    else:
        yield f"Cross-validation had promised {_out_of_fold(facts)}."
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


def _lead(facts: Facts) -> str:
    """The lead of the best variant over the baseline out-of-fold."""
    selection, best = facts.selection, facts.selection.best
    baseline = selection.baseline
    lead = selection.against_baseline.get(best.variant)
    if lead is None:
        return f"No other variant beat {baseline} out-of-fold{_nearest(selection)}."
    if selection.champion == baseline:
        return (
            f"{best.variant} leads it by {lead.mcc:+.3f} MCC out-of-fold, within one "
            f"standard error ({lead.se:.3f}): a tie, and the simpler one is kept."
        )
    if lead.low <= 0 <= lead.high:
        return (
            f"Its lead over {baseline} out-of-fold ({lead.mcc:+.3f} MCC, "
            f"[{lead.low:+.3f}, {lead.high:+.3f}]) is within chance."
        )
    p = ENVIRONMENT.filters["p"](lead.p_holm)
    return (
        f"Out-of-fold it beats {baseline} by {lead.mcc:+.3f} MCC [{lead.low:+.3f}, "
        f"{lead.high:+.3f}] (p {p if p[0] == '<' else f'= {p}'} after Holm's correction "
        f"for {best.of - 1} comparisons)."
    )


def _nearest(selection: Selection) -> str:
    """The variant that comes nearest to the baseline from below."""
    if not selection.against_baseline:
        return ""
    name, one = max(selection.against_baseline.items(), key=lambda item: item[1].mcc)
    return (
        f": the nearest, {name}, is at {one.mcc:+.3f} MCC [{one.low:+.3f}, "
        f"{one.high:+.3f}]"
    )


def _alike(facts: Facts) -> Iterator[str]:
    """That no variant differs from the baseline, where no test says that one does."""
    found = facts.selection.against_baseline.values()
    if found and min(one.p_holm for one in found) > _LEVEL:
        yield (
            f"After tuning, no variant differs from {facts.selection.baseline} in MCC by "
            f"more than chance: the smallest p of {len(found)} after Holm's correction is "
            f"{min(one.p_holm for one in found):.2f}."
        )


def _threshold(facts: Facts) -> Iterator[str]:
    """What the tuned threshold changes, and whether it, not the loss, does the work."""
    chosen = facts.selection.chosen
    if chosen.operating_point == HALF:
        return
    found, where = [tuning(chosen.oof_at_half, chosen.oof)], "out-of-fold"
    deployed, half = facts.tested, facts.tested_at_half
    if deployed and half and deployed is not half and not facts.since_look:
        found.append(tuning(half, deployed))
        where = "on the test set"
    last = found[-1]
    (mcc_low, mcc_high), (gap_low, gap_high) = last.of_mcc, last.of_gap
    yield (
        f"From 0.5 to the tuned threshold MCC changes by {last.mcc:+.3f} "
        f"[{mcc_low:+.3f}, {mcc_high:+.3f}] and |SN − SP| by {last.gap:+.3f} "
        f"[{gap_low:+.3f}, {gap_high:+.3f}] {where} (95 %, sequences taken as "
        "independent)."
    )
    if _tied(facts.selection) and all(one.helped for one in found):
        yield "The threshold does the work, not the loss."


def _tied(selection: Selection) -> bool:
    """Whether the best variant's lead over the baseline may be chance."""
    lead = selection.against_baseline.get(selection.best.variant)
    tie = selection.champion == selection.baseline
    return lead is not None and (tie or lead.low <= 0 <= lead.high)


def _luck(facts: Facts) -> Iterator[str]:
    best = facts.selection.best
    if best.of > 1:
        yield (
            f"Being the largest of {best.of} flatters: the best out-of-fold MCC is "
            f"{best.mcc:.3f}, and {best.mcc_corrected:.3f} once that luck is taken out."
        )


def _tells(facts: Facts) -> dict[str, Any]:
    return {"headline": headline(facts), "detail": detail(facts)}


SECTION = Section(
    _tells,
    """\
<h1>{{ headline }}</h1>
<p class="lead">{{ detail }}</p>
""",
)
