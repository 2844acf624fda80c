"""The figures: SVG that shows what it must."""

import math
import re
from itertools import pairwise

import numpy as np
import pytest

from evenfold.reporting import figures
from evenfold.reporting.sections.cross_validation import draw_forest
from evenfold.reporting.sections.domain import draw_bands
from evenfold.reporting.sections.leaks import draw_identities
from evenfold.reporting.sections.learning import draw_learning
from evenfold.reporting.sections.looks_at import (
    draw_columns,
    draw_logo,
    draw_residues,
)
from evenfold.reporting.sections.mistakes import (
    draw_counts,
    draw_novelty,
    hardest,
    nearest_tells,
)
from evenfold.reporting.sections.more_data import draw_sizes
from evenfold.reporting.sections.on_test_set import (
    apart,
    draw_balance,
    draw_mcc,
    draw_rates,
    draw_tuning,
    draw_zoom,
)
from evenfold.reporting.sections.operating_points import draw_curves
from evenfold.reporting.sections.prediction_sets import draw_sure
from evenfold.reporting.sections.probabilities import draw_benefit, draw_reliability
from evenfold.reporting.sections.provenance import draw_times
from evenfold.reporting.sections.published_split import compared, draw_published
from evenfold.reporting.sections.telling_apart import curve_of, draw_scores
from evenfold.reporting.sections.telling_apart import draw_curves as draw_roc
from tests.unit import reporting_states as states


def texts(drawing):
    """Texts of a figure, in order."""
    return re.findall(r"<text[^>]*>([^<]*)</text>", drawing.svg)


def told(drawing):
    """What it says to who points at it."""
    return re.findall(r"<g class=\"mark\"[^>]*><title>([^<]*)</title>", drawing.svg)


def strokes(drawing, colour):
    """How many lines and outlines of a colour it has."""
    return len(
        re.findall(rf"stroke: var\(--{figures.VARIABLES[colour]}\)", drawing.svg)
    )


def the(drawings, name):
    """The figure of that name."""
    return next(drawing for drawing in drawings if drawing.name == name)


ROC = [
    ("out-of-fold", figures.HALF, states.oof(), states.point()),
    ("test set", figures.MCC, states.called(), states.measured()),
]
FIGURES = {
    "mcc": lambda: [draw_mcc(states.rows())],
    "balance": lambda: [draw_balance(states.rows())],
    "tuning": lambda: draw_tuning(states.rows()),
    "counts": lambda: [draw_counts(states.rows()[2:])],
    "forest": lambda: draw_forest(states.facts()),
    "curves": lambda: draw_curves(
        {"bce": states.tuned(), "focal": states.untuned()}, ["bce", "focal"]
    ),
    "learning": lambda: draw_learning({"bce": states.history()}, ["bce"]),
    "sizes": lambda: draw_sizes([states.size_curve(), states.size_curve(name="other")]),
    "reliability": lambda: draw_reliability(states.calibration(), states.curves()),
    "benefit": lambda: draw_benefit(states.calibration(), states.curves(), 0.5),
    "roc": lambda: draw_roc(ROC),
    "scores": lambda: [draw_scores("test set", states.called(), 0.4)],
    "novelty": lambda: [draw_novelty(states.called())],
    "identities": lambda: [draw_identities(states.audit())],
    "times": lambda: draw_times(states.facts().times),
    "zoom": lambda: [draw_zoom(states.many().measured)],
    "rates": lambda: [draw_rates(states.many().measured)],
    "sure": lambda: draw_sure(states.sure(), states.sure()),
    "domain": lambda: draw_bands(states.in_bands(), states.in_bands()),
    "residues": lambda: [draw_residues("r", states.of_proteins().residues, "focal")],
    "columns": lambda: [draw_columns("c", states.of_proteins().columns, "focal")],
}
#: Pixels on a page: four small or three large ones in a row of 1156, one of 358 on a phone.
WIDTHS = {270, 356}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_one_svg_that_scales_and_is_the_same_again(name):
    first, again = FIGURES[name](), FIGURES[name]()
    assert first and first == again
    for drawing in first:
        svg = drawing.svg
        assert svg.startswith("<svg ") and svg.rstrip().endswith("</svg>")
        head = svg[: svg.index(">")]
        assert " width=" not in head and "viewBox" in head and 'role="img"' in head
        assert "<metadata>" not in svg
        # A page puts it in as it is.
        assert svg.__html__() == svg
        # Every colour is one that a page may set anew.
        assert not re.findall(r"(?:fill|stroke): #(?!000000)[0-9a-f]{6}", svg)
        assert width(drawing) in WIDTHS
        assert text_sizes(drawing) == {12.0}


