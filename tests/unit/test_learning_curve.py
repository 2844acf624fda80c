"""Would more data help? Parts of the groups, their noise, and the law through them."""

import logging
from dataclasses import replace

import numpy as np
import pytest

from evenfold.config.training import Training
from evenfold.metrics.bootstrap import group_weights, weighted_auroc
from evenfold.metrics.scores import auroc
from evenfold.models.data import TrainingData
from evenfold.models.settings import Execution, Specification
from evenfold.reporting.sections.more_data import answer
from evenfold.sanity.extrapolation import extrapolated
from evenfold.sanity.learning_curve import (
    SHARES,
    Model,
    Part,
    size_curve,
    trained_parts,
)
from evenfold.sanity.sizes import Scored, estimates, nested_parts, training_noise

LOG = logging.getLogger("test")


def grouped(n=600, size=3, folds=5, rare=2):
    """Labels, folds and groups: whole groups of one class, one in `rare` positive."""
    groups = np.arange(n) // size
    return (groups % rare == 0).astype(int), groups // rare % folds, groups


def data(labels, folds, groups, inputs=None):
    if inputs is None:
        inputs = np.zeros((len(labels), 1), dtype=np.float32)
    return TrainingData(inputs, labels, folds, groups, {"names": ["aac"]})


# --- parts -----------------------------------------------------------------------------


@pytest.mark.parametrize("rare", [2, 6])
def test_parts_are_whole_groups_each_within_the_next_in_every_fold_and_class(rare):
    labels, folds, groups = grouped(n=1800, rare=rare)
    parts = nested_parts([0.25, 0.5, 0.75], labels, folds, groups, seed=1)
    for smaller, larger in zip(parts, [*parts[1:], np.ones(1800, bool)]):
        assert not (smaller & ~larger).any()
    for share, part in zip((0.25, 0.5, 0.75), parts):
        assert not set(groups[part]) & set(groups[~part])
        for fold in range(5):
            for label in (0, 1):
                own = (folds == fold) & (labels == label)
                assert abs(part[own].sum() - share * own.sum()) <= 2 * 3


def test_another_seed_draws_other_parts():
    labels, folds, groups = grouped()
    one, again, other = (
        nested_parts([0.5], labels, folds, groups, seed)[0] for seed in (1, 1, 2)
    )
    assert (one == again).all() and (one != other).any()


def test_groups_of_both_classes_and_a_giant_stay_whole():
    groups = np.r_[np.zeros(90, int), np.arange(1, 31)]
    labels, folds = np.arange(120) % 2, np.zeros(120, int)
    for part in nested_parts([0.25, 0.5, 0.75], labels, folds, groups, seed=3):
        assert len(set(part[:90])) == 1 and part.any()


# --- their noise -----------------------------------------------------------------------


def test_a_weighted_auroc_is_that_of_the_rows_so_often_ties_too():
    generator = np.random.default_rng(0)
    labels, _, groups = grouped(n=90)
    scores = generator.integers(0, 6, 90).astype(float)
    (weights,) = group_weights(groups, labels, 20, seed=1)
    wanted = [
        auroc(np.repeat(scores, w.astype(int)), np.repeat(labels, w.astype(int)))
        for w in weights
    ]
    np.testing.assert_allclose(weighted_auroc(scores, labels, weights), wanted)


def test_noise_of_training_is_that_of_means_of_nested_samples():
    shares, draws = np.array([0.5, 1.0]), np.array([2, 1])
    # Draws of a half vary as much as the whole does between data sets.
    noise = training_noise(shares, draws, np.array([0.04, 0.0]))
    np.testing.assert_allclose(noise, 0.04 * np.array([[1.5, 1.0], [1.0, 4 / 3]]))
    for between in (np.zeros(2), np.array([-0.01, 0.0])):
        assert not training_noise(shares, draws, between).any()
    assert not training_noise(shares, np.array([1, 1]), np.zeros(2)).any()


def test_draws_that_differ_widen_what_is_said_of_their_size():
    labels, _, groups = grouped()
    generator = np.random.default_rng(2)
    scores = labels + generator.normal(size=600)

    def step_variance(*second):
        scored = [Scored(0.5, [scores, *second]), Scored(1.0, [scores])]
        spread = estimates(scored, labels, groups, 300, 1).covariance["auroc"]
        return spread[0, 0] + spread[1, 1] - 2 * spread[0, 1]

    assert step_variance(scores) == pytest.approx(0, abs=1e-12)
    worse = labels * 0.3 + generator.normal(size=600)
    assert step_variance(worse) > 0.001


# --- the law ---------------------------------------------------------------------------

SIZES = np.array([0.25, 0.5, 0.75, 1.0])


@pytest.mark.parametrize("exponent", [0.2, 0.5, 1.0])
def test_a_power_law_is_continued(exponent):
    values = 0.9 - 0.05 * SIZES**-exponent
    samples = extrapolated(SIZES, values, 1e-8 * np.eye(4), np.array([1.0, 2, 4]), 1)
    low, high = np.quantile(samples, [0.025, 0.975], axis=0)
    truth = 0.9 - 0.05 * np.array([1.0, 2, 4]) ** -exponent
    assert (low <= truth).all() and (truth <= high).all()
    assert high[1] - low[1] < 0.01


def test_what_is_far_and_what_is_noisy_is_less_sure():
    values = 0.9 - 0.05 * SIZES**-0.5

    def width(spread, factor):
        samples = extrapolated(SIZES, values, spread, np.array([factor]), 1)
        return float(np.ptp(np.quantile(samples, [0.025, 0.975])))

    quiet, loud = 1e-5 * np.eye(4), 1e-3 * np.eye(4)
    assert width(quiet, 2.0) < width(quiet, 8.0) and width(quiet, 2.0) < width(
        loud, 2.0
    )


