import warnings
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from evenfold import cli
from evenfold.config.reading import Reading
from evenfold.errors import EvenfoldError
from evenfold.evaluation import notes
from evenfold.evaluation.ledger import Ledger
from evenfold.evaluation.notes import leave, note_of, notes_at, sealed_set, told
from evenfold.prediction import Predictor
from evenfold.records.layout import Results
from evenfold.records.notes import Note
from evenfold.records.tables import SEQUENCES
from evenfold.sequences.sketch import sketches, summary
from tests.unit import reporting_states as states
from tests.unit.test_sketch import random_set

TRAIN, TEST = random_set(33, 30), random_set(33, 20, seed=1)
NEW = random_set(33, 5, seed=2)


@pytest.fixture
def results(tmp_path):
    """A run that was explored, up to the frozen selection."""
    found = Results(tmp_path / "results", "demo")
    rows = {
        "id": [f"s{row}" for row in range(len(TRAIN + TEST))],
        "sequence": [*TRAIN, *TEST],
        "role": ["train"] * len(TRAIN) + ["test"] * len(TEST),
    }
    missing = {n: "" for n in SEQUENCES.names if n not in (*rows, "label")}
    frame = pd.DataFrame({**rows, **missing, "label": -1})[SEQUENCES.names]
    SEQUENCES.write(found.path("sequences"), frame)
    states.selection().write(found.path("selection"))
    return found


def predictor(sealed):
    """A predictor that gives every sequence the score 0.5."""
    return Predictor(
        ensemble=SimpleNamespace(scores=lambda x: np.full(len(x), 0.5)),
        features=SimpleNamespace(refusal=lambda _: None, compute=list, vectors=None),
        reading=Reading(),
        threshold=0.4,
        probability=lambda scores: scores,
        variant="focal",
        selection="5e1ec7ed00000000",
        sealed=sealed,
    )


def fasta(path, sequences):
    path.write_text("".join(f">s{n}\n{s}\n" for n, s in enumerate(sequences)))
    return path


def test_a_test_set_is_sealed_until_the_selection_has_looked(results):
    sealed = sealed_set(results)
    assert sealed.selection == "5e1ec7ed00000000" and sealed.dataset == "demo"
    assert sealed.sequences == sketches(TEST) and sealed.test_set == summary(
        sketches(TEST)
    )
    path = results.path("evaluation")
    states.evaluation_withheld().write(path)
    assert sealed_set(results) == sealed
    states.evaluation(selection="an0ther000000000").write(path)
    assert sealed_set(results) == sealed
    path.write_text("{}")
    assert sealed_set(results) == sealed
    states.evaluation().write(path)
    assert sealed_set(results) is None


def test_a_published_split_is_sealed_with_its_data_set(results):
    beside = results.published
    beside.folder.mkdir()
    beside.path("sequences").write_bytes(results.path("sequences").read_bytes())
    states.selection(selection="pub1ished0000000").write(beside.path("selection"))
    assert sealed_set(beside).selection == "pub1ished0000000"
    states.evaluation().write(results.path("evaluation"))
    assert sealed_set(beside) is None


def test_a_held_out_test_set_is_known_by_the_whole_data_set(results):
    states.split(held_out=True).write(results.path("split_facts"))
    sealed = sealed_set(results)
    assert sealed.sequences == sketches(TEST)
    assert sealed.test_set == summary(sketches(TRAIN + TEST))


def test_without_sequences_nothing_is_sealed(results):
    results.path("sequences").unlink()
    assert sealed_set(results) is None


def test_what_is_told_has_the_number_of_test_sequences(results):
    sealed = sealed_set(results)
    assert note_of(sealed, [*TRAIN, *NEW]) is None
    note = note_of(sealed, [*NEW, *TEST[:3], TEST[0].lower(), TEST[4][1:-1]])
    assert (note.count, note.among) == (4, 20)
    assert told(note) == (
        "4 of the sequences are, or nearly are, among the 20 test sequences of demo, "
        "which the selection 5e1ec7ed00000000 holds sealed: to whoever knows their "
        "labels, these scores are a look at the test set."
    )


def test_the_predictor_warns_and_scores(results):
    sealed = sealed_set(results)
    with pytest.warns(UserWarning, match="^2 of the sequences are, or nearly are"):
        values, reasons = predictor(sealed).score([*NEW, *TEST[:2]])
    assert (values == 0.5).all() and reasons == [None] * 7
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        predictor(sealed).score([*NEW])
        predictor(None).score([*TEST])


def test_notes_stay_in_the_ledger_and_are_of_one_test_set(results, tmp_path):
    ledger = tmp_path / "ledger"
    note = note_of(sealed_set(results), [*TEST])
    path = leave(ledger, note)
    later = note.model_copy(update={"when": "2999-01-01T00:00:00+00:00"})
    assert leave(ledger, later) == path and Note.read(path) == note
    other = Note(**{**note.dump(), "test_set": summary(sketches(NEW)), "dataset": "x"})
    leave(ledger, other)
    assert len(notes.notes(ledger)) == 2 and notes.notes(tmp_path / "none") == []
    cut = [s[1:-1] for s in TEST]
    assert notes_at(ledger, sketches(cut)) == [note.model_copy(update={"test_set": []})]
    # What stands beside the looks is none of them.
    assert Ledger(ledger).looks() == [] and Ledger(ledger).faults() == []
    path.write_text("{}")
    with pytest.raises(EvenfoldError, match="Restore the ledger from a backup"):
        notes.notes(ledger)


