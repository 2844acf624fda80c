"""Which feature sets there are: the names that may stand in `features`.

How each is computed is in `evenfold.features`; a test holds the names of both together.
"""

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator

from evenfold.config.section import IMPORT_PATH
from evenfold.errors import EvenfoldError
from evenfold.importing import is_import_path


@dataclass(frozen=True)
class Kind:
    """A family of feature sets.

    Attributes
    ----------
    what : str
        For the documentation.
    number : int or None
        What a name without a number stands for; None: the name takes no number.
    most : int
        Largest number.
    shape : {'vector', 'window', 'codes'}
        Numbers of a sequence of any length; numbers of every position, for windows of
        one length; codes of its residues, which no others can be joined with.
    """

    what: str
    number: int | None = None
    most: int = 0
    shape: Literal["vector", "window", "codes"] = "vector"


KINDS = {
    "tokens": Kind(
        "residue codes of windows and peptides, for `convolutional`", shape="codes"
    ),
    "residues": Kind(
        "residue codes of any length, for `pooled_convolutional`", shape="codes"
    ),
    "onehot": Kind("position-aware windows: 20 indicators a position", shape="window"),
    "blosum62": Kind(
        "position-aware windows: BLOSUM62 row of each residue", shape="window"
    ),
    "zscales": Kind(
        "position-aware windows: the five z-scales of each residue", shape="window"
    ),
    "aac": Kind("amino-acid composition"),
    "dpc": Kind("dipeptide composition"),
    "tpc": Kind("tripeptide composition"),
    "dayhoff": Kind("composition of words of N letters, alphabet of 6 (Dayhoff)", 3, 5),
    "conjoint": Kind("the same, alphabet of 7 (conjoint triad, Shen 2007)", 3, 5),
    "murphy": Kind("the same, alphabet of 10 (Murphy 2000)", 3, 4),
    "cksaap": Kind("pairs with 0 to N residues between them", 3, 20),
    "ctdc": Kind("CTD: composition of 3 classes by 7 properties (Dubchak 1995)"),
    "ctdt": Kind("CTD: transitions between the classes"),
    "ctdd": Kind("CTD: where the classes are, in percent of the sequence"),
    "paac": Kind("pseudo amino-acid composition, type 1 (Chou 2001), N lags", 3, 30),
    "apaac": Kind("amphiphilic one, type 2 (Chou 2005), N lags", 3, 30),
    "moreaubroto": Kind("Moreau-Broto autocorrelation of 8 properties, N lags", 3, 30),
    "moran": Kind("Moran autocorrelation, N lags", 3, 30),
    "geary": Kind("Geary autocorrelation, N lags", 3, 30),
    "physchem": Kind("weight, charge, pI, GRAVY and others (as Biopython's ProtParam)"),
    "embeddings": Kind("a vector of `embeddings`: a language model's, or from a file"),
    "nterm": Kind("composition of the first N residues", 10, 1000),
    "cterm": Kind("composition of the last N residues", 10, 1000),
}


def parse(name: str) -> tuple[str, int | None]:
    """Family and number of a feature set: `paac5` is paac with 5 lags.

    A feature set of the user's own, by import path, is a family without a number.

    Examples
    --------
    >>> parse("paac5")
    ('paac', 5)

    Raises
    ------
    EvenfoldError
        When there is no such feature set.
    """
    if re.match(IMPORT_PATH, name):
        return name, None
    match = re.fullmatch(r"([a-z]+)(\d+)", name)
    if name in KINDS:
        return name, KINDS[name].number
    family, number = (match[1], int(match[2])) if match else (name, 0)
    kind = KINDS.get(family)
    if kind is None:
        raise EvenfoldError(
            f"there is no feature set {name!r}; there are {', '.join(KINDS)}"
        )
    if kind.number is None:
        raise EvenfoldError(f"the feature set {family} takes no number: {name!r}")
    if not 1 <= number <= kind.most:
        raise EvenfoldError(
            f"the feature set {name!r}: its number goes from 1 to {kind.most}"
        )
    return family, number


def stands_alone(name: str) -> bool:
    """Whether a feature set cannot be joined with others."""
    return not is_import_path(name) and KINDS[parse(name)[0]].shape == "codes"


def _known(name):
    try:
        parse(name)
    except EvenfoldError as error:
        raise ValueError(str(error)) from None
    return name


FeatureName = Annotated[str, AfterValidator(_known)]
