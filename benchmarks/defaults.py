"""Default models beside LightGBM on composition and dipeptides, on the same folds.

    snakemake --cores 2 --config 'datasets=[anticp2,thermo]' -- explore
    pip install -c envs/constraints.txt -r benchmarks/counterparts.txt
    PYTHONPATH=workflow python benchmarks/defaults.py results/anticp2 results/thermo

Out-of-fold, on training data alone: no test set is read. AUROC with its difference to
LightGBM's (defaults, one thread), paired by DeLong.
"""

import sys
import time
from pathlib import Path

import lightgbm
import numpy as np

from evenfold.features import FeatureSet
from evenfold.metrics.comparison import delong
from evenfold.metrics.scores import auroc
from evenfold.records.layout import Results
from evenfold.records.selection import Selection
from evenfold.records.sequences import SplitFacts
from evenfold.records.tables import OOF, SEQUENCES, SPLIT

NAMES = ["aac", "dpc"]


def reference(sequences, labels, folds):
    """Out-of-fold logits of LightGBM, and its seconds."""
    x = FeatureSet.of(NAMES, max(map(len, sequences))).compute(sequences)
    logits, began = np.empty(len(labels)), time.process_time()
    for fold in np.unique(folds):
        own = folds == fold
        model = lightgbm.LGBMClassifier(n_jobs=1, random_state=1, verbose=-1)
        model.fit(x[~own], labels[~own])
        logits[own] = model.predict(x[own], raw_score=True)
    return logits, time.process_time() - began


def main(folders):
    print("| data set | kind | variant | AUROC | less LightGBM's | 95 % | seconds |")
    print("|---|---|---|---:|---:|---|---:|")
    for folder in map(Path, folders):
        results = Results(folder.parent, folder.name)
        frame = SEQUENCES.frame(
            results.path("sequences"), ["sequence", "role", "label"]
        )
        train = (frame.role == "train").to_numpy()
        labels = frame.label[train].to_numpy(dtype=np.int64)
        folds = SPLIT.frame(results.path("split"), ["fold"]).fold[train].to_numpy()
        theirs, seconds = reference(frame.sequence[train].tolist(), labels, folds)
        facts = SplitFacts.read(results.path("split_facts"))
        start = f"| {folder.name} ({len(labels)}) | {facts.kind} |"
        print(f"{start} LightGBM | {auroc(theirs, labels):.4f} | | | {seconds:.1f} |")
        selection = Selection.read(results.path("selection"))
        for name in selection.variants:
            logits = OOF.frame(
                results.path("oof", variant=name), ["logit"]
            ).logit.to_numpy()
            apart = delong(logits, theirs, labels)
            wide = 1.96 * apart["se"]
            low, high = apart["difference"] - wide, apart["difference"] + wide
            timed = (folder / f"benchmarks/train/{name}.tsv").read_text().splitlines()
            mark = "**" if name == selection.champion else ""
            print(
                f"{start} {mark}{name}{mark} | {auroc(logits, labels):.4f} | "
                f"{apart['difference']:+.4f} | {low:+.4f} to {high:+.4f} | "
                f"{float(timed[1].split()[0]):.0f} |"
            )


if __name__ == "__main__":
    main(sys.argv[1:])
