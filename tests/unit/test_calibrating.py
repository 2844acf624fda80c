"""Calibration against libraries, identities and populations with a known answer."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.calibration import _SigmoidCalibration
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import brier_score_loss, d2_brier_score, log_loss

from evenfold.metrics import (
    calibrated,
    net_benefit,
    proper_scores,
    reliability,
    shifted,
)
from evenfold.records.thresholds import Calibrator
from evenfold.selection.calibrating import METHODS, calibrate, cross_fitted, fit


def population(n=4000, seed=0, slope=2.5, offset=1.0, share=0.4):
    """Logits too large by `slope` and too high by `offset`: truth is (z - offset)/slope."""
    generator = np.random.default_rng(seed)
    true = generator.normal(logit(share), 1.5, n)
    y = (generator.random(n) < expit(true)).astype(int)
    return slope * true + offset, y, expit(true)


def test_platt_equals_scikit_learns():
    z, y, _ = population()
    ours = fit("platt", z, y)
    theirs = _SigmoidCalibration().fit(z, y)
    assert calibrated(ours, z) == pytest.approx(theirs.predict(z), abs=1e-4)


def test_every_method_finds_what_it_can_express():
    z, y, truth = population(20_000)
    platt, beta = fit("platt", z, y), fit("beta", z, y)
    assert platt.slope == pytest.approx(1 / 2.5, abs=0.02)
    assert platt.intercept == pytest.approx(-1 / 2.5, abs=0.05)
    for calibrator in (platt, beta, fit("isotonic", z, y)):
        assert np.abs(calibrated(calibrator, z) - truth).mean() < 0.02
    z, y, truth = population(20_000, offset=0.0)
    assert fit("temperature", z, y).slope == pytest.approx(1 / 2.5, abs=0.02)
    z, y, truth = population(20_000, slope=1.0, offset=0.0)
    assert fit("beta", z, y).weights == pytest.approx([1, 1, 0], abs=0.1)


def test_isotonic_equals_scikit_learn_between_its_limits():
    z, y, _ = population(500)
    ours = calibrated(fit("isotonic", z, y), z)
    theirs = IsotonicRegression(out_of_bounds="clip").fit(z, y).predict(z)
    assert ours == pytest.approx(np.clip(theirs, 1 / 502, 501 / 502))
    assert ours.min() > 0 and ours.max() < 1


@given(st.integers(0, 300))
def test_venn_abers_equals_its_library_on_new_scores(seed):
    """Our step functions against venn-abers, tied and extreme scores among them."""
    from venn_abers import VennAbers

    generator = np.random.default_rng(seed)
    z, y, _ = population(60, seed=seed)
    z = z.round(generator.integers(0, 4))
    y[:2] = 0, 1
    new = np.r_[z, generator.normal(0, 4, 50), -60, 60]
    theirs = VennAbers()
    with np.errstate(all="ignore"):
        theirs.fit(np.column_stack([-z, z]), y)
        inside = np.clip(new, -36, 36)
        wanted = theirs.predict_proba(np.column_stack([-inside, inside]))[0][:, 1]
    assert calibrated(fit("venn_abers", z, y), new) == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_calibrators_are_monotone_finite_and_survive_json(method):
    import json

    z, y, _ = population(400)
    calibrator = Calibrator(**json.loads(json.dumps(fit(method, z, y).dump())))
    assert calibrator.method == method
    p = calibrated(calibrator, np.r_[-np.inf, np.linspace(-50, 50, 301), np.inf])
    assert np.isfinite(p).all() and (np.diff(p) >= -1e-12).all()
    assert p.min() >= 0 and p.max() <= 1


@pytest.mark.parametrize("method", METHODS)
def test_no_calibration_turns_a_ranking_round(method):
    """Scores that rank the wrong way: the share of positives for all, or the raw ones."""
    z, y, _ = population(600, share=0.3)
    calibrator = fit(method, -z, y)
    p = calibrated(calibrator, np.linspace(-8, 8, 201))
    assert (np.diff(p) >= -1e-12).all()
    if method == "platt":
        assert calibrator.slope == 0.0
    if method not in ("none", "temperature"):
        # Isotonic steps and those of Venn-Abers may still follow a few rows at the ends.
        assert np.median(p) == pytest.approx(y.mean(), abs=0.05)


@pytest.mark.parametrize("method", METHODS)
def test_a_calibrator_is_fitted_on_logits_as_it_is_applied_to_them(method):
    """Logits beyond what float64 tells from 1 are one and the same in both."""
    z, y, _ = population(300)
    far = np.where(np.arange(300) % 7 == 0, np.sign(z) * 10.0 ** (2 + np.abs(z)), z)
    far[:2] = -np.inf, np.inf
    raw, clipped = fit(method, far, y), fit(method, np.clip(far, -36, 36), y)
    assert raw == clipped
    assert (calibrated(raw, far) == calibrated(raw, np.clip(far, -36, 36))).all()
    if method == "isotonic":
        theirs = IsotonicRegression().fit(np.clip(far, -36, 36), y)
        wanted = np.clip(theirs.predict(np.clip(far, -36, 36)), 1 / 302, 301 / 302)
        assert calibrated(raw, far) == pytest.approx(wanted)


@pytest.mark.parametrize("method", METHODS)
def test_separable_scores_give_finite_numbers(method):
    z = np.r_[np.linspace(-1, -0.1, 40), np.linspace(0.1, 1, 40)]
    fitted = fit(method, z, (z > 0).astype(int))
    numbers = [fitted.slope, fitted.intercept, *(fitted.weights or [])]
    assert all(np.isfinite(x) for x in numbers if x is not None)
    assert (fitted.slope or 0) <= 1000.001
    p = calibrated(fitted, z)
    assert np.isfinite(p).all() and (p[:40] < 0.5).all() and (p[40:] > 0.5).all()


@given(st.integers(0, 500))
def test_scores_equal_scikit_learn_and_decompose(seed):
    generator = np.random.default_rng(seed)
    p, y = generator.random(60).round(2), generator.integers(0, 2, 60)
    y[:2] = 0, 1
    scores = proper_scores(p, y)
    assert scores["brier"] == pytest.approx(brier_score_loss(y, p))
    assert scores["log_loss"] == pytest.approx(
        log_loss(y, np.clip(p, 1e-15, 1 - 1e-15))
    )
    assert scores["d2"] == pytest.approx(d2_brier_score(y, p))
    total = scores["mcb"] - scores["dsc"] + scores["unc"]
    assert total == pytest.approx(scores["brier"])
    assert scores["mcb"] >= -1e-12 and scores["dsc"] >= -1e-12


def test_corp_by_hand():
    """Two forecasts of four rows each: 0.2 (one positive) and 0.6 (two positives)."""
    p = np.r_[np.full(4, 0.2), np.full(4, 0.6)]
    y = np.array([1, 0, 0, 0, 1, 1, 0, 0])
    scores = proper_scores(p, y)
    recalibrated = (0.25 * 0.75 + 0.5 * 0.5) / 2
    assert scores["unc"] == pytest.approx(3 / 8 * 5 / 8)
    assert scores["dsc"] == pytest.approx(3 / 8 * 5 / 8 - recalibrated)
    assert scores["mcb"] == pytest.approx((0.05**2 + 0.1**2) / 2)
    curve = reliability(p, y)
    assert set(zip(curve["predicted"], curve["observed"])) == {(0.2, 0.25), (0.6, 0.5)}


def test_corp_equals_model_diagnostics():
    """Frozen from model-diagnostics 1.5.0, scoring.decompose with SquaredError."""
    i = np.arange(200)
    p = ((i * 37) % 101 + 0.5) / 101
    y = (((i * 53) % 97) / 97 < p**1.5).astype(int)
    scores = proper_scores(p, y)
    assert [scores[k] for k in ("mcb", "dsc", "unc", "brier")] == pytest.approx(
        [0.01475190340816257, 0.08994166666666661, 0.245775, 0.1705852367414959],
        rel=1e-9,
    )


def test_net_benefit_by_hand_and_of_treating_all():
    p, y = np.array([0.9, 0.6, 0.4, 0.1]), np.array([1, 0, 1, 0])
    got = net_benefit(p, y, [0.5, 0.25])
    assert got == pytest.approx([(1 - 1) / 4, (2 - 1 / 3) / 4])
    assert net_benefit(p, y, [0.05])[0] == pytest.approx(0.5 - 0.5 * 0.05 / 0.95)


def test_cross_fitting_never_uses_a_row_for_itself():
    z, y, _ = population(300)
    folds = np.arange(300) % 5
    for method in METHODS:
        before = cross_fitted(method, z, y, folds)
        changed = np.where(folds == 2, 1 - y, y)
        after = cross_fitted(method, z, changed, folds)
        assert (before[folds == 2] == after[folds == 2]).all()
        assert method == "none" or (before[folds != 2] != after[folds != 2]).any()


def test_the_choice_is_calibrated_and_prefers_nothing_where_nothing_is_needed():
    folds = np.arange(4000) % 5
    z, y, truth = population()
    chosen = calibrate(z, y, folds)
    assert chosen.calibrator.method in ("platt", "beta")
    assert np.abs(calibrated(chosen.calibrator, z) - truth).mean() < 0.03
    best, raw = chosen.scores[chosen.calibrator.method], chosen.scores["none"]
    assert best.mcb < 0.3 * raw.mcb
    # Discrimination is what calibration cannot change, but for cross-fitting.
    assert best.dsc == pytest.approx(raw.dsc, abs=2e-3)
    z, y, _ = population(slope=1.0, offset=0.0)
    assert calibrate(z, y, folds).calibrator.method == "none"
    assert abs(chosen.scores["venn_abers"].brier - best.brier) < 0.005


def test_a_shift_of_the_prior_is_bayes_rule():
    """Two Gaussians: the posterior at 10 % from the one at 50 %."""
    z = np.linspace(-3, 4, 20)
    odds = np.exp(1.5 * z - 1.5**2 / 2)
    half, tenth = odds / (odds + 1), odds / 9 / (odds / 9 + 1)
    assert shifted(half, 0.5, 0.1) == pytest.approx(tenth)
    assert shifted(half, 0.5, 0.5) == pytest.approx(half)


def test_a_calibrator_without_its_numbers_is_an_error():
    for method in METHODS[1:]:
        with pytest.raises(ValueError, match="lacks a number"):
            calibrated(Calibrator(method=method), np.zeros(3))
    with pytest.raises(ValueError, match="unknown calibration 'x'"):
        fit("x", np.zeros(3), np.zeros(3))
