"""Records of test sequences that were scored while a selection held them sealed."""

from typing import ClassVar, Literal

from evenfold.records.record import Record


class Note(Record):
    """The ledger's note that sealed test sequences were scored without a look."""

    remedy: ClassVar[str] = "Restore the ledger from a backup."

    selection: str
    """id of the selection whose champion scored them"""
    dataset: str
    """name of its data set"""
    count: int
    """distinct sequences that are, or nearly are, of the test set"""
    among: int
    """distinct sequences of the test set"""
    by: Literal["predict"] = "predict"
    """what scored them"""
    when: str
    """time in UTC, ISO 8601"""
    test_set: list[str]
    """at most 30 sketches that identify the test set"""


class SealedSet(Record):
    """A test set that a selection has not looked at, as an MLflow model keeps it."""

    selection: str
    """id of the selection"""
    dataset: str
    """name of its data set"""
    sequences: list[str]
    """sketch of each distinct test sequence"""
    test_set: list[str]
    """at most 30 sketches that identify the test set"""
