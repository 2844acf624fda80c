"""Every kind of regularisation does what it says, to training rows alone."""

import numpy as np
import pytest
import torch
from Bio.Align import substitution_matrices

from evenfold.alphabet import AMINO_ACIDS, encode
from evenfold.config.training import FeatureSelection, Training
from evenfold.models import networks
from evenfold.models.classical import select_features
from evenfold.models.members import Member
from evenfold.models.networks import Convolutional, FeedForward
from evenfold.models.regularisation import (
    Disturbance,
    changed,
    penalty,
    shifted,
    substitution_table,
)
from tests.unit.test_models import NETWORKS, data, train

BOTH = {
    "dropout": {"dropout": 0.5},
    "weight decay": {"weight_decay": 1.0},
    "l1": {"l1": 1e-3},
    "l2": {"l2": 1e-2},
    "elastic net": {"l1": 1e-3, "l2": 1e-2},
    "input noise": {"input_noise": 0.3},
    "mixup": {"mixup": 0.4},
    "label smoothing": {"label_smoothing": 0.1},
    "early stopping": {"early_stopping": {"patience": 1, "criterion": "mcc"}},
    "stratified": {"batches": "stratified", "min_per_class": 4},
    "cosine": {"schedule": "cosine"},
    "constant": {"schedule": "constant"},
    "seeds": {"seeds": 2},
}
FEATURES = {
    "selection by model": {"feature_selection": {"method": "model", "keep": 0.5}},
    "selection by elimination": {"feature_selection": {"method": "rfe", "keep": 0.5}},
}
RESIDUES = {
    "mask": {"augmentation": {"mask": 0.2}},
    "substitute": {"augmentation": {"substitute": 0.2}},
    "jitter": {"augmentation": {"jitter": 2}},
}
EVERYTHING = {
    "mixup": 0.4,
    "input_noise": 0.1,
    "label_smoothing": 0.1,
    "l1": 1e-4,
    "l2": 1e-4,
    "batches": "stratified",
    "min_per_class": 4,
    "early_stopping": {"patience": 2},
}
SETTINGS = [
    *(("feedforward", key) for key in BOTH | FEATURES),
    *(("convolutional", key) for key in BOTH | RESIDUES),
]
VALUES = {**BOTH, **FEATURES, **RESIDUES, "everything": EVERYTHING}


@pytest.mark.parametrize(
    "network, key", [*SETTINGS, *((network, "everything") for network in NETWORKS)]
)
def test_held_out_labels_change_nothing_under_any_setting(network, key):
    """Bit for bit, for every member of the stack."""
    inputs, labels, folds, clusters = data(network)
    base = train(network, **VALUES[key]).ensemble
    for fold in (0, 2):
        permuted = labels.copy()
        own = np.flatnonzero(folds == fold)
        permuted[own] = np.random.default_rng(1).permutation(1 - labels[own])
        arrays = inputs, permuted, folds, clusters
        other = train(network, arrays=arrays, **VALUES[key]).ensemble
        for position, member in enumerate(base.members):
            if member.fold == fold:
                for name, tensor in base.state.items():
                    assert torch.equal(tensor[position], other.state[name][position])


@pytest.mark.parametrize("network, key", [p for p in SETTINGS if p[1] != "jitter"])
def test_every_setting_changes_something(network, key):
    """A setting that is silently ignored would pass every other test here.

    Jitter leaves full windows alone; below it moves padded ones.
    """
    if key == "seeds":
        assert len(train(network, **VALUES[key]).ensemble.members) == 6
        return
    if key == "early stopping":
        rows = train(network, epochs=30, **VALUES[key]).history
        assert max(row["epoch"] for row in rows) < 30
        return
    plain, other = train(network).ensemble, train(network, **VALUES[key]).ensemble
    last = "last.weight"
    assert not torch.equal(plain.state[last], other.state[last])


@pytest.mark.parametrize("key", ["mask", "substitute", "jitter", "mixup", "input noise",
                                 "dropout", "label smoothing"])  # fmt: skip
