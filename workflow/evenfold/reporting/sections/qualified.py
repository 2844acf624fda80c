"""What qualifies the verdict: the threshold, the other variants, and luck."""

from collections.abc import Iterator
from typing import Any

from evenfold.records.selection import Selection
from evenfold.records.thresholds import HALF
from evenfold.reporting.facts import Facts
from evenfold.reporting.judging import no_variant_differs, tuning
from evenfold.reporting.pages import ENVIRONMENT
from evenfold.reporting.section import Section
from evenfold.saying import counted


def qualified(facts: Facts) -> list[tuple[str, str]]:
    """What each is about, and what there is to know of it."""
    told = (
        ("Threshold", _threshold(facts)),
        ("Other variants", (_lead(facts), *_alike(facts))),
        ("Luck", _luck(facts)),
    )
    found = ((about, " ".join(sentences)) for about, sentences in told)
    return [(about, text) for about, text in found if text]


def _lead(facts: Facts) -> str:
    """Where the champion stands beside the best variant and the simplest one."""
    selection, best = facts.selection, facts.selection.best
    if best.of == 1:
        return "No other variant was trained."
    found = []
    if (
        best.lead
        and selection.champion == best.lead.over
        and not round(best.lead.mcc, 3)
    ):
        found.append(
            f"{best.variant} and {selection.champion} have the same MCC out-of-fold: the "
            "simpler one is kept."
        )
    elif best.lead and selection.champion == best.lead.over:
        found.append(
            f"{best.variant} leads {selection.champion} by {best.lead.mcc:+.3f} MCC "
            f"out-of-fold, within the {best.lead.by_chance:.3f} by which the best of "
            f"{best.lead.of} equal variants may lead by chance: a tie, and the simpler one "
            "is kept."
        )
    # Of version 0.1.0 the baseline was what everything was compared with.
    simplest = selection.simplest or selection.baseline
    lead = selection.against_simplest
    if selection.simplest is None and not found:
        lead = selection.against_baseline.get(selection.champion)
    if lead is None:
        if not found:
            found.append(
                f"No other variant beat {simplest} out-of-fold{_nearest(selection)}."
            )
    elif lead.low <= 0 <= lead.high:
        found.append(
            f"The lead of {selection.champion} over {simplest}, the simplest, is "
            f"{lead.mcc:+.3f} MCC out-of-fold, with a 95 % interval that holds zero "
            f"([{lead.low:+.3f}, {lead.high:+.3f}])."
        )
    else:
        found.append(
            f"Out-of-fold {selection.champion} beats {simplest}, the simplest, by "
            f"{lead.mcc:+.3f} MCC [{lead.low:+.3f}, {lead.high:+.3f}] ({_p(lead.p)})."
        )
    return " ".join(found)


def _nearest(selection: Selection) -> str:
    """The champion beside the baseline, or what comes nearest to that from below."""
    if own := selection.other_models.get(selection.champion):
        return (
            f": it leads {selection.baseline} by {own.mcc:+.3f} MCC [{own.low:+.3f}, "
            f"{own.high:+.3f}]"
        )
    if selection.champion != selection.baseline or not selection.against_baseline:
        return ""
    name, one = max(selection.against_baseline.items(), key=lambda item: item[1].mcc)
    return (
        f": the nearest, {name}, is at {one.mcc:+.3f} MCC [{one.low:+.3f}, "
        f"{one.high:+.3f}]"
    )


def _alike(facts: Facts) -> Iterator[str]:
    """That no loss differs from the baseline, where no test says that one does."""
    if not no_variant_differs(facts.selection):
        return
    found = facts.selection.against_baseline.values()
    yield (
        "Each at its own threshold, no other variant of the same network differs from "
        f"{facts.selection.baseline} in MCC by more than chance (smallest "
        f"{_p(min(one.p_holm for one in found))} after Holm's correction for "
        f"{counted(len(found), 'comparison')})."
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
    alike = no_variant_differs(facts.selection) and _several_losses(facts.selection)
    if alike and all(one.helped for one in found):
        yield "The threshold does the work, not the loss."


def _several_losses(selection: Selection) -> bool:
    """Whether other losses were compared, and not other settings of one alone."""
    names = (selection.baseline, *selection.against_baseline)
    known = [
        selection.variants[name].loss for name in names if name in selection.variants
    ]
    return len(set(known)) > 1


def _p(value: float) -> str:
    p = ENVIRONMENT.filters["p"](value)
    return f"p {p if p[0] == '<' else f'= {p}'}"


def _luck(facts: Facts) -> Iterator[str]:
    best = facts.selection.best
    if best.of > 1 and best.mcc_corrected < best.mcc:
        yield (
            f"Being the largest of {best.of} flatters: the best out-of-fold MCC, that of "
            f"{best.variant}, is {best.mcc:.3f}, and {best.mcc_corrected:.3f} once that luck is taken out."
        )


def _tells(facts: Facts) -> dict[str, Any]:
    return {"qualified": qualified(facts)}


SECTION = Section(
    _tells,
    """\
<dl class="points">
{% for about, text in qualified %}<dt>{{ about }}</dt><dd>{{ text }}</dd>
{% endfor %}</dl>
""",
)
