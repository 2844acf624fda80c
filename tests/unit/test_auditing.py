import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenfold.config.audit import Audit
from evenfold.config.grouping import Grouping
from evenfold.errors import EvenfoldError
from evenfold.metrics import confusion, rates
from evenfold.records.sequences import Counts, RoleCounts, SplitFacts
from evenfold.sequences.auditing import Audited, Search, audit, refuse
from evenfold.sequences.probes import judged, probes, shift
from evenfold.sequences.probes import test_probes as judged_on_test
from evenfold.sequences.simulate import Simulation, demo, families, log_odds
from tests.unit.test_homology import mutate, random_sequence

NOTHING = SplitFacts(
    policy="drop", held_out=False, folds=3, related={}, n_train=0, n_test=0,
    n_train_positive=0, fold_sizes=[], fold_positives=[], rejected=0, longest=0,
)  # fmt: skip


def run(
    sequences, is_test, fold, sources=None, counts=None, split=NOTHING, labels=None,
    **search,
):  # fmt: skip
    audited = Audited(
        sequences,
        [f"r{i}" for i in range(len(sequences))],
        sources or [""] * len(sequences),
        np.array(is_test),
        np.array(fold),
        labels,
    )
    counts = counts or Counts(train=RoleCounts())
    return audit(audited, counts, split, Grouping(), Audit(), Search(**search))


def severities(found):
    return [finding.severity for finding in found.findings]


@pytest.fixture(scope="module")
def unrelated():
    generator = np.random.default_rng(5)
    return [random_sequence(generator, 60) for _ in range(40)]


def test_a_sample_tells_how_many_more_there_may_be(unrelated):
    found = run(
        unrelated,
        [False] * 40,
        [i % 3 for i in range(40)],
        budget=60 * 60 * 410,
        least=9,
    )
    assert found.fold_to_fold.searched == 10
    (detail,) = (f.detail for f in found.findings if "another fold" in f.title)
    # None of ten: the share p with (1 - p)^10 = 0.05.
    assert (
        f"sample of 10 of 40 was searched: with 95 % confidence at most {1 - 0.05**0.1:.1%}"
        in detail
    )
    whole = run(unrelated, [False] * 40, [i % 3 for i in range(40)])
    assert not any("sample" in f.detail for f in whole.findings)


def test_nothing_is_found_in_unrelated_sequences(unrelated):
    found = run(unrelated, [False] * 30 + [True] * 10, [i % 3 for i in range(40)])
    assert severities(found) == ["ok", "ok"]
    assert found.test_to_train.close == 0
    assert sum(found.test_to_train.histogram.counts) == 10


def test_a_planted_copy_across_the_split_and_across_folds_is_serious(unrelated):
    generator = np.random.default_rng(6)
    sequences = [*unrelated, mutate(unrelated[0], 0.2, generator), unrelated[1]]
    is_test = [False] * 40 + [True, False]
    fold = [0] * 20 + [1] * 20 + [-1, 1]
    found = run(sequences, is_test, fold)
    across_split, across_folds = found.findings
    assert across_split.severity == "serious"
    assert across_split.examples == [["r40", "r0"]]
    assert across_folds.n == 2
    assert ["r1", "r41"] in across_folds.examples


def test_sources_that_cross_folds_are_named(unrelated):
    found = run(
        unrelated[:4], [False] * 4, [0, 1, 0, 1], sources=["P1", "P1", "P2", "P3"]
    )
    assert found.findings[-1].severity == "serious"
    assert found.findings[-1].examples == [["P1"]]


def test_what_cleaning_and_splitting_did_is_told(unrelated):
    counts = Counts(
        train=RoleCounts(
            read=100,
            unfit=2,
            gapped=1,
            conflicting=4,
            duplicates=3,
            dropped_duplicates=3,
            unlabelled=2,
            renamed=5,
        ),
        test=RoleCounts(read=9, impossible_sites=1, not_drawn=1, duplicates=1),
    )
    split = NOTHING.model_copy(
        update={
            "policy": "report",
            "related": {"exact copies": 6, "homologs": 0},
            "related_sequences": 6,
            "n_train": 60,
        }
    )
    found = run(unrelated[:4], [False] * 4, [0, 1, 0, 1], counts=counts, split=split)
    titles = " | ".join(finding.title for finding in found.findings)
    details = " | ".join(finding.detail for finding in found.findings)
    assert (
        "Of these, 1 record with the gap letter -" in details and "gap: keep" in details
    )
    for words in ("2 of 100 records", "2 of 100 rows rejected without a label",
                  "train: 5 repeated ids numbered", "4 rows carry both", "3 duplicate rows (dropped)",
                  "test: 1 listed site cannot be", "test: 1 negative window left out",
                  "test: 1 duplicate row (kept)", "6 of 60 training sequences (10.0%) related"):  # fmt: skip
        assert words in titles
    assert severities(found)[:9] == [
        "warning", "warning", "info", "warning", "info", "warning", "info", "info",
        "serious"]  # fmt: skip


