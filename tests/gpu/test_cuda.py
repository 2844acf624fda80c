"""Training on CUDA: the same members as on the CPU, within a stated tolerance."""

from dataclasses import replace

import pytest
import torch

from evenfold.config.training import Training
from evenfold.features.embeddings import LanguageModel
from evenfold.models import training as training_module
from evenfold.models.data import TrainingData
from evenfold.models.settings import Execution, Specification
from evenfold.models.training import train_ensemble
from tests.conftest import tiny_esm
from tests.unit.test_engine import KINDS, proteins
from tests.unit.test_models import LOSS_SETTINGS, data

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]


ARRAYS = {
    "feedforward": lambda: data("feedforward"),
    "convolutional": lambda: data("convolutional"),
    "pooled": proteins,
}


def outcome(kind, execution, loss=None, **settings):
    settings = {"epochs": 3, "batch_size": 16, "dropout": 0.2, **settings}
    training = Training(**KINDS[kind], **settings)
    return train_ensemble(
        TrainingData(*ARRAYS[kind]()),
        Specification(training, loss or {"name": "bce"}, 3),
        execution,
    )


def apart(one, other):
    return abs(one.oof_logits - other.oof_logits).max()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("loss", LOSS_SETTINGS, ids=lambda s: s["name"])
def test_cuda_trains_what_the_cpu_trains(kind, loss):
    """Random numbers are the same on every device: logits within 1e-2."""
    cpu, cuda = (
        outcome(kind, Execution(device=device, precision="float32"), loss)
        for device in ("cpu", "cuda")
    )
    assert apart(cpu, cuda) < 1e-2


@pytest.mark.parametrize("kind", KINDS)
def test_members_depend_on_no_chunk(kind):
    whole, single = (
        outcome(
            kind, Execution(device="cuda", precision="float32", chunk=chunk), seeds=2
        )
        for chunk in (6, 1)
    )
    assert apart(whole, single) < 1e-2


@pytest.mark.parametrize("kind", KINDS)
def test_streamed_data_train_the_same(kind, monkeypatch):
    """As if the inputs did not fit: read batch by batch, with pinned memory."""
    resident = outcome(kind, Execution(device="cuda", precision="float32"))
    made = training_module.largest_portion
    monkeypatch.setattr(
        training_module,
        "largest_portion",
        lambda *a: replace(made(*a), resident=False),
    )
    streamed = outcome(kind, Execution(device="cuda", precision="float32"))
    assert apart(resident, streamed) < 1e-5


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("precision", ["tf32", "bfloat16"])
def test_lower_precision_trains_nearly_the_same(kind, precision):
    """Stated tolerance: a mean logit within 0.1 after three epochs."""
    plain, low = (
        outcome(kind, Execution(device="cuda", precision=p))
        for p in ("float32", precision)
    )
    assert abs(plain.oof_logits - low.oof_logits).mean() < 0.1


def test_a_language_model_in_half_precision_gives_nearly_the_same(
    tmp_path, monkeypatch
):
    sequences = ["ACDEFGHIKLMNPQRSTVWY" * n for n in (1, 3, 9)]
    folder = str(tiny_esm(tmp_path))
    found = []
    for cuda in (True, False):
        monkeypatch.setattr(torch.cuda, "is_available", lambda answer=cuda: answer)
        model = LanguageModel(folder)
        assert model.device.startswith("cuda:" if cuda else "cpu")
        found.append(dict(model.embed(sequences, 200, 100)))
    for sequence in sequences:
        one, other = (vectors[sequence] for vectors in found)
        assert abs(one - other).max() < 0.05 * abs(other).max()
