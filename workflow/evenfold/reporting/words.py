"""Words of the report that a novice may not know, each in one line."""

import html
import itertools
import re
from collections.abc import Iterable, Mapping

from markupsafe import Markup, escape

from evenfold.config.decides import Decides
from evenfold.config.features import KINDS as FEATURES
from evenfold.config.features import parse
from evenfold.config.losses import LossSettings
from evenfold.config.networks import NETWORKS
from evenfold.importing import described, is_import_path

WORDS = {
    "SN": "sensitivity: of the true positives, the share that is called positive",
    "SP": "specificity: of the true negatives, the share that is called negative",
    "gap": "SN − SP: 0 where both classes are called equally well",
    "MCC": "Matthews correlation coefficient: 1 is perfect, 0 is guessing, −1 always wrong",
    "ACC": "accuracy: the share of right calls; misleading where one class is rare",
    "PPV": "precision: of the sequences called positive, the share that is",
    "NPV": "of the sequences called negative, the share that is",
    "F1": "harmonic mean of precision (PPV) and SN; it ignores true negatives",
    "AUROC": "chance that a positive scores higher than a negative: 0.5 is guessing",
    "ROC": "receiver operating characteristic: the curve of SN over the share of false positives, for every threshold",
    "AUPRC": "mean precision over all thresholds; guessing gives the share of positives",
    "threshold": "the score from which a sequence is called positive",
    "untuned": "called at 0.5, the threshold that nobody chose",
    "out-of-fold": "in cross-validation: scored by models that did not see the sequence, nor its relatives",
    "sn_eq_sp": "the threshold at which SN and SP are equal out-of-fold",
    "95 % interval": "where the true value is to be expected in 95 of 100 such studies",
    "Δ MCC": "difference of MCC on the same sequences; an interval across zero shows none",
    "left out": "SN − SP where each fold is called at a threshold tuned on the others: what to expect on new data",
    "stability": "whether the folds' own thresholds differ by more than chance",
    "champion": "the variant that is deployed, chosen in cross-validation",
    "variant": "a loss with its settings, and its own model or features if it has any",
    "loss": "what training makes small",
    "group": "sequences that are related; never divided between folds",
    "fold": "one part of the training sequences, held out in turn",
    "look": "one evaluation on the independent test set, kept in the ledger",
    "positive feedback": "weights that drive SN and SP apart, kept to compare with the published loss",
    "Brier": "mean squared error of the probability: 0 is perfect; 0.25 is always saying 0.5",
    "log-loss": "mean surprise at the true class: always saying 0.5 gives 0.693, being sure and wrong costs most",
    "miscalibration": "how far probabilities are from the shares observed; what isotonic regression would take off the Brier score",
    "Brier skill": "Brier score against always answering the share of positives: 1 is perfect, 0 no better",
    "ECE": "expected calibration error: mean distance of probability and share observed, over ten bins",
    "CORP": "reliability by isotonic regression, without bins (Dimitriadis, Gneiting and Jordan 2021)",
    "net benefit": "true positives less false positives at their price, per sequence",
    "Holm": "a p value corrected for the number of comparisons",
    "DeLong": "a test of two AUROCs on the same sequences",
    "McNemar": "a test of two classifiers by the sequences that only one has right",
    "TP / FP / TN / FN": "numbers of true and false positives, true and false negatives",
    "shortcut": "something trivial that predicts the class, such as the length",
    "identity": "of the best alignment with a training sequence: identical columns times coverage",
    "logit": "what the model adds up before it becomes a score: 0 is a score of 0.5, and each unit makes the odds 2.7 times as large",
    "contribution": "how far the logit falls where a residue is made unknown; of a number, its share of the logit (Shapley values in trees, weights in logistic regression, integrated gradients in networks)",
    "spread": "standard deviation of what residues add at a position: 0 where it does not matter which one stands there",
    "average rank": "mean place over the data sets, 1 is the best; of equals the mean of their places",
    "critical difference": "average ranks that are nearer than this cannot be told apart (Nemenyi, 5 %)",
    "twin": "a variant whose loss is another's on these data",
    "Shapley value": "of a prediction, the share that a number adds on average, in whatever order numbers become known",
    "integrated gradient": "of a prediction, the share that a number adds on the way from the mean sequence to this one",
    "sealed": "looked at once; one more look needs a reason, which reports show for ever",
    "practice": "looks are counted and never withheld, as of simulated data: a result there proves nothing about proteins",
    "policy": "whether a second look is withheld (sealed) or not (practice)",
    "ledger": "the list of every look at a test set, to which lines are only ever added",
    "selection": "the frozen choice of variant and thresholds, with the digest of all that decides it",
    "digest": "a number made of a file (SHA-256) that any change of it changes",
    "SHA-256": "a number made of a file that any change of it changes",
    "baseline": "the variant that losses are compared with",
    "operating point": "a threshold with what it reaches",
    "deployed": "used to call new sequences",
    "cross-validation": "every part of the training sequences is scored by models that were trained on the other parts",
    "member": "one of the models of a variant: trained without one fold, from one random start",
    "seed": "the random start of a training",
    "epoch": "one pass of training over its sequences",
    "early stopping": "training ends where sequences that it does not learn from are called no better",
    "inner validation slice": "training sequences that a member keeps back to watch itself",
    "bootstrap": "drawing groups, or sequences, again and again with repeats, to see how far a number moves by chance",
    "Wilson": "an interval of a share that holds for few sequences and near 0 and 1 too (Wilson 1927)",
    "effective number": "as many independent sequences as these, with their relatives, tell as much as",
    "Bonferroni": "the error allowed is divided by the number of comparisons",
    "standard error": "how far the number would typically move with other sequences",
    "p value": "how often chance alone would give a difference as large",
    "paired": "both judged on the same sequences",
    "t-test": "whether a mean difference over the folds is beyond chance, corrected for the training sequences that folds share (Nadeau and Bengio 2003)",
    "Kolmogorov-Smirnov": "a test of whether two sets of scores are spread alike",
    "percentile": "the 95th is the value that 95 of 100 stay below",
    "median": "as many are below it as above",
    "power law": "a curve that rises ever more slowly: each doubling of the data closes the same share of what is missing",
    "calibration": "changes scores so that they can be read as probabilities; order and calls stay",
    "temperature": "calibration that divides the logit by one number (Guo et al. 2017)",
    "Platt": "calibration by a logistic curve: the logit times one number, plus another (Platt 1999)",
    "beta": "calibration by a curve with three numbers, which also fits scores that are too timid (Kull et al. 2017)",
    "isotonic": "calibration by steps that only rise (Zadrozny and Elkan 2002)",
    "Venn-Abers": "calibration that tells two probabilities, as if the sequence were negative and positive: their distance shows how little is known (Vovk et al. 2015)",
    "reliability": "whether of sequences with a probability of 0.8 eight in ten are positive",
    "proper": "smallest where the scores are the true probabilities",
    "conformal prediction": "sets of classes that hold the true one as often as promised, whatever the model",
    "Youden": "sensitivity + specificity − 1, of Youden's index: both classes count alike",
    "G-mean": "geometric mean of SN and SP: the root of their product",
    "F-beta": "mean of precision and SN, in which SN weighs beta² times as much",
    "GHOST": "the threshold of the largest median agreement (kappa) over subsets of the training sequences (Esposito et al. 2021)",
    "kappa": "agreement of calls and classes beyond that of chance: 1 is perfect, 0 is chance",
    "residue": "one amino acid of a sequence",
    "composition": "the share of each amino acid",
    "homology": "relation by common descent, seen as sequences that are alike",
    "MMseqs2": "a fast search for alike sequences (Steinegger and Söding 2017)",
    "Smith-Waterman": "the exact, slow search for the best alignment of two sequences (Smith and Waterman 1981)",
    "honest split": "training sequences related to the test set are removed, and relatives stay in one fold",
    "published split": "as most papers have it: relatives of the test set stay in training, folds at random",
    "class ratio": "how many positives there are for each negative",
    "logistic regression": "a weighted sum of the features, turned into a probability",
    "gradient boosting": "many small decision trees, each trained on what the others left wrong (XGBoost)",
    "feedforward": "a network of two hidden layers on a list of numbers",
    "convolutional": "a network that looks for short patterns of residues",
    "Friedman": "a test of whether the ranks of several variants differ by more than chance",
    "Nemenyi": "how far two average ranks must be apart to differ (5 %)",
    "MLflow": "a page of all trainings, their numbers and files",
    "DOME": "recommendations for telling of machine learning in biology: data, optimisation, model, evaluation",
    "RO-Crate": "a list of a run's files, with their digests, that other tools can read",
}  # fmt: skip

