"""Lines of logs in the embedded metric format become metrics on the embedded cloud, as AWS documents it."""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from local.cloudwatch.embedded_metrics import Measured, read_line
from tests.local.cloud_process import Cloud

NOW = 1_800_000_000.0


def make_document(**changed: Any) -> dict[str, Any]:
    directive = {
        "Namespace": "Test",
        "Dimensions": [["service"]],
        "Metrics": [{"Name": "Photos", "Unit": "Count"}],
    }
    directive.update(changed.pop("directive", {}))
    return {
        "_aws": {"Timestamp": NOW * 1000, "CloudWatchMetrics": [directive], **changed.pop("aws", {})},
        "service": "scones",
        "Photos": 3,
        **changed,
    }


def read(document: Any) -> list[Measured]:
    return read_line(json.dumps(document), NOW)


def test_a_line_tells_a_metric_with_its_dimensions_unit_and_time() -> None:
    assert read(make_document()) == [Measured("Test", "Photos", {"service": "scones"}, "Count", [3.0], NOW)]


def test_each_dimension_set_makes_a_metric_of_its_own() -> None:
    document = make_document(
        directive={"Dimensions": [["service"], ["service", "class"], []]}, **{"class": "bus"}
    )
    assert [each.dimensions for each in read(document)] == [
        {"service": "scones"},
        {"service": "scones", "class": "bus"},
        {},
    ]


def test_without_a_dimension_set_a_metric_has_no_dimension() -> None:
    assert [each.dimensions for each in read(make_document(directive={"Dimensions": []}))] == [{}]


def test_each_directive_is_read_and_a_unit_may_be_left_out() -> None:
    directives: list[dict[str, Any]] = [
        {"Namespace": name, "Dimensions": [[]], "Metrics": [{"Name": "Photos"}]} for name in ("One", "Two")
    ]
    found = read(make_document(aws={"CloudWatchMetrics": directives}))
    assert [(each.namespace, each.unit) for each in found] == [("One", "None"), ("Two", "None")]


def test_a_hundred_values_of_a_metric_are_taken_and_one_more_is_not() -> None:
    assert read(make_document(Photos=list(range(100))))[0].values == [float(number) for number in range(100)]
    assert read(make_document(Photos=list(range(101)))) == []


@pytest.mark.parametrize(("metrics", "told"), [(100, 100), (101, 0)])
def test_a_directive_has_at_most_a_hundred_metrics(metrics: int, told: int) -> None:
    names = [f"M{number}" for number in range(metrics)]
    document = make_document(
        directive={"Metrics": [{"Name": name} for name in names]}, **dict.fromkeys(names, 1)
    )
    assert len(read(document)) == told


def test_a_dimension_set_has_at_most_thirty_dimensions() -> None:
    names = [f"d{number}" for number in range(31)]
    values = dict.fromkeys(names, "x")
    assert len(read(make_document(directive={"Dimensions": [names[:30]]}, **values))) == 1
    assert read(make_document(directive={"Dimensions": [names]}, **values)) == []


@pytest.mark.parametrize("days", [-14.1, 0.1])
def test_a_value_too_old_or_too_far_ahead_is_left_out(days: float) -> None:
    assert read(make_document(aws={"Timestamp": (NOW + days * 86_400) * 1000})) == []


@pytest.mark.parametrize(
    "broken",
    [
        {"_aws": {}},
        {"_aws": "no document"},
        make_document(aws={"Timestamp": "yesterday"}),
        make_document(aws={"CloudWatchMetrics": {}}),
        make_document(directive={"Namespace": ""}),
        make_document(directive={"Dimensions": "service"}),
        make_document(directive={"Dimensions": [["absent"]]}),
        make_document(directive={"Metrics": ["Photos"]}),
        make_document(service=7),
        make_document(service="x" * 1025),
        make_document(directive={"Dimensions": [["d" * 251]]}, **{"d" * 251: "x"}),
        make_document(note="x" * 1024**2),
        make_document(Photos="three"),
        make_document(Photos=[1, None]),
        make_document(Photos=True),
        make_document(Photos=float("nan")),
        ["_aws"],
    ],
)
def test_a_line_that_breaks_a_rule_tells_nothing(broken: Any) -> None:
    assert read(broken) == []


def test_a_line_that_only_names_the_format_tells_nothing() -> None:
    assert read_line('{"_aws": {"Timestamp"', NOW) == []


def test_a_metric_without_a_value_is_left_out_alone() -> None:
    document = make_document(directive={"Metrics": [{"Name": "Absent"}, {"Name": "Photos"}]})
    assert [each.name for each in read(document)] == ["Photos"]


def test_what_a_function_prints_and_what_is_put_into_a_log_are_found_by_get_metric_data(cloud: Cloud) -> None:
    namespace = f"Test/{uuid4().hex[:12]}"
    document = make_document(
        aws={"Timestamp": time.time() * 1000}, directive={"Namespace": namespace}, Photos=[1, 1, 5]
    )
    line = json.dumps(document)
    cloud.invoke(cloud.function(f"def handler(event, context): print('before'), print({line!r})"))
    logs, group = cloud.client("logs"), f"/embedded/{uuid4().hex[:12]}"
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="one")
    for message in (line, "no metric"):
        event = {"timestamp": int(time.time() * 1000), "message": message}
        logs.put_log_events(logGroupName=group, logStreamName="one", logEvents=[event])

    now = datetime.now(UTC)
    statistic = {
        "Metric": {
            "Namespace": namespace,
            "MetricName": "Photos",
            "Dimensions": [{"Name": "service", "Value": "scones"}],
        },
        "Period": 7200,
    }
    results = cloud.client("cloudwatch").get_metric_data(
        MetricDataQueries=[
            {"Id": name.lower(), "MetricStat": {**statistic, "Stat": name}} for name in ("Sum", "SampleCount")
        ],
        StartTime=now - timedelta(hours=2),
        EndTime=now + timedelta(hours=2),
    )["MetricDataResults"]
    assert {each["Id"]: sum(each["Values"]) for each in results} == {"sum": 14, "samplecount": 6}
    shown = [event["message"] for event in logs.filter_log_events(logGroupName=group)["events"]]
    assert shown == [line, "no metric"]
