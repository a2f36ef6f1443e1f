"""The list of executions: its filter, how it stays fresh, the way back, and what is done with all of it."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.fixtures.accessibility import find_violations
from tests.browser.fixtures.other_deployments import draw_small_picture
from tests.browser.fixtures.screens import PHONE, WIDE
from tests.browser.fixtures.views import open_view
from tests.end_to_end.deployed_home import CLASSES, TEST_PER_CLASS

pytestmark = [pytest.mark.end_to_end, pytest.mark.usefixtures("routed_photo", "doubtful_photo")]

REFRESH_MILLISECONDS = 5_500
PICTURE = draw_small_picture()
ROUTED_BY_THE_DEMO = TEST_PER_CLASS * len(CLASSES)


def read_outcomes(page: Page) -> list[str]:
    """Returns the outcome of each execution in the list, once it is there."""
    page.get_by_role("table").wait_for()
    return read_cells(page, "td.outcome-of > .outcome")


def read_cells(page: Page, cell: str) -> list[str]:
    """Returns what the lines of the list have in a cell."""
    return [text.strip() for text in page.locator(f"table.lines tbody {cell}").all_inner_texts()]


def make_line(execution: str, outcome: str, minute: int, **others: Any) -> dict[str, Any]:
    """Returns a line of the list as the server tells it, of an execution and the photo of its name."""
    unknown = ("photo", "predicted_class", "confidence", "error", "cause", "label", "reviewed_by")
    return {
        "id": execution,
        "arn": f"arn:aws:states:us-east-1:123456789012:execution:scones:{execution}",
        "name": f"{execution}.png",
        "bucket": "photos",
        "key": f"incoming/1/{execution}.png",
        "outcome": outcome,
        "started": 1_767_319_200 + 60 * minute,
        "milliseconds": 400,
        **dict.fromkeys(unknown),
        **others,
    }


FAILED = make_line(
    "gone",
    "failed",
    1,
    error="ImageNotFound",
    cause="s3://photos/incoming/1/gone.png does not exist. Check s3_key: upper and lower case differ",
)
NAMELESS = make_line(
    "f00d", "failed", 0, name=None, bucket=None, key=None, error="InvalidEvent", cause="empty"
)


class Answers:
    """What the page is told in place of the server's lists: the lines, a page of them at a time."""

    def __init__(self, page: Page, lines: list[dict[str, Any]], most: int = 50) -> None:
        self.lines = lines
        self.asked: list[str] = []
        self._most = most
        page.route(re.compile(r"/api/(executions|totals)\?"), self._answer)
        # The pictures of photos that are none.
        page.route(re.compile("/api/executions/.*/photo"), lambda route: route.fulfill(body=PICTURE))

    def _answer(self, route: Route) -> None:
        self.asked.append(route.request.url)
        query = parse_qs(urlsplit(route.request.url).query)
        if "/api/totals" in route.request.url:
            route.fulfill(json={"total": len(self.lines), "more": False})
            return
        first = int(query.get("cursor", ["0"])[0])
        end = first + self._most
        lines = [line for line in self.lines if line["id"] in query["id"]] if "id" in query else self.lines
        route.fulfill(
            json={
                "source": "executions",
                "advice": None,
                "executions": lines[first:end],
                "cursor": str(end) if end < len(lines) else None,
                "looked_back_to": lines[first:end][-1]["started"] if lines else None,
            }
        )


