import multiprocessing

import numpy as np
import pandas as pd
import pytest

from evenfold.errors import EvenfoldError
from evenfold.evaluation.ledger import (
    Ledger,
    fingerprint,
    same_set,
    same_sketch,
    sketch,
)
from evenfold.evaluation.looking import (
    LookInputs,
    Sealed,
    Terms,
    at_test_set,
    check_weights,
    evaluate,
    scored_variants,
    withheld_message,
)
from evenfold.evaluation.measuring import curves, difference, measure
from evenfold.files import read_json, sha256_file, write_json
from evenfold.records.evaluation import (
    Permission,
    RememberedLook,
    RememberedLooks,
    measured_table,
    read_measured,
)
from evenfold.records.selection import (
    Decides,
    FrozenVariant,
    Provenance,
    Selection,
    published_name,
)
from evenfold.records.tables import METRICS, PREDICTIONS
from evenfold.records.thresholds import HALF, Calibrator, Twin

SEQUENCES = [f"MKV{a}{b}" for a in "ACDEFGHIKL" for b in "ACDEFGHIKL"]
NOTHING = RememberedLooks(answered=True)


def selection(name="one", **change):
    """What a look reads of a selection."""
    bce = FrozenVariant.model_construct(
        loss="bce",
        operating_point="sn_eq_sp",
        threshold=0.4,
        retuned=[0.35, 0.4, 0.45],
        weights_sha256="w",
        calibrator=Calibrator(method="temperature", slope=0.5),
    )
    return Selection.model_construct(
        selection=f"selection-{name}",
        dataset="demo",
        champion="bce",
        decides=Decides(data="d", split="s", config=name),
        records=Provenance(evenfold="0", python="3", machine="m"),
        variants={"bce": bce.model_copy(update=change)},
        same={},
    )


def variants(**change):
    return scored_variants(selection(**change))


def table(predictions, **change):
    """The rows of metrics.tsv, as a data frame."""
    return measured_table(measure("demo", predictions, variants(**change), "bce"))


def scored(seed=0, calls=None):
    def score():
        if calls is not None:
            calls.append(seed)
        generator = np.random.default_rng(seed)
        labels = np.arange(100) % 2
        return pd.DataFrame(
            {
                "id": [f"r{i}" for i in range(100)],
                "group": np.arange(100),
                "variant": "bce",
                "label": labels,
                "score": (generator.random(100) + 0.6 * labels) / 1.6,
            }
        )

    return score


def look(
    folder, name="one", policy="sealed", sequences=SEQUENCES, score=None, allowed=()
):
    return taken(
        selection(name),
        Ledger(folder),
        Terms(policy, tuple(allowed)),
        Sealed(sequences),
        score or scored(),
    )


def taken(selection, ledger, terms, sealed, score, record=NOTHING):
    """What a look tells, and its predictions."""
    return evaluate(selection, ledger, terms, sealed, lambda: score, record)[:2]


def test_the_first_look_is_taken_and_an_identical_one_returns_the_stored_result(
    tmp_path,
):
    calls = []
    status, first = look(tmp_path, score=scored(1, calls))
    assert status.status == "evaluated" and status.look.look == 1
    assert list(first.columns) == PREDICTIONS.names
    status, again = look(tmp_path, score=scored(2, calls))
    assert calls == [1]
    assert len(status.looks) == 1
    pd.testing.assert_frame_equal(first, again)


def test_another_selection_is_withheld_and_told_how_to_look_once_more(tmp_path):
    look(tmp_path)
    calls = []
    status, predictions = look(tmp_path, "two", score=scored(2, calls))
    assert status.status == "withheld" and predictions.empty and not calls
    assert list(predictions.columns) == PREDICTIONS.names
    assert [(r.variant, r.operating_point, r.deployed) for r in status.earlier] == [
        ("bce", HALF, False),
        ("bce", "sn_eq_sp", True),
    ]
    assert status.earlier[1].mcc_low < status.earlier[1].mcc
    told = withheld_message(status, str(tmp_path))
    assert status.told == told
    assert "selection-two" in told and "allow_look" in told and "selection-one" in told
    assert status.to_look_again.selection == "selection-two"
    permission = Permission(selection="selection-two", reason="a corrected label file")
    status, predictions = look(tmp_path, "two", allowed=[permission])
    assert status.status == "evaluated" and status.look.look == 2
    assert [x.reason for x in status.looks] == [None, "a corrected label file"]
    # The permission is bound to its selection.
    status, _ = look(tmp_path, "three", allowed=[permission])
    assert status.status == "withheld" and len(status.looks) == 2


