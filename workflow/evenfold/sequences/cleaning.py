"""Cleaning: one policy for odd letters, lengths, duplicates and conflicts."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import pyarrow as pa

from evenfold.alphabet import (
    AMBIGUOUS,
    AMINO_ACIDS,
    GAP,
    STOP,
    UNKNOWN,
    residues,
    upper_case,
)
from evenfold.config.cleaning import Cleaning
from evenfold.config.reading import Reading
from evenfold.errors import EvenfoldError
from evenfold.files import sha256_file, sha256_rows
from evenfold.records.layout import remedy
from evenfold.records.sequences import Counts, Inputs, RoleCounts
from evenfold.records.tables import LABELS, PROTEINS, SEQUENCES, write_rejected
from evenfold.saying import counted
from evenfold.sequences.ids import give_ids, unique_across_roles
from evenfold.sequences.labels import read_labels
from evenfold.sequences.reading import Record, read
from evenfold.sequences.sites import (
    check_named,
    proteins_of,
    under_sampled,
    windows,
)

GAP_REJECTED = "gap letter - (`cleaning: {gap: keep}` keeps the padding of windows)"
_AMBIGUOUS = re.compile(f"[{AMBIGUOUS}]")
_KNOWN = re.compile(f"[{AMINO_ACIDS}]")
_RESIDUES = re.compile(f"[{AMINO_ACIDS}]*")
_THREE_LETTERS = {
    "ALA", "ARG", "ASN", "ASP", "CYS", "GLN", "GLU", "GLY", "HIS", "ILE", "LEU", "LYS",
    "MET", "PHE", "PRO", "SER", "THR", "TRP", "TYR", "VAL",
}  # fmt: skip
_OTHER = re.compile(f"[^{AMINO_ACIDS}{AMBIGUOUS}{UNKNOWN}{STOP}{re.escape(GAP)}]")


@dataclass
class Cleaned:
    """What cleaning kept, what it rejected and why.

    Attributes
    ----------
    records : list of Record
    rejected : list of tuple (id, origin, reason)
    happened : Counter
        How often, by fields of RoleCounts.
    reasons : dict of int or None to Counter
        By label, how often a record was rejected for what, its place aside.
    """

    records: list[Record]
    rejected: list[tuple[str, str, str]] = field(default_factory=list)
    happened: Counter[str] = field(default_factory=Counter)
    reasons: dict[int | None, Counter[str]] = field(
        default_factory=lambda: defaultdict(Counter)
    )

    def reject(self, record: Record, reason: str, why: str) -> None:
        """List a record that is not used, and count it.

        Parameters
        ----------
        record : Record
        reason : str
            As rejected.tsv says it.
        why : str
            Field of RoleCounts that counts it.
        """
        self.rejected.append((record.id, record.origin, reason))
        self.happened[why] += 1
        self.reasons[record.label][reason.partition(" at position")[0]] += 1

    @property
    def counts(self) -> RoleCounts:
        """What happened to the records of the role."""
        return RoleCounts(kept=len(self.records), **self.happened)


def clean_sequence(
    sequence: str, policy: Cleaning, start: int = 1
) -> tuple[str, str | None]:
    """Apply the letter and length policy to one sequence.

    Parameters
    ----------
    sequence : str
    policy : Cleaning
    start : int
        Position of its first letter: of a window, in its protein.

    Returns
    -------
    tuple of (str, str or None)
        The cleaned sequence, and the reason of its rejection if there is one.
    """
    if _in_three_letters(sequence):
        return sequence, "three-letter codes of residues, where one letter each is read"
    # Most sequences of millions are residues alone.
    if not _RESIDUES.fullmatch(sequence):
        sequence, reason = _clean_letters(sequence, policy, start)
        if reason:
            return sequence, reason
    length = len(residues(sequence))
    if length and not _KNOWN.search(sequence):
        return sequence, "unknown residues alone"
    if length < policy.min_length:
        told = counted(length, "residue")
        return sequence, f"{told}, shorter than {policy.min_length}"
    if policy.max_length is not None and len(sequence) > policy.max_length:
        told = counted(len(sequence), "letter")
        return sequence, f"{told}, longer than {policy.max_length}"
    return sequence, None


def _in_three_letters(sequence: str) -> bool:
    """Whether it is of three-letter codes, beyond what chance or a repeat makes."""
    length = len(sequence)
    if length < 12 or length % 3 or sequence[:3].upper() not in _THREE_LETTERS:
        return False
    codes = {sequence[at : at + 3].upper() for at in range(0, length, 3)}
    return codes <= _THREE_LETTERS and len(codes) > 2


def _clean_letters(
    sequence: str, policy: Cleaning, start: int
) -> tuple[str, str | None]:
    """The letter policy alone."""
    if sequence != (upper := upper_case(sequence)):
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
        return sequence, f"letter {odd.group()!r} at position {odd.start() + start}"
    if found := _AMBIGUOUS.search(sequence):
        if policy.ambiguous == "reject":
            return sequence, f"ambiguous or rare residue {found.group()}"
        if policy.ambiguous == "mask":
            sequence = _AMBIGUOUS.sub(UNKNOWN, sequence)
    if policy.unknown == "reject" and UNKNOWN in sequence:
        return sequence, "unknown residue X"
    if GAP in sequence:
        if policy.gap == "reject":
            return sequence, GAP_REJECTED
        if policy.gap == "remove":
            sequence = residues(sequence)
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
        What happens to repeated sequences of one label. What is kept under a repeated
        id gets one of its own (`id~2`, `id~3`, ...).

    Returns
    -------
    Cleaned

    Raises
    ------
    EvenfoldError
        A conflict under `conflicts: error`, or nothing left.
    """
    result = Cleaned([])
    passed: list[Record] = []
    for record in records:
        result.happened["read"] += 1
        original = record.sequence
        record.sequence, reason = clean_sequence(original, policy, record.start)
        reason = record.unfit or reason
        if record.fault:
            result.reject(record, record.fault, "impossible_sites")
        elif record.label is None:
            result.reject(record, "no label: its place is empty", "unlabelled")
        elif reason:
            result.reject(record, reason, "unfit")
            result.happened["gapped"] += reason == GAP_REJECTED
        else:
            result.happened["normalised"] += record.sequence != original
            passed.append(record)

    passed = _without_conflicts(passed, policy, result)
    first: dict[str, Record] = {}
    repeats: list[Record] = []
    for record in passed:
        repeated = first.setdefault(record.sequence, record) is not record
        result.happened["duplicates"] += repeated
        dropped = repeated and duplicates == "drop"
        (repeats if dropped else result.records).append(record)
    published = {(record.id, record.sequence) for record in result.records}
    result.happened["renamed"] += len(published) - len({name for name, _ in published})
    give_ids(result.records)
    for record in repeats:
        reason = f"duplicate of {first[record.sequence].id}"
        result.reject(record, reason, "dropped_duplicates")
    if not result.records:
        everything = sum(result.reasons.values(), Counter())
        raise EvenfoldError(
            f"cleaning left no sequence. {_most(everything)} See the `cleaning` section of "
            "the configuration."
        )
    return result


