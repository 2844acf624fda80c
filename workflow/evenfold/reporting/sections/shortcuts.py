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
<h3 id="shortcuts">Can something trivial do it?</h3>
<p>Small models of one simple thing each, out-of-fold on the training sequences. One that comes near the champion ({{ '%.2f'|format(champion.mcc) }}) would mean that little else was learnt.</p>
{% call table("shortcuts", "Predictors of one simple thing") %}
<thead><tr><th scope="col" class="t">predictor</th><th scope="col">SN</th><th scope="col">SP</th><th scope="col">MCC</th><th scope="col">AUROC</th>{% if tested %}<th scope="col" data-parts="SN, test|SP, test">SN / SP, test</th><th scope="col">MCC, test</th>{% endif %}<th scope="col" class="t">seen by the models</th></tr></thead>
<tbody>{% for probe, test in rows %}<tr><th scope="row">{{ probe.what }}</th><td>{{ probe.sn|rate }}</td><td>{{ probe.sp|rate }}</td><td>{{ probe.mcc|rate }}</td><td>{{ probe.auroc|rate if probe.auroc is not none }}</td>{% if tested %}<td>{% if test %}{{ test.sn|rate }} / {{ test.sp|rate }}{% endif %}</td><td>{% if test %}{{ test.mcc|rate }}{% endif %}</td>{% endif %}<td class="t">{{ 'yes' if probe.seen else 'no' }}</td></tr>{% endfor %}</tbody>
{% endcall %}
""",
)
