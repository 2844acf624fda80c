"""When two sequences are related."""

from pydantic import Field

from evenfold.config.section import Fraction, Section


class Grouping(Section):
    """When two sequences are related, so that no fold may part them."""

    identity: Fraction = Field(
        0.4, description="identity above which two proteins are homologs"
    )
    coverage: Fraction = Field(
        0.8, description="share of both sequences the alignment must cover"
    )
    sensitivity: float = Field(
        7.5,
        ge=1,
        le=7.5,
        description="of MMseqs2's search (100,000 proteins take an hour on two cores); "
        "5.7 took a third of the time on 2800 proteins and lost 4 of their 133 pairs",
    )
    short_length: int = Field(
        50,
        ge=0,
        description="sequences with fewer residues are compared by Smith-Waterman "
        "behind a k-mer screen instead of MMseqs2, whose prefilter misses them",
    )
    short_identity: Fraction = Field(
        0.7,
        description="identity above which short sequences are homologs: higher, "
        "because chance partners are common among them",
    )
    exhaustive: bool = Field(
        True,
        description="align every sequence with all of other groups too, for what the "
        "search missed; not beyond 1e12 alignment cells (3000 proteins, 30,000 windows)",
    )
    by_source: bool = Field(
        True, description="join sequences of one source protein (source_pattern)"
    )
