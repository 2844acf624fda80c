"""YAML files read: every key once, in UTF-8, and faults in words."""

import re
from pathlib import Path
from typing import Any

import yaml

from evenfold.config.checking import check_values
from evenfold.errors import EvenfoldError, from_latin1

#: Blanks that YAML takes for letters, or nowhere for blanks.
_NO_BLANK = re.compile(r"[\t\u00a0\u2002-\u200b\u202f\u3000]")


class _KeyTwiceError(yaml.MarkedYAMLError):
    """A key stands twice; YAML would take the last one and say nothing."""


class _Loader(yaml.SafeLoader):
    def construct_mapping(self, node: Any, deep: bool = False) -> dict:
        seen: set[str] = set()
        keys = [key for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for key in keys:
            if key.value in seen:
                problem = f"the key {key.value!r} stands twice; remove one"
                raise _KeyTwiceError(None, None, problem, key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def check_keys_once(path: str | Path) -> None:
    """Refuse a YAML file that has a key twice; says nothing of other faults.

    Parameters
    ----------
    path : path-like

    Raises
    ------
    EvenfoldError
    """
    try:
        yaml.load(Path(path).read_text(encoding="utf-8-sig"), Loader=_Loader)
    except _KeyTwiceError as error:
        raise _not_yaml(path, error) from error
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        # Whoever reads it for its keys says so.
        return


def _not_yaml(path, error, text=""):
    return EvenfoldError(f"{path} is not valid YAML: {error}{_unseen(text)}")


def _unseen(text):
    """What cannot be seen in a text and is no blank of YAML, with its line."""
    for number, line in enumerate(text.split("\n"), 1):
        if found := _NO_BLANK.search(line.partition(" #")[0]):
            what = "a tab" if found[0] == "\t" else f"the blank {found[0]!r}"
            return f"\n{what} in line {number}: write spaces in its place"
    return ""


def read_yaml(path: str | Path) -> dict:
    """Keys and values of a YAML file.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    dict

    Raises
    ------
    EvenfoldError
        When it cannot be read, is not UTF-8 or not YAML, has a key twice, or is no
        mapping.
    """
    path, text = Path(path), ""
    try:
        text = path.read_text(encoding="utf-8-sig")
        raw = yaml.load(text, Loader=_Loader) or {}
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise EvenfoldError(
            f"{path}: not in UTF-8 (line {line}). Save it as UTF-8: `{from_latin1(path)}`."
        ) from error
    except RecursionError as error:
        raise EvenfoldError(
            f"{path}: nested too deep for a configuration. A bracket that is not closed?"
        ) from error
    except OSError as error:
        raise EvenfoldError(f"{path}: cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise _not_yaml(path, error, text) from error
    check_values(raw, str(path))
    if not isinstance(raw, dict):
        raise EvenfoldError(f"{path}: expected keys and values, found {raw!r:.60}")
    return raw
