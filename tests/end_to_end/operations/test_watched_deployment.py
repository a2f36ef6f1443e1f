"""A deployment is watched: an alarm reaches a person's queue and is over again, and drift is told each day.

The tests of this file depend on one another and run in the order written, on the embedded cloud.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lambdas.workflow import places
from tests.end_to_end.deployed_home import NAME, SETTINGS
from tests.end_to_end.embedded_cloud import REPOSITORY, App, EmbeddedCloud, staged_photo
from tests.end_to_end.uploaded_photos import eventually, put, wait_for_outcome

pytestmark = pytest.mark.end_to_end

PERIOD_SECONDS = 10
"""In place of a quarter of an hour, so that the alarm is over within a minute; all else is as deployed."""
DRIFT_SECONDS = 150
PHOTOS = 3


@pytest.fixture(scope="module")
def app(cloud: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory) -> App:
    return App(cloud, NAME, SETTINGS, tmp_path_factory.mktemp("assembly"))


@pytest.fixture(scope="module")
def mailbox(app: App) -> str:
    """URL of a queue that the alarms' topic writes to, as a person would subscribe it."""
    sqs, topic = app.cloud.client("sqs"), app.parameter("alarms-topic")
    queue = str(sqs.create_queue(QueueName=f"{app.name}-mailbox")["QueueUrl"])
    asked = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    arn = asked["Attributes"]["QueueArn"]
    statement = {
        "Effect": "Allow",
        "Action": "sqs:SendMessage",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    app.cloud.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return queue


def describe_alarm(app: App) -> dict[str, Any]:
    described = app.cloud.client("cloudwatch").describe_alarms(AlarmNames=[f"{app.name}-photos-failed"])
    (alarm,) = described["MetricAlarms"]
    return dict(alarm)


def hasten_alarm(app: App) -> None:
    """Puts the alarm as it was deployed, but for its period."""
    cloudwatch = app.cloud.client("cloudwatch")
    members = cloudwatch.meta.service_model.operation_model("PutMetricAlarm").input_shape.members
    deployed = {name: value for name, value in describe_alarm(app).items() if name in members}
    cloudwatch.put_metric_alarm(**{**deployed, "Period": PERIOD_SECONDS})


@pytest.fixture(scope="module")
def yesterday(app: App) -> str:
    """The day before, on which photos were routed and nothing was captured, as by a serverless endpoint.

    The rules of drift and of reviews call each minute, by the permissions and to the targets as deployed.
    """
    s3, dynamodb = app.cloud.client("s3"), app.cloud.client("dynamodb")
    staged = s3.get_object(Bucket=app.parameter("bucket"), Key=staged_photo(app))["Body"].read()
    day = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    for number in range(PHOTOS):
        key = f"incoming/of yesterday {number}.png"
        photo = wait_for_outcome(app, key, put(app, key, staged))["photo"]
        dynamodb.update_item(
            TableName=app.parameter("outcomes"),
            Key={"photo": {"S": photo}},
            UpdateExpression="SET decided_at = :then",
            ExpressionAttributeValues={":then": {"S": f"{day}T12:00:00.000Z"}},
        )
    for rule in ("drift", "watch-reviews"):
        app.cloud.client("events").put_rule(Name=f"{app.name}-{rule}", ScheduleExpression="rate(1 minute)")
    return day


@pytest.mark.usefixtures("yesterday")
def test_photos_that_fail_raise_the_alarm_and_a_message_says_what_to_do(app: App, mailbox: str) -> None:
    hasten_alarm(app)
    assert describe_alarm(app)["StateValue"] == "OK"
    for number in range(int(describe_alarm(app)["Threshold"])):
        put(app, f"incoming/broken-{number}.png", b"this is no picture")
    eventually(lambda: describe_alarm(app)["StateValue"] == "ALARM")
    sqs = app.cloud.client("sqs")
    (received,) = eventually(lambda: sqs.receive_message(QueueUrl=mailbox).get("Messages"))
    message = json.loads(json.loads(received["Body"])["Message"])
    assert (message["AlarmName"], message["NewStateValue"]) == (f"{app.name}-photos-failed", "ALARM")
    # By the key of the deployment's own topic, which the alarm may use.
    topic = app.cloud.client("sns").get_topic_attributes(TopicArn=app.parameter("alarms-topic"))
    key = app.cloud.client("kms").describe_key(KeyId=topic["Attributes"]["KmsMasterKeyId"])["KeyMetadata"]
    assert key["Description"] == f"Encrypts what the alarms of {app.name} say"
    assert message["AlarmDescription"].endswith(
        "Open one of the failed executions on the page and read its error."
    )
    assert message["AlarmDescription"] in (REPOSITORY / "docs" / "runbook.md").read_text()


def test_the_alarm_is_over_once_no_photo_fails(app: App) -> None:
    eventually(lambda: describe_alarm(app)["StateValue"] == "OK")


def test_the_rule_of_each_day_has_the_photos_of_the_day_before_compared(app: App, yesterday: str) -> None:
    s3, bucket = app.cloud.client("s3"), app.parameter("bucket")
    wanted = {"Bucket": bucket, "Prefix": places.drift_key(yesterday)}
    eventually(lambda: s3.list_objects_v2(**wanted)["KeyCount"], DRIFT_SECONDS)
    report = json.load(s3.get_object(Bucket=bucket, Key=places.drift_key(yesterday))["Body"])
    assert (report["day"], report["source"], report["photos"]) == (yesterday, "outcomes", PHOTOS)
    # How they look is known too: their pictures are read where they were uploaded.
    photos = {measure["measure"]: measure["photos"] for measure in report["measures"]}
    assert photos == dict.fromkeys(("confidence", "class_mix", "brightness", "contrast", "sharpness"), PHOTOS)


@pytest.mark.usefixtures("yesterday")
def test_what_waits_for_a_person_is_measured_by_the_rule_too(app: App) -> None:
    def count_metrics() -> int:
        listed = app.cloud.client("cloudwatch").list_metrics(
            Namespace="SconesUnlimited",
            MetricName="OldestReviewHours",
            Dimensions=[{"Name": "service", "Value": app.name}],
        )
        return len(listed["Metrics"])

    eventually(count_metrics, DRIFT_SECONDS)
