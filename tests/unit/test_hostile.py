"""Files with a few letters wrong: a sentence, or nothing lost and nothing invented."""

import contextlib
import io
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evenfold.config.plan import Plan
from evenfold.config.reading import Reading
from evenfold.config.yaml_files import read_yaml
from evenfold.errors import EvenfoldError
from evenfold.features.vector_files import vectors_by_id
from evenfold.records.tables import read_rejected
from evenfold.sequences.cleaning import CleanOutputs, clean_files
from evenfold.sequences.labels import read_labels
from evenfold.sequences.tabular import table_rows
from evenfold.starting.beginning import begin
from tests.conftest import examples
from tests.unit.test_starting import FORMS

#: A good file of each kind, and what is put into it.
GOOD = {
    "a.fasta": ">id1|1\nMKV\n>id2|0\nACDEFGHIK\nLM\n>id3|1\nEFG*\n",
    "a.csv": "id,sequence,label\nx,MKV,1\ny,ACD,0\nz,EFG,1\nw,HIK,0\n",
    "a.tsv": "id\tsequence\tlabel\nx\tMKV\t1\ny\tACD\t0\nz\tEFG\t0\n",
    "p.fasta": ">P1\nAKCAKK\n>P2 #1\nKAK*\n",
    "s.csv": "protein,position\nP1,2\nP2,K1\n",
    "a.yaml": "train: {positive: a.fa, negative: b.fa}\ncleaning:\n  gap: keep\n",
}
PIECES = [
    *'>"*-X#;,.:[]{}&\t\n\r\0\ufeff\u2028\x85',
    *(" ", "\r\n", '""', "ß", "ﬁ", "ı", "MKV", "|1", "|0", "~2", "@test", "id1", "P1"),
    *(
        "K5",
        "13;48",
        "57.0",
        "9" * 5000,
        "-1",
        "NA",
        "yes",
        "1e308",
        ".inf",
        "*a",
        "&a ",
    ),
    *(
        "id,sequence,label\n",
        "protein,position\n",
        "x,MKV,1\n",
        "!!python/none ",
        "<<: ",
    ),
]
EDITS = st.lists(
    st.tuples(st.integers(0, 80), st.integers(0, 3), st.sampled_from(PIECES)),
    max_size=3,
)
HOSTILE = settings(
    max_examples=examples(200),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)


def edited(folder, name, edits):
    """A good file with some places cut, and something else put there."""
    path = folder / name
    path.write_text(changed(GOOD[name], edits), encoding="utf-8", newline="")
    return path


def changed(text, edits):
    """A text with some places cut, and something else put there."""
    for at, cut, piece in edits:
        at = min(at, len(text))
        text = text[:at] + piece + text[at + cut :]
    return text


def cleaned(folder, paths, kinds, reading):
    """Clean some files, and hold the sums."""
    files = [{"path": str(path), "name": path.name, "kind": kind, "role": "train",
              "label": None} for path, kind in zip(paths, kinds)]  # fmt: skip
    names = ["seq.parquet", "l.parquet", "r.tsv", "c.json", "prot.parquet", "i.json"]
    try:
        counts = clean_files(
            files, reading, CleanOutputs(*(folder / name for name in names))
        )
    except EvenfoldError:
        return
    ids = pq.read_table(folder / "seq.parquet").column("id").to_pylist()
    assert len(ids) == len(set(ids))
    assert counts.train.read == len(ids) + len(read_rejected(folder / "r.tsv"))


@pytest.mark.parametrize("name", ["a.fasta", "a.csv", "a.tsv"])
@given(edits=EDITS, duplicates=st.sampled_from(["keep", "drop"]))
@HOSTILE
def test_files_of_sequences(tmp_path, name, edits, duplicates):
    reading = Reading(
        label_pattern=r"\|([01])$", cleaning={"train_duplicates": duplicates}
    )
    cleaned(tmp_path, [edited(tmp_path, name, edits)], ["sequences"], reading)


@given(first=EDITS, second=EDITS, mismatch=st.sampled_from(["error", "reject"]))
@HOSTILE
def test_proteins_and_sites(tmp_path, first, second, mismatch):
    reading = Reading(
        sites={"residues": "K", "window": 5, "mismatch": mismatch},
        cleaning={"train_duplicates": "keep"},
    )
    proteins = edited(tmp_path, "p.fasta", first)
    cleaned(tmp_path, [proteins], ["proteins"], reading)
    sites = edited(tmp_path, "s.csv", second)
    cleaned(tmp_path, [proteins, sites], ["proteins", "positive_sites"], reading)


@given(edits=EDITS)
@HOSTILE
def test_labels_and_configuration(tmp_path, edits):
    for name, reader in (("a.csv", read_labels), ("a.yaml", read_yaml)):
        path = edited(tmp_path, name, edits)
        try:
            reader(path, Reading()) if reader is read_labels else reader(path)
        except EvenfoldError as error:
            assert str(path) in str(error)


