import numpy as np
import pytest
import torch

from evenfold.config.losses import LOSSES
from evenfold.config.training import Training
from evenfold.errors import EvenfoldError
from evenfold.models.data import TrainingData
from evenfold.models.ensemble import Ensemble
from evenfold.models.gradients import Largest, convolved
from evenfold.models.members import (
    Member,
    inner_validation,
    member_rows,
    member_seed,
)
from evenfold.models.networks import Convolutional, FeedForward, standardisation
from evenfold.models.settings import Specification
from evenfold.models.training import train_ensemble

NETWORKS = {
    "feedforward": {"model": "feedforward", "features": ["aac"], "hidden": [8, 4]},
    "convolutional": {
        "model": "convolutional",
        "features": ["tokens"],
        "channels": 4,
        "embedding": 6,
        "widths": [1, 3],
    },
}
# One epoch of warm-up at most, so that the loss itself has a say in what follows.
LOSS_SETTINGS = [
    {**(d := loss().model_dump()), "warmup_epochs": min(1, d["warmup_epochs"])}
    for loss in LOSSES.values()
] + [{"name": "snsp", "mode": mode} for mode in ("swap", "error", "seed_verbatim")]


def data(network, n=120, seed=0):
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 2, n)
    clusters = np.arange(n) // 2
    folds = clusters % 3
    if network == "convolutional":
        inputs = generator.integers(0, 22, (n, 9)).astype(np.uint8)
        inputs[labels == 1, 4] = 5
    else:
        inputs = generator.normal(size=(n, 6)).astype(np.float32)
        inputs[:, 0] += 3 * labels
    return inputs, labels, folds, clusters


def train(network, loss=None, members=None, arrays=None, **settings):
    settings = {"epochs": 4, "batch_size": 16, "dropout": 0.2, **settings}
    torch.set_num_threads(1)
    training = Training(**NETWORKS[network], **settings)
    return train_ensemble(
        TrainingData(*(arrays or data(network)), {"names": ["x"], "length": 9}),
        Specification(training, loss or {"name": "bce"}, 3),
        members=members,
    )


@pytest.mark.sampled(3)
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize(
    "loss", LOSS_SETTINGS, ids=lambda s: "-".join(map(str, s.values()))
)
@pytest.mark.parametrize("patience", [0, 1])
def test_held_out_labels_change_nothing_bit_for_bit(network, loss, patience):
    """Weights of a member after permuting the labels of its held-out fold."""
    inputs, labels, folds, clusters = data(network)
    stopping = {"patience": patience, "criterion": "mcc"}
    base = train(network, loss, early_stopping=stopping).ensemble
    for position, member in enumerate(base.members):
        own = folds == member.fold
        permuted = labels.copy()
        permuted[own] = 1 - permuted[own]
        other = train(
            network,
            loss,
            arrays=(inputs, permuted, folds, clusters),
            early_stopping=stopping,
        ).ensemble
        for name, tensor in base.state.items():
            assert torch.equal(tensor[position], other.state[name][position]), name


def test_training_labels_do_change_weights():
    inputs, labels, folds, clusters = data("feedforward")
    base = train("feedforward").ensemble
    flipped = train(
        "feedforward", arrays=(inputs, 1 - labels, folds, clusters)
    ).ensemble
    assert not torch.equal(base.state["first.weight"], flipped.state["first.weight"])


def test_held_out_inputs_change_nothing_either():
    """The standardisation is fitted on a member's own training rows."""
    inputs, labels, folds, clusters = data("feedforward")
    base = train("feedforward").ensemble
    changed = inputs.copy()
    changed[folds == 0] += 10
    other = train("feedforward", arrays=(changed, labels, folds, clusters)).ensemble
    position = [m.fold for m in base.members].index(0)
    for name, tensor in base.state.items():
        assert torch.equal(tensor[position], other.state[name][position]), name
    assert not torch.equal(base.state["mean"], other.state["mean"])


@pytest.mark.parametrize("network", NETWORKS)
def test_a_member_does_not_depend_on_who_shares_the_stack(network):
    """Stated tolerance: 1e-5 in the weights after four epochs."""
    stacked = train(network, seeds=2).ensemble
    assert len(stacked.members) == 6
    for position in (0, 4):
        alone = train(network, members=[stacked.members[position]]).ensemble
        for name, tensor in stacked.state.items():
            assert torch.allclose(tensor[position], alone.state[name][0], atol=1e-5)