def test_evaluation_sees_rows_as_they_are(key):
    """The last epoch's watched metrics are those of the finished network on raw rows."""
    inputs, labels, folds, clusters = data("convolutional")
    inputs[:, 7:] = 0
    arrays = inputs, labels, folds, clusters
    outcome = train("convolutional", arrays=arrays, **VALUES[key])
    logits = outcome.ensemble.logits(inputs)
    last = {r["fold"]: r["watched_loss"] for r in outcome.history if r["epoch"] == 4}
    for position, member in enumerate(outcome.ensemble.members):
        own = np.flatnonzero(folds == member.fold)
        z, y = logits[position, own].astype(float), labels[own]
        wanted = np.mean(np.logaddexp(0, z) - y * z)
        assert last[member.fold] == pytest.approx(wanted, abs=1e-5)


def weights(ensemble):
    return ensemble.state["first.weight"].abs()


def test_l1_drives_weights_to_zero_and_l2_shrinks_them():
    common = {"epochs": 60, "dropout": 0.0, "weight_decay": 0.0, "learning_rate": 0.02}
    plain, l1, l2, elastic = (
        weights(train("feedforward", **common, **penalties).ensemble)
        for penalties in ({}, {"l1": 0.02}, {"l2": 0.02}, {"l1": 0.01, "l2": 0.01})
    )
    gone = [(w < 1e-3).float().mean().item() for w in (plain, l1, l2, elastic)]
    assert gone[0] < 0.05 and gone[1] > 0.6 and gone[1] > gone[2]
    assert gone[3] > gone[0]
    assert l2.square().sum() < 0.3 * plain.square().sum()


def test_penalties_are_sums_over_weights_and_never_biases():
    parameters = {
        "first.weight": torch.tensor([[[1.0, -2.0]], [[0.0, 3.0]]]),
        "first.bias": torch.full((2, 1), 100.0),
    }
    got = penalty(parameters, 0.5, 0.1)
    assert got.tolist() == pytest.approx([1.5 + 0.5, 1.5 + 0.9])
    assert penalty(parameters, 0.0, 0.0) == 0.0


def test_decoupled_decay_is_not_the_penalty():
    """AdamW divides a penalty's gradient by its own size; decay is apart from it."""
    plain = {"epochs": 10, "dropout": 0.0}
    decay = train("feedforward", **plain, weight_decay=0.5).ensemble
    penalised = train("feedforward", **plain, weight_decay=0.0, l2=0.25).ensemble
    assert not torch.allclose(weights(decay), weights(penalised), atol=1e-3)


PAIR = (Member(0, 0), Member(1, 0))


def disturbance(members=PAIR, network=None, **settings):
    network = network or FeedForward(4, (5, 3))
    training = Training(features=["aac"], **settings)
    return Disturbance(training, network, list(members), 3, torch.device("cpu"))


def test_mixup_mixes_rows_and_targets_alike():
    draws = disturbance(mixup=0.4, dropout=0.0).draws(0, 50)
    share = draws["mixup"]
    assert share.shape == (2, 50) and share.min() >= 0 and share.max() <= 1
    assert share.std() > 0.2  # Beta(0.4, 0.4) prefers the ends
    y = (torch.rand(2, 50) < 0.5).float()
    mixed = disturbance(mixup=0.4).targets(y, draws)
    assert torch.allclose(mixed, share * y + (1 - share) * y.flip(-1))
    network, x = FeedForward(4, (5, 3)), torch.randn(50, 4)
    one = {"mixup": share[0]}
    wanted = network(share[0][:, None] * x + (1 - share[0][:, None]) * x.flip(0))
    assert torch.allclose(network(x, one), wanted, atol=1e-5)


def test_mixup_of_residues_mixes_their_embeddings(monkeypatch):
    network = Convolutional(length=6, embedding=4, channels=3, widths=(1, 3))
    x = torch.randint(1, 21, (8, 6))
    share = torch.rand(8)
    pure = network(x, {"mixup": torch.ones(8)})
    assert torch.allclose(pure, network(x), atol=1e-6)
    swapped = network(x, {"mixup": torch.zeros(8)})
    assert torch.allclose(swapped, network(x.flip(0)), atol=1e-6)
    seen, made = [], networks.convolved
    monkeypatch.setattr(
        networks, "convolved", lambda x, *rest: seen.append(x) or made(x, *rest)
    )
    network(x)
    network(x, {"mixup": share})
    plain, mixed = seen
    s = share[:, None, None]
    assert torch.allclose(mixed, s * plain + (1 - s) * plain.flip(0), atol=1e-6)


