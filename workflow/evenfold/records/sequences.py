"""Records of the sequences: what cleaning, grouping, splitting and auditing found."""

from typing import Any, Literal

from pydantic import Field

from evenfold.records.record import Interval, Part, Record

Severity = Literal["ok", "info", "warning", "serious"]


class RoleCounts(Part):
    """What happened to the records of one role."""

    read: int = 0
    """records read from the files, or windows cut from proteins"""
    kept: int = 0
    """sequences that cleaning kept"""
    normalised: int = Field(0, alias="letters normalised")
    """records with letters changed (case, final *, X, gaps)"""
    duplicates: int = Field(0, alias="duplicate rows")
    """repeats of a sequence under the same label"""
    unfit: int = Field(0, alias="rejected by letters or length")
    """records rejected by their letters or their length"""
    gapped: int = Field(0, alias="of them for the gap letter")
    """those rejected because of the gap letter -, under `gap: reject`"""
    unlabelled: int = Field(0, alias="rejected without a label")
    """rows whose cell of the label is empty"""
    impossible_sites: int = Field(0, alias="rejected as impossible sites")
    """sites beyond their protein, at another residue or of both labels"""
    conflicting: int = Field(0, alias="rejected as conflicting")
    """rows rejected because their sequence carries both labels"""
    dropped_duplicates: int = Field(0, alias="rejected as duplicate")
    """repeats that were rejected"""
    not_drawn: int = Field(0, alias="negatives not drawn")
    """negative windows left out by under-sampling"""
    renamed: int = Field(0, alias="repeated ids numbered")
    """sequences numbered because their id stands before another sequence too"""


class Counts(Record):
    """clean/counts.json: what cleaning read, kept and rejected, by role."""

    train: RoleCounts
    """of the training files"""
    test: RoleCounts | None = None
    """of the files of the test set, where there are some"""
    absent = ("test",)

    @property
    def by_role(self) -> dict[str, RoleCounts]:
        """Counts of the roles there are."""
        roles = {"train": self.train, "test": self.test}
        return {role: counts for role, counts in roles.items() if counts}


class Inputs(Record):
    """clean/inputs.json: digests of the records that were read, before cleaning.

    Order, file names, compression and form are not in them.
    """

    train: str
    """SHA-256 of the training records: id, label, source and sequence, hexadecimal"""
    test: str | None
    """SHA-256 of the test sequences, hexadecimal; null where evenfold holds them out"""


class Missed(Part):
    """What the searches missed, by aligning all sequences or a sample with all others.

    The links found so are joined too; the bound is of what was missed before.
    """

    searched: int
    """distinct sequences that were aligned with all others: all, or a seeded sample"""
    of: int
    """distinct sequences that there are"""
    sequences: int
    """those searched with a relative in another group"""
    links: int
    """pairs of them and these relatives"""
    bound: float
    """95 % upper bound (Clopper-Pearson) of the share of such sequences among all, 0 to 1"""


class GroupingFacts(Record):
    """groups.json: how many groups there are, and how they were found."""

    sequences: int
    """sequences that were grouped"""
    distinct: int
    """distinct ones among them, gaps aside"""
    groups: int
    """groups of related sequences"""
    largest_group: int
    """sequences in the largest group"""
    sources: int
    """distinct source proteins that sequences name"""
    settings: dict[str, Any]
    """section `grouping` of the configuration"""
    aligned_by: dict[str, int]
    """sequences by what searched them for relatives"""
    exhaustive: bool
    """whether everything was aligned with everything of other groups"""
    similar_pairs: dict[str, int]
    """links that join groups or cross the roles, by the aligner that found them"""
    missed: Missed | None = None
    """what the searches missed; absent of earlier versions"""
    absent = ("missed",)


#: Kinds of data that defaults go by.
Kind = Literal["windows", "peptides", "proteins"]


class SplitFacts(Record):
    """split.json: sizes of roles and folds, and what was related across them."""

    policy: Literal["drop", "keep", "report"]
    """what became of training sequences related to the test set"""
    held_out: bool
    """whether the test set was drawn from the data given for training"""
    folds: int
    """number of folds"""
    related: dict[str, int]
    """training sequences by how they are related to the test set"""
    related_sequences: int = 0
    """training sequences related to the test set in any way"""
    related_test: dict[str, int] = {}
    """test sequences by how they are related to the training data as given"""
    related_test_sequences: int | None = None
    """test sequences related to them in any way; absent of earlier versions"""
    n_train: int
    """training sequences that are used"""
    n_test: int
    """sequences of the test set"""
    n_train_positive: int
    """positives among the training sequences"""
    fold_sizes: list[int]
    """training sequences of each fold"""
    fold_positives: list[int]
    """positives of each fold"""
    rejected: int
    """rows of rejected.tsv: records that are not used"""
    longest: int
    """letters of the longest sequence, padding counted in"""
    kind: Kind | None = None
    """kind of data that defaults go by, from the training sequences; null of version 0.1.0"""
    kind_reason: str | None = None
    """why it is of that kind, in words"""
    shortest: int | None = None
    """letters of the shortest sequence, padding counted in; null of version 0.1.0"""
    absent = ("related_test_sequences", "kind", "kind_reason", "shortest")

    @property
    def n_given(self) -> int:
        """Training sequences before relatives of the test set were dropped."""
        dropped = self.related_sequences if self.policy == "drop" else 0
        return self.n_train + dropped

    @property
    def removed(self) -> bool:
        """Whether relatives of the test set were dropped from training."""
        return self.policy == "drop" and self.related_sequences > 0


