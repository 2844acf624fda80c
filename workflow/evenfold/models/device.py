"""Which device a training job uses, and how many threads."""

import fcntl
import os
import tempfile
import time
from pathlib import Path

import torch

from evenfold.errors import EvenfoldError
from evenfold.machine import available_cpus


def prepare(device: str, threads: int) -> tuple[str, int]:
    """Resolve `auto` here, inside the job, and set the number of threads.

    On CUDA one device is claimed for this process.

    Returns
    -------
    tuple of (str, int)
        The device and the threads really used.

    Raises
    ------
    EvenfoldError
        When CUDA is demanded and absent.
    """
    found = torch.cuda.is_available()
    if device == "cuda" and not found:
        raise EvenfoldError(
            "`device: cuda` is set, but torch finds no CUDA device in this job. Set "
            "`device: auto`, or install a CUDA build of torch and ask for a GPU."
        )
    if device == "auto":
        device = "cuda" if found else "cpu"
    if device == "cuda":
        names = [
            str(torch.cuda.get_device_properties(i).uuid)
            for i in range(torch.cuda.device_count())
        ]
        device = f"cuda:{claim(names)}"
        torch.cuda.set_device(device)
    threads = min(threads, available_cpus())
    torch.set_num_threads(threads)
    return device, threads


def claim(names: list[str], folder=None, wait: float = 2.0) -> int:
    """Position of a device that no other job of this machine has; waits for one.

    Snakemake counts GPUs (`--resources gpu=N`) and hands out no numbers, so that jobs
    side by side agree on them by locks, held until the process ends, however it ends.

    Parameters
    ----------
    names : list of str
        Identifiers of the visible devices, the same for all jobs.
    folder : path-like, optional
        Of the locks; by default one in the machine's temporary folder.
    wait : float
        Seconds between attempts.
    """
    folder = Path(
        folder or Path(tempfile.gettempdir()) / f"evenfold-gpus-{os.getuid()}"
    )
    folder.mkdir(parents=True, exist_ok=True)
    while True:
        for position, name in enumerate(names):
            lock = os.open(folder / f"{name}.lock", os.O_CREAT | os.O_RDWR)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return position
            except BlockingIOError:
                os.close(lock)
        time.sleep(wait)
