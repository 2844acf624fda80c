"""The main job on a real Slurm: same results, GPU slots respected."""

import pytest

from tests.conftest import Project

pytestmark = pytest.mark.services


def test_slurm_ends_in_the_same_metrics_as_a_local_run(slurm, tmp_path):
    found = {}
    for name in ("local", "slurm"):
        project = Project.small(tmp_path / name)
        target = "results/demo/test/metrics.tsv"
        if name == "local":
            project.snakemake(target)
        else:
            # Beside the profile: this test's Slurm has no accounting and no shared
            # file system to wait for.
            done = project.snakemake(
                "--workflow-profile", "profiles/slurm",
                "--slurm-status-command", "squeue", "--slurm-no-account",
                "--slurm-init-seconds-before-status-checks", "3",
                "--latency-wait", "10",
                "--default-resources", "mem_mb=500", "runtime=20",
                "--set-resources", "train:mem_mb=1500", "group:mem_mb=1000",
                "audit:mem_mb=1000", "train:gpu=1",
                "--set-threads", "group=2", "audit=2",
                "--", target, **slurm,
            )  # fmt: skip
            assert "has been submitted with SLURM jobid" in done.text
        found[name] = project.read(target)
    assert found["local"] == found["slurm"]


def test_the_profile_asks_for_a_gpu_for_training_alone(project):
    import yaml

    profile = yaml.safe_load(project.read("profiles/slurm/profile.yaml"))
    assert profile["executor"] == "slurm"
    # The controls of the target sanity are trained too.
    assert {rule for rule, r in profile["set-resources"].items() if r.get("gpu")} == {
        "train",
        "sanity_controls",
    }
