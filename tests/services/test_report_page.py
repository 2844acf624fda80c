"""The report of every state in a real browser: it works, and everybody can read it."""

import os
from importlib import resources
from pathlib import Path

import pytest

from evenfold.reporting.report import report
from tests.unit import reporting_states as states

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
        " && !one.nextElementSibling.getClientRects().length).length"
    )
    assert silent == 0
    browser.set_window_size(1440, 1000)


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


def test_it_is_whole_without_scripts(tmp_path, browser):
    text = report(states.facts())
    path = Path(tmp_path / "plain.html")
    start, end = text.rindex("<script>"), text.rindex("</body>")
    path.write_text(text[:start] + text[end:], encoding="utf-8")
    browser.get(path.as_uri())
    assert browser.find_elements("css selector", "#variants fieldset") == []
    assert count(browser, "figure svg") > 10 and count(browser, "table") > 5
    assert count(browser, "nav li a") > 8
