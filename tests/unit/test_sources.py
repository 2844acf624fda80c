"""Digests of code: what a changed line reruns, and what it must not."""

import ast
import json
import logging
import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from evenfold.alphabet import AMINO_ACIDS
from evenfold.config.training import Training
from evenfold.models import running
from evenfold.models.running import EarlierLosses, Resources
from evenfold.models.settings import Specification
from evenfold.sources import Sources, parsed
from tests.conftest import ROOT

PACKAGE = ROOT / "workflow" / "evenfold"
SCRIPTS = {path.stem: path for path in (ROOT / "workflow/scripts").glob("*.py")}


# What of a file's text is its syntax.


@pytest.mark.parametrize(
    "before, after",
    [
        ("x = 1", "# why\nx = 1  # one\n\n"),
        ("x = (1 +\n     2)", "x = 1 + 2"),
        ("x = 'a'", 'x = "a"'),
        ("x = 'a' 'b'", "x = u'ab'"),
        ("x = f'a{y}' 'b' f'{z}'", 'x = f"a{y}b{z}"'),
        ("x = 1", '"""A module."""\nx = 1'),
        ("def f():\n    return 1", 'def f():\n    "Text."\n    return 1'),
        ("class A:\n    x: int", 'class A:\n    "Text."\n    x: int\n    "Of x."'),
        ("async def f(): g()", 'async def f():\n    """Text."""\n    g()'),
        ("", '"""A package."""'),
    ],
)
def test_comments_docstrings_and_layout_are_no_part_of_a_digest(before, after):
    assert parsed(before.encode()).digest == parsed(after.encode()).digest


@pytest.mark.parametrize(
    "before, after",
    [
        ("a <= b", "a < b"),
        ("x = 1", "x = 1.0"),
        ("x = 1", "x = True"),
        ("x = None", "x = ..."),
        ("x = 'a'", "x = b'a'"),
        ("x = 'a'", "x = a"),
        ("x = ''", "x = None"),
        ("x = 'é'", "x = 'è'"),
        ("x = 1j", "x = 1"),
        ("x = 'a\\0b'", "x = 'ab'"),
        ("f(a, b)", "f(b, a)"),
        ("f(a, *b)", "f(*a, b)"),
        ("f(a=b)", "f(b=a)"),
        ("{**a}", "{'a': a}"),
        ("{a: b, **c}", "{a: c, **b}"),
        ("[a, [b]]", "[[a], b]"),
        ("[a, b]", "(a, b)"),
        ("def f(a, /): b", "def f(a): b"),
        ("def f(*, a=1, b): c", "def f(*, a, b=1): c"),
        ("def f(a, *b): c", "def f(*, a, b): c"),
        ("def f() -> a: b", "def f(): b"),
        ("if a:\n    b\nc", "if a:\n    b\n    c"),
        ("if a: b\nelse: c", "if a: c\nelse: b"),
        ("try: a\nexcept B: c", "try: a\nfinally: c"),
        ("from a import b", "from .a import b"),
        ("from a import b as c", "from a import c as b"),
        ("global a, b", "global b, a"),
        ("x: int", "(x): int"),
        ("x = f'{a}'", "x = f'{a!r}'"),
        ("x = f'{a:>3}'", "x = f'{a:>4}'"),
        ("x = f'{a}b'", "x = f'{a}' + 'b'"),
        ("x = f'a'", "x = 'a'"),
        ("lambda: (yield)", "lambda: None"),
        ("x = 'Text.'", "'Text.'"),
    ],
)
def test_what_python_would_do_otherwise_is_another_digest(before, after):
    assert parsed(before.encode()).digest != parsed(after.encode()).digest


