"""Model: the evaluation of the model in service, and the epochs of the job that trained it."""

import io
import json
import re
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from lambdas.workflow.places import REPORTS
from lambdas.workflow.prediction import format_share
from tests.browser.fixtures.accessibility import find_violations
from tests.end_to_end.deployed_home import CLASSES, TEST_PER_CLASS
from tests.end_to_end.embedded_cloud import App
from tests.end_to_end.quick_training import QUICK_TRAINING

pytestmark = pytest.mark.end_to_end


@pytest.fixture
def report(app: App) -> dict[str, Any]:
    """The report that `python -m evaluation` published of the deployed model."""
    s3, bucket = app.cloud.client("s3"), app.parameter("bucket")
    keys = [found["Key"] for found in s3.list_objects_v2(Bucket=bucket, Prefix=REPORTS)["Contents"]]
    (key,) = [key for key in keys if key.endswith("/test/report.json")]
    read: dict[str, Any] = json.load(s3.get_object(Bucket=bucket, Key=key)["Body"])
    return read


def read_chart(page: Page, card: str) -> dict[str, Any]:
    """Returns ECharts' option of a card's chart, once it is drawn."""
    chart = page.get_by_role("region", name=card, exact=True).locator(".chart")
    expect(chart.locator("canvas")).to_be_visible()
    option: dict[str, Any] = chart.evaluate("chart => echarts.getInstanceByDom(chart).getOption()")
    return option


def test_the_report_s_figures_are_shown(page: Page, address: str, report: dict[str, Any]) -> None:
    page.goto(f"{address}/#/model")
    evaluation = page.get_by_role("region", name="Evaluation")
    accuracy = report["accuracy"]
    assert isinstance(accuracy, dict)
    expect(evaluation).to_contain_text(f"{100 * accuracy['value']:.1f}%")
    expect(evaluation).to_contain_text(f"{100 * accuracy['low']:.1f}% to {100 * accuracy['high']:.1f}%")
    photos = TEST_PER_CLASS * len(CLASSES)
    expect(evaluation).to_contain_text(f"{photos} photos")
    (cost,) = [each for each in report["thresholds"] if each["threshold"] == 0.8]
    for name, count in (("Routed", cost["routed"]), ("Refused", photos - cost["routed"])):
        expect(evaluation).to_contain_text(f"{name}{format_share(count / photos)}at threshold 0.800")
    wrong = page.get_by_role("region", name="Misclassified photos")
    listed = report["wrong"]
    assert isinstance(listed, list)
    expect(wrong.get_by_role("row")).to_have_count(len(listed) + 1 if listed else 0)
    for photo in wrong.locator("img").all():
        photo.scroll_into_view_if_needed()
        expect(photo).not_to_have_js_property("naturalWidth", 0)


def test_so_few_photos_prove_no_threshold_and_the_page_says_so(page: Page, address: str) -> None:
    page.goto(f"{address}/#/model")
    recommended = page.get_by_role("region", name="Recommended threshold")
    expect(recommended).to_contain_text("None can be recommended")
    expect(recommended).to_contain_text(
        re.compile(r"About [\d,]+ more labelled photos are needed|would not help")
    )
    expect(recommended).to_contain_text("In service: 0.800")


def test_the_versions_say_why_each_serves_or_not(page: Page, address: str) -> None:
    page.goto(f"{address}/#/model")
    versions = page.get_by_role("region", name="Versions")
    expect(versions.get_by_role("row")).to_have_count(2)
    expect(versions.get_by_role("row").last).to_contain_text("in service")
    command = "python -m console --name scones-tests models use 1"
    older = {"version": 1, "model": "scones--older", "accuracy": 0.9, "dataset": "d1ce", "registered": 1.8e9}
    drawn = {
        "versions": [
            {**older, "version": 2, "why": "in service", "in_service": True, "command": None},
            {**older, "why": "superseded by version 2", "in_service": False, "command": command},
        ],
        "kept": "Version 2 of the model is kept, and nothing is trained, until …",
    }
    page.route("**/api/versions", lambda route: route.fulfill(json=drawn))
    page.reload()
    expect(versions).to_contain_text("Version 2 of the model is kept")
    row = versions.get_by_role("row").last
    expect(row).to_contain_text("90.0%")
    expect(row).to_contain_text("superseded by version 2")
    expect(row).to_contain_text(command)
    expect(row.get_by_role("button", name="Copy the command")).to_be_visible()
    assert find_violations(page) == []
    # On a phone the reason and its command have the row's whole width.
    page.set_viewport_size({"width": 390, "height": 844})
    whole, reason = row.bounding_box(), row.get_by_role("cell").last.bounding_box()
    assert whole and reason and reason["width"] > 0.95 * whole["width"]


