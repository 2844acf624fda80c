"""Does the data leak: groups, findings of the audit, distances across the split."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from evenfold.records.sequences import AuditFacts
from evenfold.reporting import figures
from evenfold.reporting.facts import Facts
from evenfold.reporting.figures import Drawing
from evenfold.reporting.section import Section

_ORDER = ("serious", "warning", "info", "ok")


def draw_identities(audit: AuditFacts) -> Drawing:
    """How close the nearest partner is: test to training, and fold to fold."""
    with plt.rc_context(figures.STYLE):
        figure, axes = plt.subplots(figsize=(figures.LARGE, 2.3))
        entries = []
        for closeness, label, colour in (
            (audit.fold_to_fold, "training, nearest in another fold", figures.HALF),
            (audit.test_to_train, "test, nearest in training", figures.MCC),
        ):
            if closeness:
                entries.append((label, colour))
                counts = np.array(closeness.histogram.counts, dtype=float)
                patch = axes.stairs(
                    counts / max(1, counts.sum()), closeness.histogram.edges, fill=True,
                    facecolor=(colour, 0.45), edgecolor=colour, lw=1.2,
                )  # fmt: skip
                figures.mark(patch, f"{label}: {closeness.searched} searched")
        axes.set(
            xlim=(0, 1),
            xlabel="identity × coverage of the best alignment",
            ylabel="share",
        )
        if entries:
            figures.legend_above(axes, entries, "s")
        return figures.drawn(
            figure, "identities", "How close the nearest partner of a sequence is"
        )


def _tells(facts: Facts) -> dict[str, Any]:
    audit, grouping = facts.audit, facts.grouping
    distances = (
        ("Test to training", audit.test_to_train),
        ("Fold to fold", audit.fold_to_fold),
    )
    return {
        "as_called": facts.as_called,
        "grouping": grouping,
        "aligned_by": {name: n for name, n in grouping.aligned_by.items() if n},
        "findings": sorted(audit.findings, key=lambda f: _ORDER.index(f.severity)),
        "identities": draw_identities(audit),
        "distances": [(name, one) for name, one in distances if one],
    }


SECTION = Section(
    _tells,
    """\
<h2 id="leaks">Does the data leak?</h2>
<p>{{ grouping.sequences }} sequences ({{ grouping.distinct }} distinct) form {{ grouping.groups|counted("group") }} by homology{% if grouping.sources %} and by {{ grouping.sources|counted("source protein") }}{% endif %}; the largest has {{ grouping.largest_group }}. {% if aligned_by|list == ["exhaustive Smith-Waterman"] %}Everything was aligned with everything by Smith-Waterman.{% else %}Searched by {% for name, n in aligned_by.items() %}{{ name }} ({{ n|counted("sequence") }}){{ ', ' if not loop.last }}{% endfor %}{% if grouping.exhaustive %}; then everything was aligned with everything of other groups, and what the search had missed joined{% endif %}.{% endif %} {% if grouping.missed and grouping.missed.searched < grouping.missed.of %}A sample of {{ grouping.missed.searched }} of {{ grouping.missed.of }} distinct sequences was aligned with all others: {{ grouping.missed.sequences }} had a relative in another group ({{ grouping.missed.links|counted("link") }}, joined too), so that with 95 % confidence the search missed one of at most {{ '%.1f'|format(100 * grouping.missed.bound) }} % of all. {% endif %}The audit then aligned the finished split anew, exhaustively.</p>
<div class="beside">
<ul class="findings">
{% for finding in findings %}
<li><span class="tag {{ finding.severity }}">{{ finding.severity }}</span> <span>{{ finding.title|prose }}</span> <small>{{ as_called(finding.detail)|prose }}{% if finding.examples %} For example {% for example in finding.examples[:3] %}{{ example|join(' ~ ') }}{{ ', ' if not loop.last }}{% endfor %}.{% endif %}</small></li>
{% endfor %}
</ul>
{% call figure(identities) %}{% for name, one in distances %}{{ name }}: median {{ '%.2f'|format(one.quantiles.median) }}, 95th percentile {{ '%.2f'|format(one.quantiles.high) }}, maximum {{ '%.2f'|format(one.quantiles.maximum) }} ({{ one.searched }} of {{ one.of }} searched). {% endfor %}{% endcall %}
</div>
""",
)
