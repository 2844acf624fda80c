"""Checkpoints: a training job that was killed goes on where it was."""

import json
import logging
import shutil
from collections.abc import Callable
from os import PathLike
from pathlib import Path

from torch import Tensor

from evenfold.errors import EvenfoldError, in_a_line
from evenfold.files import replacing

log = logging.getLogger("evenfold")


class Interrupted(EvenfoldError):
    """Training was asked to stop, and its state is saved."""


class Checkpoints:
    """Checkpoints of one training in a folder, one file a stack of members.

    Parameters
    ----------
    folder : path-like, optional
        None: none are kept.
    identity : str
        Digest of everything that decides the training; a checkpoint of another one is
        left aside.
    every : int
        Epochs between two of them; 0: only when interrupted.
    interrupted : callable
        Whether the job was asked to stop.
    """

    def __init__(
        self,
        folder: str | PathLike | None = None,
        identity: str = "",
        every: int = 0,
        interrupted: Callable[[], bool] = lambda: False,
    ):
        self.folder = Path(folder) if folder else None
        self.identity = identity
        self.every = every
        self.interrupted = interrupted

    def due(self, epoch: int) -> bool:
        """Whether one is wanted after an epoch."""
        return bool(self.folder and self.every and epoch % self.every == 0)

    def save(self, name: str, tensors: dict[str, Tensor], facts: dict) -> None:
        """Write a checkpoint; the one before stands until this one is whole."""
        if self.folder is None:
            return
        # Imported here: training itself needs torch and numpy alone.
        from safetensors.torch import save_file

        self.folder.mkdir(parents=True, exist_ok=True)
        header = json.dumps({"identity": self.identity, **facts})
        tensors = {
            key: tensor.detach().cpu().contiguous().clone()
            for key, tensor in tensors.items()
        }
        with replacing(_file(self.folder, name)) as temporary:
            save_file(tensors, temporary, {"evenfold": header})

    def load(self, name: str) -> tuple[dict[str, Tensor], dict] | None:
        """Tensors and facts of a checkpoint; None when there is none to go on from.

        A damaged one is set aside as *.corrupt, with a warning.
        """
        if self.folder is None or not (path := _file(self.folder, name)).is_file():
            return None
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, framework="pt") as file:
                facts = json.loads(file.metadata()["evenfold"])
                tensors = {key: file.get_tensor(key) for key in list(file.keys())}
        except (SafetensorError, KeyError, TypeError, ValueError, OSError) as error:
            aside = path.with_suffix(".corrupt")
            path.replace(aside)
            log.warning(
                "%s: a damaged checkpoint (%s), set aside as %s; training begins anew",
                path,
                in_a_line(error),
                aside.name,
            )
            return None
        if facts.pop("identity") != self.identity:
            log.info("%s is of another training: not used", path)
            return None
        return tensors, facts

    def clear(self) -> None:
        """Remove the folder: the training is done."""
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)


def _file(folder, name):
    return folder / f"{name}.safetensors"
