"""Records and tables: there and back, and what is said of a file that does not fit."""

import importlib
import inspect
import json
import math
import pkgutil
import types
import typing

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import evenfold.records
from evenfold.errors import EvenfoldError
from evenfold.records import tables
from evenfold.records.evaluation import (
    Amendment,
    Completion,
    Intent,
    Measured,
    RememberedLooks,
    read_measured,
)
from evenfold.records.layout import (
    FILES,
    RESERVED_DATASETS,
    RESERVED_VARIANTS,
    Results,
    check_names,
    pattern,
)
from evenfold.records.notes import Note, SealedSet
from evenfold.records.prediction import Bundle, NotLookedAt
from evenfold.records.record import Part, Record
from evenfold.records.selection import Selection, is_published
from evenfold.records.sequences import (
    AuditFacts,
    Counts,
    FeatureFacts,
    GroupingFacts,
    SplitFacts,
)
from evenfold.records.tables import Table
from evenfold.records.thresholds import HALF, Tuned, Twin, read_thresholds
from evenfold.records.tracking import Store, TrackedRun

MODULES = [
    importlib.import_module(f"evenfold.records.{module.name}")
    for module in pkgutil.iter_modules(evenfold.records.__path__)
]
RECORDS = {
    kind
    for module in MODULES
    for _, kind in inspect.getmembers(module, inspect.isclass)
    if issubclass(kind, Record) and kind is not Record
}
TABLES = {name: t for name, t in vars(tables).items() if isinstance(t, Table)}
EVERY_RECORD = pytest.mark.parametrize(
    "kind", sorted(RECORDS, key=lambda kind: kind.__name__), ids=lambda k: k.__name__
)
EVERY_TABLE = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES.keys())
#: Making a record of forty fields takes its time; files are made anew each time.
LIGHT = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)

FINITE = st.floats(allow_nan=False, allow_infinity=False)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | FINITE | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.text(max_size=4), inner, max_size=2)
    ),
    max_leaves=4,
)
SIMPLE = {
    str: st.text(max_size=6),
    int: st.integers(-(2**40), 2**40),
    float: FINITE,
    bool: st.booleans(),
    type(None): st.none(),
    typing.Any: JSON_VALUES,
}


def values_of(annotation):
    """Strategy of the values that a field may have."""
    if annotation in SIMPLE:
        return SIMPLE[annotation]
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal:
        return st.sampled_from(inner)
    if origin in (typing.Union, types.UnionType):
        return st.one_of(*(values_of(kind) for kind in inner))
    if origin is list:
        return st.lists(values_of(inner[0]), max_size=2)
    if origin is tuple:
        return st.tuples(*(values_of(kind) for kind in inner))
    if origin is dict:
        return st.dictionaries(st.text(max_size=4), values_of(inner[1]), max_size=2)
    return st.deferred(lambda: records_of(annotation))


def records_of(kind):
    """Strategy of the records of a class."""
    fields = {
        # Of bounded numbers there are thresholds alone.
        name: st.floats(0, 1) if field.metadata else values_of(field.annotation)
        for name, field in kind.model_fields.items()
    }
    return st.fixed_dictionaries(fields).map(lambda found: kind(**found))


def example(kind):
    """One record of a class, as a JSON value."""
    simple = {str: "x", int: 1, float: 0.5, bool: True, typing.Any: None}

    def value(annotation):
        if annotation in simple:
            return simple[annotation]
        origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
        if origin is typing.Literal:
            return inner[0]
        if origin in (typing.Union, types.UnionType):
            return value(inner[0])
        if origin is list:
            return [value(inner[0])]
        if origin is tuple:
            return [value(part) for part in inner]
        if origin is dict:
            return {"x": value(inner[1])}
        return example(annotation)

    return {
        field.alias or name: value(field.annotation)
        for name, field in kind.model_fields.items()
    }


# --- records ------------------------------------------------------------------------


