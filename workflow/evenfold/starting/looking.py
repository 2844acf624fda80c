"""One file looked at: its form, its records, and what it may be for."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from pathlib import Path

from evenfold.alphabet import AMBIGUOUS, AMINO_ACIDS, GAP, STOP, UNKNOWN, upper_case
from evenfold.config.forms import form_of
from evenfold.config.reading import Reading
from evenfold.config.sites import Sites
from evenfold.errors import EvenfoldError
from evenfold.features.vector_files import INDEX, vectors_by_id
from evenfold.sequences.opening import form_within
from evenfold.sequences.reading import read
from evenfold.sequences.sites import MARK
from evenfold.sequences.tabular import HEADER, column_names, like_a_row, table_rows
from evenfold.starting.patterns import classes

#: Names that columns have, by what is in them; the first that is there is taken.
COLUMNS = {
    "sequence": (
        "sequence", "seq", "peptide", "peptide_sequence", "protein_sequence", "sequences",
        "aa_sequence", "peptides", "window", "fasta",
    ),
    "label": ("label", "labels", "class", "target", "y", "activity", "category", "type"),
    "id": (
        "id", "name", "identifier", "accession", "entry", "protein_id", "uniprot",
        "uniprot_id", "acc", "acc_id", "header", "protein",
    ),
    "protein": (
        "acc_id", "protein", "accession", "acc", "uniprot", "uniprot_id", "protein_id",
        "entry", "id", "name", "source",
    ),
    "position": (
        "position", "pos", "site", "sites", "positions", "residue_position", "index",
        "location", "mod_rsd",
    ),
}  # fmt: skip
_VECTORS = (".npz", ".h5", ".hdf5", ".hdf")
#: Files of vectors as they are not read.
_NO_VECTORS = (".npy", ".pt", ".pth", ".pkl", ".pickle")
_LETTERS = re.compile(
    f"[{AMINO_ACIDS}{AMBIGUOUS}{UNKNOWN}{re.escape(GAP)}{MARK}]+\\{STOP}?",
    re.IGNORECASE,
)
#: A position; with a letter it has four digits, as accessions have five (P04637).
_POSITION = r"(\d+(\.0*)?|[A-Za-z][1-9]\d{0,3}(-[a-z][a-z0-9]?)?)"
_POSITIONS = re.compile(f"{_POSITION}([;,| ]+{_POSITION})*")
_TEST = re.compile(
    r"(?<![a-z])(te|tst|test\w*|indep\w*|hold-?out|valid\w*|val|eval)(?![a-z])"
)
_NEGATIVE = re.compile(r"neg|(?<![a-z])(non|not|no|decoy)")
_POSITIVE = re.compile(r"pos")
#: Rows of a table that are looked at to tell its columns.
_ROWS = 1000


@dataclass
class Look:
    """What one file is.

    Attributes
    ----------
    path : str
    kind : {'sequences', 'sites', 'labels', 'vectors'}
    form : {'fasta', 'lines', 'table'}
        How it is written, by its content.
    headers, sequences : list of str
        Of a file of sequences.
    columns : dict of str to str
        Of a table: name of the column, by what is in it.
    others : list of str
        Its other columns.
    texts : list of str
        Cells of the column of labels, or of positions.
    proteins : list of str
        Cells of the column of proteins, of a table of sites.
    folders : list of str
        Those of its path that the other files are not in, which may say role and class.
    """

    path: str
    kind: str
    form: str = "table"
    headers: list[str] = field(default_factory=list)
    sequences: list[str] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    proteins: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)

    @property
    def role(self) -> str:
        """`test` where the name of the file or a folder says so, else `train`."""
        return "test" if any(map(_TEST.search, self._names)) else "train"

    @property
    def label(self) -> int | None:
        """Class that the name of the file says, or that of a folder, or None."""
        for name in self._names:
            if _NEGATIVE.search(name):
                return 0
            if _POSITIVE.search(name):
                return 1
        return None

    @property
    def _names(self) -> list[str]:
        """Names that may say what it is, the most particular first."""
        return [one.lower() for one in (Path(self.path).name, *reversed(self.folders))]

    @property
    def letters(self) -> list[str]:
        """Its sequences as cleaning makes them: in upper case, without marks and final *."""
        return [
            upper_case(sequence).replace(MARK, "").removesuffix(STOP)
            for sequence in self.sequences
        ]

    @property
    def suffix_tells(self) -> bool:
        """Whether `form: auto` would read it as what it is."""
        return _suffix_form(self.path) == self.form


def look_at_all(paths: Sequence[str]) -> list[Look]:
    """Look at the files of a data set, which their folders may tell apart.

    Parameters
    ----------
    paths : sequence of str

    Returns
    -------
    list of Look

    Raises
    ------
    EvenfoldError
        For a file that cannot be read, or is none of a data set's.
    """
    above = [Path(path).parent.parts for path in paths]
    levels = zip(*above)
    shared = sum(1 for _ in takewhile(lambda names: len(set(names)) == 1, levels))
    return [
        replace(look_at(path), folders=list(parts[shared:]))
        for path, parts in zip(paths, above)
    ]


def look_at(path: str) -> Look:
    """Look at one file.

    Parameters
    ----------
    path : str

    Returns
    -------
    Look

    Raises
    ------
    EvenfoldError
        For a file that cannot be read, or is none of a data set's.
    """
    if Path(path).suffix.lower() in _NO_VECTORS:
        vectors_by_id(Path(path))
    if Path(path).suffix.lower() in _VECTORS:
        if not Path(path).is_file():
            raise EvenfoldError(f"{path}: there is no such file")
        return Look(path, "vectors")
    known = {name for names in COLUMNS.values() for name in names}
    form = form_within(Path(path), known)
    if form is None:
        raise EvenfoldError(f"{path}: empty; nothing to look at")
    # A title, or a delimiter that is none, makes no lines of a table.
    if form == "lines" and _suffix_form(path) == "table":
        (first, *more) = column_names(path, known)
        form = "lines" if not more and _LETTERS.fullmatch(first) else "table"
    if form == "table":
        return _table(path, known)
    # With `sites` the reader keeps the headers whole.
    reading = Reading(form=form, sites=Sites(residues="K"))
    records = list(read(path, reading, -1))
    headers = [record.header if form == "fasta" else record.id for record in records]
    return Look(path, "sequences", form, headers, [r.sequence for r in records])


def _suffix_form(path):
    """Form that `form: auto` would read a file as, or None."""
    try:
        return form_of(path)
    except EvenfoldError:
        return None


def _table(path: str, known: set[str]) -> Look:
    names = [name for name in column_names(path, known) if name]
    if not known & {name.casefold() for name in names} and like_a_row(names):
        raise EvenfoldError(
            f"{path}: its first line looks like a row, not like names of columns: "
            f"{', '.join(names)[:100]}. {HEADER}"
        )
    rows = []
    for _, row in table_rows(path, names):
        rows.append(row)
    cells = {name: [row[at] for row in rows] for at, name in enumerate(names)}
    if not rows:
        raise EvenfoldError(f"{path}: a header and no rows")
    sequence = _column(cells, "sequence", _is_sequence)
    left = {name: column for name, column in cells.items() if name != sequence}
    if sequence is None:
        position = _column(left, "position", _is_position)
        protein = _named(left, "protein")
        if position and protein and position != protein:
            _one_class(
                path, {n: c for n, c in left.items() if n not in (protein, position)}
            )
            return Look(
                path, "sites", columns={"protein": protein, "position": position},
                texts=cells[position], proteins=cells[protein],
            )  # fmt: skip
        _check_positions(path, left, position)
    label = _named(left, "label") or _column(left, "label", _is_label)
    identifier = _named({name: c for name, c in left.items() if name != label}, "id")
    found = {"id": identifier, "sequence": sequence, "label": label}
    columns = {what: name for what, name in found.items() if name}
    texts = cells[label] if label else []
    if label in texts:
        raise EvenfoldError(
            f"{path}: its first line looks like a row: its {label!r} stands in that column "
            f"again. {HEADER}"
        )
    others = [name for name in names if name not in columns.values()]
    if sequence:
        return Look(path, "sequences", headers=cells[identifier] if identifier else [],
                    sequences=cells[sequence], columns=columns, others=others, texts=texts)  # fmt: skip
    if label and identifier:
        return Look(path, "labels", columns=columns, others=others, texts=texts)
    if Path(path).suffix.lower() in (".parquet", ".pq") and (
        identifier or names[-1] == INDEX
    ):
        return Look(path, "vectors")
    if len(cells) > 1 and sum(map(_is_number, cells.values())) >= len(cells) - 1:
        raise EvenfoldError(
            f"{path}: numbers alone beside an id. As vectors they are read from Parquet, by "
            f"a column `id`: `pandas.read_csv({path!r}).to_parquet(...)`."
        )
    if len(names) == 1:
        raise EvenfoldError(
            f"{path}: one column alone, {names[0][:60]!r}, and no sequences in it. Columns are "
            "told apart by tab, comma or semicolon."
        )
    raise EvenfoldError(
        f"{path}: none of its columns holds sequences, sites or labels. Found: "
        f"{', '.join(names)[:200]}."
    )


def _check_positions(path, cells, found):
    """Refuse a column that is called as positions are, and holds none."""
    named, protein = _named(cells, "position"), _named(cells, "protein")
    # Names of proteins may look like positions.
    if named is None or found not in (None, protein) or protein in (None, named):
        return
    first = next((cell for cell in cells[named] if not _POSITIONS.fullmatch(cell)), "")
    raise EvenfoldError(
        f"{path}: the column {named!r} holds no positions ({first[:40]!r}). They are whole "
        "numbers from 1, with the residue (K57) or without, or several (13;48)."
    )


def _one_class(path, cells):
    """Refuse a table of sites whose labels would be passed over."""
    label = _named(cells, "label")
    pair = classes(cells[label]) if label else None
    # A pair that does not say which is positive may be a kind of modification.
    if pair is None or not pair[2]:
        return
    positive, negative, _ = pair
    raise EvenfoldError(
        f"{path}: sites of both classes, by the column '{label}' ('{positive}' and "
        f"'{negative}'), and a table of sites holds those of one. Write those with "
        f"'{negative}' into a file with neg in its name, without the column."
    )


def _named(cells, what):
    """The column that is called as such columns are, in whatever case."""
    known = {name.casefold(): name for name in cells}
    return next((known[name] for name in COLUMNS[what] if name in known), None)


def _column(cells, what, fits):
    """The column of that name whose cells fit, or else the only one whose cells do."""
    named = _named(cells, what)
    if named is not None and fits([c for c in cells[named][:_ROWS] if c]):
        return named
    good = [
        name for name, column in cells.items() if fits([c for c in column[:_ROWS] if c])
    ]
    return good[0] if len(good) == 1 else None


def _is_sequence(cells: Sequence[str]) -> bool:
    like = sum(bool(_LETTERS.fullmatch(cell)) and len(cell) > 3 for cell in cells)
    return bool(cells) and like >= 0.8 * len(cells) and len(set(cells)) > 2


def _is_position(cells: Sequence[str]) -> bool:
    like = sum(bool(_POSITIONS.fullmatch(cell)) for cell in cells)
    return bool(cells) and like >= 0.8 * len(cells)


def _is_number(cells: Sequence[str]) -> bool:
    return all(re.fullmatch(r"[+-]?\d+[.]\d+(e[+-]?\d+)?", one) for one in cells)


def _is_label(cells: Sequence[str]) -> bool:
    return len(Counter(cells)) == 2
