"""The one exception a user may see."""


class EvenfoldError(Exception):
    """Bad input or a broken promise, said in words that name the remedy."""
