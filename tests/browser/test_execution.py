"""One execution: what decided it, its steps and their data, and what is started from it."""

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.fixtures.accessibility import find_violations
from tests.browser.fixtures.answers import fetch_answer
from tests.browser.fixtures.screens import PHONE, WIDE
from tests.browser.fixtures.views import open_view
from tests.end_to_end.embedded_cloud import App

pytestmark = pytest.mark.end_to_end

ATTEMPTS = 5


def start(app: App, **event: str) -> str:
    """Starts an execution on an event and waits for its end; returns its name."""
    client = app.cloud.client("stepfunctions")
    arn = client.start_execution(
        stateMachineArn=app.parameter("state-machine"), input=json.dumps({"image_data": "", **event})
    )["executionArn"]
    while client.describe_execution(executionArn=arn)["status"] == "RUNNING":
        time.sleep(0.1)
    return str(arn).rpartition(":")[2]


def find_input(app: App, status: str, error: str | None = None) -> dict[str, str]:
    """Returns the bucket and the key of the photo of the newest execution that ended so."""
    client = app.cloud.client("stepfunctions")
    listed = client.list_executions(stateMachineArn=app.parameter("state-machine"), statusFilter=status)
    for execution in listed["executions"]:
        described = client.describe_execution(executionArn=execution["executionArn"])
        if described.get("error") == error:
            event = json.loads(described["input"])
            return {name: event[name] for name in ("s3_bucket", "s3_key")}
    raise AssertionError(f"none ended with {status}, {error}")


@pytest.fixture(scope="module")
def refused(app: App, doubtful_photo: bytes) -> str:
    """An execution whose photo was refused."""
    return start(app, **find_input(app, "FAILED", "ThresholdConfidenceNotMet"))


@pytest.fixture(scope="module")
def failed(app: App) -> str:
    """An execution whose photo is not there."""
    return start(app, s3_bucket=app.parameter("bucket"), s3_key="incoming/no such photo.png")


@pytest.fixture
def stopped(app: App, routed_photo: tuple[bytes, str]) -> str:
    """An execution that somebody stopped in its first step, although its photo would be routed."""
    client, event = app.cloud.client("stepfunctions"), find_input(app, "SUCCEEDED")
    for _ in range(ATTEMPTS):
        arn = client.start_execution(stateMachineArn=app.parameter("state-machine"), input=json.dumps(event))[
            "executionArn"
        ]
        while len(client.get_execution_history(executionArn=arn)["events"]) < 3:
            time.sleep(0.01)
        client.stop_execution(executionArn=arn, error="Stopped", cause="by hand")
        if client.describe_execution(executionArn=arn)["status"] == "ABORTED":
            return str(arn).rpartition(":")[2]
    raise AssertionError("every execution had ended before it was stopped")


def find_data(page: Page, step: str) -> Locator:
    return page.get_by_role("region", name=f"Data of {step}")


def find_state(page: Page, name: str) -> Locator:
    """Returns a state that was entered, in the graph."""
    graph = page.get_by_role("group", name=re.compile("State machine of"))
    return graph.get_by_role("button", name=re.compile(f"^{name}: "))


