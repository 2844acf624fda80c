"""Shortcut probes: how well something trivial predicts the class.

A probe that rivals the models means that they may have learnt it. Each is a small model
of one simple thing, judged out-of-fold on training sequences alone.
"""

import re
from collections import Counter

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from evenfold.alphabet import AMINO_ACIDS, GAP
from evenfold.metrics import auroc, confusion
from evenfold.records.sequences import Probe, Shift

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
) -> list[Probe]:
    """Judge the trivial predictors of training sequences.

    Parameters
    ----------
    sequences : list of str, length n
        With their gaps, if they are padded.
    ids : list of str, length n
    labels, folds : ndarray of int, shape (n,)
    neighbour : ndarray of int, shape (n,), optional
        Row of the nearest sequence of another fold; -1 where it was not looked for.
    ordered : bool
        Whether both classes stand in one file, so that their order could tell them.

    Returns
    -------
    list of Probe
        The largest MCC first.
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
            held_out = folds == fold
            scores[held_out] = _scores(
                name, x[~held_out], labels[~held_out], x[held_out]
            )
        found.append(judged(name, scores, labels))
    if neighbour is not None and (looked := neighbour >= 0).any():
        found.append(judged("neighbour", labels[neighbour[looked]], labels[looked]))
    return sorted(found, key=lambda probe: -probe.mcc)


def test_probes(
    train: list[str],
    train_ids: list[str],
    train_labels: np.ndarray,
    test: list[str],
    test_ids: list[str],
    test_labels: np.ndarray,
    neighbour: np.ndarray,
) -> list[Probe]:
    """Judge the trivial predictors on the test set; only a look may call this.

    Parameters
    ----------
    train, test : list of str
        With their gaps, if they are padded.
    train_ids, test_ids : list of str
    train_labels, test_labels : ndarray of int
    neighbour : ndarray of int, shape (test sequences,)
        Row of the nearest training sequence; -1 where it was not looked for.

    Returns
    -------
    list of Probe
        As `probes` gives.
    """
    inputs, n = _inputs([*train, *test], [*train_ids, *test_ids]), len(train)
    found = []
    for name, x in inputs.items():
        if (x[:n] == x[0]).all():
            continue
        scores = _scores(name, x[:n], train_labels, x[n:])
        found.append(judged(name, scores, test_labels))
    if (looked := neighbour >= 0).any():
        near = train_labels[neighbour[looked]]
        found.append(judged("neighbour", near, test_labels[looked]))
    return sorted(found, key=lambda probe: -probe.mcc)


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


def judged(name: str, scores: np.ndarray, labels: np.ndarray) -> Probe:
    """What the scores of a probe are worth, called positive from 0.5 upwards.

    Parameters
    ----------
    name : str
        Of `PROBES`.
    scores, labels : ndarray, shape (n,)

    Returns
    -------
    Probe
        Its AUROC is None with a single class.
    """
    what, seen = PROBES[name]
    area = auroc(scores, labels)
    return Probe(
        name=name,
        what=what,
        seen=seen,
        n=len(labels),
        **_rates(**confusion(scores, labels, 0.5)),
        auroc=None if np.isnan(area) else area,
    )


def _rates(tp, fp, tn, fn):
    """SN, SP and MCC; those of a missing class are 0, 1 and 0.

    Those of `metrics.rates`, in a form that rounds otherwise in the last digit: the
    audits and ledgers there are were written with it.
    """
    positives, negatives, called = tp + fn, tn + fp, tp + fp
    spread = float(positives) * negatives * called * (tn + fn)
    mcc = (tp * negatives - fp * positives) / np.sqrt(spread) if spread else 0.0
    return {
        "sn": float(tp / max(1, positives)),
        "sp": float(1 - fp / max(1, negatives)),
        "mcc": float(mcc),
    }


def _model(name):
    if name == "composition":
        regression = LogisticRegression(class_weight="balanced", max_iter=500)
        return make_pipeline(StandardScaler(), regression)
    return DecisionTreeClassifier(
        max_leaf_nodes=8, min_samples_leaf=5, class_weight="balanced", random_state=0
    )


def composition(sequences: list[str]) -> np.ndarray:
    """Share of each amino acid among them, shape (n, 20).

    Parameters
    ----------
    sequences : list of str, length n
    """
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


def shift(train: list[str], test: list[str], seed: int = 0) -> Shift:
    """How well length and composition tell test sequences from training ones.

    Parameters
    ----------
    train, test : list of str
        With their gaps, if they are padded.
    seed : int
        Of the five folds in which a logistic regression is judged.

    Returns
    -------
    Shift
        AUROC 0.5: no shift; None with fewer sequences than folds need.
    """
    lengths = [
        np.array([len(s.replace(GAP, "")) for s in part]) for part in (train, test)
    ]
    shares = composition(train), composition(test)
    found = Shift(
        auroc=None,
        median_length=(float(np.median(lengths[0])), float(np.median(lengths[1]))),
        residues=_apart(*(part.mean(0) for part in shares)),
    )
    scores = told_apart(train, test, seed=seed)
    if scores is None:
        return found
    y = np.repeat([0, 1], [len(train), len(test)])
    return found.model_copy(update={"auroc": auroc(scores, y)})


def told_apart(
    train: list[str], test: list[str], lengths: bool = True, seed: int = 0
) -> np.ndarray | None:
    """How much each sequence looks like a test one, by a logistic regression.

    Parameters
    ----------
    train, test : list of str
        With their gaps, if they are padded.
    lengths : bool
        Whether it reads lengths beside the composition.
    seed : int
        Of five folds; a sequence is scored by the regression that did not see it.

    Returns
    -------
    ndarray of float, shape (train + test,), or None
        Of training sequences, then of test ones; None with fewer sequences than folds
        need.
    """
    both = [*train, *test]
    x = composition(both)
    if lengths:
        n = np.array([len(s.replace(GAP, "")) for s in both])
        x = np.column_stack([x, np.log1p(n)])
    y = np.repeat([0, 1], [len(train), len(test)])
    fold = np.random.default_rng(seed).permutation(len(y)) % 5
    scores = np.zeros(len(y))
    for number in range(5):
        held_out = fold == number
        if len(np.unique(y[~held_out])) < 2:
            return None
        scores[held_out] = _scores(
            "composition", x[~held_out], y[~held_out], x[held_out]
        )
    return scores


def _apart(train, test):
    """Mean shares of the three residues that differ most, the largest first."""
    order = np.argsort(-np.abs(train - test), kind="stable")[:3]
    return {
        AMINO_ACIDS[i]: (round(float(train[i]), 4), round(float(test[i]), 4))
        for i in order
    }
