"""The dashboard: its first row says whether all is well, and it names metrics that something tells."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from lambdas.workflow import measures
from tests.stacks.one_stack.test_alarms import find_alarms
from tests.stacks.synthesis import Assembly

# What CloudWatch's dashboard body may have, and of these the members that ours does have:
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
BODY = {"widgets", "start", "periodOverride"}
WIDGET = {"type", "x", "y", "width", "height", "properties"}
METRIC = {"view", "title", "region", "metrics", "yAxis", "start", "setPeriodToTimeRange"}
RENDERING = {"id", "label", "period", "stat", "visible", "yAxis"}
EXPRESSION = {"expression", "label", "period", "yAxis"}
VIEWS = {"timeSeries", "singleValue"}
STATISTICS = {"Average", "Maximum", "SampleCount", "Sum", "p90"}


class Shown(NamedTuple):
    """A metric that the dashboard names."""

    namespace: str
    name: str
    dimensions: dict[str, str]


def read_body(assembly: Assembly) -> dict[str, Any]:
    """The dashboard's body, with X for what CloudFormation fills in."""
    parts = assembly.only("monitoring", "AWS::CloudWatch::Dashboard")["DashboardBody"]["Fn::Join"][1]
    body: dict[str, Any] = json.loads("".join(part if isinstance(part, str) else "X" for part in parts))
    return body


def read_metrics(body: dict[str, Any]) -> Iterator[Shown]:
    for widget in body["widgets"]:
        for metric in widget["properties"].get("metrics", []):
            if isinstance(metric[0], dict):  # an expression
                continue
            namespace, name, *rest = metric
            names = [value for value in rest if isinstance(value, str)]
            yield Shown(namespace, name, dict(zip(names[::2], names[1::2], strict=True)))


@pytest.fixture(scope="module")
def body(with_auto: Assembly) -> dict[str, Any]:
    return read_body(with_auto)


def test_the_first_row_says_without_scrolling_whether_all_is_well(
    with_auto: Assembly, body: dict[str, Any]
) -> None:
    first = [widget for widget in body["widgets"] if widget["y"] == 0]
    assert [widget["type"] for widget in first] == ["alarm", "metric", "metric"]
    state, *values = [widget["properties"] for widget in first]
    assert len(state["alarms"]) == len(find_alarms(with_auto))
    assert {value["view"] for value in values} == {"singleValue"}
    assert [metric[-1]["label"] for value in values for metric in value["metrics"]] == [
        *("answered", "refused", "failed"),
        *("reviews", "uploads", "dead letters"),
    ]
    assert max(widget["y"] + widget["height"] for widget in body["widgets"]) <= 14


def test_there_are_graphs_of_all_that_may_go_wrong(body: dict[str, Any]) -> None:
    titles = " / ".join(widget["properties"]["title"].lower() for widget in body["widgets"])
    for what in ("drift", "uploads waiting", "turned away", "dead letters", "review", "errors", "failed"):
        assert what in titles


def test_the_body_has_cloudwatchs_form(body: dict[str, Any]) -> None:
    assert body.keys() <= BODY
    assert len(body["widgets"]) <= 500
    taken: set[tuple[int, int]] = set()
    for widget in body["widgets"]:
        assert widget.keys() == WIDGET
        across = range(widget["x"], widget["x"] + widget["width"])
        cells = {(x, y) for x in across for y in range(widget["y"], widget["y"] + widget["height"])}
        assert not taken & cells
        taken |= cells
        assert across.stop <= 24
        properties = widget["properties"]
        if widget["type"] == "alarm":
            assert properties.keys() == {"title", "alarms"}
            continue
        assert widget["type"] == "metric"
        assert {"view", "title", "region", "metrics"} <= properties.keys() <= METRIC
        assert properties["view"] in VIEWS
        for metric in properties["metrics"]:
            rendering = metric[-1] if isinstance(metric[-1], dict) else {}
            assert rendering.keys() <= (RENDERING if len(metric) > 1 else EXPRESSION)
            assert rendering.get("stat", "Average") in STATISTICS
            assert rendering.get("period", 300) % 60 == 0


def test_each_metric_of_the_dashboard_is_one_that_an_alarm_watches_or_a_function_tells(
    with_auto: Assembly, body: dict[str, Any]
) -> None:
    watched = set()
    for alarm in find_alarms(with_auto).values():
        queries = [
            query["MetricStat"]["Metric"] for query in alarm.get("Metrics", []) if "MetricStat" in query
        ]
        for metric in queries or [alarm]:
            watched.add((metric["Namespace"], metric["MetricName"]))
    shown = list(read_metrics(body))
    told = {(measures.NAMESPACE, name) for name in measures.UNITS}
    assert {(metric.namespace, metric.name) for metric in shown} <= watched | told
    # An alarm shows the one that is left.
    assert told - {(metric.namespace, metric.name) for metric in shown} == {
        (measures.NAMESPACE, measures.DRIFT_ABOVE_NOISE)
    }


def test_the_dimensions_are_those_of_what_is_deployed(with_auto: Assembly, body: dict[str, Any]) -> None:
    functions = {
        function["Properties"]["FunctionName"]
        for stack in ("workflow", "uploads", "batch")
        for function in with_auto.resources(stack, "AWS::Lambda::Function").values()
        if "FunctionName" in function["Properties"]
    }
    queues = {
        queue["Properties"]["QueueName"]
        for queue in with_auto.resources("uploads", "AWS::SQS::Queue").values()
    }
    endpoint = with_auto.only("endpoint", "AWS::SageMaker::Endpoint")["EndpointName"]
    allowed = {
        "FunctionName": functions,
        "QueueName": queues,
        "EndpointName": {endpoint},
        "service": {"scones"},
        "class": {"bicycle", "motorcycle"},
        "step": {*measures.STEPS},
        "measure": {*measures.DRIFTING},
    }
    for metric in read_metrics(body):
        for name, value in metric.dimensions.items():
            assert name == "VariantName" or value in allowed[name], metric