def width(drawing):
    """Pixels that a figure takes on a page."""
    return int(re.search(r'<svg [^>]*style="width:(\d+)px"', drawing.svg)[1])


def text_sizes(drawing):
    """Of all its text on a page, in pixels."""
    points = float(re.search(r'viewBox="0 0 ([\d.]+)', drawing.svg)[1])
    found = re.findall(r"<text [^>]*?([\d.]+)px", drawing.svg)
    assert len(found) == len(texts(drawing))
    return {round(float(one) * width(drawing) / points, 1) for one in found}


@pytest.mark.parametrize("name", ["a", "boosting", "a_loss_with_a_very_long_name" * 2])
def test_a_figure_is_as_wide_however_long_the_names_are(name):
    rows = [row.model_copy(update={"variant": name}) for row in states.rows()]
    for drawing in (draw_mcc(rows), *draw_tuning(rows)):
        assert width(drawing) == 356 and text_sizes(drawing) == {12.0}
        shown = [text for text in texts(drawing) if text.startswith(name[:5])]
        assert shown == [name if len(name) < 26 else f"{name[:25]}…"]
        assert f'data-variant="{name}"' in drawing.svg


def test_a_variant_that_is_switched_off_takes_its_name_with_it():
    """Beside rows and in legends, a name is inside a group of its variant."""
    history = {"bce": states.history(), "focal": states.history()}
    for drawing in (
        draw_mcc(states.rows()),
        *draw_forest(states.facts()),
        *draw_learning(history, ["bce", "focal"]),
        *draw_sizes([states.size_curve(), states.size_curve(name="bce")]),
        draw_zoom(states.rows()),
        draw_rates(states.rows()),
    ):
        rest = re.sub(
            r'<g[^>]* data-variant="(\w+)">(?:(?!</?g\b).)*?'
            r"(?:<g\b[^>]*>(?:(?!</?g\b).)*</g>(?:(?!</?g\b).)*?)*</g>",
            "", drawing.svg, flags=re.DOTALL,
        )  # fmt: skip
        left = re.findall(r"<text[^>]*>(bce|focal)</text>", rest)
        assert {"bce", "focal"} & set(texts(drawing)) and left == [], drawing.name
    # What is no variant goes with none, whatever a variant is called.
    novelty = draw_novelty(states.called())
    assert "data-variant" not in novelty.svg


def test_mcc_has_a_line_and_a_dot_for_every_row():
    drawing = draw_mcc(states.rows())
    assert {"bce", "focal", "threshold 0.5", "tuned threshold"} <= set(texts(drawing))
    assert "MCC, 95 % interval" in texts(drawing)
    half = draw_mcc([states.measured_at_half()])
    interval = "; stroke-width: 2"

    def lines(drawn, colour):
        variable = figures.VARIABLES[colour]
        return drawn.svg.count(f"stroke: var(--{variable}){interval}")

    assert lines(half, figures.HALF) == 1 and lines(half, figures.MCC) == 0
    assert lines(drawing, figures.HALF) == lines(drawing, figures.MCC) == 2
    # Two lines, two dots and the name.
    assert drawing.svg.count('data-variant="bce"') == 5
    assert "bce at 0.400: SN 0.800, SP 0.790, MCC 0.500 [0.450, 0.710]" in told(drawing)
    # The best first.
    names = [text for text in texts(drawing) if text in ("bce", "focal")]
    assert names == ["focal", "bce"]


def test_the_plane_names_every_point_and_the_best_of_many():
    drawing = draw_balance(states.rows())
    assert {"focal", "bce"} <= set(texts(drawing))
    assert {"specificity SP", "sensitivity SN", "0.6"} <= set(texts(drawing))
    low = draw_balance(states.rows(sp=0.11))
    assert "0.2" in texts(low) and "0.2" not in texts(drawing)
    # A variant that keeps 0.5 has no arrow, and a name.
    assert "focal" in texts(draw_balance([states.measured_at_half()]))


