"""Shortcuts that a window cannot show: simulated with and without, and real."""

import gzip
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenfold.metrics import auroc
from evenfold.metrics.within import auroc_within, pairs_within, resampled_aurocs
from evenfold.records.tables import OOF, PROTEINS, SEQUENCES, SPLIT
from evenfold.sequences.source_proteins import (
    SiteFiles,
    judge_proteins,
    sites_of,
    source_proteins,
)
from tests.unit import reporting_states as states
from tests.unit.test_homology import random_sequence

rows_of_units = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 1), st.integers(0, 2)), min_size=1
)


@given(rows_of_units)
def test_pairs_within_units_are_those_counted_one_by_one(rows):
    scores, labels, units = np.array(rows).T
    won, pairs = pairs_within(scores.astype(float), labels, units)
    for unit in range(units.max() + 1):
        own = [(s, y) for s, y, u in rows if u == unit]
        both = [(a, b) for (a, y), (b, z) in product(own, own) if y == 1 and z == 0]
        assert pairs[unit] == len(both)
        assert won[unit] == sum((a > b) + (a == b) / 2 for a, b in both)
    if pairs.sum():
        assert auroc_within(scores, labels, units) == won.sum() / pairs.sum()


def test_of_groups_that_are_drawn_once_the_resampled_aurocs_are_those_of_the_data():
    generator = np.random.default_rng(0)
    units = np.repeat(np.arange(60), 5)
    labels = generator.integers(0, 2, 300)
    scores = labels + generator.normal(size=300).round(1)
    found = resampled_aurocs([scores, -scores], labels, units, units, 400)
    assert found.shape == (2, 2, 400)
    whole = auroc(scores, labels), auroc_within(scores, labels, units)
    for number, wanted in enumerate(whole):
        spread = found[0, number].std()
        assert abs(found[0, number].mean() - wanted) < spread
        assert np.allclose(found[1, number], 1 - found[0, number])


def proteins(by_length, n=300, seed=0):
    """Sites of proteins whose share of positives falls with the length, or not.

    The champion knows of a site what its window tells: half of what decides.
    """
    generator = np.random.default_rng(seed)
    names = [f"P{i}" for i in range(n)]
    whole = {name: random_sequence(generator, int(k)) for name, k in
             zip(names, generator.integers(60, 600, n))}  # fmt: skip
    ids, windows, sources, labels, logits = [], [], [], [], []
    for name, sequence in whole.items():
        for position in generator.choice(len(sequence), 8, replace=False) + 1:
            shown = generator.normal()
            hidden = -3 * (len(sequence) - 330) / 270 if by_length else 0.0
            chance = 1 / (1 + np.exp(-1.5 * shown - hidden))
            ids.append(f"{name}|K{position}")
            padded = "-" * 15 + sequence + "-" * 15
            windows.append(padded[position - 1 : position + 30])
            sources.append(name)
            labels.append(int(generator.random() < chance))
            logits.append(shown)
    number = np.repeat(np.arange(n), 8)
    numbers = {
        "labels": np.array(labels), "folds": number % 5, "groups": number,
        "logits": np.array(logits),
    }  # fmt: skip
    return ids, windows, sources, whole, numbers


def test_a_share_of_positives_that_falls_with_the_length_is_found():
    found = judge_proteins(sites_of(*proteins(by_length=True)), "bce")
    above = found.above_windows
    assert above.auroc_difference[0] > 0.05
    assert above.auroc_with - above.auroc > 0.05
    # Within proteins the length is one and the same: nothing is known better.
    assert above.within_difference[0] < 0 < above.within_difference[1]
    assert abs(above.within_with - above.within) < 0.01
    assert above.within > above.auroc
    shares = [quarter.positives for quarter in found.by_length]
    assert shares[0] > 0.7 and shares[-1] < 0.3 and shares == sorted(shares)[::-1]
    by = {probe.name: probe for probe in found.probes}
    assert by["length"].auroc > 0.7 and by["length"].within == 0.5
    assert by["relatives"].auroc > 0.65 and by["relatives"].within is None
    assert abs(by["place"].within - 0.5) < 0.06
    assert (found.proteins, found.sites, found.exact) == (300, 2400, True)


def test_nothing_is_invented_where_proteins_tell_nothing():
    found = judge_proteins(sites_of(*proteins(by_length=False)), "bce")
    above = found.above_windows
    assert abs(above.auroc_with - above.auroc) < 0.005
    assert all(abs(probe.auroc - 0.5) < 0.06 for probe in found.probes)
    assert abs(above.within - above.auroc) < 0.03
    assert above.within_interval[0] < above.within < above.within_interval[1]


