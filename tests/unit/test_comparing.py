"""Statistics against worked examples, independent code and simulation."""

import itertools

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import matthews_corrcoef, roc_auc_score

from evenfold.metrics import (
    class_groups,
    corrected_t,
    delong,
    expanded_p,
    group_intervals,
    group_weights,
    holm,
    interval,
    matthews,
    mcnemar,
    paired_difference,
)
from evenfold.metrics.bootstrap import counts_of_calls
from evenfold.selection.criteria import CRITERIA, utility
from evenfold.selection.resampling import corrected_best, leads_by_chance, resample
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


def test_weights_draw_whole_groups_whatever_their_class():
    labels = np.array([1, 1, 0, 0, 0, 1, 0, 0])
    clusters = np.array([5, 5, 7, 7, 3, 9, 9, 2])
    weights = np.concatenate(list(group_weights(clusters, labels, 4000, 1)))
    assert weights.shape == (4000, 8)
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, 5] == weights[:, 6]).all()
    assert (weights[:, [0, 2, 4, 5, 7]].sum(1) == 5).all()
    # Both classes in every one, and else as multinomial as groups without labels are.
    held = weights @ labels > 0
    assert held.all() and (weights @ (1 - labels) > 0).all()
    assert weights[:, 2].mean() < 1 < weights[:, 0].mean()
    assert class_groups(clusters, labels) == (2, 4)
    alone = np.concatenate(list(group_weights(clusters, np.ones(8, int), 4000, 1)))
    assert alone[:, 0].mean() == pytest.approx(1, abs=0.05)
    assert alone[:, 0].var() == pytest.approx(1 - 1 / 5, abs=0.08)


def test_a_class_in_one_group_of_many_is_in_every_resample():
    clusters, labels = np.arange(60), (np.arange(60) == 7).astype(int)
    weights = np.concatenate(list(group_weights(clusters, labels, 300, 2)))
    assert (weights[:, 7] >= 1).all() and (weights.sum(1) == 60).all()


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
    clusters, share = np.arange(80), 0.25
    rare = DEFAULTS.model_copy(
        update={"criterion": criterion, "deployment_positives": share}
    )
    usual = DEFAULTS.model_dump()
    got = resample(z, labels, clusters, np.zeros(1), 20, 3, rare)
    weights = np.concatenate(list(group_weights(clusters, labels, 20, 3))).astype(int)
    for r in range(0, 20, 4):
        rows = np.repeat(np.arange(80), weights[r])
        points = sweep(z[0][rows], labels[rows])
        n1, n0 = points.n_positive, points.n_negative
        # So often is every negative there that positives are one in four.
        often = n1 * (1 - share) / share / n0
        best = utility(criterion, points.tp, points.fp * often, n1, n0 * often, usual)
        called, own = z[0][rows] >= got.tuned_logit[r, 0], labels[rows] == 1
        tp, fp = (called & own).sum(), (called & ~own).sum()
        mine = utility(criterion, tp, fp * often, n1, n0 * often, usual)
        assert mine == pytest.approx(best.max())


def test_pieces_do_not_change_the_result(monkeypatch):
    from evenfold.metrics import bootstrap

    # Rare positives, so that some resamples are drawn again.
    z, labels = scores(50, variants=2, share=0.06)
    whole = resample(z, labels, np.arange(50), np.zeros(2), 30, 1)
    monkeypatch.setattr(bootstrap, "_CELLS", 50 * 7)
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


def test_few_units_expand_an_interval_and_its_p_alike():
    """Hesterberg 2015, table 4: at n = 10 the tails are 0.0086, at 20 0.0159."""
    values = np.linspace(0, 1, 100_001)
    assert interval(values) == pytest.approx((0.025, 0.975), abs=1e-5)
    assert interval(values, 10)[0] == pytest.approx(0.0086, abs=1e-4)
    assert interval(values, 20)[0] == pytest.approx(0.0159, abs=1e-4)
    assert interval(values, 10**6)[0] == pytest.approx(0.025, abs=1e-4)
    for size in (3, 10, 40):
        tail = interval(values, size)[0]
        assert expanded_p(2 * tail, size) == pytest.approx(0.05, abs=1e-3)
    assert expanded_p(1.0, 10) == 1.0
    assert np.isfinite(interval(values, 0)).all()


def grouped_samples(share, runs, groups=150, d=2.0):
    """Groups of random size, mean four, that share half their score; two variants."""
    for seed in range(runs):
        generator = np.random.default_rng([seed, int(100 * share)])
        cluster = np.repeat(np.arange(groups), generator.geometric(0.25, groups))
        labels = (generator.random(groups) < share)[cluster].astype(int)

        def noise(cluster=cluster, generator=generator):
            shared = generator.normal(size=groups)[cluster]
            return np.sqrt(0.5) * (shared + generator.normal(size=len(cluster)))

        common = noise()
        z = [np.sqrt(0.8) * common + np.sqrt(0.2) * noise() for _ in range(2)]
        if 0 < labels.sum() < len(labels):
            yield seed, np.stack(z) + d * (labels - 0.5), labels, cluster


