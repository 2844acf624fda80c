"""What a look is bound to: attacked, mistaken and corrected, without Snakemake."""

import re
import shutil

import pytest

from evenfold.config.dataset import Dataset
from evenfold.config.decides import Decides, decided
from evenfold.config.loading import load_run
from evenfold.config.looks import PLACEHOLDERS
from evenfold.config.losses import settings_of
from evenfold.config.run import Run
from evenfold.config.section import Section
from evenfold.errors import EvenfoldError
from evenfold.evaluation.binding import (
    asked_otherwise,
    labels_digest,
    not_looked_at,
)
from evenfold.evaluation.ledger import Ledger
from evenfold.evaluation.looking import Sealed, Terms, evaluate
from evenfold.evaluation.notes import leave, note_of
from evenfold.evaluation.scoring import check_ids
from evenfold.files import read_json, write_json
from evenfold.records.evaluation import (
    Correction,
    LabelsTold,
    Permission,
    RememberedLook,
    RememberedLooks,
)
from evenfold.records.layout import Results
from evenfold.records.notes import SealedSet
from evenfold.records.selection import Request
from evenfold.sequences.cleaning import Seen
from evenfold.sequences.reading import Record
from evenfold.sequences.sketch import sketches, summary
from evenfold.sources import Sources
from tests.unit import reporting_states as states
from tests.unit.test_ledger import NOTHING, SEQUENCES, scored, selection

LABELS = {f"r{i}": i % 2 for i in range(100)}
#: The same, 20 positives of them called negative.
OTHERS = LABELS | {f"r{i}": 0 for i in range(1, 40, 2)}


def looked(folder, of=None, terms=None, labels=LABELS, score=None, remembered=NOTHING):
    """What a look tells, and its predictions."""
    return evaluate(
        of or selection(),
        Ledger(folder),
        terms or Terms("sealed"),
        Sealed(SEQUENCES, labels),
        lambda: score or scored(),
        remembered,
    )[:2]


def never():
    raise AssertionError("scored again")


# --- models that were trained again -------------------------------------------------


@pytest.mark.parametrize(
    "change, told",
    [
        ({"weights_sha256": "x"}, "were trained again since the look of"),
        ({"threshold": 0.7}, "were tuned again since the look of"),
    ],
)
def test_models_trained_again_are_never_mixed_with_those_looked_at(
    tmp_path, change, told
):
    _, first = looked(tmp_path)
    again = selection(**change)
    status, shown = looked(tmp_path, again, score=never)
    assert status.status == "evaluated" and len(status.looks) == 1
    assert shown.equals(first)
    since = status.since_look
    assert told in since.told and "that of the models looked at" in since.told
    assert status.models == again.models != status.look.models

    # The exact setting allows one more look; that of other models does not.
    other = Permission(selection="selection-one", models="f" * 16, reason="r" * 10)
    assert len(looked(tmp_path, again, Terms("sealed", (other,)))[0].looks) == 1
    unbound = Permission(selection="selection-one", reason="r" * 10)
    assert len(looked(tmp_path, again, Terms("sealed", (unbound,)))[0].looks) == 1
    allowed = Terms("sealed", (since.to_look_again,))
    status, fresh = looked(tmp_path, again, allowed, score=scored(seed=5))
    assert len(status.looks) == 2 and status.look.look == 2
    assert status.since_look is None and not fresh.equals(first)
    # Models that come back have their own look.
    status, shown = looked(tmp_path, score=never)
    assert status.look.look == 1 and shown.equals(first)


def test_a_champion_of_models_not_looked_at_marks_no_row_of_the_look(tmp_path):
    looked(tmp_path)
    two = selection().variants | {"focal": selection().variants["bce"]}
    other = selection().model_copy(update={"variants": two, "champion": "focal"})
    status, _ = looked(tmp_path, other, score=never)
    assert status.look.champion == "bce"
    assert "the champion, focal in place of bce" in status.since_look.told


def test_practice_looks_again_at_models_trained_again(tmp_path):
    practice = Terms("practice")
    looked(tmp_path, terms=practice)
    status, _ = looked(tmp_path, selection(weights_sha256="x"), practice)
    assert status.look.look == 2 and status.since_look is None