@pytest.mark.parametrize(
    "sequences",
    [SEQUENCES[1:], SEQUENCES[::-1], SEQUENCES + SEQUENCES, SEQUENCES + ["WWW"] * 3,
     SEQUENCES[:60]],
    ids=["one row less", "another order", "twice", "rows added", "a part"],
)  # fmt: skip
def test_a_test_set_is_recognised_by_content(tmp_path, sequences):
    look(tmp_path)
    assert look(tmp_path, "two", sequences=sequences)[0].status == "withheld"


def test_another_test_set_is_another(tmp_path):
    look(tmp_path)
    other = [sequence[::-1] for sequence in SEQUENCES]
    status, _ = look(tmp_path, "two", sequences=other)
    assert status.status == "evaluated" and status.look.look == 1
    assert not same_set(fingerprint(SEQUENCES), fingerprint(other))
    assert not same_set([], [])


def test_practice_counts_and_never_withholds(tmp_path):
    for n, name in enumerate(["one", "two", "three"], 1):
        status, predictions = look(tmp_path, name, "practice")
        assert status.look.look == n and len(predictions) == 100
    # What was practised on is no longer sealed.
    assert look(tmp_path, "four", "sealed")[0].status == "withheld"


def test_a_crash_in_the_look_counts_and_the_same_selection_resumes(tmp_path):
    def crash():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        look(tmp_path, score=crash)
    status, _ = look(tmp_path, "two")
    assert status.status == "withheld"
    assert status.looks[0].completed is False and status.earlier == []
    status, predictions = look(tmp_path)
    assert status.status == "evaluated" and len(predictions) == 100
    assert len(status.looks) == 1


def _race(folder, name, start, results):
    start.wait()
    status, _ = look(folder, name)
    results.put((name, status.status))


def test_of_many_at_once_exactly_one_looks(tmp_path):
    context = multiprocessing.get_context("spawn")
    start, results = context.Event(), context.Queue()
    names = [f"p{i}" for i in range(6)]
    workers = [
        context.Process(target=_race, args=(tmp_path, name, start, results))
        for name in names
    ]
    for worker in workers:
        worker.start()
    start.set()
    outcome = dict(results.get(timeout=60) for _ in names)
    for worker in workers:
        worker.join()
    assert sorted(outcome.values()) == ["evaluated"] + ["withheld"] * 5
    assert len(Ledger(tmp_path).looks()) == 1


def test_changed_predictions_are_noticed(tmp_path):
    look(tmp_path)
    (path,) = tmp_path.glob("*.parquet")
    frame = pd.read_parquet(path)
    frame["score"] = frame["label"].astype(float)
    frame.to_parquet(path)
    with pytest.raises(EvenfoldError, match="changed after the look"):
        look(tmp_path)
    path.unlink()
    with pytest.raises(EvenfoldError, match="missing"):
        look(tmp_path)


def test_a_damaged_record_is_named(tmp_path):
    look(tmp_path)
    (path,) = tmp_path.glob("*.intent.json")
    path.write_text("{")
    with pytest.raises(EvenfoldError, match=r"intent\.json is not valid JSON"):
        look(tmp_path, "two")


def of_an_earlier_version(folder):
    """Take away what the first version of evenfold did not record."""
    intent, done = (next(folder.glob(f"*.{kind}.json")) for kind in ("intent", "done"))
    (path,) = folder.glob("*.parquet")
    columns = ["group", "probability", "called_half"]
    pd.read_parquet(path).drop(columns=columns).to_parquet(path, index=False)
    first = read_json(intent)
    del first["previous"]
    write_json(intent, first)
    last = read_json(done)
    del last["intent"], last["probes"], last["variants"]["bce"]["retuned"]
    write_json(done, {**last, "sha256": sha256_file(path)})


def test_a_ledger_of_an_earlier_version_is_read(tmp_path):
    look(tmp_path)
    of_an_earlier_version(tmp_path)
    assert Ledger(tmp_path).faults() == []
    status, predictions = look(tmp_path)
    assert status.status == "evaluated" and status.probes == []
    assert "probability" not in predictions and curves(predictions, "bce") is None
    half, tuned = measure(
        "demo", predictions, Ledger(tmp_path).looks()[0].completed.variants, "bce"
    )
    assert tuned.deployed and not half.deployed
    assert tuned.groups == 100 and np.isnan(tuned.brier_calibrated)
    assert np.isnan(tuned.mcc_tuning_low) and tuned.mcc_low < tuned.mcc
    # Another selection's look follows, and is chained to it.
    status, _ = look(tmp_path, "two", "practice")
    assert [told.look for told in status.looks] == [1, 2]
    assert Ledger(tmp_path).faults() == []


