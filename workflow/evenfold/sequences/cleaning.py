"""Cleaning: one policy for odd letters, lengths, duplicates and conflicts."""

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import pyarrow as pa

from evenfold import tables
from evenfold.alphabet import (
    AMBIGUOUS,
    AMINO_ACIDS,
    GAP,
    STOP,
    UNKNOWN,
    residues,
)
from evenfold.config.cleaning import Cleaning
from evenfold.config.reading import Reading
from evenfold.errors import EvenfoldError
from evenfold.files import replacing, sha256_rows, write_json
from evenfold.sequences.reading import Record, read, read_labels
from evenfold.sequences.sites import proteins_of, under_sampled, windows

_AMBIGUOUS = re.compile(f"[{AMBIGUOUS}]")
_OTHER = re.compile(f"[^{AMINO_ACIDS}{AMBIGUOUS}{UNKNOWN}{STOP}{re.escape(GAP)}]")


@dataclass
class Cleaned:
    """What cleaning kept, what it rejected and why.

    `rejected` holds (id, origin, reason), `counts` how often each thing happened.
    """

    records: list[Record]
    rejected: list[tuple[str, str, str]] = field(default_factory=list)
    counts: Counter = field(default_factory=Counter)


def clean_sequence(sequence: str, policy: Cleaning) -> tuple[str, str | None]:
    """Apply the letter and length policy to one sequence.

    Returns
    -------
    tuple of (str, str or None)
        The cleaned sequence, and the reason of its rejection if there is one.
    """
    if sequence != (upper := sequence.upper()):
        if policy.lower_case == "reject":
            return sequence, "lower-case letters"
        sequence = upper
    if sequence.endswith(STOP):
        if policy.stop == "reject":
            return sequence, "final *"
        sequence = sequence[:-1]
    if STOP in sequence:
        return sequence, "* inside the sequence"
    if odd := _OTHER.search(sequence):
        return sequence, f"letter {odd.group()!r} at position {odd.start() + 1}"
    if found := _AMBIGUOUS.search(sequence):
        if policy.ambiguous == "reject":
            return sequence, f"ambiguous or rare residue {found.group()}"
        if policy.ambiguous == "mask":
            sequence = _AMBIGUOUS.sub(UNKNOWN, sequence)
    if policy.unknown == "reject" and UNKNOWN in sequence:
        return sequence, "unknown residue X"
    if GAP in sequence:
        if policy.gap == "reject":
            return sequence, "gap letter -"
        if policy.gap == "remove":
            sequence = residues(sequence)
    length = len(residues(sequence))
    if length < policy.min_length:
        return sequence, f"{length} residues, shorter than {policy.min_length}"
    if policy.max_length is not None and len(sequence) > policy.max_length:
        return sequence, f"{len(sequence)} letters, longer than {policy.max_length}"
    return sequence, None


def clean_records(
    records: Iterable[Record], policy: Cleaning, duplicates: str
) -> Cleaned:
    """Clean the records of one role.

    Parameters
    ----------
    records : iterable of Record
    policy : Cleaning
    duplicates : {'drop', 'keep'}
        What happens to repeated sequences of one label. Kept ones get ids of their
        own (`id~2`, `id~3`, ...).

    Raises
    ------
    EvenfoldError
        One id with two sequences, a conflict under `conflicts: error`, or nothing
        left.
    """
    result = Cleaned([])
    passed = []
    sequence_of_id = {}
    origin_of_id = {}
    for record in records:
        result.counts["read"] += 1
        original = record.sequence
        record.sequence, reason = clean_sequence(original, policy)
        if record.fault:
            result.rejected.append((record.id, record.origin, record.fault))
            result.counts["rejected as impossible sites"] += 1
            continue
        if reason:
            result.rejected.append((record.id, record.origin, reason))
            result.counts["rejected by letters or length"] += 1
            continue
        if record.sequence != original:
            result.counts["letters normalised"] += 1
        known = sequence_of_id.setdefault(record.id, record.sequence)
        origin_of_id.setdefault(record.id, record.origin)
        if known != record.sequence:
            raise EvenfoldError(
                f"{record.origin}: the id {record.id!r} stands before another sequence "
                f"too ({origin_of_id[record.id]}). Ids must be unique: rename one of "
                "the two records."
            )
        passed.append(record)

    labels = defaultdict(set)
    for record in passed:
        labels[record.sequence].add(record.label)
    seen: dict[str, str] = {}
    repeats = Counter()
    for record in passed:
        if len(labels[record.sequence]) > 1:
            if policy.conflicts == "error":
                raise EvenfoldError(
                    f"{record.origin}: the sequence of {record.id!r} also stands under "
                    "the other label. Remove one, or set `cleaning: {conflicts: drop}`."
                )
            result.rejected.append(
                (record.id, record.origin, "conflicting labels for one sequence")
            )
            result.counts["rejected as conflicting"] += 1
            continue
        if record.sequence in seen:
            result.counts["duplicate rows"] += 1
            if duplicates == "drop":
                reason = f"duplicate of {seen[record.sequence]}"
                result.rejected.append((record.id, record.origin, reason))
                result.counts["rejected as duplicate"] += 1
                continue
        seen.setdefault(record.sequence, record.id)
        repeats[record.id] += 1
        if repeats[record.id] > 1:
            record.id = f"{record.id}~{repeats[record.id]}"
        result.records.append(record)
    result.counts["kept"] = len(result.records)
    if not result.records:
        reasons = Counter(reason for _, _, reason in result.rejected).most_common(3)
        raise EvenfoldError(
            "cleaning left no sequence. Most frequent reasons: "
            + "; ".join(f"{reason} ({n})" for reason, n in reasons)
            + ". See the `cleaning` section of the configuration."
        )
    return result


