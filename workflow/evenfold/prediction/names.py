"""Ids that are unique over any number of rows, in little memory."""

import hashlib

import numpy as np

#: Repeated ids whose last number is remembered; others are counted up again.
_REMEMBERED = 1 << 20


class Names:
    """Ids given so far, by digests of 64 bits: eight bytes an id.

    Two ids of one digest (chance: one in four thousand among a hundred million) cost one
    of them a number that it did not need, and nothing else.
    """

    def __init__(self) -> None:
        self._sorted: list[np.ndarray] = []
        self._recent: set[int] = set()
        self._last: dict[int, int] = {}

    def unique(self, name: str) -> str:
        """The id itself where it is new, or `id~2`, `id~3` and so on.

        Parameters
        ----------
        name : str

        Returns
        -------
        str
        """
        own = digest(name)
        if self._take(own):
            return name
        number = self._last.get(own, 1) + 1
        while not self._take(digest(f"{name}~{number}")):
            number += 1
        if len(self._last) >= _REMEMBERED:
            self._last.clear()
        self._last[own] = number
        return f"{name}~{number}"

    def _take(self, own):
        """Whether a digest is new; from then on it is not."""
        if own in self._recent:
            return False
        for known in self._sorted:
            at = known.searchsorted(np.uint64(own))
            if at < len(known) and known[at] == own:
                return False
        self._recent.add(own)
        if len(self._recent) == 1 << 17:
            self._settle()
        return True

    def _settle(self):
        """From a set of Python's, which takes eight times as much, to sorted numbers."""
        new = np.fromiter(self._recent, np.uint64, len(self._recent))
        self._recent.clear()
        # Of like size they become one: there are never more than a few.
        while self._sorted and len(self._sorted[-1]) <= len(new):
            new = np.concatenate([self._sorted.pop(), new])
        new.sort()
        self._sorted.append(new)


def digest(name: str) -> int:
    """Sixty-four bits that stand for an id.

    Parameters
    ----------
    name : str

    Returns
    -------
    int
    """
    return int.from_bytes(
        hashlib.blake2b(name.encode(errors="surrogatepass"), digest_size=8).digest(),
        "little",
    )
