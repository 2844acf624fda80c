"""Descriptors of whole sequences; each gives numbers for a sequence of any length >= 1.

What a short sequence lacks (pairs further apart than it is long, a class without a
residue) is 0. Unknown residues belong to no class and no pair.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from Bio.Data.IUPACData import protein_weights
from Bio.SeqUtils import IsoelectricPoint as pk
from Bio.SeqUtils.ProtParamData import DIWV, kd

from evenfold.alphabet import AMINO_ACIDS
from evenfold.features.counting import LETTERS, Chunk, N
from evenfold.features.scales import (
    ALPHABETS,
    AUTOCORRELATION,
    CHOU,
    CTD,
    classes,
    standardised,
)

#: Weight of the sequence order in PAAC and APAAC, as in iFeature. (Chou 2005 has 0.5
#: for type 2, with which the denominator of a peptide can be 0.)
ORDER_WEIGHT = 0.05
_WATER = 18.0153


@dataclass(frozen=True)
class Descriptor:
    """How a family of features is computed, and what its columns are called.

    Attributes
    ----------
    compute : callable
        (Chunk, number) to ndarray (n, columns); the number is the name's, or None.
    columns : callable
        number to list of str.
    """

    compute: Callable[[Chunk, Any], np.ndarray]
    columns: Callable[[Any], list[str]]


# --- compositions -----------------------------------------------------------------


def _aac(chunk, number):
    return chunk.counts / chunk.known


def _pair_composition(chunk, lag):
    inner = chunk.pairs(lag)[:, :N, :N]
    return (inner / chunk.known_pairs(lag)[:, :, None]).reshape(len(chunk), -1)


def _cksaap(chunk, gaps):
    parts = [_pair_composition(chunk, lag) for lag in range(1, gaps + 2)]
    return np.concatenate(parts, axis=1)


def _shares(counts):
    return counts / np.maximum(counts.sum(1, keepdims=True), 1)


def _words(groups, size=None):
    own = classes(groups)

    def compute(chunk, number):
        return _shares(chunk.words(own, size or number))

    return compute


# --- composition, transition, distribution ------------------------------------------

_CLASSES = np.array([classes(groups) for groups in CTD.values()])
_MEMBERS = (_CLASSES.T[:, :, None] == np.arange(3)).reshape(N, -1).astype(np.float32)
# For `bytes.translate`; an unknown letter is of no class.
_LETTERS_TO_CLASS = [bytes(own).ljust(256, b"\3") for own in _CLASSES.tolist()]
_CROSSINGS = ((0, 1), (0, 2), (1, 2))


def _crossings():
    """Which pairs of letters cross which classes: shape (441, 21)."""
    table = np.zeros((LETTERS, LETTERS, len(CTD), 3), dtype=np.float32)
    for p, own in enumerate(_CLASSES):
        for t, (a, b) in enumerate(_CROSSINGS):
            one, other = own == a, own == b
            crosses = np.outer(one, other) | np.outer(other, one)
            table[:N, :N, p, t] = crosses
    return table.reshape(LETTERS**2, -1)


_CROSSES = _crossings()


def _ctdc(chunk, number):
    return chunk.counts @ _MEMBERS / chunk.known


def _ctdt(chunk, number):
    return _linear(chunk, 1, _CROSSES) / chunk.known_pairs(1)


def _ctdd(chunk, number):
    text, n, width = chunk.codes.tobytes(), len(chunk), 3 * len(CTD)
    joined = b"".join(text.translate(letters) for letters in _LETTERS_TO_CLASS)
    of_class = np.frombuffer(joined, dtype=np.uint8).reshape(len(CTD), 1, -1)
    # Places of the residues: class after class, and in each sequence after sequence.
    place = np.flatnonzero(of_class == np.arange(3, dtype=np.uint8)[:, None])
    out = np.zeros((n, width, 5), dtype=np.float32)
    if not len(place):
        return out.reshape(n, -1)
    count = (chunk.counts @ _MEMBERS).astype(np.int64)
    first = count.T.cumsum().reshape(width, n).T - count
    before = np.arange(width) * len(text) + chunk.starts[:, None] - 1
    percent = (100 / np.maximum(chunk.lengths, 1)).astype(np.float32)
    share = (count > 0) * percent[:, None]
    # The first, those at 25, 50 and 75 %, and the last of the class.
    ranks = count * 0, count // 4, count // 2, 3 * count // 4, count
    for q, rank in enumerate(ranks):
        found = place.take(np.maximum(rank - 1, 0) + first, mode="clip") - before
        out[:, :, q] = found * share
    return out.reshape(n, -1)


# --- sequence order -----------------------------------------------------------------


def _linear(chunk, lag, table):
    """Sums of a function of two letters over all pairs `lag` apart: (n, functions)."""
    return chunk.pairs(lag).reshape(len(chunk), -1) @ table


def _pairwise(functions, dtype=np.float32):
    """Table of functions of two amino acids for `_linear`: (441, functions)."""
    table = np.zeros((LETTERS, LETTERS, len(functions)), dtype=dtype)
    for i, function in enumerate(functions):
        table[:N, :N, i] = function
    return table.reshape(LETTERS**2, -1)


def _between(scales, combine):
    return [combine(scale[:, None], scale[None, :]) for scale in scales]


_CHOU = [standardised(scale) for scale in CHOU.values()]
_APART = _pairwise([np.mean(_between(_CHOU, lambda a, b: (a - b) ** 2), axis=0)])
_ALIKE = _pairwise(_between(_CHOU[:2], np.multiply))


def _pseudo(table):
    """Chou's composition with the correlation factors of a table of functions."""

    def compute(chunk, lags):
        factors = [
            _linear(chunk, lag, table) / chunk.known_pairs(lag)
            for lag in range(1, lags + 1)
        ]
        order = ORDER_WEIGHT * np.concatenate(factors, axis=1)
        # Amphiphilic factors may be negative.
        total = np.maximum(1 + order.sum(1, keepdims=True), 0.01)
        return np.concatenate([_aac(chunk, None), order], axis=1) / total

    return compute


