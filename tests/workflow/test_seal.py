"""The seal, attacked through Snakemake."""

import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import chdir, redirect_stderr, redirect_stdout

import pandas as pd
import pytest

from evenfold import verifying
from evenfold.cli import main
from evenfold.evaluation import entries
from evenfold.files import read_json, sha256_file, write_json
from evenfold.records.evaluation import RememberedLooks
from evenfold.records.selection import Request, Selection
from tests.conftest import ROOT, SMALL, WHOLE, Project


@pytest.fixture
def sealed(explored):
    """A small run on a sealed test set, up to the look."""
    return seal(explored)


def seal(project, config=SMALL):
    project.write("config/config.yaml", config)
    entry = project.read("config/datasets/demo.yaml")
    project.write(
        "config/datasets/demo.yaml",
        entry.replace("test_policy: practice", "test_policy: sealed"),
    )
    return project


def status(project):
    return json.loads(project.read("results/demo/test/evaluation.json"))


def looks(project, folder="resources/ledger"):
    return sorted(path.name for path in (project.folder / folder).glob("*.json"))


REPORT = "results/demo/report.html"
METRICS = "results/demo/test/metrics.tsv"
#: What makes another selection of the same trained variants.
OTHER = "criterion: max_mcc"


def test_explore_does_everything_but_look(sealed):
    text = sealed.snakemake("explore").text
    page = sealed.page("results/demo/exploration.html")
    assert "No look at the independent test set was taken" in page
    assert not (sealed.folder / "resources/ledger").exists()
    assert not (sealed.folder / "results/demo/test/metrics.tsv").exists()
    assert "evaluate" not in text
    assert "no look was taken.\n  report: results/demo/exploration.html" in text


def test_one_look_survives_forceall_deleted_results_and_other_selections(
    sealed, explored_once
):
    sealed.snakemake(METRICS)
    first = sealed.read(METRICS)
    taken = looks(sealed)
    assert status(sealed)["look"]["look"] == 1 and len(taken) == 2

    again = ("--forceall",) if WHOLE else ("--forcerun", "evaluate", "--")
    sealed.snakemake(*again, METRICS)
    assert sealed.read("results/demo/test/metrics.tsv") == first
    shutil.rmtree(sealed.folder / "results")
    if not WHOLE:  # What was chosen would be made again as it was.
        shutil.copytree(explored_once.folder / "results", sealed.folder / "results")
    sealed.snakemake(METRICS)
    assert sealed.read("results/demo/test/metrics.tsv") == first
    assert looks(sealed) == taken

    # Another selection completes, without the look, and says how to take it.
    shutil.copytree(sealed.folder / "results", sealed.folder / "aside")
    done = sealed.snakemake("--config", f"selection={{{OTHER}}}", "--", REPORT)
    assert "not evaluated: this test set was looked at on" in done.text
    withheld = status(sealed)
    assert withheld["status"] == "withheld" and looks(sealed) == taken
    assert (
        len(pd.read_csv(sealed.folder / "results/demo/test/metrics.tsv", sep="\t")) == 0
    )
    page = sealed.page(REPORT)
    assert "The earlier look at this test set" in page
    assert withheld["selection"] in page and "allow_look" in page

    # The exact setting it prints allows one more look, disclosed for ever.
    setting = withheld["told"].split("configuration:\n")[1]
    setting = setting.replace(
        "why a further look is justified", "labels were corrected"
    )
    sealed.write("again.yaml", f"selection: {{{OTHER}}}\n{setting}")
    sealed.snakemake("--configfile", "again.yaml", "--", REPORT)
    assert status(sealed)["look"]["look"] == 2
    assert "labels were corrected" in sealed.page(REPORT)

    # Back at the first selection: its own stored result, beside the second look.
    shutil.rmtree(sealed.folder / "results")
    (sealed.folder / "aside").rename(sealed.folder / "results")
    (sealed.folder / "results/demo/test/evaluation.json").unlink()
    sealed.snakemake(REPORT)
    assert sealed.read("results/demo/test/metrics.tsv") == first
    assert "labels were corrected" in sealed.page(REPORT)


