"""The examples in docstrings: what they show is what happens."""

import doctest
import importlib

import pytest

from tests.house import PACKAGE


def shows(path) -> bool:
    """Whether a module has an example that can be run."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return any(">>> " in line and "+SKIP" not in line for line in lines)


def module(path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


MODULES = sorted(module(path) for path in PACKAGE.rglob("*.py") if shows(path))


@pytest.mark.parametrize("name", MODULES)
def test_examples_show_what_happens(name):
    options = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    outcome = doctest.testmod(importlib.import_module(name), optionflags=options)
    assert outcome.attempted and not outcome.failed