def test_no_law_goes_beyond_one():
    values = np.array([0.9, 0.97, 0.99, 1.0])
    assert extrapolated(SIZES, values, 1e-6 * np.eye(4), np.array([9.0]), 1).max() == 1


# --- what is said of it ----------------------------------------------------------------


def simulated(distance, n, own=0.1):
    """The curve of scores whose classes are `distance(share)` apart, noise shared."""
    labels, folds, groups = grouped(n)
    generator = np.random.default_rng(0)
    noise = generator.normal(size=n)
    parts = []
    for share, draws in [*SHARES.items(), (1.0, 1)]:
        logits = [
            distance(share) * labels + noise + own * generator.normal(size=n)
            for _ in range(draws)
        ]
        parts.append(Part(share, share * n, share * n / 3, Scored(share, logits)))
    training = Training(model="logistic_regression", features=["aac"])
    model = Model("m", data(labels, folds, groups), Specification(training, {}, 1))
    return size_curve(model, parts, champion=True)


def rising(share):
    return 2.0 - 0.8 * share**-0.5


def test_a_curve_that_rises_is_told_to_and_by_how_much():
    from scipy.stats import norm

    curve = simulated(rising, n=6000)
    assert answer(curve).answer == "More data would help."
    truth = norm.cdf(rising(2) / 2**0.5) - norm.cdf(rising(1) / 2**0.5)
    assert curve.doubled.auroc.low <= truth <= curve.doubled.auroc.high
    step = norm.cdf(rising(1) / 2**0.5) - norm.cdf(rising(0.75) / 2**0.5)
    assert curve.last_step.auroc.low <= step <= curve.last_step.auroc.high
    assert [one.factor for one in curve.projected][-1] == 2


def test_a_flat_curve_is_told_to_change_little():
    curve = simulated(lambda share: 1.5, n=6000)
    assert answer(curve).answer == "More data of this kind would change little."
    assert abs(curve.doubled.auroc.value) < 0.005


def test_a_curve_of_few_sequences_is_too_noisy():
    curve = simulated(lambda share: 0.8 + 0.05 * share, n=60, own=1.0)
    assert answer(curve).answer == "Too noisy to say whether more data would help."


def test_intervals_stay_within_what_measures_can_be():
    curve = simulated(lambda share: 9.0, n=60)
    for size in curve.sizes:
        assert size.reached.auroc.high <= 1 and size.reached.mcc.high <= 1
    assert curve.projected[-1].reached.auroc.high <= 1


# --- training on parts -----------------------------------------------------------------


def logistic(labels, folds, groups, seed=0):
    generator = np.random.default_rng(seed)
    inputs = generator.normal(size=(len(labels), 12)) + 0.4 * labels[:, None]
    training = Training(model="logistic_regression", features=["aac"])
    return Model(
        "logistic",
        data(labels, folds, groups, inputs.astype(np.float32)),
        Specification(training, {"name": "bce"}, 1),
    )


def test_a_model_is_trained_on_parts_and_scored_on_all_held_out_rows():
    model = logistic(*grouped(n=900))
    parts, notes = trained_parts(model, Execution(), LOG)
    assert notes == []
    assert [part.asked for part in parts] == [*SHARES, 1.0]
    assert [len(part.scored.logits) for part in parts] == [*SHARES.values(), 1]
    for part in parts:
        assert abs(part.scored.share - part.asked) < 0.03
        assert all((logits != 0).all() for logits in part.scored.logits)
    curve = size_curve(model, parts, champion=False)
    values = [size.reached.auroc.value for size in curve.sizes]
    assert values[0] < values[-1] and curve.sizes[-1].groups == 300
    again, _ = trained_parts(model, Execution(), LOG)
    assert (again[0].scored.logits[0] == parts[0].scored.logits[0]).all()


def test_a_fold_influences_none_of_the_parts_that_score_it():
    model = logistic(*grouped(n=900))
    held_out = np.flatnonzero(model.data.folds == 2)
    turned = held_out[::-1]
    inputs = model.data.inputs.copy()
    inputs[held_out] = inputs[turned]
    other = Model(
        "logistic",
        data(model.data.labels, model.data.folds, model.data.clusters, inputs),
        model.specification,
    )
    (one, _), (two, _) = (trained_parts(m, Execution(), LOG) for m in (model, other))
    for before, after in zip(one, two):
        a, b = before.scored.logits[0][held_out], after.scored.logits[0][held_out]
        # Every row has the logit that its inputs had in another's place.
        np.testing.assert_allclose(a[::-1], b, atol=1e-6)


def test_a_part_that_cannot_be_trained_on_is_named_and_left_out():
    """One group of each class a fold: a quarter is none of them, a half is all."""
    model = replace(logistic(*grouped(n=12, folds=2)), logits=np.arange(12.0))
    parts, notes = trained_parts(model, Execution(), LOG)
    assert [part.asked for part in parts] == [1.0]
    assert (parts[0].scored.logits[0] == np.arange(12)).all()
    assert notes == [
        f"logistic cannot be trained on {share} % of the training groups: {why}"
        for share, why in (
            (25, "too few groups for both classes beside every fold."),
            (50, "whole groups leave none out."),
            (75, "whole groups leave none out."),
        )
    ]
    curve = size_curve(model, parts, champion=True)
    assert curve.last_step is None and curve.doubled is None and curve.projected == []
