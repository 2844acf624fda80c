"""Groups of related sequences: connected components of homology and source protein."""

import hashlib
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from evenfold import tables
from evenfold.alphabet import residues
from evenfold.config.grouping import Grouping
from evenfold.errors import EvenfoldError
from evenfold.records.sequences import GroupingFacts, Missed
from evenfold.records.tables import CROSSING, GROUPS, SEQUENCES
from evenfold.sequences.homology import (
    ALIGNERS,
    EXHAUSTIVE,
    Pairs,
    Sampled,
    affordable,
    aligned,
    missed,
    most_likely,
    sampled,
    search,
    searches,
)
from evenfold.sequences.stages import SILENT, UNKEPT, Progress, Stages


@dataclass
class Groups:
    """Groups of all sequences and the relations that cross the roles.

    Attributes
    ----------
    cluster : ndarray of int64, shape (n,)
        Group of each sequence, numbered by first appearance.
    crossing : list of tuple (train row, test row, relation, identity, coverage)
        Each training and test sequence that are related directly.
    pairs : Pairs
        Links between distinct residue strings, and what crosses the roles.
    n_distinct : int
    exhaustive : bool
        Whether everything was aligned with everything of other groups.
    missed : Missed
        What the searches before the last one missed.
    """

    cluster: np.ndarray
    crossing: list[tuple[int, int, str, float, float]]
    pairs: Pairs
    n_distinct: int
    exhaustive: bool
    missed: Missed


def group(
    sequences: list[str],
    sources: list[str],
    is_test: np.ndarray,
    settings: Grouping,
    threads: int = 1,
    progress: Progress = SILENT,
    stages: Stages = UNKEPT,
) -> Groups:
    """Group sequences so that related ones can be kept together.

    Parameters
    ----------
    sequences : list of str, length n
        Gaps are ignored: a padded window is its residues.
    sources : list of str, length n
        Source protein, or an empty string.
    is_test : ndarray of bool, shape (n,)
    settings : Grouping
    threads : int
    progress : Progress
    stages : Stages
        Where finished ones are kept.

    Returns
    -------
    Groups
    """
    distinct: dict[str, int] = {}
    node = np.array(
        [distinct.setdefault(residues(s), len(distinct)) for s in sequences]
    )
    names = list(distinct)
    pairs, components = search(names, settings, threads, progress, stages)
    lengths = np.array([len(name) for name in names])
    exhaustive = settings.exhaustive and affordable(lengths)
    if exhaustive:
        links = stages.of(
            "exhaustive",
            lambda: missed(names, components, settings, threads, progress).arrays(),
        )
        found = Pairs(**links)
        components.join(found.a, found.b)
        unseen = _all_aligned(
            found if searches(lengths, settings) else Pairs.none(), len(names)
        )
    else:
        sample = sampled(names, components, settings, threads, progress)
        found = sample.pairs
        components.join(found.a, found.b)
        unseen = _of_sample(sample, len(names))
    pairs = Pairs.join([pairs, found])
    progress("relatives of relatives across the roles")
    a, b = _unpaired(node, is_test, pairs, components)
    pairs = Pairs.join([pairs, aligned(names, a, b, settings, threads)])

    n_nodes = len(distinct)
    ends, others = [pairs.a], [pairs.b]
    named = np.array([], dtype=int)
    if settings.by_source:
        proteins: dict[str, int] = {}
        named = np.array([i for i, s in enumerate(sources) if s], dtype=int)
        protein = np.array(
            [proteins.setdefault(sources[i], len(proteins)) for i in named], dtype=int
        )
        ends.append(node[named])
        others.append(n_nodes + protein)
        n_nodes += len(proteins)
    edges = np.concatenate(ends), np.concatenate(others)
    ones = np.ones(len(edges[0]))
    graph = sparse.coo_matrix((ones, edges), shape=(n_nodes, n_nodes))
    component = connected_components(graph, directed=False)[1][node]
    first: dict[int, int] = {}
    cluster = np.array([first.setdefault(c, len(first)) for c in component])

    crossing = _crossing(node, pairs, is_test)
    if settings.by_source:
        crossing += _crossing_sources(sources, named, is_test)
    return Groups(
        cluster, sorted(set(crossing)), pairs, len(distinct), exhaustive, unseen
    )


def _all_aligned(found: Pairs, of: int) -> Missed:
    """Of an exhaustive alignment, which leaves nothing to be bounded."""
    ends = len(np.unique(np.concatenate([found.a, found.b])))
    return Missed(searched=of, of=of, sequences=ends, links=len(found), bound=ends / of)


def _of_sample(sample: Sampled, of: int) -> Missed:
    bound = most_likely(sample.missing, sample.searched)
    return Missed(
        searched=sample.searched,
        of=of,
        sequences=sample.missing,
        links=len(sample.pairs),
        bound=sample.missing / of if sample.searched == of else bound,
    )


