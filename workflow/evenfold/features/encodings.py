"""Feature sets: residue codes, one-hot and BLOSUM62 windows, compositions."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pyarrow.compute as pc
from Bio.Align import substitution_matrices

from evenfold.errors import EvenfoldError
from evenfold.files import replacing, write_json
from evenfold.ragged import Ragged
from evenfold.sequences import tables
from evenfold.sequences.alphabet import AMINO_ACIDS, UNKNOWN_CODE, encode, residues

#: Sequences turned into numbers at once; bounds memory, not results.
CHUNK = 4096
_WINDOWS = {"tokens", "onehot", "blosum62"}
_SAME_LENGTH = {"onehot", "blosum62"}
_N = len(AMINO_ACIDS)


@dataclass(frozen=True)
class FeatureSet:
    """One or several joined feature sets for sequences of at most `length` letters.

    Attributes
    ----------
    names : tuple of str
        Feature sets in the order of their columns.
    length : int
        Letters of a window; longest sequence for tokens; unused by compositions.
    """

    names: tuple[str, ...]
    length: int

    @property
    def dtype(self) -> np.dtype:
        """uint8 for tokens and residues, float32 for everything else."""
        codes = self.names in (("tokens",), ("residues",))
        return np.dtype(np.uint8 if codes else np.float32)

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return [c for name in self.names for c in _COLUMNS[name](self.length)]

    def refusal(self, sequence: str) -> str | None:
        """Why these features cannot be made of a sequence, or None."""
        if _SAME_LENGTH & set(self.names) and len(sequence) != self.length:
            return (
                f"{len(sequence)} letters, but the window features need {self.length}"
            )
        if "tokens" in self.names and len(sequence) > self.length:
            return f"{len(sequence)} letters, more than the model's {self.length}"
        return None

    def compute(self, sequences: Sequence[str]) -> np.ndarray | Ragged:
        """Features of some sequences.

        Parameters
        ----------
        sequences : sequence of str, length n

        Returns
        -------
        ndarray, shape (n, columns), or Ragged of n sequences for residues
        """
        if self.names == ("residues",):
            return Ragged.of([encode(residues(sequence)) for sequence in sequences])
        parts = [_COMPUTE[name](sequences, self.length) for name in self.names]
        return np.concatenate(parts, axis=1) if len(parts) > 1 else parts[0]


def feature_set(
    names: Sequence[str],
    sequences: Iterable[str],
    ids: Iterable[str],
    longest: int = 0,
) -> FeatureSet:
    """Feature set fitted to the lengths of the sequences of a data set.

    Parameters
    ----------
    longest : int
        Letters of the longest sequence that the features must hold besides these.

    Raises
    ------
    EvenfoldError
        Windows of unequal length where a window feature is asked for, with the record.
    """
    lengths, first = {}, 0
    for identifier, sequence in zip(ids, sequences):
        lengths.setdefault(len(sequence), identifier)
        first = first or len(sequence)
    wanted = sorted(_SAME_LENGTH & set(names))
    if wanted and len(lengths) > 1:
        other = next(length for length in lengths if length != first)
        raise EvenfoldError(
            f"the feature {wanted[0]} needs windows of one length, but {lengths[first]} "
            f"has {first} letters and {lengths[other]} has {other}. Use `features: "
            "[aac, dpc]` for whole proteins, or `[residues]` with the pooled "
            "convolutional network, `[tokens]` with the convolutional network for "
            "peptides, or pad the windows with - (`cleaning: {gap: keep}`)."
        )
    longest = max(longest, *lengths)
    if wanted and longest > first:
        raise EvenfoldError(
            f"the feature {wanted[0]} needs windows of one length: the training windows "
            f"have {first} letters, a test sequence has {longest}."
        )
    return FeatureSet(tuple(names), longest if _WINDOWS & set(names) else 0)


def featurize(features: FeatureSet, sequences: Sequence[str], out: np.ndarray) -> None:
    """Fill `out`, for example a memory-mapped file, chunk by chunk."""
    filled = 0
    for start in range(0, len(sequences), CHUNK):
        values = features.compute(sequences[start : start + CHUNK])
        values = values.codes if isinstance(values, Ragged) else values
        out[filled : filled + len(values)] = values
        filled += len(values)


def _tokens(sequences, length):
    codes = np.zeros((len(sequences), length), dtype=np.uint8)
    for row, sequence in enumerate(sequences):
        codes[row, : len(sequence)] = encode(sequence)
    return codes


def _onehot(sequences, length):
    # An unknown residue is no residue here: 20 zeros, like a gap.
    table = np.zeros((UNKNOWN_CODE + 1, _N), dtype=np.float32)
    table[1 : _N + 1] = np.eye(_N)
    return table[_tokens(sequences, length)].reshape(len(sequences), -1)


def _blosum62(sequences, length):
    matrix = substitution_matrices.load("BLOSUM62")
    table = np.zeros((UNKNOWN_CODE + 1, _N), dtype=np.float32)
    for code, letter in enumerate(AMINO_ACIDS + "X", start=1):
        table[code] = [matrix[letter][other] for other in AMINO_ACIDS]
    return table[_tokens(sequences, length)].reshape(len(sequences), -1)


def _counts(sequences, words):
    """Words of one or two of the 20 residues, counted: shape (n, 20 ** words).

    A word that holds any other letter does not count.
    """
    out = np.empty((len(sequences), _N**words), dtype=np.float32)
    for row, sequence in enumerate(sequences):
        codes = encode(residues(sequence)).astype(np.int64) - 1
        if words == 2:
            first, second = codes[:-1], codes[1:]
            known = (first < _N) & (second < _N)
            codes = (first * _N + second)[known]
        else:
            codes = codes[codes < _N]
        counts = np.bincount(codes, minlength=_N**words)
        out[row] = counts / max(1, len(codes))
    return out


_COMPUTE: dict[str, Callable] = {
    "tokens": _tokens,
    "onehot": _onehot,
    "blosum62": _blosum62,
    "aac": lambda sequences, length: _counts(sequences, 1),
    "dpc": lambda sequences, length: _counts(sequences, 2),
}
_COLUMNS: dict[str, Callable] = {
    "tokens": lambda length: [f"token_{i}" for i in range(1, length + 1)],
    "residues": lambda length: ["residue"],
    "onehot": lambda length: [
        f"onehot_{i}{a}" for i in range(1, length + 1) for a in AMINO_ACIDS
    ],
    "blosum62": lambda length: [
        f"blosum62_{i}{a}" for i in range(1, length + 1) for a in AMINO_ACIDS
    ],
    "aac": lambda length: [f"aac_{a}" for a in AMINO_ACIDS],
    "dpc": lambda length: [f"dpc_{a}{b}" for a, b in product(AMINO_ACIDS, repeat=2)],
}


def featurize_file(
    path, names: list[str], longest: int, matrix, columns
) -> tuple[int, int]:
    """Featurize the training sequences of a file into a .npy matrix.

    Residues become one row of codes, end to end; the lengths are with the columns.

    Test sequences stay untouched until the look; `longest`, counted over both roles
    when the data were split, makes room for them.

    Returns
    -------
    tuple of int
        Sequences and columns.
    """
    table = tables.read(path, ["id", "sequence", "role"])
    table = table.filter(pc.equal(table.column("role"), "train"))
    sequences = tables.strings(table, "sequence")
    features = feature_set(names, sequences, tables.strings(table, "id"), longest)
    size = len(sequences), len(features.columns)
    facts = {
        "names": list(features.names),
        "length": features.length,
        "columns": features.columns,
    }
    shape = size
    if features.names == ("residues",):
        facts["lengths"] = [len(residues(sequence)) for sequence in sequences]
        shape = (sum(facts["lengths"]),)
    with replacing(matrix) as temporary:
        out = np.lib.format.open_memmap(temporary, "w+", features.dtype, shape)
        featurize(features, sequences, out)
        out.flush()
    write_json(columns, facts)
    return size
