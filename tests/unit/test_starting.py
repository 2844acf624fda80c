"""`evenfold init`: what it makes of the forms that people have."""

import random
import re

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from evenfold.cli import main
from evenfold.config.about import About
from evenfold.config.loading import load_dataset, load_run
from evenfold.errors import EvenfoldError
from evenfold.starting.beginning import begin
from evenfold.starting.patterns import classes
from tests.conftest import ROOT

LETTERS = "ACDEFGHIKLMNPQRSTVWY"


def peptides(n, seed, length=None, centre=None):
    generator = random.Random(seed)
    made = []
    for _ in range(n):
        size = length or generator.randint(8, 30)
        one = generator.choices(LETTERS, k=size)
        if centre:
            one[size // 2] = centre
        made.append("".join(one))
    return made


POSITIVE, NEGATIVE = peptides(6, 1), peptides(9, 2)
BOTH = [(s, 1) for s in POSITIVE] + [(s, 0) for s in NEGATIVE]


def fasta(sequences, header="{n}"):
    return "".join(f">{header.format(n=n)}\n{s}\n" for n, s in enumerate(sequences))


def labelled(header, labels=("1", "0")):
    return "".join(
        f">{header.format(n=n, y=labels[1 - y])}\n{s}\n"
        for n, (s, y) in enumerate(BOTH)
    )


def table(header, delimiter=",", labels=("1", "0"), ids=True):
    rows = [header]
    for n, (sequence, y) in enumerate(BOTH):
        rows.append(([f"p{n}"] if ids else []) + [sequence, labels[1 - y]])
    return "".join(delimiter.join(row) + "\n" for row in rows)


#: One protein a line: `#` or a table marks K at 3 and 5.
WHOLE = {
    f"P{n}": "MAK" + s.replace("K", "R") + "KCK" for n, s in enumerate(peptides(8, 3))
}
UNIPROT = {f"sp|{name}|{name}_HUMAN": s for name, s in WHOLE.items()}
WINDOWS = peptides(12, 4, 11, "K"), peptides(12, 5, 11, "K")


def whole(proteins, header="{name}", mark=False):
    return "".join(
        f">{header.format(name=name, last=len(s))}\n{s.replace('MAK', 'MAK#') if mark else s}\n"
        for name, s in proteins.items()
    )


def sites(text, proteins=WHOLE):
    rows = [text.format(name=name, last=len(s)) for name, s in proteins.items()]
    return "\n".join(rows) + "\n"


#: Files, the keys that must be in what is written, and how many of each class are read.
FORMS = {
    "a FASTA a class": (
        {"pos.fasta": fasta(POSITIVE), "neg.fasta": fasta(NEGATIVE)},
        {"train": {"positive": "pos.fasta", "negative": "neg.fasta"}}),
    "and a test": (
        {"train_pos.fa": fasta(POSITIVE), "train_neg.fa": fasta(NEGATIVE),
         "test_pos.fa": fasta(peptides(5, 6)), "test_neg.fa": fasta(peptides(5, 7))},
        {"train": {"positive": "train_pos.fa", "negative": "train_neg.fa"},
         "test": {"positive": "test_pos.fa", "negative": "test_neg.fa"}}),
    "several files a class": (
        {"pos1.fasta": fasta(POSITIVE), "pos2.fasta": fasta(peptides(4, 8)), "non.fasta": fasta(NEGATIVE)},
        {"train": {"positive": ["pos1.fasta", "pos2.fasta"], "negative": "non.fasta"}}),
    "one class named": (
        {"AMP.fasta": fasta(POSITIVE), "nonAMP.fasta": fasta(NEGATIVE)},
        {"train": {"positive": "AMP.fasta", "negative": "nonAMP.fasta"}}),
    "lines": (
        {"pos.txt": "\n".join(POSITIVE), "neg.txt": "\n".join(NEGATIVE)},
        {"train": {"positive": "pos.txt", "negative": "neg.txt"}}),
    "no suffix": (
        {"pos_main": "\n".join(POSITIVE), "neg_main": "\n".join(NEGATIVE)}, {"form": "lines"}),
    "a FASTA called txt": ({"pos.txt": fasta(POSITIVE), "neg.txt": fasta(NEGATIVE)}, {"form": "fasta"}),
    "labels in headers": (
        {"a.fasta": labelled("sp|P{n}|A|{y}")},
        {"train": {"labelled": "a.fasta"}, "label_pattern": r"\|([+-]?[01])$"}),
    "iLearn's": (
        {"a.fasta": labelled("P{n}|{y}|training")}, {"label_pattern": r"\|([01])\|(?:training|testing)$"}),
    "words in headers": (
        {"a.fasta": labelled("P{n} label=AMP{y}", ("", "non"))}, {"positive_label": "AMP"}),
    "pos and neg in headers": (
        {"a.fasta": labelled("{y}_{n}x", ("pos", "neg")).replace("pos_", "a_pos|").replace("neg_", "a_neg|")
         .replace("x\n", "_pos\n", 6).replace("x\n", "_neg\n")},
        {"positive_label": "pos", "negative_label": "neg"}),
    "a table": ({"a.csv": table(["id", "sequence", "label"])}, {"train": {"labelled": "a.csv"}}),
    "no id": ({"a.csv": table(["sequence", "label"], ids=False)}, {"train": {"labelled": "a.csv"}}),
    "other case": ({"a.csv": table(["ID", "Sequence", "Label"])}, {"train": {"labelled": "a.csv"}}),
    "semicolons and blanks": ({"a.csv": table(["id", "sequence", "label"], "; ")}, {"train": {"labelled": "a.csv"}}),
    "tabs": ({"a.tsv": table(["id", "sequence", "label"], "\t")}, {"train": {"labelled": "a.tsv"}}),
    "other names": (
        {"a.csv": table(["Entry", "Peptide", "Activity"], labels=("active", "inactive"))},
        {"id_column": "Entry", "sequence_column": "Peptide", "label_column": "Activity",
         "positive_label": "active", "negative_label": "inactive"}),
    "names that nobody knows": (
        {"a.csv": table(["nr", "letters", "wirkt"], labels=("ja", "nein"))},
        {"sequence_column": "letters", "label_column": "wirkt"}),
    "+1 and -1": ({"a.csv": table(["id", "sequence", "label"], labels=("+1", "-1"))},
                  {"positive_label": "+1", "negative_label": "-1"}),
    "yes and no": ({"a.csv": table(["id", "sequence", "label"], labels=("yes", "no"))}, {}),
    "True and False": ({"a.csv": table(["id", "sequence", "label"], labels=("True", "False"))}, {}),
    "1.0 and 0.0": ({"a.csv": table(["id", "sequence", "label"], labels=("1.0", "0.0"))}, {}),
    "+ and -": ({"a.csv": table(["id", "sequence", "label"], labels=("+", "-"))},
                {"positive_label": "+", "negative_label": "-"}),
    "labels in two spellings": (
        {"a.csv": table(["id", "sequence", "label"], labels=("pos", "neg")).replace("pos", "Pos", 2)},
        {"positive_label": "pos", "negative_label": "neg"}),
    "the class in front of a number": (
        {"a.fasta": labelled("{y}_{n}", ("Positive", "Negative"))},
        {"label_pattern": r"(?i)^(pos[a-z]*|neg[a-z]*)[_ |:.-]?(?=\d)", "positive_label": "Positive"}),
    "classes in folders": (
        {"data/AMP/a.fasta": fasta(POSITIVE), "data/nonAMP/a.fasta": fasta(NEGATIVE)},
        {"train": {"positive": "data/AMP/a.fasta", "negative": "data/nonAMP/a.fasta"}}),
    "roles in folders": (
        {"tests/train/pos.fa": fasta(POSITIVE), "tests/train/neg.fa": fasta(NEGATIVE),
         "tests/test/pos.fa": fasta(peptides(5, 6)), "tests/test/neg.fa": fasta(peptides(5, 7))},
        {"train": {"positive": "tests/train/pos.fa", "negative": "tests/train/neg.fa"},
         "test": {"positive": "tests/test/pos.fa", "negative": "tests/test/neg.fa"}}),
    "tr and te": (
        {"AMP.tr.fa": fasta(POSITIVE), "DECOY.tr.fa": fasta(NEGATIVE),
         "AMP.te.fa": fasta(peptides(5, 6)), "DECOY.te.fa": fasta(peptides(5, 7))},
        {"train": {"positive": "AMP.tr.fa", "negative": "DECOY.tr.fa"},
         "test": {"positive": "AMP.te.fa", "negative": "DECOY.te.fa"}}),
    "a cell of Excel's that is none": (
        {"a.csv": table(["id", "sequence", "label"]) + "x,#N/A,1\ny,#NAME?,0\n"}, {"train": {"labelled": "a.csv"}}),
    "PhosphoSitePlus": (
        {"p.fasta": whole({f"sp|{n}4637|{n}_X": s for n, s in WHOLE.items()}),
         "sites.tsv": "GENE\tPROTEIN\tACC_ID\tMOD_RSD\n" + sites("G\tProt. {name}\t{name}4637\tK3-ac")},
        {"sites": {"residues": "K", "window": 31, "protein_column": "ACC_ID", "position_column": "MOD_RSD"}}),
    "labels of their own": (
        {"a.fasta": fasta([s for s, _ in BOTH], "p{n}"), "labels.csv":
         "id,label\n" + "".join(f"p{n},{y}\n" for n, (_, y) in enumerate(BOTH))},
        {"train": {"labelled": "a.fasta", "labels": "labels.csv"}}),
    "windows": (
        {"pos.fasta": fasta(WINDOWS[0], "P{n}|K5").replace("P11|", "P1|"), "neg.fasta": fasta(WINDOWS[1], "P{n}|K9")},
        {"source_pattern": r"^([^|]+)\|[A-Za-z]?\d+"}),
    "padded windows": (
        {"pos.fasta": fasta(["--" + s[2:] for s in WINDOWS[0]]), "neg.fasta": fasta(WINDOWS[1])},
        {"cleaning": {"gap": "keep"}}),
    "sites": (
        {"p.fasta": whole(WHOLE), "sites.csv": "protein,position\n" + sites("{name},3")},
        {"train": {"proteins": "p.fasta", "positive_sites": "sites.csv"}, "sites": {"residues": "K", "window": 31}}),
    "K57": ({"p.fasta": whole(WHOLE), "sites.csv": "protein,position\n" + sites("{name},K3")}, {"sites": {"residues": "K", "window": 31}}),
    "57.0": ({"p.fasta": whole(WHOLE), "sites.csv": "protein,position\n" + sites("{name},3.0")}, {"sites": {"residues": "K", "window": 31}}),
    "13;48": (
        {"p.fasta": whole(WHOLE), "sites.csv": "Acc,Pos\n" + sites("{name},3;{last}")},
        {"sites": {"residues": "K", "window": 31, "protein_column": "Acc", "position_column": "Pos"}}),
    "positives and negatives": (
        {"p.fasta": whole(WHOLE), "pos_sites.csv": "protein,position\n" + sites("{name},3"),
         "neg_sites.csv": "protein,position\n" + sites("{name},{last}")},
        {"train": {"proteins": "p.fasta", "positive_sites": "pos_sites.csv", "negative_sites": "neg_sites.csv"}}),
    "accessions of UniProt": (
        {"p.fasta": whole(UNIPROT), "sites.csv": "protein,position\n" + sites("{name},3")},
        {"source_pattern": r"^[^|]*\|([^|]+)\|"}),
    "MusiteDeep's": ({"p.fasta": whole(WHOLE, mark=True)}, {"train": {"proteins": "p.fasta"}, "sites": {"residues": "K", "window": 31}}),
    "sites in headers": ({"p.fasta": whole(WHOLE, "{name} #3")}, {"sites": {"residues": "K", "window": 31}}),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_every_form_becomes_a_data_set_that_can_be_run(
    tmp_path, monkeypatch, capsys, form
):
    files, wanted = FORMS[form]
    monkeypatch.chdir(tmp_path)
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    status = main(["init", *files])
    told = capsys.readouterr()
    assert status == 0, told.out + told.err
    path = tmp_path / "config/datasets/mine.yaml"
    written = yaml.safe_load(path.read_text())
    for key, value in wanted.items():
        assert written[key] == value, path.read_text()
    load_dataset(
        "mine", load_run({"datasets": ["mine"], "variants": ["bce"]}), path.parent
    )
    command = "  snakemake --cores 8 --configfile mine.yaml"
    assert told.out.endswith(f"{command} -n\n{command} -- explore\n{command}\n")
    assert " 0 rejected" in told.out or "#N/A" in files.get("a.csv", "")
    assert " 0 positive" not in told.out and " 0 negative" not in told.out


def test_what_it_saw_is_said_and_what_is_unclear_has_its_line(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.fasta").write_text(fasta(["AC-" + s for s in POSITIVE]))
    (tmp_path / "two.fasta").write_text(fasta([*NEGATIVE, NEGATIVE[0]], "a"))
    assert main(["init", "one.fasta", "two.fasta", "--name", "them"]) == 0
    told = capsys.readouterr().out
    assert "two.fasta: FASTA, 10 sequences of" in told
    assert (
        "1 id stands before 10 sequences, which are told apart by ~2, ~3 and so on; 1 copy"
        in told
    )
    assert "peptides, since 95 % of the training sequences have at most" in told
    assert "train: 16 read, 15 kept: 6 positive, 9 negative; 1 rejected" in told
    text = (tmp_path / "config/datasets/them.yaml").read_text().splitlines()
    for line, why in ((3, "whether one.fasta is positive: its name says no class"),
                      (4, "whether two.fasta is negative"),
                      (7, "what the gaps inside 6 sequences are")):  # fmt: skip
        assert f"config/datasets/them.yaml line {line}: {why}" in told, told
    assert text[2].strip() == "positive: one.fasta" and "gap: keep" in text[6]


def test_nothing_is_overwritten_unasked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pos.fasta").write_text(fasta(POSITIVE))
    (tmp_path / "neg.fasta").write_text(fasta(NEGATIVE))
    begun = begin(["pos.fasta", "neg.fasta"], "mine")
    begun.path.write_text("mine")
    with pytest.raises(
        EvenfoldError, match=r"exists, and nothing was written.*--force"
    ):
        begin(["pos.fasta", "neg.fasta"], "mine")
    assert begun.path.read_text() == "mine"
    # What somebody has made of the run's file is kept in any case.
    for text, told in (
        ("datasets: [other, mine]\n", "which is there and names the data set"),
        ("datasets: other\n", "does not name the data set; give it `datasets: [mine]`"),
        ("- no mapping\n", "does not name the data set; give it `datasets: [mine]`"),
    ):
        begun.run.write_text(text)
        again = begin(["pos.fasta", "neg.fasta"], "mine", force=True)
        assert begun.run.read_text() == text
        assert told in again.kept and again.kept in again.told()
    assert "positive: pos.fasta" in begun.path.read_text()


def test_a_runs_file_is_not_a_data_sets(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pos.fasta").write_text(fasta(POSITIVE))
    (tmp_path / "neg.fasta").write_text(fasta(NEGATIVE))
    with pytest.raises(EvenfoldError, match=r"mine.yaml would be the data set's file "):
        begin(["pos.fasta", "neg.fasta"], "mine", tmp_path)
    assert not (tmp_path / "mine.yaml").exists()


@pytest.mark.parametrize("name", ["mine", "no", "123", "1e5"])
def test_the_runs_file_names_the_data_set_and_its_comments_are_a_run(
    tmp_path, monkeypatch, name
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pos.fasta").write_text(fasta(POSITIVE))
    (tmp_path / "neg.fasta").write_text(fasta(NEGATIVE))
    begun = begin(["pos.fasta", "neg.fasta"], name)
    text = begun.run.read_text()
    defaults = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    assert load_run(defaults | yaml.safe_load(text)).datasets == [name]
    # As somebody would who wants variants of their own.
    lines = [line.removeprefix("# ") for line in text.splitlines()[3:]]
    own = "\n".join([text.splitlines()[1], *lines])
    assert len(load_run(yaml.safe_load(own)).variants) == 3


def test_what_only_the_user_knows_is_asked_for_by_its_line(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pos.fasta").write_text(fasta(POSITIVE))
    (tmp_path / "neg.fasta").write_text(fasta(NEGATIVE))
    assert main(["init", "pos.fasta", "neg.fasta"]) == 0
    lines = (tmp_path / "config/datasets/mine.yaml").read_text().splitlines()
    line = re.search(r"fill in `about` \(line (\d+)\)", capsys.readouterr().out)[1]
    assert lines[int(line) - 1].startswith("about:")
    written = yaml.safe_load("\n".join(lines))
    assert written["about"] == dict.fromkeys(About.model_fields, "")


def test_lengths_are_those_of_what_is_read(tmp_path, monkeypatch):
    """A final * is no letter: half of the windows have one."""
    monkeypatch.chdir(tmp_path)
    ended = [s + "*" * (n % 2) for n, s in enumerate(WINDOWS[0])]
    (tmp_path / "pos.fasta").write_text(fasta([*ended, WINDOWS[0][0].lower() + "*"]))
    (tmp_path / "neg.fasta").write_text(fasta(WINDOWS[1]) + ">\nACDEFK\n>\n")
    saw = begin(["pos.fasta", "neg.fasta"], "mine").proposal.saw
    assert saw[0].startswith("pos.fasta: FASTA, 13 sequences of 11 letters; every id")
    assert saw[0].endswith("; 1 copy")
    assert saw[1].endswith(
        "every id once; 2 without an id, named after the sequence; 1 empty"
    )
    (tmp_path / "neg.fasta").write_text(fasta(WINDOWS[1]))
    saw = begin(["pos.fasta", "neg.fasta"], "mine", force=True).proposal.saw
    assert "windows, since all training sequences have 11 letters" in saw
    assert "every window has K at its centre" in saw


@pytest.mark.parametrize(
    "files, words",
    [
        ({"a.fasta": fasta(POSITIVE)}, "no labels in it that follow a pattern"),
        ({"pos.fasta": fasta(POSITIVE)}, "files of one class alone"),
        ({"a.csv": table(["id", "sequence", "label"]).replace(",0\n", ",2\n", 2)},
         "3 different labels"),
        ({"s.csv": "protein,position\nP1,3\n"}, "none of the files holds sequences"),
        ({"a.csv": "x,y\n1,2\n"}, "none of its columns holds sequences"),
        ({"a.csv": ""}, "empty; nothing to look at"),
        ({"a.csv": table(["id", "sequence", "label"]).split("\n", 1)[1]},
         "a.csv: its first line looks like a row, .* Write the names of the columns above it"),
        ({"a.csv": "Table S1,,\n" + table(["id", "sequence", "label"])},
         r"a.csv: the names of its columns stand in line 2, below a title .* Remove line 1\."),
        ({"a.csv": "id,sequence,label\n"}, "a header and no rows"),
        ({"a.csv": "MKVL,AMP\nACDE,AMP\nEFGH,non\nWYWY,non\n"},
         "a.csv: its first line looks like a row: its 'AMP' stands in that column again"),
        ({"a.csv": "id|sequence|label\nx|MKVL|1\n"},
         r"a.csv: one column alone, 'id\|sequence\|label', .* tab, comma or semicolon"),
        ({"a.csv": table(["id", "sequence", "label"], labels=("+", ""))},
         r"1 label \('\+' \(6\)\) and 9 empty cells, and evenfold tells two apart.* in every cell"),
        ({"pos.txt": table(["id", "sequence", "n"]), "neg.fasta": fasta(NEGATIVE)},
         r"nothing was written: the files are of several forms, which their suffixes must tell "
         r"apart. pos.txt is a table \('\w+'\): rename it to pos.csv"),
        ({"p.fasta": whole(WHOLE), "s.csv": "protein,position\n" + sites("{name},10-Jan")},
         r"s.csv: the column 'position' holds no positions \('10-Jan'\). They are whole numbers"),
        ({"pos.fasta": fasta(POSITIVE), "v.pt": ""}, r"v.pt: vectors come as .npz.*`np.savez\("),
        ({"pos.fasta": fasta(POSITIVE), "v.csv": "id,e0,e1\np0,0.5,1.5\n"},
         "v.csv: numbers alone beside an id. As vectors they are read from Parquet"),
        ({"a.xlsx": "PK\x03\x04"}, "save the sheet as CSV"),
        ({"pos.fasta": ">a\n" + "ACGT" * 20 + "\n"}, "nucleotides"),
        ({"test_pos.fa": fasta(POSITIVE), "test_neg.fa": fasta(NEGATIVE)},
         "all files are for the test"),
        ({"test_p.fasta": whole(WHOLE, mark=True)}, "all files are for the test"),
        ({"p.fasta": whole(WHOLE), "neg.csv": "protein,position\n" + sites("{name},3")},
         "neg.csv: negative sites alone, by the name; name those of the positive too"),
        ({"p.fasta": whole(WHOLE), "s.csv": "protein,position\n" + sites("{name},3"),
          "test_s.csv": "protein,position\n" + sites("{name},3")},
         "test_s.csv: sites of the test, by the name, but no file of proteins is"),
        ({"p.fasta": whole(WHOLE),
          "s.csv": "protein,position,Label\n" + sites("{name},3,1\n{name},{last},0")},
         r"s.csv: sites of both classes, by the column 'Label' \('1' and '0'\), and a table of "
         "sites holds those of one. Write those with '0' into a file with neg in its name"),
        ({"pos{1}.fasta": fasta(POSITIVE), "neg.fasta": fasta(NEGATIVE)},
         r"nothing was written: the data set that the files would make does not fit:\n"
         r"  train.positive.0.path: a path has \{ or \} in it, .*rename the file"),
    ],
)  # fmt: skip
def test_files_that_make_no_data_set_are_told_what_is_missing(
    tmp_path, monkeypatch, files, words
):
    monkeypatch.chdir(tmp_path)
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    with pytest.raises(EvenfoldError, match=words):
        begin(list(files), "mine")
    assert not (tmp_path / "config").exists() and not (tmp_path / "mine.yaml").exists()


def test_what_cannot_be_run_yet_is_written_and_said(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.fasta").write_text(whole(WHOLE))
    (tmp_path / "s.csv").write_text("protein,position\n" + sites("Q{name},3"))
    assert main(["init", "p.fasta", "s.csv", "--folder", "sets"]) == 1
    told = capsys.readouterr()
    assert "mine.yaml line 6: how the tables' proteins are called" in told.out
    assert "the files of proteins have no such protein" in told.err
    assert (tmp_path / "sets/mine.yaml").is_file()


def test_a_class_that_is_guessed_is_asked_about_beside_files_of_both(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    for name, found in (("pos", POSITIVE), ("neg", NEGATIVE), ("more", peptides(5, 6))):
        (tmp_path / f"{name}.fasta").write_text(fasta(found))
    begun = begin(["pos.fasta", "neg.fasta", "more.fasta"], "mine")
    line = "whether more.fasta is positive: its name says no class"
    assert [why for _, why in begun.proposal.questions] == [line]


def test_a_positive_class_that_is_a_guess_is_told_as_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = zip(peptides(12, 6), 6 * ["WAHR", "FALSCH"])
    text = "".join(f"{sequence},{label}\n" for sequence, label in rows)
    (tmp_path / "a.csv").write_text(f"sequence,label\n{text}")
    (question,) = begin(["a.csv"], "mine").proposal.questions
    assert question[1] == (
        "whether 'FALSCH' is the positive class: both are as frequent"
    )


def test_why_records_are_rejected_is_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pos.fasta").write_text(fasta([*POSITIVE, "AC_" + NEGATIVE[0]]))
    (tmp_path / "neg.fasta").write_text(fasta([*NEGATIVE, NEGATIVE[0], "AC?", "AC_"]))
    told = begin(["pos.fasta", "neg.fasta"], "mine").read
    assert told[-2:] == [
        "rejected for: letter '_' (2); letter '?' (1)",
        "Where _, . or * pads windows, write - in its place and set `cleaning: {gap: keep}`.",
    ]


def test_positions_that_count_from_nought_are_asked_about(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    proteins = {
        f"P{n}": f"MA{letter}K" + "CD" * 9 for n, letter in enumerate("ACDEFGHI")
    }
    (tmp_path / "p.fasta").write_text(whole(proteins))
    (tmp_path / "s.csv").write_text("protein,position\n" + sites("{name},3", proteins))
    (question,) = begin(["p.fasta", "s.csv"], "mine").proposal.questions
    assert question[1] == (
        "whether the positions count from 0, while evenfold's count from 1: one further on "
        "they are at K 8. Add 1 to each then, and run this again with --force"
    )


@pytest.mark.parametrize("kind", ["npz", "h5", "parquet", "original ids"])
def test_vectors_are_joined_by_their_ids(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    ids = [f"sp|P{n}|A" for n in range(15)]
    (tmp_path / "a.csv").write_text(
        "id,sequence,label\n"
        + "".join(f"{i},{s},{y}\n" for i, (s, y) in zip(ids, BOTH))
    )
    vectors = np.ones((15, 3), dtype=np.float32)
    name = {"npz": "v.npz", "parquet": "v.parquet"}.get(kind, "v.h5")
    if kind == "npz":
        np.savez(name, names=np.array(ids), embeddings=vectors)
    elif kind == "parquet":
        pq.write_table(pa.table({"id": ids, "vector": vectors.tolist()}), name)
    else:
        with h5py.File(name, "w") as file:
            for n, one in enumerate(ids):
                key = str(n) if kind == "original ids" else one.split("|")[1]
                file.create_dataset(key, data=vectors[n])
                if kind == "original ids":
                    file[key].attrs["original_id"] = one
    begun = begin(["a.csv", name], "mine")
    assert f"{name}: vectors of 15 of 15 ids" in begun.proposal.saw
    written = yaml.safe_load(begun.path.read_text())
    assert written["training"] == {
        "features": ["embeddings"],
        "embeddings": {"file": name},
    }
    assert not begun.proposal.questions and not begun.fault


@pytest.mark.parametrize(
    "texts, wanted",
    [
        (["1", "0"], ("1", "0", True)), (["+1", "-1"], ("+1", "-1", True)),
        (["1", "2"], ("2", "1", True)), (["Yes", "No"], ("Yes", "No", True)),
        (["AMP", "non-AMP"], ("AMP", "non-AMP", True)), (["ja", "nein"], ("ja", "nein", False)),
        (["a"], None), (["a", "b", "c"], None), (["", "1", "0"], ("1", "0", True)),
    ],
)  # fmt: skip
def test_which_label_is_positive(texts, wanted):
    assert classes(texts) == wanted
