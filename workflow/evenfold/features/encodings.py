"""Feature sets: windows by position, and descriptors of whole sequences, joined."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from os import PathLike
from typing import Any

import numpy as np

from evenfold.alphabet import AMINO_ACIDS, GAP, UNKNOWN_CODE, encode, residues
from evenfold.config.features import KINDS, parse, stands_alone
from evenfold.errors import EvenfoldError
from evenfold.features.counting import Chunk
from evenfold.features.descriptors import DESCRIPTORS
from evenfold.features.embeddings import Vectors
from evenfold.features.own import columns_of, computed
from evenfold.features.scales import Z_SCALES
from evenfold.files import Pathlike, replacing
from evenfold.importing import is_import_path
from evenfold.ragged import Ragged
from evenfold.records.sequences import FeatureFacts
from evenfold.records.tables import PROTEINS, SEQUENCES
from evenfold.saying import counted

#: Sequences turned into numbers at once: their pair counts fit a CPU's cache.
CHUNK = 256
#: Rows read from a file at once.
_READ = 4096
#: Those whose windows are all of one length, and those that know the longest.
_SAME_LENGTH = {name for name, kind in KINDS.items() if kind.shape == "window"}
_WITH_LENGTH = _SAME_LENGTH | {"tokens"}
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
    vectors : Vectors or None
        Where the vectors of `embeddings` come from.
    """

    names: tuple[str, ...]
    length: int
    vectors: Vectors | None = None

    @classmethod
    def of(
        cls,
        names: Sequence[str],
        length: int,
        vectors: dict[str, Any] | None = None,
    ) -> "FeatureSet":
        """Of the values that were kept with the weights, or with the columns.

        Parameters
        ----------
        names : sequence of str
        length : int
        vectors : dict, optional
            Fields of Vectors.

        Returns
        -------
        FeatureSet
        """
        return cls(tuple(names), length, Vectors(**vectors) if vectors else None)

    def facts(self, lengths: list[int] | None = None) -> FeatureFacts:
        """What makes the same feature set again, and its columns.

        Parameters
        ----------
        lengths : list of int, optional
            Residues of each sequence, where the rows are of different lengths.

        Returns
        -------
        FeatureFacts
        """
        return FeatureFacts(
            names=list(self.names),
            length=self.length,
            vectors=asdict(self.vectors) if self.vectors else None,
            columns=self.columns,
            lengths=lengths,
        )

    @property
    def dtype(self) -> np.dtype:
        """uint8 for tokens and residues, float32 for everything else."""
        codes = all(stands_alone(name) for name in self.names)
        return np.dtype(np.uint8 if codes else np.float32)

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        width = self.vectors.width if self.vectors else 0
        return [
            column
            for name in self.names
            for column in (
                [f"embedding_{i}" for i in range(1, width + 1)]
                if name == "embeddings"
                else _columns(name, self.length)
            )
        ]

    def refusal(self, sequence: str) -> str | None:
        """Why these features cannot be made of a sequence, or None."""
        length = len(sequence)
        if _SAME_LENGTH & set(self.names) and length != self.length:
            letters = counted(length, "letter")
            return f"{letters}, but the window features need {self.length}"
        if "tokens" in self.names and length > self.length:
            return f"{counted(length, 'letter')}, more than the model's {self.length}"
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
            return _residues(sequences)
        out = np.empty((len(sequences), len(self.columns)), dtype=self.dtype)
        featurize(self, sequences, out)
        return out

    def fill(
        self, sequences: Sequence[str], vectors: np.ndarray, out: np.ndarray
    ) -> None:
        """Write the features of a few sequences into rows of a matrix.

        Parameters
        ----------
        sequences : sequence of str, length n
        vectors : ndarray, shape (n, width)
            Their embeddings; of no width where none are asked for.
        out : ndarray, shape (n, columns)
        """
        chunk, column = Chunk(sequences), 0
        for name in self.names:
            family, number = parse(name)
            if is_import_path(family):
                values = computed(family, sequences)
            elif family == "embeddings":
                values = vectors
            elif family in WINDOWS:
                values = WINDOWS[family][0](sequences, self.length)
            else:
                values = DESCRIPTORS[family].compute(chunk, number)
            out[:, column : column + values.shape[1]] = values
            column += values.shape[1]


