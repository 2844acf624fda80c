import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenfold.config.cleaning import Cleaning
from evenfold.errors import EvenfoldError
from evenfold.sequences.cleaning import (
    check_both_classes,
    clean_records,
    clean_sequence,
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


def test_one_id_with_two_sequences_is_an_error_that_names_both_places():
    rows = [record("MKV", name="same"), record("MKA", name="same")]
    with pytest.raises(EvenfoldError) as error:
        clean_records(rows, Cleaning(), "keep")
    assert rows[0].origin in str(error.value)
    assert rows[1].origin in str(error.value)


def test_nothing_left_and_one_class_are_errors():
    with pytest.raises(EvenfoldError, match="left no sequence"):
        clean_records([record("M1")], Cleaning(), "drop")
    with pytest.raises(EvenfoldError, match="all 2 sequences are positive"):
        check_both_classes([record("MK"), record("AC")], "the train data")


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
