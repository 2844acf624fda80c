"""Learning curves: whether training came to an end."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd

from evenfold.reporting import figures
from evenfold.reporting.facts import Facts
from evenfold.reporting.figures import Drawing
from evenfold.reporting.section import Section

#: Columns of a history, and what they are called.
_PANELS = (
    ("train_loss", "training loss", "each variant's own"),
    ("watched_auroc", "AUROC", "AUROC, watched rows"),
    ("watched_sn", "SN at 0.5", "SN at 0.5, watched rows"),
    ("watched_sp", "SP at 0.5", "SP at 0.5, watched rows"),
)


def draw_learning(
    history: Mapping[str, pd.DataFrame], leading: Sequence[str]
) -> list[Drawing]:
    """Loss, AUROC, SN and SP by epoch, mean over members, a line a variant.

    Parameters
    ----------
    history : dict of str to DataFrame
        By variant, with the columns epoch, train_loss, watched_auroc, watched_sn and
        watched_sp.
    leading : sequence of str
        Variants that have a colour, the champion first; the others are thin and grey.

    Returns
    -------
    list of Drawing
        None where no variant has epochs.
    """
    # The classical models have no epochs.
    history = {n: h for n, h in history.items() if h["epoch"].nunique() > 1}
    colours = figures.standing_out([name for name in leading if name in history])
    return [
        _draw(history, colours, column, what, title)
        for column, what, title in (_PANELS if history else ())
    ]


def _draw(history, colours, column, what, title) -> Drawing:
    others = len(history) - len(colours)
    # Many are a backdrop; a few are lines to be followed.
    thin_width = 0.6 if others > len(colours) else 1.2
    with plt.rc_context(figures.STYLE):
        figure, axes = plt.subplots(figsize=(figures.SMALL, 2.3))
        for name, frame in sorted(history.items(), key=lambda item: item[0] in colours):
            by_epoch = frame.groupby("epoch")[column].mean()
            (line,) = axes.plot(
                by_epoch,
                color=colours.get(name, figures.HALF),
                lw=1.8 if name in colours else thin_width,
            )
            told = f"{name}: {by_epoch.iloc[-1]:.3f} after epoch {by_epoch.index[-1]}"
            figures.mark(line, told, name)
        axes.set(xlabel="epoch", ylabel=what)
        entries = list(colours.items())
        if others > 0:
            thin = [name for name in history if name not in colours]
            told = thin[0] if others == 1 else f"{others} more"
            entries.append((told, figures.HALF))
        figures.legend_above(axes, entries, marker="", variants=history)
        name = f"learning-{column.replace('_', '-')}"
        return figures.drawn(figure, name, f"{what} by epoch: {title}")


def _tells(facts: Facts) -> dict[str, Any] | None:
    learning = draw_learning(facts.history, facts.leading)
    return {"learning": learning} if learning else None


SECTION = Section(
    _tells,
    """\
<h3 id="learning">Did training come to an end?</h3>
{% call panels(learning) %}By epoch, mean over the members of each variant: the loss that it was trained on (losses of different variants do not compare), and AUROC, SN and SP on rows that a member is not trained on. These are its inner validation slice where a loss or early stopping needs one, else some of its held-out fold, which steer nothing.{% endcall %}
""",
)