def test_label_smoothing_keeps_the_middle_and_meets_the_loss_of_that_name():
    y = torch.tensor([[0.0, 1.0]])
    one = disturbance([Member(0, 0)], label_smoothing=0.1)
    assert one.targets(y, {}).tolist()[0] == pytest.approx([0.05, 0.95])
    setting = train("feedforward", label_smoothing=0.1).ensemble
    loss = train("feedforward", {"name": "label_smoothing", "epsilon": 0.1}).ensemble
    assert torch.allclose(weights(setting), weights(loss), atol=1e-5)


def test_noise_and_dropout_have_their_size_and_are_each_members_own():
    settings = {"input_noise": 0.3, "dropout": 0.25}
    draws = disturbance(**settings).draws(0, 4000)
    assert draws["noise"].shape == (2, 4000, 4)
    assert draws["noise"].std().item() == pytest.approx(0.3, rel=0.05)
    mask = draws["dropout"][0]
    assert mask.shape == (2, 4000, 5)
    assert (mask == 0).float().mean().item() == pytest.approx(0.25, abs=0.02)
    assert mask.max().item() == pytest.approx(1 / 0.75)
    assert not torch.equal(mask[0], mask[1])
    alone = disturbance([Member(1, 0)], **settings).draws(0, 4000)
    assert torch.equal(alone["noise"][0], draws["noise"][1])
    assert torch.equal(alone["dropout"][0][0], mask[1])
    # Another kind of randomness switched off changes nothing here.
    quiet = disturbance(input_noise=0.3, dropout=0.0).draws(0, 4000)
    assert torch.equal(quiet["noise"], draws["noise"])


def test_masking_and_substitution_change_their_share_of_residues_alone():
    generator = torch.Generator().manual_seed(0)
    codes = torch.randint(0, 22, (3, 400, 30), generator=generator, dtype=torch.uint8)
    chance, other = (torch.rand(codes.shape, generator=generator) for _ in range(2))
    got = changed(codes, chance, other, 0.1, 0.2)
    assert got.dtype == torch.uint8
    known = (codes > 0) & (codes < 21)
    assert torch.equal(got[~known], codes[~known])
    masked = known & (got == 21)
    assert (masked.sum() / known.sum()).item() == pytest.approx(0.1, abs=0.01)
    replaced = known & (got != codes) & ~masked
    matrix = substitution_matrices.load("BLOSUM62")
    for old, new in zip(codes[replaced].tolist(), got[replaced].tolist()):
        assert matrix[AMINO_ACIDS[old - 1]][AMINO_ACIDS[new - 1]] > 0
    # C, G and P have no similar residue and stay.
    lonely = torch.isin(codes, torch.tensor([2, 6, 13], dtype=torch.uint8))
    assert not (replaced & lonely).any()
    can = known & ~lonely
    assert (replaced.sum() / can.sum()).item() == pytest.approx(0.2, abs=0.01)


def test_substitution_prefers_the_closer_residue():
    table = substitution_table()
    step = torch.diff(table, prepend=torch.zeros(22, 1))
    isoleucine, valine, leucine = (AMINO_ACIDS.index(a) + 1 for a in "IVL")
    assert step[isoleucine, valine] > step[isoleucine, leucine] > 0
    assert torch.allclose(step.sum(-1), torch.ones(22)) and step[isoleucine, 8] == 0


