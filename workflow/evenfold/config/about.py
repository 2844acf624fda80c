"""What only the user knows about a data set, asked for once."""

from pydantic import ConfigDict, Field

from evenfold.config.section import Section


class About(Section):
    """What only the user knows; told in dome.json and the model card."""

    # A year and a PubMed id need no quotes.
    model_config = ConfigDict(coerce_numbers_to_str=True)
    decides = False

    title: str = Field("", description="title of the publication or project")
    authors: str = Field("", description="its authors")
    journal: str = Field("", description="journal of the publication")
    year: str = Field("", description="year of the publication")
    doi: str = Field("", description="DOI of the publication")
    pmid: str = Field("", description="PubMed id of the publication")
    contact: str = Field("", description="whom to ask about the model")
    licence: str = Field("", description="licence of the model and of its predictions")
    provenance: str = Field(
        "",
        description="where the sequences and labels come from, and who labelled them",
    )
    availability: str = Field("", description="where the data can be had")
    model_availability: str = Field("", description="where the model can be had")
    intended_use: str = Field("", description="what the model is for")
    limitations: str = Field("", description="what it is not for")
