"""What a rule's results depend on: a digest of all that its script imports.

Snakemake sees a changed script, but not a changed module. Rules pass the digest of
their script's imports as a parameter, so that a changed module reruns the rules that
use it, and those alone. What counts:

- every module of the package that the script reaches by imports, also by those inside
  functions and branches, with the `__init__` of each package above it, which Python
  runs too. Not the script itself, imports for a type checker alone (`if
  TYPE_CHECKING`), or other packages: their versions are the environment's;
- the syntax of a module: comments, docstrings and layout do not count;
- a file that is not Python (a template, a style sheet) byte by byte, wherever a module
  of the package in whose folder it lies counts;
- a user's own modules named by import path, with those that lie beside them.
"""

import ast
import contextlib
import importlib.util
import os
import warnings
from collections.abc import Iterable, Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from evenfold.errors import EvenfoldError
from evenfold.files import read_json, sha256_file, sha256_rows, write_json

PACKAGE = Path(__file__).parent

#: Follow from what is around them, or from how the source is written.
_SKIPPED = {"ctx", "kind", "type_comment", "type_ignores"}


class Import(NamedTuple):
    """One import statement: `from <level dots><module> import <names>`."""

    level: int
    module: str
    names: tuple[str, ...]

    def loaded(self, package: str) -> list[str]:
        """Dotted names it may load when a module of a package holds it."""
        above = package.split(".")[: package.count(".") + 2 - self.level]
        start = ".".join([*above, self.module] if self.module else above)
        start = start if self.level else self.module
        return [start, *(f"{start}.{name}" for name in self.names)]


class Source(NamedTuple):
    """What a Python file contributes.

    Attributes
    ----------
    content : str
        SHA-256 of its bytes.
    digest : str
        Digest of its syntax; `content` where it is not Python (of this version): the
        job will say what is wrong with it.
    imports : tuple of Import
    """

    content: str
    digest: str
    imports: tuple[Import, ...]


