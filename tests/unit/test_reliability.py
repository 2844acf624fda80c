"""docs/reliability.md: every test that it names is there, every rule and file is in it."""

import ast
import re

from evenfold.records.layout import FILES
from tests.conftest import ROOT
from tests.faults.jobs import RULES
from tests.faults.table import with_table

PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")


def test_every_test_that_is_named_is_there():
    named = set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE))
    assert len(named) > 20
    assert len(named) <= PAGE.count("`tests/")
    for path, name in named:
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        functions = {x.name for x in ast.walk(tree) if isinstance(x, ast.FunctionDef)}
        assert name in functions, f"{path}::{name}"


def test_every_row_has_a_test():
    _, _, faults = PAGE.partition("## Faults")
    rows = [
        x for x in faults.partition("## Every rule")[0].splitlines() if x[:2] == "| "
    ]
    assert len(rows) > 15
    for row in rows[1:]:
        assert "`tests/" in row.rsplit(" | ", 1)[1], row


def test_every_rule_and_every_file_of_a_run_is_in_the_table():
    """`python -m tests.faults.table` writes it; a new rule also goes into RULES."""
    assert with_table(PAGE) == PAGE
    assert {file.written for file in FILES.values()} | {"fetch"} == set(RULES)
    kept = {path.stem for path in (ROOT / "workflow" / "scripts").glob("*.py")}
    # `explore_report` has the script of `report`, `sanity_verdict` that of `sanity`.
    others = {"explore_report": "report", "sanity_verdict": "sanity"}
    assert {others.get(rule, rule) for rule in RULES} == kept
