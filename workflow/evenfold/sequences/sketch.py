"""Sketches: short texts by which a sequence, and a set, is known after small changes.

Case, gaps, padding and a leading methionine are ignored. From `SHORT` residues on a
sequence is also known with one residue changed, wherever it is, and with its ends cut:

- one changed residue leaves seven of eight parts as they were, so one of the eight
  digests that each leave a part out is the same (always; no chance is involved), and so
  are the k-mers beside that part, by which digests that are the same by chance are told;
- cut ends leave k-mers. Of a sequence's k-mers those with the smallest hashes are kept,
  with their places: in a cut sequence those that are left are among the smallest again,
  and their places tell that one sequence lies within the other. Windows around
  neighbouring sites share k-mers too, but each ends outside of the other.

Shorter sequences are known by their letters alone. All hashes are fixed arithmetic on
64 bits, so a sketch is the same on every machine.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np

#: Share of the smaller set's sequences above which two sets are one.
SAME_SET = 0.5
#: The same of two summaries: some of those that both sets hold were sampled in one alone.
SAME_SUMMARY = 0.35
#: Sequences with fewer residues are known by their letters alone.
SHORT = 15

_K, _KEPT, _PARTS = 5, 8, 8
#: Sketches in a summary: with blanks between them below 5000 characters.
_SUMMARY = 30
#: k-mers that two sequences must share, and the share of those that could be shared.
_SHARED, _RATIO = 3, 0.65
#: Of the longer of two sequences, the part that the other has at least.
_LEAST = 0.4
#: Partners that are tried for a pair of k-mers; many share those of a repeat.
_PARTNERS = 8

#: Hexadecimal digits: a k-mer's hash, a place or length, a digest, one without a part.
_HASH, _PLACE, _DIGEST, _WITHOUT = 6, 4, 12, 8
_NO_HASH, _FAR = 16**_HASH - 1, 16**_PLACE - 1
_WIDTHS = [_HASH] * _KEPT + [_PLACE] * (_KEPT + 1) + [_DIGEST] + [_WITHOUT] * _PARTS
_WIDTH = sum(_WIDTHS)

_IGNORED = {ord(letter): None for letter in "-.*~ \t\r\n"}
#: Residues, and rows, that are worked on at once.
_RESIDUES, _ROWS = 1 << 22, 1 << 16


def normalised(sequence: str) -> str:
    """A sequence without case, gaps, padding and methionine before it.

    Parameters
    ----------
    sequence : str

    Returns
    -------
    str
    """
    return sequence.upper().translate(_IGNORED).lstrip("MX").rstrip("X")


def sketches(sequences: Iterable[str]) -> list[str]:
    """One text for each distinct sequence.

    Parameters
    ----------
    sequences : iterable of str

    Returns
    -------
    list of str
        Hexadecimal, ascending, each once. What has no residues is left out.
    """
    return sorted({text for rows in _each(sequences) for text in _texts(rows)})


def held(sequences: Iterable[str], other: list[str]) -> list[str]:
    """Sketches of the sequences that are in a set.

    Parameters
    ----------
    sequences : iterable of str
    other : list of str
        Sketches.

    Returns
    -------
    list of str
        As `sketches`.
    """
    # Few are: a text of each that is asked would cost more than the rest.
    theirs, texts = _Sketches.read(other), set[str]()
    for rows in _each(sequences):
        texts.update(_texts(rows.take(np.flatnonzero(_matched(rows, theirs)))))
    return sorted(texts)


def matched(one: list[str], other: list[str]) -> np.ndarray:
    """Which sequences of one set are in another, by their sketches.

    Parameters
    ----------
    one, other : list of str
        Sketches.

    Returns
    -------
    ndarray of bool, shape (len(one),)
    """
    return _matched(_Sketches.read(one), _Sketches.read(other))


def _matched(ours: "_Sketches", theirs: "_Sketches") -> np.ndarray:
    found = np.isin(ours.content, theirs.content)
    for part in range(_PARTS if len(theirs.length) else 0):
        known, rows = np.unique(theirs.without[:, part], return_index=True)
        rests = ours.without[:, part]
        at = np.searchsorted(known, rests).clip(max=len(known) - 1)
        own = np.flatnonzero((known[at] == rests) & (ours.length >= SHORT) & ~found)
        found[own] |= _beside(ours.take(own), theirs.take(rows[at[own]]), part)
    left = np.flatnonzero(~found)
    found[left] = _cut(ours.take(left), theirs)
    return found


def same_set(one: list[str], other: list[str]) -> bool:
    """Whether more than half of the smaller set's sequences are in the other.

    Beyond chance: a sequence may match a relative in the other set that is no copy. How
    often that is, is seen inside the sets, as matches of each with its other sequences.

    Parameters
    ----------
    one, other : list of str
        Sketches.

    Returns
    -------
    bool
    """
    return _overlap(one, other, SAME_SET)


def summary(key: list[str]) -> list[str]:
    """A few sketches of a set that are again sketches of the set after small changes.

    Sketches begin with a sequence's smallest hash of a k-mer: the smallest of a set are
    of sequences that have certain k-mers, whatever else was changed in them.

    Parameters
    ----------
    key : list of str
        Sketches.

    Returns
    -------
    list of str
    """
    return sorted(key)[:_SUMMARY]


def same_summary(one: list[str], other: list[str]) -> bool:
    """Whether two summaries are of sets that `same_set` would call one.

    An estimate from few sequences; sets that share less than half may be called one.

    Parameters
    ----------
    one, other : list of str
        Summaries.

    Returns
    -------
    bool
    """
    sampled = [key[-1] for key in (one, other) if len(key) == _SUMMARY]
    if not sampled:
        return same_set(one, other)
    # Both sets have what they hold of the sequences up to here in their summary.
    reach = min(sampled)
    one, other = ([x for x in key if x <= reach] for key in (one, other))
    return _overlap(one, other, SAME_SUMMARY)


def _overlap(one: list[str], other: list[str], share: float) -> bool:
    # The same answer in either order, also of sets of one size.
    smaller, larger = sorted((one, other), key=lambda key: (len(key), key))
    if not smaller:
        return False
    ours, theirs = _Sketches.read(smaller), _Sketches.read(larger)
    if np.isin(ours.content, theirs.content).mean() > share:
        return True
    found = float(_matched(ours, theirs).mean())
    if found <= share:
        return False
    # The less of both: relatives that were added to one set hide nothing.
    chance = min(_related(ours), _related(theirs))
    return found == 1.0 or found - chance > share * (1.0 - chance)


def _related(own: "_Sketches") -> float:
    """Share of a set's sequences that match another of the set."""
    found = np.zeros(len(own.length), bool)
    for rests in own.without.T:
        _, which, count = np.unique(rests, return_inverse=True, return_counts=True)
        found |= (own.length >= SHORT) & (count[which] > 1)
    left = np.flatnonzero(~found)
    found[left] = _cut(own.take(left), own)
    return float(found.mean())


