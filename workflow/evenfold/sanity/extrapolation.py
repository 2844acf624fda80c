"""What more data would give: a power law through what parts of the data reach."""

import numpy as np

#: Exponents that the law may have: from nearly logarithmic to as fast as 1 / n.
_EXPONENTS = np.linspace(0.1, 1.0, 10)


def extrapolated(
    shares: np.ndarray,
    values: np.ndarray,
    covariance: np.ndarray,
    factors: np.ndarray,
    seed: int,
    draws: int = 4000,
) -> np.ndarray:
    """Samples of the curve a - b n^-c at other sizes.

    For every exponent c the curve is a linear fit by least squares, whose coefficients
    are normal with what the covariance of the points gives them; exponents are drawn by
    how well their curves fit. So the samples hold the noise of the points and that
    several laws fit them. Points count alike: weighed by an estimated covariance the
    curve would follow differences that look certain by chance.

    Parameters
    ----------
    shares : ndarray, shape (sizes,)
        Of the data, ascending; three or more.
    values : ndarray, shape (sizes,)
    covariance : ndarray, shape (sizes, sizes)
    factors : ndarray, shape (places,)
        Times the data, where the curve is wanted.
    seed : int
    draws : int

    Returns
    -------
    ndarray, shape (draws, places)

    References
    ----------
    Figueroa et al. 2012, BMC Med. Inform. Decis. Mak. 12:8 (inverse power laws of
    sample size); Hestness et al. 2017, arXiv:1712.00409 (exponents below 1).
    """
    covariance = covariance + 1e-10 * np.eye(len(shares))
    inverse = np.linalg.inv(covariance)
    fits, evidence = [], []
    for exponent in _EXPONENTS:
        x = np.column_stack([np.ones(len(shares)), _bend(shares, shares[0], exponent)])
        fit = np.linalg.pinv(x)
        mean, spread = fit @ values, fit @ covariance @ fit.T
        left = values - x @ mean
        fits.append((exponent, mean, np.linalg.cholesky(spread)))
        evidence.append(-0.5 * left @ inverse @ left)
    weights = np.exp(np.array(evidence) - max(evidence))
    generator = np.random.default_rng(seed)
    chosen = generator.choice(len(fits), draws, p=weights / weights.sum())
    normal = generator.normal(size=(draws, 2))
    samples = np.empty((draws, len(factors)))
    for k, (exponent, mean, root) in enumerate(fits):
        level, fall = mean[:, None] + root @ normal[chosen == k].T
        bend = _bend(factors, shares[0], exponent)
        samples[chosen == k] = level[:, None] + fall[:, None] * bend
    return np.minimum(samples, 1.0)


def _bend(sizes, least, exponent):
    """0 at all of the data and 1 at the smallest part, whatever the exponent."""
    return (sizes**-exponent - 1) / (least**-exponent - 1)