def test_a_photo_is_found_by_a_part_of_its_name_and_its_row_leads_to_the_execution_and_back(
    page: Page, address: str
) -> None:
    open_view(page, address, "executions")
    assert len(read_outcomes(page)) >= min(ROUTED_BY_THE_DEMO, 50)
    expect(page.get_by_role("caption")).to_contain_text("from Step Functions' executions")
    page.get_by_label("Search").fill("TRIED")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("checkbox", name="refused").check()
    expect(page.get_by_role("checkbox", name="refused")).to_be_focused()
    expect(page.get_by_role("caption")).to_contain_text("from the table of outcomes: one line a photo")
    expect(page).to_have_url(re.compile(r"search=TRIED&outcome=refused$"))
    expect(page.locator("tbody tr").filter(has_not_text="refused")).to_have_count(0)
    assert set(read_cells(page, "th.name a")) == {"tried.png"}
    expect(page.locator("tbody tr img").first).not_to_have_js_property("naturalWidth", 0)
    page.locator("tbody td.took").first.click()
    expect(page).to_have_url(re.compile(r"#/executions/[^?]+\?from-list=search%3DTRIED%26outcome%3Drefused"))
    page.get_by_role("link", name="Back to the filtered list").click()
    expect(page.get_by_label("Search")).to_have_value("TRIED")
    assert set(read_outcomes(page)) == {"refused"}
    for _ in range(3):
        page.go_back()
    expect(page.get_by_role("checkbox", name="refused")).not_to_be_checked()


def test_several_outcomes_class_confidence_and_period_are_chosen_together(page: Page, address: str) -> None:
    open_view(page, address, "executions?outcome=refused")
    page.get_by_text("Class, error, confidence").click()
    predicted, confidence = read_cells(page, "td.class")[0], read_cells(page, "td.confidence")[0]
    page.get_by_role("checkbox", name="routed", exact=True).check()
    page.get_by_label("Period").select_option("Today")
    page.get_by_label("Class").select_option(predicted)
    most = float(confidence) + 0.001
    page.get_by_label("to", exact=True).fill(str(most))
    page.get_by_role("button", name="Apply").last.click()
    expect(page).to_have_url(
        re.compile(rf"\?from=today&outcome=routed&outcome=refused&class={predicted}&max={most}$")
    )
    expect(page.locator("[aria-busy]")).to_have_count(0)
    expect(page.locator("tbody tr").filter(has_not_text=predicted)).to_have_count(0)
    assert confidence in read_cells(page, "td.confidence")
    assert max(map(float, read_cells(page, "td.confidence"))) <= most
    page.get_by_label("Search").fill("no such name")
    page.get_by_label("Search").press("Enter")
    page.get_by_role("link", name="Clear the filters.").click()
    expect(page.get_by_role("table")).to_be_visible()
    expect(page.get_by_role("checkbox", name="refused")).not_to_be_checked()


def test_what_is_wrong_in_an_address_is_said_in_words_and_can_be_put_right(
    page: Page, address: str, faults: list[str]
) -> None:
    open_view(page, address, "executions?from=garbage")
    expect(page.get_by_role("alert")).to_have_text("“garbage” is no time")
    page.get_by_label("Period").select_option("Any time")
    expect(page.get_by_role("table")).to_be_visible()
    assert all("400" in fault for fault in faults)
    faults.clear()


def test_the_list_stays_fresh_in_place_and_new_lines_wait_until_they_are_asked_for(
    page: Page, address: str
) -> None:
    page.clock.install()
    answers = Answers(page, [make_line("b", "running", 3), FAILED, NAMELESS])
    open_view(page, address, "executions?search=x")
    assert read_outcomes(page) == ["running", "failed", "failed"]
    assert read_cells(page, "td.photo") == ["", "not found", "none named"]
    assert read_cells(page, "th.name > a") == ["b.png", "gone.png", "f00d"]
    failed = page.get_by_role("row", name="gone.png")
    expect(failed).to_contain_text("ImageNotFound")
    expect(failed.locator("th")).to_contain_text("does not exist. Check s3_key")
    answers.lines = [
        make_line("d", "running", 5),
        make_line("c", "running", 4),
        make_line("b", "refused", 3, confidence=0.7),
        FAILED,
        NAMELESS,
    ]
    page.clock.run_for(REFRESH_MILLISECONDS)
    expect(page.get_by_role("button", name="2 new: show")).to_be_visible()
    assert read_outcomes(page) == ["refused", "failed", "failed"]
    page.get_by_role("button", name="2 new: show").click()
    expect(page.locator("tbody tr")).to_have_count(5)
    expect(page.get_by_role("region", name="Executions")).to_be_focused()
    page.get_by_role("button", name="Pause").click()
    asked = len(answers.asked)
    page.clock.run_for(3 * REFRESH_MILLISECONDS)
    assert len(answers.asked) == asked
    page.unroute_all(behavior="ignoreErrors")