#: Whatever the tree of one version of Python writes otherwise than another's.
SAMPLE = r'''
"""Docstring."""
import a.b, c as d
from ..e import f as g, h

@decorated(1, *args, key=-2.5e-3, **{**k, "l": ...})
class A(B, metaclass=C):
    """Docstring."""
    x: "int" = 0xFFFF_FFFF_FFFF_FFFF
    "Of x."

    async def m(self, p, /, q=1j, *r, s: int, t=None, **u) -> None:
        global v
        async with w as (x, [y, *z]), open(b"\x00\xff"):
            return await p @ q if p is not None else (yield)
        return lambda *_, o=True: not o

match value:
    case [1, "a", *rest] | {"k": None, **others} if rest: pass
    case Point(x=0) as point: del point.x, value[1:2, ::3]
    case _: raise E from None

for i in (j for j in {1, 2} if j): assert i, "message"
while n := f(): break
else: n //= 2
try: print(f"a{b!r:>{width}}{{c}}" "d" f"{e=}{f:%Y-%m}", rf"\d{g}", u"é\N{BULLET}\U0001fae8")
except* (K, L) as error: nonlocal_ = [*m, {o: p for o, p in q}]
finally: x = y = a < b <= c != d
'''


def test_every_version_of_python_gives_the_same_digest():
    """Recorded; equal under Python 3.11, 3.12 and 3.13."""
    found = parsed(SAMPLE.encode())
    assert found.digest == (
        "80125ab4cc8b24cc1a78ce2e2a2e1a67792767d66cf8db7bfd8ec3a402722fa1"
    )
    assert [tuple(statement) for statement in found.imports] == [
        (0, "a.b", ()),
        (0, "c", ()),
        (2, "e", ("f", "h")),
    ]


def test_what_this_python_cannot_parse_counts_by_its_bytes():
    one, two = parsed(b"def ("), parsed(b"def ( # why")
    assert one.digest == one.content != two.digest == two.content
    assert parsed(b"x = '\0'").imports == ()


# What is reached by imports.

HOUSE = {
    "house/__init__.py": "",
    "house/low.py": "",
    "house/lazy.py": "",
    "house/typed.py": "",
    "house/wing/__init__.py": "from house.wing.inner import name",
    "house/wing/inner.py": "name = 1",
    "house/wing/side.py": "from . import inner\nfrom ..low import x",
    "house/wing/far.py": "from ..other.deep import thing",
    "house/wing/page.html": "<p>",
    "house/other/__init__.py": "",
    "house/other/deep/__init__.py": "thing = 1",
    "house/other/deep/data/table.css": "p {}",
    "house/circle.py": "def f():\n    from house import low, circle",
}


@pytest.fixture
def house(tmp_path):
    """A function that writes files of a small package, and reads it anew."""

    def build(files=()):
        for name, text in {**HOUSE, **dict(files)}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (tmp_path / "run").mkdir(exist_ok=True)
        return Sources(folder=tmp_path / "run", package=tmp_path / "house")

    build()
    return build


def script(tmp_path, text):
    path = tmp_path / "script.py"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    "text, modules",
    [
        ("import json", ""),
        ("import house", "house"),
        ("import house.low", "house house.low"),
        ("import json, house.low as low", "house house.low"),
        ("from house import low", "house house.low"),
        ("from house import absent", "house"),
        ("from house.low import absent", "house house.low"),
        ("from house.wing import name", "house house.wing house.wing.inner"),
        ("from house.wing import inner", "house house.wing house.wing.inner"),
        (
            "from house.wing.side import inner",
            "house house.low house.wing house.wing.inner house.wing.side",
        ),
        (
            "from house.wing import far",
            "house house.other house.other.deep house.wing house.wing.far "
            "house.wing.inner",
        ),
        ("from house.circle import f", "house house.circle house.low"),
        ("def f():\n    import house.lazy", "house house.lazy"),
        ("class A:\n    from house import lazy", "house house.lazy"),
        ("with a:\n    for b in c:\n        import house.lazy", "house house.lazy"),
        ("try:\n    import z\nexcept E:\n    import house.low", "house house.low"),
        ("try: pass\nfinally:\n    import house.low", "house house.low"),
        ("match a:\n    case 1:\n        import house.low", "house house.low"),
        ("if a:\n    pass\nelif b:\n    import house.low", "house house.low"),
        ("if TYPE_CHECKING:\n    import house.typed", ""),
        (
            "if typing.TYPE_CHECKING:\n    import house.typed\nelse:\n"
            "    import house.low",
            "house house.low",
        ),
    ],
)
def test_imports_are_followed_as_python_runs_them(tmp_path, house, text, modules):
    found = house().script_closure(script(tmp_path, text))
    assert sorted(found) == modules.split()


