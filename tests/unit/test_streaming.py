"""Files scored in parts: any form in and out, in order, and on after a stop."""

import csv
import gzip
import io
import os
import re
import signal
import subprocess
import sys
import textwrap
from types import SimpleNamespace

import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenfold import cli
from evenfold.config.cleaning import Cleaning
from evenfold.config.sites import Sites
from evenfold.errors import EvenfoldError
from evenfold.metrics.scores import logit
from evenfold.prediction import Predictor, inputs, streaming
from evenfold.prediction.domain import Domain
from evenfold.prediction.inputs import guessed_rows
from evenfold.prediction.names import Names
from evenfold.prediction.output import beside
from evenfold.prediction.streaming import (
    Asked,
    Progress,
    predict_files,
    score_files,
    summary,
    told_after,
)
from evenfold.prediction.trust import Trust
from evenfold.selection.learned import learned_from
from evenfold.sequences.reading import named_by_content
from tests.conftest import ROOT
from tests.unit import reporting_states as states
from tests.unit.test_domain import predictor, reading_with
from tests.unit.test_sketch import random_set

SEQUENCES = random_set(12, 50)


def by_content(**changes):
    """A champion whose score is of the sequence alone: its share of A."""
    return predictor(
        ensemble=SimpleNamespace(
            scores=lambda x: x[:, 0].astype(float),
            mean_logits=lambda x: logit(x[:, 0].astype(float).clip(1e-12, 1 - 1e-12)),
        ),
        **changes,
    )


def fasta(sequences, start=0):
    return "".join(f">s{n} x\n{s}\n" for n, s in enumerate(sequences, start))


def table(sign, sequences):
    rows = [f"s{n}{sign}{s}" for n, s in enumerate(sequences)]
    return "\n".join([f"ID{sign}Sequence", *rows]) + "\n"


def read(path):
    if str(path).endswith(".parquet"):
        return pd.read_parquet(path)
    sign = "\t" if str(path).endswith(".tsv") else ","
    return pd.read_csv(path, sep=sign, keep_default_na=False)


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(inputs, "AT_ONCE", 7)


@pytest.mark.parametrize("suffix", ["tsv", "csv", "parquet"])
@pytest.mark.parametrize(
    "name", ["a.fasta", "a.fa.gz", "a.tsv", "a.csv", "a.parquet", "a.txt", "fasta.txt", "none"]
)  # fmt: skip
def test_every_form_gives_the_same_rows_in_order(tmp_path, small, name, suffix):
    path = tmp_path / name
    frame = pd.DataFrame({"id": [f"s{n}" for n in range(50)], "sequence": SEQUENCES})
    if name == "a.parquet":
        frame.to_parquet(path)
    elif name == "a.fa.gz":
        path.write_bytes(gzip.compress(fasta(SEQUENCES).encode()))
    else:
        path.write_text(
            {
                "a.tsv": table("\t", SEQUENCES),
                "a.csv": table(";", SEQUENCES),
                "a.txt": "\n".join(SEQUENCES),
            }.get(name, fasta(SEQUENCES))
        )
    out = tmp_path / f"scores.{suffix}"
    asked = Asked([str(path)], out, beside(out, "rejected"))
    counts = score_files(by_content(), asked)
    found = read(out)
    assert (counts.scored, counts.rejected) == (50, 0) and counts.files == [out]
    shares = [s.count("A") / 12 for s in SEQUENCES]
    assert found["score"].tolist() == pytest.approx(shares, abs=1e-6)
    if name != "a.txt":
        assert found["id"].tolist() == frame["id"].tolist()
    assert not asked.parts.exists() and len(read(asked.rejected)) == 0
    assert list(found.columns) == streaming.SCORES.names


def test_several_files_are_one_table_and_what_is_rejected_is_beside(tmp_path, small):
    (tmp_path / "one").mkdir()
    one, two = tmp_path / "one/new.fasta", tmp_path / "new.fasta"
    one.write_text(fasta(SEQUENCES[:20]) + ">odd\nMK1\n")
    two.write_text(fasta(SEQUENCES[20:], start=10) + ">all\nXXX\n>s1\nAAA\n")
    out = tmp_path / "scores.csv"
    asked = Asked([str(one), str(two)], out, beside(out, "rejected"))
    counts = score_files(by_content(), asked)
    ids = read(out)["id"].tolist()
    assert ids[:20] == [f"s{n}" for n in range(20)]
    assert ids[20:32] == [*(f"s{n}~2" for n in range(10, 20)), "s20", "s21"]
    assert ids[-1] == "s1~2" and len(set(ids)) == 51
    rejected = read(asked.rejected)
    assert rejected["reason"].tolist() == [
        "letter '1' at position 3",
        "unknown residues alone",
    ]
    assert rejected["source"].tolist() == [f"{one} record 21", f"{two} record 31"]
    assert (counts.scored, counts.rejected) == (51, 2)