def test_a_look_begun_with_other_models_is_not_resumed_with_these(tmp_path):
    def crash():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        looked(tmp_path, score=crash)
    status, _ = looked(tmp_path, selection(weights_sha256="x"), score=never)
    assert status.status == "withheld" and 'models: "' in status.told
    allowed = Terms("sealed", (status.to_look_again,))
    status, _ = looked(tmp_path, selection(weights_sha256="x"), allowed)
    assert status.status == "evaluated" and len(status.looks) == 2
    assert looked(tmp_path)[0].look.look == 1


def test_predict_says_that_its_models_were_not_looked_at(tmp_path):
    results = Results(tmp_path, "demo")
    own = states.selection()
    own.write(results.path("selection"))
    assert not_looked_at(results) is None
    for models, said in ((own.models, False), ("0" * 16, True)):
        status = states.evaluation(look=states.look(models=models))
        status.write(results.path("evaluation"))
        told = not_looked_at(results)
        assert (told is not None) is said
    assert told.startswith(
        "These models were trained again since the look of 2 January"
    )
    # Version 0.1.0 recorded no digest of the models.
    states.retrained(look=states.look()).write(results.path("evaluation"))
    assert not_looked_at(results) is not None
    states.evaluation_withheld().write(results.path("evaluation"))
    assert not_looked_at(results) is None


def test_sealed_sequences_that_were_scored_are_told_at_the_look(tmp_path):
    sealed = SealedSet(
        selection="selection-one", dataset="demo", sequences=sketches(SEQUENCES),
        test_set=summary(sketches(SEQUENCES)),
    )  # fmt: skip
    leave(tmp_path, note_of(sealed, SEQUENCES[:7]))
    status, _ = looked(tmp_path)
    assert [(note.count, note.among) for note in status.notes] == [(7, 100)]
    assert status.look.look == 1 and len(status.looks) == 1


def test_a_look_that_was_not_completed_hides_none_that_was(tmp_path):
    _, first = looked(tmp_path)
    again = selection(weights_sha256="x")
    permission = looked(tmp_path, again, score=never)[0].since_look.to_look_again

    def crash():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        looked(tmp_path, again, Terms("sealed", (permission,)), score=crash)
    status, shown = looked(tmp_path, selection(weights_sha256="y"), score=never)
    assert status.status == "evaluated" and shown.equals(first)
    assert [look.completed for look in status.looks] == [True, False]


def test_practice_does_not_open_a_test_set_that_was_sealed(tmp_path):
    looked(tmp_path)
    status, _ = looked(tmp_path, selection("two"), Terms("practice"), score=never)
    assert status.status == "withheld"


def test_what_is_asked_otherwise_is_told():
    one = request(
        settings={"seed": 1, "variants": {"bce": {"training": {"epochs": 5}}}}
    )
    two = request(
        train="x", settings={"seed": 1, "variants": {"bce": {"training": {}}}}
    )
    assert asked_otherwise(one, two) == [
        "the training records",
        "variants.bce.training.epochs: 5 before, the default now",
    ]
    assert asked_otherwise(one, one) == [] == asked_otherwise(None, one)


def test_a_withheld_look_tells_what_is_asked_otherwise(tmp_path):
    first = selection().model_copy(update={"request": request(settings={"seed": 1})})
    looked(tmp_path, first)
    second = selection("two").model_copy(
        update={"request": request(settings={"seed": 2})}
    )
    status, _ = looked(tmp_path, second, score=never)
    assert "Asked otherwise since: seed: 1 before, 2 now. The cross" in status.told


@pytest.mark.parametrize("key", ["allow_look", "amend_labels"])
def test_what_stands_for_a_reason_is_none(key):
    entry = {"selection": "0" * 16, "reason": PLACEHOLDERS[key == "amend_labels"]}
    if key == "amend_labels":
        entry["labels"] = "0" * 16
    with pytest.raises(EvenfoldError, match="this stands for your reason"):
        load_run({"datasets": ["demo"], "variants": ["bce"], key: [entry]})


def test_models_beside_those_of_the_published_split_were_looked_at(tmp_path):
    results = Results(tmp_path, "demo")
    own, published = states.selection(), states.selection(dataset="demo/published")
    own.write(results.path("selection"))
    published.write(results.published.path("selection"))
    look = states.look(models=own.beside(published).models)
    states.evaluation(look=look).write(results.path("evaluation"))
    assert not_looked_at(results) is None
    other = states.evaluation(look=look, selection="0ther00000000000")
    other.write(results.path("evaluation"))
    assert "is of another selection (0ther00000000000)" in not_looked_at(results)


