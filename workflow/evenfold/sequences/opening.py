"""Text files opened: plain or gzipped, and said plainly why one cannot be read."""

import codecs
import gzip
import re
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from evenfold.errors import EvenfoldError, from_latin1

_GZIP = b"\x1f\x8b"
#: Marks of texts that are no UTF-8; that of UTF-32 begins as one of UTF-16 does.
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
#: First bytes of what is no text, what it is, and what to do.
_NO_TEXT = {
    b"PK\x03\x04": (
        "a zip archive or a spreadsheet",
        "Unpack it, or save the sheet as CSV",
    ),
    b"\xd0\xcf\x11\xe0": ("a spreadsheet of the old form", "Save the sheet as CSV"),
    b"BZh": ("compressed with bzip2", "Unpack it, or compress it with gzip"),
    b"\xfd7zXZ": ("compressed with xz", "Unpack it, or compress it with gzip"),
    b"\x28\xb5\x2f\xfd": (
        "compressed with zstd",
        "Unpack it, or compress it with gzip",
    ),
    b"7z\xbc\xaf": ("a 7z archive", "Unpack it"),
    b"\x89HDF": ("an HDF5 file", "Export its sequences as FASTA or CSV"),
    b"ARROW1": ("a Feather file", "Save it as Parquet or CSV"),
    b"%PDF": ("a PDF", "Export its sequences as FASTA or CSV"),
    b"\x93NUMPY": (
        "an array of NumPy",
        "Vectors are npz, HDF5 or Parquet, with their ids",
    ),
    **dict.fromkeys(
        (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"),
        (
            "a pickle of Python",
            "Save sequences as CSV or Parquet, vectors as npz with their ids",
        ),
    ),
}
_ITSELF = "Fetch the file itself"
_CONVERT = "Convert it to FASTA"
#: How texts begin that hold sequences in another form, or none; what to do.
_OTHER_TEXT = {
    r"(?i)\s*<(!doctype|html|head|body|\?xml)": ("a web page or XML", _ITSELF),
    r"version https://git-lfs": (
        "a pointer of Git LFS",
        "Fetch the file itself: `git lfs pull`",
    ),
    r"\{\\rtf": ("a document in RTF", "Save it as plain text"),
    r"(?s).{257}ustar": ("a tar archive", "Unpack it: `tar -xf`"),
    r"# STOCKHOLM": ("an alignment in Stockholm's form", _CONVERT),
    r"(CLUSTAL|MUSCLE \()": ("an alignment in Clustal's form", _CONVERT),
    r"(?i)#NEXUS": ("an alignment in the form of NEXUS", _CONVERT),
    r"(?i)#mega": ("an alignment in the form of MEGA", _CONVERT),
    r" *[0-9]+ +[0-9]+ *\n": ("an alignment in the form of PHYLIP", _CONVERT),
    r"LOCUS {3,}\S": ("a GenBank record", _CONVERT),
    r"ID {3}\S.*(AA|BP)\.\s": ("an entry of UniProt or EMBL", _CONVERT),
    r"(HEADER {4}|SEQRES  ?\s|data_\w+ *\n)": ("a structure of the PDB", _CONVERT),
    r"##gff": ("annotation in GFF", "Keep what stands below `##FASTA` alone"),
    r"@.*\n[A-Za-z]+\n\+": ("FASTQ, which is of nucleotides", "Translate it"),
    r"\s*[\[{]\s*[\"\[{]": ("JSON", "Save the sequences as FASTA or CSV"),
}


def begins(path: Path, magic: bytes) -> bool:
    """Whether a file begins with these bytes.

    Parameters
    ----------
    path : Path
    magic : bytes

    Returns
    -------
    bool

    Raises
    ------
    EvenfoldError
        When there is no such file, or it may not be read.
    """
    return _head(path).startswith(magic)


def _head(path):
    try:
        if path.is_dir():
            raise EvenfoldError(f"{path}: a folder; name the file in it")
        if path.is_symlink() and not path.exists():
            to = path.readlink()
            raise EvenfoldError(f"{path}: a link to {to}, which is not there")
        if not path.exists():
            raise EvenfoldError(f"{path}: there is no such file")
        with open(path, "rb") as probe:
            return probe.read(8)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path, error):
    why = getattr(error, "strerror", None) or error
    return EvenfoldError(f"{path}: cannot be read: {why}")


@contextmanager
def opened(path: Path) -> Iterator[IO[str]]:
    """Open a text file, gzipped or not, in UTF-8 or in UTF-16 with its mark.

    Parameters
    ----------
    path : Path

    Yields
    ------
    file of text

    Raises
    ------
    EvenfoldError
        No text, damaged, or not to be read; for a bad byte with its line.
    """
    head = _head(path)
    for magic, (what, remedy) in _NO_TEXT.items():
        if head.startswith(magic):
            raise EvenfoldError(f"{path}: {what}, not a text file. {remedy}.")
    opener = gzip.open if head.startswith(_GZIP) else open
    marked = (one for mark, one in _MARKS.items() if head.startswith(mark))
    encoding = next(marked, "utf-8-sig")
    try:
        _check_text(path, opener, encoding)
        with opener(path, "rt", encoding=encoding, newline=None) as handle:
            yield handle
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise _damaged(path) from error
    except UnicodeDecodeError as error:
        raise _not_utf8(path, opener) from error
    except MemoryError as error:
        raise EvenfoldError(
            f"{path}: one line or record of it is larger than the memory there is, so it "
            "is no file of sequences (a gzip file may unpack to a thousand times its size)."
        ) from error
    except OSError as error:
        raise _unreadable(path, error) from error


def _check_text(path, opener, encoding):
    """Refuse texts of other forms by how they begin."""
    with opener(path, "rb") as handle:
        start = handle.read(1024).decode(encoding, "replace")
    start = start.replace("\r\n", "\n")
    for pattern, (what, remedy) in _OTHER_TEXT.items():
        if re.match(pattern, start):
            raise EvenfoldError(
                f"{path}: {what}, not FASTA, a table or one sequence a line. {remedy}."
            )


def form_within(path: Path, columns: Collection[str]) -> str | None:
    """Form of a file by what is in it: that of its first line.

    Parameters
    ----------
    path : Path
    columns : collection of str
        Names of which one makes a line of one cell the head of a table, in lower case.

    Returns
    -------
    {'fasta', 'table', 'lines'} or None
        None where there is nothing in it.
    """
    if begins(path, b"PAR1"):
        return "table"
    with opened(path) as handle:
        first = next((line.strip() for line in handle if line.strip()), "")
    first = first.lstrip("\ufeff")
    if first.startswith((">", ";")):
        return "fasta"
    cells = [cell.strip(' "').casefold() for cell in re.split("[\t,;]", first)]
    if len(cells) > 1 or cells[0] in columns:
        return "table"
    return "lines" if first else None


def _damaged(path):
    return EvenfoldError(f"{path}: the gzip file is cut off or damaged")


def _not_utf8(path, opener):
    """Names the first byte that is not UTF-8, counted over the whole file."""
    at, where = 0, "its end is cut off"
    try:
        with opener(path, "rb") as handle:
            for number, line in enumerate(handle, 1):
                try:
                    line.decode()
                except UnicodeDecodeError as error:
                    where = f"byte {at + error.start}, line {number}"
                    break
                at += len(line)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        return _damaged(path)
    remedy = "Save it as text in UTF-8."
    if opener is open:
        remedy = f"If it is one in Latin-1: `{from_latin1(path)}`."
    return EvenfoldError(f"{path}: not a text file in UTF-8 ({where}). {remedy}")
