import inspect
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import butter, lfilter
from scipy.stats import norm
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    brier_score_loss,
    fbeta_score,
    matthews_corrcoef,
    recall_score,
    roc_auc_score,
)
from sklearn.utils.class_weight import compute_class_weight
from torch.nn.functional import binary_cross_entropy_with_logits

from evenfold import losses
from evenfold.config.losses import LOSSES as SETTINGS
from evenfold.config.losses import LossSettings, settings_of
from evenfold.config.training import Training
from evenfold.losses import (
    LOSSES,
    SNSPLoss,
    anyloss,
    asymmetric,
    auc_margin,
    binary_cross_entropy,
    brier,
    build_loss,
    effective_number_weights,
    focal,
    generalised_cross_entropy,
    label_smoothing,
    ldam,
    logit_adjusted,
    matthews,
    minmax_soft,
    pairwise_auc,
    poly1,
    sigmoid_f1,
    soft_fbeta,
    surrogate_fbeta,
    tversky,
    weighted_binary_cross_entropy,
)
from evenfold.models.data import TrainingData
from evenfold.models.settings import Specification
from evenfold.models.training import train_ensemble

COMMON = set(LossSettings.model_fields)
PUBLIC = json.loads(Path(__file__).with_name("public_losses.json").read_text())
ALL = [
    *(settings().model_dump(exclude=COMMON) for settings in SETTINGS.values()),
    {"name": "wbce", "mode": "balanced"},
    {"name": "focal", "gamma": 3.0, "alpha": 0.25},
    {"name": "focal", "gamma": 0.5},
    {"name": "asl", "gamma_positive": 1.0, "gamma_negative": 4.0, "margin": 0.05},
    {"name": "surrogate_fbeta", "beta": 2.0, "reduction": "mean"},
    {"name": "surrogate_fbeta", "reduction": "outer"},
    {"name": "anyloss", "measure": "balanced_accuracy"},
    {"name": "anyloss", "measure": "fbeta", "beta": 2.0},
    {"name": "anyloss", "measure": "accuracy"},
    {"name": "mcc", "cross_entropy": 0.0},
    {"name": "mcc", "cross_entropy": 0.2, "gamma": 2.0, "positive_weight": 3.0},
    {"name": "tversky", "gamma": 0.75},
    {"name": "sigmoid_f1", "slope": 5.0, "offset": 1.0},
    *({"name": "snsp", "mode": mode} for mode in SNSPLoss.MODES[1:]),
]