#: Of words that stand in running text otherwise than as they are; empty: in running
#: text they may mean something else, and are explained where they stand.
_FORMS = {
    "gap": "SN − SP",
    "out-of-fold": "[Oo]ut-of-fold",
    "left out": "", "spread": "", "temperature": "", "beta": "", "policy": "",
    "seed": "seeds? a fold",
    "p value": "p(?= [=<])",
    "Wilson": "Wilson(?:'s)?",
    "bootstrap": "[Bb]ootstrap(?!ped)",
    "calibration": "[Cc]alibrat(?:ion|ed|or)",
    "proper": "(?<=not )proper",
    "isotonic": "[Ii]sotonic(?: regression)?",
    "Kolmogorov-Smirnov": "Kolmogorov-Smirnov|KS",
    "Venn-Abers": "Venn-Abers|venn_abers",
    "Platt": "Platt|platt",
    "Holm": "Holm(?:-corrected)?",
    "percentile": "[Pp]ercentile",
    "homology": "[Hh]omolog(?:y|s|ous)",
    "loss": "[Ll]oss(?:es)?",
}  # fmt: skip
#: Where words are not explained: commands, links, headings that the contents repeat,
#: and what is pasted elsewhere.
_WHOLE = {"h2", "h3", "pre", "code", "a", "abbr", "button", "summary", "svg", "title", "style", "script"}  # fmt: skip
_LEFT = re.compile('class="(?:copied|words)"')
_TAG = re.compile(r"(<[^>]*>)")


