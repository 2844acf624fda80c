"""What is installed is one list: constraints, lock, conda environment, licences."""

import re
import tomllib

import yaml

from tests.conftest import ROOT
from tests.dependencies import PAGE, canonical, constraints, listed

PINNED = {canonical(name): version for name, version in constraints().items()}


def wanted(text):
    """Name of a requirement, and its marker if it has one."""
    name, _, marker = text.partition(";")
    return canonical(re.match(r"[\w.-]+", name)[0]), marker.strip()


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
NEEDED = dict(map(wanted, PROJECT["dependencies"]))


def test_constraints_name_everything_that_the_project_asks_for():
    extras = [one for some in PROJECT["optional-dependencies"].values() for one in some]
    asked = {wanted(one)[0] for one in [*PROJECT["dependencies"], *extras]}
    # setuptools is what a machine has, and nothing of it is imported.
    assert asked - set(PINNED) <= {"setuptools"}


def test_the_lock_holds_the_versions_of_the_constraints_with_hashes():
    text = (ROOT / "envs/requirements.lock").read_text()
    packages = re.split(r"^(?=[A-Za-z])", text, flags=re.MULTILINE)[1:]
    locked = {}
    for package in packages:
        name, version = re.match(r"([\w.-]+)(?:\[[\w,]+\])?==(\S+)", package).groups()
        hashes = re.findall(r"--hash=sha256:([0-9a-f]{64})\b", package)
        assert hashes and package.count("--hash") == len(hashes), name
        locked[canonical(name)] = version
    # torch is left out, for the reason that the lock states.
    assert set(PINNED) - set(locked) == {"torch"}
    assert {n: v for n, v in locked.items() if n in PINNED} == {
        n: v for n, v in PINNED.items() if n in locked
    }
    # What is not pinned is for platforms that the constraints were not made on.
    for package in packages:
        name = canonical(re.match(r"[\w.-]+", package)[0])
        assert name in PINNED or "sys_platform" in package.split("\n")[0], name
    assert "://" not in text


def test_the_conda_environment_is_what_jobs_need_of_the_constraints():
    environment = yaml.safe_load((ROOT / "envs/evenfold.yaml").read_text())
    pip = environment["dependencies"][-1]["pip"]
    versions = dict(re.match(r"([\w.-]+)==(\S+)$", one).groups() for one in pip)
    for name, version in versions.items():
        assert PINNED[canonical(name)] == version, name
    # Snakemake runs outside of it, and xgboost-cpu is not for a Mac.
    elsewhere = {"snakemake", "xgboost"}
    assert {canonical(name) for name in versions} == set(NEEDED) - elsewhere


def test_licences_are_listed_of_every_package():
    rows = listed(PAGE.read_text())
    assert {name: version for name, (version, _) in rows.items()} == constraints()
    assert all(told.strip() for _, told in rows.values())
