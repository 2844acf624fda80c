"""What needs the labels of the test set: computed inside the look, and there alone."""

import ast
import gzip

import numpy as np
import pandas as pd
import pytest

from evenfold.config.grouping import Grouping
from evenfold.evaluation.against_training import Given, labels_told, opposite_labels
from evenfold.records.evaluation import Completion, Evaluation, LabelsTold
from evenfold.records.tables import CROSSING, SEQUENCES
from evenfold.reporting.sections import notes
from evenfold.sequences.grouping import group
from tests.conftest import ROOT
from tests.unit import reporting_states as states
from tests.unit.test_homology import random_sequence

COPY, ALIGNED = "exact copy", "Smith-Waterman"


def given(*relatives, **labels):
    return Given(labels or {"a": 1, "b": 0, "c": 1}, list(relatives))


def test_copies_with_the_other_label_are_counted_once_with_their_first_ids():
    (found,) = opposite_labels(
        {"x": 0, "y": 1, "z": 1},
        given(
            ("a", "x", COPY, 1.0), ("b", "x", COPY, 1.0), ("c", "x", COPY, 1.0),
            ("a", "y", COPY, 1.0),
        ),
    )  # fmt: skip
    assert (found.kind, found.n, found.opposite) == ("exact copies", 2, 1)
    assert found.examples == [["x", "a"]]


def test_near_copies_are_told_apart_from_exact_ones():
    exact, near = opposite_labels(
        {"x": 0, "y": 0, "z": 0, "w": 0},
        given(
            ("a", "x", COPY, 1.0),
            ("a", "x", ALIGNED, 0.95),
            ("a", "y", ALIGNED, 0.9),
            ("c", "z", ALIGNED, 0.89),
            ("b", "w", ALIGNED, 0.99),
        ),
    )
    assert (exact.n, exact.opposite) == (1, 1)
    assert near.kind == "relatives of 90% identity"
    assert (near.n, near.opposite, near.examples) == (2, 1, [["y", "a"]])


def test_of_one_protein_or_of_no_copies_nothing_is_claimed():
    assert opposite_labels({"x": 0}, given()) == []
    assert (
        opposite_labels({"x": 0}, given(("a", "x", "same source protein", 0.0))) == []
    )
    (agree,) = opposite_labels({"x": 1}, given(("a", "x", COPY, 1.0)))
    assert (agree.n, agree.opposite, agree.examples) == (1, 0, [])


def look(train, test, labels, called, relatives=(), trained=None):
    n = len(test)
    ids = [f"t{i}" for i in range(n)]
    predictions = pd.DataFrame(
        {"id": ids, "variant": "bce", "label": labels, "called": called}
    )
    # Another variant, and an order of its own.
    other = predictions.assign(variant="focal", called=0)
    predictions = pd.concat([other, predictions.iloc[::-1]], ignore_index=True)
    trained = [i % 2 for i in range(len(train))] if trained is None else trained
    frame = pd.DataFrame(
        {
            "id": [f"r{i}" for i in range(len(train))],
            "sequence": train,
            "label": trained,
        }
    )
    return labels_told(
        predictions,
        "bce",
        Given(dict(zip(frame["id"], trained)), list(relatives)),
        frame,
        pd.DataFrame({"id": ids, "sequence": test}),
    )


def sequences(n, low, high, seed=0):
    generator = np.random.default_rng(seed)
    return [random_sequence(generator, k) for k in generator.integers(low, high, n)]


def test_the_classes_of_both_roles_are_counted():
    found = look(
        sequences(40, 20, 30), sequences(12, 20, 30, 1), [1] * 5 + [0] * 7, [0] * 12,
        trained=[1] * 10 + [0] * 30,
    )  # fmt: skip
    assert (found.positives, found.negatives) == (5, 7)
    assert (found.train_positives, found.train_negatives) == (10, 30)


def test_a_champion_that_fails_on_other_lengths_is_counted_there():
    """Half of the test set is short; of these none is called positive."""
    labels = [1, 0] * 40
    called = [1, 0] * 20 + [0, 0] * 20
    train = sequences(200, 60, 100)
    test = sequences(40, 60, 100, 1) + sequences(40, 10, 20, 2)
    by = {one.by: one for one in look(train, test, labels, called).alike}
    length = by["length"]
    low, high = length.limits
    assert 60 <= low < high <= 99
    alike, other = length.alike, length.other
    assert alike.tp + alike.tn + other.tp + other.tn == 60 and other.tp <= 1
    assert alike.fn + other.fn == 20 and other.fn >= 19 and alike.fn <= 1


