"""The page for pasted sequences in a real browser."""

import os
import threading
from pathlib import Path

import pytest

from evenfold.features import FeatureSet
from evenfold.prediction.domain import Domain
from evenfold.prediction.serving import application, serve
from evenfold.selection.learned import learned_from
from tests.unit.test_bundle import WINDOWS, champion
from tests.unit.test_domain import predictor

pytestmark = pytest.mark.services


@pytest.fixture
def address():
    one = predictor(
        Domain.of(learned_from(WINDOWS), None),
        ensemble=champion("tokens"),
        features=FeatureSet(("tokens",), 21),
        not_looked_at="A sentence of the look.",
    )
    app = application(one, lambda counts: [])
    ready, found = threading.Event(), []

    def told(where):
        found.append(where)
        ready.set()

    threading.Thread(target=serve, args=(app, 0, told), daemon=True).start()
    assert ready.wait(30)
    return found[0]


def test_sequences_are_pasted_and_calls_are_seen(address, browser):
    from selenium.webdriver.support.ui import WebDriverWait

    browser.get(address)
    evil = "<img/src=x/onerror=document.title='owned'>"
    text = f">{evil}\n{WINDOWS[0]}\n>w1\n{WINDOWS[1]}\n>short\nMKV\n"
    browser.execute_script(
        "document.getElementById('sequences').value = arguments[0]", text
    )
    browser.find_element("css selector", "button").click()
    WebDriverWait(browser, 60).until(lambda b: b.find_elements("id", "rejected"))
    rows = browser.find_elements("css selector", "#scores tbody tr")
    assert len(rows) == 2 and evil in rows[0].text
    assert "3 letters, but the model was trained on windows of 21" in (
        browser.find_element("id", "rejected").text
    )
    letters = browser.find_elements("css selector", "#residues .residues")
    assert letters[1].text == WINDOWS[1]
    assert browser.find_elements(
        "css selector", "#residues b[class*=up], #residues b[class*=down]"
    )
    assert browser.title.startswith("evenfold") and not browser.find_elements(
        "css selector", "img"
    )
    assert browser.find_element("id", "summed").text.endswith("1 not scored.")
    for width, heads in ((1440, True), (390, False)):
        browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": False},
        )
        wide = browser.execute_script(
            "return document.documentElement.scrollWidth - window.innerWidth"
        )
        assert wide <= 0
        # On a phone each row names its own cells.
        head = browser.find_element("css selector", "#scores thead")
        assert head.is_displayed() == heads
        if folder := os.environ.get("EVENFOLD_SCREENSHOTS"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            browser.save_screenshot(f"{folder}/serve-{width}.png")
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
