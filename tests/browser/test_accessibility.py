"""Every view, in both themes and at both widths, holds what axe checks, and needs no scrolling sideways."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.fixtures.accessibility import find_violations
from tests.browser.fixtures.screens import PHONE, WIDE
from tests.browser.fixtures.views import open_view

pytestmark = pytest.mark.end_to_end

VIEWS = ("overview", "try", "review", "executions", "batches", "dashboard", "confidence", "model")


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_view_is_accessible(page: Page, address: str) -> None:
    for view in VIEWS:
        open_view(page, address, view)
        assert find_violations(page) == [], view
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), view


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_camera_is_accessible(page: Page, address: str) -> None:
    open_view(page, address, "try")
    page.get_by_role("button", name="Take a photo").click()
    expect(page.get_by_role("dialog").get_by_role("button", name="Take")).to_be_enabled()
    assert find_violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_every_view_is_reached_with_the_keyboard_alone(page: Page, address: str) -> None:
    open_view(page, address)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    for name in ("Overview", "Try it", "Review", "Executions", "Batches", "Dashboard", "Confidence", "Model"):
        page.keyboard.press("Tab")
        expect(page.get_by_role("navigation").get_by_role("link", name=name)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Model")).to_be_visible()


def test_the_theme_that_was_chosen_is_kept(page: Page, address: str) -> None:
    open_view(page, address)
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name="Dark theme").click()
    chosen = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.reload()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == chosen != before