@pytest.mark.parametrize("suffix", ["tsv", "parquet"])
def test_parts_make_the_table_that_one_piece_makes(tmp_path, monkeypatch, suffix):
    path = tmp_path / "new.fasta"
    path.write_text(fasta(SEQUENCES))
    whole = tmp_path / f"whole.{suffix}"
    score_files(by_content(), Asked([str(path)], whole, beside(whole, "rejected")))
    monkeypatch.setattr(inputs, "AT_ONCE", 7)
    out = tmp_path / f"cut.{suffix}"
    score_files(by_content(), Asked([str(path)], out, beside(out, "rejected")))
    assert read(out).equals(read(whole))
    if suffix == "tsv":
        assert out.read_bytes() == whole.read_bytes()
    else:
        assert pq.ParquetFile(out).num_row_groups == 8


def test_what_is_wrong_with_standard_input_is_said_of_it(tmp_path, monkeypatch):
    out = tmp_path / "t.tsv"
    for text, why in (
        (b"", "no sequences in it"),
        (b"id,sequence\na,b,c\n", "3 cells"),
    ):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
        with pytest.raises(EvenfoldError, match=f"^standard input.*{why}"):
            score_files(by_content(), Asked(["-"], out, beside(out, "rejected")))


def test_shards_have_so_many_rows(tmp_path, small):
    path = tmp_path / "new.fasta"
    path.write_text(fasta([*SEQUENCES, "M1"]))
    out = tmp_path / "s.tsv"
    counts = score_files(
        by_content(), Asked([str(path)], out, beside(out, "rejected"), 20)
    )
    assert [file.name for file in counts.files] == [
        "s-00001.tsv", "s-00002.tsv", "s-00003.tsv"
    ]  # fmt: skip
    assert [len(read(file)) for file in counts.files] == [20, 20, 10]
    ids = [name for file in counts.files for name in read(file)["id"]]
    assert ids == [f"s{n}" for n in range(50)] and not out.exists()


def test_shards_of_an_earlier_table_are_none_of_this_one(tmp_path, small):
    path, out = tmp_path / "new.fasta", tmp_path / "s.tsv"
    path.write_text(fasta(SEQUENCES))
    (tmp_path / "s-1.tsv").touch()
    for rows in (10, 25):
        asked = Asked([str(path)], out, beside(out, "rejected"), rows)
        counts = score_files(by_content(), asked)
    there = sorted(file for file in tmp_path.glob("s-*.tsv") if file.stem != "s-1")
    assert there == counts.files and len(there) == 2 and (tmp_path / "s-1.tsv").exists()


def test_a_folder_of_somebody_else_is_left_alone(tmp_path):
    path, out = tmp_path / "new.fasta", tmp_path / "s.tsv"
    path.write_text(fasta(SEQUENCES))
    asked = Asked([str(path)], out, beside(out, "rejected"))
    own = asked.parts / "own.txt"
    own.parent.mkdir()
    own.write_text("mine")
    with pytest.raises(EvenfoldError, match=r"none of evenfold's.*move them, or name"):
        score_files(by_content(), asked)
    assert own.read_text() == "mine" and not out.exists()
    own.unlink()
    assert score_files(by_content(), asked).scored == 50


@pytest.mark.parametrize("form", ["tsv", "csv"])
def test_an_end_of_a_line_in_an_id_ends_no_row(tmp_path, form):
    ids, path = ["a\rb", "c\nd", "e\r\nf", "g"], tmp_path / "new.parquet"
    pd.DataFrame({"id": ids, "sequence": SEQUENCES[:4]}).to_parquet(path)
    out = tmp_path / f"s.{form}"
    score_files(by_content(), Asked([str(path)], out, beside(out, "rejected")))
    with open(out, encoding="utf-8", newline="") as handle:
        rows = list(csv.reader(handle, delimiter="\t" if form == "tsv" else ","))
    assert [row[0] for row in rows[1:]] == ids
    assert read(out)["id"].tolist() == ids


