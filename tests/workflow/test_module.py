"""The rules as a module of somebody else's workflow, in another folder."""

import json
import os
import subprocess
import sys

import pytest

from evenfold.sequences.simulate import Simulation, write_demo
from tests.conftest import ROOT, Project

SNAKEFILE = """
configfile: "settings.yaml"


module evenfold:
    snakefile:
        "{root}/Snakefile"
    config:
        config["losses"]
{prefix}

use rule * from evenfold as evenfold_*


# Names and wildcards as evenfold has them, which mean other things here.
rule all:
    default_target: True
    input:
        "told/somebody else.txt",
        "{results}/mine/{last}",


rule report:
    input:
        "{results}/mine/test/metrics.tsv",
    output:
        "told/{{dataset}}.txt",
    shell:
        "head -n 1 {{input:q}} > {{output:q}}"
"""
SETTINGS = """
losses:
  datasets: mine
  variants: bce
  training: {epochs: 1, channels: 4, widths: [3], embedding: 8}
  split: {folds: 2}
  selection: {resamples: 100}
"""


@pytest.mark.whole
@pytest.mark.parametrize(
    ("prefix", "results", "last"),
    [
        ("", "results", "report.html"),
        ('    prefix:\n        "part/of"', "part/of/results", "mlflow.json"),
    ],
    ids=["as it is", "with a prefix"],
)
def test_the_rules_run_as_a_module_from_another_folder(tmp_path, prefix, results, last):
    write_demo(tmp_path / "data", Simulation(n_train=120, n_test=60))
    home = Project.at(tmp_path)
    home.write("config/datasets/mine.yaml", dataset_of_the_demo())
    home.write("settings.yaml", SETTINGS)
    home.write(
        "Snakefile",
        SNAKEFILE.format(root=ROOT, prefix=prefix, results=results, last=last),
    )
    # Another evenfold is installed: the one beside the rules is used.
    home.write("elsewhere/evenfold/__init__.py", "raise ImportError('not this one')")
    path = os.pathsep.join([str(tmp_path / "elsewhere"), str(ROOT / "workflow")])
    home.snakemake(PYTHONPATH=path)
    header = home.read("told/somebody else.txt")
    assert header.startswith("dataset\tvariant\t")
    assert (tmp_path / results / "mine" / last).is_file()
    # Everything that the rules make is below the prefix, but for the ledger: a test set
    # is one and the same wherever it is looked at from.
    made = {path.name for path in tmp_path.iterdir()} - {".snakemake"}
    assert made == {
        "Snakefile", "settings.yaml", "config", "data", "elsewhere", "told", "resources",
        results.split("/")[0],
    }  # fmt: skip
    assert [path.name for path in (tmp_path / "resources").iterdir()] == ["ledger"]
    if last == "mlflow.json":
        record = json.loads(home.read(f"{results}/mine/mlflow.json"))
        assert record["uri"] == "sqlite:///../mlflow/mlflow.db" and record["run_id"]
    assert "Nothing to be done" in home.snakemake(PYTHONPATH=path).text
    checked = subprocess.run(
        [sys.executable, "-m", "evenfold", "verify", f"{results}/mine"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT / "workflow")},
        capture_output=True, text=True,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout + checked.stderr


def dataset_of_the_demo() -> str:
    """config/datasets/demo.yaml with the files where they are here."""
    text = (ROOT / "config/datasets/demo.yaml").read_text()
    return text.replace("resources/demo/", "data/")


def test_another_evenfold_that_was_imported_before_is_named(tmp_path):
    home = Project.at(tmp_path)
    home.write("settings.yaml", SETTINGS)
    snakefile = SNAKEFILE.format(root=ROOT, prefix="", results="results", last="x")
    home.write("Snakefile", f"import evenfold\n{snakefile}")
    home.write("elsewhere/evenfold/__init__.py", "")
    told = home.snakemake("-n", PYTHONPATH=str(tmp_path / "elsewhere"), check=False)
    assert told.returncode
    assert "another evenfold" in told.text and "before that import" in told.text