@pytest.mark.parametrize(
    "text, page, table",
    [
        ("import house.low", False, False),
        ("import house.wing.side", True, False),
        ("import house.other", False, False),
        # A folder without modules belongs to the package that it lies in.
        ("import house.other.deep", False, True),
    ],
)
def test_other_files_count_byte_by_byte_with_their_package(
    tmp_path, house, text, page, table
):
    own = script(tmp_path, text)
    before = house().script_digest(own)
    for file, told in (
        ("house/wing/page.html", page),
        ("house/other/deep/data/table.css", table),
        ("house/wing/new.txt", page),
    ):
        changed = house({file: "<!-- a comment -->"}).script_digest(own)
        assert (changed != before) == told, file
        (tmp_path / file).unlink()
    # What lies about in a working tree is no part of the package.
    for file in ("house/.low.py.swp", "house/__pycache__/low.cpython-311.pyc"):
        assert house({file: "junk"}).script_digest(own) == before


def test_a_script_counts_by_its_imports_alone(tmp_path, house):
    """Snakemake itself sees a changed script."""
    one = house().script_digest(script(tmp_path, "import house.low"))
    assert house().script_digest(script(tmp_path, "import house.low\nf()")) == one
    assert house().script_digest(script(tmp_path, "import house.lazy")) != one


def test_a_renamed_module_is_another(tmp_path, house):
    one = house().script_digest(script(tmp_path, "import house.low"))
    assert house().script_digest(script(tmp_path, "import house.lazy")) != one


# A user's own modules.

OWN = {
    "run/nets.py": "raise SystemExit('imported')\nimport shared, json\nimport pack.net",
    "run/shared.py": "x = 1",
    "run/pack/__init__.py": "",
    "run/pack/net.py": "from .part import y\nfrom house.lazy import z",
    "run/pack/part.py": "y = 1",
    "run/stranger.py": "",
    "run/json.py": "",
}


@pytest.mark.parametrize(
    "named, files",
    [
        (["convolutional", "bce"], []),
        (["shared:A"], ["run/shared.py"]),
        (
            ["convolutional", "nets:Net"],
            ["run/nets.py", "run/shared.py", "run/pack/__init__.py", "run/json.py",
             "run/pack/net.py", "run/pack/part.py", "house/lazy.py"],
        ),
        (
            ["pack.net:Net"],
            ["run/pack/__init__.py", "run/pack/net.py", "run/pack/part.py",
             "house/lazy.py"],
        ),
    ],
)  # fmt: skip
def test_a_users_modules_count_with_those_beside_them(tmp_path, house, named, files):
    """None is imported: `nets` would end the test."""
    own = script(tmp_path, "import house.low\nimport shared")
    before = house(OWN).script_digest(own, named)
    followed = {*files, "house/low.py", "house/__init__.py"}
    files = {name: text for name, text in (HOUSE | OWN).items() if ".py" in name}
    commented = {name: f"{text}\n# why\n" for name, text in files.items()}
    assert house(commented).script_digest(own, named) == before
    for name, text in files.items():
        sources = house({**commented, name: f"{text}\nchanged = 1"})
        changed = sources.script_digest(own, named) != before
        assert changed == (name in followed), name


def test_an_installed_module_counts_by_its_own_file(tmp_path, house, monkeypatch):
    site = tmp_path / "site"
    monkeypatch.syspath_prepend(site)
    files = {
        "site/vendor/__init__.py": "raise SystemExit('imported')",
        "site/vendor/nets.py": "from vendor import other\nfrom house import lazy",
        "site/vendor/other.py": "",
    }
    house(files)
    own = script(tmp_path, "import house.low")

    def digest(**changed):
        return house({**files, **changed}).script_digest(own, ["vendor.nets:Net"])

    before = digest()
    assert digest(**{"site/vendor/other.py": "x = 1"}) == before
    for file in ("site/vendor/nets.py", "site/vendor/__init__.py", "house/lazy.py"):
        assert digest(**{file: "x = 1"}) != before, file


