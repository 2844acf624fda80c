"""What a model was made for: sequences outside of it are refused, or said to be."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evenfold.config.sites import Sites
from evenfold.records.selection import Learned, Reach
from evenfold.saying import counted
from evenfold.sequences.domain import banded


@dataclass(frozen=True)
class Domain:
    """What the champion was trained on.

    Attributes
    ----------
    window : int or None
        Letters of every training sequence, where all have the same number.
    centre : str or None
        Residues in the middle of the training windows, where they are few.
    learned : Learned or None
        Lengths and letters; None of a selection that was frozen before it kept them.
    reach : Reach or None
        Limits of the bands; None likewise.
    """

    window: int | None = None
    centre: str | None = None
    learned: Learned | None = None
    reach: Reach | None = None

    @classmethod
    def of(
        cls, learned: Learned | None, sites: Sites | None, reach: Reach | None = None
    ) -> "Domain":
        """Of what was frozen; with `sites` windows are known in any case.

        Parameters
        ----------
        learned : Learned or None
        sites : Sites or None
        reach : Reach, optional

        Returns
        -------
        Domain
        """
        if sites:
            return cls(sites.window, "".join(sorted(sites.residues)), learned, reach)
        if learned is None:
            return cls()
        return cls(learned.window, learned.centre, learned, reach)

    def refusal(self, sequence: str) -> str | None:
        """Why a cleaned sequence is nothing that the model can be asked, or None.

        Parameters
        ----------
        sequence : str

        Returns
        -------
        str or None
        """
        if self.window is None:
            return None
        if len(sequence) != self.window:
            around = f" around {_either(self.centre)}" if self.centre else ""
            return (
                f"{counted(len(sequence), 'letter')}, but the model was trained on windows of "
                f"{self.window}{around}"
            )
        middle = sequence[self.window // 2]
        if self.centre and middle not in self.centre:
            return (
                f"{middle} in the middle, where every training window has "
                f"{_either(self.centre)}"
            )
        return None

    def judge(
        self, sequences: Sequence[str], identity: np.ndarray | None = None
    ) -> tuple[list[str], list[str]]:
        """Whether cleaned sequences are like those of the training, and why not.

        Parameters
        ----------
        sequences : sequence of str, length n
        identity : ndarray, shape (n,), optional
            To the nearest training sequence, where it was searched.

        Returns
        -------
        tuple of list of str
            `inside`, `edge`, `outside`, `not available` or `unknown`, and what is unlike
            the training, or empty.
        """
        return banded(sequences, self.learned, self.reach, identity)


def _either(letters: str) -> str:
    return (
        letters if len(letters) == 1 else f"{', '.join(letters[:-1])} or {letters[-1]}"
    )