class Seen:
    """Digest of records as they were read, in whatever order they come.

    Parameters
    ----------
    role : {'train', 'test'}
        Of test records the sequences alone count: their labels and names are no part
        of what is asked of them.
    """

    def __init__(self, role: str) -> None:
        self._whole = role == "train"
        self._rows: list[bytes] = []

    def of(self, records: Iterable[Record]) -> Iterator[Record]:
        """The same records, each seen before it is given on.

        Parameters
        ----------
        records : iterable of Record

        Yields
        ------
        Record
        """
        for record in records:
            own = [record.sequence]
            if self._whole:
                own += [record.id, str(record.label), record.source or ""]
            self._rows.append(sha256("\0".join(own).encode()).digest())
            yield record

    def digest(self) -> str:
        """SHA-256 of all that were seen, hexadecimal."""
        return sha256(b"".join(sorted(self._rows))).hexdigest()


def _without_conflicts(records, policy, result):
    """Records whose sequence has one label; the others are rejected or refused."""
    labels: dict[str, set[int | None]] = defaultdict(set)
    for record in records:
        labels[record.sequence].add(record.label)
    remaining = []
    for record in records:
        if len(labels[record.sequence]) == 1:
            remaining.append(record)
            continue
        if policy.conflicts == "error":
            raise EvenfoldError(
                f"{record.origin}: the sequence of {record.id!r} also stands under "
                "the other label. Remove one, or set `cleaning: {conflicts: drop}`."
            )
        reason = "conflicting labels for one sequence"
        result.reject(record, reason, "conflicting")
    return remaining


