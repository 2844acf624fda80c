import errno
import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenfold.alphabet import AMINO_ACIDS
from evenfold.config.grouping import Grouping
from evenfold.errors import EvenfoldError
from evenfold.records.sequences import Missed
from evenfold.records.tables import SEQUENCES
from evenfold.sequences import alignment, cascade, grouping, homology, mmseqs, seeds
from evenfold.sequences.alignment import (
    aligner,
    alignment_facts,
    common_subsequence,
    least_score,
    most_identical,
    opal_database,
    opal_letters,
    possible,
    traced,
)
from evenfold.sequences.auditing import Search, nearest
from evenfold.sequences.cascade import protein_links
from evenfold.sequences.components import Components
from evenfold.sequences.grouping import group, group_file, refuse
from evenfold.sequences.homology import (
    ALIGNERS,
    Pairs,
    composition_only,
    linked,
    missed,
    most_likely,
    sample_size,
    sampled,
    search,
)
from evenfold.sequences.seeds import (
    FAMILIES,
    Packed,
    join_by_seeds,
    least_mismatches,
    loss_free_from,
)
from evenfold.sequences.simulate import proteins
from evenfold.sequences.stages import Progress, Stages


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
    pairs, _ = search(single + homologs, Grouping(exhaustive=False))
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
        search(single + homologs, Grouping(sensitivity=sensitivity, exhaustive=False))[
            0
        ]
        for sensitivity in (1, 7.5)
    ]
    few, many = (set(zip(pairs.a.tolist(), pairs.b.tolist())) for pairs in found)
    assert few < many <= {(i, 60 + i) for i in range(60)}
    assert len(many) > 50


def test_very_short_and_odd_sequences_are_compared_too():
    odd = ["A", "AC", "WWWW", "WWWY", "XXXX", "MKU", "MKUL"]
    pairs, _ = search(odd, Grouping(exhaustive=False))
    found = set(zip(pairs.a.tolist(), pairs.b.tolist()))
    assert (0, 1) not in found
    assert not any(4 in pair for pair in found)


@pytest.mark.parametrize("family", FAMILIES)
def test_fewest_mismatches_against_every_placement_of_them(family):
    """Of 11 columns, all 2048 patterns."""
    columns = 11
    fewest = least_mismatches(family, columns)
    for n in (1, 5, columns):
        unhit = [
            n - pattern.bit_count()
            for pattern in range(1 << n)
            if not any(
                (pattern >> place) & sum(1 << c for c in seed)
                == sum(1 << c for c in seed)
                for seed in family
                for place in range(n - seed[-1])
            )
        ]
        assert fewest[n] == min(unhit)


def test_from_which_length_each_family_is_free_of_loss():
    found = [loss_free_from(family, 0.7, 0.8, 62) for family in FAMILIES]
    assert found == [18, 9, 6, 2, 1]
    # At a lower identity none but the rarest runs are promised.
    assert loss_free_from(FAMILIES[0], 0.5, 0.8, 62) == 63


@given(st.integers(2, 49), st.integers(0, 6), st.randoms(use_true_random=False))
def test_every_ungapped_pair_above_the_limits_is_a_candidate(length, shift, random):
    """Mismatches and shift anywhere, among sequences of other lengths."""
    aligned = max(math.ceil(0.8 * length - 1e-9), length - shift)
    wrong = random.sample(range(aligned), aligned - math.ceil(0.7 * aligned - 1e-9))
    one = [random.choice(AMINO_ACIDS) for _ in range(length)]
    other = one[length - aligned :] + ["W"] * (length - aligned)
    for i in wrong:
        other[i] = random.choice([a for a in AMINO_ACIDS if a != other[i]])
    listed = ["".join(one), "MKV", "".join(other)]
    asked = set()
    join_by_seeds(
        listed, Components(3), Grouping(),
        lambda a, b: asked.update(zip(a.tolist(), b.tolist())),
    )  # fmt: skip
    assert (0, 2) in asked or one == other


@given(st.lists(st.text("ACX", min_size=1, max_size=9), min_size=2, max_size=2),
       st.integers(-4, 4))  # fmt: skip