class Sources:
    """The modules of the package and of a user, by dotted name, and their digests.

    Parameters
    ----------
    memory : path-like, optional
        File that keeps what was parsed, by content: a workflow is read anew by each of
        its jobs, and parsing takes longer than all the rest here. It may be missing,
        damaged or not writable.
    folder : path-like
        Where the run is started, and a user's own modules lie.
    package : path-like
        Folder of the package.
    """

    def __init__(
        self,
        memory: str | os.PathLike | None = None,
        folder: str | os.PathLike = ".",
        package: str | os.PathLike = PACKAGE,
    ) -> None:
        self.package = Path(package)
        self.folder = Path(folder).absolute()
        self._known = _recalled(memory)
        self._sources: dict[Path, Source] = {}
        self._modules = _modules(self.package)
        self._beside = _beside(self.package, self._modules.values())
        if memory is not None:
            self._remember(memory)

    def script_digest(
        self, script: str | os.PathLike, named: Iterable[str] = ()
    ) -> str:
        """Digest of all that a script imports, and of a user's modules beside it.

        Parameters
        ----------
        script : path-like
            Its own text is not part of the digest.
        named : iterable of str
            Import paths, `module:Name`, of a user's own code. Names without a colon are
            the package's own and are passed over. Nothing is imported. Modules in the
            user's folder are followed to others there; of an installed module its own
            file counts. A missing one, which the job will tell of, counts as such.
        """
        return self._digest(self._imported("", Path(script)), named)

    def module_digest(self, module: str, named: Iterable[str] = ()) -> str:
        """Digest of a module of the package and of all that it imports.

        Parameters
        ----------
        module : str
            Such as `evenfold.models.running`.
        named : iterable of str
            As for `script_digest`.
        """
        return self._digest([module], named)

    def own_digest(self, path: str) -> str:
        """Digest of a thing of the user's own by its code alone, whatever the package.

        Parameters
        ----------
        path : str
            Import path, `module:Name`.
        """
        module = path.partition(":")[0]
        found = self.closure([module]) or _installed(module)
        rows = [
            f"{name}:{self._source(file).digest}"
            for name, file in found.items()
            if name not in self._modules
        ]
        return sha256_rows(sorted(rows))[:16]

    def closure(self, modules: Iterable[str]) -> dict[str, Path]:
        """Files of modules and of all that they import, by dotted name.

        Names of which nothing is known here are passed over.
        """
        found: dict[str, Path] = {}
        met = {""}
        waiting = list(modules)
        while waiting:
            module = waiting.pop()
            if module in met:
                continue
            met.add(module)
            # Python runs the packages above a module first.
            waiting.append(module.rpartition(".")[0])
            path = self._find(module)
            if path is not None:
                found[module] = path
                waiting += self._imported(module, path)
        return found

    def script_closure(self, script: str | os.PathLike) -> dict[str, Path]:
        """Files of all modules of the package that a script imports."""
        return self.closure(self._imported("", Path(script)))

    def _digest(self, modules: Iterable[str], named: Iterable[str]) -> str:
        start = list(modules)
        rows = []
        installed: dict[str, Path] = {}
        for module in {name.partition(":")[0] for name in named if ":" in name}:
            own = {} if self._find(module) else _installed(module)
            installed |= own
            start.append(module)
            for name, path in own.items():
                start += self._imported(name, path)
            if not own and not self._find(module):
                rows.append(f"{module}:missing")
        found = self.closure(start) | installed
        rows += [f"{name}:{self._source(path).digest}" for name, path in found.items()]
        for folder in {path.parent for path in found.values()}:
            for path in self._beside.get(folder, []):
                rows.append(f"{path.relative_to(self.package)}:{sha256_file(path)}")
        return sha256_rows(sorted(rows))[:16]

    def _find(self, module: str) -> Path | None:
        """File of a module of the package or in the user's folder, or None."""
        if module.partition(".")[0] == self.package.name:
            return self._modules.get(module)
        return _module_file(self.folder, module)

    def _imported(self, module: str, path: Path) -> list[str]:
        """Dotted names that a file's imports may load, relative ones resolved.

        A user's modules are found by a user's modules alone.
        """
        package = module if path.stem == "__init__" else module.rpartition(".")[0]
        found = [
            name
            for statement in self._source(path).imports
            for name in statement.loaded(package)
        ]
        if module in self._modules or not module:
            return [name for name in found if name in self._modules]
        return found

    def _source(self, path: Path) -> Source:
        if path not in self._sources:
            content = path.read_bytes()
            known = self._known.get(sha256(content).hexdigest())
            self._sources[path] = known or parsed(content)
        return self._sources[path]

    def _remember(self, memory: str | os.PathLike) -> None:
        """Keep what the package's modules are, if it is news and the folder allows."""
        used = [self._source(path) for path in self._modules.values()]
        # What this version of Python cannot parse, another may.
        files = [source for source in used if source.digest != source.content]
        if any(source.content not in self._known for source in files):
            with contextlib.suppress(OSError):
                write_json(memory, {"by": sha256_file(__file__), "files": files})


@cache
def parsed(content: bytes) -> Source:
    """Digest of the syntax of a Python file, and its imports.

    Comments, docstrings and layout leave the digest as it is, and so does the version
    of Python that parses the file.

    Examples
    --------
    >>> parsed(b"x = 1  # one").digest == parsed(b"'A text.'; x = (1)").digest
    True
    >>> parsed(b"x = 1").digest == parsed(b"x = True").digest
    False
    """
    own = sha256(content).hexdigest()
    words: list[str] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(content)
        _write(tree, words)
    except (SyntaxError, ValueError, RecursionError):
        return Source(own, own, ())
    text = "\0".join(words)
    return Source(own, sha256(text.encode()).hexdigest(), tuple(_imports(tree.body)))


