"""The record in the header of a variant's weights."""

from typing import Any

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
