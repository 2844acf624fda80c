"""Site mode: labelled windows around residues of whole proteins."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from evenfold.alphabet import GAP, STOP, upper_case
from evenfold.config.cleaning import Cleaning
from evenfold.config.reading import Reading
from evenfold.config.sites import Sites
from evenfold.errors import EvenfoldError
from evenfold.files import sha256_rows
from evenfold.saying import counted
from evenfold.sequences.ids import give_ids
from evenfold.sequences.labels import EMPTY, check_listed
from evenfold.sequences.reading import Record, read
from evenfold.sequences.tabular import table_rows

#: After the residue that it marks, as MusiteDeep writes sites.
MARK = "#"
_POSITION = re.compile(r"([A-Za-z]?)0*([1-9][0-9]{0,8})(?:\.0*)?")

#: What PhosphoSitePlus puts behind a residue and its position: K57-ac.
_KIND = re.compile(r"(?<=[0-9])-[a-z][a-z0-9]?$")

_NOTHING = ("no protein: its cell is empty", "no position: its cell is empty")


@dataclass
class Listed:
    """The sites that files list, of one protein.

    Attributes
    ----------
    origin : dict of int to dict of int to str
        By label and position, where it is listed.
    residue : dict of int to str
        By position, the residue that a table names with it (`K57`).
    """

    origin: dict[int, dict[int, str]] = field(default_factory=lambda: {1: {}, 0: {}})
    residue: dict[int, str] = field(default_factory=dict)


def proteins_of(files: list[dict], reading: Reading) -> list[Record]:
    """Whole proteins of one role, cleaned as a whole.

    `source` is the name that sites go by, `id` the same, or one of its own for another
    sequence of that name.

    Parameters
    ----------
    files : list of dict
        path, kind and published name of each.
    reading : Reading
        Says how they are read.

    Returns
    -------
    list of Record

    Raises
    ------
    EvenfoldError
        Two proteins of one name, or marked sites, where tables list the sites.
    """
    tables = any(file["kind"] != "proteins" for file in files)
    found: list[Record] = []
    seen: dict[str, Record] = {}
    for file in files:
        if file["kind"] != "proteins":
            continue
        for record in read(file["path"], reading, -1, file["name"]):
            record.id = record.source = record.source or record.id
            _take_marks(record)
            clean_protein(record, reading.cleaning)
            other = seen.setdefault(record.id, record)
            if tables and other.sequence != record.sequence:
                raise EvenfoldError(
                    f"{record.origin}: the protein {record.source!r} also stands in "
                    f"{other.origin} with another sequence, so its sites are not clear. "
                    "Remove one."
                )
            if tables and record.marks:
                raise EvenfoldError(
                    f"{record.origin}: its sequence marks sites with {MARK}, and tables "
                    "list sites too. Give one of the two."
                )
            found.append(record)
    give_ids(found, copies=False)
    return found


def _take_marks(protein):
    """Sites marked in the sequence go from there into `marks`."""
    if MARK not in protein.sequence:
        return
    parts = protein.sequence.split(MARK)
    ends, end = [], 0
    for part in parts[:-1]:
        end += len(part)
        ends.append(end)
    protein.sequence, protein.marks = "".join(parts), tuple(ends)


def clean_protein(protein: Record, policy: Cleaning) -> None:
    """Apply to a whole protein what must not wait for its windows: the final *.

    In a window the end of the protein would be a * inside the sequence.

    Parameters
    ----------
    protein : Record
        Its sequence is changed, or said why it is unfit.
    policy : Cleaning
    """
    if protein.sequence.endswith(STOP):
        if policy.stop == "reject":
            protein.unfit = "final * of its protein"
        else:
            protein.sequence = protein.sequence[:-1]


def check_named(proteins: list[Record], settings: Sites) -> None:
    """Refuse proteins of which none names a site, where no table does.

    Parameters
    ----------
    proteins : list of Record
    settings : Sites

    Raises
    ------
    EvenfoldError
    """
    if any(_in_the_protein(record, settings).origin[1] for record in proteins):
        return
    raise EvenfoldError(
        f"{proteins[0].origin} ({proteins[0].header[:60]!r}): neither it nor any other "
        f"protein names a site. header_pattern '{settings.header_pattern}' finds none in "
        f"the headers, and no sequence marks one with {MARK}. Give a table of "
        "`positive_sites`, or a `header_pattern` under `sites`."
    )


def windows(
    proteins: list[Record], files: list[dict], reading: Reading
) -> Iterator[Record]:
    """Windows around every residue of interest of the proteins of one role.

    Parameters
    ----------
    proteins : list of Record
        As `proteins_of` gives them.
    files : list of dict
        path and kind of each: positive_sites, negative_sites; without, the headers of
        the proteins list their sites.
    reading : Reading
        With `sites`.

    Yields
    ------
    Record
        Id `protein|K57`, the window padded with gaps, the protein as source. A site that
        cannot be has its fault said.

    Raises
    ------
    EvenfoldError
        A site that is not there or no residue of interest, under `mismatch: error`.
    """
    settings = reading.sites
    if settings is None:
        raise ValueError("windows are cut where `sites` says so alone")
    tables = [file for file in files if file["kind"] != "proteins"]
    listed: dict[str, Listed] = defaultdict(Listed)
    for file in tables:
        label = int(file["kind"] == "positive_sites")
        _check_rows(file["path"], settings)
        for faulty in _take_table(file["path"], reading, listed, label):
            # An empty cell is one record that cannot be, and no sign of a wrong file.
            empty = faulty.fault in _NOTHING
            yield faulty if empty else _passed(faulty, settings)
    for record in proteins:
        sites = listed.get(record.source, Listed())
        if not tables:
            sites = _in_the_protein(record, settings)
        for window in _of_protein(record, sites, settings):
            window.origin += f", protein {record.source}"
            yield _passed(window, settings)
    for record in _of_no_protein(listed, {protein.source for protein in proteins}):
        yield _passed(record, settings)


def _check_rows(path, settings):
    """Refuse a table that lists no site at all."""
    columns = [settings.protein_column, settings.position_column]
    if next(table_rows(path, columns), None) is None:
        raise EvenfoldError(f"{path}: a header and no rows, so that it lists no site.")


def _passed(window, settings):
    """A window, unless its site cannot be and that stops the run."""
    if window.fault and settings.mismatch == "error":
        raise EvenfoldError(
            f"{window.origin}: {window.fault}. Positions count from 1. Mend it, or set "
            "`sites: {mismatch: reject}` to list such sites in rejected.tsv."
        )
    return window


def every_site(
    protein: Record, settings: Sites, policy: Cleaning | None = None
) -> Iterator[Record]:
    """Windows around all residues of interest of a protein of which no site is known.

    Parameters
    ----------
    protein : Record
        Its final * goes as the policy says, from its sequence too, and so do the marks
        of sites.
    settings : Sites
    policy : Cleaning, optional
        The one of the training, if it is not the default.

    Yields
    ------
    Record
    """
    settings = settings.model_copy(update={"unlisted": "negative"})
    _take_marks(protein)
    clean_protein(protein, policy or Cleaning())
    for window in _of_protein(protein, Listed(), settings):
        window.origin = protein.origin
        yield window


def no_site(source: str, n: int, settings: Sites) -> EvenfoldError:
    """The error of proteins without any residue of interest.

    Parameters
    ----------
    source : str
        The files that they are of.
    n : int
        Of proteins.
    settings : Sites

    Returns
    -------
    EvenfoldError
    """
    return EvenfoldError(
        f"{source}: none of its proteins ({n}) has a residue of {settings.residues}, so "
        "there is no site to score"
    )


def _of_no_protein(listed, known):
    """Sites of proteins that are not there."""
    for label in (1, 0):
        for protein, sites in listed.items():
            if protein in known:
                continue
            for position, origin in sites.origin[label].items():
                yield Record(
                    f"{protein}|{position}", "", protein, label, origin,
                    fault=f"site {position} of {protein}: the files of proteins have no "
                    "such protein (check source_pattern)",
                )  # fmt: skip


def _of_protein(protein, sites, settings):
    """Windows and faulty sites of one protein, in the order of their positions."""
    half = settings.window // 2
    padded = GAP * half + protein.sequence + GAP * half
    upper = upper_case(protein.sequence)
    positives, negatives = sites.origin[1], sites.origin[0]
    positions = set(positives) | set(negatives)
    if settings.unlisted == "negative":
        positions |= {i for i, a in enumerate(upper, 1) if a in settings.residues}
    for position in sorted(positions):
        origin = positives.get(position) or negatives.get(position) or "unlisted site"
        residue = upper[position - 1] if 1 <= position <= len(upper) else None
        yield Record(
            f"{protein.id}|{residue or ''}{position}",
            padded[position - 1 : position - 1 + settings.window],
            protein.source,
            int(position in positives),
            origin,
            fault=_fault(protein, position, residue, sites, settings),
            unfit=protein.unfit,
            start=position - half,
        )


def _fault(protein, position, residue, sites, settings):
    """Why a site cannot be; `residue` is what the protein has there, None beyond it."""
    site = f"site {position} of {protein.source}"
    stated = sites.residue.get(position, residue)
    if residue is None:
        length = counted(len(protein.sequence), "residue")
        return f"{site} is beyond its {length}"
    if residue not in settings.residues:
        return f"{site} is {residue}, not one of {settings.residues}"
    if stated != residue:
        return f"{site} is {residue}, and its table names it {stated}{position}"
    if all(position in sites.origin[label] for label in (1, 0)):
        return f"{site} is listed as positive and as negative"
    return None


def _in_the_protein(protein, settings):
    """The sites that the header or the sequence of a protein names: positives."""
    found = list(protein.marks)
    for text in re.findall(settings.header_pattern, protein.header):
        position = _POSITION.fullmatch(text)
        if not position:
            raise EvenfoldError(
                f"{protein.origin}: header_pattern '{settings.header_pattern}' finds "
                f"{text[:40]!r}, which is no position; they are whole numbers from 1"
            )
        found.append(int(position[2]))
    return Listed({1: dict.fromkeys(found, protein.origin), 0: {}})


def _take_table(path, reading, listed, label):
    """Add the sites of a table to those listed; yields the cells that are none."""
    columns = [reading.sites.protein_column, reading.sites.position_column]
    own = reading.label_column
    for origin, (protein, cell, text) in table_rows(path, [*columns, own], {own}):
        check_listed(text, label, reading, origin)
        # A protein may be called NA, and no position is.
        if not protein or cell.casefold() in EMPTY:
            fault = _NOTHING[bool(protein)]
            yield Record(
                f"{protein}|{cell[:20]}", "", protein, label, origin, fault=fault
            )
            continue
        for text in positions_in(cell):
            match = _POSITION.fullmatch(text)
            if match:
                position = int(match[2])
                listed[protein].origin[label].setdefault(position, origin)
                if match[1]:
                    listed[protein].residue.setdefault(position, match[1].upper())
            else:
                yield Record(
                    f"{protein}|{text[:20]}", "", protein, label, origin,
                    fault=f"{text[:40]!r} is no position; they are whole numbers from 1",
                )  # fmt: skip


def positions_in(cell: str) -> list[str]:
    """The positions that a cell lists, as texts.

    Parameters
    ----------
    cell : str

    Returns
    -------
    list of str

    Examples
    --------
    >>> positions_in("13;48"), positions_in("K57-ac"), positions_in("2-feb")
    (['13', '48'], ['K57'], ['2-feb'])
    """
    texts = re.split(r"[;,|\s]+", cell.strip(";,| "))
    return [_KIND.sub("", one) if one[:1].isalpha() else one for one in texts]


def under_sampled(
    records: list[Record], ratio: float, seed: int
) -> tuple[list[Record], list[Record]]:
    """Negatives drawn so that there are at most `ratio` for each positive.

    Drawn by a hash of the id, so that neither the order of the files nor other records
    change which.

    Parameters
    ----------
    records : list of Record
    ratio : float
    seed : int

    Returns
    -------
    tuple of (list of Record, list of Record)
        Those kept, in order, and those left out.
    """
    negatives = [r for r in records if r.label == 0]
    wanted = round(ratio * (len(records) - len(negatives)))
    drawn = sorted(negatives, key=lambda r: sha256_rows([str(seed), r.id]))[:wanted]
    kept = {id(r) for r in drawn}
    remaining: list[Record] = []
    left_out: list[Record] = []
    for record in records:
        out = record.label == 0 and id(record) not in kept
        (left_out if out else remaining).append(record)
    return remaining, left_out
