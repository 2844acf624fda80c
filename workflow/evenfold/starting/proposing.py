"""The data set's file that some files ask for, and what of it is not clear."""

import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from evenfold.alphabet import AMINO_ACIDS, GAP, upper_case
from evenfold.config.about import About
from evenfold.config.reading import label_value
from evenfold.config.section import NAME
from evenfold.errors import EvenfoldError
from evenfold.features.vector_files import VectorNames, check_shape, vectors_by_id
from evenfold.saying import counted, verb
from evenfold.sequences.kinds import kind_of, why_kind
from evenfold.sequences.sites import MARK, positions_in
from evenfold.starting.looking import Look
from evenfold.starting.patterns import (
    classes,
    label_counts,
    label_pattern,
    source_pattern,
)

#: Key of a data set's file that is left to fill in.
ABOUT = "about"
_ACCESSION = r"^[^|]*\|([^|]+)\|"
_LISTED = re.compile(r"#(\d+)")
#: A sequence in which # stands behind residues.
_MARKED = re.compile(r"[A-Za-z-]+(#[A-Za-z-]*)+\*?")
_ROLES = {"split", "set", "role", "subset", "partition", "fold"}


@dataclass
class Proposal:
    """Lines of a data set's file, and what is said beside them.

    Attributes
    ----------
    lines : list of str
    saw : list of str
        What the files are.
    questions : list of tuple of (int, str)
        What could not be decided, with the number of the line to edit.
    """

    lines: list[str] = field(default_factory=list)
    saw: list[str] = field(default_factory=list)
    questions: list[tuple[int, str]] = field(default_factory=list)

    def add(self, line: str, question: str | None = None) -> None:
        """Add a line, and what is not clear about it.

        Parameters
        ----------
        line : str
        question : str, optional
        """
        self.lines.append(line)
        if question:
            self.questions.append((len(self.lines), question))

    def line_of(self, key: str) -> int:
        """Number of the line of a key of the data set.

        Parameters
        ----------
        key : str

        Returns
        -------
        int
        """
        found = (line.startswith(f"{key}:") for line in self.lines)
        return 1 + list(found).index(True)

    @property
    def text(self) -> str:
        """The file."""
        return "\n".join(self.lines) + "\n"


def propose(looks: list[Look], name: str) -> Proposal:
    """The data set's file for some files.

    Parameters
    ----------
    looks : list of Look
    name : str
        Of the data set.

    Returns
    -------
    Proposal

    Raises
    ------
    EvenfoldError
        Where the files cannot be a data set.
    """
    if not re.match(NAME, name):
        raise EvenfoldError(
            f"{name!r} is no name of a data set: letters, digits, - and _ alone."
        )
    found = Proposal()
    found.add(
        f"# Data set {name}, as `evenfold init` saw it. Every key: config/README.md"
    )
    found.saw += [_described(look) for look in looks]
    sequences = [look for look in looks if look.kind == "sequences"]
    if not sequences:
        raise EvenfoldError(
            "none of the files holds sequences. Name the FASTA files or tables with them "
            "too."
        )
    tables = [look for look in looks if look.kind == "sites"]
    if tables or _marks_sites(sequences):
        _sites(found, sequences, tables)
    else:
        _classes(found, sequences, [look for look in looks if look.kind == "labels"])
    _form(found, sequences)
    _vectors(found, [look for look in looks if look.kind == "vectors"], sequences)
    found.add("# grouping, split, audit, training: defaults, by the kind of data")
    _about(found)
    return found


def run_text(name: str) -> str:
    """The file of a run of one data set.

    Parameters
    ----------
    name : str
        Of the data set.

    Returns
    -------
    str
    """
    return f"""\
# The run of data set {name}. Every key and its default: config/README.md
datasets: [{as_yaml(name)}]
# The variants are those of config/config.yaml, until a list of your own stands here:
# variants:
#   - bce
#   - focal
#   - {{name: boosting, loss: bce, training: {{model: gradient_boosting}}}}
"""


def _about(found: Proposal) -> None:
    """What only the user knows, to fill in."""
    found.add(f"{ABOUT}:  # what only you know; told in the model card and dome.json")
    for name, field_ in About.model_fields.items():
        found.add(f'  {name}: ""  # {field_.description}')


