"""Test set and folds: by groups, stratified, deterministic."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sklearn.model_selection import StratifiedGroupKFold

from evenfold import tables
from evenfold.config.split import Split
from evenfold.errors import EvenfoldError
from evenfold.files import replacing
from evenfold.records.sequences import SplitFacts
from evenfold.records.tables import (
    CROSSING,
    GROUPS,
    LABELS,
    SEQUENCES,
    SPLIT,
    read_rejected,
    write_rejected,
)
from evenfold.saying import counted
from evenfold.sequences.kinds import kind_of, why_kind


def hold_out(
    labels: np.ndarray, clusters: np.ndarray, settings: Split, seed: int
) -> np.ndarray:
    """Rows held out as test set: whole groups, stratified.

    Parameters
    ----------
    labels, clusters : ndarray of int, shape (n,)
    settings : Split
    seed : int

    Returns
    -------
    ndarray of bool, shape (n,)

    Raises
    ------
    EvenfoldError
        When no such test set has both classes, with the sizes of the largest groups.
    """
    parts = max(2, round(1 / settings.test_fraction))
    part = _grouped_parts(labels, clusters, parts, seed, "the held-out test set")
    return part == 0


def assign_folds(
    labels: np.ndarray, clusters: np.ndarray, settings: Split, seed: int
) -> np.ndarray:
    """Fold of each training row; no group crosses folds, each has both classes.

    Parameters
    ----------
    labels, clusters : ndarray of int, shape (n,)
    settings : Split
    seed : int

    Returns
    -------
    ndarray of int8, shape (n,)

    Raises
    ------
    EvenfoldError
        When a class is too small or the groups are too large for the folds.
    """
    return _grouped_parts(labels, clusters, settings.folds, seed, "cross-validation")


def _grouped_parts(labels, clusters, parts, seed, purpose):
    for label, name in ((1, "positive"), (0, "negative")):
        n_rows = int((labels == label).sum())
        n_groups = len(np.unique(clusters[labels == label]))
        if n_rows < 2:
            raise EvenfoldError(
                f"{purpose} needs {parts} parts with both classes, but there is only "
                f"{counted(n_rows, f'{name} sequence')}. Add {name} sequences that are not "
                "related to it."
            )
        if n_groups < 2:
            raise EvenfoldError(
                f"{purpose} needs {parts} parts with both classes, but the {n_rows} "
                f"{name} sequences are one independent group: no part could be left out "
                f"that others tell something about. Add {name} sequences that are not "
                "related to them; if they are not related to each other, set a higher "
                "identity or coverage under `grouping`."
            )
        if n_groups < parts:
            raise EvenfoldError(
                f"{purpose} needs {parts} parts with both classes, but there are only "
                f"{n_rows} {name} sequences in {n_groups} independent groups. Add "
                f"{name} sequences, set `split: {{folds: {n_groups}}}` or "
                "fewer, or set a higher identity under `grouping`."
            )
    sizes = np.sort(np.bincount(clusters))[::-1]
    if sizes[0] > len(labels) / 2:
        raise EvenfoldError(
            f"{purpose}: the largest group of related sequences has {sizes[0]} of "
            f"{len(labels)} sequences, the next ones {', '.join(map(str, sizes[1:4]))}. A "
            "group is never cut, so more than half of the data would be in one part. Set a "
            "higher identity or coverage under `grouping`, or `grouping: {by_source: false}` if "
            "source_pattern joins unrelated sequences."
        )
    splitter = StratifiedGroupKFold(parts, shuffle=True, random_state=seed)
    part = np.empty(len(labels), dtype=np.int8)
    for number, (_, rows) in enumerate(splitter.split(labels, labels, clusters)):
        part[rows] = number
    for number in range(parts):
        present = np.unique(labels[part == number])
        if len(present) < 2:
            raise EvenfoldError(
                f"{purpose}: part {number + 1} of {parts} would not hold both classes. "
                f"The largest groups of related sequences have "
                f"{', '.join(map(str, sizes[:3]))} of {len(labels)} sequences; a group is "
                "never cut. Set fewer folds under `split`, or a higher identity or "
                "coverage under `grouping`."
            )
    return part


_KINDS = {"exact copy": "exact copies", "same source protein": "same source protein"}


@dataclass(frozen=True)
class Relatives:
    """Training sequences that are related to the test set.

    Attributes
    ----------
    relation : dict of str to str
        How, by id, said as the reason of a rejection; the closest relation of each.
    counts, test_counts : dict of str to int
        How many training and how many test sequences, by kind of relation; one sequence
        may be related in several ways.
    tested : frozenset of str
        Ids of the test sequences that are related to training ones.
    """

    relation: dict[str, str]
    counts: dict[str, int]
    test_counts: dict[str, int]
    tested: frozenset[str]

    @classmethod
    def of(cls, crossing: Iterable[tuple[str, str, str, float]]) -> "Relatives":
        """From (training id, test id, relation, identity), as grouping found them."""
        closest: dict[str, str] = {}
        kinds: dict[str, set[str]] = {}
        test_kinds: dict[str, set[str]] = {}
        # The closest relation of a training row is the one kept: copy, homolog, source.
        for train, test, relation, identity in sorted(
            crossing, key=lambda row: (-row[3], row[2] != "exact copy")
        ):
            kind = _KINDS.get(relation, "homologs")
            kinds.setdefault(kind, set()).add(train)
            test_kinds.setdefault(kind, set()).add(test)
            known = f", identity {identity:.0%}" if kind == "homologs" else ""
            how = f"homolog ({relation}{known})" if kind == "homologs" else relation
            how = "same source protein as" if kind == relation else f"{how} of"
            closest.setdefault(train, f"{how} test sequence {test}")
        return cls(
            closest,
            {kind: len(ids) for kind, ids in sorted(kinds.items())},
            {kind: len(ids) for kind, ids in sorted(test_kinds.items())},
            frozenset().union(*test_kinds.values()),
        )


@dataclass(frozen=True)
class SplitInputs:
    """Paths of what a split is made from: the files of `clean` and `group`."""

    sequences: str
    test_labels: str
    rejected: str
    groups: str
    crossing: str


@dataclass(frozen=True)
class SplitOutputs:
    """Paths of what a split leaves."""

    sequences: str
    split: str
    rejected: str
    test_labels: str
    facts: str


def split_files(
    inputs: SplitInputs, outputs: SplitOutputs, settings: Split, seed: int
) -> SplitFacts:
    """Fix the roles and folds of a data set and seal the test labels.

    With an independent test set its labels are passed on byte for byte, unread. When
    the test set is held out here, its labels move to the sealed file and leave the
    sequences.

    Parameters
    ----------
    inputs : SplitInputs
    outputs : SplitOutputs
        To write.
    settings : Split
    seed : int

    Returns
    -------
    SplitFacts

    Raises
    ------
    EvenfoldError
        When no such split has both classes in every part, or all of the training data
        are related to the test set.
    """
    table = SEQUENCES.arrow(inputs.sequences)
    cluster = tables.numbers(GROUPS.arrow(inputs.groups), "cluster")
    is_test = np.array([role == "test" for role in tables.strings(table, "role")])
    held_out = not is_test.any()
    relatives, rejected = Relatives.of([]), []
    if held_out:
        labels = tables.numbers(table, "label")
        is_test = hold_out(labels, cluster, settings, seed)
        ids = np.array(tables.strings(table, "id"))
        LABELS.write(outputs.test_labels, LABELS.of(ids[is_test], labels[is_test]))
        table = table.set_column(
            3, "role", pa.array(np.where(is_test, "test", "train"), pa.string())
        ).set_column(4, "label", pa.array(labels, pa.int8(), mask=is_test))
    else:
        # Whole, as its ids tell; the labels stay unread.
        LABELS.arrow(inputs.test_labels, ["id"])
        with replacing(outputs.test_labels) as temporary:
            shutil.copyfile(inputs.test_labels, temporary)
        crossing = CROSSING.arrow(inputs.crossing)
        relatives = Relatives.of(
            zip(*(column.to_pylist() for column in crossing.columns[:4]))
        )
        if settings.train_test_homologs == "drop" and relatives.relation:
            table, keep, rejected = _without(relatives, table)
            cluster, is_test = cluster[keep], is_test[keep]
    labels = table.filter(pa.array(~is_test)).column("label").to_numpy()
    groups = cluster[~is_test] if settings.grouped_folds else np.arange(len(labels))
    fold = assign_folds(labels, groups, settings, seed)
    folds = np.full(len(is_test), -1, dtype=np.int8)
    folds[~is_test] = fold
    SEQUENCES.write(outputs.sequences, table)
    split = SPLIT.of(
        tables.strings(table, "id"),
        tables.strings(table, "role"),
        pa.array(folds, pa.int8(), mask=is_test),
        cluster,
    )
    SPLIT.write(outputs.split, split)
    rejected = read_rejected(inputs.rejected) + rejected
    write_rejected(outputs.rejected, rejected)
    letters = pc.utf8_length(table.column("sequence")).to_numpy()
    kind = kind_of(letters[~is_test])
    facts = SplitFacts(
        policy=settings.train_test_homologs,
        held_out=held_out,
        folds=settings.folds,
        related=relatives.counts,
        related_sequences=len(relatives.relation),
        related_test=relatives.test_counts,
        related_test_sequences=len(relatives.tested),
        n_train=int((~is_test).sum()),
        n_test=int(is_test.sum()),
        n_train_positive=int(labels.sum()),
        fold_sizes=np.bincount(fold).tolist(),
        fold_positives=np.bincount(fold, weights=labels).astype(int).tolist(),
        rejected=len(rejected),
        longest=int(letters.max()),
        shortest=int(letters.min()),
        kind=kind,
        kind_reason=why_kind(kind, letters[~is_test]),
    )
    facts.write(outputs.facts)
    return facts


def _without(relatives, table):
    """The table without training rows that are related to the test set.

    Returns the rows that are left, which of all they are, and those rejected.
    """
    ids = tables.strings(table, "id")
    keep = np.array([identifier not in relatives.relation for identifier in ids])
    rejected = [
        [identifier, "split", relatives.relation[identifier]]
        for identifier, kept in zip(ids, keep)
        if not kept
    ]
    kept = table.filter(pa.array(keep))
    if not len(kept.filter(pc.equal(kept.column("role"), "train"))):
        raise EvenfoldError(
            "every training sequence is related to the test set, so none is left. "
            "Check that training and test files are not the same, or set "
            "`split: {train_test_homologs: report}`."
        )
    return kept, keep, rejected
