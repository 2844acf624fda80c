"""Fetching published files: from their address or from a mirror, whole or not at all."""

import http.client
import shutil
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import IO, Any

from evenfold.errors import OF_WRITING, EvenfoldError
from evenfold.files import replacing, sha256_file


@dataclass(frozen=True)
class Bounds:
    """What a server may take: a data set of sequences is far within.

    Attributes
    ----------
    size : int
        Bytes of a file.
    patience : float
        Seconds in which at least `least` bytes must come, the first ones included.
    least : int
        Bytes.
    redirects : int
        To other addresses.
    """

    size: int = 20_000_000_000
    patience: float = 60.0
    least: int = 60_000
    redirects: int = 5


BOUNDS = Bounds()


def mirrored(url: str, mirror: str | None) -> str:
    """Address of a file: the public one, or the same path under the mirror.

    Parameters
    ----------
    url : str
    mirror : str or None
        Folder or base URL.

    Returns
    -------
    str
    """
    if not mirror:
        return url
    path = urllib.parse.urlsplit(url).path.lstrip("/")
    return f"{mirror.rstrip('/')}/{path}"


def fetch(
    url: str,
    sha256: str,
    target: str | PathLike,
    mirror: str | None = None,
    bounds: Bounds = BOUNDS,
) -> None:
    """Fetch one file and check it.

    Parameters
    ----------
    url : str
        Public address.
    sha256 : str
        Checksum of the whole file.
    target : path-like
        Where it goes; appears only when the checksum holds.
    mirror : str, optional
        Folder or base URL that replaces the host of `url`.
    bounds : Bounds
        What a server may take.

    Raises
    ------
    EvenfoldError
        Missing, cut off, too slow, without end, or with another checksum.
    """
    address = mirrored(url, mirror)
    with replacing(target) as temporary:
        try:
            if "://" in address:
                _Download(address, temporary, bounds).run()
            elif Path(address).exists() and not Path(address).is_file():
                raise EvenfoldError(f"{address}: not a file. Nothing was written.")
            else:
                shutil.copyfile(Path(address), temporary)
        except (OSError, http.client.HTTPException) as error:
            # The disk's, not the server's.
            if getattr(error, "errno", None) in OF_WRITING:
                raise
            reason = (
                getattr(error, "reason", None)
                or getattr(error, "strerror", None)
                or error
            )
            raise EvenfoldError(
                f"{address} cannot be fetched: {reason}. Check the address"
                + (
                    " and the setting `mirror`"
                    if mirror
                    else " and the network, or "
                    "set `mirror` to a folder or base URL that has the file"
                )
                + ". Nothing was written."
            ) from error
        found = sha256_file(temporary)
        if found != sha256:
            raise EvenfoldError(
                f"{address}: wrong checksum, so it is another file than the data set "
                f"names.\n  expected sha256 {sha256}\n  found    sha256 {found} "
                f"({temporary.stat().st_size} bytes)\nNothing was written."
            )


class _Download:
    """One download in a thread of its own, so that a server cannot hold this one.

    A thread that is given up ends with the process, or with the next bytes that come.
    """

    def __init__(self, address: str, path: Path, bounds: Bounds) -> None:
        self.address, self.path, self.bounds = address, path, bounds
        self.received, self.given_up = 0, False
        self.error: BaseException | None = None

    def run(self) -> None:
        """Download, or raise what stopped it."""
        thread = threading.Thread(target=self._fetch, daemon=True)
        thread.start()
        before, since = 0, time.monotonic()
        while thread.is_alive():
            thread.join(min(0.5, self.bounds.patience / 4))
            if self.received - before >= self.bounds.least:
                before, since = self.received, time.monotonic()
            if thread.is_alive() and time.monotonic() - since > self.bounds.patience:
                self.given_up = True
                raise EvenfoldError(
                    f"{self.address}: the server sent {self.received - before} bytes in "
                    f"{self.bounds.patience:.0f} seconds, {self.received} in all, and was "
                    "given up. Nothing was written. Run again when it answers, or set "
                    "`mirror` to a folder or base URL that has the file."
                )
        if self.error is not None:
            raise self.error

    def _fetch(self) -> None:
        try:
            opener = urllib.request.build_opener(_Redirects(self.bounds.redirects))
            with (
                opener.open(self.address, timeout=self.bounds.patience) as response,
                open(self.path, "wb") as out,
            ):
                self._copy(response, out)
        except BaseException as error:
            self.error = error

    def _copy(self, response: Any, out: IO[bytes]) -> None:
        told = response.headers.get("Content-Length")
        expected = int(told) if told and told.isdigit() else None
        self._check_size(expected or 0)
        # As it comes: `read` would wait for all of a piece.
        while not self.given_up and (piece := response.read1(65536)):
            out.write(piece)
            self.received += len(piece)
            self._check_size(self.received)
        if expected is not None and self.received != expected:
            raise EvenfoldError(
                f"{self.address}: the download was cut off after {self.received} of "
                f"{expected} bytes. Nothing was written; run again."
            )

    def _check_size(self, size: int) -> None:
        if size > self.bounds.size:
            raise EvenfoldError(
                f"{self.address}: more than {self.bounds.size:,} bytes, which no file of "
                "sequences needs. Check the address. Nothing was written; a file that is "
                "meant to be as large can be downloaded by hand and named by its path."
            )


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows few redirections, and none to what is not encrypted."""

    def __init__(self, most: int) -> None:
        self.most = most

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        """The request for the next address; refused where it is a step down."""
        if req.type == "https" and not newurl.startswith("https:"):
            raise urllib.error.URLError(f"it leads from https to {newurl}")
        if len(getattr(req, "redirect_dict", {})) >= self.most:
            raise urllib.error.URLError(f"more than {self.most} redirections")
        return super().redirect_request(req, fp, code, msg, headers, newurl)