def of_run(decides: Decides) -> dict[str, str]:
    """Names of this run's losses, features and models, each in one line.

    Parameters
    ----------
    decides : Decides
        The resolved configuration.
    """
    found = {}
    for one in decides.variants.values():
        found[f"{one.loss.name} (loss)"] = loss_in_a_line(one.loss)
        for name in one.training.features:
            family = name if is_import_path(name) else parse(name)[0]
            what = described(name) if is_import_path(name) else FEATURES[family].what
            found[f"{family} (features)"] = what
        model = one.training.model
        known = described(model) if is_import_path(model) else NETWORKS[model].what
        found[f"{model.replace('_', ' ')} (model)"] = known
    return found


#: Names of features that are words of every text.
_COMMON = {"tokens", "residues", "embeddings"}


def features_of_run(decides: Decides) -> dict[str, str]:
    """Feature sets of this run by name, each in one line, as running text may use them.

    Parameters
    ----------
    decides : Decides
    """
    return {
        family: FEATURES[family].what
        for one in decides.variants.values()
        for name in one.training.features
        if not is_import_path(name) and (family := parse(name)[0]) not in _COMMON
    }


def loss_in_a_line(loss: LossSettings) -> str:
    """What a loss is, from its settings' description or the user's own code.

    Parameters
    ----------
    loss : LossSettings
    """
    if is_import_path(loss.name):
        return described(loss.name)
    lines = (type(loss).__doc__ or loss.name).strip().splitlines()
    first = " ".join(itertools.takewhile(bool, map(str.strip, lines)))
    return first.rstrip(".")


def pattern_of(name: str) -> str:
    """How a word of WORDS is found in running text; empty where it is not looked for.

    Parameters
    ----------
    name : str
    """
    if name in _FORMS:
        return _FORMS[name]
    known = re.escape(name)
    if name[0].islower() and len(name) > 3:
        known = f"[{name[0].upper()}{name[0]}]{re.escape(name[1:])}"
    return f"{known}s?"


def _search(
    names: Iterable[str], more: Iterable[str]
) -> tuple[re.Pattern[str], list[str]]:
    patterns = {name: pattern_of(name) for name in names}
    patterns |= {name: rf"{re.escape(name)}\d*" for name in more}
    looked = [
        name for name in sorted(patterns, key=len, reverse=True) if patterns[name]
    ]
    each = "|".join(f"({patterns[name]})" for name in looked)
    return re.compile(rf"(?<![\w./-])(?:{each})(?![\w/]|-\w)"), looked


def explained(page: str, more: Mapping[str, str] | None = None) -> str:
    """A page whose words are explained where each is first used.

    Parameters
    ----------
    page : str
        HTML, in the order in which it is read.
    more : dict of str to str, optional
        Words of this page alone, which are found as they are, and what each means.
    """
    search, looked = _search(WORDS, more or {})
    meanings = {**WORDS, **(more or {})}
    seen: set[str] = set()
    inside: list[str] = []
    done = []

    def once(found: re.Match[str]) -> str:
        word = looked[(found.lastindex or 1) - 1]
        if word in seen:
            return found[0]
        seen.add(word)
        # The text is HTML already.
        return str(_explained(meanings[word], Markup(found[0])))

    for piece in _TAG.split(page):
        if piece.startswith("<"):
            _step(piece, inside, seen)
        elif not inside and piece.strip():
            piece = search.sub(once, piece)
        done.append(piece)
    return "".join(done)


def _step(tag: str, inside: list[str], seen: set[str]) -> None:
    """Go into or out of what is left as it is."""
    name = re.match(r"</?([a-z0-9]*)", tag)
    kind = name[1] if name else ""
    if tag.startswith("</"):
        if inside and inside[-1] == kind:
            inside.pop()
    elif kind in _WHOLE or _LEFT.search(tag) or (inside and inside[-1] == kind):
        inside.append(kind)
        if title := re.search('title="([^"]*)"', tag):
            told = html.unescape(title[1])
            seen.update(word for word, meaning in WORDS.items() if meaning == told)


def term(name: str, shown: str | None = None) -> Markup:
    """A word with its explanation, to be read by pointing at it.

    Parameters
    ----------
    name : str
        Of WORDS.
    shown : str, optional
        Another form of it.

    Returns
    -------
    Markup
    """
    return _explained(WORDS[name], escape(shown or name))


#: Methods of calibration as WORDS have them; those of other names are the same.
_CALIBRATIONS = {"platt": "Platt", "venn_abers": "Venn-Abers"}


def calibration_term(method: str) -> Markup:
    """A method of calibration with its explanation.

    Parameters
    ----------
    method : str
        Of a `Calibrator`; `none` leaves scores as they are.
    """
    name = _CALIBRATIONS.get(method, method)
    return term(name, name) if name in WORDS else Markup(escape(method))


def _explained(meaning: str, shown: Markup) -> Markup:
    return Markup('<abbr title="{}">{}</abbr>').format(meaning, shown)