def test_many_variants_are_enlarged_and_named_on_lines_of_their_own():
    rows = states.many().measured
    plane, zoom, rates = draw_balance(rows), draw_zoom(rows), draw_rates(rows)

    def named(drawing):
        return [text for text in texts(drawing) if text.startswith("variant")]

    assert named(plane) == ["variant3"]
    assert len(named(zoom)) == len(set(named(zoom))) == 10
    assert "variant3" in named(zoom) and "threshold 0.5" not in texts(zoom)
    assert sorted(named(rates)) == sorted(f"variant{i}" for i in range(27))
    # The same order as in the other forests beside it, on lines of the same height.
    assert named(rates) == named(draw_mcc(rows)) == named(draw_tuning(rows)[0])
    for drawing in (plane, zoom, rates):
        pointed = " ".join(told(drawing))
        assert all(f"variant{i} at" in pointed for i in range(27))
    # Enlarged: points that lie on each other in the plane are apart.
    assert nearest(zoom) > 1.5 * nearest(plane)


def nearest(drawing):
    """Median distance of a point as deployed to the nearest other, in points."""
    fill = figures.VARIABLES[figures.MCC]
    found = re.findall(
        rf'<use [^>]*x="([\d.]+)" y="([\d.]+)" style="fill: var\(--{fill}\)',
        drawing.svg,
    )
    at = np.array(found, dtype=float)
    assert len(at) >= 27
    apart = np.hypot(*(at[:, None] - at[None]).transpose(2, 0, 1))
    np.fill_diagonal(apart, np.inf)
    return np.median(apart.min(axis=1))


def heights(drawing):
    """Of the names beside the plane, from the top."""
    found = re.findall(r'<text[^>]* y="([\d.-]+)"[^>]*>variant', drawing.svg)
    return sorted(float(y) for y in found)


def test_no_name_covers_another():
    found = heights(draw_zoom(states.many().measured))
    assert len(found) == 10 and np.diff(found).min() > figures.TEXT


@pytest.mark.parametrize(
    "wanted", [[0.5] * 9, [0.0, 0.01, 0.9, 1.0], [1.0, 1.0], [0.2, 0.21, 0.22, 0.8], []]
)
def test_names_keep_their_order_and_their_distance(wanted):
    found = apart(wanted, 0.1, 0.0, 1.0)
    assert len(found) == len(wanted) and found == sorted(found)
    assert all(b - a >= 0.1 - 1e-9 for a, b in pairwise(found))
    assert all(-1e-9 <= y <= 1 + 1e-9 for y in found)


def test_tuning_is_paired_and_of_variants_that_have_both_thresholds():
    (both,) = draw_tuning(states.rows())
    assert "focal: MCC +0.030 [-0.102, +0.147]" in told(both)
    assert "focal: |SN − SP| -0.320 [-0.418, -0.088]" in told(both)
    assert draw_tuning([states.measured_at_half(deployed=True)]) == []


def test_counts_are_those_of_the_table():
    drawing = draw_counts([states.measured_at_half(), states.measured()])
    assert {"45", "30 wrong", "70", "5 wrong", "60", "15 wrong"} <= set(texts(drawing))
    assert "TP 60, FN 15, TN 59, FP 16" in told(drawing)


def test_the_forest_has_paired_differences_of_all_but_the_baseline():
    reached, leads = draw_forest(states.facts())
    assert {"bce", "focal"} <= set(texts(reached))
    assert "bce" not in texts(leads) and "focal" in texts(leads)
    assert set(told(leads)) == {"focal less bce: +0.080 [+0.040, +0.120]"}
    alone = states.facts(selection=states.selection(against_baseline={}))
    assert len(draw_forest(alone)) == 1


def test_curves_have_one_panel_a_variant_with_the_ticks_of_its_folds():
    names = ["bce", "focal", "a", "b"]
    found = draw_curves(dict.fromkeys(names, states.tuned()), names)
    assert [drawing.variant for drawing in found] == names
    assert all(name in texts(drawing) for name, drawing in zip(names, found))
    assert told(found[0])[-2:] == ["fold 0 alone: 0.390", "fold 1 alone: 0.410"]
    (untuned,) = draw_curves({"a": states.untuned()}, ["a"])
    assert not any("alone" in one for one in told(untuned))