def test_test_sequences_that_are_scored_before_the_look_leave_a_note(sealed):
    frame = pd.read_parquet(sealed.folder / "results/demo/sequences.parquet")
    test = frame.loc[frame["role"] == "test", "sequence"].str.strip("-")[:9]
    sealed.write("new.fasta", "".join(f">s{n}\n{s}\n" for n, s in enumerate(test)))
    predict = ("--config", "predict=new.fasta", "--", "predict")
    text = sealed.snakemake(*predict).text
    assert "9 of the sequences are, or nearly are, among the" in text
    assert "later reports show it" in text
    # The last word of the run, where Snakemake's own steps say nothing of the table.
    assert re.search(
        r"\nresults/demo/predictions/new\.tsv: 9 scored, \d called positive"
        r"\n\d of 9 outside of what the model was trained on"
        r"(\n\d of 9 with a probability outside of its Venn-Abers bounds: .*)?\n*$",
        text,
    )
    assert len(sealed.read("results/demo/predictions/new.tsv").splitlines()) == 10
    (name,) = looks(sealed)
    note = json.loads(sealed.read(f"resources/ledger/{name}"))
    assert note["count"] == 9 and note["dataset"] == "demo"
    assert not (sealed.folder / "results/demo/test/evaluation.json").exists()


@pytest.mark.whole
def test_two_working_directories_that_share_a_ledger(explored_once, tmp_path):
    projects = []
    for name, change in (("one", ""), ("two", f"{OTHER}, ")):
        config = SMALL.replace("selection: {", "selection: {" + change)
        config += f"ledger: {tmp_path / 'ledger'}\n"
        projects.append(seal(explored_once.copy(tmp_path / name), config))
        # Up to the look, so that both come to it at the same time.
        projects[-1].snakemake("results/demo/selection.json", "results/demo/audit.json")
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "snakemake", "--cores", "1", METRICS],
            cwd=project.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for project in projects
    ]
    assert [process.wait(timeout=600) for process in running] == [0, 0]
    outcome = sorted(status(project)["status"] for project in projects)
    assert outcome == ["evaluated", "withheld"]


