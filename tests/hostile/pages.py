"""The table of outcomes in docs/."""

from collections import Counter

BEGIN = "<!-- outcomes: python -m tests.hostile -->\n"
END = "<!-- end of outcomes -->\n"
Row = tuple[str, str, str, str]


def _counts(page: str) -> dict[str, list[int]]:
    """Outcomes by family, as a page has them: done, told, faults."""
    found = {}
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 5 and cells[1].isdigit() and cells[0] != "all":
            found[cells[0]] = list(map(int, cells[2:]))
    return found


def with_summary(page: str, rows: list[Row], order: list[str]) -> str:
    """The page with the outcomes of these families as they are now.

    Those of the others stay.
    """
    before, _, rest = page.partition(BEGIN)
    old, _, after = rest.partition(END)
    counts = _counts(old)
    by_family = Counter((family, kind) for family, _, kind, _ in rows)
    for family in dict.fromkeys(family for family, *_ in rows):
        counts[family] = [by_family[family, kind] for kind in ("done", "told", "fault")]
    lines = [
        "| family | cases | done | told in a sentence | faults |",
        "|---|---|---|---|---|",
    ]
    known = {family: counts[family] for family in order if family in counts}
    known["all"] = [sum(column) for column in zip(*known.values())]
    for family, own in known.items():
        lines.append("| " + " | ".join(map(str, [family, sum(own), *own])) + " |")
    return f"{before}{BEGIN}\n" + "\n".join(lines) + f"\n\n{END}{after}"


def with_rows(table: str, rows: list[Row], order: list[str]) -> str:
    """The table of all cases with these as they are now.

    Single settings are left out, of which there are too many to read.
    """
    new: dict[str, list[str]] = {}
    for family, name, kind, text in rows:
        if "settings" not in family:
            cells = [family, name, kind, text[:300]]
            line = "\t".join(" ".join(_visible(cell).split()) for cell in cells)
            new.setdefault(family, []).append(line)
    old: dict[str, list[str]] = {}
    for line in table.splitlines()[1:]:
        old.setdefault(line.split("\t")[0], []).append(line)
    lines = [line for family in order for line in (old | new).get(family, [])]
    return "\n".join(["family\tcase\toutcome\twhat was said", *lines]) + "\n"


def _visible(text: str) -> str:
    """Control letters and half ones written out: a table is text."""
    return "".join(
        c if c.isprintable() or c.isspace() else ascii(c)[1:-1] for c in text
    )
