"""The overview answers whether all is well, also in states that a deployment seldom has: those are put in."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.fixtures.accessibility import find_violations
from tests.browser.fixtures.answers import fetch_answer
from tests.browser.fixtures.screens import PHONE, WIDE
from tests.browser.fixtures.views import open_view
from tests.end_to_end.deployed_home import CLASSES, TEST_PER_CLASS
from tests.end_to_end.embedded_cloud import App, execute, photo_event

pytestmark = [pytest.mark.end_to_end, pytest.mark.usefixtures("routed_photo", "doubtful_photo")]

PutIn = Callable[[Callable[[dict[str, Any]], None]], None]
COMMAND = "make deploy CDK_CONTEXT=confidence_threshold=0.975"


@pytest.fixture
def put_in(page: Page) -> Iterator[PutIn]:
    """Has the server's answer changed on its way to the page."""

    def put(change: Callable[[dict[str, Any]], None]) -> None:
        def answer(route: Route) -> None:
            overview = fetch_answer(route).json()
            change(overview)
            route.fulfill(body=json.dumps(overview), content_type="application/json")

        page.route("**/api/overview*", answer)

    yield put
    # The view asks on, and nobody waits for the last answer.
    page.unroute_all(behavior="ignoreErrors")


def find(level: str, about: str, brief: str, text: str) -> dict[str, str]:
    """Returns a finding as the server tells it."""
    return {"level": level, "about": about, "brief": brief, "text": text}


def make_trouble(overview: dict[str, Any]) -> None:
    """Makes of an answer one in which nearly everything is to be told."""
    overview["endpoint"]["status"] = "Updating"
    overview["health"] = {
        "level": "act",
        "sentence": "Needs attention: 3 photos failed in 24 h, mostly InvalidImage",
        "summary": "86 routed, 14 refused (14.0%), 3 failed in 24 h; endpoint Updating.",
        "findings": [
            find("act", "alarms", "the alarm photos-failed is on", "Open one of the failed executions."),
            find("act", "failed", "3 photos failed", "InvalidImage 2, ImageNotFound 1."),
            find(
                "look", "endpoint", "the endpoint is in transit (Updating)", "It should be in service soon."
            ),
            find("look", "refused", "far more photos are refused than expected", "14.0% of 100."),
            find("look", "waiting", "photos wait for review for more than 2 days", "12 photos in the queue."),
            find(
                "look", "threshold", "the evaluation recommends another threshold", "0.975 instead of 0.800."
            ),
        ],
    }
    overview["week"]["day"] |= {"errors": {"InvalidImage": 2, "ImageNotFound": 1}, "failed": 3}
    overview["queue"] |= {
        "waiting": 12,
        "more_waiting": True,
        "oldest": overview["endpoint"]["updated"] - 2e5,
    }
    overview["evaluation"] |= {"recommended": 0.975, "more_routed": -4, "differs": True, "command": COMMAND}
    overview["last_failed"] = {
        "id": "letter",
        "name": "a letter with a name that is much longer than any column of the page is wide.txt",
        "error": "InvalidImage",
        "cause": "This is not a photo (JPEG, HEIF, …)",
        "decided": overview["endpoint"]["updated"],
    }
    on, unknown, *others = overview["alarms"]["alarms"]
    on |= {
        "what": "photos-failed",
        "state": "ALARM",
        "reason": "7 was greater than or equal to the threshold 5.",
    }
    unknown["state"] = "INSUFFICIENT_DATA"
    for other in others:
        other["state"] = "OK"
    overview["latest"][0] |= {
        "error": "ImageNotFound",
        "outcome": "failed",
        "name": "gone.png",
        "confidence": None,
    }


def test_a_deployment_that_works_is_told_in_a_sentence_with_its_figures_and_last_photos(
    page: Page, address: str, app: App
) -> None:
    # Whatever others have started meanwhile: of the last photos one has a picture.
    execute(app, photo_event(app))
    open_view(page, address)
    health = page.get_by_role("region", name="Is it well?")
    expect(health).to_have_text(re.compile(r"\d+ routed, \d+ refused .*endpoint in service"))
    day = page.get_by_role("region", name="Last 24 hours")
    for name in ("Refusal rate", "Latency p50", "Photos in 6 hours"):
        expect(
            day.get_by_role("img", name=re.compile(f"{name}.* over 7 days, in steps of 6 hours"))
        ).to_be_visible()
    last = page.get_by_role("region", name="Last executions")
    expect(last.get_by_role("listitem")).to_have_count(5)
    expect(last.locator("img").first).to_be_visible()
    model = page.get_by_role("region", name="Model")
    expect(model.get_by_text(re.compile(r"^\d+\.\d% of \d+ test photos$"))).to_be_visible()
    today = page.get_by_role("region", name="Photos today").get_by_role("link")
    expect(today).to_contain_text(["routed", "refused", "failed", "routed by review", "discarded"])
    counts = [int(re.sub(r"\D", "", text)) for text in today.all_inner_texts()]
    assert sum(counts) >= TEST_PER_CLASS * len(CLASSES)
    last.get_by_role("listitem").first.get_by_role("link").click()
    expect(page).to_have_url(re.compile("#/executions/."))