@dataclass(frozen=True)
class _Sketches:
    """Sketches as numbers, one row each.

    Attributes
    ----------
    hashes, places : ndarray of int64, shape (n, _KEPT)
        Of the k-mers, by ascending hash; `_NO_HASH` where there are no more.
    length : ndarray of int64, shape (n,)
    content : ndarray of int64, shape (n,)
    without : ndarray of int64, shape (n, _PARTS)
        Digests of the sequence without one of its parts.
    """

    hashes: np.ndarray
    places: np.ndarray
    length: np.ndarray
    content: np.ndarray
    without: np.ndarray

    @classmethod
    def read(cls, texts: list[str]) -> "_Sketches":
        letters = np.frombuffer("".join(texts).encode("ascii"), np.uint8)
        digits = _DIGITS[letters.reshape(len(texts), _WIDTH)]
        columns, start = [], 0
        for width in _WIDTHS:
            number = np.zeros(len(texts), np.int64)
            for place in range(start, start + width):
                number = number * 16 + digits[:, place]
            columns.append(number)
            start += width
        return cls(
            np.stack(columns[:_KEPT], axis=1),
            np.stack(columns[_KEPT : 2 * _KEPT], axis=1),
            columns[2 * _KEPT],
            columns[2 * _KEPT + 1],
            np.stack(columns[2 * _KEPT + 2 :], axis=1),
        )

    def take(self, rows: np.ndarray) -> "_Sketches":
        return _Sketches(
            self.hashes[rows],
            self.places[rows],
            self.length[rows],
            self.content[rows],
            self.without[rows],
        )

    def numbers(self) -> list[np.ndarray]:
        return [
            *self.hashes.T,
            *self.places.T,
            self.length,
            self.content,
            *self.without.T,
        ]


