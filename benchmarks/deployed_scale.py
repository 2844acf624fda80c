"""Promised SN, SP and calibration against folds that nobody was trained on.

    PYTHONPATH=workflow python benchmarks/deployed_scale.py DATA KEEP [--cases NAME ...]

DATA is the folder of the real data sets, of which training files alone are read; KEEP one
for groups and results, from which an interrupted run goes on. One grouped fold of five is
set aside, the pipeline runs on the other four (members, out-of-fold logits, thresholds,
Platt's calibration), and the mean of all members is scored on the fold set aside; in turn
for each fold. `as measured`: thresholds of the out-of-fold logits as they are; `deployed`:
of those on the scale of the mean of all members, as `selection/oof.py` makes them. Slopes are
geometric means over the folds set aside, in brackets their distance from 1 in standard errors of
the folds' own spread.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import gzip
import io
import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from Bio.SeqIO.FastaIO import SimpleFastaParser

from evenfold.config.grouping import Grouping
from evenfold.config.selection import SelectionSettings
from evenfold.config.split import Split
from evenfold.config.training import Training
from evenfold.features import feature_set
from evenfold.models.averaging import excess_variance, mixed_sequences
from evenfold.models.data import TrainingData
from evenfold.models.settings import Specification
from evenfold.models.training import train_ensemble
from evenfold.selection.calibrating import fit
from evenfold.selection.oof import deployed_scale
from evenfold.selection.thresholds import pick, sweep
from evenfold.sequences.grouping import group
from evenfold.sequences.splitting import assign_folds

FOLDS = 5
SEEDS = 2


@dataclass(frozen=True)
class Case:
    """What is trained: rows at most, positives one in so many, epochs, longest."""

    data: str
    model: str
    features: str
    rows: int = 5000
    negatives: int = 1
    epochs: int = 15
    longest: int = 10**6


CASES = {
    f"{name} 1:{negatives}": Case(*values, negatives=negatives)
    for negatives in (1, 9)
    for name, values in {
        "windows, feed-forward": ("succ_balanced", "feedforward", "onehot"),
        "windows, convolutional": ("succ_balanced", "convolutional", "tokens", 2500),
        "peptides, feed-forward": ("neuropred", "feedforward", "aac dpc"),
        "peptides, convolutional": ("neuropred", "convolutional", "tokens", 2500),
        "peptides, logistic": ("neuropred", "logistic_regression", "aac dpc"),
        "proteins, feed-forward": ("thermo", "feedforward", "aac dpc"),
    }.items()
}
CASES |= {
    f"proteins, convolutional 1:{n}": Case(
        "thermo", "pooled_convolutional", "residues", 1500, n, 10, 300
    )
    for n in (1, 9)
}
#: Few rows, in few large families.
CASES |= {
    "800 peptides, logistic 1:1": Case(
        "neuropred", "logistic_regression", "aac dpc", 800
    ),
    "1600 peptides, logistic 1:1": Case(
        "neuropred", "logistic_regression", "aac dpc", 1600
    ),
    "1600 peptides, feed-forward 1:1": Case(
        "neuropred", "feedforward", "aac dpc", 1600
    ),
    "anticancer peptides, feed-forward 1:1": Case(
        "anticp2_main", "feedforward", "aac dpc"
    ),
}


def grouped(data: Path, name: str, keep: Path) -> dict[str, np.ndarray]:
    """Distinct training sequences of a data set, their labels and groups."""
    kept = keep / f"{name}.npz"
    if not kept.exists():
        text = gzip.decompress((data / name / "train.fasta.gz").read_bytes()).decode()
        rows = {}
        for header, sequence in SimpleFastaParser(io.StringIO(text)):
            identifier, label = header.rsplit("|", 1)
            protein = re.match(r"[pn]_(.+)_\d+$", identifier)
            source = protein.group(1) if protein else ""
            clean = re.sub("[^ACDEFGHIKLMNPQRSTVWY-]", "X", sequence.upper())
            rows.setdefault(clean, (int(label), source))
        labels, sources = zip(*rows.values())
        apart = np.zeros(len(rows), dtype=bool)
        found = group(list(rows), list(sources), apart, Grouping())
        np.savez(kept, seqs=list(rows), y=labels, cluster=found.cluster)
    return dict(np.load(kept))


def drawn(rows: dict, case: Case) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Sequences, labels and groups of a case: positives thinned, then whole groups."""
    generator = np.random.default_rng(1)
    y, cluster = rows["y"], rows["cluster"]
    short = np.char.str_len(rows["seqs"]) <= case.longest
    positives = generator.permutation(np.flatnonzero((y == 1) & short))
    negatives = np.flatnonzero((y == 0) & short)
    if case.negatives > 1:
        positives = positives[: len(negatives) // case.negatives]
    index = np.sort(np.r_[positives, negatives])
    names, sizes = np.unique(cluster[index], return_counts=True)
    order = generator.permutation(len(names))
    taken = names[order][np.r_[0, sizes[order].cumsum()[:-1]] < case.rows]
    index = index[np.isin(cluster[index], taken)]
    return [str(s) for s in rows["seqs"][index]], y[index], cluster[index]


def set_aside(case: Case, rows: dict, fold: int) -> list[dict]:
    """One fold set aside: what was promised and what it gave, for 1 and SEEDS seeds."""
    sequences, y, cluster = drawn(rows, case)
    part = assign_folds(y, cluster, Split(folds=FOLDS), 0)
    rest, aside = np.flatnonzero(part != fold), np.flatnonzero(part == fold)
    folds = np.unique(part[rest], return_inverse=True)[1]
    names = case.features.split()
    features = feature_set(names, zip(sequences, sequences))
    x = features.compute(sequences)
    training = Training(
        model=case.model, features=names, epochs=case.epochs, seeds=SEEDS
    )
    data = TrainingData(x[rest], y[rest], folds, cluster[rest])
    ensemble = train_ensemble(
        data, Specification(training, {"name": "bce"}, 0)
    ).ensemble
    mixed = features.compute(mixed_sequences([sequences[i] for i in rest], 0))
    on = {"rest": x[rest], "aside": x[aside], "mixed": mixed}
    logits = {
        name: ensemble.logits(inputs).astype(float) for name, inputs in on.items()
    }
    found = []
    for seeds in (1, SEEDS) if case.model != "logistic_regression" else (1,):
        chosen = [i for i, m in enumerate(ensemble.members) if m.seed < seeds]
        members = [ensemble.members[i] for i in chosen]
        of = np.array([member.fold for member in members])
        own = {name: values[chosen] for name, values in logits.items()}
        oof = np.empty(len(rest))
        for held in np.unique(folds):
            oof[folds == held] = own["rest"][of == held][:, folds == held].mean(axis=0)
        excess = excess_variance(oof, own["mixed"], members)
        deployed = own["aside"].mean(axis=0)
        for scale, z in (
            ("as measured", oof),
            ("deployed", deployed_scale(oof, y[rest], excess)),
        ):
            found.append(
                {"seeds": seeds, "scale": scale, "fold": fold}
                | compared(z, y[rest], deployed, y[aside])
            )
    return found


def compared(z, y, deployed, truth) -> dict:
    """Promised and realised rates of two criteria, and the slope of the calibrated."""
    points, found = sweep(z, y), {}
    for name in ("sn_eq_sp", "sn_at_sp"):
        settings = SelectionSettings(criterion=name)
        at = pick(points, name, settings)[0]
        called = deployed >= points.logit[at]
        found[name] = [
            [points.sn[at], called[truth == 1].mean(), (truth == 1).sum()],
            [points.sp[at], (~called)[truth == 0].mean(), (truth == 0).sum()],
        ]
    platt = fit("platt", z, y)
    calibrated = platt.slope * deployed + platt.intercept
    # Unsmoothed, so that 1 is right.
    again = fit("platt", np.r_[calibrated, calibrated], np.r_[truth, truth])
    found["slope"] = again.slope
    return found


def table(results: dict[str, list[dict]]) -> None:
    """Print what was promised, and how far from it the folds set aside were."""
    print(
        "| data, network, classes | seeds | scale | SN = SP | SN | SP | SP .9: SN | SP | "
        "slope | chi2 / n |\n|---|---:|---|---:|---:|---:|---:|---:|---:|---:|"
    )
    for name, rows in results.items():
        for seeds in sorted({row["seeds"] for row in rows}):
            for scale in ("as measured", "deployed"):
                own = [r for r in rows if (r["seeds"], r["scale"]) == (seeds, scale)]
                cells, chi = [], []
                for criterion in ("sn_eq_sp", "sn_at_sp"):
                    rates = np.array([row[criterion] for row in own])
                    promised, got, n = np.moveaxis(rates, 2, 0)
                    off = np.average(got - promised, axis=0, weights=n[:, 0])
                    p = promised.mean(axis=0)
                    # Of the folds set aside, and of what the promise itself rests on.
                    se = np.sqrt(p * (1 - p) / n.sum(axis=0) * (1 + 1 / (FOLDS - 1)))
                    if criterion == "sn_eq_sp":
                        cells.append(f"{p.mean():.3f}")
                    cells += [f"{d:+.3f} ({d / s:+.1f})" for d, s in zip(off, se)]
                    chi += list((off / se) ** 2)
                # The error of a slope grows with it, so that weights by it would favour
                # small ones; folds of few families differ by more than their rows tell.
                slopes = np.log([row["slope"] for row in own])
                se = slopes.std(ddof=1) / np.sqrt(len(own))
                cells.append(f"{np.exp(slopes.mean()):.2f} ({slopes.mean() / se:+.1f})")
                print(
                    f"| {name} ({len(own)}) | {seeds} | {scale} | "
                    + " | ".join(cells)
                    + f" | {np.mean(chi):.1f} |"
                )


def main(data: Path, keep: Path, cases: list[str], folds: int) -> None:
    """Run what is not there yet, and print the table."""
    torch.set_num_threads(1)
    keep.mkdir(parents=True, exist_ok=True)
    results: dict[str, list[dict]] = {}
    for fold in range(folds):
        for name in cases:
            label = f"{name}, fold {fold}".replace(" ", "_").replace(":", "-")
            kept = keep / f"{label}.json"
            if not kept.exists():
                rows = grouped(data, CASES[name].data, keep)
                found = set_aside(CASES[name], rows, fold)
                # What is no number of Python's is one of NumPy's.
                kept.write_text(json.dumps(found, default=lambda n: n.tolist()))
                print(f"{name}, fold {fold}", flush=True)
            results.setdefault(name, []).extend(json.loads(kept.read_text()))
    table(results)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("keep", type=Path)
    parser.add_argument("--cases", nargs="*", default=list(CASES), choices=list(CASES))
    parser.add_argument("--folds", type=int, default=FOLDS)
    options = parser.parse_args()
    main(options.data, options.keep, options.cases, options.folds)
