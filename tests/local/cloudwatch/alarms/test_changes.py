"""Whoever is to know of an alarm's change is told of it once, in AWS's words; states can be set."""

import json
from typing import Any

import pytest
from ministack.services import cloudwatch, lambda_svc

from local.cloudwatch.alarms import actions, ticker
from tests.local.cloudwatch.alarms.conftest import TOPIC, Watch

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:told"
CREATED = {"value": "INSUFFICIENT_DATA", "reason": "Unchecked: Initial alarm creation"}


def history(watch: Watch, item: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = watch.ask(
        "_describe_alarm_history", {"AlarmName": "late", "HistoryItemType": item}
    )["AlarmHistoryItems"]
    return found


def set_state(watch: Watch, state: str, **settings: Any) -> dict[str, Any]:
    request = {"AlarmName": "late", "StateValue": state, "StateReason": "by hand", **settings}
    return watch.ask("_set_alarm_state", request)


def test_each_change_sets_its_own_actions_off_once(watch: Watch) -> None:
    watch.put(TreatMissingData="notBreaching", InsufficientDataActions=[])
    watch.send(1)
    watch.send(1)
    watch.wait(300)
    assert watch.actions == [
        (TOPIC, "INSUFFICIENT_DATA", "OK"),
        (TOPIC, "OK", "ALARM"),
        (TOPIC, "ALARM", "OK"),
    ]


def test_actions_that_are_off_are_not_taken_but_the_bus_is_told(watch: Watch) -> None:
    watch.put(ActionsEnabled=False)
    watch.send(1)
    assert (watch.actions, len(watch.events)) == ([], 1)


def test_an_action_that_fails_is_told_in_the_history_and_keeps_none_from_being_taken(watch: Watch) -> None:
    watch.put(AlarmActions=[FUNCTION, TOPIC])
    watch.send(1)
    assert watch.actions == [(TOPIC, "INSUFFICIENT_DATA", "ALARM")]
    summaries = [item["HistorySummary"] for item in history(watch, "Action")]
    assert summaries == [
        f"Successfully executed action {TOPIC}",
        f"Failed to execute action {FUNCTION}. Received error: Function not found: {FUNCTION}",
    ]


def test_the_history_tells_of_each_change_and_of_the_creation(watch: Watch) -> None:
    watch.put()
    watch.send(1)
    (created,) = history(watch, "ConfigurationUpdate")
    assert created["HistorySummary"] == 'Alarm "late" created'
    (update,) = history(watch, "StateUpdate")
    assert update["HistorySummary"] == "Alarm updated from INSUFFICIENT_DATA to ALARM"
    data = json.loads(update["HistoryData"])
    alarm = watch.describe()
    assert data == {
        "version": "1.0",
        "oldState": {"stateValue": CREATED["value"], "stateReason": CREATED["reason"]},
        "newState": {
            "stateValue": "ALARM",
            "stateReason": alarm["StateReason"],
            "stateReasonData": json.loads(alarm["StateReasonData"]),
        },
    }


def test_the_bus_is_told_as_documented(watch: Watch) -> None:
    watch.put(AlarmDescription="Too many", Unit="Count")
    watch.wait(2)
    watch.send(1, unit="Count")
    (event,) = watch.events
    alarm = watch.describe()
    assert (event["Source"], event["DetailType"]) == ("aws.cloudwatch", "CloudWatch Alarm State Change")
    assert event["Resources"] == [alarm["AlarmArn"]]
    detail = json.loads(event["Detail"])
    (metric,) = detail["configuration"].pop("metrics")
    assert metric.pop("id")
    assert metric == {
        "metricStat": {
            "metric": {
                "namespace": "AWS/SageMaker",
                "name": "Invocation5XXErrors",
                "dimensions": {"EndpointName": "scones", "VariantName": "all"},
            },
            "period": 60,
            "stat": "Sum",
            "unit": "Count",
        },
        "returnData": True,
    }
    assert detail == {
        "alarmName": "late",
        "configuration": {"description": "Too many"},
        "previousState": {**CREATED, "timestamp": "2027-01-16T00:00:00.000+0000"},
        "state": {
            "value": "ALARM",
            "reason": alarm["StateReason"],
            "reasonData": alarm["StateReasonData"],
            "timestamp": "2027-01-16T00:00:02.000+0000",
        },
    }


def test_a_function_is_called_where_its_policy_lets_alarms_call_it(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[dict[str, Any]] = []
    arn = "arn:aws:cloudwatch:us-east-1:000000000000:alarm:late"
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": actions.PRINCIPAL},
        "Action": "lambda:InvokeFunction",
        "Resource": FUNCTION,
        "Condition": {"ArnLike": {"AWS:SourceArn": arn}},
    }
    policy: dict[str, Any] = {"Version": "2012-10-17", "Statement": []}
    config = {"FunctionName": "told"}
    found = ({"policy": policy, "config": config}, config, "told")
    monkeypatch.setattr(lambda_svc, "_get_func_record_for_ref", lambda _arn: found)
    monkeypatch.setattr(lambda_svc, "invoke_async_with_retry", lambda _record, event: calls.append(event))
    watch.put(AlarmActions=[FUNCTION])
    watch.send(1)
    assert not calls
    set_state(watch, "OK")
    policy["Statement"].append(allowed)
    set_state(watch, "ALARM")
    (event,) = calls
    assert event["alarmArn"] == arn
    assert event["alarmData"]["state"]["value"] == "ALARM"
    assert event["alarmData"]["previousState"]["value"] == "OK"


def test_a_message_to_a_topic_has_what_awss_has(watch: Watch) -> None:
    watch.put(TreatMissingData="breaching", DatapointsToAlarm=1)
    message = actions.describe_message(cloudwatch._alarms["late"], "OK")
    assert message["Region"] == "US East (N. Virginia)"
    assert (message["OldStateValue"], message["NewStateValue"]) == ("OK", "ALARM")
    assert message["Trigger"] == {
        "MetricName": "Invocation5XXErrors",
        "Namespace": "AWS/SageMaker",
        "StatisticType": "Statistic",
        "Statistic": "SUM",
        "Unit": None,
        "Dimensions": [
            {"value": "scones", "name": "EndpointName"},
            {"value": "all", "name": "VariantName"},
        ],
        "Period": 60,
        "EvaluationPeriods": 1,
        "DatapointsToAlarm": 1,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 0.0,
        "TreatMissingData": "breaching",
        "EvaluateLowSampleCountPercentile": "",
    }


def test_a_state_that_is_set_lasts_until_the_next_look(watch: Watch) -> None:
    watch.put(TreatMissingData="notBreaching")
    watch.wait(20)
    set_state(watch, "ALARM", StateReasonData='{"by":"hand"}')
    assert watch.actions[-1] == (TOPIC, "OK", "ALARM")
    assert watch.describe()["StateReasonData"] == '{"by":"hand"}'
    watch.wait(39)
    assert watch.state == "ALARM"
    watch.wait(1)
    assert watch.state == "OK"


def test_a_state_that_is_set_can_be_seen_though_data_come_and_a_look_is_due(watch: Watch) -> None:
    watch.put()
    watch.wait(59)
    set_state(watch, "ALARM")
    watch.send(0)
    watch.wait(int(ticker.SET_SECONDS) - 1)
    assert watch.state == "ALARM"
    watch.wait(1)
    assert watch.state == "OK"


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"AlarmName": "absent"}, "ResourceNotFound"),
        ({"StateValue": "FINE"}, "ValidationError"),
        ({"StateReasonData": "{"}, "InvalidFormat"),
    ],
)
def test_a_state_that_cannot_be_set_is_refused(watch: Watch, settings: dict[str, str], code: str) -> None:
    watch.put()
    assert set_state(watch, **{"state": "OK", **settings})["__type"] == code


def test_an_alarm_that_was_deleted_meanwhile_tells_nobody(watch: Watch) -> None:
    watch.put()
    alarm = cloudwatch._alarms["late"]
    watch.ask("_delete_alarms", {"AlarmNames": ["late"]})
    watch.send(1)
    ticker.evaluate(alarm, watch.now)
    assert (watch.actions, watch.events) == ([], [])
