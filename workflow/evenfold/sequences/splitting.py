"""Test set and folds: by groups, stratified, deterministic."""

import csv
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sklearn.model_selection import StratifiedGroupKFold

from evenfold import tables
from evenfold.config.split import Split
from evenfold.errors import EvenfoldError
from evenfold.files import write_json
from evenfold.sequences.cleaning import write_rejected


def hold_out(
    labels: np.ndarray, clusters: np.ndarray, settings: Split, seed: int
) -> np.ndarray:
    """Rows held out as test set: whole groups, stratified.

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
        if n_groups < parts:
            raise EvenfoldError(
                f"{purpose} needs {parts} parts with both classes, but there are only "
                f"{n_rows} {name} sequences in {n_groups} independent groups. Add "
                f"{name} sequences, set `split: {{folds: {max(2, n_groups)}}}` or "
                "fewer, or set a higher identity under `grouping`."
            )
    sizes = np.sort(np.bincount(clusters))[::-1]
    if sizes[0] > len(labels) / 2:
        raise EvenfoldError(
            f"{purpose}: the largest group of related sequences has {sizes[0]} of "
            f"{len(labels)} sequences, the next ones {', '.join(map(str, sizes[1:4]))}. A "
            "group is never cut, so more than half of the data would be in one part. Set a "
            "higher identity or coverage under `grouping`, or `by_source: false` if "
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


def split_files(inputs: dict, outputs: dict, settings: Split, seed: int) -> dict:
    """Fix the roles and folds of a data set and seal the test labels.

    With an independent test set its labels are passed on byte for byte, unread. When
    the test set is held out here, its labels move to the sealed file and leave the
    sequences.

    Parameters
    ----------
    inputs : dict
        Paths: sequences, test_labels, rejected, groups, crossing.
    outputs : dict
        Paths: sequences, split, rejected, test_labels, facts.
    """
    table = tables.read(inputs["sequences"])
    cluster = tables.numbers(tables.read(inputs["groups"]), "cluster")
    is_test = np.array([role == "test" for role in tables.strings(table, "role")])
    facts = {
        "policy": settings.train_test_homologs,
        "held_out": not is_test.any(),
        "folds": settings.folds,
        "related": {},
    }
    rejected = []
    if is_test.any():
        shutil.copyfile(inputs["test_labels"], outputs["test_labels"])
        table, keep, rejected = _related(table, inputs["crossing"], facts)
        cluster, is_test = cluster[keep], is_test[keep]
    else:
        labels = tables.numbers(table, "label")
        is_test = hold_out(labels, cluster, settings, seed)
        ids = np.array(tables.strings(table, "id"))
        tables.write(
            outputs["test_labels"], tables.labels_table(ids[is_test], labels[is_test])
        )
        table = table.set_column(
            3, "role", pa.array(np.where(is_test, "test", "train"), pa.string())
        ).set_column(4, "label", pa.array(labels, pa.int8(), mask=is_test))
    labels = table.filter(pa.array(~is_test)).column("label").to_numpy()
    own = cluster[~is_test] if settings.grouped_folds else np.arange(len(labels))
    fold = assign_folds(labels, own, settings, seed)
    folds = np.full(len(is_test), -1, dtype=np.int8)
    folds[~is_test] = fold
    tables.write(outputs["sequences"], table)
    split = pa.table(
        {
            "id": table.column("id"),
            "role": table.column("role"),
            "fold": pa.array(folds, pa.int8(), mask=is_test),
            "cluster": pa.array(cluster, pa.int64()),
        }
    )
    tables.write(outputs["split"], split)
    with open(inputs["rejected"], encoding="utf-8", newline="") as handle:
        earlier = list(csv.reader(handle, delimiter="\t"))[1:]
    write_rejected(outputs["rejected"], earlier + rejected)
    facts |= {
        "n_train": int((~is_test).sum()),
        "n_test": int(is_test.sum()),
        "n_train_positive": int(labels.sum()),
        "fold_sizes": np.bincount(fold).tolist(),
        "fold_positives": np.bincount(fold, weights=labels).astype(int).tolist(),
        "rejected": len(earlier) + len(rejected),
        "longest": max(map(len, tables.strings(table, "sequence"))),
    }
    write_json(outputs["facts"], facts)
    return facts


def _related(table, crossing_path, facts):
    """Training rows related to the test set: counted, and dropped if so configured."""
    crossing = tables.read(crossing_path)
    reason, kinds = {}, {}
    relations = zip(*(tables.strings(crossing, c) for c in crossing.column_names[:4]))
    # The closest relation of a training row is the one told: copy, homolog, source.
    for train, test, relation, identity in sorted(
        relations, key=lambda r: (-r[3], r[2] != "exact copy")
    ):
        kind = _KINDS.get(relation, "homologs")
        kinds.setdefault(kind, set()).add(train)
        known = f", identity {identity:.0%}" if kind == "homologs" else ""
        how = f"homolog ({relation}{known})" if kind == "homologs" else relation
        how = "same source protein as" if kind == relation else f"{how} of"
        reason.setdefault(train, f"{how} test sequence {test}")
    facts["related"] = {kind: len(rows) for kind, rows in sorted(kinds.items())}
    facts["related_sequences"] = len(reason)
    if facts["policy"] != "drop" or not reason:
        return table, np.ones(len(table), dtype=bool), []
    ids = tables.strings(table, "id")
    keep = np.array([identifier not in reason for identifier in ids])
    rejected = [(i, "split", reason[i]) for i in ids if i in reason]
    kept = table.filter(pa.array(keep))
    if not len(kept.filter(pc.equal(kept.column("role"), "train"))):
        raise EvenfoldError(
            "every training sequence is related to the test set, so none is left. "
            "Check that training and test files are not the same, or set "
            "`split: {train_test_homologs: report}`."
        )
    return kept, keep, rejected
