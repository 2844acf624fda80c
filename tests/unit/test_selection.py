from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import norm
from sklearn import metrics as sk

from evenfold import metrics
from evenfold.config.decides import Decides as DecidingConfig
from evenfold.config.selection import Stability
from evenfold.metrics import sigmoid
from evenfold.records.selection import Decides, Lead, Provenance
from evenfold.records.thresholds import HALF, Tuned, told
from evenfold.selection import thresholds
from evenfold.selection.criteria import CRITERIA, kappa
from evenfold.selection.freezing import (
    Candidate,
    Origin,
    choose_champion,
    freeze,
    largest,
)
from evenfold.selection.oof import OutOfFold
from evenfold.selection.thresholds import (
    DEFAULTS,
    _why_half_is_kept,
    choose,
    choose_resampled,
    pick,
    sweep,
    tune,
)

SCORED = st.integers(4, 40).flatmap(
    lambda n: st.tuples(
        arrays(float, n, elements=st.sampled_from(np.linspace(-3, 3, 13))),
        arrays(int, n, elements=st.integers(0, 1)),
    )
)


def both_classes(scored):
    z, y = scored
    y = y.copy()
    y[0], y[1] = 0, 1
    return z, y


def gaussian(n=400, positives=0.4, d=1.5, seed=0):
    generator = np.random.default_rng(seed)
    y = (generator.random(n) < positives).astype(int)
    return generator.normal(d * y, 1.0), y


@given(SCORED.map(both_classes))
@settings(max_examples=150, deadline=None)
def test_the_sweep_equals_brute_force(scored):
    z, y = scored
    points = sweep(z, y)
    distinct = np.unique(z)
    assert len(points.logit) == len(distinct) + 1
    for t, tp, fp in zip(points.logit, points.tp, points.fp):
        called = z >= t
        assert (tp, fp) == (called[y == 1].sum(), called[y == 0].sum())
        assert not np.isin(t, distinct)


@given(SCORED.map(both_classes), st.sampled_from([0.05, 0.3]))
@settings(max_examples=150, deadline=None)
def test_each_criterion_is_the_best_of_all_thresholds(scored, delta):
    z, y = scored
    points = sweep(z, y)

    def at(index):
        return points.sn[index], points.sp[index], points.mcc[index]

    gaps = np.abs(points.sn - points.sp).round(12)
    sn, sp, _ = at(choose(points, "sn_eq_sp"))
    assert abs(sn - sp) == pytest.approx(gaps.min(), abs=1e-9)
    tied = np.isclose(gaps, gaps.min(), atol=1e-9)
    assert sn + sp == pytest.approx((points.sn + points.sp)[tied].max(), abs=1e-9)
    sn, sp, _ = at(choose(points, "youden"))
    assert sn + sp == pytest.approx((points.sn + points.sp).max(), abs=1e-9)
    assert at(choose(points, "max_mcc"))[2] == pytest.approx(points.mcc.max(), abs=1e-9)


def settings_with(**change):
    return DEFAULTS.model_copy(update=change)


SETTINGS = settings_with(beta=2.0, fn_cost=3.0, risk=0.2, required=0.6)


def by_hand(criterion, truth, called):
    """The criterion's value from scikit-learn or its textbook formula."""
    sn, sp = (
        sk.recall_score(truth, called, pos_label=y, zero_division=0) for y in (1, 0)
    )
    n = len(truth)
    fn, fp = ((truth == 1) & (called == 0)).sum(), ((truth == 0) & (called == 1)).sum()
    return {
        "youden": sn + sp,
        "corner": -np.hypot(1 - sn, 1 - sp),
        "gmean": np.sqrt(sn * sp),
        "fbeta": sk.fbeta_score(truth, called, beta=2.0, zero_division=0),
        "max_mcc": sk.matthews_corrcoef(truth, called),
        "cost": -(3.0 * fn + fp) / n,
        "net_benefit": ((truth * called).sum() - fp * 0.25) / n,
        "sn_at_sp": sn if round(sp, 12) >= 0.6 else sp - 2,
        "sp_at_sn": sp if round(sn, 12) >= 0.6 else sn - 2,
    }[criterion]