def test_a_missing_module_counts_as_such_and_is_no_error_here(tmp_path, house):
    """The job says in plain words what is missing."""
    own = script(tmp_path, "import house.low")
    digests = {
        house().script_digest(own, named)
        for named in (
            [],
            ["no_such:A"],
            ["no_other:A"],
            [":A"],
            ["../up:A"],
            ["a..b:A"],
        )
    }
    assert len(digests) == 6
    found = house({"run/no_such.py": ""}).script_digest(own, ["no_such:A"])
    assert found not in digests


def test_the_order_of_names_changes_nothing(tmp_path, house):
    own = script(tmp_path, "import house.low")
    sources = house(OWN)
    one = sources.script_digest(own, ["shared:A", "pack.net:B", "shared:C"])
    assert sources.script_digest(own, ["pack.net:B", "shared:A"]) == one


# The memory of what was parsed.


def test_what_was_parsed_is_not_parsed_again(tmp_path, house, monkeypatch):
    house()
    memory = tmp_path / "run/hidden/memory.json"
    keys = {"folder": tmp_path / "run", "package": tmp_path / "house"}
    own = script(tmp_path, "import house.wing.side")
    first = Sources(memory, **keys).script_digest(own)
    assert house().script_digest(own) == first
    written = memory.stat().st_mtime_ns

    def refuse(content):
        assert content == own.read_bytes()
        return parsed(content)

    monkeypatch.setattr("evenfold.sources.parsed", refuse)
    assert Sources(memory, **keys).script_digest(own) == first
    assert memory.stat().st_mtime_ns == written
    monkeypatch.undo()
    # A file that changed is another, whatever its time stamp says.
    path = tmp_path / "house/wing/inner.py"
    times = path.stat()
    path.write_text("name = 2")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert Sources(memory, **keys).script_digest(own) != first


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"by": 1}', '{"files": [[1, 2, 3]]}', "BROKEN"]
)
def test_a_damaged_memory_is_made_anew(tmp_path, house, text):
    house()
    memory = tmp_path / "memory.json"
    keys = {"folder": tmp_path / "run", "package": tmp_path / "house"}
    own = script(tmp_path, "import house.wing.side")
    Sources(memory, **keys)
    whole = memory.read_text()
    facts = json.loads(whole)
    broken = json.dumps({**facts, "files": [["a", "b"], None]})
    memory.write_text(text.replace("BROKEN", broken))
    assert Sources(memory, **keys).script_digest(own) == house().script_digest(own)
    assert memory.read_text() == whole


def test_the_memory_of_other_code_is_not_believed(tmp_path, house):
    house()
    memory = tmp_path / "memory.json"
    keys = {"folder": tmp_path / "run", "package": tmp_path / "house"}
    own = script(tmp_path, "import house.wing.side")
    Sources(memory, **keys)
    facts = json.loads(memory.read_text())
    files = [[content, "0" * 64, []] for content, _, _ in facts["files"]]
    memory.write_text(json.dumps({"by": "an earlier version", "files": files}))
    assert Sources(memory, **keys).script_digest(own) == house().script_digest(own)


def test_a_memory_that_cannot_be_written_is_no_error(tmp_path, house):
    house()
    (tmp_path / "file").write_text("")
    own = script(tmp_path, "import house.wing.side")
    sources = Sources(tmp_path / "file/memory.json", package=tmp_path / "house")
    assert sources.script_digest(own) == house().script_digest(own)


# The package and its rules.


def rules_with_scripts():
    """Text of each rule that has a script, by the script's name."""
    found = {}
    for path in (ROOT / "workflow/rules").glob("*.smk"):
        for rule in re.split(r"(?m)^(?=(?:use )?rule )", path.read_text()):
            name = re.search(r'script:\s+"\.\./scripts/(\w+)\.py"', rule)
            if name:
                found[name[1]] = rule
    return found


