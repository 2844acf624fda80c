"""Fetching published files: from their address or from a mirror, whole or not at all."""

import http.client
import shutil
import urllib.parse
import urllib.request
from os import PathLike
from pathlib import Path

from evenfold.errors import EvenfoldError
from evenfold.files import replacing, sha256_file


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
    url: str, sha256: str, target: str | PathLike, mirror: str | None = None
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

    Raises
    ------
    EvenfoldError
        Missing, cut off, or with another checksum.
    """
    address = mirrored(url, mirror)
    with replacing(target) as temporary:
        try:
            if "://" in address:
                _download(address, temporary)
            else:
                shutil.copyfile(Path(address), temporary)
        except (OSError, http.client.HTTPException) as error:
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


def _download(address, path):
    with (
        urllib.request.urlopen(address, timeout=60) as response,
        open(path, "wb") as out,
    ):
        shutil.copyfileobj(response, out)
        expected = response.headers.get("Content-Length")
        if expected is not None and out.tell() != int(expected):
            raise EvenfoldError(
                f"{address}: the download was cut off after {out.tell()} of {expected} "
                "bytes. Nothing was written; run again."
            )
