"""The demo as a newcomer runs it, and what a second run must do and must not."""

import gzip
import json
import re
import shutil
import zipfile
from pathlib import Path

import pandas as pd
import pytest
import yaml

from tests.conftest import ALONE, ROOT, WHOLE, Project


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Project:
    """The main job: bare `snakemake --cores 8` on the demo data.

    Whole with all variants of its configuration, sampled with the first two.
    """
    project = Project(tmp_path_factory.mktemp("demo"))
    config = project.read("config/config.yaml")
    if not WHOLE:
        config = config[: config.index("  - focal\n")] + "threads: 1\n"
        project.write("config/config.yaml", config)
    project.variants = len(yaml.safe_load(config)["variants"])
    project.snakemake(cores=8)
    return project


def metrics(project, dataset="demo"):
    return pd.read_csv(
        project.folder / f"results/{dataset}/test/metrics.tsv",
        sep="\t",
        dtype={"operating_point": str},
    )


def jobs(text):
    """Number of jobs of each rule that a dry run would run."""
    if "Nothing to be done" in text:
        return {}
    return {
        line.split()[0]: int(line.split()[1])
        for line in text.split("Job stats:")[1].split("total")[0].splitlines()[3:]
        if len(line.split()) == 2
    }


def test_a_bare_dry_run_counts_its_jobs(project):
    text = project.snakemake("-n").text
    assert jobs(text) == {
        "all": 1, "audit": 1, "clean": 1, "evaluate": 1, "evidence": 1, "explain": 1,
        "featurize": 2,
        "group": 1,
        "init_tracking": 1, "report": 1, "select": 1, "source_proteins": 1, "split": 1,
        "track": 1, "train": 7, "tune": 1,
    }  # fmt: skip


def test_the_contract_files_are_there(demo):
    for path in (
        "sequences.parquet", "rejected.tsv", "split.parquet", "audit.json",
        "features/default.npy", "features/default.json", "bce/weights.safetensors",
        "bce/history.parquet", "bce/oof.parquet", "bce/threshold.json",
        "selection.json", "contributions.json", "test/labels.parquet", "test/predictions.parquet",
        "test/metrics.tsv", "report.html", "mlflow.json", "dome.json", "model_card.md",
        "ro-crate-metadata.json",
    ):  # fmt: skip
        assert (demo.folder / "results/demo" / path).is_file(), path
    assert (demo.folder / "results/mlflow/mlflow.db").is_file()
    assert len(list((demo.folder / "resources/ledger").glob("*.done.json"))) == 1


def test_what_its_configuration_leaves_out_is_filled_in_by_the_kind_of_its_data(demo):
    assert json.loads(demo.read("results/demo/split.json"))["kind"] == "windows"
    features = json.loads(demo.read("results/demo/features/default.json"))
    assert features["names"] == ["tokens"]


def test_the_planted_defects_are_found(demo):
    rejected = demo.read("results/demo/rejected.tsv")
    for name, reason in (
        ("DUPLICATE1.1|K99", "duplicate of"),
        ("DUPLICATE2.1|K99", "duplicate of"),
        ("DUPLICATE3.1|K99", "duplicate of"),
        ("CONFLICT1.1|K99", "conflicting labels"),
        ("HOMOLOG1.1|K99", "homolog (exhaustive Smith-Waterman, identity 94%)"),
        ("COPY1.1|K99", "exact copy of test sequence"),
        ("ODDLETTER1.1|K99", "letter '#'"),
    ):
        assert any(
            line.startswith(name) and reason in line for line in rejected.splitlines()
        ), name
    audit = json.loads(demo.read("results/demo/audit.json"))
    assert all(finding["severity"] != "serious" for finding in audit["findings"])


def test_nothing_vanishes(demo):
    counts = json.loads(demo.read("results/demo/clean/counts.json"))
    read = sum(role["read"] for role in counts.values())
    kept = len(pd.read_parquet(demo.folder / "results/demo/sequences.parquet"))
    rejected = len(demo.read("results/demo/rejected.tsv").splitlines()) - 1
    assert read == kept + rejected


def test_untuned_is_out_of_balance_and_tuned_is_not(demo):
    table = metrics(demo)
    bce = table[table["variant"] == "bce"].set_index("operating_point")
    assert abs(bce.loc["0.5", "gap"]) > 0.3
    assert abs(bce.loc["sn_eq_sp", "gap"]) < 0.15
    tuned = json.loads(demo.read("results/demo/bce/threshold.json"))
    assert abs(tuned["points"]["sn_eq_sp"]["gap"]) < 0.01


