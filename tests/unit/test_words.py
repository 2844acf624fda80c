"""Words that a novice may not know are explained where they are first used."""

import re
from html import escape
from typing import get_args

import pytest

from evenfold.config.criteria import CRITERIA
from evenfold.config.features import KINDS
from evenfold.config.losses import LOSSES
from evenfold.config.networks import NETWORKS
from evenfold.records.thresholds import CalibrationMethod
from evenfold.reporting.sections import glossary, methods
from evenfold.reporting.words import (
    WORDS,
    calibration_term,
    explained,
    loss_in_a_line,
    of_run,
)
from tests.unit import reporting_states as states
from tests.unit.test_report_sentences import SPOKEN

#: Names that are no terms: of programs, units, and of states in tests.
ORDINARY = {
    "Python", "Snakemake", "BibTeX", "MB", "YAML", "SVG", "PDF", "TSV", "Theirs", "Ours",
    "January", "Lee", "Audit", "Check", "Evidence", "D", "S", "K", "A", "M", "T02", "T03", "Δ", "x86_64",
}  # fmt: skip
#: Terms without a capital: what a reader of papers knows, and a novice may not.
TERMS = {
    "practice", "sealed", "ledger", "look", "champion", "baseline", "variant", "loss",
    "threshold", "fold", "group", "member", "epoch", "early stopping", "out-of-fold",
    "cross-validation", "bootstrap", "paired", "standard error", "percentile", "median",
    "calibration", "temperature", "beta", "isotonic", "reliability", "miscalibration",
    "net benefit", "log-loss", "logit", "residue", "composition", "homology", "identity",
    "class ratio", "operating point", "deployed", "selection", "shortcut", "twin",
    "inner validation slice", "power law", "proper", "p value", "t-test", "digest",
    "conformal prediction", "kappa", "spread", "contribution", "effective number",
}  # fmt: skip


def odd(sentence):
    """Words with two capitals, an underscore, or a capital within a sentence."""
    for word in re.finditer(r"[A-Za-zΔ][\w'’|-]*", sentence):
        before = sentence[: word.start()]
        within = before.strip() and not re.search(r"[.:;?!]\s*$", before)
        many = sum(letter.isupper() for letter in word[0]) > 1 or "_" in word[0]
        if many or (within and word[0][0].isupper()):
            yield word[0].removesuffix("'s")


def known(word):
    return any(
        re.fullmatch(one.pattern or re.escape(name), word)
        for name, one in WORDS.items()
    )


def test_every_term_of_every_sentence_is_a_word():
    """Eponyms, acronyms and names are found by their capitals, in all sentences there are."""
    sentences = [s.sentence for s in SPOKEN if s.section not in (glossary, methods)]
    told = " ".join(sentences)
    search = "|".join(
        sorted(
            (one.pattern or re.escape(n) for n, one in WORDS.items()),
            key=len,
            reverse=True,
        )
    )
    unknown = {
        word
        for sentence in sentences
        for word in odd(re.sub(rf"(?<!\w)(?:{search})(?!\w)", ";", sentence))
        # Of a heading or the start of a cell.
        if word.lower() not in told or "_" in word
    }
    # Keys of the configuration stand as they are written there.
    settings = {
        word for word in unknown if re.search(rf"\b{word}\W{{1,2}}:|\b{word}:", told)
    }
    assert unknown - settings - ORDINARY == set()
    assert set(odd("It is Youden's index, of AUROC or max_mcc.")) == {
        "Youden", "AUROC", "max_mcc"
    }  # fmt: skip


def test_terms_without_a_capital_are_words():
    assert set(WORDS) >= TERMS


def test_criteria_and_calibrations_are_explained():
    for words in CRITERIA.values():
        for name in ("Youden", "G-mean", "F-beta", "GHOST", "kappa", "MCC", "SN", "SP"):
            assert name not in words or name in WORDS
    for method in get_args(CalibrationMethod):
        assert method == "none" or calibration_term(method).startswith("<abbr ")


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_explained_in_a_line(name):
    told = loss_in_a_line(LOSSES[name]())
    assert len(told.split()) > 2 and "\n" not in told


def test_losses_features_and_models_of_a_run_are_in_its_glossary():
    decides = states.decides(features=["zscales", "paac5"], model="gradient_boosting")
    assert of_run(decides) == {
        "bce (loss)": loss_in_a_line(LOSSES["bce"]()),
        "focal (loss)": loss_in_a_line(LOSSES["focal"]()),
        "zscales (features)": KINDS["zscales"].what,
        "paac (features)": KINDS["paac"].what,
        "gradient boosting (model)": NETWORKS["gradient_boosting"].what,
    }


def abbr(name, shown):
    return f'<abbr title="{escape(WORDS[name].meaning)}">{shown}</abbr>'


def test_a_word_is_explained_at_its_first_use_alone():
    assert explained("<p>MCC, and MCC again; Wilson's</p>") == (
        f"<p>{abbr('MCC', 'MCC')}, and MCC again; {abbr('Wilson', 'Wilson&#39;s')}</p>"
    ).replace("&#39;", "'")


@pytest.mark.parametrize(
    "whole",
    [
        '<h2 id="a">MCC</h2>', "<pre>MCC</pre>", "<code>MCC</code>",
        '<a href="a">MCC</a>', "<svg><g><text>MCC</text></g></svg>",
        '<p class="copied" id="x">MCC <b>SN</b></p>', '<p title="MCC">nothing</p>',
        "<p>MCCs2 max_MCC MCC-like a/MCC.tsv</p>",
    ],
)  # fmt: skip
def test_commands_links_headings_and_names_are_left_as_they_are(whole):
    assert explained(whole) == whole
    assert explained(f"{whole}<p>MCC</p>") == f"{whole}<p>{abbr('MCC', 'MCC')}</p>"


def test_what_is_explained_already_is_not_explained_again():
    page = f"<p>{abbr('SN', 'SN')} and SN</p>"
    assert explained(page) == page


def test_words_of_a_page_alone_are_explained_too():
    assert explained("<p>reads paac5</p>", {"paac": "a meaning"}) == (
        '<p>reads <abbr title="a meaning">paac5</abbr></p>'
    )