def test_jitter_moves_sequences_within_their_padding_and_loses_nothing():
    codes = torch.zeros(4, 8, dtype=torch.uint8)
    for row, sequence in enumerate(["ACDEFGHI", "ACDE", "A-CDEF", "AC"]):
        codes[row, : len(sequence)] = torch.as_tensor(encode(sequence).copy())
    for chance in (0.0, 0.5, 0.999):
        moved = shifted(codes, torch.full((4,), chance), 3)
        for before, after in zip(codes, moved):
            kept = before[: int((before != 0).nonzero().max()) + 1].tolist()
            place = min(int(chance * (min(8 - len(kept), 3) + 1)), 3)
            assert after.tolist() == [0] * place + kept + [0] * (8 - place - len(kept))
    assert torch.equal(shifted(codes, torch.full((4,), 0.999), 3)[0], codes[0])
    inputs, *rest = data("convolutional")
    note = train("convolutional", augmentation={"jitter": 2}).notes
    assert not note or "jitter" in note[0]
    inputs[:, 6:] = 0
    arrays = inputs, *rest
    plain = train("convolutional", arrays=arrays)
    other = train("convolutional", arrays=arrays, augmentation={"jitter": 2})
    assert not torch.equal(
        plain.ensemble.state["last.weight"], other.ensemble.state["last.weight"]
    )
    inputs[:] = np.maximum(inputs, 1)
    full = train("convolutional", arrays=arrays, augmentation={"jitter": 2})
    assert "jitter changes nothing" in full.notes[0]


@pytest.mark.parametrize("method", ["model", "rfe"])
def test_feature_selection_finds_what_carries_the_label(method):
    generator = np.random.default_rng(0)
    y = generator.integers(0, 2, 300)
    x = generator.normal(size=(300, 20)).astype(np.float32)
    x[:, [3, 11]] += 2 * y[:, None]
    settings = FeatureSelection(method=method, keep=0.1)
    assert np.flatnonzero(select_features(x, y, settings, 0)).tolist() == [3, 11]


@pytest.mark.parametrize("method", ["model", "rfe"])
def test_unselected_features_have_no_say(method):
    selection = {"method": method, "keep": 0.5}
    ensemble = train("feedforward", feature_selection=selection).ensemble
    inputs, *_ = data("feedforward")
    assert (ensemble.state["selected"].sum(1) == 3).all()
    before = ensemble.logits(inputs)
    for position in range(3):
        changed_inputs = inputs.copy()
        out = ensemble.state["selected"][position].numpy() == 0
        changed_inputs[:, out] += 50
        assert (ensemble.logits(changed_inputs)[position] == before[position]).all()
    # Each member chose on its own rows.
    assert ensemble.state["selected"][:, 0].tolist() == [1, 1, 1]


def test_schedules():
    def rates(schedule):
        rows = train("feedforward", schedule=schedule, epochs=8).history
        return [r["learning_rate"] for r in rows if r["fold"] == 0]

    one, cosine, constant = map(rates, ("one_cycle", "cosine", "constant"))
    assert constant == [2e-3] * 8
    assert cosine == sorted(cosine, reverse=True) and cosine[-1] < 1e-5
    assert 0 < one.index(max(one)) < 7 and one[-1] < 1e-5


def test_a_loss_may_bring_its_own_learning_rate():
    rows = train("feedforward", {"name": "bce", "learning_rate_factor": 5.0},
                 schedule="constant").history  # fmt: skip
    assert {r["learning_rate"] for r in rows} == {0.01}


def test_warm_up_is_cross_entropy_and_its_epochs_are_never_the_best():
    stopping = {"patience": 1, "criterion": "loss"}
    warm, plain = (
        train(
            "feedforward",
            {"name": name, "warmup_epochs": epochs},
            epochs=4,
            batches="stratified",
        ).history
        for name, epochs in (("surrogate_fbeta", 9), ("bce", 0))
    )
    for key in ("train_loss", "watched_loss"):
        own, other = (
            [[r[key] for r in rows if r["epoch"] == epoch] for epoch in (1, 2, 3)]
            for rows in (warm, plain)
        )
        # Half of the epochs at most: the third is the loss's own.
        assert own[:2] == other[:2] and own[2] != other[2]
    warm = train(
        "feedforward",
        {"name": "minmax_soft", "warmup_epochs": 3},
        epochs=8,
        early_stopping=stopping,
    )
    # At the earliest the first epoch after the warm-up, and one of patience.
    assert max(r["epoch"] for r in warm.history) >= 5
