"""Losses that are one loss on the data at hand.

On balanced training data cross entropy, balanced weights, class-balanced weights and
logit adjustment are the same loss; training each would compare noise. Needs numbers
alone, no torch; a test holds the weights to those of `evenfold.losses`.
"""

from evenfold.config.losses import settings_of


def difference(
    one: dict, other: dict, priors: list[float], rows: list[float]
) -> float | None:
    """How far two losses shift the logits apart, or None if they are different losses.

    Parameters
    ----------
    one, other : dict
        Settings of losses.
    priors, rows : list of float
        Share of positives and number of training rows, for every fold's members.

    Returns
    -------
    float or None
        Largest absolute difference over the folds, on the scale of logits.
    """
    first, second = settings_of(one), settings_of(other)
    largest = 0.0
    for prior, n in zip(priors, rows):
        mine, theirs = first.reduced(prior, n), second.reduced(prior, n)
        if mine.loss == theirs.loss:
            largest = max(largest, abs(mine.shift - theirs.shift))
        elif _meet_without_shift(mine.loss, theirs.loss):
            largest = max(largest, abs(mine.shift), abs(theirs.shift))
        else:
            return None
    return largest


def _meet_without_shift(one, other):
    """A logit adjustment is no weight: it is cross entropy at no shift alone."""
    names = {one["name"], other["name"]}
    factors = {one["learning_rate_factor"], other["learning_rate_factor"]}
    return names == {"bce", "logit_adjusted"} and len(factors) == 1


def twin(
    settings: dict,
    earlier: dict[str, dict],
    priors: list[float],
    rows: list[float],
    tolerance: float,
) -> tuple[str, float] | None:
    """The first earlier variant that has the same loss on these data, if any.

    Parameters
    ----------
    settings : dict
        Settings of a variant's loss.
    earlier : dict of str to dict
        Losses of the variants before it that train alike, by name.
    priors, rows : list of float
        As for `difference`.
    tolerance : float
        Largest difference on the scale of logits.

    Returns
    -------
    tuple of (str, float) or None
        Its name and the difference.
    """
    for name, other in earlier.items():
        apart = difference(settings, other, priors, rows)
        if apart is not None and apart <= tolerance:
            return name, apart
    return None
