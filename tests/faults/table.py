"""The table of docs/reliability.md, from the layout: `python -m tests.faults.table`."""

from evenfold.records.layout import FILES
from tests.conftest import ROOT

PAGE = ROOT / "docs" / "reliability.md"
HEAD = "| rule | what it writes |\n|---|---|\n"


def table() -> str:
    """One row a rule, in the order of the layout."""
    written = {"fetch": ["resources/data/{dataset}/{file}"]}
    for file in FILES.values():
        written.setdefault(file.written, []).append(file.pattern)
    return HEAD + "".join(
        f"| `{rule}` | {', '.join(f'`{path}`' for path in paths)} |\n"
        for rule, paths in written.items()
    )


def with_table(page: str) -> str:
    """The page with the table as it is now; it ends with it."""
    return page.partition(HEAD)[0] + table()


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
