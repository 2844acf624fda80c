"""Learning curves: whether training came to an end."""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from markupsafe import Markup

from evenfold.reporting import figures
from evenfold.reporting.facts import Facts
from evenfold.reporting.section import Section


def draw_learning(history: Mapping[str, pd.DataFrame]) -> Markup:
    """AUROC on the rows that are watched by epoch, mean over members, per variant.

    Parameters
    ----------
    history : dict of str to DataFrame
        By variant, with the columns epoch and watched_auroc.

    Returns
    -------
    Markup
        An <svg> element; nothing where no variant has epochs.
    """
    # The classical models have no epochs.
    history = {n: h for n, h in history.items() if h["epoch"].nunique() > 1}
    if not history:
        return Markup("")
    with plt.rc_context(figures.STYLE):
        figure, axes = plt.subplots(figsize=(6.2, 2.6))
        colours = plt.get_cmap("viridis")(np.linspace(0.05, 0.85, len(history)))
        for colour, (name, frame) in zip(colours, history.items()):
            by_epoch = frame.groupby("epoch")["watched_auroc"]
            axes.plot(by_epoch.mean(), color=colour, lw=1.6, label=name)
        axes.set(xlabel="epoch", ylabel="AUROC")
        if len(history) <= 8:
            axes.legend(fontsize=8, ncols=2, loc="lower right")
        else:
            # Beside the curves, which it would cover.
            axes.legend(fontsize=7, ncols=2, loc="center left", bbox_to_anchor=(1, 0.5))
        return figures.svg(figure)


def _tells(facts: Facts) -> dict[str, Any] | None:
    learning = draw_learning(facts.history)
    return {"learning": learning} if learning else None


SECTION = Section(
    _tells,
    """\
<figure>{{ learning }}<figcaption>AUROC by epoch on rows that a member is not trained on, mean over the members of each variant: its inner validation slice where a loss or early stopping needs one, else some of its held-out fold, which steer nothing.</figcaption></figure>
""",
)
