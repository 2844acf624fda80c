"""A training job that dies goes on, through Snakemake."""

import os
import signal
import subprocess
import sys
import time

import pytest

from evenfold.files import sha256_file
from tests.conftest import SMALL

CONFIG = SMALL.replace("epochs: 2", "epochs: 80") + "engine: {checkpoint_epochs: 1}\n"
WEIGHTS = "results/demo/bce/weights.safetensors"


@pytest.mark.whole
def test_a_killed_training_job_goes_on_to_the_same_weights(explored_once, tmp_path):
    whole, killed = (explored_once.copy(tmp_path / name) for name in ("one", "two"))
    for project in (whole, killed):
        project.write("config/config.yaml", CONFIG)
        (project.folder / WEIGHTS).unlink()
    whole.snakemake(WEIGHTS)

    process = subprocess.Popen(
        [sys.executable, "-m", "snakemake", "--cores", "1", WEIGHTS],
        cwd=killed.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    kept = killed.folder / "results/demo/bce/checkpoint"
    deadline = time.monotonic() + 120
    while not list(kept.glob("*.safetensors")) and time.monotonic() < deadline:
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGSTOP)
    meanwhile = killed.snakemake(WEIGHTS, check=False)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert list(kept.glob("*.safetensors")) and not (killed.folder / WEIGHTS).exists()
    after = killed.snakemake(WEIGHTS, check=False)

    # Snakemake's message is followed by what to do about it.
    for refused, advice in (
        (meanwhile, "Another snakemake is at work in this folder."),
        (after, "\n    snakemake --unlock\n"),
    ):
        assert refused.returncode and "Directory cannot be locked" in refused.text
        assert advice in refused.text.split("--unlock argument")[1]
    assert "No other snakemake is at work" not in meanwhile.text
    unlocked = killed.snakemake("--unlock")
    assert "at work in this folder" not in unlocked.text
    done = killed.snakemake("--rerun-incomplete", "--", WEIGHTS)
    assert "at work in this folder" not in done.text
    assert not kept.exists()
    # Fewer epochs than all were left to do, and the weights are the same.
    log = killed.read("results/demo/logs/train/bce.log")
    assert (
        0
        < log.count("epoch ")
        < whole.read("results/demo/logs/train/bce.log").count("epoch ")
    )
    assert sha256_file(killed.folder / WEIGHTS) == sha256_file(whole.folder / WEIGHTS)
