"""Confidence over time: the threshold is moved, and the figures say at once what it would have done."""

import csv
import io
import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from console.traffic.columns import encode_columns
from console.traffic.source import ROW
from tests.browser.fixtures.screens import PHONE, WIDE
from tests.browser.fixtures.shared_deployment import CLASSES
from tests.browser.fixtures.views import open_view

pytestmark = pytest.mark.end_to_end

NOON = 1_750_000_000.0
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


def answer_with(page: Page, seconds: list[float], confidences: list[float]) -> None:
    """Has the server answer with these invocations instead of those that there are."""
    rows = np.zeros(len(seconds), ROW)
    rows["time"] = [NOON + second for second in seconds]
    rows["confidence"] = confidences
    rows["truth"] = -1
    header = {"classes": list(CLASSES), "threshold": {"value": 0.8}, "baseline": None}
    body = encode_columns(rows, header)
    page.route("**/api/invocations", lambda route: route.fulfill(body=body))


def read_figures(slider: Locator) -> tuple[float, int, int]:
    """Returns threshold, routed and refused, in the words of a screen reader."""
    words = re.match(
        r"([\d.]+): ([\d,]+) routed, ([\d,]+) refused", slider.get_attribute("aria-valuetext") or ""
    )
    assert words
    return float(words[1]), int(words[2].replace(",", "")), int(words[3].replace(",", ""))


def test_the_threshold_starts_where_the_deployed_filter_has_it(slider: Locator, page: Page) -> None:
    expect(slider).to_have_attribute("aria-valuenow", "0.8")
    expect(page.get_by_text("in service: 0.800")).to_be_visible()
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
    expect(page.get_by_text("that only measured the model left out")).to_be_visible()


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


def test_a_table_holds_the_same_with_each_picture(slider: Locator, page: Page) -> None:
    table = page.get_by_role("region", name="Invocations", exact=True).get_by_role("table")
    expect(table.get_by_role("row").nth(1)).to_contain_text(re.compile("bicycle|motorcycle"))
    picture = table.locator("img").first
    picture.scroll_into_view_if_needed()
    expect(picture).not_to_have_js_property("naturalWidth", 0)


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
    shown = table.locator("tbody td:nth-child(4)")
    expect(shown).to_have_text(["1.000", "0.999", "0.799", "0.816", "0.800"])
