"""What to do next: commands to copy."""

from typing import Any

from evenfold.records.evaluation import setting
from evenfold.reporting.facts import Facts
from evenfold.reporting.section import Section


def _tells(facts: Facts) -> dict[str, Any]:
    status = facts.evaluation
    again = status.to_look_again if status else None
    since = status.since_look if status else None
    allow = again or (since.to_look_again if since else None)
    return {
        "dataset": facts.dataset,
        "looked": status is not None,
        "measured": status is not None and status.look is not None,
        "sealed": status is not None and status.policy == "sealed",
        "allow": setting("allow_look", allow) if allow else None,
        "look": facts.command(),
        "explore": facts.command("-- explore"),
    }


SECTION = Section(
    _tells,
    """\
<section class="next" aria-labelledby="next">
<h2 id="next">Next</h2>
<dl>
<dt>Score new sequences</dt><dd><code>evenfold predict results/{{ dataset }} new.fasta --out new.tsv</code></dd>
{% if looked %}<dt>Check every number again</dt><dd><code>evenfold verify results/{{ dataset }}</code></dd>
<dt>See all runs in MLflow</dt><dd><code>evenfold mlflow results</code></dd>
<dt>Numbers of this page</dt><dd>{% if measured %}<a href="test/metrics.tsv">metrics.tsv</a>, <a href="test/predictions.parquet">predictions.parquet</a>, {% endif %}<a href="selection.json">selection.json</a>, <a href="audit.json">audit.json</a>, <a href="rejected.tsv">rejected.tsv</a></dd>
<dt>Evidence for others</dt><dd><a href="model_card.md">model card</a>, <a href="dome.json">dome.json</a>, <a href="ro-crate-metadata.json">run crate</a>, which the run writes after this page</dd>
{% if allow %}<dt>One more look</dt><dd>needs a reason, which reports show for ever:<pre>{{ allow }}</pre></dd>
{% elif sealed %}<dt>Change something</dt><dd>With other settings or training data, iterate by <code>{{ explore }}</code>; one more look at this test set will need a reason.</dd>
{% else %}<dt>Change something</dt><dd>This test set is for practice, and may be looked at again: <code>{{ look }}</code></dd>{% endif %}
{% else %}<dt>Look at the test set, once</dt><dd><code>{{ look }}</code></dd>
<dt>Numbers of this page</dt><dd><a href="selection.json">selection.json</a>, <a href="audit.json">audit.json</a>, <a href="rejected.tsv">rejected.tsv</a></dd>{% endif %}
</dl>
</section>
""",
)
