"""On a phone every column is seen without scrolling sideways, however long a class's name is."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.fixtures.answers import fetch_answer
from tests.browser.fixtures.screens import PHONE
from tests.browser.fixtures.views import open_view

pytestmark = pytest.mark.end_to_end

LONGEST = "motorcycle" * 6 + "four"
ALIGNMENT = 8


@pytest.fixture
def viewport() -> dict[str, int]:
    """A phone's."""
    return PHONE


def is_wider_than_the_screen(place: Locator) -> bool:
    """Says whether a part must be scrolled sideways."""
    wider: bool = place.evaluate("place => place.scrollWidth > place.clientWidth")
    return wider


@pytest.mark.parametrize(
    ("view", "caption", "columns"),
    [
        ("confidence", "Invocations 1 to", 5),
        ("model", "95% interval in parentheses", 4),
        ("model", "Thresholds, for", 6),
        ("model", "Photos by the model's confidence", 4),
    ],
)
def test_every_column_is_seen(page: Page, address: str, view: str, caption: str, columns: int) -> None:
    open_view(page, address, view)
    page.evaluate("for (const closed of document.querySelectorAll('details')) closed.open = true")
    table = page.get_by_role("group", name=re.compile(caption))
    assert not is_wider_than_the_screen(table)
    first = table.locator("tbody tr").first.locator("th, td")
    expect(first).to_have_count(columns)
    for cell in first.all():
        expect(cell).to_be_visible()


def test_the_steps_of_an_execution_are_seen(page: Page, address: str) -> None:
    open_view(page, address, "executions")
    page.locator("tbody tr a").first.click()
    steps = page.get_by_role("group", name="Steps, in order")
    steps.wait_for()
    assert not is_wider_than_the_screen(steps)
    expect(page.get_by_role("region", name=re.compile("^Data of ")).last).to_be_visible()


@contextmanager
def rename_class(page: Page, name: str) -> Iterator[None]:
    """Has the server give a class a name as long as a folder's may be."""

    def rename(route: Route) -> None:
        answer = fetch_answer(route)
        body, kind = answer.body(), answer.headers["content-type"]
        if kind == "application/octet-stream":
            end = 4 + int.from_bytes(body[:4], "little")
            header, columns = body[4:end], body[end + -end % ALIGNMENT :]
            header = header.replace(name.encode(), LONGEST.encode())
            start = len(header).to_bytes(4, "little") + header
            body = start + bytes(-len(start) % ALIGNMENT) + columns
        elif not kind.startswith("image/"):
            body = re.sub(rb"(?<![/\w])" + name.encode() + rb"(?![/\w])", LONGEST.encode(), body)
        route.fulfill(response=answer, body=body)

    page.route("**/api/**", rename)
    yield
    # Answers that nobody waits for may still be on their way.
    page.unroute_all(behavior="ignoreErrors")


@pytest.mark.parametrize("view", ["overview", "executions", "confidence", "model"])
def test_a_long_class_name_does_not_widen_the_page(
    page: Page, address: str, routed_photo: tuple[bytes, str], view: str
) -> None:
    with rename_class(page, routed_photo[1]):
        open_view(page, address, view)
        expect(page.get_by_text(LONGEST).first).to_be_attached()
        assert not is_wider_than_the_screen(page.locator("html"))


def test_a_long_class_name_does_not_widen_an_execution(
    page: Page, address: str, routed_photo: tuple[bytes, str]
) -> None:
    with rename_class(page, routed_photo[1]):
        open_view(page, address, "executions?outcome=routed")
        page.locator("tbody tr", has_text=LONGEST).first.locator("a").click()
        expect(page.get_by_text(f"Routed as {LONGEST}")).to_be_visible()
        assert not is_wider_than_the_screen(page.locator("html"))
