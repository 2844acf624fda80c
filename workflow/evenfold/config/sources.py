"""Which files a data set comes from."""

from pydantic import Field, model_validator

from evenfold.config.section import FilePath, Section

SHA256 = r"^[0-9a-f]{64}$"


class File(Section):
    """A local path, or a public address with its checksum."""

    decides = False

    path: FilePath | None = Field(None, description="local file")
    url: FilePath | None = Field(None, description="public address to fetch")
    sha256: str | None = Field(
        None, pattern=SHA256, description="checksum; required with a url"
    )

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value):
        return {"path": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_origin(self):
        if (self.path is None) == (self.url is None):
            raise ValueError("give either a path or a url")
        if self.url and not self.sha256:
            raise ValueError(f"{self.url}: a url needs its sha256")
        return self

    def origin(self) -> str:
        """The path or the url, whichever is given."""
        return self.path or self.url or ""


def _as_list(value):
    return value if value is None or isinstance(value, list) else [value]


class Sources(Section):
    """One file (or several) per class, or files that hold their labels."""

    decides = False

    positive: list[File] = Field([], description="files of positive sequences")
    negative: list[File] = Field([], description="files of negative sequences")
    labelled: list[File] = Field([], description="files that hold both, with labels")
    labels: list[File] = Field(
        [],
        description="tables with the labels of the `labelled` files, by id_column and "
        "label_column",
    )
    proteins: list[File] = Field(
        [], description="files of whole proteins, of which `sites` makes windows"
    )
    positive_sites: list[File] = Field(
        [], description="tables of positive sites; without, the headers list them"
    )
    negative_sites: list[File] = Field([], description="tables of negative sites")

    @model_validator(mode="before")
    @classmethod
    def _lists(cls, value):
        if isinstance(value, dict):
            value = {key: _as_list(files) for key, files in value.items()}
        return value

    @model_validator(mode="after")
    def _complete(self):
        if bool(self.positive) != bool(self.negative):
            raise ValueError("give files for both classes: positive and negative")
        if not (self.positive or self.labelled or self.proteins):
            raise ValueError(
                "give positive and negative files, labelled ones, or proteins with sites"
            )
        if self.proteins and (self.positive or self.labelled):
            raise ValueError("windows of proteins cannot be mixed with other files")
        if (self.positive_sites or self.negative_sites) and not self.proteins:
            raise ValueError("tables of sites need the files of their proteins")
        if self.negative_sites and not self.positive_sites:
            raise ValueError("give positive_sites too")
        if self.labels and not self.labelled:
            raise ValueError("a table of labels needs the `labelled` files it is for")
        return self

    def entries(self) -> list[tuple[File, int | None, str]]:
        """Files with the label of their records (None: in a file), and their kind."""
        return [
            *((file, 1, "sequences") for file in self.positive),
            *((file, 0, "sequences") for file in self.negative),
            *(
                (file, None, kind)
                for kind, files in (
                    ("sequences", self.labelled),
                    ("labels", self.labels),
                    ("proteins", self.proteins),
                    ("positive_sites", self.positive_sites),
                    ("negative_sites", self.negative_sites),
                )
                for file in files
            ),
        ]
