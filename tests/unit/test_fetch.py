import contextlib
import hashlib
import http.server
import re
import socket
import threading
import time
import urllib.error
import urllib.request

import pytest

from evenfold.errors import EvenfoldError
from evenfold.sequences.fetch import Bounds, _Redirects, fetch, mirrored

BODY = b">a\nMKV\n" * 100
GOOD = hashlib.sha256(BODY).hexdigest()
URL = "https://data.example/owner/repo/file.fasta"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if "missing" in self.path:
            self.send_error(404)
            return
        if "around" in self.path:
            self.send_response(302)
            self.send_header("Location", f"{self.path}x")
            self.end_headers()
            return
        if "endless" in self.path or "drips" in self.path:
            self.without_end(b"A" * 65536 if "endless" in self.path else b"A")
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY[:50] if "cut" in self.path else BODY)

    def without_end(self, piece):
        self.send_response(200)
        self.end_headers()
        with contextlib.suppress(OSError):
            while True:
                self.wfile.write(piece)
                self.wfile.flush()
                if len(piece) == 1:
                    time.sleep(0.05)

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


@pytest.mark.parametrize(
    "what, words",
    [
        (
            "endless",
            r"more than 1,000,000 bytes.*Check the address. Nothing was written",
        ),
        (
            "drips",
            r"the server sent \d+ bytes in 1 seconds.*given up. Nothing was written",
        ),
        ("around", r"cannot be fetched: .*redirect.*Nothing was written"),
    ],
)
def test_a_server_without_end_is_bounded(tmp_path, server, what, words):
    bounds = Bounds(size=1_000_000, patience=1.0, least=1000, redirects=3)
    with pytest.raises(EvenfoldError) as error:
        fetch(f"https://x/{what}", GOOD, tmp_path / "a", server, bounds)
    assert re.search(words, " ".join(str(error.value).split()))
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_takes_the_call_and_says_nothing(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(EvenfoldError, match="Nothing was written"):
            fetch(URL, GOOD, tmp_path / "a", address, Bounds(patience=0.5))
    assert list(tmp_path.iterdir()) == []


def test_no_redirection_leads_from_https_to_http():
    request = urllib.request.Request("https://x/file")
    for there in ("http://x/file", "ftp://x/file"):
        with pytest.raises(urllib.error.URLError, match="leads from https"):
            _Redirects(5).redirect_request(request, None, 302, "", {}, there)
    following = _Redirects(5).redirect_request(
        request, None, 302, "", {}, "https://y/z"
    )
    assert following.full_url == "https://y/z"


def test_a_mirror_that_is_no_file(tmp_path):
    with pytest.raises(EvenfoldError, match="not a file"):
        fetch("https://x/zero", GOOD, tmp_path / "a", "/dev")
