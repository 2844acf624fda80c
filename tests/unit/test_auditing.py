import numpy as np
import pytest

from evenfold.config import Grouping
from evenfold.sequences.auditing import audit
from evenfold.sequences.simulate import Simulation, demo, families, log_odds
from tests.unit.test_homology import mutate, random_sequence

NOTHING = {"policy": "drop", "related": {}}


def run(sequences, is_test, fold, sources=None, counts=None, split=NOTHING):
    return audit(
        sequences,
        [f"r{i}" for i in range(len(sequences))],
        sources or [""] * len(sequences),
        np.array(is_test),
        np.array(fold),
        Grouping(),
        counts or {},
        split,
    )


def severities(found):
    return [finding["severity"] for finding in found["findings"]]


@pytest.fixture(scope="module")
def unrelated():
    generator = np.random.default_rng(5)
    return [random_sequence(generator, 60) for _ in range(40)]


def test_nothing_is_found_in_unrelated_sequences(unrelated):
    found = run(unrelated, [False] * 30 + [True] * 10, [i % 3 for i in range(40)])
    assert severities(found) == ["ok", "ok"]
    assert found["test_to_train"]["close"] == 0
    assert sum(found["test_to_train"]["histogram"]["counts"]) == 10


def test_a_planted_copy_across_the_split_and_across_folds_is_serious(unrelated):
    generator = np.random.default_rng(6)
    sequences = [*unrelated, mutate(unrelated[0], 0.2, generator), unrelated[1]]
    is_test = [False] * 40 + [True, False]
    fold = [0] * 20 + [1] * 20 + [-1, 1]
    found = run(sequences, is_test, fold)
    across_split, across_folds = found["findings"]
    assert across_split["severity"] == "serious"
    assert across_split["examples"] == [["r40", "r0"]]
    assert across_folds["n"] == 2
    assert ["r1", "r41"] in across_folds["examples"]


def test_sources_that_cross_folds_are_named(unrelated):
    found = run(
        unrelated[:4], [False] * 4, [0, 1, 0, 1], sources=["P1", "P1", "P2", "P3"]
    )
    assert found["findings"][-1]["severity"] == "serious"
    assert found["findings"][-1]["examples"] == [["P1"]]


def test_what_cleaning_and_splitting_did_is_told(unrelated):
    counts = {
        "train": {
            "read": 100,
            "rejected by letters or length": 2,
            "rejected as conflicting": 4,
            "duplicate rows": 3,
            "rejected as duplicate": 3,
        }
    }
    split = {"policy": "report", "related": {"exact copies": 6, "homologs": 0}}
    found = run(unrelated[:4], [False] * 4, [0, 1, 0, 1], counts=counts, split=split)
    titles = " | ".join(finding["title"] for finding in found["findings"])
    for words in ("2 of 100 records", "4 rows carry both", "3 duplicate rows (dropped)",
                  "6 training sequences related"):  # fmt: skip
        assert words in titles
    assert severities(found)[:4] == ["warning", "warning", "info", "serious"]


def test_the_simulator_repeats_and_plants_what_it_says():
    assert demo() == demo()
    assert demo(Simulation(seed=8)) != demo()
    simulation = Simulation(n_train=4000)
    made = families(4000, simulation, np.random.default_rng(1), "S")
    labels = np.array([label for _, _, label in made])
    assert abs(labels.mean() - simulation.positives) < 0.03
    ratio = log_odds([sequence for _, sequence, _ in made], simulation)
    order = ratio.argsort().argsort()
    n1 = labels.sum()
    area = (order[labels == 1].sum() - n1 * (n1 - 1) / 2) / (n1 * (4000 - n1))
    assert 0.94 < area < 0.98


def test_the_committed_demo_is_what_the_command_makes(tmp_path):
    from evenfold.sequences.simulate import write_demo
    from tests.conftest import ROOT

    for path in write_demo(tmp_path):
        assert path.read_text() == (ROOT / "resources/demo" / path.name).read_text()
