"""Every hostile case, one after the other: `python -m tests.hostile`.

Writes docs/hostile.md and docs/hostile.tsv; the exit status is 1 if there was a fault.
With the start of a family's name only those cases, and what the pages say of the others
stays.
"""

import sys
import tempfile
from pathlib import Path

from tests.hostile.cases import cases
from tests.hostile.pages import with_rows, with_summary
from tests.hostile.running import outcome_of

DOCS = Path(__file__).resolve().parents[2] / "docs"


def run(wanted: str) -> int:
    """Run the cases of the families that begin with a word."""
    rows, everything = [], cases()
    for case in everything:
        if not case.family.startswith(wanted):
            continue
        with tempfile.TemporaryDirectory() as folder:
            outcome = outcome_of(case, Path(folder))
            text = outcome.text.replace(folder, "")
        rows.append((case.family, case.name, outcome.kind, text))
        if outcome.kind == "fault":
            print(f"{case.family}: {case.name}: {text}", flush=True)
    faults = sum(kind == "fault" for _, _, kind, _ in rows)
    print(f"{len(rows)} cases, {faults} faults")
    order = list(dict.fromkeys(case.family for case in everything))
    page, table = DOCS / "hostile.md", DOCS / "hostile.tsv"
    old = table.read_text(encoding="utf-8") if table.is_file() else ""
    table.write_text(with_rows(old, rows, order), encoding="utf-8")
    text = page.read_text(encoding="utf-8")
    page.write_text(with_summary(text, rows, order), encoding="utf-8")
    return int(faults > 0)


sys.exit(run(" ".join(sys.argv[1:])))
