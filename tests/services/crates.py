"""Run by the Python of the crates' validator: the context of RO-Crate, without network.

`python crates.py CACHE` puts it into the validator's cache of pages. It is that of the
package `rocrate`, which is of RO-Crate 1.3 and names the terms of Bioschemas otherwise.
"""

import io
import sys
from pathlib import Path

import requests
import requests_cache
import rocrate
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse

PAGE = "https://w3id.org/ro/crate/1.1/context"
CONTEXT = Path(rocrate.__file__).parent / "data" / "ro-crate.jsonld"


class Local(BaseAdapter):
    """Answers every question with the context."""

    def send(self, request, **settings):
        text = CONTEXT.read_text(encoding="utf-8")
        body = text.replace("https://bioschemas.org/terms/", "https://bioschemas.org/")
        kind = {"Content-Type": "application/ld+json"}
        answer = requests.Response()
        answer.raw = HTTPResponse(
            io.BytesIO(body.encode()), status=200, headers=kind, preload_content=False,
            request_method="GET", request_url=request.url,
        )  # fmt: skip
        answer.status_code, answer.url, answer.request = 200, request.url, request
        answer.headers = requests.structures.CaseInsensitiveDict(kind)
        answer.encoding = "utf-8"
        return answer

    def close(self):
        """Nothing is open."""


if __name__ == "__main__":
    session = requests_cache.CachedSession(sys.argv[1], expire_after=-1)
    session.mount("https://", Local())
    session.get(PAGE).raise_for_status()
