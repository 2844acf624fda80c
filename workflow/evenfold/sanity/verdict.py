"""Where the real run stands among its controls."""

import pandas as pd
from scipy.stats import norm

from evenfold.metrics.comparison import delong
from evenfold.metrics.counts import confusion, rates
from evenfold.metrics.scores import auroc, sigmoid
from evenfold.selection.thresholds import choose, sweep

#: AUROC of permuted labels beyond which something leaks.
_LEVEL = 0.001


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
    rows = []
    for name, own in frame.groupby("control", sort=False):
        logits, labels = own["logit"].to_numpy(), own["label"].to_numpy()
        points = sweep(logits, labels)
        threshold = sigmoid(points.logit[choose(points, "sn_eq_sp")])
        found = rates(**confusion(sigmoid(logits), labels, threshold))
        rows.append(
            {
                "control": name,
                "auroc": auroc(logits, labels),
                **{key: found[key] for key in ("sn", "sp", "mcc")},
            }
        )
    table = pd.DataFrame(rows).set_index("control")
    told = []
    labels = frame[frame["control"] == "real"]["label"].to_numpy()
    n1, n0 = labels.sum(), (1 - labels).sum()
    # Standard deviation of the AUROC of scores that know nothing (Mann and Whitney).
    chance = float(((n1 + n0 + 1) / (12 * n1 * n0)) ** 0.5)
    limit = 0.5 + norm.isf(_LEVEL) * chance
    area = table["auroc"]
    if area["permuted labels"] > limit:
        told.append(
            f"Permuted labels reach AUROC {area['permuted labels']:.3f}, beyond what "
            f"chance allows ({limit:.3f}): something besides the sequences tells the "
            "class. Do not trust the results before that is found."
        )
    if area["real"] <= limit:
        told.append(
            f"The real run's AUROC {area['real']:.3f} is what chance gives: nothing was "
            "learned."
        )
        return table.reset_index(), told
    for name, meaning in (
        ("shuffled residues", "the order of the residues"),
        ("composition alone", "more than composition"),
    ):
        own = frame[frame["control"] == name]
        p = delong(
            frame[frame["control"] == "real"]["logit"].to_numpy(),
            own["logit"].to_numpy(),
            labels,
        )["p"]
        if area["real"] > area[name] and p < 0.05:
            told.append(
                f"It learns {meaning}: AUROC {area['real']:.3f} against "
                f"{area[name]:.3f} with {name}."
            )
        else:
            told.append(
                f"It shows no use of {meaning}: AUROC {area['real']:.3f} against "
                f"{area[name]:.3f} with {name}."
            )
    return table.reset_index(), told
