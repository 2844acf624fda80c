"""Components of a graph whose links are found bit by bit."""

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components


class Components:
    """Which of n nodes are joined so far.

    What is joined does not depend on the order in which links come, so that a pair of
    one component need never be compared.

    Attributes
    ----------
    labels : ndarray of int64, shape (n,)
        Of each node, the first one of its component.
    """

    def __init__(self, n: int) -> None:
        self.labels = np.arange(n)

    def apart(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Which pairs of nodes are not joined yet."""
        return self.labels[a] != self.labels[b]

    def join(self, a: np.ndarray, b: np.ndarray) -> None:
        """Join the ends of links.

        Parameters
        ----------
        a, b : ndarray of int, shape (links,)
        """
        if not len(a):
            return
        ends, places = np.unique(
            np.concatenate([self.labels[a], self.labels[b]]), return_inverse=True
        )
        edges = (np.ones(len(a)), (places[: len(a)], places[len(a) :]))
        graph = sparse.coo_matrix(edges, shape=(len(ends), len(ends)))
        part = connected_components(graph, directed=False)[1]
        first = np.unique(part, return_index=True)[1]
        renamed = np.arange(len(self.labels))
        renamed[ends] = ends[first[part]]
        self.labels = renamed[self.labels]

    def first(self) -> np.ndarray:
        """The first node of each component."""
        return np.unique(self.labels)
