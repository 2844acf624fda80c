from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenfold.config.split import Split
from evenfold.errors import EvenfoldError
from evenfold.files import write_json
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
from evenfold.sequences.splitting import (
    Relatives,
    SplitInputs,
    SplitOutputs,
    assign_folds,
    hold_out,
    split_files,
)


def data(n=300, groups=80, positives=0.3, seed=0):
    generator = np.random.default_rng(seed)
    clusters = generator.integers(0, groups, n)
    labels = (generator.random(n) < positives).astype(int)
    return labels, clusters


@given(st.integers(0, 50), st.integers(2, 6))
@settings(max_examples=25, deadline=None)
def test_no_group_crosses_folds_and_each_fold_has_both_classes(seed, folds):
    labels, clusters = data(seed=seed)
    fold = assign_folds(labels, clusters, Split(folds=folds), seed=1)
    assert set(fold) == set(range(folds))
    for cluster in np.unique(clusters):
        assert len(np.unique(fold[clusters == cluster])) == 1
    for number in range(folds):
        assert set(labels[fold == number]) == {0, 1}


def test_folds_are_deterministic_by_seed():
    labels, clusters = data()
    one, same, other = (assign_folds(labels, clusters, Split(), s) for s in (1, 1, 2))
    assert (one == same).all()
    assert (one != other).any()


def test_the_held_out_share_is_about_what_was_asked_for():
    labels, clusters = data(n=2000, groups=900)
    held = hold_out(labels, clusters, Split(test_fraction=0.25), 1)
    assert 0.2 < held.mean() < 0.3
    assert not set(clusters[held]) & set(clusters[~held])


def test_too_few_of_a_class_says_what_to_change():
    labels = np.r_[np.ones(3, int), np.zeros(50, int)]
    with pytest.raises(EvenfoldError) as error:
        assign_folds(labels, np.arange(53), Split(), 1)
    for words in ("3 positive sequences", "folds: 3", "grouping"):
        assert words in str(error.value)


def test_a_class_of_one_group_is_not_advised_what_would_be_refused():
    """`folds: 2` is the fewest, and needs two groups too."""
    labels = np.array([1, 1, 0, 0, 0, 0])
    for clusters in ([0, 0, 1, 2, 3, 4], [0, 0, 1, 1, 2, 2]):
        with pytest.raises(EvenfoldError, match="one independent group") as error:
            assign_folds(labels, np.array(clusters), Split(), seed=1)
        assert "folds:" not in str(error.value)
        assert "Add positive sequences" in str(error.value)


def test_one_sequence_of_a_class_is_told_as_one():
    labels = np.array([1, 0, 0, 0])
    with pytest.raises(EvenfoldError) as error:
        assign_folds(labels, np.arange(4), Split(), seed=1)
    assert str(error.value) == (
        "cross-validation needs 5 parts with both classes, but there is only 1 positive "
        "sequence. Add positive sequences that are not related to it."
    )


def test_one_giant_group_is_named_with_its_size():
    labels = np.r_[np.tile([0, 1], 100), 0, 0, 0, 0, 0, 1, 1, 1, 1, 1]
    clusters = np.r_[np.zeros(200, int), np.arange(1, 6), np.arange(1, 6)]
    with pytest.raises(EvenfoldError, match=r"200 of 210 .* 2, 2, 2.*higher identity"):
        assign_folds(labels, clusters, Split(), 1)
    lonely = np.r_[np.tile([0, 1], 100), np.zeros(8, int), np.ones(4, int)]
    clusters = np.r_[np.zeros(200, int), np.arange(1, 9), np.full(4, 9)]
    with pytest.raises(EvenfoldError, match="independent groups"):
        assign_folds(lonely, clusters, Split(), 1)


# --- files --------------------------------------------------------------------------


def test_the_closest_relation_of_a_sequence_is_the_one_that_is_kept():
    found = Relatives.of(
        [
            ("a", "t1", "same source protein", 0.0),
            ("a", "t2", "Smith-Waterman", 0.9),
            ("b", "t3", "MMseqs2", 1.0),
            ("b", "t4", "exact copy", 1.0),
            ("c", "t5", "same source protein", 0.0),
        ]
    )
    assert found.relation == {
        "a": "homolog (Smith-Waterman, identity 90%) of test sequence t2",
        "b": "exact copy of test sequence t4",
        "c": "same source protein as test sequence t5",
    }
    assert found.counts == {"exact copies": 1, "homologs": 2, "same source protein": 2}


def inputs_of(folder, train=40, test=0, crossing=()):
    """Files of `clean` and `group`: every sequence is a group of its own."""
    ids = [f"r{i}" for i in range(train)] + [f"t{i}" for i in range(test)]
    roles = ["train"] * train + ["test"] * test
    labels = [i % 2 for i in range(train)] + [None] * test
    inputs = SplitInputs(
        *(str(folder / f"{name}.in") for name in SplitInputs.__dataclass_fields__)
    )
    n = len(ids)
    sequences = ["ACD" + "-" * (i % 3) for i in range(n)]
    SEQUENCES.write(
        inputs.sequences, SEQUENCES.of(ids, sequences, [""] * n, roles, labels)
    )
    LABELS.write(inputs.test_labels, LABELS.of(ids[train:], [0] * test))
    write_rejected(inputs.rejected, [["odd", "a.fasta record 1", "letter"]])
    GROUPS.write(inputs.groups, GROUPS.of(ids, np.arange(n)))
    columns = zip(*crossing) if crossing else [[]] * 5
    CROSSING.write(inputs.crossing, CROSSING.of(*columns))
    return inputs


