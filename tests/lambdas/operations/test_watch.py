"""The function that counts failed photos, and tells what waits for a review and for how long."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import moto
import pytest

from lambdas.operations import watch
from lambdas.workflow import measures
from tests.outcome_table import create_outcome_table


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """DynamoDB with an empty table of outcomes."""
    with moto.mock_aws():
        client = boto3.client("dynamodb")
        create_outcome_table(client, watch.TABLE)
        monkeypatch.setattr(watch, "dynamodb", client)
        yield client


@pytest.fixture
def run(
    context: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[[Any], dict[str, Any]]:
    """Calls the function with an event; returns the values that it tells by metric, and by error."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "scones")
    measures.tell()

    def run(event: Any) -> dict[str, Any]:
        capsys.readouterr()
        watch.handler(event, context)
        told: dict[str, Any] = {}
        for line in map(json.loads, capsys.readouterr().out.splitlines()):
            for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
                told[" ".join(filter(None, (metric["Name"], line.get("error"))))] = line[metric["Name"]]
        return told

    return run


def put(dynamodb: Any, outcome: str, decided_at: datetime, count: int = 1, padding: str = "x") -> None:
    for number in range(count):
        item = {
            "photo": f"{outcome}-{decided_at:%s}-{number}",
            "outcome": outcome,
            "decided_at": decided_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "cause": padding,
        }
        attributes = {name: {"S": value} for name, value in item.items()}
        dynamodb.put_item(TableName=watch.TABLE, Item=attributes)


@pytest.mark.parametrize(("detail", "error"), [({"error": "InvalidImage"}, "InvalidImage"), ({}, "unknown")])
def test_a_photo_that_fails_is_counted_and_counted_by_its_error(
    detail: Any, error: str, run: Callable[[Any], Any]
) -> None:
    told = run({"detail-type": "Photo Failed", "detail": detail})
    assert told == {"PhotosFailed": [1], f"PhotosFailed {error}": [1]}


def test_where_no_photo_waits_the_oldest_has_waited_for_no_time(
    dynamodb: Any, run: Callable[[Any], Any]
) -> None:
    put(dynamodb, "routed", datetime.now(UTC) - timedelta(hours=9))
    assert run({"detail-type": "Scheduled Event"}) == {"ReviewsWaiting": [0], "OldestReviewHours": [0]}


def test_all_that_wait_are_counted_and_the_oldest_is_told_by_the_hour(
    dynamodb: Any, run: Callable[[Any], Any]
) -> None:
    put(dynamodb, "refused", datetime.now(UTC) - timedelta(hours=3), count=2)
    put(dynamodb, "refused", datetime.now(UTC) - timedelta(hours=50))
    put(dynamodb, "discarded", datetime.now(UTC) - timedelta(hours=99))
    told = run({"detail-type": "Scheduled Event"})
    assert told["ReviewsWaiting"] == [3]
    assert told["OldestReviewHours"] == [pytest.approx(50, abs=0.1)]


def test_more_than_a_page_of_waiting_photos_is_counted_whole(
    dynamodb: Any, run: Callable[[Any], Any]
) -> None:
    # A page has a megabyte.
    put(dynamodb, "refused", datetime.now(UTC), count=6, padding="x" * 300_000)
    assert run({"detail-type": "Scheduled Event"})["ReviewsWaiting"] == [6]


def test_a_clock_that_is_behind_makes_no_negative_age(dynamodb: Any, run: Callable[[Any], Any]) -> None:
    put(dynamodb, "refused", datetime.now(UTC) + timedelta(minutes=1))
    assert run({"detail-type": "Scheduled Event"})["OldestReviewHours"] == [0]