def _unpaired(node, is_test, pairs, components):
    """Test and training nodes of one component that are not paired yet."""
    train = np.zeros(len(components.labels), dtype=bool)
    train[node[~is_test]] = True
    members: dict[int, list[int]] = {}
    for member in map(int, np.flatnonzero(train)):
        members.setdefault(int(components.labels[member]), []).append(member)
    known = set(zip(pairs.a.tolist(), pairs.b.tolist()))
    found = [
        (tested, other)
        for tested in map(int, np.unique(node[is_test]))
        for other in members.get(int(components.labels[tested]), [])
        if other != tested and (min(tested, other), max(tested, other)) not in known
    ]
    return np.array(found, dtype=np.int64).reshape(-1, 2).T


def _crossing(node, pairs, is_test):
    """Train/test rows with one residue string or with similar ones."""
    train_rows: dict[int, list[int]] = {}
    test_rows: dict[int, list[int]] = {}
    for row, (at, test) in enumerate(zip(node, is_test)):
        (test_rows if test else train_rows).setdefault(at, []).append(row)
    found = [
        (train, test, "exact copy", 1.0, 1.0)
        for at, rows in train_rows.items()
        for train in rows
        for test in test_rows.get(at, [])
    ]
    for a, b, identity, coverage, by in zip(
        pairs.a, pairs.b, pairs.identity, pairs.coverage, pairs.aligner
    ):
        for one, other in ((a, b), (b, a)):
            found += [
                (train, test, ALIGNERS[by], float(identity), float(coverage))
                for train in train_rows.get(one, [])
                for test in test_rows.get(other, [])
            ]
    return found


def _crossing_sources(sources, named, is_test):
    test_of: dict[str, list[int]] = {}
    for row in named:
        if is_test[row]:
            test_of.setdefault(sources[row], []).append(int(row))
    return [
        (int(row), test, "same source protein", 0.0, 0.0)
        for row in named
        if not is_test[row]
        for test in test_of.get(sources[row], [])
    ]


def group_file(
    path: str | PathLike,
    settings: Grouping,
    threads: int,
    groups: str | PathLike,
    crossing: str | PathLike,
    facts: str | PathLike,
) -> GroupingFacts:
    """Group the sequences of a file; write groups, crossing relations and facts.

    Parameters
    ----------
    path : path-like
        The cleaned sequences.
    settings : Grouping
    threads : int
    groups, crossing, facts : path-like
        To write.

    Returns
    -------
    GroupingFacts
    """
    table = SEQUENCES.arrow(path)
    ids = tables.strings(table, "id")
    sources = tables.strings(table, "source")
    is_test = np.array([role == "test" for role in tables.strings(table, "role")])
    sequences = tables.strings(table, "sequence")
    stages = Stages(Path(f"{facts}.stages"), _digest(sequences, settings))
    found = group(
        sequences, sources, is_test, settings, threads, Progress("grouping"), stages
    )
    refuse(found.missed, settings)
    GROUPS.write(groups, GROUPS.of(ids, found.cluster))
    train, test, relation, identity, coverage = (
        zip(*found.crossing) if found.crossing else [()] * 5
    )
    CROSSING.write(
        crossing,
        CROSSING.of(
            [ids[row] for row in train],
            [ids[row] for row in test],
            relation,
            identity,
            coverage,
        ),
    )
    sizes = np.bincount(found.cluster)
    bare = [residues(sequence) for sequence in sequences]
    distinct = np.array([len(sequence) for sequence in set(bare)])
    short = sum(len(sequence) < settings.short_length for sequence in bare)
    summary = GroupingFacts(
        sequences=len(ids),
        distinct=found.n_distinct,
        groups=len(sizes),
        largest_group=int(sizes.max()),
        sources=len(set(sources) - {""}),
        settings=settings.model_dump(),
        aligned_by={
            "spaced seeds and Smith-Waterman": short,
            "MMseqs2": len(ids) - short,
        }
        if searches(distinct, settings)
        else {EXHAUSTIVE: len(ids)},
        exhaustive=found.exhaustive,
        missed=found.missed,
        similar_pairs={
            name: int((found.pairs.aligner == number).sum())
            for number, name in enumerate(ALIGNERS)
        },
    )
    summary.write(facts)
    stages.forget()
    return summary


def _digest(sequences, settings):
    """Of what decides the links."""
    digest = hashlib.sha256(settings.model_dump_json().encode())
    for sequence in sequences:
        digest.update(sequence.encode() + b"\n")
    return digest.hexdigest()


def refuse(unseen: Missed, settings: Grouping) -> None:
    """Stop where the searches may have missed more than the configuration allows.

    Parameters
    ----------
    unseen : Missed
    settings : Grouping

    Raises
    ------
    EvenfoldError
    """
    if unseen.searched < unseen.of and unseen.bound > settings.max_missed:
        raise EvenfoldError(
            f"grouping may have missed too much (`grouping: {{max_missed: "
            f"{settings.max_missed:g}}}`): of {unseen.searched} of {unseen.of} sequences "
            f"that were aligned with all others, {unseen.sequences} had a relative in "
            f"another group, so that with 95 % confidence up to {unseen.bound:.1%} of all "
            "have one. Set a higher `sensitivity` under `grouping`, or a higher "
            "`max_missed`."
        )