KILLED = """
import os, signal, sys
from evenfold.prediction import inputs, streaming
from tests.unit.test_streaming import Asked, beside, by_content, score_files
inputs.AT_ONCE = 7
champion, out, after = by_content(), sys.argv[2], int(sys.argv[3])
calls, done = champion.calls, []
def counted(*given):
    if len(done) == after:
        os.kill(os.getpid(), signal.SIGKILL)
    done.append(1)
    return calls(*given)
champion.calls = counted
score_files(champion, Asked([sys.argv[1]], streaming.Path(out), beside(out, "rejected")))
print(len(done))
"""


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_run_that_was_killed_goes_on_and_gives_the_same_bytes(tmp_path, suffix):
    path = tmp_path / "new.fasta"
    path.write_text(fasta([*SEQUENCES, "M1"]))

    def run(out, after):
        return subprocess.run(
            [sys.executable, "-c", textwrap.dedent(KILLED), path, tmp_path / out, str(after)],
            env=os.environ | {"PYTHONPATH": f"{ROOT / 'workflow'}:{ROOT}"},
            capture_output=True,
            text=True,
        )  # fmt: skip

    assert run(f"whole.{suffix}", 99).stdout == "8\n"
    cut = f"cut.{suffix}"
    assert run(cut, 5).returncode == -signal.SIGKILL
    assert (tmp_path / f"{cut}.part").is_dir() and not (tmp_path / cut).exists()
    # What was scored before is not scored again.
    assert run(cut, 99).stdout == "3\n"
    for name in ("{}", "{}.rejected"):
        files = [tmp_path / f"{name.format(one)}.{suffix}" for one in ("cut", "whole")]
        assert files[0].read_bytes() == files[1].read_bytes()
    assert not (tmp_path / f"{cut}.part").exists()


def test_parts_of_another_question_are_not_used(tmp_path, small):
    path, out = tmp_path / "new.fasta", tmp_path / "s.tsv"
    path.write_text(fasta(SEQUENCES))
    asked = Asked([str(path)], out, beside(out, "rejected"))

    def stop(rows):
        if rows > 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score_files(by_content(), asked, stop)
    assert asked.parts.is_dir()
    path.write_text(fasta(SEQUENCES[::-1]))
    score_files(by_content(), asked)
    assert read(out)["score"].iloc[0] == pytest.approx(
        SEQUENCES[-1].count("A") / 12, abs=1e-6
    )
    # Nor those of another model.
    with pytest.raises(KeyboardInterrupt):
        score_files(by_content(), asked, stop)
    score_files(by_content(models="other", threshold=2.0), asked)
    assert read(out)["positive"].sum() == 0
    # Nor those of one with the training sequences where it has none.
    with pytest.raises(KeyboardInterrupt):
        score_files(by_content(trust=Trust(neighbours=lambda: None)), asked, stop)
    scored = []
    champion = by_content()
    calls = champion.calls
    champion.calls = lambda *given: scored.append(1) or calls(*given)
    score_files(champion, asked)
    assert len(scored) == 8


def test_two_runs_do_not_write_one_table(tmp_path, small):
    path, out = tmp_path / "new.fasta", tmp_path / "s.tsv"
    path.write_text(fasta(SEQUENCES))
    asked = Asked([str(path)], out, beside(out, "rejected"))
    errors = []

    def other(rows):
        with pytest.raises(EvenfoldError, match="is being written by another") as error:
            score_files(by_content(), asked)
        errors.append(error)

    score_files(by_content(), asked, other)
    assert len(errors) == 8 and len(read(out)) == 50


