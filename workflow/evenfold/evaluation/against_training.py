"""The test set against the training data, by the test labels: inside a look alone."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from os import PathLike
from typing import Literal

import numpy as np
import pandas as pd

from evenfold.alphabet import residues
from evenfold.metrics.counts import confusion
from evenfold.records.evaluation import Alike, Called, LabelsTold, OppositeLabels
from evenfold.records.record import Interval
from evenfold.records.tables import CROSSING, SEQUENCES
from evenfold.sequences.probes import told_apart

#: Identity from which a relative is a near copy, and the sentence about it.
NEAR = 0.9
_COPY = "exact copy"
#: Share of the training sequences that are like each other, in length or composition.
_CENTRAL = 0.95
#: Test sequences on either side, below which no comparison is worth a line.
_FEWEST = 10


@dataclass(frozen=True)
class Given:
    """The training data as given, before relatives of the test set were dropped.

    Attributes
    ----------
    labels : dict of str to int
        By id, of training sequences.
    relatives : list of (str, str, str, float)
        Training id, test id, relation and identity, as grouping found them.
    """

    labels: dict[str, int] = field(default_factory=dict)
    relatives: list[tuple[str, str, str, float]] = field(default_factory=list)

    @classmethod
    def read(cls, sequences: str | PathLike, crossing: str | PathLike) -> "Given":
        """From the files of `clean` and `group`.

        Parameters
        ----------
        sequences, crossing : path-like

        Returns
        -------
        Given

        Raises
        ------
        EvenfoldError
            For a file with other columns, or a damaged one.
        """
        frame = SEQUENCES.frame(sequences, ["id", "role", "label"])
        frame = frame[frame["role"] == "train"]
        columns = ["train_id", "test_id", "relation", "identity"]
        pairs = CROSSING.arrow(crossing, columns).select(columns)
        return cls(
            dict(zip(frame["id"], frame["label"].astype(int))),
            list(zip(*(column.to_pylist() for column in pairs.columns))),
        )


def labels_told(
    predictions: pd.DataFrame,
    champion: str,
    given: Given,
    train: pd.DataFrame,
    test: pd.DataFrame,
) -> LabelsTold:
    """What the labels of the test set tell of it against the training data.

    Parameters
    ----------
    predictions : DataFrame
        Of the look: columns id, variant, label, called.
    champion : str
    given : Given
    train, test : DataFrame
        Columns id, sequence, label (of the training rows, those that are used).

    Returns
    -------
    LabelsTold
    """
    own = predictions[predictions["variant"] == champion].set_index("id")
    own = own.loc[test["id"]]
    labels = own["label"].astype(int)
    used = train["label"].astype(int)
    return LabelsTold(
        positives=int(labels.sum()),
        negatives=int((1 - labels).sum()),
        train_positives=int(used.sum()),
        train_negatives=int((1 - used).sum()),
        opposite=opposite_labels(dict(labels), given),
        alike=_alike(own, train["sequence"].tolist(), test["sequence"].tolist()),
    )


def opposite_labels(labels: dict[str, int], given: Given) -> list[OppositeLabels]:
    """Test sequences of which a copy, or near copy, in training has the other label.

    Parameters
    ----------
    labels : dict of str to int
        Of the test set, by id.
    given : Given

    Returns
    -------
    list of OppositeLabels
        Exact copies, then near ones, where there are any; a sequence with an exact copy
        counts as such alone.
    """
    exact = [row for row in given.relatives if row[2] == _COPY]
    copied = {test for _, test, _, _ in exact}
    near = [
        row
        for row in given.relatives
        if row[2] != _COPY and row[3] >= NEAR and row[1] not in copied
    ]
    kinds = (("exact copies", exact), (f"relatives of {NEAR:.0%} identity", near))
    return [_opposite(kind, rows, labels, given.labels) for kind, rows in kinds if rows]


def _opposite(
    kind: str,
    rows: Iterable[tuple[str, str, str, float]],
    labels: dict[str, int],
    given: dict[str, int],
) -> OppositeLabels:
    pairs = [(test, train) for train, test, _, _ in rows if test in labels]
    other = [(test, train) for test, train in pairs if given[train] != labels[test]]
    first = {test: train for test, train in reversed(other)}
    return OppositeLabels(
        kind=kind,
        n=len({test for test, _ in pairs}),
        opposite=len(first),
        examples=[[test, train] for test, train in sorted(first.items())][:5],
    )


def _alike(own: pd.DataFrame, train: list[str], test: list[str]) -> list[Alike]:
    """The champion on test sequences like the training ones, and on the others."""
    lengths = [
        np.array([len(residues(s)) for s in part], float) for part in (train, test)
    ]
    low, high = np.quantile(
        lengths[0],
        [(1 - _CENTRAL) / 2, (1 + _CENTRAL) / 2],
        method="closest_observation",
    )
    parts: list[tuple[Literal["length", "composition"], np.ndarray, Interval | None]]
    parts = [("length", (lengths[1] >= low) & (lengths[1] <= high), (low, high))]
    # By composition alone: lengths have a line of their own.
    if (scores := told_apart(train, test, lengths=False)) is not None:
        limit = np.quantile(scores[: len(train)], _CENTRAL)
        parts.append(("composition", scores[len(train) :] <= limit, None))
    return [
        Alike(
            by=by,
            limits=limits,
            alike=_called(own[inside]),
            other=_called(own[~inside]),
        )
        for by, inside, limits in parts
        if min(inside.sum(), (~inside).sum()) >= _FEWEST
    ]


def _called(rows: pd.DataFrame) -> Called:
    return Called(**confusion(rows["called"], rows["label"], 1))