def test_two_threads_repeat_bit_for_bit():
    """At a size where torch works in parallel, three times over."""
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 2, 600)
    inputs = generator.integers(0, 22, (600, 31)).astype(np.uint8)
    arrays = inputs, labels, np.arange(600) % 3, np.arange(600)
    torch.set_num_threads(2)
    training = Training(model="convolutional", features=["tokens"], epochs=2)
    specification = Specification(training, {"name": "bce"}, 1)
    runs = [train_ensemble(TrainingData(*arrays), specification) for _ in range(3)]
    assert (runs[0].oof_logits == runs[1].oof_logits).all()
    assert (runs[0].oof_logits == runs[2].oof_logits).all()


@pytest.mark.parametrize("network", NETWORKS)
def test_the_same_run_twice_is_equal_bit_for_bit(network):
    one, two = train(network), train(network)
    assert all(
        torch.equal(t, two.ensemble.state[n]) for n, t in one.ensemble.state.items()
    )
    assert (one.oof_logits == two.oof_logits).all()
    assert one.history == two.history


def test_out_of_fold_logits_come_from_the_members_that_did_not_see_the_row():
    inputs, _, folds, _ = data("feedforward")
    outcome = train("feedforward", seeds=2)
    logits = outcome.ensemble.logits(inputs)
    for fold in (0, 1, 2):
        unseen = [i for i, m in enumerate(outcome.ensemble.members) if m.fold == fold]
        wanted = logits[unseen].mean(axis=0)
        assert np.allclose(outcome.oof_logits[folds == fold], wanted[folds == fold])


def test_it_learns_and_the_history_tells():
    outcome = train("feedforward", epochs=20, dropout=0.0, learning_rate=0.02)
    _, labels, *_ = data("feedforward")
    assert ((outcome.oof_logits >= 0) == labels).mean() > 0.75
    first = np.mean([r["train_loss"] for r in outcome.history if r["epoch"] == 1])
    last = np.mean([r["train_loss"] for r in outcome.history if r["epoch"] == 20])
    assert last < 0.7 * first
    assert len(outcome.history) == 20 * 3


def test_early_stopping_keeps_each_members_best_epoch():
    patience = 3
    stopped = train(
        "feedforward",
        epochs=60,
        learning_rate=0.03,
        early_stopping={"patience": patience, "criterion": "loss"},
    )
    assert max(row["epoch"] for row in stopped.history) < 60
    inputs, labels, folds, clusters = data("feedforward")
    for position, member in enumerate(stopped.ensemble.members):
        losses = [
            r["watched_loss"] for r in stopped.history if r["fold"] == member.fold
        ]
        best = 0
        for epoch, value in enumerate(losses):
            if value < losses[best]:
                best = epoch
            elif epoch - best >= patience:
                break
        own = np.flatnonzero(folds != member.fold)
        chosen = inner_validation(
            own, labels, clusters, 0.1, member_seed(3, member, "slice")
        )
        z = stopped.ensemble.logits(inputs[own[chosen]])[position].astype(float)
        y = labels[own[chosen]]
        kept = np.mean(np.logaddexp(0, z) - y * z)
        assert kept == pytest.approx(losses[best], abs=1e-5)


def test_the_tuned_gap_transfers_from_one_member_to_the_mean_of_all():
    """Real over-fitted members at 12 % positives, scored on new simulated windows.

    A threshold tuned on out-of-fold scores (one member each) meets the mean logit of
    all members. Averaging probabilities instead would shift the gap.
    """
    from evenfold.features import feature_set
    from evenfold.metrics import confusion, rates, sigmoid
    from evenfold.selection.thresholds import choose, sweep
    from evenfold.sequences.simulate import Simulation, families

    shifts = {"logits": [], "probabilities": []}
    for seed in range(5):
        simulation = Simulation(positives=0.12, seed=seed)
        generator = np.random.default_rng(seed)
        made, new = (families(n, simulation, generator, "S") for n in (800, 4000))
        windows, labels = [m[1] for m in made], np.array([m[2] for m in made])
        _, clusters = np.unique([m[0].split(".")[0] for m in made], return_inverse=True)
        features = feature_set(["onehot"], zip(windows, windows))
        training = Training(features=["onehot"], epochs=15)
        outcome = train_ensemble(
            TrainingData(features.compute(windows), labels, clusters % 5, clusters),
            Specification(training, {"name": "bce"}, seed),
        )
        points = sweep(outcome.oof_logits, labels)
        threshold = float(sigmoid(points.logit[choose(points, "sn_eq_sp")]))
        z = outcome.ensemble.logits(features.compute([m[1] for m in new]))
        truth = np.array([m[2] for m in new])

        def gap(scores, truth=truth, threshold=threshold):
            return rates(**confusion(scores, truth, threshold))["gap"]

        alone = np.mean([gap(sigmoid(member)) for member in z])
        shifts["logits"].append(gap(sigmoid(z.mean(axis=0))) - alone)
        shifts["probabilities"].append(gap(sigmoid(z).mean(axis=0)) - alone)
    assert abs(np.mean(shifts["logits"])) < 0.04
    assert np.mean(shifts["probabilities"]) > 0.10


