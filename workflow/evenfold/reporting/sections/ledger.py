"""The ledger: every look at this test set."""

from typing import Any

from evenfold.reporting.facts import Facts
from evenfold.reporting.section import Section


def _tells(facts: Facts) -> dict[str, Any]:
    return {
        "looks": facts.evaluation.looks if facts.evaluation else [],
        "notes": facts.evaluation.notes if facts.evaluation else [],
        "selection": facts.selection.selection,
        "look": facts.command(),
    }


SECTION = Section(
    _tells,
    """\
<h2 id="ledger">The ledger</h2>
{% if looks %}
<p>Every look at this test set, under whatever name, on record in the ledger.</p>
{% call table("ledger", "Looks at this test set") %}
<thead><tr><th scope="col">look</th><th scope="col" class="t">when</th><th scope="col" class="t">selection</th><th scope="col" class="t">data set</th><th scope="col" class="t">champion</th><th scope="col" class="t">policy</th><th scope="col" class="t">reason</th></tr></thead>
<tbody>{% for look in looks %}<tr class="{{ 'champion' if look.selection == selection }}"><td>{{ look.look }}</td><td class="t">{{ look.looked_at|moment }}</td><td class="t"><code>{{ look.selection }}</code></td><td class="t">{{ look.dataset }}</td><td class="t">{{ look.champion }}</td><td class="t">{{ look.policy }}</td><td class="t w">{{ look.reason or '' }}{{ '' if look.completed else ' (not completed)' }}{% if look.set_aside %} (set aside by a synced folder as <code>{{ look.set_aside }}</code>){% endif %}</td></tr>{% endfor %}</tbody>
{% endcall %}
{% if notes %}
<p>Sequences of this test set were scored by <code>predict</code> while a selection held it sealed; to whoever knows their labels, that was a look.</p>
<ul>{% for note in notes %}<li>{{ note.when|moment }}: {{ note.count }} of {{ note.among }} test sequences, by the champion of selection <code>{{ note.selection }}</code> (data set {{ note.dataset }})</li>{% endfor %}</ul>
{% endif %}
{% else %}
<p>This is a report of cross-validation: it takes no look, and shows none that was taken. Iterate as long as you like; a look is taken when snakemake is run without <code>explore</code>: <code>{{ look }}</code>.</p>
{% endif %}
""",
)