def split_in(folder, inputs, **settings):
    outputs = SplitOutputs(
        *(str(folder / f"{name}.out") for name in SplitOutputs.__dataclass_fields__)
    )
    facts = split_files(inputs, outputs, Split(folds=4, **settings), 1)
    assert SplitFacts.read(outputs.facts) == facts
    return outputs, facts


RELATED = [("r1", "t0", "exact copy", 1.0, 1.0), ("r2", "t1", "MMseqs2", 0.5, 0.9)]


def test_the_same_seed_makes_the_same_split(tmp_path):
    inputs = inputs_of(tmp_path, test=6)
    one, other = (
        Path(split_in(tmp_path, inputs)[0].split).read_bytes() for _ in range(2)
    )
    assert one == other


def test_relatives_of_the_test_set_are_dropped_and_listed(tmp_path):
    inputs = inputs_of(tmp_path, test=6, crossing=RELATED)
    outputs, facts = split_in(tmp_path, inputs)
    ids = SEQUENCES.arrow(outputs.sequences).column("id").to_pylist()
    assert "r0" in ids and "r1" not in ids and "r2" not in ids and len(ids) == 44
    assert read_rejected(outputs.rejected) == [
        ["odd", "a.fasta record 1", "letter"],
        ["r1", "split", "exact copy of test sequence t0"],
        ["r2", "split", "homolog (MMseqs2, identity 50%) of test sequence t1"],
    ]
    assert (facts.n_train, facts.n_test, facts.rejected) == (38, 6, 3)
    assert (facts.related, facts.related_sequences) == (
        {"exact copies": 1, "homologs": 1}, 2)  # fmt: skip
    assert (facts.related_test, facts.related_test_sequences) == (
        {"exact copies": 1, "homologs": 1}, 2)  # fmt: skip
    assert facts.removed and facts.n_given == 40
    assert not facts.held_out and facts.longest == 5
    assert sum(facts.fold_sizes) == 38 and sum(facts.fold_positives) == 19
    split = SPLIT.arrow(outputs.split)
    assert split.column("id").to_pylist() == ids
    assert split.column("fold").to_pylist()[38:] == [None] * 6
    # The sealed labels are passed on unread.
    with (
        open(inputs.test_labels, "rb") as one,
        open(outputs.test_labels, "rb") as other,
    ):
        assert one.read() == other.read()


def test_relatives_are_kept_where_the_policy_says_so(tmp_path):
    inputs = inputs_of(tmp_path, test=6, crossing=RELATED)
    outputs, facts = split_in(tmp_path, inputs, train_test_homologs="report")
    assert (facts.policy, facts.n_train, facts.rejected) == ("report", 40, 1)
    assert facts.related_sequences == facts.related_test_sequences == 2
    assert not facts.removed and facts.n_given == 40
    assert len(SEQUENCES.arrow(outputs.sequences)) == 46


def test_a_test_sequence_with_many_relatives_is_one_test_sequence():
    found = Relatives.of(
        [
            ("r1", "t0", "exact copy", 1.0),
            ("r2", "t0", "exact copy", 1.0),
            ("r2", "t1", "MMseqs2", 0.5),
            ("r3", "t1", "same source protein", 0.0),
        ]
    )
    assert found.tested == {"t0", "t1"} and len(found.relation) == 3
    assert found.counts == {"exact copies": 2, "homologs": 1, "same source protein": 1}
    assert found.test_counts == {
        "exact copies": 1, "homologs": 1, "same source protein": 1}  # fmt: skip


def test_facts_of_an_earlier_version_are_read(tmp_path):
    _, facts = split_in(tmp_path, inputs_of(tmp_path, test=6, crossing=RELATED))
    older = facts.dump()
    del older["related_test"], older["related_test_sequences"]
    write_json(tmp_path / "older.json", older)
    assert SplitFacts.read(tmp_path / "older.json").related_test_sequences is None


def test_a_held_out_test_set_takes_its_labels_along(tmp_path):
    outputs, facts = split_in(tmp_path, inputs_of(tmp_path))
    table = SEQUENCES.arrow(outputs.sequences)
    is_test = [role == "test" for role in table.column("role").to_pylist()]
    assert facts.held_out and (facts.n_train, facts.n_test) == (32, 8)
    labels = table.column("label").to_pylist()
    assert [label is None for label in labels] == is_test
    sealed = LABELS.arrow(outputs.test_labels)
    test_ids = table.filter(pa.array(is_test)).column("id")
    assert sealed.column("id").to_pylist() == test_ids.to_pylist()
    wanted = [int(identifier[1:]) % 2 for identifier in test_ids.to_pylist()]
    assert sealed.column("label").to_pylist() == wanted


def test_nothing_left_to_train_on_is_said(tmp_path):
    every = [(f"r{i}", "t0", "exact copy", 1.0, 1.0) for i in range(40)]
    inputs = inputs_of(tmp_path, test=6, crossing=every)
    with pytest.raises(EvenfoldError, match="every training sequence is related"):
        split_in(tmp_path, inputs)