def related(n, n_test=200, policy="drop", lost=10, n_train=90):
    """Findings about a test set of which n sequences are related to training ones."""
    split = NOTHING.model_copy(
        update={
            "policy": policy, "n_test": n_test, "n_train": n_train,
            "related": {"exact copies": lost}, "related_sequences": lost,
            "related_test": {"exact copies": n}, "related_test_sequences": n,
        }
    )  # fmt: skip
    found = run(
        ["ACDEFGHIKL", "LKIHGFEDCA"] * 2, [False] * 4, [0, 1, 0, 1], split=split
    )
    return found.findings[:2]


@pytest.mark.parametrize(
    "n, policy, severity",
    [
        (1, "drop", "info"), (10, "drop", "info"), (11, "drop", "warning"),
        (40, "drop", "warning"), (41, "drop", "serious"), (1, "keep", "warning"),
        (41, "keep", "serious"), (1, "report", "serious"),
    ],
)  # fmt: skip
def test_the_share_of_the_test_set_with_relatives_makes_the_severity(
    n, policy, severity
):
    of_test, _ = related(n, policy=policy)
    assert of_test.severity == severity and of_test.n == n
    assert of_test.about == ("removed" if policy == "drop" else "leak")
    assert "split={as_published: true}" in of_test.detail
    done = "dropped from" if policy == "drop" else "kept in"
    assert of_test.title == (
        f"{n} of 200 test sequences ({n / 200:.1%}) had a copy or relative in the "
        f"training data as given, {done} training"
    )
    assert of_test.detail.startswith(f"Exact copies: {n}. A copy has the same residues")


@pytest.mark.parametrize("lost, severity", [(20, "info"), (21, "warning")])
def test_training_sequences_lost_are_told_before_and_after(lost, severity):
    _, of_train = related(1, lost=lost, n_train=100 - lost)
    assert of_train.severity == severity
    assert of_train.title == (
        f"{lost} of 100 training sequences ({lost}.0%) related to the test set, dropped "
        f"from training; {100 - lost} are left"
    )


def test_what_a_copy_is_is_said_once():
    assert [one.detail.count("A copy has") for one in related(1)] == [1, 0]
    assert related(1)[1].detail == "Exact copies: 10."
    assert related(0)[0].detail.startswith("Exact copies: 10. A copy has the same")


def test_relatives_that_are_kept_are_not_lost():
    _, of_train = related(1, policy="keep", lost=40, n_train=100)
    assert of_train.severity == "warning" and "left" not in of_train.title
    assert "40 of 100 training sequences (40.0%)" in of_train.title


def test_where_the_share_of_an_older_split_is_not_known_nothing_is_claimed():
    (first, _) = related(None, lost=40, n_train=60)
    assert first.title.startswith("40 of 100 training sequences")


def test_what_was_removed_can_stop_the_run():
    found = run(["ACDEFGHIKL", "LKIHGFEDCA"], [False] * 2, [0, 1])
    found = found.model_copy(update={"findings": related(41)})
    with pytest.raises(EvenfoldError, match="41 of 200 test sequences"):
        refuse(found, Audit(fail_on="serious"))


def test_the_simulator_repeats_and_plants_what_it_says():
    assert demo() == demo()
    assert demo(Simulation(seed=8)) != demo()
    simulation = Simulation(n_train=4000)
    made = families(4000, simulation, np.random.default_rng(1), "S")
    labels = np.array([label for _, _, label in made])
    assert abs(labels.mean() - simulation.positives) < 0.03
    ratio = log_odds([sequence for _, sequence, _ in made], simulation)
    order = ratio.argsort().argsort()
    n1 = labels.sum()
    area = (order[labels == 1].sum() - n1 * (n1 - 1) / 2) / (n1 * (4000 - n1))
    assert 0.94 < area < 0.98


def test_the_committed_demo_is_what_the_command_makes(tmp_path):
    from evenfold.sequences.simulate import write_demo
    from tests.conftest import ROOT

    for path in write_demo(tmp_path):
        assert path.read_text() == (ROOT / "resources/demo" / path.name).read_text()


# --- shortcut probes ----------------------------------------------------------------