def test_reliability_and_benefit_show_the_test_set_once_it_was_looked_at():
    for draw in (
        lambda curves: draw_reliability(states.calibration(), curves),
        lambda curves: draw_benefit(states.calibration(), curves, 0.5),
    ):
        assert len(draw(None)) == 1 and len(draw(states.curves())) == 2
        assert any("test set" in text for text in texts(draw(states.curves())[1]))
    (before,) = draw_reliability(states.calibration(), None)
    assert {"calibrated: temperature", "raw score"} <= set(texts(before))
    (raw,) = draw_reliability(states.calibration("none"), None)
    assert not any("calibrated:" in text for text in texts(raw))


def test_calling_all_is_of_the_test_sets_own_share():
    """At a risk of one half it is worth twice the share less one."""
    _, test = draw_benefit(states.calibration(), states.curves(), 0.9)
    _, other = draw_benefit(states.calibration(), states.curves(), 0.2)
    assert test != other and "call all positive" in texts(test)


def test_roc_and_precision_are_those_of_their_definitions():
    label, score = np.array([1, 0, 1, 0]), np.array([0.9, 0.8, 0.8, 0.1])
    fpr, tpr, precision = curve_of(label, score)
    assert fpr.tolist() == [0, 0, 0.5, 1] and tpr.tolist() == [0, 0.5, 1, 1]
    assert precision.tolist() == [1, 1, 2 / 3, 0.5]
    roc, pr = draw_roc(ROC)
    assert {"out-of-fold", "test set", "1 − SP"} <= set(texts(roc))
    assert any("deployed at 0.400: SN 0.800" in one for one in told(pr))


def test_scores_are_counted_by_class():
    drawing = draw_scores("test set", states.called(), 0.4)
    assert "positives, test set: 75" in told(drawing)
    assert "deployed at 0.400" in told(drawing)


def calls(bad, n=40):
    """Calls of positives; `bad` of the least and of the most like training are wrong."""
    far, near = bad
    score = np.full(2 * n, 0.9)
    score[:far] = score[n : n + near] = 0.1
    return states.called(
        2 * n, label=1, score=score, id=[f"t{i}" for i in range(2 * n)],
        identity=np.r_[np.full(n, 0.2), np.full(n, 0.6)],
    )  # fmt: skip


@pytest.mark.parametrize(
    "bad, sentence",
    [
        ((30, 2), "mistakes are on the novel ones."),
        ((2, 30), "mistakes are not on the novel ones."),
        ((8, 8), "no difference beyond chance."),
    ],
)
def test_whether_mistakes_are_on_the_novel_ones(bad, sentence):
    found = nearest_tells(calls(bad))
    assert f"{bad[0]} of 40" in found and found.endswith(sentence)


def test_the_hardest_are_wrong_by_most():
    found = hardest(states.called())
    wrong = [abs(row["score"] - 0.4) for row in found]
    assert len(found) == 20 and wrong == sorted(wrong, reverse=True)
    unknown = states.called(identity=math.nan, coverage=math.nan)
    assert {row["near"] for row in hardest(unknown)} == {None}
    assert draw_novelty(unknown) is None and nearest_tells(unknown) is None


def test_identities_are_of_folds_and_of_a_test_set_if_there_is_one():
    both = draw_identities(states.audit())
    assert "test, nearest in training" in texts(both)
    alone = draw_identities(states.audit(test_to_train=None))
    assert "test, nearest in training" not in texts(alone)
    assert "training, nearest in another fold" in texts(alone)
    empty = states.closeness(histogram={"counts": [0, 0], "edges": [0, 0.5, 1]})
    assert draw_identities(states.audit(fold_to_fold=empty)).svg.startswith("<svg")


def test_learning_leaves_out_what_has_no_epochs():
    both = {"bce": states.history(), "forest": states.history(1)}
    found = draw_learning(both, ["forest", "bce"])
    assert len(found) == 4
    for drawing in found:
        assert "bce" in texts(drawing) and "forest" not in texts(drawing)
    assert draw_learning({"forest": states.history(1)}, ["forest"]) == []


def test_learning_of_many_variants_has_few_colours():
    many = {f"v{i}": states.history() for i in range(27)}
    auroc = the(draw_learning(many, ["v3", "v0"]), "learning-watched-auroc")
    assert [text for text in texts(auroc) if text.startswith("v")] == ["v3", "v0"]
    assert "25 more" in texts(auroc)
    assert "v26: 0.800 after epoch 3" in told(auroc)