def test_matches_on_a_diagonal_against_counting_them(pair, shift):
    one, other = pair
    wanted = sum(
        one[i + shift] == letter
        for i, letter in enumerate(other)
        if 0 <= i + shift < len(one)
    )
    if -len(other) < shift < len(one):
        found = Packed.of(pair).matches(*(np.array([v]) for v in (0, 1, shift)))
        assert found.tolist() == [wanted]


def test_more_hits_than_can_be_looked_at_leave_the_rarest_seeds(monkeypatch):
    generator = np.random.default_rng(1)
    peptides = [random_sequence(generator, 8) for _ in range(30)]
    asked = []

    def found_from():
        return join_by_seeds(
            peptides, Components(30), Grouping(), lambda a, b: asked.append(len(a))
        )

    # Of length 6 and more, all of these: no lighter family is needed.
    assert found_from() == 6
    monkeypatch.setattr(seeds, "MOST_HITS", -1)
    assert found_from() == 9


@pytest.mark.parametrize("longest", [40, 90])
def test_short_sequences_form_the_components_of_exhaustive_alignment(longest):
    """Longer ones than a word has bits too, at another limit of length."""
    generator = np.random.default_rng(3)
    ancestors = [
        random_sequence(generator, n) for n in generator.integers(5, longest, 60)
    ]
    sequences = [*ancestors, *(mutate(s, 0.2, generator) for s in ancestors)]
    sequences += [mutate(s, 0.35, generator) for s in ancestors]
    sequences = list(dict.fromkeys(sequences))
    limits = Grouping(short_length=longest, exhaustive=False)
    _, components = search(sequences, limits)
    every = Components(len(sequences))
    a, b = np.triu_indices(len(sequences), 1)
    links = homology.above(sequences, a, b, limits)
    every.join(*np.array([link[:2] for link in links]).T)
    assert components.labels.tolist() == every.labels.tolist()
    assert len(every.first()) < 120


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


@pytest.mark.realdata
def test_the_screen_misses_little_on_real_peptides(shared_data):
    """Recall of the seeds against exhaustive alignment of real peptides."""
    import gzip

    with gzip.open(shared_data / "anticp2_main" / "test.fasta.gz", "rt") as handle:
        peptides = [line.strip() for line in handle if not line.startswith(">")]
    peptides = sorted(set(peptides))
    limits = Grouping()
    labels = search(peptides, Grouping(exhaustive=False))[1].labels
    lengths = np.array([len(p) for p in peptides])
    best = nearest(peptides, peptides, lambda row: np.arange(len(peptides)) != row)
    close = best.above(lengths, lengths, limits)
    wanted = [tuple(sorted((q, int(best.partner[q])))) for q in np.flatnonzero(close)]
    assert len(wanted) > 50
    assert np.mean([labels[a] == labels[b] for a, b in wanted]) >= 0.97


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
        (1, 5, "exhaustive Smith-Waterman"),
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


def known(n, *pairs):
    """Components of n sequences of which these pairs are joined."""
    components = Components(n)
    components.join(*np.array(pairs).T)
    return components


def searched(monkeypatch, *pairs):
    """As if the search had found these pairs and no others."""
    found = Pairs.of([(a, b, 0.9, 1.0) for a, b in pairs], 0)

    def search(sequences, *_):
        components = Components(len(sequences))
        components.join(found.a, found.b)
        return found, components

    monkeypatch.setattr(grouping, "search", search)


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
    monkeypatch.setattr(homology, "LEAST_SAMPLED", 1)
    monkeypatch.setattr(homology, "MOST_SAMPLED", 1)
    without = group(sequences, [""] * 32, is_test, Grouping(exhaustive=False))
    assert not without.exhaustive and not without.crossing
    assert without.cluster[0] != without.cluster[30]
    pairs = missed(sequences, known(32, (5, 31)), Grouping(), 2)
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


