import hashlib
import http.server
import threading

import pytest

from evenfold.errors import EvenfoldError
from evenfold.sequences.fetch import fetch, mirrored

BODY = b">a\nMKV\n" * 100
GOOD = hashlib.sha256(BODY).hexdigest()
URL = "https://data.example/owner/repo/file.fasta"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if "missing" in self.path:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY[:50] if "cut" in self.path else BODY)

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def test_a_mirror_stands_for_the_host():
    assert mirrored(URL, None) == URL
    assert mirrored(URL, "/data/mirror/") == "/data/mirror/owner/repo/file.fasta"
    assert mirrored(URL, "http://m") == "http://m/owner/repo/file.fasta"


def test_from_a_server_and_from_a_folder(tmp_path, server):
    fetch(URL, GOOD, tmp_path / "a", server)
    assert (tmp_path / "a").read_bytes() == BODY
    (tmp_path / "m/owner/repo").mkdir(parents=True)
    (tmp_path / "m/owner/repo/file.fasta").write_bytes(BODY)
    fetch(URL, GOOD, tmp_path / "b", str(tmp_path / "m"))
    assert (tmp_path / "b").read_bytes() == BODY


@pytest.mark.parametrize(
    "url, checksum, words",
    [
        ("https://x/file", "0" * 64, "wrong checksum"),
        ("https://x/cut", GOOD, "cut off after 50 of 700"),
        ("https://x/missing", GOOD, "cannot be fetched"),
    ],
)
def test_a_bad_download_leaves_nothing(tmp_path, server, url, checksum, words):
    target = tmp_path / "out" / "a"
    with pytest.raises(EvenfoldError, match=words):
        fetch(url, checksum, target, server)
    assert list(target.parent.iterdir()) == []


def test_a_missing_mirror_file_and_a_dead_host(tmp_path):
    with pytest.raises(EvenfoldError, match="mirror"):
        fetch(URL, GOOD, tmp_path / "a", str(tmp_path / "none"))
    with pytest.raises(EvenfoldError, match="Nothing was written"):
        fetch(URL, GOOD, tmp_path / "a", "http://127.0.0.1:9")
    assert list(tmp_path.iterdir()) == []
