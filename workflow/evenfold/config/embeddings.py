"""Where the vectors of the feature set `embeddings` come from."""

from typing import Literal

from pydantic import Field, model_validator

from evenfold.config.section import FilePath, Section


class Embeddings(Section):
    """Where the vectors of the feature set `embeddings` come from."""

    # A file of vectors counts by its content.
    undecided = frozenset({"file", "store", "batch_residues"})

    model: str | None = Field(
        None,
        description="ESM-2 or ProtT5 model: a local folder, or a name on the Hugging Face "
        "hub (needs evenfold[plm])",
    )
    pooling: Literal["mean", "site"] = Field(
        "mean",
        description="`mean`: over the residues; `site`: the state at the centre of a "
        "window, with its whole protein as context (data sets with `sites`)",
    )
    revision: str | None = Field(None, description="commit of a model on the hub")
    file: FilePath | None = Field(
        None, description="precomputed vectors by id: .parquet, .h5 or .npz"
    )
    store: FilePath = Field(
        "resources/embeddings",
        description="folder that keeps every vector ever made, by sequence",
    )
    batch_residues: int = Field(
        8000, ge=1, description="residues that go through the model at once"
    )
    longest: int = Field(
        1022, ge=1, description="residues of a piece; longer sequences go in pieces"
    )

    @model_validator(mode="after")
    def _one_origin(self):
        if self.model and self.file:
            raise ValueError("give either a model or a file of vectors")
        if self.file and self.pooling == "site":
            raise ValueError(
                "`pooling: site` is for a model; a file's vectors are as they are"
            )
        return self