def probed(sequences, labels, ids=None, **settings):
    ids = ids or [f"r{i}" for i in range(len(sequences))]
    found = probes(
        sequences, ids, np.array(labels), np.arange(len(ids)) % 4, **settings
    )
    return {probe.name: probe for probe in found}


def peptides(n=200, seed=0):
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 2, n)
    return [
        random_sequence(generator, k) for k in generator.integers(10, 40, n)
    ], labels


def test_nothing_is_invented_where_nothing_is_planted():
    found = probed(*peptides(400), ordered=True)
    assert {"length", "ends", "composition", "order"} <= set(found)
    assert "id" not in found and "padding" not in found  # all alike
    assert max(probe.mcc for probe in found.values()) < 0.25


@pytest.mark.parametrize(
    "planted", ["length", "ends", "composition", "padding", "id", "order"]
)
def test_every_planted_shortcut_is_found_and_no_other(planted):
    sequences, labels = peptides(400)
    ids = None
    if planted == "length":
        generator = np.random.default_rng(1)
        sequences = [random_sequence(generator, 30 if y else 12) for y in labels]
    elif planted == "ends":
        sequences = [("M" if y else "A") + s for s, y in zip(sequences, labels)]
    elif planted == "composition":
        generator = np.random.default_rng(1)
        sequences = [
            "".join("K" if y and generator.random() < 0.3 else a for a in s)
            for s, y in zip(sequences, labels)
        ]
    elif planted == "padding":
        sequences = [("-" * 5 if y else "") + s for s, y in zip(sequences, labels)]
    elif planted == "id":
        ids = [f"{'sp' if y else 'neg'}_{i}" for i, y in enumerate(labels)]
    else:
        order = np.argsort(labels)
        sequences, labels = [sequences[i] for i in order], labels[order]
    found = probed(sequences, labels, ids, ordered=True)
    assert found[planted].mcc > 0.6
    assert found[planted].seen == (planted not in ("id", "order"))
    # A planted first residue is in the composition too, and the reverse.
    related = {planted} | (
        {"ends", "composition"} if planted in ("ends", "composition") else set()
    )
    others = [probe.mcc for name, probe in found.items() if name not in related]
    assert max(others, default=0) < 0.25


def test_the_neighbours_label_is_judged_where_it_was_looked_for():
    sequences, labels = peptides(40)
    neighbour = np.array([np.flatnonzero(labels == y)[0] for y in labels])
    neighbour[:10] = -1
    found = probed(sequences, labels, neighbour=neighbour)["neighbour"]
    assert found.n == 30 and found.mcc == 1 and found.sn == found.sp == 1


def test_on_the_test_set_probes_are_fitted_on_training_rows_alone():
    sequences, labels = peptides(300)
    sequences = [("M" if y else "A") + s for s, y in zip(sequences, labels)]
    train, test = sequences[:200], sequences[200:]
    ids = [f"r{i}" for i in range(300)]
    found = judged_on_test(
        train, ids[:200], labels[:200], test, ids[200:], labels[200:], np.arange(100)
    )
    own = {probe.name: probe for probe in found}
    assert own["ends"].mcc == 1 and own["ends"].n == 100
    assert abs(own["neighbour"].mcc) < 0.3
    # With other test labels the same calls are judged, and no other is fitted.
    again = judged_on_test(
        train,
        ids[:200],
        labels[:200],
        test,
        ids[200:],
        1 - labels[200:],
        np.arange(100),
    )
    flipped = {probe.name: probe for probe in again}
    assert all(flipped[k].mcc == pytest.approx(-own[k].mcc) for k in own)


def test_rates_of_a_probe_are_those_of_scikit_learn():
    from sklearn.metrics import matthews_corrcoef

    y, called = np.array([1, 1, 1, 0, 0, 0, 0]), np.array([1, 1, 0, 0, 0, 0, 1])
    found = judged("length", called.astype(float), y)
    assert found.mcc == pytest.approx(matthews_corrcoef(y, called))
    assert (found.sn, found.sp) == pytest.approx((2 / 3, 3 / 4))


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 1)), min_size=1))
def test_rates_of_a_probe_are_those_of_metrics_but_for_the_last_digit(rows):
    scores, labels = np.array(rows).T
    found = judged("length", scores / 4, labels)
    counts = confusion(scores / 4, labels, 0.5)
    wanted = rates(**counts)
    assert found.mcc == pytest.approx(wanted["mcc"], abs=1e-12)
    assert found.n == len(rows)
    if len(set(labels)) == 2:
        assert (found.sn, found.sp) == pytest.approx((wanted["sn"], wanted["sp"]))
        assert 0 <= found.auroc <= 1
    else:
        # A missing class gives numbers all the same: JSON has no NaN.
        assert found.auroc is None
        assert found.sn == 0 if not labels.any() else found.sp == 1


