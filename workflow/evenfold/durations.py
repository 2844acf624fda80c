"""How long something takes, as one says it."""


def in_time(seconds: float) -> str:
    """A duration in one unit.

    Parameters
    ----------
    seconds : float

    Returns
    -------
    str

    Examples
    --------
    >>> in_time(89), in_time(90), in_time(9000)
    ('89 s', '2 min', '2 h')
    """
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
