"""How windows are cut out of whole proteins."""

from typing import Literal

from pydantic import Field, model_validator

from evenfold.config.section import LARGEST_SEED, Section, check_one_group

RESIDUES = r"^[ACDEFGHIKLMNPQRSTVWY]+$"


class Sites(Section):
    """How windows are cut out of whole proteins."""

    residues: str = Field(
        pattern=RESIDUES,
        description="residues of interest, for example K, or STY",
    )
    window: int = Field(
        31, ge=1, le=100_001, description="letters of a window, an odd number"
    )
    header_pattern: str = Field(
        r"#(\d+)",
        description="regular expression with one group that finds every positive site in "
        "a FASTA header; not used with tables of sites",
    )
    protein_column: str = Field(
        "protein", description="site table: column of the protein"
    )
    position_column: str = Field(
        "position", description="site table: column of the position, counted from 1"
    )
    unlisted: Literal["negative", "ignore"] = Field(
        "negative",
        description="residues of interest that no file lists: negatives, or left out",
    )
    negatives_per_positive: float | None = Field(
        None,
        gt=0,
        description="training negatives drawn per positive; empty: all. The test set "
        "keeps its own ratio",
    )
    seed: int = Field(1, ge=0, le=LARGEST_SEED, description="of that draw")
    mismatch: Literal["error", "reject"] = Field(
        "error",
        description="a site beyond its protein, at another residue or of both labels: "
        "stops the run, or is listed in rejected.tsv",
    )

    @model_validator(mode="after")
    def _has_a_centre(self):
        if self.window % 2 == 0:
            raise ValueError(f"window {self.window} has no centre: give an odd number")
        check_one_group(self, "header_pattern")
        return self
