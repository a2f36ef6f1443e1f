"""CloudWatch Logs on the embedded cloud filter by patterns as AWS's do, wherever a pattern is given."""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.local.cloud_process import Cloud

LINES = [
    json.dumps({"level": "INFO", "latency": 10}),
    json.dumps({"level": "ERROR", "latency": 250, "class": "bicycle"}),
    "START RequestId: 1",
]


def make_group(cloud: Cloud) -> str:
    group = f"/filtered/{uuid4().hex[:12]}"
    cloud.client("logs").create_log_group(logGroupName=group)
    cloud.client("logs").create_log_stream(logGroupName=group, logStreamName="one")
    return group


def write(cloud: Cloud, group: str, *lines: str) -> None:
    moment = int(time.time() * 1000)
    events = [{"timestamp": moment, "message": line} for line in lines]
    cloud.client("logs").put_log_events(logGroupName=group, logStreamName="one", logEvents=events)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ('{ $.level = "ERROR" }', [1]),
        ("{ $.latency < 100 }", [0]),
        ("{ $.level = * }", [0, 1]),
        ("ERROR", [1]),
        ("-ERROR", [0, 2]),
        ("", [0, 1, 2]),
    ],
)
def test_only_the_events_that_match_are_found(cloud: Cloud, pattern: str, found: list[int]) -> None:
    group = make_group(cloud)
    write(cloud, group, *LINES)
    events = cloud.client("logs").filter_log_events(logGroupName=group, filterPattern=pattern)["events"]
    assert [event["message"] for event in events] == [LINES[index] for index in found]


def test_a_pattern_that_is_none_is_refused_wherever_it_is_given(cloud: Cloud) -> None:
    logs, group = cloud.client("logs"), make_group(cloud)
    bad = {"logGroupName": group, "filterPattern": "{ $.level == ERROR }"}
    transformation = {"metricName": "Errors", "metricNamespace": "Test", "metricValue": "1"}
    arn = "arn:aws:lambda:us-east-1:000000000000:function:none"
    for refused in (
        lambda: logs.filter_log_events(**bad),
        lambda: logs.put_metric_filter(filterName="f", metricTransformations=[transformation], **bad),
        lambda: logs.put_subscription_filter(filterName="f", destinationArn=arn, **bad),
    ):
        with pytest.raises(ClientError) as caught:
            refused()
        assert caught.value.response["Error"]["Code"] == "InvalidParameterException"
    assert logs.describe_metric_filters(logGroupName=group)["metricFilters"] == []


def test_a_metric_filter_makes_metrics_of_what_it_matches(cloud: Cloud) -> None:
    group, namespace = make_group(cloud), f"Test/{uuid4().hex[:12]}"
    transformations: list[dict[str, Any]] = [
        {"metricName": "Errors", "metricValue": "1", "defaultValue": 0},
        {"metricName": "Latency", "metricValue": "$.latency", "dimensions": {"Class": "$.class"}},
    ]
    cloud.client("logs").put_metric_filter(
        logGroupName=group,
        filterName="errors",
        filterPattern="{ $.level = ERROR }",
        metricTransformations=[{"metricNamespace": namespace, **each} for each in transformations],
    )
    write(cloud, group, *LINES)
    write(cloud, group, LINES[0])

    def read(metric: str, *dimensions: dict[str, str]) -> dict[str, float]:
        now = datetime.now(UTC)
        points = cloud.client("cloudwatch").get_metric_statistics(
            Namespace=namespace,
            MetricName=metric,
            Dimensions=list(dimensions),
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(minutes=2),
            Period=7200,
            Statistics=["Sum", "SampleCount"],
        )["Datapoints"]
        return {name: sum(point[name] for point in points) for name in ("Sum", "SampleCount")}

    assert read("Errors") == {"Sum": 1, "SampleCount": 2}
    assert read("Latency", {"Name": "Class", "Value": "bicycle"}) == {"Sum": 250, "SampleCount": 1}
