"""Site mode: labelled windows around residues of whole proteins."""

import re
from collections.abc import Iterator

from evenfold.alphabet import GAP
from evenfold.config.reading import Reading
from evenfold.config.sites import Sites
from evenfold.errors import EvenfoldError
from evenfold.files import sha256_rows
from evenfold.sequences.reading import Record, read, table_rows


def proteins_of(files: list[dict], reading: Reading) -> list[Record]:
    """Whole proteins of one role; `source` is the name that sites go by.

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
        Two proteins of one name where tables list the sites.
    """
    tables = any(file["kind"] != "proteins" for file in files)
    found: list[Record] = []
    seen: dict[str, str] = {}
    for file in files:
        if file["kind"] != "proteins":
            continue
        for record in read(file["path"], reading, -1, file["name"]):
            record.source = record.source or record.id
            if tables and record.source in seen:
                raise EvenfoldError(
                    f"{record.origin}: the protein {record.source!r} also stands in "
                    f"{seen[record.source]}, so its sites are not clear. Remove one."
                )
            seen[record.source] = record.origin
            found.append(record)
    return found


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
    listed: dict[int, dict[str, dict[int, str]]] = {1: {}, 0: {}}
    tables = [file for file in files if file["kind"] != "proteins"]
    for file in tables:
        label = int(file["kind"] == "positive_sites")
        for protein, position, origin in _table(file["path"], settings):
            listed[label].setdefault(protein, {}).setdefault(position, origin)

    def every():
        for record in proteins:
            if tables:
                sites = {
                    label: listed[label].get(record.source, {}) for label in listed
                }
            else:
                found = re.findall(settings.header_pattern, record.header)
                sites = {1: {int(p): record.origin for p in found}, 0: {}}
            for window in _of_protein(record.source, record.sequence, sites, settings):
                window.origin += f", protein {record.source}"
                yield window
        yield from _of_no_protein(listed, {record.source for record in proteins})

    for window in every():
        if window.fault and settings.mismatch == "error":
            raise EvenfoldError(
                f"{window.origin}: {window.fault}. Positions count from 1. Mend it, or set "
                "`sites: {mismatch: reject}` to list such sites in rejected.tsv."
            )
        yield window


def every_site(protein: Record, settings: Sites) -> Iterator[Record]:
    """Windows around all residues of interest of a protein of which no site is known.

    Parameters
    ----------
    protein : Record
    settings : Sites

    Yields
    ------
    Record
    """
    settings = settings.model_copy(update={"unlisted": "negative"})
    for window in _of_protein(protein.id, protein.sequence, {1: {}, 0: {}}, settings):
        window.origin = protein.origin
        yield window


def _of_no_protein(listed, known):
    """Sites of proteins that are not there."""
    for label, proteins in listed.items():
        for protein, sites in proteins.items():
            if protein in known:
                continue
            for position, origin in sites.items():
                yield Record(
                    f"{protein}|{position}", "", protein, label, origin,
                    fault=f"site {position} of {protein}: the files of proteins have no "
                    "such protein (check source_pattern)",
                )  # fmt: skip


def _of_protein(protein, sequence, sites, settings):
    """Windows and faulty sites of one protein, in the order of their positions."""
    half = settings.window // 2
    padded = GAP * half + sequence + GAP * half
    upper = sequence.upper()
    positions = set(sites[1]) | set(sites[0])
    if settings.unlisted == "negative":
        positions |= {i for i, a in enumerate(upper, 1) if a in settings.residues}
    for position in sorted(positions):
        label = int(position in sites[1])
        origin = sites[1].get(position) or sites[0].get(position) or "unlisted site"
        residue = upper[position - 1] if 1 <= position <= len(upper) else None
        fault = None
        if residue is None:
            fault = f"site {position} of {protein} is beyond its {len(upper)} residues"
        elif residue not in settings.residues:
            fault = (
                f"site {position} of {protein} is {residue}, not one of "
                f"{settings.residues}"
            )
        elif position in sites[1] and position in sites[0]:
            fault = (
                f"site {position} of {protein} is listed as positive and as negative"
            )
        yield Record(
            f"{protein}|{residue or ''}{position}",
            padded[position - 1 : position - 1 + settings.window],
            protein,
            label,
            origin,
            fault=fault,
        )


def _table(path, settings):
    """Protein and position of every row of a site table, with its place."""
    columns = [settings.protein_column, settings.position_column]
    for origin, (protein, position) in table_rows(path, columns):
        if not re.fullmatch(r"[1-9]\d*", position):
            raise EvenfoldError(
                f"{origin}: {position!r} is no position; they are whole numbers from 1"
            )
        yield protein, int(position), origin


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
