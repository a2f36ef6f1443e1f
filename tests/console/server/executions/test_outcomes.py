"""What the page shows from the table of outcomes: lists, today's counts, pictures, one photo's outcome."""

import json
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from console.reviews.photos import format_time
from evaluation.deployment import Deployment
from lambdas.workflow.places import identify_photo
from tests.console.server.outcome_table import TABLE, keeping_outcomes
from tests.console.server.page_client import PageClient, png
from tests.console.server.test_reviews import refuse


@pytest.fixture
def table(deployment: Deployment) -> Iterator[Any]:
    """The deployment's table, without a photo."""
    with keeping_outcomes(deployment):
        yield boto3.resource("dynamodb").Table(TABLE)


def change(table: Any, photo: str, **attributes: str) -> None:
    """Sets attributes of a photo's item."""
    table.put_item(Item=table.get_item(Key={"photo": photo})["Item"] | attributes)


def run(deployment: Deployment, name: str, key: str, version: str = "") -> str:
    """Runs the state machine on a version of a key under a name; returns the execution's ARN."""
    client = boto3.client("stepfunctions")
    arn = client.start_execution(
        stateMachineArn=deployment.state_machine,
        name=name,
        input=json.dumps({"s3_bucket": deployment.bucket, "s3_key": key, "s3_version": version}),
    )["executionArn"]
    while client.describe_execution(executionArn=arn)["status"] == "RUNNING":
        time.sleep(0.05)
    return arn


def test_a_list_says_that_it_is_from_the_table_and_shows_pictures_by_the_photo_s_id(
    page: PageClient, deployment: Deployment, table: Any
) -> None:
    photo = refuse(deployment, "blue bike.png", 1)
    answer = page.get("/api/executions?search=BIKE").json
    assert (answer["source"], answer["cursor"]) == ("table", None)
    (line,) = answer["executions"]
    assert (line["photo"], line["outcome"], line["name"]) == (photo, "refused", "blue bike.png")
    picture = page.get(f"/api/outcomes/{photo}/picture")
    assert (picture.status, picture.headers["content-type"]) == (200, "image/png")


def test_what_is_running_is_asked_of_step_functions(page: PageClient, table: Any) -> None:
    answer = page.get("/api/executions?outcome=running&search=bike").json
    assert (answer["source"], answer["advice"]) == ("executions", None)


