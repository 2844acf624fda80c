"""The earlier look at this test set, where this selection's own was withheld."""

from typing import Any

from evenfold.reporting.facts import Facts
from evenfold.reporting.section import Section


def _tells(facts: Facts) -> dict[str, Any] | None:
    if facts.evaluation is None or not facts.evaluation.earlier:
        return None
    return {"rows": facts.evaluation.earlier}


SECTION = Section(
    _tells,
    """\
<h2>The earlier look at this test set</h2>
<div class="scroll"><table>
<thead><tr><th class="t">looked at</th><th class="t">data set</th><th class="t">variant</th><th class="t">threshold</th><th>SN</th><th>SP</th><th>SN − SP</th><th>MCC</th><th>95 % interval</th></tr></thead>
<tbody>{% for row in rows %}<tr><td class="t">{{ row.looked_at }}</td><td class="t">{{ row.dataset }}</td><td class="t">{{ row.variant }}</td><td class="t">{{ row.threshold|threshold }} ({{ row.operating_point }})</td><td>{{ row.sn|rate }}</td><td>{{ row.sp|rate }}</td><td>{{ row.gap|signed }}</td><td>{{ row.mcc|rate }}</td><td>{{ row.mcc_low|rate }} – {{ row.mcc_high|rate }}</td></tr>{% endfor %}</tbody>
</table></div>
""",
)
