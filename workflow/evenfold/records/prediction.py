"""Records of scoring new sequences: the parts of a run, and what a bundle holds."""

from typing import ClassVar

from evenfold.records.record import Record

#: What scoring imports: nothing of Snakemake, MLflow, scikit-learn or matplotlib.
REQUIREMENTS = (
    "biopython", "numpy", "pandas", "pyarrow", "pydantic", "pyopal", "safetensors", "scipy", "torch",
)  # fmt: skip
#: Beside the files of a model of MLflow: the packages that it was logged with.
PACKAGES = "packages.txt"


class ScoredPart(Record):
    """A part of a file that was scored; written last, so that the part is whole."""

    remedy: ClassVar[str] = "Delete the folder that it is in and score again."

    shard: int
    """file of the table that it is of, from 0; of a shard of a FASTA its first byte"""
    scored: int
    """rows that were scored"""
    rejected: int
    """rows that were rejected"""
    proteins: int
    """proteins that windows were cut from"""
    records: int
    """records read: sequences, or proteins"""
    positive: int
    """rows that are called positive"""
    unsure: int
    """rows that are called unsure"""
    outside: int
    """rows that are outside of what the champion was trained on"""
    unjudged: int
    """rows of which that is not known in whole: without bands, or without the nearest"""
    beyond_bounds: int
    """rows whose probability is outside of its Venn-Abers bounds"""
    by_content: int
    """records without an id, which are named after their content"""
    unmatched: int
    """headers in which `source_pattern` of the data set finds no name"""
    sealed: list[str]
    """sketches of its sequences that are of the sealed test set"""


class NotLookedAt(Record):
    """Of an MLflow model whose test result is of other models."""

    remedy: ClassVar[str] = "Upload the run again (`snakemake --forcerun track`)."

    told: str
    """what every prediction warns of"""


class Bundle(Record):
    """manifest.json of a bundle: what is in it, and what made it."""

    remedy: ClassVar[str] = "Export it again (`evenfold export`)."

    format: int
    """version of the form of bundles"""
    evenfold: str
    """version of evenfold"""
    dataset: str
    """name of the data set"""
    selection: str
    """id of the frozen selection"""
    champion: str
    """variant that is deployed"""
    sequences: bool
    """whether the training sequences are in it"""
    not_looked_at: str | None
    """what is told where the test result is not of these models; or null"""
    code: list[str]
    """import paths of the user's own code that it needs"""
    files: dict[str, str]
    """SHA-256 of each other file, by its name, hexadecimal"""