def test_standard_input_and_pipes(tmp_path, small, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Predictor, "load", lambda *_, **__: by_content())
    for text in (
        fasta(SEQUENCES).encode(),
        gzip.compress(table(",", SEQUENCES).encode()),
    ):
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(text)))
        assert cli.main(["predict", "results/x", "-", "--out", "a.csv"]) == 0
        assert read("a.csv")["id"].tolist() == [f"s{n}" for n in range(50)]
    reading, writing = os.pipe()
    os.write(writing, fasta([*SEQUENCES[:3], "#"]).encode())
    os.close(writing)
    assert (
        cli.main(["predict", "results/x", f"/dev/fd/{reading}", "--out", "b.tsv"]) == 0
    )
    assert len(read("b.tsv")) == 3
    assert read("b.rejected.tsv")["source"].tolist() == [f"/dev/fd/{reading} record 4"]
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize(
    "text, why",
    [("", "no sequences in it"), (">a\nM#\n", "nothing in new.fasta was scored"),
     (None, "there is no such file")],
)  # fmt: skip
def test_where_nothing_was_scored_the_command_fails(
    tmp_path, monkeypatch, capsys, text, why
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Predictor, "load", lambda *_, **__: by_content())
    if text is not None:
        (tmp_path / "new.fasta").write_text(text)
    assert cli.main(["predict", "results/x", "new.fasta"]) == 1
    assert why in capsys.readouterr().err and not list(tmp_path.glob("*.part"))


def test_sites_are_rows_and_proteins_are_summed_up(tmp_path, small):
    path, out = tmp_path / "p.fasta", tmp_path / "s.tsv"
    path.write_text(">P1\nAKAAK\n>P2\nGGG\n>P1\nKAAAAKAAAAK*\n>P4\nMK#K\n")
    champion = by_content(
        sites=Sites(residues="K", window=5), cleaning=Cleaning(gap="keep")
    )
    tables = beside(out, "rejected"), None, beside(out, "proteins")
    counts = score_files(champion, Asked([str(path)], out, *tables))
    rows = read(out)
    assert rows["id"].tolist()[:5] == [
        "P1|K2",
        "P1|K5",
        "P1~2|K1",
        "P1~2|K6",
        "P1~2|K11",
    ]
    assert rows["score"].tolist()[3] == pytest.approx(0.8)
    proteins = read(beside(out, "proteins"))
    assert proteins["protein"].tolist() == ["P1", "P2", "P1~2", "P4"]
    assert proteins["sites"].tolist()[:3] == [2, 0, 3] and counts.proteins == 4
    assert proteins["best"].tolist()[1:3] == ["", "P1~2|K6"]
    path.write_text(">P2\nGGG\n")
    with pytest.raises(
        EvenfoldError, match="none of its proteins \(1\) has a residue of K"
    ):
        score_files(champion, Asked([str(path)], out, beside(out, "rejected")))


def test_an_odd_letter_is_told_by_its_place_in_the_protein(tmp_path, small):
    path, out = tmp_path / "p.fasta", tmp_path / "s.tsv"
    path.write_text(">P1\nKAAAAKA1AK\n")
    score_files(of_sites(), Asked([str(path)], out, beside(out, "rejected")))
    rejected = read(beside(out, "rejected"))
    assert rejected["id"].tolist() == ["P1|K6", "P1|K10"]
    assert set(rejected["reason"]) == {"letter '1' at position 8"}


PROTEINS = ">sp|P1|X_Y a\nAKAA\n>odd one\nKA\n>sp|P1|X_Z\nMKKA\n>sp|P4|X\nMA#K\n"


def of_sites(**names):
    """A champion whose data set names its proteins by a pattern, or a column."""
    sites, cleaning = Sites(residues="K", window=5), Cleaning(gap="keep")
    return by_content(reading=reading_with(sites, cleaning, **names))


def test_sites_go_by_the_names_that_the_data_set_gives_proteins(tmp_path, small):
    path, out = tmp_path / "p.fasta", tmp_path / "s.tsv"
    path.write_text(PROTEINS)
    champion = of_sites(source_pattern=r"^sp\|([^|]+)\|")
    asked = Asked([str(path)], out, beside(out, "rejected"))
    counts = score_files(champion, asked)
    names = ["P1|K2", "odd|K1", "P1~2|K2", "P1~2|K3", "P4|K3"]
    assert read(out)["id"].tolist() == names
    assert [record.id for record in champion.read(path)] == names
    assert told_after(champion, None, counts) == [
        "Headers in which source_pattern of the data set "
        r"('^sp\|([^|]+)\|') finds no name, so that their first word names the protein: "
        "1 of 4."
    ]
    # A selection that was frozen without it names them as before.
    score_files(of_sites(), asked)
    assert read(out)["id"].tolist()[0] == "sp|P1|X_Y|K2"