def _described(look: Look) -> str:
    """A file in a line."""
    if look.kind == "vectors":
        return f"{look.path}: vectors by id"
    columns = ", ".join(f"{what} in {name!r}" for what, name in look.columns.items())
    if look.kind in ("sites", "labels"):
        rows = counted(len(look.texts), "row")
        return f"{look.path}: a table of {look.kind}, {rows}; {columns}"
    n, lengths = len(look.sequences), [len(s) for s in look.letters]
    what = {"fasta": "FASTA", "lines": "one sequence a line", "table": "a table"}
    shortest, longest = min(lengths), max(lengths)
    length = counted(longest, "letter")
    if shortest != longest:
        length = f"{shortest} to {length}"
    told = [f"{look.path}: {what[look.form]}, {counted(n, 'sequence')} of {length}"]
    told += [columns] if columns else []
    told += _ids(look)
    kept = [sequence for sequence in look.letters if sequence]
    copies = len(kept) - len(set(kept))
    told += [counted(copies, "copy", "copies")] if copies else []
    told += [f"{n - len(kept)} empty"] if len(kept) < n else []
    return "; ".join(told)


def _ids(look: Look) -> Iterator[str]:
    """What ids a file has: how many stand before several sequences, and before how many."""
    if look.form == "lines" or not look.headers:
        return
    ids = Counter(header.split()[0] for header in look.headers if header.split())
    twice = {one: n for one, n in ids.items() if n > 1}
    if twice:
        yield (
            f"{counted(len(twice), 'id')} {verb(len(twice), 'stands', 'stand')} before {sum(twice.values())} sequences, "
            "which are told apart by ~2, ~3 and so on"
        )
    elif ids:
        yield "every id once"
    if nameless := len(look.headers) - ids.total():
        yield f"{nameless} without an id, named after the sequence"


# --- sources ----------------------------------------------------------------------------


def _files(
    found: Proposal, role: str, named: Iterable[tuple[str, str, str | None]]
) -> None:
    """The files of a role: key, path, and what is not clear about it."""
    by_key: dict[str, list[tuple[str, str | None]]] = {}
    for key, path, question in named:
        by_key.setdefault(key, []).append((path, question))
    if by_key:
        found.add(f"{role}:")
    for key, files in by_key.items():
        if len(files) == 1:
            found.add(f"  {key}: {as_yaml(files[0][0])}", files[0][1])
            continue
        found.add(f"  {key}:")
        for path, question in files:
            found.add(f"    - {as_yaml(path)}", question)


def _held_out(found: Proposal, looks: list[Look]) -> None:
    if all(look.role == "train" for look in looks):
        found.add(
            "# test: left out, so that a fifth is held out by groups of related sequences"
        )


def as_yaml(value: str) -> str:
    """A text in YAML, quoted where it must be.

    Parameters
    ----------
    value : str

    Returns
    -------
    str
    """
    listed = yaml.safe_dump(
        [value], default_flow_style=True, width=sys.maxsize, allow_unicode=True
    )
    return listed.strip()[1:-1]


def _classes(found: Proposal, looks: list[Look], labels: list[Look]) -> None:
    """Files of a class, or files that hold their labels."""
    patterns = {}
    for look in looks:
        if look.form == "fasta" and look.label is None and not labels:
            patterns[look.path] = label_pattern(look.headers)
    for role in ("train", "test"):
        own = [look for look in looks if look.role == role]
        tables = [look for look in labels if look.role == role]
        _files(found, role, _of_a_role(own, tables, patterns))
    if not any(look.role == "train" for look in looks):
        raise EvenfoldError(
            "all files are for the test, by their names. Name training files too."
        )
    _held_out(found, looks)
    pattern = next((p for p in patterns.values() if p), None)
    texts = [text for look in [*looks, *labels] for text in look.texts
             if look.kind == "labels" or look.label is None]  # fmt: skip
    if pattern:
        found.add(f"label_pattern: {as_yaml(pattern[0])}  # the label in a header")
        texts += [text for one in patterns.values() if one for text in one[1]]
        if "training|testing" in pattern[0]:
            found.questions.append(
                (len(found.lines), "the headers also say training and testing; roles are "
                 "of files: write those of testing into a file of their own, under `test`")
            )  # fmt: skip
    _labels(found, texts)
    _columns(found, [*looks, *labels])
    _windows(found, looks)


