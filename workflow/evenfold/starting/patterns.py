"""What headers and labels follow: patterns tried on all of them."""

import re
from collections import Counter
from collections.abc import Sequence

from evenfold.config.reading import label_value
from evenfold.sequences.labels import EMPTY

#: Patterns of labels in headers, the most particular first.
LABELS = (
    r"\|([01])\|(?:training|testing)$",
    r"\|([+-]?[01])$",
    r"[_ =|:-]([+-]?[01])$",
    r"(?:label|class|target)[=:]\s*(\S+)",
    r"[_ |](\w*pos\w*|\w*neg\w*)$",
    r"[_ |]([A-Za-z]+)$",
    r"^([01])\|",
    r"(?i)^(pos[a-z]*|neg[a-z]*)[_ |:.-]?(?=\d)",
)
#: Patterns of source proteins in the headers of windows.
SOURCES = (
    r"^(?:sp|tr)\|([^|]+)\|",
    r"^([^|]+)\|[A-Za-z]?\d+",
    r"^(.+?)[_:@-][A-Za-z]?\d+(?:\D|$)",
)
_POSITIVE = {"pos", "positive", "p", "y", "active", "true", "yes"}
_NEGATIVE = {"neg", "negative", "n", "inactive", "false", "no", "decoy", "random"}


def label_pattern(headers: Sequence[str]) -> tuple[str, list[str]] | None:
    """The pattern that finds one of two labels once in every header, and what it finds.

    Parameters
    ----------
    headers : sequence of str

    Returns
    -------
    tuple of (str, list of str), or None
    """
    for pattern in LABELS:
        found = [re.findall(pattern, header) for header in headers]
        if all(len(one) == 1 for one in found):
            texts = [one[0] for one in found]
            if len(set(texts)) == 2:
                return pattern, texts
    return None


def source_pattern(headers: Sequence[str]) -> str | None:
    """The pattern that finds in every header a protein which others come from too.

    Parameters
    ----------
    headers : sequence of str

    Returns
    -------
    str or None
    """
    for pattern in SOURCES:
        found = [re.search(pattern, header) for header in headers]
        names = {match[1] for match in found if match}
        if all(found) and 1 < len(names) < len(headers):
            return pattern
    return None


def classes(texts: Sequence[str]) -> tuple[str, str, bool] | None:
    """Which of two labels is positive and which negative, and whether that is clear.

    Where it is not, the rarer one is taken for the positive.

    Parameters
    ----------
    texts : sequence of str

    Returns
    -------
    tuple of (str, str, bool), or None where there are not two.

    Examples
    --------
    >>> classes(["0", "1", "1"]), classes(["AMP", "nonAMP"]), classes(["a", "b", "a"])
    (('1', '0', True), ('AMP', 'nonAMP', True), ('b', 'a', False))
    """
    counts = label_counts(texts)
    if len(counts) != 2:
        return None
    one, other = sorted(counts, key=lambda text: (counts[text], text))
    for positive, negative in ((one, other), (other, one)):
        if _is_pair(positive, negative):
            return positive, negative, True
    return one, other, False


def label_counts(texts: Sequence[str]) -> Counter[str]:
    """How often each label stands there, spellings of one counted as the most frequent.

    Parameters
    ----------
    texts : sequence of str

    Returns
    -------
    Counter of str

    Examples
    --------
    >>> label_counts(["Pos", "pos", "Pos", "neg", ""])
    Counter({'Pos': 3, 'neg': 1})
    """
    spelled: dict[float | str, str] = {}
    plain = Counter(text for text in texts if text.casefold() not in EMPTY)
    found: Counter[str] = Counter()
    for text, n in plain.most_common():
        found[spelled.setdefault(label_value(text), text)] += n
    return found


def _is_pair(positive: str, negative: str) -> bool:
    high, low = label_value(positive), label_value(negative)
    if isinstance(high, float) and isinstance(low, float):
        return high > low
    if not (isinstance(high, str) and isinstance(low, str)):
        return False
    if (high, low) == ("+", "-"):
        return True
    opposite = re.fullmatch(rf"(non|not|no)[ _-]?{re.escape(high)}", low)
    return high in _POSITIVE or low in _NEGATIVE or bool(opposite)
