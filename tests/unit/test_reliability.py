"""docs/reliability.md: every test that it names is there, every rule and file is in it."""

import ast
import re

from evenfold.records.layout import FILES
from tests.conftest import ROOT
from tests.faults.jobs import RULES

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
    _, _, table = PAGE.partition("| rule | what it writes |")
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", table, re.MULTILINE))
    assert set(rows) == set(RULES)
    for file in FILES.values():
        assert f"`{file.pattern}`" in rows[file.written], file.pattern
    scripts = set()
    for path in (ROOT / "workflow" / "rules").glob("*.smk"):
        text = path.read_text(encoding="utf-8")
        scripts |= set(re.findall(r"scripts/(\w+)\.py", text))
    kept = {path.stem for path in (ROOT / "workflow" / "scripts").glob("*.py")}
    # `explore_report` has the script of `report`, `sanity_verdict` that of `sanity`.
    assert len(kept) + 1 == len(RULES) and scripts - {"{script}"} <= kept
