"""Losses measured and frozen against their public counterparts.

    PYTHONPATH=workflow counterparts/bin/python benchmarks/losses.py
    PYTHONPATH=workflow counterparts/bin/python benchmarks/losses.py --freeze tests/unit/public_losses.json

The first prints forward and backward time of every loss as a ratio to cross entropy and
to its public counterpart, measured in turns in one run; the second writes the values
and gradients that the unit tests compare with. `counterparts.py` says how to install.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent))
from counterparts import public_losses, versions

from evenfold.losses import LOSSES, build_loss

SHAPES = ((25, 256), (1, 4096))


def seconds(loss, logits, targets, repeats=30) -> float:
    """Seconds of one forward and backward pass, the mean of some repeats."""
    start = time.perf_counter()
    for _ in range(repeats):
        logits.grad = None
        loss(logits, targets).sum().backward()
    return (time.perf_counter() - start) / repeats


def compare(contestants: dict, logits, targets, rounds=15) -> dict[str, float]:
    """Best time of each contestant over rounds in which all take turns."""
    best = dict.fromkeys(contestants, float("inf"))
    for _ in range(rounds):
        for name, loss in contestants.items():
            best[name] = min(best[name], seconds(loss, logits, targets))
    return best


def measure() -> None:
    """Print the two tables of docs/benchmarks.md."""
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    times = []
    for shape in SHAPES:
        z = torch.randn(shape, generator=generator).requires_grad_()
        y = (torch.rand(shape, generator=generator) < 0.4).float()
        prior = torch.full(shape[:1], 0.4)
        ours = {n: build_loss({"name": n}, prior, prior * 1e4) for n in LOSSES}
        times.append(compare(ours, z, y))
    print(f"| loss | {' | '.join(map(str, SHAPES))} |\n|---|---:|---:|")
    for name in LOSSES:
        ratios = " | ".join(f"{t[name] / t['bce']:.1f}" for t in times)
        print(f"| {name} | {ratios} |")
    own = ", ".join(f"{t['bce'] * 1e6:.0f} µs" for t in times)
    print(f"\nBCE itself: {own}\n")
    print(
        "| public counterpart | time / ours, (25, 256) | (1, 4096) |\n|---|---:|---:|"
    )
    for name, (settings, public) in public_losses().items():
        ratios = []
        for shape in SHAPES:
            z = torch.randn(shape, generator=generator).requires_grad_()
            y = (torch.rand(shape, generator=generator) < 0.4).float()
            loss = build_loss(settings, torch.full(shape[:1], 0.4))
            pair = {
                "ours": loss,
                # Public losses know no stack: one model after the other.
                "public": lambda z, y, f=public: sum(f(a, b) for a, b in zip(z, y)),
            }
            best = compare(pair, z, y, rounds=9)
            ratios.append(f"{best['public'] / best['ours']:.1f}")
        print(f"| {name} | {' | '.join(ratios)} |")
    print("\n" + ", ".join(f"{n} {v}" for n, v in versions().items()))


def freeze(path) -> None:
    """Write logits, targets, public values and gradients, and versions."""
    generator = torch.Generator().manual_seed(0)
    z = (torch.randn(48, generator=generator, dtype=torch.float64) * 2).requires_grad_()
    y = (torch.rand(48, generator=generator) < 0.35).double()
    cases = {}
    for name, (settings, public) in public_losses().items():
        # Some public losses force float32.
        value = public(z, y)
        (gradient,) = torch.autograd.grad(value.sum(), z)
        cases[name] = {
            "settings": settings,
            "value": value.item(),
            "gradient": gradient.tolist(),
        }
    facts = {
        "made_by": "benchmarks/losses.py --freeze",
        "versions": versions(),
        "logits": z.tolist(),
        "targets": y.tolist(),
        "cases": cases,
    }
    Path(path).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--freeze", metavar="FILE")
    options = parser.parse_args()
    freeze(options.freeze) if options.freeze else measure()
