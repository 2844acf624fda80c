"""Shortcuts that a window cannot show: what whole proteins tell of their sites.

Where windows were cut from proteins, a protein's length, its number of candidate
residues, a site's place and the labels of its relatives may tell the class, though no
window shows them. Judged out-of-fold on training data, beside the champion, pooled and
among the sites of one protein.
"""

import re
from dataclasses import dataclass
from os import PathLike

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from evenfold import tables
from evenfold.alphabet import residues
from evenfold.metrics.intervals import interval
from evenfold.metrics.scores import auroc
from evenfold.metrics.within import auroc_within, pairs_within, resampled_aurocs
from evenfold.records.sequences import (
    AboveWindows,
    ProteinProbe,
    ShareByLength,
    SourceProteins,
)
from evenfold.records.tables import OOF, PROTEINS, SEQUENCES, SPLIT

#: The position at the end of an id, as in `P12345|K57`, and what makes ids unique.
_POSITION = re.compile(r"[|_ :-][A-Za-z]?(\d+)(?:\.\d+)?(?:~\d+|@test)*$")
#: Pairs within proteins, and proteins, below which nothing is told.
_FEWEST_PAIRS, _FEWEST_PROTEINS = 100, 20


@dataclass(frozen=True)
class Sites:
    """Training sites with what their proteins tell.

    Attributes
    ----------
    labels, folds, groups : ndarray of int, shape (n,)
    protein : ndarray of int, shape (n,)
        Number of the protein, from 0.
    logits : ndarray, shape (n,)
        Of the champion, out-of-fold.
    length, candidates : ndarray of float, shape (n,)
        Of the protein, and its residues that could be sites.
    place : ndarray of float, shape (n, 3) or None
        Position, its share of the length, and distance to the end.
    exact : bool
        Whether the proteins are there; otherwise lengths and candidates are the least
        that the windows show.
    """

    labels: np.ndarray
    folds: np.ndarray
    groups: np.ndarray
    protein: np.ndarray
    logits: np.ndarray
    length: np.ndarray
    candidates: np.ndarray
    place: np.ndarray | None
    exact: bool


@dataclass(frozen=True)
class SiteFiles:
    """Paths: sequences, split and proteins, and out-of-fold scores of the champion."""

    sequences: str | PathLike
    split: str | PathLike
    proteins: str | PathLike
    oof: str | PathLike


def read_sites(files: SiteFiles) -> Sites | None:
    """Training sites of known proteins.

    Parameters
    ----------
    files : SiteFiles

    Returns
    -------
    Sites or None
        None where no source is known.

    Raises
    ------
    EvenfoldError
        For a file with other columns, or a damaged one.
    """
    table = SEQUENCES.arrow(files.sequences)
    rows = np.flatnonzero([role == "train" for role in tables.strings(table, "role")])
    given = tables.strings(table, "source")
    sources = [given[row] for row in rows]
    oof = OOF.arrow(files.oof, ["id", "logit"])
    if not any(sources):
        return None
    logits = dict(zip(tables.strings(oof, "id"), oof.column("logit").to_pylist()))
    split = SPLIT.arrow(files.split, ["fold", "cluster"])
    proteins = PROTEINS.arrow(files.proteins)
    known = {
        name: sequence
        for role, name, sequence in zip(
            *(tables.strings(proteins, c) for c in ("role", "protein", "sequence"))
        )
        if role == "train"
    }
    names = tables.strings(table, "id")
    letters = tables.strings(table, "sequence")
    ids = [names[row] for row in rows]
    return sites_of(
        ids,
        [letters[row] for row in rows],
        sources,
        known,
        {
            "labels": table.column("label").fill_null(-1).to_numpy()[rows],
            "folds": split.column("fold").fill_null(-1).to_numpy()[rows],
            "groups": split.column("cluster").to_numpy()[rows],
            "logits": np.array([logits[name] for name in ids]),
        },
    )