def test_a_column_of_sources_names_proteins(tmp_path, small):
    path, out = tmp_path / "p.csv", tmp_path / "s.tsv"
    path.write_text("id,Seq,gene\na,AKAA,P1\nb,KA,\n")
    champion = of_sites(source_column="gene", sequence_column="seq")
    score_files(champion, Asked([str(path)], out, beside(out, "rejected")))
    assert read(out)["id"].tolist() == ["P1|K2", "b|K1"]


@pytest.mark.parametrize(
    "head, ids",
    [
        ("acc,peptide", ["s0", "s1"]),
        ("ID,Sequence", ["s0", "s1"]),
        ("acc,sequence", ["s0", "s1"]),
        ("what,peptide", None),
    ],
)
def test_columns_go_by_the_names_of_the_data_set_or_the_standard_ones(
    tmp_path, small, head, ids
):
    path, out = tmp_path / "new.csv", tmp_path / "s.tsv"
    path.write_text(f"{head}\ns0,AACD\ns1,ACDE\n")
    names = {"id_column": "acc", "sequence_column": "peptide"}
    champion = by_content(reading=reading_with(**names))
    asked = Asked([str(path)], out, beside(out, "rejected"))
    counts = score_files(champion, asked)
    found = read(out)["id"].tolist()
    if ids:
        assert found == ids and told_after(champion, None, counts) == []
    else:
        assert found == [named_by_content("AACD"), named_by_content("ACDE")]
        assert told_after(champion, None, counts) == [
            "Records without an id, which are named after their content (seq-...): 2 of 2."
        ]
    # One column of that name in a file without a suffix that says so is a table too.
    plain = tmp_path / "new.txt"
    plain.write_text("peptide\nAACD\n")
    assert [r.sequence for r in champion.read(plain)] == ["AACD"]


def test_a_table_without_the_sequences_is_told_of_by_what_is_read(tmp_path, small):
    path = tmp_path / "new.csv"
    path.write_text("id,protein\ns0,AACD\n")
    champion = by_content(reading=reading_with(sequence_column="peptide"))
    with pytest.raises(EvenfoldError) as error:
        champion.read(path)
    assert str(error.value) == (
        f"{path}: no column 'peptide' or 'sequence' in its header. Found: id, protein. "
        "Rename the column of the sequences."
    )
    path.write_text("s0,MKVLAAGIACDE\n")
    with pytest.raises(EvenfoldError, match=r"first line looks like a row\. Write the"):
        champion.read(path)


def test_what_came_of_it_is_told_with_the_domain(tmp_path, small):
    path, out = tmp_path / "new.fasta", tmp_path / "s.tsv"
    path.write_text(fasta(["AAAA", "ACDE", "A" * 50, "M1"]))
    asked = Asked([str(path)], out, beside(out, "rejected"))
    domain = Domain.of(learned_from(["ACD", "AAAAA"]), None)
    counts = score_files(by_content(trust=Trust(domain)), asked)
    assert summary(counts, asked) == [
        f"{out}: 3 scored, 2 called positive",
        "2 of 3 outside of what the model was trained on",
        f"{asked.rejected}: 1 rejected, with reasons",
    ]
    counts.unsure = 1
    assert summary(counts, asked)[0] == f"{out}: 3 scored, 2 called positive, 1 unsure"
    # Nothing is claimed where nothing is known.
    counts = score_files(by_content(), asked)
    assert len(summary(counts, asked)) == 2
    counts.unjudged = 1
    assert summary(counts, asked)[1] == (
        "0 of 3 outside of what the model was trained on; 1 not judged, as the nearest "
        "training sequence was not searched"
    )


