"""The overview's figures: of today, the day, the week, the queue and the evaluation; and what they cost."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from console.executions.history import Executions
from console.reviews.photos import format_time
from console.reviews.table import OutcomeTable
from console.server.overview import (
    Overview,
    describe_failure,
    find_percentile,
)
from console.server.recommended_threshold import compare_threshold, make_command
from evaluation.deployment import Deployment
from lambdas.workflow import outcomes
from tests.console.monitoring.watched import put_alarm, watching
from tests.console.server.outcome_table import TABLE, keeping_outcomes
from tests.console.server.page_client import PageClient
from tests.console.server.served_endpoint import MODEL, serving

NOW = datetime.fromisoformat("2026-02-10T12:00:00Z").timestamp()
HOUR, DAY = 3600.0, 86_400.0
STEP = 6 * HOUR


@pytest.fixture
def table(deployment: Deployment) -> Iterator[Any]:
    """The deployment's table, without a photo."""
    with keeping_outcomes(deployment):
        yield boto3.resource("dynamodb").Table(TABLE)


@pytest.fixture
def overview(deployment: Deployment) -> Iterator[Overview]:
    """An overview that nobody has asked for yet."""
    executions = Executions(deployment)
    yield Overview(deployment, executions)
    executions.close()


def keep(table: Any, name: str, outcome: str, ago: float, took: float = 0.5, **other: Any) -> None:
    """Leaves what became of a photo in the table: the workflow ended so many seconds ago."""
    decided = format_time(NOW - ago)
    reviewed = outcome in (outcomes.ROUTED_BY_REVIEW, outcomes.DISCARDED)
    item = {
        "photo": name,
        "outcome": outcome,
        "decided_at": decided,
        "started_at": format_time(NOW - ago - took),
        "bucket": "scones-bucket",
        "key": f"incoming/1/{name}.png",
        "execution": f"arn:aws:states:us-east-1:123456789012:execution:scones:{name}",
        **({"refused_at": decided} if reviewed else {}),
        **({"error": "InvalidImage", "cause": "no image"} if outcome == outcomes.FAILED else {}),
    }
    table.put_item(Item=item | other)


def test_the_day_is_what_the_workflow_did_and_today_what_was_decided_last(
    overview: Overview, table: Any
) -> None:
    keep(table, "sure", outcomes.ROUTED, 2 * HOUR, took=0.1)
    keep(table, "sure too", outcomes.ROUTED, 3 * HOUR, took=0.3)
    keep(table, "unsure", outcomes.REFUSED, 4 * HOUR, took=0.2)
    keep(table, "letter", outcomes.FAILED, 5 * HOUR, took=31)
    # Refused the day before yesterday, and judged an hour ago.
    keep(
        table,
        "judged",
        outcomes.ROUTED_BY_REVIEW,
        50 * HOUR,
        decided_at=format_time(NOW - HOUR),
        label="bicycle",
    )
    keep(table, "a tree", outcomes.DISCARDED, 20 * HOUR, took=0.4, decided_at=format_time(NOW - 2 * HOUR))
    keep(table, "old", outcomes.ROUTED, 8 * DAY)
    found = overview.describe(midnight=NOW - 4.5 * HOUR, now=NOW)
    assert {name: found["today"][name] for name in outcomes.OUTCOMES} == {
        "routed": 2,
        "refused": 1,
        "failed": 0,
        "routed by review": 1,
        "discarded": 1,
    }
    week = found["week"]
    assert (week["day"]["routed"], week["day"]["refused"], week["day"]["errors"]) == (
        2,
        2,
        {"InvalidImage": 1},
    )
    assert week["refused"] == 0.5
    assert week["latency"] == {"p50": 200, "p95": 400}
    assert [step["photos"] for step in week["steps"][-9:]] == [1, 0, 0, 0, 0, 1, 0, 0, 4]
    assert week["steps"][-9]["refused"] == 1
    assert week["steps"][-8] == {"photos": 0, "refused": None, "latency": None}
    assert (week["since"], found["today"]["since"]) == (None, None)
    assert found["health"]["sentence"] == (
        "Needs attention: no endpoint is in service; 1 photo failed in 24 h, InvalidImage"
    )
    assert [line["photo"] for line in found["latest"]] == ["judged", "sure", "a tree", "sure too", "unsure"]
    assert (found["last_failed"]["photo"], found["last_failed"]["cause"]) == ("letter", "no image")


