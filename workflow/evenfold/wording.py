"""Numbers with their nouns, as one says them."""


def counted(n: int, one: str, many: str | None = None) -> str:
    """A number and its noun.

    Parameters
    ----------
    n : int
    one : str
        The noun of one.
    many : str, optional
        That of several, if it is not the one with an s.

    Returns
    -------
    str

    Examples
    --------
    >>> counted(1, "id"), counted(2, "copy", "copies")
    ('1 id', '2 copies')
    """
    return f"{n} {one if n == 1 else many or one + 's'}"
