"""Provenance: what made this report, how long it took, and with which settings."""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import yaml

from evenfold.reporting import figures
from evenfold.reporting.facts import Facts, RuleTime
from evenfold.reporting.figures import Drawing
from evenfold.reporting.section import Section

#: What is shared where nothing is.
_NOTHING = object()


def in_common(settings: list[Any]) -> Any:
    """What all of some settings hold: of mappings, by key.

    Examples
    --------
    >>> in_common([{"a": 1, "b": {"c": 2, "d": 3}}, {"a": 1, "b": {"c": 2, "d": 4}}])
    {'a': 1, 'b': {'c': 2}}
    """
    first, *others = settings
    if not all(isinstance(one, Mapping) for one in settings):
        return first if all(one == first for one in others) else _NOTHING
    shared = {}
    for key in first:
        if all(key in one for one in others):
            same = in_common([one[key] for one in settings])
            if same is not _NOTHING and (same != {} or first[key] == {}):
                shared[key] = same
    return shared


def own(settings: Any, shared: Any) -> Any:
    """What settings hold besides what is shared; {} where nothing.

    Examples
    --------
    >>> own({"a": 1, "b": {"c": 2, "d": 3}}, {"a": 1, "b": {"c": 2}})
    {'b': {'d': 3}}
    """
    if not isinstance(settings, Mapping) or not isinstance(shared, Mapping):
        return {} if settings == shared else settings
    rest = {
        key: own(value, shared[key]) if key in shared else value
        for key, value in settings.items()
    }
    return {k: value for k, value in rest.items() if k not in shared or value != {}}


def configuration(facts: Facts) -> str:
    """The resolved configuration as YAML; of variants, what they share stands once."""
    found = facts.settings.decides.dump()
    variants = found.pop("variants", {})
    shared = in_common(list(variants.values())) if len(variants) > 1 else {}
    found["variants"] = {
        **({"all of them": shared} if shared else {}),
        **{name: own(one, shared) for name, one in variants.items()},
    }
    return yaml.safe_dump(found, sort_keys=False)


def draw_times(times: list[RuleTime]) -> list[Drawing]:
    """Seconds of each rule, and the largest memory of one of its jobs."""
    found = []
    for key, label, values in (
        ("seconds", "seconds, jobs added up", [(t.rule, t.seconds) for t in times]),
        ("memory", "largest memory of a job, MB", [(t.rule, t.memory) for t in times]),
    ):
        known = [(rule, value) for rule, value in values if value is not None]
        if not known:
            continue
        with plt.rc_context(figures.STYLE):
            figure, axes = plt.subplots(
                figsize=(figures.LARGE, 0.7 + 0.19 * len(known))
            )
            for y, (rule, value) in enumerate(known):
                (bar,) = axes.barh(y, value, 0.7, color=figures.SP)
                figures.mark(bar, f"{rule}: {value:.1f}")
            figures.named_rows(axes, [rule for rule, _ in known], variants=False)
            axes.set_xlabel(label)
            title = f"By rule: {label}"
            found.append(figures.drawn(figure, f"times-{key}", title))
    return found


def _tells(facts: Facts) -> dict[str, Any]:
    return {
        "selection": facts.selection,
        "decides": facts.selection.decides,
        "records": facts.selection.records,
        "times": facts.times,
        "bars": draw_times(list(facts.times)),
        "seconds": f"{sum(time.seconds or 0.0 for time in facts.times):.0f}",
        "configuration": configuration(facts),
    }


SECTION = Section(
    _tells,
    """\
<h2 id="provenance">Provenance</h2>
<p>Selection <code>{{ selection.selection }}</code> · data <code>{{ decides.data[:16] }}</code> · split <code>{{ decides.split[:16] }}</code> · configuration <code>{{ decides.config[:16] }}</code> · evenfold {{ records.evenfold }}, Python {{ records.python }}, {{ records.machine }}{% for name, version in (records.versions or {}).items() %}, {{ name }} {{ version }}{% endfor %}</p>
{% if times %}
<details><summary>Time of each rule ({{ seconds }} s in all, jobs added up)</summary>
{% call panels(bars) %}{% endcall %}
{% call table("times", "Time and memory by rule") %}<thead><tr><th scope="col" class="t">rule</th><th scope="col">jobs</th><th scope="col">seconds</th><th scope="col">largest memory, MB</th></tr></thead>
<tbody>{% for row in times %}<tr><th scope="row">{{ row.rule }}</th><td>{{ row.jobs }}</td><td>{{ '–' if row.seconds is none else '%.1f'|format(row.seconds) }}</td><td>{{ '–' if row.memory is none else '%.0f'|format(row.memory) }}</td></tr>{% endfor %}</tbody>{% endcall %}</details>
{% endif %}
<details><summary>Resolved configuration</summary><pre>{{ configuration }}</pre></details>
""",
)