def test_test_labels_are_nowhere_before_the_look(demo):
    frame = pd.read_parquet(demo.folder / "results/demo/sequences.parquet")
    assert frame.loc[frame["role"] == "test", "label"].isna().all()
    assert frame.loc[frame["role"] == "train", "label"].notna().all()
    # Neither the order of the test rows nor their ids tell the class.
    labels = pd.read_parquet(demo.folder / "results/demo/test/labels.parquet")
    order = labels["label"].to_numpy()
    assert 0.5 < order[: len(order) // 2].mean() / order.mean() < 1.5


def test_every_row_of_metrics_follows_from_the_predictions(demo):
    predictions = pd.read_parquet(demo.folder / "results/demo/test/predictions.parquet")
    for row in metrics(demo).itertuples():
        own = predictions[predictions["variant"] == row.variant]
        threshold = 0.5 if row.operating_point == "0.5" else own["threshold"].iloc[0]
        called, truth = own["score"] >= threshold, own["label"] == 1
        assert (row.tp, row.fp) == ((called & truth).sum(), (called & ~truth).sum())


def test_afterwards_there_is_nothing_to_do(demo):
    assert "Nothing to be done" in demo.snakemake("-n").text
    assert "Nothing to be done" in demo.snakemake("-n", "--cores", "3").text


def test_a_changed_parameter_reruns_its_variant_and_what_follows(demo):
    config = demo.read("config/config.yaml")
    demo.write("config/config.yaml", config.replace("fn_weight: 2.0", "fn_weight: 3.0"))
    try:
        text = demo.snakemake("-n").text
    finally:
        demo.write("config/config.yaml", config)
    counts = jobs(text)
    assert counts == {
        "all": 1, "evaluate": 1, "evidence": 1, "explain": 1, "init_tracking": 1,
        "report": 1,
        "select": 1, "source_proteins": 1, "track": 1, "train": 1, "tune": 1,
    }  # fmt: skip


@pytest.fixture
def edited(demo):
    """A function that edits modules of the demo's own copy of the code, and dry-runs.

    Its edits: (file below workflow/evenfold, text there, what it becomes).
    """
    link = demo.folder / "workflow"
    link.unlink()
    shutil.copytree(ROOT / "workflow", link)

    def run(*edits):
        for file, text, other in edits:
            (path,) = (link / "evenfold").rglob(file)
            source = path.read_text()
            assert text in source, file
            path.write_text(source.replace(text, other, 1))
        counts = jobs(demo.snakemake("-n").text)
        for file, _, _ in edits:
            (path,) = (link / "evenfold").rglob(file)
            path.write_text((ROOT / path.relative_to(demo.folder)).read_text())
        return counts

    yield run
    shutil.rmtree(link)
    link.symlink_to(ROOT / "workflow")


def test_an_edited_comment_or_docstring_reruns_nothing(edited):
    files = {path.name for path in (ROOT / "workflow/evenfold").rglob("*.py")}
    told = ("simulate.py", "fetch.py", "probes.py", "auditing.py", "config/run.py")
    assert {file.split("/")[-1] for file in told} <= files
    docstrings = [(file, '"""', '"""Another word. ') for file in told]
    comments = [(file, "\n\n", "\n# A comment.\n") for file in told]
    assert edited(*docstrings, *comments) == {}


@pytest.mark.parametrize(
    "file, text, other, rules",
    [
        ("twins.py", "apart <= tolerance", "apart < tolerance", {"train"}),
        ("config/features.py", "residues between them\", 3,",
         "residues between them\", 4,", {"featurize", "train"}),
        ("ragged.py", "class Ragged:", "class Ragged:\n    new = 1\n",
         {"featurize", "train"}),
        ("config/training.py", "class Training(", "new = 1\n\n\nclass Training(",
         {"train"}),
    ],
)  # fmt: skip
def test_an_edited_line_that_decides_results_reruns_them(
    demo, edited, file, text, other, rules
):
    counts = edited((file, text, other))
    assert rules < counts.keys()
    assert counts["train"] == demo.variants and counts["select"] == 1


def test_an_edited_template_reruns_what_shows_it_alone(edited):
    counts = edited(("report.css", "{", "{ /* */"))
    assert counts == {"all": 1, "evidence": 1, "report": 1, "track": 1}


def test_the_report_stands_alone_and_snakemake_can_bundle_it(demo):
    html = demo.page("results/demo/report.html")
    assert "<svg" in html and "independent test sequences" in html
    for outside in ("http://", "https://", "src=", "<link", "@import", "fetch("):
        assert outside not in html.replace("http://www.w3.org", "")
    assert len(html) < 6_000_000
    # Every file that it names is there.
    folder = demo.folder / "results/demo"
    for path in set(re.findall(r'href="([^"#]+)"', html)):
        assert (folder / path).is_file(), path
    assert (folder / "figures/test-mcc.pdf").read_bytes().startswith(b"%PDF")
    demo.snakemake("--report", "bundle.zip")
    with zipfile.ZipFile(demo.folder / "bundle.zip") as bundle:
        held = {Path(name).name for name in bundle.namelist()}
        data = "".join(
            bundle.read(name).decode("utf-8", "replace")
            for name in bundle.namelist()
            if name.endswith("bundle/report.html")
        )
    assert {"report.html", "metrics.tsv", "test-mcc.svg", "logo.svg"} <= held
    assert all(category in data for category in ("Results", "Tables", "Figures"))


def test_predict_scores_new_sequences_with_the_same_rejects_policy(demo):
    demo.write(
        "new.fasta",
        ">good\n"
        + "A" * 15
        + "K"
        + "D" * 15
        + "\n>odd\nMK#\n>long\n"
        + "A" * 40
        + "\n",
    )
    demo.snakemake("--config", "predict=new.fasta", "--", "predict")
    scores = pd.read_csv(demo.folder / "results/demo/predictions/new.tsv", sep="\t")
    assert scores["id"].tolist() == ["good"]
    assert scores["positive"].item() == int(
        scores["score"].item() >= scores["threshold"].item()
    )
    rejected = demo.read("results/demo/predictions/new.rejected.tsv")
    assert "letter '#'" in rejected and "40 letters" in rejected


@pytest.mark.whole
def test_shards_are_jobs_and_give_the_same_bytes(demo):
    test = pd.read_parquet(demo.folder / "results/demo/sequences.parquet")
    rows = test.loc[test["role"] == "test", "sequence"].head(60)
    # Every id twice, and far apart; what is rejected is in every shard.
    text = "".join(f">s{n % 30}\n{s}\n>odd\nMK#\n" for n, s in enumerate(rows))
    demo.write("many.fasta", text)
    predict = ("--forcerun", "score_fasta", "--config", "predict=many.fasta")
    found = []
    for size, jobs in ((100, 0), (len(text) / 2.5e6, 3)):
        done = demo.snakemake(
            *predict, f"prediction={{shard_mb: {size:.9f}}}", "--", "predict"
        )
        assert len(re.findall("Scoring shard", done.text)) == jobs
        assert "is scored by one job" not in done.text
        folder = demo.folder / "results/demo/predictions"
        names = ("many.tsv", "many.rejected.tsv")
        found.append([(folder / name).read_bytes() for name in names])
        assert not list(folder.glob("many.shards*"))
    assert found[0] == found[1] and found[0][0].count(b"~2") == 30
    assert b"many.fasta record 120\t" in found[0][1]
    (demo.folder / "many.fasta.gz").write_bytes(gzip.compress(text.encode()))
    dry = (
        "--config",
        "predict=many.fasta.gz",
        "prediction={shard_mb: 0.001}",
        "--dry-run",
    )
    assert (
        "Note: many.fasta.gz is compressed: it is scored by one job."
        in demo.snakemake(*dry, "--", "predict").text
    )


def test_the_importable_predictor_agrees_with_the_look(demo):
    from evenfold.prediction import Predictor

    predictor = Predictor.load(demo.folder / "results/demo")
    frame = pd.read_parquet(demo.folder / "results/demo/sequences.parquet")
    test = frame[frame["role"] == "test"]
    scores, reasons = predictor.score(test["sequence"].tolist())
    looked = pd.read_parquet(demo.folder / "results/demo/test/predictions.parquet")
    looked = looked[looked["variant"] == predictor.variant].set_index("id")["score"]
    assert not any(reasons)
    assert abs(looked.loc[test["id"]].to_numpy() - scores).max() < 1e-6


def test_mlflow_holds_one_parent_and_a_child_per_variant(demo):
    import mlflow

    record = demo.tracked()
    client = mlflow.MlflowClient(record["uri"])
    runs = client.search_runs([record["experiment_id"]])
    n = demo.variants + 1
    assert len(runs) == n and all(run.info.status == "FINISHED" for run in runs)
    parent = client.get_run(record["run_id"])
    child = client.get_run(record["children"]["bce"])
    assert child.data.tags["mlflow.parentRunId"] == parent.info.run_id
    table = metrics(demo)
    bce = table[(table["variant"] == "bce") & (table["operating_point"] == "sn_eq_sp")]
    assert child.data.metrics["test_mcc"] == pytest.approx(bce["mcc"].item(), abs=1e-6)
    assert len(client.get_metric_history(child.info.run_id, "train_loss")) == 6
    assert {d.tags[0].value for d in parent.inputs.dataset_inputs} == {
        "training",
        "testing",
    }
    assert child.data.params["loss.name"] == "bce"
    # A second upload of the same selection adds nothing.
    (demo.folder / "results/demo/mlflow.json").unlink()
    demo.snakemake("results/demo/mlflow.json")
    assert len(client.search_runs([record["experiment_id"]])) == n
    assert demo.tracked() == record


def test_the_logged_model_takes_sequences(demo):
    import mlflow

    record = demo.tracked()
    mlflow.set_tracking_uri(record["uri"])
    model = mlflow.pyfunc.load_model(f"runs:/{record['run_id']}/champion")
    assert model.metadata.signature.inputs.input_names() == [0, "sequence", "id"]
    found = model.predict(
        pd.DataFrame({"sequence": ["A" * 15 + "K" + "D" * 15, "MK#"]})
    )
    assert 0 <= found["score"][0] <= 1
    assert found["reason"].tolist()[1] == "letter '#' at position 3"
    assert found["score"][1] is None and found["class"][1] is None


@pytest.mark.whole
def test_the_same_run_twice_is_equal_byte_for_byte(explored_once, tmp_path):
    """Two fresh folders, two ledgers, other --cores: the same metrics.tsv.

    Full-sized network and two threads: a parallel sum in the order of arrival shows.
    """
    config = ALONE.replace("threads: 1", "threads: 2").replace(
        "{epochs: 2, channels: 4, widths: [3], embedding: 8}", "{epochs: 4}"
    )
    assert "threads: 2" in config and "{epochs: 4}" in config
    found = []
    for name, cores in (("one", 2), ("two", 8)):
        if name == "one" and not WHOLE:  # Its data were split in a third folder.
            project = explored_once.copy(tmp_path / name)
            project.write("config/config.yaml", config)
        else:
            project = Project.small(tmp_path / name, config)
        project.snakemake("results/demo/test/metrics.tsv", cores=cores)
        found.append((tmp_path / name / "results/demo/test/metrics.tsv").read_bytes())
    assert found[0] == found[1] and len(found[0]) > 500


def test_without_a_test_set_one_is_held_out_by_groups_and_sealed(tmp_path):
    project = Project.small(tmp_path, ALONE)
    entry = project.read("config/datasets/demo.yaml")
    start = entry.index("test:")
    stop = entry.index("# TR0012")
    project.write("config/datasets/demo.yaml", entry[:start] + entry[stop:])
    project.snakemake("results/demo/test/metrics.tsv")
    split = pd.read_parquet(project.folder / "results/demo/split.parquet")
    held = split[split["role"] == "test"]
    assert 0.1 < len(held) / len(split) < 0.3
    train = split[split["role"] == "train"]
    assert not set(held["cluster"]) & set(train["cluster"])
    assert train.groupby("cluster")["fold"].nunique().max() == 1
    frame = pd.read_parquet(project.folder / "results/demo/sequences.parquet")
    assert frame.loc[frame["role"] == "test", "label"].isna().all()
    assert metrics(project)["n"].iloc[0] == len(held)


@pytest.mark.whole
def test_several_data_sets_get_a_summary(explored):
    project = explored
    project.write("config/config.yaml", ALONE.replace("[demo]", "[demo, again]"))
    project.write(
        "config/datasets/again.yaml", project.read("config/datasets/demo.yaml")
    )
    project.snakemake("results/summary.html", cores=4)
    table = pd.read_csv(project.folder / "results/summary.tsv", sep="\t")
    assert set(table["dataset"]) == {"demo", "again"}
    assert "again/report.html" in project.page("results/summary.html")
    # The same test set under another name is the same test set.
    status = json.loads(project.read("results/again/test/evaluation.json"))
    assert len(status["looks"]) == 1
    # A bare run has besides the report and the record of each to make.
    left = jobs(project.snakemake("-n").text)
    assert left == {
        "all": 1, "evidence": 2, "explain": 2, "report": 2, "source_proteins": 2,
        "track": 2,
    }  # fmt: skip
    # MLflow is asked before each look, for which no other data set is looked at again.
    again = ("results/again/test/metrics.tsv", "results/summary.html")
    text = project.snakemake("-n", again[1], "--forcerun", again[0]).text
    assert jobs(text) == {"evaluate": 1, "init_tracking": 1, "summary": 1}