def feature_set(
    names: Sequence[str],
    rows: Iterable[tuple[str, str]],
    longest: int = 0,
    vectors: Vectors | None = None,
    shortest: int = 0,
) -> FeatureSet:
    """Feature set fitted to the lengths of the sequences of a data set.

    Parameters
    ----------
    names : sequence of str
    rows : iterable of (id, sequence)
    longest : int
        Letters of the longest sequence that the features must hold besides these.
    vectors : Vectors, optional
        Where the vectors of `embeddings` come from.
    shortest : int
        Letters of the shortest of all; 0 if nobody knows.

    Returns
    -------
    FeatureSet

    Raises
    ------
    EvenfoldError
        Windows of unequal length where a window feature is asked for, with the record;
        test sequences of another length than the windows that tokens are learnt from.
    """
    lengths: dict[int, str] = {}
    first = 0
    for identifier, sequence in rows:
        lengths.setdefault(len(sequence), identifier)
        first = first or len(sequence)
    wanted = sorted(_SAME_LENGTH & set(names))
    if wanted and len(lengths) > 1:
        other = next(length for length in lengths if length != first)
        raise EvenfoldError(
            f"the feature {wanted[0]} needs windows of one length, but {lengths[first]} "
            f"has {first} letters and {lengths[other]} has {other}. Use `training: "
            "{features: [aac, dpc]}` for whole proteins, or `[residues]` with the pooled "
            "convolutional network, `[tokens]` with the convolutional network for "
            "peptides, or pad the windows with - (`cleaning: {gap: keep}`)."
        )
    longest = max(longest, *lengths)
    other = longest if longest > first else shortest or first
    windows = [*wanted]
    if "tokens" in names and len(lengths) == 1:
        windows.append("tokens")
    if windows and other != first:
        raise EvenfoldError(
            f"all training sequences have {first} letters, and a test sequence has "
            f"{other}: windows, which the feature {windows[0]} is of, must be cut alike. "
            "Cut those of the test set as long, pad them with - (`cleaning: {gap: "
            "keep}`), or describe both by composition: `training: {features: [aac, dpc]}`."
        )
    return FeatureSet(
        tuple(names), longest if _WITH_LENGTH & set(names) else 0, vectors
    )


def describing(
    columns: Pathlike,
) -> Callable[[list[str]], np.ndarray | Ragged] | None:
    """What makes the features of a data set of other sequences.

    Parameters
    ----------
    columns : path-like
        Its facts of features.

    Returns
    -------
    callable or None
        None where that takes a language model, a file of vectors, or code of the
        user's own that may know its own sequences alone.
    """
    facts = FeatureFacts.read(columns)
    if "embeddings" in facts.names or any(map(is_import_path, facts.names)):
        return None
    return FeatureSet.of(facts.names, facts.length).compute


def featurize(features: FeatureSet, sequences: Sequence[str], out: np.ndarray) -> None:
    """Fill a matrix with the features of sequences, chunk by chunk.

    Parameters
    ----------
    features : FeatureSet
    sequences : sequence of str, length n
    out : ndarray, shape (n, columns)
    """
    # All at once: batches of a language model are made of equal lengths.
    vectors = np.empty((len(sequences), 0), dtype=np.float32)
    if features.vectors:
        vectors = features.vectors.compute(list(sequences))
    for start in range(0, len(sequences), CHUNK):
        rows = slice(start, start + CHUNK)
        features.fill(sequences[rows], vectors[rows], out[rows])


def _residues(sequences) -> Ragged:
    return Ragged.of([encode(residues(sequence)) for sequence in sequences])


def _tokens(sequences, length):
    # The letter of a gap has the code of padding.
    flat = encode("".join(sequence.ljust(length, GAP) for sequence in sequences))
    return flat.reshape(len(sequences), length)


def _onehot(sequences, length):
    # An unknown residue is no residue here: 20 zeros, like a gap.
    table = np.zeros((UNKNOWN_CODE + 1, _N), dtype=np.float32)
    table[1 : _N + 1] = np.eye(_N)
    return table[_tokens(sequences, length)].reshape(len(sequences), -1)


def _blosum62(sequences, length):
    # Here: it takes long to import, and few models need it.
    from Bio.Align import substitution_matrices

    matrix = substitution_matrices.load("BLOSUM62")
    table = np.zeros((UNKNOWN_CODE + 1, _N), dtype=np.float32)
    for code, letter in enumerate(AMINO_ACIDS + "X", start=1):
        table[code] = [matrix[letter][other] for other in AMINO_ACIDS]
    return table[_tokens(sequences, length)].reshape(len(sequences), -1)


