"""Words of the report that a novice may not know, each in one line."""

import html
import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from markupsafe import Markup, escape

from evenfold.config.decides import Decides
from evenfold.config.features import KINDS as FEATURES
from evenfold.config.features import parse
from evenfold.config.losses import LossSettings
from evenfold.config.networks import NETWORKS
from evenfold.importing import described, is_import_path


@dataclass(frozen=True)
class Word:
    """A word that a novice may not know.

    Attributes
    ----------
    name : str
    meaning : str
        In one line.
    form : str, optional
        Pattern of it in running text, where it does not stand there as it is; empty where
        it may mean something else there, and is explained where it stands.
    """

    name: str
    meaning: str
    form: str | None = None

    @property
    def pattern(self) -> str:
        """How it is found in running text; empty where it is not looked for."""
        if self.form is not None:
            return self.form
        known = re.escape(self.name)
        if self.name[0].islower() and len(self.name) > 3:
            first, rest = self.name[0], re.escape(self.name[1:])
            known = f"[{first.upper()}{first}]{rest}"
        return f"{known}s?"


WORDS = {word.name: word for word in (
    Word("SN", "sensitivity: of the true positives, the share that is called positive"),
    Word("SP", "specificity: of the true negatives, the share that is called negative"),
    Word("gap", "SN − SP: 0 where both classes are called equally well", "SN − SP"),
    Word("MCC", "Matthews correlation coefficient: 1 is perfect, 0 is guessing, −1 always wrong"),
    Word("ACC", "accuracy: the share of right calls; misleading where one class is rare"),
    Word("PPV", "precision: of the sequences called positive, the share that is"),
    Word("NPV", "of the sequences called negative, the share that is"),
    Word("F1", "harmonic mean of precision (PPV) and SN; it ignores true negatives"),
    Word("AUROC", "chance that a positive scores higher than a negative: 0.5 is guessing"),
    Word("ROC", "receiver operating characteristic: the curve of SN over the share of false positives, for every threshold"),
    Word("AUPRC", "mean precision over all thresholds; guessing gives the share of positives"),
    Word("threshold", "the score from which a sequence is called positive"),
    Word("untuned", "called at 0.5, the threshold that nobody chose"),
    Word("out-of-fold", "in cross-validation: scored by models that did not see the sequence, nor its relatives", "[Oo]ut-of-fold"),
    Word("sn_eq_sp", "the threshold at which SN and SP are equal out-of-fold"),
    Word("95 % interval", "where the true value is to be expected in 95 of 100 such studies"),
    Word("Δ MCC", "difference of MCC on the same sequences; an interval across zero shows none"),
    Word("left out", "SN − SP where each fold is called at a threshold tuned on the others: what to expect on new data", ""),
    Word("stability", "whether the folds' own thresholds differ by more than chance"),
    Word("champion", "the variant that is deployed, chosen in cross-validation"),
    Word("variant", "a loss with its settings, and its own model or features if it has any"),
    Word("loss", "what training makes small", "[Ll]oss(?:es)?"),
    Word("group", "sequences that are related; never divided between folds"),
    Word("fold", "one part of the training sequences, held out in turn"),
    Word("look", "one evaluation on the independent test set, kept in the ledger"),
    Word("positive feedback", "weights that drive SN and SP apart, kept to compare with the published loss"),
    Word("Brier", "mean squared error of the probability: 0 is perfect; 0.25 is always saying 0.5"),
    Word("log-loss", "mean surprise at the true class: always saying 0.5 gives 0.693, being sure and wrong costs most"),
    Word("miscalibration", "how far probabilities are from the shares observed; what isotonic regression would take off the Brier score"),
    Word("Brier skill", "Brier score against always answering the share of positives: 1 is perfect, 0 no better"),
    Word("ECE", "expected calibration error: mean distance of probability and share observed, over ten bins"),
    Word("CORP", "reliability by isotonic regression, without bins (Dimitriadis, Gneiting and Jordan 2021)"),
    Word("net benefit", "true positives less false positives at their price, per sequence"),
    Word("Holm", "a p value corrected for the number of comparisons", "Holm(?:-corrected)?"),
    Word("DeLong", "a test of two AUROCs on the same sequences"),
    Word("McNemar", "a test of two classifiers by the sequences that only one has right"),
    Word("TP / FP / TN / FN", "numbers of true and false positives, true and false negatives"),
    Word("shortcut", "something trivial that predicts the class, such as the length"),
    Word("identity", "of the best alignment with a training sequence: identical columns times coverage"),
    Word("logit", "what the model adds up before it becomes a score: 0 is a score of 0.5, and each unit makes the odds 2.7 times as large"),
    Word("contribution", "how far the logit falls where a residue is made unknown; of a number, its share of the logit (Shapley values in trees, weights in logistic regression, integrated gradients in networks)"),
    Word("spread", "standard deviation of what residues add at a position: 0 where it does not matter which one stands there", ""),
    Word("average rank", "mean place over the data sets, 1 is the best; of equals the mean of their places"),
    Word("critical difference", "average ranks that are nearer than this cannot be told apart (Nemenyi, 5 %)"),
    Word("twin", "a variant whose loss is another's on these data"),
    Word("Shapley value", "of a prediction, the share that a number adds on average, in whatever order numbers become known"),
    Word("integrated gradient", "of a prediction, the share that a number adds on the way from the mean sequence to this one"),
    Word("sealed", "looked at once; one more look needs a reason, which reports show for ever"),
    Word("practice", "looks are counted and never withheld, as of simulated data: a result there proves nothing about proteins"),
    Word("policy", "whether a second look is withheld (sealed) or not (practice)", ""),
    Word("ledger", "the list of every look at a test set, to which lines are only ever added"),
    Word("selection", "the frozen choice of variant and thresholds, with the digest of all that decides it"),
    Word("digest", "a number made of a file (SHA-256) that any change of it changes"),
    Word("SHA-256", "a number made of a file that any change of it changes"),
    Word("baseline", "the variant that losses are compared with"),
    Word("operating point", "a threshold with what it reaches"),
    Word("deployed", "used to call new sequences"),
    Word("cross-validation", "every part of the training sequences is scored by models that were trained on the other parts"),
    Word("member", "one of the models of a variant: trained without one fold, from one random start"),
    Word("seed", "the random start of a training", "seeds? a fold"),
    Word("epoch", "one pass of training over its sequences"),
    Word("early stopping", "training ends where sequences that it does not learn from are called no better"),
    Word("inner validation slice", "training sequences that a member keeps back to watch itself"),
    Word("bootstrap", "drawing groups, or sequences, again and again with repeats, to see how far a number moves by chance", "[Bb]ootstrap(?!ped)"),
    Word("Wilson", "an interval of a share that holds for few sequences and near 0 and 1 too (Wilson 1927)", "Wilson(?:'s)?"),
    Word("effective number", "as many independent sequences as these, with their relatives, tell as much as"),
    Word("Bonferroni", "the error allowed is divided by the number of comparisons"),
    Word("standard error", "how far the number would typically move with other sequences"),
    Word("p value", "how often chance alone would give a difference as large", "p(?= [=<])"),
    Word("paired", "both judged on the same sequences"),
    Word("t-test", "whether a mean difference over the folds is beyond chance, corrected for the training sequences that folds share (Nadeau and Bengio 2003)"),
    Word("Kolmogorov-Smirnov", "a test of whether two sets of scores are spread alike", "Kolmogorov-Smirnov|KS"),
    Word("percentile", "the 95th is the value that 95 of 100 stay below", "[Pp]ercentile"),
    Word("median", "as many are below it as above"),
    Word("power law", "a curve that rises ever more slowly: each doubling of the data closes the same share of what is missing"),
    Word("calibration", "changes scores so that they can be read as probabilities; order and calls stay", "[Cc]alibrat(?:ion|ed|or)"),
    Word("temperature", "calibration that divides the logit by one number (Guo et al. 2017)", ""),
    Word("Platt", "calibration by a logistic curve: the logit times one number, plus another (Platt 1999)", "Platt|platt"),
    Word("beta", "calibration by a curve with three numbers, which also fits scores that are too timid (Kull et al. 2017)", ""),
    Word("isotonic", "calibration by steps that only rise (Zadrozny and Elkan 2002)", "[Ii]sotonic(?: regression)?"),
    Word("Venn-Abers", "calibration that tells two probabilities, as if the sequence were negative and positive: their distance shows how little is known (Vovk et al. 2015)", "Venn-Abers|venn_abers"),
    Word("reliability", "whether of sequences with a probability of 0.8 eight in ten are positive"),
    Word("proper", "smallest where the scores are the true probabilities", "(?<=not )proper"),
    Word("conformal prediction", "sets of classes that hold the true one as often as promised, whatever the model"),
    Word("Youden", "sensitivity + specificity − 1, of Youden's index: both classes count alike"),
    Word("G-mean", "geometric mean of SN and SP: the root of their product"),
    Word("F-beta", "mean of precision and SN, in which SN weighs beta² times as much"),
    Word("GHOST", "the threshold of the largest median agreement (kappa) over subsets of the training sequences (Esposito et al. 2021)"),
    Word("kappa", "agreement of calls and classes beyond that of chance: 1 is perfect, 0 is chance"),
    Word("residue", "one amino acid of a sequence"),
    Word("composition", "the share of each amino acid"),
    Word("homology", "relation by common descent, seen as sequences that are alike", "[Hh]omolog(?:y|s|ous)"),
    Word("MMseqs2", "a fast search for alike sequences (Steinegger and Söding 2017)"),
    Word("Smith-Waterman", "the exact, slow search for the best alignment of two sequences (Smith and Waterman 1981)"),
    Word("honest split", "training sequences related to the test set are removed, and relatives stay in one fold"),
    Word("published split", "as most papers have it: relatives of the test set stay in training, folds at random"),
    Word("class ratio", "how many positives there are for each negative"),
    Word("logistic regression", "a weighted sum of the features, turned into a probability"),
    Word("gradient boosting", "many small decision trees, each trained on what the others left wrong (XGBoost)"),
    Word("feedforward", "a network of two hidden layers on a list of numbers"),
    Word("convolutional", "a network that looks for short patterns of residues"),
    Word("Friedman", "a test of whether the ranks of several variants differ by more than chance"),
    Word("Nemenyi", "how far two average ranks must be apart to differ (5 %)"),
    Word("MLflow", "a page of all trainings, their numbers and files"),
    Word("DOME", "recommendations for telling of machine learning in biology: data, optimisation, model, evaluation"),
    Word("RO-Crate", "a list of a run's files, with their digests, that other tools can read"),
)}  # fmt: skip

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


def _search(more: Iterable[str]) -> tuple[re.Pattern[str], list[str]]:
    patterns = {name: word.pattern for name, word in WORDS.items()}
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
    search, looked = _search(more or {})
    meanings = {name: word.meaning for name, word in WORDS.items()} | dict(more or {})
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
            seen.update(one.name for one in WORDS.values() if one.meaning == told)


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
    return _explained(WORDS[name].meaning, escape(shown or name))


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
