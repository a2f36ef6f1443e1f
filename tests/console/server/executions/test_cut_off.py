"""Executions that came to no end of their own, and so left nothing in the table: they count as failed."""

import json
import time
from collections.abc import Iterator

import boto3
import pytest

from console.reviews.photos import format_time
from evaluation.deployment import Deployment
from lambdas.workflow import outcomes
from lambdas.workflow.places import identify_photo
from tests.console.server.outcome_table import TABLE, keeping_outcomes
from tests.console.server.page_client import PageClient

BUCKET = "scones-bucket"
PHOTOS = {
    "stopped": ("cut off.png", ""),
    "stopped-again": ("cut off.png", ""),
    "run-again": ("cut off, then routed.png", "v1"),
    "redriven": ("cut off, then refused.png", ""),
}
LOST = ["stopped-again", "stopped"]


@pytest.fixture(scope="module")
def stopped(deployment: Deployment) -> None:
    """Executions that were stopped on their way."""
    client = boto3.client("stepfunctions")
    for name, (key, version) in PHOTOS.items():
        event = {"s3_bucket": BUCKET, "s3_key": key, "s3_version": version}
        arn = client.start_execution(
            stateMachineArn=deployment.state_machine, name=name, input=json.dumps(event)
        )["executionArn"]
        client.stop_execution(executionArn=arn)


@pytest.fixture
def after(page: PageClient, deployment: Deployment, stopped: None) -> Iterator[PageClient]:
    """The page after those; of two of their photos the table tells what became of them since."""
    with keeping_outcomes(deployment):
        table = boto3.resource("dynamodb").Table(TABLE)
        for photo, outcome in {
            identify_photo(BUCKET, *PHOTOS["run-again"]): outcomes.ROUTED,
            "redriven": outcomes.REFUSED,
        }.items():
            table.put_item(Item={"photo": photo, "outcome": outcome, "decided_at": format_time(time.time())})
        yield page


def test_the_overview_tells_of_them_and_counts_each_photo_once(after: PageClient) -> None:
    found = after.get("/api/overview").json
    assert (found["week"]["day"]["errors"], found["today"]["failed"]) == ({"ABORTED": 1}, 1)
    assert "1 photo failed in 24 h, ABORTED" in found["health"]["sentence"]
    assert (found["last_failed"]["id"], found["last_failed"]["error"]) == ("stopped-again", "ABORTED")
    assert [line["id"] for line in found["latest"] if line["outcome"] == "failed"] == LOST


@pytest.mark.parametrize(
    ("query", "failed"),
    [
        ("outcome=failed", LOST),
        ("outcome=failed&outcome=refused", LOST),
        ("error=ABORTED&from=1", LOST),
        ("search=CUT", LOST),
        ("outcome=refused", []),
        ("outcome=failed&to=1", []),
        ("error=InvalidImage", []),
    ],
)
def test_the_list_finds_and_counts_them(after: PageClient, query: str, failed: list[str]) -> None:
    lines = after.get(f"/api/executions?{query}").json["executions"]
    assert [line["id"] for line in lines if line["outcome"] == "failed"] == failed
    assert after.get(f"/api/totals?{query}").json["total"] == len(lines)


def test_their_errors_are_among_those_to_choose_from(after: PageClient) -> None:
    assert after.get("/api/errors").json == {"errors": ["ABORTED"]}
