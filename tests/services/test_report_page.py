"""The report of every state in a real browser: it works, and everybody can read it."""

import base64
import os
import re
from importlib import resources
from pathlib import Path

import pytest

from evenfold.reporting.report import report
from tests.unit import reporting_states as states
from tests.unit.test_report import over

pytestmark = [pytest.mark.services, pytest.mark.whole]

HOSTILE = "<img src=x onerror=boom()>\"'&$`"


def hostile():
    """Names and texts that would break a careless page."""
    finding = states.finding(title=HOSTILE, detail=HOSTILE, examples=[[HOSTILE] * 2])
    settings = states.settings(description=HOSTILE)
    return states.facts(
        dataset=HOSTILE,
        settings=settings,
        audit=states.audit(findings=[finding]),
        called=states.called(id=[HOSTILE] * 150),
    )


STATES = {
    "demo": states.facts,
    "27 variants": states.many,
    "withheld": states.withheld,
    "explore": states.before_look,
    "as published": states.compared,
    "hostile": hostile,
}


@pytest.fixture(scope="module", params=STATES)
def state(request, tmp_path_factory, browser):
    """Name, facts and an open page of a state."""
    facts = STATES[request.param]()
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(report(facts), encoding="utf-8")
    browser.set_window_size(1440, 1000)
    browser.set_script_timeout(180)
    browser.get(path.as_uri())
    return request.param, facts, browser


def count(browser, selector):
    return browser.execute_script(
        "return [...document.querySelectorAll(arguments[0])]"
        ".filter(one => one.getClientRects().length).length",
        selector,
    )


def test_it_opens_without_an_error_and_every_figure_is_drawn(state):
    name, _, browser = state
    errors = [e for e in browser.get_log("browser") if e["level"] == "SEVERE"]
    assert errors == []
    sizes = browser.execute_script(
        "return [...document.querySelectorAll('figure svg')].map(one => {"
        "for (let up = one; up; up = up.parentElement)"
        "  if (up.tagName === 'DETAILS') up.open = true;"
        "const box = one.getBoundingClientRect(); return [box.width, box.height]})"
    )
    assert len(sizes) > 10 and all(w > 150 and h > 60 for w, h in sizes)
    if folder := os.environ.get("EVENFOLD_SCREENSHOTS"):
        browser.save_screenshot(f"{folder}/report-{name.replace(' ', '-')}.png")


#: Pixels of every text of a figure; of each row of figures, the share of the page that it
#: and its caption take. Threshold curves are as many as variants, whatever their last row.
FIGURES = """
const seen = (one) => one.getClientRects().length > 0;
const sizes = new Set([...document.querySelectorAll("figure text")].filter(seen).map(
  (one) => (parseFloat(getComputedStyle(one).fontSize)
    * one.ownerSVGElement.getScreenCTM().a).toFixed(1)));
const narrow = [];
for (const panels of document.querySelectorAll(".panels")) {
  if (!seen(panels) || panels.querySelector("figure[data-variant]")) continue;
  const rows = new Map(), whole = panels.clientWidth;
  for (const part of panels.children) {
    // In a row all end at the same height but the caption, which begins at its top.
    const box = part.getBoundingClientRect();
    const caption = part.matches(".caption");
    const key = caption ? [...rows.keys()].pop() : Math.round(box.bottom);
    if (caption && box.top > key) continue;
    rows.set(key, Math.max(rows.get(key) || 0, box.right));
  }
  for (const right of rows.values()) {
    const share = (right - panels.getBoundingClientRect().left) / whole;
    if (share < 0.5) narrow.push([panels.querySelector("figure").id, share]);
  }
}
return [[...sizes], narrow];
"""


@pytest.mark.parametrize("width", [1440, 1024, 500])
def test_figures_have_one_size_of_text_and_leave_no_half_page_empty(state, width):
    *_, browser = state
    browser.set_window_size(width, 1000)
    browser.execute_async_script("setTimeout(arguments[0], 200)")
    sizes, narrow = browser.execute_script(FIGURES)
    assert sizes == ["12.0"] and narrow == []
    browser.set_window_size(1440, 1000)