@pytest.mark.parametrize("limit", ["EXHAUSTIVE_CELLS", "EXHAUSTIVE_PAIRS"])
def test_aligning_everything_has_a_budget(monkeypatch, limit):
    monkeypatch.setattr(homology, limit, 3)
    found = group(["ACDEFG", "WYVTSR"], ["", ""], np.zeros(2, bool), Grouping())
    assert not found.exhaustive and len(set(found.cluster)) == 2
    assert found.missed == Missed(searched=2, of=2, sequences=0, links=0, bound=0)


def test_a_sample_bounds_what_was_missed_and_joins_it():
    generator = np.random.default_rng(4)
    single = [random_sequence(generator, 40) for _ in range(40)]
    sequences = [*single, *(mutate(s, 0.2, generator) for s in single[:20])]
    nothing = Components(60)
    found = sampled(sequences, nothing, Grouping())
    assert found.searched == 60 and found.missing == 40 and len(found.pairs) == 20
    assert nothing.labels.tolist() == list(range(60))
    again = sampled(sequences, nothing, Grouping(), threads=2)
    assert again.pairs.a.tolist() == found.pairs.a.tolist()


def test_the_size_of_a_sample_follows_from_lengths_alone():
    assert sample_size(np.full(30, 300)) == 30
    # A tenth of 12 s, at 4.3 ms each.
    assert sample_size(np.full(2000, 100)) == 276
    assert sample_size(np.full(100_000, 360)) == 60
    assert homology.LEAST_SAMPLED == 60


def test_a_bound_is_that_of_clopper_and_pearson():
    # None of n: the share p with (1 - p)^n = 0.05.
    assert most_likely(0, 60) == pytest.approx(1 - 0.05 ** (1 / 60))
    assert most_likely(5, 5) == 1


def test_a_bound_above_the_configured_one_stops_the_run():
    unseen = Missed(searched=60, of=1000, sequences=1, links=2, bound=0.077)
    refuse(unseen, Grouping())
    refuse(unseen, Grouping(max_missed=0.08))
    with pytest.raises(EvenfoldError) as stopped:
        refuse(unseen, Grouping(max_missed=0.05))
    for words in ("max_missed: 0.05", "of 60 of 1000 sequences", "1 had a relative",
                  "up to 7.7% of all", "a higher `sensitivity`"):  # fmt: skip
        assert words in str(stopped.value)
    # All were aligned and what was found joined: nothing is left to be missed.
    whole = unseen.model_copy(update={"searched": 1000})
    refuse(whole, Grouping(max_missed=0.05))


# --- the cascade ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def simulated():
    """Sixty proteins in families, and what the cascade links among them."""
    sequences, _ = proteins(60, seed=1)
    sequences = [sequence[:400] for sequence in sequences]
    return sequences, *protein_links(sequences, Grouping(), 1)


def test_the_cascade_joins_what_exhaustive_alignment_joins(simulated):
    sequences, links, _ = simulated
    every = Components(60)
    missed(sequences, every, Grouping())
    found = known(60, *links[:, :2].astype(int))
    assert (links[:, 2] >= 0.4).all() and (links[:, 3] >= 0.8).all()
    # MMseqs2's own alignments differ a little from Opal's, near the limits.
    ends = links[:, :2].astype(int)
    facts = [traced(sequences[a], [sequences[b]])[0] for a, b in ends]
    assert all(same >= 0.37 and covered >= 0.72 for same, covered in facts)
    assert abs(len(found.first()) - len(every.first())) <= 1
    assert 5 < len(every.first()) < 40


def test_links_are_the_same_by_any_number_of_threads(simulated):
    sequences, links, _ = simulated
    assert links.tolist() == protein_links(sequences, Grouping(), 2)[0].tolist()