def test_inner_validation_takes_whole_groups_with_both_classes():
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 2, 400)
    clusters = generator.integers(0, 90, 400)
    rows = np.arange(100, 400)
    chosen = inner_validation(rows, labels, clusters, 0.15, 1)
    inside, outside = rows[chosen], rows[~chosen]
    assert not set(clusters[inside]) & set(clusters[outside])
    assert set(labels[inside]) == set(labels[outside]) == {0, 1}
    assert 0.05 < chosen.mean() <= 0.15
    with pytest.raises(EvenfoldError, match="inner validation"):
        inner_validation(np.arange(4), np.array([0, 0, 1, 1]), np.zeros(4), 0.1, 1)


def test_weights_survive_saving_and_hold_no_pickle(tmp_path):
    ensemble = train("convolutional").ensemble
    ensemble.save(tmp_path / "w.safetensors", loss={"name": "bce"})
    again = Ensemble.load(tmp_path / "w.safetensors")
    inputs, *_ = data("convolutional")
    assert (again.logits(inputs) == ensemble.logits(inputs)).all()
    assert again.members == ensemble.members == [Member(f, 0) for f in (0, 1, 2)]
    (tmp_path / "bad.safetensors").write_bytes(b"not weights at all")
    with pytest.raises(EvenfoldError, match=r"bad\.safetensors"):
        Ensemble.load(tmp_path / "bad.safetensors")


def test_the_convolutions_and_their_gradients_equal_torch_conv1d():
    torch.manual_seed(0)
    network = Convolutional(length=9, embedding=6, channels=4, widths=(5, 1, 3))
    x = torch.randn(2, 9, 6, requires_grad=True)
    known = torch.ones(2, 9, 1)
    known[1, 6:] = 0
    ours = convolved(x, known, network.widths, network.filters)
    theirs = (
        torch.cat(
            [
                torch.nn.functional.conv1d(
                    x.transpose(1, 2),
                    linear.weight.reshape(4, 6, width),
                    linear.bias,
                    padding=width // 2,
                ).relu()
                for width, linear in zip(network.widths, network.filters)
            ],
            1,
        ).transpose(1, 2)
        * known
    )
    assert torch.allclose(ours, theirs, atol=1e-5)
    slope, wanted = torch.randn_like(ours), [x, *network.filters.parameters()]
    for one, two in zip(
        torch.autograd.grad((ours * slope).sum(), wanted),
        torch.autograd.grad((theirs * slope).sum(), wanted),
    ):
        assert torch.allclose(one, two, atol=1e-4)


def test_the_maximum_and_its_gradient_equal_torch_amax():
    """Ties, which repeated residues make, share the gradient."""
    x = torch.randn(3, 8, 5).round().requires_grad_()
    slope = torch.randn(3, 5)
    ours, theirs = (
        torch.autograd.grad((largest * slope).sum(), x)[0]
        for largest in (Largest.apply(x), x.amax(1))
    )
    assert torch.equal(Largest.apply(x), x.amax(1))
    assert torch.allclose(ours, theirs, atol=1e-6)


def test_padding_letters_do_not_change_a_shorter_peptides_maximum():
    network = Convolutional(length=9, embedding=6, channels=4, widths=(1, 3))
    inputs = torch.randint(1, 21, (1, 9))
    inputs[0, 5:] = 0
    before = network(inputs)
    with torch.no_grad():
        network.position[7:] += 100.0
    assert torch.allclose(network(inputs), before)


def test_standardisation_does_not_blow_up_a_constant_column():
    network = FeedForward(3, (4, 4))
    inputs = torch.randn(50, 3)
    inputs[:, 2] = 7.0
    network.fit_inputs(inputs)
    scaled = (inputs - network.mean) / network.scale
    assert scaled.abs().max() < 10 and (scaled[:, 2] == 0).all()


def test_columns_of_other_units_are_standardised_by_their_own():
    """A weight in daltons beside shares; a rare column stays small."""
    inputs = torch.randn(500, 4) * torch.tensor([1e4, 0.1, 0.1, 0.0])
    inputs[:3, 3] = 0.05
    mean, scale = standardisation(inputs)
    scaled = (inputs - mean) / scale
    assert torch.allclose(scaled[:, :3].std(0), torch.ones(3), atol=0.01)
    assert 1 < scaled[:, 3].max() <= 5.1


