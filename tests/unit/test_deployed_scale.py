"""What is tuned on out-of-fold logits holds for the mean of all members."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenfold.config.selection import SelectionSettings
from evenfold.config.training import Training
from evenfold.features import describing, feature_set
from evenfold.models import averaging
from evenfold.models.averaging import excess_variance, mixed_rows, mixed_sequences
from evenfold.models.data import TrainingData
from evenfold.models.members import Member, all_members
from evenfold.models.settings import Specification
from evenfold.models.training import train_ensemble
from evenfold.records.tables import OOF
from evenfold.selection.calibrating import fit
from evenfold.selection.oof import MOST, OutOfFold, deployed_scale
from evenfold.selection.thresholds import pick, sweep, tune

FOLDS = 5


def simulated(positives, seeds, fold_sd, seed_sd, n=20_000, seed=0):
    """Rows worth mu, and members that add what their fold and their seed taught them.

    Out-of-fold logits with their excess variance, and the deployed mean on new rows.
    """
    generator = np.random.default_rng(seed)
    members = all_members(np.arange(FOLDS), seeds)

    def of_all_members(n):
        by_fold = generator.normal(0, fold_sd, (FOLDS, n))
        noise = generator.normal(0, seed_sd, (len(members), n))
        return noise + by_fold[[m.fold for m in members]]

    def drawn(n):
        y = (generator.random(n) < positives).astype(int)
        return generator.normal(np.where(y, 1.0, -0.8), np.where(y, 1.2, 0.8)), y

    mu, y = drawn(n)
    folds = np.arange(n) % FOLDS
    own = of_all_members(n)
    mine = np.array([m.fold for m in members])[:, None] == folds
    logits = mu + (own * mine).sum(axis=0) / seeds
    mixed = drawn(averaging.MIXTURES)[0] + of_all_members(averaging.MIXTURES)
    excess = excess_variance(logits, mixed, members)
    new, truth = drawn(n)
    return logits, y, folds, excess, new + of_all_members(n).mean(axis=0), truth


@pytest.mark.parametrize("positives", [0.5, 0.1])
@pytest.mark.parametrize("seeds", [1, 3])
@pytest.mark.parametrize(
    ("fold_sd", "seed_sd"),
    [(0.0, 1.0), (0.7, 0.0), (0.5, 0.7)],
    ids=["seeds alone", "rows alone, as boosting", "both"],
)
def test_promised_rates_and_slope_hold_for_the_deployed_mean(
    fold_sd, seed_sd, seeds, positives
):
    z, y, _, excess, deployed, truth = simulated(positives, seeds, fold_sd, seed_sd)
    scaled = deployed_scale(z, y, excess)
    points = sweep(scaled, y)
    for criterion in ("sn_eq_sp", "sn_at_sp"):
        asked = SelectionSettings(criterion=criterion)
        at = pick(points, criterion, asked)[0]
        called = deployed >= points.logit[at]
        for rate, promised, n in (
            (called[truth == 1].mean(), points.sn[at], (truth == 1).sum()),
            ((~called)[truth == 0].mean(), points.sp[at], (truth == 0).sum()),
        ):
            # Three standard errors of both, and a hundredth for the estimated spread.
            error = np.sqrt(2 * promised * (1 - promised) / n)
            assert abs(rate - promised) < 3 * error + 0.01, criterion
    there = fit("platt", deployed, truth).slope
    assert fit("platt", scaled, y).slope == pytest.approx(there, rel=0.08)
    # As measured, the slope is that of something else.
    if fold_sd or seeds == 1:
        assert fit("platt", z, y).slope < 0.93 * there


def test_a_fixed_specificity_is_overshot_without_the_scale():
    z, y, _, excess, deployed, truth = simulated(0.5, 1, 0.5, 0.7)
    asked = SelectionSettings(criterion="sn_at_sp")

    def realised(logits):
        points = sweep(logits, y)
        at = pick(points, "sn_at_sp", asked)[0]
        return (deployed < points.logit[at])[truth == 0].mean()

    assert realised(z) > 0.925
    assert realised(deployed_scale(z, y, excess)) == pytest.approx(0.9, abs=0.01)


@given(
    st.lists(st.floats(-30, 30), min_size=4, max_size=40),
    st.floats(0, 1e4),
    st.integers(0, 2**16),
)
@settings(max_examples=60, deadline=None)
def test_a_class_keeps_its_mean_its_order_and_half_its_variance(z, excess, seed):
    z = np.array(z)
    y = np.random.default_rng(seed).integers(0, 2, len(z))
    scaled = deployed_scale(z, y, np.full(len(z), excess))
    for label in (0, 1):
        before, after = z[y == label], scaled[y == label]
        if len(before):
            assert after.mean() == pytest.approx(before.mean(), abs=1e-9)
            assert (np.diff(after[np.argsort(before)]) >= -1e-9).all()
            assert after.var() >= (1 - MOST) * before.var() - 1e-9


def test_nothing_is_scaled_without_excess_or_where_logits_are_no_numbers():
    z, y = (
        np.array([0.5, np.nan, np.inf, 1e300, -1e300, 2.0]),
        np.array([1, 1, 0, 0, 0, 1]),
    )
    assert np.array_equal(deployed_scale(z, y, np.zeros(6)), z, equal_nan=True)
    scaled = deployed_scale(z, y, np.ones(6))
    assert np.array_equal(np.isfinite(scaled), np.isfinite(z))
    members = [Member(0, 0), Member(1, 0)]
    assert not excess_variance(z, np.ones((2, 30)), members).any()
    alone = excess_variance(z[-1:], np.ones((1, 30)), members[:1])
    assert not alone.any()


def test_mixtures_are_nobodys_and_keep_length_and_gaps():
    sequences = ["--MKVLAAGIVGL", "ACDEFGHIKLMNP", "WWWWW"]
    mixed = mixed_sequences(sequences, 0)
    assert len(mixed) == averaging.MIXTURES
    for child, (one, _) in zip(mixed, averaging.parents(len(sequences), 0)):
        parent = sequences[one]
        assert [x == "-" for x in child] == [x == "-" for x in parent]
    assert mixed == mixed_sequences(sequences, 0) != mixed_sequences(sequences, 1)
    x = np.random.default_rng(0).normal(size=(3000, 3)) @ np.array(
        [[1.0, 2, 0], [0, 1, 0], [3, 0, 1]]
    )
    rows = mixed_rows(x + 5, 0)
    assert rows.shape == (averaging.MIXTURES, 3)
    assert rows.mean(axis=0) == pytest.approx(x.mean(axis=0) + 5, abs=0.3)
    assert np.corrcoef(rows.T) == pytest.approx(np.corrcoef(x.T), abs=0.1)
    assert rows.std(axis=0) == pytest.approx(x.std(axis=0), rel=0.1)


def test_areas_are_of_the_logits_as_measured_and_rates_of_the_deployed_ones():
    z, y, folds, excess, *_ = simulated(0.5, 1, 0.5, 0.7, n=2000)
    scaled = deployed_scale(z, y, excess)
    measured, deployed = OutOfFold(z, y, folds), OutOfFold(scaled, y, folds, z)
    asked = SelectionSettings(resamples=100)
    one, other = (tune(oof, asked, 0) for oof in (measured, deployed))
    assert other.auroc == one.auroc and other.auprc == one.auprc
    assert [f.auroc for f in other.folds] == [f.auroc for f in one.folds]
    assert other.points["sn_eq_sp"].sn > one.points["sn_eq_sp"].sn + 0.01


def test_scores_of_an_earlier_version_are_read_as_they_are(tmp_path):
    frame = pd.DataFrame(
        {"id": list("abcd"), "label": [0, 1, 0, 1], "fold": [0, 0, 1, 1],
         "logit": [-1.0, 0.5, 0.2, 2.0], "score": 0.5}
    )  # fmt: skip
    frame.to_parquet(tmp_path / "oof.parquet")
    oof = OutOfFold.read(tmp_path / "oof.parquet")
    assert oof.logits.tolist() == oof.as_measured.tolist() == frame.logit.tolist()
    assert (
        OOF.arrow(tmp_path / "oof.parquet", ["excess"])["excess"].to_pylist() == [0] * 4
    )
    OOF.write(tmp_path / "new.parquet", frame.assign(excess=0.3))
    oof = OutOfFold.read(tmp_path / "new.parquet")
    assert np.ptp(oof.logits) < np.ptp(oof.as_measured)


@pytest.mark.parametrize(
    ("model", "names"),
    [("feedforward", "onehot"), ("feedforward", "aac dpc"), ("convolutional", "tokens"),
     ("pooled_convolutional", "residues"), ("logistic_regression", "aac dpc"),
     ("gradient_boosting", "aac")],
)  # fmt: skip
def test_training_leaves_the_excess_of_every_kind_of_model(model, names, tmp_path):
    """And that of mixed rows, where sequences cannot be described, is of its size."""
    generator = np.random.default_rng(0)
    letters = np.array(list("ACDEFGHIKLMNPQRSTVWY"))
    y = np.arange(120) % 2
    drawn = generator.integers(0, 20, (120, 15))
    drawn[y == 1, 7] = 8
    sequences = ["".join(row) for row in letters[drawn]]
    names = names.split()
    features = feature_set(names, zip(sequences, sequences))
    data = TrainingData(
        features.compute(sequences), y, np.arange(120) // 2 % 3, np.arange(120)
    )
    training = Training(
        model=model, features=names, epochs=2, hidden=[8, 4], channels=4, widths=[3]
    )
    ensemble = train_ensemble(
        data, Specification(training, {"name": "bce"}, 0)
    ).ensemble
    oof = ensemble.out_of_fold(data.inputs, data.folds)

    def excess(describe):
        mixed = averaging.mixtures(data.inputs, sequences, describe, 0)
        return excess_variance(oof, ensemble.logits(mixed), ensemble.members).mean()

    described = excess(features.compute)
    assert 0 < described < 2 * oof.var()
    if names not in (["tokens"], ["residues"]):
        assert described / 5 < excess(None) < described * 5


def test_what_is_described_anew(tmp_path):
    facts = {"names": ["aac", "dpc"], "length": 0, "vectors": None, "columns": []}
    own = facts | {"names": ["mine:Features"]}
    vectors = {"names": ["embeddings"], "vectors": {"file": "x.npz"}}
    for record, told in ((facts, True), (own, False), (facts | vectors, False)):
        pd.Series(record).to_json(tmp_path / "columns.json")
        describe = describing(tmp_path / "columns.json")
        assert (describe is not None) == told
        if describe:
            assert describe(["MKV"]).shape == (1, 420)