def test_a_photo_of_a_batch_counts_at_the_time_of_its_decision_and_in_no_latency(
    overview: Overview, table: Any
) -> None:
    run = "arn:aws:states:us-east-1:123456789012:execution:scones-batch:photos-0a1b2c3d-20260210T060000Z"
    keep(table, "alone", outcomes.ROUTED, 2 * HOUR, took=0.1)
    keep(table, "of a batch", outcomes.ROUTED, 2 * HOUR, took=1800, execution=run)
    judged = format_time(NOW - HOUR)
    keep(table, "judged", outcomes.DISCARDED, 50 * HOUR, took=1800, execution=run, decided_at=judged)
    week = overview.describe(now=NOW)["week"]
    assert week["latency"] == {"p50": 100, "p95": 100}
    assert [step["photos"] for step in week["steps"][-9:]] == [1, 0, 0, 0, 0, 0, 0, 0, 2]


def test_the_queue_tells_since_when_its_oldest_photo_waits(overview: Overview, table: Any) -> None:
    assert overview.describe(now=NOW)["queue"] == {"waiting": 0, "more_waiting": False, "oldest": None}
    for days in (1, 20):
        keep(table, f"{days} days", outcomes.REFUSED, days * DAY)
    found = overview.describe(now=NOW)
    assert found["queue"] == {"waiting": 2, "more_waiting": False, "oldest": NOW - 20 * DAY}
    assert "waiting" in [finding["about"] for finding in found["health"]["findings"]]


