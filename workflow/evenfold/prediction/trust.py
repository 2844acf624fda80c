"""What is told with every score, besides the score: one function, one set of columns.

A further column is a field of `Trust`, an entry of `columns`, and a column of the table
`SCORES`; the command, the Snakemake target, `Predictor` and the MLflow model have it then.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from evenfold.metrics.conformal import place_of, prediction_sets, probability_bounds
from evenfold.metrics.scores import logit
from evenfold.prediction.domain import UNKNOWN, Domain
from evenfold.records.selection import Trust as Frozen

#: Names of the sets, by whether the positive and whether the negative class is in it.
SETS = {
    (True, False): "positive",
    (False, True): "negative",
    (True, True): "both",
    (False, False): "none",
}


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
    """

    domain: Domain = field(default_factory=Domain)
    frozen: Frozen | None = None
    moved: Callable[[np.ndarray], np.ndarray] = lambda probabilities: probabilities

    def columns(
        self, sequences: Sequence[str], scores: np.ndarray
    ) -> dict[str, list[Any]]:
        """Columns of sequences that were scored.

        Parameters
        ----------
        sequences : sequence of str, length n
            Cleaned.
        scores : ndarray of float, shape (n,)

        Returns
        -------
        dict of str to list, length n
            By the names of `tables.SCORES`.
        """
        judged = [self.domain.judge(sequence) for sequence in sequences]
        return {
            **self._sets(logit(scores)),
            "domain": [band for band, _ in judged],
            "reason": [told for _, told in judged],
        }

    def _sets(self, logits):
        """Sets of classes, and bounds of the probability."""
        frozen, n = self.frozen, len(logits)
        if frozen is None:
            nothing = [None] * n
            return {
                "probability_low": nothing,
                "probability_high": nothing,
                "set": [UNKNOWN] * n,
            }
        place = place_of(frozen.error, frozen.errors)
        held = prediction_sets(
            logits, frozen.positive_from[place], frozen.negative_to[place]
        )
        low, high = probability_bounds(
            logits, frozen.logits, frozen.probability_low, frozen.probability_high
        )
        return {
            "probability_low": self.moved(low).tolist(),
            "probability_high": self.moved(high).tolist(),
            "set": [SETS[bool(here), bool(there)] for here, there in zip(*held)],
        }


#: Names of the columns, in the order of the table.
TRUST = tuple(Trust().columns([], np.empty(0)))
