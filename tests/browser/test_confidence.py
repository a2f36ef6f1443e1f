"""Confidence over time: the threshold is moved, and the figures say at once what it would have done."""

import csv
import io
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from console.traffic.columns import encode_columns
from console.traffic.source import ROW, Progress
from tests.browser.fixtures.accessibility import find_violations
from tests.browser.fixtures.other_deployments import draw_small_picture
from tests.browser.fixtures.screens import PHONE, WIDE
from tests.browser.fixtures.views import open_view
from tests.end_to_end.deployed_home import CLASSES

pytestmark = pytest.mark.end_to_end

NOON = 1_750_000_000.0
IN_SERVICE = {"threshold": 0.8, "model": "scones-1"}
# Where across the points' canvas, from 0 to 1, the first is painted and the last.
PAINTED = """canvas => {
  const {width, height} = canvas;
  const copy = new OffscreenCanvas(width, height).getContext("2d", {willReadFrequently: true});
  copy.drawImage(canvas, 0, 0);
  const {data} = copy.getImageData(0, 0, width, height);
  const columns = Array.from({length: width}, (_, x) => x).filter((x) =>
    Array.from({length: height}, (_, y) => data[4 * (y * width + x) + 3]).some(Boolean));
  return [columns.at(0) / width, columns.at(-1) / width];
}"""


@pytest.fixture
def slider(page: Page, address: str) -> Locator:
    """The threshold's line, over the invocations that the demo left."""
    return open_chart(page, address)


def open_chart(page: Page, address: str) -> Locator:
    """Opens the view, waits until all is read and drawn, and returns the threshold's line."""
    open_view(page, address, "confidence")
    return page.get_by_role("slider", name="Threshold")


def answer_with(
    page: Page,
    seconds: list[float],
    confidences: list[float],
    predicted: list[int] | None = None,
    truth: list[int] | None = None,
    pictures: list[int] | None = None,
    **header: Any,
) -> None:
    """Has the server answer with these invocations instead of those that there are."""
    rows = np.zeros(len(seconds), ROW)
    rows["time"] = [NOON + second for second in seconds]
    rows["confidence"] = confidences
    rows["predicted"] = predicted or 0
    rows["truth"] = truth or -1
    rows["picture"] = pictures or 0
    told = {"generation": 0, "first": 0, "classes": list(CLASSES), "changes": [], "baseline": None}
    told |= {"recommended": None, "in_service": IN_SERVICE}
    body = encode_columns(rows, told | header)
    progress = asdict(Progress("captured object", invocations=len(rows)))
    page.unroute_all()
    page.route(
        "**/api/invocations",
        lambda route: route.fulfill(json={"source": "captured", "in_service": IN_SERVICE, **progress}),
    )
    page.route("**/api/invocations/captured/columns**", lambda route: route.fulfill(body=body))
    page.route("**/api/invocations/*/photo", lambda route: route.fulfill(body=draw_small_picture()))
    page.route("**/api/invocations/origins?**", lambda route: route.fulfill(json={}))


def read_figures(slider: Locator) -> tuple[float, int, int]:
    """Returns threshold, routed and refused, in the words of a screen reader."""
    words = re.match(
        r"([\d.]+): ([\d,]+) routed, ([\d,]+) refused", slider.get_attribute("aria-valuetext") or ""
    )
    assert words
    return float(words[1]), int(words[2].replace(",", "")), int(words[3].replace(",", ""))


def test_the_threshold_starts_where_the_deployed_filter_has_it(slider: Locator, page: Page) -> None:
    expect(slider).to_have_attribute("aria-valuenow", "0.8")
    expect(page.get_by_role("button", name="in service 0.800")).to_have_attribute("aria-pressed", "true")
    _, routed, refused = read_figures(slider)
    assert routed + refused >= 1


def test_keys_move_the_threshold_and_the_figures_follow(page: Page, address: str) -> None:
    answer_with(page, [0.0, 1.0, 2.0, 3.0], [0.6, 0.805, 0.9, 1.0])
    slider = open_chart(page, address)
    assert read_figures(slider) == (0.8, 3, 1)
    slider.press("ArrowUp")
    assert read_figures(slider) == (0.81, 2, 2)
    slider.press("Home")
    assert read_figures(slider) == (0.5, 4, 0)
    slider.press("End")
    assert read_figures(slider) == (1.0, 1, 3)
    expect(page.locator(".figure", has_text="Refused")).to_contain_text("3")


def test_what_evaluation_asked_is_no_delivery(page: Page, address: str) -> None:
    page.goto(f"{address}/#/confidence")
    expect(page.get_by_text(re.compile("evaluation requests? (is|are) left out"))).to_be_visible()


def test_the_mouse_drags_the_threshold(slider: Locator, page: Page) -> None:
    box = slider.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2 + 60, steps=5)
    page.mouse.up()
    threshold, routed, refused = read_figures(slider)
    assert 0.5 <= threshold < 0.8
    slider.press("Home")
    assert read_figures(slider)[1] == routed + refused