def test_a_kill_in_the_middle_of_the_look_is_resumed(sealed):
    """kill -9 between the intent and the completion, for real."""
    ledger = sealed.folder / "resources/ledger"
    process = subprocess.Popen(
        [sys.executable, "-m", "snakemake", "--cores", "1", METRICS],
        cwd=sealed.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while not list(ledger.glob("*.intent.json")) and time.monotonic() < deadline:
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    taken = looks(sealed)
    assert "look-000001.intent.json" in taken
    if len(taken) > 1:
        pytest.skip("the look was completed before the kill arrived")
    sealed.snakemake("--unlock")
    sealed.snakemake(METRICS)
    assert status(sealed)["look"]["look"] == 1
    assert looks(sealed) == ["look-000001.done.json", "look-000001.intent.json"]


def test_swapped_weights_are_refused_before_the_look(sealed):
    weights = sealed.folder / "results/demo/bce/weights.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    times = weights.stat()
    weights.write_bytes(content)
    os.utime(weights, ns=(times.st_atime_ns, times.st_mtime_ns))
    done = sealed.snakemake(
        "--rerun-triggers", "mtime", "--", "results/demo/test/metrics.tsv", check=False
    )
    assert done.returncode
    assert "these are not the weights that were frozen" in done.text
    assert not list((sealed.folder / "resources").glob("ledger/*.intent.json"))


def before_the_look(project):
    """Digests of every file before *evaluate* that does not hold the test labels."""
    results = project.folder / "results/demo"
    told = ("logs", "benchmarks")  # Times, and paths of files.
    return {
        str(name): sha256_file(results / name)
        for name in (path.relative_to(results) for path in results.rglob("*"))
        if (results / name).is_file()
        and name.parts[0] not in told
        and name.name not in ("labels.parquet", "test_labels.parquet")
    }


def test_permuting_test_labels_changes_nothing_that_was_chosen(sealed, tmp_path):
    """Swap the two classes' test files: every frozen artefact stays the same."""
    frozen, positives = [], []
    for project in (sealed, seal(Project.small(tmp_path / "swapped"))):
        if project is not sealed:
            entry = project.read("config/datasets/demo.yaml")
            swapped = (
                entry.replace("positive: resources/demo/test_positive", "positive: X")
                .replace("negative: resources/demo/test_negative", "negative: Y")
                .replace("X.fasta", "resources/demo/test_negative.fasta")
                .replace("Y.fasta", "resources/demo/test_positive.fasta")
            )
            assert swapped != entry
            project.write("config/datasets/demo.yaml", swapped)
        project.snakemake("results/demo/selection.json", "results/demo/audit.json")
        frozen.append(before_the_look(project))
        labels = pd.read_parquet(project.folder / "results/demo/test/labels.parquet")
        positives.append(labels["label"].sum())
    assert len(frozen[0]) > 20 and frozen[0] == frozen[1]
    assert positives[0] != positives[1]


#: Each variant twice, since a network has no trees: whichever wins, the first of the
#: configuration does, which is not the first of the alphabet.
TIED = SMALL.replace(
    "[bce, focal]",
    "[bce, {name: again, loss: bce, training: {boosting: {trees: 33}}}, "
    "focal, {name: another, loss: focal, training: {boosting: {trees: 33}}}]",
)


@pytest.fixture(scope="module")
def finished(explored_once, tmp_path_factory):
    project = seal(explored_once.copy(tmp_path_factory.mktemp("verified")), TIED)
    project.snakemake("results/demo/mlflow.json")
    return project


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def relabel(path):
    frame = pd.read_parquet(path)
    frame.loc[0, "score"] += 0.25
    frame.to_parquet(path, index=False)


def rewrite(intent, **change):
    """Change the intent, and the digest in the completion so that it fits."""
    write_json(intent, {**read_json(intent), **change})
    done = intent.with_name(intent.name.replace("intent", "done"))
    write_json(done, {**read_json(done), "intent": sha256_file(intent)})


INTENT = "resources/ledger/look-000001.intent.json"
ATTACKS = {
    "selection that was evaluated": (
        "results/demo/test/evaluation.json",
        lambda p: write_json(p, read_json(p) | {"selection": "0" * 16}),
        "evaluation.json tells of its selection's own look",
    ),
    "number of the selection": (
        "results/demo/selection.json",
        lambda p: write_json(p, read_json(p) | {"why": "It is the best there is."}),
        "every number of selection.json follows",
    ),
    "look that is told withheld": (
        "results/demo/test/evaluation.json",
        lambda p: write_json(p, read_json(p) | {"status": "withheld"}),
        "the look was withheld, and none of these models was taken",
    ),
    "champion": (
        "results/demo/selection.json",
        lambda p: edit(p, '"threshold": 0.', '"threshold": 0.9'),
        "follows from cross-validation alone",
    ),
    "configuration": (
        "results/demo/selection.json",
        lambda p: edit(p, '"epochs": 2', '"epochs": 3'),
        "the configuration is the one that was frozen",
    ),
    "weights": (
        "results/demo/focal/weights.safetensors",
        flip,
        "focal: weights.safetensors is the one that was frozen",
    ),
    "threshold": (
        "results/demo/bce/threshold.json",
        lambda p: edit(p, '"tuned": true', '"tuned": false'),
        "bce: threshold.json is the one that was frozen",
    ),
    "out-of-fold scores": (
        "results/demo/bce/oof.parquet",
        relabel,
        "bce: oof.parquet is the one that was frozen",
    ),
    "predictions": (
        "results/demo/test/predictions.parquet",
        relabel,
        "predictions.parquet is what the look stored",
    ),
    "metrics": (
        "results/demo/test/metrics.tsv",
        lambda p: edit(p, "0.5", "0.6"),
        "every number of metrics.tsv follows from them",
    ),
    "split": (
        "results/demo/split.parquet",
        lambda p: p.unlink(),
        "split.parquet is missing",
    ),
    "ledger": (
        "resources/ledger/look-000001.intent.json",
        lambda p: edit(p, '"champion"', '"Champion"'),
        "look-000001.intent.json: changed after the look",
    ),
    "key of the last look, its digest made to fit": (
        INTENT,
        lambda p: rewrite(p, key=["0" * 16]),
        "the look is recorded as one at this test set",
    ),
    "time of the last look, its digest made to fit": (
        INTENT,
        lambda p: rewrite(p, looked_at="2020-01-01T00:00:00+00:00"),
        "is in the ledger",
    ),
    "policy of the last look, its digest made to fit": (
        INTENT,
        lambda p: rewrite(p, policy="practice"),
        "tells of the look of",
    ),
    "probes in the completion": (
        "resources/ledger/look-000001.done.json",
        lambda p: write_json(p, {**read_json(p), "probes": []}),
        "tells of the look of",
    ),
    "completion": (
        "resources/ledger/look-000001.done.json",
        lambda p: p.unlink(),
        "look-000001.done.json: the look was not completed, or its completion was removed",
    ),
    "intent": (
        INTENT,
        lambda p: p.unlink(),
        "look-000001.intent.json: look 1 was removed",
    ),
    "audit": (
        "results/demo/audit.json",
        lambda p: write_json(p, {**read_json(p), "findings": []}),
        "audit.json is the one that MLflow recorded",
    ),
    "report": (
        REPORT,
        lambda p: edit(p, "MCC", "mcc"),
        "report.html is the one that MLflow recorded",
    ),
    "looks that are told": (
        "results/demo/test/evaluation.json",
        lambda p: write_json(p, {**read_json(p), "looks": []}),
        "evaluation.json tells of its selection's own look",
    ),
    "curves that are told": (
        "results/demo/test/evaluation.json",
        lambda p: write_json(p, {**read_json(p), "curves": None}),
        "evaluation.json is the one that MLflow recorded",
    ),
    "probes that are told": (
        "results/demo/test/evaluation.json",
        lambda p: write_json(p, {**read_json(p), "probes": []}),
        "evaluation.json tells of the probes what the look stored",
    ),
    "test labels that are told": (
        "results/demo/test/evaluation.json",
        lambda p: write_json(
            p, {**read_json(p), "labels": {**read_json(p)["labels"], "positives": 1}}
        ),
        "evaluation.json tells of the test labels what the look stored",
    ),
    "digests of mlflow.json": (
        "results/demo/mlflow.json",
        lambda p: write_json(
            p, {**read_json(p), "digests": {**read_json(p)["digests"], "intent": "0"}}
        ),
        "the look's intent is the one that mlflow.json recorded",
    ),
    "evaluation": (
        "results/demo/test/evaluation.json",
        lambda p: p.unlink(),
        "evaluation.json is missing",
    ),
}


def verify(project):
    """Exit status and output of `evenfold verify`, in this process."""
    told = io.StringIO()
    with chdir(project.folder), redirect_stdout(told), redirect_stderr(told):
        code = main(["verify", "results/demo"])
    return code, told.getvalue()


def faults(text):
    return [line for line in text.splitlines() if line.startswith("FAULT")]


def test_verify_finds_nothing_wrong_with_an_honest_run(finished):
    frozen = json.loads(finished.read("results/demo/selection.json"))
    for one, two in (("bce", "again"), ("focal", "another")):
        assert frozen["variants"][one]["oof"] == frozen["variants"][two]["oof"]
    assert frozen["champion"] in ("bce", "focal")
    done = subprocess.run(
        [sys.executable, "-m", "evenfold.cli", "verify", "results/demo"],
        cwd=finished.folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAULT" not in done.stdout and "0 faults" in done.stdout
    assert "What this cannot prove" in done.stdout
    for what in ("bce: the threshold", "with the frozen data", "every number"):
        assert what in done.stdout


@pytest.mark.parametrize("attack", ATTACKS)
def test_verify_names_what_was_changed(finished, attack):
    path, change, named = ATTACKS[attack]
    path = finished.folder / path
    before = {one: one.read_bytes() for one in path.parent.iterdir() if one.is_file()}
    try:
        change(path)
        code, told = verify(finished)
    finally:
        for one, content in before.items():
            one.write_bytes(content)
    assert code == 1, told
    assert any(named in line for line in faults(told)), told
    assert "Traceback" not in told


#: Every file that verify reads.
READ = (
    "selection.json", "sequences.parquet", "split.parquet", "bce/weights.safetensors",
    "bce/threshold.json", "bce/oof.parquet", "test/evaluation.json", "test/metrics.tsv",
    "test/predictions.parquet", "audit.json", "report.html", "mlflow.json",
    "look-000001.intent.json", "look-000001.done.json", "look-000001.*.parquet",
)  # fmt: skip


def cut_off(path):
    os.truncate(path, path.stat().st_size // 2)


DAMAGES = {
    "missing": lambda path: path.unlink(),
    "empty": lambda path: os.truncate(path, 0),
    "cut off": cut_off,
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
}


@pytest.mark.parametrize("file", READ)
def test_verify_names_every_file_that_is_damaged_and_what_to_do(
    finished, monkeypatch, file
):
    # What is computed from undamaged files is not the matter here, and takes long.
    results = finished.folder / "results/demo"
    frozen = Selection.read(results / "selection.json")
    monkeypatch.setattr(verifying, "select_files", lambda *files: frozen)
    monkeypatch.setattr(verifying, "measure", lambda *table: [])
    monkeypatch.setattr(entries, "SETTLES", 0.0)
    ledger = finished.folder / "resources/ledger"
    (path,) = (ledger if file.startswith("look") else results).glob(file)
    before = path.read_bytes()
    for name, damage in DAMAGES.items():
        if (file, name) == ("selection.json", "missing"):
            continue  # There is nothing to verify, which is an error.
        if (file, name) == ("mlflow.json", "missing"):
            continue  # Whether a run was recorded is not known then.
        try:
            damage(path)
            checks = verifying.verify(results)
        finally:
            path.write_bytes(before)
        told = [check.what for check in checks if check.holds is False]
        assert any(path.name in one for one in told), (name, told)


def test_verify_makes_no_ledger_where_there_is_none(finished, tmp_path):
    checks = verifying.verify(finished.folder / "results/demo", tmp_path / "none")
    assert not (tmp_path / "none").exists()
    faults = [check.what for check in checks if check.holds is False]
    assert f"the ledger {tmp_path / 'none'} is there" in faults


def test_verify_tells_of_a_look_that_a_synced_folder_set_aside(finished):
    ledger = finished.folder / "resources/ledger"
    other = read_json(finished.folder / INTENT) | {"selection": "an0ther", "key": ["0"]}
    copy = ledger / "look-000001.intent (conflicted copy 2026-11-24).json"
    write_json(copy, other)
    code, told = verify(finished)
    copy.unlink()
    assert code == 0
    told_as = f"resources/ledger/{copy.name}: a look that a synced folder set aside"
    assert f"?      {told_as}" in told


def test_what_verify_cannot_prove_is_what_the_methods_say():
    methods = " ".join((ROOT / "docs/methods.md").read_text().split())
    for limit in verifying.LIMITS:
        assert limit in methods


def consistently(project):
    """Give the last look a reason wherever a digest of it is, MLflow's tags aside."""
    results = project.folder / "results/demo"
    intent = project.folder / INTENT
    rewrite(intent, reason="a reason that nobody gave")
    done = intent.with_name("look-000001.done.json")
    evaluation = read_json(results / "test/evaluation.json")
    for told in (evaluation["look"], *evaluation["looks"]):
        told["reason"] = "a reason that nobody gave"
        told["intent_sha256"] = sha256_file(intent)
        told["completion_sha256"] = sha256_file(done)
    write_json(results / "test/evaluation.json", evaluation)
    record = read_json(results / "mlflow.json")
    record["digests"] |= {
        "intent": sha256_file(intent),
        "completion": sha256_file(done),
        "evaluation": sha256_file(results / "test/evaluation.json"),
    }
    write_json(results / "mlflow.json", record)


def test_who_edits_everything_alike_is_told_by_mlflow_alone(finished):
    """The third of verify's limits: without MLflow's tags nothing is left to compare."""
    results = finished.folder / "results/demo"
    paths = [
        *(finished.folder / "resources/ledger").glob("*.json"),
        results / "test/evaluation.json", results / "mlflow.json",
    ]  # fmt: skip
    before = {path: path.read_bytes() for path in paths}
    try:
        consistently(finished)
        silent = RememberedLooks(answered=False)
        checks = verifying.verify(results, remembered=silent)
        code, told = verify(finished)
    finally:
        for path, content in before.items():
            path.write_bytes(content)
    assert all(check.holds is not False for check in checks)
    assert code == 1
    for name in ("the look's intent", "the look's completion", "evaluation.json"):
        assert any(f"{name} is the one that MLflow" in line for line in faults(told))


def test_an_edited_report_is_noticed_until_the_run_is_recorded_again(finished):
    """The third of verify's limits, its other half."""
    path = finished.folder / REPORT
    record = finished.folder / "results/demo/mlflow.json"
    before = {one: one.read_bytes() for one in (path, record)}
    edit(path, "MCC", "mcc")
    finished.snakemake("--forcerun", "track", "--", "results/demo/mlflow.json")
    code, _ = verify(finished)
    for one, content in before.items():
        one.write_bytes(content)
    finished.snakemake("--forcerun", "track", "--", "results/demo/mlflow.json")
    assert code == 0


def test_another_selection_that_was_explored_since_is_no_fault(finished):
    """The pages are of the one that looked until snakemake brings both together."""
    path = finished.folder / "results/demo/selection.json"
    before = path.read_bytes()
    record = read_json(path)
    request = record["request"] | {"train": "0" * 64}
    identity = Request(**request).identity
    try:
        write_json(path, record | {"request": request, "selection": identity})
        (finished.folder / "results/demo/clean/inputs.json").rename(
            finished.folder / "inputs.json"
        )
        _, told = verify(finished)
    finally:
        path.write_bytes(before)
        (finished.folder / "inputs.json").rename(
            finished.folder / "results/demo/clean/inputs.json"
        )
    assert f"selection.json is of {identity}: run snakemake" in told
    assert faults(told) == []


def test_a_deleted_ledger_is_noticed_by_verify_and_an_edited_one_stops_the_look(
    finished,
):
    ledger = finished.folder / "resources/ledger"
    aside = ledger.rename(ledger.with_name("aside"))
    code, told = verify(finished)
    assert code == 1 and "is in the ledger" in told
    assert not ledger.exists()
    aside.rename(ledger)
    intent = ledger / "look-000001.intent.json"
    before = intent.read_bytes()
    edit(intent, '"champion"', '"Champion"')
    other = TIED.replace("selection: {", f"selection: {{{OTHER}, ")
    finished.write("config/config.yaml", other)  # another selection
    done = finished.snakemake("results/demo/test/metrics.tsv", check=False)
    intent.write_bytes(before)
    assert done.returncode and "was changed by hand" in done.text

    # With the ledger gone the look is taken, and named by what MLflow recorded.
    shutil.rmtree(ledger)
    finished.snakemake("results/demo/mlflow.json")
    (earlier,) = status(finished)["elsewhere"]
    assert earlier["selection"] in finished.page(REPORT)
    assert "the ledger does not hold" in " ".join(finished.page(REPORT).split())
    code, told = verify(finished)
    assert code == 1
    (fault,) = faults(told)
    assert "that MLflow recorded" in fault and earlier["selection"] in fault
