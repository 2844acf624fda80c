import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenfold.config.cleaning import Cleaning
from evenfold.config.reading import Reading
from evenfold.errors import EvenfoldError
from evenfold.files import sha256_file
from evenfold.records.tables import SEQUENCES
from evenfold.sequences.cleaning import (
    CleanOutputs,
    check_both_classes,
    check_fetched,
    clean_files,
    clean_records,
    clean_sequence,
    unique_across_roles,
)
from evenfold.sequences.reading import Record

NUMBERS = itertools.count(1)


def record(sequence, label=1, name=None):
    n = next(NUMBERS)
    return Record(name or f"r{n}", sequence, "", label, f"file record {n}")


@pytest.mark.parametrize(
    "sequence, policy, cleaned, reason",
    [
        ("mkv", {}, "MKV", None),
        ("mkv", {"lower_case": "reject"}, None, "lower-case"),
        ("MKU", {}, "MKX", None),
        ("MKB", {"ambiguous": "keep"}, "MKB", None),
        ("MKZ", {"ambiguous": "reject"}, None, "residue Z"),
        ("MXX", {}, "MXX", None),
        ("MXX", {"unknown": "reject"}, None, "unknown"),
        ("MKV*", {}, "MKV", None),
        ("MKV*", {"stop": "reject"}, None, "final *"),
        ("MK*V", {}, None, "inside"),
        ("MK-V", {}, None, "gap"),
        ("MK-V", {"gap": "keep"}, "MK-V", None),
        ("MK-V", {"gap": "remove"}, "MKV", None),
        ("MK1V", {}, None, "'1' at position 3"),
        ("MK V", {}, None, "' ' at position 3"),
        ("MK", {"min_length": 3}, None, "2 residues"),
        ("M--K", {"gap": "keep", "min_length": 3}, None, "2 residues"),
        ("MKVL", {"max_length": 3}, None, "4 letters"),
        ("", {}, None, "0 residues"),
        ("XXXX", {}, None, "unknown residues alone"),
        ("BUX", {"ambiguous": "keep"}, None, "unknown residues alone"),
        ("-", {"gap": "keep"}, None, "0 residues"),
        ("MKß", {}, None, "letter 'ß' at position 3"),
        ("MKﬁ", {}, None, "letter 'ﬁ' at position 3"),
        ("mkıv", {}, None, "letter 'ı' at position 3"),
    ],
)
def test_letter_and_length_policy(sequence, policy, cleaned, reason):
    found, why = clean_sequence(sequence, Cleaning(**policy))
    if reason is None:
        assert (found, why) == (cleaned, None)
    else:
        assert reason in why


def test_duplicates_are_dropped_or_kept_with_ids_of_their_own():
    def rows():
        return [
            record("MKV", name="a"),
            record("MKV", name="a"),
            record("MKV", name="b"),
        ]

    dropped = clean_records(rows(), Cleaning(), "drop")
    assert [r.id for r in dropped.records] == ["a"]
    assert [reason for _, _, reason in dropped.rejected] == ["duplicate of a"] * 2
    kept = clean_records(rows(), Cleaning(), "keep")
    assert [r.id for r in kept.records] == ["a", "a~2", "b"]
    assert kept.counts.duplicates == 2


def test_conflicting_labels_are_dropped_on_both_sides_or_refused():
    rows = [record("MKV", 1), record("MKV", 0), record("ACD", 0)]
    cleaned = clean_records(rows, Cleaning(), "keep")
    assert [r.sequence for r in cleaned.records] == ["ACD"]
    assert cleaned.counts.conflicting == 2
    with pytest.raises(EvenfoldError, match="other label"):
        clean_records(
            [record("MKV", 1), record("mkv", 0)], Cleaning(conflicts="error"), "keep"
        )


def test_an_id_of_several_sequences_is_numbered_by_content():
    """Files of both classes numbered from 1: the order must not tell the class."""
    sequences = ["MKVA", "MKAA", "ACDE"]
    found = []
    for order in (sequences, sequences[::-1]):
        rows = [record(s, name="1") for s in order]
        cleaned = clean_records(rows, Cleaning(), "keep")
        assert cleaned.counts.renamed == 2 and cleaned.counts.duplicates == 0
        found.append({r.sequence: r.id for r in cleaned.records})
    assert found[0] == found[1] and set(found[0].values()) == {"1", "1~2", "1~3"}


def test_a_numbered_id_never_is_one_that_stands_there_already():
    rows = [record("MKV", name=n) for n in ("p0", "p0", "p0~2", "p0~2")]
    ids = [r.id for r in clean_records(rows, Cleaning(), "keep").records]
    assert ids == ["p0", "p0~3", "p0~2", "p0~2~2"]
    train = [record("MKV", name="x")]
    test = [record("MKV", name=n) for n in ("x", "x@test")]
    unique_across_roles(train, test)
    assert [r.id for r in test] == ["x@test@test", "x@test"]


def test_nothing_left_and_one_class_are_errors():
    with pytest.raises(EvenfoldError, match="left no sequence"):
        clean_records([record("M1")], Cleaning(), "drop")
    with pytest.raises(EvenfoldError, match=r"every sequence \(2\) is positive"):
        check_both_classes([record("MK"), record("AC")], "the train data")


