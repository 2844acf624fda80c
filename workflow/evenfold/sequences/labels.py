"""Labels as people write them: 1 and 0, +1 and -1, yes and no, True and False."""

import re
from os import PathLike

from evenfold.config.reading import Reading, label_value
from evenfold.errors import EvenfoldError
from evenfold.sequences.tabular import table_rows

#: What stands in a cell that holds nothing, in small letters.
EMPTY = {"", "na", "n/a", "nan", "null", "none"}
_ILEARN = re.compile(r"\|[01]\|(training|testing)$")


def label_of(text: str, settings: Reading, origin: str) -> int | None:
    """The class that a label text stands for; None for an empty cell.

    Parameters
    ----------
    text : str
    settings : Reading
        What the labels are called.
    origin : str
        Place of the record, for the error.

    Returns
    -------
    int or None

    Raises
    ------
    EvenfoldError
        A text that is neither label.

    Examples
    --------
    >>> [label_of(text, Reading(), "line 2") for text in ("1", "0.0", "True", "no", "")]
    [1, 0, 1, 0, None]
    """
    said = _said(text, settings)
    if said is None and text.casefold() not in EMPTY:
        raise _refusal(text, settings, origin)
    return said


def _said(text: str, settings: Reading) -> int | None:
    """The class that a text is a label of; None where it is of neither."""
    known = {settings.positive_label: 1, settings.negative_label: 0}
    if text in known:
        return known[text]
    alike = {label_value(label): one for label, one in known.items()}
    return alike.get(label_value(text)) if len(alike) == len(known) else None


def check_listed(text: str, label: int, settings: Reading, origin: str) -> None:
    """Refuse a row that a column of labels puts into the other class than its file.

    Parameters
    ----------
    text : str
        Of the row's cell; anything that is neither label means something else.
    label : int
        The class that the file is listed under.
    settings : Reading
    origin : str

    Raises
    ------
    EvenfoldError
    """
    if _said(text, settings) in (None, label):
        return
    listed, other = ("positive", "negative") if label else ("negative", "positive")
    raise EvenfoldError(
        f"{origin}: its column {settings.label_column!r} says {text!r} ({other}), and the "
        f"file is listed as {listed}, which would hold for all of its rows. List sequences "
        "of both classes under `labelled`, and sites of each class in a table of their own; "
        "if the column means something else, rename it."
    )


def _refusal(text, settings, origin):
    found = "no label" if text is None else f"the label {text!r}"
    return EvenfoldError(
        f"{origin}: {found} found; expected {settings.positive_label!r} (positive) or "
        f"{settings.negative_label!r} (negative). {_remedy(text, origin)}"
    )


def _remedy(text, origin):
    if text is not None and label_value(text) == -1.0:
        return f'If that is the negative class, set `negative_label: "{text}"`.'
    if _ILEARN.search(origin.rstrip("')")):
        return (
            "A header as iLearn writes it: "
            r"`label_pattern: '\|([01])\|(?:training|testing)$'`."
        )
    return (
        "Say what the classes are called (positive_label and negative_label) or where the "
        "label stands (label_column, label_pattern), or remove the record."
    )


def label_in_header(
    header: str, settings: Reading, origin: str
) -> tuple[int | None, str]:
    """The label in a FASTA header, None where its place is empty, and the rest.

    Parameters
    ----------
    header : str
    settings : Reading
        With `label_pattern`.
    origin : str

    Returns
    -------
    tuple of (int or None, str)
        The header without what the pattern found.

    Raises
    ------
    EvenfoldError
        An unknown label, or a pattern that finds none or several.
    """
    where = f"{origin} ({header[:60]!r})"
    pattern = re.compile(settings.label_pattern or "(?!)()")
    found, at = [], 0
    # Beyond its end, a pattern that may match nothing would match for ever.
    while at <= len(header) and (match := pattern.search(header, at)):
        found.append(match)
        # A sign that ends one label may begin the next.
        at = max(match.end(1), match.start() + 1)
    if len(found) > 1:
        texts = ", ".join(repr(match.group(1)) for match in found[:3])
        raise EvenfoldError(
            f"{where}: label_pattern '{settings.label_pattern}' finds several labels "
            f"({texts}). Write a pattern that matches once, for example with $ at its end."
        )
    if not found:
        raise _refusal(None, settings, where)
    label = label_of(found[0].group(1) or "", settings, where)
    cut = header[: found[0].start()] + header[found[0].end() :]
    return label, cut


def read_labels(path: str | PathLike, settings: Reading) -> dict[str, int | None]:
    """Labels by id from a table of their own; None where the cell is empty.

    Parameters
    ----------
    path : path-like
    settings : Reading
        Says its columns and what the labels are called.

    Returns
    -------
    dict of str to int or None

    Raises
    ------
    EvenfoldError
        A label that is neither of the two, or two labels for one id.
    """
    found: dict[str, int | None] = {}
    columns = [settings.id_column, settings.label_column]
    for origin, (identifier, text) in table_rows(path, columns):
        label = label_of(text, settings, origin)
        if found.setdefault(identifier, label) != label:
            raise EvenfoldError(f"{origin}: a second, other label for {identifier!r}")
    return found
