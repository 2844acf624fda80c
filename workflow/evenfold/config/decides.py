"""The part of the configuration that decides, and what of it identifies a selection."""

from typing import Any

from evenfold.config.checking import validated
from evenfold.config.grouping import Grouping
from evenfold.config.losses import Loss, LossSettings
from evenfold.config.reading import Reading
from evenfold.config.section import Section
from evenfold.config.selection import SelectionSettings
from evenfold.config.split import Split
from evenfold.config.training import Training


class DecidedVariant(Section):
    """A variant, its training settings resolved for the data set."""

    loss: Loss
    training: Training


class Decides(Section):
    """The resolved configuration that decides.

    Device, threads, precision, tracking and permissions are not in it: they choose
    nothing.
    """

    reading: Reading
    grouping: Grouping
    split: Split
    seed: int
    selection: SelectionSettings
    variants: dict[str, DecidedVariant]

    @classmethod
    def of(cls, recorded: dict, where: str = "the recorded configuration") -> "Decides":
        """As `dump` wrote it.

        Parameters
        ----------
        recorded : dict
        where : str
            File it was read from, for the error.

        Raises
        ------
        EvenfoldError
            For an unknown or missing key or a wrong value, each by its name.
        """
        return validated(cls, recorded, where)

    def dump(self) -> dict:
        """Plain keys and values."""
        return self.model_dump()

    def settings(self) -> dict[str, Any]:
        """What identifies a selection, but the data: settings other than the defaults.

        A setting that a later version adds, with a default, changes nothing here.
        """
        return {
            **decided(self),
            # Ties go to the first.
            "order": list(self.variants),
        }


def decided(section: Section) -> dict[str, Any]:
    """Settings of a section that decide and differ from their defaults.

    Parameters
    ----------
    section : Section

    Returns
    -------
    dict
        Plain keys and values.
    """
    found: dict[str, Any] = {}
    if not section.decides:
        return found
    for name, field in type(section).model_fields.items():
        if name in section.undecided:
            continue
        value = getattr(section, name)
        default = field.get_default(call_default_factory=True)
        if not field.is_required() and value == default:
            continue
        plain = _plain(value)
        # A part of which nothing decides differs from its default by nothing.
        if plain != {} or field.is_required():
            found[name] = plain
    return found


def _plain(value: Any) -> Any:
    """A setting as plain keys and values, sections in it by what they decide."""
    if isinstance(value, LossSettings):
        found = {"name": value.name, **decided(value), **(value.model_extra or {})}
        return {key: given for key, given in found.items() if key not in value.idle}
    if isinstance(value, Section):
        return decided(value)
    if isinstance(value, dict):
        return {key: _plain(inside) for key, inside in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inside) for inside in value]
    return value
