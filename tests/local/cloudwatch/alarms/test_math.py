"""An alarm may watch an expression, and GetMetricData gives what it watches."""

from typing import Any

import pytest
from ministack.services import cloudwatch
from ministack.services.cloudformation import provisioners

from local.cloudwatch.metric_math import answers
from tests.local.cloudwatch.alarms.conftest import MIDNIGHT, SETTINGS, Watch

ONE_METRIC = ("MetricName", "Namespace", "Dimensions", "Period", "Statistic")
NONE_OF_ONE: dict[str, Any] = dict.fromkeys(ONE_METRIC)


def stat(name: str, **settings: Any) -> dict[str, Any]:
    metric = {"Namespace": SETTINGS["Namespace"], "MetricName": name, "Dimensions": SETTINGS["Dimensions"]}
    return {"MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum", **settings}}


SHARE = [
    {"Id": "share", "Expression": "FILL(errors, 0) / calls", "Label": "Share of errors", "ReturnData": True},
    {"Id": "errors", **stat("Errors"), "ReturnData": False},
    {"Id": "calls", **stat("Calls"), "ReturnData": False},
]


def send(watch: Watch, calls: int, errors: int = 0) -> None:
    watch.send(calls, MetricName="Calls")
    if errors:
        watch.send(errors, MetricName="Errors")


def test_an_alarm_follows_an_expression(watch: Watch) -> None:
    watch.put(**NONE_OF_ONE, Metrics=SHARE, Threshold=0.5, TreatMissingData="notBreaching")
    assert watch.describe()["Metrics"] == SHARE
    for errors, state in [(0, "OK"), (5, "OK"), (6, "ALARM")]:
        send(watch, 10, errors)
        watch.wait(60)
        assert watch.state == state
    reason = watch.describe()["StateReason"]
    assert (
        reason
        == "Threshold Crossed: 1 datapoint [0.6 (16/01/27 00:02:00)] was greater than the threshold (0.5)."
    )
    watch.wait(300)
    assert watch.state == "OK"


def test_an_alarm_of_one_query_is_as_fast_as_one_of_a_metric(watch: Watch) -> None:
    watch.put(**NONE_OF_ONE, Metrics=[{"Id": "errors", **stat("Errors")}])
    watch.send(1, MetricName="Errors")
    assert watch.state == "ALARM"
    assert watch.describe()["Metrics"][0]["ReturnData"] is True


@pytest.mark.parametrize(
    ("queries", "settings", "word"),
    [
        (SHARE, {"MetricName": "Errors"}, "MetricName cannot be given beside Metrics"),
        ([{**query, "ReturnData": False} for query in SHARE], {}, "ReturnData"),
        ([{**query, "ReturnData": True} for query in SHARE], {}, "ReturnData"),
        ([{**SHARE[0], "Expression": "errors / nothing"}, *SHARE[1:]], {}, "nothing is no Id"),
        ([{**SHARE[0], "Expression": "share + 1"}, *SHARE[1:]], {}, "its own result"),
        ([{**SHARE[0], "Expression": "SUM(calls)"}, *SHARE[1:]], {}, "no single time series"),
        ([{**SHARE[0], "Id": "Share"}, *SHARE[1:]], {}, "'Share'"),
        ([*SHARE, SHARE[1]], {}, "twice"),
        ([SHARE[0], SHARE[1], {"Id": "calls", "ReturnData": False}], {}, "one of MetricStat and Expression"),
        ([*SHARE[:2], {"Id": "calls", **stat("Calls", Period=300), "ReturnData": False}], {}, "the same"),
        ([*SHARE[:2], {"Id": "calls", **stat("Calls", Stat="tm9"), "ReturnData": False}], {}, "'tm9'"),
    ],
)
def test_queries_that_have_no_result_are_refused(
    watch: Watch, queries: list[Any], settings: dict[str, Any], word: str
) -> None:
    error = watch.put(**{**NONE_OF_ONE, **settings}, Metrics=queries)
    assert (error["__type"], "\n" in error["message"]) == ("ValidationError", False)
    assert word in error["message"]
    assert not cloudwatch._alarms


def test_a_template_may_have_queries(watch: Watch) -> None:
    handlers = provisioners._RESOURCE_HANDLERS["AWS::CloudWatch::Alarm"]
    as_texts = [
        {**SHARE[0], "ReturnData": "true"},
        *(
            {**query, "ReturnData": "false", **stat(name, Period="60")}
            for query, name in zip(SHARE[1:], ("Errors", "Calls"), strict=True)
        ),
    ]
    kept = {name: value for name, value in SETTINGS.items() if name not in ONE_METRIC}
    name, _ = handlers["create"]("Share", {**kept, "Metrics": as_texts}, "stack")
    assert watch.describe(name)["Metrics"] == SHARE


@pytest.mark.parametrize(
    ("scan", "order"), [(None, -1), ("TimestampDescending", -1), ("TimestampAscending", 1)]
)
def test_get_metric_data_gives_metrics_and_expressions(watch: Watch, scan: str | None, order: int) -> None:
    for calls, errors in ((10, 5), (8, 0)):
        send(watch, calls, errors)
        watch.now += 60
    request = {
        "StartTime": MIDNIGHT + 0.5,
        "EndTime": watch.now,
        "MetricDataQueries": [{**query, "ReturnData": query["Id"] != "errors"} for query in SHARE],
        **({"ScanBy": scan} if scan else {}),
    }
    share, calls_made = answers.find_results(request)
    moments = ["2027-01-16T00:00:00Z", "2027-01-16T00:01:00Z"][::order]
    assert share == {
        "Id": "share",
        "Label": "Share of errors",
        "Timestamps": moments,
        "Values": [0.5, 0.0][::order],
        "StatusCode": "Complete",
    }
    assert (calls_made["Label"], calls_made["Values"]) == ("Calls", [10.0, 8.0][::order])


def test_queries_that_nothing_joins_may_have_other_periods(watch: Watch) -> None:
    send(watch, 10, 5)
    queries = [{"Id": "a", **stat("Calls")}, {"Id": "b", **stat("Errors", Period=300)}]
    request = {"StartTime": MIDNIGHT, "EndTime": watch.now + 60, "MetricDataQueries": queries}
    assert [result["Values"] for result in answers.find_results(request)] == [[10.0], [5.0]]


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"StartTime": None}, "StartTime"),
        ({"StartTime": MIDNIGHT + 60}, "earlier"),
        ({"StartTime": 0}, "periods"),
        ({"MetricDataQueries": [{"Id": "a", "Expression": "1"}]}, "periods"),
    ],
)
def test_a_request_that_cannot_be_answered_is_refused(settings: dict[str, Any], word: str) -> None:
    request = {"StartTime": MIDNIGHT, "EndTime": MIDNIGHT + 60, "MetricDataQueries": SHARE, **settings}
    status, _, body = answers.get_data(None, {}, request, False, True)
    assert (status, word in body.decode()) == (400, True)
