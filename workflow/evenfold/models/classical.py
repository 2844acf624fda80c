"""Classical and sparse baselines, and the choice of features inside a fold.

Each is fitted member by member on the member's own training rows and kept in the same
form as a network, so that folds, thresholds, files and predictions are the same.
Training a network imports this module too: scikit-learn, which takes as long to import
as a small network to train, is imported where something is fitted.
"""

import json
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from evenfold.errors import EvenfoldError
from evenfold.losses import build_loss
from evenfold.models.data import TrainingData
from evenfold.models.members import MemberRows, member_seed
from evenfold.models.networks import BOUND, standardisation
from evenfold.models.settings import Specification

if TYPE_CHECKING:
    from evenfold.config.training import FeatureSelection


#: Bins of a column that boosting may split at: 256 took twice the time on peptides for
#: no more AUROC.
_BINS = 64


def fit_classical(
    data: TrainingData, everyone: list[MemberRows], specification: Specification
) -> tuple[dict[str, Tensor], dict]:
    """Fit every member of a classical variant.

    Parameters
    ----------
    data : TrainingData
        float32 features.
    everyone : list of MemberRows
        Of each member its training rows alone are read.
    specification : Specification

    Returns
    -------
    tuple of (dict of str to Tensor, dict)
        Stacked state and recipe of a network of `models.networks`.

    Raises
    ------
    EvenfoldError
        When the sparse model's optional package is missing.
    """
    training, loss = specification.training, specification.loss_alone()
    fit = FITS[training.model]
    states, recipes = [], []
    for one in everyone:
        seed = member_seed(specification.seed, one.member, "weights")
        x, y = np.asarray(data.inputs[one.trained]), data.labels[one.trained]
        selected = select_features(x, y, training.feature_selection, seed)
        x = x * selected
        weight = _row_weights(loss, y)
        state, recipe = fit(x, y, weight, training, loss, seed)
        if recipe["kind"] == "linear":
            state["weight"] = state["weight"] * torch.as_tensor(selected)
        states.append(state)
        recipes.append(recipe)
    if recipes[0]["kind"] == "trees":
        recipe = {
            key: max(recipe[key] for recipe in recipes)
            for key in ("trees", "nodes", "depth")
        }
        recipe = {"kind": "trees", **recipe}
        states = [_padded(state, recipe) for state in states]
    else:
        recipe = recipes[0]
    return {
        name: torch.stack([state[name] for state in states]) for name in states[0]
    }, recipe


def select_features(
    x: np.ndarray, y: np.ndarray, settings: "FeatureSelection", seed: int
) -> np.ndarray:
    """Columns chosen by a logistic regression on these rows.

    Parameters
    ----------
    x : ndarray, shape (n, columns)
    y : ndarray of int, shape (n,)
    settings : evenfold.config.training.FeatureSelection
    seed : int

    Returns
    -------
    ndarray of float32, shape (columns,)
        1 for a chosen column, 0 for another.
    """
    if settings.method == "none":
        return np.ones(x.shape[1], dtype=np.float32)
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.feature_selection import RFE
    from sklearn.linear_model import LogisticRegression

    keep = max(1, round(settings.keep * x.shape[1]))
    standard, _, _ = _standardised(x)
    model = LogisticRegression(C=0.1, max_iter=200, random_state=seed)
    with warnings.catch_warnings():
        # Coefficients are ranked; the last digits do not matter.
        warnings.simplefilter("ignore", ConvergenceWarning)
        if settings.method == "rfe":
            chosen = RFE(model, n_features_to_select=keep, step=0.25).fit(standard, y)
            return chosen.support_.astype(np.float32)
        size = np.abs(model.fit(standard, y).coef_[0])
    selected = np.zeros(x.shape[1], dtype=np.float32)
    selected[np.argsort(-size, kind="stable")[:keep]] = 1
    return selected


def _row_weights(loss_settings, y):
    loss: Any = build_loss(loss_settings, float(y.mean()), float(len(y)))
    if not hasattr(loss, "positive_weight"):
        return None
    positive, negative = float(loss.positive_weight), float(loss.negative_weight)
    return np.where(y == 1, positive, negative)


def _linear(weight, bias, mean, scale):
    """State and recipe of a model fitted on bounded standardised columns."""
    arrays = {"weight": weight, "bias": bias, "mean": mean, "scale": scale}
    return (
        {name: torch.as_tensor(np.asarray(a, float)) for name, a in arrays.items()},
        {"kind": "linear", "n_inputs": len(weight), "bound": BOUND},
    )


def _standardised(x):
    """Columns as a network reads them: standardised by these rows, and bounded."""
    mean, scale = (t.double().numpy() for t in standardisation(torch.as_tensor(x)))
    return ((x - mean) / scale).clip(-BOUND, BOUND), mean, scale


def _fit_logistic(x, y, weight, training, loss_settings, seed):
    from sklearn.linear_model import LogisticRegression

    standard, mean, scale = _standardised(x)
    model = LogisticRegression(
        C=training.logistic.c, max_iter=2000, random_state=seed
    ).fit(standard, y, sample_weight=weight)
    return _linear(model.coef_[0], model.intercept_[0], mean, scale)


