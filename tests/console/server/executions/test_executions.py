"""Executions as the page asks for them, without a table of outcomes: the list, one with its states."""

import io
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from console.executions import history as executions_module
from console.executions.filter import decode_cursor, encode_cursor
from console.executions.history import Executions
from console.executions.routing import Photo, read_routing
from console.server.routes.photos import MOST_BYTES, clean_file_name
from evaluation.deployment import Deployment
from tests.console.server.page_client import Answer, PageClient, png

OUTCOMES = {"sure.png": "routed", "unsure.png": "refused", "broken.png": "failed"}


def upload(page: PageClient, name: str, content: bytes) -> Answer:
    return page.ask("POST", "/api/photos", {"x-file-name": quote(name, safe="")}, content)


def listed(page: PageClient, query: str = "") -> list[str]:
    return [execution["name"] for execution in page.get(f"/api/executions?{query}").json["executions"]]


@pytest.fixture(scope="module")
def route_photos(deployment: Deployment) -> dict[str, str]:
    """One execution of each outcome; their names by the photo's."""
    client = boto3.client("stepfunctions")
    begun = {}
    for photo in OUTCOMES:
        started = client.start_execution(
            stateMachineArn=deployment.state_machine,
            name=photo.removesuffix(".png"),
            input=f'{{"image_data": "", "s3_bucket": "{deployment.bucket}", "s3_key": "incoming/1/{photo}"}}',
        )
        arn = started["executionArn"]
        while client.describe_execution(executionArn=arn)["status"] == "RUNNING":
            time.sleep(0.05)
        begun[photo] = arn.rpartition(":")[2]
    return begun


@pytest.fixture
def routed(page: PageClient, route_photos: dict[str, str]) -> PageClient:
    """The page after those."""
    return page


def test_the_list_tells_what_became_of_each_photo(routed: PageClient) -> None:
    answer = routed.get("/api/executions").json
    by_name = {execution["name"]: execution for execution in answer["executions"]}
    assert {name: by_name[name]["outcome"] for name in OUTCOMES} == OUTCOMES
    assert by_name["sure.png"]["predicted_class"] == "bicycle"
    assert by_name["sure.png"]["confidence"] == 0.95
    assert by_name["unsure.png"]["error"] == "ThresholdConfidenceNotMet"
    assert by_name["broken.png"]["cause"] == "an empty file, no image"
    assert by_name["broken.png"]["predicted_class"] is None
    assert answer["cursor"] is None
    assert answer["looked_at"] == 3


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("outcome=routed", {"sure.png"}),
        ("outcome=refused", {"unsure.png"}),
        ("outcome=failed", {"broken.png"}),
        ("outcome=running", set()),
        ("outcome=routed&outcome=failed", {"sure.png", "broken.png"}),
        ("search=SURE", {"sure.png", "unsure.png"}),
        ("search=unsu", {"unsure.png"}),
        ("search=invalidimage", {"broken.png"}),
        ("search=arn:aws:states:us-east-1:123456789012:execution:scones:broken", {"broken.png"}),
        ("search=arn:aws:states:us-east-1:123456789012:execution:scones:lost", set()),
        ("search=arn:aws:states:us-east-1:123456789012:execution:other:broken", set()),
        ("error=InvalidImage", {"broken.png"}),
        ("error=Invalid", set()),
        ("outcome=&class=", set(OUTCOMES)),
        ("class=bicycle", {"sure.png"}),
        ("class=motorcycle", {"unsure.png"}),
        ("class=car", set()),
        ("min=0.95", {"sure.png"}),
        ("max=0.6", {"unsure.png"}),
        ("min=0.5&max=1", {"sure.png", "unsure.png"}),
        ("min=0.5&outcome=refused", {"unsure.png"}),
        ("from=9999999999", set()),
        ("to=1", set()),
        ("from=1&to=9999999999", set(OUTCOMES)),
    ],
)
def test_filters(routed: PageClient, query: str, expected: set[str]) -> None:
    assert set(listed(routed, query)) == expected


def test_a_file_name_is_looked_for_in_executions_where_there_is_no_table(routed: PageClient) -> None:
    answer = routed.get("/api/executions?search=SURE").json
    assert {shown["name"] for shown in answer["executions"]} == {"sure.png", "unsure.png"}
    assert answer["source"] == "executions"
    assert "make deploy" in answer["advice"]


