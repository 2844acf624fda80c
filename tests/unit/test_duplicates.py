"""Which losses are one loss on which data."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from evenfold.config.losses import LOSSES as SETTINGS
from evenfold.config.losses import settings_of
from evenfold.config.plan import Plan
from evenfold.config.twins import difference, twin
from evenfold.losses import build_loss

DEFAULT = {s().name: s().model_dump() for s in SETTINGS.values()}


def wbce(**settings):
    return {**DEFAULT["wbce"], **settings}


@given(st.floats(0.02, 0.98), st.integers(10, 100_000))
def test_shifts_are_those_of_the_losses(prior, rows):
    for settings in (
        wbce(fn_weight=3.0),
        wbce(mode="balanced"),
        DEFAULT["class_balanced"],
    ):
        own = {k: v for k, v in settings.items()
               if k not in ("warmup_epochs", "learning_rate_factor")}  # fmt: skip
        loss = build_loss(
            own, torch.tensor(prior).double(), torch.tensor(rows).double()
        )
        wanted = torch.log(loss.positive_weight / loss.negative_weight).item()
        # The loss's weights may be of single precision.
        assert settings_of(settings).reduced(prior, rows).shift == pytest.approx(
            wanted, abs=1e-5
        )
    shift = build_loss(
        {"name": "logit_adjusted"}, torch.tensor(prior).double()
    ).log_odds
    own = settings_of(DEFAULT["logit_adjusted"]).reduced(prior, rows).shift
    assert own == pytest.approx(shift.item(), abs=1e-5)


@pytest.mark.parametrize(
    "one, other",
    [
        (DEFAULT["bce"], wbce(fn_weight=1.0)),
        (DEFAULT["bce"], {**DEFAULT["label_smoothing"], "epsilon": 0.0}),
        (DEFAULT["bce"], {**DEFAULT["poly1"], "epsilon": 0.0}),
        (
            DEFAULT["bce"],
            {**DEFAULT["asl"], "gamma_positive": 0.0, "gamma_negative": 0.0},
        ),
        (DEFAULT["bce"], {**DEFAULT["ldam"], "max_margin": 0.0}),
        (DEFAULT["soft_fbeta"], DEFAULT["sigmoid_f1"]),
        (DEFAULT["soft_fbeta"], {**DEFAULT["tversky"], "alpha": 0.5, "beta": 0.5}),
        (wbce(mode="balanced", fn_weight=3.0), wbce(mode="balanced")),
        ({**DEFAULT["anyloss"], "beta": 2.0}, DEFAULT["anyloss"]),
        (
            {**DEFAULT["snsp"], "mode": "swap", "rate": 0.5, "limit": 1.0},
            {**DEFAULT["snsp"], "mode": "swap"},
        ),
        ({**DEFAULT["snsp"], "smoothing": 0.5}, DEFAULT["snsp"]),
    ],
)
def test_what_is_the_same_anywhere_is_also_the_same_number(one, other):
    assert difference(one, other, [0.3], [500]) == pytest.approx(0.0)
    z = torch.randn(60, dtype=torch.float64)
    y = (torch.rand(60) < 0.3).double()
    values = [
        build_loss({k: v for k, v in s.items() if k not in ("warmup_epochs", "learning_rate_factor")}, 0.3, 500.0)(z, y)
        for s in (one, other)
    ]  # fmt: skip
    assert torch.allclose(*values, atol=1e-8)


@pytest.mark.parametrize(
    "change",
    [
        {"mode": "swap"}, {"rate": 0.2}, {"limit": 1.0},
        {"mode": "error", "smoothing": 0.2},
    ],
)  # fmt: skip
def test_settings_with_an_effect_make_another_loss(change):
    plain = {**DEFAULT["snsp"], "mode": change.get("mode", "integral")}
    if len(change) == 1 and "mode" in change:
        plain = DEFAULT["snsp"]
    assert difference({**plain, **change}, plain, [0.3], [500]) is None


def test_balanced_data_make_four_losses_one():
    four = ("bce", "class_balanced", "logit_adjusted")
    for prior, together in ((0.5, True), (0.505, True), (0.25, False)):
        for name in four[1:]:
            found = twin(
                DEFAULT[name], {"b": DEFAULT["bce"]}, [prior] * 5, [900] * 5, 0.05
            )
            assert (found is not None) == together, (prior, name)
        found = twin(wbce(mode="balanced"), {"b": DEFAULT["bce"]}, [prior], [900], 0.05)
        assert (found is not None) == together


def test_the_fold_that_differs_most_decides():
    bce, balanced = DEFAULT["bce"], wbce(mode="balanced")
    apart = difference(balanced, bce, [0.5, 0.52], [100, 100])
    assert apart == pytest.approx(math.log(0.52 / 0.48))
    assert twin(balanced, {"bce": bce}, [0.5, 0.52], [100, 100], 0.05) is None


def test_one_positive_in_three_makes_a_weight_of_two_balanced():
    assert difference(wbce(fn_weight=2.0), wbce(mode="balanced"), [1 / 3], [90]) < 1e-9


@pytest.mark.parametrize(
    "change", [{"warmup_epochs": 3}, {"learning_rate_factor": 3.0}, {"gamma": 3.0}]
)
def test_other_settings_make_another_variant(change):
    assert difference(DEFAULT["focal"], DEFAULT["focal"], [0.5], [9]) == 0
    other = {**DEFAULT["focal"], **change}
    assert difference(DEFAULT["focal"], other, [0.5], [9]) is None


def test_all_default_losses_are_different_at_one_positive_in_five():
    names = list(DEFAULT)
    for i, name in enumerate(names):
        earlier = {n: DEFAULT[n] for n in names[:i]}
        found = twin(DEFAULT[name], earlier, [0.2], [2000], 0.05)
        # sigmoid F1 with its default slope is soft F1.
        assert found is None or (name, found[0]) == ("sigmoid_f1", "soft_fbeta")


def test_only_variants_that_train_alike_can_be_twins(tmp_path):
    (tmp_path / "d.yaml").write_text(
        f"train: {{positive: {tmp_path}/p.fasta, negative: {tmp_path}/p.fasta}}\n"
    )
    (tmp_path / "p.fasta").write_text(">a\nACD\n")
    variants = [
        "bce",
        "focal",
        {"name": "balanced", "loss": {"name": "wbce", "mode": "balanced"}},
        {"name": "wide", "loss": "class_balanced", "training": {"hidden": [9, 9]}},
    ]
    plan = Plan({"datasets": ["d"], "variants": variants}, tmp_path)
    assert list(plan.alike("d", "balanced", "windows")) == ["bce"]
    assert plan.alike("d", "wide", "windows") == plan.alike("d", "bce", "windows") == {}
