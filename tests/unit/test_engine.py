"""The engine: what is at once, in what order and after which accident changes nothing."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import beta, kstest
from torch.optim import AdamW, lr_scheduler

from evenfold.config.training import Training
from evenfold.errors import EvenfoldError
from evenfold.machine import available_memory, claim
from evenfold.models import training as training_module
from evenfold.models.checkpoints import Checkpoints, Interrupted
from evenfold.models.data import TrainingData
from evenfold.models.networks import PooledConvolutional, build_network
from evenfold.models.optimiser import AdamW as FusedAdamW
from evenfold.models.portions import largest_portion
from evenfold.models.randomness import Source
from evenfold.models.rows import Rows
from evenfold.models.schedules import learning_rate
from evenfold.models.settings import Execution, Specification
from evenfold.models.stacking import hindrance
from evenfold.models.stopping import Best
from evenfold.models.training import train_ensemble
from evenfold.ragged import Ragged
from tests.conftest import ROOT
from tests.unit.test_models import LOSS_SETTINGS, NETWORKS, data

POOLED = {
    "model": "pooled_convolutional",
    "features": ["residues"],
    "channels": 4,
    "embedding": 6,
    "widths": [1, 3],
}
KINDS = {**NETWORKS, "pooled": POOLED}
EVERYTHING = {
    "dropout": 0.3,
    "mixup": 0.4,
    "input_noise": 0.1,
    "l1": 1e-4,
    "batches": "stratified",
    "min_per_class": 4,
}


def proteins(n=90, seed=0, longest=40):
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 2, n)
    lengths = generator.integers(1, longest, n)
    codes = [generator.integers(1, 21, k).astype(np.uint8) for k in lengths]
    for label, own in zip(labels, codes):
        own[: len(own) // 2] = 5 if label else own[: len(own) // 2]
    return Ragged.of(codes), labels, np.arange(n) % 3, np.arange(n)


def run(kind, loss=None, execution=None, arrays=None, checkpoints=None, **settings):
    """Six members for a fixed number of steps."""
    settings = {"epochs": 3, "batch_size": 16, "seeds": 2, "dropout": 0.2, **settings}
    torch.set_num_threads(1)
    arrays = arrays or (proteins() if kind == "pooled" else data(kind))
    training = Training(**KINDS[kind], **settings)
    return train_ensemble(
        TrainingData(*arrays),
        Specification(training, loss or {"name": "bce"}, 3),
        execution or Execution(chunk=6),
        checkpoints=checkpoints,
    )


#: They look at differences of logits alone: the gradient of the last bias is rounding.
SHIFTLESS = {"pairwise_auc", "auc_margin"}


def same(one, other, tolerance, loss=None):
    for name, tensor in one.ensemble.state.items():
        if name == "last.bias" and (loss or {}).get("name") in SHIFTLESS:
            continue
        difference = (tensor - other.ensemble.state[name]).abs().max().item()
        assert difference <= tolerance, (name, difference)
    assert len(one.history) == len(other.history)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "loss", LOSS_SETTINGS, ids=lambda s: "-".join(map(str, s.values()))
)
def test_members_depend_on_no_chunk(kind, loss):
    """Stated tolerance: 1e-4 in the weights after three epochs."""
    whole = run(kind, loss)
    for chunk in (1, 4):
        same(whole, run(kind, loss, Execution(chunk=chunk)), 1e-4, loss)


@pytest.mark.parametrize("kind", KINDS)
def test_members_depend_on_no_chunk_whatever_is_random(kind):
    residues = {} if kind == "feedforward" else {"augmentation": {"mask": 0.1}}
    whole = run(kind, **EVERYTHING, **residues)
    same(whole, run(kind, execution=Execution(chunk=1), **EVERYTHING, **residues), 1e-4)


def parts(monkeypatch, cells):
    """Cut every batch to so many rows or residues."""
    made = training_module.largest_portion

    def smaller(*arguments):
        return replace(made(*arguments), cells=cells)

    monkeypatch.setattr(training_module, "largest_portion", smaller)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["bce", "mcc", "anyloss", "pairwise_auc"])
def test_a_batch_in_parts_is_the_batch(kind, name, monkeypatch):
    """Also for losses of the whole batch, with mixup, dropout and noise."""
    wanted = run(kind, {"name": name}, **EVERYTHING)
    parts(monkeypatch, 200 if kind == "pooled" else 5)
    same(wanted, run(kind, {"name": name}, **EVERYTHING), 1e-4, {"name": name})


def test_parts_keep_mirror_images_in_mirrored_places():
    for size in (16, 17):
        rows = Rows(proteins()[0], "cpu")
        index = rows.arranged(np.arange(2 * size).reshape(2, size))
        found = rows.pieces(index, 150)
        assert sorted(np.concatenate(found)) == list(range(size)) and len(found) > 2
        for own in found:
            assert (own + own[::-1] == size - 1).all()
            widest = rows.lengths[index[:, own]].max()
            assert len(own) * widest <= 150 or len(own) <= 2
        assert (np.sort(index, axis=1) == np.arange(2 * size).reshape(2, size)).all()


def test_a_finished_member_stops_costing_and_keeps_its_best(monkeypatch):
    stopping = {
        "early_stopping": {"patience": 2, "criterion": "loss"},
        "epochs": 60,
        "learning_rate": 0.03,
    }
    widths = []
    made = training_module.stacked_forward

    def watched(*arguments):
        forward = made(*arguments)

        def called(state, inputs, draws=None):
            widths.append(len(inputs))
            return forward(state, inputs, draws)

        return called

    monkeypatch.setattr(training_module, "stacked_forward", watched)
    whole = run("feedforward", {"name": "snsp"}, **stopping)
    training_alone = widths[: -len({r["fold"] for r in whole.history})]
    assert training_alone == sorted(training_alone, reverse=True)
    assert len(set(training_alone)) > 1
    last = [max(r["epoch"] for r in whole.history if (r["fold"], r["seed"]) == key)
            for key in {(r["fold"], r["seed"]) for r in whole.history}]  # fmt: skip
    assert len(set(last)) > 1
    same(
        whole,
        run("feedforward", {"name": "snsp"}, Execution(chunk=1), **stopping),
        1e-4,
    )


# --- memory -----------------------------------------------------------------------


def test_out_of_memory_halves_the_stack_and_goes_on(monkeypatch):
    wanted = run("feedforward")
    made, tried = training_module.backpropagate, []

    def crowded(stack, *arguments):
        tried.append(len(stack.group))
        if len(stack.group) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory (made up)")
        return made(stack, *arguments)

    monkeypatch.setattr(training_module, "backpropagate", crowded)
    found = run("feedforward")
    same(wanted, found, 1e-4)
    assert tried[:2] == [6, 3] and max(tried[2:]) == 2
    assert any("out of memory" in note for note in found.notes)
    monkeypatch.setattr(
        training_module, "backpropagate", lambda *a: (_ for _ in ()).throw(
            torch.OutOfMemoryError("CUDA out of memory (made up)"))
    )  # fmt: skip
    with pytest.raises(EvenfoldError, match="one row of one member does not fit"):
        run("feedforward")


def test_the_portion_keeps_to_its_budget():
    recipe = {"kind": "convolutional", "length": 31}
    rows = Rows(np.ones((500, 31), np.uint8), "cpu")
    budgets = [int(gb * 1e9) for gb in (8, 0.2, 0.02)]
    made = [largest_portion(recipe, rows, 25, 128, budget, 25) for budget in budgets]
    assert made[0].members == 25 and made[0].cells == 128
    assert 1 <= made[1].members < 25 and made[1].cells == 128
    assert made[2].members == 1 and made[2].cells < 128
    for portion, budget in zip(made, budgets):
        assert portion.bytes <= budget
    smaller, count = made[0], 0
    while smaller := smaller.halved():
        count += 1
    assert count > 8
    # By default the recorded table decides.
    assert largest_portion(recipe, rows, 25, 128, int(8e9), None).members == 1
    # Of small batches an operation costs more than what it computes.
    assert largest_portion(recipe, rows, 25, 16, int(8e9), None).members == 10


@pytest.mark.parametrize("kind", KINDS)
def test_half_precision_trains_nearly_the_same(kind):
    """Stated tolerance: a mean logit within 0.1 after three epochs."""
    plain, low = (
        run(kind),
        run(kind, execution=Execution(chunk=6, precision="bfloat16")),
    )
    assert np.abs(plain.oof_logits - low.oof_logits).mean() < 0.1
    assert np.abs(plain.oof_logits - low.oof_logits).max() > 0


@pytest.mark.parametrize("fails", [False, True])
def test_compiling_is_never_required(fails, monkeypatch, caplog):
    """Without a compiler it trains as it is, and says so."""

    def compiler(function):
        def compiled(*arguments):
            if fails:
                raise RuntimeError("Failed to find C compiler")
            return function(*arguments)

        return compiled

    monkeypatch.setattr(torch, "compile", compiler)
    wanted = run("feedforward")
    found = run("feedforward", execution=Execution(chunk=6, compiled=True))
    same(wanted, found, 0)
    assert ("Failed to find C compiler" in caplog.text) == fails


# --- randomness and schedules -------------------------------------------------------


def test_random_numbers_are_uniform_and_nobody_elses():
    source = Source([7, 8, 9])
    u = source.uniform(3, 0, (40_000,))
    for own in u:
        assert kstest(own.numpy(), "uniform").pvalue > 1e-3
    assert kstest(source.normal(3, 0, (40_000,))[0].numpy(), "norm").pvalue > 1e-3
    shares = source.beta(3, 0, (40_000,), 0.4)[0].numpy()
    assert kstest(shares, beta(0.4, 0.4).cdf).pvalue > 1e-3
    streams = [*u, source.uniform(4, 0, (40_000,))[0], source.uniform(3, 1, (40_000,))[0],
               Source([7 + 2**31]).uniform(3, 0, (40_000,))[0]]  # fmt: skip
    correlation = np.corrcoef(np.stack([s.numpy() for s in streams]))
    assert np.abs(correlation - np.eye(len(streams))).max() < 0.02
    # Alone as in company, and each bit as often as not.
    assert torch.equal(Source([9]).uniform(3, 0, (40_000,))[0], u[2])
    bits = source.bits(1, 0, (40_000,))[0].numpy().view(np.uint32)
    share = [(bits >> k & 1).mean() for k in range(32)]
    assert np.abs(np.array(share) - 0.5).max() < 0.015
    # A row's numbers do not depend on how wide its part of the batch is.
    rows = torch.tensor([5, 2])
    wide, narrow = (source.uniform(1, 0, (2, n), rows) for n in (30, 10))
    assert torch.equal(wide[..., :10], narrow)


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.5])
def test_dropout_masks_keep_the_mean(rate):
    one, two = Source([1, 2]).dropout(0, [(1000, 7), (999,)], rate)
    assert one.shape == (2, 1000, 7) and two.shape == (2, 999)
    assert (one == 0).float().mean().item() == pytest.approx(rate, abs=0.012)
    assert one.mean().item() == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("schedule", ["one_cycle", "cosine"])
@pytest.mark.parametrize("steps", [7, 40, 333])
def test_learning_rates_are_torchs(schedule, steps):
    optimiser = AdamW([torch.nn.Parameter(torch.zeros(1))], 0.01)
    if schedule == "one_cycle":
        theirs = lr_scheduler.OneCycleLR(
            optimiser, 0.01, total_steps=steps, pct_start=0.25, cycle_momentum=False
        )
    else:
        theirs = lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for step in range(steps):
        own = learning_rate(schedule, 0.01, step, steps)
        assert own == pytest.approx(theirs.get_last_lr()[0], rel=1e-6, abs=1e-12)
        optimiser.step()
        theirs.step()


def test_the_optimiser_is_torchs_bit_for_bit():
    generator = torch.Generator().manual_seed(0)
    shapes = [(3, 7, 5), (3, 5), (3,), (3, 2)]
    theirs = [torch.randn(shape, generator=generator) for shape in shapes]
    own = [tensor.clone().requires_grad_() for tensor in theirs]
    theirs = [tensor.requires_grad_() for tensor in theirs]
    torchs = AdamW(theirs, 0.01, weight_decay=0.02, fused=True)
    optimiser = FusedAdamW(own, weight_decay=0.02)
    for rate in (0.01, 0.003, 0.02, 0.001):
        torchs.zero_grad(set_to_none=True)
        optimiser.zero_grad()
        # The last is not trained, and stays.
        for one, other in zip(own[:-1], theirs):
            one.grad = torch.randn(one.shape, generator=generator)
            other.grad = one.grad.clone()
        for group in torchs.param_groups:
            group["lr"] = rate
        torchs.step()
        optimiser.step(rate)
    for one, other in zip(own, theirs):
        assert torch.equal(one, other)
        for key, value in torchs.state[other].items():
            assert torch.equal(optimiser.state[one][key], value), key
    assert not optimiser.state[own[-1]]


def test_training_loads_no_compiler():
    program = (
        "import sys, torch\n"
        "from evenfold.models import optimiser, stack, training\n"
        "weight = torch.zeros(2, requires_grad=True)\n"
        "own = optimiser.AdamW([weight], 0.0)\n"
        "weight.sum().backward(); own.step(0.1)\n"
        "assert 'torch._dynamo' not in sys.modules and 'sympy' not in sys.modules"
    )
    subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "workflow")},
    )


def test_memory_is_what_the_innermost_control_group_allows(tmp_path):
    inner = tmp_path / "system.slice" / "job_7"
    inner.mkdir(parents=True)
    (tmp_path / "own").write_text("0::/system.slice/job_7\n")
    (tmp_path / "memory.max").write_text("max\n")
    everything = available_memory(tmp_path, tmp_path / "own")
    (inner.parent / "memory.max").write_text("5000\n")
    assert available_memory(tmp_path, tmp_path / "own") == 5000 < everything
    (inner / "memory.max").write_text("4000\n")
    assert available_memory(tmp_path, tmp_path / "own") == 4000
    assert available_memory(tmp_path, tmp_path / "missing") == everything


def test_a_member_that_never_scores_keeps_its_first_weights():
    """Its criterion is never a number: no reason to hand out zeros."""
    settings = Training(early_stopping={"patience": 2, "criterion": "mcc"})
    best = Best(settings.early_stopping, 2)
    alive, weights = torch.arange(2), torch.tensor([[1.0], [2.0]])
    for epoch, value in enumerate([0.3, 0.5]):
        measured = {"mcc": torch.tensor([value, torch.nan])}
        best.update(epoch, alive, measured, {"w": weights + 10 * epoch})
    assert best.state["w"].flatten().tolist() == [11.0, 2.0]


# --- checkpoints --------------------------------------------------------------------

JOB = """
import json, sys, time
import numpy as np
from evenfold.models import training
from evenfold.models.checkpoints import Checkpoints, Interrupted
from evenfold.models.data import TrainingData
from evenfold.models.running import watch_for_signals
from evenfold.models.settings import Execution
from tests.unit.test_engine import run