def test_sizes_show_every_model_and_the_law_where_there_is_one():
    auroc, mcc = draw_sizes(
        [states.size_curve(), states.size_curve(name="other", projected=[])]
    )
    assert {"focal", "other", "AUROC"} <= set(texts(auroc)) and "MCC" in texts(mcc)
    assert auroc.svg.count("stroke-dasharray: 3.7") == 1


def test_times_without_memory_are_told_alone():
    assert [d.name for d in draw_times(states.facts().times)] == [
        "times-seconds", "times-memory",
    ]  # fmt: skip
    alone = [states.RuleTime("tune", 1, 1.0, None)]
    assert [drawing.name for drawing in draw_times(alone)] == ["times-seconds"]
    assert draw_times([states.RuleTime("select", 1, None, None)]) == []


def test_what_a_figure_says_is_escaped_and_its_ids_are_its_own():
    hostile = "<b>\"x'</b> $y$"
    rows = [row.model_copy(update={"variant": hostile}) for row in states.rows()]
    drawing = draw_balance(rows)
    assert "<b>" not in drawing.svg and "&lt;b&gt;" in drawing.svg
    assert "$y$" in "".join(texts(drawing))
    ids = re.findall(r' id="([^"]*)"', drawing.svg)
    assert ids and all(one.startswith("test-plane-") for one in ids)


def test_the_published_split_stands_beside_the_honest_one():
    facts = states.compared()
    assert facts.beside is not None
    rows = compared(facts, facts.beside)
    oof, drawing = draw_published(rows, ["out-of-fold", "on the test set"])
    assert {"honest split", "published split", "bce", "focal"} <= set(texts(drawing))
    assert "MCC on the test set, 95 % interval" in texts(drawing)
    assert "focal, published split: MCC 0.810 on the test set" in told(drawing)
    assert "focal, honest split: MCC 0.590 on the test set" in told(drawing)
    assert "focal, honest split: MCC 0.600 out-of-fold" in told(oof)


def test_a_logo_has_the_letters_beyond_chance_and_no_others():
    drawing = draw_logo("logo", states.positions(), "focal")
    assert told(drawing) == [
        "D at −1: +0.90 ± 0.10 over 60 groups", "S at −1: −0.60 ± 0.10 over 60 groups"
    ]  # fmt: skip
    assert {"−2", "−1", "0", "+1", "+2", "acidic"} <= set(texts(drawing))
    bare = [p.model_copy(update={"offset": None}) for p in states.positions()]
    drawing = draw_logo("logo", bare, "focal")
    assert "position" in texts(drawing) and "D at 2: +0.90" in told(drawing)[0]


def test_residues_and_columns_are_told_from_the_one_that_adds_most():
    one = states.of_proteins()
    residues = draw_residues("residues", one.residues, "focal")
    assert told(residues)[0] == "K: +0.30 ± 0.10 over 60 groups"
    columns = draw_columns("columns", one.columns, "focal")
    assert told(columns) == [
        "aac_K: 0.400, more of it: raises", "aac_D: 0.300, more of it: lowers",
        "dpc_KK: 0.100, more of it: neither alone",
    ]  # fmt: skip
    assert {"raises", "lowers", "neither alone"} <= set(texts(columns))
    assert {"acidic", "basic", "hydrophobic"} <= set(texts(residues))


def test_a_colour_beside_means_one_thing():
    """Kinds of letters and ways of columns stand beside each other."""
    from evenfold.reporting.sections import looks_at

    ways, kinds = set(looks_at._WAYS.values()), {c for _, c in looks_at._LEGEND}
    assert len(ways) == 3 and len(kinds) == 4 and not ways & kinds


def test_a_figure_is_drawn_once_for_each_file_and_its_letters_are_cut_once(
    tmp_path, monkeypatch
):
    """Both files have the same box, and a name of another script is not lost."""
    from matplotlib.figure import Figure

    drawn, draw = [], Figure.draw
    monkeypatch.setattr(
        Figure, "draw", lambda self, renderer: drawn.append(1) or draw(self, renderer)
    )
    drawing = draw_mcc([states.measured(variant="Ж Δ−≥")])
    drawing.write(tmp_path)
    assert len(drawn) == 2
    written = (tmp_path / f"{drawing.name}.pdf").read_bytes()
    assert b"EvenfoldSans" in written and b"DejaVuSans" in written
    first = written
    drawing.write(tmp_path)
    assert (tmp_path / f"{drawing.name}.pdf").read_bytes() == first