def test_what_is_shown_is_downloaded(slider: Locator, page: Page, tmp_path: Path) -> None:
    threshold, routed, refused = read_figures(slider)
    with page.expect_download() as started:
        page.get_by_role("button", name="Download CSV").click()
    started.value.save_as(tmp_path / "invocations.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "invocations.csv").read_text())))
    assert len(rows) == routed + refused
    counted = sum(float(row["confidence"]) >= threshold for row in rows)
    assert counted == routed
    with page.expect_download() as started:
        page.get_by_role("button", name="Download PNG").click()
    started.value.save_as(tmp_path / "invocations.png")
    assert (tmp_path / "invocations.png").read_bytes().startswith(b"\x89PNG")


def test_each_row_of_the_table_leads_to_its_execution_and_enlarges_its_picture(
    slider: Locator, page: Page
) -> None:
    table = page.get_by_role("region", name="Invocations", exact=True).get_by_role("table")
    row = table.locator("tbody tr").first
    expect(row).to_contain_text(re.compile("bicycle|motorcycle"))
    row.scroll_into_view_if_needed()
    expect(row.locator("img")).not_to_have_js_property("naturalWidth", 0)
    row.get_by_role("button", name="Enlarge").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("img")).not_to_have_js_property("naturalWidth", 0)
    expect(dialog.get_by_role("link", name="Open its execution")).to_be_visible()
    assert find_violations(page) == []
    dialog.get_by_role("button", name="Close").click()
    row.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(r", (routed|refused)"))


def click_point(page: Page, across: float, confidence: float) -> None:
    """Clicks where a point is: how far across the points' period, and its confidence."""
    margin = 9
    box = page.locator(".points").bounding_box()
    assert box
    x = box["x"] + margin + across * (box["width"] - 2 * margin)
    page.mouse.click(x, box["y"] + margin + (1 - confidence) / 0.5 * (box["height"] - 2 * margin))


def test_a_click_keeps_a_point_with_the_way_to_its_execution(page: Page, address: str) -> None:
    answer_with(page, [0.0, 50.0, 100.0], [0.9, 0.7, 0.9])
    told = {
        "0": {"execution": None, "name": "own #1.png"},
        "1": {"execution": "an execution", "name": None},
        "2": {"execution": None, "name": None},
    }
    page.route("**/api/invocations/origins?**", lambda route: route.fulfill(json=told))
    open_chart(page, address)
    kept = page.get_by_role("group", name="Invocation", exact=True)
    click_point(page, 0.5, 0.7)
    expect(kept).to_contain_text("0.700")
    expect(kept.get_by_role("link", name="Open its execution")).to_have_attribute(
        "href", "#/executions/an%20execution"
    )
    page.mouse.move(1, 1)
    expect(kept).to_be_visible()
    assert find_violations(page) == []
    page.keyboard.press("Escape")
    expect(kept).to_have_count(0)
    click_point(page, 0, 0.9)
    expect(kept).to_contain_text("own #1.png")
    expect(kept.get_by_role("link", name="Executions of this name")).to_have_attribute(
        "href", "#/executions?search=own%20%231.png"
    )
    kept.get_by_role("button", name="Enlarge").click()
    expect(page.get_by_role("dialog")).to_contain_text("0.900")


def test_what_is_new_comes_by_itself_and_waits_where_the_user_looks_at_a_part(
    page: Page, address: str
) -> None:
    """The threshold and the period stay where the user has put them."""
    page.clock.install()
    answer_with(page, [0.0, 1e6], [0.6, 0.9])
    slider = open_chart(page, address)
    slider.press("Home")
    answer_with(page, [0.0, 1e6, 1e6 + 1], [0.6, 0.9, 0.9])
    page.clock.run_for(11_000)
    expect(page.get_by_text("3 invocations")).to_be_visible()
    assert read_figures(slider) == (0.5, 3, 0)
    page.get_by_role("button", name="Last day").click()
    expect(page.get_by_text("2 invocations")).to_be_visible()
    answer_with(page, [0.0, 1e6, 1e6 + 1, 1e6 + 2], [0.6, 0.9, 0.9, 0.9])
    page.clock.run_for(11_000)
    newer = page.get_by_role("button", name="3 → 4: show")
    expect(newer).to_be_visible()
    assert read_figures(slider) == (0.5, 2, 0)
    newer.click()
    expect(newer).to_have_count(0)
    assert read_figures(slider) == (0.5, 3, 0)
    expect(page.get_by_role("button", name="Last day")).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize(
    ("viewport", "theme"), [(WIDE, "light"), (PHONE, "dark")], ids=["wide and light", "phone and dark"]
)
def test_the_address_keeps_threshold_period_and_filter(page: Page, address: str) -> None:
    seconds, confidences = [0.0, 9e5, 9.1e5, 1e6], [0.99, 0.6, 0.85, 0.7]
    answer_with(page, seconds, confidences, [0, 0, 1, 1], [0, 0, 0, 0], recommended=0.9)
    slider = open_chart(page, address)
    page.get_by_role("button", name="recommended 0.900").click()
    expect(slider).to_have_attribute("aria-valuenow", "0.9")
    page.get_by_role("button", name="Last week").click()
    page.get_by_label("Predicted class").select_option("motorcycle")
    page.get_by_role("button", name="Only misclassified").click()
    page.get_by_role("button", name="Only refused").click()
    page.get_by_role("button", name="UTC", exact=True).click()
    expect(page.get_by_text("2 invocations")).to_be_visible()
    page.wait_for_url("**/#/confidence?threshold=0.9&period=week&class=motorcycle&**")
    page.reload()
    expect(slider).to_have_attribute("aria-valuenow", "0.9")
    for name in ("Last week", "Only misclassified", "Only refused", "UTC"):
        expect(page.get_by_role("button", name=name, exact=True)).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_label("Predicted class")).to_have_value("motorcycle")
    table = page.get_by_role("region", name="Invocations", exact=True).get_by_role("table")
    expect(table.locator("tbody tr")).to_have_count(2)
    assert read_figures(slider) == (0.9, 0, 2)
    slider.press("PageDown")
    # What is refused depends on the threshold, and so does what is shown.
    slider.press("PageDown")
    expect(table.locator("tbody tr")).to_have_count(1)
    assert find_violations(page) == []
    page.get_by_role("button", name="in service 0.800").click()
    page.wait_for_url("**/#/confidence?period=week&**")


