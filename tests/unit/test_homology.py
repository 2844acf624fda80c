import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenfold.alphabet import AMINO_ACIDS
from evenfold.config.grouping import Grouping
from evenfold.sequences import grouping, homology
from evenfold.sequences.auditing import nearest
from evenfold.sequences.grouping import group
from evenfold.sequences.homology import (
    ALIGNERS,
    Pairs,
    _mmseqs,
    aligner,
    alignment_facts,
    composition_only,
    guaranteed_run,
    kmer_matrix,
    least_score,
    missed,
    opal_database,
    search,
)


def random_sequence(generator, length):
    return "".join(generator.choice(list(AMINO_ACIDS), length))


def mutate(sequence, share, generator):
    letters = list(sequence)
    for i in generator.choice(len(letters), int(share * len(letters)), replace=False):
        letters[i] = generator.choice([a for a in AMINO_ACIDS if a != letters[i]])
    return "".join(letters)


@pytest.mark.parametrize(
    "length, share, aligner", [(150, 0.3, "MMseqs2"), (31, 0.15, "Smith-Waterman"),
                               (12, 0.1, "Smith-Waterman")],
)  # fmt: skip
def test_planted_homologs_are_found_and_none_invented(length, share, aligner):
    generator = np.random.default_rng(1)
    single = [random_sequence(generator, length) for _ in range(60)]
    homologs = [mutate(s, share, generator) for s in single[:20]]
    pairs = search(single + homologs, Grouping())
    assert set(zip(pairs.a.tolist(), pairs.b.tolist())) == {
        (i, 60 + i) for i in range(20)
    }
    assert {ALIGNERS[i] for i in pairs.aligner} == {aligner}
    assert (pairs.identity >= 0.5).all() and (pairs.coverage >= 0.8).all()


@pytest.mark.whole
def test_a_less_sensitive_search_finds_less_of_the_same():
    generator = np.random.default_rng(1)
    single = [random_sequence(generator, 150) for _ in range(60)]
    homologs = [mutate(s, 0.55, generator) for s in single]
    found = [
        search(single + homologs, Grouping(sensitivity=sensitivity))
        for sensitivity in (1, 7.5)
    ]
    few, many = (set(zip(pairs.a.tolist(), pairs.b.tolist())) for pairs in found)
    assert few < many <= {(i, 60 + i) for i in range(60)}
    assert len(many) > 50


def test_very_short_and_odd_sequences_are_compared_too():
    pairs = search(["A", "AC", "WWWW", "WWWY", "XXXX", "MKU", "MKUL"], Grouping())
    found = set(zip(pairs.a.tolist(), pairs.b.tolist()))
    assert (0, 1) not in found
    assert not any(4 in pair for pair in found)


@given(
    st.integers(3, 40),
    st.floats(0.5, 0.95),
    st.floats(0.5, 1.0, exclude_max=True),
    st.randoms(use_true_random=False),
)
@settings(max_examples=200, deadline=None)
def test_an_ungapped_pair_above_the_limits_shares_the_guaranteed_run(
    length, identity, coverage, random
):
    """Mismatches anywhere: the longest identical run is never below the promise."""
    aligned = math.ceil(coverage * length)
    same = math.ceil(identity * aligned)
    mismatches = set(random.sample(range(aligned), aligned - same))
    longest = run = 0
    for column in range(aligned):
        run = 0 if column in mismatches else run + 1
        longest = max(longest, run)
    assert longest >= guaranteed_run(length, identity, coverage)