def test_probabilities_outside_of_their_bounds_are_counted_and_no_error(
    tmp_path, small
):
    """Bounds of 0.2 to 0.6 below a logit of 1, and of 0.7 to 0.8 from there on."""
    path, out = tmp_path / "new.fasta", tmp_path / "s.tsv"
    path.write_text(fasta(["CCCC", "ACDE", "AACC", "AAAA", "M1"]))
    asked = Asked([str(path)], out, beside(out, "rejected"))
    frozen = states.trust(probability_low=[0.2, 0.7], probability_high=[0.6, 0.8])
    one = by_content(trust=Trust(frozen=frozen))
    counts = score_files(one, asked)
    rows = read(out)
    apart = (rows["probability"] < rows["probability_low"]) | (
        rows["probability"] > rows["probability_high"]
    )
    assert 0 < counts.beyond_bounds == apart.sum() < 4
    assert (
        f"{apart.sum()} of 4 with a probability outside of its Venn-Abers bounds: they are "
        "fitted apart, and this is no error"
    ) in summary(counts, asked)
    # As frozen, to six digits.
    frozen = states.trust(probability_low=[0, 0], probability_high=[0.999999, 1])
    counts = score_files(by_content(trust=Trust(frozen=frozen)), asked)
    assert counts.beyond_bounds == 0
    assert not any("bounds" in line for line in summary(counts, asked))


@pytest.mark.parametrize("name", ["gone.zip", "gone.fasta.zip", "gone.fasta", "gone"])
def test_a_file_that_is_missing_is_said_to_be(tmp_path, name):
    path, out = tmp_path / name, tmp_path / "s.tsv"
    asked = Asked([str(path)], out, beside(out, "rejected"))
    with pytest.raises(EvenfoldError, match=rf"{name}: there is no such file"):
        score_files(by_content(), asked)
    if name.endswith(".zip"):
        with pytest.raises(EvenfoldError, match=rf"{name}: there is no such file"):
            Predictor.load(path)


def test_the_note_of_parts_is_that_of_the_whole(tmp_path, small, monkeypatch):
    from evenfold.records.notes import SealedSet
    from evenfold.sequences.sketch import sketches

    sealed = SealedSet(
        selection="5", dataset="demo", sequences=sketches(SEQUENCES[:20]), test_set=[]
    )
    path, out = tmp_path / "new.fasta", tmp_path / "s.tsv"
    path.write_text(fasta([*SEQUENCES, *SEQUENCES]))
    monkeypatch.setattr(Predictor, "load", lambda *_, **__: by_content(sealed=sealed))
    asked, told = Asked([str(path)], out, beside(out, "rejected")), []
    predict_files(tmp_path / "results/demo", asked, tmp_path / "ledger", told.append)
    assert told[0].startswith("20 of the sequences are") and len(told) == 2
    assert len(list((tmp_path / "ledger").iterdir())) == 1


@given(st.lists(st.sampled_from(["a", "b", "a~2", "a~2~2", "c"]), max_size=30))
def test_ids_are_unique_and_the_first_keeps_its_own(ids):
    names = Names()
    given = [names.unique(name) for name in ids]
    assert len(set(given)) == len(given)
    for name in set(ids):
        assert name in given or f"{name}~2" in given
    assert all(new == old or re.fullmatch(re.escape(old) + r"~\d+", new)
               for new, old in zip(given, ids))  # fmt: skip


def test_ids_are_found_again_among_very_many(monkeypatch):
    names = Names()
    n = 300_000
    assert all(names.unique(str(i)) == str(i) for i in range(n))
    assert names.unique("5") == "5~2" and names.unique(str(n - 1)) == f"{n - 1}~2"
    assert names.unique("5") == "5~3"
    # Eight bytes an id, but for the last ones.
    assert sum(known.nbytes for known in names._sorted) + 8 * len(
        names._recent
    ) == 8 * (n + 3)


def test_a_file_says_about_how_many_rows_it_has(tmp_path):
    path = tmp_path / "a.fasta"
    path.write_text(fasta(SEQUENCES))
    assert guessed_rows(path) == 50
    path.write_text(table(",", SEQUENCES))
    assert guessed_rows(path) == 51
    (tmp_path / "b.gz").write_bytes(gzip.compress(fasta(SEQUENCES * 900).encode()))
    assert 0.8 < guessed_rows(tmp_path / "b.gz") / 45_000 < 1.2
    assert guessed_rows(tmp_path / "none") == 0


def test_progress_tells_speed_and_what_is_left():
    told, now = [], [0.0]
    progress = Progress(10_000, told.append, lambda: now[0])
    for second, rows in ((0.1, 10), (2, 2000), (4, 10_001)):
        now[0] = second
        progress(rows)
    progress.end()
    assert [line.strip("\r").removesuffix("\x1b[K") for line in told] == [
        "2,000 sequences, 1,000 a second, about 8 s left",
        "10,001 sequences, 2,500 a second", "",
    ]  # fmt: skip
