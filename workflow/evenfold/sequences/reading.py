"""Readers of the published forms: FASTA, one sequence a line, TSV, CSV and Parquet."""

import hashlib
import re
import shlex
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from evenfold.alphabet import GAP, upper_case
from evenfold.config.forms import form_of
from evenfold.config.reading import Reading
from evenfold.errors import EvenfoldError
from evenfold.sequences.labels import check_listed, label_in_header, label_of
from evenfold.sequences.opening import begins, opened
from evenfold.sequences.tabular import table_rows

#: The codes of IUPAC for nucleotides, and the bases among them.
_NUCLEOTIDES = "ACGTUNRYKMSWBDHV"
_BASES = ("A", "C", "G", "TU")
_BOM = "\ufeff"
#: The label of records whose own is elsewhere, or of no interest.
_UNASKED = -1
#: What stands before an id in the form of PIR, which has a title below it.
_PIR = re.compile(r"(P1|F1|D[LC]|R[LC]|N[13]|XX);")
#: Blanks at the ends of a line, among them those that cannot be seen and DOS's end of file.
_BLANK = r"[\s\x1a\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]+"
#: What has become of `>` in some texts.
_LIKE_HEADERS = ("&gt;", "\uff1e", "\u203a", "\u2265")
#: Letters that annotations of residues are of, at most, and how many of them tell.
_ANNOTATION, _ANNOTATED = 8, 20
_ENDS = re.compile(f"^{_BLANK}|{_BLANK}$")


@dataclass(slots=True)
class Record:
    """One record as published.

    `origin` names its file and place, `header` is what stood before a protein that
    `sites` cuts windows from, `marks` are the sites that its sequence marked with #, and
    `fault` says why it cannot be. `unfit` says why the protein of a window is not used,
    and `start` where in its protein the window begins; `label` is None where its cell is
    empty.
    """

    id: str
    sequence: str
    source: str
    label: int | None
    origin: str
    header: str = ""
    fault: str | None = None
    marks: tuple[int, ...] = ()
    unfit: str | None = None
    start: int = 1


def read(
    path: str | PathLike,
    settings: Reading,
    label: int | None,
    name: str | None = None,
    labels: dict[str, int | None] | None = None,
) -> Iterator[Record]:
    """Stream the records of one file.

    Parameters
    ----------
    path : path-like
        The file; gzip is recognised by its content.
    settings : Reading
        Says the form, and how headers or columns carry label and source protein.
    label : int or None
        Label of every record, or None when the file itself holds the labels.
    name : str, optional
        Published name of the file, when `path` is a downloaded copy.
    labels : dict of str to int or None, optional
        Labels by id, when a table of their own holds them.

    Yields
    ------
    Record

    Raises
    ------
    EvenfoldError
        Missing, empty, damaged or unlabelled input; nucleotides instead of proteins.
    """
    path = Path(path)
    form = form_of(name or path.name, settings.form)
    n = counted = 0
    letters: Counter[str] = Counter()
    given = _UNASKED if labels is not None else label
    for record in READERS[form](path, settings, given):
        n += 1
        if labels is not None:
            if record.id not in labels:
                raise EvenfoldError(
                    f"{record.origin}: the table of labels has no {record.id!r}. Add it "
                    "there, or remove the record."
                )
            record.label = labels[record.id]
        if counted < 100_000:
            letters.update(upper_case(record.sequence))
            counted += len(record.sequence)
        yield record
    if n == 0:
        raise EvenfoldError(
            f"{path}: no sequences in it. Expected {form}; an empty or wrong file?"
        )
    if settings.cleaning.nucleotides == "error":
        _check_nucleotides(path, letters)


def _check_nucleotides(path, letters):
    """Refuse DNA and RNA: nothing but their codes, and three bases at least.

    Silk is G and A alone, and no nucleotide sequence is.
    """
    del letters[GAP]
    total = letters.total()
    bases = [sum(letters[one] for one in base) for base in _BASES]
    present = sum(n >= 0.02 * total for n in bases)
    plain = sum(bases) + letters["N"]
    share = sum(letters[code] for code in _NUCLEOTIDES) / max(total, 1)
    likely = (plain >= 0.99 * total and present >= 3) or present == 4
    if total >= 30 and share >= 0.99 and likely:
        raise EvenfoldError(
            f"{path}: {share:.0%} of its letters are codes of nucleotides (A, C, G, T, U, "
            "N and the like). This looks like nucleotides; evenfold reads proteins. "
            "Translate it first; if they are proteins, the model must be trained with "
            "`cleaning: {nucleotides: keep}`."
        )


def named_by_content(sequence: str) -> str:
    """An id for a sequence that has none.

    A running number would tell the order of the file, and with it the class.
    """
    return f"seq-{hashlib.sha256(sequence.encode()).hexdigest()[:10]}"


def _read_fasta(path, settings, label):
    with opened(path) as handle:
        for number, (header, sequence) in enumerate(_fasta(path, handle), 1):
            origin = f"{path} record {number}"
            if _PIR.match(header):
                raise EvenfoldError(
                    f"{origin} ({header[:60]!r}): a file of PIR, whose second lines are "
                    "titles. Convert it to FASTA."
                )
            pattern = settings.source_pattern
            source = source_in(header, pattern) if pattern else None
            if pattern and source is None:
                raise EvenfoldError(
                    f"{origin} ({header[:60]!r}): source_pattern "
                    f"'{pattern}' finds no source protein in the header"
                )
            own_label, published = label, header if settings.sites else ""
            if label is None:
                own_label, header = label_in_header(header, settings, origin)
            identifier = (header.split() or [named_by_content(sequence)])[0]
            yield Record(
                identifier, sequence, source or "", own_label, origin, published
            )


