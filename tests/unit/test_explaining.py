"""What models look at: planted motifs are found, and contributions add up."""

import json
import logging
from functools import cache

import numpy as np
import pandas as pd
import pytest
import torch
import xgboost

from evenfold.config.training import Training
from evenfold.explaining import contributions
from evenfold.explaining.columns import added, covers, shapley
from evenfold.explaining.contributions import (
    contributions_files,
    explained,
    sample,
)
from evenfold.explaining.residues import (
    by_position,
    by_residue,
    changes,
    logits_of,
    places_of,
)
from evenfold.features import FeatureSet
from evenfold.models.classical import _trees_of
from evenfold.models.data import TrainingData
from evenfold.models.ensemble import Ensemble
from evenfold.models.settings import Specification
from evenfold.models.training import train_ensemble
from evenfold.records.contributions import Contributions
from evenfold.records.sequences import SplitFacts
from evenfold.records.tables import SEQUENCES, SPLIT
from evenfold.reporting.sections.looks_at import beyond_chance, deciding
from evenfold.sequences.simulate import _MOTIF, Simulation, families
from tests.unit import reporting_states as states

#: Models and features that windows are trained with by default, small.
MODELS = {
    "logistic_regression": {"features": ["onehot", "aac"]},
    "gradient_boosting": {"features": ["zscales", "aac"]},
    "feedforward": {"features": ["blosum62", "aac"], "hidden": [16, 8], "epochs": 3},
    "convolutional": {
        "features": ["tokens"],
        "channels": 8,
        "embedding": 8,
        "widths": [1],
        "epochs": 12,
        "learning_rate": 0.012,
    },
}


@cache
def windows():
    """The demo's windows, stronger so that a small network learns them in a second."""
    simulation = Simulation(strength=0.7)
    found = families(900, simulation, np.random.default_rng(1), "TR")
    group = pd.factorize(pd.Series([name.split(".")[0] for name, _, _ in found]))[0]
    return pd.DataFrame(
        {
            "sequence": [sequence for _, sequence, _ in found],
            "label": [label for _, _, label in found],
            "cluster": group,
            "fold": group % 3,
        }
    )


@cache
def trained(model):
    """A model of the demo's windows."""
    torch.set_num_threads(1)
    rows = windows()
    training = Training(model=model, **MODELS[model])
    features = FeatureSet(tuple(training.features), 31)
    columns = (rows[name].to_numpy() for name in ("label", "fold", "cluster"))
    return train_ensemble(
        TrainingData(
            features.compute(rows["sequence"].tolist()),
            *columns,
            {"names": training.features, "length": 31},
        ),
        Specification(training, {"name": "bce"}, 3),
    ).ensemble


@pytest.mark.parametrize("model", [m for m in MODELS if m != "feedforward"])
def test_the_planted_motif_of_the_demo_is_found(model):
    """The five planted positions decide most, and residues planted there raise."""
    told = explained(trained(model), sample(windows(), 1), True, 1)
    most = deciding(told.positions)[: len(_MOTIF)]
    assert {position.offset for position in most} == {offset for offset, _ in _MOTIF}
    tests = sum(len(one.residues) for one in told.positions)
    for position in most:
        certain = beyond_chance(position.residues, tests)
        raising = {one.letter for one in certain if one.change > 0}
        assert raising & set(dict(_MOTIF)[position.offset])
    # All windows have a lysine in the middle: it tells none from another.
    middle = next(one for one in told.positions if one.offset == 0)
    assert middle.spread == 0


def test_members_that_trained_on_a_sequence_are_not_asked(monkeypatch):
    asked = []

    def of_fold(self, fold):
        asked.append(fold)
        return self.__class__({}, {"kind": "none"}, self.features, [])

    monkeypatch.setattr(Ensemble, "of_fold", of_fold)
    monkeypatch.setattr(
        Ensemble, "mean_logits", lambda self, inputs: np.zeros(len(inputs))
    )
    one = Ensemble({}, {"kind": "none"}, {"names": ["tokens"], "length": 31}, [])
    rows = sample(windows(), 1)
    told = explained(one, rows, True, 1)
    assert asked == sorted(set(rows["fold"])) and told.columns == []
    assert deciding(told.positions) == []


def test_members_of_a_fold_are_those_that_never_saw_it():
    ensemble, rows = trained("convolutional"), windows()
    features = FeatureSet.of(**ensemble.features)
    inputs = features.compute(rows["sequence"].tolist())
    folds = rows["fold"].to_numpy()
    whole = ensemble.out_of_fold(inputs, folds)
    for fold in range(3):
        part = ensemble.of_fold(fold).mean_logits(inputs[folds == fold])
        assert part == pytest.approx(whole[folds == fold], abs=1e-4)