def test_names_in_figures_are_switched_with_their_variant(state):
    name, facts, browser = state
    if name == "hostile":
        return
    one = next(iter(facts.tuned))
    box = f'#variants input[value="{one}"]'
    read = (
        "return [...document.querySelectorAll('figure text')].filter("
        "each => each.textContent === arguments[0] && each.getClientRects().length).length"
    )
    shown = browser.execute_script(read, one)
    browser.execute_script(f"document.querySelector('{box}').click()")
    assert shown > 3 and browser.execute_script(read, one) == 0
    browser.execute_script(f"document.querySelector('{box}').click()")
    assert browser.execute_script(read, one) == shown


@pytest.mark.parametrize("width", [1440, 1024, 500])
def test_nothing_is_wider_than_the_page_and_tables_say_where_they_go_on(state, width):
    *_, browser = state
    browser.set_window_size(width, 1000)
    wider = "return document.documentElement.scrollWidth - window.innerWidth"
    assert browser.execute_script(wider) <= 0
    browser.execute_async_script("setTimeout(arguments[0], 200)")
    silent = browser.execute_script(
        "return [...document.querySelectorAll('.scroll')].filter(one =>"
        " one.checkVisibility() && one.scrollWidth > one.clientWidth + 2"
        " && !one.previousElementSibling.getClientRects().length).length"
    )
    assert silent == 0
    browser.set_window_size(1440, 1000)


def test_tables_of_variants_are_whole_on_a_wide_page(state):
    """But where names are as hostile as they may be."""
    name, _, browser = state
    if name == "hostile":
        return
    browser.execute_script(
        "for (const one of document.querySelectorAll('details')) one.open = true"
    )
    wider = browser.execute_script(
        "return [...document.querySelectorAll('.scroll')].filter(one =>"
        " one.querySelector('tr[data-variant]') && one.scrollWidth > one.clientWidth + 2)"
        ".map(one => one.querySelector('table').id)"
    )
    assert wider == []


def test_no_serious_finding_of_axe(state):
    *_, browser = state
    browser.execute_script(
        resources.files("axe_core_python").joinpath("axe.min.js").read_text("utf-8")
    )
    found = browser.execute_async_script(
        "const done = arguments[0]; axe.run(document).then(r => done(r.violations.map("
        "v => [v.impact, v.id, v.nodes.slice(0, 3).map(n => n.html.slice(0, 200))])))"
    )
    assert [one for one in found if one[0] in ("serious", "critical")] == []


def test_tables_sort_by_number_and_back(state):
    *_, browser = state
    read = (
        "const t = document.querySelector('#t-variants');"
        "return [...t.tBodies[0].rows].map(r => r.cells[0].textContent.trim())"
    )
    before = browser.execute_script(read)
    button = "#t-variants thead th:first-child button"
    orders = []
    for _ in range(3):
        browser.execute_script(f"document.querySelector('{button}').click()")
        orders.append(browser.execute_script(read))
    assert orders[0] == orders[1][::-1] and orders[2] == before
    assert sorted(orders[0]) == sorted(before)


def test_a_downloaded_table_has_one_number_a_cell(state):
    *_, browser = state
    files = browser.execute_async_script(
        "const done = arguments[0], kept = [], real = URL.createObjectURL;"
        "const click = HTMLAnchorElement.prototype.click;"
        "URL.createObjectURL = (blob) => { kept.push(blob); return '#'; };"
        "HTMLAnchorElement.prototype.click = () => {};"
        "document.querySelectorAll('caption button').forEach(one => one.click());"
        "URL.createObjectURL = real; HTMLAnchorElement.prototype.click = click;"
        "Promise.all(kept.map(blob => blob.text())).then(done)"
    )
    shown = count(browser, "table")
    assert len(files) >= shown > 3
    for file in files:
        head, *rows = [line.split("\t") for line in file.rstrip("\n").split("\n")]
        assert all(len(row) == len(head) for row in rows), head
        cells = [cell for row in rows for cell in row]
        pairs = r"[\d.]+ (?:/|→|–) [\d.]+|.*\[[-+\d.]+, "
        assert not [cell for cell in cells if re.match(pairs, cell)]