def check_both_classes(records: list[Record], what: str) -> None:
    """Refuse data of a single class.

    Raises
    ------
    EvenfoldError
    """
    counts = Counter(record.label for record in records)
    if len(counts) < 2:
        label = {1: "positive", 0: "negative"}[next(iter(counts))]
        raise EvenfoldError(
            f"{what}: all {len(records)} sequences are {label}. Binary classification "
            "needs both classes; check the files and the labels."
        )


def unique_across_roles(train: list[Record], test: list[Record]) -> None:
    """Give test records whose id also stands in training an id of their own."""
    taken = {record.id for record in train}
    for record in test:
        if record.id in taken:
            record.id += "@test"


def clean_files(
    files: list[dict],
    reading: Reading,
    sequences: str,
    test_labels: str,
    rejected: str,
    counts: str,
    proteins: str,
) -> dict:
    """Clean the files of a data set.

    Parameters
    ----------
    files : list of dict
        path, role, label (or None), kind and published name of each file.
    reading : Reading
        How they are read and cleaned.
    sequences, test_labels, rejected, counts, proteins : str
        Paths to write. Test rows are put into an order that tells nothing about
        their labels, which go to a file of their own.

    Returns
    -------
    dict
        Counts by role.
    """
    policy = reading.cleaning
    cleaned, whole = {}, []
    for role in dict.fromkeys(file["role"] for file in files):
        own = [file for file in files if file["role"] == role]
        if reading.sites:
            found = proteins_of(own, reading)
            whole += [(role, p.source, p.sequence.upper()) for p in found]
            records = windows(found, own, reading)
        else:
            records = _records(own, reading)
        duplicates = policy.train_duplicates
        if role == "test":
            duplicates = policy.test_duplicates
        cleaned[role] = clean_records(records, policy, duplicates)
        if role == "train" and reading.sites and reading.sites.negatives_per_positive:
            _under_sample(cleaned[role], reading.sites)
        check_both_classes(cleaned[role].records, f"the {role} data")
    train = cleaned["train"].records
    test = cleaned["test"].records if "test" in cleaned else []
    unique_across_roles(train, test)
    test.sort(key=lambda record: (sha256_rows([record.sequence]), record.id))

    tables.write(
        sequences,
        pa.concat_tables(
            [
                sequences_table(train, "train", labelled=True),
                sequences_table(test, "test", labelled=False),
            ]
        ),
    )
    names = ("role", "protein", "sequence")
    columns = zip(*whole) if whole else [[]] * len(names)
    tables.write(
        proteins, pa.table([pa.array(c, pa.string()) for c in columns], names=names)
    )
    ids, labels = [r.id for r in test], [r.label for r in test]
    tables.write(test_labels, tables.labels_table(ids, labels))
    write_rejected(rejected, [row for c in cleaned.values() for row in c.rejected])
    numbers = {role: dict(c.counts) for role, c in cleaned.items()}
    write_json(counts, numbers)
    return numbers


def _records(files, reading):
    """Records of one role, from files of a class or labelled ones."""
    labels = None
    for file in files:
        if file["kind"] == "labels":
            labels = (labels or {}) | read_labels(file["path"], reading)
    return (
        record
        for file in files
        if file["kind"] == "sequences"
        for record in read(
            file["path"],
            reading,
            file["label"],
            file["name"],
            labels if file["label"] is None else None,
        )
    )


def _under_sample(cleaned, settings):
    ratio = settings.negatives_per_positive
    cleaned.records, out = under_sampled(cleaned.records, ratio, settings.seed)
    reason = f"negative not drawn ({ratio:g} per positive)"
    cleaned.rejected += [(r.id, r.origin, reason) for r in out]
    cleaned.counts["negatives not drawn"] = len(out)
    cleaned.counts["kept"] = len(cleaned.records)


def sequences_table(records: list[Record], role: str, labelled: bool) -> pa.Table:
    """Table of one role: id, sequence, source, role, label (null unless labelled)."""
    columns = [
        [record.id for record in records],
        [record.sequence for record in records],
        [record.source for record in records],
        [role] * len(records),
        [record.label if labelled else None for record in records],
    ]
    return pa.table(columns, schema=tables.SEQUENCES)


def write_rejected(path, rows) -> None:
    """Write rejected.tsv: id, source (file and record), reason."""
    with replacing(path) as temporary, open(temporary, "w", newline="") as handle:
        writer = csv.writer(handle, delimiter="\t", lineterminator="\n")
        writer.writerow(["id", "source", "reason"])
        writer.writerows(rows)
