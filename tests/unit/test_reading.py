import gzip
import subprocess

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evenfold.config.cleaning import Cleaning
from evenfold.config.reading import Reading
from evenfold.errors import EvenfoldError
from evenfold.sequences.cleaning import clean_sequence
from evenfold.sequences.labels import read_labels
from evenfold.sequences.reading import read
from evenfold.sequences.tabular import column_names


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
        ("a.fasta", "MKV\nACD\n", {}, "One sequence a line is .txt"),
        ("a.txt", ">a\nMKV\n", {}, "FASTA: name it .fasta"),
        ("a.fasta", ">a\n" + "ACGT" * 20 + "\n", {}, "nucleotides"),
        ("a.fasta", ">a|2\nMKV\n", {"label_pattern": r"\|(\d)$"}, "label '2'"),
        ("a.fasta", ">a\nMKV\n", {"label_pattern": r"\|(\d)$"}, "no label"),
        ("a.fasta", ">a\nMKV\n", {"source_pattern": r"\|(\d)$"}, "source_pattern"),
        ("a.tsv", "id\tseq\nx\tMKV\n", {}, "no column 'sequence'"),
        ("a.tsv", "id\tsequence\tlabel\nx\tMKV\t2\n", {}, "label '2'"),
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
    for at in range(10, 40):
        whole = gzip.compress(b">a\nMKV\n>b\nACDEFGHIKLMN\n")
        cut.write_bytes(whole[:at] + b"\xff" * 9)
        with pytest.raises(EvenfoldError, match=r"damaged|UTF-8|FASTA"):
            records(cut)
    binary = tmp_path / "binary.fasta"
    binary.write_bytes(b"\xff\xfd\x00\x01" * 10)
    with pytest.raises(EvenfoldError, match="not a text file"):
        records(binary)