def _of_a_role(looks, tables, patterns):
    """Key, path and question of every file of one role."""
    plain = []
    for look in looks:
        holds = bool(look.texts) or patterns.get(look.path) is not None
        if look.label is None and (holds or tables):
            yield "labelled", look.path, None
        else:
            plain.append(look)
    for table in tables:
        yield "labels", table.path, None
    given = {look.path: look.label for look in plain}
    unclear = [path for path, label in given.items() if label is None]
    if unclear and (len(plain) == 1 or len(unclear) > 2):
        raise EvenfoldError(
            f"{', '.join(unclear)}: no labels in it that follow a pattern, and a name that "
            "says no class. Name files of one class with pos or neg in it, or give a table "
            "of labels (columns id and label)."
        )
    others = {label for label in given.values() if label is not None}
    # Of two files the one that is not the one class is the other.
    sure = len(others) == 1 and len(unclear) == 1
    for number, path in enumerate(unclear):
        given[path] = 1 - others.pop() if sure else 1 - number
    for label, key in ((1, "positive"), (0, "negative")):
        for path, own in given.items():
            if own == label:
                asked = f"whether {path} is {key}: its name says no class"
                yield key, path, None if path not in unclear or sure else asked
    if set(given.values()) in ({0}, {1}):
        raise EvenfoldError(
            f"{', '.join(given)}: files of one class alone; name those of the other too."
        )


def _labels(found: Proposal, texts: list[str]) -> None:
    if not texts:
        return
    pair = classes(texts)
    counts = label_counts(texts)
    if pair is None:
        many = ", ".join(f"{text!r} ({n})" for text, n in counts.most_common(5))
        empty = len(texts) - counts.total()
        none = f" and {counted(empty, 'empty cell')}" if empty else ""
        raise EvenfoldError(
            f"{counted(len(counts), 'label', 'different labels')} ({many}){none}, and "
            "evenfold tells two apart. Leave the rows of two, or write a column with two"
            + (", in every cell." if empty else ".")
        )
    positive, negative, clear = pair
    found.saw.append(
        f"labels: {positive!r} ({counts[positive]}) is positive, {negative!r} "
        f"({counts[negative]}) negative"
    )
    if (label_value(positive), label_value(negative)) == (1.0, 0.0):
        return
    why = "it is the rarer one"
    if counts[positive] == counts[negative]:
        why = "both are as frequent"
    question = f"whether {positive!r} is the positive class: {why}"
    found.add(f"positive_label: {as_yaml(positive)}", None if clear else question)
    found.add(f"negative_label: {as_yaml(negative)}")


def _columns(found: Proposal, looks: list[Look]) -> None:
    """Columns that are called otherwise than by default."""
    for what in ("id", "sequence", "label"):
        names = dict.fromkeys(
            look.columns[what] for look in looks if what in look.columns
        )
        other = [name for name in names if name.casefold() != what]
        if other:
            question = (
                f"files call the {what} {', '.join(names)}; one name is taken for all"
            )
            found.add(
                f"{what}_column: {as_yaml(other[0])}",
                question if len(names) > 1 else None,
            )
    for look in looks:
        roles = [name for name in look.others if name.casefold() in _ROLES]
        if roles:
            found.add(
                f"# column {roles[0]!r} of {look.path} is not used",
                f"what the column {roles[0]!r} of {look.path} says; roles are of files: "
                "write the rows of the test into a table of their own, under `test`",
            )


# --- kinds of data ----------------------------------------------------------------------


