"""Prediction sets and bounds of probabilities: what they promise over groups."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from venn_abers import VennAbers

from evenfold.evaluation.measuring import sets_held
from evenfold.metrics.conformal import (
    ERRORS,
    judged,
    least_conforming,
    place_of,
    prediction_sets,
    probability_bounds,
)
from evenfold.prediction.trust import Trust
from evenfold.selection.oof import OutOfFold
from evenfold.selection.trusting import bounds, trust
from tests.unit import reporting_states as states


def families(generator, groups, alike=1.5):
    """Scores of sequences in families of many sizes, whose members are alike."""
    sizes = generator.geometric(0.3, groups)
    group = np.repeat(np.arange(groups), sizes)
    own = alike * generator.normal(size=groups)[group]
    return own + generator.normal(size=len(group)), group


@given(st.integers(2, 60), st.integers(0, 10_000))
def test_the_cut_is_where_the_p_value_passes_the_error(groups, seed):
    """Against the definition: the p-value of a new sequence, one by one."""
    generator = np.random.default_rng(seed)
    scores, group = families(generator, groups)
    scores = scores.round(1)  # ties
    at = generator.choice(scores, 5)

    def p_value(new):
        shares = [(scores[group == k] <= new).mean() for k in range(groups)]
        return (1 + sum(shares)) / (groups + 1)

    for error, cut in zip(ERRORS[4::9], least_conforming(scores, group, ERRORS[4::9])):
        for new in at:
            kept = cut is None or new >= cut
            assert kept == (p_value(new) > error + 1e-12)


@pytest.mark.parametrize("error", [0.05, 0.1, 0.3])
@pytest.mark.parametrize("alike", [0.0, 2.0])
def test_sets_hold_as_promised_over_new_groups(error, alike):
    """Mean over draws of a member of each of many new groups, within two points."""
    generator = np.random.default_rng(4)
    held = []
    for _ in range(300):
        scores, group = families(generator, 60 + 100, alike)
        made = group < 60
        (cut,) = least_conforming(scores[made], group[made], [error])
        _, first = np.unique(group[~made], return_index=True)
        held.append((scores[~made][first] >= cut).mean())
    assert 1 - error - 0.006 < np.mean(held) < 1 - error + 0.02


def test_below_one_over_the_error_groups_nothing_is_excluded():
    scores, group = np.arange(8.0), np.arange(8)
    assert least_conforming(scores, group, [0.1]) == [None]
    assert least_conforming(np.arange(9.0), np.arange(9), [0.1]) == [0.0]
    assert least_conforming(np.array([]), np.array([]), [0.5]) == [None]
    positive, negative = prediction_sets(np.array([-1.0, 1.0]), None, 0.0)
    assert positive.tolist() == [True, True]
    assert negative.tolist() == [True, False]


def two_classes(generator, groups=80):
    """Out-of-fold scores of families of one class each, in folds of whole families."""
    scores, group = families(generator, groups)
    labels = (group % 2).astype(int)
    oof = OutOfFold(scores + 2 * labels, labels, group % 5)
    return oof, group


def test_sets_are_judged_by_folds_that_did_not_make_them():
    oof, group = two_classes(np.random.default_rng(1), 400)
    found = trust(oof, group, 0.1)
    for one, label in ((found.oof.positive, 1), (found.oof.negative, 0)):
        assert one.low < 0.9 < one.high
        assert one.sequences == (oof.labels == label).sum()
        assert one.groups == len(np.unique(group[oof.labels == label])) == 200
    sure, place = found.oof.sure, place_of(0.1)
    assert sure.errors[place] == 0.1
    total = sure.one[place] + sure.both[place] + sure.none[place]
    assert total == pytest.approx(1)
    # The more errors are allowed, the fewer sets hold both.
    assert sorted(sure.both, reverse=True) == sure.both
    assert sorted(found.positive_from) == found.positive_from
    assert sorted(found.negative_to, reverse=True) == found.negative_to


def test_what_is_called_alone_is_counted_by_hand():
    positive = np.array([[True, True, False, False, True]] * len(ERRORS))
    negative = np.array([[False, True, True, False, False]] * len(ERRORS))
    labels, groups = np.array([1, 1, 0, 0, 0]), np.arange(5)
    found = judged(positive, negative, labels, groups, 0.1)
    sure = {name: values[0] for name, values in found["sure"].items()}
    assert sure["one"] == 0.6
    assert sure["both"] == sure["none"] == 0.2
    assert (sure["sn"], sure["sp"], sure["mcc"]) == pytest.approx((1, 0.5, 0.5))
    assert found["positive"]["share"] == 1
    assert found["negative"]["of_sequences"] == pytest.approx(1 / 3)
    one = [[True, False, False, False, False]] * len(ERRORS)
    alone = judged(np.array(one), ~positive & False, labels, groups, 0.1)["sure"]
    assert (alone["sn"][0], alone["sp"][0], alone["mcc"][0]) == (1, None, None)
    nothing = judged(positive, positive, labels, groups, 0.1)["sure"]
    assert (nothing["one"][0], nothing["sn"][0], nothing["mcc"][0]) == (0, None, None)


def test_the_test_set_is_judged_by_the_frozen_cuts():
    oof, group = two_classes(np.random.default_rng(2))
    frozen = trust(oof, group, 0.2)
    logits = np.array([-3.0, 9.0, 0.5, -9.0])
    table = pd.DataFrame(
        {
            "id": list("abcd"), "variant": "bce", "group": [0, 1, 2, 3],
            "label": [1, 1, 0, 0], "score": 1 / (1 + np.exp(-logits)),
        }
    )  # fmt: skip
    found = sets_held(table, "bce", frozen)
    place = place_of(0.2)
    positive, negative = prediction_sets(
        logits, frozen.positive_from[place], frozen.negative_to[place]
    )
    assert found.positive.of_sequences == positive[:2].mean()
    assert found.negative.of_sequences == negative[2:].mean()
    assert sets_held(table, "bce", None) is None
    assert sets_held(table[:2], "bce", frozen) is None


def test_the_bounds_are_those_of_the_venn_abers_package_where_groups_are_sequences():
    generator = np.random.default_rng(3)
    labels = generator.integers(0, 2, 150)
    logits = generator.normal(size=150) + labels
    at, low, high = bounds(logits, labels, 150)
    theirs = VennAbers()
    theirs.fit(np.column_stack([-logits, logits]), labels)
    both = theirs.predict_proba(np.column_stack([-at, at]))[1]
    assert low == pytest.approx(both[:, 0], abs=1e-6)
    assert high == pytest.approx(both[:, 1], abs=1e-6)


def test_relatives_do_not_make_a_probability_surer():
    generator = np.random.default_rng(5)
    labels = generator.integers(0, 2, 300)
    logits = generator.normal(size=300) + labels
    _, low, high = bounds(logits, labels, 300)
    _, wide_low, wide_high = bounds(logits, labels, 30)
    assert (wide_high - wide_low).mean() > 3 * (high - low).mean()
    again = bounds(np.tile(logits, 10), np.tile(labels, 10), 30)
    assert again[1] == pytest.approx(wide_low, abs=1e-9)


@given(st.lists(st.floats(-30, 30), min_size=1, max_size=40))
def test_bounds_enclose_and_never_fall(logits):
    generator = np.random.default_rng(6)
    labels = generator.integers(0, 2, 60)
    frozen = bounds(generator.normal(size=60) + labels, labels, 20)
    low, high = probability_bounds(np.sort(logits), *frozen)
    assert (low >= 0).all()
    assert (low <= high + 1e-12).all()
    assert (high <= 1).all()
    assert (np.diff(low) >= 0).all()
    assert (np.diff(high) >= 0).all()


def test_predictions_are_told_sets_and_bounds_as_frozen():
    frozen = states.trust(positive_from=[-1.0, -0.5], negative_to=[0.9, -0.2])
    scores = 1 / (1 + np.exp(-np.array([-2.0, -0.3, 0.5])))
    told = Trust(frozen=frozen, moved=lambda p: p / 2).columns(["MK"] * 3, scores)
    assert told["set"] == ["negative", "both", "positive"]
    assert told["probability_low"] == [0, 0.1, 0.1]
    assert told["probability_high"] == pytest.approx([0.15, 0.4, 0.4])
    narrow = states.trust(positive_from=[0, 0.9], negative_to=[0, 0.4])
    assert Trust(frozen=narrow).columns(["MK"] * 3, scores)["set"][2] == "none"
    nothing = Trust().columns(["MK"], scores[:1])
    assert nothing["set"] == ["unknown"]
    assert nothing["probability_low"] == nothing["probability_high"] == [None]
