"""Statistics against worked examples, independent code and simulation."""

import itertools

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import matthews_corrcoef, roc_auc_score

from evenfold.metrics import corrected_t, delong, group_weights, holm, interval, mcnemar
from evenfold.selection.criteria import CRITERIA, utility
from evenfold.selection.resampling import corrected_best, resample
from evenfold.selection.thresholds import DEFAULTS, choose, sweep


def scores(n=300, d=1.5, seed=0, variants=1, correlation=0.8, share=0.5):
    generator = np.random.default_rng(seed)
    labels = (generator.random(n) < share).astype(int)
    common = generator.normal(size=n)
    own = generator.normal(size=(variants, n))
    noise = np.sqrt(correlation) * common + np.sqrt(1 - correlation) * own
    return noise + d * (labels - 0.5), labels


# --- tests ----------------------------------------------------------------------------


def test_delong_equals_its_definition_by_pairs():
    """Structural components written out, with ties."""
    z, labels = scores(80, variants=2)
    z = z.round(1)
    kernels = []
    for values in z:
        a, b = values[labels == 1][:, None], values[labels == 0][None]
        kernels.append((a > b) + 0.5 * (a == b))
    areas = [k.mean() for k in kernels]
    assert areas == pytest.approx([roc_auc_score(labels, v) for v in z])
    rows = np.cov([k.mean(axis=1) for k in kernels]) / len(kernels[0])
    columns = np.cov([k.mean(axis=0) for k in kernels]) / kernels[0].shape[1]
    total = rows + columns
    se = np.sqrt(total[0, 0] + total[1, 1] - 2 * total[0, 1])
    ours = delong(z[0], z[1], labels)
    assert ours["difference"] == pytest.approx(areas[0] - areas[1])
    assert ours["se"] == pytest.approx(se)
    assert ours["p"] == pytest.approx(2 * norm.sf(abs(ours["difference"] / se)))
    assert delong(z[1], z[0], labels)["z"] == pytest.approx(-ours["z"])
    assert delong(z[0], z[0], labels)["p"] == 1.0


def test_delong_holds_its_level():
    low = sum(
        delong(*scores(150, seed=seed, variants=2)[0], scores(150, seed=seed)[1])["p"]
        < 0.05
        for seed in range(400)
    )
    assert 8 <= low <= 36  # 20 expected; 99.9 % of Binomial(400, 0.05)


def test_mcnemar_worked_example():
    """Ten against twenty-two disagreements: mid-p; exact by hand below 25."""
    right = np.r_[np.ones(10, bool), np.zeros(22, bool), np.ones(5, bool)]
    reference = np.r_[np.zeros(10, bool), np.ones(22, bool), np.ones(5, bool)]
    got = mcnemar(right, reference)
    assert (got["only"], got["only_reference"]) == (10, 22)
    exact = 0.0501
    # statsmodels' exact p is 0.0501; the mid-p takes the point probability off once.
    from scipy.stats import binom, binomtest

    assert binomtest(10, 32).pvalue == pytest.approx(exact, abs=1e-4)
    assert got["p"] == pytest.approx(exact - binom.pmf(10, 32, 0.5), abs=1e-4)
    few = mcnemar(right[:20], reference[:20])
    assert few["p"] == pytest.approx(binomtest(10, 20).pvalue)
    assert mcnemar(right, right)["p"] == 1.0


def test_corrected_t_by_hand():
    """d = 1, 2, 3: mean 2, variance 1; five-fold share 1/4."""
    got = corrected_t(np.array([1.0, 2.0, 3.0]), 0.25)
    assert got["se"] == pytest.approx(np.sqrt(1 / 3 + 0.25))
    assert got["t"] == pytest.approx(2 / np.sqrt(1 / 3 + 0.25))
    # Student's t with two degrees of freedom has p = 1 - t / sqrt(2 + t^2).
    assert got["p"] == pytest.approx(1 - got["t"] / np.sqrt(2 + got["t"] ** 2))
    assert corrected_t(np.zeros(5), 0.25)["p"] == 1.0