def test_test_sequences_as_long_as_the_training_ones_are_not_divided():
    train, test = sequences(200, 31, 32), sequences(80, 31, 32, 1)
    found = look(train, test, [1, 0] * 40, [1, 0] * 40)
    assert [one.by for one in found.alike] in ([], ["composition"])


def test_a_composition_of_its_own_is_a_part_of_the_test_set():
    train = sequences(200, 40, 41)
    test = sequences(40, 40, 41, 1) + ["K" * 20 + s for s in sequences(40, 20, 21, 2)]
    labels = [1, 0] * 40
    found = look(train, test, labels, [1, 0] * 20 + [1, 1] * 20)
    (composition,) = [one for one in found.alike if one.by == "composition"]
    assert composition.limits is None
    assert composition.other.fp == 20 and composition.alike.fp == 0


def test_the_given_training_data_are_read_with_what_was_dropped(tmp_path):
    SEQUENCES.write(
        tmp_path / "s.parquet",
        SEQUENCES.of(
            ["a", "b", "t"], ["AC", "CC", "AC"], [""] * 3, ["train", "train", "test"],
            [1, 0, None],
        ),
    )  # fmt: skip
    CROSSING.write(
        tmp_path / "c.parquet", CROSSING.of(["a"], ["t"], [COPY], [1.0], [1.0])
    )
    found = Given.read(tmp_path / "s.parquet", tmp_path / "c.parquet")
    assert found.labels == {"a": 1, "b": 0}
    assert found.relatives == [("a", "t", COPY, 1.0)]


def test_records_of_earlier_versions_are_read(tmp_path):
    path = tmp_path / "evaluation.json"
    told = states.evaluation().dump()
    assert "labels" not in told
    Evaluation.of(told).write(path)
    assert Evaluation.read(path).labels is None
    done = {"variants": {}, "predictions": "p", "sha256": "s"}
    assert Completion.of(done).labels is None
    done["measures"] = {"labels": {"positives": 3, "negatives": 4}}
    assert Completion.of(done).labels == LabelsTold(positives=3, negatives=4)


@pytest.mark.parametrize("script", ["audit", "report", "select", "tune", "train"])
def test_no_rule_but_the_look_reads_what_needs_test_labels(script):
    text = (ROOT / "workflow/scripts" / f"{script}.py").read_text(encoding="utf-8")
    names = {node.module for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)}  # fmt: skip
    assert not {n for n in names if n.startswith("evenfold.evaluation")}


def peptides(shared_data):
    """Training peptides of neuropred, each with its label."""
    with gzip.open(shared_data / "neuropred" / "train.fasta.gz", "rt") as lines:
        text = [line.strip() for line in lines]
    headers, found = text[::2], text[1::2]
    return found[::13], [int(header.rsplit("|", 1)[1]) for header in headers[::13]]


def simulated(_):
    return sequences(300, 8, 40), [i % 2 for i in range(300)]


@pytest.mark.parametrize("kind", [peptides, simulated])
@pytest.mark.parametrize("flipped", [0, 1])
def test_planted_copies_are_told_of_real_and_of_simulated_peptides(
    kind, flipped, shared_data
):
    """From the search for relatives to the note, and its colour."""
    letters, labels = kind(shared_data)
    train, test = letters[:-40], [*letters[-40:], *letters[:20]]
    true = np.array([*labels[-40:], *(abs(y - flipped) for y in labels[:20])])
    ids = [f"r{i}" for i in range(len(train))] + [f"t{i}" for i in range(60)]
    is_test = np.array([False] * len(train) + [True] * 60)
    found = group([*train, *test], [""] * len(ids), is_test, Grouping())
    pairs = [(ids[a], ids[b], kind, near) for a, b, kind, near, _ in found.crossing]
    told = look(train, test, true.tolist(), true.tolist(), pairs, trained=labels[:-40])
    exact = told.opposite[0]
    assert (exact.kind, exact.n) == ("exact copies", 20)
    assert exact.opposite == 20 * flipped
    state = states.facts(evaluation=states.evaluation(labels=told))
    said = [n for n in notes.notes(state) if "20 test sequences with exact" in n.text]
    assert [note.colour for note in said] == ["red"] * flipped
