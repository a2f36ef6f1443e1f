"""The view of batches, from answers that are put in: no test waits for ten thousand photos."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.fixtures.accessibility import find_violations
from tests.browser.fixtures.screens import PHONE, WIDE
from tests.browser.fixtures.served_page import serve_page
from tests.browser.fixtures.small_cloud import NAME, SmallCloud
from tests.browser.fixtures.views import open_view
from tests.console.batches.batch_machine import MACHINE, make_summary
from tests.end_to_end.embedded_cloud import free_port

pytestmark = pytest.mark.end_to_end

RUN = "20260131T120000Z"
FAILED = {"InvalidImage": 3, "ImageTooLarge": 1}


def make_batch(name: str, state: str, **other: Any) -> dict[str, Any]:
    """Returns a batch as the server describes one."""
    return {
        "id": name,
        "execution": f"{MACHINE.replace(':stateMachine:', ':execution:')}:{name}-{RUN}",
        "source": f"s3://photos-of-the-gate/2026/{name}/with-a-rather-long-prefix",
        "bucket": "photos-of-the-gate",
        "prefix": f"2026/{name}/with-a-rather-long-prefix/",
        "state": state,
        "started": 1769860800.0,
        "ended": None if state == "running" else 1769861100.0,
        "error": None,
        "cause": None,
        "progress": None,
        "summary": None,
        "redrivable": state in ("failed", "cancelled"),
        **other,
    }


SUMMARY = make_summary(
    photos=10_000, routed={"bicycle": 4812, "motorcycle": 4883}, refused=301, failed=FAILED, seconds=312.4
)
PROGRESS = {"total": 10_000, "done": 3_200, "failed": 0, "running": 200, "waiting": 6_600}
DONE = make_batch("gate-0a1b2c3d", "done", summary=SUMMARY, redrivable=True)
RUNNING = make_batch("yard-0a1b2c3d", "running", progress=PROGRESS)
COUNTING = make_batch("begun-0a1b2c3d", "running")
BROKEN = make_batch(
    "dock-0a1b2c3d",
    "failed",
    progress=PROGRESS | {"failed": 600},
    error="States.ExceedToleratedFailureThreshold",
    cause="The specified tolerated failure threshold was exceeded",
)


@pytest.fixture(scope="module")
def small_address() -> Iterator[str]:
    """Where the page of a deployment is served that has nothing of its own."""
    cloud = SmallCloud()
    try:
        with serve_page(cloud.environment, NAME, free_port()) as server:
            yield server.address
    finally:
        cloud.close()


class Answers:
    """What the server is made to answer.

    Attributes:
        batches: The batches.
        posted: The paths of what was asked to be done.
    """

    def __init__(self, page: Page) -> None:
        self.batches = [RUNNING, COUNTING, DONE, BROKEN]
        self.posted: list[str] = []
        page.route("**/api/batches**", self._answer)
        page.route("**/api/batches/**", self._answer)
        deployment = {"classes": ["bicycle", "motorcycle"], "threshold": None}
        page.route("**/api/deployment", lambda route: route.fulfill(json=deployment))

    def _answer(self, route: Route) -> None:
        path = re.sub(r".*/api/batches", "", route.request.url)
        if route.request.method == "POST":
            self.posted.append(path)
            route.fulfill(json={})
        elif path.endswith(".csv"):
            route.fulfill(body="key,version\r\n", content_type="text/csv")
        else:
            found = [batch for batch in self.batches if path == f"/{batch['id']}"]
            route.fulfill(body=json.dumps(found[0] if found else {"batches": self.batches}))


@pytest.fixture
def answers(page: Page) -> Answers:
    """The answers of the page."""
    return Answers(page)


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.usefixtures("answers")
def test_list_and_batches_in_every_state_are_accessible(page: Page, small_address: str) -> None:
    for path in ("", *(f"/{batch['id']}" for batch in (RUNNING, COUNTING, DONE, BROKEN))):
        open_view(page, small_address, f"batches{path}")
        assert find_violations(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path


@pytest.mark.usefixtures("answers")
def test_the_list_tells_how_far_each_is_and_what_became_of_its_photos(page: Page, small_address: str) -> None:
    open_view(page, small_address, "batches")
    row = page.get_by_role("row", name="yard-0a1b2c3d")
    expect(row).to_contain_text("3,200 of 10,000")
    expect(row.get_by_role("progressbar")).to_have_attribute("max", "10000")
    row = page.get_by_role("row", name="gate-0a1b2c3d")
    for words in ("done", "bicycle 4,812", "motorcycle 4,883", "301"):
        expect(row).to_contain_text(words)
    row.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1, name="Batch gate-0a1b2c3d")).to_be_visible()
    expect(page.get_by_role("group", name="Photos that failed, by error")).to_contain_text("InvalidImage")
    expect(page.get_by_role("link", name="Refused photos of this batch")).to_be_visible()


def test_photos_that_another_run_has_refused_are_not_looked_for_among_this_one_s(
    page: Page, small_address: str, answers: Answers
) -> None:
    answers.batches = [DONE | {"summary": SUMMARY | {"asked": 0, "kept": 10_000}}]
    open_view(page, small_address, "batches/gate-0a1b2c3d")
    expect(page.get_by_role("link", name="Review the refused photos")).to_be_visible()
    expect(page.get_by_role("link", name="Refused photos of this batch")).to_have_count(0)


def test_a_batch_that_runs_is_followed_cancelled_and_asked_again(
    page: Page, small_address: str, answers: Answers
) -> None:
    open_view(page, small_address, "batches/yard-0a1b2c3d")
    expect(page.get_by_text("3,200 of 10,000")).to_be_visible()
    answers.batches = [RUNNING | {"progress": PROGRESS | {"done": 4_100}}]
    expect(page.get_by_text("4,100 of 10,000")).to_be_visible()
    answers.batches = [RUNNING | {"state": "cancelled", "redrivable": True}]
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)
    page.get_by_role("button", name="Ask again for what failed").click()
    expect(page.get_by_role("button", name="Ask again for what failed")).to_be_enabled()
    assert answers.posted == ["/yard-0a1b2c3d/cancel", "/yard-0a1b2c3d/redrive"]


def test_no_rate_is_shown_of_a_batch_that_was_redriven(
    page: Page, small_address: str, answers: Answers
) -> None:
    open_view(page, small_address, "batches/gate-0a1b2c3d")
    expect(page.get_by_text("Photos a second")).to_be_visible()
    answers.batches = [DONE | {"summary": SUMMARY | {"photos_per_second": None}}]
    expect(page.get_by_text("Photos a second")).to_have_count(0)
    expect(page.get_by_text("Routed").first).to_be_visible()


@pytest.mark.usefixtures("answers")
def test_a_batch_says_when_what_it_wrote_expires(page: Page, small_address: str) -> None:
    open_view(page, small_address, "batches/gate-0a1b2c3d")
    expect(page.get_by_text("expire after capture_days: 30 days, unless")).to_be_visible()
    open_view(page, small_address, "batches/yard-0a1b2c3d")
    expect(page.get_by_text("expire after capture_days")).to_have_count(0)


@pytest.mark.usefixtures("answers")
def test_what_a_batch_wrote_is_saved(page: Page, small_address: str) -> None:
    open_view(page, small_address, "batches/gate-0a1b2c3d")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download routes.csv").click()
    assert download.value.suggested_filename == "gate-0a1b2c3d, routes.csv"
    assert download.value.path().read_bytes() == b"key,version\r\n"


@pytest.mark.usefixtures("answers")
def test_a_photo_that_a_batch_decided_about_leads_to_it_and_is_not_run_again_alone(
    page: Page, small_address: str
) -> None:
    line = {
        **dict.fromkeys(("version", "error", "cause", "label", "reviewed_by", "milliseconds", "key")),
        "photo": "0" * 32,
        "id": "0" * 32,
        "batch": "gate-0a1b2c3d",
        "bucket": "b",
        "name": "one.jpg",
        "outcome": "routed",
        "predicted_class": "bicycle",
        "confidence": 0.9,
        "started": 1769860800.0,
        "decided": 1769860800.0,
        "arn": DONE["execution"],
    }
    found = {"source": "table", "advice": None, "executions": [line], "cursor": None, "looked_back_to": None}
    page.route("**/api/executions?*", lambda route: route.fulfill(json=found))
    open_view(page, small_address, "executions?outcome=routed")
    expect(page.get_by_role("button", name=re.compile("again"))).to_have_count(0)
    page.get_by_role("row", name="one.jpg").get_by_role("link").click()
    expect(page.get_by_role("heading", level=1, name="Batch gate-0a1b2c3d")).to_be_visible()