def _most(reasons):
    """The most frequent reasons of rejections in words, and what they are a sign of."""
    named = "; ".join(f"{reason} ({n})" for reason, n in reasons.most_common(3))
    return " ".join([f"Most frequent reasons: {named}.", *signs_of(named)])


def signs_of(reasons: str) -> list[str]:
    """What some reasons of rejections are a sign of, and what mends it.

    Parameters
    ----------
    reasons : str

    Returns
    -------
    list of str
    """
    return [told for told, sign in _SIGNS.items() if re.search(sign, reasons)]


#: What some reasons are a sign of.
_SIGNS = {
    "Numbers in the lines of a sequence, as in GenBank's layout, are no residues: remove "
    "them.": r"letter '\d'",
    "MusiteDeep marks sites with #: list such files under `proteins` and set "
    "`sites`.": "letter '#'",
    "Zeros between the letters are UTF-16 without its mark, or a damaged file: save it as "
    "UTF-8.": r"letter '\\x00'",
    "Where _, . or * pads windows, write - in its place and set `cleaning: {gap: keep}`.": (
        r"letter '[_.]'|\* inside"
    ),
}


def check_both_classes(
    records: list[Record],
    what: str,
    reasons: dict[int | None, Counter[str]] | None = None,
) -> None:
    """Refuse data of a single class.

    Parameters
    ----------
    records : list of Record
    what : str
        What they are, as the error says it.
    reasons : dict of int or None to Counter, optional
        By label, why records were rejected.

    Raises
    ------
    EvenfoldError
    """
    counts = Counter(record.label for record in records)
    if len(counts) < 2:
        names = {1: "positive", 0: "negative"}
        label = int(bool(records[0].label))
        lost = (reasons or {}).get(1 - label, Counter())
        if lost:
            raise EvenfoldError(
                f"{what}: every sequence that cleaning kept ({len(records)}) is "
                f"{names[label]}; it rejected every {names[1 - label]} one "
                f"({lost.total()}). {_most(lost)} Binary classification needs both classes."
            )
        raise EvenfoldError(
            f"{what}: every sequence ({len(records)}) is {names[label]}. Binary "
            "classification needs both classes; check the files and the labels."
        )


@dataclass(frozen=True)
class CleanOutputs:
    """Files that cleaning writes, below clean/."""

    sequences: str | Path
    test_labels: str | Path
    rejected: str | Path
    counts: str | Path
    proteins: str | Path
    inputs: str | Path


def check_fetched(path: str, sha256: str) -> None:
    """Check that a fetched file is still the one that was fetched.

    Parameters
    ----------
    path, sha256 : str

    Raises
    ------
    EvenfoldError
        With the file and what fetches it again.
    """
    if sha256_file(path) != sha256:
        raise EvenfoldError(
            f"{path}: cut off or changed since it was fetched (another checksum). "
            + (remedy(path) or "Fetch it again.")
        )


