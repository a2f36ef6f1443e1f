"""The drift reports that the page tells, and when the next one comes."""

import json
from datetime import UTC, datetime, timedelta

import boto3

from console.monitoring.drift import MOST_REPORTS, DriftReports, find_next_report
from evaluation.deployment import Deployment
from lambdas.workflow.places import drift_key
from tests.console.monitoring.watched import watching

NOON = datetime(2026, 2, 10, 12, tzinfo=UTC)


def put(deployment: Deployment, day: str, photos: int) -> None:
    """Leaves a report of a day in the bucket."""
    body = json.dumps({"version": "1", "day": day, "photos": photos, "measures": []}).encode()
    boto3.client("s3").put_object(Bucket=deployment.bucket, Key=drift_key(day), Body=body)


def test_without_a_report_it_is_known_when_the_first_one_comes(deployment: Deployment) -> None:
    nothing = {"reports": [], "more": False}
    assert DriftReports(deployment).describe(NOON) == {**nothing, "next": None}
    with watching(deployment):
        told = DriftReports(deployment).describe(NOON)
    assert told == {**nothing, "next": datetime(2026, 2, 11, 3, tzinfo=UTC).timestamp()}


def test_the_next_report_comes_at_three_in_utc() -> None:
    early = NOON.replace(hour=2, minute=59)
    assert find_next_report(early) == NOON.replace(hour=3)
    assert find_next_report(NOON.replace(hour=3)) == NOON.replace(hour=3) + timedelta(days=1)


def test_the_newest_reports_come_first_and_one_that_was_written_anew_is_read_anew(
    deployment: Deployment,
) -> None:
    days = [f"{NOON - timedelta(days=ago):%Y-%m-%d}" for ago in range(1, MOST_REPORTS + 2)]
    for number, day in enumerate(days):
        put(deployment, day, number)
    reports = DriftReports(deployment)
    told = reports.describe(NOON)
    assert [report["day"] for report in told["reports"]] == days[:-1]
    assert told["more"]
    put(deployment, days[0], 77)
    asked: list[str] = []
    events = deployment.client("s3").meta.events
    events.register("before-call.s3.GetObject", lambda params, **_: asked.append(params["url_path"]))
    assert reports.describe(NOON)["reports"][0]["photos"] == 77
    assert len(asked) == 1
