"""What is told with every score, besides the score: one function, one set of columns.

A further column is a field of `Trust`, an entry of `columns`, and a column of the table
`SCORES`; the command, the Snakemake target, `Predictor` and the MLflow model have it then.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from evenfold.prediction.domain import Domain


@dataclass(frozen=True)
class Trust:
    """How far the champion may be believed for one sequence or another.

    Attributes
    ----------
    domain : Domain
        What it was trained on.
    """

    domain: Domain = field(default_factory=Domain)

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
            "domain": [band for band, _ in judged],
            "reason": [told for _, told in judged],
        }


#: Names of the columns, in the order of the table.
TRUST = tuple(Trust().columns([], np.empty(0)))