def test_scores_average_logits_not_probabilities():
    ensemble = train("feedforward").ensemble
    inputs, *_ = data("feedforward")
    mean = ensemble.logits(inputs).mean(axis=0, dtype=np.float64)
    assert np.allclose(ensemble.scores(inputs), 1 / (1 + np.exp(-mean)))


def test_every_row_is_trained_on_where_nothing_is_steered():
    inputs, labels, folds, clusters = data("feedforward")
    rows = TrainingData(inputs, labels, folds, clusters)
    members = [Member(0, 0), Member(1, 0)]
    for one in member_rows(members, rows, 0.0, 3):
        held_out = np.flatnonzero(folds == one.member.fold)
        assert set(one.trained) == set(range(len(labels))) - set(held_out)
        assert set(one.watched) <= set(held_out)

    def share(loss, **training):
        return Specification(Training(**training), loss, 1).inner_share()

    assert share({"name": "bce"}) == share({"name": "soft_fbeta"}) == 0
    assert share({"name": "snsp"}) == share({"name": "sens_at_spec"}) == 0.1
    assert share({"name": "bce"}, early_stopping={"patience": 3}) == 0.1


def few_families():
    """Eight families with five positives each, and forty negatives by themselves."""
    clusters = np.r_[np.repeat(np.arange(8), 5), 8 + np.arange(40)]
    labels = np.r_[np.ones(40, int), np.zeros(40, int)]
    return labels, clusters


def test_a_slice_takes_one_group_too_many_before_small_data_are_refused():
    labels, clusters = few_families()
    for seed in range(20):
        rows = np.random.default_rng(seed).permutation(80)[:64]
        chosen = inner_validation(rows, labels, clusters, 0.1, seed)
        inside, outside = rows[chosen], rows[~chosen]
        assert not set(clusters[inside]) & set(clusters[outside])
        assert set(labels[inside]) == set(labels[outside]) == {0, 1}
        positive = {c for c in clusters[inside] if c < 8}
        assert len(positive) == 1


@pytest.mark.parametrize("loss", ["bce", "snsp"])
def test_small_data_of_large_families_are_trained_on(loss):
    labels, clusters = few_families()
    generator = np.random.default_rng(0)
    inputs = (generator.normal(size=(80, 8)) + labels[:, None]).astype(np.float32)
    outcome = train_ensemble(
        TrainingData(inputs, labels, clusters % 4, clusters),
        Specification(Training(features=["aac"], epochs=2), {"name": loss}, 1),
    )
    assert np.isfinite(outcome.oof_logits).all()


@pytest.mark.parametrize("model", ["feedforward", "logistic_regression"])
def test_short_peptides_are_scored_by_what_long_ones_taught(model):
    """Trained on 60 to 120 residues, scoring 10 to 25: dipeptides lie far out there."""
    from evenfold.features import FeatureSet

    generator = np.random.default_rng(0)
    letters = np.array(list("ACDEFGHIKLMNPQRSTVWY"))
    richer = np.where(np.isin(letters, list("KRLW")), 0.08, 0.0425)

    def peptides(n, shortest, longest):
        y = np.arange(n) % 2
        return y, [
            "".join(
                generator.choice(
                    letters,
                    generator.integers(shortest, longest + 1),
                    p=(richer if label else np.full(20, 0.05)) / (richer.sum() if label else 1),
                )
            )
            for label in y
        ]  # fmt: skip

    y, long = peptides(400, 60, 120)
    truth, short = peptides(600, 10, 25)
    features = FeatureSet.of(["aac", "dpc"], 120)
    x, new = features.compute(long), features.compute(short)
    training = Training(model=model, features=["aac", "dpc"], epochs=10)
    ensemble = train_ensemble(
        TrainingData(x, y, np.arange(400) // 2 % 4, np.arange(400) // 2),
        Specification(training, {"name": "bce"}, 1),
    ).ensemble

    def auroc_of(one):
        scores = one.logits(new).mean(0)
        positive, negative = scores[truth == 1], scores[truth == 0]
        return (positive[:, None] > negative).mean()

    free = Ensemble(
        ensemble.state,
        {**ensemble.recipe, "bound": 1e6},
        ensemble.features,
        ensemble.members,
    )
    assert auroc_of(ensemble) > auroc_of(free)
    assert auroc_of(ensemble) > 0.70
    # No row leaves far: ten times as far out is no further.
    standard = np.abs(ensemble.logits(new)).max()
    assert np.abs(ensemble.logits(10 * new)).max() < 3 * standard