def test_holm_worked_example():
    """Holm 1979 by hand: 0.01, 0.04, 0.03, 0.005."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.7, 0.8]).max() == 1.0


# --- resampling -----------------------------------------------------------------------


def test_weights_draw_whole_groups_within_their_kind():
    labels = np.array([1, 1, 0, 0, 0, 1, 0, 0])
    clusters = np.array([5, 5, 7, 7, 3, 9, 9, 2])
    pieces = list(group_weights(clusters, labels, 500, 1))
    weights = np.concatenate(pieces)
    assert weights.shape == (500, 8)
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, 5] == weights[:, 6]).all()
    # One group of positives alone, one of both: each is always drawn once.
    assert (weights[:, [0, 5]] == 1).all()
    assert (weights[:, [2, 4, 7]].sum(1) == 3).all()


def test_resampled_rates_equal_counting_rows():
    z, labels = scores(60, variants=3)
    z = z.round(1)
    clusters = np.arange(60) // 2
    thresholds = np.array([-0.2, 0.0, 0.3])
    got = resample(z, labels, clusters, thresholds, 40, 3)
    weights = np.concatenate(list(group_weights(clusters, labels, 40, 3))).astype(int)
    for r, v in itertools.product(range(0, 40, 7), range(3)):
        rows = np.repeat(np.arange(60), weights[r])
        y, s = labels[rows], z[v][rows]
        called = s >= thresholds[v]
        assert got.mcc[r, v] == pytest.approx(matthews_corrcoef(y, called))
        gap = called[y == 1].mean() - (~called)[y == 0].mean()
        assert got.gap[r, v] == pytest.approx(gap, abs=1e-6)
        points = sweep(s, y)
        smallest = np.abs(points.sn - points.sp).min()
        assert abs(got.tuned_gap[r, v]) == pytest.approx(smallest, abs=1e-6)
        again = s >= got.tuned_logit[r, v]
        assert got.tuned_mcc[r, v] == pytest.approx(matthews_corrcoef(y, again))
        out = weights[r] == 0
        unseen = matthews_corrcoef(labels[out], z[v][out] >= got.tuned_logit[r, v])
        assert got.unseen_mcc[r, v] == pytest.approx(unseen)


@pytest.mark.parametrize("criterion", [c for c in CRITERIA if c != "sn_eq_sp"])
def test_thresholds_are_tuned_anew_to_the_criterion_that_is_deployed(criterion):
    z, labels = scores(80)
    settings = DEFAULTS.model_copy(
        update={"criterion": criterion, "required": 0.7, "delta": 0.1}
    )
    how = settings.model_dump()
    clusters = np.arange(80)
    got = resample(z, labels, clusters, np.zeros(1), 20, 3, settings)
    weights = np.concatenate(list(group_weights(clusters, labels, 20, 3))).astype(int)
    for r in range(0, 20, 4):
        rows = np.repeat(np.arange(80), weights[r])
        points = sweep(z[0][rows], labels[rows])
        counts = points.tp, points.fp, points.n_positive, points.n_negative
        best = utility(criterion, *counts, how).max()
        called = z[0][rows] >= got.tuned_logit[r, 0]
        own = labels[rows] == 1
        mine = utility(
            criterion, (called & own).sum(), (called & ~own).sum(),
            points.n_positive, points.n_negative, how,
        )  # fmt: skip
        assert mine == pytest.approx(best, abs=1e-9)


@pytest.mark.parametrize("criterion", ["max_mcc", "fbeta", "cost", "ghost"])
def test_thresholds_are_tuned_anew_for_the_share_of_positives_deployed(criterion):
    z, labels = scores(80)
    n1, clusters = labels.sum(), np.arange(80)
    # As if every negative were there three times.
    share = n1 / (n1 + 3 * (80 - n1))
    rare = DEFAULTS.model_copy(
        update={"criterion": criterion, "deployment_positives": share}
    )
    usual = DEFAULTS.model_dump()
    got = resample(z, labels, clusters, np.zeros(1), 20, 3, rare)
    weights = np.concatenate(list(group_weights(clusters, labels, 20, 3))).astype(int)
    for r in range(0, 20, 4):
        rows = np.repeat(np.arange(80), weights[r] * np.where(labels == 1, 1, 3))
        points = sweep(z[0][rows], labels[rows])
        counts = points.tp, points.fp, points.n_positive, points.n_negative
        best = utility(criterion, *counts, usual).max()
        called, own = z[0][rows] >= got.tuned_logit[r, 0], labels[rows] == 1
        tp, fp = (called & own).sum(), (called & ~own).sum()
        assert utility(criterion, tp, fp, *counts[2:], usual) == pytest.approx(best)


def test_pieces_do_not_change_the_result(monkeypatch):
    from evenfold.metrics import bootstrap

    z, labels = scores(50, variants=2)
    whole = resample(z, labels, np.arange(50), np.zeros(2), 30, 1)
    monkeypatch.setattr(bootstrap, "_CELLS", 50 * 30)
    assert (
        resample(z, labels, np.arange(50), np.zeros(2), 30, 1).mcc == whole.mcc
    ).all()


def test_the_grouped_interval_covers_and_the_naive_one_does_not():
    """Groups of eight whose members share most of their score: 40 groups."""
    grouped, naive, n = 0, 0, 150
    truth = None
    for seed in range(n):
        generator = np.random.default_rng(seed)
        cluster = np.arange(320) // 8
        labels = (cluster % 2).astype(int)
        shared = generator.normal(size=40)[cluster]
        z = np.sqrt(0.7) * shared + np.sqrt(0.3) * generator.normal(size=320)
        z = (z + 1.5 * (labels - 0.5))[None]
        if truth is None:
            truth = 2 * norm.cdf(0.75) - 1  # MCC = J at SN = SP and equal classes
        for clusters in (cluster, np.arange(320)):
            low, high = interval(
                resample(z, labels, clusters, np.zeros(1), 300, seed).mcc[:, 0]
            )
            covered = low <= truth <= high
            if clusters is cluster:
                grouped += covered
            else:
                naive += covered
    assert grouped / n > 0.88 and naive / n < 0.75


def test_the_best_of_many_is_optimistic_and_the_corrected_number_is_not():
    """Sixteen variants of the same worth: true MCC of all is 0.547."""
    truth = 2 * norm.cdf(0.75) - 1
    naive, corrected = [], []
    for seed in range(40):
        z, labels = scores(400, variants=16, correlation=0.5, seed=seed)
        tuned = np.array(
            [sweep(v, labels).logit[choose(sweep(v, labels), "sn_eq_sp")] for v in z]
        )
        got = resample(z, labels, np.arange(400), tuned, 200, seed)
        own = [matthews_corrcoef(labels, v >= t) for v, t in zip(z, tuned)]
        naive.append(max(own))
        corrected.append(corrected_best(got)[0])
    error = np.std(corrected, ddof=1) / np.sqrt(40)
    assert np.mean(naive) - truth > 0.03
    assert abs(np.mean(corrected) - truth) < 0.01 + 2 * error
