"""Whole proteins, a site table, a table of labels, descriptors and embeddings, for real."""

import gzip
import importlib.util
import json
import shutil
from contextlib import chdir

import numpy as np
import pandas as pd
import pytest

from evenfold import cli
from evenfold.alphabet import AMINO_ACIDS
from evenfold.errors import EvenfoldError
from evenfold.prediction import Predictor
from tests.conftest import Project, tiny_esm

CONFIG = """
datasets: [sites]
variants:
  - bce
  - {name: described, loss: bce, training: {model: feedforward, features: [aac, ctdd, paac2, physchem, conjoint2]}}
  - {name: embedded, loss: bce, training: {model: logistic_regression, features: [aac, embeddings], embeddings: {file: vectors.npz}}}
training: {epochs: 3, channels: 4, widths: [3], embedding: 8, hidden: [16, 8]}
split: {folds: 3}
selection: {resamples: 200}
threads: 1
"""
REPORT = "results/sites/report.html"
#: Where transformers is there: a language model, at the sites of whole proteins.
CONTEXT = "  - {name: context, loss: bce, training: {model: logistic_regression, features: [embeddings], embeddings: {model: tiny, pooling: site}}}\n"
DATASET = """
train: {proteins: proteins.fasta.gz, positive_sites: sites.parquet}
test: {proteins: test.fasta, positive_sites: sites.csv}
test_policy: practice
sites: {residues: K, window: 15, negatives_per_positive: 0.8}
training: {model: convolutional, features: [tokens]}
"""


def proteins(n, prefix, generator):
    """Proteins whose lysines are positive when an acid follows, most of the time."""
    sequences, sites = {}, []
    for number in range(n):
        letters = generator.choice(list(AMINO_ACIDS), 90)
        name = f"{prefix}{number}"
        for i in np.flatnonzero(letters[:-1] == "K"):
            if generator.random() < 0.5:
                letters[i + 1] = generator.choice(list("DE"))
                if generator.random() < 0.9 and letters[i] == "K":
                    sites.append((name, int(i) + 1))
        sequences[name] = "".join(letters)
    kept = [(name, p) for name, p in sites if sequences[name][p - 1] == "K"]
    return sequences, pd.DataFrame(kept, columns=["protein", "position"])


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Project:
    project = Project(tmp_path_factory.mktemp("forms"))
    generator = np.random.default_rng(3)
    train, sites = proteins(90, "P", generator)
    test, test_sites = proteins(30, "T", generator)
    folder = project.folder
    text = "".join(f">{name}\r\n{s}\r\n" for name, s in train.items())
    (folder / "proteins.fasta.gz").write_bytes(gzip.compress(text.encode()))
    project.write("test.fasta", "".join(f">{n}\n{s}\n" for n, s in test.items()))
    sites.to_parquet(folder / "sites.parquet")
    test_sites.to_csv(folder / "sites.csv", index=False)
    ids = [f"{n}|K{i + 1}" for own in (train, test) for n, s in own.items()
           for i, a in enumerate(s) if a == "K"]  # fmt: skip
    vectors = generator.normal(size=(len(ids), 5)).astype(np.float32)
    np.savez(folder / "vectors.npz", ids=np.array(ids), vectors=vectors)
    project.write("config/datasets/sites.yaml", DATASET)
    config = CONFIG
    if importlib.util.find_spec("transformers"):
        (folder / "tiny").mkdir()
        tiny_esm(folder / "tiny")
        config = CONFIG.replace("training: {epochs", CONTEXT + "training: {epochs", 1)
    project.write("config/config.yaml", config)
    project.snakemake(REPORT)  # What MLflow is told does not depend on the files.
    return project


def test_windows_of_proteins_run_to_the_report(finished):
    rows = pd.read_parquet(finished.folder / "results/sites/sequences.parquet")
    assert (rows["sequence"].str.len() == 15).all()
    assert (rows["sequence"].str[7] == "K").all()
    counts = rows[rows["role"] == "train"]["label"].value_counts()
    assert counts[0] == round(0.8 * counts[1])
    split = pd.read_parquet(finished.folder / "results/sites/split.parquet")
    train = split[split["role"] == "train"].merge(rows[["id", "source"]], on="id")
    assert (train.groupby("source")["fold"].nunique() == 1).all()
    metrics = pd.read_csv(finished.folder / "results/sites/test/metrics.tsv", sep="\t")
    known = {"bce", "described", "embedded"}
    if importlib.util.find_spec("transformers"):
        known.add("context")
    assert set(metrics["variant"]) == known
    assert (metrics["n"] == (rows["role"] == "test").sum()).all()
    report = finished.page("results/sites/report.html")
    for words in ("Can something trivial do it?", "negative windows left out",
                  "What whole proteins tell, and no window shows",
                  "Is the test set like the training data?"):  # fmt: skip
        assert words in report
    told = json.loads(finished.read("results/sites/source_proteins.json"))
    assert told["exact"] and told["sites"] == counts.sum() and told["pairs"] >= 100
    labels = json.loads(finished.read("results/sites/test/evaluation.json"))["labels"]
    assert labels["train_positives"] == counts[1]
    assert labels["positives"] + labels["negatives"] == (rows["role"] == "test").sum()