def test_every_json_file_of_the_layout_has_its_record():
    kinds = (".json", ".safetensors")
    contents = {f.content for f in FILES.values() if f.pattern.endswith(kinds)}
    # Others say what a crate is.
    contents -= {"JSON-LD"}
    # Those of the ledger, of an MLflow model and of a bundle stand outside of the results.
    outside = {Intent, Completion, Amendment, Note, SealedSet, NotLookedAt, Bundle}
    written = RECORDS - outside
    assert {content.split(".")[1] for content in contents} == {
        kind.__name__ for kind in written
    }


@EVERY_RECORD
@given(data=st.data())
@LIGHT
def test_a_record_comes_back_as_it_was_and_equal_records_are_equal_files(
    kind, tmp_path, data
):
    record = data.draw(records_of(kind))
    assert kind.of(record.dump()) == record
    record.write(tmp_path / "one.json")
    again = kind.read(tmp_path / "one.json")
    assert again == record and again.dump() == record.dump()
    again.write(tmp_path / "two.json")
    one, two = ((tmp_path / f"{n}.json").read_bytes() for n in ("one", "two"))
    assert one == two


@EVERY_RECORD
def test_what_is_read_is_what_is_written(kind):
    """No field is renamed, dropped or turned into another kind on the way."""
    value = example(kind)
    assert kind.of(value).dump() == value


@EVERY_RECORD
def test_a_missing_and_an_unknown_field_are_named_with_the_file(kind, tmp_path):
    whole, path = example(kind), tmp_path / "facts.json"
    needed = [
        field.alias or name
        for name, field in kind.model_fields.items()
        if field.is_required()
    ]
    assert needed
    for name in needed:
        rest = {key: value for key, value in whole.items() if key != name}
        path.write_text(json.dumps(rest))
        with pytest.raises(EvenfoldError) as error:
            kind.read(path)
        assert f"{path}: the field {name!r} is missing" in str(error.value)
    path.write_text(json.dumps({**whole, "surplus": 1}))
    with pytest.raises(EvenfoldError) as error:
        kind.read(path)
    assert f"{path}: the field 'surplus' is unknown" in str(error.value)


@EVERY_RECORD
def test_a_record_is_not_changed(kind):
    record = kind.of(example(kind))
    name = next(iter(kind.model_fields))
    with pytest.raises(ValidationError, match="frozen"):
        setattr(record, name, getattr(record, name))


def test_a_fault_inside_a_part_is_named_by_its_place(tmp_path):
    value = example(AuditFacts)
    value["findings"][0]["severity"] = "dreadful"
    with pytest.raises(EvenfoldError, match=r"'findings\.0\.severity'.*dreadful"):
        AuditFacts.of(value)
    del value["findings"][0]["severity"]
    with pytest.raises(EvenfoldError, match=r"'findings\.0\.severity' is missing"):
        AuditFacts.of(value)
    value = example(AuditFacts)
    value["fold_to_fold"]["quantiles"]["99 %"] = 1.0
    with pytest.raises(
        EvenfoldError, match=r"'fold_to_fold\.quantiles\.99 %' is unknown"
    ):
        AuditFacts.of(value)


@pytest.mark.parametrize(
    "text, words",
    [
        ('{"same_as": "bce"', "facts.json is not valid JSON"),
        ("", "facts.json is not valid JSON"),
        ('["bce", null]', "facts.json: the field 'the whole'"),
        ('{"same_as": "bce", "difference": "wide"}', "'difference'.*\"wide\""),
    ],
)
def test_a_damaged_file_is_named(tmp_path, text, words):
    path = tmp_path / "facts.json"
    path.write_text(text)
    with pytest.raises(EvenfoldError, match=words):
        Twin.read(path)


