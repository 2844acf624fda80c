"""Hostile input, made by tests/hostile: done, or told in a sentence, and nothing else."""

import pytest

from tests.conftest import ROOT, WHOLE
from tests.hostile.cases import cases
from tests.hostile.pages import BEGIN, END
from tests.hostile.running import outcome_of

CASES = cases()
#: Every so many of them, another offset a family; `python -m tests.hostile` runs all.
EVERY = 4 if WHOLE else 20


@pytest.mark.parametrize("family", dict.fromkeys(case.family for case in CASES))
def test_hostile_input_is_done_or_told(tmp_path, family):
    own = [case for case in CASES if case.family == family]
    faults = []
    for number, case in enumerate(own[len(family) % EVERY :: EVERY]):
        folder = tmp_path / str(number)
        folder.mkdir()
        outcome = outcome_of(case, folder)
        if outcome.kind == "fault":
            faults.append(f"{case.name}: {outcome.text}")
    assert not faults, "\n".join(faults)


def test_the_page_has_a_row_for_every_family():
    page = (ROOT / "docs/hostile.md").read_text().partition(BEGIN)[2].partition(END)[0]
    for family in {case.family for case in CASES}:
        number = sum(case.family == family for case in CASES)
        assert f"| {family} | {number} |" in page, "run python -m tests.hostile"
    assert f"| all | {len(CASES)} |" in page and page.count("| 0 |") >= 2
    assert all(line.endswith("| 0 |") for line in page.splitlines() if "| all" in line)
    rows = (ROOT / "docs/hostile.tsv").read_text().splitlines()[1:]
    listed = [case for case in CASES if "settings" not in case.family]
    assert len(rows) == len(listed) and not any("\tfault\t" in row for row in rows)


@pytest.mark.parametrize(
    "what, words",
    [
        ("raise ValueError('x')", "ValueError: x"),
        ("open('else.txt', 'w').close()", "wrote else.txt"),
        ("import os; os.remove('a')", "lost ['a']"),
        ("raise EvenfoldError('no')", "no sentence: no"),
    ],
)
def test_a_fault_is_seen(tmp_path, monkeypatch, what, words):
    """The harness itself: what must not be is called a fault."""
    from evenfold.errors import EvenfoldError
    from tests.hostile import running
    from tests.hostile.cases import Case

    def act(case):
        exec(what, {"EvenfoldError": EvenfoldError})
        return "done"

    monkeypatch.setattr(running, "_vectors", act)
    outcome = running.outcome_of(Case("x", "x", {"a": b""}, "vectors"), tmp_path)
    assert outcome.kind == "fault" and words in outcome.text