@pytest.mark.parametrize(
    ("query", "advised"), [("", False), ("outcome=running", False), ("outcome=failed", True)]
)
def test_a_deployment_without_a_table_is_told_of_it_where_it_would_be_asked(
    routed: PageClient, query: str, advised: bool
) -> None:
    answer = routed.get(f"/api/executions?{query}")
    assert answer.status == 200
    assert ("make deploy" in (answer.json["advice"] or "")) == advised


def test_what_only_a_review_decides_is_not_to_be_had_without_a_table(page: PageClient) -> None:
    answer = page.get("/api/executions?outcome=discarded")
    assert answer.status == 200
    assert "make deploy" in answer.json["missing"]


def test_the_overview_counts_executions_where_there_is_no_table(routed: PageClient) -> None:
    today = routed.get("/api/overview").json["today"]
    assert "make deploy" in today["advice"]
    assert "waiting" not in today
    assert (today["source"], today["running"], today["more_running"]) == ("executions", 0, False)
    assert (today["routed"], today["refused"], today["failed"]) == (1, 1, 1)


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("outcome=lost", "“lost” is no outcome: there are running, routed"),
        ("min=much", "“much” is no confidence: it is a number from 0 to 1"),
        ("min=5", "“5” is no confidence"),
        ("max=nan", "“nan” is no confidence"),
        ("min=0.9&max=0.1", "No confidence is from 0.9 to 0.1: “from” is above “to”"),
        ("from=garbage", "“garbage” is no time"),
        ("from=inf", "“inf” is no time"),
        ("from=2&to=1", "The period ends before it begins"),
        ("cursor=x", "cursor"),
        ("cursor=WzFd", "cursor"),
        ("outcome=failed&cursor=e30x", "cursor"),
    ],
)
def test_a_wrong_query_is_refused_in_one_line(page: PageClient, query: str, wrong: str) -> None:
    answer = page.get(f"/api/executions?{query}")
    assert answer.status == 400
    assert wrong in answer.json["error"]


