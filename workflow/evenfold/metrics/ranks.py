"""Ranks of methods over several data sets: Friedman's test and Nemenyi's difference.

Demšar, Journal of Machine Learning Research 7, 2006.
"""

import numpy as np

#: Orders of the methods that are drawn for Friedman's p: its chi-square holds for many
#: data sets alone.
_DRAWN = 10_000


def ranks(values: np.ndarray) -> np.ndarray:
    """Rank of every method on every data set, 1 for the largest value.

    Parameters
    ----------
    values : ndarray, shape (data sets, methods)

    Returns
    -------
    ndarray of float, the same shape
        Of equals the mean of their ranks.

    Examples
    --------
    >>> ranks(np.array([[0.5, 0.7, 0.5]]))
    array([[2.5, 1. , 2.5]])
    """
    # Imported here, as below: half a second, which the report does not need.
    from scipy.stats import rankdata

    found: np.ndarray = rankdata(-values, axis=1)
    return found


def friedman(values: np.ndarray, seed: int = 0) -> float:
    """How often methods that are all alike differ as much in their average ranks.

    Parameters
    ----------
    values : ndarray, shape (data sets, methods)
    seed : int

    Returns
    -------
    float
        p, by ranks in random order on every data set.
    """
    found = ranks(values)
    size = _spread(found.mean(0))
    draw = np.random.default_rng(seed)
    drawn = np.zeros((_DRAWN, values.shape[1]))
    for own in found:
        drawn += draw.permuted(np.tile(own, (_DRAWN, 1)), axis=1)
    as_large = (_spread(drawn / len(found)) >= size - 1e-12).sum()
    return float((as_large + 1) / (_DRAWN + 1))


def _spread(means):
    return ((means - means.mean(-1, keepdims=True)) ** 2).sum(-1)


def critical_difference(methods: int, datasets: int, error: float = 0.05) -> float:
    """Average ranks that differ by less cannot be told apart (Nemenyi).

    Parameters
    ----------
    methods : int
        At least 2.
    datasets : int
    error : float
        Of any pair of methods that are all alike.

    Returns
    -------
    float
    """
    from scipy.stats import studentized_range

    q = studentized_range.ppf(1 - error, methods, 1e6) / np.sqrt(2)
    return float(q * np.sqrt(methods * (methods + 1) / (6 * datasets)))