@pytest.mark.parametrize("share", [0.5, 0.1])
def test_intervals_over_groups_cover_the_population_at_any_class_ratio(share):
    """MCC of the population, and a difference of none, at 1:1 and at 1:9.

    With classes drawn apart MCC at 1:9 is covered in 84 % of samples.
    """
    sn = norm.cdf(1.0)
    truth = float(matthews(sn * share, (1 - sn) * (1 - share), sn * (1 - share),
                           (1 - sn) * share))  # fmt: skip
    covered, equal = [], []
    for seed, z, labels, cluster in grouped_samples(share, 300):
        low, high = group_intervals(z[0], labels, cluster, np.zeros(1), 400, seed)[
            "mcc"
        ]
        covered.append(low <= truth <= high)
        low, high = paired_difference(z[1] >= 0, z[0] >= 0, labels, cluster, 400, seed)
        equal.append(low <= 0 <= high)
    # Three standard errors of 300 samples are 3.8 %.
    assert 0.912 <= np.mean(covered) <= 0.99, np.mean(covered)
    assert 0.912 <= np.mean(equal) <= 0.99, np.mean(equal)


def kept(variants, runs, n=400, correlation=0.8):
    """How often equal variants leave the first as champion: by one error, by chance."""
    one, ours = [], []
    clusters = np.arange(n)
    for seed in range(runs):
        z, labels = scores(n, variants=variants, correlation=correlation, seed=seed)
        positive = (labels == 1).astype(np.float32)
        called = (z >= 0).astype(np.float32)

        def mcc(weights, called=called, positive=positive):
            tp, fp, n1, n0 = counts_of_calls(weights, called, positive)
            return matthews(tp, fp, n0[:, None] - fp, n1[:, None] - tp)

        lead = mcc(np.ones((1, n), np.float32))[0]
        lead -= lead[0]
        best = lead.argmax()
        drawn = np.concatenate(
            [mcc(w) for w in group_weights(clusters, labels, 300, seed)]
        )
        one.append(lead[best] <= (drawn[:, best] - drawn[:, 0]).std(ddof=1))
        ours.append(lead[best] <= leads_by_chance(drawn, 0)[best])
    return np.mean(one), np.mean(ours)


@pytest.mark.parametrize("variants, by_one", [(2, 0.84), (6, 0.59), (16, 0.36)])
def test_an_equal_baseline_is_kept_as_often_among_any_number(variants, by_one):
    one, ours = kept(variants, 300)
    # Three standard errors of 300 samples are 6.3 %.
    assert ours == pytest.approx(0.84, abs=0.065)
    assert one == pytest.approx(by_one, abs=0.085)


def test_a_variant_that_is_better_is_deployed_among_many():
    """The last of sixteen has a larger effect; the bound is on the lead, not a veto."""
    z, labels = scores(2000, variants=16)
    z[-1] += 0.5 * (labels - 0.5)
    got = resample(z, labels, np.arange(2000), np.zeros(16), 300, 1)
    lead = got.mcc.mean(0) - got.mcc[:, 0].mean()
    assert lead.argmax() == 15 and lead[15] > leads_by_chance(got.mcc, 0)[15]


def test_leads_by_chance_of_variants_that_call_alike_are_none():
    mcc = np.random.default_rng(1).normal(0.5, 0.1, 400)
    assert (leads_by_chance(np.stack([mcc, mcc, mcc], axis=1), 1) == 0).all()
    assert (leads_by_chance(mcc[:, None], 0) == 0).all()
    other = mcc + np.random.default_rng(2).normal(0, 0.03, 400)
    alike = leads_by_chance(np.stack([mcc, other, other], axis=1), 0)
    alone = leads_by_chance(np.stack([mcc, other], axis=1), 0)
    # Two that are one count as one, and one beside the reference as one error.
    assert alike[1] == pytest.approx(alone[1])
    assert alone[1] == pytest.approx((other - mcc).std(ddof=1), rel=0.1)


@pytest.mark.parametrize("share", [0.5, 0.1])
def test_differences_count_that_both_thresholds_were_tuned(share):
    """The spread of leads of equal variants between samples, and by the bootstrap."""
    leads, fixed, tuned = [], [], []
    for seed in range(100):
        z, labels = scores(600, variants=2, seed=seed, share=share)
        points = [sweep(v, labels) for v in z]
        limits = np.array([p.logit[choose(p, "sn_eq_sp")] for p in points])
        values = [p.mcc[choose(p, "sn_eq_sp")] for p in points]
        got = resample(z, labels, np.arange(600), limits, 100, seed)
        leads.append(values[1] - values[0])
        fixed.append(np.std(got.mcc[:, 1] - got.mcc[:, 0]))
        tuned.append(np.std(got.tuned_mcc[:, 1] - got.tuned_mcc[:, 0]))
    spread = np.std(leads)
    assert spread == pytest.approx(np.mean(tuned), rel=0.22)
    if share < 0.5:
        assert np.mean(fixed) < 0.9 * np.mean(tuned)


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