def test_what_has_not_ended_stands_before_what_the_table_has(
    page: PageClient, deployment: Deployment, table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = refuse(deployment, "ended.png", 1)
    run(deployment, "goes-on", "incoming/1/goes on.png")
    ended = page.get("/api/executions?id=goes-on").json["executions"]
    running = {**ended[0], "outcome": "running", "error": None, "confidence": None, "predicted_class": None}
    listing = {"executions": [running], "cursor": None}
    monkeypatch.setattr("console.executions.history.Executions.list_page", lambda *_: listing)
    for query, expected in {
        "search=.png": ["goes-on", photo],
        "outcome=running&outcome=refused": ["goes-on", photo],
        "outcome=refused": [photo],
        "min=0.1": [photo],
    }.items():
        answer = page.get(f"/api/executions?{query}").json
        assert [line["id"] for line in answer["executions"]] == expected
        assert page.get(f"/api/totals?{query}").json == {"total": len(expected), "more": False}


def test_an_execution_of_exactly_the_name_that_is_searched_comes_first_if_the_rest_of_the_filter_admits_it(
    page: PageClient, deployment: Deployment, table: Any
) -> None:
    run(deployment, "by-hand", "incoming/1/unsure.png")
    lines = page.get("/api/executions?search=by-hand").json["executions"]
    assert [(line["id"], line["outcome"]) for line in lines] == [("by-hand", "refused")]
    assert page.get("/api/executions?search=by-hand&outcome=failed").json["executions"] == []
    assert page.get("/api/executions?search=by-hand&to=1").json["executions"] == []


def test_an_upload_that_step_functions_has_forgotten_is_found_by_its_arn(
    page: PageClient, deployment: Deployment, table: Any
) -> None:
    photo = refuse(deployment, "old.png", 1)
    arn = table.get_item(Key={"photo": photo})["Item"]["execution"]
    (line,) = page.get(f"/api/executions?search={arn}").json["executions"]
    assert (line["photo"], line["arn"]) == (photo, arn)


def test_photos_are_had_by_their_ids_as_they_are_now(
    page: PageClient, deployment: Deployment, table: Any
) -> None:
    photo = refuse(deployment, "judged.png", 1)
    change(table, photo, outcome="discarded")
    (line,) = page.get(f"/api/executions?photo={photo}&photo=lost").json["executions"]
    assert (line["photo"], line["outcome"]) == (photo, "discarded")


def test_the_errors_that_occur_are_told_from_the_table(
    page: PageClient, deployment: Deployment, table: Any
) -> None:
    for number, error in enumerate(("ImageNotFound", "ModelError", "ModelError")):
        change(table, refuse(deployment, f"{number}.png", number), outcome="failed", error=error)
    assert page.get("/api/errors").json == {"errors": ["ModelError", "ImageNotFound"]}


def test_a_cursor_leads_to_the_rest(
    page: PageClient, deployment: Deployment, table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.outcomes.table.PAGE", 2)
    for minute in range(3):
        change(
            table,
            refuse(deployment, f"{minute}.png", minute),
            outcome=("routed", "refused", "failed")[minute],
        )
    first = page.get("/api/executions?search=.png").json
    rest = page.get(f"/api/executions?search=.png&cursor={first['cursor']}").json
    assert [shown["name"] for shown in first["executions"]] == ["2.png", "1.png"]
    assert [shown["name"] for shown in rest["executions"]] == ["0.png"]
    assert rest["cursor"] is None


@pytest.mark.parametrize("cursor", ["x", "W10=", "eyJsb3N0IjogbnVsbH0="])
def test_a_cursor_of_another_origin_is_refused_in_one_line(page: PageClient, table: Any, cursor: str) -> None:
    answer = page.get(f"/api/executions?outcome=routed&cursor={cursor}")
    assert answer.status == 400
    assert "cursor" in answer.json["error"]


def test_the_overview_counts_each_photo_once_by_what_was_decided_last_and_since_midnight(
    page: PageClient, deployment: Deployment, table: Any
) -> None:
    now = format_time(time.time())
    refuse(deployment, "old.png", 0)
    change(table, refuse(deployment, "new.png", 1), decided_at=now)
    change(table, refuse(deployment, "sure.png", 2), decided_at=now, outcome="routed")
    judged = refuse(deployment, "judged.png", 3)
    change(table, judged, decided_at=now, outcome="routed by review", label="bicycle", reviewed_by="ann")
    overview = page.get("/api/overview").json
    assert overview["today"] == {
        "source": "table",
        "since": None,
        "routed": 1,
        "refused": 1,
        "failed": 0,
        "routed by review": 1,
        "discarded": 0,
        "running": 0,
        "more_running": False,
        "running_batches": 0,
    }
    assert overview["queue"]["waiting"] == 2


def test_a_table_that_throttles_leaves_the_rest_of_the_overview_and_is_one_line_in_the_list(
    page: PageClient, deployment: Deployment, table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def throttle(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "Slow down"}}, "Query")

    monkeypatch.setattr(deployment.client("dynamodb"), "query", throttle)
    overview = page.get("/api/overview")
    assert overview.status == 200
    assert overview.json["name"] == "scones"
    assert "throttled" in overview.json["today"]["fault"]
    answer = page.get("/api/executions?outcome=failed")
    assert answer.status == 503
    assert "try again" in answer.json["error"]


def test_an_execution_shows_what_a_person_made_of_its_photo_since(
    page: PageClient, deployment: Deployment, table: Any
) -> None:
    photo = refuse(deployment, "unsure.png", 1)
    arn = run(deployment, photo, "incoming/1/unsure.png")
    change(table, photo, execution=arn, outcome="routed by review", label="bicycle", reviewed_by="ann")
    execution = page.get(f"/api/executions/{photo}").json
    assert execution["outcome"] == "refused"
    kept = execution["kept"]
    assert (kept["outcome"], kept["label"], kept["reviewed_by"]) == ("routed by review", "bicycle", "ann")


def test_an_execution_of_any_name_finds_its_photo_and_who_decided(
    page: PageClient, deployment: Deployment, table: Any
) -> None:
    key = "incoming/1/unsure too.png"
    decided_by = refuse(deployment, "unsure too.png", 1)
    item = table.get_item(Key={"photo": decided_by})["Item"]
    photo = identify_photo(deployment.bucket, key, "v1")
    table.put_item(Item={**item, "photo": photo, "version": "v1"})
    run(deployment, "started-by-hand", key, "v1")
    kept = page.get("/api/executions/started-by-hand").json["kept"]
    assert kept["id"] == decided_by


def test_an_execution_says_that_the_table_is_throttled(
    page: PageClient, deployment: Deployment, table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def throttle(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "Slow down"}}, "GetItem")

    run(deployment, "in-a-rush", "incoming/1/unsure.png")
    monkeypatch.setattr(deployment.client("dynamodb"), "get_item", throttle)
    execution = page.get("/api/executions/in-a-rush").json
    assert execution["outcome"] == "refused"
    assert "throttled" in execution["kept"]["fault"]


def test_no_object_is_served_by_a_key(page: PageClient, deployment: Deployment, table: Any) -> None:
    boto3.client("s3").put_object(Bucket=deployment.bucket, Key="secret.png", Body=png(9))
    assert page.get("/api/outcomes/secret.png/picture").status == 404