def test_parts_of_a_search_are_all_sequences_by_length_the_short_ones_more_sensitive():
    lengths = np.sort(np.random.default_rng(0).integers(50, 2000, 40_000))
    found = list(cascade.parts(lengths))
    assert [part.start for part, _ in found] == [0, *(p.stop for p, _ in found[:-1])]
    assert found[-1][0].stop == len(lengths)
    assert all(p.stop - p.start <= 10_000 for p, _ in found)
    assert [beyond for _, beyond in found] == [0.5, -0.7, *[-2.0] * 4]
    assert lengths[found[1][0].start] == 200 and lengths[found[2][0].start] == 400
    # Few of one kind go with the shorter ones, more sensitively than they need.
    few = np.sort(np.r_[lengths[:20], lengths[-3000:]])
    assert list(cascade.parts(few)) == [(slice(0, 3020), 0.5)]
    assert list(cascade.parts(lengths[:0])) == []


def test_a_link_needs_the_same_score_among_a_million_proteins():
    few, many = (cascade.largest_evalue(np.full(n, 360)) for n in (1000, 1_000_000))
    assert (few, many) == (1, 10)
    # An E-value is the number of pairs of residues by two to the power of the bits.
    bits = [np.log2(60 * 360 * n / e) for n, e in ((100_000, 1), (1_000_000, many))]
    assert bits[0] == pytest.approx(bits[1])


def test_what_mmseqs2_leaves_near_the_limits_opal_decides(simulated):
    sequences, links, doubtful = simulated
    components = known(60, *links[:, :2].astype(int))
    assert len(doubtful) and components.apart(*doubtful.T).all()
    facts = np.array([traced(sequences[a], [sequences[b]])[0] for a, b in doubtful])
    above = (facts >= (0.4, 0.8)).all(axis=1)
    pairs, joined = search(sequences, Grouping(exhaustive=False))
    assert not joined.apart(*doubtful[above].T).any()
    assert (pairs.aligner == ALIGNERS.index("Smith-Waterman")).sum() <= above.sum()


