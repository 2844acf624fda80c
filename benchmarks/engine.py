"""The ensemble engine against the loops that people write, in one run.

Needs torch, numpy, pandas and scikit-learn alone:

    PYTHONPATH=workflow python benchmarks/engine.py              # the comparison
    PYTHONPATH=workflow python benchmarks/engine.py --growth     # 1e4, 1e5, 1e6 windows
    PYTHONPATH=workflow python benchmarks/engine.py --settings   # precision, compiled

Inputs are made: windows of 31 residues as many as the succinylation benchmark has. The
speed of dense networks does not depend on the values. Prints member-epochs per second:
how often a second one network passes over its training rows, validation included in
ours and left out in the others.
"""

import argparse
import dataclasses
import os
import resource
import time
import warnings
from types import SimpleNamespace

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from evenfold.models.data import TrainingData
from evenfold.models.settings import Execution, Specification
from evenfold.models.training import train_ensemble

LENGTH, BATCH, N = 31, 128, 9500


class Off(SimpleNamespace):
    def __bool__(self):
        return False


def settings(model, **change):
    """The fields of evenfold.config.training.Training, without pydantic."""
    values = {
        "model": model,
        "hidden": [128, 64],
        "channels": 32,
        "widths": [1, 3, 5, 9],
        "embedding": 24,
        "network": {},
        "epochs": 3,
        "batch_size": BATCH,
        "batches": "auto",
        "min_per_class": 8,
        "learning_rate": 2e-3,
        "schedule": "one_cycle",
        "seeds": 5,
        "inner_validation": 0.1,
        "early_stopping": SimpleNamespace(patience=0, criterion="auroc"),
        "dropout": 0.3,
        "weight_decay": 0.01,
        "l1": 0.0,
        "l2": 0.0,
        "input_noise": 0.0,
        "mixup": 0.0,
        "label_smoothing": 0.0,
        "augmentation": Off(mask=0.0, substitute=0.0, jitter=0),
        "feature_selection": SimpleNamespace(method="none"),
    }
    return SimpleNamespace(**{**values, **change})