@given(st.integers(2, 49), st.integers(0, 2), st.randoms(use_true_random=False))
def test_no_pair_above_the_limits_scores_less_than_the_least(length, gaps, random):
    """Also with a residue lost once or twice; what is traced is what was scored."""
    one = "".join(random.choice(AMINO_ACIDS) for _ in range(length))
    other = list(one)
    for i in random.sample(range(length), random.randrange(length // 3 + 1)):
        other[i] = random.choice(AMINO_ACIDS)
    for _ in range(min(gaps, length - 1)):
        other.pop(random.randrange(len(other)))
    database = opal_database(["".join(other)])
    (hit,) = aligner().align(one, database, mode="full")
    same, covered = alignment_facts(hit)
    if same >= 0.7 and covered >= 0.8:
        assert hit.score >= least_score(length, 0.7, 0.8)


def test_kmers_are_counted_once_and_told_apart():
    matrix = kmer_matrix(["ACACA", "CA", "WY", "A"], 2).toarray()
    assert matrix.sum(axis=1).tolist() == [2, 1, 1, 0]
    assert (matrix[0] @ matrix[1], matrix[0] @ matrix[2]) == (1, 0)


@pytest.mark.realdata
def test_the_screen_misses_little_on_real_peptides(shared_data):
    """Recall of the k-mer screen against exhaustive alignment of real peptides."""
    import gzip

    with gzip.open(shared_data / "anticp2_main" / "test.fasta.gz", "rt") as handle:
        peptides = [line.strip() for line in handle if not line.startswith(">")]
    peptides = sorted(set(peptides))
    limits = Grouping()
    screened = search(peptides, limits)
    partners = set(zip(screened.a.tolist(), screened.b.tolist()))
    lengths = np.array([len(p) for p in peptides])
    best = nearest(peptides, peptides, lambda row: np.arange(len(peptides)) != row)
    close = best.above(lengths, lengths, limits)
    wanted = [tuple(sorted((q, int(best.partner[q])))) for q in np.flatnonzero(close)]
    assert len(wanted) > 50
    assert np.mean([pair in partners for pair in wanted]) >= 0.97


def test_groups_join_homologs_and_source_proteins():
    generator = np.random.default_rng(2)
    base = [random_sequence(generator, 31) for _ in range(4)]
    sequences = [base[0], mutate(base[0], 0.1, generator), base[1], base[2], base[3],
                 base[0] + "-", base[3]]  # fmt: skip
    sources = ["P1", "P2", "P2", "", "", "", ""]
    is_test = np.array([False, False, False, False, False, True, True])
    found = group(sequences, sources, is_test, Grouping())
    assert found.cluster.tolist() == [0, 0, 0, 1, 2, 0, 2]
    relations = {(a, b, how) for a, b, how, _, _ in found.crossing}
    assert relations == {
        (0, 5, "exact copy"),
        (1, 5, "Smith-Waterman"),
        (4, 6, "exact copy"),
    }
    apart = group(sequences, sources, is_test, Grouping(by_source=False))
    assert apart.cluster.tolist() == [0, 0, 1, 2, 3, 0, 3]


def test_a_source_protein_in_both_roles_is_a_relation():
    found = group(
        ["MKVLAAGIWCDE", "HHHHWWWWFFFF"],
        ["P1", "P1"],
        np.array([False, True]),
        Grouping(),
    )
    assert found.crossing == [(0, 1, "same source protein", 0.0, 0.0)]


def searched(monkeypatch, *pairs):
    """As if the search had found these pairs and no others."""
    found = Pairs.of([(a, b, 0.9, 1.0) for a, b in pairs], 0)
    monkeypatch.setattr(grouping, "search", lambda *_: found)


def test_what_the_search_missed_is_found_by_aligning_everything(monkeypatch):
    generator = np.random.default_rng(4)
    single = [random_sequence(generator, 40) for _ in range(30)]
    sequences = [
        *single,
        mutate(single[0], 0.2, generator),
        mutate(single[5], 0.2, generator),
    ]
    searched(monkeypatch, (5, 31))
    is_test = np.arange(32) == 30
    without = group(sequences, [""] * 32, is_test, Grouping(exhaustive=False))
    assert not without.exhaustive and not without.crossing
    assert without.cluster[0] != without.cluster[30]
    pairs = missed(sequences, without.cluster, Grouping(), 2)
    assert set(zip(pairs.a.tolist(), pairs.b.tolist())) == {(0, 30)}
    every = group(sequences, [""] * 32, is_test, Grouping())
    assert every.exhaustive and every.cluster[0] == every.cluster[30]
    assert [row[:2] for row in every.crossing] == [(0, 30)]


def test_a_relative_of_a_relative_is_compared_across_the_roles(monkeypatch):
    """Two that the search has not paired, in one group by a third."""
    generator = np.random.default_rng(4)
    one = random_sequence(generator, 40)
    middle, other = mutate(one, 0.1, generator), mutate(one, 0.15, generator)
    far = random_sequence(generator, 40)
    searched(monkeypatch, (0, 1), (1, 2), (1, 3))
    is_test = np.array([0, 0, 1, 0], bool)
    found = group([one, middle, other, far], [""] * 4, is_test, Grouping())
    # The fourth is in their group and no relative of the test sequence.
    assert len(set(found.cluster)) == 1
    assert [row[:2] for row in found.crossing] == [(0, 2), (1, 2)]


def test_aligning_everything_has_a_budget(monkeypatch):
    monkeypatch.setattr(homology, "EXHAUSTIVE_CELLS", 10)
    found = group(["ACDEFG", "WYVTSR"], ["", ""], np.zeros(2, bool), Grouping())
    assert not found.exhaustive and len(set(found.cluster)) == 2


def test_nearest_finds_the_copy_and_samples_beyond_its_budget():
    generator = np.random.default_rng(3)
    targets = [random_sequence(generator, 40) for _ in range(50)]
    queries = [mutate(targets[i], 0.1, generator) for i in (3, 30)]
    found = nearest(queries, targets, threads=2)
    assert found.partner.tolist() == [3, 30]
    assert (found.identity > 0.8).all()
    for least, searched in ((1, 10), (20, 20), (60, 50)):
        sampled = nearest(targets, targets, budget=40 * 40 * 50 * 10, least=least)
        assert len(sampled.queries) == searched


def test_shuffling_keeps_the_composition():
    generator = np.random.default_rng(4)
    shuffled = composition_only("MKVLLLAAG", generator)
    assert sorted(shuffled) == sorted("MKVLLLAAG")


def test_proteins_that_begin_like_nucleotides_are_searched_as_proteins():
    drawn = np.random.default_rng(1)
    sequences = [
        "".join(drawn.choice(list(letters), 90))
        for letters in ["ACGT"] * 12 + ["ACDEFGHIKLMNPQRSTVWY"] * 12
    ]
    relative = sequences[20][:80]
    names = list(range(len(sequences) + 1))
    found = _mmseqs([*sequences, relative], names, Grouping(), 1)
    assert (20, 24) in {tuple(sorted(pair[:2])) for pair in found if pair[0] != pair[1]}