def _fasta(path, handle):
    """Headers and sequences.

    A byte order mark or blanks before `>`, seen or not, do not hide a header, nor does a
    line end that is missing where files were joined.
    """
    header: str | None = None
    parts: list[str] = []
    second: _Second | None = _Second()
    for line in handle:
        line = _without_blanks(line)
        if not line or line.startswith(";"):
            continue
        if line.startswith(_LIKE_HEADERS) and header is None:
            raise EvenfoldError(
                f"{path}: its headers start with {line[: 4 if line[0] == '&' else 1]!r} in "
                "place of '>'. Replace it."
            )
        if not line.startswith(">") and header is None:
            raise EvenfoldError(
                f"{path}: the first line does not start with '>', so it is "
                f"not FASTA: {line[:40]!r}. One sequence a line is .txt, a table .tsv or "
                ".csv: rename the file, or set `form` in the data set's file if it is of one."
            )
        # Where files were joined, a header may stand behind a sequence: > is no residue.
        before, found, after = line.partition(">")
        if found and (after.strip() or not before):
            if header is not None:
                parts.append(_without_blanks(before))
                second = second and second.of(parts)
                yield header, _bare(parts)
            header, parts = after.strip(), []
        else:
            parts.append(line)
    if header is not None:
        second = second and second.of(parts)
        yield header, _bare(parts)
    if second and second.annotates:
        raise _annotated(path, second)


class _Second:
    """Second lines of records, as long as each is as long as its first."""

    def __init__(self) -> None:
        self.n = 0
        self.letters: set[str] = set()
        self._before: set[str] = set()

    def of(self, parts: list[str]) -> "_Second | None":
        """Itself with one more record, or None if that has no such line."""
        one, other, *more = [*(part for part in parts if part), "", ""][:3]
        if not one or len(one) != len(other) or any(more):
            return None
        self.n += len(other)
        self._before.update(one)
        self.letters.update(other)
        return self if len(self.letters) <= _ANNOTATION else None

    @property
    def annotates(self) -> bool:
        """Whether they are of fewer letters than sequences are."""
        return self.n >= _ANNOTATED and len(self.letters) < len(self._before)


def _annotated(path, second):
    old = shlex.quote(str(path))
    new = shlex.quote(str(Path(path.name.removesuffix(".gz")).with_suffix(".2.fasta")))
    opener = "zcat" if begins(path, b"\x1f\x8b") else "cat"
    return EvenfoldError(
        f"{path}: every record has a second line as long as the first, of the letters "
        f"{''.join(sorted(second.letters))} alone: three lines a record, as DeepTMHMM and "
        "TOPCONS write, the last of which annotates the sequence. Remove it: "
        f"`{opener} {old} | awk 'NR % 3' > {new}`."
    )


def _without_blanks(line: str) -> str:
    if line.isascii() and "\x1a" not in line:
        return line.strip()
    return _ENDS.sub("", line.replace(_BOM, ""))


def _bare(parts: list[str]) -> str:
    """Lines as one sequence without blanks."""
    # Most sequences of millions are one line with none.
    joined = parts[0] if len(parts) == 1 else "".join(parts)
    pieces = joined.split()
    return pieces[0] if len(pieces) == 1 else "".join(pieces)


def _read_lines(path, settings, label):
    first = ""
    with opened(path) as handle:
        for number, line in enumerate(handle, 1):
            sequence = _without_blanks(line)
            if not sequence:
                continue
            origin = f"{path} line {number}"
            if sequence.startswith(">") and first:
                raise EvenfoldError(
                    f"{origin}: starts with '>', so it is FASTA from there on. Remove what "
                    f"stands above it, which is none: {first[:40]!r}"
                )
            first = first or sequence
            if sequence.startswith(">"):
                raise EvenfoldError(
                    f"{origin}: starts with '>', so it is FASTA: name it .fasta, or set "
                    "`form: fasta` in the data set's file if it is of one"
                )
            if sequence.casefold() in ("sequence", "sequences"):
                raise EvenfoldError(
                    f"{origin}: {sequence!r} is the name of a column, not a sequence: remove "
                    "the line, or set `form: table` and "
                    f"`sequence_column: {sequence}` in the data set's file if it is of one"
                )
            yield Record(named_by_content(sequence), sequence, "", label, origin)


def _read_table(path, settings, label):
    columns = [settings.id_column, settings.sequence_column]
    columns += [settings.label_column] if label != _UNASKED else []
    columns += [settings.source_column] if settings.source_column else []
    # A column that was asked for must be there.
    optional = {"id"} & {settings.id_column}
    optional |= {settings.label_column} if label is not None else set()
    for origin, (identifier, sequence, *others) in table_rows(path, columns, optional):
        own_label = label
        if label is None:
            own_label = label_of(others.pop(0), settings, origin)
        elif label != _UNASKED:
            check_listed(others.pop(0), label, settings, origin)
        yield Record(
            identifier or named_by_content(sequence),
            sequence,
            others[0] if others else "",
            own_label,
            origin,
        )


#: The reader of every form: (path, settings, label or None) to records.
READERS: dict[str, Callable[[Path, Reading, int | None], Iterator[Record]]] = {
    "fasta": _read_fasta,
    "lines": _read_lines,
    "table": _read_table,
}


def source_in(header: str, pattern: str) -> str | None:
    """The source protein that a header names.

    Parameters
    ----------
    header : str
    pattern : str
        With one group.

    Returns
    -------
    str or None
        None where it names none.
    """
    match = re.search(pattern, header)
    return match.group(1) if match else None
