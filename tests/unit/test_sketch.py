import json
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenfold.alphabet import AMINO_ACIDS
from evenfold.sequences.sketch import (
    held,
    matched,
    normalised,
    same_set,
    same_summary,
    sketches,
    summary,
)


@cache
def random_set(length, n=60, seed=0):
    """Different sequences of a length; the same at every call."""
    letters = np.random.default_rng([seed, length]).choice(
        list(AMINO_ACIDS), (n, length)
    )
    return tuple("".join(row) for row in letters)


def one(first, other):
    """Whether sets are one by their sketches, in either order."""
    a, b = sketches(first), sketches(other)
    assert same_set(a, b) == same_set(b, a)
    assert same_summary(summary(a), summary(b)) == same_summary(summary(b), summary(a))
    return same_set(a, b)


def changed(sequence, place, letter):
    """With another residue at a place."""
    letter = letter if letter != sequence[place] else "ACD"["ACD".find(letter) - 1]
    return sequence[:place] + letter + sequence[place + 1 :]


#: Smallest k-mers, their places and the length, letters, all but each eighth.
EXPECTED = [
    "1a2eb14e66ee56a710643742961c9d975e83b00f2bc04f91"
    "00000007000900010003000400050002000e"
    "732bdae2266f"
    "480e840da03a12a6409fa32f7b2ec96b4d1831f363d983a2f8f57301f9eb9cad",
    "41e7a04a917a4e66eee988f9fcd0b3ffffffffffffffffff"
    "00000003000100020004ffffffffffff0009"
    "c3308fb39814"
    "e5f15cf3fa1d8093988a79c30ec1a20df31325c1a4d9c02bb5eb98693cbca647",
    "ffffffffffffffffffffffffffffffffffffffffffffffff"
    "ffffffffffffffffffffffffffffffff0002"
    "f22538309865"
    "2c00922a0fe5e3aabc24cc87c6648c65a97a06eebd83008f1826bb74984ef629",
]

lengths = st.integers(15, 60)


@pytest.mark.parametrize("length", range(15, 61))
def test_one_residue_changed_at_any_place_of_all_sequences(length):
    before = [s for s in random_set(length) if s[0] != "M"]
    after = [changed(s, place, "W") for place in range(length) for s in before]
    assert matched(sketches(after), sketches(before)).all()


@given(length=lengths, data=st.data())
def test_another_residue_anywhere_in_all_is_the_same_set(length, data):
    before = random_set(length)
    places = st.integers(0, length - 1)
    letters = st.sampled_from(AMINO_ACIDS + "X")
    place, letter = data.draw(places), data.draw(letters)
    assert one(before, [changed(s, place, letter) for s in before])
    each = data.draw(st.lists(places, min_size=len(before), max_size=len(before)))
    assert one(before, [changed(s, at, letter) for s, at in zip(before, each)])


@given(length=lengths, data=st.data())
def test_cut_ends_are_the_same_set(length, data):
    before = random_set(length)
    most = 1 + (length > 16) + (length > 18)
    start, stop = (data.draw(st.integers(0, most)) for _ in range(2))
    after = [s[start : length - stop] for s in before]
    assert one(before, after)
    assert same_summary(summary(sketches(before)), summary(sketches(after)))


@given(
    length=st.integers(8, 60),
    before=st.text("Xx-.*", max_size=12),
    after=st.text("Xx-.*", max_size=12),
    lower=st.booleans(),
    methionine=st.sampled_from(["", "M", "m"]),
    gap=st.integers(1, 7),
)
def test_case_padding_gaps_and_methionine_change_no_sketch(
    length, before, after, lower, methionine, gap
):
    own = random_set(length)
    other = [s[:gap] + "-.*"[gap % 3] + s[gap:] for s in own]
    other = [s.lower() if lower else s for s in other]
    assert sketches(own) == sketches(before + methionine + s + after for s in other)
    assert sketches(own) == sketches(s.removeprefix("M") for s in own)


def test_short_peptides_are_known_by_their_letters_alone():
    for length in range(2, 13):
        own = random_set(length, 40)
        assert one(own, [f"xM{s.lower()}--" for s in own])
        longer = [f"A{s}" for s in random_set(length + 1, 40, seed=1)]
        assert not one(longer, [s[1:] for s in longer])
        assert not one(longer, [s[:-1] + "WY"[s[-1] == "W"] for s in longer])


@pytest.mark.parametrize("length", [8, 15, 33, 100, 400])
def test_unrelated_sets_and_a_set_of_relatives_are_other_sets(length):
    own = random_set(length, 200)
    assert not one(own, random_set(length, 200, seed=1))
    rng = np.random.default_rng(2)
    for identity in (0.5, 0.6, 0.7):
        relatives = [
            "".join(
                x if rng.random() < identity else rng.choice(list("ACDEFG")) for x in s
            )
            for s in own
        ]
        assert not one(own, relatives)


