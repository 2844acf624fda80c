"""Provenance: what made this report, how long it took, and with which settings."""

from typing import Any

import yaml

from evenfold.reporting.facts import Facts
from evenfold.reporting.section import Section


def _tells(facts: Facts) -> dict[str, Any]:
    return {
        "selection": facts.selection,
        "decides": facts.selection.decides,
        "records": facts.selection.records,
        "times": facts.times,
        "seconds": f"{sum(time.seconds for time in facts.times):.0f}",
        "configuration": yaml.safe_dump(facts.settings.decides.dump(), sort_keys=False),
    }


SECTION = Section(
    _tells,
    """\
<h2>Provenance</h2>
<p>Selection <code>{{ selection.selection }}</code> · data <code>{{ decides.data[:16] }}</code> · split <code>{{ decides.split[:16] }}</code> · configuration <code>{{ decides.config[:16] }}</code> · evenfold {{ records.evenfold }}, Python {{ records.python }}, {{ records.machine }}</p>
{% if times %}
<details open><summary>Time of each rule ({{ seconds }} s in all, jobs added up)</summary>
<div class="scroll"><table><thead><tr><th class="t">rule</th><th>jobs</th><th>seconds</th><th>largest memory, MB</th></tr></thead>
<tbody>{% for row in times %}<tr><td class="t">{{ row.rule }}</td><td>{{ row.jobs }}</td><td>{{ '%.1f'|format(row.seconds) }}</td><td>{{ '–' if row.memory is none else '%.0f'|format(row.memory) }}</td></tr>{% endfor %}</tbody></table></div></details>
{% endif %}
<details><summary>Resolved configuration</summary><pre>{{ configuration }}</pre></details>
""",
)
