"""The page for pasted sequences: the table of predict, limits, and nothing unescaped."""

import re
import threading
import urllib.request

import pandas as pd
import pytest

from evenfold.config.cleaning import Cleaning
from evenfold.config.sites import Sites
from evenfold.errors import EvenfoldError
from evenfold.faults import listening
from evenfold.prediction import serving
from evenfold.prediction.output import beside
from evenfold.prediction.serving import (
    LEGEND,
    Answer,
    answer,
    application,
    deciding,
    rows_of,
    serve,
    unshown,
)
from evenfold.prediction.streaming import Asked, score_files
from tests.unit.test_bundle import WINDOWS, champion
from tests.unit.test_domain import predictor
from tests.unit.test_streaming import by_content

EVIL = "<script>document.title='owned'</script>"
HERE = {"Host": "127.0.0.1"}


def client(one=None, told=None, note=lambda counts: []):
    return application(one or by_content(not_looked_at=told), note).test_client()


def posted(client, text, where="/", headers=HERE):
    return client.post(where, data={"sequences": text}, headers=headers)


def test_the_table_is_that_of_predict(tmp_path):
    text = ">a x\nAAK\n>b\nMK#\n>a\nACD\n"
    path, out = tmp_path / "p.fasta", tmp_path / "scores.tsv"
    path.write_text(text)
    score_files(by_content(), Asked([str(path)], out, beside(out, "rejected")))
    found = posted(client(), text, "/table")
    assert found.data == out.read_bytes() and found.status_code == 200
    assert "attachment" in found.headers["Content-Disposition"]
    page = posted(client(), text).text
    assert "a~2" in page and "pasted record 2" in page
    assert "letter &#39;#&#39; at position 3" in page and "/tmp" not in page


@pytest.mark.parametrize("place", ["header", "sequence", "told"])
def test_nothing_reaches_the_page_unescaped(place):
    text = f">{EVIL}\nMKV\n" if place == "header" else f">a\n{EVIL}\n"
    one = client(told=EVIL if place == "told" else None, note=lambda counts: [EVIL])
    for page in (posted(one, text), posted(one, ">a\nMKV\n" + text)):
        assert "<script" not in page.text and "owned" in page.text
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_what_cannot_be_scored_is_told(monkeypatch):
    monkeypatch.setattr(serving, "SEQUENCES", 3)
    monkeypatch.setattr(serving, "BYTES", 200)
    one = client()
    for text, why in (
        (" \n", "no sequences: paste some."),
        (">a\nMK\n" * 4, "more than 3 sequences"),
        ("M" * 300, "more than 0 MB"),
        (">a\n" + "ACGT" * 20, "the model must be trained with"),
    ):
        found = posted(one, text)
        assert found.status_code == 400 and why in found.text
        assert posted(one, text, "/table").status_code == 400
    application_ = application(by_content(), lambda counts: [])
    application_.config["MAX_CONTENT_LENGTH"] = 100
    found = posted(application_.test_client(), "M" * 200)
    assert found.status_code == 413 and "too much" in found.text


def test_a_name_of_somebody_else_is_refused():
    one = client()
    assert one.get("/", headers={"Host": "evil.example"}).status_code == 403
    assert posted(one, "MKV", headers={"Host": "evil.example:80"}).status_code == 403
    assert one.get("/", headers={"Host": "localhost:8642"}).status_code == 200


def test_sentences_of_the_look_are_shown():
    one = client(
        told="These models were not looked at.", note=lambda c: [f"{c.scored} noted"]
    )
    assert "not looked at" in one.get("/", headers=HERE).text
    assert "2 noted" in posted(one, ">a\nMKV\n>b\nMKK\n").text


def test_residues_that_decided():
    """Of a champion that counts A each A decides, and masking others decides nothing."""
    found = deciding(by_content(), "ACA-k")
    assert [letter for letter, _, _ in found] == list("ACA-K")
    assert [mark for _, mark, _ in found] == ["up", "down", "up", "", "down"]
    assert found[0][2] == "A1: +0.693" and found[3][2] == ""
    assert deciding(by_content(), "A") == []


def test_of_sites_every_window_is_shown():
    one = predictor(sites=Sites(residues="K", window=5), cleaning=Cleaning(gap="keep"))
    found = answer(one, ">P\nAKAAK\n", lambda counts: None)
    assert [row[0] for row in found.scores] == ["P|K2", "P|K5"]
    assert ["".join(letter for letter, _, _ in letters) for _, letters in found.residues] == [
        "-AKAA", "AAK--"
    ]  # fmt: skip
    page = client(one).get("/", headers=HERE).text
    assert "Whole proteins: every K is scored." in page