def batch(members=None, size=64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    shape = (size,) if members is None else (members, size)
    logits = torch.randn(shape, generator=generator, dtype=torch.float64) * 3
    targets = (torch.rand(shape, generator=generator) < 0.4).double()
    targets[..., 0], targets[..., 1] = 0, 1
    return logits, targets


def build(settings, prior=0.4):
    return build_loss(settings, torch.tensor(prior, dtype=torch.float64), 1000.0)


def name(settings):
    return "-".join(str(value) for value in settings.values())


every = pytest.mark.parametrize("settings", ALL, ids=name)


def called(z):
    """Hard calls, and logits so large that soft counts are hard ones."""
    hard = (z >= 0).double()
    return hard, (hard * 2 - 1) * 60


# --- one registry -----------------------------------------------------------------


def test_settings_and_modules_agree_on_names_and_defaults():
    assert list(SETTINGS) == list(LOSSES)
    for settings in SETTINGS.values():
        wanted = settings().model_dump(exclude=COMMON | {"name"})
        arguments = inspect.signature(LOSSES[settings().name]).parameters
        defaults = {n: p.default for n, p in arguments.items()}
        for implicit in ("prior", "rows"):
            defaults.pop(implicit, None)
        assert defaults == wanted, settings


@pytest.mark.parametrize("loss", LOSSES.values(), ids=list(LOSSES))
def test_every_loss_is_documented_where_its_formula_is(loss):
    text = " ".join(inspect.getdoc(loss.function).split())
    for section in ("Parameters ---", "Returns ---", "shape (..., batch)", "ange "):
        assert section in text, section
    assert inspect.getdoc(loss).splitlines()[0].strip()
    assert loss().min_per_class == (0 if loss().decomposable else 8)


def test_a_loss_is_pleasant_outside_the_workflow():
    z, y = batch()
    for loss in LOSSES.values():
        assert loss()(z.float(), y.long()).isfinite()
    weighted = losses.WeightedBCELoss(prior=0.2, mode="balanced")
    assert (weighted.positive_weight / weighted.negative_weight).item() == 4.0


# --- against independent implementations --------------------------------------------


@pytest.mark.parametrize("case", PUBLIC["cases"])
def test_values_and_gradients_equal_public_implementations(case):
    """Frozen from the packages and versions named in public_losses.json."""
    z = torch.tensor(PUBLIC["logits"], dtype=torch.float64, requires_grad=True)
    y = torch.tensor(PUBLIC["targets"], dtype=torch.float64)
    frozen = PUBLIC["cases"][case]
    value = build_loss(frozen["settings"], y.mean())(z, y)
    (gradient,) = torch.autograd.grad(value, z)
    assert value.item() == pytest.approx(frozen["value"], abs=5e-7)
    assert gradient.numpy() == pytest.approx(np.array(frozen["gradient"]), abs=5e-7)


def test_cross_entropy_equals_torch():
    z, y = batch()
    ours = binary_cross_entropy(z, y)
    assert torch.allclose(ours, binary_cross_entropy_with_logits(z, y))
    ours = weighted_binary_cross_entropy(z, y, 2.5)
    weight = torch.tensor(2.5)
    theirs = binary_cross_entropy_with_logits(z, y, pos_weight=weight)
    assert torch.allclose(ours, theirs)


def test_balanced_weights_are_scikit_learns():
    _, y = batch()
    wanted = compute_class_weight(
        "balanced", classes=np.array([0, 1]), y=y.long().numpy()
    )
    loss = build_loss({"name": "wbce", "mode": "balanced"}, y.mean())
    got = [loss.negative_weight.item(), loss.positive_weight.item()]
    assert got == pytest.approx(wanted)


@pytest.mark.parametrize("mode", ["fn_weight", "balanced"])
def test_weighted_cross_entropy_keeps_the_scale_of_cross_entropy(mode):
    loss = build_loss({"name": "wbce", "mode": mode, "fn_weight": 3.0}, 0.2)
    mean = 0.2 * loss.positive_weight + 0.8 * loss.negative_weight
    assert mean.item() == pytest.approx(1.0)


def test_effective_numbers_by_hand_and_their_limits():
    """(1 - beta) / (1 - beta^n) with n = 2, 3 and beta = 0.9, scaled to 2."""
    weights = effective_number_weights(2, 3, 0.9)
    raw = [0.1 / (1 - 0.81), 0.1 / (1 - 0.729)]
    wanted = [2 * w / sum(raw) for w in raw]
    assert [w.item() for w in weights] == pytest.approx(wanted)
    # Far beyond 1 / (1 - beta) rows the classes count the same; near 1 as balanced.
    a, b = effective_number_weights(1e6, 1e7, 0.999)
    assert (a / b).item() == pytest.approx(1.0)
    a, b = effective_number_weights(100, 400, 1 - 1e-9)
    assert (a / b).item() == pytest.approx(4.0, rel=1e-5)


def test_focal_equals_its_formula_and_its_limits():
    z, y = batch()
    p = torch.sigmoid(z)
    p_t = y * p + (1 - y) * (1 - p)
    weight = 0.25 * y + 0.75 * (1 - y)
    wanted = (weight * (1 - p_t) ** 2 * -torch.log(p_t)).mean()
    assert torch.allclose(focal(z, y, 0.25, 2.0), wanted)
    assert torch.allclose(focal(z, y, None, 0.0), binary_cross_entropy(z, y))


def test_limits_that_are_other_losses():
    z, y = batch()
    entropy = binary_cross_entropy(z, y)
    p = torch.sigmoid(z)
    p_t = y * p + (1 - y) * (1 - p)
    assert torch.allclose(asymmetric(z, y, 0, 0, 0), entropy)
    assert torch.allclose(label_smoothing(z, y, 0), entropy)
    smooth = binary_cross_entropy_with_logits(z, 0.9 * y + 0.05)
    assert torch.allclose(label_smoothing(z, y, 0.1), smooth)
    assert torch.allclose(poly1(z, y, 0), entropy)
    assert torch.allclose(poly1(z, y, 2), entropy + 2 * (1 - p_t).mean())
    assert torch.allclose(generalised_cross_entropy(z, y, 1e-7), entropy, atol=1e-5)
    assert torch.allclose(generalised_cross_entropy(z, y, 1.0), (1 - p_t).mean())
    assert torch.allclose(ldam(z, y, 0.0, 0.0), entropy)
    margins = torch.where(y > 0, 0.5, 0.3)
    hinge = torch.nn.functional.softplus(-2 * ((2 * y - 1) * z - margins)).mean()
    assert torch.allclose(ldam(z, y, 0.5, 0.3, 2.0), hinge)
    assert torch.allclose(
        logit_adjusted(z, y, 0.7, 2.0), binary_cross_entropy(z + 1.4, y)
    )
    assert torch.allclose(sigmoid_f1(z, y, 3.0, 0.5), soft_fbeta(3 * (z + 0.5), y))
    assert torch.allclose(tversky(z, y, 0.5, 0.5), soft_fbeta(z, y), atol=1e-8)
    assert torch.allclose(tversky(z, y, 0.2, 0.8), soft_fbeta(z, y, 2.0), atol=1e-7)


def test_logit_adjustment_is_a_threshold_at_the_prior():
    """Fitted to convergence on one feature: z > 0 calls what BCE calls at p >= pi."""
    generator = np.random.default_rng(0)
    x = torch.tensor(generator.normal(size=4000))
    y = torch.tensor(generator.random(4000) < 1 / (1 + np.exp(3 - 1.5 * x.numpy())))
    y, prior = y.double(), y.double().mean()
    fitted = {}
    for key in ("bce", "logit_adjusted"):
        loss = build_loss({"name": key}, prior)
        weights = torch.zeros(2, dtype=torch.float64, requires_grad=True)
        optimiser = torch.optim.LBFGS([weights], max_iter=200, tolerance_grad=1e-10)

        def closure(weights=weights, loss=loss, optimiser=optimiser):
            optimiser.zero_grad()
            value = loss(weights[0] * x + weights[1], y)
            value.backward()
            return value

        optimiser.step(closure)
        fitted[key] = (weights[0] * x + weights[1]).detach()
    assert torch.allclose(
        fitted["logit_adjusted"], fitted["bce"] - torch.logit(prior), atol=0.01
    )
    called_raw = fitted["logit_adjusted"] >= 0
    called_at_prior = torch.sigmoid(fitted["bce"]) >= prior
    assert (called_raw == called_at_prior).double().mean() > 0.999


@pytest.mark.parametrize("seed", range(3))
def test_hard_predictions_meet_scikit_learn(seed):
    z, y = batch(seed=seed)
    hard, far = called(z)
    sn, sp = (recall_score(y, hard, pos_label=label) for label in (1, 0))
    near = pytest.approx
    assert 1 - matthews(far, y).item() == near(matthews_corrcoef(y, hard), abs=1e-4)
    exact = matthews(far, y, epsilon=1e-15).item()
    assert 1 - exact == near(matthews_corrcoef(y, hard), abs=1e-9)
    for beta in (0.5, 1.0, 2.0):
        score = fbeta_score(y, hard, beta=beta)
        assert 1 - soft_fbeta(far, y, beta).item() == near(score, abs=1e-8)
        any_fbeta = anyloss(far, y, "fbeta", beta=beta).item()
        assert 1 - any_fbeta == near(score, abs=1e-4)
    for measure, score in (
        ("balanced_accuracy", balanced_accuracy_score(y, hard)),
        ("accuracy", accuracy_score(y, hard)),
        ("gmean", np.sqrt(sn * sp)),
    ):
        assert 1 - anyloss(far, y, measure).item() == near(score, abs=1e-4), measure
    tau = 200.0
    worst = minmax_soft(far, y, tau).item()
    assert worst == near(1 - min(sn, sp), abs=np.log(2) / tau + 1e-9)
    p = torch.sigmoid(z)
    assert brier(z, y).item() == near(brier_score_loss(y, p))
    # A margin far below every distance leaves a multiple of 1 - AUROC.
    wrong = pairwise_auc(far * 1e3, y, 1e-9).item() / (120e3) ** 2
    ordered = 1 - roc_auc_score(y, hard)
    ties = ((hard[y == 1][:, None] == hard[y == 0][None]).double()).mean().item() / 2
    assert wrong == near(ordered - ties, abs=1e-6)


def test_pairwise_auc_equals_the_matrix_of_pairs():
    z, y = batch(size=70)
    y[3] = 0.3  # a soft target is both, in part
    weight = torch.rand(70, dtype=torch.float64)
    pairs = (1.5 - (z[:, None] - z[None, :])).clamp(min=0) ** 2
    mass = (y * weight)[:, None] * ((1 - y) * weight)[None, :]
    wanted = (pairs * mass).sum() / mass.sum()
    assert torch.allclose(pairwise_auc(z, y, 1.5, weight), wanted)


def test_weighted_focal_mcc_reconstruction_by_its_counts():
    z, y = batch()
    p = torch.sigmoid(z)
    gamma, w1 = 2.0, 3.0
    tp = (w1 * y * (1 - (1 - p) ** gamma)).sum()
    fn = (w1 * y * (1 - p) ** gamma).sum()
    fp = ((1 - y) * p**gamma).sum()
    tn = ((1 - y) * (1 - p**gamma)).sum()
    root = torch.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    wanted = 1 - (tp * tn - fp * fn) / root
    ours = matthews(z, y, gamma=gamma, positive_weight=w1, epsilon=1e-15)
    assert torch.allclose(ours, wanted)
    mixed = matthews(z, y, 0.25, epsilon=1e-6)
    wanted = 0.25 * binary_cross_entropy(z, y) + 0.75 * matthews(z, y)
    assert torch.allclose(mixed, wanted)


@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
def test_surrogate_fbeta_is_a_monotone_map_of_soft_fbeta(beta):
    """exp(outer) = ((1 + beta^2) / soft F-beta - 1) rho, Lee et al. 2021."""
    z, y = batch()
    rho = y.sum() / (1 - y).sum()
    soft = 1 - soft_fbeta(z, y, beta)
    loss = surrogate_fbeta(z, y, rho, beta, "outer")
    assert torch.allclose(loss.exp(), ((1 + beta**2) / soft - 1) * rho, rtol=1e-6)


def test_surrogate_fbeta_mean_is_the_public_per_sample_form():
    z, y = batch()
    p = torch.sigmoid(z)
    wanted = (-y * p.log() + (1 - y) * torch.log(0.5 + p)).mean()
    assert torch.allclose(surrogate_fbeta(z, y, 0.5, reduction="mean"), wanted)


def test_surrogate_fbeta_by_hand():
    """Mean of -log p over positives plus mean of log(beta^2 rho + p) over negatives."""
    p = torch.tensor([0.8, 0.5, 0.4, 0.1, 0.3], dtype=torch.float64)
    y = torch.tensor([1.0, 1.0, 0.0, 0.0, 0.0], dtype=torch.float64)
    z, rho = torch.logit(p), 2 / 3
    for beta, floor in ((1.0, 2 / 3), (2.0, 8 / 3)):
        positive = -np.log([0.8, 0.5])
        negative = np.log(floor + np.array([0.4, 0.1, 0.3]))
        wanted = positive.mean() + negative.mean()
        assert surrogate_fbeta(z, y, rho, beta).item() == pytest.approx(wanted)
        loss = build_loss({"name": "surrogate_fbeta", "beta": beta}, y.mean())
        assert loss(z, y).item() == pytest.approx(wanted)
        assert not loss.decomposable and loss.min_per_class == 8
        wanted = (positive.sum() + negative.sum()) / 5
        mean = surrogate_fbeta(z, y, rho, beta, "mean").item()
        assert mean == pytest.approx(wanted)


def slope(function, z):
    z = z.detach().clone().requires_grad_()
    return torch.autograd.grad(function(z), z)[0]


def alignment(one, other):
    return (one @ other / one.norm() / other.norm()).item()


@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("share", [0.5, 0.1, 0.02])
def test_surrogate_fbeta_goes_the_way_of_soft_fbeta(beta, share):
    """Which decides for `class`: of rare positives `mean` goes another way."""
    y = torch.zeros(1000, dtype=torch.float64)
    y[: int(1000 * share)] = 1
    rho = share / (1 - share)
    by = {
        reduction: lambda z, r=reduction: surrogate_fbeta(z, y, rho, beta, r)
        for reduction in ("class", "mean", "outer")
    }
    # Where all scores are equal the logarithm of a mean is the mean of logarithms.
    for level in (-2.0, 0.0, 1.0):
        z = torch.full_like(y, level)
        wanted = slope(lambda z: soft_fbeta(z, y, beta), z)
        assert alignment(slope(by["class"], z), wanted) > 1 - 1e-9
        assert alignment(slope(by["outer"], z), wanted) > 1 - 1e-9
        # And so by how much positives are pushed up for negatives pushed down.
        push = {r: slope(by[r], z) for r in by}
        up, down = (
            {r: push[r][y == label].sum().item() for r in by} for label in (1, 0)
        )
        assert up["class"] / down["class"] == pytest.approx(up["outer"] / down["outer"])
        assert up["mean"] / down["mean"] == pytest.approx(
            rho * up["class"] / down["class"]
        )
    # Where they are not, `class` stays nearer.
    z = torch.randn(1000, generator=torch.Generator().manual_seed(0)).double() + y
    wanted = slope(lambda z: soft_fbeta(z, y, beta), z)
    near, far = (alignment(slope(by[r], z), wanted) for r in ("class", "mean"))
    assert near > 0.8 and (
        near - far > 0.05 if share < 0.5 else near == pytest.approx(far)
    )


def test_surrogate_fbeta_reductions_are_one_for_one_positive_in_two():
    z, _ = batch()
    y = torch.arange(64).double() % 2
    half = surrogate_fbeta(z, y, 1.0, reduction="class") / 2
    assert torch.allclose(surrogate_fbeta(z, y, 1.0, reduction="mean"), half)


@pytest.mark.parametrize("share", [0.5, 0.1, 0.02])
@pytest.mark.parametrize("beta", [1.0, 2.0])
def test_where_surrogate_fbeta_puts_its_boundary(share, beta):
    """0.5 is a probability of pi / (1 + 2 beta^2 pi): 1/4 at 1:1, whence SN over SP."""
    boundary = share / (1 + 2 * beta**2 * share)
    z = torch.linspace(-12, 12, 2401, dtype=torch.float64)
    for eta, side in ((0.98 * boundary, -1), (1.02 * boundary, 1)):
        # The expected cost of rows with this probability, as a function of their logit.
        positive = eta / share * torch.nn.functional.softplus(-z)
        floor = beta**2 * share / (1 - share)
        negative = (1 - eta) / (1 - share) * torch.log(floor + torch.sigmoid(z))
        assert z[(positive + negative).argmin()].item() * side > 0


def test_auc_margin_is_the_saddle_point_of_the_published_form():
    z, y = batch()
    p, m = torch.sigmoid(z), 1.0
    positive, negative = p[y == 1], p[y == 0]

    def published(a, b, alpha):
        apart = m + negative.mean() - positive.mean()
        within = ((positive - a) ** 2).mean() + ((negative - b) ** 2).mean()
        return within + 2 * alpha * apart - alpha**2

    a, b = positive.mean(), negative.mean()
    best = published(a, b, m + b - a)
    assert torch.allclose(auc_margin(z, y), best)
    for step in (-0.05, 0.05):
        assert published(a + step, b, m + b - a) > best
        assert published(a, b + step, m + b - a) > best
        assert published(a, b, m + b - a + step) < best


# --- faults of public implementations that ours must not have -----------------------


def test_focal_does_not_weigh_positives_down_unasked():
    """torchvision's default 0.25 gives the positives a quarter on balanced data."""
    assert build_loss({"name": "focal"}, 0.5).alpha.item() == 0.5
    assert build_loss({"name": "focal"}, 0.2).alpha.item() == pytest.approx(0.8)


def test_asymmetric_focusing_takes_part_in_the_gradient():
    """`disable_torch_grad_focal_loss` detaches it: a different loss."""
    z = torch.tensor([1.0], dtype=torch.float64, requires_grad=True)
    y = torch.zeros(1, dtype=torch.float64)
    (ours,) = torch.autograd.grad(asymmetric(z, y, 1.0, 2.0, 0.0), z)
    p = torch.sigmoid(z.detach())
    detached = p**2 * p
    full = detached + 2 * p * p * (1 - p) * torch.nn.functional.softplus(z.detach())
    assert torch.allclose(ours, full) and not torch.allclose(ours, detached)


def test_asymmetric_loss_does_not_grow_with_the_batch():
    """The repository sums over the batch."""
    z, y = batch()
    twice = asymmetric(torch.cat([z, z]), torch.cat([y, y]))
    assert torch.allclose(twice, asymmetric(z, y))


def test_ldam_stays_on_the_device_of_its_input():
    """The reference builds torch.cuda.FloatTensor and fails on a CPU."""
    z, y = batch()
    value = build({"name": "ldam"}).to("cpu")(z, y)
    assert value.device == z.device and value.dtype == z.dtype


def test_sigmoid_f1_reaches_zero():
    """The public code's second sigmoid keeps scores within [0.5, 0.731]."""
    _, y = batch()
    assert sigmoid_f1((2 * y - 1) * 50, y).item() < 1e-6


def test_anyloss_uses_the_rates_of_its_own_batch():
    """The notebook divides sums over a minibatch by the size of the training set."""
    z, y = batch()
    for measure in ("accuracy", "gmean", "balanced_accuracy"):
        twice = anyloss(torch.cat([z, z]), torch.cat([y, y]), measure)
        assert torch.allclose(twice, anyloss(z, y, measure))
        short = anyloss(z[:10], y[:10], measure)
        assert 0 <= short <= 1


def test_anyloss_gmean_has_its_root_and_a_gradient_where_it_is_zero():
    z = torch.tensor([-60.0, -60.0, 60.0], requires_grad=True)
    y = torch.tensor([1.0, 1.0, 0.0])
    anyloss(z, y, "gmean").backward()
    assert z.grad.isfinite().all()
    z, y = batch()
    hard, far = called(z)
    sn, sp = (recall_score(y, hard, pos_label=label) for label in (1, 0))
    assert 1 - anyloss(far, y).item() == pytest.approx(np.sqrt(sn * sp), abs=1e-4)


def test_anyloss_default_sharpness_learns_in_float32():
    """At the published 73 float32 reaches exactly 1, and the slope is gone."""
    assert torch.sigmoid(torch.tensor(73.0 / 2)) == 1.0
    assert torch.sigmoid(torch.tensor(33.0 / 2)) < 1.0
    slopes = {}
    for sharpness in (20.0, 73.0):
        z = torch.tensor([1.4, -1.0], requires_grad=True)  # p = 0.8
        anyloss(z, torch.tensor([0.0, 1.0]), "balanced_accuracy", sharpness).backward()
        slopes[sharpness] = z.grad[0].abs().item()
    assert slopes[20.0] > 1e-3 and slopes[73.0] < 1e-6


def test_mcc_of_a_perfect_batch_costs_nothing_and_large_batches_do_not_overflow():
    """A repository zeroes perfect batches; the product of four counts overflows."""
    _, y = batch()
    perfect = matthews((2 * y - 1) * 60, y).item()
    assert perfect == pytest.approx(0.0, abs=1e-4)
    assert matthews((1 - 2 * y) * 60, y).item() == pytest.approx(2.0, abs=1e-4)
    z = torch.randn(400_000, generator=torch.Generator().manual_seed(0))
    value = matthews(z, (z > 0).float())
    assert value.isfinite() and 0 < value < 1
    half = matthews(z[:70_000].bfloat16(), (z[:70_000] > 0).bfloat16())
    assert half.dtype == torch.float32 and 0 < half < 1


def test_focal_tversky_has_a_gradient_where_the_index_is_one():
    """0^(gamma - 1) is infinite for the published exponent 1 / (4 / 3)."""
    _, y = batch(size=8)
    z = ((2 * y - 1) * 200).requires_grad_()
    tversky(z, y, gamma=0.75).backward()
    assert z.grad.isfinite().all()
    z, y = batch()
    assert torch.allclose(tversky(z, y, gamma=0.75), tversky(z, y) ** 0.75)


def test_auc_margin_divides_each_class_by_its_own_count():
    """LibAUC 2.0.1 v2 has `mean((pred*neg) - mean(pred*pos))`: all rows, not n-."""
    z, y = batch()
    p = torch.sigmoid(z)
    fair = p[y == 0].mean() - p[y == 1].mean()
    slipped = (p * (1 - y) - p[y == 1].mean()).mean()
    assert abs(fair - slipped) > 0.05
    within = p[y == 1].var(correction=0) + p[y == 0].var(correction=0)
    assert torch.allclose(auc_margin(z, y), within + (1 + fair) ** 2)


def test_exact_zeros_count_as_rows():
    """LibAUC's mean divides by the number of non-zero entries."""
    z = torch.tensor([0.0, 0.0, 2.0, -2.0], dtype=torch.float64)
    y = torch.tensor([1.0, 0.0, 1.0, 0.0], dtype=torch.float64)
    # Pairs (0, 0), (0, -2), (2, 0), (2, -2) with margin 1: one costs 1.
    assert pairwise_auc(z, y).item() == pytest.approx(0.25)


def test_the_multiplier_follows_true_specificity():
    """The surrogate over-satisfies a constraint; the true rate does not."""
    loss = build({"name": "sens_at_spec", "target_specificity": 0.9})
    loss.observe(torch.tensor(0.5), torch.tensor(0.9))
    assert loss.multiplier.item() == pytest.approx(1.0)
    loss.observe(torch.tensor(0.5), torch.tensor(0.7))
    assert loss.multiplier.item() == pytest.approx(1.2)
    for _ in range(100):
        loss.observe(torch.tensor(0.5), torch.tensor(1.0))
    assert loss.multiplier.item() == 0.0
    z, y = batch()
    built = build({"name": "sens_at_spec"}, prior=0.4)
    wanted = binary_cross_entropy(z, y) - 0.2 * 0.6 * np.log(2)
    assert built(z, y).item() == pytest.approx(wanted.item())


def test_the_closed_loop_meets_the_required_specificity():
    """Gaussian scores 1.5 apart: the shift of the boundary is log(1 / lambda)."""
    loss = build({"name": "sens_at_spec", "target_specificity": 0.9})
    for _ in range(200):
        shift = -np.log(max(loss.multiplier.item(), 1e-9))
        sn, sp = norm.cdf(0.75 + shift / 1.5), norm.cdf(0.75 - shift / 1.5)
        loss.observe(torch.tensor(sn), torch.tensor(sp))
    assert sp == pytest.approx(0.9, abs=1e-4)


# --- what holds for every loss ------------------------------------------------------


@every
def test_gradients(settings):
    z, y = batch(size=12)
    z = z.clamp(-2, 2)  # finite differences see nothing of a saturated AnyLoss
    loss = build(settings)
    assert torch.autograd.gradcheck(lambda z: loss(z, y), z.requires_grad_())


@every
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
    assert value.dtype == torch.float32
    unbounded = ("bce", "wbce", "focal", "class_balanced", "snsp", "sens_at_spec",
                 "poly1", "ldam", "pairwise_auc")  # fmt: skip
    if settings["name"] in unbounded:
        # The published SN/SP form's gradient dies at +17 for a negative.
        assert z.grad[0] > 0 and z.grad[1] < 0


@every
def test_better_logits_cost_less(settings):
    z, y = batch()
    loss = build(settings)
    better = z.clamp(-2, 2) + 2 * (2 * y - 1)
    assert loss(better, y) < loss(z.clamp(-2, 2), y)


@every
def test_stacked_equals_one_by_one(settings):
    z, y = batch(members=3)
    priors = torch.tensor([0.2, 0.5, 0.7], dtype=torch.float64)
    rows = torch.tensor([100.0, 2000.0, 50.0], dtype=torch.float64)
    stacked = build_loss(settings, priors, rows)
    sn, sp = torch.tensor([0.9, 0.5, 0.2]), torch.tensor([0.4, 0.5, 0.8])
    stacked.observe(sn, sp)
    together = stacked(z, y)
    assert together.shape == (3,)
    for i in range(3):
        alone = build_loss(settings, priors[i], rows[i])
        alone.observe(sn[i], sp[i])
        assert alone(z[i], y[i]).shape == ()
        assert torch.allclose(together[i], alone(z[i], y[i]))


@every
@pytest.mark.parametrize("label", [0.0, 1.0])
@pytest.mark.parametrize("far", [1.0, 100.0])
def test_one_class_batches_are_finite(settings, label, far):
    z = torch.tensor([-1.0, 0.5, 2.0]).mul(far).requires_grad_()
    loss = build(settings).float()
    value = loss(z, torch.full((3,), label))
    value.backward()
    assert value.isfinite() and z.grad.isfinite().all()
    if not loss.decomposable:
        assert value == 0 and (z.grad == 0).all()


@every
def test_order_of_rows_does_not_matter_and_state_is_saved(settings):
    z, y = batch()
    loss = build(settings)
    loss.observe(torch.tensor(0.9), torch.tensor(0.3))
    order = torch.randperm(len(z))
    assert torch.allclose(loss(z, y), loss(z[order], y[order]))
    again = build(settings)
    again.load_state_dict(loss.state_dict())
    assert torch.equal(again(z, y), loss(z, y))
    if loss.needs_state:
        assert not torch.equal(loss(z, y), build(settings)(z, y))
        loss.observe(torch.tensor(0.7), torch.tensor(0.5))
        again.observe(torch.tensor(0.7), torch.tensor(0.5))
        assert torch.equal(again(z, y), loss(z, y))


@every
def test_a_weight_of_two_is_a_row_twice(settings):
    z, y = batch(size=20)
    weight = torch.ones(20, dtype=torch.float64)
    weight[5:9] = 2
    loss = build(settings)
    twice = loss(torch.cat([z, z[5:9]]), torch.cat([y, y[5:9]]))
    assert torch.allclose(loss(z, y, weight), twice)
    assert torch.allclose(loss(z, y, torch.ones_like(z)), loss(z, y))


@every
def test_vmap_runs_every_loss(settings):
    z, y = batch(members=2)
    loss = build(settings)
    rows = torch.func.vmap(lambda z, y: loss(z, y))(z, y)
    assert torch.allclose(rows[0], loss(z[0], y[0]))
    gradients = torch.func.vmap(torch.func.grad(lambda z, y: loss(z, y)))(z, y)
    alone = torch.func.grad(lambda z: loss(z, y[1]))(z[1])
    assert torch.allclose(gradients[1], alone)


@pytest.mark.parametrize(
    "key", ["bce", "focal", "anyloss", "mcc", "surrogate_fbeta", "snsp", "pairwise_auc"]
)
def test_compile_traces_a_loss_without_a_break(key):
    z, y = batch(members=2)
    loss = build({"name": key})
    compiled = torch.compile(loss, backend="aot_eager", fullgraph=True)
    assert torch.allclose(compiled(z, y), loss(z, y))


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_pointwise_losses_are_linear_in_the_target(seed, share):
    """What a mixed or smoothed target relies on."""
    z, _ = batch(size=9, seed=seed)
    ones, zeros = torch.ones_like(z), torch.zeros_like(z)
    for settings in ALL:
        loss = build(settings)
        if loss.decomposable and settings["name"] not in ("brier", "surrogate_fbeta"):
            mixed = share * loss(z, ones) + (1 - share) * loss(z, zeros)
            assert torch.allclose(loss(z, share * ones), mixed), settings


# --- the SN/SP-adaptive loss --------------------------------------------------------


@pytest.mark.parametrize("mode", SNSPLoss.MODES)
def test_directions_published_amplifies_corrected_corrects(mode):
    sign = -1 if mode.startswith("seed_") else 1
    loss = build({"name": "snsp", "mode": mode}, 0.5)
    assert loss.positive_feedback == (sign < 0)
    before = (loss.weights()[0] - loss.weights()[1]).item()
    for _ in range(200):
        loss.observe(torch.tensor(0.4), torch.tensor(0.9))
    positive, negative = loss.weights()
    assert sign * ((positive - negative).item() - before) > 0.2
    if mode != "seed_verbatim":
        assert (positive + negative).item() == pytest.approx(2.0)
    if mode == "integral":
        assert loss.state.item() == 3.0  # bounded
    else:
        assert loss.rates[0].item() == pytest.approx(0.4, abs=0.01)


@pytest.mark.parametrize("mode", SNSPLoss.MODES)
def test_equal_rates_make_the_weights_one(mode):
    """At the start, without any observation, too: the published code crashes there."""
    z, y = batch()
    loss = build({"name": "snsp", "mode": mode}, 0.5)
    for rate in (None, 0.8, 1.0):
        for _ in range(500 if rate else 0):
            loss.observe(torch.tensor(rate), torch.tensor(rate))
        positive, negative = (w.item() for w in loss.weights())
        if mode == "seed_verbatim":
            # Its misplaced parenthesis halves the negative weight.
            assert (positive, negative) == pytest.approx((1.0, 0.5))
        else:
            assert (positive, negative) == pytest.approx((1.0, 1.0))
            assert torch.allclose(loss(z, y), binary_cross_entropy(z, y))


def test_streaming_filter_equals_the_published_lfilter():
    b, a = butter(1, 0.01)
    generator = np.random.default_rng(0)
    history = generator.random(50)
    loss = SNSPLoss(torch.tensor(0.5, dtype=torch.float64), mode="seed_fixed")
    for i, value in enumerate(history):
        loss.observe(torch.tensor(value), torch.tensor(0.5))
        wanted = lfilter(b, a, history[: i + 1] - 0.5)[-1] + 0.5
        assert loss.rates[0].item() == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize(
    "d, published, error",
    [(1.0, 1.018, -2.28), (1.5, 0.519, -1.77), (2.0, 0.288, -1.53)],
)
def test_loop_gains_are_those_of_the_analysis(d, published, error):
    """How much a shift of the boundary by b changes log(w1 / w0), at b = 0."""

    def shift(mode, b):
        loss = build({"name": "snsp", "mode": mode}, 0.5)
        sn, sp = norm.cdf(d / 2 + b / d), norm.cdf(d / 2 - b / d)
        loss.rates = torch.tensor([sn, sp])
        positive, negative = loss.weights()
        return torch.log(positive / negative).item()

    step = 1e-4
    gain = {
        mode: (shift(mode, step) - shift(mode, -step)) / (2 * step)
        for mode in ("seed_fixed", "seed_verbatim", "swap", "error")
    }
    assert gain["seed_fixed"] == pytest.approx(published, abs=2e-3)
    assert gain["seed_verbatim"] == pytest.approx(published, abs=2e-3)
    assert gain["swap"] == pytest.approx(-published, abs=2e-3)
    assert gain["error"] == pytest.approx(error, abs=6e-3)


@pytest.mark.parametrize(
    "mode, sn, sp",
    [
        ("seed_verbatim", 1.000, 0.001),
        ("seed_fixed", 0.895, 0.597),
        ("swap", 0.817, 0.724),
        ("error", 0.798, 0.747),
        ("integral", 0.773, 0.773),
    ],
)
def test_closed_loop_settles_where_the_analysis_says(mode, sn, sp):
    """From the published confusion matrix: d = 1.501, bias 0.353, SN .838, SP .697."""
    loss = build({"name": "snsp", "mode": mode}, 0.5)
    for _ in range(1500):
        w1, w0 = (w.item() for w in loss.weights())
        shift = 0.353 + np.log(w1 / max(w0, 1e-9))
        rates = norm.cdf(1.501 / 2 + np.array([1, -1]) * shift / 1.501)
        loss.observe(*map(torch.tensor, rates))
    assert rates == pytest.approx((sn, sp), abs=2e-3)


def as_published_at_one_to_one(mode, observed):
    """Weights of `snsp` before it knew a class ratio: w1 and w0 by epoch."""
    state, rates, memory = torch.zeros(()), torch.full((2,), 0.5), torch.zeros(2)
    b, a = losses.modules.BUTTERWORTH_B, losses.modules.BUTTERWORTH_A
    for sn, sp in observed:
        new = torch.stack([sn, sp])
        state = (state + 0.1 * (sp - sn)).clamp(-3.0, 3.0)
        if mode in ("swap", "error"):
            rates = rates + 0.1 * (new - rates)
        else:
            out = b[0] * (new - 0.5) + memory
            memory = b[1] * (new - 0.5) - a * out
            rates = out + 0.5
        sn, sp = rates
        if mode == "integral":
            yield 2 * torch.sigmoid(state), 2 * torch.sigmoid(-state)
        elif mode == "error":
            positive = (2 * ((1 - sn) / ((1 - sn) + (1 - sp)))).clamp(0.1, 1.9)
            yield positive, 2 - positive
        elif mode == "swap":
            yield 2 * sp / (sn + sp), 2 * sn / (sn + sp)
        else:
            slip = 1.0 if mode == "seed_verbatim" else 2.0
            yield 2 * sn / (sn + sp), slip * sp / (sn + sp)


@pytest.mark.parametrize("mode", SNSPLoss.MODES)
def test_one_to_one_is_bit_for_bit_what_it_was(mode):
    observed = torch.rand((80, 2), generator=torch.Generator().manual_seed(1))
    observed[20:50] = torch.tensor([0.1, 0.95])  # into the limit
    loss = build_loss({"name": "snsp", "mode": mode}, torch.tensor(0.5))
    for rates, wanted in zip(observed, as_published_at_one_to_one(mode, observed)):
        loss.observe(*rates)
        for found, former in zip(loss.weights(), wanted):
            assert torch.equal(found, former)


CORRECTIVE = ("integral", "swap", "error")


@pytest.mark.parametrize("mode", SNSPLoss.MODES)
@pytest.mark.parametrize("odds", [1, 9, 49, 1 / 9])
def test_corrective_modes_start_where_balanced_weights_are(mode, odds):
    prior = 1 / (1 + odds)
    loss = build({"name": "snsp", "mode": mode}, prior)
    found = [w.item() for w in loss.weights()]
    if mode not in CORRECTIVE:
        assert found == pytest.approx((1.0, 0.5 if mode == "seed_verbatim" else 1.0))
        return
    balanced = build({"name": "wbce", "mode": "balanced"}, prior)
    wanted = [balanced.positive_weight.item(), balanced.negative_weight.item()]
    assert found == pytest.approx(wanted)
    assert np.log(found[0] / found[1]) == pytest.approx(np.log(odds))


@pytest.mark.parametrize("odds", [9, 49])
def test_rate_and_limit_grow_with_the_imbalance(odds):
    prior, slow = 1 / (1 + odds), {"name": "snsp", "rate": 0.05, "limit": 1.0}
    loss, k = build(slow, prior), 1 + 2 * np.log(odds)
    loss.observe(torch.tensor(0.2), torch.tensor(0.7))
    positive, negative = (w.item() for w in loss.weights())
    shift = np.log(positive / negative) - np.log(odds)
    assert shift == pytest.approx(k * 0.05 * 0.5)
    assert prior * positive + (1 - prior) * negative == pytest.approx(1.0)
    for _ in range(100):
        loss.observe(torch.tensor(0.2), torch.tensor(0.7))
    positive, negative = (w.item() for w in loss.weights())
    assert np.log(positive / negative) - np.log(odds) == pytest.approx(k)


@pytest.mark.parametrize("mode", ["swap", "error"])
@pytest.mark.parametrize("odds", [1, 9, 49])
def test_proportional_modes_answer_with_a_power_of_the_ratio(mode, odds):
    loss = build({"name": "snsp", "mode": mode}, 1 / (1 + odds))
    sn, sp = 0.61, 0.59
    loss.rates = torch.tensor([sn, sp], dtype=torch.float64)
    ratio = sp / sn if mode == "swap" else (1 - sn) / (1 - sp)
    positive, negative = (w.item() for w in loss.weights())
    shift = np.log(positive / negative) - np.log(odds)
    assert shift == pytest.approx((1 + np.log(odds)) * np.log(ratio))


def closed_loop(loss, bias, epochs, d=1.501):
    """SN - SP by epoch of Gaussian scores d apart, their boundary shifted by `bias`."""
    for _ in range(epochs):
        w1, w0 = (w.item() for w in loss.weights())
        b = bias + np.log(w1 / max(w0, 1e-9))
        sn, sp = norm.cdf(d / 2 + b / d), norm.cdf(d / 2 - b / d)
        loss.observe(torch.tensor(sn), torch.tensor(sp))
        yield sn - sp


@pytest.mark.parametrize("mode", CORRECTIVE)
@pytest.mark.parametrize("odds", [1, 9, 49])
def test_no_class_ratio_moves_the_fixed_point(mode, odds):
    """Cross entropy has the bias -log(odds): without a bias of its own no gap is left."""
    prior = 1 / (1 + odds)
    loss = build({"name": "snsp", "mode": mode}, prior)
    assert np.abs(list(closed_loop(loss, -np.log(odds), 40))).max() < 1e-6
    # A bias of its own leaves at most what it leaves at one to one.
    gaps = np.array(
        list(closed_loop(build({"name": "snsp", "mode": mode}, prior),
                         0.353 - np.log(odds), 300))
    )  # fmt: skip
    left = {"integral": 0.0, "swap": 0.093, "error": 0.051}[mode]
    assert gaps[0] == pytest.approx(0.141, abs=2e-3)
    if odds == 1:
        assert gaps[-1] == pytest.approx(left, abs=2e-3)
    else:
        assert -1e-6 < gaps[-1] < 0.6 * left + 1e-6
        # Settled within the epochs of a training.
        assert np.abs(gaps[9:]).max() < {"integral": 0.02, "swap": 0.07}.get(mode, 0.03)


@pytest.mark.parametrize("odds", [9, 49])
@pytest.mark.parametrize(
    "mode, d", [("integral", 1.0), ("integral", 0.5), ("error", 1.0)]
)
def test_the_faster_loop_is_stable(mode, odds, d):
    """Down to AUROCs where the loop gain is large; late by an epoch at 0.76."""
    loss = build({"name": "snsp", "mode": mode}, 1 / (1 + odds))
    delay = 2 if (mode, d) == ("integral", 1.0) else 1
    shifts, gaps = [np.log(odds)] * 2, []
    for _ in range(60):
        b = 0.5 + shifts[-delay] - np.log(odds)
        sn, sp = norm.cdf(d / 2 + b / d), norm.cdf(d / 2 - b / d)
        loss.observe(torch.tensor(sn), torch.tensor(sp))
        w1, w0 = (w.item() for w in loss.weights())
        shifts.append(np.log(w1 / w0))
        gaps.append(sn - sp)
    assert np.abs(gaps[-10:]).max() < {"integral": 0.02, "error": 0.08}[mode]


@pytest.mark.parametrize("mode", SNSPLoss.MODES)
def test_warm_up_balances_where_the_loss_does(mode):
    z, y = batch()
    plain = binary_cross_entropy(z, y)
    # To the last bit for one positive in two.
    assert torch.equal(build({"name": "snsp", "mode": mode}, 0.5).warm_up(z, y), plain)
    warm = build({"name": "snsp", "mode": mode}, 0.1).warm_up(z, y)
    balanced = build({"name": "wbce", "mode": "balanced"}, 0.1)(z, y)
    assert torch.allclose(warm, balanced if mode in CORRECTIVE else plain)
    assert torch.equal(build({"name": "gce"}, 0.1).warm_up(z, y), plain)


def simulated(rows, odds, seed):
    """Rows of two normal classes 1.5 apart, one positive in 1 + odds."""
    generator = np.random.default_rng(seed)
    y = (np.arange(rows) % (1 + odds) == 0).astype(int)
    x = generator.normal(size=(rows, 8)).astype(np.float32)
    x[:, :4] += (0.75 * y[:, None]).astype(np.float32)
    return x, y


@pytest.fixture(scope="module")
def gaps():
    """Mean SN - SP of three members at 0.5: after 20 epochs on fresh rows, and by epoch."""
    found = {}
    torch.set_num_threads(1)
    training = Training(model="feedforward", features=["aac"], hidden=[32, 16],
                        epochs=20, inner_validation=0.2)  # fmt: skip

    def of(odds, loss):
        key = (odds, *loss.values())
        if key not in found:
            positives = {1: 600, 9: 300, 49: 150}[odds]
            x, y = simulated(positives * (1 + odds), odds, 0)
            fresh, truth = simulated(20_000, odds, 1)
            arrays = x, y, np.arange(len(y)) // (1 + odds) % 3, np.arange(len(y))
            settings = settings_of(loss).model_dump()
            outcome = train_ensemble(
                TrainingData(*arrays), Specification(training, settings, 3)
            )
            called = outcome.ensemble.logits(fresh) >= 0
            gap = called[:, truth == 1].mean() + called[:, truth == 0].mean() - 1
            inner = [
                np.mean([row["watched_sn"] - row["watched_sp"] for row in outcome.history
                         if row["epoch"] == epoch])
                for epoch in range(1, 21)
            ]  # fmt: skip
            found[key] = gap, inner
        return found[key]

    return of


@pytest.mark.parametrize("mode", CORRECTIVE)
@pytest.mark.parametrize("odds", [9, 49])
def test_corrective_modes_close_the_gap_of_a_network(mode, odds, gaps):
    """Cross entropy calls next to nothing positive at one in ten and in fifty."""
    left, inner = gaps(odds, {"name": "snsp", "mode": mode})
    assert abs(left) < 0.1
    assert np.abs(inner[9:]).max() < 0.1, "from the tenth epoch on"
    assert gaps(odds, {"name": "bce"})[0] < -0.9


def test_a_mode_as_published_does_not(gaps):
    assert gaps(1, {"name": "snsp", "mode": "seed_verbatim"})[0] > 0.5
    assert gaps(9, {"name": "snsp", "mode": "seed_verbatim"})[0] < -0.9


def test_unfiltered_error_oscillates():
    """Its loop gain is above one, which is why it is smoothed."""
    loss = build({"name": "snsp", "mode": "error", "smoothing": 1.0}, 0.5)
    gaps = []
    for _ in range(60):
        w1, w0 = (w.item() for w in loss.weights())
        shift = 0.353 + np.log(w1 / w0)
        sn, sp = norm.cdf(1.501 / 2 + np.array([1, -1]) * shift / 1.501)
        loss.observe(torch.tensor(sn), torch.tensor(sp))
        gaps.append(sn - sp)
    assert min(gaps[-4:]) < -0.3 and max(gaps[-4:]) > 0.3