ROLE = {
    "duplicate rows": 0, "kept": 3, "letters normalised": 0, "negatives not drawn": 0,
    "of them for the gap letter": 0, "read": 4, "rejected as conflicting": 0,
    "rejected as duplicate": 0, "rejected as impossible sites": 0,
    "rejected by letters or length": 1, "rejected without a label": 0,
    "repeated ids numbered": 0,
}  # fmt: skip
CLOSENESS = {
    "aligner": "Smith-Waterman", "close": 0, "close_by_chance": 0.0, "of": 2,
    "histogram": {"counts": [2], "edges": [0.0, 1.0]},
    "quantiles": {"95 %": 0.4, "maximum": 0.5, "median": 0.25}, "searched": 2,
}  # fmt: skip
PROBE = {
    "auroc": None, "mcc": 0.0, "n": 2, "name": "length", "seen": True, "sn": 0.0,
    "sp": 1.0, "what": "the number of residues",
}  # fmt: skip
FILES_AS_WRITTEN = [
    (Counts, {"train": ROLE}),
    (Counts, {"train": ROLE, "test": ROLE}),
    (
        GroupingFacts,
        {
            "aligned_by": {"MMseqs2": 1}, "distinct": 2, "exhaustive": True,
            "groups": 2, "largest_group": 1, "sequences": 3,
            "settings": {"identity": 0.4}, "similar_pairs": {"MMseqs2": 0}, "sources": 0,
        },
    ),
    (
        SplitFacts,
        {
            "fold_positives": [1, 1], "fold_sizes": [2, 2], "folds": 2,
            "held_out": False, "longest": 31, "n_test": 2, "n_train": 4,
            "n_train_positive": 2, "policy": "drop", "rejected": 1,
            "related": {"exact copies": 1}, "related_sequences": 1,
            "related_test": {"exact copies": 2}, "related_test_sequences": 2,
        },
    ),
    (
        AuditFacts,
        {
            "findings": [
                {
                    "about": "leak", "detail": "Each is listed.", "examples": [["a", "b"]],
                    "n": 1, "severity": "serious", "title": "1 of 2",
                }
            ],
            "fold_to_fold": CLOSENESS, "probe_mcc": 0.3,
        },
    ),
    (
        AuditFacts,
        {
            "findings": [], "fold_to_fold": CLOSENESS, "probe_mcc": 0.2, "probes": [PROBE],
            "shift": {"auroc": 0.5, "median_length": [31.0, 30.5],
                "residues": {"K": [0.1, 0.3]}},
            "test_to_train": CLOSENESS,
        },
    ),
    (FeatureFacts, {"columns": ["aac_A"], "length": 0, "names": ["aac"], "vectors": None}),
    (
        FeatureFacts,
        {
            "columns": ["residue"], "length": 0, "lengths": [3, 4], "names": ["residues"],
            "vectors": {"file": "a.npz", "width": 3},
        },
    ),
    (Twin, {"difference": None, "same_as": None}),
    (Store, {"experiment": "evenfold", "lock": "mlflow/lock", "uri": "sqlite:///a.db"}),
    (
        TrackedRun,
        {
            "children": {"bce": "1"}, "digests": {"report": "ab"}, "experiment_id": "1",
            "pending": None, "run_id": "2", "uri": "http://m",
        },
    ),
    (
        RememberedLooks,
        {
            "answered": True,
            "looks": [
                {
                    "dataset": "demo", "digests": {"report": "ab"}, "recorded": "2026",
                    "selection": "a", "test_set": [],
                }
            ],
        },
    ),
    (
        Completion,
        {
            "intent": "ab", "predictions": "p.parquet", "probes": [PROBE], "sha256": "cd",
            "variants": {
                "bce": {"loss": "bce", "operating_point": "0.5", "retuned": [0.4]}
            },
        },
    ),
]  # fmt: skip


@pytest.mark.parametrize("kind, value", FILES_AS_WRITTEN)
def test_a_file_is_to_the_byte_what_it_was(kind, value, tmp_path):
    kind.of(value).write(tmp_path / "a.json")
    wanted = json.dumps(value, indent=2, sort_keys=True) + "\n"
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == wanted


