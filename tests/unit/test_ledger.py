import errno
import json
import multiprocessing
import os
import shutil
import threading
from collections import namedtuple
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file

from evenfold.errors import EvenfoldError
from evenfold.evaluation import entries
from evenfold.evaluation import ledger as evaluation_ledger
from evenfold.evaluation.ledger import (
    Ledger,
    fingerprint,
    is_digests,
    same_digests,
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
    Completion,
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
from evenfold.sequences.sketch import sketches, summary

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
    assert not same_digests(fingerprint(SEQUENCES), fingerprint(other))
    assert not same_digests([], [])


def long_ones(seed=0, length=31, n=100):
    """Windows of a data set."""
    drawn = np.random.default_rng(seed).choice(list("ACDEFGHIKLNPQRSTVWY"), (n, length))
    return ["".join(row) for row in drawn]


DISGUISES = {
    "first residue cut": lambda s: s[1:],
    "both ends cut": lambda s: s[2:-3],
    "padded with X": lambda s: f"XX{s}XXX",
    "padded with gaps": lambda s: f"---{s}--",
    "lower case": str.lower,
    "M before": lambda s: f"M{s}",
    "one residue changed": lambda s: s[:15] + ("A" if s[15] != "A" else "C") + s[16:],
}


@pytest.mark.parametrize("change", DISGUISES)
def test_a_test_set_is_recognised_in_disguise(tmp_path, change):
    look(tmp_path, sequences=long_ones())
    disguised = [DISGUISES[change](sequence) for sequence in long_ones()]
    status, _ = look(tmp_path, "two", sequences=disguised)
    assert status.status == "withheld"
    own = RememberedLook(
        selection="x", dataset="d", recorded="r",
        test_set=summary(sketches(long_ones())),
    )  # fmt: skip
    record = RememberedLooks(answered=True, looks=[own])
    assert len(at_test_set(record, status)) == 1
    status, _ = look(tmp_path, "two", sequences=long_ones(1))
    assert status.status == "evaluated" and at_test_set(record, status) == []


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


def test_an_interruption_in_the_moment_of_completion_loses_nothing(
    tmp_path, monkeypatch
):
    synced = []

    def interrupted_at_the_second(folder):
        synced.append(folder)
        if len(synced) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(evaluation_ledger, "_sync", interrupted_at_the_second)
    calls = []
    with pytest.raises(KeyboardInterrupt):
        look(tmp_path, score=scored(1, calls))
    assert Ledger(tmp_path).faults() == []
    status, _ = look(tmp_path, score=scored(2, calls))
    assert status.status == "evaluated" and len(status.looks) == 1 and calls == [1]


def _race(folder, name, start, results, links):
    if not links:
        os.link = without_links
    start.wait()
    status, _ = look(folder, name)
    results.put((name, status.status))


def without_links(*paths):
    raise OSError(errno.EPERM, "Operation not permitted", str(paths[0]))


@pytest.mark.parametrize("links", [True, False], ids=["links", "no links"])
def test_of_many_at_once_exactly_one_looks(tmp_path, links):
    context = multiprocessing.get_context("spawn")
    start, results = context.Event(), context.Queue()
    names = [f"p{i}" for i in range(4)]
    workers = [
        context.Process(target=_race, args=(tmp_path, name, start, results, links))
        for name in names
    ]
    for worker in workers:
        worker.start()
    start.set()
    outcome = dict(results.get(timeout=120) for _ in names)
    for worker in workers:
        worker.join()
    assert sorted(outcome.values()) == ["evaluated"] + ["withheld"] * 3
    assert len(Ledger(tmp_path).looks()) == 1 and Ledger(tmp_path).faults() == []


def test_one_selection_in_two_working_directories_at_once_is_one_look(tmp_path):
    seen = []

    def overtaken():
        seen.append(look(tmp_path, score=scored(1))[1])
        return scored(2)()

    _, late = look(tmp_path, score=overtaken)
    pd.testing.assert_frame_equal(late, seen[0])
    assert len(Ledger(tmp_path).looks()) == 1 and Ledger(tmp_path).faults() == []
    assert len(list(tmp_path.iterdir())) == 3


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
    del first["previous"], first["completions"]
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
    permission = Permission(selection="selection-two", reason="r" * 10)
    status, _ = look(tmp_path, "two", allowed=[permission])
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


# --- what others leave in the folder --------------------------------------------------

#: What an intent's copy is called by those who make one.
COPIES = {
    "Dropbox": "look-000001.intent (conflicted copy 2026-11-24).json",
    "Dropbox, of a person": "look-000001.intent (Ann's conflicted copy 2026-11-24).json",
    "Syncthing": "look-000001.intent.sync-conflict-20261124-101112-ABCDEFG.json",
    "Nextcloud": "look-000001.intent (conflicted copy 2026-11-24 101112).json",
    "OneDrive": "look-000001.intent-LAPTOP.json",
    "macOS": "look-000001.intent 2.json",
    "a browser": "look-000001.intent (1).json",
    "an editor": "look-000001.intent.json~",
    "a person": "Copy of look-000001.intent.json",
    "no zeros": "look-1.intent.json",
}


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("name", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize(
    "what", ["the same", "empty", "cut off", "no text", "no record"]
)
def test_a_copy_that_says_nothing_new_is_left_alone(tmp_path, name, what):
    look(tmp_path)
    same = (tmp_path / "look-000001.intent.json").read_bytes()
    (tmp_path / name).write_bytes(
        {
            "the same": same, "empty": b"", "cut off": same[:300],
            "no text": b"\x00\x05\x16\x07" * 64, "no record": b"[]",
        }[what]
    )  # fmt: skip
    before = content(tmp_path)
    assert len(Ledger(tmp_path).looks()) == 1 and Ledger(tmp_path).faults() == []
    assert content(tmp_path) == before


@pytest.mark.parametrize(
    "name",
    [
        ".DS_Store", "._look-000001.intent.json", "Thumbs.db", "desktop.ini", "notes.txt",
        ".look-000001.intent.json.swp", "look-abc.intent.json", "look-.intent.json",
        "look-000002.intent.json.tmp", ".stfolder", ".dropbox", "look.json",
        "look-000001.done 2.json", ".~lock.look-000001.done.json#",
    ],
)  # fmt: skip
def test_foreign_files_are_left_alone(tmp_path, name):
    (tmp_path / "ledger").mkdir()
    (tmp_path / "ledger" / name).write_bytes(b"\x00\x01 of somebody else")
    look(tmp_path / "ledger", policy="practice")
    (tmp_path / "ledger" / "look-000007.intent.json.d").mkdir()
    before = content_of_files(tmp_path / "ledger")
    assert look(tmp_path / "ledger", "two", "practice")[0].look.look == 2
    assert Ledger(tmp_path / "ledger").faults() == []
    after = content_of_files(tmp_path / "ledger")
    assert before.items() <= after.items()


def content_of_files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.mark.parametrize("name", COPIES.values(), ids=COPIES)
def test_a_look_that_a_synced_folder_set_aside_counts_and_is_told(tmp_path, name):
    here, there = tmp_path / "here", tmp_path / "there"
    _, first = look(here, "one", score=scored(1))
    _, second = look(there, "two", score=scored(2))
    shutil.copy(there / "look-000001.intent.json", here / name)
    shutil.copy(
        there / "look-000001.done.json",
        here / name.replace("intent", "done"),
    )
    (path,) = there.glob("*.parquet")
    shutil.copy(path, here)
    before = content(here)
    assert Ledger(here).faults() == []
    # Each selection has its own result, and neither look is unseen.
    for own, seen in (("one", first), ("two", second)):
        status, again = look(here, own)
        pd.testing.assert_frame_equal(again, seen)
        assert [told.set_aside for told in status.looks] == [None, name]
        assert [told.look for told in status.looks] == [1, 2]
    assert content(here) == before
    permission = Permission(selection="selection-three", reason="a further look")
    status, _ = look(here, "three", allowed=[permission])
    assert [told.selection for told in status.looks] == [
        "selection-one", "selection-two", "selection-three",
    ]  # fmt: skip
    assert status.look.look == 3 and Ledger(here).faults() == []


def test_a_look_set_aside_withholds_another(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    other = [sequence[::-1] for sequence in SEQUENCES]
    look(here, "one", sequences=other)
    look(there, "two")
    shutil.copy(there / "look-000001.intent.json", here / COPIES["Dropbox"])
    status, _ = look(here, "three")
    assert status.status == "withheld"
    assert status.looks[0].set_aside == COPIES["Dropbox"]


def test_a_synced_folder_may_set_aside_the_one_look_and_the_others_completion(tmp_path):
    """It decides file by file: digests say what belongs together, not names."""
    here, there = tmp_path / "here", tmp_path / "there"
    _, first = look(here, "one", score=scored(1))
    _, second = look(there, "two", score=scored(2))
    shutil.copy(there / "look-000001.intent.json", here / COPIES["Syncthing"])
    (here / "look-000001.done.json").rename(here / "look-000001.done 2.json")
    shutil.copy(there / "look-000001.done.json", here)
    (path,) = there.glob("*.parquet")
    shutil.copy(path, here)
    assert Ledger(here).faults() == []
    pd.testing.assert_frame_equal(look(here, "one")[1], first)
    pd.testing.assert_frame_equal(look(here, "two")[1], second)


def test_a_look_set_aside_before_it_was_completed_is_resumed(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    _, first = look(here, "one", score=scored(1))
    with pytest.raises(KeyboardInterrupt):
        look(there, "two", score=interrupted)
    shutil.copy(there / "look-000001.intent.json", here / COPIES["macOS"])
    _, second = look(here, "two", score=scored(2))
    pd.testing.assert_frame_equal(look(here, "two")[1], second)
    pd.testing.assert_frame_equal(look(here, "one")[1], first)
    assert len(Ledger(here).looks()) == 2 and Ledger(here).faults() == []


def interrupted():
    raise KeyboardInterrupt


def test_a_copy_that_took_the_place_of_a_look_is_told_with_the_remedy(tmp_path):
    look(tmp_path)
    path = tmp_path / "look-000001.intent.json"
    path.rename(tmp_path / COPIES["macOS"])
    (fault,) = Ledger(tmp_path).faults()
    assert "look 1 was removed" in fault
    assert f"{COPIES['macOS']} is it; then rename that" in fault
    (tmp_path / COPIES["macOS"]).rename(path)
    assert Ledger(tmp_path).faults() == []


# --- what a person may do to the records ----------------------------------------------


def test_a_completion_without_its_intent_is_nobodys(tmp_path):
    look(tmp_path)
    (tmp_path / "look-000001.intent.json").unlink()
    (fault,) = Ledger(tmp_path).faults()
    assert fault.endswith("look-000001.intent.json: look 1 was removed")
    calls = []
    with pytest.raises(EvenfoldError, match=r"done\.json: its intent was removed") as e:
        look(tmp_path, "two", score=scored(2, calls))
    assert "Restore the ledger from a backup" in str(e.value) and not calls


def test_a_completion_of_another_look_is_not_used(tmp_path):
    look(tmp_path, "one", "practice", score=scored(1))
    look(tmp_path, "two", "practice", score=scored(2))
    first, second = (tmp_path / f"look-00000{n}.done.json" for n in (1, 2))
    before = second.read_bytes()
    shutil.copy(first, second)
    # The first look's own is the first of the two; the second look has none.
    assert Ledger(tmp_path).looks()[1].completed is None
    first.unlink()
    assert Ledger(tmp_path).looks()[0].completed is not None
    write_json(second, {**read_json(second), "intent": "0" * 64})
    with pytest.raises(EvenfoldError, match="its intent was removed or changed"):
        Ledger(tmp_path).looks()
    assert any("changed after the look" in x for x in Ledger(tmp_path).faults())
    # Nor is one that holds no digest, as those of earlier versions did not.
    write_json(second, {**read_json(second), "intent": None})
    assert any("changed after the look" in x for x in Ledger(tmp_path).faults())
    second.write_bytes(before)


def test_a_completion_that_later_looks_know_cannot_be_changed_or_removed(tmp_path):
    for name in ("one", "two", "three"):
        look(tmp_path, name, "practice")
    path = tmp_path / "look-000001.done.json"
    before = path.read_bytes()
    write_json(path, {**read_json(path), "probes": [PROBE]})
    (fault,) = Ledger(tmp_path).faults()
    assert fault == f"{path}: changed after look 2 was taken"
    path.unlink()
    (fault,) = Ledger(tmp_path).faults()
    assert fault == f"{path}: removed after look 2 was taken"
    # Under another name it is the same completion.
    path.with_name("look-000001.done 2.json").write_bytes(before)
    assert Ledger(tmp_path).faults() == []


PROBE = {
    "name": "length", "what": "length alone", "seen": False, "n": 100, "sn": 0.9,
    "sp": 0.9, "mcc": 0.8, "auroc": 0.95,
}  # fmt: skip


def test_many_looks_that_were_removed_are_told_in_a_line(tmp_path):
    look(tmp_path)
    planted = tmp_path / "look-987654321.intent.json"
    shutil.copy(tmp_path / "look-000001.intent.json", planted)
    (fault,) = Ledger(tmp_path).faults()
    assert fault.endswith("look-000002.intent.json: looks 2 to 987654320 were removed")


@pytest.mark.parametrize("size", [0, 200], ids=["empty", "cut off"])
@pytest.mark.parametrize("pattern", ["*.intent.json", "*.done.json", "*.parquet"])
def test_a_file_that_was_cut_off_is_told_with_the_remedy(
    tmp_path, monkeypatch, pattern, size
):
    monkeypatch.setattr(entries, "SETTLES", 0.0)
    look(tmp_path)
    (path,) = tmp_path.glob(pattern)
    os.truncate(path, size)
    faults = Ledger(tmp_path).faults()
    assert any(str(path) in x and "Restore the ledger" in x for x in faults), faults
    for name in ("one", "two"):
        with pytest.raises(EvenfoldError) as error:
            look(tmp_path, name)
        assert str(path) in str(error.value)
        assert "Restore the ledger from a backup" in str(error.value)


def test_predictions_that_are_no_table_are_told_whatever_their_digest(tmp_path):
    look(tmp_path)
    (path,) = tmp_path.glob("*.parquet")
    os.truncate(path, 200)
    done = tmp_path / "look-000001.done.json"
    write_json(done, {**read_json(done), "sha256": sha256_file(path)})
    with pytest.raises(EvenfoldError, match=r"parquet cannot be read .* Restore the"):
        look(tmp_path)


def test_a_look_that_was_not_completed_says_how_it_is(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        look(tmp_path, score=interrupted)
    (begun,) = Ledger(tmp_path).looks()
    with pytest.raises(EvenfoldError, match=r"selection-one, again: it resumes"):
        begun.predictions()


# --- folders that cannot be written ----------------------------------------------------


def test_reading_a_ledger_makes_no_folder(tmp_path):
    book = Ledger(tmp_path / "above" / "ledger")
    assert book.looks() == [] == book.faults() == book.at(["a"])
    assert not (tmp_path / "above").exists()


@pytest.mark.parametrize("below", ["", "further/below"])
def test_a_file_in_the_place_of_the_ledger_is_told(tmp_path, below):
    (tmp_path / "ledger").write_text("a file")
    folder = tmp_path / "ledger" / below
    calls = []
    with pytest.raises(EvenfoldError, match=r"the ledger must be a folder") as error:
        look(folder, score=scored(1, calls))
    assert str(folder) in str(error.value) and "`ledger: <folder>`" in str(error.value)
    assert not calls and (tmp_path / "ledger").read_text() == "a file"


#: What systems say, and what is said to the user.
WRITES = {
    errno.EACCES: "Make the folder writable for you",
    errno.EROFS: "mounted read-only",
    errno.ENOSPC: "the disk of the ledger is full. Free some space",
    errno.EDQUOT: "the disk of the ledger is full",
    errno.EIO: "See to the disk or the network folder",
    errno.ESTALE: "See to the disk or the network folder",
}


@pytest.mark.parametrize("code", WRITES, ids=errno.errorcode.get)
def test_what_cannot_be_written_is_told_before_the_look(tmp_path, monkeypatch, code):
    def failing(*arguments, **keys):
        raise OSError(code, os.strerror(code), str(tmp_path))

    look(tmp_path, "one", "practice")
    before = content(tmp_path)
    calls = []
    for where in ("os.fsync", "tempfile.NamedTemporaryFile", "tempfile.mkdtemp"):
        with monkeypatch.context() as patch:
            patch.setattr(where, failing)
            with pytest.raises(EvenfoldError, match=WRITES[code]) as error:
                look(tmp_path, "two", "practice", score=scored(2, calls))
            # What is there already needs no leave to write.
            assert look(tmp_path, "one")[0].status == "evaluated"
        assert str(tmp_path) in str(error.value) and "run snakemake" in str(error.value)
    assert not calls and content(tmp_path) == before


def test_a_disk_that_is_nearly_full_is_told_before_the_look(tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(2**40, 0, 1_500_000))
    Ledger(tmp_path).check_writable()
    with pytest.raises(EvenfoldError, match=r"1,500,000 bytes left.*needs 1,600,000"):
        Ledger(tmp_path).check_writable(600_000)
    assert list(tmp_path.iterdir()) == []
    # Some network folders do not know their size.
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(0, 0, 0))
    Ledger(tmp_path).check_writable(600_000)


@pytest.mark.parametrize("code", WRITES, ids=errno.errorcode.get)
@pytest.mark.parametrize("where", ["predictions", "record"])
def test_a_completion_that_cannot_be_written_leaves_a_look_to_resume(
    tmp_path, monkeypatch, code, where
):
    full = []

    def failing(function):
        def write(self, *arguments):
            if full and arguments:
                raise OSError(code, os.strerror(code), str(tmp_path))
            return function(self, *arguments)

        return write

    def score():
        full.append(True)
        return scored(1)()

    kinds = {
        "predictions": (type(PREDICTIONS), "write"),
        "record": (Completion, "write"),
    }
    owner, name = kinds[where]
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, failing(getattr(owner, name)))
        with pytest.raises(EvenfoldError, match=WRITES[code]) as error:
            look(tmp_path, score=score)
    assert "The look was begun and counts; it is not lost" in str(error.value)
    assert "the same selection resumes" in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == ["look-000001.intent.json"]
    assert look(tmp_path, "two")[0].status == "withheld"
    status, predictions = look(tmp_path, score=scored(1))
    assert status.look.completed and len(predictions) == 100 == len(scored(1)())
    assert Ledger(tmp_path).faults() == []


@pytest.mark.parametrize(
    "code", [errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK]
)
def test_a_folder_without_hard_links_holds_a_ledger(tmp_path, monkeypatch, code):
    def link(*paths):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "link", link)
    _, first = look(tmp_path, "one", "practice", score=scored(1))
    look(tmp_path, "two", "practice", score=scored(2))
    pd.testing.assert_frame_equal(look(tmp_path, "one")[1], first)
    assert Ledger(tmp_path).faults() == [] and len(Ledger(tmp_path).looks()) == 2
    assert look(tmp_path, "three")[0].status == "withheld"
    # Nothing half is left where the disk is full in the middle.
    fsync, calls = os.fsync, []

    def full(handle):
        calls.append(handle)
        if len(calls) == 3:  # The trial, the record aside, the record itself.
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(handle)

    before = content(tmp_path)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(EvenfoldError, match="disk of the ledger is full"):
        look(tmp_path, "four", "practice")
    assert content(tmp_path) == before


def test_a_link_that_a_network_folder_reports_twice_is_taken(tmp_path, monkeypatch):
    link = os.link

    def twice(*paths):
        link(*paths)
        link(*paths)

    monkeypatch.setattr(os, "link", twice)
    assert look(tmp_path)[0].status == "evaluated"
    assert look(tmp_path, "two")[0].status == "withheld"


def test_a_record_that_is_being_written_is_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(entries, "SETTLES", 60.0)
    look(tmp_path)
    path = tmp_path / "look-000001.intent.json"
    whole = path.read_bytes()
    path.write_bytes(whole[:50])
    timer = threading.Timer(0.3, path.write_bytes, [whole])
    timer.start()
    assert len(Ledger(tmp_path).looks()) == 1
    timer.join()


def test_a_folder_where_nothing_lasts_by_name_still_holds_a_ledger(
    tmp_path, monkeypatch
):
    """Not every network folder can be told to write its names to the disk."""
    fsync = os.fsync

    def of_files(handle):
        if os.path.isdir(f"/proc/self/fd/{handle}"):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", of_files)
    assert look(tmp_path)[0].status == "evaluated"


@pytest.mark.parametrize("what", ["iterdir", "read_bytes"])
def test_a_ledger_that_may_not_be_read_is_told(tmp_path, monkeypatch, what):
    look(tmp_path)

    def forbidden(path):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(Path, what, forbidden)
    with pytest.raises(
        EvenfoldError, match=r"cannot be read .*Make it readable for you"
    ):
        Ledger(tmp_path).faults()


def test_swapped_weights_are_refused(tmp_path):
    path = tmp_path / "weights.safetensors"
    header = {"recipe": {}, "features": {}, "members": [{"fold": 0, "seed": 0}]}
    about = {"evenfold": json.dumps(header)}
    save_file({"weight": np.zeros(1)}, path, about)
    frozen = selection(weights_sha256=sha256_file(path))
    check_weights(frozen, {"bce": path})
    save_file({"weight": np.ones(1)}, path, about)
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
        assert row.ppv == row.tp / (row.tp + row.fp)
        assert row.npv == row.tn / (row.tn + row.fn)
        assert row.f1 == pytest.approx(2 / (1 / row.ppv + 1 / row.sn))
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
    assert path.read_text().split("\t")[-4:] == ["deployed", "ppv", "npv", "f1\n"]


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


def test_a_part_of_the_digests_recognises_what_all_do():
    generator = np.random.default_rng(3)
    pool = ["".join(generator.choice(list("ACDEFGHIKL"), 12)) for _ in range(4000)]
    for size, shared in ((2000, 1900), (2000, 500), (90, 80), (90, 0)):
        one = fingerprint(pool[:size])
        other = fingerprint(pool[size - shared : 2 * size - shared])
        assert same_digests(one, other) == (shared > size / 2)
        # What version 0.1.0 gave to MLflow.
        assert same_digests(one[:128], other[:128]) == (shared > size / 2)
        assert same_digests(one[:128], other) == (shared > size / 2)
    # A small set inside a large one is the same set.
    small = fingerprint(pool[:300])
    assert same_digests(fingerprint(pool)[:128], small[:128])
    assert (
        is_digests(small) and not is_digests(sketches(pool[:3])) and not is_digests([])
    )


def remembered(*names, test_set=SEQUENCES, known=lambda s: summary(sketches(s))):
    return [
        RememberedLook(
            selection=n, dataset="demo", recorded=str(when), test_set=known(test_set)
        )
        for when, n in enumerate(names)
    ]


@pytest.mark.parametrize(
    "known", [lambda s: summary(sketches(s)), lambda s: fingerprint(s)[:128]],
    ids=["by sketches", "by digests, as version 0.1.0"],
)  # fmt: skip
def test_a_look_that_only_the_other_record_knows_is_named_and_withholds_nothing(
    tmp_path, known
):
    others = remembered("selection-other", test_set=["WWW", "YYY"], known=known)
    told = remembered("selection-lost", "selection-one", "selection-lost", known=known)

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


def test_a_folder_in_the_place_of_a_record_is_named(tmp_path):
    (tmp_path / "look-000001.intent.json").mkdir()
    with pytest.raises(EvenfoldError, match=r"look-000001\.intent\.json is no file"):
        look(tmp_path)
