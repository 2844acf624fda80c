"""The figures: SVG that shows what it must."""

import re

import pytest

from evenfold.reporting import figures
from evenfold.reporting.sections.leaks import draw_identities
from evenfold.reporting.sections.learning import draw_learning
from evenfold.reporting.sections.more_data import draw_sizes
from evenfold.reporting.sections.on_test_set import draw_balance, draw_mcc
from evenfold.reporting.sections.operating_points import draw_curves
from evenfold.reporting.sections.probabilities import draw_reliability
from tests.unit import reporting_states as states


def texts(svg):
    """Texts of a figure, in order."""
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


def strokes(svg, colour):
    """How many lines and outlines of a colour it has."""
    return len(re.findall(rf"stroke: {colour}", svg))


FIGURES = {
    "mcc": lambda: draw_mcc(states.rows()),
    "balance": lambda: draw_balance(states.rows()),
    "curves": lambda: draw_curves({"bce": states.tuned(), "focal": states.untuned()}),
    "learning": lambda: draw_learning({"bce": states.history()}),
    "sizes": lambda: draw_sizes([states.size_curve(), states.size_curve(name="other")]),
    "reliability": lambda: draw_reliability(states.calibration(), states.curves()),
    "identities": lambda: draw_identities(states.audit()),
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_one_svg_that_scales_and_is_the_same_again(name):
    svg = FIGURES[name]()
    assert svg.startswith("<svg ") and svg.rstrip().endswith("</svg>")
    assert "width=" not in svg[: svg.index(">")] and "viewBox" in svg
    assert "<metadata>" not in svg and FIGURES[name]() == svg
    # A page puts it in as it is.
    assert svg.__html__() == svg


def test_mcc_has_a_line_and_a_dot_for_every_row():
    svg = draw_mcc(states.rows())
    assert {"bce", "focal", "threshold 0.5", "tuned threshold"} <= set(texts(svg))
    assert "MCC, 95 % bootstrap interval" in texts(svg)
    half = draw_mcc([states.measured_at_half()])
    interval = "; stroke-width: 2"
    assert strokes(half, figures.HALF + interval) == 1
    assert strokes(half, figures.MCC + interval) == 0
    assert strokes(svg, figures.HALF + interval) == 2
    assert strokes(svg, figures.MCC + interval) == 2


def test_balance_names_the_champion_and_holds_every_point():
    svg = draw_balance(states.rows())
    assert "focal" in texts(svg) and "bce" not in texts(svg)
    assert {"specificity SP", "sensitivity SN", "0.6"} <= set(texts(svg))
    low = draw_balance(states.rows(sp=0.11))
    assert "0.2" in texts(low) and "0.2" not in texts(svg)
    # A variant that keeps 0.5 has no arrow to a tuned point.
    assert "focal" not in texts(draw_balance([states.measured_at_half()]))


def test_curves_have_one_panel_a_variant_with_the_ticks_of_its_folds():
    names = ["bce", "focal", "a", "b"]
    svg = draw_curves(dict.fromkeys(names, states.tuned()))
    assert set(names) < set(texts(svg))
    for colour in (figures.SN, figures.SP, figures.MCC):
        # Each panel and the legend.
        assert strokes(svg, colour) == len(names) + 1
    ticks = strokes(draw_curves({"a": states.tuned()}), figures.INK)
    assert ticks > strokes(draw_curves({"a": states.untuned()}), figures.INK)


def test_reliability_shows_the_test_set_once_it_was_looked_at():
    before = draw_reliability(states.calibration(), None)
    after = draw_reliability(states.calibration(), states.curves())
    assert "test set" not in texts(before) and texts(after).count("test set") == 2
    assert "calibrated: temperature" in texts(before)
    assert {"raw score", "call all positive", "net benefit"} <= set(texts(before))
    raw = draw_reliability(states.calibration("none"), None)
    assert not any("calibrated:" in text for text in texts(raw))


def test_identities_are_of_folds_and_of_a_test_set_if_there_is_one():
    both = draw_identities(states.audit())
    assert "test, nearest in training" in texts(both)
    alone = draw_identities(states.audit(test_to_train=None))
    assert "test, nearest in training" not in texts(alone)
    assert "training, nearest in another fold" in texts(alone)
    empty = states.closeness(histogram={"counts": [0, 0], "edges": [0, 0.5, 1]})
    assert draw_identities(states.audit(fold_to_fold=empty)).startswith("<svg")


def test_learning_leaves_out_what_has_no_epochs():
    svg = draw_learning({"bce": states.history(), "forest": states.history(1)})
    assert "bce" in texts(svg) and "forest" not in texts(svg)
    assert draw_learning({"forest": states.history(1)}) == ""


def test_sizes_show_every_model_and_the_law_where_there_is_one():
    svg = draw_sizes(
        [states.size_curve(), states.size_curve(name="other", projected=[])]
    )
    assert {"focal", "other", "AUROC", "MCC"} <= set(texts(svg))
    assert svg.count("stroke-dasharray: 3.7") == 2


def test_learning_of_many_variants_has_its_legend_beside_the_curves():
    def width(n):
        svg = draw_learning({f"v{i}": states.history() for i in range(n)})
        return float(re.search(r'viewBox="0 0 ([\d.]+)', svg)[1])

    assert width(9) > 1.1 * width(8)
