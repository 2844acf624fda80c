"""The table of outcomes in docs/."""

from collections import Counter

BEGIN = "<!-- outcomes: python -m tests.hostile -->\n"
END = "<!-- end of outcomes -->\n"
Row = tuple[str, str, str, str]


def summary(rows: list[Row]) -> str:
    """Outcomes by family, as Markdown."""
    lines = [
        "| family | cases | done | told in a sentence | faults |",
        "|---|---|---|---|---|",
    ]
    by_family = Counter((family, kind) for family, _, kind, _ in rows)
    for family in dict.fromkeys(family for family, *_ in rows):
        counts = [by_family[family, kind] for kind in ("done", "told", "fault")]
        lines.append("| " + " | ".join(map(str, [family, sum(counts), *counts])) + " |")
    total = Counter(kind for _, _, kind, _ in rows)
    counts = [len(rows), total["done"], total["told"], total["fault"]]
    lines.append("| all | " + " | ".join(map(str, counts)) + " |")
    return "\n".join(lines) + "\n"


def with_summary(page: str, rows: list[Row]) -> str:
    """The page with the outcomes as they are now."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{summary(rows)}\n{END}{after}"


def table(rows: list[Row]) -> str:
    """One line a case, but for settings, of which there are too many to read."""
    lines = ["family\tcase\toutcome\twhat was said"]
    for family, name, kind, text in rows:
        if "settings" not in family:
            cells = [family, name, kind, text[:300]]
            lines.append("\t".join(" ".join(_visible(cell).split()) for cell in cells))
    return "\n".join(lines) + "\n"


def _visible(text: str) -> str:
    """Control letters and half ones written out: a table is text."""
    return "".join(
        c if c.isprintable() or c.isspace() else ascii(c)[1:-1] for c in text
    )