def test_what_earlier_versions_did_not_record_is_not_missing():
    run = {"children": {}, "experiment_id": "1", "run_id": "2", "uri": "http://m"}
    assert TrackedRun.of(run).digests == {}
    look = {"dataset": "demo", "recorded": "2026", "selection": "a"}
    (found,) = RememberedLooks.of({"answered": True, "looks": [look]}).looks
    assert found.test_set == [] and found.digests == {}


@pytest.mark.parametrize("text", [None, "", "{", "[" * 100_000], ids=str)
def test_a_file_that_cannot_be_read_is_told_with_the_remedy(tmp_path, text):
    path = tmp_path / "facts.json"
    if text is not None:
        path.write_text(text)
    for read in (Twin.read, read_thresholds):
        with pytest.raises(
            EvenfoldError, match=r"facts\.json .* run snakemake"
        ) as error:
            read(path)
        assert str(path) in str(error.value)


@pytest.mark.parametrize("name", ["metrics.tsv", "oof.parquet"])
@pytest.mark.parametrize("left", [None, 0, 30, 500], ids=str)
def test_a_table_that_cannot_be_read_is_told_with_the_remedy(tmp_path, name, left):
    path = tmp_path / name
    table = tables.METRICS if name.endswith("tsv") else tables.OOF
    table.write(path, table.empty())
    whole = path.read_bytes()
    path.unlink()
    if left is not None:
        # A cut-off line of a text is another table's, not damage.
        path.write_bytes(whole[:left] if left < len(whole) else b"\xff\xfe" * 99)
    with pytest.raises(EvenfoldError, match=r"[Rr]un snakemake") as error:
        table.frame(path)
    assert str(path) in str(error.value)


def test_counts_of_a_role_come_with_its_zeros_and_may_be_read_without():
    counts = Counts.of({"train": {"read": 4, "kept": 3}})
    assert (counts.train.read, counts.train.duplicates) == (4, 0)
    assert list(counts.by_role) == ["train"] and counts.test is None
    both = Counts.of({"train": {}, "test": {"kept": 2}})
    assert [both.by_role[role].kept for role in ("train", "test")] == [0, 2]


def test_threshold_json_is_thresholds_or_a_twin(tmp_path):
    path = tmp_path / "threshold.json"
    Twin(same_as="bce", difference=0.01).write(path)
    assert read_thresholds(path) == Twin.read(path)
    value = example(Tuned)
    value["points"] = {HALF: value["points"]["x"], "youden": value["points"]["x"]}
    value["points"]["youden"] = {**value["points"][HALF], "threshold": 0.3}
    tuned = Tuned.of({**value, "operating_point": "youden"})
    tuned.write(path)
    assert read_thresholds(path) == tuned
    assert (tuned.half.threshold, tuned.deployed.threshold) == (0.5, 0.3)


def test_numbers_that_are_none_and_without_end_come_back(tmp_path):
    value = example(Tuned)
    value["stability"]["sd_asymptotic"] = float("nan")
    value["stability"]["ratio"] = float("inf")
    Tuned.of(value).write(tmp_path / "a.json")
    stability = Tuned.read(tmp_path / "a.json").stability
    assert np.isnan(stability.sd_asymptotic) and np.isinf(stability.ratio)


@pytest.mark.parametrize("threshold", [float("nan"), float("inf"), -0.1, 1.5])
def test_a_threshold_is_one_of_scores(threshold):
    """With NaN every sequence would be called negative, and nothing said."""
    for record in (Selection, Tuned):
        with pytest.raises(EvenfoldError, match="the field 'threshold'"):
            record.of({**example(record), "threshold": threshold})


