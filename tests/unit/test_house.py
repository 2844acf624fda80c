"""The plan of the house: what may import what, and what the rules and the layout say."""

import ast
import re

import pytest
from pydantic import Field

from evenfold.documentation.files import (
    content_of,
    files_page,
    meanings,
    records_of,
)
from evenfold.records.evaluation import Completion, Intent
from evenfold.records.layout import FILES, FOLDERS, pattern
from evenfold.records.record import Part, Record
from evenfold.records.selection import Selection
from tests.house import (
    PACKAGE,
    PARTS,
    ROOT,
    contributing,
    imports_of,
    part_of,
)


def test_every_part_of_the_package_has_its_floor():
    found = {part_of(p) for p in PACKAGE.rglob("*.py")} - {
        "__init__",
        "__main__",
        "__pycache__",
    }
    assert found == set(PARTS)


@pytest.mark.parametrize("name", PARTS)
def test_a_part_imports_what_the_table_allows_and_nothing_else(name):
    part = PARTS[name]
    parts, libraries = imports_of(name)
    assert parts <= set(part.allowed.split()), "not allowed in tests/house.py"
    assert libraries <= set(part.libraries.split()), "not allowed in tests/house.py"
    # What nobody needs is not allowed either.
    assert set(part.allowed.split()) <= parts
    assert set(part.libraries.split()) <= libraries


@pytest.mark.parametrize("name", PARTS)
def test_imports_go_down(name):
    """No wing imports another of its floor or above; the ground's modules may."""
    floor = PARTS[name].floor
    for other in PARTS[name].allowed.split():
        below = PARTS[other].floor
        assert below < floor or floor == below in (0, 5), (name, other)


def test_contributing_shows_the_table():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert contributing(text) == text, "run python -m tests.house"


def test_docs_files_is_current():
    text = (ROOT / "docs/files.md").read_text(encoding="utf-8")
    assert text == files_page(), "run evenfold docs"


CONTENTS = [content_of(file) for file in FILES.values()]
#: Those of the ledger are no files of a run, and told all the same.
RECORDS = [kind for kind in CONTENTS if isinstance(kind, type)] + [Intent, Completion]


@pytest.mark.parametrize(
    "kind",
    dict.fromkeys(part for record in RECORDS for part in records_of(record)),
    ids=lambda kind: kind.__name__,
)
def test_every_field_of_a_record_has_a_meaning(kind):
    means = meanings(kind)
    assert set(means) == set(kind.model_fields)
    for name, text in means.items():
        assert len(text.split()) >= 3, name
        # A cell of a table that goes on from its field's name.
        assert not re.search(r"[|\n]|\.$", text), name


class _Inside(Part):
    number: float
    """share of something, 0 to 1"""


class _Example(Record):
    named: int = Field(0, alias="in the file")
    """what the alias means"""
    untold: str

    #: A constant, and a text that is no field's.
    absent = ("lists",)
    """not of a field"""
    lists: dict[str, list[_Inside]] | None = None
    """by name, what is inside"""


def test_meanings_are_the_texts_below_fields():
    assert meanings(_Example) == {
        "named": "what the alias means",
        "lists": "by name, what is inside",
    }


def test_records_are_told_with_their_parts():
    assert records_of(_Example) == [_Example, _Inside]
    assert len(records_of(Selection)) == len(set(records_of(Selection))) > 10


# --- rules and layout -------------------------------------------------------------


def rules() -> dict[str, dict[str, set[str]]]:
    """Paths below results/ that each rule names, by directive, wildcards as they are."""
    found: dict[str, dict[str, set[str]]] = {}
    for path in sorted((ROOT / "workflow/rules").glob("*.smk")):
        rule, directive = "", ""
        for line in path.read_text(encoding="utf-8").splitlines():
            if match := re.match(r"(?:use rule \w+ as |rule )(\w+)", line):
                rule, directive = match[1], ""
                found[rule] = {}
            elif match := re.match(r"    (\w+):", line):
                directive = match[1]
            if rule:
                named = re.findall(r'"(results/[^"]*)"', line)
                named += [
                    pattern(name)
                    for name in re.findall(r'variant_features\("(\w+)"\)', line)
                ]
                found[rule].setdefault(directive, set()).update(named)
    return found


