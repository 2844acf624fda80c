"""The badges: the handful of facts that a reader wants first."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from evenfold.records.sequences import SplitFacts
from evenfold.records.thresholds import told
from evenfold.reporting.facts import Facts
from evenfold.reporting.judging import folds_agree, rivals
from evenfold.reporting.reached import is_rare, precision
from evenfold.reporting.section import Section
from evenfold.saying import counted


@dataclass(frozen=True)
class Badge:
    """A fact: what it is, what it is here, and green, amber, red or no colour."""

    label: str
    value: str
    colour: str = ""


def badges(facts: Facts) -> list[Badge]:
    """The badges, in order."""
    return [
        *_rates(facts),
        _stability(facts),
        _leaks(facts),
        *_shortcut(facts),
        *_looks(facts),
    ]


def _rates(facts: Facts) -> Iterator[Badge]:
    point = facts.tested or facts.selection.chosen.oof
    gap = abs(point.gap)
    yield Badge(f"MCC, {'test' if facts.tested else 'out-of-fold'}", f"{point.mcc:.3f}")
    yield Badge("SN / SP", f"{told(point.sn)} / {told(point.sp)}")
    if is_rare(point):
        yield Badge("precision (PPV)", precision(point))
    colour = "green" if gap <= 0.05 else "amber" if gap <= 0.1 else "red"
    row = facts.tested
    if colour == "red" and row and row.gap_low <= 0 <= row.gap_high:
        # Of few sequences it may be chance.
        colour = "amber"
    yield Badge("|SN − SP|", f"{gap:.3f}", colour)


def _stability(facts: Facts) -> Badge:
    stability = facts.champion.stability
    label = f"threshold stability{_at_hand(facts)}"
    if stability is None:
        return Badge(label, "not tuned", "amber")
    return Badge(label, folds_agree(facts, stability), stability.flag)


def _at_hand(facts: Facts) -> str:
    """What is said of models other than those whose test result is shown."""
    return " (models at hand)" if facts.since_look else ""


_LEFT = {"serious": "serious", "warning": "warnings"}
_COLOURS = {"serious": "red", "warning": "amber"}


def _leaks(facts: Facts) -> Badge:
    """What is left of leaks, and what was removed: never "none" where there was some."""
    left = _worst(facts, ("leak",))
    found = [_LEFT[left]] if left else []
    found += [_removed(facts.split)] if facts.split.removed else []
    worst = _worst(facts, ("leak", "removed"))
    return Badge(
        "leaks", "; ".join(found) or "none found", _COLOURS.get(worst, "green")
    )


def _worst(facts: Facts, about: tuple[str, ...]) -> str:
    """The worst severity of such findings; empty where none needs a word."""
    found = {f.severity for f in facts.audit.findings if f.about in about}
    return next((severity for severity in _LEFT if severity in found), "")


def _removed(split: SplitFacts) -> str:
    n, of = split.related_test_sequences, split.n_test
    if n is None:
        return (
            f"removed: {counted(split.related_sequences, 'relative')} of the test set"
        )
    return (
        f"removed: {n / of:.0%} of the test set ({n} of {of}) had relatives in training"
    )


def _shortcut(facts: Facts) -> Iterator[Badge]:
    """The best of what the models see: probes come in this order."""
    seen = [probe for probe in facts.audit.probes or [] if probe.seen]
    if seen:
        near, perhaps = rivals(facts)
        best = (near or perhaps or seen)[0]
        colour = "red" if near else "amber" if perhaps else ""
        yield Badge("best shortcut", f"{best.name}, MCC {best.mcc:.2f}", colour)


def _looks(facts: Facts) -> Iterator[Badge]:
    if status := facts.evaluation:
        practice = " (practice)" if status.policy == "practice" else ""
        yield Badge(
            "looks at this test set",
            f"{len(status.looks)}{practice}",
            "amber" if status.look is None else "",
        )


def _tells(facts: Facts) -> dict[str, Any]:
    return {"badges": badges(facts)}


SECTION = Section(
    _tells,
    """\
<div class="badges">
{% for badge in badges %}
<div class="badge {{ badge.colour }}"><span>{{ badge.label }}</span><b>{{ badge.value }}</b></div>
{% endfor %}
</div>
""",
)