slow, folder, out = float(sys.argv[1]), sys.argv[2], sys.argv[3]
made = training.backpropagate
def backpropagate(*arguments):
    time.sleep(slow)
    return made(*arguments)
training.backpropagate = backpropagate
kept = Checkpoints(folder, "this", 1, watch_for_signals())
settings = {"early_stopping": {"patience": 4, "criterion": "mcc"}, "mixup": 0.4}
outcome = run("feedforward", {"name": "snsp"}, Execution(chunk=4), checkpoints=kept,
              epochs=8, **settings)
np.savez(out, **{n: t.numpy() for n, t in outcome.ensemble.state.items()})
open(out + ".json", "w").write(json.dumps(outcome.history))
"""


#: Seconds that a training of a few steps may take, beside whatever else is running.
PATIENCE = 300


def job(slow, folder, out):
    return subprocess.Popen(
        [sys.executable, "-c", JOB, str(slow), str(folder), str(out)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'workflow'}:{ROOT}"},
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.whole
@pytest.mark.parametrize(
    "signals",
    [(signal.SIGKILL, signal.SIGTERM), (signal.SIGTERM, signal.SIGKILL)],
    ids=["killed, then asked to stop", "asked to stop, then killed"],
)
def test_a_killed_job_ends_with_the_same_weights(tmp_path, signals):
    """Killed for real, twice, in the middle of an epoch; equal bit for bit."""
    whole = job(0, tmp_path / "undisturbed", tmp_path / "whole.npz")
    for attempt, how in enumerate(signals):
        process = job(0.04, tmp_path / "kept", tmp_path / "parts.npz")
        before = list((tmp_path / "kept").glob("*")) if attempt else []
        stamps = [path.stat().st_mtime_ns for path in before]
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and process.poll() is None:
            now = list((tmp_path / "kept").glob("*.safetensors"))
            if now and [path.stat().st_mtime_ns for path in now] != stamps:
                break
            time.sleep(0.01)
        process.send_signal(how)
        _, told = process.communicate(timeout=PATIENCE)
        if how == signal.SIGTERM:
            assert process.returncode == 1 and "asked to stop in epoch" in told
        else:
            assert process.returncode == -signal.SIGKILL
    last = job(0, tmp_path / "kept", tmp_path / "parts.npz")
    assert last.wait(PATIENCE) == 0, last.stderr.read()
    assert whole.wait(PATIENCE) == 0, whole.stderr.read()
    one, two = (np.load(tmp_path / f"{name}.npz") for name in ("whole", "parts"))
    assert all((one[name] == two[name]).all() for name in one.files)
    histories = [json.loads((tmp_path / f"{n}.npz.json").read_text())
                 for n in ("whole", "parts")]  # fmt: skip
    assert histories[0] == histories[1]


@pytest.mark.parametrize("step", range(1, 9))
def test_whichever_step_was_the_last_before_a_stop_the_weights_are_the_same(
    step, tmp_path
):
    """Also the last of an epoch: it must not be gone through twice."""
    settings = {"epochs": 2, "batches": "shuffled", "min_per_class": 4, "mixup": 0.4}
    wanted = run("feedforward", {"name": "mcc"}, **settings)
    steps = []

    def asked():
        steps.append(1)
        return len(steps) == step

    kept = Checkpoints(tmp_path / "c", "this", 1, asked)
    with pytest.raises(Interrupted):
        run("feedforward", {"name": "mcc"}, checkpoints=kept, **settings)
    found = run("feedforward", {"name": "mcc"}, checkpoints=kept, **settings)
    same(wanted, found, 0)
    assert found.history == wanted.history and found.notes == wanted.notes


def test_a_damaged_checkpoint_is_set_aside_and_another_trainings_is_not_used(tmp_path):
    wanted = run("feedforward")
    kept = Checkpoints(tmp_path / "c", "this", 1)
    same(wanted, run("feedforward", checkpoints=kept), 0)
    (path,) = (tmp_path / "c").glob("*.safetensors")
    assert kept.load(path.stem) is not None
    assert Checkpoints(tmp_path / "c", "other").load(path.stem) is None
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    same(wanted, run("feedforward", checkpoints=kept), 0)
    assert path.with_suffix(".corrupt").is_file() and path.is_file()
    kept.clear()
    assert not (tmp_path / "c").exists()


# --- networks -----------------------------------------------------------------------


def test_padding_changes_no_pooled_protein_and_titin_is_one_of_them():
    torch.manual_seed(0)
    network = PooledConvolutional(channels=4, embedding=6, widths=(1, 3, 5))
    codes = torch.randint(1, 21, (3, 12))
    codes[1, 7:] = 0
    wide = torch.nn.functional.pad(codes, (0, 9))
    assert torch.allclose(network(codes), network(wide), atol=1e-5)
    alone = network(codes[1:2, :7])
    assert torch.allclose(alone, network(codes)[1:2], atol=1e-5)
    with torch.no_grad():
        assert torch.isfinite(network(torch.randint(1, 21, (1, 35_000)))).all()


def test_titin_neither_crashes_nor_dominates(monkeypatch):
    """One protein of 35,000 residues among 90 short ones, in a small budget."""
    arrays = list(proteins(longest=400))
    giant = np.random.default_rng(0).integers(1, 21, 35_000).astype(np.uint8)
    codes = [arrays[0][i : i + 1].codes for i in range(len(arrays[0]))]
    cells = []
    forward = PooledConvolutional.forward

    def counted(self, inputs, draws=None):
        cells.append(inputs.numel())
        return forward(self, inputs, draws)

    monkeypatch.setattr(PooledConvolutional, "forward", counted)
    totals = []
    for own in (codes, [*codes[:-1], giant]):
        cells.clear()
        run("pooled", arrays=(Ragged.of(own), *arrays[1:]), execution=Execution(chunk=1),
            epochs=1, seeds=1)  # fmt: skip
        totals.append((sum(cells), max(cells)))
    # Two members train on it, a part at a time and twice; one is scored on it.
    assert totals[1][0] - totals[0][0] < (2 * 2 * 2 + 3) * 35_000
    # No batch was ever padded to the giant's length: it goes with its mirror image.
    assert totals[1][1] <= 2 * 35_000


def test_ragged_rows_pad_to_their_longest():
    ragged, *_ = proteins()
    index = np.array([[3, 1], [0, 2]])
    taken = Rows(ragged, "cpu").take(index).numpy()
    assert taken.shape == (2, 2, ragged.lengths[:4].max())
    again = ragged[index.flatten()]
    for place, (row, padded) in enumerate(zip(index.flatten(), taken.reshape(4, -1))):
        own = ragged.codes[ragged.starts[row] : ragged.starts[row + 1]]
        assert (padded[: len(own)] == own).all() and not padded[len(own) :].any()
        assert (again[place : place + 1].codes == own).all()


OWN = '''
import torch
from torch import nn

class Plain(nn.Module):
    """Takes columns and gives logits; knows nothing of evenfold."""
    def __init__(self, n_columns, width=8):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(n_columns, width), nn.GELU(), nn.Linear(width, 1))
    def forward(self, inputs):
        return self.layers(inputs).squeeze(-1)

class Recurrent(nn.Module):
    """vmap cannot stack it, and its dropout is its own."""
    def __init__(self, n_columns, width=4):
        super().__init__()
        self.embed = nn.Embedding(22, width)
        self.gru = nn.GRU(width, width, batch_first=True)
        self.drop = nn.Dropout(0.2)
        self.last = nn.Linear(width, 1)
    def forward(self, inputs):
        x, _ = self.gru(self.embed(inputs.long()))
        if x.mean() > 1e9:
            x = x * 0
        return self.last(self.drop(x[:, -1])).squeeze(-1)

class Wrong(nn.Module):
    def __init__(self, n_columns):
        super().__init__()
        self.last = nn.Linear(n_columns, 2)
    def forward(self, inputs):
        return self.last(inputs)
'''


@pytest.fixture
def own_networks(tmp_path, monkeypatch):
    (tmp_path / "my_networks.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield
    sys.modules.pop("my_networks", None)


def test_a_network_of_ones_own_by_import_path(own_networks, monkeypatch):
    monkeypatch.setitem(KINDS, "own", {
        "model": "my_networks:Plain", "features": ["aac"], "network": {"width": 5}})  # fmt: skip
    outcome = run("own", arrays=data("feedforward"), epochs=12, learning_rate=0.02)
    assert (
        outcome.notes == [] and outcome.ensemble.state["layers.0.weight"].shape[1] == 5
    )
    _, labels, *_ = data("feedforward")
    assert ((outcome.oof_logits >= 0) == labels).mean() > 0.75


def test_a_network_that_cannot_be_stacked_trains_in_turn_with_a_notice(
    own_networks, monkeypatch
):
    monkeypatch.setitem(KINDS, "own", {
        "model": "my_networks:Recurrent", "features": ["tokens"]})  # fmt: skip
    arrays = data("convolutional")
    whole = run("own", arrays=arrays)
    assert "cannot be stacked" in whole.notes[0]
    same(whole, run("own", arrays=arrays, execution=Execution(chunk=2)), 1e-6)
    logits = whole.ensemble.logits(arrays[0])
    assert (logits == whole.ensemble.logits(arrays[0])).all()


def test_a_network_that_does_not_run_is_named(own_networks, monkeypatch):
    sample = torch.randn(2, 6)
    with pytest.raises(EvenfoldError, match=r"my_networks:Wrong.*shape"):
        hindrance({"kind": "my_networks:Wrong", "n_columns": 6}, sample)
    for path in ("my_networks:Missing", "no_such_module:Plain", "my_networks:torch"):
        with pytest.raises(EvenfoldError, match=path):
            build_network({"kind": path, "n_columns": 6})


# --- devices ------------------------------------------------------------------------


def test_two_jobs_never_claim_one_device(tmp_path):
    job = (
        "import sys, time\nfrom evenfold.machine import claim\n"
        f"print(claim(['one', 'two'], {str(tmp_path)!r}, 0.05), flush=True)\n"
        "sys.stdin.read()"
    )
    first, second, third = (
        subprocess.Popen(
            [sys.executable, "-c", job],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT / "workflow")},
        )
        for _ in range(3)
    )  # fmt: skip
    jobs = [first, second, third]
    ready = []
    deadline = time.monotonic() + 60
    os.set_blocking(first.stdout.fileno(), False)
    os.set_blocking(second.stdout.fileno(), False)
    os.set_blocking(third.stdout.fileno(), False)
    while len(ready) < 2 and time.monotonic() < deadline:
        for one in jobs:
            if one not in [r[0] for r in ready] and (line := one.stdout.readline()):
                ready.append((one, int(line)))
        time.sleep(0.05)
    assert sorted(number for _, number in ready) == [0, 1]
    # The third waits until one of them ends, by whatever end.
    (waiting,) = [one for one in jobs if one not in [r[0] for r in ready]]
    time.sleep(0.3)
    assert not waiting.stdout.readline()
    ready[0][0].kill()
    while time.monotonic() < deadline and not (line := waiting.stdout.readline()):
        time.sleep(0.05)
    assert int(line) == ready[0][1]
    for one in jobs:
        one.kill()
        one.communicate()


def test_one_process_may_claim_several(tmp_path):
    assert [claim(["a", "b"], tmp_path), claim(["a", "b"], tmp_path)] == [0, 1]


def test_the_report_of_an_epoch_tells_who_lives_and_how_fast():
    seen = []
    training = Training(**NETWORKS["feedforward"], epochs=2, seeds=2)
    train_ensemble(
        TrainingData(*data("feedforward")),
        Specification(training, {"name": "bce"}, 3),
        Execution(chunk=4),
        report=seen.append,
    )
    assert [(s.first, s.last, s.members) for s in seen] == [
        (1, 4, 6), (1, 4, 6), (5, 6, 6), (5, 6, 6)]  # fmt: skip
    assert [(s.epoch, s.epochs) for s in seen] == [(1, 2), (2, 2), (1, 2), (2, 2)]
    assert all(s.alive == s.last - s.first + 1 for s in seen)
    assert all(s.rows_per_second > 0 and len(s.lines) == s.alive for s in seen)
