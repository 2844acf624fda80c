"""The nearest training sequence, and the bands of a domain."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from evenfold.errors import EvenfoldError
from evenfold.prediction.domain import Domain
from evenfold.prediction.trust import Trust, Wanted
from evenfold.records.selection import BANDS, BandCuts
from evenfold.selection.learned import learned_from
from evenfold.selection.oof import OutOfFold
from evenfold.selection.trusting import reached, sets_out_of_fold, trust
from evenfold.sequences import nearby
from evenfold.sequences.auditing import nearest
from evenfold.sequences.domain import Measures, banded, out_of_fold
from evenfold.sequences.nearby import ALIGNED, UNGAPPED, Neighbours
from tests.unit import reporting_states as states
from tests.unit.test_domain import WINDOWS, predictor
from tests.unit.test_sketch import random_set


def changed(sequence, share, generator, letters="ACDEFGHIKLMNPQRSTVWY"):
    """A sequence with a share of its residues drawn anew."""
    found = np.array(list(sequence))
    at = generator.choice(len(found), int(share * len(found)), replace=False)
    found[at] = generator.choice(list(letters), len(at))
    return "".join(found)


def best_ungapped(query, target):
    """Identical letters on the best diagonal, by the definition."""
    shifts = range(-len(target) + 1, len(query))
    return max(
        sum(
            query[i] == target[i - shift]
            for i in range(len(query))
            if 0 <= i - shift < len(target)
        )
        for shift in shifts
    )


def test_short_relatives_are_found_and_counted_on_their_diagonal():
    generator = np.random.default_rng(1)
    training = [s[: 20 + i % 20] for i, s in enumerate(random_set(40, 200))]
    queries = [changed(s, 0.25, generator)[i % 3 :] for i, s in enumerate(training)]
    found = Neighbours.of(training).nearest(queries)
    # Rarely has an unrelated one as many identical letters.
    assert (found.partner == np.arange(200)).mean() > 0.98
    for query, at, identity in zip(queries, found.partner, found.identity):
        longer = max(len(query), len(training[at]))
        assert identity == pytest.approx(best_ungapped(query, training[at]) / longer)


def test_what_shares_no_seed_has_no_nearest_one():
    neighbours = Neighbours.of(["ACDEFGHIKL" * 3])
    found = neighbours.nearest(["W" * 30, "ACDE", "", "XXXXXXXXXX", "--ACDEFGHIKL--"])
    assert found.partner.tolist() == [-1, -1, -1, -1, 0]
    assert found.identity.tolist() == pytest.approx([0, 0, 0, 0, 1 / 3])
    # An unknown residue is identical to none, another unknown one included.
    found = Neighbours.of(["ACDEFXHIKL"]).nearest(["ACDEFXHIKL"])
    assert found.identity.tolist() == pytest.approx([0.9])
    assert Neighbours.of([]).nearest(["ACDEF"]).partner.tolist() == [-1]


def test_longer_relatives_are_those_of_an_exhaustive_search():
    generator = np.random.default_rng(2)
    training = random_set(200, 40)
    queries = [changed(s, 0.4, generator)[10:190] for s in training[:12]]
    queries[0] = queries[0][:90] + "AG" + queries[0][90:]
    neighbours = Neighbours.of(training)
    found, exact = neighbours.nearest(queries), nearest(queries, training)
    assert (neighbours.aligner, neighbours.short) == (ALIGNED, False)
    assert found.partner.tolist() == exact.partner.tolist() == list(range(12))
    assert found.identity == pytest.approx(exact.identity * exact.coverage)


def test_a_longer_one_than_a_machine_word_is_aligned():
    neighbours = Neighbours.of(WINDOWS)
    assert neighbours.aligner == UNGAPPED
    found = neighbours.nearest(["A" * 30 + WINDOWS[7] + "G" * 40, WINDOWS[7]])
    assert found.partner.tolist() == [7, 7]
    assert found.identity.tolist() == pytest.approx([21 / 91, 1])


def test_nothing_depends_on_what_is_asked_beside(monkeypatch):
    queries = [*WINDOWS[:9], "A" * 21, *random_set(21, 30)]
    whole = Neighbours.of(WINDOWS).nearest(queries)
    monkeypatch.setattr(nearby, "_LOT", 16)
    again = Neighbours.of(WINDOWS)
    parts = [again.nearest([query]) for query in queries]
    assert whole.partner.tolist() == [int(one.partner[0]) for one in parts]
    assert whole.identity.tolist() == [float(one.identity[0]) for one in parts]


def test_common_words_are_passed_over():
    training = ["ACDEFGHIKLMNPQRS" + s for s in random_set(20, 400)]
    neighbours = Neighbours.of(training)
    assert 1 <= neighbours._common < 400
    found = neighbours.nearest(training[:50])
    assert found.partner.tolist() == list(range(50)) and (found.identity == 1).all()


# --- bands -------------------------------------------------------------------------


def test_measures_are_those_of_every_sequence():
    found = Measures.of(["ACDA-", "XX", "", "ACX"])
    assert found.residues.tolist() == [4, 2, 0, 3]
    assert found.unknown.tolist() == pytest.approx([0, 1, 1, 1 / 3], abs=1e-6)
    mean = np.full(20, 0.05)
    assert found.distance(mean).tolist() == pytest.approx([0.85, 0, 0, 0.9])


REACH = states.bands().reach.model_copy(
    update={"residues": (4, 20), "distance": (0.8, 0.92)}
)
LEARNED = learned_from(["ACD", "ACDX", "ACDEFGHIKLMNPQRSTVWY" * 2])


@pytest.mark.parametrize(
    "sequence, identity, band, told",
    [
        ("ACDEFGH", 0.5, "inside", ""),
        ("ACDEFGH", None, "not available", ""),
        ("ACDEFGH", 0.2, "edge",
         "20% identical to the nearest training sequence, 95% of those of the training at "
         "least 24%"),
        ("ACDEFGH", 0.05, "outside",
         "5% identical to the nearest training sequence, those of the training at least 10%"),
        ("ACDEFGHIKLMNPQRSTVWYA", 0.5, "edge",
         "21 residues, 95% of those of the training have 4 to 20"),
        ("AAACC", None, "edge",
         "composition 90% off the mean of the training, 95% of whose sequences are at most "
         "80% off"),
        ("AAAAA", 0.5, "outside",
         "composition 95% off the mean of the training, whose sequences are at most 92% off"),
        ("AAAAAAB", 0.2, "outside",
         "letter B, which no training sequence has; composition 95% off the mean of the "
         "training, whose sequences are at most 92% off"),
    ],
)  # fmt: skip
def test_a_band_says_what_is_unlike_the_training(sequence, identity, band, told):
    own = None if identity is None else np.array([identity])
    assert banded([sequence], LEARNED, REACH, own) == ([band], [told])


def test_bands_are_of_the_other_folds():
    generator = np.random.default_rng(5)
    sequences = [s[: 15 + i // 5 % 10] for i, s in enumerate(random_set(40, 300))]
    # One family, in one fold, of which every other fold knows nothing.
    odd = ["W" * 10 + changed("A" * 12, 0.3, generator) for _ in range(10)]
    folds = np.r_[np.arange(300) % 5, np.zeros(10, int)]
    groups = np.r_[np.arange(300), np.full(10, 300)]
    found = out_of_fold([*sequences, *odd], folds, groups, learned_from)
    assert (found.bands[300:] == "outside").all()
    shares = [(found.bands[:300] == band).mean() for band in BANDS]
    # Four measures have a tail of five in a hundred each.
    assert 0.7 < shares[0] < 0.97 and shares[1] > 0.03
    low, high = found.reach.residues
    assert 15 <= low < 17 and 23 <= high <= 24
    assert found.reach.aligner == UNGAPPED
    # The limits of all take in every one of them: nothing of the training is outside.
    near = np.full(310, found.reach.identity[1])
    bands, _ = banded(
        [*sequences, *odd], learned_from([*sequences, *odd]), found.reach, near
    )
    assert "outside" not in bands


def families_in_bands(generator, groups=300):
    """Scores of families of one class, at the edge of another spread."""
    sizes = generator.geometric(0.4, groups)
    group = np.repeat(np.arange(groups), sizes)
    labels, edge = group % 2, np.isin(group % 10, (3, 6))
    spread = np.where(edge, 2.5, 1.0)
    logits = (2 * labels - 1) * 1.5 + spread * generator.normal(size=len(group))
    bands = np.where(edge, "edge", "inside")
    return OutOfFold(logits, labels, group // 10 % 5), group, bands


def test_sets_hold_within_each_band_where_those_of_all_do_not():
    oof, group, bands = families_in_bands(np.random.default_rng(6), 1500)
    edge = bands == "edge"
    held = {}
    for name, given in (("all", None), ("own", bands)):
        here, there = sets_out_of_fold(oof, group, given)
        right = np.where(oof.labels == 1, here[9], there[9])
        held[name] = right[edge].mean(), right[~edge].mean()
    assert held["all"][0] < 0.85 and held["all"][1] > 0.91
    assert held["own"] == pytest.approx((0.9, 0.9), abs=0.02)


def test_what_is_reached_by_bands_is_counted_over_their_groups():
    oof, group, bands = families_in_bands(np.random.default_rng(7))
    inside, edge, outside = reached(oof, group, bands, BANDS, 0.5, 0.1)
    assert inside.sequences + edge.sequences == len(group) and outside.sequences == 0
    assert inside.groups == 240 and edge.groups_of_class == (30, 30)
    own = bands == "edge"
    called = oof.logits[own & (oof.labels == 1)] >= 0
    assert edge.sn == pytest.approx(called.mean())
    assert edge.mcc_interval[0] < edge.mcc < edge.mcc_interval[1] < inside.mcc
    assert edge.positive.groups == 30
    assert (outside.mcc, outside.sn, outside.positive) == (None, None, None)
    frozen = trust(oof, group, 0.1, bands)
    assert set(frozen.by_band) == {"inside", "edge"}
    assert frozen.by_band["edge"].positive_from[9] < frozen.positive_from[9]
    # Thirty groups allow an error of 1/31 at least; below, that of all bands stands.
    assert frozen.by_band["edge"].positive_from[2] is None
    assert frozen.by_band["edge"].positive_from[3] is not None


# --- what is told ------------------------------------------------------------------


def asked(training=WINDOWS, **changes):
    """A champion with sets and a domain; its score is 0.5, a logit of 0."""
    values = {
        "errors": [0.05, 0.1], "positive_from": [None, -0.5], "negative_to": [0.9, -0.4],
    }  # fmt: skip
    rows = Neighbours.of(training, [f"t{i}" for i in range(len(training))])
    reach = REACH.model_copy(update={"residues": (21, 21), "distance": (1, 1)})
    return predictor(
        trust=Trust(
            Domain.of(learned_from(WINDOWS), None, reach),
            states.trust(**(values | changes)),
            neighbours=None if training is None else lambda: rows,
        )
    )


def test_nearest_identity_and_band_are_told_and_can_be_left_out():
    champion = asked()
    far = "W" * 10 + "K" + "W" * 10
    found = champion.predict([WINDOWS[3], far, "MKV"])
    assert found["nearest"].tolist() == ["t3", "", None]
    assert found["identity"].tolist() == [1, 0, None]
    assert found["domain"].tolist() == ["inside", "outside", None]
    left = champion.predict([WINDOWS[3], "MKV"], wanted=Wanted(nearest=False))
    assert left["nearest"].tolist() == ["", None]
    assert left["identity"].tolist() == [None, None]
    assert left["domain"].tolist() == ["not available", None]


def test_a_text_alone_is_one_sequence():
    champion = asked()
    assert champion.predict(WINDOWS[3])["nearest"].tolist() == ["t3"]
    assert champion.predict(WINDOWS[3], "mine")["id"].tolist() == ["mine"]
    assert champion.score(WINDOWS[3])[0].shape == (1,)


def test_unsure_is_said_where_the_set_is_not_one_class():
    both = {"positive_from": [None, -0.5], "negative_to": [0.9, 0.4]}
    sequences = [WINDOWS[0], "MKV"]
    assert asked(**both).predict(sequences)["set"].tolist() == ["both", None]
    assert asked(**both).predict(sequences)["class"].tolist() == ["positive", None]
    unsure = Wanted(unsure=True)
    found = asked(**both).predict(sequences, wanted=unsure)
    assert found["class"].tolist() == ["unsure", None]
    assert found["positive"].tolist() == [None, None]
    assert asked().predict(sequences, wanted=unsure)["class"].tolist() == [
        "positive",
        None,
    ]
    # The set, not the threshold, says what is called.
    against = asked(positive_from=[None, 0.5], negative_to=[0.9, 0.4])
    assert against.predict(sequences, wanted=unsure)["class"].tolist() == [
        "negative",
        None,
    ]


def test_another_error_takes_the_sets_frozen_for_it_and_says_what_is_not_possible():
    champion = asked(oof=states.sets_judged(positive=states.covered(groups=12)))
    with pytest.warns(UserWarning, match="No set is possible for positives: they are of 12 "
                      "groups, and an error of 5 % needs 19 at least. Every set holds that "
                      "class."):  # fmt: skip
        found = champion.predict([WINDOWS[0]], wanted=Wanted(error=0.05))
    assert found["set"].tolist() == ["both"]
    assert champion.predict([WINDOWS[0]])["set"].tolist() == ["positive"]
    for error in (0.01, 0.6, float("nan"), -1.0):
        with pytest.raises(EvenfoldError, match="made ready for errors"):
            champion.predict([WINDOWS[0]], wanted=Wanted(error=error))
    for wanted in (Wanted(unsure=True), Wanted(error=0.1)):
        with pytest.raises(EvenfoldError, match="no prediction sets were frozen"):
            predictor().predict([WINDOWS[0]], wanted=wanted)


def test_sets_are_those_of_the_band_where_the_nearest_is_searched():
    own = {"inside": BandCuts(positive_from=[None, 0.1], negative_to=[None, None])}
    champion = asked(by_band=own)
    assert champion.predict([WINDOWS[0]])["set"].tolist() == ["none"]
    without = champion.predict([WINDOWS[0]], wanted=Wanted(nearest=False))
    assert without["set"].tolist() == ["positive"]


def test_a_row_of_a_table_has_them_all(tmp_path):
    """The columns of the command are those of the predictor, in text as in Parquet."""
    from evenfold.prediction.streaming import Asked, score_files

    fasta = tmp_path / "new.fasta"
    fasta.write_text(f">a\n{WINDOWS[3]}\n>b\n{'W' * 10}K{'W' * 10}\n")
    for suffix, read in (("tsv", lambda p: pd.read_csv(p, sep="\t")),
                         ("parquet", pd.read_parquet)):  # fmt: skip
        out = tmp_path / f"out.{suffix}"
        wanted = Wanted(unsure=True)
        counts = score_files(
            asked(positive_from=[None, 0.5]),
            Asked([str(fasta)], out, tmp_path / f"no.{suffix}", wanted=wanted),
        )
        found = read(out)
        assert found["class"].tolist() == ["unsure", "unsure"]
        assert counts.unsure == 2
        assert found["positive"].isna().all()
        assert found["nearest"].fillna("").tolist() == ["t3", ""]
        assert found["domain"].tolist() == ["inside", "outside"]
        assert found["identity"].tolist() == [1, 0]


def test_the_mlflow_model_takes_the_same_words(tmp_path):
    from evenfold.prediction.mlflow_model import Champion
    from evenfold.tracking.models import model_signature

    model = Champion()
    model.predictor = asked(positive_from=[None, 0.5])
    given = model_signature().params
    assert [one.name for one in given.params] == ["error", "unsure", "nearest"]
    plain = {one.name: one.default for one in given.params}
    found = model.predict(None, [WINDOWS[0]], plain)
    assert found["class"].tolist() == ["positive"] and found["nearest"].tolist() == [
        "t0"
    ]
    found = model.predict(
        None, [WINDOWS[0]], plain | {"unsure": True, "nearest": False}
    )
    assert found["class"].tolist() == ["unsure"]
    assert json.loads(found.to_json(orient="records"))[0]["identity"] is None


def test_training_sequences_are_read_when_they_are_needed():
    from evenfold.prediction.predicting import trust_of

    asked_for = []

    def rows():
        asked_for.append(True)
        return pa.table({"id": ["t"], "sequence": [WINDOWS[0]]})

    selection = states.selection(trust=states.trust(), domain=states.bands())
    told = trust_of(selection, None, rows)
    assert asked_for == []
    assert told.neighbours().ids == told.neighbours().ids == ["t"]
    assert asked_for == [True]
    assert trust_of(selection, None).neighbours is None
