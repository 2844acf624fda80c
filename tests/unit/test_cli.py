"""The manners of the command."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from evenfold import __version__
from evenfold.cli import command_line, main
from evenfold.errors import EvenfoldError
from evenfold.prediction.inputs import check_inputs
from evenfold.prediction.output import check_output
from evenfold.records.tables import write_frame
from tests.conftest import ROOT


def test_a_bare_command_shows_help(capsys):
    assert main([]) == 0
    told = capsys.readouterr().out
    assert "predict" in told and "Exit status: 0 done" in told


@pytest.mark.parametrize("module", ["evenfold", "evenfold.cli"])
def test_the_version_is_told(module):
    done = subprocess.run(
        [sys.executable, "-m", module, "--version"],
        cwd=ROOT / "workflow",
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout.strip()) == (0, f"evenfold {__version__}")


def test_a_home_in_a_path_is_the_home(monkeypatch):
    """The shell leaves it in `--out=~/x.tsv`, and a folder `~` was made."""
    monkeypatch.setenv("HOME", "/home/me")
    given = [
        "predict",
        "~/results/mine",
        "~/a.fasta",
        "-",
        "--out=~/x.tsv",
        "--ledger=~/l",
    ]
    options = command_line().parse_args(given)
    assert options.results == "/home/me/results/mine"
    assert options.inputs == ["/home/me/a.fasta", "-"]
    assert (options.out, options.ledger) == ("/home/me/x.tsv", "/home/me/l")


@pytest.mark.parametrize(
    "given, named",
    [
        (["--error", "0.1", "--error", "0.2"], "--error"),
        (["--out=a.tsv", "--out", "b.tsv"], "--out"),
        (["--out", "predictions.tsv", "--out", "b.tsv"], "--out"),
    ],
)
def test_an_option_is_given_once(given, named, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["predict", "results/mine", "a.fasta", *given])
    assert stopped.value.code == 2
    assert f"{named} is given twice." in capsys.readouterr().err


def test_a_file_is_scored_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a.fasta", "b.fasta"):
        Path(name).write_text(">a\nMKV\n")
    check_inputs(["a.fasta", "b.fasta", "-", "none.fasta", "a\0b"])
    for given in (["a.fasta", "./a.fasta"], ["-", "b.fasta", "/dev/stdin"]):
        with pytest.raises(EvenfoldError, match=f"{given[-1]}: given twice"):
            check_inputs(given)


def test_help_names_forms_and_defaults(capsys):
    with pytest.raises(SystemExit):
        main(["predict", "--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert ".tsv, .csv or .parquet" in told and "(default: predictions.tsv)" in told


@pytest.mark.parametrize(
    "out, why",
    [
        ("here", "is a folder: name a file in it, such as"),
        ("scores", "must end in .tsv, .csv, .parquet"), ("a.xlsx", "must end in"),
        ("new.tsv", "is the file that is to be scored"),
        ("link.tsv", "is the file that is to be scored"),
        ("pipe.tsv", "is no file that can be replaced"),
    ],
)  # fmt: skip
def test_a_place_where_scores_cannot_go_is_refused(tmp_path, out, why):
    import os

    given = tmp_path / "new.tsv"
    given.write_text("id\tsequence\n")
    (tmp_path / "link.tsv").symlink_to(given)
    (tmp_path / "here").mkdir()
    os.mkfifo(tmp_path / "pipe.tsv")
    with pytest.raises(EvenfoldError, match=why):
        check_output(tmp_path / out, [given])
    check_output(tmp_path / "scores.csv", [given])
    # A shard of the table would be written over it.
    shard = tmp_path / "s-00002.tsv"
    shard.write_text("id\tsequence\n")
    check_output(tmp_path / "s.tsv", [shard])
    with pytest.raises(EvenfoldError, match=r"s-00002\.tsv is the file that is to be"):
        check_output(tmp_path / "s.tsv", [shard], cut=True)
    with pytest.raises(EvenfoldError, match="name of the table is empty"):
        check_output("", [given])
    assert given.read_text() == "id\tsequence\n"


@pytest.mark.parametrize("suffix", [".tsv", ".csv", ".parquet", ".CSV"])
def test_a_table_is_what_its_name_says(tmp_path, suffix):
    frame = pd.DataFrame({"id": ["a", "b,c"], "score": [0.5, 0.25]})
    path = tmp_path / f"scores{suffix}"
    write_frame(path, frame)
    read = {
        ".tsv": lambda p: pd.read_csv(p, sep="\t"),
        ".csv": pd.read_csv,
        ".parquet": pd.read_parquet,
    }[suffix.lower()]
    assert read(path).equals(frame)
