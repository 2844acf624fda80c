"""Variants of every kind side by side: losses, regularisation, baselines, twins."""

import json
import re

import pandas as pd
import pytest

from evenfold.sequences.simulate import Simulation, write_demo
from tests.conftest import ROOT, SMALL, WHOLE, Project

CONFIG = """
datasets: [balanced]
variants:
  - bce
  - {name: weighted_balanced, loss: {name: wbce, mode: balanced}}
  - class_balanced
  - logit_adjusted
  - {name: heavier, loss: {name: wbce, fn_weight: 2.0}}
  - anyloss
  - {name: regularised, loss: mcc, training: {mixup: 0.4, label_smoothing: 0.05, input_noise: 0.1, l1: 1.0e-5, augmentation: {mask: 0.1, substitute: 0.1}}}
  - {name: logistic, loss: bce, training: {model: logistic_regression, features: [onehot]}}
  - {name: boosting, loss: bce, training: {model: gradient_boosting, features: [aac, dpc], boosting: {trees: 20}}}
  - {name: selected, loss: bce, training: {model: feedforward, features: [onehot], feature_selection: {method: model}}}
training: {epochs: 2, channels: 4, widths: [3], embedding: 8}
split: {folds: 3}
selection: {resamples: 200}
threads: 1
"""
#: What the models of the demo are asked: a window around K.
WINDOW = "ACDEFGHIKLMNPQRKACDEFGHIKLMNPQR"
#: Of each kind one is enough where tests are sampled.
MORE = () if WHOLE else ("logit_adjusted", "heavier", "anyloss", "logistic")
TWINS = {"weighted_balanced", "class_balanced", "logit_adjusted"}.difference(MORE)


def configured() -> str:
    """The configuration without the variants that are left out."""
    lines = CONFIG.splitlines()
    names = [re.sub(r"^  - ({name: )?|[,}].*", "", line) for line in lines]
    assert set(MORE) <= set(names)
    return "\n".join(x for x, name in zip(lines, names) if name not in MORE) + "\n"


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Project:
    project = Project(tmp_path_factory.mktemp("variants"))
    folder = project.folder / "resources/balanced"
    write_demo(folder, Simulation(positives=0.5, n_train=400, n_test=200, seed=3))
    text = project.read("config/datasets/demo.yaml")
    text = text.replace("resources/demo/", "resources/balanced/")
    project.write("config/datasets/balanced.yaml", text)
    project.write("config/config.yaml", configured())
    project.snakemake()
    return project


@pytest.mark.whole
def test_the_same_loss_is_trained_once_and_reported_as_one(finished):
    selection = json.loads(finished.read("results/balanced/selection.json"))
    assert set(selection["same"]) == TWINS
    assert {one["same_as"] for one in selection["same"].values()} == {"bce"}
    assert all(0 <= one["difference"] <= 0.05 for one in selection["same"].values())
    assert not TWINS & set(selection["variants"])
    for name in TWINS:
        log = finished.read(f"results/balanced/logs/train/{name}.log")
        assert "the same loss as bce" in log and "epoch" not in log
    report = finished.page("results/balanced/report.html")
    assert "on these training data the same loss as bce" in report
    for name in TWINS:
        assert f"= {name}" in report


@pytest.mark.whole
def test_every_other_variant_is_evaluated_and_tracked(finished):
    metrics = pd.read_csv(
        finished.folder / "results/balanced/test/metrics.tsv", sep="\t"
    )
    wanted = {"bce", "heavier", "anyloss", "regularised", "logistic", "boosting",
              "selected"}.difference(MORE)  # fmt: skip
    assert set(metrics["variant"]) == wanted
    assert metrics["auroc"].between(0.3, 1).all()
    tracked = json.loads(finished.read("results/balanced/mlflow.json"))
    assert set(tracked["children"]) == wanted


