"""A training job that dies goes on, through Snakemake."""

import os
import signal
import subprocess
import sys
import time

from evenfold.files import sha256_file
from tests.conftest import SMALL

CONFIG = SMALL.replace("epochs: 2", "epochs: 80") + "engine: {checkpoint_epochs: 1}\n"
WEIGHTS = "results/demo/bce/weights.safetensors"


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
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert list(kept.glob("*.safetensors")) and not (killed.folder / WEIGHTS).exists()

    killed.snakemake("--unlock")
    killed.snakemake("--rerun-incomplete", "--", WEIGHTS)
    assert not kept.exists()
    # Fewer epochs than all were left to do, and the weights are the same.
    log = killed.read("results/demo/logs/train/bce.log")
    assert (
        0
        < log.count("epoch ")
        < whole.read("results/demo/logs/train/bce.log").count("epoch ")
    )
    assert sha256_file(killed.folder / WEIGHTS) == sha256_file(whole.folder / WEIGHTS)