def test_a_change_in_service_is_told_with_its_time(page: Page, address: str) -> None:
    changes = [
        {"time": NOON + 40, "what": "endpoint-config", "value": None},
        {"time": NOON + 60, "what": "threshold", "value": 0.8},
        {"time": NOON - 9e9, "what": "endpoint-config", "value": None},
    ]
    answer_with(page, [0.0, 100.0], [0.6, 0.9], changes=changes)
    open_chart(page, address)
    page.get_by_text("2 changes in service").click()
    expect(page.get_by_role("listitem").filter(has_text="threshold 0.800")).to_be_visible()


@pytest.mark.parametrize(
    ("pictures", "words"),
    [
        ([1] * 60, "Many repeats: not judged. 60 invocations of 1 different photo only"),
        (list(range(1, 61)), "Population stability index"),
    ],
    ids=["repeats", "different photos"],
)
def test_repeats_are_no_drift(page: Page, address: str, pictures: list[int], words: str) -> None:
    baseline = {"split": "validation", "confidences": [0.9] * 60}
    answer_with(page, list(map(float, range(60))), [0.9] * 60, pictures=pictures, baseline=baseline)
    open_chart(page, address)
    expect(page.get_by_role("region", name="Drift", exact=True).get_by_text(words)).to_be_visible()


@pytest.mark.parametrize("viewport", [{"width": 640, "height": 450}], ids=["twice as large"])
def test_while_the_threshold_is_moved_its_counts_are_beside_it(slider: Locator, page: Page) -> None:
    slider.press("ArrowDown")
    slider.scroll_into_view_if_needed()
    expect(slider.get_by_text(re.compile(r"^\d+ routed, \d+ refused"))).to_be_in_viewport()
    expect(page.locator(".points")).to_be_in_viewport()


def test_the_chart_begins_on_the_first_screen(slider: Locator, page: Page) -> None:
    box = page.locator(".chart-frame").bounding_box()
    assert box
    assert box["y"] <= 300


@pytest.mark.parametrize(
    ("seconds", "left", "right"), [([0.0, 13.0], 0, 1), ([0.0, 4.0, 9.0], 0, 1), ([0.0], 0.5, 0.5)]
)
def test_the_chart_is_as_long_as_what_it_shows(
    page: Page, address: str, seconds: list[float], left: float, right: float
) -> None:
    answer_with(page, seconds, [0.9] * len(seconds))
    open_chart(page, address)
    page.wait_for_function(f"({PAINTED})(document.querySelector('.points'))[0] >= 0")
    assert page.locator(".points").evaluate(PAINTED) == pytest.approx([left, right], abs=0.03)


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_the_threshold_s_label_hides_no_point(slider: Locator, page: Page) -> None:
    label, points = slider.locator("output").bounding_box(), page.locator(".points").bounding_box()
    assert label
    assert points
    assert label["x"] >= points["x"] + points["width"]
    expect(slider.locator("output")).to_have_text("0.800")


def test_a_confidence_never_looks_as_if_it_had_reached_what_it_misses(page: Page, address: str) -> None:
    confidences = [0.8, 0.8166, 0.7996, 0.9996, 1.0]
    answer_with(page, [0.0, 1.0, 2.0, 3.0, 4.0], confidences)
    open_chart(page, address)
    table = page.get_by_role("region", name="Invocations", exact=True).get_by_role("table")
    shown = table.locator("tbody td:nth-child(3)")
    expect(shown).to_have_text(["1.000", "0.999", "0.799", "0.816", "0.800"])
