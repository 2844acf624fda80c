"""Numbers of things in sentences: one site, two sites."""


def counted(n: int, one: str, many: str = "") -> str:
    """A number with what it counts.

    Parameters
    ----------
    n : int
    one : str
        The word for one of them, with what stands before it.
    many : str
        The word for several; by default with an s.

    Examples
    --------
    >>> counted(1, "listed site"), counted(2, "listed site"), counted(0, "copy", "copies")
    ('1 listed site', '2 listed sites', '0 copies')
    """
    return f"{n} {one if n == 1 else many or f'{one}s'}"


def verb(n: int, one: str, many: str) -> str:
    """The form of a verb that goes with a number.

    Parameters
    ----------
    n : int
    one, many : str

    Examples
    --------
    >>> verb(1, "has", "have"), verb(2, "has", "have")
    ('has', 'have')
    """
    return one if n == 1 else many