def _vectors():
    """A good file of vectors of each form."""
    vectors = np.arange(6, dtype=np.float32).reshape(2, 3)
    npz, h5, parquet = io.BytesIO(), io.BytesIO(), io.BytesIO()
    np.savez(npz, ids=np.array(["a", "b/c"]), vectors=vectors)
    with h5py.File(h5, "w") as file:
        file["a"], file["b/c"] = vectors
    pq.write_table(pa.table({"id": ["a", "b/c"], "v": vectors.tolist()}), parquet)
    return {"v.npz": npz, "v.h5": h5, "v.parquet": parquet}


VECTORS = {name: target.getvalue() for name, target in _vectors().items()}


@pytest.mark.parametrize("name", VECTORS)
@given(
    edits=st.lists(st.tuples(st.integers(0, 9999), st.binary(max_size=9)), max_size=3),
    cut=st.integers(0, 9999) | st.none(),
)
@HOSTILE
def test_files_of_vectors(tmp_path, name, edits, cut):
    data = bytearray(VECTORS[name])
    for at, piece in edits:
        at %= len(data)
        data[at : at + len(piece)] = piece
    path = tmp_path / name
    path.write_bytes(data if cut is None else data[: cut % len(data)])
    try:
        found = vectors_by_id(path)
    except EvenfoldError as error:
        assert str(path) in str(error)
    else:
        assert found and all(isinstance(one, str) for one in found)


#: What file names begin with: what YAML, Snakemake and the shell have meanings for.
ODD = ["", "a b", "x: y", "#", " #", "- ", "{q}", "[", "'", '"', "ä", "*", "%", "~", "!",
       "&a", "null ", "1e3", "|", ">", "@", "\\", "$HOME", ",", "=", "?", "true"]  # fmt: skip


@given(
    form=st.sampled_from(sorted(FORMS)),
    edits=st.lists(EDITS, min_size=4, max_size=4),
    odd=st.lists(st.sampled_from(ODD), min_size=4, max_size=4),
    spoiled=st.sets(st.sampled_from(["name", "text"]), min_size=1),
)
@HOSTILE
def test_files_that_are_looked_at(tmp_path, form, edits, odd, spoiled):
    """`evenfold init`: what is written loads, but for what it has asked about.

    Otherwise the files are refused in a sentence, and nothing is written.
    """
    paths = []
    for (name, text), changes, prefix in zip(FORMS[form][0].items(), edits, odd):
        text = changed(text, changes) if "text" in spoiled else text
        path = Path(name)
        path = path.with_name(prefix + path.name) if "name" in spoiled else path
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8", newline="")
        paths.append(str(path))
    (tmp_path / "made" / "mine.yaml").unlink(missing_ok=True)
    with contextlib.chdir(tmp_path):
        try:
            begun = begin(paths, "mine", "made")
        except EvenfoldError as error:
            assert len(str(error).split()) >= 4
            assert not Path("made/mine.yaml").exists()
            return
        lines = begun.path.read_text(encoding="utf-8").split("\n")
        keys = [
            lines[n - 1].strip("# ").partition(":")[0]
            for n, _ in begun.proposal.questions
        ]
        assert all(f"{begun.path} line {n}: " in "\n".join(begun.told())
                   for n, _ in begun.proposal.questions)  # fmt: skip
        try:
            Plan({"datasets": ["mine"], "variants": ["bce"]}, "made").files("mine")
        except EvenfoldError as error:
            assert any(key in str(error) for key in keys), (begun.proposal.text, error)
            assert begun.fault == str(error)


def test_a_byte_of_hdf5_that_is_another_is_damage_or_nothing(tmp_path):
    """Found by fuzzing: a type of numbers that no machine has."""
    path, told = tmp_path / "v.h5", 0
    for at in range(800, 1200):
        data = bytearray(VECTORS["v.h5"])
        data[at] ^= 1
        path.write_bytes(data)
        try:
            vectors_by_id(path)
        except EvenfoldError as error:
            assert str(path) in str(error)
            told += 1
    assert told


def test_a_text_in_parquet_that_is_no_utf8_is_damage(tmp_path):
    """Found by fuzzing: one byte of an id was another."""
    path = tmp_path / "v.parquet"
    path.write_bytes(VECTORS["v.parquet"][:24] + b"\x80" + VECTORS["v.parquet"][25:])
    with pytest.raises(EvenfoldError, match=r"v\.parquet: cut off or damaged"):
        vectors_by_id(path)
    with pytest.raises(EvenfoldError, match=r"v\.parquet: the Parquet file is cut off"):
        list(table_rows(path, ["id"]))
