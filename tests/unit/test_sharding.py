"""A FASTA in shards: the same bytes as in one piece, however it is cut."""

import gzip
import itertools

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from evenfold.config.cleaning import Cleaning
from evenfold.config.sites import Sites
from evenfold.errors import EvenfoldError
from evenfold.prediction import Predictor
from evenfold.prediction.output import beside
from evenfold.prediction.sharding import Shard, gather, score_shard
from evenfold.prediction.streaming import COUNTED, Asked, score_files
from evenfold.records.layout import Results
from evenfold.records.notes import SealedSet
from evenfold.sequences import cutting
from evenfold.sequences.cutting import shards_of, span_of
from evenfold.sequences.sketch import sketches
from tests.conftest import examples
from tests.unit import reporting_states as states
from tests.unit.test_domain import reading_with
from tests.unit.test_sketch import random_set
from tests.unit.test_streaming import by_content

#: Lines of a file: headers of few ids, indented or joined, residues, blanks, all ends.
LINES = st.lists(
    st.sampled_from(
        [
            ">a",
            ">b x",
            ">a~2",
            ">",
            "  >c",
            "MKV",
            "AAK>d",
            "M1K",
            "akak",
            "",
            ";no",
            ">é",
        ]
    ),
    max_size=40,
)
ENDS = st.sampled_from(["\n", "\r\n", "\r"])


def champion(sites=None):
    if sites is None:
        return by_content()
    # Names that several headers share, and one that has none.
    pattern = r"^(?:[^é]*\s)?([a-z])"
    return by_content(
        reading=reading_with(sites, Cleaning(gap="keep"), source_pattern=pattern)
    )


def results(folder, sites=None):
    """A selection of such a champion."""
    found = Results(folder / "results", "demo")
    config = states.decides()
    reading = config.reading.model_copy(
        update={"sites": sites, "cleaning": champion(sites).cleaning}
    )
    config = config.model_copy(update={"reading": reading})
    states.selection(config=config.dump()).write(found.path("selection"))
    return found.folder


def in_shards(folder, path, shards, sites=None, ledger=None):
    """Tables of a file that was scored in shards: scores, rejected, proteins."""
    asked = Asked(
        [str(path)], folder / "whole.tsv", folder / "whole.rejected.tsv",
        proteins=folder / "whole.proteins.tsv",
    )  # fmt: skip
    made = []
    for number in range(shards):
        start = folder / f"{number}"
        made.append(
            Shard(*(start.with_suffix(f".{name}") for name in
                    ("tsv", "rejected.tsv", "proteins.tsv", "names.parquet", "json")))
        )  # fmt: skip
        span = span_of(path, number, shards)
        score_shard(folder / "results/demo", str(path), span, made[-1])
    told: list[str] = []
    counts = gather(folder / "results/demo", asked, made, ledger, told.append)
    names = asked.out, asked.rejected, asked.proteins
    return [name.read_bytes() for name in names], counts, told


@pytest.mark.parametrize("sites", [None, Sites(residues="K", window=3)])
@settings(max_examples=examples(60))
@given(lines=LINES, end=ENDS, shards=st.integers(2, 6))
@example(lines=[">a", "MKV", ">a", "MKK", ">a~2", "M1K", ">a"], end="\n", shards=3)
def test_shards_give_the_bytes_of_one_piece(
    tmp_path_factory, sites, lines, end, shards
):
    folder = tmp_path_factory.mktemp("shards")
    path = folder / "new.fasta"
    text = end.join([">first", "MKVA", *lines, ""])
    path.write_bytes(text.encode())
    results(folder, sites)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Predictor, "load", lambda *_, **__: champion(sites))
        found, counts, _ = in_shards(folder, path, shards, sites)
    out = folder / "one.tsv"
    proteins = beside(out, "proteins") if sites else None
    asked = Asked([str(path)], out, beside(out, "rejected"), proteins=proteins)
    wanted = score_files(champion(sites), asked)
    for name in COUNTED:
        assert getattr(counts, name) == getattr(wanted, name), name
    assert found[0] == out.read_bytes()
    assert found[1] == asked.rejected.read_bytes()
    if sites:
        assert found[2] == proteins.read_bytes()
    else:
        assert found[2].count(b"\n") == 1
    assert not list(folder.glob("*.part"))


