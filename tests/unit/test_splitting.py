import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenfold.config.split import Split
from evenfold.errors import EvenfoldError
from evenfold.sequences.splitting import assign_folds, hold_out


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


def test_one_giant_group_is_named_with_its_size():
    labels = np.r_[np.tile([0, 1], 100), 0, 0, 0, 0, 0, 1, 1, 1, 1, 1]
    clusters = np.r_[np.zeros(200, int), np.arange(1, 6), np.arange(1, 6)]
    with pytest.raises(EvenfoldError, match=r"200 of 210 .* 2, 2, 2.*higher identity"):
        assign_folds(labels, clusters, Split(), 1)
    lonely = np.r_[np.tile([0, 1], 100), np.zeros(8, int), np.ones(4, int)]
    clusters = np.r_[np.zeros(200, int), np.arange(1, 9), np.full(4, 9)]
    with pytest.raises(EvenfoldError, match="independent groups"):
        assign_folds(lonely, clusters, Split(), 1)
