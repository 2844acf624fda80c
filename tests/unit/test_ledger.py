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
from evenfold.evaluation.looking import check_weights, evaluate, withheld_message
from evenfold.evaluation.measuring import METRICS, curves, metrics_table
from evenfold.files import sha256_file

SEQUENCES = [f"MKV{a}{b}" for a in "ACDEFGHIKL" for b in "ACDEFGHIKL"]


def selection(name="one"):
    return {
        "selection": f"selection-{name}",
        "dataset": "demo",
        "champion": "bce",
        "decides": {"data": "d", "split": "s", "config": name},
        "records": {"evenfold": "0"},
        "variants": {
            "bce": {
                "loss": "bce",
                "operating_point": "sn_eq_sp",
                "threshold": 0.4,
                "retuned": [0.35, 0.4, 0.45],
                "weights_sha256": "w",
                "calibrator": {"method": "temperature", "slope": 0.5},
            }
        },
    }


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
    return evaluate(
        selection(name), Ledger(folder), policy, sequences, score or scored(), allowed
    )


def test_the_first_look_is_taken_and_an_identical_one_returns_the_stored_result(
    tmp_path,
):
    calls = []
    status, first = look(tmp_path, score=scored(1, calls))
    assert status["status"] == "evaluated" and status["look"]["look"] == 1
    status, again = look(tmp_path, score=scored(2, calls))
    assert calls == [1]
    assert len(status["looks"]) == 1
    pd.testing.assert_frame_equal(first, again)


def test_another_selection_is_withheld_and_told_how_to_look_once_more(tmp_path):
    look(tmp_path)
    calls = []
    status, predictions = look(tmp_path, "two", score=scored(2, calls))
    assert status["status"] == "withheld" and predictions.empty and not calls
    assert status["earlier"][0]["variant"] == "bce"
    assert "mcc" in status["earlier"][0]
    told = withheld_message(status, str(tmp_path))
    assert "selection-two" in told and "allow_look" in told and "selection-one" in told
    permission = [{"selection": "selection-two", "reason": "a corrected label file"}]
    status, predictions = look(tmp_path, "two", allowed=permission)
    assert status["status"] == "evaluated" and status["look"]["look"] == 2
    assert [x["reason"] for x in status["looks"]] == [None, "a corrected label file"]
    # The permission is bound to its selection.
    status, _ = look(tmp_path, "three", allowed=permission)
    assert status["status"] == "withheld" and len(status["looks"]) == 2


@pytest.mark.parametrize(
    "sequences",
    [SEQUENCES[1:], SEQUENCES[::-1], SEQUENCES + SEQUENCES, SEQUENCES + ["WWW"] * 3,
     SEQUENCES[:60]],
    ids=["one row less", "another order", "twice", "rows added", "a part"],
)  # fmt: skip
def test_a_test_set_is_recognised_by_content(tmp_path, sequences):
    look(tmp_path)
    assert look(tmp_path, "two", sequences=sequences)[0]["status"] == "withheld"


def test_another_test_set_is_another(tmp_path):
    look(tmp_path)
    other = [sequence[::-1] for sequence in SEQUENCES]
    status, _ = look(tmp_path, "two", sequences=other)
    assert status["status"] == "evaluated" and status["look"]["look"] == 1
    assert not same_set(fingerprint(SEQUENCES), fingerprint(other))
    assert not same_set([], [])


def test_practice_counts_and_never_withholds(tmp_path):
    for n, name in enumerate(["one", "two", "three"], 1):
        status, predictions = look(tmp_path, name, "practice")
        assert status["look"]["look"] == n and len(predictions) == 100
    # What was practised on is no longer sealed.
    assert look(tmp_path, "four", "sealed")[0]["status"] == "withheld"


def test_a_crash_in_the_look_counts_and_the_same_selection_resumes(tmp_path):
    def crash():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        look(tmp_path, score=crash)
    status, _ = look(tmp_path, "two")
    assert status["status"] == "withheld"
    assert status["looks"][0]["completed"] is False and status["earlier"] == []
    status, predictions = look(tmp_path)
    assert status["status"] == "evaluated" and len(predictions) == 100
    assert len(status["looks"]) == 1


def _race(folder, name, start, results):
    start.wait()
    status, _ = look(folder, name)
    results.put((name, status["status"]))


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