def test_a_selection_knows_its_champion_and_twins_and_the_published_beside_it():
    value = example(Selection)
    frozen = value["variants"]["x"]
    value |= {
        "champion": "a",
        "variants": {"a": frozen, "b": {**frozen, "threshold": 0.9}},
        "same": {"c": {"same_as": "a", "difference": 0.0}},
    }
    selection = Selection.of(value)
    assert selection.chosen == selection.variants["a"]
    assert [selection.trained(name) for name in "abc"] == ["a", "b", "a"]
    beside = selection.beside(selection)
    assert list(beside.variants) == ["a", "b", "published/a", "published/b"]
    assert [is_published(name) for name in beside.variants] == [
        False,
        False,
        True,
        True,
    ]
    assert beside.champion == "a" and list(selection.variants) == ["a", "b"]
    assert selection.beside(None) == selection


# --- tables -------------------------------------------------------------------------

CELLS = [
    (pa.types.is_string, st.text(st.characters(codec="utf-8", categories=("L", "N")))),
    (pa.types.is_int8, st.integers(0, 1)),
    (pa.types.is_unsigned_integer, st.integers(0, 2**53)),
    (pa.types.is_integer, st.integers(-(2**53), 2**53)),
    (lambda kind: kind == pa.float32(), st.floats(width=32, allow_nan=False)),
    (pa.types.is_floating, FINITE),
]


def cells(column):
    return next(values for fits, values in CELLS if fits(column.type))


def rows_of(table):
    return st.lists(st.tuples(*(cells(column) for column in table.columns)), max_size=3)


def written(table, rows):
    return table.of(*(zip(*rows) if rows else [[] for _ in table.columns]))


@EVERY_TABLE
@given(data=st.data())
@LIGHT
def test_a_table_comes_back_as_it_was(table, tmp_path, data):
    rows = data.draw(rows_of(table))
    path = tmp_path / "a.parquet"
    table.write(path, written(table, rows))
    assert table.arrow(path).schema == table.schema
    assert [tuple(row.values()) for row in table.arrow(path).to_pylist()] == rows
    frame = table.frame(path)
    assert list(frame.columns) == table.names and len(frame) == len(rows)
    table.write(tmp_path / "b.parquet", frame)
    assert table.frame(tmp_path / "b.parquet").equals(frame)
    first = table.names[0]
    assert table.arrow(path, [first]).column_names == [first]
    batches = list(table.batches(path, [first], 2))
    assert [value for (part,) in batches for value in part] == [row[0] for row in rows]
    assert all(len(part) <= 2 for (part,) in batches)


@pytest.mark.parametrize("name", ["METRICS", "CONTROL_RATES", "SCORES"])
@given(data=st.data())
@LIGHT
def test_a_tsv_comes_back_to_its_six_decimals(name, tmp_path, data):
    table = TABLES[name]
    close = st.floats(-1, 1)
    rows = data.draw(
        st.lists(
            st.tuples(
                *(
                    close if pa.types.is_floating(column.type) else cells(column)
                    for column in table.columns
                )
            ),
            min_size=1,
            max_size=3,
        )
    )
    frame = pd.DataFrame(rows, columns=table.names)
    table.write(tmp_path / "a.tsv", frame)
    again = table.frame(tmp_path / "a.tsv")
    for column in table.columns:
        if pa.types.is_floating(column.type):
            assert np.allclose(
                again[column.name], frame[column.name], atol=5.1e-7, rtol=0
            )
        else:
            assert again[column.name].tolist() == frame[column.name].tolist()
    table.write(tmp_path / "b.tsv", again)
    one, two = ((tmp_path / f"{n}.tsv").read_bytes() for n in "ab")
    assert one == two