def _write(node: ast.AST, words: list[str]) -> None:
    """Append a tree in words; what versions of Python write differently is left out.

    An empty field is no field, since newer versions add fields; text is written in
    ASCII, since newer versions know more printable letters.
    """
    words.append(type(node).__name__)
    for name in node._fields:
        value = getattr(node, name, None)
        if isinstance(value, list):
            value = _kept(node, value)
        if name in _SKIPPED or value is None or value == []:
            continue
        words.append(f"{name}=")
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, ast.AST):
                _write(item, words)
            else:
                words.append(ascii(item))
    words.append(")")


def _kept(node: ast.AST, items: list) -> list:
    """Items without docstrings; the text of an f-string in one piece each."""
    if not isinstance(node, ast.JoinedStr):
        return [item for item in items if not _is_text(item)]
    found: list = []
    for item in items:
        if not isinstance(item, ast.Constant):
            found.append(item)
        elif found and isinstance(found[-1], str):
            found[-1] += str(item.value)
        elif item.value:
            found.append(str(item.value))
    return found


def _is_text(item: object) -> bool:
    """Whether a statement is a text alone, which does nothing."""
    return (
        isinstance(item, ast.Expr)
        and isinstance(item.value, ast.Constant)
        and isinstance(item.value.value, str)
    )


def _imports(body: Iterable[ast.AST]) -> Iterator[Import]:
    """Import statements at any depth, without those for a type checker alone."""
    for node in body:
        if isinstance(node, ast.Import):
            yield from (Import(0, alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names = tuple(alias.name for alias in node.names)
            yield Import(node.level, node.module or "", names)
        elif isinstance(node, ast.If) and _for_type_checkers(node.test):
            yield from _imports(node.orelse)
        else:
            for part in ("body", "handlers", "cases", "orelse", "finalbody"):
                yield from _imports(getattr(node, part, ()))


def _for_type_checkers(test: ast.expr) -> bool:
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")
    return name == "TYPE_CHECKING"


def _modules(package: Path) -> dict[str, Path]:
    """Files of a package's modules, by dotted name."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        found[".".join(parts).removesuffix(".__init__")] = path
    return found


def _beside(package: Path, modules: Iterable[Path]) -> dict[Path, list[Path]]:
    """Files that are not Python, by the folder of the package that holds them."""
    folders = {path.parent for path in modules}
    found: dict[Path, list[Path]] = {}
    for path in sorted(package.rglob("*")):
        inside = path.relative_to(package).parts
        hidden = any(part.startswith((".", "__pycache__")) for part in inside)
        if not hidden and path.suffix != ".py" and path.is_file():
            owner = next(folder for folder in path.parents if folder in folders)
            found.setdefault(owner, []).append(path)
    return found


def _module_file(folder: Path, module: str) -> Path | None:
    """File of a module below a folder, or None."""
    place = folder.joinpath(*module.split("."))
    for path in (place / "__init__.py", place.with_name(f"{place.name}.py")):
        if path.is_file():
            return path
    return None


def _installed(module: str) -> dict[str, Path]:
    """Files of an installed module and of the packages above it, without importing it.

    Empty when there is none.
    """
    top, _, rest = module.partition(".")
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return {}
    if spec is None:
        return {}
    found = {top: Path(spec.origin)} if spec.has_location and spec.origin else {}
    parts = rest.split(".") if rest else []
    for depth in range(1, len(parts) + 1):
        name = ".".join(parts[:depth])
        for folder in spec.submodule_search_locations or []:
            path = _module_file(Path(folder), name)
            if path is not None:
                found[f"{top}.{name}"] = path
    return found if module in found else {}


def _recalled(memory: str | os.PathLike | None) -> dict[str, Source]:
    """What this very code parsed before, by the SHA-256 of the files' bytes."""
    if memory is None:
        return {}
    try:
        found = read_json(memory)
        if found["by"] != sha256_file(__file__):
            return {}
        return {
            content: Source(
                content, digest, tuple(Import(a, b, tuple(c)) for a, b, c in imports)
            )
            for content, digest, imports in found["files"]
        }
    except (OSError, EvenfoldError, ValueError, KeyError, TypeError, AttributeError):
        return {}