def test_a_temporary_folder_without_room_is_named(tmp_path, monkeypatch):
    """Whether it is Python that cannot write there or MMseqs2, which does not say why."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    told = f"{tmp_path}/evenfold-mmseqs-.*: the temporary folder is full.*TMPDIR="
    with pytest.raises(EvenfoldError, match=told), mmseqs.scratch():
        raise OSError(errno.ENOSPC, "")
    with pytest.raises(EvenfoldError, match="does not say why"), mmseqs.scratch():
        failing(tmp_path, monkeypatch, "exit 1")
    killed = "killed, as the system does when the memory runs out"
    with pytest.raises(EvenfoldError, match=killed), mmseqs.scratch():
        failing(tmp_path, monkeypatch, "kill -9 $$")
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=4096))
    with pytest.raises(EvenfoldError, match=told), mmseqs.scratch():
        failing(tmp_path, monkeypatch, "exit 1")
    assert [path.name for path in tmp_path.iterdir()] == ["mmseqs"]


def failing(folder, monkeypatch, how):
    """Run a program in the place of MMseqs2."""
    (folder / "mmseqs").write_text(f"#!/bin/sh\n{how}\n")
    (folder / "mmseqs").chmod(0o700)
    monkeypatch.setattr(mmseqs, "mmseqs_binary", lambda: str(folder / "mmseqs"))
    mmseqs.run_mmseqs("createdb")


@pytest.mark.whole
def test_components_are_the_same_by_any_number_of_queries_at_once(
    simulated, monkeypatch
):
    sequences, links, _ = simulated
    monkeypatch.setattr(cascade, "_QUERIES", 25)
    in_parts, _ = protein_links(sequences, Grouping(), 1)
    once, often = (
        known(60, *found[:, :2].astype(int)).labels.tolist()
        for found in (links, in_parts)
    )
    assert once == often


def test_finished_stages_are_not_computed_again(simulated, tmp_path, monkeypatch):
    sequences, wanted, _ = simulated
    stages = Stages(tmp_path / "stages", "0123456789abcdef0")
    monkeypatch.setattr(cascade, "_QUERIES", 30)
    monkeypatch.setattr(cascade._Search, "expand", lambda self: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        protein_links(sequences, Grouping(), stages=stages)
    kept = sorted(file.name for file in (tmp_path / "stages").iterdir())
    assert [name.split("-")[:2] for name in kept][1:] == [
        ["searched", "0"], ["searched", "30"],
    ]  # fmt: skip
    monkeypatch.undo()
    for step in ("cluster", "similar_words"):
        monkeypatch.setattr(cascade._Search, step, lambda self, *_: 1 / 0)
    monkeypatch.setattr(cascade, "_QUERIES", 30)
    links, _ = protein_links(sequences, Grouping(), stages=stages)
    monkeypatch.undo()
    assert known(60, *links[:, :2].astype(int)).labels.tolist() == (
        known(60, *wanted[:, :2].astype(int)).labels.tolist()
    )
    # A damaged file counts as none, and another state of the data has its own.
    for file in (tmp_path / "stages").iterdir():
        file.write_bytes(b"PK")
    assert stages.of("clustered", lambda: {"links": np.ones(1)})["links"] == 1
    other = Stages(tmp_path / "stages", "another")
    assert other.of("clustered", lambda: {"links": np.zeros(1)})["links"] == 0
    stages.forget()
    assert not (tmp_path / "stages").exists()


def test_progress_is_said_in_the_log_and_on_the_terminal(monkeypatch, caplog, capsys):
    moments = iter([0.0, 1.0, 6.0, 7.0, 12.0])
    monkeypatch.setattr(
        "evenfold.sequences.stages.time.monotonic", lambda: next(moments)
    )
    progress = Progress("grouping")
    with caplog.at_level("INFO", logger="evenfold"):
        for said in ("a", "b", "c", "d"):
            progress(said)
    assert capsys.readouterr().err == "grouping: b (6 s)\ngrouping: d (12 s)\n"


def test_candidates_of_one_component_are_not_aligned(monkeypatch):
    generator = np.random.default_rng(4)
    one = random_sequence(generator, 40)
    family = [one, *(mutate(one, 0.1, generator) for _ in range(9))]
    pairs = np.triu_indices(10, 1)
    aligned = []
    above = homology.above

    def counted(sequences, a, b, *rest):
        aligned.append(len(a))
        return above(sequences, a, b, *rest)

    monkeypatch.setattr(homology, "above", counted)
    components = Components(10)
    linked(family, *pairs, components, Grouping())
    assert len(components.first()) == 1 and sum(aligned) < 20


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12))
def test_components_do_not_depend_on_the_order_of_links(links):
    together, apart = Components(10), Components(10)
    ends = np.array(links, dtype=int).reshape(-1, 2)
    together.join(*ends.T)
    for end in ends[::-1]:
        apart.join(end[:1], end[1:])
    assert together.labels.tolist() == apart.labels.tolist()
    assert all(together.labels[a] == together.labels[b] for a, b in links)
    assert (together.labels <= np.arange(10)).all()


def test_what_is_too_large_to_be_traced_at_once_is_traced_in_pieces(monkeypatch):
    generator = np.random.default_rng(4)
    one = random_sequence(generator, 900)
    lost = mutate(one, 0.3, generator)
    lost = lost[:300] + lost[320:700] + random_sequence(generator, 9) + lost[700:]
    others = [
        mutate(one, 0.3, generator),
        lost,
        one[:600],
        mutate(one, 0.55, generator),
    ]
    wanted = traced(one, others)
    monkeypatch.setattr(alignment, "_PIECE_CELLS", 1e4)
    monkeypatch.setattr(alignment, "TRACED_CELLS", 600 * 900)
    found = traced(one, others)
    assert found[2] == wanted[2]
    for got, whole in zip(found, wanted):
        assert got == pytest.approx(whole, abs=0.01)


def test_pieces_that_nothing_cuts_are_not_identical(monkeypatch):
    monkeypatch.setattr(alignment, "TRACED_CELLS", 10)
    (facts,) = traced("ACDEFGHIKL" * 9, ["ACDEFGHIKL" * 9])
    assert facts == (0, 1)


@pytest.mark.whole
def test_titin_twice_is_aligned_in_bounded_memory():
    generator = np.random.default_rng(4)
    one = random_sequence(generator, 35_000)
    (facts,) = traced(one, [mutate(one, 0.3, generator)])
    assert facts == pytest.approx((0.7, 1.0), abs=0.01)


def test_lengths_that_cannot_be_above_the_limits_are_not_aligned():
    # 0.4 of 0.8 of 400 columns are identical: 128 residues at least.
    found = possible(400, np.array([127, 128, 1250, 1251]), Grouping())
    assert found.tolist() == [False, True, True, False]


def test_nearest_finds_the_copy_and_samples_beyond_its_budget():
    generator = np.random.default_rng(3)
    targets = [random_sequence(generator, 40) for _ in range(50)]
    queries = [mutate(targets[i], 0.1, generator) for i in (3, 30)]
    found = nearest(queries, targets, search=Search(threads=2))
    assert found.partner.tolist() == [3, 30]
    assert (found.identity > 0.8).all()
    for least, searched in ((1, 10), (20, 20), (60, 50)):
        few = nearest(
            targets, targets, search=Search(budget=40 * 40 * 50 * 10, least=least)
        )
        assert len(few.queries) == searched


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
    links, _ = protein_links([*sequences, relative], Grouping(), 1)
    assert [20, 24] in np.sort(links[:, :2], axis=1).tolist()


def longest_common(one, other):
    """Length of the longest common subsequence, by the textbook's table."""
    row = [0] * (len(other) + 1)
    for a in one:
        above = row
        row = [0]
        for j, b in enumerate(other):
            row.append(above[j] + 1 if a == b else max(above[j + 1], row[j]))
    return row[-1]


