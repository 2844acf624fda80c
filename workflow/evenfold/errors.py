"""The one exception a user may see."""


class EvenfoldError(Exception):
    """Bad input or a broken promise, said in words that name the remedy."""


def in_a_line(error: BaseException) -> str:
    """What an error of another library says, in one line: its kind and first line."""
    return f"{type(error).__name__}: {error}".splitlines()[0][:300]
