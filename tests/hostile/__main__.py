"""Every hostile case, one after the other: `python -m tests.hostile`.

Writes docs/hostile.md and docs/hostile.tsv; the exit status is 1 if there was a fault.
With the start of a family's name, only those cases, and nothing is written.
"""

import sys
import tempfile
from pathlib import Path

from tests.hostile.cases import cases
from tests.hostile.pages import table, with_summary
from tests.hostile.running import outcome_of

DOCS = Path(__file__).resolve().parents[2] / "docs"


def run(wanted: str) -> int:
    """Run the cases of the families that begin with a word."""
    rows = []
    for case in cases():
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
    if not wanted:
        page = DOCS / "hostile.md"
        page.write_text(with_summary(page.read_text(), rows), encoding="utf-8")
        (DOCS / "hostile.tsv").write_text(table(rows), encoding="utf-8")
    return int(faults > 0)


sys.exit(run(" ".join(sys.argv[1:])))
