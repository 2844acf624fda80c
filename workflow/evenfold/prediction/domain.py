"""What a model was made for: sequences outside of it are refused, or said to be."""

import re
from dataclasses import dataclass
from functools import cache

from evenfold.alphabet import AMINO_ACIDS, GAP, unknown_share
from evenfold.config.sites import Sites
from evenfold.records.selection import Learned

INSIDE, OUTSIDE, UNKNOWN = "inside", "outside", "unknown"


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
    """

    window: int | None = None
    centre: str | None = None
    learned: Learned | None = None

    @classmethod
    def of(cls, learned: Learned | None, sites: Sites | None) -> "Domain":
        """Of what was frozen; with `sites` windows are known in any case.

        Parameters
        ----------
        learned : Learned or None
        sites : Sites or None

        Returns
        -------
        Domain
        """
        if sites:
            return cls(sites.window, "".join(sorted(sites.residues)), learned)
        if learned is None:
            return cls()
        return cls(learned.window, learned.centre, learned)

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
                f"{len(sequence)} letters, but the model was trained on windows of "
                f"{self.window}{around}"
            )
        middle = sequence[self.window // 2]
        if self.centre and middle not in self.centre:
            return (
                f"{middle} in the middle, where every training window has "
                f"{_either(self.centre)}"
            )
        return None

    def judge(self, sequence: str) -> tuple[str, str]:
        """Whether a cleaned sequence is like those of the training, and why not.

        Parameters
        ----------
        sequence : str

        Returns
        -------
        tuple of str
            `inside`, `outside` or `unknown`, and what is outside, or empty.
        """
        if self.learned is None:
            return UNKNOWN, ""
        told = "; ".join(_outside(sequence, self.learned))
        return (OUTSIDE, told) if told else (INSIDE, "")


def _outside(sequence, learned):
    """What of a sequence no training sequence has, in words."""
    gaps = sequence.count(GAP)
    length = len(sequence) - gaps
    if not learned.shortest <= length <= learned.longest:
        reach = f"{learned.shortest} to {learned.longest}"
        if learned.shortest == learned.longest:
            reach = str(learned.longest)
        yield f"{length} residues, those of the training have {reach}"
    if _beyond(learned.letters).search(sequence):
        new = sorted(set(sequence).difference(learned.letters))
        several = "letters" if len(new) > 1 else "letter"
        yield f"{several} {', '.join(new)}, which no training sequence has"
    # Twenty letters that are all known make no share worth counting.
    if _beyond(AMINO_ACIDS).search(sequence):
        share = unknown_share(sequence)
        if share > learned.unknown:
            yield (
                f"{share:.0%} unknown residues, those of the training have at most "
                f"{learned.unknown:.0%}"
            )


@cache
def _beyond(letters: str) -> re.Pattern[str]:
    """A letter that is none of these."""
    return re.compile(f"[^{re.escape(letters)}]" if letters else ".")


def _either(letters: str) -> str:
    return (
        letters if len(letters) == 1 else f"{', '.join(letters[:-1])} or {letters[-1]}"
    )