def test_the_way_back_keeps_older_lines_and_the_place(page: Page, address: str, faults: list[str]) -> None:
    Answers(page, [make_line(f"photo-{number}", "routed", -number) for number in range(120)])
    open_view(page, address, "executions")
    expect(page.get_by_role("caption")).to_contain_text("Newest 50 of 120 executions, back to")
    page.get_by_role("button", name="Load older").click()
    row = page.get_by_role("link", name="photo-71.png")
    row.scroll_into_view_if_needed()
    page.wait_for_function("() => history.state?.scroll === scrollY && history.state?.pages === 2")
    place = page.evaluate("scrollY")
    for go_back in (
        page.go_back,
        page.get_by_role("navigation").get_by_role("link", name="Executions").click,
    ):
        row.click()
        expect(page).to_have_url(re.compile("#/executions/photo-71"))
        expect(page.get_by_role("alert")).to_be_visible()
        go_back()
        expect(page.locator("tbody tr")).to_have_count(100)
        page.wait_for_function("place => Math.abs(scrollY - place) < 2", arg=place)
    assert all("404" in fault for fault in faults)
    faults.clear()
    page.unroute_all(behavior="ignoreErrors")


def test_all_that_a_filter_found_is_run_again_once_it_is_confirmed(page: Page, address: str) -> None:
    open_view(page, address, "executions?search=tried&outcome=refused&outcome=running")
    number = read_outcomes(page).count("refused")
    page.get_by_role("button", name=re.compile(r"^Run \d+ photos? again$")).click()
    panel = page.get_by_role("region", name=re.compile("^Run all"))
    expect(panel.get_by_role("button", name="again")).to_be_focused()
    panel.get_by_role("button", name="again").click()
    expect(panel.get_by_role("status")).to_contain_text(f"Started again: {number} of {number}.")
    panel.get_by_role("button", name="Close").click()
    expect(panel).to_have_count(0)


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_could_not_be_redriven_is_said_with_the_reason_and_every_state_is_accessible(
    page: Page, address: str, faults: list[str]
) -> None:
    def redrive(route: Route) -> None:
        if "gone" in route.request.url:
            route.fulfill(status=409, json={"error": "It was started more than 14 days ago"})
        else:
            route.fulfill(json={"id": "f00d"})

    def check() -> None:
        assert find_violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

    page.clock.install()
    answers = Answers(page, [FAILED, NAMELESS])
    page.route("**/redrive", redrive)
    open_view(page, address, "executions?outcome=failed&min=0&from=2026-01-01T09:00")
    answers.lines = [make_line("new", "failed", 9), *answers.lines]
    page.clock.run_for(REFRESH_MILLISECONDS)
    expect(page.get_by_role("button", name="1 new: show")).to_be_visible()
    answers.lines = answers.lines[1:]
    page.get_by_role("button", name="Redrive all 2").click()
    panel = page.get_by_role("region", name="Redrive all")
    expect(panel).to_contain_text("Each goes on from the step that failed")
    check()
    panel.get_by_role("button", name="Redrive all 2").click()
    expect(panel).to_contain_text("Redriven: 1 of 2. 1 could not be redriven:")
    expect(panel.get_by_role("listitem")).to_have_text("It was started more than 14 days ago: gone.png")
    check()
    assert all("409" in fault for fault in faults)
    faults.clear()
    page.unroute_all(behavior="ignoreErrors")


def test_the_keyboard_passes_over_the_filter(page: Page, address: str) -> None:
    open_view(page, address, "executions")
    page.get_by_role("button", name="Pause").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip the filter")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Order")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.locator("tbody a").first).to_be_focused()