def test_an_answer_shows_what_became_of_photos_since_the_one_before(overview: Overview, table: Any) -> None:
    keep(table, "early", outcomes.ROUTED, 2 * HOUR)
    keep(table, "broken", outcomes.FAILED, HOUR)
    keep(table, "unsure", outcomes.REFUSED, HOUR)
    assert overview.describe(now=NOW)["week"]["day"]["failed"] == 1

    # The broken one goes on from where it failed, the unsure one is judged, and another one comes.
    keep(table, "broken", outcomes.ROUTED, -1)
    keep(table, "unsure", outcomes.DISCARDED, HOUR, decided_at=format_time(NOW + 2))
    keep(table, "late", outcomes.ROUTED, -3)
    found = overview.describe(midnight=NOW - 12 * HOUR, now=NOW + 5)
    assert [line["photo"] for line in found["latest"]] == ["late", "unsure", "broken", "early"]
    assert found["last_failed"] is None
    assert (found["today"]["routed"], found["today"]["failed"], found["today"]["refused"]) == (3, 0, 0)

    # The judgement is taken back: the photo waits at its former place.
    keep(table, "unsure", outcomes.REFUSED, HOUR)
    table.update_item(Key={"photo": "unsure"}, UpdateExpression="REMOVE refused_at")
    found = overview.describe(midnight=NOW - 12 * HOUR, now=NOW + 10)
    assert (found["today"]["refused"], found["today"]["discarded"]) == (1, 0)

    # A week later they are no longer told of.
    found = overview.describe(now=NOW + 8 * DAY)
    assert (found["latest"], found["week"]["day"]["routed"]) == ([], 0)


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A table that looks at two photos in a request, as a real one looks at a thousand."""
    read = OutcomeTable.read_newest

    def read_two(self: OutcomeTable, outcome: str, **options: Any) -> Any:
        return read(self, outcome, **(options | {"most": 2}))

    monkeypatch.setattr(OutcomeTable, "read_newest", read_two)
    yield


def test_a_long_week_is_read_a_part_with_each_answer_and_each_says_how_far_it_reaches(
    overview: Overview, table: Any, small_pages: None
) -> None:
    for hour in range(20):
        keep(table, f"photo {hour}", outcomes.ROUTED, hour * HOUR)
    counts, periods = [], []
    for number in range(4):
        found = overview.describe(midnight=NOW - 30 * HOUR, now=NOW + number)
        counts.append(found["today"]["routed"])
        periods.append((found["week"]["day"]["period"], found["week"]["since"]))
    # Three readings of two photos each time, and what is new is asked for as well.
    assert counts == [6, 12, 18, 20]
    assert periods[0] == ("in the last 5 h", NOW - 5 * HOUR)
    assert periods[-1] == ("in 24 h", None)


def test_where_more_is_new_than_one_answer_reads_the_rest_is_read_again(
    overview: Overview, table: Any, small_pages: None
) -> None:
    for hour in range(1, 5):
        keep(table, f"photo {hour}", outcomes.ROUTED, hour * HOUR)
    overview.describe(now=NOW)
    for second in range(9):
        keep(table, f"new {second}", outcomes.ROUTED, -second)
    counts = [
        overview.describe(midnight=NOW - 30 * HOUR, now=NOW + 10 + number)["today"]["routed"]
        for number in range(4)
    ]
    assert counts[-1] == 13
    assert counts == sorted(counts)


def test_a_photo_without_a_version_that_failed_time_and_again_counts_once(
    overview: Overview, table: Any
) -> None:
    for number in range(3):
        keep(table, f"run {number}", outcomes.FAILED, HOUR * (number + 1), key="missing.png")
    keep(table, "another", outcomes.FAILED, HOUR)
    keep(table, "nameless", outcomes.FAILED, HOUR, key="")
    keep(table, "nameless too", outcomes.FAILED, HOUR, key="")
    assert overview.describe(now=NOW)["week"]["day"]["failed"] == 4


def test_executions_are_told_of_where_there_is_no_table(page: PageClient, deployment: Deployment) -> None:
    client = boto3.client("stepfunctions")
    for key in ("sure.png", "unsure.png", "broken.png"):
        arn = client.start_execution(
            stateMachineArn=deployment.state_machine,
            name=key.removesuffix(".png"),
            input=json.dumps({"s3_bucket": "scones-bucket", "s3_key": key}),
        )["executionArn"]
        while client.describe_execution(executionArn=arn)["status"] == "RUNNING":
            time.sleep(0.05)
    found = page.get("/api/overview").json
    assert (found["today"]["routed"], found["today"]["refused"], found["today"]["failed"]) == (1, 1, 1)
    assert found["week"]["day"]["errors"] == {"InvalidImage": 1}
    assert {line["name"] for line in found["latest"]} == {"sure.png", "unsure.png", "broken.png"}
    assert (found["last_failed"]["id"], found["last_failed"]["cause"]) == (
        "broken",
        "an empty file, no image",
    )
    assert found["queue"] == {}


def test_an_alarm_that_is_on_needs_attention(
    overview: Overview, deployment: Deployment, endpoint: None, table: Any
) -> None:
    assert "no alarms: make deploy adds them" in overview.describe(now=NOW)["alarms"]["missing"]
    cloudwatch = boto3.client("cloudwatch")
    with watching(deployment):
        put_alarm("scones-drift")
        cloudwatch.set_alarm_state(AlarmName="scones-drift", StateValue="OK", StateReason="")
        before = overview.describe(now=NOW)
        cloudwatch.set_alarm_state(AlarmName="scones-drift", StateValue="ALARM", StateReason="It moved.")
        found = overview.describe(now=NOW)
    assert before["health"]["level"] == "look"
    assert found["health"]["sentence"] == "Needs attention: the alarm drift is on"
    assert found["health"]["findings"][0]["text"] == "It is wrong. Mend it."
    (alarm,) = found["alarms"]["alarms"]
    assert (alarm["what"], alarm["state"], alarm["reason"]) == ("drift", "ALARM", "It moved.")


def test_whoever_may_not_see_the_alarms_sees_all_the_rest(
    overview: Overview, deployment: Deployment, table: Any
) -> None:
    with watching(deployment), Stubber(deployment.client("cloudwatch")) as stubber:
        stubber.add_client_error("describe_alarms", "AccessDenied", "not authorized to perform it")
        found = overview.describe(now=NOW)
    assert found["alarms"]["missing"].endswith("not authorized to perform it")
    assert found["week"] is not None


def test_today_begins_at_the_reader_s_midnight(page: PageClient, table: Any) -> None:
    now = time.time()
    keep(table, "an hour ago", outcomes.ROUTED, NOW - now + HOUR)
    counted = [
        page.get(f"/api/overview?midnight={now - hours * HOUR}").json["today"]["routed"] for hours in (2, 0.5)
    ]
    assert counted == [1, 0]
    assert page.get("/api/overview?midnight=").status == 200
    for wrong in ("tomorrow", "nan", "inf"):
        refused = page.get(f"/api/overview?midnight={wrong}")
        assert (refused.status, refused.json["error"]) == (400, f"“{wrong}” is no time")


def put_report(deployment: Deployment, threshold: float | None) -> None:
    """Leaves the report of an evaluation of ten photos, one of which has 0.7, in the bucket."""
    report = {
        "split": "test",
        "photos": 10,
        "accuracy": {"count": 9, "of": 10, "value": 0.9, "low": 0.6, "high": 0.98},
        "when": NOW,
        "recommendation": {
            "threshold": threshold,
            "more_photos": None if threshold else 33,
            "routed_error_target": 0.05,
            "routed_error_confidence": 0.9,
        },
        "answers": [{"probabilities": [0.05, 0.95]}] * 9 + [{"probabilities": [0.7, 0.3]}],
    }
    boto3.client("s3").put_object(
        Bucket=deployment.bucket,
        Key=f"reports/{MODEL}/test/report.json",
        Body=json.dumps(report).encode(),
    )


@pytest.fixture
def endpoint(deployment: Deployment) -> Iterator[None]:
    """An endpoint with an evaluation of its model, behind a threshold of 0.6."""
    ssm = boto3.client("ssm")
    told = {"value": 0.6, "source": "set by confidence_threshold"}
    ssm.put_parameter(Name="/scones/threshold", Value=json.dumps(told), Type="String")
    put_report(deployment, 0.8)
    with serving("scones-given"):
        yield
    ssm.delete_parameter(Name="/scones/threshold")
    boto3.client("s3").delete_object(Bucket=deployment.bucket, Key=f"reports/{MODEL}/test/report.json")


def test_the_evaluation_is_told_with_the_command_that_takes_its_threshold(
    overview: Overview, page: PageClient, endpoint: None, table: Any
) -> None:
    found = overview.describe(now=NOW)
    evaluation = found["evaluation"]
    assert (evaluation["split"], evaluation["photos"], evaluation["accuracy"]["value"]) == ("test", 10, 0.9)
    assert (evaluation["recommended"], evaluation["more_routed"], evaluation["differs"]) == (0.8, -1, True)
    assert evaluation["target"] == "at most 5% of the routed photos wrong, with 90% confidence"
    assert evaluation["command"] == "make deploy CDK_CONTEXT=confidence_threshold=0.800"
    # Model goes by the same.
    told = page.get("/api/evaluation").json
    assert (told["command"], told["more_routed"]) == (evaluation["command"], evaluation["more_routed"])
    assert found["health"]["sentence"] == "Worth a look: the evaluation recommends another threshold"
    # It is for JSON.
    json.dumps(found)


def test_an_answer_asks_no_more_of_aws_than_what_may_have_changed(
    overview: Overview, deployment: Deployment, endpoint: None, table: Any
) -> None:
    called: Counter[str] = Counter()
    for service in ("cloudwatch", "dynamodb", "logs", "s3", "sagemaker", "ssm", "stepfunctions"):
        client = deployment.client(service)
        client.meta.events.register(
            "before-call",
            lambda model, **_: called.update([f"{model.service_model.service_name}.{model.name}"]),
        )
    keep(table, "unsure", outcomes.REFUSED, HOUR)
    with watching(deployment):
        overview.describe(now=NOW)
        called.clear()
        overview.describe(now=NOW + 5)
    assert called == {
        "cloudwatch.DescribeAlarms": 1,
        # One an outcome, and two for the queue.
        "dynamodb.Query": 7,
        # What runs, and a listing for each way to fail.
        "stepfunctions.ListExecutions": 4,
        "sagemaker.DescribeEndpoint": 1,
        "sagemaker.DescribeEndpointConfig": 1,
        "sagemaker.DescribeModel": 1,
        # Data set, threshold, endpoint and its configuration; the endpoint's name once more for the link;
        # and the batches' state machine, where there is none.
        "ssm.GetParameter": 6,
    }


@pytest.mark.parametrize(
    ("recommended", "threshold", "source", "more_routed", "differs"),
    [
        (0.8, 0.6, "set by confidence_threshold", -1, True),
        (0.6, 0.8, "set by confidence_threshold", 1, True),
        # No photo lies between the two.
        (0.8, 0.71, "set by confidence_threshold", 0, False),
        (None, 0.8, "set by confidence_threshold", None, False),
        (0.8, 0.6, "recommended for model scones--1 from 100 validation photos", -1, False),
    ],
)
def test_another_threshold_is_one_that_routes_other_photos_and_that_no_deploy_has_recommended(
    recommended: float | None, threshold: float, source: str, more_routed: int | None, differs: bool
) -> None:
    report = {"recommended": recommended, "confidences": [0.95] * 9 + [0.7]}
    compared = compare_threshold(report, {"value": threshold, "source": source})
    assert (compared["more_routed"], compared["differs"]) == (more_routed, differs)
    assert compared["predicted"].count == (threshold > 0.7)
    assert "confidences" not in compared
    assert compare_threshold(report, None)["differs"] is False


def test_the_command_is_for_the_deployment_that_a_plain_deploy_is_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SCONES_LOCAL_HOME", raising=False)
    assert make_command("scones", 0.8005, False) == "make deploy CDK_CONTEXT=confidence_threshold=0.8005"
    assert make_command("scones", 0.975, True) == (
        'eval "$(.venv/bin/python -m local env)"; make deploy CDK_CONTEXT=confidence_threshold=0.975'
    )
    monkeypatch.setenv("SCONES_LOCAL_HOME", "/tmp/my clouds")
    assert make_command("scones", 0.975, True) == (
        "eval \"$(.venv/bin/python -m local env --home '/tmp/my clouds')\"; "
        "make deploy CDK_CONTEXT=confidence_threshold=0.975"
    )
    assert make_command("another", 0.975, False) is None
    assert make_command("scones", None, False) is None


@pytest.mark.parametrize(
    ("numbers", "share", "expected"),
    [
        ([7], 0.95, 7),
        ([1, 2], 0.5, 1),
        ([1, 2, 3], 0.5, 2),
        (range(1, 21), 0.95, 19),
        (range(1, 22), 0.95, 20),
    ],
)
def test_a_percentile_is_a_number_that_was_measured(numbers: Any, share: float, expected: int) -> None:
    assert find_percentile(list(numbers), share) == expected


@pytest.mark.parametrize(
    ("cause", "line"),
    [
        ("no image\nTraceback", "no image"),
        ('{"errorMessage": "no image", "stackTrace": ["…"]}', "no image"),
        ('{"other": 1}', '{"other": 1}'),
        ("[1]", "[1]"),
        (None, ""),
        ("", ""),
        ("x" * 2000, "x" * 300),
    ],
)
def test_a_cause_is_told_in_one_line(cause: str | None, line: str) -> None:
    described = describe_failure({"cause": cause})
    assert described == {"cause": line}


def test_a_confidence_in_the_table_is_no_hindrance(overview: Overview, table: Any) -> None:
    keep(table, "sure", outcomes.ROUTED, HOUR, confidence=Decimal("0.95"), predicted_class="bicycle")
    (line,) = overview.describe(now=NOW)["latest"]
    assert (line["confidence"], line["predicted_class"]) == (0.95, "bicycle")
