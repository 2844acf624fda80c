"""The machine as rules and jobs see it: CPUs, memory, GPUs, import path."""

import fcntl
import os
import tempfile
import time
from functools import cache
from pathlib import Path


def available_cpus() -> int:
    """CPUs this process may really use: affinity and cgroup quota."""
    if hasattr(os, "sched_getaffinity"):
        cpus = len(os.sched_getaffinity(0))
    else:
        cpus = os.cpu_count() or 1
    try:
        with open("/sys/fs/cgroup/cpu.max") as handle:
            quota, period = handle.read().split()
        if quota != "max":
            cpus = min(cpus, max(1, int(quota) // int(period)))
    except (OSError, ValueError):
        pass
    return cpus


def available_memory(
    root: str | Path = "/sys/fs/cgroup", own: str | Path = "/proc/self/cgroup"
) -> int:
    """Bytes this process may really use: the machine's, or what a control group allows.

    The limit of a batch system is on a group further down than a container's own.
    """
    found = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    folder = Path(root)
    try:
        groups = Path(own).read_text().splitlines()
    except OSError:
        groups = []
    inner = next((line[3:] for line in groups if line.startswith("0::")), "/")
    for place in (folder, *(folder / part for part in _paths(inner))):
        try:
            found = min(found, int((place / "memory.max").read_text()))
        except (OSError, ValueError):  # no such file, or "max"
            continue
    return found


def _paths(inner):
    """Every group from the outermost to the innermost: a, a/b, a/b/c."""
    parts = inner.strip("/").split("/")
    return ["/".join(parts[: n + 1]) for n in range(len(parts))]


def has_nvidia_gpu() -> bool:
    """Whether this machine has an NVIDIA driver; asks no library, costs nothing."""
    return Path("/dev/nvidiactl").exists()


@cache
def own_gpu() -> str:
    """`cuda:N`, a device that this process has to itself until it ends; waits for one."""
    # Rules read this module before torch is wanted.
    import torch

    count = torch.cuda.device_count()
    names = [str(torch.cuda.get_device_properties(i).uuid) for i in range(count)]
    device = f"cuda:{claim(names)}"
    torch.cuda.set_device(device)
    return device


def claim(names: list[str], folder: str | Path | None = None, wait: float = 2.0) -> int:
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


def prepare_jobs(folder: str | Path) -> None:
    """Set the environment of every job started from here.

    The package's folder goes on the import path. Waiting OpenMP threads soon sleep
    instead of spinning on: beside a spinning training on the same two CPUs an epoch
    took 46.6 s with torch's default and 7.5 s asleep; two trainings that both wait like
    this took 8.1 s; alone, 3.7 s either way.
    """
    known = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    others = [path for path in known if path not in ("", str(folder))]
    # First: another evenfold may lie on the path as well.
    os.environ["PYTHONPATH"] = os.pathsep.join([str(folder), *others])
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