def clean_files(files: list[dict], reading: Reading, outputs: CleanOutputs) -> Counts:
    """Clean the files of a data set.

    Parameters
    ----------
    files : list of dict
        path, role, label (or None), kind and published name of each file; of one that
        was fetched, also its `sha256`.
    reading : Reading
        How they are read and cleaned.
    outputs : CleanOutputs
        Test rows are put into an order that tells nothing about
        their labels, which go to a file of their own.

    Returns
    -------
    Counts

    Raises
    ------
    EvenfoldError
        For data that cannot be read, or of which nothing is left.
    """
    for file in files:
        if file.get("sha256"):
            check_fetched(file["path"], file["sha256"])
    policy = reading.cleaning
    cleaned: dict[str, Cleaned] = {}
    seen = {role: Seen(role) for role in ("train", "test")}
    whole: list[tuple[str, str, str]] = []
    for role in dict.fromkeys(file["role"] for file in files):
        own = [file for file in files if file["role"] == role]
        if reading.sites:
            found = proteins_of(own, reading)
            if all(file["kind"] == "proteins" for file in own):
                check_named(found, reading.sites)
            whole += [(role, p.id, upper_case(p.sequence)) for p in found]
            records = windows(found, own, reading)
        else:
            records = _records(own, reading)
        duplicates = policy.train_duplicates
        if role == "test":
            duplicates = policy.test_duplicates
        cleaned[role] = clean_records(seen[role].of(records), policy, duplicates)
        if role == "train" and reading.sites and reading.sites.negatives_per_positive:
            _under_sample(cleaned[role], reading.sites)
        result = cleaned[role]
        check_both_classes(result.records, f"the {role} data", result.reasons)
    train = cleaned["train"].records
    test = cleaned.get("test", Cleaned([])).records
    unique_across_roles(train, test)
    test.sort(key=lambda record: (sha256_rows([record.sequence]), record.id))

    SEQUENCES.write(
        outputs.sequences,
        pa.concat_tables(
            [
                sequences_table(train, "train", labelled=True),
                sequences_table(test, "test", labelled=False),
            ]
        ),
    )
    columns = zip(*whole) if whole else ([], [], [])
    PROTEINS.write(outputs.proteins, PROTEINS.of(*columns))
    LABELS.write(
        outputs.test_labels, LABELS.of([r.id for r in test], [r.label for r in test])
    )
    write_rejected(
        outputs.rejected, [row for c in cleaned.values() for row in c.rejected]
    )
    by_role = Counts(**{role: c.counts for role, c in cleaned.items()})
    by_role.write(outputs.counts)
    Inputs(
        train=seen["train"].digest(),
        test=seen["test"].digest() if "test" in cleaned else None,
    ).write(outputs.inputs)
    return by_role


def _records(files, reading):
    """Records of one role, from files of a class or labelled ones."""
    labels: dict[str, int | None] | None = None
    for file in files:
        if file["kind"] == "labels":
            labels = _joined(labels or {}, read_labels(file["path"], reading), file)
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


def _joined(labels, more, file):
    """Labels of several tables; two labels for one id are refused."""
    for identifier, label in more.items():
        if labels.setdefault(identifier, label) != label:
            raise EvenfoldError(
                f"{file['path']}: a second, other label for {identifier!r}, which another "
                "table of labels has too"
            )
    return labels


def _under_sample(cleaned, settings):
    ratio = settings.negatives_per_positive
    cleaned.records, out = under_sampled(cleaned.records, ratio, settings.seed)
    reason = f"negative not drawn ({ratio:g} per positive)"
    for record in out:
        cleaned.reject(record, reason, "not_drawn")


def sequences_table(records: list[Record], role: str, labelled: bool) -> pa.Table:
    """Table of the sequences of one role.

    Parameters
    ----------
    records : list of Record
    role : {'train', 'test'}
    labelled : bool
        Whether the labels are in it; otherwise they are null.

    Returns
    -------
    pyarrow.Table
    """
    return SEQUENCES.of(
        [record.id for record in records],
        [record.sequence for record in records],
        [record.source for record in records],
        [role] * len(records),
        [record.label if labelled else None for record in records],
    )