def test_variants_are_switched_on_and_off(state):
    _, facts, browser = state
    name = next(iter(facts.tuned))
    own = f'[data-variant="{name}"]'
    shown = count(browser, f"tr{own}, .mark{own}")
    assert shown > 1
    box = f'#variants input[value="{name}"]'
    browser.execute_script(f"document.querySelector('{box}').click()")
    assert count(browser, f"tr{own}, .mark{own}") == 0
    browser.execute_script(f"document.querySelector('{box}').click()")
    assert count(browser, f"tr{own}, .mark{own}") == shown


def test_the_verdict_is_that_of_the_table(state):
    _, facts, browser = state
    heading = browser.find_element("tag name", "h1").text
    if row := facts.tested:
        assert f"MCC {row.mcc:.2f}" in heading and f"{row.n} independent" in heading
        cells = browser.find_element("css selector", "#t-test tr.champion").text.split()
        assert f"{row.mcc:.3f}" in cells and f"{row.sn:.3f}" in cells
    else:
        assert "In cross-validation" in heading


def test_values_are_told_under_the_pointer_and_words_by_keyboard(state):
    *_, browser = state
    told = browser.execute_script(
        "const mark = document.querySelector('svg .mark[data-tip]');"
        "mark.dispatchEvent(new PointerEvent('pointermove', {clientX: 9, clientY: 9}));"
        "const tip = document.getElementById('tip');"
        "const seen = [tip.hidden, tip.textContent, mark.dataset.tip];"
        "mark.dispatchEvent(new PointerEvent('pointerleave'));"
        "return [...seen, tip.hidden]"
    )
    assert told[0] is False and told[1] == told[2] and told[3] is True
    word = browser.execute_script(
        "const word = document.querySelector('main p abbr[tabindex], main th abbr');"
        "word.dispatchEvent(new FocusEvent('focus'));"
        "return document.getElementById('tip').textContent"
    )
    assert len(word) > 10