@given(SCORED.map(both_classes), st.sampled_from([c for c in CRITERIA if c not in (
    "sn_eq_sp", "constrained_mcc", "ghost")]))  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_each_criterion_equals_brute_force(scored, criterion):
    z, y = scored
    points = sweep(z, y)
    values = [by_hand(criterion, y, (z >= t).astype(int)) for t in points.logit]
    chosen = values[choose(points, criterion, SETTINGS)]
    assert chosen == pytest.approx(max(values), abs=1e-9)


def test_another_share_of_positives_moves_what_depends_on_it_alone():
    z, y = gaussian(3000, positives=0.5)
    points = sweep(z, y)
    rare = settings_with(deployment_positives=0.05)

    def at(criterion, how):
        return points.logit[choose(points, criterion, how)]

    for criterion in ("sn_eq_sp", "youden", "corner", "gmean", "sn_at_sp"):
        assert at(criterion, rare) == at(criterion, DEFAULTS)
    for criterion in ("max_mcc", "fbeta", "cost"):
        assert at(criterion, rare) > at(criterion, DEFAULTS) + 0.3
    for criterion in ("constrained_mcc", "ghost"):
        usual, moved = (
            choose_resampled(points, criterion, how.model_copy(update={"delta": 0.5}))[
                0
            ]
            for how in (DEFAULTS, rare)
        )
        assert points.logit[moved] > points.logit[usual] + 0.3
    # Equal costs at 5 %: the boundary of two Gaussians, d/2 + log(19)/d.
    assert at("cost", rare) == pytest.approx(0.75 + np.log(19) / 1.5, abs=0.35)


def test_the_constrained_mcc_keeps_its_promise_on_new_data():
    """Chosen on 500, judged on the truth; at its own boundary it fails half the time."""
    missed = {"plain": 0, "ours": 0, "crossing": 0}
    for seed in range(60):
        generator = np.random.default_rng(seed)
        y = (generator.random(1500) < 0.5).astype(int)
        # Unequal spreads, so that the largest MCC lies beside the crossing.
        z = np.where(
            y == 1, generator.normal(1.4, 1.6, 1500), generator.normal(0, 0.8, 1500)
        )
        points = sweep(z, y)
        inside = np.abs(points.sn - points.sp) <= 0.05
        plain = np.where(inside, points.mcc, -1).argmax()
        ours, fallback = choose_resampled(points, "constrained_mcc", seed=seed)
        assert not fallback
        for name, index in (("plain", plain), ("ours", ours),
                            ("crossing", choose(points, "sn_eq_sp"))):  # fmt: skip
            t = points.logit[index]
            gap = norm.sf(t, 1.4, 1.6) - norm.cdf(t, 0, 0.8)
            missed[name] += abs(gap) > 0.05
    assert missed["plain"] > 15 and missed["ours"] < 0.6 * missed["plain"], missed


def test_the_constrained_mcc_falls_back_where_nothing_is_safe():
    z, y = gaussian(60)
    points = sweep(z, y)
    index, fallback = choose_resampled(points, "constrained_mcc")
    assert fallback and index == choose(points, "sn_eq_sp")


@pytest.mark.parametrize("seed", range(4))
def test_ghost_is_no_worse_than_ghostml(seed):
    """Its grid of 19 thresholds against every threshold, on subsets of its own."""
    ghostml = pytest.importorskip("ghostml")
    z, y = gaussian(600, positives=0.15, seed=seed)
    p = sigmoid(z)
    index, _ = choose_resampled(sweep(z, y), "ghost", seed=seed)
    ours = float(sigmoid(sweep(z, y).logit[index]))
    theirs = ghostml.optimize_threshold_from_predictions(
        y, p, list(np.arange(0.05, 1, 0.05).round(2)), random_seed=seed
    )
    kappas = [sk.cohen_kappa_score(y, p >= t) for t in (ours, theirs)]
    assert kappas[0] >= kappas[1] - 0.01


