"""Words of the report that a novice may not know, each in one line."""

from markupsafe import Markup, escape

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
    "log-loss": "mean surprise at the true class, in nats; being sure and wrong costs most",
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
    "contribution": "how far the logit falls where a residue is made unknown; of a number its Shapley value in trees, its weight in logistic regression, its integrated gradient in networks",
    "spread": "standard deviation of what residues add at a position: 0 where it does not matter which one stands there",
    "average rank": "mean place over the data sets, 1 is the best; of equals the mean of their places",
    "critical difference": "average ranks that are nearer than this cannot be told apart (Nemenyi, 5 %)",
    "twin": "a variant whose loss is another's on these data",
}  # fmt: skip


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
    return Markup('<abbr title="{}">{}</abbr>').format(
        WORDS[name], escape(shown or name)
    )