def test_a_real_champion_marks_what_its_network_reads():
    from evenfold.features import FeatureSet

    one = predictor(ensemble=champion("tokens"), features=FeatureSet(("tokens",), 21))
    assert any(mark for _, mark, _ in deciding(one, WINDOWS[0]))


def test_it_listens_on_this_machine_alone():
    ready, address = threading.Event(), []

    def told(where):
        address.append(where)
        ready.set()

    app = application(by_content(), lambda counts: [])
    threading.Thread(target=serve, args=(app, 0, told), daemon=True).start()
    assert ready.wait(20)
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", address[0])
    with urllib.request.urlopen(address[0]) as page:
        assert b"Score" in page.read()
    port = int(address[0].rsplit(":", 1)[1].strip("/"))
    with pytest.raises(EvenfoldError) as refused:
        serve(app, port, told)
    assert str(refused.value) == (
        f"port {port} is taken by another program, perhaps by this command in another "
        f"terminal. Give another: --port {port + 1}"
    )


@pytest.mark.parametrize("port, why", [(70_000, "is none: they go from 1 to 65535"),
                                       (-1, "is none: they go from 1 to 65535")])  # fmt: skip
def test_what_is_no_port_is_told(port, why):
    with pytest.raises(EvenfoldError, match=f"^port {port} {why}.*--port 8642$"):
        listening(port)


def test_a_port_of_the_administrator_is_told(monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("socket.socket.bind", refuse)
    with pytest.raises(
        EvenfoldError, match=r"^port 80 is for the administrator.* 8642$"
    ):
        listening(80)


def test_the_page_says_what_it_is_of_and_what_its_columns_mean():
    one = by_content(dataset="mine", variant="focal")
    page = posted(client(one), ">a\nAAK\n>b\nMK#\n").text
    assert "<title>evenfold: mine, focal</title>" in page
    assert "1 scored: 1 positive. 1 not scored." in page
    for name, meaning in LEGEND.items():
        assert page.count(f'<abbr title="{meaning}">{name}</abbr>') == 1
        assert f"<dt>{name}</dt><dd>{meaning}</dd>" in page


def test_a_row_of_the_page_is_short_and_the_table_whole():
    columns = ["id", "class", "score", "probability", "probability_low",
               "probability_high", "set", "domain", "nearest", "identity", "reason"]  # fmt: skip
    whole = ["a", "positive", "0.912345", "0.8", "0.7", "0.9", "both", "edge", "s1",
             "0.516129", "short"]  # fmt: skip
    bare = ["b", "negative", "0.1", "0.2", "", "", "unknown", "inside", "", "0.0", ""]
    one, other = rows_of(Answer(b"", columns, [whole, bare], [], []))
    assert list(one) == list(LEGEND)
    assert list(one.values()) == [
        "a", "positive", "0.912", "0.800 (0.700 to 0.900)", "both", "edge", "s1 (52%)",
        "short",
    ]  # fmt: skip
    assert other["probability"] == "0.200" and other["nearest"] == ""


def test_it_is_said_whose_residues_are_not_shown(monkeypatch):
    monkeypatch.setattr(serving, "SHOWN", 2)
    long = "A" * 121
    text = f">big\n{long}\n" + "".join(f">s{n}\nAC{'DEF'[n]}K\n" for n in range(3))
    found = answer(by_content(), text, lambda counts: None)
    # Not of the first two sequences: of the first two that can be shown.
    assert [name for name, _ in found.residues] == ["s0", "s1"]
    assert found.unshown == (
        "The first 2 of 3 are shown. Longer than 120 residues, and not shown: big."
    )
    assert found.unshown in posted(client(), text).text
    assert answer(by_content(), "ACK\n", lambda counts: None).unshown == ""
    many = "".join(f">b{n}\n{long}\n" for n in range(6))
    told = answer(by_content(), many, lambda counts: None)
    assert told.residues == [] and told.unshown.endswith(
        "b0, b1, b2, b3, b4 and others."
    )
    assert told.unshown in posted(client(), many).text


def test_of_vectors_no_residues_are_shown():
    assert unshown({"a": "MKV"}, True).startswith("Not shown: the model reads")
    assert unshown({}, True) == ""


def test_columns_are_those_of_the_table():
    found = answer(by_content(), "MKV\nMKL\n", lambda counts: None)
    assert pd.Index(found.columns).is_unique and found.columns[0] == "id"
    assert len(found.scores[0]) == len(found.columns)
