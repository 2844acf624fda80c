"""Figures as SVG text, drawn by matplotlib in one quiet style."""

import io
import re

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt

INK, MUTED, GRID = "#1d2733", "#6b7785", "#e3e8ee"
SN, SP, MCC, HALF = "#c2410c", "#1d4ed8", "#0f766e", "#94a3b8"

STYLE = {
    "font.family": "sans-serif",
    "font.size": 9.5,
    "svg.fonttype": "none",
    "svg.hashsalt": "evenfold",
    "axes.edgecolor": GRID,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": INK,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "text.color": INK,
    "legend.frameon": False,
}


def _svg(figure) -> str:
    """The figure as an <svg> element that scales with its column."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    return re.sub(r'<svg ([^>]*?)width="[^"]*"', r"<svg \1", text, count=1).replace(
        "font: 9.5px 'sans-serif'", "font: 9.5px sans-serif"
    )


def mcc_intervals(rows: list[dict]) -> str:
    """MCC with its interval for every variant, at 0.5 and at the tuned threshold.

    Parameters
    ----------
    rows : list of dict
        variant, operating_point, mcc, mcc_low, mcc_high, champion.
    """
    with plt.rc_context(STYLE):
        names = list(dict.fromkeys(row["variant"] for row in rows))
        figure, axes = plt.subplots(figsize=(5.4, 1.6 + 0.5 * len(names)))
        for row in rows:
            half = row["operating_point"] == "0.5"
            y = names.index(row["variant"]) + (-0.14 if half else 0.14)
            colour = HALF if half else MCC
            axes.plot([row["mcc_low"], row["mcc_high"]], [y, y], color=colour, lw=2)
            axes.plot(row["mcc"], y, "o", color=colour, ms=6, mec="white", mew=0.8)
        axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()
        axes.grid(axis="y", visible=False)
        axes.set_xlabel("MCC, 95 % bootstrap interval")
        _legend(axes, [("threshold 0.5", HALF, "o"), ("tuned threshold", MCC, "o")])
        return _svg(figure)


def balance(rows: list[dict]) -> str:
    """SN against SP: each variant from threshold 0.5 to its tuned threshold."""
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(5.0, 5.0))
        axes.plot([0, 1], [0, 1], color=MUTED, lw=1, ls=(0, (4, 3)), zorder=1)
        start = {r["variant"]: r for r in rows if r["operating_point"] == "0.5"}
        tuned = [r for r in rows if r["operating_point"] != "0.5"]
        for row in rows:
            half = row["operating_point"] == "0.5"
            axes.plot(
                row["sp"],
                row["sn"],
                "o",
                color="white" if half else MCC,
                mec=HALF if half else "white",
                mew=1.6 if half else 0.8,
                ms=7,
                zorder=3,
            )
        for row in tuned:
            origin = start[row["variant"]]
            axes.annotate(
                "",
                xy=(row["sp"], row["sn"]),
                xytext=(origin["sp"], origin["sn"]),
                arrowprops={
                    "arrowstyle": "-|>",
                    "color": HALF,
                    "lw": 0.9,
                    "shrinkA": 4,
                    "shrinkB": 4,
                },
                zorder=2,
            )
        for row in [r for r in tuned if r["champion"]] or tuned[:1]:
            axes.annotate(
                row["variant"],
                (row["sp"], row["sn"]),
                xytext=(-8, 10),
                textcoords="offset points",
                ha="right",
                weight="bold",
                color=MCC,
            )
        low = min([0.5] + [r["sn"] for r in rows] + [r["sp"] for r in rows])
        low = max(0.0, np.floor(low * 10) / 10 - 0.05)
        axes.set(
            xlim=(low, 1.01),
            ylim=(low, 1.01),
            xlabel="specificity SP",
            ylabel="sensitivity SN",
            aspect="equal",
        )
        _legend(axes, [("threshold 0.5", HALF, "o"), ("tuned threshold", MCC, "o")])
        return _svg(figure)


def threshold_curves(tuned: dict[str, dict]) -> str:
    """SN, SP and MCC over the threshold, with each fold's own threshold, per variant.

    Parameters
    ----------
    tuned : dict
        Contents of threshold.json by variant.
    """
    with plt.rc_context(STYLE):
        columns = min(3, len(tuned))
        rows = -(-len(tuned) // columns)
        figure, grid = plt.subplots(
            rows, columns, figsize=(3.5 * columns, 2.3 * rows), squeeze=False,
            sharex=True, sharey=True,
        )  # fmt: skip
        for axes in grid.flat[len(tuned) :]:
            axes.set_visible(False)
        for axes, (name, one) in zip(grid.flat, tuned.items()):
            curve = one["curve"]
            for key, colour in (("sn", SN), ("sp", SP), ("mcc", MCC)):
                axes.plot(curve["threshold"], curve[key], color=colour, lw=1.7)
            axes.axvline(one["threshold"], color=INK, lw=1)
            axes.axvline(0.5, color=HALF, lw=1, ls=(0, (3, 3)))
            own = [f["thresholds"].get(one["operating_point"]) for f in one["folds"]]
            axes.plot(
                [t for t in own if t is not None],
                [-0.04] * sum(t is not None for t in own),
                "|",
                color=INK,
                ms=9,
                mew=1.3,
            )
            axes.set_title(name, loc="left", weight="bold", fontsize=10)
            axes.set(xlim=(0, 1), ylim=(-0.1, 1.02))
        for axes in grid[-1]:
            axes.set_xlabel("threshold")
        grid[0, 0].legend(
            handles=[
                plt.Line2D([], [], color=SN, label="SN"),
                plt.Line2D([], [], color=SP, label="SP"),
                plt.Line2D([], [], color=MCC, label="MCC"),
            ],
            loc="lower center",
            ncols=3,
            fontsize=8.5,
            handlelength=1.2,
            columnspacing=1,
        )
        figure.tight_layout()
        return _svg(figure)


def reliability(
    calibrations: dict[str, dict], champion: str, tested: dict | None = None
) -> str:
    """Reliability of the champion, and the net benefit of acting on it.

    Parameters
    ----------
    calibrations : dict of str to dict
        Per variant, as `selection.calibrating.calibrate` gives.
    tested : dict, optional
        As `evaluation.looking.curves` gives: drawn dotted beside.
    """
    own = calibrations[champion]
    method = own["calibrator"]["method"]
    with plt.rc_context(STYLE):
        figure, (left, right) = plt.subplots(1, 2, figsize=(8.6, 3.6))
        left.plot([0, 1], [0, 1], "--", color=INK, lw=0.8)
        shown = [("none", HALF, "raw score")]
        if method != "none":
            shown.append((method, MCC, f"calibrated: {method}"))
        for name, colour, label in shown:
            curve = own["curves"][name]
            left.plot(curve["predicted"], curve["observed"], color=colour, label=label)
        if tested:
            curve = tested["reliability"]["calibrated"]
            left.plot(
                curve["predicted"], curve["observed"], ":", color=INK, label="test set"
            )
        left.set_xlabel("predicted probability")
        left.set_ylabel("observed share of positives")
        left.set_aspect("equal")
        left.legend(fontsize=8, loc="upper left")
        benefit = own["net_benefit"]
        for key, colour, label in (
            ("all", SP, "call all positive"),
            ("raw", HALF, "raw score"),
            ("calibrated", MCC, "calibrated"),
        ):
            right.plot(benefit["risk"], benefit[key], color=colour, label=label)
        if tested:
            right.plot(
                tested["risk"],
                tested["net_benefit"]["calibrated"],
                ":",
                color=INK,
                label="test set",
            )
        right.axhline(0, color=INK, lw=0.8)
        top = max(*benefit["raw"], *benefit["calibrated"])
        right.set_ylim(-0.25 * top, 1.15 * top)
        right.set_xlabel("risk at which acting is worth it")
        right.set_ylabel("net benefit")
        right.legend(fontsize=8, loc="upper right")
        figure.tight_layout()
        return _svg(figure)


def identities(audit: dict) -> str:
    """How close the nearest partner is: test to training, and fold to fold."""
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(6.2, 2.4))
        for key, label, colour in (
            ("fold_to_fold", "training, nearest in another fold", HALF),
            ("test_to_train", "test, nearest in training", SP),
        ):
            if key in audit:
                counts = np.array(audit[key]["histogram"]["counts"], dtype=float)
                edges = audit[key]["histogram"]["edges"]
                axes.stairs(
                    counts / max(1, counts.sum()),
                    edges,
                    fill=True,
                    color=colour,
                    alpha=0.45,
                    label=label,
                )
        axes.set(
            xlim=(0, 1),
            xlabel="identity × coverage of the best alignment",
            ylabel="share",
        )
        # Above the bars, which it would cover.
        axes.legend(fontsize=8.5, ncols=2, loc="lower left", bbox_to_anchor=(0, 1))
        return _svg(figure)


def learning_curves(history: dict) -> str:
    """AUROC on the inner validation slices by epoch, mean over members, per variant."""
    # The classical models have no epochs.
    history = {n: h for n, h in history.items() if h["epoch"].nunique() > 1}
    if not history:
        return ""
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(6.2, 2.6))
        colours = plt.get_cmap("viridis")(np.linspace(0.05, 0.85, len(history)))
        for colour, (name, frame) in zip(colours, history.items()):
            by_epoch = frame.groupby("epoch")["inner_auroc"]
            axes.plot(by_epoch.mean(), color=colour, lw=1.6, label=name)
        axes.set(xlabel="epoch", ylabel="inner AUROC")
        if len(history) <= 8:
            axes.legend(fontsize=8, ncols=2, loc="lower right")
        else:
            # Beside the curves, which it would cover.
            axes.legend(fontsize=7, ncols=2, loc="center left", bbox_to_anchor=(1, 0.5))
        return _svg(figure)


def _legend(axes, entries):
    axes.legend(
        handles=[
            plt.Line2D([], [], color=c, marker=m, ls="", label=t) for t, c, m in entries
        ],
        fontsize=8.5,
        loc="upper center",
        bbox_to_anchor=(0.5, 1.1),
        ncols=2,
    )
