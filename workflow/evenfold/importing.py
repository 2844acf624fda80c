"""A user's own networks, losses, features and criteria, named `module:Name`.

Their modules are installed, or lie as .py files in the folder where the run is started.
"""

import ast
import importlib
import importlib.util
import os
import re
import sys
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

from evenfold.errors import EvenfoldError


def is_import_path(name: str) -> bool:
    """Whether a name of the configuration is an import path, `module:Name`.

    Examples
    --------
    >>> is_import_path("my_losses:Hinge"), is_import_path("bce")
    (True, False)
    """
    return ":" in name


def import_paths(names: Iterable[str]) -> list[str]:
    """Those of some names that are import paths, each once, in order.

    Examples
    --------
    >>> import_paths(["aac", "my_features:Lengths", "aac"])
    ['my_features:Lengths']
    """
    return list(dict.fromkeys(name for name in names if is_import_path(name)))


def check_trusted(paths: Iterable[str], where: str | Path, trusted: bool) -> None:
    """Refuse to import what results name, unless they are trusted.

    A configuration is the user's own; weights may be anybody's, and importing a module
    that they name runs it.

    Parameters
    ----------
    paths : iterable of str
        Import paths.
    where : path-like
        The file that names them.
    trusted : bool

    Raises
    ------
    EvenfoldError
        When there are some, and the caller does not trust them.
    """
    named = import_paths(paths)
    if trusted or not named:
        return
    modules = " and ".join(dict.fromkeys(path.partition(":")[0] for path in named))
    raise EvenfoldError(
        f"{where} names code of its own, {', '.join(named)}: to score with it runs "
        f"{modules}, from what is installed or from this folder ({os.getcwd()}). If you "
        "trust these results and that code, add --trust-modules; in Python it is "
        "trust_modules=True."
    )


def imported(path: str, what: str) -> Any:
    """What an import path names.

    Parameters
    ----------
    path : str
        `module:Name`.
    what : str
        What it is meant to be, for errors: `network`, `loss` and so on.

    Returns
    -------
    object

    Raises
    ------
    EvenfoldError
        When there is no such module, or no such name in it.
    """
    module, _, name = path.partition(":")
    if not name:
        # Nothing is imported for what is no import path: `check_trusted` has not seen it.
        raise _not_found(path, what, "no name behind a colon")
    _see_the_folder_of_the_run()
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise _not_found(path, what, str(error)) from error


def module_file(path: str, what: str) -> Path:
    """File of the module that an import path names, found without importing it.

    Parameters
    ----------
    path, what : str
        As for `imported`.

    Returns
    -------
    Path

    Raises
    ------
    EvenfoldError
        When there is no such module.
    """
    module = path.partition(":")[0]
    top, *rest = module.split(".")
    _see_the_folder_of_the_run()
    importlib.invalidate_caches()
    try:
        spec = importlib.util.find_spec(top)
    except ValueError:
        spec = None
    candidates = [spec.origin] if spec else []
    if rest:
        folders = (spec and spec.submodule_search_locations) or []
        inside = Path(*rest)
        candidates = [
            os.path.join(folder, file)
            for folder in folders
            for file in (inside.with_suffix(".py"), inside / "__init__.py")
        ]
    for candidate in candidates:
        if candidate and Path(candidate).is_file():
            return Path(candidate)
    raise _not_found(path, what, f"No module named {module!r}")


def described(path: str) -> str:
    """First line of the docstring of what an import path names, or the path itself.

    Read from the file: a report must not run a user's code.
    """
    name = path.partition(":")[2]
    try:
        tree = ast.parse(module_file(path, "module").read_text(encoding="utf-8"))
    except (EvenfoldError, SyntaxError, UnicodeDecodeError):
        return path
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
            lines = (ast.get_docstring(node) or "").splitlines()
            return lines[0].rstrip(".") if lines else path
    return path


def file_name_of(path: str) -> str:
    """An import path as a part of a file name: letters, digits, a short digest.

    Examples
    --------
    >>> file_name_of("my_features:Lengths")
    'myfeatureslengths76b13fb0'
    """
    letters = re.sub("[^a-z0-9]", "", path.lower())[:40]
    return letters + sha256(path.encode()).hexdigest()[:8]


def _see_the_folder_of_the_run():
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())


def _not_found(path, what, why):
    return EvenfoldError(
        f"the {what} {path} cannot be imported ({why}). It is written "
        "module:Class; the module must be installed, or lie as a .py file in the "
        f"folder where the run is started ({os.getcwd()})."
    )