@pytest.mark.parametrize("kind", ["intent", "done"])
def test_a_record_of_the_ledger_that_does_not_fit_is_named(tmp_path, kind):
    look(tmp_path)
    (path,) = tmp_path.glob(f"*.{kind}.json")
    write_json(path, {**read_json(path), "surplus": 1})
    with pytest.raises(EvenfoldError, match=rf"{kind}\.json: the field 'surplus'") as e:
        look(tmp_path, "two")
    assert "Restore the ledger from a backup" in str(e.value)
    assert "Delete" not in str(e.value)
    faults = Ledger(tmp_path).faults()
    assert any("'surplus' is unknown" in fault for fault in faults)
    # What cannot be read any more is told by its digest all the same.
    changed = [fault for fault in faults if "changed after the look" in fault]
    assert len(changed) == (kind == "intent")


def test_every_fault_of_a_ledger_is_told(tmp_path):
    for name in ("one", "two", "three"):
        look(tmp_path, name, "practice")
    book = Ledger(tmp_path)
    assert book.faults() == []
    second = tmp_path / "look-000002.intent.json"
    before = second.read_bytes()
    write_json(second, {**read_json(second), "champion": "focal"})
    assert [fault.split(": ")[1] for fault in book.faults()] == [
        "changed after the look",
        "changed after look 3 was taken",
    ]
    second.write_bytes(before)
    assert book.faults() == []
    second.unlink()
    (fault,) = book.faults()
    assert fault.endswith("look 2 was removed")
    second.write_bytes(before)
    for path in tmp_path.glob("look-000001.*.parquet"):
        path.unlink()
    (fault,) = book.faults()
    assert "the predictions of look 1 are missing" in fault


def test_swapped_weights_are_refused(tmp_path):
    path = tmp_path / "weights"
    path.write_text("frozen")
    frozen = selection(weights_sha256=sha256_file(path))
    check_weights(frozen, {"bce": path})
    path.write_text("better ones")
    with pytest.raises(EvenfoldError, match="not the weights that were frozen"):
        check_weights(frozen, {"bce": path})


def test_weights_are_those_of_the_selections_variants_alone():
    """A twin was not trained; those of the published split go by their own name."""
    paths = {name: f"{name}.weights" for name in ("bce", "focal")}
    beside = {name: f"published/{name}.weights" for name in paths}
    inputs = LookInputs("s", "q", "p", "l", "r", paths, "ps", beside)
    both = selection().beside(selection("published"))
    assert inputs.weights_of(selection()) == {"bce": "bce.weights"}
    assert inputs.weights_of(both) == {
        "bce": "bce.weights",
        "published/bce": "published/bce.weights",
    }


def test_metrics_follow_from_the_predictions(tmp_path):
    _, predictions = look(tmp_path)
    found = table(predictions)
    assert list(found.columns) == METRICS.names
    assert list(found["operating_point"]) == [HALF, "sn_eq_sp"]
    assert list(found["deployed"]) == [0, 1] and list(found["champion"]) == [1, 1]
    for row in found.itertuples():
        called = predictions["score"] >= row.threshold
        assert row.tp == (called & (predictions["label"] == 1)).sum()
        assert row.tp + row.fp + row.tn + row.fn == row.n == 100
        assert row.mcc_low < row.mcc < row.mcc_high
        assert row.sn_low < row.sn < row.sn_high
    assert (predictions["called"] == (predictions["score"] >= 0.4)).all()
    assert (predictions["called_half"] == (predictions["score"] >= 0.5)).all()


def test_metrics_are_read_as_they_were_written(tmp_path):
    _, predictions = look(tmp_path)
    rows = measure("demo", predictions, variants(), "bce")
    path = tmp_path / "metrics.tsv"
    METRICS.write(path, measured_table(rows))
    again = read_measured(path)
    assert [row.operating_point for row in again] == [HALF, "sn_eq_sp"]
    for one, other in zip(rows, again, strict=True):
        shown = {k: pytest.approx(v, abs=1e-6, nan_ok=True) if isinstance(v, float) else v
                 for k, v in one.dump().items()}  # fmt: skip
        assert other.dump() == shown
    METRICS.write(path, measured_table([]))
    assert read_measured(path) == []
    assert path.read_text().split("\t")[-1] == "deployed\n"


def test_related_test_sequences_widen_the_interval(tmp_path):
    """Every sequence five times over is no more to know, only more rows."""
    _, predictions = look(tmp_path)
    many = pd.concat([predictions] * 5, ignore_index=True)

    def width(frame, groups):
        found = table(frame.assign(group=groups))
        return (found["mcc_high"] - found["mcc_low"]).iloc[0]

    once = width(predictions, np.arange(100))
    assert width(many, np.tile(np.arange(100), 5)) == pytest.approx(once, rel=0.1)
    assert width(many, np.arange(500)) < 0.6 * once