# --- labels -------------------------------------------------------------------------


def test_changed_labels_are_counted_and_amended_only_with_a_reason(tmp_path):
    _, first = looked(tmp_path)
    status, shown = looked(tmp_path, labels=OTHERS, score=never)
    assert shown.equals(first) and status.amendments == []
    changed = status.changed_labels
    assert (changed.changed, changed.missing) == (20, 0)
    assert changed.told.startswith("20 of 100 labels of the test set were changed")
    assert changed.to_amend.labels == labels_digest(OTHERS)

    wrong = Correction(selection="selection-one", labels="0" * 16, reason="r" * 10)
    status, _ = looked(tmp_path, terms=Terms("sealed", (), (wrong,)), labels=OTHERS)
    assert status.amendments == []
    given = changed.to_amend.model_copy(update={"reason": "20 were mistyped"})
    terms = Terms("sealed", (), (given,))
    status, shown = looked(tmp_path, terms=terms, labels=OTHERS, score=never)
    (amended,) = status.amendments
    assert shown.equals(first) and status.changed_labels is None
    assert (amended.changed, amended.reason) == (20, "20 were mistyped")
    wanted = (first["called"] == first["id"].map(OTHERS)).mean()
    row = next(row for row in amended.rows if row.deployed)
    n = {label: sum(value == label for value in OTHERS.values()) for label in (0, 1)}
    assert (row.sn * n[1] + row.sp * n[0]) / 100 == pytest.approx(wanted)
    # From now on every report shows it, also without the setting and the new labels.
    assert len(looked(tmp_path)[0].amendments) == 1
    assert len(looked(tmp_path, terms=terms, labels=OTHERS)[0].amendments) == 1
    # Also that of a selection whose look is withheld, and whatever a folder leaves there.
    (path,) = tmp_path.glob("amendment-*.json")
    shutil.copy(path, tmp_path / f"{path.stem} (conflicted copy).json")
    (tmp_path / "amendment-000001-old.json").write_text("junk")
    assert len(looked(tmp_path, selection("two"))[0].amendments) == 1
    next(tmp_path.glob("amendment-*.labels.parquet")).unlink()
    with pytest.raises(EvenfoldError, match="are missing or were changed since"):
        looked(tmp_path)


def test_a_look_goes_on_with_the_labels_it_began_with(tmp_path):
    def crash():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        looked(tmp_path, score=crash)
    with pytest.raises(EvenfoldError, match="labels of the test set were changed"):
        looked(tmp_path, labels=OTHERS)
    assert looked(tmp_path)[0].status == "evaluated"


def test_the_classes_of_the_test_set_are_measured_in_the_look(tmp_path):
    looked(tmp_path)
    (look,) = Ledger(tmp_path).looks()
    assert look.completed.labels == LabelsTold(positives=50, negatives=50)
    assert look.intent.labels == labels_digest(LABELS)


# --- what can fail, before --------------------------------------------------------


def test_nothing_is_written_where_a_look_cannot_be_taken(tmp_path):
    def refuse():
        raise EvenfoldError("test sequence q: too short")

    with pytest.raises(EvenfoldError, match="too short"):
        evaluate(
            selection(), Ledger(tmp_path), Terms("sealed"), Sealed(SEQUENCES, LABELS),
            refuse, NOTHING,
        )  # fmt: skip
    assert not list(tmp_path.glob("look-*"))


@pytest.mark.parametrize(
    "ids, test, labels, told",
    [
        (["a", "q", "q"], ["q", "q"], {"q": 1}, "1 id stands before several"),
        (["a", "b", "c"], ["b", "c"], {"b": 1}, "1 test sequence has no label, 'c'"),
        (["a", "b"], ["b"], {"b": 3}, "1 test sequence has no label, 'b'"),
    ],
)
def test_ids_and_labels_are_checked_before_the_look(ids, test, labels, told):
    with pytest.raises(EvenfoldError, match=re.escape(told)):
        check_ids(ids, test, labels)


# --- an upgrade ---------------------------------------------------------------------


