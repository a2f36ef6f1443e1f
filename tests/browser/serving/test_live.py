"""What is shown keeps up with what happens, in any number of tabs, for as long as somebody looks at it."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.fixtures.served_page import serve_page
from tests.browser.fixtures.small_cloud import NAME, SmallCloud
from tests.end_to_end.embedded_cloud import free_port

pytestmark = pytest.mark.end_to_end

# One more than Chromium has connections to a server.
TABS = 7
PATIENCE_SECONDS = 60
REFRESH_MILLISECONDS = 5_000
SET_VISIBILITY = """state => {
  Object.defineProperty(document, "visibilityState", {value: state, configurable: true});
  document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture(scope="module")
def cloud() -> Iterator[SmallCloud]:
    """A cloud whose executions run until a test ends them."""
    cloud = SmallCloud()
    yield cloud
    cloud.close()


@pytest.fixture(scope="module")
def live(cloud: SmallCloud) -> Iterator[str]:
    """The address of its page."""
    with serve_page(cloud.environment, NAME, free_port()) as server:
        yield server.address


def count_connections(address: str) -> int:
    """Returns how many connections a server has that listens at an address of this machine."""
    port = f":{urlsplit(address).port:04X}"
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(1 for line in lines if line[1].endswith(port) and line[3] == "01")


def wait_until(page: Page, condition: str) -> None:
    """Waits for a condition in the page; Playwright's own waiting is what the page's policy forbids."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not page.evaluate(condition):
        assert time.monotonic() < deadline, condition
        time.sleep(0.05)


def count_asked(page: Page, path: str) -> list[str]:
    """Returns a list that grows by each request for a path from now on."""
    asked: list[str] = []
    page.on("request", lambda sent: asked.append(sent.url) if urlsplit(sent.url).path == path else None)
    return asked


def test_any_number_of_tabs_follow_their_executions_over_one_connection(
    page: Page, live: str, cloud: SmallCloud
) -> None:
    executions = [cloud.start_execution() for _ in range(TABS)]
    tabs = [page.context.new_page() for _ in executions]
    for tab, execution in zip(tabs, executions, strict=True):
        tab.goto(f"{live}/#/executions/{execution}")
        expect(tab).to_have_title(f"{execution}, running · Scones Unlimited")
    page.goto(f"{live}/#/overview")
    expect(page.locator(".as-of")).to_be_visible()
    page.goto(f"{live}/#/model")
    if sys.platform == "linux":
        # Beside the stream those that the browser keeps for the next request: for a few seconds, or for a tab
        # that asks at the moment.
        deadline = time.monotonic() + PATIENCE_SECONDS
        while count_connections(live) > 2:
            assert time.monotonic() < deadline
            time.sleep(0.2)
    for tab, execution in zip(tabs, executions, strict=True):
        cloud.end_execution(execution)
        expect(tab).to_have_title(f"{execution}, failed · Scones Unlimited")


def test_where_there_are_no_shared_workers_a_tab_has_a_stream_of_its_own(
    page: Page, live: str, cloud: SmallCloud
) -> None:
    page.add_init_script("delete window.SharedWorker")
    execution = cloud.start_execution()
    with page.expect_request("**/api/changes/*"):
        page.goto(f"{live}/#/executions/{execution}")
    expect(page).to_have_title(f"{execution}, running · Scones Unlimited")
    cloud.end_execution(execution)
    expect(page).to_have_title(f"{execution}, failed · Scones Unlimited")


@contextmanager
def expect_no_request(page: Page, asked: list[str], milliseconds: int) -> Iterator[None]:
    """Lets time pass after what is done, in which nothing is asked for."""
    yield
    before = len(asked)
    page.clock.run_for(milliseconds)
    # Whatever was sent is seen by the time something else is answered.
    page.evaluate("fetch('/static/icon.svg').then((answer) => answer.blob())")
    assert len(asked) == before


def test_a_view_is_fetched_anew_while_it_is_looked_at_and_not_paused(page: Page, live: str) -> None:
    asked = count_asked(page, "/api/overview")
    page.clock.install()
    page.goto(f"{live}/#/overview")
    as_of = page.locator(".as-of")
    expect(as_of).to_be_visible()
    first = as_of.inner_text()
    with page.expect_response("**/api/overview*"):
        page.clock.run_for(REFRESH_MILLISECONDS + 1000)
    expect(as_of).not_to_have_text(first)

    with expect_no_request(page, asked, 10 * REFRESH_MILLISECONDS):
        page.get_by_role("button", name="Pause").click()
    expect(page.locator(".as-of", has_text="Paused, as of")).to_be_visible()
    with page.expect_response("**/api/overview*"):
        page.get_by_role("button", name="Resume").click()

    with expect_no_request(page, asked, 10 * REFRESH_MILLISECONDS):
        page.evaluate(SET_VISIBILITY, "hidden")
    with page.expect_response("**/api/overview*"):
        page.evaluate(SET_VISIBILITY, "visible")

    # A view that is left is fetched no more.
    with expect_no_request(page, asked, 10 * REFRESH_MILLISECONDS):
        page.get_by_role("link", name="Model").click()
        # The overview has a heading of this name, too, of another level.
        expect(page.get_by_role("heading", level=1, name="Model")).to_be_visible()


def test_an_answer_that_is_late_is_waited_for_in_words_and_not_asked_for_again(page: Page, live: str) -> None:
    page.clock.install()
    page.goto(f"{live}/#/overview")
    expect(page.locator(".as-of")).to_be_visible()
    held: list[Route] = []
    page.route("**/api/overview*", lambda route: held.append(route))
    with page.expect_request("**/api/overview*"):
        page.clock.run_for(REFRESH_MILLISECONDS + 1000)
    page.clock.run_for(4 * REFRESH_MILLISECONDS)
    expect(page.locator(".as-of")).to_contain_text("Still waiting for the cloud at 127.0.0.1")
    expect(page.locator(".stale")).to_have_count(1)
    assert len(held) == 1
    held[0].continue_()
    expect(page.get_by_text("Still waiting")).to_have_count(0)
    expect(page.locator(".stale")).to_have_count(0)
    page.unroute_all(behavior="ignoreErrors")


def test_the_way_back_leads_to_where_the_user_was(page: Page, live: str) -> None:
    page.set_viewport_size({"width": 390, "height": 300})
    page.goto(f"{live}/#/overview")
    expect(page.locator(".as-of")).to_be_visible()
    page.evaluate("window.scrollTo(0, 150)")
    wait_until(page, "history.state?.scroll === 150")
    page.evaluate("window.location.hash = '#/model'")
    expect(page.get_by_role("heading", level=1, name="Model")).to_be_visible()
    assert page.evaluate("window.scrollY") == 0
    page.go_back()
    wait_until(page, "window.scrollY === 150")


@pytest.mark.parametrize("address", ["#/bogus", "#/executions/%E0%A4%A", "#/executions/"])
def test_an_address_of_no_view_says_so(page: Page, live: str, address: str) -> None:
    page.goto(f"{live}/{address}")
    heading = "Executions" if address == "#/executions/" else "No such view"
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)


def test_on_a_phone_the_banner_is_one_row_with_the_current_view_in_sight(page: Page, live: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{live}/#/model")
    link = page.get_by_role("navigation").get_by_role("link", name="Model")
    expect(link).to_be_in_viewport(ratio=1)
    banner = page.locator(".banner").bounding_box()
    assert banner
    assert banner["height"] <= 64
