"""What a model was not made for is refused or told, in every way to ask it."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.models.utils import _enforce_schema
from mlflow.pyfunc.scoring_server import infer_and_parse_data, predictions_to_json

from evenfold.config.cleaning import Cleaning
from evenfold.config.reading import Reading
from evenfold.config.sites import Sites
from evenfold.errors import EvenfoldError
from evenfold.features import FeatureSet
from evenfold.prediction import Predictor
from evenfold.prediction.domain import Domain
from evenfold.prediction.mlflow_model import Champion, asked
from evenfold.prediction.trust import Trust
from evenfold.records.selection import Selection
from evenfold.selection.learned import learned_from
from evenfold.tracking.models import model_signature
from tests.unit import reporting_states as states
from tests.unit.test_sketch import random_set

WINDOWS = [s[:10] + "K" + s[10:20] for s in random_set(33, 50)]
WHOLE = random_set(300, 1)[0]
ANY = Domain()


def reading_with(sites=None, cleaning=None, **names):
    """How a data set's files are read."""
    return Reading(cleaning=cleaning or Cleaning(), **names).model_copy(
        update={"sites": sites}
    )


def predictor(domain=ANY, **changes):
    """A champion on composition, which can score anything, with the score 0.5."""
    own = reading_with(changes.pop("sites", None), changes.pop("cleaning", None))
    values = {
        "ensemble": SimpleNamespace(
            scores=lambda x: np.full(len(x), 0.5),
            mean_logits=lambda x: np.zeros(len(x)),
        ),
        "features": FeatureSet(("aac",), 0),
        "reading": own,
        "threshold": 0.4,
        "probability": lambda scores: scores / 2,
        "variant": "focal",
        "selection": "5e1ec7ed00000000",
        "trust": Trust(domain),
    }
    return Predictor(**(values | changes))


def test_what_the_training_sequences_were_like():
    learned = learned_from(WINDOWS)
    assert (learned.window, learned.centre) == (21, "K")
    assert (learned.shortest, learned.longest, learned.unknown) == (21, 21, 0)
    padded = learned_from([*WINDOWS, "-" * 10 + "KDEXX" + "A" * 6])
    assert (padded.shortest, padded.window, padded.centre) == (11, 21, "K")
    assert padded.unknown == pytest.approx(2 / 11) and "-" in padded.letters
    peptides = learned_from(["ACD", "ACDEF"])
    assert (peptides.window, peptides.centre, peptides.letters) == (None, None, "ACDEF")
    # Two dozen peptides of one length have a narrow middle by chance.
    assert learned_from(WINDOWS[:30]).centre is None
    # Peptides of one length have any residue in their middle.
    assert learned_from(random_set(21, 200)).centre is None
    assert (
        learned_from([*WINDOWS, *(w[:10] + "S" + w[11:] for w in WINDOWS)]).centre
        == "KS"
    )


@pytest.mark.parametrize(
    "sequence, why",
    [
        ("MKV", "3 letters, but the model was trained on windows of 21 around K"),
        (WHOLE, "300 letters, but the model was trained on windows of 21 around K"),
        ("A" * 21, "A in the middle, where every training window has K"),
        ("X" * 21, "unknown residues alone"),
        ("A" * 10 + "X" + "A" * 10, "X in the middle, where every training window has K"),
        (WINDOWS[0], None), (WINDOWS[0].lower(), None),
    ],
)  # fmt: skip
def test_what_is_no_window_of_the_training_is_refused(sequence, why):
    by_data = Domain.of(learned_from(WINDOWS), None)
    by_sites = Domain.of(None, Sites(residues="K", window=21))
    for domain in (by_data, by_sites):
        scores, reasons = predictor(domain).score([sequence])
        assert reasons == [why] and np.isnan(scores[0]) == (why is not None)


def test_several_residues_in_the_middle_are_listed():
    domain = Domain.of(None, Sites(residues="TSY", window=5))
    assert domain.refusal("AAKAA") == (
        "K in the middle, where every training window has S, T or Y"
    )