def test_shortcuts_and_shifts_are_told_from_the_limits_on():
    sequences, labels = peptides(120)
    sequences = [("M" if y else "A") + s for s, y in zip(sequences, labels)]
    longer = [s * 4 for s in sequences[80:]]
    is_test = [False] * 80 + [True] * 40
    found = run(
        sequences[:80] + longer, is_test, [i % 4 for i in range(120)], labels=labels
    )
    by_kind = {finding.about: finding for finding in found.findings}
    lengths = [f.title for f in found.findings if f.about == "shift"]
    shortcut, shifted = by_kind["shortcut"], by_kind["shift"]
    assert shortcut.severity == "warning" and shortcut.n == 80
    assert "The first and the last residue alone" in shortcut.title
    assert "SN 1.00, SP 1.00" in shortcut.detail
    train, test = found.shift.median_length
    assert lengths[0] == (
        f"Median length {train:.0f} in training, {test:.0f} in the test set: a factor of "
        f"{test / train:.1f}"
    )
    assert (
        f"Median length {train:.0f} in training, {test:.0f} in the test"
        in shifted.detail
    )


def test_a_file_sorted_by_class_is_no_finding():
    sequences, labels = peptides(120)
    order = np.argsort(labels)
    audited = Audited(
        [sequences[i] for i in order], [f"r{i}" for i in range(120)], [""] * 120,
        np.array([False] * 120), np.arange(120) % 4, labels[order], ordered=True,
    )  # fmt: skip
    found = audit(
        audited, Counts(train=RoleCounts()), NOTHING, Grouping(), Audit(), Search()
    )
    (told,) = (probe for probe in found.probes if probe.name == "order")
    assert told.mcc > 0.6
    assert not [f for f in found.findings if f.about == "shortcut"]


@pytest.mark.parametrize("factor, told", [(1.0, False), (4.0, True), (0.25, True)])
def test_lengths_that_differ_are_told_with_their_medians(factor, told):
    generator = np.random.default_rng(0)
    sequences = [random_sequence(generator, 80) for _ in range(30)] + [
        random_sequence(generator, int(80 * factor)) for _ in range(20)
    ]
    is_test = [False] * 30 + [True] * 20
    found = run(sequences, is_test, [i % 3 for i in range(50)])
    titles = [f.title for f in found.findings if f.about == "shift"]
    title = f"Median length 80 in training, {80 * factor:.0f} in the test set: a factor of 4.0"
    assert (title in titles) is told
    assert any("a factor of" in title for title in titles) is told


def test_residues_whose_share_differs_are_named():
    generator = np.random.default_rng(0)
    train = [random_sequence(generator, 40) for _ in range(40)]
    test = [s[:20] + "K" * 20 for s in train]
    found = run(train + test, [False] * 40 + [True] * 40, [i % 4 for i in range(80)])
    assert next(iter(found.shift.residues)) == "K" and len(found.shift.residues) == 3
    (detail,) = (f.detail for f in found.findings if "or composition" in f.title)
    before, after = found.shift.residues["K"]
    assert after > 0.5 > before
    assert f"K {before:.1%} in training and {after:.1%} in the test set" in detail


def test_a_shift_between_the_roles_is_measured():
    sequences, _ = peptides(300)
    assert abs(shift(sequences[:200], sequences[200:]).auroc - 0.5) < 0.12
    longer = [s * 3 for s in sequences[200:]]
    assert shift(sequences[:200], longer).auroc > 0.9


def test_the_labels_of_test_sequences_are_not_read(unrelated):
    """Whatever stands where a test label would be: the audit is the same."""
    is_test = [False] * 30 + [True] * 10
    results = []
    for hidden in (-1, 0, 1):
        labels = np.array([0, 1] * 15 + [hidden] * 10)
        results.append(
            run(unrelated, is_test, [i % 3 for i in range(40)], labels=labels)
        )
    assert results[0] == results[1] == results[2] and results[0].probes


def test_the_configured_severity_stops_the_run(unrelated):
    sequences = [*unrelated, unrelated[1]]
    found = run(sequences, [False] * 41, [0] * 20 + [1] * 21)
    refuse(found, Audit())
    with pytest.raises(EvenfoldError, match="close partner in another fold"):
        refuse(found, Audit(fail_on="serious"))
    milder = [f.model_copy(update={"severity": "warning"}) for f in found.findings]
    found = found.model_copy(update={"findings": milder})
    refuse(found, Audit(fail_on="serious"))
    with pytest.raises(EvenfoldError, match="Nothing was looked at"):
        refuse(found, Audit(fail_on="warning"))