def test_a_list_is_in_the_order_of_the_starts_whatever_the_cloud_lists_by(
    routed: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Executions._list
    monkeypatch.setattr(
        Executions,
        "_list",
        lambda *arguments: {"executions": real(*arguments)["executions"][::-1]},
    )
    starts = [line["started"] for line in routed.get("/api/executions").json["executions"]]
    assert starts == sorted(starts, reverse=True)


def test_executions_are_had_by_name_whatever_the_filter_would_find(routed: PageClient) -> None:
    answer = routed.get("/api/executions?id=sure&id=lost&id=broken").json
    assert [line["outcome"] for line in answer["executions"]] == ["routed", "failed"]
    assert routed.get("/api/executions?" + 101 * "id=sure&").status == 400


@pytest.mark.parametrize(
    ("query", "total"),
    [("", 3), ("outcome=running", 0), ("to=1", 0), ("outcome=running&to=1", 0), ("class=bicycle", None)],
)
def test_a_total_is_told_where_it_can_be_had_without_a_table(
    routed: PageClient, query: str, total: int | None
) -> None:
    assert routed.get(f"/api/totals?{query}").json == {"total": total, "more": total is None}


def test_the_errors_that_occur_are_told_without_a_table(routed: PageClient) -> None:
    assert routed.get("/api/errors").json == {"errors": ["InvalidImage"]}


def test_a_running_execution_is_described_once_until_it_has_ended(
    routed: PageClient, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list that is refreshed every few seconds must not ask for each of them each time."""
    client, asked = deployment.client("stepfunctions"), []
    real_list, real_describe = client.list_executions, client.describe_execution

    def run_on(entry: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in entry.items() if key != "stopDate"} | {"status": "RUNNING"}

    def describe(**request: Any) -> dict[str, Any]:
        asked.append(request)
        return run_on(real_describe(**request))

    def list_running(**request: Any) -> dict[str, Any]:
        return {"executions": list(map(run_on, real_list(**request)["executions"]))}

    monkeypatch.setattr(client, "list_executions", list_running)
    monkeypatch.setattr(client, "describe_execution", describe)
    for _ in range(2):
        lines = routed.get("/api/executions").json["executions"]
        assert {line["outcome"] for line in lines} == {"running"}
    assert len(asked) == len(OUTCOMES)
    monkeypatch.undo()
    assert listed(routed, "outcome=routed") == ["sure.png"]


def test_a_slow_execution_hides_none_that_started_after_it_and_ended_before_it(
    routed: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the cloud lists by the end, newest first."""
    real = Executions._list

    def by_end(self: Executions, *arguments: Any) -> dict[str, Any]:
        listing = real(self, *arguments)
        listing["executions"][1]["startDate"] = datetime(2020, 1, 1, tzinfo=UTC)
        return listing

    monkeypatch.setattr(Executions, "_list", by_end)
    assert len(listed(routed, "from=1700000000")) == len(OUTCOMES) - 1


def test_an_execution_of_another_definition_of_the_state_machine_has_no_answer() -> None:
    ended = {"status": "SUCCEEDED", "executionArn": "arn", "startDate": datetime.now(UTC)}
    for output in ('{"other": 1}', "[1]", None):
        found = read_routing(
            None, Photo("", "", ""), ended | {"stopDate": ended["startDate"], "output": output}
        )
        assert (found.outcome, found.predicted_class, found.confidence) == ("routed", None, None)


def test_the_list_goes_on_at_the_cursor_until_nothing_is_left(
    routed: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executions_module, "PAGE", 1)
    monkeypatch.setattr(executions_module, "LISTED_AT_ONCE", 2)
    seen, cursor = [], ""
    for _ in range(len(OUTCOMES)):
        answer = routed.get(f"/api/executions?cursor={cursor}").json
        seen += [execution["name"] for execution in answer["executions"]]
        cursor = answer["cursor"]
    assert sorted(seen) == sorted(OUTCOMES)
    if cursor is not None:  # Only the next listing tells that there is nothing behind a full page.
        assert routed.get(f"/api/executions?cursor={cursor}").json["executions"] == []


def test_a_filter_that_matches_little_says_how_far_it_looked(
    routed: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executions_module, "PAGE", 1)
    monkeypatch.setattr(executions_module, "MOST_DESCRIBED", 1)
    answer = routed.get("/api/executions?class=car").json
    assert answer["executions"] == []
    assert answer["looked_at"] == 1
    assert answer["looked_back_to"] <= time.time()
    assert answer["cursor"]


@settings(deadline=None)
@given(st.none() | st.text(), st.integers(min_value=0))
def test_a_cursor_comes_back_as_it_was_given(token: str | None, skip: int) -> None:
    assert decode_cursor(encode_cursor(token, skip)) == (token, skip)


@settings(deadline=None)
@given(st.text())
def test_any_other_cursor_is_refused_or_read(cursor: str) -> None:
    try:
        token, skip = decode_cursor(cursor)
    except ValueError as error:
        assert "cursor" in str(error)
    else:
        assert skip >= 0
        assert decode_cursor(encode_cursor(token, skip)) == (token, skip)


def test_an_execution_has_input_output_states_and_graph(
    routed: PageClient, route_photos: dict[str, str]
) -> None:
    execution = routed.get(f"/api/executions/{route_photos['unsure.png']}").json
    assert execution["outcome"] == "refused"
    assert execution["input"]["s3_key"] == "incoming/1/unsure.png"
    assert [state["name"] for state in execution["states"]] == ["Look", "Unsure", "Refused"]
    assert execution["states"][-1]["status"] == "failed"
    assert execution["states"][-1]["error"] == "ThresholdConfidenceNotMet"
    assert execution["graph"]["nodes"][0] == "Look"
    assert ["Look", "Unsure"] in execution["graph"]["edges"]
    assert execution["graph"]["successes"] == ["Routed"]
    assert execution["kept"] is None
    assert "/states/home?region=us-east-1#/v2/executions/details/arn:aws:states" in execution["link"]


@pytest.mark.parametrize("path", ["", "/photo"])
def test_an_execution_that_is_not_there_is_a_404(page: PageClient, path: str) -> None:
    answer = page.get(f"/api/executions/no-such-thing{path}")
    assert answer.status == 404
    assert "no-such-thing" in answer.json["error"]


def test_a_photo_is_uploaded_and_routed(page: PageClient) -> None:
    answer = upload(page, "my sure bike.png", png(7))
    assert answer.status == 201
    name = answer.json["id"]
    while (execution := page.get(f"/api/executions/{name}").json)["outcome"] == "running":
        time.sleep(0.05)
    assert execution["outcome"] == "routed"
    assert execution["name"] == "my sure bike.png"
    photo = page.get(f"/api/executions/{name}/photo")
    assert photo.status == 200
    assert photo.headers["content-type"] == "image/png"
    assert photo.body.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 415),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", 415),
        (b"<html><script>alert(1)</script>", 415),
        (png(1)[:60], 415),
        (bytes(MOST_BYTES + 1), 413),
    ],
)
def test_what_serialize_would_not_read_is_neither_stored_nor_started(
    page: PageClient, deployment: Deployment, content: bytes, status: int
) -> None:
    answer = upload(page, "never-stored.png", content)
    assert answer.status == status
    assert answer.json["error"]
    stored = boto3.client("s3").list_objects_v2(Bucket=deployment.bucket, Prefix="incoming/")
    assert not any("never-stored" in entry["Key"] for entry in stored.get("Contents", []))