@pytest.mark.parametrize(
    "sequence, band, told",
    [
        ("ACDEF", "inside", ""),
        ("AC", "outside", "2 residues, those of the training have 3 to 30"),
        ("A" * 31, "outside", "31 residues, those of the training have 3 to 30"),
        ("ACDW", "outside", "letter W, which no training sequence has"),
        ("WYCC", "outside", "letters W, Y, which no training sequence has"),
        ("ACXX", "outside", "50% unknown residues, those of the training have at most 25%"),
        ("ACDX", "inside", ""),
    ],
)  # fmt: skip
def test_what_is_unlike_the_training_is_told(sequence, band, told):
    domain = Domain.of(learned_from(["ACD", "ACDX", "ACDEF" * 6]), None)
    found = predictor(domain).predict([sequence])
    assert found["domain"].tolist() == [band] and found["reason"].tolist() == [told]
    assert found["score"].tolist() == [0.5]


@pytest.mark.parametrize("form", [list, pd.Series, np.array])
def test_ids_are_given_in_any_form_and_each_its_own(form):
    champion, sequences = predictor(Domain()), ["ACDEF", "ACDEW"]
    found = champion.predict(form(sequences), form(["a", "b"]))
    assert found["id"].tolist() == ["a", "b"]
    with pytest.raises(
        EvenfoldError, match="2 sequences, but 1 ids: give each its own"
    ):
        champion.predict(form(sequences), form(["a"]))


def test_of_a_selection_that_kept_no_facts_nothing_is_claimed(tmp_path):
    path = tmp_path / "selection.json"
    found = states.selection().dump()
    del found["learned"]
    path.write_text(json.dumps(found))
    domain = Domain.of(Selection.read(path).learned, None)
    assert domain == Domain() and domain.judge(["A"]) == (["unknown"], [""])


ROWS = [WINDOWS[0], None, float("nan"), 3, ["A"], "", "  ", "MK#", "NA", WINDOWS[1]]
REASONS = [
    "no sequence: its cell is empty", "no sequence: its cell is empty",
    "no sequence: int in place of a text", "no sequence: list in place of a text",
    "no sequence: its cell is empty", "no sequence: its cell is empty",
    "letter '#' at position 3",
    "2 letters, but the model was trained on windows of 21 around K",
]  # fmt: skip


SIGNATURE = model_signature()


def answered(given):
    model = Champion()
    model.predictor = predictor(Domain.of(learned_from(WINDOWS), None))
    return model.predict(None, given)


def through_mlflow(given):
    """What reaches the model of what it is called with."""
    return _enforce_schema(given, SIGNATURE.inputs)


def check(found):
    """The good rows are scored, each bad one is answered alone, and all of it is JSON."""
    assert found["class"].tolist() == ["positive", *[None] * 8, "positive"]
    assert found["positive"].tolist() == [1, *[None] * 8, 1]
    assert found["score"].tolist() == [0.5, *[None] * 8, 0.5]
    assert found["probability"].tolist() == [0.25, *[None] * 8, 0.25]
    assert found["reason"].tolist() == ["", *REASONS, ""]
    sent = SimpleNamespace(write=lambda text: None)
    texts = []
    sent.write = texts.append
    predictions_to_json(found, sent)

    def refuse(constant):
        raise AssertionError(constant)

    rows = json.loads("".join(texts), parse_constant=refuse)["predictions"]
    assert (
        rows[1]["class"] is None and rows[0]["class"] == "positive" and len(rows) == 10
    )


@pytest.mark.parametrize("form", ["list", "frame", "dict", "rows"])
def test_one_bad_row_takes_no_other(form):
    check(
        answered(
            {
                "list": ROWS,
                "frame": pd.DataFrame({"sequence": pd.Series(ROWS, dtype=object)}),
                "dict": {"sequence": ROWS},
                "rows": [{"sequence": row} for row in ROWS],
            }[form]
        )
    )