@pytest.mark.parametrize("length", [18, 33, 100])
def test_another_half_of_the_same_families_is_another_set(length):
    rng = np.random.default_rng(0)
    letters = np.array(list(AMINO_ACIDS))

    def half():
        members = np.array([list(s) for s in random_set(length, 40)] * 10)
        new = rng.random(members.shape) < 0.045
        members[new] = rng.choice(letters, new.sum())
        return ["".join(row) for row in members]

    own, other = half(), half()
    assert matched(sketches(own), sketches(other)).mean() > 0.5
    assert not one(own, other)
    # But the same half is known, whatever was done to it and added to it.
    assert one(own, [s[1:-1] for s in own])
    assert one(own, [changed(s, length // 2, "W") for s in own])
    base = random_set(length, 40)
    padded = [s[1:] for s in base] + [changed(s, 3, "W")[1:] for s in base]
    assert one(base, padded)


@pytest.mark.parametrize("moved", [1, 2, 3, 5, 10])
@pytest.mark.parametrize("length", [21, 33, 41])
def test_windows_around_neighbouring_sites_are_another_set(length, moved):
    proteins = random_set(80, 200)
    windows = [p[10 : 10 + length] for p in proteins]
    neighbours = [p[10 + moved : 10 + moved + length] for p in proteins]
    assert not one(windows, neighbours)
    a, b = (summary(sketches(own)) for own in (windows, neighbours))
    assert not same_summary(a, b)
    assert one(windows, [p[12 : 8 + length] for p in proteins])


def test_more_than_half_of_the_smaller_set_makes_it_the_same():
    own, other = random_set(33, 40), random_set(33, 400, seed=1)
    assert one(own, own[:21] + other)
    assert not one(own, own[:20] + other)
    assert not one(own, []) and not one([], [])
    found = matched(sketches(own), sketches(own[:20]))
    assert found.sum() == 20


def test_a_repeat_is_no_relation():
    rng = np.random.default_rng(0)
    others = [a + "Q" * 15 + b for a, b in zip(random_set(12), random_set(13, seed=1))]
    own = [a + "Q" * 15 + b for a, b in zip(random_set(14), random_set(11, seed=1))]
    assert not one(own, others)
    assert one(own, [s[1:-1] for s in rng.permutation(own)])


@pytest.mark.parametrize("length", [15, 21, 33, 150])
@pytest.mark.parametrize("n", [5, 30, 2000])
def test_a_summary_knows_its_set_when_every_sequence_is_changed(n, length):
    own = random_set(length, n)
    key = summary(sketches(own))
    assert len(" ".join(key)) < 5000 and len(key) <= 100
    middle = length // 2
    for after in (
        own,
        [changed(s, middle, "W") for s in own],
        [s[1:-1] for s in own],
    ):
        assert same_summary(key, summary(sketches(after)))
    assert not same_summary(key, summary(sketches(random_set(length, n, seed=1))))
    assert not same_summary(key, []) and not same_summary([], key)


def test_sketches_are_the_same_on_every_machine():
    found = sketches(["MKVLAAGICDEFGHW", "acdefghik-", "ACDEFGHIK", "", "XX", "Ж1"])
    assert len(found) == 3
    assert json.loads(json.dumps(found)) == found == sorted(found)
    assert found == EXPECTED


def test_proteins_of_any_length_and_letter():
    long = "".join(np.random.default_rng(0).choice(list(AMINO_ACIDS), 70_000))
    assert one([long], [changed(long, 40_000, "W")])
    assert one([long[:60_000]], [long[3:59_998]])
    assert one(["BZJUO" * 7], ["bzjuo" * 7])
    assert normalised("xMmK-V*x") == "KV"


@pytest.mark.parametrize("length", [8, 31, 60])
def test_those_that_are_held_are_those_that_match_by_their_sketches(length):
    before = random_set(length)[:20]
    cut = [s[4:] for s in before[:5]]
    changes = [changed(s, 3, "A") for s in before[5:10]]
    asked = [*cut, *changes, *before[8:15], *before[8:15], *random_set(31, seed=1), ""]
    own, key = sketches(asked), sketches(before)
    assert held(asked, key) == [s for s, is_ in zip(own, matched(own, key)) if is_]
    assert held(["ACDEFG"], []) == held([], key) == []


@pytest.mark.parametrize(
    "one, other",
    [
        ("YWDNIPRTGGFWIGQKCIRVAWITFFEWTTN", "MPAIAMHERGETNVQKRAKMGEQKEENDRRG"),
        ("NNKHWYNIQVRVIWWKYETRYCAKNQWKMFA", "YQYPAYVPKINGRSEKAELYSDFPGHANENL"),
    ],
)
def test_digests_that_are_the_same_by_chance_are_no_match(one, other):
    """Found among ten million random windows: two of 32 bits are the same."""
    for ours, theirs in ((one, other), (other, one)):
        assert not matched(sketches([ours]), sketches([theirs])).any()


@given(st.data())
def test_one_changed_residue_is_always_a_match(data):
    """Of few letters, so that k-mers are repeated and first places move."""
    letters = data.draw(st.sampled_from(["AC", "ACD", AMINO_ACIDS]))
    before = data.draw(st.text(letters, min_size=15, max_size=90)).lstrip("M")
    if len(before) < 15:
        return
    place = data.draw(st.integers(0, len(before) - 1))
    after = changed(before, place, data.draw(st.sampled_from(letters)))
    if len(normalised(after)) == len(before):
        assert matched(sketches([after]), sketches([before])).all()