@given(lines=LINES, end=ENDS, shards=st.integers(1, 40), block=st.integers(1, 9))
def test_every_byte_is_in_one_shard_that_begins_with_a_record(
    tmp_path_factory, lines, end, shards, block
):
    path = tmp_path_factory.mktemp("cut") / "new.fasta"
    data = end.join([">first", *lines, ""]).encode()
    path.write_bytes(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cutting, "_BLOCK", block)
        spans = [span_of(path, number, shards) for number in range(shards)]
    assert spans[0][0] == 0 and spans[-1][1] == len(data)
    for (_, stop), (start, _) in itertools.pairwise(spans):
        assert start == stop
        assert start == len(data) or data[start : start + 1] == b">"


def test_the_number_of_shards_follows_from_the_size_alone(tmp_path):
    path = tmp_path / "new.fasta"
    path.write_text(">a\nMKV\n" * 100)
    assert shards_of(path, 0.0007) == (1, None)
    assert shards_of(path, 0.0006999) == (2, None)
    assert shards_of(path, 0.0001) == (7, None)
    assert shards_of(tmp_path / "none.fasta", 1) == (1, None)


@pytest.mark.parametrize(
    "name, data, why",
    [
        ("new.fasta.gz", gzip.compress(b">a\nMKV\n", mtime=0), "is compressed"),
        ("new.fasta", ">a\nMKV\n".encode("utf-16"), "is UTF-16"),
        ("new.csv", b"id,sequence\na,MKV\n", "is no FASTA"),
        ("new.txt", b"MKV\nMKV\n", "is no FASTA"),
        ("new", b"MKV\nMKV\n", "is no FASTA"),
    ],
)
def test_what_cannot_be_cut_goes_as_one_and_it_is_said_why(tmp_path, name, data, why):
    path = tmp_path / name
    path.write_bytes(data)
    assert shards_of(path, 1e-6) == (1, f"{path} {why}")


def test_where_a_fault_is_in_a_shard_is_told_with_the_users_file(tmp_path, monkeypatch):
    path = tmp_path / "new.fasta"
    path.write_bytes(b">a\nMKV\n" * 9 + b">b\n\xff\n")
    monkeypatch.setattr(Predictor, "load", lambda *_, **__: champion())
    results(tmp_path)
    with pytest.raises(EvenfoldError) as told:
        in_shards(tmp_path, path, 2)
    assert str(told.value).startswith(f"{path} from byte 35: not a text file in UTF-8")


def test_proteins_without_a_site_are_told_where_all_shards_are_there(
    tmp_path, monkeypatch
):
    sites = Sites(residues="K", window=3)
    path = tmp_path / "new.fasta"
    path.write_text(">a\nMAV\n" * 6)
    monkeypatch.setattr(Predictor, "load", lambda *_, **__: champion(sites))
    results(tmp_path, sites)
    with pytest.raises(
        EvenfoldError, match=r"none of its proteins \(6\) has a residue"
    ):
        in_shards(tmp_path, path, 3, sites)


def test_the_note_of_shards_is_that_of_the_whole(tmp_path, monkeypatch):
    windows = random_set(12, 30)
    sealed = SealedSet(
        selection="5", dataset="demo", sequences=sketches(windows[:20]), test_set=[]
    )
    path = tmp_path / "new.fasta"
    path.write_text("".join(f">s\n{s}\n" for s in [*windows, *windows]))
    found = champion()
    found.sealed, found.not_looked_at = sealed, "Not these models."
    monkeypatch.setattr(Predictor, "load", lambda *_, **__: found)
    results(tmp_path)
    _, _, told = in_shards(tmp_path, path, 4, ledger=tmp_path / "ledger")
    assert told[0] == "Not these models."
    assert told[1].startswith("20 of the sequences are") and len(told) == 3
    assert len(list((tmp_path / "ledger").iterdir())) == 1


def test_a_shard_that_is_cut_off_is_told(tmp_path, monkeypatch):
    path = tmp_path / "new.fasta"
    path.write_text(">a\nMKV\n>b\nM1V\n" * 9)
    monkeypatch.setattr(Predictor, "load", lambda *_, **__: champion())
    results(tmp_path)
    in_shards(tmp_path, path, 2)
    for name in ("1.tsv", "1.rejected.tsv", "1.names.parquet", "1.json"):
        kept = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(kept[: len(kept) // 2])
        shards = [
            Shard(*(tmp_path / f"{n}.{x}" for x in
                    ("tsv", "rejected.tsv", "proteins.tsv", "names.parquet", "json")))
            for n in range(2)
        ]  # fmt: skip
        out = tmp_path / "again.tsv"
        asked = Asked([str(path)], out, beside(out, "rejected"))
        with pytest.raises(EvenfoldError, match=name):
            gather(tmp_path / "results/demo", asked, shards)
        assert not out.exists()
        (tmp_path / name).write_bytes(kept)
