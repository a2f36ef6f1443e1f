"""The dashboard with its data: what is asked of CloudWatch, and what becomes of a widget without any."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from console.monitoring.dashboard import make_queries, read_dashboard
from console.monitoring.widgets import Asked, expand_metrics
from evaluation.deployment import Deployment, NotDeployed
from tests.console.monitoring.watched import put_alarm, watching

NOW = datetime(2026, 2, 10, 12, 34, 56, tzinfo=UTC)
GRAPH = {
    "type": "metric",
    "x": 0,
    "y": 3,
    "width": 8,
    "height": 5,
    "properties": {
        "view": "timeSeries",
        "title": "Photos refused",
        "region": "us-east-1",
        "metrics": [["SconesUnlimited", "PhotosRefused", "service", "scones", {"stat": "Maximum"}]],
        "yAxis": {},
    },
}


def alarm_widget(*names: str) -> dict[str, Any]:
    """Returns a widget that tells the states of alarms."""
    arns = [f"arn:aws:cloudwatch:us-east-1:123456789012:alarm:{name}" for name in names]
    return {"type": "alarm", "x": 0, "y": 0, "properties": {"title": "Is it well?", "alarms": arns}}


@pytest.fixture
def cloudwatch(deployment: Deployment) -> Iterator[Any]:
    """The CloudWatch of the deployment, which has a graph of one refused photo and an alarm."""
    client = boto3.client("cloudwatch")
    with watching(deployment):
        put_alarm("scones-drift")
        body = {"widgets": [GRAPH, alarm_widget("scones-drift", "scones-gone")]}
        client.put_dashboard(DashboardName="scones", DashboardBody=json.dumps(body))
        client.put_metric_data(
            Namespace="SconesUnlimited",
            MetricData=[
                {
                    "MetricName": "PhotosRefused",
                    "Dimensions": [{"Name": "service", "Value": "scones"}],
                    "Timestamp": NOW.replace(minute=11),
                    "Value": 3.0,
                }
            ],
        )
        yield client
        client.delete_dashboards(DashboardNames=["scones"])


def test_a_deployment_without_a_dashboard_says_what_adds_it(deployment: Deployment) -> None:
    with pytest.raises(NotDeployed, match="no dashboard: make deploy adds it"):
        read_dashboard(deployment, "3h")


def test_every_widget_has_what_it_asks_for(deployment: Deployment, cloudwatch: Any) -> None:
    told = read_dashboard(deployment, "3h", NOW.timestamp())
    state, graph = told["widgets"]
    assert (state["kind"], [alarm["what"] for alarm in state["alarms"]]) == ("alarms", ["drift"])
    assert state["not_drawn"] == ["the alarm scones-gone, which is not there"]
    (series,) = graph["series"]
    assert (series["name"], series["period"], series["values"]) == ("PhotosRefused", 300, [3.0])
    assert series["times"] == [NOW.replace(minute=10, second=0).timestamp()]
    assert (graph["title"], graph["place"]) == ("Photos refused", {"x": 0, "y": 3, "width": 8, "height": 5})
    assert (graph["from"], graph["until"], graph["own"]) == (
        NOW.timestamp() - 3 * 3600,
        NOW.timestamp(),
        False,
    )
    # It is for JSON.
    json.dumps(told)


def test_a_widget_that_cloudwatch_refuses_says_why_and_leaves_the_others(
    deployment: Deployment, cloudwatch: Any
) -> None:
    client = deployment.client("cloudwatch")
    with Stubber(client) as stubber:
        body = json.dumps(
            {"widgets": [GRAPH, {"type": "text", "y": 9, "properties": {"markdown": "# Hello"}}]}
        )
        stubber.add_response("get_dashboard", {"DashboardBody": body})
        stubber.add_client_error("get_metric_data", "AccessDenied", "not authorized to perform it")
        refused, text = read_dashboard(deployment, "3h", NOW.timestamp())["widgets"]
    assert (refused["title"], refused["fault"]) == ("Photos refused", "not authorized to perform it")
    assert (text["kind"], text["form"], text["fault"]) == ("text", {"markdown": "# Hello"}, None)


def test_a_longer_range_asks_for_longer_periods(deployment: Deployment, cloudwatch: Any) -> None:
    _, graph = read_dashboard(deployment, "week", NOW.timestamp())["widgets"]
    (series,) = graph["series"]
    assert (series["period"], series["values"]) == (3600, [3.0])
    assert series["times"] == [NOW.replace(minute=0, second=0).timestamp()]


def test_the_dashboard_s_own_range_and_periods_hold(deployment: Deployment, cloudwatch: Any) -> None:
    body: dict[str, Any] = {"start": "-P1D", "widgets": [GRAPH]}
    cloudwatch.put_dashboard(DashboardName="scones", DashboardBody=json.dumps(body))
    told = read_dashboard(deployment, None, NOW.timestamp())
    assert (told["range"], told["widgets"][0]["series"][0]["period"]) == ("day", 300)
    body["periodOverride"] = "inherit"
    cloudwatch.put_dashboard(DashboardName="scones", DashboardBody=json.dumps(body))
    told = read_dashboard(deployment, "week", NOW.timestamp())
    assert (told["range"], told["widgets"][0]["series"][0]["period"]) == ("week", 300)


def test_a_range_of_a_widget_s_own_stays(deployment: Deployment, cloudwatch: Any) -> None:
    own = {**GRAPH, "properties": {**GRAPH["properties"], "start": "-P2D", "period": 86_400}}
    cloudwatch.put_dashboard(DashboardName="scones", DashboardBody=json.dumps({"widgets": [own]}))
    (graph,) = read_dashboard(deployment, "3h", NOW.timestamp())["widgets"]
    assert (graph["own"], graph["until"] - graph["from"], graph["not_drawn"]) == (True, 2 * 86_400, [])
    assert graph["series"][0]["times"] == [NOW.replace(hour=0, minute=0, second=0).timestamp()]


def test_expressions_are_asked_for_with_the_metrics_that_they_need() -> None:
    rows: list[Any] = [
        [{"expression": "FILL(m1, 0)", "label": "Refused", "id": "e1"}],
        ["SconesUnlimited", "PhotosRefused", "service", "scones", {"id": "m1", "visible": False}],
        ["SconesUnlimited", "PhotosFailed", {"stat": "p90"}],
    ]
    asked: list[Asked] = expand_metrics(rows, {"stat": "Sum"})
    expression, hidden, other = make_queries(asked, [300, 300, 60])
    assert expression == {
        "Id": "e1",
        "ReturnData": True,
        "Label": "Refused",
        "Expression": "FILL(m1, 0)",
        "Period": 300,
    }
    assert (hidden["Id"], hidden["ReturnData"], hidden["MetricStat"]["Stat"]) == ("m1", False, "Sum")
    assert hidden["MetricStat"]["Metric"]["Dimensions"] == [{"Name": "service", "Value": "scones"}]
    assert (other["Id"], other["MetricStat"]["Stat"], other["MetricStat"]["Period"]) == ("series2", "p90", 60)
