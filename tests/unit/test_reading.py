import gzip

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evenfold.config.reading import Reading
from evenfold.errors import EvenfoldError
from evenfold.sequences.reading import read, read_labels


def records(path, label=1, **keys):
    return list(read(path, Reading(**keys), label))


def test_fasta_with_windows_line_ends_and_a_byte_order_mark(tmp_path):
    path = tmp_path / "a.fasta"
    path.write_bytes(b"\xef\xbb\xbf>one first\r\nMKV\r\nLLA\r\n\r\n>two\r\nACD\r\n")
    found = records(path)
    assert [(r.id, r.sequence, r.label) for r in found] == [
        ("one", "MKVLLA", 1),
        ("two", "ACD", 1),
    ]
    assert found[1].origin.endswith("a.fasta record 2")


@pytest.mark.parametrize("form, suffix", [("fasta", "fa"), ("lines", "txt")])
def test_gzip_is_recognised_by_content(tmp_path, form, suffix):
    text = ">a\nMKV\n>b\nACD\n" if form == "fasta" else "MKV\n\nACD\n"
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(gzip.compress(text.encode()))
    assert [r.sequence for r in records(path)] == ["MKV", "ACD"]


def test_label_and_source_in_the_header_and_no_label_in_the_id(tmp_path):
    path = tmp_path / "a.fasta"
    path.write_text(">sp|P1|AAA|1\nMKV\n>sp|P2|BBB|0\nMKA\n")
    found = records(
        path,
        label=None,
        label_pattern=r"\|([01])$",
        source_pattern=r"^[^|]*\|([^|]+)\|",
    )
    assert [(r.id, r.label, r.source) for r in found] == [
        ("sp|P1|AAA", 1, "P1"),
        ("sp|P2|BBB", 0, "P2"),
    ]


def test_tables_keep_a_peptide_called_na(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,sequence,label,protein\nx,NA,pos,P1\ny,NAN,neg,P2\n")
    found = records(
        path,
        label=None,
        positive_label="pos",
        negative_label="neg",
        source_column="protein",
    )
    assert [(r.sequence, r.label, r.source) for r in found] == [
        ("NA", 1, "P1"),
        ("NAN", 0, "P2"),
    ]


def test_sequences_without_ids_are_named_by_content_not_by_order(tmp_path):
    one, two = tmp_path / "a.txt", tmp_path / "b.txt"
    one.write_text("MKV\nACD\n")
    two.write_text("ACD\nMKV\n")
    assert {r.id for r in records(one)} == {r.id for r in records(two)}


@pytest.mark.parametrize(
    "name, content, keys, words",
    [
        ("a.fasta", "", {}, "no sequences"),
        ("a.fasta", "\n\n", {}, "no sequences"),
        ("a.fasta", "MKV\nACD\n", {}, "does not start with '>'"),
        ("a.txt", ">a\nMKV\n", {}, "form: fasta"),
        ("a.fasta", ">\nMKV\n", {}, "no id"),
        ("a.fasta", ">a\n" + "ACGT" * 20 + "\n", {}, "nucleotides"),
        ("a.fasta", ">a|2\nMKV\n", {"label_pattern": r"\|(\d)$"}, "label '2'"),
        ("a.fasta", ">a\nMKV\n", {"label_pattern": r"\|(\d)$"}, "no label"),
        ("a.fasta", ">a\nMKV\n", {"source_pattern": r"\|(\d)$"}, "source_pattern"),
        ("a.tsv", "id\tseq\nx\tMKV\n", {}, "no column 'sequence'"),
        ("a.tsv", "id\tsequence\tlabel\nx\t\t1\n", {}, "empty"),
        ("a.tsv", "id\tsequence\tlabel\nx\tMKV\t\n", {}, "no label"),
    ],
)
def test_bad_files_are_named_with_the_record_and_the_remedy(
    tmp_path, name, content, keys, words
):
    path = tmp_path / name
    path.write_text(content)
    label = None if "label" in words else 1
    with pytest.raises(EvenfoldError) as error:
        records(path, label=label, **keys)
    assert words in str(error.value)
    assert str(path) in str(error.value)


def test_missing_and_damaged_files(tmp_path):
    with pytest.raises(EvenfoldError, match="no such file"):
        records(tmp_path / "none.fasta")
    cut = tmp_path / "cut.fasta"
    cut.write_bytes(gzip.compress(b">a\nMKV\n" * 1000)[:-20])
    with pytest.raises(EvenfoldError, match="cut off or damaged"):
        records(cut)
    binary = tmp_path / "binary.fasta"
    binary.write_bytes(b"\xff\xfe\x00\x01" * 10)
    with pytest.raises(EvenfoldError, match="not a text file"):
        records(binary)


@pytest.mark.realdata
@pytest.mark.parametrize(
    "name, folder", [("succinylation", "succ_balanced"), ("anticp2", "anticp2_main"),
                     ("thermo", "thermo")],
)  # fmt: skip
def test_published_files_read_like_the_reference_form(
    shared_data, monkeypatch, name, folder
):
    """Same sequences with the same labels as the prepared FASTA, order aside."""
    from collections import Counter

    from evenfold.config.plan import Plan
    from evenfold.sequences.fetch import mirrored
    from tests.conftest import ROOT

    plan = Plan({"datasets": [name], "variants": ["bce"]}, ROOT / "config/datasets")
    entry = plan.datasets[name]
    for role in ("train", "test"):
        ours = Counter(
            (record.sequence, record.label)
            for file in plan.files(name)
            if file["role"] == role
            for record in read(
                mirrored(file["url"], str(shared_data / "mirror")),
                entry,
                file["label"],
                file["name"],
            )
        )
        with gzip.open(shared_data / folder / f"{role}.fasta.gz", "rt") as handle:
            blocks = handle.read().split(">")[1:]
        theirs = Counter(
            ("".join(body.split()), int(header.rsplit("|", 1)[1]))
            for header, body in (block.split("\n", 1) for block in blocks)
        )
        assert ours == theirs


def test_parquet_is_read_in_batches_and_a_damaged_one_is_named(tmp_path):
    path = tmp_path / "a.parquet"
    columns = {"id": ["x", "y"], "sequence": ["NA", "ACD"], "label": [1, 0]}
    pq.write_table(pa.table(columns), path)
    found = records(path, label=None)
    assert [(r.id, r.sequence, r.label) for r in found] == [
        ("x", "NA", 1),
        ("y", "ACD", 0),
    ]
    assert found[1].origin.endswith("a.parquet row 2")
    with pytest.raises(EvenfoldError, match="no column 'name'"):
        records(path, label=None, id_column="name")
    path.write_bytes(b"PAR1 but cut off")
    with pytest.raises(EvenfoldError, match="the Parquet file is cut off"):
        records(path, label=None)


def test_labels_from_a_table_of_their_own(tmp_path):
    fasta, table = tmp_path / "a.fasta", tmp_path / "labels.tsv"
    fasta.write_text(">x one\nMKV\n>y two\nACD\n")
    table.write_text("id\tlabel\nx\t1\ny\t0\nunused\t1\n")
    labels = read_labels(table, Reading())
    found = list(read(fasta, Reading(), None, labels=labels))
    assert [(r.id, r.label) for r in found] == [("x", 1), ("y", 0)]
    with pytest.raises(
        EvenfoldError, match=r"record 2: the table of labels has no 'y'"
    ):
        list(read(fasta, Reading(), None, labels={"x": 1}))
    table.write_text("id\tlabel\nx\t1\nx\t0\n")
    with pytest.raises(EvenfoldError, match="line 3: a second, other label for 'x'"):
        read_labels(table, Reading())