def resampled_by_row(z, y, criterion, seed, resamples):
    """The slow exact form: every resample as a weight per row, every threshold judged."""
    generator = np.random.default_rng(seed)
    order = np.argsort(-z, kind="stable")
    positive = y[order] == 1
    weights = np.zeros((resamples, len(z)))
    for own in (positive, ~positive):
        n = int(own.sum())
        if criterion == "ghost":
            drawn = generator.random((resamples, n)).argsort(1) < max(1, round(n / 5))
        else:
            drawn = generator.multinomial(n, np.full(n, 1 / n), resamples)
        weights[:, own] = drawn
    last = np.flatnonzero(np.r_[np.diff(z[order]) != 0, True])
    tp, fp = (
        np.pad(np.cumsum(weights * own, axis=1)[:, last], ((0, 0), (1, 0)))
        for own in (positive, ~positive)
    )
    n1, n0 = tp[:, -1:], fp[:, -1:]
    if criterion == "ghost":
        return np.median(kappa(tp, fp, n1, n0), axis=0)
    points = sweep(z, y)
    allowed = np.abs(points.sn - points.sp) + (tp / n1 + fp / n0).std(0) <= 0.05
    mcc = metrics.matthews(tp, fp, n0 - fp, n1 - tp).mean(axis=0)
    return np.where(allowed, mcc, -np.inf)


@pytest.mark.parametrize("criterion", ["constrained_mcc", "ghost"])
@pytest.mark.parametrize("positives", [0.5, 0.2])
@pytest.mark.parametrize("n, decimals", [(900, 1), (1500, 6)])
def test_counts_between_thresholds_are_resampled_as_rows_are(
    criterion, positives, n, decimals
):
    """With ties every threshold is a candidate; without, 400 of 1500 are."""
    generator = np.random.default_rng(n)
    y = (generator.random(n) < positives).astype(int)
    z = (generator.normal(size=n) + 1.8 * y * (1 + 0.3 * generator.random(n))).round(
        decimals
    )
    points = sweep(z, y)
    assert (len(points.logit) > 400) == (decimals == 6)
    value = resampled_by_row(z, y, criterion, 1, 400)
    for seed in range(3):
        index, fallback = choose_resampled(points, criterion, seed=seed)
        assert not fallback
        # No worse than the exact best by more than resampling moves it: fifths more.
        moves = 0.015 if criterion == "ghost" else 0.006
        assert value[index] > value.max() - moves
        drawn = {"ghost": thresholds._fifths}.get(
            criterion, thresholds._with_replacement
        )(points.tp, np.random.default_rng(seed))
        sizes = {"ghost": max(1, round(y.sum() / 5))}
        assert (drawn[:, -1] == sizes.get(criterion, y.sum())).all()
        assert (np.diff(drawn, axis=1) >= 0).all()
        # The mean share called is the sweep's.
        share = drawn.mean(0) / drawn[0, -1]
        assert share == pytest.approx(points.sn, abs=0.03)


def test_candidates_are_dense_in_both_classes_and_hold_the_ends():
    z, y = gaussian(30_000, positives=0.05)
    points = sweep(z, y)
    own = thresholds._candidates(points)
    assert len(own) <= 402 and (own[0], own[-1]) == (0, len(points.logit) - 1)
    assert np.diff(points.sn[own]).max() <= 1 / 180
    assert -np.diff(points.sp[own]).min() <= 1 / 180
    few = sweep(z[:300], y[:300])
    assert (thresholds._candidates(few) == np.arange(len(few.logit))).all()


def test_the_deployed_threshold_reproduces_the_sweeps_counts():
    z, y = gaussian()
    points = sweep(z, y)
    for criterion in CRITERIA:
        index, _ = pick(points, criterion)
        counts = metrics.confusion(sigmoid(z), y, float(sigmoid(points.logit[index])))
        assert (counts["tp"], counts["fp"]) == (points.tp[index], points.fp[index])


