"""What every record shares: a frozen, validated class that is one JSON file."""

import json
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from evenfold.errors import EvenfoldError
from evenfold.faults import sentence
from evenfold.files import Pathlike, read_json, write_json
from evenfold.records.layout import remedy

#: Low and high end of an interval.
Interval = tuple[float, float]
#: Threshold of a score. With one that is no number, nothing would be called, unsaid.
Threshold = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Part(BaseModel):
    """A part of a record: frozen, without fields that nobody declared."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    #: Fields that are left out of the file, not written as null, where they are None.
    absent: ClassVar[tuple[str, ...]] = ()

    def dump(self) -> dict[str, Any]:
        """The fields as JSON values, by the names that they have in the file."""
        return plain(self)


class Record(Part):
    """A JSON file that rules exchange; equal records are equal files."""

    #: What a user can do about a file that does not fit, and is none of a run.
    remedy: ClassVar[str] = "Delete it and run snakemake again."

    @classmethod
    def read(cls, path: Pathlike) -> Self:
        """Read and check the file.

        Raises
        ------
        EvenfoldError
            With the file and what to do, where it cannot be read; with the field, where
            one is missing, unknown or of another kind.
        """
        return cls.of(cls.raw(path), path)

    @classmethod
    def raw(cls, path: Pathlike) -> Any:
        """Read the file's JSON value, unchecked.

        Raises
        ------
        EvenfoldError
            With the file and what to do, where it cannot be read.
        """
        try:
            return read_json(path)
        except EvenfoldError as error:
            raise EvenfoldError(f"{error}. {cls._remedy(path)}") from None
        except OSError as error:
            raise EvenfoldError(sentence(error)) from error

    @classmethod
    def of(cls, value: Any, path: Pathlike = "a record") -> Self:
        """Check a JSON value; `path` is told where it does not fit."""
        try:
            return cls.model_validate(value)
        except ValidationError as error:
            told = f"{_misfit(error, path)} {cls._remedy(path)}"
            raise EvenfoldError(told) from None

    @classmethod
    def _remedy(cls, path: Pathlike) -> str:
        return remedy(path) or cls.remedy

    def write(self, path: Pathlike) -> None:
        """Write the file, whole or not at all."""
        write_json(path, self.dump())


def plain(value: Any) -> Any:
    """A record, or anything that holds records, as JSON values."""
    if isinstance(value, Part):
        shown = {
            field.alias or name: getattr(value, name)
            for name, field in type(value).model_fields.items()
            if not (name in value.absent and getattr(value, name) is None)
        }
        return {name: plain(inside) for name, inside in shown.items()}
    if isinstance(value, dict):
        return {key: plain(inside) for key, inside in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inside) for inside in value]
    return value


def _misfit(error: ValidationError, path) -> str:
    first = error.errors()[0]
    field = ".".join(map(str, first["loc"])) or "the whole"
    if first["type"] == "missing":
        fault = f"the field {field!r} is missing"
    elif first["type"] == "extra_forbidden":
        fault = f"the field {field!r} is unknown"
    else:
        found = json.dumps(first["input"], default=str)[:60]
        fault = f"the field {field!r}: {first['msg']} (found {found})"
    return (
        f"{Path(str(path))}: {fault}. The file was changed, or written by another version "
        "of evenfold."
    )