def test_every_group_is_asked_in_turn_and_the_seed_alone_decides_by_whom():
    rows = windows()
    groups = rows["cluster"].nunique()
    chosen = sample(rows, 1)
    assert chosen["cluster"].head(groups).is_unique
    assert sample(rows, 1).equals(chosen) and not sample(rows, 2).equals(chosen)
    assert list(chosen.columns) == list(rows.columns)
    # Of many groups one each, of few as many of each as there is time for.
    many = sample(rows.assign(cluster=range(len(rows))), 1)
    assert len(many) == 600 and many["cluster"].is_unique
    few = sample(rows.assign(cluster=np.arange(len(rows)) % 12), 1)
    assert few["cluster"].value_counts().unique().tolist() == [50]
    assert set(few["cluster"].head(12)) == set(range(12))


def test_a_group_counts_as_one_however_many_of_it_are_asked():
    """Relatives that tell the same twice change nothing, not even how sure it is."""
    generator = np.random.default_rng(3)
    rows = ["".join(one) for one in generator.choice(list("ACDE"), (60, 5))]
    changed = [generator.normal(size=5) for _ in rows]
    places = [places_of(row) for row in rows]
    groups = list(range(60))
    more = [0] * 40 + [1] * 7 + groups[2:]
    again = [rows[i] for i in more], more, [places[i] for i in more]
    for told in (by_position, by_residue):
        once = told(rows, groups, places, changed)
        often = told(*again, [changed[i] for i in more])
        plain = [one.model_copy(update={"n": 0}) for one in once]
        assert plain == [one.model_copy(update={"n": 0}) for one in often]
    # What is the same of all relatives is told by one group alone.
    assert by_residue(rows, [0] * 60, places, changed) == []


def test_few_groups_make_no_residue_sure():
    """Eight means may lie five errors from nothing by chance, a hundred do not."""
    few, many = (states.residue("D", 0.25, n=n, se=0.05) for n in (8, 100))
    assert beyond_chance([few, many], 100) == [many]


def test_changes_are_those_of_an_additive_model():
    """Of a score that adds up by position, what is found is what was put in."""
    value = {"A": 1.0, "C": 0.5, "X": -3.0, "-": 0.0}

    def logits(sequences):
        return np.array(
            [sum(i * value[a] for i, a in enumerate(s)) for s in sequences], dtype=float
        )

    sequences = ["AC-A", "CCAA"] * 400
    places = [places_of(s) for s in sequences]
    found = changes(logits, sequences, places)
    assert found[0].tolist() == [0.0, 3.5, 12.0]
    told = by_position(sequences, range(len(sequences)), places, found)
    assert [one.place for one in told] == [1, 2, 3, 4]
    assert told[0].offset is None and told[2].n == 400
    # Against each other: the unknown residue's own value is of no matter.
    assert [one.spread for one in told] == [0, 0, 0, 0]
    mixed = ["ACAC", "CACA"] * 400
    places = [places_of(s) for s in mixed]
    told = by_position(mixed, range(len(mixed)), places, changes(logits, mixed, places))
    changed = [{r.letter: r.change for r in one.residues} for one in told]
    assert changed[2] == {"A": 0.5, "C": -0.5} and told[2].spread == 0.5


def test_residues_of_sequences_are_told_wherever_they_stand():
    sequences = [f"A{'C' * n}" for n in range(1, 13)]
    places = [places_of(s) for s in sequences]

    def logits(asked):
        return np.array([s.count("A") - 0.25 * s.count("C") for s in asked])

    found = changes(logits, sequences, places)
    told = by_residue(sequences, range(12), places, found)
    assert [(one.letter, one.n) for one in told] == [("A", 12), ("C", 12)]
    assert told[0].change - told[1].change == pytest.approx(1.25)


def test_nothing_is_asked_of_nothing():
    assert changes(lambda s: np.zeros(len(s)), [], []) == []
    assert by_position([], [], [], []) == [] and by_residue([], [], [], []) == []


def boosted(n=400, trees=40):
    generator = np.random.default_rng(0)
    x = generator.normal(size=(n, 9)).astype(np.float32)
    y = (x[:, 0] + x[:, 1] * x[:, 2] + generator.normal(size=n) > 0).astype(int)
    booster = xgboost.train(
        {"objective": "binary:logistic", "max_leaves": 9, "max_depth": 0,
         "grow_policy": "lossguide", "tree_method": "hist", "nthread": 1},
        xgboost.DMatrix(x, y), trees,
    )  # fmt: skip
    model = json.loads(booster.save_raw("json"))
    state, _ = _trees_of(model, 0.0)
    return x, booster, model, {name: tensor.numpy() for name, tensor in state.items()}


def test_contributions_of_trees_are_those_of_xgboost():
    x, booster, model, trees = boosted()
    weight = np.zeros(trees["left"].shape)
    for number, tree in enumerate(
        model["learner"]["gradient_booster"]["model"]["trees"]
    ):
        weight[number, : len(tree["sum_hessian"])] = tree["sum_hessian"]
    found = shapley(trees, weight, x[:50])
    expected = booster.predict(xgboost.DMatrix(x[:50]), pred_contribs=True)
    assert found == pytest.approx(expected[:, :-1], abs=1e-5)


def test_rows_at_a_node_are_those_of_its_children():
    x, _, _, trees = boosted(trees=3)
    count = covers(trees, x) - 0.5
    inner = trees["left"] != np.arange(trees["left"].shape[1])
    inner[:, 1:] &= trees["left"][:, 1:] > 0
    for tree, node in zip(*np.nonzero(inner)):
        left, right = trees["left"][tree, node], trees["right"][tree, node]
        assert count[tree, node] == count[tree, left] + count[tree, right]
    assert (count[:, 0] == len(x)).all()


