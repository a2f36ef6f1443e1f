"""A hundred thousand captured invocations are all there, and the page answers to the hand."""

from collections.abc import Iterator

import pytest
from embedded_cloud import App, free_port
from other_deployments import deployment_with_much_traffic
from playwright.sync_api import Page, expect
from routed_photos import staged_photos
from served_page import served

pytestmark = pytest.mark.end_to_end

INVOCATIONS = 100_000


@pytest.fixture(scope="module")
def busy(app: App) -> Iterator[str]:
    """The address of the page of a deployment that captured that many invocations."""
    name = deployment_with_much_traffic(app, staged_photos(app)[:1], INVOCATIONS)
    with served(app.cloud.environment, name, free_port()) as address:
        yield address


def test_every_invocation_is_counted_and_the_threshold_moves_over_all_of_them(page: Page, busy: str) -> None:
    page.goto(f"{busy}/#/confidence")
    slider = page.get_by_role("slider", name="Threshold")
    slider.press("Home")
    expect(slider).to_have_attribute("aria-valuetext", "0.500: 100,000 routed, 0 refused, no truth known")
    for _ in range(45):
        slider.press("ArrowUp")
    expect(slider).to_have_attribute("aria-valuenow", "0.95")
    expect(slider).not_to_have_attribute("aria-valuetext", "0.950: 100,000 routed, 0 refused, no truth known")


def test_a_part_of_the_time_is_zoomed_into_and_left_again(page: Page, busy: str) -> None:
    page.goto(f"{busy}/#/confidence")
    chart = page.locator("canvas.points")
    chart.hover()
    page.keyboard.down("Control")
    page.mouse.wheel(0, -600)
    page.keyboard.up("Control")
    expect(page.get_by_text("of 100,000").first).to_be_visible()
    page.get_by_role("button", name="Whole time").click()
    slider = page.get_by_role("slider", name="Threshold")
    slider.press("Home")
    expect(slider).to_have_attribute("aria-valuetext", "0.500: 100,000 routed, 0 refused, no truth known")
