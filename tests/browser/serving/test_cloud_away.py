"""A cloud, or the page's own server, that is away or says nothing: it is told soon, and heals by itself."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.fixtures.accessibility import find_violations
from tests.browser.fixtures.served_page import serve_page
from tests.browser.fixtures.small_cloud import NAME, SmallCloud
from tests.browser.fixtures.views import open_view
from tests.end_to_end.embedded_cloud import free_port

pytestmark = pytest.mark.end_to_end

SOON_MILLISECONDS = 3_000
VIEWS = [
    "overview",
    "try",
    "review",
    "executions",
    "executions/one",
    "new-execution",
    "dashboard",
    "confidence",
    "model",
]


@pytest.fixture
def cloud() -> Iterator[SmallCloud]:
    """A cloud that a test sends away."""
    cloud = SmallCloud()
    yield cloud
    cloud.close()


@pytest.fixture
def away(cloud: SmallCloud) -> Iterator[str]:
    """The address of its page."""
    with serve_page(cloud.environment, NAME, free_port()) as server:
        yield server.address


def find_alert(page: Page) -> Locator:
    """Returns what is said to be wrong; once, whatever the view has fetched."""
    return page.get_by_role("alert")


def test_a_cloud_that_is_down_is_said_with_its_command_and_the_view_heals(
    away: str, page: Page, cloud: SmallCloud, faults: list[str]
) -> None:
    open_view(page, away)
    expect(page.locator(".as-of")).to_be_visible()
    cloud.stop()
    expect(find_alert(page)).to_contain_text("is not running", timeout=SOON_MILLISECONDS)
    expect(find_alert(page)).to_contain_text(f"python -m local up --port {cloud.host.rpartition(':')[2]}")
    expect(page.locator(".view")).to_have_class(re.compile("stale"))
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        assert find_violations(page) == []
    for view in VIEWS:
        page.goto(f"{away}/#/{view}")
        page.reload()
        expect(find_alert(page)).to_contain_text(
            f"The embedded cloud at {cloud.host} is not running", timeout=SOON_MILLISECONDS
        )
    page.goto(f"{away}/#/overview")
    cloud.start()
    expect(page.locator(".as-of")).to_be_visible()
    expect(find_alert(page)).to_have_count(0)
    expect(page.locator(".stale")).to_have_count(0)
    assert all("503" in said for said in faults), faults
    faults.clear()


def test_a_cloud_that_goes_and_comes_is_said_once_by_each_view_that_was_open_already(
    away: str, page: Page, cloud: SmallCloud
) -> None:
    execution = cloud.start_execution()
    views = ["try", "review", "model", "bogus", "new-execution", f"executions/{execution}"]
    tabs = [page.context.new_page() for _ in views]
    for tab, view in zip(tabs, views, strict=True):
        tab.goto(f"{away}/#/{view}")
        expect(tab.locator("[aria-busy]")).to_have_count(0)
        expect(find_alert(tab)).to_have_count(0)
    cloud.stop()
    for tab in tabs:
        expect(find_alert(tab)).to_contain_text("is not running", timeout=SOON_MILLISECONDS)
        expect(tab.locator(".view.stale")).to_have_count(1)
    start = tabs[-2].get_by_role("textbox", name="S3 URI")
    start.fill(f"s3://{NAME}/photo.png")
    start.press("Enter")
    undone = tabs[-2].get_by_text("Not started.")
    expect(undone).to_be_visible()
    expect(find_alert(tabs[-2])).to_have_count(1)
    cloud.start()
    expect(undone).to_have_count(0)
    for tab in tabs:
        expect(find_alert(tab)).to_have_count(0)
        expect(tab.locator(".stale")).to_have_count(0)


def test_a_cloud_that_says_nothing_is_waited_for_in_words(
    away: str, page: Page, cloud: SmallCloud, faults: list[str]
) -> None:
    open_view(page, away)
    cloud.fall_silent()
    page.get_by_role("link", name="Executions", exact=True).click()
    waiting = page.get_by_text(f"Still waiting for the cloud at {cloud.host}…")
    expect(waiting).to_be_visible(timeout=SOON_MILLISECONDS)
    cloud.start()
    expect(waiting).to_have_count(0)
    expect(page.locator(".as-of")).to_be_visible()
    expect(find_alert(page)).to_have_count(0)
    # Its server ends all the same, which the fixture sees to.
    cloud.fall_silent()
    page.reload()
    expect(waiting).to_be_visible()
    faults.clear()


def test_the_page_goes_on_with_a_server_that_was_started_anew_unless_its_page_is_another(
    page: Page, cloud: SmallCloud, faults: list[str], called: set[str]
) -> None:
    port = free_port()
    with serve_page(cloud.environment, NAME, port) as server:
        open_view(page, server.address)
        expect(page.locator(".as-of")).to_be_visible()
    command = f"python -m console --port {port}"
    expect(find_alert(page)).to_contain_text(command, timeout=SOON_MILLISECONDS)
    page.evaluate("window.isTheSame = true")
    with serve_page(cloud.environment, NAME, port):
        expect(find_alert(page)).to_have_count(0)
        expect(page.locator(".as-of")).to_be_visible()
        assert page.evaluate("window.isTheSame")
    expect(find_alert(page)).to_contain_text(command, timeout=SOON_MILLISECONDS)
    # A view whose code was not needed yet.
    page.get_by_role("link", name="Confidence").click()
    expect(page.get_by_role("heading", name="Confidence")).to_be_visible()
    expect(find_alert(page)).to_contain_text(command, timeout=SOON_MILLISECONDS)
    page.locator("meta[name=deployment]").evaluate("(told) => { told.content = 'another' }")
    with serve_page(cloud.environment, NAME, port):
        reload = find_alert(page).get_by_role("button", name="Reload the page")
        expect(find_alert(page)).to_contain_text("started anew")
        reload.click()
        expect(find_alert(page)).to_have_count(0)
        expect(page.locator(".as-of")).to_be_visible()
        # Before its server ends.
        page.goto("about:blank")
        faults.clear()
        called.clear()
