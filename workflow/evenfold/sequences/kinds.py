"""Which kind of data some sequences are; what that decides is in `config.kinds`."""

from collections.abc import Sequence

import numpy as np

from evenfold.records.sequences import Kind

#: Letters of the longest peptide; nineteen of twenty sequences must keep to it.
LONGEST_PEPTIDE = 100
#: Letters of the longest window.
LONGEST_WINDOW = 101


def kind_of(lengths: Sequence[int] | np.ndarray) -> Kind:
    """Kind of some training sequences, by their lengths alone.

    Parameters
    ----------
    lengths : sequence of int, shape (n,)
        Letters of each, gaps of a window counted in.

    Returns
    -------
    {'windows', 'peptides', 'proteins'}
        Windows are all of one length. Of peptides nineteen of twenty keep to
        `LONGEST_PEPTIDE`.

    Examples
    --------
    >>> kind_of([21, 21, 21]), kind_of([5, 21, 40]), kind_of([80, 350, 1200])
    ('windows', 'peptides', 'proteins')
    """
    lengths = np.asarray(lengths)
    if lengths.min() == lengths.max() <= LONGEST_WINDOW:
        return "windows"
    return "peptides" if _longest_but_few(lengths) <= LONGEST_PEPTIDE else "proteins"


def why_kind(kind: Kind, lengths: Sequence[int] | np.ndarray) -> str:
    """Why they are of that kind, in words that follow "since".

    Parameters
    ----------
    kind : {'windows', 'peptides', 'proteins'}
    lengths : sequence of int, shape (n,)
    """
    lengths = np.asarray(lengths)
    if kind == "windows":
        return f"all training sequences have {lengths.min()} letters"
    longest = _longest_but_few(lengths)
    more = "at most" if kind == "peptides" else "up to"
    limit = "" if kind == "peptides" else f", more than {LONGEST_PEPTIDE}"
    return f"95 % of the training sequences have {more} {longest:.0f} letters{limit}"


def _longest_but_few(lengths: np.ndarray) -> float:
    return float(np.quantile(lengths, 0.95, method="inverted_cdf"))