OTHERS = {
    "a web page": "<!DOCTYPE html>\n<html><body>404</body></html>\n",
    "a pointer of Git LFS": "version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
    "a document in RTF": "{\\rtf1\\ansi\n>a\nMKV\\par\n}",
    "a tar archive": "pos.fasta".ljust(257, "\0") + "ustar\0" + "00" + "\n>a\nMKV\n",
    "Stockholm's form": "# STOCKHOLM 1.0\na MKV\n//\n",
    "Clustal's form": "CLUSTAL W (1.83)\n\na   MKV\n",
    "the form of NEXUS": "#NEXUS\nBEGIN DATA;\n",
    "the form of MEGA": "#mega\n!Title;\n#a\nMKV\n",
    "the form of PHYLIP": " 2 3\na MKV\nb MKL\n",
    "a GenBank record": "LOCUS       A   8 aa\nORIGIN\n        1 mkvlaagi\n//\n",
    "an entry of UniProt": "ID   A_HUMAN  Reviewed; 12 AA.\nSQ\n     MKVLAAGIAC DE\n",
    "a structure of the PDB": "HEADER    PEPTIDE\nSEQRES   1 A    2  MET LYS\n",
    "annotation in GFF": "##gff-version 3\n##FASTA\n>a\nMKV\n",
    "FASTQ": "@a\nMKV\n+\nIII\n",
    "JSON": '[{"id": "a", "sequence": "MKV"}]\n',
    "an array of NumPy": b"\x93NUMPY\x01\x00",
    "a pickle of Python": b"\x80\x04\x95",
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", ["a.fasta", "a.txt", "a.csv"])
@pytest.mark.parametrize("what", OTHERS)
def test_a_file_of_another_form_is_called_what_it_is(tmp_path, what, name, packed):
    content = OTHERS[what]
    data = content if isinstance(content, bytes) else content.encode()
    if packed and not data.isascii():
        return
    (tmp_path / name).write_bytes(gzip.compress(data) if packed else data)
    with pytest.raises(EvenfoldError, match=f"{what}.*, not .*[.] [A-Z].*[.]$"):
        records(tmp_path / name)


def test_a_link_to_nothing_is_told(tmp_path):
    (tmp_path / "a.fasta").symlink_to("gone.fasta")
    with pytest.raises(
        EvenfoldError, match=r"a link to gone\.fasta, which is not there"
    ):
        records(tmp_path / "a.fasta")


def test_what_stands_above_a_fasta_is_to_be_removed(tmp_path):
    (tmp_path / "a.txt").write_text("# made today\n>a\nMKV\n")
    with pytest.raises(EvenfoldError, match=r"line 2: .* Remove .*: '# made today'$"):
        records(tmp_path / "a.txt")


def test_a_column_may_be_called_as_a_structure_begins(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("data_id\tsequence\nx\tMKV\n")
    assert column_names(path) == ["data_id", "sequence"]
    path.write_text("data_1ABC\n#\n_entry.id 1ABC\n")
    with pytest.raises(EvenfoldError, match="a structure of the PDB"):
        column_names(path)


@pytest.mark.parametrize("sign", ["&gt;", "\uff1e"])
def test_a_sign_in_place_of_that_of_headers_is_named(tmp_path, sign):
    (tmp_path / "a.fasta").write_text(f"{sign}a\nMKV\n", "utf-8")
    with pytest.raises(EvenfoldError, match=f"start with '{sign}' in place of '>'"):
        records(tmp_path / "a.fasta")


@pytest.mark.parametrize("packed", [False, True])
def test_a_third_line_that_annotates_is_not_read_as_residues(tmp_path, packed):
    text = "".join(
        f">p{n} | TM\n{s}\n{('iiMMooS' * 9)[: len(s)]}\n"
        for n, s in enumerate(("MKVLAAGIACDE", "WYTSRQPNMLKIA"))
    )
    path = tmp_path / "a b.fasta"
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    with pytest.raises(EvenfoldError, match="of the letters MSio alone") as told:
        records(path)
    command = str(told.value).split("`")[1]
    subprocess.run(command, shell=True, check=True, cwd=tmp_path)
    found = records(tmp_path / "a b.2.fasta")
    assert [r.sequence for r in found] == ["MKVLAAGIACDE", "WYTSRQPNMLKIA"]


@pytest.mark.parametrize(
    "text",
    [
        ">a\n" + "GAGAGSGAGA\n" * 2 + ">b\n" + "GAGAGSGAGAGS\n" * 2,
        ">a\nMKVLAAGIACDE\nWYTSRQPNMLKI\n",
        ">a\nMKVLAAGIACDE\nKKKKKKKKKKKK\n>b\nACDEFGHIKLMNPQ\nKKKK\n",
        ">a\nMKVLAAG\nKKKKKKK\n",
    ],
)
def test_sequences_in_two_lines_are_read_whole(tmp_path, text):
    (tmp_path / "a.fasta").write_text(text)
    assert sum(len(r.sequence) for r in records(tmp_path / "a.fasta")) == sum(
        len(line) for line in text.split("\n") if not line.startswith(">")
    )


def test_utf_32_is_read(tmp_path):
    (tmp_path / "a.fasta").write_bytes(">a\nMKV\n".encode("utf-32"))
    assert [r.sequence for r in records(tmp_path / "a.fasta")] == ["MKV"]


def test_the_command_for_latin_1_works_as_it_is_told(tmp_path):
    path = tmp_path / "my data.fasta"
    path.write_bytes(b">M\xfcller\nMKV\n")
    with pytest.raises(EvenfoldError) as told:
        records(path)
    command = str(told.value).split("`")[1]
    subprocess.run(command, shell=True, check=True)
    (found,) = records(tmp_path / "my data_utf8.fasta")
    assert found.id == "Müller"


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


def test_joined_files_and_hidden_headers_merge_no_records(tmp_path):
    """Byte order marks, blanks before `>` and a missing line end between files."""
    path = tmp_path / "a.fasta"
    path.write_bytes(
        b"\xef\xbb\xbf>a\nMKV\n\xef\xbb\xbf>b\nACD\n >c\nEFG\n; a comment\nHIK>d\nLMN>"
    )
    assert [(r.id, r.sequence) for r in records(path)] == [
        ("a", "MKV"), ("b", "ACD"), ("c", "EFGHIK"), ("d", "LMN>")]  # fmt: skip
    path.write_text(">a\nHIK\ufeff>b\nLMN\n>\n1 mkv aac\n")
    assert [r.sequence for r in records(path)] == ["HIK", "LMN", "1mkvaac"]


@pytest.mark.parametrize(
    "between",
    ["\n\u200b>", "\n\u200b >", "\n\u00ad>", "\n\u2060\ufeff>", "\n\x1a>", "\x1a\n>",
     "\u200b\n>", "\x1a>", "\u200b>", "\n\x1a\n>", "\u2028>", "\u00a0>"],
)  # fmt: skip
def test_what_cannot_be_seen_hides_no_header_and_is_no_residue(tmp_path, between):
    path = tmp_path / "a.fasta"
    path.write_text(f">a\nMKV{between}b\nACD\n", newline="")
    assert [(r.id, r.sequence) for r in records(path)] == [("a", "MKV"), ("b", "ACD")]


@pytest.mark.parametrize("end", ["#", "60", ".", "\x00", "MK 1"])
def test_a_header_behind_any_letters_is_one(tmp_path, end):
    """Its own record is not lost with the one before, which is rejected for a letter."""
    path = tmp_path / "a.fasta"
    path.write_text(f">a\nMKV{end}>b\nACD\n", newline="")
    found = records(path)
    assert [r.id for r in found] == ["a", "b"] and found[1].sequence == "ACD"
    assert clean_sequence(found[0].sequence, Cleaning())[1].startswith("letter ")


def test_utf16_is_read_and_a_bad_byte_is_counted_over_the_file(tmp_path):
    path = tmp_path / "a.fasta"
    path.write_bytes(">a\nMKV\n".encode("utf-16"))
    assert [r.sequence for r in records(path)] == ["MKV"]
    good = b">a\nMKV\n" * 20_000
    path.write_bytes(good + b">M\xfcller\nMKV\n")
    with pytest.raises(EvenfoldError, match=r"byte 140002, line 40001.*iconv"):
        records(path)
    path.write_bytes(gzip.compress(good + b">M\xfcller\nMKV\n"))
    with pytest.raises(EvenfoldError, match="byte 140002, line 40001"):
        records(path)


@pytest.mark.parametrize(
    "name, head, words",
    [
        ("a.xlsx", b"PK\x03\x04", "save the sheet as CSV"),
        ("a.zip", b"PK\x03\x04", "Unpack"),
        ("a.fasta.bz2", b"BZh91AY", "compress it with gzip"),
        ("a.fasta", b"BZh91AY", "compress it with gzip"),
        ("a.csv", b"PK\x03\x04", "save the sheet as CSV"),
        ("a.fasta.xz", b"\xfd7zXZ\x00", "compress it with gzip"),
    ],
)
def test_what_no_form_can_help_is_told_what_to_do(tmp_path, name, head, words):
    path = tmp_path / name
    path.write_bytes(head + b"\x00" * 20)
    with pytest.raises(EvenfoldError, match=f"(?i){words}"):
        records(path)


def test_a_folder_and_a_file_of_pir_are_named(tmp_path):
    with pytest.raises(EvenfoldError, match="a folder; name the file"):
        records(tmp_path, form="fasta")
    path = tmp_path / "a.fasta"
    path.write_text(">P1;CRAB\nALPHA CRYSTALLIN\nMKV*\n")
    with pytest.raises(EvenfoldError, match="PIR, whose second lines are titles"):
        records(path)
    path = tmp_path / "a.txt"
    path.write_text("Sequence\nMKV\n")
    with pytest.raises(EvenfoldError, match="line 1: 'Sequence' is the name of a col"):
        records(path)


@pytest.mark.parametrize(
    "letters, refused",
    [
        ("ACGTRYKMSW" * 10, True),
        ("ACGU" * 20, True),
        ("ACGTN" * 20, True),
        ("GAGAGS" * 20, False),
        ("GAGAGA" * 20, False),
        ("KRWGHY" * 20, False),
        ("MKVLAAGI" * 20, False),
        ("ACGT", False),
    ],
)
def test_nucleotides_are_refused_and_silk_is_not(tmp_path, letters, refused):
    path = tmp_path / "a.fasta"
    path.write_text(f">a\n{letters}\n")
    if refused:
        with pytest.raises(EvenfoldError, match="must be trained with"):
            list(read(path, Reading(), -1))
    else:
        assert list(read(path, Reading(), -1))
    kept = records(path, cleaning={"nucleotides": "keep"})
    assert kept[0].sequence == letters


def test_without_an_id_a_record_is_named_by_content(tmp_path):
    fasta, table, lines = (tmp_path / name for name in ("a.fa", "a.csv", "a.txt"))
    fasta.write_text(">\nMKV\n>|1\nACD\n")
    table.write_text("Sequence\nMKV\nACD\n")
    lines.write_text("MKV\nACD\n")
    wanted = [(r.id, r.sequence) for r in records(lines)]
    assert [(r.id, r.sequence) for r in records(table)] == wanted
    table.write_text("id,sequence\n,MKV\n,ACD\n")
    assert [(r.id, r.sequence) for r in records(table)] == wanted
    assert records(fasta)[0].id == wanted[0][0]
    with pytest.raises(EvenfoldError, match="no column 'name'"):
        records(table, id_column="name")


def test_a_quote_in_tsv_is_a_letter_unless_all_is_quoted(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text('id\tsequence\tlabel\n"alpha\tMKV\t1\nx\tACD\t0\nbeta"\tEFG\t1\n')
    found = records(path, label=None)
    assert [r.id for r in found] == ['"alpha', "x", 'beta"']
    path.write_text('"id"\t"sequence"\t"label"\n"alpha"\t"MKV"\t"1"\n')
    assert [(r.id, r.sequence, r.label) for r in records(path, label=None)] == [
        ("alpha", "MKV", 1)]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "ID,Sequence,Label\nx,MKV,1\ny,ACD,0\n",
        "id, sequence, label\nx, MKV, 1\ny, ACD, 0\n,,\n",
        "id;sequence;label;note\nx;MKV;1;a, b\ny;ACD;0;\n",
        "id,sequence,label\nx,MKV,1\n\ufeffid,sequence,label\ny,ACD,0\n",
        "\n\ufeffid,sequence,label,note\nx,MKV,1,'a'\ny,ACD,0,\"two\nlines\"\n",
    ],
)
def test_tables_as_people_have_them(tmp_path, text):
    path = tmp_path / "a.csv"
    path.write_text(text)
    assert [(r.id, r.sequence, r.label) for r in records(path, label=None)] == [
        ("x", "MKV", 1), ("y", "ACD", 0)]  # fmt: skip


@pytest.mark.parametrize(
    "text, words",
    [
        ("id,sequence,sequence\nx,MKV,ACD\n", "2 columns are called 'sequence'"),
        ("id,Sequence,SEQUENCE\nx,MKV,ACD\n", "2 columns are called 'sequence'"),
        ("id,sequence\nx,MKV\ny,ACD,1\n", "line 3: 3 cells, but the header has 2"),
        ('id,sequence,note\nx,MKV,"a\ny,ACD,b\nz,EFG,c"\n', "line 2: a quote opens"),
        ('id,sequence\n"x,MKV\ny,ACD\nz",EFG\n', "line 2: a quote opens"),
        ('id,sequence\n"x,MKV\ny,ACD\n', "line 2: the quotes of the CSV do not close"),
        ('id,sequence\n"x"z,MKV\n', "line 2: the quotes of the CSV do not close"),
        (
            "Table S1. Peptides;;\n;;\nid;sequence;label\nx;MKV;1\n",
            r"columns stand in line 3, below a title \('Table S1\. Peptides;;'\)\. "
            "Remove lines 1 to 2",
        ),
        ("Peptides of 2020\nid,sequence\nx,MKV\n", r"line 2, below .* Remove line 1\."),
        (
            "x,MKVLAAGIACDE,1\ny,ACDEFGHIKLMN,0\n",
            r"first line looks like a row, .*: x, MKVLAAGIACDE, 1\. Write the names of the "
            "columns above it, such as `id,sequence,label`",
        ),
        (
            "id|sequence\nx|MKV\n",
            r"one column alone: id\|sequence. .* comma or semicolon",
        ),
        (
            "id sequence\nx MKV\n",
            "one column alone: id sequence. Columns are told apart",
        ),
        (
            "\0" * 900,
            r"one column alone: (\\x00){50} \.\.\.",
        ),
    ],
)
def test_a_table_that_would_lose_rows_is_refused_with_its_line(tmp_path, text, words):
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(EvenfoldError, match=words):
        records(path)


def test_an_empty_cell_is_no_reason_to_stop(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,sequence,label\nx,,1\ny,ACD,\nz,EFG,0\nw,HIK,NA\n")
    found = records(path, label=None)
    assert [(r.id, r.sequence, r.label) for r in found] == [
        ("x", "", 1), ("y", "ACD", None), ("z", "EFG", 0), ("w", "HIK", None)]  # fmt: skip


def test_parquet_with_bytes_numbers_and_nothing(tmp_path):
    path = tmp_path / "a.parquet"
    columns = {
        "ID": [b"p0", b"p1", None],
        "sequence": [b"MKV", b"ACD", b"EFG"],
        "label": [1.0, float("nan"), 0.0],
    }
    pq.write_table(pa.table(columns), path)
    found = records(path, label=None)
    assert [r.id for r in found][:2] == ["p0", "p1"] and found[2].id.startswith("seq-")
    assert [(r.sequence, r.label) for r in found] == [
        ("MKV", 1), ("ACD", None), ("EFG", 0)]  # fmt: skip
    whole = path.read_bytes()
    path.write_bytes(whole[:20] + b"\xff" * 60 + whole[80:])
    with pytest.raises(EvenfoldError, match="Parquet file is cut off or damaged"):
        records(path, label=None)


@pytest.mark.parametrize(
    "texts, keys",
    [
        (("1", "0"), {}),
        (("1.0", "0.0"), {}),
        (("True", "False"), {}),
        (("yes", "no"), {}),
        (("+1", "-1"), {"negative_label": -1}),
        (("1.0", "-1.0"), {"positive_label": 1, "negative_label": "-1"}),
        (("yes", "no"), {"positive_label": True, "negative_label": False}),
        (("True", "False"), {"positive_label": "yes", "negative_label": "no"}),
        (("AMP", "nonAMP"), {"positive_label": "amp", "negative_label": "nonamp"}),
        (("A", "a"), {"positive_label": "A", "negative_label": "a"}),
    ],
)
def test_labels_as_people_write_them(tmp_path, texts, keys):
    path = tmp_path / "a.csv"
    path.write_text(f"id,sequence,label\nx,MKV,{texts[0]}\ny,ACD,{texts[1]}\n")
    assert [r.label for r in records(path, label=None, **keys)] == [1, 0]


@pytest.mark.parametrize("word", ["AMP", "2", "0.93", "✓"])
def test_a_label_of_other_words_names_the_keys_that_take_it(tmp_path, word):
    path = tmp_path / "a.csv"
    path.write_text(f"id,sequence,label\nx,MKV,1\ny,ACD,{word}\n")
    with pytest.raises(EvenfoldError) as told:
        records(path, label=None)
    assert f"line 3: the label {word!r} found; expected '1' (pos" in str(told.value)
    assert "Say what the classes are called (positive_label and" in str(told.value)


@pytest.mark.parametrize(
    "name, cell", [("a.csv", "no"), ("a.tsv", "0"), ("a.csv", "0.0")]
)
def test_a_row_of_the_other_class_than_its_file_is_refused(tmp_path, name, cell):
    """A column of labels beside a file that is listed under one class."""
    path = tmp_path / name
    text = f"id,sequence,Label\nx,MKV,1\ny,ACD,{cell}\n"
    path.write_text(text.replace(",", "\t" if name.endswith("tsv") else ","))
    with pytest.raises(EvenfoldError) as told:
        records(path)
    assert (
        f"{name} line 3: its column 'label' says {cell!r} (negative), and the file"
        in (str(told.value))
    )
    assert "List sequences of both classes under `labelled`" in str(told.value)
    # Where the column means something else, or its labels are in a table of their own.
    path.write_text("id,sequence,label\nx,MKV,human\ny,ACD,\n")
    assert [r.label for r in records(path)] == [1, 1]
    path.write_text("id,sequence,label\nx,MKV,1\ny,ACD,0\n")
    assert len(list(read(path, Reading(), None, labels={"x": 0, "y": 1}))) == 2


@pytest.mark.parametrize("line", ["sep=;", '"sep=;"', "\ufeffSEP=;", "sep=;;;"])
def test_the_line_of_a_delimiter_that_excel_writes_is_no_header(tmp_path, line):
    path = tmp_path / "a.csv"
    path.write_text(f"{line}\r\nid;sequence;label\r\nx;MKV;1\r\ny;ACD;?\r\n")
    with pytest.raises(EvenfoldError, match="line 4: the label"):
        records(path, label=None)
    assert [r.id for r in records(path)] == ["x", "y"]


def test_a_label_that_is_not_clear_names_the_line_that_mends_it(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,sequence,label\nx,MKV,1\ny,ACD,-1\n")
    with pytest.raises(EvenfoldError, match='set `negative_label: "-1"`'):
        records(path, label=None)
    path = tmp_path / "a.fasta"
    path.write_text(">P1|1|training\nMKV\n>P2|0|testing\nACD\n")
    ilearn = r"\|([01])\|(?:training|testing)$"
    with pytest.raises(EvenfoldError, match=r"as iLearn writes it.*training.testing"):
        records(path, label=None, label_pattern=r"\|([01])$")
    found = records(path, label=None, label_pattern=ilearn)
    assert [(r.id, r.label) for r in found] == [("P1", 1), ("P2", 0)]
    path.write_text(">P1|1|0|training\nMKV\n")
    for pattern in (r"\|([01])\|", r"\|([01])", "([01])"):
        with pytest.raises(EvenfoldError, match=r"several labels \('1'"):
            records(path, label=None, label_pattern=pattern)
    with pytest.raises(ValueError, match="are the same"):
        Reading(positive_label="1", negative_label=1)


def test_an_empty_label_in_a_header_is_one_record_without_label(tmp_path):
    path = tmp_path / "a.fasta"
    path.write_text(">a|1\nMKV\n>b|\nACD\n>c|NA\nEFG\n")
    found = records(path, label=None, label_pattern=r"\|(\w*)$")
    assert [(r.id, r.label) for r in found] == [("a", 1), ("b", None), ("c", None)]
