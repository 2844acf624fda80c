"""Ids that are unique, whatever the files repeat."""

from collections import defaultdict

from evenfold.files import sha256_rows
from evenfold.sequences.reading import Record


def give_ids(records: list[Record], copies: bool = True) -> None:
    """Give records whose id another one has an id of their own: `id~2`, `id~3`.

    Which of them keeps the id is decided by the sequences, not by the order of the files:
    that would tell the class, where both classes are numbered from 1.

    Parameters
    ----------
    records : list of Record
        Their ids are changed.
    copies : bool
        Whether a copy, of the same id and sequence, gets an id of its own too.
    """
    by_id: dict[str, dict[str, list[Record]]] = defaultdict(lambda: defaultdict(list))
    for record in records:
        by_id[record.id][record.sequence].append(record)
    taken = set(by_id)
    for identifier, by_sequence in by_id.items():
        groups = [same for _, same in sorted(by_sequence.items(), key=_by_content)]
        if copies:
            groups = [[record] for same in groups for record in same]
        number = 2
        for same in groups[1:]:
            while f"{identifier}~{number}" in taken:
                number += 1
            taken.add(f"{identifier}~{number}")
            for record in same:
                record.id = f"{identifier}~{number}"


def _by_content(item):
    return sha256_rows([item[0]])


def unique_across_roles(train: list[Record], test: list[Record]) -> None:
    """Give test records whose id also stands in training an id of their own.

    Parameters
    ----------
    train, test : list of Record
        Those of `test` are changed.
    """
    trained = {record.id for record in train}
    taken = trained | {record.id for record in test}
    for record in test:
        if record.id in trained:
            while record.id in taken:
                record.id += "@test"
            taken.add(record.id)