def change_answer(page: Page, pattern: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Has the server answer otherwise to a path."""

    def answer(route: Route) -> None:
        response = fetch_answer(route)
        route.fulfill(response=response, json=change(response.json()))

    page.route(pattern, answer)


def test_an_execution_is_named_by_its_file_and_outcome_and_a_refusal_is_no_failure(
    page: Page, address: str, refused: str
) -> None:
    open_view(page, address, f"executions/{refused}")
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text(re.compile(r".+\.png, refused"))
    expect(page).to_have_title(re.compile(r".+\.png, refused · Scones Unlimited"))
    graph = page.get_by_role("group", name=re.compile("State machine of"))
    expect(graph).to_have_accessible_name(
        re.compile(
            "Serialize the photo succeeded, Classify the photo succeeded, Filter by confidence refused, "
            "Copy the photo for its review succeeded, Keep the refusal kept already, "
            "Confidence is below the threshold refused"
        )
    )
    expect(graph.locator("g.refused")).to_have_count(2)
    expect(page.locator(".failed")).to_have_count(0)
    steps = page.get_by_role("table", name="Steps, in order").locator("tbody tr")
    expect(steps.filter(has_text="refused")).to_have_count(2)
    expect(steps.first).to_contain_text(re.compile(r"\+\d+ ms"))


def test_what_decided_is_the_threshold_of_then_and_an_unknown_one_is_called_so(
    page: Page, address: str, refused: str
) -> None:
    """Whatever the threshold is now."""
    change_answer(
        page,
        "**/api/deployment",
        lambda deployment: {**deployment, "threshold": {"value": 0.6, "source": "x"}},
    )
    open_view(page, address, f"executions/{refused}")
    result = page.get_by_role("region", name="Result")
    expect(result).to_contain_text("0.800 is needed")
    expect(result.get_by_role("group", name="Probabilities")).to_contain_text("0.800")
    expect(result).not_to_contain_text("0.600")
    change_answer(page, f"**/api/executions/{refused}", lambda execution: {**execution, "threshold": None})
    page.reload()
    expect(result).to_contain_text("Threshold now: 0.600, it may have been another then.")
    expect(result.locator(".bar i")).to_have_count(0)


def test_a_step_is_selected_in_the_graph_or_the_table_by_mouse_or_keyboard(
    page: Page, address: str, refused: str, tmp_path: Path
) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_view(page, address, f"executions/{refused}")
    # The step that decided comes first.
    expect(find_data(page, "Filter by confidence")).to_contain_text("ThresholdConfidenceNotMet")
    find_state(page, "Classify the photo").click()
    data = find_data(page, "Classify the photo")
    expect(data.get_by_label("Output of Classify the photo", exact=True)).to_contain_text('"inferences": [0.')
    table = page.get_by_role("table", name="Steps, in order")
    expect(table.get_by_role("button", name="Classify the photo")).to_have_attribute("aria-pressed", "true")
    find_state(page, "Serialize the photo").press("Enter")
    expect(find_state(page, "Serialize the photo")).to_be_focused()
    expect(find_data(page, "Serialize the photo")).to_be_visible()
    table.get_by_role("button", name="Classify the photo").press(" ")
    expect(find_state(page, "Classify the photo")).to_have_attribute("aria-pressed", "true")
    # Shown are the data without the picture, saved with it.
    expect(data).to_contain_text("characters of base64")
    data.get_by_role("button", name="Copy Output of Classify the photo").click()
    assert "inferences" in json.loads(page.evaluate("navigator.clipboard.readText()"))
    with page.expect_download() as download:
        data.get_by_role("button", name="Download Output of Classify the photo").click()
    download.value.save_as(tmp_path / "output.json")
    assert len(json.loads((tmp_path / "output.json").read_text())["image_data"]) > 1000
    page.get_by_role("button", name="Copy the execution's ARN").click()
    assert page.evaluate("navigator.clipboard.readText()").endswith(f":{refused}")


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_failed_execution_says_where_and_why_and_has_all_its_events(
    page: Page, address: str, failed: str, viewport: dict[str, int]
) -> None:
    open_view(page, address, f"executions/{failed}")
    result = page.get_by_role("region", name="Result")
    expect(result).to_contain_text("in Serialize the photo")
    expect(result.get_by_text("ImageNotFound")).to_be_in_viewport()
    expect(result.get_by_text("not found", exact=True)).to_be_visible()
    expect(page.get_by_text("A redrive would end in “Photo not found” again")).to_be_visible()
    expect(page.get_by_role("button", name="Redrive")).to_have_count(0)
    ending = find_state(page, "Photo not found")
    ending.scroll_into_view_if_needed()
    box = ending.bounding_box()
    assert box
    assert box["x"] + box["width"] <= viewport["width"]
    page.get_by_role("button", name=re.compile(r"Show \d+ other endings, not reached")).click()
    expect(page.get_by_role("button", name=re.compile(r"Hide \d+ other endings"))).to_be_visible()
    page.get_by_text("Every event, as Step Functions keeps it").click()
    events = page.get_by_role("table", name=re.compile(r"^\d+ events"))
    expect(events.locator("tbody tr").first).to_contain_text("ExecutionStarted")
    expect(events.locator("tbody tr").last).to_contain_text("ExecutionFailed")
    events.get_by_text("ImageNotFound").first.click()
    expect(events.get_by_text('"stackTrace": [').first).to_be_visible()
    assert find_violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_redrive_changes_the_execution_in_place_and_leaves_what_the_reader_chose(
    page: Page, address: str, stopped: str
) -> None:
    open_view(page, address, f"executions/{stopped}")
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text(re.compile("failed$"))
    find_state(page, "Serialize the photo").click()
    page.get_by_text("Every event, as Step Functions keeps it").click()
    expect(page.get_by_text("ExecutionAborted")).to_be_visible()
    page.get_by_role("button", name="Redrive").click()
    expect(heading).to_have_text(re.compile("routed$"))
    expect(find_data(page, "Serialize the photo")).to_be_visible()
    expect(page.get_by_text("ExecutionRedriven")).to_be_visible()
    expect(page.get_by_text("ExecutionSucceeded")).to_be_visible()
    expect(page.get_by_role("button", name="Redrive")).to_have_count(0)


def test_run_again_and_a_new_execution_lead_to_what_they_start(page: Page, address: str, failed: str) -> None:
    open_view(page, address, f"executions/{failed}")
    page.get_by_role("button", name="Run again").click()
    expect(page).not_to_have_url(re.compile(failed))
    expect(page.get_by_role("heading", level=1)).to_have_text("no such photo.png, failed")
    page.get_by_role("link", name="New execution from this input").click()
    field = page.get_by_label("The input of no such photo.png")
    assert json.loads(field.input_value())["s3_key"] == "incoming/no such photo.png"
    here = page.url
    page.get_by_role("button", name="Start execution").first.click()
    expect(page).not_to_have_url(here)
    expect(page.get_by_role("heading", level=1)).to_have_text("no such photo.png, failed")
    expect(page.locator("photo-image").get_by_text("not found").first).to_be_visible()


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_new_execution_is_checked_while_it_is_typed(
    page: Page, address: str, app: App, faults: list[str]
) -> None:
    page.goto(f"{address}/#/new-execution")
    field = page.get_by_label("The event, in JSON")
    assert json.loads(field.input_value()) == {
        "image_data": "",
        "s3_bucket": app.parameter("bucket"),
        "s3_key": "",
    }
    begin = page.get_by_role("button", name="Start execution")
    expect(page.get_by_text("s3_key is empty")).to_be_visible()
    expect(field).to_have_attribute("aria-invalid", "false")
    expect(begin.first).to_be_disabled()
    field.fill("{")
    expect(page.get_by_text("This is no JSON yet")).to_be_visible()
    field.fill('{"s3_bucket": "bucket", "s3_key": 5}')
    expect(page.get_by_text("s3_key is a number")).to_be_visible()
    expect(field).to_have_attribute("aria-invalid", "true")
    assert find_violations(page) == []
    # What the page does not see through, the workflow's own reader does.
    field.fill('{"s3_bucket": "s3://bucket", "s3_key": "a"}')
    begin.first.click()
    expect(page.get_by_role("alert")).to_contain_text("with no s3:// and no key")
    page.get_by_label("S3 URI of the photo").fill("no URI")
    expect(page.get_by_text("An S3 URI is s3://BUCKET/KEY")).to_be_visible()
    assert find_violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.get_by_label("S3 URI of the photo").fill(f"s3://{app.parameter('bucket')}/incoming/none.png")
    begin.last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("none.png, failed")
    # The last that the page asks for.
    expect(page.locator("photo-image").get_by_text("not found").first).to_be_visible()
    assert all("400" in fault or "404" in fault for fault in faults)
    faults.clear()


def test_an_execution_leads_to_its_neighbours_in_the_list_and_back_to_its_filter(
    page: Page, address: str, app: App, routed_photo: tuple[bytes, str]
) -> None:
    # Others route photos meanwhile, which are no neighbours under this name.
    for key in ("elsewhere/side by side, 1.png", "elsewhere/side by side, 2.png"):
        bucket = app.parameter("bucket")
        app.cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=routed_photo[0])
        start(app, s3_bucket=bucket, s3_key=key)
    open_view(page, address, "executions?search=side+by+side&outcome=routed")
    page.locator("tbody tr a").first.click()
    beside = page.get_by_role("navigation", name="Executions beside this one")
    expect(beside.get_by_text("newer →")).not_to_have_attribute("href", re.compile("."))
    first = page.url
    beside.get_by_role("link", name="← older").click()
    expect(page).not_to_have_url(first)
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("routed$"))
    beside.get_by_role("link", name="newer →").click()
    expect(page).to_have_url(first)
    page.get_by_role("button", name=re.compile("^Enlarge")).click()
    dialog = page.get_by_role("dialog", name=re.compile("Photo"))
    expect(dialog.get_by_role("img")).to_be_visible()
    assert find_violations(page) == []
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    beside.get_by_role("link", name="Back to the filtered list").click()
    expect(page).to_have_url(re.compile(r"#/executions\?search=side\+by\+side&outcome=routed$"))


def test_an_execution_that_is_not_there_says_so(page: Page, address: str, faults: list[str]) -> None:
    page.goto(f"{address}/#/executions/no-such-one")
    expect(page.get_by_role("alert")).to_contain_text(
        'No execution "no-such-one". Step Functions keeps executions for 90 days.'
    )
    (said,) = faults
    assert "404" in said
    faults.clear()