def test_swapped_weights_are_refused(tmp_path):
    path = tmp_path / "weights"
    path.write_text("frozen")
    frozen = selection()
    frozen["variants"]["bce"]["weights_sha256"] = sha256_file(path)
    check_weights(frozen, {"bce": path})
    path.write_text("better ones")
    with pytest.raises(EvenfoldError, match="not the weights that were frozen"):
        check_weights(frozen, {"bce": path})


def test_metrics_follow_from_the_predictions(tmp_path):
    _, predictions = look(tmp_path)
    table = metrics_table("demo", predictions, selection()["variants"], "bce")
    assert list(table.columns) == METRICS
    assert list(table["operating_point"]) == ["0.5", "sn_eq_sp"]
    for row in table.itertuples():
        called = predictions["score"] >= row.threshold
        assert row.tp == (called & (predictions["label"] == 1)).sum()
        assert row.tp + row.fp + row.tn + row.fn == row.n == 100
        assert row.mcc_low < row.mcc < row.mcc_high
        assert row.sn_low < row.sn < row.sn_high
    assert (predictions["called"] == (predictions["score"] >= 0.4)).all()


def test_related_test_sequences_widen_the_interval(tmp_path):
    """Every sequence five times over is no more to know, only more rows."""
    _, predictions = look(tmp_path)
    many = pd.concat([predictions] * 5, ignore_index=True)
    variants = selection()["variants"]

    def width(frame, groups):
        table = metrics_table("demo", frame.assign(group=groups), variants, "bce")
        return (table["mcc_high"] - table["mcc_low"]).iloc[0]

    once = width(predictions, np.arange(100))
    assert width(many, np.tile(np.arange(100), 5)) == pytest.approx(once, rel=0.1)
    assert width(many, np.arange(500)) < 0.6 * once


def test_tuning_on_other_data_widens_the_interval_of_sn_and_of_mcc(tmp_path):
    _, predictions = look(tmp_path)
    variants = selection()["variants"]
    fixed = metrics_table("demo", predictions, variants, "bce").iloc[1]
    variants["bce"]["retuned"] = list(np.linspace(0.2, 0.6, 50))
    varied = metrics_table("demo", predictions, variants, "bce").iloc[1]
    for key in ("sn", "sp", "gap", "mcc"):
        own = varied[f"{key}_tuning_high"] - varied[f"{key}_tuning_low"]
        assert own > 1.05 * (fixed[f"{key}_tuning_high"] - fixed[f"{key}_tuning_low"])
        assert varied[f"{key}_low"] == fixed[f"{key}_low"]
    # A variant kept at 0.5 was not tuned.
    variants["bce"]["operating_point"] = "0.5"
    kept = metrics_table("demo", predictions, variants, "bce")
    assert len(kept) == 1 and np.isnan(kept["sn_tuning_low"].iloc[0])


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


def test_a_look_that_only_the_other_record_knows_is_named_and_withholds_nothing(
    tmp_path,
):
    told = [{"selection": "selection-lost", "dataset": "demo", "recorded": "then"},
            {"selection": "selection-one", "dataset": "demo", "recorded": "now"}]  # fmt: skip
    status, predictions = evaluate(
        selection(), Ledger(tmp_path), "sealed", SEQUENCES, scored(), (), lambda _: told
    )
    assert status["status"] == "evaluated" and len(predictions)
    assert [x["selection"] for x in status["elsewhere"]] == ["selection-lost"]
    status, _ = evaluate(
        selection(), Ledger(tmp_path), "sealed", SEQUENCES, scored(), (), lambda _: None
    )
    assert status["elsewhere"] is None


def test_probabilities_are_judged_on_the_test_set_too(tmp_path):
    _, predictions = look(tmp_path)
    row = metrics_table("demo", predictions, selection()["variants"], "bce").iloc[0]
    for kind in ("", "_calibrated"):
        parts = row[f"mcb{kind}"] - row[f"dsc{kind}"] + row["unc"]
        assert parts == pytest.approx(row[f"brier{kind}"])
        assert row[f"d2{kind}"] == pytest.approx(1 - row[f"brier{kind}"] / row["unc"])
        assert 0 <= row[f"ece{kind}"] <= 1
    drawn = curves(predictions, "bce")
    assert set(drawn["reliability"]) == {"raw", "calibrated"}
    everything = drawn["net_benefit"]["raw"][
        0
    ]  # at a risk of 0.02 nearly all are called
    assert everything == pytest.approx(0.5 - 0.5 * 0.02 / 0.98, abs=0.02)
    assert curves(predictions[predictions["label"] == 1], "bce") == {}