def _fit_boosting(x, y, weight, training, loss_settings, seed):
    import xgboost

    settings = training.boosting
    baseline = float(np.average(y, weights=weight))
    threads = torch.get_num_threads()
    asked = {
        "objective": "binary:logistic",
        "base_score": baseline,
        "tree_method": "hist",
        "max_bin": _BINS,
        "grow_policy": "lossguide",
        "max_depth": 0,
        "max_leaves": settings.leaves,
        "learning_rate": settings.learning_rate,
        "reg_lambda": settings.l2,
        "min_child_weight": settings.min_weight,
        "colsample_bynode": settings.columns,
        "subsample": settings.rows,
        "nthread": threads,
        "seed": seed,
    }
    rows = xgboost.QuantileDMatrix(x, y, weight=weight, nthread=threads, max_bin=_BINS)
    model = xgboost.train(asked, rows, settings.trees)
    return _trees_of(
        json.loads(model.save_raw("json")), np.log(baseline / (1 - baseline))
    )


def _trees_of(model: dict, baseline: float):
    """State of fitted gradient boosting, from the booster's own text.

    A test holds it to the booster's logits.
    """
    trees = model["learner"]["gradient_booster"]["model"]["trees"]
    shape = len(trees), max(len(tree["left_children"]) for tree in trees)
    arrays: dict[str, np.ndarray] = {
        name: np.zeros(shape, dtype)
        for name, dtype in (
            ("column", np.int64),
            ("left", np.int64),
            ("right", np.int64),
            ("threshold", np.float64),
            ("value", np.float64),
        )
    }
    depth = 0
    for t, tree in enumerate(trees):
        left, right = (np.array(tree[f"{side}_children"]) for side in ("left", "right"))
        n, leaf = len(left), left < 0
        # To the left goes what is below the condition, in float32.
        condition = np.array(tree["split_conditions"], dtype=np.float32)
        below = np.nextafter(condition, np.float32(-np.inf))
        arrays["column"][t, :n] = np.where(leaf, 0, tree["split_indices"])
        arrays["left"][t, :n] = np.where(leaf, np.arange(n), left)
        arrays["right"][t, :n] = np.where(leaf, np.arange(n), right)
        arrays["threshold"][t, :n] = np.where(leaf, 0.0, below)
        # Of a leaf the condition is its value.
        arrays["value"][t, :n] = np.where(leaf, condition, 0.0)
        depth = max(depth, _depth(left, right))
    state = {name: torch.as_tensor(array) for name, array in arrays.items()}
    recipe = {"kind": "trees", "trees": shape[0], "nodes": shape[1], "depth": depth}
    return {**state, "baseline": torch.tensor(baseline, dtype=torch.float64)}, recipe


def _depth(left: np.ndarray, right: np.ndarray) -> int:
    """Levels of a tree below its root."""
    depth, level = 0, np.zeros(1, dtype=int)
    while (below := level[left[level] >= 0]).size:
        level = np.concatenate([left[below], right[below]])
        depth += 1
    return depth


def _padded(state, recipe):
    """A member's trees with room for the largest of all members; empty ones add 0."""
    out = {"baseline": state["baseline"]}
    for name, tensor in state.items():
        if name != "baseline":
            out[name] = tensor.new_zeros(recipe["trees"], recipe["nodes"])
            out[name][: tensor.shape[0], : tensor.shape[1]] = tensor
    return out


def sparse_objective(x: np.ndarray, y: np.ndarray, loss_settings: dict) -> Callable:
    """Mean loss of a weight vector, in jax, from logits and never from probabilities.

    Parameters
    ----------
    x : ndarray, shape (n, columns)
    y : ndarray, shape (n,)
    loss_settings : dict
        `bce`, or `focal` with gamma and alpha.

    Returns
    -------
    callable
        (columns,) -> ()
    """
    import jax.numpy as jnp

    columns, truth = jnp.asarray(x), jnp.asarray(y, dtype=float)
    gamma, positive, negative = 0.0, 1.0, 1.0
    if loss_settings["name"] == "focal":
        gamma, alpha = loss_settings.get("gamma", 2.0), loss_settings.get("alpha")
        positive = float(1 - truth.mean()) if alpha is None else alpha
        negative = 1 - positive

    def objective(weights):
        z = columns @ weights
        s = jnp.logaddexp(0.0, z)
        n = jnp.logaddexp(0.0, -z)
        rows = positive * truth * jnp.exp(-gamma * s) * n
        return jnp.mean(rows + negative * (1 - truth) * jnp.exp(-gamma * n) * s)

    return objective


def _fit_sparse(x, y, weight, training, loss_settings, seed):
    try:
        from skscope import ScopeSolver
    except ImportError:
        raise EvenfoldError(
            "the model sparse_logistic needs the package skscope: "
            "pip install 'evenfold[sparse]'"
        ) from None
    standard, mean, scale = _standardised(x)
    columns = standard.shape[1]
    with_bias = np.column_stack([standard, np.ones(len(y))])
    solver = ScopeSolver(
        columns + 1,
        min(training.sparse.features, columns) + 1,
        preselect=[columns],
        random_state=seed,
    )
    weights = solver.solve(sparse_objective(with_bias, y, loss_settings), jit=True)
    weights = np.asarray(weights)
    return _linear(weights[:-1], weights[-1], mean, scale)


#: Models that are fitted, not trained by gradient steps.
FITS = {
    "logistic_regression": _fit_logistic,
    "gradient_boosting": _fit_boosting,
    "sparse_logistic": _fit_sparse,
}