_SCALES = np.array([standardised(scale) for scale in AUTOCORRELATION.values()])
# In double precision: what is left after the mean is taken off may be small.
_PRODUCT = _pairwise(_between(_SCALES, np.multiply), np.float64)
_SUM = _pairwise(_between(_SCALES, np.add), np.float64)
_SQUARE = _pairwise(_between(_SCALES, lambda a, b: (a - b) ** 2), np.float64)


def _moments(chunk):
    """Mean and variance of the properties along each sequence, (n, 8) each."""
    share = chunk.counts.astype(np.float64) / chunk.known
    mean = share @ _SCALES.T
    return mean, share @ (_SCALES**2).T - mean**2


def _over(value, variance):
    """value / variance, 0 where a sequence does not vary."""
    varies = variance > 1e-9
    return np.where(varies, value / np.where(varies, variance, 1), 0)


def _moreaubroto(chunk, lags):
    def one(lag):
        return _linear(chunk, lag, _PRODUCT) / chunk.known_pairs(lag)

    return _by_property(one, lags)


def _moran(chunk, lags):
    mean, variance = _moments(chunk)

    def one(lag):
        # Pairs of (x - mean)(y - mean), from sums of xy and of x + y.
        n = chunk.pairs(lag)[:, :N, :N].sum((1, 2))[:, None]
        total = _linear(chunk, lag, _PRODUCT) - mean * _linear(chunk, lag, _SUM)
        return _over((total + n * mean**2) / np.maximum(n, 1), variance)

    return _by_property(one, lags)


def _geary(chunk, lags):
    _, variance = _moments(chunk)
    sample = variance * chunk.known / np.maximum(chunk.known - 1, 1)

    def one(lag):
        half = _linear(chunk, lag, _SQUARE) / (2 * chunk.known_pairs(lag))
        return _over(half, sample)

    return _by_property(one, lags)


def _by_property(one, lags):
    """Columns in the order property, lag."""
    found = np.stack([one(lag) for lag in range(1, lags + 1)], axis=2)
    return found.reshape(len(found), -1)


# --- physico-chemical summaries -------------------------------------------------------

_WEIGHTS = np.array([protein_weights[a] - _WATER for a in AMINO_ACIDS])
_GRAVY = np.array([kd[a] for a in AMINO_ACIDS])
_UNSTABLE = _pairwise(
    [np.array([[DIWV[a][b] for b in AMINO_ACIDS] for a in AMINO_ACIDS])]
)
_FRACTIONS = {
    "aromaticity": "FWY",
    "helix": "EMALK",
    "turn": "NPGSD",
    "sheet": "VIYFWLT",
}
_PHYSCHEM = [
    "length", "weight", "gravy", "instability", "aliphatic", "charge7", "pi",
    "extinction_reduced", "extinction_cystines", *_FRACTIONS,
]  # fmt: skip