@pytest.mark.parametrize(
    "body",
    [
        {"inputs": ROWS}, {"instances": ROWS}, {"instances": {"sequence": ROWS}},
        {"inputs": {"sequence": ROWS}}, {"inputs": [{"sequence": row} for row in ROWS]},
        {"dataframe_split": {"data": [[row] for row in ROWS]}},
        {"dataframe_split": {"columns": ["sequence"], "data": [[row] for row in ROWS]}},
        {"dataframe_records": [{"sequence": row} for row in ROWS]},
        {"dataframe_split": {"columns": ["id", "sequence"],
                             "data": [["x", row] for row in ROWS]}},
    ],
)  # fmt: skip
def test_a_request_to_the_served_model_is_answered_row_by_row(body):
    body = json.loads(json.dumps(body).replace("NaN", "null"))
    check(answered(through_mlflow(infer_and_parse_data(body, SIGNATURE.inputs))))


@pytest.mark.parametrize(
    "form", [list, np.array, pd.Series, lambda rows: pd.Series(rows, name="sequence"),
             lambda rows: pd.Series(rows, index=[f"row {n}" for n in range(len(rows))]),
             lambda rows: pd.DataFrame({"sequence": rows}), lambda rows: {"sequence": rows},
             lambda rows: [{"sequence": row} for row in rows]]
)  # fmt: skip
def test_the_loaded_model_takes_every_form(form):
    found = answered(through_mlflow(form([WINDOWS[0], "MKV", WINDOWS[1]])))
    assert found["score"].tolist() == [0.5, None, 0.5]
    assert answered(through_mlflow(form(WINDOWS[:1])))["class"].tolist() == ["positive"]


def test_the_signature_survives_its_file():
    """One of the names is a number: MLflow keeps it as one."""
    kept = ModelSignature.from_dict(json.loads(json.dumps(SIGNATURE.to_dict())))
    assert kept == SIGNATURE
    assert kept.inputs.input_names() == [0, "sequence", "id"]


def test_rows_have_the_ids_that_are_given():
    given = ["a", None, 3, 4.0, 0.5, float("nan"), " ", True, np.int64(5)]
    frame = pd.DataFrame({"id": given, "sequence": [WINDOWS[0]] * 9})
    ids = answered(frame)["id"].tolist()
    named = ids[1]
    assert named.startswith("seq-")
    assert ids == ["a", named, "3", "4", "0.5", named, named, named, "5"]
    assert model_signature().outputs.input_names() == list(answered(["MKV"]).columns)


def test_ids_of_a_request_come_back():
    """MLflow drops columns that the signature does not name."""
    rows = [{"id": "a", "sequence": WINDOWS[0]}, {"id": 7, "sequence": None}]
    for body in (
        {"dataframe_records": rows},
        {"inputs": {"id": ["a", 7], "sequence": [WINDOWS[0], None]}},
        # Of texts alone MLflow makes one row with lists in it.
        {"inputs": {"id": ["a", "7"], "sequence": [WINDOWS[0], "MKV"]}},
        {"instances": rows},
    ):
        found = answered(through_mlflow(infer_and_parse_data(body, SIGNATURE.inputs)))
        assert found["id"].tolist() == ["a", "7"], body


def test_a_request_without_the_column_is_told():
    with pytest.raises(EvenfoldError, match=r"nor a column 'sequence'.* found: seq\."):
        asked(pd.DataFrame({"seq": ["MKV"]}))
    assert asked("MKV") == (["MKV"], None)
    with pytest.raises(
        EvenfoldError, match="2 sequences, but 1 ids: give each its own"
    ):
        asked({"sequence": ["MKV", "MKK"], "id": ["a"]})
    for nothing in ([], {"seq": ["MKV"]}):
        with pytest.raises(
            MlflowException, match="no sequences: neither a list"
        ) as told:
            answered(through_mlflow(nothing))
        assert told.value.get_http_status_code() == 400


@given(st.lists(st.one_of(st.none(), st.floats(), st.integers(), st.text(), st.binary(),
                          st.lists(st.text(), max_size=2), st.booleans()), max_size=8))  # fmt: skip
def test_whatever_is_asked_every_row_is_answered(rows):
    found = answered(rows)
    assert len(found) == len(rows)
    scored = found["score"].notna()
    assert (found["reason"][~scored].map(len) > 0).all()
    assert found["class"][~scored].map(lambda value: value is None).all()