def predicted(monkeypatch, results, sequences, *arguments):
    """Exit status of `evenfold predict` of sequences."""
    sealed = sealed_set(results)
    monkeypatch.setattr(Predictor, "load", lambda *_: predictor(sealed))
    new = fasta(results.root.parent / "new.fasta", sequences)
    out = results.root.parent / "new.tsv"
    out.unlink(missing_ok=True)
    argv = ["predict", str(results.folder), str(new), "--out", str(out), *arguments]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        code = cli.main(argv)
    assert len(pd.read_csv(out, sep="\t")) == len(sequences)
    return code


def test_the_command_tells_and_leaves_a_note(results, monkeypatch, capsys):
    ledger = results.root.parent / "resources/ledger"
    assert predicted(monkeypatch, results, NEW) == 0
    assert capsys.readouterr().err == "" and not ledger.exists()
    assert predicted(monkeypatch, results, [*NEW, *TEST]) == 0
    told = capsys.readouterr().err.splitlines()
    assert told[0].startswith(
        "Note: 20 of the sequences are, or nearly are, among the 20"
    )
    path = next(ledger.glob("note-*.json"))
    assert told[1] == f"Note: This is noted in {path}: later reports show it."
    assert len(told) == 2 and Note.read(path).count == 20
    other = results.root.parent / "other"
    assert predicted(monkeypatch, results, TEST, "--ledger", str(other)) == 0
    assert len(list(other.iterdir())) == 1
    # The recorded one, where another selection's look withheld this one's.
    (other / "2").mkdir()
    states.evaluation_withheld(ledger=f"{other}/2").write(results.path("evaluation"))
    assert predicted(monkeypatch, results, TEST) == 0
    assert len(list((other / "2").iterdir())) == 1
    # After the look nothing is said.
    states.evaluation(ledger=f"{other}/3").write(results.path("evaluation"))
    capsys.readouterr()
    assert predicted(monkeypatch, results, TEST) == 0
    assert capsys.readouterr().err == "" and not (other / "3").exists()


def test_a_ledger_that_cannot_be_written_stops_no_prediction(
    results, monkeypatch, capsys
):
    blocked = results.root.parent / "a file"
    blocked.write_text("")
    assert predicted(monkeypatch, results, TEST, "--ledger", str(blocked)) == 0
    told = capsys.readouterr().err
    assert f"Note: {blocked}: no note of it could be left in the ledger (" in told
    assert "so no report will show it. Make the folder writable" in told


def test_an_mlflow_model_warns_by_the_file_that_was_logged_with_it(
    results, tmp_path, monkeypatch
):
    from evenfold.prediction.mlflow_model import Champion

    monkeypatch.setattr(
        Predictor, "of", lambda _, weights, sealed, *more, **trust: predictor(sealed)
    )
    sealed_set(results).write(tmp_path / "sealed.json")
    artifacts = {"selection": "s", "weights": "w"}
    asked = pd.DataFrame({"sequence": [*NEW, *TEST]})
    for more, warned in (({}, 0), ({"sealed": tmp_path / "sealed.json"}, 1)):
        model = Champion()
        model.load_context(SimpleNamespace(artifacts=artifacts | more))
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            found = model.predict(None, asked)
        assert (found["class"] == "positive").all()
        told = [str(one.message) for one in seen]
        assert len([t for t in told if t.startswith("20 of the sequences")]) == warned


def test_an_mlflow_model_warns_of_other_packages(tmp_path, monkeypatch):
    from evenfold.prediction.mlflow_model import Champion

    monkeypatch.setattr(Predictor, "of", lambda *_, **trust: predictor(None))
    (tmp_path / "packages.txt").write_text("numpy==0.1\n")
    artifacts = {"selection": str(tmp_path / "selection.json"), "weights": "w"}
    with pytest.warns(
        UserWarning, match=r"numpy .* \(logged with 0\.1\)\. pip install"
    ):
        Champion().load_context(SimpleNamespace(artifacts=artifacts))


def test_rows_of_one_id_can_be_told_apart(tmp_path):
    fasta = tmp_path / "new.fasta"
    fasta.write_text(">new 0\nMKV\n>new 1\nMKL\n>other\nMKV\n>new 0\nMKV\n")
    ids = [record.id for record in predictor(None).read(fasta)]
    assert len(set(ids)) == 4 and set(ids) >= {"new", "new~2", "new~3", "other"}


def test_a_champion_that_was_not_looked_at_says_so_with_every_prediction():
    one = predictor(None)
    one.not_looked_at = "The test result is of other models."
    for ask in (one.score, one.predict):
        with pytest.warns(UserWarning, match="of other models"):
            ask(["MKV"])
