"""Is the test set like the training data: classes, lengths, composition, beside it."""

from typing import Any

from evenfold.records.evaluation import Alike, Called
from evenfold.records.sequences import Shift
from evenfold.reporting.facts import Facts
from evenfold.reporting.section import Section


def _tells(facts: Facts) -> dict[str, Any] | None:
    shift = facts.audit.shift
    if shift is None or shift.median_length is None:
        return None
    labels = facts.evaluation.labels if facts.evaluation and facts.tested else None
    return {
        "rows": [*_sizes(facts), *_classes(facts), *_letters(shift)],
        "shift": shift,
        "parts": [
            row for one in (labels.alike if labels else []) for row in _parts(one)
        ],
        "opposite": labels.opposite if labels else [],
    }


def _sizes(facts: Facts) -> list[tuple[str, str, str]]:
    return [("sequences", str(facts.split.n_train), str(facts.split.n_test))]


def _classes(facts: Facts) -> list[tuple[str, str, str]]:
    """Shares of positives: of the test set after a look alone."""
    row = facts.tested
    of_test = f"{(row.tp + row.fn) / row.n:.1%}" if row else "sealed"
    return [("positive", f"{facts.selection.positives:.1%}", of_test)]


def _letters(shift: Shift) -> list[tuple[str, str, str]]:
    train, test = shift.median_length or (0.0, 0.0)
    # A file keeps no order of keys.
    letters = sorted(
        shift.residues.items(), key=lambda own: -abs(own[1][0] - own[1][1])
    )
    return [
        ("median length, residues", f"{train:.0f}", f"{test:.0f}"),
        *(
            (f"mean share of {letter}", f"{before:.1%}", f"{after:.1%}")
            for letter, (before, after) in letters
        ),
    ]


def _parts(one: Alike) -> list[tuple[str, int, str, str]]:
    limits = ""
    if one.limits:
        limits = f" ({one.limits[0]:.0f} to {one.limits[1]:.0f} residues)"
    return [
        (
            f"like 95 % of the training sequences in {one.by}{limits}",
            *_rates(one.alike),
        ),
        ("the others", *_rates(one.other)),
    ]


def _rates(part: Called) -> tuple[int, str, str]:
    positives, negatives = part.tp + part.fn, part.tn + part.fp
    return (
        positives + negatives,
        f"{part.tp / positives:.3f}" if positives else "–",
        f"{part.tn / negatives:.3f}" if negatives else "–",
    )


SECTION = Section(
    _tells,
    """\
<h2 id="test-and-training">Is the test set like the training data?</h2>
<p>{% if shift.auroc is not none %}Length and composition tell test sequences from training ones with AUROC {{ '%.2f'|format(shift.auroc) }} (0.5: not at all). {% endif %}The table names the residues whose mean share differs most.{% for one in opposite %} {{ one.n|counted("test sequence") }} {{ one.n|verb("has", "have") }} {{ one.kind }} in the training data as given; {{ one.opposite }} of them {{ one.opposite|verb("carries", "carry") }} the opposite label there.{% endfor %}</p>
{% call table("roles", "Training and test sequences") %}
<thead><tr><th scope="col" class="t">what</th><th scope="col">training</th><th scope="col">test</th></tr></thead>
<tbody>{% for what, train, test in rows %}<tr><th scope="row">{{ what }}</th><td>{{ train }}</td><td>{{ test }}</td></tr>{% endfor %}</tbody>
{% endcall %}
{% if parts %}{% call table("parts", "Parts of the test set") %}
<thead><tr><th scope="col" class="t">test sequences</th><th scope="col">n</th><th scope="col">SN</th><th scope="col">SP</th></tr></thead>
<tbody>{% for what, n, sn, sp in parts %}<tr><th scope="row">{{ what }}</th><td>{{ n }}</td><td>{{ sn }}</td><td>{{ sp }}</td></tr>{% endfor %}</tbody>
{% endcall %}
<p><small>The champion at its threshold, measured inside the look.</small></p>{% endif %}
""",
)
