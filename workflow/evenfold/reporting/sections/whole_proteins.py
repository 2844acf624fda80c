"""What whole proteins tell, that a window cannot show, beside the champion."""

from typing import Any

from evenfold.records.record import Interval
from evenfold.reporting.facts import Facts
from evenfold.reporting.section import Section


def _tells(facts: Facts) -> dict[str, Any] | None:
    found = facts.source_proteins
    if found is None or found.above_windows is None:
        return None
    above = found.above_windows
    return {
        "found": found,
        "above": above,
        "within_interval": _sides(above.within_interval),
        "shares": found.by_length,
    }


def _sides(ends: Interval) -> str:
    return f"[{ends[0]:.3f}, {ends[1]:.3f}]"


SECTION = Section(
    _tells,
    """\
<h3 id="whole-proteins">What whole proteins tell, and no window shows</h3>
<p>{{ found.sites }} training sites of {{ found.proteins }} proteins; {{ found.with_positive }} of these {{ found.with_positive|verb("has", "have") }} a positive one. Out-of-fold AUROC over all sites, and over the {{ found.pairs }} pairs of a positive and a negative of one protein, where the protein as a whole tells nothing.{% if not found.exact %} The whole proteins are not at hand: length and number are the least that the windows show.{% endif %}</p>
{% call table("whole-proteins", "Predictors that see whole proteins") %}
<thead><tr><th scope="col" class="t">predictor</th><th scope="col">AUROC</th><th scope="col" data-parts="within proteins|low|high">within proteins</th></tr></thead>
<tbody><tr class="champion"><th scope="row">{{ found.champion }}, the champion</th><td>{{ above.auroc|rate }}</td><td>{{ above.within|rate }} {{ within_interval }}</td></tr>
<tr><th scope="row">the same with length, number and place beside it</th><td>{{ above.auroc_with|rate }}</td><td>{{ above.within_with|rate }}</td></tr>
{% for probe in found.probes %}<tr><th scope="row">{{ probe.what }}</th><td>{{ probe.auroc|rate }}</td><td>{{ probe.within|rate if probe.within is not none else '–' }}</td></tr>{% endfor %}</tbody>
{% endcall %}
<p><small>Positive, by length of the protein: {% for one in shares %}{{ '%.0f'|format(100 * one.positives) }} % ({{ one.low|int }} to {{ one.high|int }} residues){{ ', ' if not loop.last }}{% endfor %}. The labels of relatives are known to nobody who predicts; they tell how alike sites of one protein or group are. Interval: 95 %, bootstrap over groups.</small></p>
""",
)
