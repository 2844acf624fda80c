"""Can something trivial do it: probes beside the champion."""

from typing import Any

from evenfold.reporting.facts import Facts
from evenfold.reporting.section import Section


def _tells(facts: Facts) -> dict[str, Any] | None:
    if not facts.audit.probes:
        return None
    tested = {
        probe.name: probe
        for probe in (facts.evaluation.probes if facts.evaluation else [])
    }
    return {
        "champion": facts.selection.chosen.oof,
        "tested": facts.tested is not None,
        "rows": [(probe, tested.get(probe.name)) for probe in facts.audit.probes],
    }


SECTION = Section(
    _tells,
    """\
<h3>Can something trivial do it?</h3>
<p>Small models of one simple thing each, out-of-fold on the training sequences. One that comes near the champion ({{ '%.2f'|format(champion.mcc) }}) would mean that little else was learnt.</p>
<div class="scroll"><table>
<thead><tr><th class="t">predictor</th><th>SN</th><th>SP</th><th>MCC</th><th>AUROC</th>{% if tested %}<th>SN / SP, test</th><th>MCC, test</th>{% endif %}<th class="t">seen by the models</th></tr></thead>
<tbody>{% for probe, test in rows %}<tr><td class="t">{{ probe.what }}</td><td>{{ probe.sn|rate }}</td><td>{{ probe.sp|rate }}</td><td>{{ probe.mcc|rate }}</td><td>{{ probe.auroc|rate if probe.auroc is not none }}</td>{% if tested %}<td>{% if test %}{{ test.sn|rate }} / {{ test.sp|rate }}{% endif %}</td><td>{% if test %}{{ test.mcc|rate }}{% endif %}</td>{% endif %}<td class="t">{{ 'yes' if probe.seen else 'no' }}</td></tr>{% endfor %}</tbody>
</table></div>
""",
)
