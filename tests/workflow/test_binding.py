"""What a look is bound to, attacked through Snakemake."""

import io
import json
import shutil

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from evenfold.records.tables import LABELS
from tests.conftest import ALONE, ROOT, WHOLE, Project
from tests.workflow.test_seal import (
    METRICS,
    REPORT,
    faults,
    looks,
    seal,
    status,
    verify,
)


@pytest.mark.whole
def test_a_look_stays_what_it_was_whatever_is_trained_or_corrected_after_it(explored):
    sealed = seal(explored, ALONE)
    sealed.snakemake(METRICS)
    first, taken = sealed.read(METRICS), looks(sealed)

    # Other weights for the same request: the same selection, and never a mixture.
    bfloat = ["--config", "engine={precision: bfloat16}", "--"]
    done = sealed.snakemake(*bfloat, REPORT)
    told = "These models were trained again since the look of"
    assert told in done.text
    since = status(sealed)["since_look"]
    assert since["changed"][0].startswith("the weights of bce")
    assert sealed.read(METRICS) == first and looks(sealed) == taken
    page = sealed.page(REPORT)
    assert told in page and f"models: &#34;{since['to_look_again']['models']}" in page
    assert faults(verify(sealed)[1]) == []

    # Its exact setting has these models looked at too, for ever beside the first.
    precise = {"engine": {"precision": "bfloat16"}}
    again = {"allow_look": [since["to_look_again"] | {"reason": "a faster precision"}]}
    sealed.write("again.yaml", json.dumps(again | precise))
    sealed.snakemake("--configfile", "again.yaml", "--", METRICS)
    assert status(sealed)["look"]["look"] == 2 and status(sealed)["since_look"] is None
    assert len(looks(sealed)) == len(taken) + 2

    # Twenty test records move from positive to negative.
    shown = sealed.read(METRICS)
    relabel(sealed, 20)
    sealed.snakemake("--configfile", "again.yaml", "--", METRICS)
    assert sealed.read(METRICS) == shown
    changed = status(sealed)["changed_labels"]
    assert (changed["changed"], changed["missing"]) == (20, 0)
    assert faults(verify(sealed)[1]) == []
    amend = {"amend_labels": [changed["to_amend"] | {"reason": "20 were mistyped"}]}
    sealed.write("amend.yaml", json.dumps(amend | precise))
    sealed.snakemake("--configfile", "amend.yaml", "--", REPORT)
    assert sealed.read(METRICS) == shown
    assert "Reason given: 20 were mistyped" in sealed.page(REPORT)
    assert status(sealed)["changed_labels"] is None
    assert faults(verify(sealed)[1]) == []


def relabel(project, n):
    """Call positives of the test set negative: in its files, of which all is made again."""
    if not WHOLE:  # In what is made of them.
        path = project.folder / "results/demo/test/labels.parquet"
        frame = pd.read_parquet(path)
        frame.loc[frame[frame["label"] == 1].index[:n], "label"] = 0
        LABELS.write(path, frame)
        return
    files = [f"resources/demo/test_{label}.fasta" for label in ("positive", "negative")]
    records = [f">{record}" for record in project.read(files[0]).split(">")[1:]]
    project.write(files[0], "".join(records[n:]))
    project.write(files[1], project.read(files[1]) + "".join(records[:n]))


@pytest.fixture
def older(tmp_path):
    """A finished project of version 0.1.0, of which one look was taken."""
    project = Project(tmp_path / "project")
    for name in ("config", "resources"):
        shutil.rmtree(project.folder / name)
    # Not `extractall(filter=...)`, which the first releases of Python 3.11 lack.
    packed = ROOT / "tests" / "data" / "version-0.1.0.tar.xz"
    shutil.unpack_archive(packed, project.folder)
    return project


#: Columns of metrics.tsv that came after version 0.1.0.
SINCE = ["ppv", "npv", "f1"]


def numbers(metrics: str) -> pd.DataFrame:
    """metrics.tsv as text, without the columns of intervals."""
    frame = pd.read_csv(io.StringIO(metrics), sep="\t", dtype=str)
    return frame[[name for name in frame if not name.endswith(("_low", "_high"))]]


def test_a_run_of_version_0_1_0_is_verified_and_its_look_stays(older):
    code, text = verify(older)
    assert (code, faults(text)) == (0, [])
    first, taken = older.read(METRICS), looks(older)
    done = older.snakemake(REPORT)
    told = "was recorded by evenfold 0.1.0, which identified selections in another way"
    assert told in done.text and told in older.page(REPORT)
    assert status(older)["status"] == "evaluated" and looks(older) == taken
    # Intervals have another meaning since; every other number is the look's.
    now = numbers(older.read(METRICS))
    assert_frame_equal(now.drop(columns=SINCE), numbers(first))
    tp, fp, tn, fn = (now[name].astype(int) for name in ("tp", "fp", "tn", "fn"))
    for name, part, whole in (("ppv", tp, tp + fp), ("npv", tn, tn + fn),
                              ("f1", 2 * tp, 2 * tp + fp + fn)):  # fmt: skip
        assert now[name].astype(float).to_numpy() == pytest.approx(
            part / whole, abs=1e-6, nan_ok=True
        )
    code, text = verify(older)
    assert (code, faults(text)) == (0, [])
