"""A hundred thousand captured invocations are all there, and the page answers to the hand."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.fixtures.other_deployments import create_busy_deployment, draw_small_picture
from tests.browser.fixtures.served_page import serve_page
from tests.end_to_end.embedded_cloud import App, free_port

pytestmark = pytest.mark.end_to_end

INVOCATIONS = 100_000
READING_MILLISECONDS = 600_000
ALL_ROUTED = re.compile("0.500: 100,000 routed, 0 refused")


@pytest.fixture(scope="module")
def busy(app: App) -> Iterator[str]:
    """The address of the page of a deployment that captured that many invocations."""
    name = create_busy_deployment(app, [draw_small_picture()], INVOCATIONS)
    with serve_page(app.cloud.environment, name, free_port()) as server:
        yield server.address


@pytest.fixture
def slider(page: Page, busy: str) -> Locator:
    """The threshold's line, once everything is read."""
    page.goto(f"{busy}/#/confidence")
    expect(page.get_by_text("100,000 invocations").first).to_be_visible(timeout=READING_MILLISECONDS)
    expect(page.get_by_role("progressbar")).to_have_count(0)
    return page.get_by_role("slider", name="Threshold")


def test_every_invocation_is_counted_and_the_threshold_moves_over_all_of_them(slider: Locator) -> None:
    slider.press("Home")
    expect(slider).to_have_attribute("aria-valuetext", ALL_ROUTED)
    for _ in range(45):
        slider.press("ArrowUp")
    expect(slider).to_have_attribute("aria-valuenow", "0.95")
    expect(slider).not_to_have_attribute("aria-valuetext", re.compile(" 100,000 routed"))


def test_a_part_of_the_time_is_zoomed_into_and_left_again(slider: Locator, page: Page) -> None:
    chart = page.locator(".chart-frame").bounding_box()
    assert chart
    page.mouse.move(chart["x"] + chart["width"] / 2, chart["y"] + chart["height"] / 4)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -600)
    page.keyboard.up("Control")
    expect(page.get_by_text("of 100,000").first).to_be_visible()
    page.get_by_role("button", name="Whole time").click()
    slider.press("Home")
    expect(slider).to_have_attribute("aria-valuetext", ALL_ROUTED)