def test_tuning_on_other_data_widens_the_interval_of_sn_and_of_mcc(tmp_path):
    _, predictions = look(tmp_path)
    fixed = table(predictions).iloc[1]
    retuned = list(np.linspace(0.2, 0.6, 50))
    varied = table(predictions, retuned=retuned).iloc[1]
    for key in ("sn", "sp", "gap", "mcc"):
        own = varied[f"{key}_tuning_high"] - varied[f"{key}_tuning_low"]
        assert own > 1.05 * (fixed[f"{key}_tuning_high"] - fixed[f"{key}_tuning_low"])
        assert varied[f"{key}_low"] == fixed[f"{key}_low"]
    # A variant kept at 0.5 was not tuned, and deploys it.
    kept = table(predictions, retuned=retuned, operating_point=HALF)
    assert len(kept) == 1 and np.isnan(kept["sn_tuning_low"].iloc[0])
    assert list(kept["deployed"]) == [1]


def test_sketches_recognise_what_whole_fingerprints_do():
    generator = np.random.default_rng(3)
    pool = ["".join(generator.choice(list("ACDEFGHIKL"), 12)) for _ in range(4000)]
    for size, shared in (
        (2000, 1900),
        (2000, 500),
        (90, 80),
        (90, 0),
    ):
        one = fingerprint(pool[:size])
        other = fingerprint(pool[size - shared : 2 * size - shared])
        assert same_set(one, other) == (shared > size / 2)
        assert same_sketch(sketch(one), sketch(other)) == (shared > size / 2)
    # A small set inside a large one is the same set.
    assert same_sketch(sketch(fingerprint(pool)), sketch(fingerprint(pool[:300])))
    assert not same_sketch([], sketch(one))


def remembered(*names, test_set=SEQUENCES):
    digests = sketch(fingerprint(test_set))
    return [
        RememberedLook(
            selection=n, dataset="demo", recorded=str(when), test_set=digests
        )
        for when, n in enumerate(names)
    ]


def test_a_look_that_only_the_other_record_knows_is_named_and_withholds_nothing(
    tmp_path,
):
    others = remembered("selection-other", test_set=["WWW", "YYY"])
    told = remembered("selection-lost", "selection-one", "selection-lost")

    def elsewhere(record):
        status, predictions = taken(
            selection(),
            Ledger(tmp_path),
            Terms("sealed"),
            Sealed(SEQUENCES),
            scored(),
            record,
        )
        assert status.status == "evaluated" and len(predictions)
        return status.elsewhere

    record = RememberedLooks(answered=True, looks=[*others, *told])
    (lost,) = elsewhere(record)
    assert (lost.selection, lost.recorded) == ("selection-lost", "0")
    # The sketch is the test set's, which the evaluation holds already.
    assert lost.test_set == []
    assert elsewhere(NOTHING) == []
    assert elsewhere(RememberedLooks(answered=False)) is None
    assert [one.selection for one in at_test_set(record, sketch(["x"]))] == []


def test_probabilities_are_judged_on_the_test_set_too(tmp_path):
    _, predictions = look(tmp_path)
    row = table(predictions).iloc[0]
    for kind in ("", "_calibrated"):
        parts = row[f"mcb{kind}"] - row[f"dsc{kind}"] + row["unc"]
        assert parts == pytest.approx(row[f"brier{kind}"])
        assert row[f"d2{kind}"] == pytest.approx(1 - row[f"brier{kind}"] / row["unc"])
        assert 0 <= row[f"ece{kind}"] <= 1
    drawn = curves(predictions, "bce")
    assert drawn.reliability.raw != drawn.reliability.calibrated
    # At a risk of 0.02 nearly all are called.
    everything = drawn.net_benefit.raw[0]
    assert everything == pytest.approx(0.5 - 0.5 * 0.02 / 0.98, abs=0.02)
    assert curves(predictions[predictions["label"] == 1], "bce") is None


def test_the_published_split_is_scored_beside_and_its_lead_has_an_interval(tmp_path):
    def both():
        own = scored()()
        better = own.assign(variant="published/bce", score=own["label"] * 0.9)
        return pd.concat([own, better], ignore_index=True)

    beside = selection().beside(selection("published"))
    _, predictions = taken(
        beside, Ledger(tmp_path), Terms("sealed"), Sealed(SEQUENCES), both
    )
    assert beside.champion == "bce" and list(beside.variants) == [
        "bce",
        "published/bce",
    ]
    assert predictions["threshold"].notna().all()
    lead = difference(predictions, "bce", "published/bce")
    assert 0 < lead.low < lead.mcc < lead.high
    assert difference(predictions, "bce", "published/focal") is None


def test_a_loss_that_is_anothers_on_the_published_split_is_compared_with_that():
    """Whether two losses are the same depends on the class shares of the training data."""
    same = {"focal": Twin(same_as="bce", difference=0.01)}
    published = selection("published").model_copy(update={"same": same})
    assert published_name(published.trained("focal")) == "published/bce"
    assert published_name(published.trained("bce")) == "published/bce"
    assert published_name(selection().trained("focal")) == "published/focal"
