"""The convolutional network by tables gives what it gives by products."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from evenfold.models.ensemble import Ensemble
from evenfold.models.looking_up import ROWS, LookedUp
from evenfold.models.members import Member
from evenfold.models.stacking import initial_state
from tests.conftest import ROOT


def ensemble(members=3, **changes):
    sizes = {"length": 15, "embedding": 6, "channels": 4, "widths": [1, 3, 9]} | changes
    recipe = {"kind": "convolutional", **sizes}
    state = initial_state(recipe, list(range(members)), lambda *given: None)
    generator = torch.Generator().manual_seed(1)
    for name in set(state) - {"letters"}:
        state[name] = state[name] + 0.3 * torch.randn(
            state[name].shape, generator=generator
        )
    return Ensemble(state, recipe, {}, [Member(i, 0) for i in range(members)])


def codes(n, length=15, seed=0):
    """Residues and unknown ones, padded at either end, and rows of nothing."""
    generator = np.random.default_rng(seed)
    found = generator.integers(1, 22, (n, length)).astype(np.uint8)
    for row in range(0, n, 3):
        found[row, : generator.integers(0, length)] = 0
        found[row, length - generator.integers(0, length) :] = 0
    return found


@pytest.mark.parametrize(
    "changes",
    [{}, {"members": 1}, {"widths": [5]}, {"length": 5, "widths": [1, 9]},
     {"embedding": 24, "channels": 32, "length": 31}],
)  # fmt: skip
def test_tables_give_what_products_give(changes):
    one = ensemble(**changes)
    asked = codes(ROWS + 50, one.recipe["length"])
    wanted = one.logits(asked)
    found = LookedUp(one.state, one.recipe).logits(torch.as_tensor(asked)).numpy()
    assert (
        found == pytest.approx(wanted, rel=1e-5, abs=1e-4) and np.abs(wanted).max() > 1
    )
    score = 1 / (1 + np.exp(-wanted.mean(0, dtype=np.float64)))
    assert one.scores(asked) == pytest.approx(score, abs=1e-5)


def test_a_score_does_not_depend_on_what_else_is_asked():
    one, asked = ensemble(), codes(2 * ROWS + 9)
    whole = one.scores(asked)
    order = np.random.default_rng(0).permutation(len(asked))
    assert (one.scores(asked[order]) == whole[order]).all()
    for rows in (slice(0, 1), slice(5, 6), slice(100, 300), slice(ROWS - 1, ROWS + 1)):
        assert (one.scores(asked[rows]) == whole[rows]).all()
    assert one.scores(asked[:0]).shape == (0,)


def test_prediction_starts_without_what_it_does_not_need():
    code = "import sys, evenfold.prediction.streaming; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(ROOT / "workflow")},
        capture_output=True,
        text=True,
        check=True,
    )
    unneeded = {
        "scipy.stats",
        "sklearn",
        "mlflow",
        "matplotlib",
        "snakemake",
        "jinja2",
        "pyopal",
    }
    assert unneeded.isdisjoint(done.stdout.split())