def test_every_rule_passes_the_digest_of_its_own_script():
    found = rules_with_scripts()
    assert found.keys() == SCRIPTS.keys()
    for name, rule in found.items():
        assert re.findall(r'code_of\(\s*"(\w+)"', rule) == [name]
        assert rule.index("params:") < rule.index("code=") < rule.index("message:")


def test_nothing_is_imported_by_a_computed_name():
    """The digest could not follow it; a user's own code is named in the configuration."""
    allowed = {PACKAGE / "importing.py"}
    for path in set(PACKAGE.rglob("*.py")) - allowed:
        for word in ("import_module", "__import__", "run_path", "run_module", "exec("):
            assert word not in path.read_text(), f"{path}: {word}"


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """The package and its scripts, to be changed and put back."""
    folder = tmp_path_factory.mktemp("workflow")
    for name in ("evenfold", "scripts"):
        shutil.copytree(
            ROOT / "workflow" / name,
            folder / name,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    return folder


def digests(folder):
    """Digest of each script of a copy of the workflow, read anew."""
    sources = Sources(folder=folder, package=folder / "evenfold")
    paths = (folder / "scripts").glob("*.py")
    return {path.stem: sources.script_digest(path) for path in paths}


def module_of(path, package):
    parts = path.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


def with_other_texts(source):
    """A module with a word more in each docstring, and a comment at each line's end.

    Lines inside a string, or that end in a backslash, are left alone.
    """
    lines = source.split("\n")
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    inside = set()
    starts = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Constant, ast.JoinedStr)):
            inside |= set(range(node.lineno, node.end_lineno))
        if isinstance(node, documented) and ast.get_docstring(node):
            starts.append(node.body[0].value)
    for text in starts:
        line = lines[text.lineno - 1]
        at = line.index('"""') + 3
        lines[text.lineno - 1] = f"{line[:at]}Another word. {line[at:]}"
    changed = [
        line if number in inside or line.endswith("\\") else f"{line}  # why"
        for number, line in enumerate(lines, 1)
    ]
    return "\n".join(["# A first line.", *changed]), len(starts)


def test_comments_and_docstrings_anywhere_change_no_digest(copied):
    before = digests(copied)
    own = {}
    texts = 0
    try:
        for path in (copied / "evenfold").rglob("*.py"):
            own[path] = path.read_text()
            other, n = with_other_texts(own[path])
            assert other.count("# why") > other.count("\n") / 5
            texts += n
            path.write_text(other)
            same = parsed(other.encode()).digest == parsed(own[path].encode()).digest
            assert same, path
        assert digests(copied) == before
    finally:
        for path, text in own.items():
            path.write_text(text)
    assert texts > 300


#: Runs the imports of each script for real, those inside functions too, and prints the
#: modules of the package that are then loaded.
REALLY = """
import ast, json, sys
from pathlib import Path

def loaded():
    return {name for name in sys.modules if name.split(".")[0] == "evenfold"}

def run(node, package):
    if isinstance(node, ast.Import):
        node.names = [a for a in node.names if a.name.split(".")[0] == "evenfold"]
        own = bool(node.names)
    else:
        own = node.level or node.module.split(".")[0] == "evenfold"
    if own:
        code = compile(ast.Module([node], []), "-", "exec")
        exec(code, {"__name__": "-", "__package__": package})

def imports(tree):
    return [n for n in ast.walk(tree) if isinstance(n, (ast.Import, ast.ImportFrom))]

found = {}
for script in sys.argv[1:]:
    for name in loaded():
        del sys.modules[name]
    for node in imports(ast.parse(Path(script).read_text())):
        run(node, "")
    done = set()
    while loaded() - done:
        for name in loaded() - done:
            done.add(name)
            module = sys.modules[name]
            for inner in ast.walk(ast.parse(Path(module.__file__).read_text())):
                if isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    for node in imports(inner):
                        run(node, module.__package__)
    found[Path(script).stem] = sorted(loaded())
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def really():
    """Modules of the package that each script loads, by Python's own word."""
    done = subprocess.run(
        [sys.executable, "-c", REALLY, *map(str, SCRIPTS.values())],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
    )
    assert done.returncode == 0, done.stderr
    return {name: set(modules) for name, modules in json.loads(done.stdout).items()}