def test_a_grid_is_explored_as_variants_of_its_own(explored):
    """Named after their values, trained apart, counted with the others."""
    grid = "{name: w, loss: bce, grid: {learning_rate: [1e-3, 2.5e-3], channels: [4]}}"
    explored.write("config/config.yaml", SMALL.replace("focal]", f"{grid}]"))
    explored.snakemake("explore")
    selection = json.loads(explored.read("results/demo/selection.json"))
    wanted = ["bce", "w-0.001-4", "w-0.0025-4"]
    assert selection["order"] == list(selection["variants"]) == wanted
    assert selection["best"]["of"] == 3 and not selection["same"]
    assert set(selection["against_baseline"]) == set(wanted[1:])
    page = explored.page("results/demo/exploration.html")
    assert all(name in page for name in wanted)


def test_a_learning_curve_is_trained_on_parts_and_told_without_the_test_set(explored):
    """Champion and boosting on four sizes; the last of the champion is the run's own."""
    explored.write("config/config.yaml", SMALL + "learning_curve: true\n")
    explored.snakemake("explore")
    curve = json.loads(explored.read("results/demo/learning_curve.json"))
    selection = json.loads(explored.read("results/demo/selection.json"))
    champion, boosting = curve["curves"]
    assert champion["name"] == selection["champion"] and champion["champion"]
    assert (
        boosting["name"] == "gradient boosting (aac, dpc)" and not boosting["champion"]
    )
    for one in curve["curves"]:
        draws = {size["asked"]: size["draws"] for size in one["sizes"]}
        # So few groups that a quarter of them may not do: then it is said.
        assert 0.25 in draws or f"{one['name']} cannot be trained on 25 %" in str(
            curve["notes"]
        )
        assert draws | {0.25: 3} == {0.25: 3, 0.5: 2, 0.75: 2, 1.0: 1}
        for size in one["sizes"]:
            assert abs(size["share"] - size["asked"]) < 0.05
            reached = size["reached"]["auroc"]
            assert 0 <= reached["low"] < reached["value"] < reached["high"] <= 1
    whole = champion["sizes"][-1]
    rows = pd.read_parquet(explored.folder / "results/demo/sequences.parquet")
    assert whole["sequences"] == (rows["role"] == "train").sum()
    own = selection["variants"][champion["name"]]["auroc"]
    assert whole["reached"]["auroc"]["value"] == pytest.approx(own)
    page = explored.page("results/demo/exploration.html")
    assert "Would more data help?" in page and "twice the data would change" in page
    assert not (explored.folder / "results/demo/test/predictions.parquet").exists()


def test_a_loss_that_does_not_fit_a_model_is_refused_before_anything_runs(project):
    project.write(
        "config/config.yaml",
        "variants: [{name: x, loss: focal, training: "
        "{model: gradient_boosting, features: [aac]}}]\n",
    )
    done = project.snakemake("-n", check=False)
    assert done.returncode and "cannot be fitted with the loss focal" in done.text
    assert "Traceback" not in done.text


@pytest.mark.whole
def test_the_controls_are_judged_beside_the_real_run(finished):
    finished.snakemake("sanity")
    table = pd.read_csv(
        finished.folder / "results/balanced/sanity/controls.tsv", sep="\t"
    ).set_index("control")
    assert set(table.index) == {
        "real", "permuted labels", "shuffled residues", "composition alone",
    }  # fmt: skip
    assert abs(table.loc["permuted labels", "auroc"] - 0.5) < 0.12
    verdict = finished.read("results/balanced/sanity/verdict.txt")
    assert "besides the sequences" not in verdict and verdict.strip()


@pytest.mark.whole
def test_an_unlike_share_of_positives_makes_them_different(explored):
    """On the demo, one positive in four, balanced weights are a loss of their own."""
    explored.write("config/config.yaml", SMALL.replace("[bce, focal]", (
        "[bce, {name: weighted_balanced, loss: {name: wbce, mode: balanced}}, "
        "class_balanced, logit_adjusted]")))  # fmt: skip
    explored.snakemake("results/demo/weighted_balanced/twin.json",
                       "results/demo/logit_adjusted/twin.json",
                       "results/demo/class_balanced/twin.json")  # fmt: skip

    def same(name):
        return json.loads(explored.read(f"results/demo/{name}/twin.json"))["same_as"]

    assert same("weighted_balanced") is None and same("logit_adjusted") is None


