import numpy as np
import pytest
import torch
from scipy.signal import butter, lfilter
from sklearn.metrics import fbeta_score
from torch.nn.functional import binary_cross_entropy_with_logits

from evenfold.config.model import LOSSES as SETTINGS
from evenfold.losses import (
    SNSPLoss,
    binary_cross_entropy,
    build_loss,
    focal,
    surrogate_fbeta,
    weighted_binary_cross_entropy,
)

ALL = [
    *(settings().model_dump(exclude={"warmup_epochs"}) for settings in SETTINGS),
    {"name": "focal", "gamma": 3.0, "alpha": 0.25},
    {"name": "surrogate_fbeta", "beta": 2.0, "reduction": "class"},
    {"name": "surrogate_fbeta", "reduction": "outer"},
    {"name": "snsp", "mode": "seed_verbatim"},
    {"name": "snsp", "mode": "seed_fixed"},
]


def batch(members=None, size=64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    shape = (size,) if members is None else (members, size)
    logits = torch.randn(shape, generator=generator, dtype=torch.float64) * 3
    targets = (torch.rand(shape, generator=generator) < 0.4).double()
    targets[..., 0], targets[..., 1] = 0, 1
    return logits, targets


def build(settings, prior=0.4, members=None):
    prior = torch.tensor(prior, dtype=torch.float64)
    return build_loss(settings, prior if members is None else prior.repeat(members))


def name(settings):
    return "-".join(str(value) for value in settings.values())


def test_cross_entropy_equals_torch():
    z, y = batch()
    ours = binary_cross_entropy(z, y)
    assert torch.allclose(ours, binary_cross_entropy_with_logits(z, y))
    ours = weighted_binary_cross_entropy(z, y, 2.5)
    weight = torch.tensor(2.5)
    theirs = binary_cross_entropy_with_logits(z, y, pos_weight=weight)
    assert torch.allclose(ours, theirs)


def test_focal_equals_its_formula_and_its_limits():
    z, y = batch()
    p = torch.sigmoid(z)
    p_t = y * p + (1 - y) * (1 - p)
    weight = 0.25 * y + 0.75 * (1 - y)
    wanted = (weight * (1 - p_t) ** 2 * -torch.log(p_t)).mean()
    assert torch.allclose(focal(z, y, 0.25, 2.0), wanted)
    assert torch.allclose(focal(z, y, None, 0.0), binary_cross_entropy(z, y))
    # The default weight of the positive class is the share of negatives.
    built = build({"name": "focal"}, prior=0.2)
    assert torch.allclose(built(z, y), focal(z, y, 0.8, 2.0))


@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
def test_surrogate_fbeta_is_a_monotone_map_of_soft_fbeta(beta):
    """exp(outer) = ((1 + beta^2) / soft F-beta - 1) rho, Lee et al. 2021."""
    z, y = batch()
    p = torch.sigmoid(z)
    rho = y.sum() / (1 - y).sum()
    tp, fp, fn = (p * y).sum(), (p * (1 - y)).sum(), ((1 - p) * y).sum()
    soft = (1 + beta**2) * tp / ((1 + beta**2) * tp + beta**2 * fn + fp)
    loss = surrogate_fbeta(z, y, rho, beta, "outer")
    assert torch.allclose(loss.exp(), ((1 + beta**2) / soft - 1) * rho)


def test_surrogate_fbeta_meets_scikit_learn_on_hard_predictions():
    z, y = batch()
    called = (z >= 0).double()
    rho = y.sum() / (1 - y).sum()
    loss = surrogate_fbeta((called * 2 - 1) * 60, y, rho, 1.0, "outer")
    soft = 2 / (loss.exp() / rho + 1)
    assert soft.item() == pytest.approx(fbeta_score(y, called, beta=1.0), abs=1e-9)


def test_surrogate_fbeta_mean_is_the_public_per_sample_form():
    z, y = batch()
    p = torch.sigmoid(z)
    wanted = (-y * p.log() + (1 - y) * torch.log(0.5 + p)).mean()
    assert torch.allclose(surrogate_fbeta(z, y, 0.5), wanted)


@pytest.mark.parametrize("settings", ALL, ids=name)
def test_gradients(settings):
    z, y = batch(size=12)
    loss = build(settings)
    assert torch.autograd.gradcheck(lambda z: loss(z, y), z.requires_grad_())


@pytest.mark.parametrize("settings", ALL, ids=name)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("size", [17.0, 90.0, 200.0])
def test_extreme_logits_stay_finite_and_confident_errors_keep_learning(
    settings, dtype, size
):
    z = torch.tensor([size, -size, size, -size], dtype=dtype, requires_grad=True)
    y = torch.tensor([0.0, 1.0, 1.0, 0.0])
    loss = build(settings).float()
    value = loss(z, y)
    value.backward()
    assert value.isfinite() and z.grad.isfinite().all()
    if settings["name"] in ("bce", "wbce", "focal", "snsp"):
        # The published form's gradient dies at +17 for a negative.
        assert z.grad[0] > 0 and z.grad[1] < 0


@pytest.mark.parametrize("settings", ALL, ids=name)
def test_stacked_equals_one_by_one(settings):
    z, y = batch(members=3)
    priors = torch.tensor([0.2, 0.5, 0.7], dtype=torch.float64)
    stacked = build_loss(settings, priors)
    sn, sp = torch.tensor([0.9, 0.5, 0.2]), torch.tensor([0.4, 0.5, 0.8])
    stacked.observe(sn, sp)
    for i in range(3):
        alone = build_loss(settings, priors[i])
        alone.observe(sn[i], sp[i])
        assert torch.allclose(stacked(z, y)[i], alone(z[i], y[i]))


@pytest.mark.parametrize("settings", ALL, ids=name)
@pytest.mark.parametrize("label", [0.0, 1.0])
def test_one_class_batches_are_finite(settings, label):
    z = torch.tensor([-1.0, 0.5, 2.0], requires_grad=True)
    value = build(settings).float()(z, torch.full((3,), label))
    value.backward()
    assert value.isfinite() and z.grad.isfinite().all()
    if not build(settings).decomposable:
        assert value == 0 and (z.grad == 0).all()


@pytest.mark.parametrize("settings", ALL, ids=name)
def test_order_of_rows_does_not_matter_and_state_is_saved(settings):
    z, y = batch()
    loss = build(settings)
    loss.observe(torch.tensor(0.9), torch.tensor(0.3))
    order = torch.randperm(len(z))
    assert torch.allclose(loss(z, y), loss(z[order], y[order]))
    again = build(settings)
    again.load_state_dict(loss.state_dict())
    assert torch.equal(again(z, y), loss(z, y))


@pytest.mark.parametrize("settings", ALL, ids=name)
def test_vmap_runs_every_loss(settings):
    z, y = batch(members=2)
    loss = build(settings)
    rows = torch.func.vmap(lambda z, y: loss(z, y))(z, y)
    assert torch.allclose(rows[0], loss(z[0], y[0]))


def test_balanced_rates_make_the_corrective_loss_plain_cross_entropy():
    z, y = batch()
    loss = build({"name": "snsp"})
    for _ in range(5):
        loss.observe(torch.tensor(0.8), torch.tensor(0.8))
    assert torch.allclose(loss(z, y), binary_cross_entropy(z, y))


def test_directions_published_amplifies_corrected_corrects():
    low_sn, high_sp = torch.tensor(0.4), torch.tensor(0.9)
    for mode, sign in (("integral", 1), ("seed_fixed", -1)):
        loss = build({"name": "snsp", "mode": mode})
        assert loss.positive_feedback == (sign < 0)
        for _ in range(200):
            loss.observe(low_sn, high_sp)
        positive, negative = loss.weights()
        assert sign * (positive - negative) > 0.2
        assert torch.allclose(positive + negative, torch.tensor(2.0).double())
    # The state of the controller is bounded.
    assert abs(build({"name": "snsp"}).state) <= 3.0
    assert float(loss.rates[0]) == pytest.approx(0.4, abs=0.01)


def test_the_published_parenthesis_slip_halves_the_negative_weight():
    loss = build({"name": "snsp", "mode": "seed_verbatim"})
    positive, negative = loss.weights()
    assert (positive.item(), negative.item()) == (1.0, 0.5)
    for _ in range(2000):
        loss.observe(torch.tensor(0.8), torch.tensor(0.8))
    assert [w.item() for w in loss.weights()] == pytest.approx([1.0, 0.5])


def test_streaming_filter_equals_the_published_lfilter():
    b, a = butter(1, 0.01)
    generator = np.random.default_rng(0)
    history = generator.random(50)
    loss = SNSPLoss(torch.tensor(0.5, dtype=torch.float64), mode="seed_fixed")
    for i, value in enumerate(history):
        loss.observe(torch.tensor(value), torch.tensor(0.5))
        wanted = lfilter(b, a, history[: i + 1] - 0.5)[-1] + 0.5
        assert loss.rates[0].item() == pytest.approx(wanted, abs=1e-12)


def test_closed_loop_on_gaussian_scores_shows_the_published_loop_gain():
    """d = 1.5: the published direction doubles a bias, the controller removes it."""
    from scipy.stats import norm

    d, bias = 1.5, 0.353

    def settle(mode, epochs=1500):
        loss = build({"name": "snsp", "mode": mode})
        for _ in range(epochs):
            w1, w0 = (w.item() for w in loss.weights())
            shift = bias + np.log(w1 / max(w0, 1e-9))
            sn = norm.cdf(d / 2 + shift / d)
            sp = norm.cdf(d / 2 - shift / d)
            loss.observe(torch.tensor(sn), torch.tensor(sp))
        return sn, sp

    sn, sp = settle("seed_fixed")
    assert (sn, sp) == pytest.approx((0.895, 0.597), abs=2e-3)
    sn, sp = settle("seed_verbatim")
    assert sn > 0.99 and sp < 0.01
    sn, sp = settle("integral")
    assert abs(sn - sp) < 1e-3
