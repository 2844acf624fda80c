"""Groups of related sequences: connected components of homology and source protein."""

from dataclasses import dataclass
from os import PathLike

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from evenfold import tables
from evenfold.alphabet import residues
from evenfold.config.grouping import Grouping
from evenfold.records.sequences import GroupingFacts
from evenfold.records.tables import CROSSING, GROUPS, SEQUENCES
from evenfold.sequences.homology import ALIGNERS, Pairs, aligned, missed, search


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
        Similar pairs of distinct residue strings.
    n_distinct : int
    exhaustive : bool
        Whether everything was aligned with everything of other groups.
    """

    cluster: np.ndarray
    crossing: list[tuple[int, int, str, float, float]]
    pairs: Pairs
    n_distinct: int
    exhaustive: bool


def group(
    sequences: list[str],
    sources: list[str],
    is_test: np.ndarray,
    settings: Grouping,
    threads: int = 1,
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

    Returns
    -------
    Groups
    """
    distinct: dict[str, int] = {}
    node = np.array(
        [distinct.setdefault(residues(s), len(distinct)) for s in sequences]
    )
    pairs = search(list(distinct), settings, threads)
    exhaustive = None
    if settings.exhaustive:
        exhaustive = missed(
            list(distinct), _components(pairs, len(distinct)), settings, threads
        )
        pairs = Pairs.join([pairs, exhaustive]) if exhaustive is not None else pairs
    # Relatives of relatives may be relatives that the search has not paired.
    unpaired = _unpaired(node, is_test, pairs, len(distinct))
    found = aligned(list(distinct), unpaired, settings, threads)
    pairs = Pairs.join([pairs, found])

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
        cluster, sorted(set(crossing)), pairs, len(distinct), exhaustive is not None
    )


def _components(pairs, n):
    """Connected component of each of n nodes."""
    edges = (np.ones(len(pairs)), (pairs.a, pairs.b))
    graph = sparse.coo_matrix(edges, shape=(n, n))
    return connected_components(graph, directed=False)[1]


def _unpaired(node, is_test, pairs, n):
    """Nodes of test rows, with those of training rows of their component not yet paired."""
    component = _components(pairs, n)
    train = np.zeros(n, dtype=bool)
    train[node[~is_test]] = True
    members: dict[int, list[int]] = {}
    for member in map(int, np.flatnonzero(train)):
        members.setdefault(int(component[member]), []).append(member)
    known = set(zip(pairs.a.tolist(), pairs.b.tolist()))
    found = {}
    for tested in map(int, np.unique(node[is_test])):
        others = [
            other
            for other in members.get(int(component[tested]), [])
            if other != tested and (min(tested, other), max(tested, other)) not in known
        ]
        if others:
            found[tested] = others
    return found


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
    found = group(sequences, sources, is_test, settings, threads)
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
    lengths = np.array([len(residues(sequence)) for sequence in sequences])
    short = int((lengths < settings.short_length).sum())
    summary = GroupingFacts(
        sequences=len(ids),
        distinct=found.n_distinct,
        groups=len(sizes),
        largest_group=int(sizes.max()),
        sources=len(set(sources) - {""}),
        settings=settings.model_dump(),
        aligned_by={
            "Smith-Waterman behind a k-mer screen": short,
            "MMseqs2": len(ids) - short,
        },
        exhaustive=found.exhaustive,
        similar_pairs={
            name: int((found.pairs.aligner == number).sum())
            for number, name in enumerate(ALIGNERS)
        },
    )
    summary.write(facts)
    return summary