@given(
    st.text("ACDKU", min_size=1, max_size=64),
    st.lists(st.text("ACDKX", min_size=1, max_size=80), min_size=1, max_size=6),
)
def test_no_alignment_has_more_identical_letters_than_the_longest_common_subsequence(
    query, targets
):
    found = most_identical(query, targets)
    together = [query, *(target[:64] for target in targets)]
    rows = np.arange(1, len(together))
    of_pairs = common_subsequence(Packed.of(together).codes, 0 * rows, rows)
    cut = [target[:64] for target in targets]
    assert of_pairs.tolist() == most_identical(query, cut).tolist()
    own = query.replace("U", "X")
    assert found.tolist() == [longest_common(own, target) for target in targets]
    hits = aligner().align(opal_letters(query), opal_database(targets), mode="full")
    for most, hit in zip(found, hits):
        assert hit.alignment.count("M") <= most


def test_where_aligning_all_is_cheap_nothing_is_searched_before(tmp_path):
    sequences = ["MKVLAAGIWCDE", "MKVLAAGIWCDE", "MKVLAAGIWCDD", "HHHHWWWWFFFF"]
    rows = [(f"s{i}", s, "", "train", 1) for i, s in enumerate(sequences)]
    SEQUENCES.write(tmp_path / "s.parquet", SEQUENCES.of(*zip(*rows)))
    told = group_file(
        tmp_path / "s.parquet", Grouping(), 1, groups=tmp_path / "g.parquet",
        crossing=tmp_path / "c.parquet", facts=tmp_path / "f.json",
    )  # fmt: skip
    assert told.aligned_by == {"exhaustive Smith-Waterman": 4}
    assert (told.groups, told.missed.links, told.missed.bound) == (2, 0, 0)


def test_of_pairs_that_are_found_twice_the_most_identical_is_kept():
    rows = [(3, 1, 0.5, 0.9), (1, 3, 0.7, 0.8), (2, 2, 1.0, 1.0), (1, 2, 0.6, 1.0)]
    pairs = Pairs.of(rows, 1)
    assert list(zip(pairs.a.tolist(), pairs.b.tolist())) == [(1, 2), (1, 3)]
    assert pairs.identity.tolist() == pytest.approx([0.6, 0.7])
    assert pairs.coverage.tolist() == pytest.approx([1.0, 0.8])
    named = Pairs.of_links(np.array([(0, 1, 0.5, 0.9)]), 0, np.array([7, 4]))
    assert (named.a.tolist(), named.b.tolist()) == ([4], [7])
    assert len(Pairs.none()) == 0 and Pairs.none().identity.dtype == np.float32
