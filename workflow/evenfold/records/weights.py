"""The record in the header of a variant's weights."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from evenfold.errors import EvenfoldError
from evenfold.faults import telling
from evenfold.files import Pathlike
from evenfold.records.layout import remedy
from evenfold.records.record import Part, Record


class MemberFacts(Part):
    """One network of a variant."""

    fold: int
    """fold that it never sees"""
    seed: int
    """number of its seed"""


class WeightsHeader(Record):
    """Header of weights.safetensors, under `evenfold`: what makes the networks again."""

    recipe: dict[str, Any]
    """kind and sizes of the network; empty for a twin"""
    features: dict[str, Any]
    """feature sets that the members read, and their length"""
    members: list[MemberFacts]
    """networks, in the order of the tensors' first dimension"""
    loss: dict[str, Any] | None = None
    """name and settings of the loss"""
    training: dict[str, Any] | None = None
    """resolved training settings"""
    device: str | None = None
    """device that it was trained on"""
    threads: int | None = None
    """threads that it was trained with"""
    torch: str | None = None
    """version of torch that trained it"""
    same_as: str | None = None
    """variant that was trained in its place, for a twin"""
    absent = ("loss", "training", "device", "threads", "torch", "same_as")

    @classmethod
    def of_weights(cls, path: Pathlike) -> Self:
        """Read the header of weights, and check that the tensors behind it are whole.

        Raises
        ------
        EvenfoldError
            With the file and what to do, where it is cut off or not evenfold's.
        """
        with opened_weights(path, "numpy") as (found, file):
            shapes = [file.get_slice(name).get_shape() for name in file.keys()]  # noqa: SIM118
        header = cls.of(found, path)
        members = len(header.members)
        if any(shape[:1] != [members] for shape in shapes) or bool(shapes) != bool(
            members
        ):
            raise EvenfoldError(_damage(path, f"not of {members} members"))
        return header


@contextmanager
def opened_weights(path: Pathlike, framework: str) -> Iterator[tuple[Any, Any]]:
    """Open weights and give the header, unchecked, and the open file.

    Parameters
    ----------
    path : path-like
    framework : {'numpy', 'pt'}
        Whose tensors it gives.

    Raises
    ------
    EvenfoldError
        With the file and what to do, where it is cut off or not evenfold's.
    """
    from safetensors import safe_open

    with telling(path, _damage(path, "cut off, or not evenfold's")):
        with open(path, "rb"):
            pass  # The system's own error tells more than the library's.
        with safe_open(path, framework=framework) as file:
            yield json.loads(file.metadata()["evenfold"]), file


def _damage(path: Pathlike, why: str) -> str:
    again = remedy(path) or "Train again, or restore it from a backup."
    return f"{path}: not evenfold weights, or damaged ({why}). {again}"