def test_the_crossing_agrees_with_scikit_learns_search():
    """Cross-check: TunedThresholdClassifierCV on the same scores, up to its grid."""
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.model_selection import TunedThresholdClassifierCV

    class Scores(ClassifierMixin, BaseEstimator):
        def fit(self, x, y):
            self.classes_ = np.array([0, 1])
            return self

        def decision_function(self, x):
            return x[:, 0]

    z, y = gaussian(2000)

    def balance(truth, called):
        return -abs(
            sk.recall_score(truth, called) - sk.recall_score(1 - truth, 1 - called)
        )

    theirs = TunedThresholdClassifierCV(
        Scores().fit(None, None),
        scoring=sk.make_scorer(balance),
        cv="prefit",
        refit=False,
        thresholds=1000,
    ).fit(z[:, None], y)
    points = sweep(z, y)
    ours = points.logit[choose(points, "sn_eq_sp")]
    assert theirs.best_threshold_ == pytest.approx(ours, abs=0.02)


@given(SCORED.map(both_classes), st.floats(-3, 3))
@settings(max_examples=100, deadline=None)
def test_metrics_equal_scikit_learn(scored, threshold):
    z, y = scored
    counts = metrics.confusion(z, y, threshold)
    called = (z >= threshold).astype(int)
    tn, fp, fn, tp = sk.confusion_matrix(y, called, labels=[0, 1]).ravel()
    assert counts == {"tp": tp, "fp": fp, "tn": tn, "fn": fn}
    found = metrics.rates(**counts)
    assert found["mcc"] == pytest.approx(sk.matthews_corrcoef(y, called), abs=1e-12)
    assert found["sn"] == pytest.approx(sk.recall_score(y, called))
    assert found["acc"] == pytest.approx(sk.accuracy_score(y, called))
    assert metrics.auroc(z, y) == pytest.approx(sk.roc_auc_score(y, z))
    assert metrics.auprc(z, y) == pytest.approx(sk.average_precision_score(y, z))
    p = sigmoid(z)
    assert metrics.brier(p, y) == pytest.approx(sk.brier_score_loss(y, p))


def test_the_question_behind_the_project():
    """[[177, 77], [41, 212]]: the four published numbers, and the identity of MCC."""
    found = metrics.rates(tp=212, fp=77, tn=177, fn=41)
    assert [round(found[k], 3) for k in ("acc", "mcc", "sn", "sp")] == [
        0.767, 0.540, 0.838, 0.697,
    ]  # fmt: skip
    youden = found["sn"] + found["sp"] - 1
    assert found["mcc"] == pytest.approx(
        youden / np.sqrt(1 - found["gap"] ** 2), abs=2e-4
    )
    low, high = metrics.bootstrap_mcc(
        {"tp": 212, "fp": 77, "tn": 177, "fn": 41}, 20_000, 1
    )
    assert (low, high) == pytest.approx((0.467, 0.612), abs=0.006)


def test_intervals_equal_their_worked_examples():
    # Newcombe 1998, table II: 56/70 against 48/80, method 10.
    assert metrics.newcombe((56, 48), (70, 80)) == pytest.approx(
        (0.0524, 0.3339), abs=5e-5
    )
    # Wilson for 81/263 (Newcombe 1998, two-sided 95 %).
    assert metrics.wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert np.isnan(metrics.wilson(0, 0)).all()


