"""What is told with every score, besides the score: one function, one set of columns.

A further column is a field of `Trust`, an entry of `columns`, and a column of the table
`SCORES`; the command, the Snakemake target, `Predictor` and the MLflow model have it then.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from evenfold.errors import EvenfoldError
from evenfold.metrics.conformal import probability_bounds, sets_by_band
from evenfold.metrics.scores import logit
from evenfold.prediction.domain import Domain
from evenfold.records.selection import Trust as Frozen
from evenfold.sequences.domain import UNKNOWN
from evenfold.sequences.nearby import Neighbours

#: Names of the sets, by whether the positive and whether the negative class is in it.
SETS = {
    (True, False): "positive",
    (False, True): "negative",
    (True, True): "both",
    (False, False): "none",
}
POSITIVE, NEGATIVE, UNSURE = "positive", "negative", "unsure"
#: Classes as numbers; of unsure there is none.
NUMBERS: dict[str | None, int] = {POSITIVE: 1, NEGATIVE: 0}


@dataclass(frozen=True)
class Wanted:
    """What is to be told besides the scores.

    Attributes
    ----------
    error : float or None
        Of the prediction sets; None: as configured.
    unsure : bool
        Whether a sequence is called unsure where its set is not one class.
    nearest : bool
        Whether the nearest training sequence is searched.
    """

    error: float | None = None
    unsure: bool = False
    nearest: bool = True


AS_CONFIGURED = Wanted()


@dataclass(frozen=True)
class Trust:
    """How far the champion may be believed for one sequence or another.

    Attributes
    ----------
    domain : Domain
        What it was trained on.
    frozen : records.selection.Trust or None
        Sets of classes and bounds of the probability; None of a selection without.
    moved : callable
        From probabilities in the training population to those where it is used.
    neighbours : callable or None
        Gives the training sequences; None where they are not at hand.
    """

    domain: Domain = field(default_factory=Domain)
    frozen: Frozen | None = None
    moved: Callable[[np.ndarray], np.ndarray] = lambda probabilities: probabilities
    neighbours: Callable[[], Neighbours] | None = None

    def notes(self, wanted: Wanted) -> list[str]:
        """What is to be said of an error that is asked for.

        Parameters
        ----------
        wanted : Wanted

        Returns
        -------
        list of str
            Classes of which no set is possible at it.

        Raises
        ------
        EvenfoldError
            Where no sets were frozen, or none at it.
        """
        if wanted.error is None and not wanted.unsure:
            return []
        if self.frozen is None:
            raise EvenfoldError(
                "no prediction sets were frozen with this selection: neither another "
                "error nor calls of unsure are possible. Run snakemake again."
            )
        if wanted.error is None:
            return []
        least, most = self.frozen.errors[0], self.frozen.errors[-1]
        # Written so that what is no number is refused as well.
        if not least <= wanted.error <= most:
            raise EvenfoldError(
                f"an error of {wanted.error:g}: prediction sets were made ready for errors "
                f"from {least:g} to {most:g}."
            )
        return self.frozen.impossible(wanted.error)

    def columns(
        self,
        sequences: Sequence[str],
        scores: np.ndarray,
        wanted: Wanted = AS_CONFIGURED,
    ) -> dict[str, list[Any]]:
        """Columns of sequences that were scored.

        Parameters
        ----------
        sequences : sequence of str, length n
            Cleaned.
        scores : ndarray of float, shape (n,)
        wanted : Wanted

        Returns
        -------
        dict of str to list, length n
            By the names of `tables.SCORES`.
        """
        n, identity = len(sequences), None
        nearest: dict[str, list[Any]] = {"nearest": [""] * n, "identity": [None] * n}
        if self.neighbours and wanted.nearest and self.domain.reach:
            training = self.neighbours()
            found = training.nearest(sequences)
            identity = found.identity
            nearest = {
                "nearest": [
                    training.ids[at] if at >= 0 else "" for at in found.partner
                ],
                "identity": identity.tolist(),
            }
        bands, reasons = self.domain.judge(sequences, identity)
        known = identity is not None
        return {
            **self._sets(logit(scores), np.array(bands) if known else None, wanted),
            **nearest,
            "domain": bands,
            "reason": reasons,
        }

    def _sets(self, logits, bands, wanted):
        """Sets of classes, and bounds of the probability."""
        frozen, n = self.frozen, len(logits)
        if frozen is None:
            nothing = [None] * n
            return {
                "probability_low": nothing,
                "probability_high": nothing,
                "set": [UNKNOWN] * n,
            }
        error = frozen.error if wanted.error is None else wanted.error
        held = sets_by_band(logits, bands, *frozen.limits(frozen.place(error)))
        low, high = probability_bounds(
            logits, frozen.logits, frozen.probability_low, frozen.probability_high
        )
        return {
            "probability_low": self.moved(low).tolist(),
            "probability_high": self.moved(high).tolist(),
            "set": [SETS[bool(here), bool(there)] for here, there in zip(*held)],
        }


def classes(called: np.ndarray, sets: Sequence[str], wanted: Wanted) -> list[str]:
    """The class that each sequence is called.

    Parameters
    ----------
    called : ndarray of bool, shape (n,)
        Whether its score is at the threshold or above.
    sets : sequence of str, length n
    wanted : Wanted

    Returns
    -------
    list of str
        With `unsure` as the sets say; see `SETS`.
    """
    if wanted.unsure:
        return [one if one in (POSITIVE, NEGATIVE) else UNSURE for one in sets]
    return [POSITIVE if one else NEGATIVE for one in called]


#: Names of the columns, in the order of the table.
TRUST = tuple(Trust().columns([], np.empty(0)))