RULES = rules()


@pytest.mark.parametrize("name", FILES)
def test_the_rule_that_writes_a_file_says_so_and_so_do_those_that_read_it(name):
    path, file = pattern(name), FILES[name]
    writers = {rule for rule, named in RULES.items() if path in named.get("output", ())}
    readers = {rule for rule, named in RULES.items() if path in named.get("input", ())}
    assert writers == {file.written}
    assert readers == set(file.read)


def test_no_rule_names_a_path_that_the_layout_does_not_know():
    known = {pattern(name) for name in FILES}
    known |= {f"results/{path.rstrip('/')}" for path, _, _ in FOLDERS}
    for rule, named in RULES.items():
        for directive in ("input", "output"):
            assert named.get(directive, set()) <= known, rule


def test_no_parameter_of_a_rule_names_results_beside_the_prefix_of_a_module():
    """Snakemake puts a module's prefix before inputs and outputs, not before these."""
    for path in sorted((ROOT / "workflow" / "rules").glob("*.smk")):
        text = path.read_text(encoding="utf-8")
        assert 'Path("results")' not in text, path
        for block in re.findall(r"\n    params:\n((?:        .*\n|\n)+)", text):
            assert '"results/' not in block, (path, block)


@pytest.mark.parametrize("name", FILES)
def test_every_file_has_a_schema_or_a_form_of_others(name):
    known = {"HTML", "text", "NumPy array", "Markdown", "JSON-LD"}
    assert content_of(FILES[name]) is not None or FILES[name].content in known


# --- habits -----------------------------------------------------------------------


def functions():
    """(module and name, definition, whether it is public) of all functions."""
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for scope in [
            tree,
            *(n for n in ast.walk(tree) if isinstance(n, ast.ClassDef)),
        ]:
            hidden = getattr(scope, "name", "").startswith("_")
            for node in scope.body:
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    public = not hidden and not node.name.startswith("_")
                    name = f"{path.relative_to(PACKAGE)}:{node.name}"
                    yield name, node, public


def parameters(node):
    given = node.args
    every = [
        *given.posonlyargs,
        *given.args,
        *given.kwonlyargs,
        given.vararg,
        given.kwarg,
    ]
    return [one for one in every if one is not None and one.arg not in ("self", "cls")]


def test_what_takes_eight_things_takes_a_record():
    assert not [name for name, node, _ in functions() if len(parameters(node)) >= 8]


def test_public_functions_are_annotated():
    bare = [
        name
        for name, node, public in functions()
        if public
        and (
            node.returns is None
            or any(one.annotation is None for one in parameters(node))
        )
    ]
    assert not bare


def described(node, section):
    """Names that a section of a docstring lists, or None where there is none."""
    lines = (ast.get_docstring(node) or "").splitlines()
    starts = [i for i in range(len(lines) - 1) if lines[i + 1].startswith("---")]
    for place, start in enumerate(starts):
        if lines[start] == section:
            stop = starts[place + 1] if place + 1 < len(starts) else len(lines)
            own = [x for x in lines[start + 2 : stop] if x and not x.startswith(" ")]
            return [n.strip(" *") for x in own for n in x.partition(" :")[0].split(",")]
    return None


def test_a_section_of_parameters_lists_them_all():
    """One line may say it all; a section that is there is whole."""
    faults = []
    for name, node, public in functions():
        listed = described(node, "Parameters") if public else None
        if listed is None:
            continue
        if sorted(listed) != sorted(one.arg for one in parameters(node)):
            faults.append(f"{name}: {listed}")
    assert not faults
