"""How odd letters, lengths, duplicates and conflicts are treated."""

from typing import Any, Literal

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from evenfold.config.section import Section


class Cleaning(Section):
    """One policy for letters, lengths, duplicates and conflicts."""

    lower_case: Literal["upper", "reject"] = Field(
        "upper", description="lower-case letters: made upper case, or record rejected"
    )
    ambiguous: Literal["keep", "mask", "reject"] = Field(
        "mask",
        description="B, Z, J, U, O: kept as they are, replaced by X, or record rejected",
    )
    unknown: Literal["keep", "reject"] = Field(
        "keep",
        description="X: kept as an unknown residue, or record rejected; a sequence of "
        "unknown residues alone: rejected",
    )
    stop: Literal["strip", "reject"] = Field(
        "strip",
        description="a final *: removed, or record rejected; * inside: rejected",
    )
    gap: Literal["keep", "remove", "reject"] = Field(
        "reject",
        description="- : kept (window padding), removed, or record rejected",
    )
    nucleotides: Literal["error", "keep"] = Field(
        "error",
        description="a file whose letters are those of DNA or RNA: the run stops, or it "
        "is read as proteins",
    )
    min_length: int = Field(1, ge=1, description="shortest sequence, gaps not counted")
    max_length: int | None = Field(
        None, ge=1, description="longest sequence, gaps included; empty: no limit"
    )
    train_duplicates: Literal["drop", "keep"] = Field(
        "drop", description="repeated sequences of one label in the training data"
    )
    test_duplicates: Literal["drop", "keep"] = Field(
        "keep",
        description="repeated sequences in an independent test set; kept by default so "
        "that n stays the published one",
    )
    conflicts: Literal["drop", "error"] = Field(
        "drop",
        description="one sequence with both labels within a role: all its rows are "
        "dropped and listed, or the run stops",
    )

    @model_validator(mode="after")
    def _some_length_is_left(self):
        if self.max_length is not None and self.max_length < self.min_length:
            raise ValueError(
                f"max_length {self.max_length} is below min_length {self.min_length}, "
                "so that no sequence is left"
            )
        return self

    @model_serializer(mode="wrap")
    def _as_recorded(self, dumped: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without what stands at a default that selections frozen before do not know."""
        found = dumped(self)
        if self.nucleotides == "error":
            del found["nucleotides"]
        return found