def test_the_figures_lead_to_the_photos_that_they_count(page: Page, address: str) -> None:
    open_view(page, address)
    waiting = page.get_by_role("link", name=re.compile("Waiting for review"))
    expect(waiting).to_have_attribute("href", "#/review")
    page.get_by_role("link", name=re.compile("Refusal rate")).click()
    expect(page.get_by_role("heading", level=1, name="Executions")).to_be_visible()
    marks = page.locator("table .outcome")
    expect(marks.first).to_be_visible()
    assert {mark.strip() for mark in marks.all_inner_texts()} == {"refused"}


def test_today_begins_at_the_browser_s_midnight(page: Page, address: str) -> None:
    with page.expect_request("**/api/overview*") as sent:
        open_view(page, address)
    midnight = page.evaluate("new Date().setHours(0, 0, 0, 0) / 1000")
    assert sent.value.url.endswith(f"?midnight={midnight:.0f}")
    today = page.get_by_role("region", name="Photos today").get_by_role("link")
    expect(today.first).to_have_attribute("href", "#/executions?outcome=routed&from=today")


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_is_not_well_is_told_in_its_colour_and_leads_to_where_it_is_seen(
    page: Page, address: str, put_in: PutIn
) -> None:
    put_in(make_trouble)
    open_view(page, address)
    health = page.get_by_role("region", name="Is it well?")
    expect(health).to_have_class(re.compile("act"))
    links = {
        "See what failed with InvalidImage": "#/executions?outcome=failed&error=InvalidImage&from=day",
        "See their confidence": "#/confidence?period=day",
        "Review them": "#/review",
        "See what 0.975 would do": "#/confidence?threshold=0.975",
    }
    for name, target in links.items():
        expect(health.get_by_role("link", name=name)).to_have_attribute("href", target)
    endpoint = page.get_by_role("region", name="Endpoint")
    health.get_by_role("link", name="See the endpoint").click()
    expect(endpoint).to_be_focused()
    expect(endpoint.get_by_text("Updating")).to_have_class("outcome running")
    alarms = page.get_by_role("region", name="Alarms")
    health.get_by_role("link", name="See why, and what to do").click()
    expect(alarms).to_be_focused()
    expect(alarms.get_by_role("listitem")).to_contain_text("in alarm photos-failed since")
    expect(alarms.get_by_role("listitem").get_by_role("link")).to_have_attribute(
        "href", "#/documents/runbook/photos-failed"
    )
    alarms.get_by_text(re.compile("^All alarms: 1 in alarm, .*1 with insufficient data$")).click()
    expect(page.get_by_role("link", name="Waiting for review 12+ the oldest for")).to_be_visible()
    threshold = page.get_by_role("region", name="Threshold")
    expect(threshold.get_by_text("The evaluation recommends 0.975. It refuses 4 photos more")).to_be_visible()
    expect(threshold.get_by_text(COMMAND)).to_be_visible()
    expect(page.get_by_role("region", name="Last error").get_by_text("This is not a photo")).to_be_visible()
    # What is not there is not asked for.
    last = page.get_by_role("region", name="Last executions")
    expect(last.get_by_role("link", name="not found gone.png failed")).to_be_visible()
    assert find_violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_command_is_copied(page: Page, address: str, put_in: PutIn) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    put_in(make_trouble)
    open_view(page, address)
    page.get_by_role("button", name="Copy the command").click()
    assert page.evaluate("navigator.clipboard.readText()") == COMMAND


def test_a_table_that_is_throttled_leaves_the_rest(page: Page, address: str, put_in: PutIn) -> None:
    def throttle(overview: dict[str, Any]) -> None:
        fault = "The table scones-outcomes is throttled: nothing is lost, try again in a minute"
        overview |= {"today": {"fault": fault}, "week": None, "latest": [], "last_failed": None, "queue": {}}
        overview["health"] = {
            "level": "look",
            "sentence": "Worth a look: what became of the photos cannot be told at the moment",
            "summary": "Endpoint in service.",
            "findings": [find("look", "counting", "what became of the photos cannot be told", fault)],
        }

    put_in(throttle)
    open_view(page, address)
    expect(page.get_by_role("region", name="Photos today").get_by_text("throttled")).to_be_visible()
    expect(page.get_by_role("region", name="Endpoint").get_by_text("InService")).to_be_visible()