@pytest.mark.parametrize("by_length", [True, False])
def test_the_report_says_so_of_the_one_and_not_of_the_other(by_length):
    from evenfold.reporting.sections import notes

    found = judge_proteins(sites_of(*proteins(by_length)), "focal")
    texts = [n.text for n in notes.notes(states.facts(source_proteins=found))]
    assert [t.startswith("A method that sees whole") for t in texts] == [
        True
    ] * by_length
    assert all("is known no better" in text for text in texts)


def test_without_the_proteins_windows_tell_the_least_of_their_lengths():
    ids, windows, sources, whole, numbers = proteins(by_length=True)
    known = sites_of(ids, windows, sources, whole, numbers)
    least = sites_of(ids, windows, sources, {}, numbers)
    assert known.exact and not least.exact
    assert (least.length <= known.length).all()
    assert least.length[0] == max(
        int(i.split("|K")[1]) + len(w[16:].replace("-", ""))
        for i, w, s in zip(ids, windows, sources)
        if s == "P0"
    )
    found = judge_proteins(least, "bce").above_windows
    assert found.auroc_difference[0] > 0.05


@pytest.mark.parametrize(
    "identifier, position",
    [("P1|K57", 57), ("sp|P1|-|57", 57), ("n_P1_8.2", 8), ("P1|K57~2", 57), ("P1", None)],
)  # fmt: skip
def test_a_place_is_read_from_the_id(identifier, position):
    numbers = {k: np.array([1]) for k in ("labels", "folds", "groups", "logits")}
    found = sites_of([identifier], ["A" * 31], ["P1"], {"P1": "A" * 60}, numbers)
    if position is None:
        assert found.place is None
    else:
        assert found.place.tolist() == [[position, position / 60, 60 - position]]
    assert found.candidates.tolist() == [60] and found.length.tolist() == [60]


def write(folder, ids, windows, sources, whole, numbers):
    n, labels = len(ids), numbers["labels"]
    files = SiteFiles(*(folder / name for name in ("s", "p", "w", "o")))
    SEQUENCES.write(
        files.sequences,
        SEQUENCES.of(
            [*ids, "t"], [*windows, "AC"], [*sources, ""], [*["train"] * n, "test"],
            [*labels, None],
        ),
    )  # fmt: skip
    SPLIT.write(
        files.split,
        SPLIT.of(
            [*ids, "t"], [*["train"] * n, "test"], [*numbers["folds"], None],
            [*numbers["groups"], 10_000],
        ),
    )  # fmt: skip
    PROTEINS.write(
        files.proteins, PROTEINS.of(["train"] * len(whole), list(whole), whole.values())
    )
    # In an order of their own.
    back = np.arange(n)[::-1]
    OOF.write(
        files.oof,
        OOF.of(
            np.array(ids)[back], labels[back], numbers["folds"][back],
            numbers["logits"][back], numbers["logits"][back], np.zeros(n),
        ),
    )  # fmt: skip
    return files


def test_files_give_what_arrays_give(tmp_path):
    made = proteins(by_length=True, n=60)
    found = source_proteins(write(tmp_path, *made), "bce")
    assert found == judge_proteins(sites_of(*made), "bce")


def test_of_too_few_proteins_or_none_nothing_is_told(tmp_path):
    ids, windows, sources, whole, numbers = proteins(by_length=True, n=10)
    found = source_proteins(
        write(tmp_path, ids, windows, sources, whole, numbers), "bce"
    )
    assert found.champion == "bce" and found.above_windows is None
    files = write(tmp_path, ids, windows, [""] * len(ids), whole, numbers)
    assert source_proteins(files, "bce").proteins == 0


def test_succinylation_is_told_by_the_length_of_its_proteins(shared_data):
    """A champion that knows nothing: what length, number and place are worth alone."""
    ids, windows, labels = [], [], []
    with gzip.open(shared_data / "succ_balanced" / "train.fasta.gz", "rt") as lines:
        for line in lines:
            if line.startswith(">"):
                identifier, label = line[1:].strip().rsplit("|", 1)
                ids.append(identifier)
                labels.append(int(label))
            else:
                windows.append(line.strip())
    sources = [identifier.split("_")[1] for identifier in ids]
    number = np.unique(sources, return_inverse=True)[1]
    numbers = {
        "labels": np.array(labels), "folds": number % 5, "groups": number,
        "logits": np.zeros(len(ids)),
    }  # fmt: skip
    found = judge_proteins(sites_of(ids, windows, sources, {}, numbers), "none")
    shares = [quarter.positives for quarter in found.by_length]
    assert shares[0] > 0.65 and shares[-1] < 0.4
    above = found.above_windows
    assert above.auroc == 0.5 and above.auroc_with > 0.6
    assert abs(above.within_with - 0.5) < 0.03
