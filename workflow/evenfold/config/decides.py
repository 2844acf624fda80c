"""The part of the configuration that decides, and what of it identifies a selection."""

from typing import Any

from evenfold.config.checking import validated
from evenfold.config.grouping import Grouping
from evenfold.config.kinds import Kind, asked_of, resolved
from evenfold.config.losses import LOSSES, Loss, LossSettings
from evenfold.config.networks import SIMPLEST_FIRST
from evenfold.config.reading import Reading
from evenfold.config.section import Section
from evenfold.config.selection import SelectionSettings
from evenfold.config.split import Split
from evenfold.config.training import Training


class AskedVariant(Section):
    """A variant and the training settings that are given for it on a data set."""

    loss: Loss
    training: dict[str, Any]


class DecidedVariant(Section):
    """A variant, its training settings resolved for the data set."""

    loss: Loss
    training: Training
    #: What of them was given; none of version 0.1.0.
    given: dict[str, Any] | None = None


class _Deciding(Section):
    reading: Reading
    grouping: Grouping
    split: Split
    seed: int
    selection: SelectionSettings


class Asked(_Deciding):
    """The configuration that decides, as it is given.

    Device, threads, precision, tracking and permissions are not in it: they choose
    nothing. What is left out of a training goes by the kind of data, which is not known
    before they are read.
    """

    variants: dict[str, AskedVariant]

    def dump(self) -> dict:
        """Plain keys and values."""
        return self.model_dump()


class Decides(_Deciding):
    """The resolved configuration that decides."""

    #: Kind of data that defaults were filled in for; none of version 0.1.0.
    kind: Kind | None = None
    variants: dict[str, DecidedVariant]

    @classmethod
    def resolved(cls, asked: dict, kind: Kind) -> "Decides":
        """Of what was asked, for a kind of data.

        Parameters
        ----------
        asked : dict
            As `Asked.dump` gives it.
        kind : {'windows', 'peptides', 'proteins'}
        """
        variants = {}
        for name, variant in asked["variants"].items():
            given = variant["training"]
            where = f"training of variant {name}"
            training = resolved(given, kind, where).model_dump()
            variants[name] = {**variant, "training": training, "given": given}
        return cls.of({**asked, "kind": kind, "variants": variants})

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

    def simplicity(self, variant: str) -> tuple[int, int]:
        """Place of a variant among the simplest: smaller is simpler.

        By its model, then by its loss in the order of the documentation; never by a clock
        or a score. Among equals the first of the configuration is the simplest, whose
        order the recorded one does not keep.
        """
        one = self.variants[variant]
        model, loss = one.training.model, one.loss.name
        return _place(model, SIMPLEST_FIRST), _place(loss, tuple(LOSSES))

    def comparable(self, variant: str, baseline: str) -> bool:
        """Whether two variants have the same model and features: losses may be compared."""
        one, other = (self.variants[name].training for name in (variant, baseline))
        return (one.model, one.features) == (other.model, other.features)

    def settings(self) -> dict[str, Any]:
        """What identifies a selection, but the data: settings other than the defaults.

        A setting that a later version adds, with a default, changes nothing here.
        """
        settings = decided(self)
        # What was filled in by kind was not asked.
        settings.pop("kind", None)
        for name, variant in self.variants.items():
            if variant.given is not None:
                own = settings["variants"][name]
                own.pop("given", None)
                own["training"] = asked_of(variant.given, variant.training)
        # Ties go to the first.
        return {**settings, "order": list(self.variants)}


def _place(name: str, order: tuple[str, ...]) -> int:
    return order.index(name) if name in order else len(order)


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
