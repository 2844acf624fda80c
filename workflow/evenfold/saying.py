"""Numbers of things and moments in sentences: one site, two sites."""

from datetime import UTC, datetime


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


def moment(text: str) -> str:
    """A moment of a record as readers have it.

    Parameters
    ----------
    text : str
        ISO 8601, or a date alone, which is left as it is.

    Examples
    --------
    >>> moment("2026-01-02T03:04:05+00:00"), moment("2026-01-02")
    ('2026-01-02 03:04 UTC', '2026-01-02')
    """
    if "T" not in text:
        return text
    at = datetime.fromisoformat(text).astimezone(UTC)
    return f"{at:%Y-%m-%d %H:%M} UTC"
