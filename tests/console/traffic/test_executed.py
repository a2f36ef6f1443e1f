"""Where the endpoint captures nothing, the invocations are those that the executions tell of."""

import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from console.executions import history as executions
from console.executions.routing import Photo, start_execution
from console.traffic import executed as executed_traffic
from evaluation.deployment import Deployment
from tests.console.server.page_client import PageClient, png
from tests.console.server.served_endpoint import serving
from tests.console.traffic.captured_lines import ask_columns, encoded, line, read_all

STAGED = "datasets/0123456789abcdef/test/motorcycle/motorcycle_1.png"


def execute(deployment: Deployment, key: str) -> None:
    """Routes the photo under a key, which the state machine answers by its name."""
    client = boto3.client("stepfunctions")
    arn = start_execution(deployment, Photo(key, deployment.bucket, key))
    while client.describe_execution(executionArn=arn)["status"] == "RUNNING":
        time.sleep(0.05)


@pytest.fixture(scope="module")
def executed(deployment: Deployment) -> Deployment:
    """A routed photo that is staged, a refused one that nobody knows, one that is no photo, in that order."""
    boto3.client("s3").put_object(Bucket=deployment.bucket, Key=STAGED, Body=png(1))
    for key in (STAGED, "incoming/1/unsure.png", "incoming/1/broken.png"):
        execute(deployment, key)
    return deployment


@pytest.fixture
def serverless(executed: Deployment) -> Iterator[None]:
    """An endpoint without data capture."""
    with serving("scones-given"):
        yield


def test_each_execution_with_an_answer_is_an_invocation(page: PageClient, serverless: None) -> None:
    last = read_all(page)
    assert (last["unit"], last["read"], last["invocations"]) == ("execution", 3, 2)
    assert (last["done"], last["more"], last["error"], last["missing"]) == (True, False, None, None)
    header, found = ask_columns(page, "executed")
    assert header["classes"] == ["bicycle", "motorcycle"]
    assert found["confidence"].tolist() == pytest.approx([0.95, 0.6])
    assert found["predicted"].tolist() == [0, 1]
    assert found["truth"].tolist() == [1, -1]


def test_with_other_classes_staged_the_same_executions_are_read_by_their_new_numbers(
    page: PageClient, serverless: None, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = deployment.read_manifest()
    for classes, predicted in ((["bicycle", "motorcycle"], [0, 1]), (["motorcycle", "bicycle"], [1, 0])):
        staged = {**manifest, "classes": classes}
        monkeypatch.setattr(Deployment, "read_manifest", lambda _, staged=staged: staged)
        last = read_all(page)
        assert (last["read"], last["invocations"]) == (3, 2)
        header, found = ask_columns(page, "executed")
        assert header["classes"] == classes
        assert found["predicted"].tolist() == predicted


def test_a_history_that_is_too_long_is_read_in_part_and_that_is_said(
    page: PageClient, serverless: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executed_traffic, "MOST_EXECUTIONS", 2)
    monkeypatch.setattr(executions, "LISTED_AT_ONCE", 2)
    last = read_all(page)
    assert (last["read"], last["of"], last["more"]) == (2, 0, True)


def test_later_only_the_newest_are_asked_for_until_all_of_them_are_known(
    page: PageClient, serverless: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executions, "LISTED_AT_ONCE", 1)
    read_all(page)
    listed: list[str] = []
    listing = executions.Executions._list

    def count(self: Any, *asked: Any) -> Any:
        listed.append("")
        return listing(self, *asked)

    monkeypatch.setattr(executions.Executions, "_list", count)
    read_all(page)
    assert len(listed) == 1


def test_the_page_is_told_the_execution_of_each_and_its_photo_s_name(
    page: PageClient, serverless: None
) -> None:
    read_all(page)
    _, found = ask_columns(page, "executed")
    numbers = found["id"].tolist()
    asked = "&".join(f"number={number}" for number in numbers)
    told = page.get(f"/api/invocations/origins?{asked}").json
    for number in numbers:
        origin = told[str(number)]
        execution = page.get(f"/api/executions/{origin['execution']}").json
        assert execution["started"] in found["time"]
        assert execution["key"].endswith(origin["name"])


def test_its_photo_is_the_one_in_the_bucket(page: PageClient, serverless: None) -> None:
    read_all(page)
    _, found = ask_columns(page, "executed")
    assert page.get(f"/api/invocations/{found['id'][0]}/photo").headers["content-type"] == "image/png"
    for number in (found["id"][1], 99):  # One that is gone, and one that is not there.
        assert page.get(f"/api/invocations/{number}/photo").status == 404


def test_what_is_executed_later_is_added_and_an_upload_of_a_staged_picture_is_known(
    page: PageClient, serverless: None, executed: Deployment
) -> None:
    read_all(page)
    page.ask("POST", "/api/photos", {"x-file-name": "sure.png"}, png(0))
    for _ in range(50):
        last = read_all(page)
        if last["invocations"] == 3:
            break
        time.sleep(0.05)
    _, found = ask_columns(page, "executed")
    assert found["truth"].tolist() == [1, -1, 0]


@pytest.fixture
def capture(executed: Deployment) -> dict[str, Any]:
    """The data capture of an endpoint's configuration; one invocation has been captured."""
    key = "captured/scones/AllTraffic/2026/01/02/03/04-00-000-a.jsonl"
    boto3.client("s3").put_object(
        Bucket=executed.bucket, Key=key, Body=encoded(line([0.9, 0.1], picture=png(77)))
    )
    return {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{executed.bucket}/captured",
        "CaptureOptions": [{"CaptureMode": "Output"}],
    }


def test_with_data_capture_the_executions_are_not_read(page: PageClient, capture: dict[str, Any]) -> None:
    with serving("scones-given", DataCaptureConfig=capture):
        last = read_all(page)
    assert (last["unit"], last["invocations"]) == ("captured object", 1)


def test_a_tab_that_looks_at_another_source_changes_nothing_for_the_others(
    page: PageClient, capture: dict[str, Any]
) -> None:
    with serving("scones-given", DataCaptureConfig=capture):
        read_all(page)
        _, captured = ask_columns(page)
        photo = f"/api/invocations/{captured['id'][0]}/photo"
        picture = page.get(photo).body
    with serving("scones-given"):
        read_all(page)
        _, executed = ask_columns(page, "executed")
        assert set(executed["id"].tolist()).isdisjoint(captured["id"].tolist())
        assert page.get(photo).body == picture
    with serving("scones-given", DataCaptureConfig=capture):
        _, again = ask_columns(page)
        assert again["id"].tolist() == captured["id"].tolist()