def _windows(found: Proposal, looks: list[Look]) -> None:
    """What windows, peptides and proteins need."""
    sequences = [s for look in looks for s in look.letters if s]
    lengths = [
        len(s) for look in looks if look.role == "train" for s in look.letters if s
    ]
    if not lengths:
        raise EvenfoldError("every sequence is empty.")
    kind = kind_of(lengths)
    found.saw.append(f"{kind}, since {why_kind(kind, lengths)}")
    if any(GAP in sequence for sequence in sequences):
        inside = sum(GAP in s.strip(GAP) for s in sequences)
        question = (
            f"what the gaps inside {counted(inside, 'sequence')} are; they are kept"
        )
        found.add("cleaning:")
        found.add("  gap: keep  # - pads the windows", question if inside else None)
    if kind != "windows":
        return
    length = lengths[0]
    centres = Counter(s[length // 2] for s in sequences if len(s) == length)
    letter, n = centres.most_common(1)[0]
    if length % 2 and n == sum(centres.values()):
        found.saw.append(f"every window has {letter} at its centre")
    headers = [h for look in looks if look.form == "fasta" for h in look.headers]
    pattern = source_pattern(headers) if headers else None
    if pattern and all(look.form == "fasta" for look in looks):
        found.add(
            f"source_pattern: {as_yaml(pattern)}  # windows of one protein never cross folds"
        )


def _marks_sites(looks: list[Look]) -> bool:
    """Whether sequences mark sites with #, or headers list them."""
    if any(_MARKED.fullmatch(one) for look in looks for one in look.sequences):
        return True
    headers = [header for look in looks for header in look.headers]
    listed = sum(bool(_LISTED.search(header)) for header in headers)
    return (
        all(look.form == "fasta" for look in looks) and listed > 0.5 * len(headers) > 0
    )


def _sites(found: Proposal, proteins: list[Look], tables: list[Look]) -> None:
    """Proteins and their sites."""
    for role in ("train", "test"):
        files = [
            ("proteins", look.path, None) for look in proteins if look.role == role
        ]
        files += [
            ("negative_sites" if look.label == 0 else "positive_sites", look.path, None)
            for look in tables
            if look.role == role
        ]
        _fit(role, files)
        _files(found, role, files)
    _held_out(found, proteins)
    whole = {
        (header.split() or [""])[0]: sequence
        for look in proteins
        for header, sequence in zip(look.headers, look.letters)
    }
    if tables and not _known(tables, whole):
        by_accession = {
            match[1]: sequence
            for name, sequence in whole.items()
            if (match := re.match(_ACCESSION, name))
        }
        known = _known(tables, by_accession)
        if known:
            without = len(whole) - sum(bool(re.match(_ACCESSION, one)) for one in whole)
            whole = by_accession
            found.add(
                f"source_pattern: {as_yaml(_ACCESSION)}  # the accession of a header",
                f"{counted(without, 'header')} without one, and every one needs it"
                if without
                else None,
            )
        else:
            found.add("# source_pattern: '^([^|]+)'", "how the tables' proteins are called "
                      "in the headers: none of them is an id there")  # fmt: skip
    letters = Counter(_site_letters(proteins, tables, whole))
    total = letters.total()
    common = sorted(
        letter for letter in AMINO_ACIDS if 0 < letters[letter] >= 0.02 * total
    )
    found.add("sites:")
    if common:
        further = Counter(_site_letters(proteins, tables, whole, 1))
        asked = _from_nought(common, further) if tables else None
        found.add(f"  residues: {''.join(common)}", asked)
        share = ", ".join(f"{one} {letters[one]}" for one in common)
        found.saw.append(f"sites by residue: {share}")
    else:
        found.add("  residues: K", "which residues the sites are at; K is a guess")
    found.add("  window: 31  # letters, an odd number")
    odd = total - sum(letters[one] for one in common)
    if odd:
        told = "are at other residues; they are rejected and listed"
        if odd == 1:
            told = "is at another residue; it is rejected and listed"
        found.add("  mismatch: reject", f"{odd} of {counted(total, 'site')} {told}")
    for what in ("protein", "position"):
        names = dict.fromkeys(look.columns[what] for look in tables)
        if other := [name for name in names if name.casefold() != what]:
            found.add(f"  {what}_column: {as_yaml(other[0])}")
    found.add(
        "  # negatives_per_positive: 1  # training negatives drawn; all by default"
    )


def _from_nought(common: list[str], further: Counter[str]) -> str | None:
    """A question where sites are at many residues, and one further on at few."""
    few = [letter for letter, _ in further.most_common(3)]
    if len(common) <= 3 or sum(further[one] for one in few) < 0.98 * further.total():
        return None
    where = ", ".join(f"{one} {further[one]}" for one in few)
    return (
        "whether the positions count from 0, while evenfold's count from 1: one further on "
        f"they are at {where}. Add 1 to each then, and run this again with --force"
    )


def _fit(role: str, files: list[tuple[str, str, None]]) -> None:
    """Refuse tables of sites without their proteins, or of negative sites alone."""
    kinds = {kind for kind, *_ in files}
    tables = ", ".join(path for kind, path, _ in files if kind != "proteins")
    if tables and "proteins" not in kinds:
        raise EvenfoldError(
            f"{tables}: sites of the {'test' if role == 'test' else 'training data'}, by the "
            "name, but no file of proteins is. Training and test have files of proteins of "
            "their own; those of the test have test in their names."
        )
    if "negative_sites" in kinds and "positive_sites" not in kinds:
        raise EvenfoldError(
            f"{tables}: negative sites alone, by the name; name those of the positive too."
        )
    if role == "train" and "proteins" not in kinds:
        raise EvenfoldError(
            "all files are for the test, by their names. Name training files too."
        )


def _known(tables: list[Look], names: dict[str, str]) -> bool:
    cells = [protein for look in tables for protein in look.proteins]
    return sum(cell in names for cell in cells) > 0.5 * len(cells)


def _site_letters(proteins, tables, whole, shift=0):
    """The residue at every site that is listed, or so many further on."""
    for look in tables:
        for protein, cell in zip(look.proteins, look.texts):
            found = [
                re.match(r"[A-Za-z]?(\d{1,9})\b", one) for one in positions_in(cell)
            ]
            for position in (int(one[1]) + shift for one in found if one):
                if 0 < position <= len(whole.get(protein, "")):
                    yield whole[protein][position - 1]
    if tables:
        return
    for look in proteins:
        for header, sequence in zip(look.headers, look.sequences):
            yield from re.findall(f"([A-Z]){MARK}", upper_case(sequence))
            if MARK in sequence:
                continue
            for position in map(int, _LISTED.findall(header)):
                if 0 < position <= len(sequence):
                    yield upper_case(sequence[position - 1])


# --- form and vectors -------------------------------------------------------------------


def _form(found: Proposal, looks: list[Look]) -> None:
    untold = [look for look in looks if not look.suffix_tells]
    if not untold:
        return
    if len({look.form for look in looks}) == 1:
        found.add(f"form: {looks[0].form}")
        return
    said = {"fasta": "FASTA", "lines": "one sequence a line", "table": "a table"}
    ends = {"fasta": ".fasta", "lines": ".txt", "table": ".csv"}
    told = "; ".join(
        f"{look.path} is {said[look.form]} ({_first(look)!r}): rename it to "
        f"{Path(look.path.removesuffix('.gz')).with_suffix(ends[look.form])}"
        for look in untold
    )
    raise EvenfoldError(
        "nothing was written: the files are of several forms, which their suffixes must "
        f"tell apart. {told}"
    )


def _first(look: Look) -> str:
    """What the first record of a file begins with."""
    return (look.headers if look.form == "fasta" else look.sequences)[0][:30]


def _vectors(found: Proposal, files: list[Look], sequences: list[Look]) -> None:
    if not files:
        return
    path = Path(files[0].path)
    vectors = vectors_by_id(path)
    check_shape(path, vectors)
    names = VectorNames(vectors)
    ids = [h.split()[0] for look in sequences for h in look.headers if h.split()]
    known = sum(names.find(one) is not None for one in ids)
    found.saw.append(
        f"{files[0].path}: vectors of {known} of {counted(len(ids), 'id')}"
    )
    question = None
    if known < len(ids) or not ids:
        question = (
            f"{counted(len(ids) - known, 'id')} without a vector there; every sequence "
            "needs one"
        )
    found.add("training:")
    found.add("  features: [embeddings]")
    found.add(f"  embeddings: {{file: {as_yaml(files[0].path)}}}", question)
