"""How the target `predict` scores, and what it tells besides the scores."""

from pydantic import Field

from evenfold.config.section import Section


class Prediction(Section):
    """How the target `predict` scores, and what it tells besides the scores."""

    decides = False

    error: float | None = Field(
        None,
        ge=0.01,
        le=0.5,
        description="error of the prediction sets, in hundredths, if not that of "
        "`selection`",
    )
    unsure: bool = Field(
        False,
        description="call a sequence unsure where its set holds both classes or none",
    )
    nearest: bool = Field(
        True,
        description="search the nearest training sequence; without it no sequence is said "
        "to be inside of the domain",
    )
    shard_mb: float = Field(
        100,
        gt=0,
        description="megabytes from which on a FASTA that is not compressed is cut into "
        "shards, a job each",
    )
