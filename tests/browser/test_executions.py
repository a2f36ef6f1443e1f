"""What was routed: the list, its filters, and one execution as a graph."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.fixtures.shared_deployment import CLASSES, TEST_PER_CLASS

pytestmark = [pytest.mark.end_to_end, pytest.mark.usefixtures("routed_photo", "doubtful_photo")]

ROUTED_BY_THE_DEMO = TEST_PER_CLASS * len(CLASSES)


def read_outcomes(page: Page) -> list[str]:
    """Returns the outcome of each execution in the list, once it is there."""
    page.get_by_role("table").wait_for()
    return read_cells(page, 2)


def read_cells(page: Page, column: int) -> list[str]:
    """Returns what the list has in a column, counted from 1."""
    return [cell.strip() for cell in page.locator(f"tbody tr td:nth-child({column})").all_inner_texts()]


def test_the_overview_says_that_all_is_well_and_what_was_done_today(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.get_by_text("InService")).to_be_visible()
    figures = page.get_by_role("region", name="Photos today").locator("a.figure")
    for outcome in ("routed", "refused", "failed", "routed by review", "discarded", "running"):
        expect(figures.filter(has_text=re.compile(rf"\d\s*{outcome}$"))).to_have_count(1)
    counts = [int(re.sub(r"\D", "", text)) for text in figures.all_inner_texts()]
    assert sum(counts) >= ROUTED_BY_THE_DEMO
    expect(page.get_by_text("From the table of outcomes: each photo counts once")).to_be_visible()
    figures.first.click()
    assert set(read_outcomes(page)) == {"routed"}
    expect(page.get_by_role("caption")).to_contain_text("from the table of outcomes: one line a photo")


def test_the_overview_leads_to_what_waits_for_a_review(page: Page, address: str) -> None:
    page.goto(address)
    waiting = page.get_by_role("region", name="Photos today").get_by_text("Waiting for review: ")
    assert int(re.sub(r"\D", "", waiting.inner_text())) > 0
    waiting.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1, name="Review")).to_be_visible()


def test_a_photo_is_found_by_a_part_of_its_file_name_with_its_picture_and_its_execution(
    page: Page, address: str
) -> None:
    page.goto(f"{address}/#/executions")
    expect(page.get_by_role("caption")).to_contain_text("from Step Functions' executions")
    page.get_by_label("File name contains").fill("TRIED")
    page.get_by_label("Outcome").select_option("refused")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_role("caption")).to_contain_text("from the table of outcomes: one line a photo")
    assert set(read_cells(page, 7)) == {"tried.png"}
    expect(page.locator("tbody tr img").first).not_to_have_js_property("naturalWidth", 0)
    page.locator("tbody tr a").first.click()
    expect(page.get_by_text("Kept outcome")).to_be_visible()


def test_a_file_name_that_no_photo_has_says_where_it_was_looked_for(page: Page, address: str) -> None:
    page.goto(f"{address}/#/executions?file=no-such-name")
    expect(page.get_by_text("Nothing fits these filters in the table of outcomes")).to_be_visible()


def test_every_photo_of_the_demo_is_in_the_list_with_its_picture(page: Page, address: str) -> None:
    page.goto(f"{address}/#/executions")
    assert len(read_outcomes(page)) >= ROUTED_BY_THE_DEMO
    expect(page.locator("tbody tr img").first).not_to_have_js_property("naturalWidth", 0)


def test_the_list_is_filtered_by_outcome_class_and_confidence(page: Page, address: str) -> None:
    page.goto(f"{address}/#/executions")
    page.get_by_label("Outcome").select_option("refused")
    page.get_by_role("button", name="Filter").click()
    expect(page).to_have_url(re.compile("outcome=refused"))
    # The list from before the filter goes first, then the filtered one comes.
    expect(page.locator("tbody tr").filter(has_not_text="refused")).to_have_count(0)
    assert set(read_outcomes(page)) == {"refused"}
    confidence, predicted = read_cells(page, 4)[0], read_cells(page, 3)[0]
    most = float(confidence) + 0.001
    page.goto(f"{address}/#/executions?class={predicted}&max={most}")
    expect(page.get_by_label("Outcome")).to_have_value("")
    page.get_by_role("table").wait_for()
    assert set(read_cells(page, 3)) == {predicted}
    assert confidence in read_cells(page, 4)
    assert max(map(float, read_cells(page, 4))) <= most


def test_filters_that_nothing_fits_say_so(page: Page, address: str) -> None:
    page.goto(f"{address}/#/executions?min=0.1&max=0.2")
    expect(page.get_by_text("Nothing fits these filters in Step Functions")).to_be_visible()


def test_one_execution_is_a_graph_of_what_happened(page: Page, address: str) -> None:
    page.goto(f"{address}/#/executions?outcome=refused")
    page.locator("tbody tr a").first.click()
    graph = page.get_by_role("img", name=re.compile("State machine of"))
    expect(graph).to_be_visible()
    expect(graph).to_have_accessible_name(
        re.compile(
            "Serialize the photo succeeded, Classify the photo succeeded, Filter by confidence error caught, "
            "Copy the photo for its review succeeded, Keep the refusal succeeded, "
            "Tell the refusal succeeded, Confidence is below the threshold failed"
        )
    )
    expect(graph.locator("g.failed")).to_have_count(1)
    expect(page.get_by_role("table").get_by_role("rowheader").first).to_have_text("Serialize the photo")


def test_an_execution_that_is_not_there_says_so(page: Page, address: str, faults: list[str]) -> None:
    page.goto(f"{address}/#/executions/no-such-one")
    expect(page.get_by_role("alert")).to_be_visible()
    (said,) = faults
    assert "404" in said
    faults.clear()