class Finding(Part):
    """One finding of the audit, about a leak, a shortcut or a shift.

    What was a leak in the data as given, and is none in the split, is `removed`.
    """

    severity: Severity
    """how bad it is; `audit: fail_on` stops a run at it"""
    about: Literal["leak", "removed", "shortcut", "shift", "records"]
    """what it is about"""
    title: str
    """the finding in one line, without a full stop"""
    detail: str
    """what it means, in sentences"""
    n: int
    """sequences, rows, sites or proteins found"""
    examples: list[list[str]]
    """at most five: id, pair of ids or source protein"""


class Quantiles(Part):
    """Of identity times coverage of the best alignments."""

    median: float
    """0.5 quantile over the sequences searched, 0 to 1"""
    high: float = Field(alias="95 %")
    """0.95 quantile over the sequences searched, 0 to 1"""
    maximum: float
    """largest of the sequences searched, 0 to 1"""


class Histogram(Part):
    """Counts between edges; one edge more than counts."""

    counts: list[int]
    """sequences searched, by identity times coverage"""
    edges: list[float]
    """limits of the bins, 0 to 1"""


class Closeness(Part):
    """How close the nearest partner of every sequence searched is."""

    aligner: str
    """what aligned them"""
    searched: int
    """sequences searched: all, or a sample of many"""
    of: int
    """sequences that there were to search"""
    close: int
    """sequences searched with a partner above the limits of `grouping`"""
    close_by_chance: float
    """share of shuffled sequences with such a partner, 0 to 1"""
    quantiles: Quantiles
    """of identity times coverage"""
    histogram: Histogram
    """of identity times coverage"""


class Probe(Part):
    """How well something trivial predicts the class."""

    name: str
    """name of what the class is predicted from"""
    what: str
    """the same in words"""
    seen: bool
    """whether the models see it too"""
    n: int
    """sequences that were judged"""
    sn: float
    """sensitivity, 0 to 1"""
    sp: float
    """specificity, 0 to 1"""
    mcc: float
    """Matthews correlation coefficient, -1 to 1"""
    auroc: float | None
    """area under the ROC curve, 0 to 1; null without both classes"""


class Shift(Part):
    """How well length and composition tell test sequences from training ones."""

    auroc: float | None
    """0 to 1, 0.5 without a shift; null for too few sequences"""
    median_length: tuple[float, float] | None = None
    """median residues of training and of test sequences"""
    residues: dict[str, tuple[float, float]] = {}
    """mean share, 0 to 1, in training and test, of the three that differ most"""
    absent = ("median_length",)


class AuditFacts(Record):
    """audit.json: leaks, shortcuts and shifts of the finished split."""

    findings: list[Finding]
    """in the order of cleaning, split, audit"""
    test_to_train: Closeness | None = None
    """of test sequences to training ones"""
    fold_to_fold: Closeness
    """of training sequences to those of other folds"""
    probes: list[Probe] | None = None
    """judged out-of-fold on training sequences, the largest MCC first"""
    shift: Shift | None = None
    """between training and test sequences"""
    probe_mcc: float = 0.3
    """MCC from which a probe is a shortcut, 0 to 1: `audit: probe_mcc`"""
    absent = ("test_to_train", "probes", "shift")


class ProteinProbe(Part):
    """How well something of the whole protein predicts the class of its sites."""

    name: str
    """name of what the class is predicted from"""
    what: str
    """the same in words"""
    auroc: float
    """area under the ROC curve over all sites, 0 to 1"""
    within: float | None
    """over pairs of a positive and a negative of one protein; null where it tells none"""


class AboveWindows(Part):
    """The champion alone, and with length, candidates and place beside its score.

    `within`: over pairs of a positive and a negative of one protein. Intervals: 95 %,
    bootstrap over groups.
    """

    auroc: float
    """of the champion out-of-fold, over all sites, 0 to 1"""
    auroc_with: float
    """with these beside it, by a logistic regression out-of-fold"""
    auroc_difference: Interval
    """interval of what that adds"""
    within: float
    """of the champion within proteins, 0 to 1"""
    within_interval: Interval
    """interval of the same"""
    within_with: float
    """with these beside it, within proteins"""
    within_difference: Interval
    """interval of what that adds"""


class ShareByLength(Part):
    """Share of positives among the sites of a quarter of the proteins, by length."""

    low: float
    """length of the shortest protein, residues"""
    high: float
    """length of the longest, residues"""
    positives: float
    """share of positives among their sites, 0 to 1"""


class SourceProteins(Record):
    """source_proteins.json: what whole proteins tell of their sites, beside windows.

    Of training data, out-of-fold. Without pairs of both classes in a protein only
    `champion` is told.
    """

    champion: str
    """variant that is deployed"""
    proteins: int = 0
    """source proteins of training sites"""
    with_positive: int = 0
    """those with a positive site"""
    sites: int = 0
    """training sites of known proteins"""
    pairs: int = 0
    """pairs of a positive and a negative of one protein"""
    exact: bool = False
    """whether the proteins are there, or lengths and candidates the least windows show"""
    probes: list[ProteinProbe] = []
    """what tells the class, though no window shows it"""
    above_windows: AboveWindows | None = None
    """what a method gains that sees whole proteins"""
    by_length: list[ShareByLength] = []
    """the shortest proteins first"""


class FeatureFacts(Record):
    """features/<features>.json: columns of the matrix, and what makes them again."""

    names: list[str]
    """feature sets, in the order of their columns"""
    length: int
    """letters of a window or of the longest sequence; 0 if unused"""
    vectors: dict[str, Any] | None
    """where embeddings come from; null without them"""
    columns: list[str]
    """names of the columns, in order"""
    lengths: list[int] | None = None
    """residues of each training sequence (for `residues` alone)"""
    absent = ("lengths",)