def test_features_are_told_apart_and_an_unchanged_run_has_nothing_to_do(finished):
    made = {p.stem for p in (finished.folder / "results/sites/features").glob("*.npy")}
    assert "aac-ctdd-paac2-physchem-conjoint2" in made and "tokens" in made
    (name,) = (stem for stem in made if "aac-emb" in stem)
    assert name.startswith("aac-embeddings")
    columns = json.loads(finished.read(f"results/sites/features/{name}.json"))
    assert columns["columns"][20:] == [f"embedding_{i}" for i in range(1, 6)]
    again = finished.snakemake("-n", REPORT)
    assert "Nothing to be done" in again.text


def test_the_audit_can_stop_the_run_before_the_look(finished):
    done = finished.snakemake(
        "--config", "audit={fail_on: warning, probe_mcc: 0.01}", check=False
    )
    assert done.returncode and "the audit stops the run" in done.text
    assert "Traceback" not in done.text and "alone predicts the class" in done.text


def test_a_site_at_another_residue_names_file_and_line(finished):
    text = finished.read("sites.csv")
    finished.write("sites.csv", text + "T0,1\nT0,2\nT0,3\n")
    done = finished.snakemake(check=False)
    finished.write("sites.csv", text)
    assert done.returncode and "sites.csv line" in done.text
    assert "not one of K" in done.text and "mismatch: reject" in done.text
    assert "Traceback" not in done.text


@pytest.mark.parametrize("champion", ["bce", "described", "context"])
def test_every_site_of_new_proteins_is_scored(finished, champion):
    """Also by the context of whole proteins, where a language model is there."""
    if champion == "context":
        pytest.importorskip("transformers", reason="needs evenfold[plm]")
    folder = finished.folder / "results/sites"
    selection = json.loads((folder / "selection.json").read_text())
    finished.write("c.json", json.dumps(selection | {"champion": champion}))
    finished.write("new.fasta", ">N1 x\nMKAEKDK\n>N2\nAAA\n>N3\nacdkefg\n")
    finished.write("other.fasta", ">N3\nacdkefgWWWWWWWWW\n>N1\nMKAEKDK\n")
    with chdir(finished.folder):
        predictor = Predictor.of("c.json", folder / champion / "weights.safetensors")
        windows = predictor.read("new.fasta")
        assert [w.id for w in windows] == ["N1|K2", "N1|K5", "N1|K7", "N3|K4"]
        values, reasons = predictor.score([w.sequence for w in windows])
        assert np.isfinite(values).all() and not any(reasons)
        windows = predictor.read("other.fasta")
        again, _ = predictor.score([w.sequence for w in windows])
        assert again[0] != values[3] and np.allclose(again[1:], values[:3])
        if champion == "context":
            with pytest.raises(EvenfoldError, match="Give whole proteins"):
                predictor.score(["AAAAAAAKAAAAAAA"])


def test_proteins_of_one_id_are_told_apart(finished, tmp_path):
    # Of whichever variant is the champion, one may need vectors that are not there.
    results = tmp_path / "results" / "sites"
    shutil.copytree(finished.folder / "results/sites", results)
    selection = json.loads((results / "selection.json").read_text())
    (results / "selection.json").write_text(json.dumps(selection | {"champion": "bce"}))
    (tmp_path / "twice.fasta").write_text(">N1\nMKA\n>N1\nMKA\n>N1\nKKK\n")
    with chdir(tmp_path):
        assert cli.main(["predict", "results/sites", "twice.fasta"]) == 0
        ids = pd.read_csv("predictions.tsv", sep="\t")["id"].tolist()
        assert ids == ["N1|K2", "N1~2|K2", "N1~3|K1", "N1~3|K2", "N1~3|K3"]
        proteins = pd.read_csv("predictions.proteins.tsv", sep="\t")
        assert proteins["sites"].tolist() == [1, 1, 3]


@pytest.mark.whole
def test_proteins_without_a_site_are_named(finished):
    finished.write("none.fasta", ">N2\nAAA\n")
    done = finished.snakemake(
        "--config", "predict=none.fasta", "--", "predict", check=False
    )
    assert "none of its proteins (1) has a residue of K" in done.text
