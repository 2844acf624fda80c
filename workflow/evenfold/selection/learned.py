"""What the training sequences were like, for sequences that a model is asked about."""

from collections import Counter
from collections.abc import Sequence

from evenfold.alphabet import AMINO_ACIDS, residues, unknown_share
from evenfold.records.selection import Learned

#: Kinds of residues in the middle of windows that make them sites, and the windows that
#: it takes to say so: of a few peptides of one length the middle is narrow by chance.
_SITES, _WINDOWS = 5, 40


def learned_from(sequences: Sequence[str]) -> Learned:
    """Lengths, letters and centre of training sequences.

    Parameters
    ----------
    sequences : sequence of str, length n
        Cleaned, at least one.

    Returns
    -------
    Learned

    Examples
    --------
    >>> learned = learned_from(["ACKDE", "--KDE"] * 20)
    >>> learned.shortest, learned.longest, learned.window, learned.centre
    (3, 5, 5, 'K')
    """
    letters = {len(sequence) for sequence in sequences}
    lengths = [len(residues(sequence)) for sequence in sequences]
    window = next(iter(letters)) if len(letters) == 1 else None
    return Learned(
        shortest=min(lengths),
        longest=max(lengths),
        window=window,
        centre=_centre(sequences, window),
        letters="".join(sorted(set().union(*sequences))),
        unknown=max(map(unknown_share, sequences)),
    )


def _centre(sequences: Sequence[str], window: int | None) -> str | None:
    """Residues in the middle, where they are few enough to be what windows are around."""
    if not window or window % 2 == 0 or len(sequences) < _WINDOWS:
        return None
    counts = Counter(sequence[window // 2] for sequence in sequences)
    found = "".join(sorted(letter for letter in counts if letter in AMINO_ACIDS))
    return found if 0 < len(counts) <= _SITES and found else None