@pytest.mark.parametrize("model", [m for m in MODELS if m != "convolutional"])
def test_contributions_add_up_to_the_logit(model):
    """Of two rows they differ as their logits do."""
    ensemble = trained(model).of_fold(0)
    rows = windows()
    features = FeatureSet.of(**ensemble.features)
    inputs = features.compute(rows["sequence"].tolist())
    seen, asked = inputs[rows["fold"] != 0], inputs[rows["fold"] == 0][:60]
    total = added(ensemble, asked, seen).sum(axis=1)
    rest = ensemble.mean_logits(asked) - total
    # Gradients are integrated in steps, and bounds bend the way.
    tolerance = 0.35 if model == "feedforward" else 1e-4
    assert np.ptp(rest) < tolerance * max(1.0, np.ptp(total))


@pytest.mark.parametrize("model", [m for m in MODELS if m != "convolutional"])
def test_every_feature_set_is_among_the_numbers_that_add_most(model):
    told = explained(trained(model), sample(windows(), 1), True, 1)
    sets = set(MODELS[model]["features"])
    assert {one.feature_set for one in told.columns} == sets == set(told.shares)
    assert sum(told.shares.values()) == pytest.approx(1, abs=1e-3)
    sizes = [one.size for one in told.columns]
    assert 15 <= len(sizes) <= 17 and sizes == sorted(sizes, reverse=True)


def test_more_of_what_is_planted_raises():
    told = explained(trained("logistic_regression"), sample(windows(), 1), True, 1)
    planted = {
        f"onehot_{16 + offset}{letter}"
        for offset, letters in _MOTIF
        for letter in letters
    }
    found = [one for one in told.columns if one.name in planted]
    assert found and all(one.rises > 0.9 for one in found)


@pytest.mark.parametrize(
    "names, vectors, why",
    [
        (["embeddings"], {"model": "m", "width": 4}, "language model"),
        (["mine:Features"], None, "your own code"),
    ],
)
def test_what_cannot_be_asked_says_why(monkeypatch, names, vectors, why):
    features = FeatureSet(tuple(names), 0, vectors)
    monkeypatch.setattr(
        contributions.FeatureSet, "of", classmethod(lambda cls, **facts: features)
    )
    told = explained(Ensemble({}, {}, {}, []), windows(), False, 1)
    assert why in told.why_not and told.residues == told.columns == []


def test_long_sequences_are_asked_in_part(monkeypatch):
    monkeypatch.setattr(contributions, "_LETTERS", 25_000)
    sequences, places = contributions._places(["ACDEF" * 60] * 100, False, 1)
    assert 2 <= len(sequences) <= 4 and {len(own) for own in places} == {20}
    assert places[0] != places[1] and places[0] == sorted(places[0])
    # A single one is asked, however long.
    sequences, _ = contributions._places(["A" * 50_000], False, 1)
    assert len(sequences) == 1


def test_the_file_is_of_the_champion_and_the_best_network(tmp_path):
    rows = windows().head(200)
    frame = pd.DataFrame({"id": [f"s{i}" for i in range(200)], "role": "train"})
    whole = frame.assign(
        sequence=rows["sequence"], source="", label=rows["label"].astype("Int64")
    )
    SEQUENCES.write(tmp_path / "sequences.parquet", whole[SEQUENCES.names])
    split = frame.assign(fold=rows["fold"].astype("Int64"), cluster=rows["cluster"])
    SPLIT.write(tmp_path / "split.parquet", split[SPLIT.names])
    facts: SplitFacts = states.split(kind="windows", kind_reason="why")
    facts.write(tmp_path / "split.json")
    models = {"bce": "convolutional", "focal": "gradient_boosting"}
    weights = {}
    for name, model in models.items():
        weights[name] = str(tmp_path / f"{name}.safetensors")
        trained(model).save(weights[name])
    decides = states.decides()
    variants = {
        name: one.model_copy(
            update={"training": Training(model=models[name], **MODELS[models[name]])}
        )
        for name, one in decides.variants.items()
    }
    config = decides.model_copy(update={"variants": variants}).dump()
    selection = states.selection(config=config)
    selection.write(tmp_path / "selection.json")
    tables = {
        "sequences": str(tmp_path / "sequences.parquet"),
        "split": str(tmp_path / "split.parquet"),
        "facts": str(tmp_path / "split.json"),
    }
    out = tmp_path / "contributions.json"
    contributions_files(
        tmp_path / "selection.json", tables, weights, out, logging.getLogger("x")
    )
    told = Contributions.read(out)
    assert [(one.variant, one.champion) for one in told.models] == [
        ("focal", True), ("bce", False)
    ]  # fmt: skip
    assert all(len(one.positions) == 31 for one in told.models)


def test_serving_and_the_report_ask_by_one_function():
    from evenfold.prediction import serving

    assert serving.changes is changes and serving.logits_of is logits_of
