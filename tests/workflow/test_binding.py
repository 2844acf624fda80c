"""What a look is bound to, attacked through Snakemake."""

import json
import shutil
import subprocess
import sys
import tarfile

import pytest

from tests.conftest import ROOT, Project
from tests.workflow.test_seal import REPORT, faults, looks, seal, status, verify

METRICS = "results/demo/test/metrics.tsv"


def test_a_look_stays_what_it_was_whatever_is_trained_or_corrected_after_it(explored):
    sealed = seal(explored)
    sealed.snakemake(REPORT)
    first, taken = sealed.read(METRICS), looks(sealed)

    # Other weights for the same request: the same selection, and never a mixture.
    bfloat = ["--config", "engine={precision: bfloat16}", "--"]
    done = sealed.snakemake(*bfloat, REPORT)
    told = "These models were trained again since the look of"
    assert told in done.text
    since = status(sealed)["since_look"]
    assert since["changed"][0].startswith("the weights of bce, focal")
    assert sealed.read(METRICS) == first and looks(sealed) == taken
    page = sealed.read(REPORT)
    assert told in page and f"models: &#34;{since['to_look_again']['models']}" in page
    assert faults(verify(sealed)[1]) == []

    # Its exact setting has these models looked at too, for ever beside the first.
    again = {"allow_look": [since["to_look_again"] | {"reason": "a faster precision"}]}
    sealed.write(
        "again.yaml", json.dumps(again | {"engine": {"precision": "bfloat16"}})
    )
    sealed.snakemake("--configfile", "again.yaml", "--", REPORT)
    assert status(sealed)["look"]["look"] == 2 and status(sealed)["since_look"] is None
    assert len(looks(sealed)) == len(taken) + 2

    # Twenty test records move from positive to negative.
    files = [f"resources/demo/test_{label}.fasta" for label in ("positive", "negative")]
    records = sealed.read(files[0]).split(">")[1:]
    shown = sealed.read(METRICS)
    sealed.write(files[0], "".join(f">{record}" for record in records[20:]))
    sealed.write(
        files[1], sealed.read(files[1]) + "".join(f">{r}" for r in records[:20])
    )
    sealed.snakemake("--configfile", "again.yaml", "--", REPORT)
    assert sealed.read(METRICS) == shown
    changed = status(sealed)["changed_labels"]
    assert (changed["changed"], changed["missing"]) == (20, 0)
    assert changed["told"] in sealed.read(REPORT)
    assert faults(verify(sealed)[1]) == []
    amend = {"amend_labels": [changed["to_amend"] | {"reason": "20 were mistyped"}]}
    sealed.write(
        "amend.yaml", json.dumps(amend | {"engine": {"precision": "bfloat16"}})
    )
    sealed.snakemake("--configfile", "amend.yaml", "--", REPORT)
    assert sealed.read(METRICS) == shown
    assert "Reason given: 20 were mistyped" in sealed.read(REPORT)
    assert status(sealed)["changed_labels"] is None
    assert faults(verify(sealed)[1]) == []


@pytest.fixture
def older(tmp_path):
    """A finished project of version 0.1.0, of which one look was taken."""
    project = Project(tmp_path / "project")
    for name in ("config", "resources"):
        shutil.rmtree(project.folder / name)
    with tarfile.open(ROOT / "tests" / "data" / "version-0.1.0.tar.xz") as packed:
        packed.extractall(project.folder, filter="data")
    return project


def test_a_run_of_version_0_1_0_is_verified_and_its_look_stays(older):
    code, text = verify(older)
    assert (code, faults(text)) == (0, [])
    first, taken = older.read(METRICS), looks(older)
    done = older.snakemake(REPORT)
    told = "was recorded by evenfold 0.1.0, which identified selections in another way"
    assert told in done.text and told in older.read(REPORT)
    assert status(older)["status"] == "evaluated" and looks(older) == taken
    assert older.read(METRICS) == first
    code, text = verify(older)
    assert (code, faults(text)) == (0, [])


def test_a_results_folder_that_was_moved_with_its_project_is_verified(explored):
    sealed = seal(explored)
    sealed.snakemake(REPORT)
    moved = sealed.folder.parent / "moved"
    shutil.move(sealed.folder, moved)
    done = subprocess.run(
        [sys.executable, "-m", "evenfold.cli", "verify", str(moved / "results/demo")],
        capture_output=True,
        text=True,
        cwd=sealed.folder.parent,
        env={"PYTHONPATH": str(ROOT / "workflow"), "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stdout
    assert faults(done.stdout) == []
