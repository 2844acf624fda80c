"""Classical baselines in the form of the networks."""

import importlib.util

import numpy as np
import pytest
import torch
import xgboost
from sklearn.linear_model import LogisticRegression
from sklearn.utils.class_weight import compute_sample_weight

from evenfold.config.networks import CLASSICAL, NETWORKS
from evenfold.config.training import Training, read_by
from evenfold.errors import EvenfoldError
from evenfold.losses import build_loss
from evenfold.models import classical
from evenfold.models.data import TrainingData
from evenfold.models.ensemble import Ensemble
from evenfold.models.members import member_rows, member_seed
from evenfold.models.networks import BOUND, recipe_of
from evenfold.models.settings import Specification
from evenfold.models.training import train_ensemble
from tests.conftest import unavailable

MODELS = ["logistic_regression", "gradient_boosting"]


def test_the_configuration_knows_these_models():
    assert set(classical.FITS) == set(CLASSICAL)


def data(n=300, columns=8):
    generator = np.random.default_rng(0)
    labels = (generator.random(n) < 0.35).astype(int)
    inputs = generator.normal(size=(n, columns)).astype(np.float32)
    inputs[:, 2] += 1.5 * labels
    inputs[:, 5] *= 3
    clusters = np.arange(n) // 2
    return inputs, labels, clusters % 3, clusters


def train(model, loss=None, arrays=None, **settings):
    training = Training(model=model, features=["aac"], **settings)
    return train_ensemble(
        TrainingData(*(arrays or data()), {"names": ["aac"], "length": 0}),
        Specification(training, loss or {"name": "bce"}, 3),
    )


def of_member(outcome, position, arrays):
    """Rows and seed that a member was fitted with."""
    members = outcome.ensemble.members
    rows = member_rows(members, TrainingData(*arrays), 0.0, 3)
    return rows[position].trained, member_seed(3, members[position], "weights")


@pytest.mark.parametrize(
    "loss", [{"name": "bce"}, {"name": "wbce", "mode": "balanced"}]
)
@pytest.mark.parametrize("rows_share, columns", [(1.0, 1.0), (0.6, 0.5)])
def test_boosting_equals_the_boosters_own_logits(loss, rows_share, columns):
    arrays = inputs, labels, *_ = data()
    inputs[:, 3] = np.round(inputs[:, 3])  # ties, also at the conditions themselves
    asked = {
        "trees": 30,
        "leaves": 7,
        "l2": 0.5,
        "rows": rows_share,
        "columns": columns,
    }
    outcome = train("gradient_boosting", loss, arrays, boosting=asked)
    logits = outcome.ensemble.logits(inputs)
    for position in range(3):
        rows, seed = of_member(outcome, position, arrays)
        x, y = inputs[rows], labels[rows]
        share = 0.5 if loss["name"] == "wbce" else y.mean()
        theirs = xgboost.XGBClassifier(
            n_estimators=30, max_leaves=7, max_depth=0, grow_policy="lossguide",
            learning_rate=0.1, reg_lambda=0.5, tree_method="hist", n_jobs=1, max_bin=64,
            random_state=seed, base_score=float(share), subsample=rows_share,
            colsample_bynode=columns,
        ).fit(x, y, sample_weight=compute_sample_weight(
            "balanced" if loss["name"] == "wbce" else None, y
        ))  # fmt: skip
        wanted = theirs.predict(inputs, output_margin=True)
        assert logits[position] == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize(
    "loss", [{"name": "bce"}, {"name": "wbce", "mode": "balanced"}]
)
def test_logistic_regression_equals_scikit_learns(loss):
    arrays = inputs, labels, *_ = data()
    outcome = train("logistic_regression", loss, arrays, logistic={"c": 0.3})
    # Far out: no more is made of them than of what is at the bound.
    inputs = np.concatenate([inputs, 50 * inputs[:5]])
    logits = outcome.ensemble.logits(inputs)
    rows, _ = of_member(outcome, 1, arrays)
    mean, scale = classical.standardisation(torch.as_tensor(inputs[rows]))
    standard = ((inputs - mean.numpy()) / scale.numpy()).clip(-BOUND, BOUND)
    theirs = LogisticRegression(
        C=0.3,
        max_iter=2000,
        class_weight="balanced" if loss["name"] == "wbce" else None,
    ).fit(standard[rows].astype(float), labels[rows])
    assert logits[1] == pytest.approx(theirs.decision_function(standard), abs=1e-3)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("method", ["none", "model"])
