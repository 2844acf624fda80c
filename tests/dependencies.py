"""The list of dependencies with their licences: `python -m tests.dependencies`.

Written from the metadata of what is installed; a test holds it to envs/constraints.txt.
"""

import re
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "dependencies.md"
_HEAD = """\
# Dependencies and their licences

<!-- Written by `python -m tests.dependencies` from the packages' own metadata. -->

What evenfold is tested with: every package of envs/constraints.txt, those of the tests and
extras too. Hashes of their files are in envs/requirements.lock. Licences are what a package
says of itself; evenfold's own is MIT. torch's CUDA build brings NVIDIA's libraries under
NVIDIA's own terms.

| package | version | licence |
|---|---|---|
"""


def canonical(name: str) -> str:
    """The name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def constraints() -> dict[str, str]:
    """Versions of envs/constraints.txt by package."""
    text = (ROOT / "envs/constraints.txt").read_text(encoding="utf-8")
    return dict(re.findall(r"^([\w.-]+)==(\S+)$", text, re.MULTILINE))


def licence(name: str) -> str:
    """What a package says of its licence, in a few words."""
    try:
        about = metadata(name)
    except PackageNotFoundError:
        return ""
    if expression := about.get("License-Expression"):
        return expression
    classifiers = [
        one.rsplit(" :: ", 1)[1]
        for one in about.get_all("Classifier") or []
        if one.startswith("License :: ") and one.count(" :: ") > 1
    ]
    first = (about.get("License") or "").strip().split("\n")[0]
    return "; ".join(classifiers) or first[:80] or "not stated in its metadata"


def page(known: dict[str, str]) -> str:
    """The page; `known` are licences of packages that are not installed here."""
    rows = []
    for name, version in sorted(
        constraints().items(), key=lambda item: item[0].lower()
    ):
        told = licence(name) or known.get(name, "not installed where this was written")
        rows.append(f"| {name} | {version} | {told.replace('|', '/')} |\n")
    return _HEAD + "".join(rows)


def listed(text: str) -> dict[str, tuple[str, str]]:
    """Version and licence by package, of the page."""
    rows = re.findall(r"^\| ([\w.-]+) \| (\d\S*) \| (.+) \|$", text, re.MULTILINE)
    return {name: (version, told) for name, version, told in rows}


if __name__ == "__main__":
    old = listed(PAGE.read_text(encoding="utf-8")) if PAGE.is_file() else {}
    PAGE.write_text(page({n: told for n, (_, told) in old.items()}), encoding="utf-8")