def test_dark_is_dark_and_readable(state):
    name, _, browser = state
    media = [{"name": "prefers-color-scheme", "value": "dark"}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": media})
    try:
        ground = browser.execute_script(
            "return getComputedStyle(document.body).backgroundColor"
        )
        assert ground == "rgb(17, 22, 28)"
        if name in ("demo", "withheld"):
            test_no_serious_finding_of_axe(state)
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


#: Text and lines that stand out too little from what is behind them, with the ratio.
FAINT = """
const numbers = (colour) => (colour.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
const light = (rgb) => rgb.map((v) => v / 255)
  .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
  .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const inside = (one, other) => {
  const [a, b] = [one, other].map((each) => each.getBoundingClientRect());
  const x = (a.left + a.right) / 2, y = (a.top + a.bottom) / 2;
  return b.left < x && x < b.right && b.top < y && y < b.bottom;
};
const ground = (one) => {
  // A number on a bar stands on the bar.
  const svg = one.tagName === "text" && one.closest("svg");
  const bar = svg && [...svg.querySelectorAll(".mark path")].reverse().find((other) =>
    getComputedStyle(other).fill !== "none" && inside(one, other));
  if (bar) return numbers(getComputedStyle(bar).fill).slice(0, 3);
  for (let up = one; up; up = up.parentElement) {
    const [r, g, b, a = 1] = numbers(getComputedStyle(up).backgroundColor);
    if (a > 0.99) return [r, g, b];
  }
  return [255, 255, 255];
};
const opacity = (one) => {
  let found = 1;
  for (let up = one; up; up = up.parentElement) found *= getComputedStyle(up).opacity;
  return found;
};
const ratio = (one, colour, more = 1) => {
  const behind = ground(one);
  const [r, g, b, a = 1] = numbers(colour);
  const share = a * opacity(one) * more;
  const seen = [r, g, b].map((v, i) => share * v + (1 - share) * behind[i]);
  const [dark, bright] = [light(seen), light(behind)].sort((x, y) => x - y);
  return (bright + 0.05) / (dark + 0.05);
};
const found = [];
for (const one of document.body.querySelectorAll("*")) {
  if (!one.checkVisibility() || !one.getClientRects().length) continue;
  const style = getComputedStyle(one), svg = one.closest("figure svg");
  const words = [...one.childNodes].filter((n) => n.nodeType === 3)
    .map((n) => n.data.trim()).join(" ").trim();
  if (words && !["TITLE", "SCRIPT", "STYLE"].includes(one.tagName.toUpperCase())) {
    const told = ratio(one, svg ? style.fill : style.color);
    if (told < 4.5) found.push(["text", words.slice(0, 60), told]);
  } else if (svg && one.closest(".mark") && ["path", "use"].includes(one.tagName)) {
    const seen = Math.max(
      style.stroke === "none" ? 0 : ratio(one, style.stroke, Number(style.strokeOpacity)),
      style.fill === "none" ? 0 : ratio(one, style.fill, Number(style.fillOpacity)));
    if (seen < 3) found.push(["line", one.closest("figure").id, seen]);
  }
}
return found;
"""


def test_words_of_the_glossary_are_above_their_meanings_on_a_phone(state):
    *_, browser = state
    browser.set_window_size(500, 1000)
    share = browser.execute_script(
        "const words = document.querySelector('dl.words');"
        "return words.querySelector('dd').clientWidth / words.clientWidth"
    )
    browser.set_window_size(1440, 1000)
    assert share > 0.8


def test_a_summary_of_two_data_sets_is_one_printed_page(browser, tmp_path):
    over(tmp_path, 2)
    browser.get((tmp_path / "summary.html").as_uri())
    printed = browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
    pages = re.findall(rb"/Type\s*/Page\b", base64.b64decode(printed["data"]))
    assert len(pages) == 1


@pytest.mark.parametrize("seen", ["light", "dark", "print"])
def test_text_and_lines_stand_out(state, seen):
    """4.5 for text, 3 for what is drawn of values: also where axe does not look, in SVG."""
    *_, browser = state
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", emulated(seen))
    try:
        assert browser.execute_script(FAINT) == []
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def emulated(seen):
    """How Chromium is to show a page: light, dark or as printed."""
    if seen == "print":
        return {"media": "print"}
    return {"features": [{"name": "prefers-color-scheme", "value": seen}]}


#: Width of an A4 page in landscape less its margins, in pixels of CSS.
PAPER = 1039


def test_nothing_is_cut_in_print(state):
    *_, browser = state
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", emulated("print"))
    size = {"width": PAPER, "height": 700, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        cut = browser.execute_script(
            "return [...document.querySelectorAll('table, figure svg, pre, h1, p')]"
            ".filter((one) => one.checkVisibility())"
            ".map((one) => [one.id || one.textContent.slice(0, 40),"
            " one.getBoundingClientRect().right, one.scrollWidth - one.clientWidth])"
            ".filter(([, right, inside]) => right > arguments[0] + 1 || inside > 2)",
            PAPER,
        )
        assert cut == []
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_it_is_whole_without_scripts(tmp_path, browser):
    text = report(states.facts())
    path = Path(tmp_path / "plain.html")
    start, end = text.rindex("<script>"), text.rindex("</body>")
    path.write_text(text[:start] + text[end:], encoding="utf-8")
    browser.get(path.as_uri())
    assert browser.find_elements("css selector", "#variants fieldset") == []
    assert count(browser, "figure svg") > 10 and count(browser, "table") > 5
    assert count(browser, "nav li a") > 8