_DIGITS = np.zeros(256, np.int64)
_DIGITS[np.frombuffer(b"0123456789abcdef", np.uint8)] = np.arange(16)
_HEX = np.frombuffer(b"0123456789abcdef", np.uint8)


def _mixed(x: np.ndarray) -> np.ndarray:
    """The finaliser of splitmix64: every bit of a number in every bit of its hash."""
    x = (x + np.uint64(0x9E3779B97F4A7C15)).astype(np.uint64)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def _each(sequences: Iterable[str]) -> Iterator[_Sketches]:
    """Sketches of distinct sequences, some at once."""
    distinct = sorted({normalised(s) for s in sequences} - {""}, key=len)
    return map(_of, _same_length(distinct))


def _same_length(sequences: list[str]) -> Iterator[np.ndarray]:
    """Codes of sequences that ascend by length, a matrix of some of one length each."""
    start = 0
    while start < len(sequences):
        length = len(sequences[start])
        stop = start + 1
        most = start + max(1, _RESIDUES // length)
        while stop < min(most, len(sequences)) and len(sequences[stop]) == length:
            stop += 1
        letters = "".join(sequences[start:stop]).encode("ascii", "replace")
        yield np.frombuffer(letters, np.uint8).reshape(stop - start, length) & 31
        start = stop


def _of(codes: np.ndarray) -> _Sketches:
    """Sketches of sequences of one length, given their codes."""
    n, length = codes.shape
    hashes, places = _smallest(codes[:, :_FAR])
    each = _mixed(np.arange(length, dtype=np.uint64) * np.uint64(32) + codes)
    whole = each.sum(axis=1, dtype=np.uint64)
    edges = np.arange(_PARTS + 1) * length // _PARTS
    parts = [
        each[:, start:stop].sum(axis=1, dtype=np.uint64)
        for start, stop in pairwise(edges)
    ]
    rests = whole[:, None] - np.stack(parts, axis=1)
    # Which part is missing, and of what length, is in the digest.
    names = length * (_PARTS + 1) + np.arange(_PARTS + 1, dtype=np.uint64)
    salts = _mixed(names)
    return _Sketches(
        hashes,
        places,
        np.full(n, min(length, _FAR)),
        _digest(whole + salts[-1], _DIGEST),
        _digest(rests + salts[:-1], _WITHOUT),
    )


def _digest(numbers: np.ndarray, digits: int) -> np.ndarray:
    return (_mixed(numbers) >> np.uint64(64 - 4 * digits)).astype(np.int64)


def _smallest(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The smallest distinct hashes of the k-mers of each row, and their first places."""
    n, length = codes.shape
    kept = np.full((n, _KEPT), _NO_HASH << 16 | _FAR, np.int64)
    if (count := length - _K + 1) > 0:
        words = np.zeros((n, count), np.uint64)
        for place in range(_K):
            words = words << np.uint64(5) | codes[:, place : place + count]
        hashes = (_mixed(words) % np.uint64(_NO_HASH)).astype(np.int64)
        packed = np.sort(hashes << 16 | np.arange(count), axis=1)
        repeated = packed[:, 1:] >> 16 == packed[:, :-1] >> 16
        if repeated.any():
            packed[:, 1:][repeated] = kept[0, 0]
            packed.sort(axis=1)
        kept[:, :count] = packed[:, :_KEPT]
    return kept >> 16, kept & _FAR


def _texts(rows: _Sketches) -> list[str]:
    digits = []
    for width, column in zip(_WIDTHS, rows.numbers()):
        shifts = 4 * np.arange(width - 1, -1, -1)
        digits.append(_HEX[column[:, None] >> shifts & 15])
    text = np.concatenate(digits, axis=1).tobytes().decode("ascii")
    return [text[at : at + _WIDTH] for at in range(0, len(text), _WIDTH)]


def _cut(ours: _Sketches, theirs: _Sketches) -> np.ndarray:
    """Rows that lie within another row of theirs, or one of theirs within them."""
    found = np.zeros(len(ours.length), bool)
    keys, owners, anchors = _anchors(theirs)
    order = np.argsort(keys, kind="stable")
    keys, owners, anchors = keys[order], owners[order], anchors[order]
    for start in range(0, len(found), _ROWS):
        some = np.arange(start, min(start + _ROWS, len(found)))
        own, rows, places = _anchors(ours.take(some))
        first = np.searchsorted(keys, own, "left")
        # Most are of nobody: only of the others it is asked how many there are.
        near = np.zeros(len(own), bool)
        if len(keys):
            near = keys.take(first, mode="clip") == own
        there = np.flatnonzero(near)
        count = np.zeros(len(own), np.int64)
        count[there] = np.searchsorted(keys, own[there], "right") - first[there]
        count = np.minimum(count, _PARTNERS)
        mine = np.repeat(np.arange(len(own)), count)
        nth = np.arange(len(mine)) - np.repeat(np.cumsum(count) - count, count)
        partner = np.repeat(first, count) + nth
        shift = places[mine] - anchors[partner] + _FAR
        pairs = np.unique((rows[mine] << 30 | owners[partner]) << 17 | shift)
        for at in range(0, len(pairs), _ROWS):
            pair = pairs[at : at + _ROWS]
            i, j = start + (pair >> 47), pair >> 17 & (1 << 30) - 1
            shift = (pair & (1 << 17) - 1) - _FAR
            found[i[_within(ours.take(i), theirs.take(j), shift)]] = True
    return found


def _anchors(rows: _Sketches) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every two k-mers of a sketch and their distance, as a number; row; place."""
    keys, owners, places = [], [], []
    for one, other in combinations(range(_KEPT), 2):
        has = np.flatnonzero(rows.hashes[:, other] != _NO_HASH)
        distance = rows.places[has, other] - rows.places[has, one]
        both = rows.hashes[has, one] << 24 | rows.hashes[has, other]
        keys.append(_mixed(_mixed(both.astype(np.uint64)) + distance.astype(np.uint64)))
        owners.append(has)
        places.append(rows.places[has, one])
    return np.concatenate(keys), np.concatenate(owners), np.concatenate(places)


def _beside(ours: _Sketches, theirs: _Sketches, part: int) -> np.ndarray:
    """Whether each two sequences share the k-mers beside a part that may differ.

    Digests without the part are the same by chance as well: once in 4e9 pairs.
    """
    begin, end = (at * ours.length[:, None] // _PARTS for at in (part, part + 1))
    least = np.minimum(ours.hashes[:, -1:], theirs.hashes[:, -1:])
    shared = np.ones(len(ours.length), bool)
    for one, other in ((ours, theirs), (theirs, ours)):
        outside = (one.places + _K <= begin) | (one.places >= end)
        outside &= (one.hashes != _NO_HASH) & (one.hashes <= least)
        there = (one.hashes[:, :, None] == other.hashes[:, None, :]).any(axis=2)
        shared &= (there | ~outside).all(axis=1)
    # Of the longest it is not known where their parts are.
    shared |= ours.length == _FAR
    return shared & (ours.length == theirs.length)


def _within(ours: _Sketches, theirs: _Sketches, shift: np.ndarray) -> np.ndarray:
    """Whether one of each two sequences lies within the other, theirs moved by shift."""
    after = ours.length - theirs.length - shift
    nested = (shift * after >= 0) & (ours.content != theirs.content)
    longer = np.maximum(ours.length, theirs.length)
    shorter = np.minimum(ours.length, theirs.length)
    moved = theirs.places + shift[:, None]
    equal = ours.hashes[:, :, None] == theirs.hashes[:, None, :]
    equal &= ours.places[:, :, None] == moved[:, None, :]
    equal &= (ours.hashes != _NO_HASH)[:, :, None]
    shared = equal.sum(axis=(1, 2))
    could = np.maximum(_expected(ours, theirs, shift), _expected(theirs, ours, -shift))
    enough = (shared >= _SHARED) & (shared >= _RATIO * could)
    return nested & enough & (longer >= SHORT) & (shorter >= _LEAST * longer)


def _expected(ours: _Sketches, theirs: _Sketches, shift: np.ndarray) -> np.ndarray:
    """How many of our k-mers theirs would have if nothing but ends were cut."""
    place = ours.places - shift[:, None]
    last = (theirs.length - _K)[:, None]
    held = ours.hashes <= theirs.hashes[:, -1:]
    held &= ours.hashes != _NO_HASH
    return ((place >= 0) & (place <= last) & held).sum(axis=1)
