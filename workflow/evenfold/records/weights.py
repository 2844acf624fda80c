"""The record in the header of a variant's weights."""

import json
from typing import Any

from evenfold.errors import EvenfoldError
from evenfold.files import Pathlike
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


def read_header(path: Pathlike) -> WeightsHeader:
    """What a file of weights says of itself; the weights are not read.

    Raises
    ------
    EvenfoldError
        When the file is damaged or not evenfold's.
    """
    try:
        with open(path, "rb") as file:
            size = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(min(size, _LONGEST)))
        found = json.loads(header["__metadata__"]["evenfold"])
    except (KeyError, TypeError, ValueError) as error:
        raise EvenfoldError(
            f"{path}: not evenfold weights, or damaged ({error}). "
            f"{WeightsHeader.remedy}"
        ) from error
    return WeightsHeader.of(found, path)


#: Bytes of a header at most, as safetensors has it.
_LONGEST = 100_000_000
