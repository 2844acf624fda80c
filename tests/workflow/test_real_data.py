"""The published files through the whole path, with a reduced configuration."""

import json

import pandas as pd
import pytest

from evenfold.verifying import verify
from tests.conftest import WHOLE

pytestmark = pytest.mark.realdata

#: Every data set is a place of its own for faults, another loss hardly one.
LOSSES = {"bce": "bce", "snsp_integral": "{name: snsp, mode: integral}"}
VARIANTS = set(LOSSES) if WHOLE else {"bce"}
REDUCED = f"""
training: {{epochs: 2}}
variants: [{", ".join(f"{{name: {v}, loss: {LOSSES[v]}}}" for v in sorted(VARIANTS))}]
selection: {{resamples: 500}}
threads: 1
"""


@pytest.mark.whole
@pytest.mark.parametrize(
    "name, train, test",
    [("anticp2", (1378, 689), (344, 172)), ("thermo", (2247, 1093), (562, 273)),
     ("succinylation", (9499, 4749), (507, 253))],
)  # fmt: skip
def test_published_data_end_to_end(project, shared_data, name, train, test):
    published = "split: {as_published: true}\n" if name == "anticp2" else ""
    project.write("reduced.yaml", REDUCED + published)
    project.snakemake(
        "--configfile", f"config/{name}.yaml", "reduced.yaml",
        "--config", f"mirror={shared_data / 'mirror'}",
        "--", f"results/{name}/report.html",
    )  # fmt: skip
    folder = project.folder / "results" / name
    counts = json.loads((folder / "clean/counts.json").read_text())
    assert (counts["train"]["read"], counts["test"]["read"]) == (train[0], test[0])
    table = pd.read_csv(folder / "test/metrics.tsv", sep="\t")
    if published:
        beside = {f"published/{v}" for v in VARIANTS}
        assert set(table["variant"]) == VARIANTS | beside
        assert all(check.holds is not False for check in verify(folder))
        cut = json.loads((folder / "published/split.json").read_text())
        assert cut["n_train"] == train[0] and cut["related_sequences"] > 400
        for own, crossing in (("", False), ("published", True)):
            rows = pd.read_parquet(folder / own / "split.parquet").dropna()
            folds = rows.groupby("cluster")["fold"].nunique()
            assert bool(folds.max() > 1) is crossing
        status = json.loads((folder / "test/evaluation.json").read_text())
        assert len(status["looks"]) == 1
        low, high = (status["published"][key] for key in ("low", "high"))
        assert low <= status["published"]["mcc"] <= high
        report = (folder / "report.html").read_text()
        assert "Beside the published split" in report and "1378 published" in report
    assert set(table["n"]) == {test[0]}
    assert set(table["tp"] + table["fn"]) == {test[1]}
    assert table["auroc"].min() > 0.55
    split = pd.read_parquet(folder / "split.parquet")
    rejected = pd.read_csv(folder / "rejected.tsv", sep="\t")
    assert len(split) + len(rejected) == train[0] + test[0]
    if name == "succinylation":
        assert counts["train"]["duplicate rows"] == 223
        assert counts["test"]["duplicate rows"] == 12
        assert rejected["reason"].str.startswith("exact copy").sum() == 6
        frame = pd.read_parquet(folder / "sequences.parquet").merge(split, on="id")
        own = frame[frame["role_x"] == "train"]
        assert own.groupby("source")["fold"].nunique().max() == 1