def _zscales(sequences, length):
    table = np.zeros((UNKNOWN_CODE + 1, len(Z_SCALES)), dtype=np.float32)
    table[1 : _N + 1] = np.array(list(Z_SCALES.values())).T
    return table[_tokens(sequences, length)].reshape(len(sequences), -1)


#: Numbers of every position: how they are computed, and the parts of a column name.
WINDOWS = {
    "tokens": (_tokens, [""]),
    "onehot": (_onehot, AMINO_ACIDS),
    "blosum62": (_blosum62, AMINO_ACIDS),
    "zscales": (_zscales, Z_SCALES),
}


def _columns(name, length):
    """Names of a feature set's columns."""
    family, number = parse(name)
    if is_import_path(family):
        return columns_of(family)
    if family == "residues":
        return ["residue"]
    if family in WINDOWS:
        parts = WINDOWS[family][1]
        return [f"{family}_{i}{part}" for i in range(1, length + 1) for part in parts]
    return DESCRIPTORS[family].columns(number)


def featurize_file(
    path: str | PathLike,
    names: list[str],
    letters: tuple[int, int],
    matrix: str | PathLike,
    columns: str | PathLike,
    vectors: dict[str, Any] | None = None,
    proteins: str | PathLike | None = None,
) -> tuple[int, int]:
    """Featurize the training sequences of a file into a .npy matrix.

    Residues become one row of codes, end to end; the lengths are with the columns.

    Test sequences stay untouched until the look; `letters`, counted over both roles
    when the data were split, make room for them. (Vectors of a file are put into the
    store for both roles: the file goes by ids.)

    Parameters
    ----------
    path : path-like
        The sequences of a split.
    names : list of str
        Feature sets, in the order of their columns.
    letters : tuple of int
        Of the shortest sequence of both roles, 0 if nobody counted, and of the
        longest.
    matrix, columns : path-like
        To write.
    vectors : dict, optional
        Fields of evenfold.config.embeddings.Embeddings.
    proteins : path-like, optional
        File of the whole proteins that windows were cut from.

    Returns
    -------
    tuple of int
        Sequences and columns.

    Raises
    ------
    EvenfoldError
        Features that cannot be made of the sequences, with the record.
    """
    source = _vectors(path, vectors, proteins) if vectors else None
    shortest, longest = letters
    lengths: list[int] = []

    def rows():
        for ids, batch in _training(path):
            lengths.extend(len(residues(s)) for s in batch)
            yield from zip(ids, batch)

    features = feature_set(names, rows(), longest, source, shortest)
    facts = features.facts()
    ragged = features.names == ("residues",)
    size = len(lengths), len(facts.columns)
    with replacing(matrix) as temporary, open(temporary, "wb") as handle:
        # Written in pieces, not memory-mapped: the pages would count as memory.
        header = {
            "descr": np.lib.format.dtype_to_descr(features.dtype),
            "fortran_order": False,
            "shape": (sum(lengths),) if ragged else size,
        }
        np.lib.format.write_array_header_2_0(handle, header)
        out = np.empty((0 if ragged else _READ, size[1]), dtype=features.dtype)
        for _, batch in _training(path):
            if ragged:
                # Not `tofile`, whose errors have no number of the system.
                handle.write(_residues(batch).codes.tobytes())
            else:
                featurize(features, batch, out[: len(batch)])
                handle.write(out[: len(batch)].tobytes())
    features.facts(lengths if ragged else None).write(columns)
    return size


def _vectors(path, settings, proteins) -> Vectors:
    """Where vectors come from; those of sites and of a file are put into the store."""
    vectors = Vectors.of(settings, proteins)
    if vectors.pooling == "site":
        whole = {
            (role, name): sequence
            for rows in PROTEINS.batches(proteins, PROTEINS.names, _READ)
            for role, name, sequence in zip(*rows)
        }
        for ids, sequences, roles in _rows(path):
            vectors.take_sites(ids, sequences, roles, whole)
    if vectors.file:
        parts = list(_rows(path))
        vectors.take_file(
            [identifier for ids, _, _ in parts for identifier in ids],
            [sequence for _, sequences, _ in parts for sequence in sequences],
        )
    return vectors


def _rows(path):
    """Ids, sequences and roles of a file of sequences, some thousand at a time."""
    return SEQUENCES.batches(path, ["id", "sequence", "role"], _READ)


def _training(path):
    """Ids and sequences of the training rows, some thousand at a time."""
    for rows in _rows(path):
        training = [(i, s) for i, s, role in zip(*rows) if role == "train"]
        if training:
            yield tuple(map(list, zip(*training)))
