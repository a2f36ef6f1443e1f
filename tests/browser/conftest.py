"""A browser, a page served for a real deployment, and what no view may do: fail, or call out."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.browser.fixtures.chromium import launch_browser
from tests.browser.fixtures.routed_photos import find_doubtful_photo, find_routed_photo
from tests.browser.fixtures.screens import WIDE
from tests.browser.fixtures.served_page import serve_page
from tests.browser.fixtures.shared_deployment import share_deployment
from tests.end_to_end.deployed_home import find_run_folder
from tests.end_to_end.embedded_cloud import App, free_port

# States are waited for; this long only where something is wrong.
PATIENCE_MILLISECONDS = 60_000
expect.set_options(timeout=PATIENCE_MILLISECONDS)


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app, deployed once for all workers, with its test photos routed."""
    with share_deployment(find_run_folder(tmp_path_factory)) as app:
        yield app


@pytest.fixture(scope="session")
def address(app: App) -> Iterator[str]:
    """Where the page of that deployment is served."""
    with serve_page(app.cloud.environment, app.name, free_port()) as server:
        yield server.address


@pytest.fixture(scope="session")
def routed_photo(app: App) -> tuple[bytes, str]:
    """A photo that the filter lets through, which it has done once already, and the class it is routed as."""
    return find_routed_photo(app)


@pytest.fixture(scope="session")
def doubtful_photo(app: App) -> bytes:
    """A photo that the filter refuses, which it has done once already."""
    return find_doubtful_photo(app)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium. Playwright's event loop must not outlive the file: others run their own."""
    with sync_playwright() as playwright:
        browser = launch_browser(playwright)
        yield browser
        browser.close()


@pytest.fixture
def theme() -> str:
    """The colour scheme of ``page``; a test sets another by parametrizing it."""
    return "light"


@pytest.fixture
def viewport() -> dict[str, int]:
    """The size of ``page`` in CSS pixels; a test sets another by parametrizing it."""
    return WIDE


@pytest.fixture
def faults() -> list[str]:
    """What went wrong in the browser; a test that provokes a fault takes it out."""
    return []


@pytest.fixture
def called() -> set[str]:
    """The origins that the page asked for something; a test that asks another one takes it out."""
    return set()


@pytest.fixture
def page(
    browser: Browser, theme: str, viewport: dict[str, int], faults: list[str], called: set[str]
) -> Iterator[Page]:
    """An empty tab. At its end nothing has failed in it, and nothing was asked of another origin."""
    context = browser.new_context(
        color_scheme=theme, viewport=viewport, locale="en-GB", accept_downloads=True
    )
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    page = context.new_page()
    page.on("console", lambda message: _is_fault(message) and faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda sent: called.add(_origin(sent.url)))
    yield page
    home = _origin(page.url)
    context.close()
    assert faults == []
    assert called <= {home, ""}


def _is_fault(message: ConsoleMessage) -> bool:
    """Tells what is a fault from what the browser says of a photo that is not there.

    Tests route such photos on the deployment that all share: whatever view lists them then asks for them.
    """
    is_photo = re.search(r"/api/(executions/[^/]+/photo|outcomes/[^/]+/picture)$", message.location["url"])
    return message.type in ("error", "warning") and not (is_photo and "404" in message.text)


def _origin(url: str) -> str:
    """Returns scheme, host and port; nothing for what is in the page itself."""
    parts = urlsplit(url)
    return "" if parts.scheme in ("blob", "data", "about") else f"{parts.scheme}://{parts.netloc}"
