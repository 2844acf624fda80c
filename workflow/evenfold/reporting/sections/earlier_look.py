"""The earlier look at this test set, where this selection's own was withheld."""

from typing import Any

from evenfold.records.thresholds import HALF
from evenfold.reporting.facts import Facts
from evenfold.reporting.section import Section


def _tells(facts: Facts) -> dict[str, Any] | None:
    if facts.evaluation is None or not facts.evaluation.earlier:
        return None
    return {"rows": facts.evaluation.earlier, "half": HALF}


SECTION = Section(
    _tells,
    """\
<h2 id="earlier-look">The earlier look at this test set</h2>
{% call table("earlier-look", "Results of the earlier look") %}
<thead><tr><th scope="col" class="t">looked at</th><th scope="col" class="t">data set</th><th scope="col" class="t">variant</th><th scope="col" class="t">operating point</th><th scope="col">threshold</th><th scope="col">SN</th><th scope="col">SP</th><th scope="col">SN − SP</th><th scope="col">MCC</th><th scope="col" data-parts="MCC low|MCC high">95 % interval</th></tr></thead>
<tbody>{% for row in rows %}<tr><th scope="row">{{ row.looked_at|moment }}</th><td class="t">{{ row.dataset }}</td><td class="t">{{ row.variant }}</td><td class="t">{{ "untuned" if row.operating_point == half else row.operating_point }}</td><td>{{ row.threshold|threshold }}</td><td>{{ row.sn|rate }}</td><td>{{ row.sp|rate }}</td><td>{{ row.gap|signed }}</td><td>{{ row.mcc|rate }}</td><td>[{{ row.mcc_low|rate }}, {{ row.mcc_high|rate }}]</td></tr>{% endfor %}</tbody>
{% endcall %}
""",
)
