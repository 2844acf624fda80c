"""The record of what models look at: contributions to their logits."""

from evenfold.records.record import Part, Record


class Residue(Part):
    """What a residue adds to the logit, beside others in its place."""

    letter: str
    """one of the twenty amino acids"""
    n: int
    """groups that it is a mean over, each of which counts as one"""
    change: float
    """of the logit, against the other residues"""
    se: float
    """its standard error over groups"""


class Position(Part):
    """A position of windows."""

    place: int
    """counted from 1"""
    offset: int | None
    """from the residue in the middle; null where windows have no middle"""
    n: int
    """windows with a residue there"""
    spread: float
    """of the logit, standard deviation of what residues add there"""
    residues: list[Residue]
    """those of the twenty that windows of enough groups have there"""


class ColumnAdds(Part):
    """A column of the features."""

    name: str
    """of the column"""
    feature_set: str
    """that it is of"""
    size: float
    """mean absolute change of the logit"""
    rises: float | None
    """correlation of the column with what it adds, -1 to 1; null where either is constant"""


class Explained(Part):
    """What one model looks at."""

    variant: str
    """name of the variant"""
    champion: bool
    """whether it is the champion"""
    sequences: int
    """training sequences that were asked"""
    positions: list[Position]
    """of windows; else empty"""
    residues: list[Residue]
    """wherever they stand, of sequences that are no windows; else empty"""
    columns: list[ColumnAdds]
    """those that add most, of each feature set one at least; empty where the network reads letters"""
    shares: dict[str, float]
    """by feature set, the share of all that columns add, 0 to 1"""
    why_not: str | None = None
    """why nothing can be told, in words; null where something is"""
    groups: int | None = None
    """groups that the sequences are of; null where an earlier version asked one of each"""
    absent = ("why_not", "groups")

    @property
    def of_groups(self) -> int:
        """Groups that were asked."""
        return self.sequences if self.groups is None else self.groups


class Contributions(Record):
    """contributions.json: what models look at, by training sequences out-of-fold."""

    models: list[Explained]
    """the champion, and the best network where the champion is none"""
