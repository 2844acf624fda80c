import numpy as np
import pytest
import torch

from evenfold.losses import LOSSES, build_loss
from evenfold.models.batches import Batches
from tests.unit.test_models import data, train


def make(prior=0.1, size=64, least=8, n=500, steps=10):
    generator = np.random.default_rng(0)
    labels = (generator.random(n) < prior).astype(int)
    rows = [np.flatnonzero(np.arange(n) % 3 != fold) for fold in (0, 1)]
    return labels, rows, Batches(rows, labels, size, steps, [1, 2], least)


@pytest.mark.parametrize("prior, least", [(0.02, 8), (0.1, 8), (0.5, 8), (0.97, 8)])
def test_stratified_batches_hold_enough_of_each_class_and_say_what_share(prior, least):
    labels, rows, batches = make(prior, least=least)
    for epoch in (1, 2, 3):
        taken = batches.epoch(epoch)
        assert taken.shape == (10, 2, 64)
        for member in (0, 1):
            assert set(taken[:, member].ravel()) <= set(rows[member])
            positives = labels[taken[:, member]].sum(axis=1)
            assert (positives >= least).all() and (64 - positives >= least).all()
            # The prior that the loss is told is the one that it sees, exactly.
            assert (positives / 64 == batches.prior[member]).all()


def test_a_share_that_needs_no_help_is_kept():
    labels, rows, batches = make(0.4)
    for member, own in enumerate(rows):
        assert abs(batches.prior[member] - labels[own].mean()) <= 0.5 / 64


def test_rows_of_a_class_come_equally_often():
    labels, rows, batches = make(0.4, size=50)
    count = np.zeros(len(labels))
    for epoch in range(1, 21):
        np.add.at(count, batches.epoch(epoch)[:, 0].ravel(), 1)
    own = rows[0]
    for label in (0, 1):
        counts = count[own[labels[own] == label]]
        assert counts.max() - counts.min() <= 1
    assert count[np.setdiff1d(np.arange(len(labels)), own)].sum() == 0


def test_classes_are_in_random_order_within_a_batch():
    """Mixup pairs a row with its mirror image in the batch."""
    labels, _, batches = make(0.5)
    share = labels[batches.epoch(1)].mean(axis=(0, 1))
    assert share[:32].mean() == pytest.approx(share[32:].mean(), abs=0.1)
    assert share.max() < 1 and share.min() > 0


def test_shuffled_batches_pass_over_the_rows():
    labels, rows, _ = make()
    own = [rows[0][:330]]
    batches = Batches(own, labels, 33, 10, [5])
    assert sorted(batches.epoch(1).ravel()) == sorted(own[0])
    assert batches.prior[0] == labels[own[0]].mean()


@pytest.mark.parametrize("key", LOSSES)
def test_losses_that_need_both_classes_get_them_and_the_right_prior(key, monkeypatch):
    """At 5 % positives, batches of 32: whoever needs them sees 4 to 28 of each."""
    from evenfold.models import stack

    seen, priors = [], []

    def spy(settings, prior, rows=None):
        loss = build_loss(settings, prior, rows)
        priors.append(torch.as_tensor(prior))
        forward = loss.forward

        def watched(logits, targets, sample_weight=None):
            seen.append(targets.mean(-1))
            return forward(logits, targets, sample_weight)

        loss.forward = watched
        return loss

    monkeypatch.setattr(stack, "build_loss", spy)
    inputs, _, folds, clusters = data("feedforward", n=400)
    labels = (np.random.default_rng(0).random(400) < 0.05).astype(int)
    arrays = inputs, labels, folds, clusters
    train("feedforward", {"name": key}, arrays=arrays, batch_size=32, min_per_class=4)
    seen = torch.stack(seen)
    if build_loss({"name": key}, 0.5).min_per_class:
        assert (seen == 4 / 32).all() and (priors[-1] == 4 / 32).all()
    else:
        assert seen.std() > 0 and (priors[-1] < 0.08).all()


def test_batches_without_a_class_are_counted_and_told():
    inputs, _, folds, clusters = data("feedforward", n=400)
    labels = (np.random.default_rng(0).random(400) < 0.05).astype(int)
    arrays = inputs, labels, folds, clusters
    outcome = train(
        "feedforward", {"name": "mcc"}, arrays=arrays, batches="shuffled", batch_size=16
    )
    assert "batches lacked a class" in outcome.notes[0]
    assert train("feedforward", {"name": "mcc"}, arrays=arrays).notes == []