@pytest.mark.parametrize(
    "sequence, words",
    [
        ("1MKV", "GenBank's layout"),
        ("MK#V", "MusiteDeep marks sites with #"),
        ("__MKV", r"Where _, \. or \* pads windows, write - in its place"),
        ("**MKV", r"Where _, \. or \* pads windows, write - in its place"),
        ("M\0K\0V\0", "Zeros between the letters are UTF-16 without its mark"),
        ("-MKV", "gap: keep"),
        ("M*KV", r"\* inside the sequence \(3\)"),
    ],
)
def test_a_class_that_cleaning_rejected_whole_is_said_to_be_so(sequence, words):
    rows = [record(sequence, 1) for _ in range(3)] + [record("ACD", 0)]
    cleaned = clean_records(rows, Cleaning(), "drop")
    with pytest.raises(
        EvenfoldError, match=r"rejected every positive one \(3\)"
    ) as error:
        check_both_classes(cleaned.records, "the train data", cleaned.reasons)
    assert re.search(words, str(error.value))


def test_a_row_without_label_is_rejected_and_counted():
    rows = [record("MKV"), record("MKA", None), record("M-A")]
    cleaned = clean_records(rows, Cleaning(), "drop")
    assert [r.sequence for r in cleaned.records] == ["MKV"]
    assert cleaned.rejected[0][2] == "no label: its place is empty"
    assert (cleaned.counts.unlabelled, cleaned.counts.gapped) == (1, 1)


@given(
    st.lists(
        st.tuples(st.text("ACDXBU*-a1", max_size=4), st.integers(0, 1)), max_size=30
    ),
    st.sampled_from(["drop", "keep"]),
)
def test_nothing_vanishes(rows, duplicates):
    given_rows = [Record(f"r{i}", s, "", y, f"f {i}") for i, (s, y) in enumerate(rows)]
    try:
        cleaned = clean_records(given_rows, Cleaning(), duplicates)
    except EvenfoldError:
        return
    assert len(cleaned.records) + len(cleaned.rejected) == len(rows)
    counts = cleaned.counts
    assert (counts.read, counts.kept) == (len(rows), len(cleaned.records))
    rejected = counts.unfit + counts.conflicting + counts.dropped_duplicates
    assert rejected == len(cleaned.rejected)
    assert (counts.duplicates == counts.dropped_duplicates) or duplicates == "keep"
    assert {r.id for r in cleaned.records}.isdisjoint(i for i, _, _ in cleaned.rejected)
    assert len({r.id for r in cleaned.records}) == len(cleaned.records)
    for one in cleaned.records:
        assert clean_sequence(one.sequence, Cleaning()) == (one.sequence, None)


@pytest.mark.parametrize("other", [0, 1])
def test_two_tables_of_labels_must_agree(tmp_path, other):
    texts = {
        "a.fasta": ">a\nMKV\n>b\nACD\n",
        "one.csv": "id,label\na,1\nb,0\n",
        "two.csv": f"id,label\na,{other}\n",
    }
    files = []
    for name, text in texts.items():
        path, kind = tmp_path / name, "sequences" if ".fasta" in name else "labels"
        path.write_text(text)
        files.append({"path": str(path), "name": name, "kind": kind, "role": "train",
                      "label": None})  # fmt: skip
    outputs = CleanOutputs(*(tmp_path / str(number) for number in range(6)))
    if other:
        assert clean_files(files, Reading(), outputs).train.kept == 2
        return
    with pytest.raises(EvenfoldError, match=r"two\.csv: a second, other label for 'a'"):
        clean_files(files, Reading(), outputs)


def test_a_fetched_file_is_held_against_its_checksum(tmp_path):
    path = tmp_path / "a.fasta"
    path.write_text(">a\nMKV\n")
    check_fetched(path, sha256_file(path))
    with pytest.raises(
        EvenfoldError, match=r"changed since it was fetched.*Fetch it again"
    ):
        check_fetched(path, "0" * 64)


def test_each_role_has_a_policy_of_its_own_for_copies(tmp_path):
    files = []
    for role in ("train", "test"):
        for label, letters in ((1, "MKV"), (0, "ACD")):
            path = tmp_path / f"{role}{label}.fasta"
            path.write_text(
                "".join(f">{i}\n{letters}{role[1]}\n" for i in "ab").upper()
            )
            files.append({"path": str(path), "name": path.name, "kind": "sequences",
                          "role": role, "label": label})  # fmt: skip
    for policy, kept in ((("drop", "keep"), (2, 4)), (("keep", "drop"), (4, 2))):
        outputs = CleanOutputs(*(tmp_path / str(number) for number in range(6)))
        cleaning = dict(zip(("train_duplicates", "test_duplicates"), policy))
        counts = clean_files(files, Reading(cleaning=cleaning), outputs)
        assert (counts.train.kept, counts.test.kept) == kept
        roles = SEQUENCES.arrow(outputs.sequences).column("role").to_pylist()
        assert (roles.count("train"), roles.count("test")) == kept


@pytest.mark.parametrize(
    "sequence", ["MetLysValLeu", "METLYSVALLEUSER", "AlaCysAspGlu"]
)
def test_three_letter_codes_are_no_sequence_of_letters(sequence):
    assert clean_sequence(sequence, Cleaning())[1] == (
        "three-letter codes of residues, where one letter each is read"
    )


@pytest.mark.parametrize("sequence", ["ALAALAALAALA", "METLYSVAL", "METLYSVALLE"])
def test_what_chance_or_a_repeat_makes_is_a_sequence(sequence):
    assert clean_sequence(sequence, Cleaning())[1] is None