@EVERY_TABLE
@pytest.mark.parametrize("suffix", ["parquet", "tsv"])
def test_a_missing_and_an_unknown_column_are_named_with_the_file(
    table, suffix, tmp_path
):
    # What a release added, files of earlier ones may lack.
    last = [column.name for column in table.columns if column.absent is None][-1]
    path = tmp_path / f"a.{suffix}"

    def put(frame):
        if suffix == "tsv":
            frame.to_csv(path, sep="\t", index=False)
        else:
            frame.to_parquet(path, index=False)

    put(table.empty().drop(columns=last))
    with pytest.raises(EvenfoldError) as error:
        table.frame(path)
    assert f"{path}: the column {last!r} is missing" in str(error.value)
    surplus = table.empty().assign(surplus=[])
    put(surplus)
    with pytest.raises(EvenfoldError) as error:
        table.frame(path, [last])
    assert f"{path}: the column 'surplus' is unknown" in str(error.value)
    with pytest.raises(EvenfoldError, match="'surplus' is unknown"):
        table.write(path, surplus)
    put(table.empty())
    assert list(table.frame(path).columns) == table.names


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1 cut off"])
def test_a_damaged_parquet_file_is_named(content, tmp_path):
    path = tmp_path / "split.parquet"
    path.write_bytes(content)
    for read in (
        tables.SPLIT.arrow,
        tables.SPLIT.frame,
        lambda p: list(tables.SPLIT.batches(p, ["id"], 9)),
    ):
        with pytest.raises(
            EvenfoldError, match=r"split\.parquet: .* cut off or damaged"
        ):
            read(path)


def test_a_number_that_is_none_and_a_variant_named_na_come_back(tmp_path):
    path = tmp_path / "controls.tsv"
    rows = [("NA", float("nan"), 0.5, 1.0, 0.0), ("null", 0.5, 0.5, 0.25, -1.0)]
    frame = pd.DataFrame(rows, columns=tables.CONTROL_RATES.names)
    tables.CONTROL_RATES.write(path, frame)
    again = tables.CONTROL_RATES.frame(path)
    assert again.control.tolist() == ["NA", "null"]
    assert again.equals(frame)


def test_a_table_as_it_is_written(tmp_path):
    path = tmp_path / "a.tsv"
    frame = pd.DataFrame(
        [("real", 0.75, 0.5, 1.0, 1 / 3)], columns=tables.CONTROL_RATES.names
    )
    tables.CONTROL_RATES.write(path, frame)
    assert path.read_text() == (
        "control\tauroc\tsn\tsp\tmcc\nreal\t0.750000\t0.500000\t1.000000\t0.333333\n"
    )
    rows = [["a", "a.fasta record 1", "letter '\t' at position 2"], ["NA", "b", "c"]]
    tables.write_rejected(path, rows)
    assert path.read_text() == (
        "id\tsource\treason\n"
        "a\ta.fasta record 1\t\"letter '\t' at position 2\"\nNA\tb\tc\n"
    )
    assert tables.read_rejected(path) == rows
    odd = [["a\rb", "b\r\nc", "d\ne"], ["x", "y", "z"]]
    tables.write_rejected(path, odd)
    assert tables.read_rejected(path) == odd


def test_a_row_of_metrics_says_whether_it_is_deployed(tmp_path):
    row = {
        name: "bce" if kind is str else True if kind is bool else 1
        for name, kind in Measured.__annotations__.items()
    }
    assert list(row) == tables.METRICS.names
    rows = [{**row, "operating_point": HALF, "deployed": False}, row]
    frame = pd.DataFrame(rows).astype({"champion": int, "deployed": int})
    tables.METRICS.write(tmp_path / "metrics.tsv", frame)
    half, deployed = read_measured(tmp_path / "metrics.tsv")
    assert (half.operating_point, half.deployed) == (HALF, False)
    assert deployed.deployed and deployed.champion and deployed.mcc == 1.0
    # One that an earlier version wrote.
    tables.METRICS.write(tmp_path / "m.tsv", frame.drop(columns=["ppv", "npv", "f1"]))
    _, older = read_measured(tmp_path / "m.tsv")
    assert math.isnan(older.ppv) and older.mcc == 1.0
    with pytest.raises(EvenfoldError, match="column 'auroc' is missing"):
        tables.METRICS.write(tmp_path / "m.tsv", frame.drop(columns=["auroc"]))
    tables.METRICS.write(tmp_path / "metrics.tsv", tables.METRICS.empty())
    assert read_measured(tmp_path / "metrics.tsv") == []