def test_each_chart_has_its_table(page: Page, address: str) -> None:
    page.goto(f"{address}/#/model")
    for card, column in (
        ("What each threshold costs", "Wrong a month"),
        ("Calibration", "Mean confidence"),
        ("Training", "Validation"),
    ):
        region = page.get_by_role("region", name=card)
        region.get_by_text("The same as a table").click()
        header = region.get_by_role("columnheader", name=re.compile(column))
        expect(header.first).to_be_visible()


def test_the_target_is_drawn_where_the_wrong_share_can_be_read(
    page: Page, address: str, report: dict[str, Any]
) -> None:
    page.goto(f"{address}/#/model")
    drawn = read_chart(page, "What each threshold costs")
    recommendation = report["recommendation"]
    assert isinstance(recommendation, dict)
    (wrong,) = [series for series in drawn["series"] if series.get("name") == "Wrong among the routed"]
    (target,) = wrong["markLine"]["data"]
    assert target["yAxis"] == recommendation["routed_error_target"]
    highest = max(target["yAxis"], *(share for _, share in wrong["data"]))
    assert highest <= drawn["yAxis"][1]["max"] <= min(1, 1.5 * highest)


def test_the_training_s_epochs_are_all_there(page: Page, address: str) -> None:
    page.goto(f"{address}/#/model")
    training = page.get_by_role("region", name="Training")
    training.get_by_text("The same as a table").click()
    epochs = int(QUICK_TRAINING["epochs"])
    expect(training.get_by_role("row")).to_have_count(epochs + 1)
    expect(training.get_by_role("rowheader").first).to_have_text(re.compile(r"^1\b"))
    expect(training.get_by_role("rowheader").last).to_have_text(re.compile(rf"^{epochs}\b"))


def test_a_report_of_many_photos_has_intervals_steps_and_a_command(
    page: Page, address: str, report: dict[str, Any]
) -> None:
    """The report is drawn: what a freshly trained model gets wrong is not known."""
    share = {"count": 8, "of": 10, "value": 0.8, "low": 0.49, "high": 0.94}
    bins = [
        {"low": 0.5, "high": 0.6, "photos": 10, "confidence": 0.55, "accuracy": share},
        {"low": 0.7, "high": 0.7, "photos": 2, "confidence": 0.7, "accuracy": share},
        {"low": 0.9, "high": 1.0, "photos": 10, "confidence": 0.95, "accuracy": share},
    ]
    probabilities = {"bicycle": 0.9997, "motorcycle": 0.0003}
    wrong = {
        "true": "motorcycle",
        "predicted": "bicycle",
        "confidence": 0.9997,
        "probabilities": probabilities,
    }
    proof = {"threshold": 0.849, "routed": 89, "wrong": 0, "bound": 0.0472, "more_photos": None}
    drawn = report | {
        "calibration": {"ece": 0.032, "photos": 22, "bins": bins},
        "wrong": [{**wrong, "file": f"motorcycle/{'long_' * 30}{number:04}.png"} for number in range(25)],
        "recommendation": report["recommendation"] | proof,
        "command": "make deploy CDK_CONTEXT=confidence_threshold=0.849",
    }
    page.route("**/api/evaluation", lambda route: route.fulfill(json=drawn))
    picture = io.BytesIO()
    Image.new("RGB", (32, 32)).save(picture, "PNG")
    page.route("**/api/datasets/**", lambda route: route.fulfill(body=picture.getvalue()))
    page.goto(f"{address}/#/model")

    recommended = page.get_by_role("region", name="Recommended threshold")
    expect(recommended).to_contain_text(
        "0 of 89 routed photos were wrong: with 90% confidence at most 4.7% are."
    )
    expect(recommended).to_contain_text(drawn["command"])
    expect(recommended.get_by_role("button", name="Copy the command")).to_be_visible()

    listed = page.get_by_role("region", name="Misclassified photos", exact=True)
    expect(listed.get_by_role("row").nth(1)).to_contain_text("bicycle 0.999, motorcycle <0.001")
    end = listed.get_by_role("rowheader").first.locator("span").last
    expect(end).to_have_text("ong_0000.png")
    assert find_violations(page) == []
    listed.get_by_role("button", name="Show all 25").click()
    expect(listed.get_by_role("row")).to_have_count(26)
    expect(listed.get_by_role("group")).to_be_focused()

    _, intervals, dots, _ = read_chart(page, "Calibration")["series"]
    assert [bar[1:] for bar in intervals["data"]] == [[0.49, 0.94]] * 3
    # The line has a hole on each side of the dot that stands for two photos.
    drawn_line = [dot["value"][1] for dot in dots["data"]]
    assert [value == 0.8 for value in drawn_line] == [True, False, True, False, True]
    costs = read_chart(page, "What each threshold costs")["series"]
    assert {series["step"] for series in costs if series["type"] == "line"} == {"end"}
