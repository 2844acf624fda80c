"""Which device a training job uses, how exactly, and how many threads."""

import torch

from evenfold.errors import EvenfoldError
from evenfold.machine import available_cpus, own_gpu


def resolve_precision(precision: str, device: torch.device) -> str:
    """Resolve `auto`, and tell torch how exact products on CUDA must be.

    Parameters
    ----------
    precision : {'auto', 'float32', 'tf32', 'bfloat16'}
    device : torch.device

    Returns
    -------
    {'float32', 'tf32', 'bfloat16'}
    """
    cuda = device.type == "cuda"
    if precision == "auto":
        precision = "tf32" if cuda else "float32"
    if cuda:
        torch.set_float32_matmul_precision(
            "highest" if precision == "float32" else "high"
        )
    return precision


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
        device = own_gpu()
    threads = min(threads, available_cpus())
    torch.set_num_threads(threads)
    return device, threads
