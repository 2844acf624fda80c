"""Shortcut probes: how well something trivial predicts the class.

A probe that rivals the models means that they may have learnt it. Each is a small model
of one simple thing, judged out-of-fold on training sequences alone.
"""

import re
from collections import Counter

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from evenfold.alphabet import AMINO_ACIDS, GAP

#: What is told of every probe, and whether a model sees it too.
PROBES = {
    "length": ("the number of residues", True),
    "ends": ("the first and the last residue", True),
    "composition": ("the share of each amino acid", True),
    "padding": ("gap letters before and behind the residues", True),
    "neighbour": ("the label of the nearest sequence of another fold", True),
    "id": ("the form of the id", False),
    "order": ("the place in the file", False),
}
_CATEGORIES = 50


def probes(
    sequences: list[str],
    ids: list[str],
    labels: np.ndarray,
    folds: np.ndarray,
    neighbour: np.ndarray | None = None,
    ordered: bool = False,
) -> list[dict]:
    """Judge the trivial predictors of training sequences.

    Parameters
    ----------
    sequences : list of str, length n
        With their gaps, if they are padded.
    labels, folds : ndarray of int, shape (n,)
    neighbour : ndarray of int, shape (n,), optional
        Row of the nearest sequence of another fold; -1 where it was not looked for.
    ordered : bool
        Whether both classes stand in one file, so that their order could tell them.

    Returns
    -------
    list of dict
        name, what, seen (by the models), n, sn, sp, mcc and auroc of every probe,
        the largest MCC first.
    """
    inputs = _inputs(sequences, ids)
    if ordered:
        inputs["order"] = np.arange(len(ids), dtype=float)[:, None]
    found = []
    for name, x in inputs.items():
        if (x == x[0]).all():
            continue
        scores = np.empty(len(labels))
        for fold in np.unique(folds):
            own = folds == fold
            scores[own] = _scores(name, x[~own], labels[~own], x[own])
        found.append(_judged(name, scores, scores >= 0.5, labels))
    if neighbour is not None and (looked := neighbour >= 0).any():
        near = labels[neighbour[looked]]
        found.append(_judged("neighbour", near, near == 1, labels[looked]))
    return sorted(found, key=lambda probe: -probe["mcc"])


def test_probes(
    train: list[str],
    train_ids: list[str],
    train_labels: np.ndarray,
    test: list[str],
    test_ids: list[str],
    test_labels: np.ndarray,
    neighbour: np.ndarray,
) -> list[dict]:
    """Judge the trivial predictors on the test set; only a look may call this.

    Parameters
    ----------
    neighbour : ndarray of int, shape (test sequences,)
        Row of the nearest training sequence; -1 where it was not looked for.

    Returns
    -------
    list of dict
        As `probes` gives.
    """
    inputs, n, found = _inputs([*train, *test], [*train_ids, *test_ids]), len(train), []
    for name, x in inputs.items():
        if (x[:n] == x[0]).all():
            continue
        scores = _scores(name, x[:n], train_labels, x[n:])
        found.append(_judged(name, scores, scores >= 0.5, test_labels))
    if (looked := neighbour >= 0).any():
        near = train_labels[neighbour[looked]]
        found.append(_judged("neighbour", near, near == 1, test_labels[looked]))
    return sorted(found, key=lambda probe: -probe["mcc"])


def _inputs(sequences, ids):
    return {
        "length": np.array([[len(s.replace(GAP, ""))] for s in sequences], float),
        "ends": _ends(sequences),
        "composition": composition(sequences),
        "padding": _padding(sequences),
        "id": _categories([_form(i) for i in ids]),
    }


def _scores(name, x, labels, judged):
    # Fitted as if the classes were equal: a rare one would make every probe harmless.
    return _model(name).fit(x, labels).predict_proba(judged)[:, 1]


def _judged(name, scores, called, labels):
    what, seen = PROBES[name]
    tp, fp = (called & (labels == 1)).sum(), (called & (labels == 0)).sum()
    positives = (labels == 1).sum()
    negatives = len(labels) - positives
    sn, sp = tp / max(1, positives), 1 - fp / max(1, negatives)
    n = tp + fp
    spread = float(positives) * negatives * n * (len(labels) - n)
    mcc = (tp * negatives - fp * positives) / np.sqrt(spread) if spread else 0.0
    return {
        "name": name,
        "what": what,
        "seen": seen,
        "n": len(labels),
        "sn": float(sn),
        "sp": float(sp),
        "mcc": float(mcc),
        "auroc": float(roc_auc_score(labels, scores))
        if positives and negatives
        else None,
    }


def _model(name):
    if name == "composition":
        regression = LogisticRegression(class_weight="balanced", max_iter=500)
        return make_pipeline(StandardScaler(), regression)
    return DecisionTreeClassifier(
        max_leaf_nodes=8, min_samples_leaf=5, class_weight="balanced", random_state=0
    )


def composition(sequences: list[str]) -> np.ndarray:
    """Share of each amino acid, shape (n, 20)."""
    counts = np.array([[s.count(a) for a in AMINO_ACIDS] for s in sequences], float)
    return counts / np.maximum(counts.sum(1, keepdims=True), 1)


def _ends(sequences):
    bare = [s.replace(GAP, "") or "X" for s in sequences]
    return np.hstack(
        [_categories([s[0] for s in bare]), _categories([s[-1] for s in bare])]
    )


def _padding(sequences):
    before = [len(s) - len(s.lstrip(GAP)) for s in sequences]
    behind = [len(s) - len(s.rstrip(GAP)) for s in sequences]
    return np.array([before, behind], dtype=float).T


def _form(identifier):
    """An id with runs of digits as 9 and of other signs as they are."""
    return re.sub(r"\d+", "9", identifier)[:24]


def _categories(values):
    """Indicators of the most frequent values, shape (n, values)."""
    frequent = [v for v, _ in Counter(values).most_common(_CATEGORIES)]
    return np.array([[v == f for f in frequent] for v in values], dtype=float)


def shift(train: list[str], test: list[str], seed: int = 0) -> dict:
    """How well length and composition tell test sequences from training ones.

    Returns
    -------
    dict
        `auroc` of a logistic regression in five folds (0.5: no shift), and `median_length` of
        both roles.
    """
    lengths = [
        np.array([len(s.replace(GAP, "")) for s in part]) for part in (train, test)
    ]
    x = np.column_stack(
        [composition([*train, *test]), np.log1p(np.concatenate(lengths))]
    )
    y = np.repeat([0, 1], [len(train), len(test)])
    fold = np.random.default_rng(seed).permutation(len(y)) % 5
    scores = np.zeros(len(y))
    for number in range(5):
        own = fold == number
        if len(np.unique(y[~own])) < 2:
            return {"auroc": None}
        scores[own] = (
            _model("composition").fit(x[~own], y[~own]).predict_proba(x[own])[:, 1]
        )
    return {
        "auroc": float(roc_auc_score(y, scores)),
        "median_length": [float(np.median(own)) for own in lengths],
    }
