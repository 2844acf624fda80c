"""One of a thing is told as one, in every sentence that counts some."""

import ast
import re

import pytest

from evenfold.saying import counted, verb
from tests.house import PACKAGE

#: What sentences count.
THINGS = (
    "sites|rows|records|ids|copies|windows|labels|groups|proteins|headers|relatives|links|"
    "comparisons|seeds|threads|positives|negatives|variants|letters"
)
#: Numbers that are never one, or stand after "of": data sets that small are refused.
MANY = re.compile(
    r"folds|n_train|n_given|n_test|window|longest|shortest|length|grouping\.groups|"
    r"selection\.groups|row\.groups|FEWEST|limits|high|low|inside|among|proteins|len\(then\)|"
    r"happened\.read|total|\bof\b|of_source|len\(counts\)"
)
FILES = [
    *(PACKAGE / "reporting").rglob("*.py"), *(PACKAGE / "starting").glob("*.py"),
    PACKAGE / "sequences/auditing.py", PACKAGE / "cli.py",
]  # fmt: skip


def miscounted(source):
    """Numbers that stand before a word for several, whatever they are."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.JoinedStr):
            continue
        texts = [getattr(one, "value", None) for one in node.values]
        texts = [one if isinstance(one, str) else "" for one in texts]
        for at, (number, after) in enumerate(zip(node.values, texts[1:])):
            if not isinstance(number, ast.FormattedValue) or number.format_spec:
                continue
            told = ast.unparse(number.value)
            known = told.startswith(("counted(", "verb(")) or MANY.search(told)
            # Of many, whatever their number.
            if known or (at and texts[at - 1].endswith(" of ")):
                continue
            if re.match(rf" (?:[a-z-]+ )?(?:{THINGS})\b", after):
                yield f"{told}{after[:30]}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_number_stands_before_a_word_for_several(path):
    assert list(miscounted(path.read_text(encoding="utf-8"))) == []


def test_the_search_finds_what_it_must():
    assert list(miscounted('f"{role}: {sites} listed sites cannot be"')) == [
        "sites listed sites cannot be"
    ]
    assert list(miscounted("f\"{counted(n, 'listed site')} of {of} sites\"")) == []


def test_numbers_and_verbs():
    assert [counted(n, "copy", "copies") for n in (0, 1, 2)] == [
        "0 copies", "1 copy", "2 copies"
    ]  # fmt: skip
    assert [verb(n, "is", "are") for n in (0, 1, 2)] == ["are", "is", "are"]