def older(folder, **change):
    """The ledger as version 0.1.0 had written it."""
    path = folder / "look-000001.intent.json"
    intent = read_json(path)
    added = "schema_version request models thresholds labels sketches completions"
    for key in added.split():
        del intent[key]
    write_json(path, intent | {"evenfold": "0.1.0"} | change)
    path = folder / "look-000001.done.json"
    done = read_json(path)
    write_json(path, {k: v for k, v in done.items() if k not in ("measures", "intent")})


@pytest.mark.parametrize("name", ["one", "two"])
def test_an_upgrade_withholds_nothing(tmp_path, name):
    _, first = looked(tmp_path)
    older(tmp_path)
    status, shown = looked(tmp_path, selection(name), score=never)
    assert status.status == "evaluated" and shown.equals(first)
    told = status.since_look.told
    assert "recorded by evenfold 0.1.0, which identified selections in another" in told
    assert status.since_look.changed == [] and status.since_look.to_look_again is None


def test_after_an_upgrade_other_models_are_told(tmp_path):
    looked(tmp_path)
    older(tmp_path)
    status, _ = looked(tmp_path, selection(weights_sha256="x"), score=never)
    assert status.status == "evaluated" and "trained again" in status.since_look.told


def test_the_look_of_another_data_set_stays_anothers_after_an_upgrade(tmp_path):
    looked(tmp_path)
    older(tmp_path, dataset="other", weights={"bce": "v"})
    status, _ = looked(tmp_path, selection("two"), score=never)
    assert status.status == "withheld"


# --- a deleted ledger ---------------------------------------------------------------


def test_a_look_of_the_same_selection_that_the_ledger_lost_is_named(tmp_path):
    status, _ = looked(tmp_path / "first")
    told = RememberedLook(
        selection="selection-one", dataset="demo", recorded="2026-01-01",
        looked_at="2026-01-01T00:00:00+00:00", test_set=status.test_set,
    )  # fmt: skip
    record = RememberedLooks(answered=True, looks=[told])
    status, _ = looked(tmp_path / "second", remembered=record)
    assert [look.looked_at for look in status.elsewhere] == [told.looked_at]
    # Without its time, as version 0.1.0 recorded it, it may be this one.
    record = RememberedLooks(
        answered=True, looks=[told.model_copy(update={"looked_at": None})]
    )
    assert looked(tmp_path / "second", remembered=record)[0].elsewhere == []


# --- what identifies a selection ----------------------------------------------------


def request(**change):
    values = {
        "schema_version": 2, "train": "a", "test": "b", "settings": {}, "code": {},
        "vectors": {},
    }  # fmt: skip
    return Request(**(values | change))


def test_a_key_that_is_added_with_its_default_changes_no_identity():
    class Longer(type(states.decides().grouping)):
        """Of a later version."""

        linkage: str = "single"

    now = states.decides()
    later = now.model_copy(update={"grouping": Longer()})
    assert now.settings() == later.settings()
    set_apart = now.model_copy(update={"grouping": Longer(linkage="complete")})
    assert set_apart.settings() != now.settings()
    assert set_apart.settings()["grouping"] == {"linkage": "complete"}


def test_a_default_that_is_written_out_is_no_setting():
    assert states.decides().settings() == {
        "seed": 1,
        "reading": {}, "grouping": {}, "split": {}, "selection": {},
        "variants": {
            "bce": {"loss": {"name": "bce"}, "training": {"epochs": 2}},
            "focal": {"loss": {"name": "focal"}, "training": {"epochs": 2}},
        },
        "order": ["bce", "focal"],
    }  # fmt: skip
    other = states.decides(focal={"name": "focal", "gamma": 3.0})
    assert other.settings()["variants"]["focal"]["loss"] == {
        "name": "focal",
        "gamma": 3.0,
    }


@pytest.mark.parametrize(
    "loss",
    [
        {"name": "wbce", "mode": "balanced", "fn_weight": 3.0},
        {"name": "snsp", "mode": "error", "rate": 0.5, "limit": 9.0},
        {"name": "snsp", "mode": "seed_fixed", "smoothing": 0.5},
        {"name": "anyloss", "measure": "gmean", "beta": 2.0},
    ],
    ids=lambda loss: loss["name"],
)
def test_settings_without_effect_beside_the_others_identify_nothing(loss):
    first, second, *_ = loss
    default = settings_of({"name": loss["name"]}).model_dump()
    plain = {key: loss[key] for key in (first, second) if loss[key] != default[key]}
    found = states.decides(v={"name": loss["name"], **loss}).settings()
    assert found["variants"]["v"]["loss"] == {"name": loss["name"], **plain}
    assert found == states.decides(v={"name": loss["name"], **plain}).settings()


