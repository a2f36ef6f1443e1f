"""Model: the evaluation of the model in service, and the epochs of the job that trained it."""

import json
import re

import pytest
from playwright.sync_api import Page, expect

from lambdas.workflow.places import REPORTS
from tests.browser.fixtures.shared_deployment import CLASSES, TEST_PER_CLASS
from tests.end_to_end.embedded_cloud import App
from tests.end_to_end.quick_training import QUICK_TRAINING

pytestmark = pytest.mark.end_to_end


@pytest.fixture
def report(app: App) -> dict[str, object]:
    """The report that `python -m evaluation` published of the deployed model."""
    s3, bucket = app.cloud.client("s3"), app.parameter("bucket")
    keys = [found["Key"] for found in s3.list_objects_v2(Bucket=bucket, Prefix=REPORTS)["Contents"]]
    (key,) = [key for key in keys if key.endswith("/test/report.json")]
    read: dict[str, object] = json.load(s3.get_object(Bucket=bucket, Key=key)["Body"])
    return read


def test_the_report_s_figures_are_shown(page: Page, address: str, report: dict[str, object]) -> None:
    page.goto(f"{address}/#/model")
    evaluation = page.get_by_role("region", name="Evaluation")
    accuracy = report["accuracy"]
    assert isinstance(accuracy, dict)
    expect(evaluation).to_contain_text(f"{100 * accuracy['value']:.1f}%")
    expect(evaluation).to_contain_text(f"{100 * accuracy['low']:.1f}% to {100 * accuracy['high']:.1f}%")
    expect(evaluation).to_contain_text(f"of {TEST_PER_CLASS * len(CLASSES)} photos")
    wrong = page.get_by_role("region", name="Photos that it got wrong")
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
    expect(recommended).to_contain_text(re.compile(r"needs about [\d,]+ more labelled photos|would not help"))
    expect(recommended).to_contain_text("In service: 0.800")


def test_each_chart_has_its_table(page: Page, address: str) -> None:
    page.goto(f"{address}/#/model")
    for card, column in (
        ("The price of a threshold", "Wrong a month"),
        ("Calibration", "Mean confidence"),
        ("Training", "Validation"),
    ):
        region = page.get_by_role("region", name=card)
        region.get_by_text("The same as a table").click()
        header = region.get_by_role("columnheader", name=re.compile(column))
        expect(header.first).to_be_visible()


def test_the_target_is_drawn_where_the_wrong_share_can_be_read(
    page: Page, address: str, report: dict[str, object]
) -> None:
    page.goto(f"{address}/#/model")
    chart = page.get_by_role("region", name="The price of a threshold").locator(".chart")
    drawn = chart.evaluate("chart => echarts.getInstanceByDom(chart).getOption()")
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
    expect(training.get_by_role("row")).to_have_count(int(QUICK_TRAINING["epochs"]) + 1)
