"""Records of the sequences: what cleaning, grouping, splitting and auditing found."""

from typing import Any, Literal

from pydantic import Field

from evenfold.records.record import Part, Record

Severity = Literal["ok", "info", "warning", "serious"]


class RoleCounts(Part):
    """What happened to the records of one role."""

    read: int = 0
    kept: int = 0
    normalised: int = Field(0, alias="letters normalised")
    duplicates: int = Field(0, alias="duplicate rows")
    unfit: int = Field(0, alias="rejected by letters or length")
    impossible_sites: int = Field(0, alias="rejected as impossible sites")
    conflicting: int = Field(0, alias="rejected as conflicting")
    dropped_duplicates: int = Field(0, alias="rejected as duplicate")
    not_drawn: int = Field(0, alias="negatives not drawn")


class Counts(Record):
    """clean/counts.json: what cleaning read, kept and rejected, by role."""

    train: RoleCounts
    test: RoleCounts | None = None
    absent = ("test",)

    @property
    def by_role(self) -> dict[str, RoleCounts]:
        """Counts of the roles there are."""
        roles = {"train": self.train, "test": self.test}
        return {role: counts for role, counts in roles.items() if counts}


class GroupingFacts(Record):
    """groups.json: how many groups there are, and how they were found."""

    sequences: int
    distinct: int
    groups: int
    largest_group: int
    sources: int
    settings: dict[str, Any]
    aligned_by: dict[str, int]
    exhaustive: bool
    similar_pairs: dict[str, int]


class SplitFacts(Record):
    """split.json: sizes of roles and folds, and what was related across them."""

    policy: Literal["drop", "keep", "report"]
    held_out: bool
    folds: int
    related: dict[str, int]
    related_sequences: int = 0
    n_train: int
    n_test: int
    n_train_positive: int
    fold_sizes: list[int]
    fold_positives: list[int]
    rejected: int
    longest: int


class Finding(Part):
    """One finding of the audit, about a leak, a shortcut or a shift."""

    severity: Severity
    about: Literal["leak", "shortcut", "shift"]
    title: str
    detail: str
    n: int
    examples: list[list[str]]


class Quantiles(Part):
    """Of identity times coverage of the best alignments."""

    median: float
    high: float = Field(alias="95 %")
    maximum: float


class Histogram(Part):
    """Counts between edges; one edge more than counts."""

    counts: list[int]
    edges: list[float]


class Closeness(Part):
    """How close the nearest partner of every sequence searched is."""

    aligner: str
    searched: int
    of: int
    close: int
    close_by_chance: float
    quantiles: Quantiles
    histogram: Histogram


class Probe(Part):
    """How well something trivial predicts the class; `seen`: by the models too."""

    name: str
    what: str
    seen: bool
    n: int
    sn: float
    sp: float
    mcc: float
    auroc: float | None


class Shift(Part):
    """How well length and composition tell test sequences from training ones."""

    auroc: float | None
    median_length: tuple[float, float] | None = None
    absent = ("median_length",)


class AuditFacts(Record):
    """audit.json: leaks, shortcuts and shifts of the finished split."""

    findings: list[Finding]
    test_to_train: Closeness | None = None
    fold_to_fold: Closeness
    probes: list[Probe] | None = None
    shift: Shift | None = None
    absent = ("test_to_train", "probes", "shift")


class FeatureFacts(Record):
    """features/<features>.json: columns of the matrix, and what makes them again."""

    names: list[str]
    length: int
    vectors: dict[str, Any] | None
    columns: list[str]
    lengths: list[int] | None = None
    absent = ("lengths",)
