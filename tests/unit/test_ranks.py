"""Ranks over data sets, against scipy and the tables of Demšar 2006."""

import numpy as np
import pytest
from scipy.stats import friedmanchisquare, rankdata

from evenfold.metrics.ranks import critical_difference, friedman, ranks


def test_ranks_are_those_of_scipy_with_equals_shared():
    values = np.random.default_rng(0).integers(0, 4, (20, 6)) / 4
    assert ranks(values).tolist() == rankdata(-values, axis=1).tolist()


@pytest.mark.parametrize("methods, q", [(2, 1.960), (5, 2.728), (10, 3.164)])
def test_the_critical_difference_is_that_of_the_published_table(methods, q):
    expected = q * np.sqrt(methods * (methods + 1) / (6 * 14))
    assert critical_difference(methods, 14) == pytest.approx(expected, abs=2e-3)


def test_friedman_by_chance_agrees_with_its_chi_square_where_that_holds():
    values = np.random.default_rng(3).normal(size=(30, 6))
    values[:, 0] += 0.6
    by_chi = friedmanchisquare(*values.T).pvalue
    assert friedman(values) == pytest.approx(by_chi, abs=0.02)


def test_friedman_knows_nothing_of_order_and_all_of_a_clear_winner():
    same = np.ones((6, 4))
    assert friedman(same) == 1.0
    clear = np.tile([0.9, 0.7, 0.5, 0.3], (6, 1))
    assert friedman(clear) < 0.001 and friedman(clear) == friedman(clear, seed=0)
