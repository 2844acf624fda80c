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
        5.7,
        ge=1,
        le=7.5,
        description="of MMseqs2's search, with words of five letters: 0.5 more below 200 "
        "residues, 0.7 less from there to 400, 2 less beyond, as what it misses is short",
    )
    short_length: int = Field(
        50,
        ge=0,
        description="sequences with fewer residues are compared by Smith-Waterman "
        "behind an index of spaced seeds instead of MMseqs2, whose prefilter misses them",
    )
    short_identity: Fraction = Field(
        0.7,
        description="identity above which short sequences are homologs: higher, "
        "because chance partners are common among them",
    )
    exhaustive: bool = Field(
        True,
        description="align every sequence with all of other groups too, for what the "
        "search missed; not beyond 1e12 alignment cells or 1e8 pairs (3000 proteins, "
        "10,000 windows), where a sample bounds what was missed",
    )
    max_missed: float = Field(
        1.0,
        gt=0,
        le=1,
        description="stop where, with 95 % confidence, a larger share of the sequences "
        "may have a relative in another group; the bound of 60 sequences without one is "
        "0.049, so 1 stops at nothing",
    )
    by_source: bool = Field(
        True, description="join sequences of one source protein (source_pattern)"
    )

    @property
    def told(self) -> str:
        """The limits in words.

        Examples
        --------
        >>> Grouping().told
        'an identity of at least 40 % over 80 % of both (at least 70 % where one has fewer than 50 residues)'
        """
        return (
            f"an identity of at least {100 * self.identity:.0f} % over "
            f"{100 * self.coverage:.0f} % of both (at least "
            f"{100 * self.short_identity:.0f} % where one has fewer than "
            f"{self.short_length} residues)"
        )