def sites_of(
    ids: list[str],
    windows: list[str],
    sources: list[str],
    proteins: dict[str, str],
    numbers: dict[str, np.ndarray],
) -> Sites:
    """What proteins tell of their sites.

    Parameters
    ----------
    ids, windows, sources : list of str, length n
    proteins : dict of str to str
        Sequences by source, as far as they are known.
    numbers : dict of str to ndarray, shape (n,)
        labels, folds, groups and logits.

    Returns
    -------
    Sites
        Of the windows whose source is known.
    """
    kept = np.flatnonzero([bool(source) for source in sources])
    names, protein = np.unique([sources[i] for i in kept], return_inverse=True)
    matches = [_POSITION.search(ids[i]) for i in kept]
    position = np.array([int(m[1]) if m else np.nan for m in matches], float)
    exact = all(name in proteins for name in names)
    if exact:
        letters = {windows[i][len(windows[i]) // 2] for i in kept}
        length = np.array([len(proteins[name]) for name in names], float)
        candidates = np.array(
            [sum(map(proteins[name].count, letters)) for name in names], float
        )
    else:
        # A window ends at the end of its protein, or goes on for half its length.
        after = np.array(
            [len(residues(windows[i][len(windows[i]) // 2 + 1 :])) for i in kept]
        )
        length = np.zeros(len(names))
        np.maximum.at(length, protein, np.nan_to_num(position) + after)
        candidates = np.bincount(protein).astype(float)
    of_site = length[protein]
    place = None
    if not np.isnan(position).any():
        place = np.column_stack([position, position / of_site, of_site - position])
    return Sites(
        **{key: values[kept] for key, values in numbers.items()},
        protein=protein,
        length=of_site,
        candidates=candidates[protein],
        place=place,
        exact=exact,
    )


def judge_proteins(sites: Sites, champion: str) -> SourceProteins | None:
    """What proteins tell of their sites, beside what the champion does.

    Parameters
    ----------
    sites : Sites
    champion : str
        Its name.

    Returns
    -------
    SourceProteins or None
        None with too few proteins, or pairs of a positive and a negative of one.
    """
    _, pairs = pairs_within(sites.logits, sites.labels, sites.protein)
    if pairs.sum() < _FEWEST_PAIRS or len(pairs) < _FEWEST_PROTEINS:
        return None
    inputs = {
        "length": sites.length[:, None],
        "candidates": sites.candidates[:, None],
        "place": sites.place,
    }
    probes = [
        _probe(name, _out_of_fold(_tree(), x, sites), sites)
        for name, x in inputs.items()
        if x is not None
    ]
    probes.append(_relatives(sites))
    known = [sites.logits, np.log1p(sites.length), np.log1p(sites.candidates)]
    if sites.place is not None:
        # Of the place what a protein's length does not tell: how near either end is.
        known += [np.log1p(np.maximum(0.0, sites.place[:, i])) for i in (0, 2)]
    lifted = _out_of_fold(_regression(), np.column_stack(known), sites)
    with_positive = np.bincount(sites.protein, sites.labels == 1) > 0
    return SourceProteins(
        proteins=len(pairs),
        with_positive=int(with_positive.sum()),
        sites=len(sites.labels),
        pairs=int(pairs.sum()),
        exact=sites.exact,
        champion=champion,
        probes=probes,
        above_windows=_above(lifted, sites),
        by_length=_by_length(sites),
    )


def _tree():
    return DecisionTreeClassifier(
        max_leaf_nodes=8, min_samples_leaf=5, class_weight="balanced", random_state=0
    )


def _regression():
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))


def _out_of_fold(model, x: np.ndarray, sites: Sites) -> np.ndarray:
    scores = np.empty(len(x))
    for fold in np.unique(sites.folds):
        out = sites.folds == fold
        fitted = model.fit(x[~out], sites.labels[~out])
        scores[out] = fitted.predict_proba(x[out])[:, 1]
    return scores


_WORDS = {
    "length": "the length of the protein",
    "candidates": "the number of its residues that could be sites",
    "place": "the site's place in the protein",
    "relatives": "the share of positives among its relatives (same protein or group)",
}


def _probe(name: str, scores: np.ndarray, sites: Sites) -> ProteinProbe:
    return ProteinProbe(
        name=name,
        what=_WORDS[name],
        auroc=auroc(scores, sites.labels),
        within=auroc_within(scores, sites.labels, sites.protein),
    )


def _relatives(sites: Sites) -> ProteinProbe:
    """By labels that nobody has who predicts: how alike relatives are.

    Within a protein its own label, left out, would tell the class the wrong way round.
    """
    group = np.unique(sites.groups, return_inverse=True)[1]
    positive = (sites.labels == 1).astype(float)
    others = np.bincount(group)[group] - 1
    share = positive.mean()
    # One more of the average: a group of one says nothing.
    scores = (np.bincount(group, positive)[group] - positive + share) / (others + 1)
    return _probe("relatives", scores, sites).model_copy(update={"within": None})


def _above(lifted: np.ndarray, sites: Sites) -> AboveWindows:
    both = [sites.logits, lifted]
    found = resampled_aurocs(both, sites.labels, sites.protein, sites.groups)
    pooled = [auroc(one, sites.labels) for one in both]
    within = [auroc_within(one, sites.labels, sites.protein) for one in both]
    return AboveWindows(
        auroc=pooled[0],
        auroc_with=pooled[1],
        auroc_difference=interval(found[1, 0] - found[0, 0]),
        within=within[0],
        within_interval=interval(found[0, 1]),
        within_with=within[1],
        within_difference=interval(found[1, 1] - found[0, 1]),
    )


def _by_length(sites: Sites) -> list[ShareByLength]:
    """Shares of positives in quarters of the proteins, the shortest first."""
    first = np.unique(sites.protein, return_index=True)[1]
    edges = np.quantile(sites.length[first], [0.25, 0.5, 0.75])
    quarter = np.searchsorted(edges, sites.length, side="left")
    return [
        ShareByLength(
            low=float(sites.length[own].min()),
            high=float(sites.length[own].max()),
            positives=float((sites.labels[own] == 1).mean()),
        )
        for own in (quarter == number for number in range(4))
        if own.any()
    ]


def source_proteins(files: SiteFiles, champion: str) -> SourceProteins:
    """As `judge_proteins`, from files; of no proteins where nothing is told.

    Parameters
    ----------
    files : SiteFiles
    champion : str

    Returns
    -------
    SourceProteins
    """
    sites = read_sites(files)
    judged = judge_proteins(sites, champion) if sites else None
    return judged or SourceProteins(champion=champion)