def test_a_strangers_object_is_never_served_as_it_is(page: PageClient, deployment: Deployment) -> None:
    hidden = png(3) + b"<script>alert(1)</script>"
    name = upload(page, "sure.html", hidden).json["id"]
    photo = page.get(f"/api/executions/{name}/photo")
    assert photo.headers["content-type"] == "image/png"
    assert b"script" not in photo.body


def test_an_empty_object_is_there_and_no_image(page: PageClient, deployment: Deployment) -> None:
    client = boto3.client("s3")
    client.put_object(Bucket=deployment.bucket, Key="empty.png", Body=b"")
    event = f'{{"s3_bucket": "{deployment.bucket}", "s3_key": "empty.png"}}'
    boto3.client("stepfunctions").start_execution(
        stateMachineArn=deployment.state_machine, name="empty", input=event
    )
    answer = page.get("/api/executions/empty/photo")
    assert (answer.status, answer.json["error"]) == (415, f"s3://{deployment.bucket}/empty.png is empty")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bike.png", "bike.png"),
        ("..%2F..%2Fetc%2Fpasswd", "passwd"),
        ("C%3A%5Cphotos%5Cbike.png", "bike.png"),
        ("%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E.png", "<img src=x onerror=alert(1)>.png"),
        ("a%0D%0AX-Evil%3A%201%00%E2%80%AEgpj.png", "aX-Evil: 1gpj.png"),
        ("Fahrr%C3%A4der.jpg", "Fahrräder.jpg"),
        ("%ff%fe.png", "\N{REPLACEMENT CHARACTER}" * 2 + ".png"),
        ("", "photo"),
        ("..", "photo"),
        ("%20.%20", "photo"),
        ("%2F", "photo"),
    ],
)
def test_a_strangers_file_name_becomes_a_plain_one(header: str, expected: str) -> None:
    assert clean_file_name(header) == expected


@settings(deadline=None)
@given(st.text())
def test_any_file_name_fits_an_s3_key_and_stays_in_its_folder(name: str) -> None:
    kept = clean_file_name(quote(name, errors="replace"))
    assert kept
    assert kept == Path(kept).name
    assert kept.isprintable()
    assert len(kept.encode()) <= 400


def test_a_photo_is_shown_as_the_model_sees_it_or_to_fill_a_screen(
    page: PageClient, deployment: Deployment
) -> None:
    buffer = io.BytesIO()
    Image.effect_noise((1600, 1200), 50).save(buffer, "JPEG")
    name = upload(page, "sure and large.jpg", buffer.getvalue()).json["id"]

    def measure(query: str) -> int:
        shown = page.get(f"/api/executions/{name}/photo{query}")
        assert shown.headers["content-type"] == "image/jpeg"
        return Image.open(io.BytesIO(shown.body)).width

    assert measure("") < 600
    assert measure("?large") == 1600
