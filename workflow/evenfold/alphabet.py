"""The letters of protein sequences and their codes."""

from string import ascii_lowercase, ascii_uppercase

import numpy as np

AMINO_ACIDS = "ACDEFGHIKLMNPQRSTVWY"
AMBIGUOUS = "BZJUO"
UNKNOWN = "X"
GAP = "-"
STOP = "*"

#: Code of padding and of the gap letter; residues are 1 to 20, anything else 21.
PAD = 0
UNKNOWN_CODE = len(AMINO_ACIDS) + 1
N_CODES = UNKNOWN_CODE + 1

_CODES = np.full(256, UNKNOWN_CODE, dtype=np.uint8)
_CODES[ord(GAP)] = PAD
for _code, _letter in enumerate(AMINO_ACIDS, start=1):
    _CODES[ord(_letter)] = _code


def encode(sequence: str) -> np.ndarray:
    """Codes of a sequence's letters.

    Returns
    -------
    ndarray of uint8, shape (length,)
        0 gap, 1 to 20 the amino acids in alphabetical order, 21 any other letter.
    """
    return _CODES[np.frombuffer(sequence.encode("ascii"), dtype=np.uint8)]


_UPPER = str.maketrans(ascii_lowercase, ascii_uppercase)


def upper_case(sequence: str) -> str:
    """The letters a to z in upper case, and nothing else changed.

    `str.upper` would turn \u00df into SS and a dotless i into I: residues nobody wrote.
    """
    return sequence.upper() if sequence.isascii() else sequence.translate(_UPPER)


def residues(sequence: str) -> str:
    """The sequence without its gaps."""
    return sequence.replace(GAP, "")


def unknown_share(sequence: str) -> float:
    """Share of a sequence's residues that are none of the twenty, 0 to 1.

    Examples
    --------
    >>> unknown_share("ACX-"), unknown_share("--")
    (0.333333, 1.0)
    """
    bare = residues(sequence)
    known = sum(map(bare.count, AMINO_ACIDS))
    return round(1 - known / len(bare), 6) if bare else 1.0