def test_settings_of_a_loss_of_ones_own_identify():
    own = {"name": "mine:Loss", "power": 3}
    found = states.decides(mine=own).settings()["variants"]["mine"]["loss"]
    assert found == own


def test_what_does_not_decide_identifies_nothing():
    decides = states.decides()
    variant = decides.variants["bce"]
    stored = variant.training.embeddings.model_copy(
        update={"store": "elsewhere", "batch_residues": 10}
    )
    training = variant.training.model_copy(update={"embeddings": stored})
    variants = decides.variants | {
        "bce": variant.model_copy(update={"training": training})
    }
    reading = decides.reading.model_copy(update={"form": "table", "id_column": "name"})
    other = decides.model_copy(update={"variants": variants, "reading": reading})
    assert other.settings() == decides.settings()


#: What may be changed at any time; a new key is part of what is asked unless it is here.
UNDECIDED = {
    "Run": "datasets device threads engine mirror ledger predict prediction tracking allow_look "
    "amend_labels audit learning_curve",
    "Dataset": "form label_pattern positive_label negative_label id_column "
    "sequence_column label_column source_column source_pattern description train test "
    "test_policy published audit about",
    "SelectionSettings": "error",
    "Embeddings": "file store batch_residues",
}
WHOLLY = {
    "About",
    "Engine",
    "Tracking",
    "Look",
    "Amend",
    "Sources",
    "File",
    "Audit",
    "Prediction",
}


def sections(of=Section):
    for section in of.__subclasses__():
        yield section
        yield from sections(section)


def test_every_key_is_known_to_decide_or_not():
    for section in {Run, Dataset, *sections()}:
        name = section.__name__
        if not section.__module__.startswith("evenfold."):
            continue
        assert section.decides == (name not in WHOLLY)
        if name in UNDECIDED:
            assert section.undecided == set(UNDECIDED[name].split())
        elif name not in ("Reading", "Origin"):
            assert not section.undecided
        assert section.undecided <= set(section.model_fields)


def test_sections_that_decide_nothing_give_nothing():
    assert decided(Run(variants=["bce"]).engine) == {}
    assert isinstance(states.decides(), Decides)


def test_identity_is_of_all_that_is_asked():
    one = request()
    changes = (
        {"train": "x"}, {"test": "x"}, {"test": None}, {"settings": {"seed": 2}},
        {"code": {"mine:Net": "1"}}, {"vectors": {"bce": "1"}}, {"schema_version": 3},
    )  # fmt: skip
    identities = {one.identity, *(request(**change).identity for change in changes)}
    assert len(identities) == 8 and len(one.identity) == 16


def records(*rows):
    return [Record(i, s, source, label, "file") for i, s, source, label in rows]


def seen(role, rows):
    found = Seen(role)
    assert list(found.of(rows)) == rows
    return found.digest()


ROWS = (("a", "MKV", "P1", 1), ("b", "MKL", "", 0), ("c", "MKV", "", 1))


def test_records_count_whatever_their_order_and_test_labels_do_not():
    rows = records(*ROWS)
    assert seen("train", rows) == seen("train", rows[::-1])
    for other in (
        ("x", "MKV", "P1", 1), ("a", "MKI", "P1", 1), ("a", "MKV", "P2", 1),
        ("a", "MKV", "P1", 0),
    ):  # fmt: skip
        changed = records(other, *ROWS[1:])
        assert seen("train", changed) != seen("train", rows)
        same = other[1] == "MKV"
        assert (seen("test", changed) == seen("test", rows)) is same
    assert seen("test", rows) != seen("test", rows[:2])


def test_own_code_counts_by_its_content_alone(tmp_path):
    (tmp_path / "mine.py").write_text("import helping\nfrom evenfold import losses\n")
    (tmp_path / "helping.py").write_text("x = 1\n")

    def digest():
        return Sources(folder=tmp_path).own_digest("mine:Net")

    first = digest()
    (tmp_path / "mine.py").write_text("import helping\nfrom evenfold import losses #\n")
    assert digest() == first
    (tmp_path / "helping.py").write_text("x = 2\n")
    assert digest() != first
