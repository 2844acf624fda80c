"""Words of this page, each in one line."""

from typing import Any

from evenfold.reporting.facts import Facts
from evenfold.reporting.section import Section
from evenfold.reporting.words import WORDS, of_run


def _tells(facts: Facts) -> dict[str, Any]:
    words = {name: word.meaning for name, word in WORDS.items()}
    words |= of_run(facts.settings.decides)
    return {"words": sorted(words.items(), key=lambda item: item[0].lower())}


SECTION = Section(
    _tells,
    """\
<h2 id="words">Words</h2>
<dl class="words">
{% for word, meaning in words %}<dt>{{ word }}</dt><dd>{{ meaning|prose }}</dd>
{% endfor %}</dl>
""",
)
