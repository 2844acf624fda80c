"""The main job on a real Slurm: same results, variants side by side on GPU slots."""

import subprocess
from dataclasses import dataclass

import pytest
import yaml

from tests.conftest import ROOT, Project

pytestmark = pytest.mark.services

METRICS = "results/demo/test/metrics.tsv"


@pytest.fixture(scope="module")
def local_metrics(explored_once, tmp_path_factory) -> str:
    """Metrics of the small demo without Slurm."""
    project = explored_once.copy(tmp_path_factory.mktemp("local"))
    project.snakemake(METRICS)
    return project.read(METRICS)


def the_readme_command() -> list[str]:
    """The arguments of the one command that the README has for clusters."""
    section = (ROOT / "README.md").read_text().split("## On a cluster")[1]
    (command,) = [
        line
        for line in section.split("```")[1].splitlines()
        if line.startswith("snakemake")
    ]
    return command.split()[1:]


@dataclass(frozen=True)
class Job:
    """What Slurm remembers of a job: times of one clock, as text that sorts."""

    rule: str
    state: str
    start: str
    end: str
    gpus: str


def jobs_of(slurm) -> list[Job]:
    """All jobs that ended some minutes ago at most."""
    widths = {"Comment": 120, "State": 20, "StartTime": 30, "EndTime": 30,
              "tres-per-job": 30}  # fmt: skip
    told = subprocess.run(
        ["squeue", "--noheader", "--states=all",
         "--Format=" + ",".join(f"{name}:{width}" for name, width in widths.items())],
        env=slurm, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    found = []
    for line in told.splitlines():
        values = []
        for width in widths.values():
            values.append(line[:width].strip())
            line = line[width:]
        found.append(Job(*values))
    return found


@pytest.fixture(scope="module")
def on_slurm(slurm, tmp_path_factory):
    """The project after the README's command, what Snakemake said, and Slurm's jobs."""
    project = Project.small(tmp_path_factory.mktemp("slurm-run"))
    done = project.snakemake(*the_readme_command(), cores=None, **slurm)
    return project, done.text, jobs_of(slurm)


@pytest.mark.whole
def test_the_readme_command_ends_in_the_metrics_of_a_local_run(on_slurm, local_metrics):
    project, text, jobs = on_slurm
    assert "has been submitted with SLURM jobid" in text
    assert {job.state for job in jobs} == {"COMPLETED"}
    assert project.read(METRICS) == local_metrics
    assert (project.folder / "results/demo/report.html").is_file()


@pytest.mark.whole
def test_two_variants_train_side_by_side_on_two_gpu_slots(on_slurm):
    _, _, jobs = on_slurm
    one, two = (job for job in jobs if "train" in job.rule)
    assert (one.gpus, two.gpus) == ("gres:gpu:1", "gres:gpu:1")
    assert max(one.start, two.start) < min(one.end, two.end)
    assert {job.gpus for job in jobs if "train" not in job.rule} == {"N/A"}


@pytest.mark.whole
def test_shards_are_scored_as_jobs_of_slurm_to_the_bytes_of_one_piece(on_slurm, slurm):
    project, _, _ = on_slurm
    windows = [
        line for line in project.read("resources/demo/test_positive.fasta").split() if line[0] != ">"
    ]  # fmt: skip
    text = "".join(f">s{n % 20}\n{window}\n" for n, window in enumerate(windows))
    project.write("new.fasta", text + ">odd\nMK#\n")
    asked = ("--config", "predict=new.fasta")
    scores = "results/demo/predictions/new.tsv"
    rejected = "results/demo/predictions/new.rejected.tsv"
    project.snakemake(*asked, "--", "predict")
    wanted = project.read(scores), project.read(rejected)
    shards = f"prediction={{shard_mb: {len(text) / 1.5e6:.9f}}}"
    command = [*the_readme_command(), *asked, shards, "--forcerun", "score_fasta"]
    done = project.snakemake(*command, "--", "predict", cores=None, **slurm)
    assert done.text.count("has been submitted with SLURM jobid") == 3
    assert "Scoring shard 0001-of-0002" in done.text
    assert "Scoring shard 0002-of-0002" in done.text
    assert (project.read(scores), project.read(rejected)) == wanted


@pytest.mark.whole
def test_jobs_alone_are_enough_without_the_profile(
    slurm, explored_once, tmp_path, local_metrics
):
    project = explored_once.copy(tmp_path)
    command = ("--executor", "slurm", "--jobs", "2")
    done = project.snakemake(*command, "--", METRICS, cores=None, **slurm)
    assert "has been submitted with SLURM jobid" in done.text
    assert project.read(METRICS) == local_metrics


@pytest.mark.parametrize(
    "command",
    [the_readme_command(), ["--executor", "slurm", "--jobs", "2"]],
    ids=["profile", "jobs"],
)
def test_a_dry_run_needs_no_total_of_cores(small, command):
    pytest.importorskip(
        "snakemake_executor_plugin_slurm", reason="needs evenfold[slurm]"
    )
    planned = small.snakemake(*command, "--dry-run", cores=None)
    assert "This was a dry-run" in planned.text and "Training focal" in planned.text


def test_the_profile_asks_for_a_gpu_for_training_alone(project):
    profile = yaml.safe_load(project.read("profiles/slurm/profile.yaml"))
    assert profile["executor"] == "slurm"
    # The controls of the target sanity are trained too.
    assert {rule for rule, r in profile["set-resources"].items() if r.get("gpu")} == {
        "train",
        "sanity_controls",
    }