def test_held_out_labels_change_nothing(model, method):
    inputs, labels, folds, clusters = data()
    settings = {"feature_selection": {"method": method}}
    base = train(model, **settings).ensemble
    permuted = np.where(folds == 1, 1 - labels, labels)
    arrays = inputs, permuted, folds, clusters
    other = train(model, arrays=arrays, **settings).ensemble
    position = [m.fold for m in base.members].index(1)
    for name, tensor in base.state.items():
        if tensor.ndim > 1:  # trees are padded to the largest member's
            n = min(tensor.shape[-1], other.state[name].shape[-1])
            assert torch.equal(
                tensor[position][..., :n], other.state[name][position][..., :n]
            )
        else:
            assert torch.equal(tensor[position], other.state[name][position])
    others = [i for i in range(3) if i != position]
    assert (base.logits(inputs)[others] != other.logits(inputs)[others]).any()


@pytest.mark.parametrize("model", MODELS)
def test_they_learn_are_saved_and_tell_their_history(model, tmp_path):
    outcome = train(model, seeds=2)
    inputs, labels, *_ = data()
    assert ((outcome.oof_logits >= 0) == labels).mean() > 0.75
    assert len(outcome.history) == 6
    assert all(np.isfinite(list(row.values())).all() for row in outcome.history)
    outcome.ensemble.save(tmp_path / "w.safetensors")
    again = Ensemble.load(tmp_path / "w.safetensors")
    assert (again.logits(inputs) == outcome.ensemble.logits(inputs)).all()


def test_selected_features_alone_have_weights():
    outcome = train("logistic_regression", feature_selection={"method": "model"})
    nonzero = (outcome.ensemble.state["weight"] != 0).sum(1)
    assert nonzero.tolist() == [2, 2, 2]


def test_a_missing_package_is_named(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "skscope", None)
    with pytest.raises(EvenfoldError, match=r"evenfold\[sparse\]"):
        train("sparse_logistic")


@pytest.mark.parametrize("loss", [{"name": "bce"}, {"name": "focal", "gamma": 2.0}])
def test_the_sparse_model_keeps_its_sparsity_and_equals_our_losses(loss):
    if importlib.util.find_spec("skscope") is None:
        unavailable("skscope (evenfold[sparse])")
    import jax.numpy as jnp

    outcome = train("sparse_logistic", loss, sparse={"features": 2})
    weight = outcome.ensemble.state["weight"]
    assert ((weight != 0).sum(1) == 2).all() and (weight[:, 2] != 0).all()
    inputs, labels, *_ = data()
    assert ((outcome.oof_logits >= 0) == labels).mean() > 0.7
    # At huge logits too, where the published form gives NaN.
    for scale in (1.0, 1e4):
        vector = np.linspace(-1, 1, 8) * scale
        x = inputs.astype(np.float64)
        ours = build_loss(loss, torch.tensor(labels.mean()))(
            torch.as_tensor(x @ vector), torch.as_tensor(labels)
        )
        theirs = classical.sparse_objective(x, labels, loss)(jnp.asarray(vector))
        assert float(theirs) == pytest.approx(float(ours), rel=1e-4)


#: Another value of every setting that some model does not read.
OTHERS = {
    "hidden": [8, 4], "channels": 4, "widths": [1, 3], "embedding": 5,
    "logistic": {"c": 0.01}, "boosting": {"trees": 3}, "sparse": {"features": 2},
    "epochs": 2, "batch_size": 16, "batches": "shuffled", "min_per_class": 2,
    "learning_rate": 0.1, "schedule": "constant", "inner_validation": 0.3,
    "early_stopping": {"patience": 1}, "dropout": 0.9, "weight_decay": 1.0, "l1": 1.0,
    "l2": 1.0, "input_noise": 1.0, "mixup": 1.0, "label_smoothing": 0.5,
}  # fmt: skip
#: Those that a configuration may not give to a model that does not read them.
REFUSED = {"network", "augmentation"}


def unread(model):
    return set(Training.model_fields) - read_by(model)


def test_every_setting_is_read_by_some_model():
    models = [*NETWORKS, "mine:Network"]
    assert set.union(*map(set, map(read_by, models))) == set(Training.model_fields)
    assert set.union(*map(unread, models)) == set(OTHERS) | REFUSED
    assert read_by(None) == frozenset().union(
        *(read_by(model) for model in NETWORKS if model not in CLASSICAL)
    )


@pytest.mark.parametrize("model", [*MODELS, "feedforward"])
def test_a_setting_that_a_model_does_not_read_changes_nothing(model):
    short = {"epochs": 1} if model == "feedforward" else {}
    others = {key: OTHERS[key] for key in unread(model) - REFUSED}
    one, other = train(model, **short), train(model, **short, **others)
    assert one.ensemble.recipe == other.ensemble.recipe
    np.testing.assert_array_equal(one.oof_logits, other.oof_logits)


@pytest.mark.parametrize(
    "model, reads", [(k, one.reads) for k, one in NETWORKS.items() if one.reads != "vector"]
)  # fmt: skip
def test_a_network_is_built_of_the_settings_that_it_reads(model, reads):
    others = {key: OTHERS[key] for key in unread(model) - REFUSED}
    one, other = (
        recipe_of(Training(model=model, features=[reads], **given), 21)
        for given in ({}, others)
    )
    assert one == other
