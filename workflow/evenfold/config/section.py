"""What every part of the configuration shares."""

import re
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    model_validator,
)
from pydantic_core import core_schema

NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]*$"
#: Of a variant: also with a point between digits, as a number has it.
VARIANT_NAME = r"^[A-Za-z0-9]([A-Za-z0-9_-]|[0-9]\.[0-9])*$"
#: A thing of the user's own, `module:Name`.
IMPORT_PATH = r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$"
#: File systems take 255 bytes, and files are named after it.
LONGEST_NAME = 100
Name = Annotated[str, Field(pattern=NAME, max_length=LONGEST_NAME)]
VariantName = Annotated[str, Field(pattern=VARIANT_NAME, max_length=LONGEST_NAME)]
#: No setting is larger, and twice of it is a number still.
LARGEST = 1e12
#: The largest seed that every generator takes.
LARGEST_SEED = 2**32 - 1
ImportPath = Annotated[str, Field(pattern=IMPORT_PATH)]
Fraction = Annotated[float, Field(gt=0, lt=1)]


def check_path(path: str) -> str:
    """A path that a file system can take.

    Raises
    ------
    ValueError
        When it is empty, too long, or has a sign that no path may have.
    """
    if not path.strip():
        raise ValueError("a path is empty; name the file, or leave the key out")
    if "\0" in path:
        raise ValueError("a path has a null byte in it")
    if re.search(r"[{}]", path):
        raise ValueError(
            "a path has { or } in it, between which Snakemake looks for wildcards; rename "
            "the file or folder"
        )
    if len(path.encode(errors="surrogateescape")) > 4000 or any(
        len(p.encode(errors="surrogateescape")) > 255 for p in path.split("/")
    ):
        raise ValueError("a path is longer than file systems take: 255 bytes a name")
    return path


FilePath = Annotated[str, AfterValidator(check_path)]


def in_words(number: float) -> str:
    """A number for an error; Python refuses to write out more than 4300 digits."""
    if isinstance(number, int):
        return (
            "a number this large" if abs(number) >= 10**60 else f"the number {number}"
        )
    return f"the number {number:.12g}"


def no_larger() -> str:
    """What numbers settings are, for an error."""
    return f"a setting is a finite number, at most {LARGEST:g} or its own limit"


def _types(annotation: Any) -> set[Any]:
    """The types that an annotation is made of."""
    parts = get_args(annotation)
    return {annotation}.union(*map(_types, parts)) if parts else {annotation}


class Section(BaseModel):
    """A part of the configuration: frozen, and without unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _truth_is_no_number(cls, value):
        # Which pydantic takes for 1 and 0.
        for name, given in value.items() if isinstance(value, dict) else ():
            about = cls.model_fields.get(name)
            numbers = _types(about.annotation) & {int, float, bool} if about else set()
            if numbers and bool not in numbers:
                every = given if isinstance(given, list) else [given]
                if any(isinstance(one, bool) for one in every):
                    raise ValueError(f"{name}: yes, no, true and false are no numbers")
        return value

    @model_validator(mode="after")
    def _numbers_can_be(self):
        # Also those that YAML leaves as texts, like 1e308, which has no point.
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, int | float) and abs(value) > LARGEST:
                raise ValueError(f"{name}: {in_words(value)} cannot be; {no_larger()}")
        return self

    #: Whether anything of it identifies a selection; see `Decides.settings`.
    decides: ClassVar[bool] = True
    #: Keys that do not, in a section that does.
    undecided: ClassVar[frozenset[str]] = frozenset()


class OneOf:
    """Marks a text as a name of a registry: for validation, schema and documentation.

    A `Literal` would repeat the names by hand.

    Parameters
    ----------
    names : iterable of str
        Keys of the registry, in the order of the documentation.
    own : bool
        Whether an import path of the user's own may stand in their place.
    """

    def __init__(self, names: Iterable[str], own: bool = False):
        self.names = tuple(names)
        self.own = own

    def check(self, name: str) -> str:
        """The name, if it is one.

        Raises
        ------
        ValueError
            When it is none of them.
        """
        if name in self.names or (self.own and re.match(IMPORT_PATH, name)):
            return name
        *most, last = (f"'{known}'" for known in self.names)
        own = ", or an import path module:Name" if self.own else ""
        raise ValueError(f"Input should be {', '.join(most)} or {last}{own}")

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict:
        known = {"enum": list(self.names), "type": "string"}
        path = {"pattern": IMPORT_PATH, "type": "string"}
        return {"anyOf": [known, path]} if self.own else known


def check_one_group(section: Section, key: str) -> None:
    """Refuse a regular expression that does not have exactly one group.

    Raises
    ------
    ValueError
    """
    pattern = getattr(section, key)
    if pattern is None:
        return
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise ValueError(f"{key} '{pattern}': {error}") from error
    if groups != 1:
        raise ValueError(f"{key} '{pattern}' must have exactly one group")
