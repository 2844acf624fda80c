"""What identifies a selection: the part of the configuration that decides."""

from evenfold.config.checking import validated
from evenfold.config.grouping import Grouping
from evenfold.config.losses import Loss
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
    """The resolved configuration that identifies a selection.

    Paths, device, threads, tracking and permissions are not in it: they choose nothing.
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
        """Plain keys and values; their digest identifies the selection."""
        return self.model_dump()
