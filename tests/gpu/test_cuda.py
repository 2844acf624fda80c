"""Training on CUDA: the same members as on the CPU, within a stated tolerance."""

import pytest
import torch

from evenfold.config import Training
from evenfold.models.training import Engine, train_ensemble
from tests.unit.test_models import LOSS_SETTINGS, NETWORKS, data

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("loss", LOSS_SETTINGS, ids=lambda s: s["name"])
def test_cuda_trains_what_the_cpu_trains(network, loss):
    """Without dropout, whose masks differ by device: logits within 1e-2."""
    settings = Training(**NETWORKS[network], epochs=3, batch_size=16, dropout=0.0)
    outcomes = [
        train_ensemble(
            *data(network), settings, loss, {}, seed=3, engine=Engine(device=device)
        )
        for device in ("cpu", "cuda")
    ]
    difference = abs(outcomes[0].oof_logits - outcomes[1].oof_logits).max()
    assert difference < 1e-2
