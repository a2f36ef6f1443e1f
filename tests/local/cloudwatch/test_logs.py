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


def test_the_events_of_some_streams_are_found_page_by_page(cloud: Cloud) -> None:
    logs, group = cloud.client("logs"), make_group(cloud)
    for stream in ("a/1", "a/2", "b/1"):
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        moment = int(time.time() * 1000)
        events = [{"timestamp": moment + index, "message": f"{stream} {index}"} for index in range(3)]
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)

    def find(**chosen: Any) -> list[dict[str, Any]]:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, **chosen)
        return [event for page in pages for event in page["events"]]

    assert {event["logStreamName"] for event in find(logStreamNamePrefix="a/")} == {"a/1", "a/2"}
    assert {event["logStreamName"] for event in find(logStreamNames=["b/1", "a/1"])} == {"a/1", "b/1"}
    paged = find(limit=2)
    assert len({event["eventId"] for event in paged}) == 9
    assert [event["timestamp"] for event in paged] == sorted(event["timestamp"] for event in paged)
    assert logs.filter_log_events(logGroupName=group, limit=2)["events"] == paged[:2]
    with pytest.raises(logs.exceptions.ResourceNotFoundException, match="log stream does not exist: none"):
        find(logStreamNames=["none"])
    with pytest.raises(logs.exceptions.InvalidParameterException, match="cannot both be given"):
        find(logStreamNames=["a/1"], logStreamNamePrefix="a/")


def test_each_line_of_a_function_has_an_id(cloud: Cloud) -> None:
    function = cloud.function("def handler(event, context): print('same'), print('same')")
    cloud.invoke(function)
    chosen = {"logGroupName": f"/aws/lambda/{function.rsplit(':', 1)[-1]}"}
    events = cloud.client("logs").filter_log_events(**chosen)["events"]
    assert [event["message"] for event in events].count("same") == 2
    assert len({event["eventId"] for event in events}) == len(events)
    assert cloud.client("logs").filter_log_events(**chosen)["events"] == events


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
