"""The dashboard is CloudWatch's own, alarms lead to the runbook, and the drift of each day is told."""

import json

import pytest
from playwright.sync_api import Page, expect

from tests.browser.fixtures.accessibility import find_violations
from tests.browser.fixtures.screens import PHONE
from tests.browser.fixtures.views import open_view
from tests.end_to_end.embedded_cloud import App

pytestmark = pytest.mark.end_to_end


def test_the_dashboard_has_every_widget_that_cloudwatch_has(page: Page, address: str, app: App) -> None:
    body = app.cloud.client("cloudwatch").get_dashboard(DashboardName=app.name)["DashboardBody"]
    widgets = json.loads(body)["widgets"]
    open_view(page, address, "dashboard?range=day")
    for widget in widgets:
        shown = page.get_by_role("region", name=widget["properties"]["title"], exact=True)
        expect(shown).to_be_visible()
        if widget["type"] == "alarm":
            expect(shown.get_by_role("listitem")).to_have_count(len(widget["properties"]["alarms"]))
    expect(page.locator(".widget")).to_have_count(len(widgets))
    for fault in ("Not drawn", "No data:"):
        expect(page.get_by_text(fault)).to_have_count(0)
    # What was routed at the deploy has been measured.
    confidence = page.get_by_role("region", name="Confidence, average")
    expect(confidence.get_by_role("img")).to_be_visible()
    page.get_by_role("button", name="3 hours").click()
    expect(page).to_have_url(f"{address}/#/dashboard?range=3h")
    expect(page.get_by_role("button", name="3 hours")).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize("viewport", [PHONE], ids=["phone"])
@pytest.mark.parametrize("theme", ["dark"])
def test_an_alarm_leads_to_its_section_of_the_runbook(page: Page, address: str) -> None:
    open_view(page, address, "dashboard")
    page.get_by_role("region", name="Is it well?").get_by_role("link", name="oldest-review").click()
    expect(page.get_by_role("heading", level=1, name="What to do when an alarm goes off")).to_be_visible()
    expect(page.get_by_role("heading", name="oldest-review")).to_be_focused()
    assert find_violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    # The documents lead to one another.
    page.get_by_role("link", name="How to look and to send them back").click()
    expect(page.get_by_role("heading", name="Uploads that started nothing")).to_be_focused()


def test_the_drift_of_each_day_is_told(page: Page, address: str) -> None:
    open_view(page, address, "confidence")
    drift = page.get_by_role("region", name="Drift, day by day")
    rows = drift.get_by_role("group", name="Reports by day").locator("tbody tr")
    expect(rows).to_contain_text(
        [
            "Brightness: major shift.",
            "All: too few photos to judge.",
            "Brightness: some shift.",
            "No shift.",
        ]
    )
    brightness = drift.get_by_role("region", name="Drift of brightness")
    expect(brightness).to_contain_text("2026-02-04: major shift, 0.410 where chance alone makes up to 0.160")
    expect(brightness.get_by_role("img", name="index against noise floor")).to_be_visible()