def _physchem(chunk, number):
    counts, known = chunk.counts.astype(np.float64), chunk.known
    of = {a: counts[:, i] for i, a in enumerate(AMINO_ACIDS)}
    share = counts / known
    ikai = share @ np.array(
        [{"A": 1, "V": 2.9, "I": 3.9, "L": 3.9}.get(a, 0) for a in AMINO_ACIDS]
    )
    extinction = 1490 * of["Y"] + 5500 * of["W"]
    charge = _charge(chunk, of)
    columns = [
        chunk.lengths,
        counts @ _WEIGHTS + _WATER,
        share @ _GRAVY,
        10 * _linear(chunk, 1, _UNSTABLE)[:, 0] / known[:, 0],
        100 * ikai,
        charge(7.0),
        _isoelectric(charge, len(chunk)),
        extinction,
        extinction + 125 * (of["C"] // 2),
        *(sum(of[a] for a in own) / known[:, 0] for own in _FRACTIONS.values()),
    ]
    return np.stack(columns, axis=1)


def _charge(chunk, of):
    """Function of the pH: charge of every sequence (Bjellqvist 1993, as Biopython)."""
    ends = []
    for place, names, other in (
        (chunk.starts, pk.pKnterminal, pk.positive_pKs["Nterm"]),
        (chunk.stops - 1, pk.pKcterminal, pk.negative_pKs["Cterm"]),
    ):
        table = np.array([names.get(a, other) for a in AMINO_ACIDS] + [other])
        # A window of gaps alone has no ends: any letter, and none of a neighbour.
        code = np.full(len(chunk), N)
        code[chunk.lengths > 0] = chunk.codes[place[chunk.lengths > 0]]
        ends.append(table[code])
    positive = {a: k for a, k in pk.positive_pKs.items() if a in of}
    negative = {a: k for a, k in pk.negative_pKs.items() if a in of}

    def charge(ph):
        total = 1 / (1 + 10 ** (ph - ends[0])) - 1 / (1 + 10 ** (ends[1] - ph))
        for a, k in positive.items():
            total = total + of[a] / (1 + 10 ** (ph - k))
        for a, k in negative.items():
            total = total - of[a] / (1 + 10 ** (k - ph))
        return total

    return charge


def _isoelectric(charge, n):
    """pH between 4.05 and 12 at which the charge is 0, by bisection."""
    low, high = np.full(n, 4.05), np.full(n, 12.0)
    for _ in range(18):
        middle = (low + high) / 2
        above = charge(middle) > 0
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return (low + high) / 2


# --- names --------------------------------------------------------------------------


def _named(name, parts):
    return lambda number: [f"{name}_{part}" for part in parts]


def _letters(name, size, prefix=""):
    return [f"{name}_{prefix}{''.join(w)}" for w in product(AMINO_ACIDS, repeat=size)]


def _word_names(name, groups):
    heads = [own[0] for own in groups]
    return lambda number: [
        f"{name}{number}_{''.join(w)}" for w in product(heads, repeat=number)
    ]


def _order_names(name, factors):
    def names(lags):
        order = [f"{f}{lag}" for lag in range(1, lags + 1) for f in factors]
        return [f"{name}_{part}" for part in [*AMINO_ACIDS, *order]]

    return names


def _lag_names(name):
    return lambda lags: [
        f"{name}_{p}_{lag}" for p in AUTOCORRELATION for lag in range(1, lags + 1)
    ]


_CTD_NAMES = [f"{p}{c}" for p in CTD for c in (1, 2, 3)]

DESCRIPTORS = {
    "aac": Descriptor(_aac, _named("aac", AMINO_ACIDS)),
    "dpc": Descriptor(
        lambda chunk, number: _pair_composition(chunk, 1), lambda n: _letters("dpc", 2)
    ),
    "tpc": Descriptor(_words(tuple(AMINO_ACIDS), 3), lambda n: _letters("tpc", 3)),
    **{
        name: Descriptor(_words(groups), _word_names(name, groups))
        for name, groups in ALPHABETS.items()
    },
    "cksaap": Descriptor(
        _cksaap,
        lambda gaps: [
            c for g in range(gaps + 1) for c in _letters("cksaap", 2, f"gap{g}_")
        ],
    ),
    "ctdc": Descriptor(_ctdc, _named("ctdc", _CTD_NAMES)),
    "ctdt": Descriptor(
        _ctdt,
        _named("ctdt", [f"{p}{a + 1}{b + 1}" for p in CTD for a, b in _CROSSINGS]),
    ),
    "ctdd": Descriptor(
        _ctdd,
        _named(
            "ctdd", [f"{n}_{q:03}" for n in _CTD_NAMES for q in (1, 25, 50, 75, 100)]
        ),
    ),
    "paac": Descriptor(_pseudo(_APART), _order_names("paac", ["lag"])),
    "apaac": Descriptor(
        _pseudo(_ALIKE), _order_names("apaac", ["hydrophobicity", "hydrophilicity"])
    ),
    "moreaubroto": Descriptor(_moreaubroto, _lag_names("moreaubroto")),
    "moran": Descriptor(_moran, _lag_names("moran")),
    "geary": Descriptor(_geary, _lag_names("geary")),
    "physchem": Descriptor(_physchem, _named("physchem", _PHYSCHEM)),
    "nterm": Descriptor(
        lambda chunk, number: _shares(chunk.ends(number, first=True)),
        lambda n: [f"nterm{n}_{a}" for a in AMINO_ACIDS],
    ),
    "cterm": Descriptor(
        lambda chunk, number: _shares(chunk.ends(number, first=False)),
        lambda n: [f"cterm{n}_{a}" for a in AMINO_ACIDS],
    ),
}