def test_the_effective_size_by_hand_and_by_simulation():
    """Pairs that always agree count once; independent rows count fully."""
    independent = np.array([1, 1, 0, 1], bool)
    assert metrics.effective_size(independent, np.arange(4)) == pytest.approx(3)
    correct = np.repeat(np.arange(200) % 4 > 0, 2)
    assert metrics.effective_size(correct, np.arange(400) // 2) == pytest.approx(
        200, rel=0.01
    )
    # Nothing to see how alike they are: one row a group.
    assert metrics.effective_size(np.ones(12, bool), np.arange(12) // 3) == 4
    covered = naive = 0
    for seed in range(400):
        generator = np.random.default_rng(seed)
        p = generator.beta(3, 1, 60)  # a proportion of 0.75 that differs by group
        correct = (generator.random((60, 5)) < p[:, None]).ravel()
        size = metrics.effective_size(correct, np.arange(300) // 5)
        for n in (size, 300):
            low, high = metrics.wilson(correct.mean() * n, n)
            if n is size:
                covered += low <= 0.75 <= high
            else:
                naive += low <= 0.75 <= high
    assert covered / 400 > 0.925 and naive / 400 < 0.90


@pytest.mark.parametrize(
    "sn, sp, n", [(0.838, 0.697, 50), (0.7, 0.7, 50), (0.9, 0.85, 100)]
)
def test_the_interval_of_mcc_covers_at_fifty_of_a_class(sn, sp, n):
    """The stated regime: nominal 95 % within two points; larger MCC asks for more."""
    generator = np.random.default_rng(5)
    runs = 3000
    truth = float(metrics.matthews(sn, 1 - sp, sp, 1 - sn))
    covered = 0
    for tp, tn in zip(generator.binomial(n, sn, runs), generator.binomial(n, sp, runs)):
        counts = {"tp": tp, "fn": n - tp, "tn": tn, "fp": n - tn}
        low, high = metrics.bootstrap_mcc(counts, 500, int(tp * 100 + tn))
        covered += low <= truth <= high
    assert abs(covered / runs - 0.95) <= 0.02


def test_the_bootstrap_of_counts_is_the_bootstrap_of_rows():
    z, y = gaussian(300)
    counts = metrics.confusion(z, y, 0.7)
    fast = metrics.bootstrap_mcc(counts, 20_000, 1)
    generator = np.random.default_rng(2)
    called = z >= 0.7
    values = []
    for _ in range(3000):
        drawn = generator.integers(0, len(y), len(y))
        values.append(sk.matthews_corrcoef(y[drawn], called[drawn]))
    assert fast == pytest.approx(np.quantile(values, [0.025, 0.975]), abs=0.012)


@pytest.mark.parametrize("before, after", [(0.7, 0.1), (0.1, 0.7)])
def test_what_another_threshold_changes_is_the_bootstrap_of_rows(before, after):
    z, y = gaussian(300)
    at = [metrics.confusion(z, y, t) for t in (before, after)]
    fast = metrics.moved(*at, 20_000, 1)
    generator = np.random.default_rng(2)
    values = []
    for _ in range(2000):
        drawn = generator.integers(0, len(y), len(y))
        found = [
            metrics.rates(**metrics.confusion(z[drawn], y[drawn], t))
            for t in (before, after)
        ]
        mcc, gap = zip(*((one["mcc"], abs(one["gap"])) for one in found))
        values.append((mcc[1] - mcc[0], gap[1] - gap[0]))
    slow = np.quantile(values, [0.025, 0.975], axis=0).T
    assert np.allclose(fast, slow, atol=0.015)


def test_of_a_missing_class_no_change_is_claimed():
    none = {"tp": 0, "fn": 0, "fp": 3, "tn": 4}
    assert np.isnan(metrics.moved(none, none, 50, 1)).all()


def test_a_threshold_is_told_in_digits_that_mean_something():
    shown = {0.0: "0.000", 1.0: "1.000", 0.5: "0.500", 0.00042: "0.00042",
             0.0042: "0.0042", 0.99958: "0.99958", 3e-9: "3.0e-09"}  # fmt: skip
    assert {t: told(t) for t in shown} == shown


def tuned(z, y, folds=None, seed=1, **change):
    """Tuned with few resamples, and 0.5 kept only where a test asks for it."""
    oof = OutOfFold(z, y, np.arange(len(z)) % 5 if folds is None else folds)
    change = {"resamples": 300, "keep_half": False, **change}
    return tune(oof, settings_with(**change), seed)


def test_tuning_balances_and_reports_every_criterion():
    found = tuned(*gaussian(1500, positives=0.2))
    assert abs(found.points["sn_eq_sp"].gap) < 0.01
    assert list(found.points) == [HALF, *CRITERIA]
    assert found.operating_point == "sn_eq_sp"
    assert found.threshold == found.deployed.threshold != found.half.threshold == 0.5
    assert found.deployed == found.points["sn_eq_sp"]
    assert len(found.folds) == 5
    assert found.stability.flag == "green"
    assert found.comparability.comparable


def test_a_shifted_fold_is_a_red_flag():
    z, y = gaussian(1500)
    z = z + np.where(np.arange(len(z)) % 5 == 0, 2.5, 0.0)
    found = tuned(z, y)
    assert found.stability.flag == "red"
    assert not found.comparability.comparable


def test_with_too_few_positives_nothing_is_tuned_and_it_says_so():
    z, y = gaussian(100)
    y[:] = 0
    y[:15] = 1
    found = tuned(z, y)
    assert (found.tuned, found.threshold, found.stability) == (False, 0.5, None)
    assert found.deployed == found.half
    assert "15 sequences, fewer than 20" in found.notes[0]


@pytest.mark.parametrize("criterion", CRITERIA)
def test_equal_scores_keep_one_half_and_say_so(criterion, tmp_path):
    _, y = gaussian(100)
    found = tuned(np.full(len(y), 0.3), y, criterion=criterion, resamples=100)
    assert (found.tuned, found.threshold, found.operating_point) == (False, 0.5, HALF)
    assert "equal, so they carry no information" in found.notes[0]
    found.write(tmp_path / "threshold.json")
    assert Tuned.read(tmp_path / "threshold.json") == found


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_scores_that_are_no_numbers_keep_one_half_and_say_so(odd):
    z, y = gaussian(100)
    z[3] = odd
    found = tuned(z, y, resamples=100)
    assert (found.tuned, found.threshold) == (False, 0.5)
    assert f"1 of {len(z)} out-of-fold scores are no finite numbers" in found.notes[0]
    assert np.isfinite([found.auroc, found.auprc, found.brier]).all()


@pytest.mark.parametrize("scale", [1e-300, 1e-9, 1e300])
def test_scores_of_any_size_are_tuned_or_told(scale):
    z, y = gaussian(100)
    found = tuned(z * scale, y, resamples=100)
    assert found.tuned or "carry no information" in found.notes[0]


def test_a_fold_of_equal_scores_is_amber_at_least():
    z, y = gaussian(300)
    z[np.arange(len(z)) % 5 == 0] = 0.3
    assert tuned(z, y).stability.flag != "green"


def test_the_fallback_of_the_constrained_criterion_is_told():
    y = np.r_[np.ones(30, int), np.zeros(30, int)]
    z = np.r_[np.full(20, 2.0), np.full(10, -2.0), np.full(28, -2.0), np.full(2, 2.0)]
    found = tuned(z, y, criterion="constrained_mcc", delta=0.01)
    assert any("fell back" in note for note in found.notes)


@pytest.fixture(scope="module")
def some_tuned():
    return tuned(*gaussian(100), resamples=100)


def selection_of(some: Tuned, names, values, gaps=None):
    """Thresholds of some variants that differ in MCC and gap at the deployed one."""

    def one(mcc, gap):
        point = some.deployed.model_copy(update={"mcc": mcc, "gap": gap})
        points = {**some.points, some.operating_point: point}
        return some.model_copy(update={"points": points})

    return {
        name: one(value, gap)
        for name, value, gap in zip(names, values, gaps or [0.0] * len(names))
    }


def test_the_champion_has_the_largest_mcc_then_the_smallest_gap_then_comes_first(
    some_tuned,
):
    def best(*arguments):
        return largest(selection_of(some_tuned, *arguments))

    assert best("abc", [0.1, 0.3, 0.2]) == "b"
    assert best("abc", [0.3, 0.3, 0.2], [0.1, -0.02, 0]) == "b"
    assert best("ab", [0.3, 0.3]) == "a"


def led(over, mcc, by_chance, of=2):
    return {over: Lead(over=over, of=of, mcc=mcc, se=0.012, by_chance=by_chance)}


def test_the_simplest_is_kept_when_the_lead_is_within_what_chance_gives():
    def compare(mcc, by_chance, simpler=True, of=2):
        return choose_champion("b", led("a", mcc, by_chance, of), simpler)

    assert compare(0.0004, 0.012) == (
        "a",
        "b and a have the same MCC out-of-fold: the simpler one is kept.",
    )
    assert compare(0.010, 0.012) == (
        "a",
        "b leads a by +0.010 MCC out-of-fold, which is within the 0.012 (1.0 standard "
        "errors) by which the best of 2 equal variants leads in 84 of 100 samples at "
        "most: a tie, and the simpler one is kept.",
    )
    assert compare(0.013, 0.012) == (
        "b",
        "b leads every simpler variant in MCC out-of-fold by more than the best of as many "
        "equal variants does in 84 of 100 samples: a by +0.013 (0.012).",
    )
    assert compare(0.013, 0.024, of=16)[0] == "a"
    assert (
        "2.0 standard errors) by which the best of 16" in compare(0.01, 0.024, of=16)[1]
    )
    name, why = compare(0.010, 0.012, simpler=False)
    assert name == "b" and "within the 0.012" in why and "kept" not in why
    assert choose_champion("a", {}, True) == (
        "a", "a is the simplest, and no other had a larger MCC out-of-fold.",
    )  # fmt: skip


def test_the_simplest_of_those_that_tie_with_the_best_is_the_champion():
    leads = {**led("boosting", 0.1, 0.02), **led("bce", 0.01, 0.02)}
    name, why = choose_champion("focal", leads, True)
    assert name == "bce" and why.startswith("focal leads bce by +0.010")
    leads = {**led("boosting", 0.01, 0.02), **led("bce", 0.005, 0.02)}
    assert choose_champion("focal", leads, True)[0] == "boosting"
    leads = {**led("boosting", 0.1, 0.02), **led("bce", 0.05, 0.02)}
    name, why = choose_champion("focal", leads, True)
    assert name == "focal" and why.endswith(
        "boosting by +0.100 (0.020), bce by +0.050 (0.020)."
    )


def test_simplicity_goes_by_model_then_loss_then_order():
    def variant(loss, **training):
        return {"loss": {"name": loss}, "training": {"features": ["aac"], **training}}

    variants = {
        "own": variant("bce", model="mine:Net"),
        "focal": variant("focal"),
        "second": variant("bce"),
        "third": variant("bce"),
        "trees": variant("bce", model="gradient_boosting"),
        "line": variant("bce", model="logistic_regression"),
    }
    parts = {"reading": {}, "grouping": {}, "split": {}, "seed": 1, "selection": {}}
    # In another order than they are recorded in.
    recorded = dict(reversed(variants.items()))
    deciding = DecidingConfig.of({**parts, "variants": recorded})
    assert sorted(variants, key=deciding.simplicity) == [
        "line", "trees", "second", "third", "focal", "own",
    ]  # fmt: skip
    assert deciding.comparable("focal", "second")
    assert not deciding.comparable("trees", "second")


def test_a_half_that_is_balanced_already_is_kept():
    """Balanced scores around 0 whose largest MCC is at 0.5 by construction."""
    z = np.r_[np.full(40, 2.0), np.full(10, -2.0), np.full(40, -2.0), np.full(10, 2.0)]
    y = np.r_[np.ones(50, int), np.zeros(50, int)]
    folds = np.arange(100) % 4
    kept = tuned(z, y, folds, resamples=200, keep_half=True)
    assert kept.operating_point == HALF and "0.5 is kept" in kept.notes[0]
    assert kept.deployed == kept.half and kept.threshold == 0.5
    assert tuned(z, y, folds, resamples=200).operating_point == "sn_eq_sp"
    # A gap at 0.5 beyond its error is tuned away.
    beyond = z + np.where(np.arange(100) % 3 == 0, 3.0, 0.0)
    shifted = tuned(beyond, y, folds, resamples=200, keep_half=True)
    assert shifted.operating_point == "sn_eq_sp"


def test_the_frozen_selection_is_identified_by_what_decides_alone(some_tuned):
    z, y = gaussian(100)
    oof = OutOfFold(z, y, np.arange(len(z)) % 5)
    losses = {"a": "bce", "b": "focal"}
    candidates = {
        name: Candidate(losses[name], one, oof, "w", "t", "o")
        for name, one in selection_of(some_tuned, "ab", [0.1, 0.2]).items()
    }
    config = {
        "reading": {},
        "grouping": {},
        "split": {},
        "seed": 1,
        "selection": {"resamples": 200, "one_standard_error": False},
        "variants": {n: {"loss": {"name": losses[n]}, "training": {}} for n in "ab"},
    }

    def frozen(digest, version="1"):
        decides = Decides(data="x", split="s", config=digest)
        records = Provenance(evenfold=version, python="3", machine="m")
        full = DecidingConfig.of(config).dump()
        origin = Origin("d", None, decides, records, {}, full, ["a", "b"])
        return freeze(candidates, np.arange(len(z)), origin)

    one = frozen("y")
    assert one.champion == "b" and one.baseline == "a"
    assert one.chosen.loss == "focal" and one.chosen.oof.mcc == 0.2
    assert one.selection == frozen("y", "2").selection
    assert one.selection != frozen("z").selection
    (compared,) = one.against_baseline.values()
    assert compared.mcc == compared.se == 0.0 and compared.p_holm == 1.0
    assert compared.delong.p == compared.mcnemar.positives.p == 1.0
    assert one.best.mcc == 0.2 and one.best.of == 2


def test_the_tuned_gap_transfers_to_new_data():
    """Over-fitted members at 15 % positives: averaging logits keeps the gap.

    The threshold is tuned on one member's out-of-fold scores and applied to the mean of
    five. Averaging probabilities instead shifts the gap several times as far.
    """
    generator = np.random.default_rng(4)
    spread, members, n = 3.0, 5, 4000
    gaps = {"logits": [], "probabilities": []}

    def scores(y, k):
        """Noisy, over-confident logits of k members around a shared signal."""
        shared = generator.normal(1.6 * y, 1.0)
        noise = generator.normal(0, 1.0, (k, len(y)))
        return spread * (shared + noise - 2.2)

    for _ in range(20):
        y = (generator.random(n) < 0.15).astype(int)
        oof = scores(y, 1)[0]
        points = sweep(oof, y)
        threshold = float(sigmoid(points.logit[choose(points, "sn_eq_sp")]))
        new = (generator.random(4 * n) < 0.15).astype(int)
        z = scores(new, members)
        for name, score in (
            ("logits", sigmoid(z.mean(axis=0))),
            ("probabilities", sigmoid(z).mean(axis=0)),
        ):
            gaps[name].append(
                metrics.rates(**metrics.confusion(score, new, threshold))["gap"]
            )
    assert abs(np.mean(gaps["logits"])) < 0.03
    assert np.mean(gaps["probabilities"]) > 3 * abs(np.mean(gaps["logits"]))
    assert np.mean(gaps["probabilities"]) > 0.08


@pytest.mark.parametrize("n, wanted", [(100, 0.146), (500, 0.065), (2000, 0.033)])
def test_the_asymptotic_spread_of_a_threshold_is_the_simulated_one(n, wanted):
    """Gaussian scores 1.5 apart: the simulated spread is 0.146, 0.065, 0.033."""
    spreads = [
        thresholds.threshold_sd(*gaussian(n, positives=0.5, seed=seed), 0.75)
        for seed in range(10)
    ]
    assert np.mean(spreads) == pytest.approx(wanted, rel=0.15)
    assert np.isnan(thresholds.threshold_sd(np.zeros(9), np.arange(9) % 2, 0.0))


def test_the_gap_left_out_is_honest_about_a_fold_that_differs():
    z, y = gaussian(2000, positives=0.5)
    folds = np.arange(2000) % 5
    same = tuned(z, y, folds, resamples=200).stability
    assert abs(same.gap_left_out) < 0.03
    shifted = tuned(z + 2.0 * (folds == 0), y, folds, resamples=200).stability
    assert shifted.flag == "red"
    assert abs(shifted.gap_left_out) > abs(same.gap_left_out) + 0.015
    strict = Stability(amber=0.01, red=0.02, widest=0.5)
    again = tuned(z, y, folds, resamples=200, stability=strict)
    assert again.stability.flag == "red"


def test_half_is_kept_within_one_standard_error_of_the_gap():
    """Of 100 positives and 25 negatives: the root of 0.24 / 100 + 0.25 / 25."""
    pooled = SimpleNamespace(n_positive=100, n_negative=25)
    tuned = SimpleNamespace(mcc=0.2, threshold=0.3)

    def why(gap, mcc=0.2):
        half = SimpleNamespace(sn=0.6, sp=0.5, gap=gap, mcc=mcc)
        return _why_half_is_kept(half, tuned, pooled)

    assert "SN - SP is -0.111, within one standard error (0.111)" in why(-0.111)
    assert why(0.112) is None and why(-0.112) is None and why(0.1, 0.19) is None