def test_the_modules_of_a_script_are_those_that_python_loads(really):
    sources = Sources()
    for name, path in SCRIPTS.items():
        assert set(sources.script_closure(path)) == really[name], name


def test_a_changed_module_changes_the_digests_of_those_who_import_it(copied, really):
    before = digests(copied)
    assert len(set(before.values())) >= len(before) - 3
    package = copied / "evenfold"
    for path in package.rglob("*.py"):
        text = path.read_text()
        path.write_text(f"{text}\nchanged = 1\n")
        after = digests(copied)
        path.write_text(text)
        changed = {name for name in after if after[name] != before[name]}
        module = module_of(path, package)
        assert changed == {n for n, own in really.items() if module in own}, module


#: Lines that decide results, and scripts that must run again when they change: module,
#: the line, what it becomes, scripts.
DECIDING = [
    ("twins", "apart <= tolerance", "apart < tolerance", {"train"}),
    ("features", '"cksaap": Kind("pairs with 0 to N residues between them", 3,',
     '"cksaap": Kind("pairs with 0 to N residues between them", 4,',
     {"featurize", "train", "score_fasta", "evaluate", "sanity_controls"}),
    ("ragged", "class Ragged", "class Rugged",
     {"featurize", "train", "score_fasta", "evaluate", "sanity_controls"}),
    ("training", '"feedforward"', '"convolutional"', {"train", "sanity_controls"}),
]  # fmt: skip


@pytest.mark.parametrize("module, line, other, scripts", DECIDING)
def test_a_line_that_decides_results_reruns_what_uses_it(
    copied, module, line, other, scripts
):
    before = digests(copied)
    (path,) = (
        path
        for path in (copied / "evenfold").rglob(f"{module}.py")
        if line in path.read_text()
    )
    text = path.read_text()
    path.write_text(text.replace(line, other))
    after = digests(copied)
    path.write_text(text)
    assert scripts <= {name for name in after if after[name] != before[name]}


def test_a_checkpoint_is_known_by_the_code_that_trains(tmp_path, monkeypatch):
    """A comment in a user's network leaves it valid; a changed line does not."""
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", np.zeros((4, 20), np.float32))
    columns = {
        "names": ["aac"],
        "length": 5,
        "vectors": None,
        "columns": [*AMINO_ACIDS],
    }
    (tmp_path / "x.json").write_text(json.dumps(columns))
    ids = pd.DataFrame({"id": list("abcd")})
    everything = ids.assign(sequence="MKV", source="", role="train", label=[0, 1, 0, 1])
    everything.to_parquet("sequences.parquet")
    split = ids.assign(role="train", fold=[0, 0, 1, 1], cluster=range(4))
    split.to_parquet("split.parquet")

    class Found(Exception):
        pass

    def checkpoints(folder, identity, every, interrupted):
        raise Found(identity)

    monkeypatch.setattr(running, "Checkpoints", checkpoints)

    def identity(code):
        (tmp_path / "my_networks.py").write_text(code)
        with pytest.raises(Found) as found:
            running.train_files(
                inputs={
                    "matrix": "x.npy",
                    "columns": "x.json",
                    "sequences": "sequences.parquet",
                    "split": "split.parquet",
                },
                outputs={name: f"out/{name}" for name in ("weights", "twin")},
                specification=Specification(
                    Training(model="my_networks:Net", features=["aac"]),
                    {"name": "bce"},
                    seed=0,
                ),
                earlier=EarlierLosses({}, 0.0),
                resources=Resources("cpu", 1, {"checkpoint_epochs": 0}),
                describe=None,
                log=logging.getLogger("test"),
            )
        return str(found.value)

    one = identity("width = 1")
    assert identity("width = 1  # one") == one != identity("width = 2")
