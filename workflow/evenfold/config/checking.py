"""Faults of a configuration in words: unknown keys, their nearest valid ones, values."""

import difflib
import types
import typing
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from evenfold.config.losses import LOSSES, OWN
from evenfold.config.section import (
    LARGEST,
    NAME,
    VARIANT_NAME,
    Section,
    in_words,
    no_larger,
)
from evenfold.config.sites import RESIDUES
from evenfold.config.sources import SHA256
from evenfold.errors import EvenfoldError

S = typing.TypeVar("S", bound=Section)
_DEEPEST = 50
_MOST_VALUES = 100_000
#: What pydantic says in Python's words, or as a regular expression.
_OF_TYPES = {
    **dict.fromkeys(("dict_type", "model_type"), "expected keys and values"),
    "list_type": "expected a list",
    "string_type": "expected a text; what looks like a number, or yes and no, in quotes",
}
#: Sections of a data set that name files, and what is expected in them.
_ROLES = (("train",), ("test",))
_OF_FILES = (
    "expected files by what is in them: {positive: pos.fasta, negative: neg.fasta}",
    "expected the path of a file, in quotes where it looks like a number or yes and no",
)
_OF_PATTERNS = {
    NAME: "a name is of the letters a to z, digits, - and _, a letter or digit first",
    VARIANT_NAME: "a name is of the letters a to z, digits, - and _, a letter or digit "
    "first; a point stands between digits alone",
    RESIDUES: "expected one-letter codes of residues in capitals, as in K or STY",
    SHA256: "expected the 64 digits, 0 to 9 and a to f, that `sha256sum FILE` prints",
}
#: What pydantic puts into the place of a fault besides the keys that a user wrote.
_TAGS = {*LOSSES, OWN}


def validated(model: type[S], raw: object, where: str) -> S:
    """A section of raw keys and values.

    Parameters
    ----------
    model : type of Section
    raw : dict
    where : str
        File or place, for the error.

    Raises
    ------
    EvenfoldError
        With one line per fault, each naming the key.
    """
    if not isinstance(raw, dict):
        raise EvenfoldError(f"{where}: expected keys and values, found {raw!r:.60}")
    check_values(raw, where)
    check_keys(model, raw, where)
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        lines = [f"{where} does not fit:"]
        for fault in error.errors():
            key = ".".join(str(part) for part in fault["loc"] if part not in _TAGS)
            message = _in_words(fault)
            if fault["type"] != "missing" and not isinstance(fault["input"], dict):
                message += f" (found {fault['input']!r:.80})"
            lines.append(f"  {key or 'as a whole'}: {message}")
        raise EvenfoldError("\n".join(lines)) from None


def _in_words(fault: Any) -> str:
    """What a fault is; pydantic's own words where they are plain."""
    if fault["type"] == "string_pattern_mismatch":
        pattern = fault["ctx"]["pattern"]
        return _OF_PATTERNS.get(pattern, fault["msg"])
    if fault["input"] is None and fault["type"] in _OF_TYPES:
        return f"{_OF_TYPES[fault['type']]}; leave the key out where there is nothing"
    if fault["type"] == "string_type" and isinstance(fault["input"], list | dict):
        return "expected one text"
    if fault["type"] == "model_type" and fault["loc"][:1] in _ROLES:
        return _OF_FILES[len(fault["loc"]) > 1]
    words = _OF_TYPES.get(fault["type"], fault["msg"])
    return words.removeprefix("Value error, ")


def check_keys(model: type[Section], raw: object, where: str) -> None:
    """Refuse unknown keys, at every level of a section.

    Raises
    ------
    EvenfoldError
        With the key and the nearest valid one.
    """
    if not isinstance(raw, dict):
        return
    for key, value in raw.items():
        if key not in model.model_fields:
            known = list(model.model_fields)
            raise EvenfoldError(
                f"{where}: unknown key {key!r}.{nearest(key, known)} "
                f"Valid keys: {', '.join(known)}."
            )
        inner = _section_of(model.model_fields[key].annotation)
        if inner is not None:
            for item in value if isinstance(value, list) else [value]:
                check_keys(inner, item, f"{where}: {key}")


def check_values(raw: object, where: str) -> None:
    """Refuse what no setting can be: infinite or huge numbers, endless nesting.

    Parameters
    ----------
    raw : object
        Keys and values, as YAML gave them.
    where : str
        File or place, for the error.

    Raises
    ------
    EvenfoldError
    """
    waiting = [(raw, where, 0)]
    for _ in range(_MOST_VALUES):
        if not waiting:
            return
        value, place, depth = waiting.pop()
        if depth > _DEEPEST:
            break
        if isinstance(value, dict):
            waiting += [
                (v, f"{place}: {key!s:.60}", depth + 1) for key, v in value.items()
            ]
        elif isinstance(value, list):
            waiting += [(v, place, depth + 1) for v in value]
        elif isinstance(value, int | float) and not abs(value) <= LARGEST:
            raise EvenfoldError(f"{place}: {in_words(value)} cannot be; {no_larger()}")
    raise EvenfoldError(
        f"{where}: more than {_DEEPEST} mappings and lists within each other, or more "
        f"than {_MOST_VALUES} values; no configuration needs that"
    )


def _section_of(annotation):
    """The one Section class inside an annotation, if there is exactly one."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    if typing.get_origin(annotation) in (list, types.UnionType, typing.Union):
        found = {_section_of(part) for part in typing.get_args(annotation)} - {None}
        return found.pop() if len(found) == 1 else None
    return None


def nearest(word: object, known: Iterable[str]) -> str:
    """A question after the valid word that may have been meant, or nothing.

    Examples
    --------
    >>> nearest("focl", ["bce", "focal"])
    " Did you mean 'focal'?"
    >>> nearest("nonsense", ["seed", "features"])
    ''
    """
    asked, by_letters = _letters(word), {_letters(one): one for one in known}
    # One letter of four may be another one; of three, which share two at most, one too.
    closeness = 0.75 if len(asked) > 3 else 0.66
    match = difflib.get_close_matches(asked, by_letters, n=1, cutoff=closeness)
    return f" Did you mean {by_letters[match[0]]!r}?" if match else ""


def _letters(word: object) -> str:
    """A word as one compares it: `Learning-Rate` is `learning_rate`."""
    return str(word).casefold().replace("-", "_").replace(" ", "_")
