"""All that is said of an alarm is kept, by the API or by a template; what AWS would refuse is refused."""

import json
from typing import Any

import botocore.session
import pytest
from ministack.core import persistence
from ministack.services import cloudwatch
from ministack.services.cloudformation import provisioners

from local.cloudwatch.shapes import convert
from tests.local.cloudwatch.alarms.conftest import SETTINGS, TOPIC, Watch

MODEL = botocore.session.get_session().get_service_model("cloudwatch")
FULL: dict[str, Any] = {
    **SETTINGS,
    "AlarmDescription": "Too many",
    "Statistic": None,
    "ExtendedStatistic": "p99.9",
    "EvaluationPeriods": 3,
    "DatapointsToAlarm": 2,
    "TreatMissingData": "notBreaching",
    "EvaluateLowSampleCountPercentile": "evaluate",
    "Unit": "Count",
    "ActionsEnabled": False,
}
SAID = {name: value for name, value in FULL.items() if value is not None}
STATE = {
    "AlarmArn",
    "AlarmConfigurationUpdatedTimestamp",
    "StateValue",
    "StateReason",
    "StateUpdatedTimestamp",
    "StateTransitionedTimestamp",
}


@pytest.mark.parametrize("settings", [SAID, {**SETTINGS, "Dimensions": []}])
def test_an_alarm_is_described_by_what_was_said_and_by_its_state(
    watch: Watch, settings: dict[str, Any]
) -> None:
    watch.put(**settings, **({"Statistic": None} if "ExtendedStatistic" in settings else {}))
    alarm = watch.describe()
    assert {name: alarm[name] for name in settings} == settings
    assert alarm.keys() - settings.keys() - {"ActionsEnabled", "StateReasonData"} == STATE
    shape = MODEL.shape_for("MetricAlarm")
    assert alarm.keys() <= shape.members.keys()
    times = {name: alarm.pop(name) for name in list(alarm) if name.endswith("Timestamp")}
    assert convert(shape, alarm) == alarm
    assert all(isinstance(moment, int | float) for moment in times.values())


def test_an_update_replaces_all_but_the_state(watch: Watch) -> None:
    watch.put(AlarmDescription="Too many")
    watch.send(1)
    before = watch.describe()
    watch.wait(1)
    watch.put(Threshold=0.5)
    after = watch.describe()
    assert "AlarmDescription" not in after
    assert after["Threshold"] == 0.5
    assert {name: after[name] for name in before if name.startswith("State")} == {
        name: before[name] for name in before if name.startswith("State")
    }


def test_the_query_protocol_says_the_same(watch: Watch) -> None:
    asked = {f"{name}.member.1": [TOPIC] for name in ("OKActions", "AlarmActions", "InsufficientDataActions")}
    for index, pair in enumerate(SETTINGS["Dimensions"], 1):
        asked |= {f"Dimensions.member.{index}.{name}": [value] for name, value in pair.items()}
    asked |= {name: [str(value)] for name, value in SETTINGS.items() if not isinstance(value, list)}
    assert cloudwatch._put_metric_alarm(asked, {}, False)[0] == 200
    alarm = watch.describe()
    assert {name: alarm[name] for name in SETTINGS} == SETTINGS


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"AlarmName": ""}, "AlarmName"),
        ({"EvaluationPeriods": 0}, "EvaluationPeriods"),
        ({"DatapointsToAlarm": 2}, "DatapointsToAlarm is 2"),
        ({"ComparisonOperator": "GreaterThanUpperThreshold"}, "anomalies"),
        ({"Threshold": None}, "Threshold"),
        ({"TreatMissingData": "fine"}, "TreatMissingData is 'fine'"),
        ({"MetricName": None}, "MetricName"),
        ({"ExtendedStatistic": "p99"}, "not both"),
        ({"Statistic": None}, "One of Statistic"),
        ({"Statistic": None, "ExtendedStatistic": "tm90"}, "tm90"),
        ({"Period": 7}, "Period is 7"),
        ({"Period": "often"}, "often"),
        ({"WarmUpConfiguration": {"WarmUpPeriodDurationInMinutes": 5}}, "WarmUpConfiguration"),
    ],
)
def test_what_aws_refuses_is_refused_in_one_line(watch: Watch, settings: dict[str, Any], word: str) -> None:
    error = watch.put(**settings)
    assert error["__type"] == "ValidationError"
    assert word in error["message"]
    assert "\n" not in error["message"]
    assert not cloudwatch._alarms


def test_state_and_history_survive_a_restart_and_nobody_is_told_again(watch: Watch) -> None:
    watch.put()
    watch.send(1)
    told = list(watch.actions)
    saved = json.dumps(cloudwatch.get_state(), default=persistence._json_default)
    before = watch.describe(), cloudwatch._history_entries()
    cloudwatch.reset()
    restored = json.loads(saved, object_hook=persistence._json_object_hook)
    cloudwatch.load_persisted_state(restored)
    watch.wait(3)
    assert (watch.describe(), cloudwatch._history_entries()) == before
    assert watch.actions == told
    watch.wait(240)
    assert watch.state == "INSUFFICIENT_DATA"


def test_a_template_says_it_too_and_updates_in_place(watch: Watch) -> None:
    handlers = provisioners._RESOURCE_HANDLERS["AWS::CloudWatch::Alarm"]
    as_texts = {"Threshold": "0", "Period": "60", "EvaluationPeriods": "3", "ActionsEnabled": "false"}
    template = {**SAID, **as_texts, "Tags": [{"Key": "app", "Value": "scones"}]}
    name, attributes = handlers["create"]("Late", template, "stack")
    alarm = watch.describe(name)
    assert {key: alarm[key] for key in SAID} == SAID
    assert attributes == {"Arn": alarm["AlarmArn"]}
    tags = watch.ask("_list_tags_for_resource", {"ResourceARN": alarm["AlarmArn"]})["Tags"]
    assert tags == template["Tags"]
    other = [{"Name": "EndpointName", "Value": "another"}]
    updated, _ = handlers["update"](name, template, {**template, "Dimensions": other}, "stack", "Late")
    assert updated == name
    assert watch.describe(name)["Dimensions"] == other
    handlers["delete"](name, template)
    assert not cloudwatch._alarms


def test_a_template_that_aws_refuses_fails_with_the_reason(watch: Watch) -> None:
    handlers = provisioners._RESOURCE_HANDLERS["AWS::CloudWatch::Alarm"]
    with pytest.raises(ValueError, match="Period is 7"):
        handlers["create"]("Late", {**SETTINGS, "Period": 7}, "stack")