# --- the layout ---------------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
def test_the_content_of_every_file_is_a_record_or_a_table(name):
    content = FILES[name].content
    if "." not in content:
        assert content in {
            "HTML",
            "text",
            "NumPy array",
            "Markdown",
            "JSON-LD",
        }
        return
    module, _, schema = content.partition(".")
    found = getattr(importlib.import_module(f"evenfold.records.{module}"), schema)
    suffix = FILES[name].pattern.rsplit(".", 1)[1]
    if suffix in ("json", "safetensors"):
        assert issubclass(found, Record) and issubclass(found, Part)
    else:
        assert suffix in ("parquet", "tsv") and isinstance(found, Table)


def test_paths_of_a_data_set_and_of_its_published_split(tmp_path):
    results = Results(tmp_path, "demo")
    assert results.folder == tmp_path / "demo"
    assert (
        results.path("history", variant="bce") == tmp_path / "demo/bce/history.parquet"
    )
    published = results.published
    assert published.path("audit") == tmp_path / "demo/published/audit.json"
    for one in (results, published):
        assert Results.at(one.folder) == one
    assert results.path("store") == tmp_path / "demo/tracking.json"
    assert pattern("oof") == "results/{dataset}/{variant}/oof.parquet"
    with pytest.raises(KeyError, match="variant"):
        results.path("history")


OTHER_CASES = [str, str.upper, str.capitalize]


@pytest.mark.parametrize("other_case", OTHER_CASES)
@pytest.mark.parametrize("name", sorted(RESERVED_VARIANTS))
def test_a_variant_cannot_be_named_like_a_folder_of_the_layout(name, other_case):
    with pytest.raises(EvenfoldError, match="variant cannot be named") as error:
        check_names(["demo"], ["bce", other_case(name)])
    assert repr(other_case(name)) in str(error.value)


@pytest.mark.parametrize("other_case", OTHER_CASES)
@pytest.mark.parametrize("name", sorted(RESERVED_DATASETS))
def test_a_data_set_cannot_be_named_like_a_folder_of_the_layout(name, other_case):
    with pytest.raises(EvenfoldError, match="data set cannot be named") as error:
        check_names([other_case(name)], ["bce"])
    assert repr(other_case(name)) in str(error.value)


def test_what_is_reserved_is_what_stands_there():
    assert {
        "benchmarks", "clean", "exploration_figures", "features", "figures", "logs",
        "pending", "predictions", "published", "sanity", "test",
    } == RESERVED_VARIANTS  # fmt: skip
    assert {"benchmarks", "logs", "mlflow", "summary_figures"} == RESERVED_DATASETS


def test_names_that_differ_by_case_alone_are_refused_and_others_are_not():
    check_names(["demo", "mine"], ["bce", "bce2", "Focal"])
    with pytest.raises(EvenfoldError, match=r"variants 'bce' and 'BCE' differ by case"):
        check_names(["demo"], ["bce", "BCE"])
    with pytest.raises(EvenfoldError, match=r"data sets 'Demo' and 'demo' differ"):
        check_names(["Demo", "demo"], ["bce"])


NAMES = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1)


@given(NAMES | st.sampled_from(sorted(RESERVED_VARIANTS)))
def test_no_file_of_an_accepted_variant_stands_in_another_folder(name):
    try:
        check_names(["demo"], [name])
    except EvenfoldError:
        return
    results = Results.at("results/demo")
    parts = {"features": "aac", "stem": "new", "shard": "0001-of-0002"}
    others = {
        results.path(key, **parts).parent
        for key, file in FILES.items()
        if "{variant}" not in file.pattern
    }
    assert results.path("oof", variant=name).parent not in others