def windows(n, model, seed=0):
    """Codes, or their one-hot rows, with labels that one residue tells in part."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 2, n)
    codes = generator.integers(1, 21, (n, LENGTH), dtype=np.uint8)
    codes[labels == 1, 12] = generator.integers(1, 8, (labels == 1).sum())
    if model == "feedforward":
        inputs = np.zeros((n, LENGTH * 20), dtype=np.float32)
        place = np.arange(LENGTH) * 20 + codes - 1
        np.put_along_axis(inputs, place, 1.0, axis=1)
        codes = inputs
    return codes, labels, np.arange(n) % 5, np.arange(n)


class Windows(nn.Module):
    """The convolutional network as people write it: Embedding and Conv1d."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(22, 24, padding_idx=0)
        self.position = nn.Parameter(torch.zeros(LENGTH, 24))
        self.convs = nn.ModuleList(
            nn.Conv1d(24, 32, w, padding=w // 2) for w in (1, 3, 5, 9)
        )
        self.summary = nn.Linear(128, 8)
        self.dense = nn.Linear(128 + 8 * LENGTH, 64)
        self.last = nn.Linear(64, 1)
        self.drop = nn.Dropout(0.3)

    def forward(self, x):
        x = self.drop(self.embed(x.long()) + self.position).transpose(1, 2)
        x = torch.cat([conv(x).relu() for conv in self.convs], 1)
        summary = self.summary(x.transpose(1, 2)).relu().flatten(1)
        x = self.drop(torch.cat([x.amax(2), summary], -1))
        return self.last(self.drop(self.dense(x).relu())).squeeze(-1)


def usual(model):
    if model == "convolutional":
        return Windows()
    return nn.Sequential(
        nn.Linear(LENGTH * 20, 128), nn.ReLU(), nn.Dropout(0.3),
        nn.Linear(128, 64), nn.ReLU(), nn.Dropout(0.3), nn.Linear(64, 1), nn.Flatten(0),
    )  # fmt: skip


def loop(model, device, loader):
    """Epochs per second of one network: the textbook loop."""
    x, y, *_ = windows(N, model)
    rows = int(N * 0.8 * 0.9)
    x, y = torch.tensor(x[:rows]), torch.tensor(y[:rows], dtype=torch.float32)
    if not loader:
        x, y = x.to(device), y.to(device)
    network = usual(model).to(device)
    optimiser = torch.optim.AdamW(network.parameters(), 1e-3)
    objective = nn.BCEWithLogitsLoss()
    data = DataLoader(TensorDataset(x, y), BATCH, shuffle=True) if loader else None

    def epoch():
        if loader:
            batches = data
        else:
            order = torch.randperm(rows, device=device)
            batches = ((x[own], y[own]) for own in order.split(BATCH))
        for own, truth in batches:
            loss = objective(network(own.to(device)), truth.to(device))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        if device != "cpu":
            torch.cuda.synchronize()

    epoch()
    start = time.perf_counter()
    epoch()
    epoch()
    return 2 / (time.perf_counter() - start)


def engine(model, members, chunk, device, n=N, epochs=4, data=None, **change):
    """Member-epochs per second, and seconds of the whole training."""
    stamps = []

    def report(now):
        if device != "cpu":
            torch.cuda.synchronize()
        stamps.append((now.first, now.epoch, time.perf_counter()))

    start = time.perf_counter()
    options = {k: change.pop(k) for k in ("precision", "compiled") if k in change}
    training = settings(model, epochs=epochs, seeds=-(-members // 5), **change)
    train_ensemble(
        TrainingData(*(data or windows(n, model))),
        Specification(training, {"name": "bce"}, 0),
        Execution(device=device, chunk=chunk, **options),
        report=report,
    )
    total = time.perf_counter() - start
    # From the end of a stack's first epoch to its last.
    spent = passes = 0
    for first in {f for f, *_ in stamps}:
        own = [t for f, _, t in stamps if f == first]
        spent += own[-1] - own[0]
        passes += (len(own) - 1) * min(chunk, members)
    return passes / spent if spent else 0.0, total


def flops(model, rows):
    """Multiplications and additions of one epoch of one member, forward and backward."""
    if model == "feedforward":
        first, rest = LENGTH * 20 * 128, 128 * 64 + 64
        return rows * 2 * (2 * first + 3 * rest)
    products = LENGTH * (22 * 24 + 18 * 24 * 32 + 128 * 8)
    return rows * 2 * 3 * (products + (128 + 8 * LENGTH) * 64 + 64)


def ceiling(device, size=2048):
    """FLOP/s of a large matrix product here."""
    a = torch.randn(size, size, device=device)
    for _ in range(2):
        a @ a
    if device != "cpu":
        torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(6):
        a @ a
    if device != "cpu":
        torch.cuda.synchronize()
    return 6 * 2 * size**3 / (time.perf_counter() - start)


def compare(device):
    from sklearn.neural_network import MLPClassifier

    counts = (25,) if device == "cpu" else (25, 100, 400)
    peak = ceiling(device)
    print(f"large matrix product: {peak / 1e9:.0f} GFLOP/s")
    for model in ("feedforward", "convolutional"):
        a, b = loop(model, device, True), loop(model, device, False)
        print(f"\n{model}: member-epochs/s, ratio to (a), share of the matrix product")
        print(f"  (a) DataLoader loop        {a:8.2f}   1.00")
        print(f"  (b) in-memory loop         {b:8.2f}  {b / a:5.2f}")
        if model == "feedforward":
            x, y, *_ = windows(N, model)
            rows = int(N * 0.72)
            one = MLPClassifier((128, 64), batch_size=BATCH, max_iter=3)
            start = time.perf_counter()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # three passes do not converge
                one.fit(x[:rows], y[:rows])
            c = 3 / (time.perf_counter() - start)
            print(f"  (c) MLPClassifier          {c:8.2f}  {c / a:5.2f}")
        for members in counts:
            for chunk in sorted({1, 5, 25, members}):
                if device != "cpu" and chunk < members:
                    continue
                got, _ = engine(model, members, chunk, device)
                share = got * flops(model, int(N * 0.72)) / peak
                print(
                    f"  {members:3d} members by {chunk:3d}        {got:8.2f}  "
                    f"{got / a:5.2f}   {share:.0%}",
                    flush=True,
                )


def growth(device):
    """Seconds a window and peak memory as the data grow: five members, one epoch."""
    for n in (10_000, 100_000, 1_000_000):
        child = os.fork()
        if not child:
            start = time.perf_counter()
            engine("convolutional", 5, 1, device, n=n, epochs=1)
            seconds = time.perf_counter() - start
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
            per = seconds / (5 * n) * 1e6
            print(
                f"{n:>9,} windows: {seconds:7.1f} s, {per:6.1f} us a window and "
                f"member-epoch, peak {memory:.2f} GB",
                flush=True,
            )
            os._exit(0)
        os.waitpid(child, 0)


def options(device):
    """The engine's settings against its defaults."""
    for model in ("feedforward", "convolutional"):
        members = 25 if device == "cpu" else 100
        chunk = {"feedforward": 25, "convolutional": 1}[model]
        members = 5 if chunk == 1 else members
        chunk = chunk if device == "cpu" else members
        base = None
        for change in (
            {"precision": "float32"},
            {"precision": "tf32"},
            {"precision": "bfloat16"},
            {"precision": "float32", "compiled": True},
        ):
            if device == "cpu" and change["precision"] == "tf32":
                continue
            got, total = engine(model, members, chunk, device, **change)
            base = base or got
            print(
                f"{model:14s} {change!s:45s} {got:8.2f}  {got / base:5.2f}  "
                f"whole run {total:.1f} s",
                flush=True,
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--settings", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    where = "cuda" if torch.cuda.is_available() else "cpu"
    print(f"{where}, torch {torch.__version__}, {given.threads} threads")
    print(dataclasses.asdict(Execution(device=where)))
    (growth if given.growth else options if given.settings else compare)(where)