@pytest.mark.whole
def test_the_network_of_the_documentation_trains_and_predicts(explored):
    """docs/networks.md as it stands: its module, and its line of the configuration."""
    project = explored
    page = (ROOT / "docs/networks.md").read_text()
    code = page.split("```python\n")[1].split("```")[0]
    line = page.split("```yaml\n")[1].split("```")[0]
    project.write("my_networks.py", code)
    own = "datasets: [demo]\ntraining: {epochs: 2}\nsplit: {folds: 3}\nthreads: 1\n"
    config = line.replace("  - bce\n", "") + own + "selection: {resamples: 200}\n"
    project.write("config/config.yaml", config)
    fasta = project.write("new.fasta", f">a\n{WINDOW}\n")
    project.snakemake("--config", f"predict={fasta.name}", "--", "predict")
    scores = pd.read_csv(project.folder / "results/demo/predictions/new.tsv", sep="\t")
    assert (
        scores["variant"].tolist() == ["gated"] and scores["score"].between(0, 1).all()
    )
    for edited, n in ((f"{code}# why\n", 0), (code.replace("=32", "=33"), 1)):
        project.write("my_networks.py", edited)
        text = project.snakemake(
            "-n", "--quiet", "host", "--", "results/demo/gated/oof.parquet"
        ).text
        assert text.count("Params have changed since last execution") == n
    missing = config.replace("my_networks:Gated", "my_networks:Gatad")
    project.write("config/config.yaml", missing)
    done = project.snakemake("results/demo/gated/oof.parquet", check=False)
    assert done.returncode and "my_networks:Gatad cannot be imported" in done.text
    assert "Traceback" not in done.text


@pytest.mark.whole
def test_a_loss_a_feature_set_and_a_criterion_of_ones_own(explored):
    """docs/own.md as it stands: its modules, and its lines of the configuration."""
    project = explored
    page = (ROOT / "docs/own.md").read_text()
    for part in page.split("```python\n# ")[1:]:
        name, code = part.split("```")[0].split("\n", 1)
        project.write(name, code)
    lines = page.split("```yaml\n")[1].split("```")[0].rstrip().splitlines()
    asked = lines.pop().removesuffix("}")
    assert asked.startswith("selection: {criterion: ")
    config = "\n".join(lines) + SMALL.replace("variants: [bce, focal]\n", "").replace(
        "selection: {", f"{asked}, keep_half: false, "
    )
    project.write("config/config.yaml", config)
    fasta = project.write("new.fasta", f">a\n{WINDOW}\n")
    report = "results/demo/report.html"
    project.snakemake("--config", f"predict={fasta.name}", "--", report, "predict")

    metrics = pd.read_csv(project.folder / "results/demo/test/metrics.tsv", sep="\t")
    assert set(metrics["operating_point"]) == {"0.5", "my_criteria:markedness"}
    # Two epochs may leave the order of the scores as it was, but not the scores.
    costs = metrics.drop_duplicates("variant").set_index("variant")["log_loss"]
    assert set(costs.index) == {"bce", "hinge", "charge"} and costs.is_unique
    assert "Largest PPV + NPV" in project.read(report)
    (columns,) = (project.folder / "results/demo/features").glob("aac-my*.json")
    assert json.loads(columns.read_text())["columns"][20:] == ["charge", "charged"]
    scores = pd.read_csv(project.folder / "results/demo/predictions/new.tsv", sep="\t")
    assert scores["score"].between(0, 1).all()

    project.write("config/config.yaml", config.replace(":SquaredHinge", ":Hinge"))
    done = project.snakemake("results/demo/hinge/oof.parquet", check=False)
    assert done.returncode and "loss my_losses:Hinge cannot be imported" in done.text
    assert "Traceback" not in done.text
