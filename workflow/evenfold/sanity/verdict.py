"""Where the real run stands among its controls."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm

from evenfold.metrics.comparison import delong
from evenfold.metrics.counts import confusion, rates
from evenfold.metrics.scores import auroc, sigmoid
from evenfold.records.tables import CONTROL_RATES
from evenfold.selection.thresholds import choose, sweep

#: AUROC of permuted labels beyond which something leaks.
_LEVEL = 0.001


_JUDGED = "Judged is the baseline, trained on each control, not the champion."


@dataclass(frozen=True)
class Control:
    """Out-of-fold logits on one control, their labels and their AUROC."""

    logits: np.ndarray
    labels: np.ndarray
    auroc: float


def judge(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Score the controls and say what they mean.

    Parameters
    ----------
    frame : DataFrame
        Columns control, label, logit; the control `real` among them.

    Returns
    -------
    tuple of (DataFrame, list of str)
        One row a control: auroc, and sn, sp, mcc at its own SN = SP threshold; and the
        verdict, in sentences.
    """
    judged = {}
    for name, part in frame.groupby("control", sort=False):
        logits, labels = part.logit.to_numpy(), part.label.to_numpy()
        judged[name] = Control(logits, labels, auroc(logits, labels))
    rows = [
        (name, control.auroc, *_at_own_threshold(control))
        for name, control in judged.items()
    ]
    table = pd.DataFrame(rows, columns=CONTROL_RATES.names)
    return table, [*_verdict(judged), _JUDGED]


def _at_own_threshold(control: Control) -> tuple[float, float, float]:
    """SN, SP and MCC at the SN = SP threshold of a control's own scores."""
    points = sweep(control.logits, control.labels)
    threshold = sigmoid(points.logit[choose(points, "sn_eq_sp")])
    found = rates(**confusion(sigmoid(control.logits), control.labels, threshold))
    return found["sn"], found["sp"], found["mcc"]


def _verdict(judged: dict[str, Control]) -> list[str]:
    real, permuted = judged["real"], judged["permuted labels"]
    n1, n0 = real.labels.sum(), (1 - real.labels).sum()
    # Standard deviation of the AUROC of scores that know nothing (Mann and Whitney).
    chance = float(((n1 + n0 + 1) / (12 * n1 * n0)) ** 0.5)
    limit = 0.5 + norm.isf(_LEVEL) * chance
    sentences = []
    if permuted.auroc > limit:
        sentences.append(
            f"Permuted labels reach AUROC {permuted.auroc:.3f}, beyond what "
            f"chance allows ({limit:.3f}): something besides the sequences tells the "
            "class. Do not trust the results before that is found."
        )
    if real.auroc <= limit:
        sentences.append(
            f"The real run's AUROC {real.auroc:.3f} is what chance gives: nothing was "
            "learned."
        )
        return sentences
    for name, meaning in (
        ("shuffled residues", "the order of the residues"),
        ("composition alone", "more than composition"),
    ):
        area = judged[name].auroc
        p = delong(real.logits, judged[name].logits, real.labels)["p"]
        if real.auroc > area and p < 0.05:
            sentences.append(
                f"It learns {meaning}: AUROC {real.auroc:.3f} against "
                f"{area:.3f} with {name}."
            )
        else:
            sentences.append(
                f"It shows no use of {meaning}: AUROC {real.auroc:.3f} against "
                f"{area:.3f} with {name}."
            )
    return sentences
