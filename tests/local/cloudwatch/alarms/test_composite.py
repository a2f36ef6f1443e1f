"""A composite alarm follows its children's states, and a template may have it."""

import json
from typing import Any

import botocore.session
import pytest
from ministack.services import cloudwatch
from ministack.services.cloudformation import provisioners

from tests.local.cloudwatch.alarms.conftest import TOPIC, Watch

MODEL = botocore.session.get_session().get_service_model("cloudwatch")
TYPE = "AWS::CloudWatch::CompositeAlarm"


def put(watch: Watch, rule: str, **settings: Any) -> dict[str, Any]:
    request = {"AlarmName": "both", "AlarmRule": rule, "AlarmActions": [TOPIC], **settings}
    return watch.ask("_put_composite_alarm", request)


def describe(watch: Watch, name: str = "both") -> dict[str, Any]:
    found = watch.ask("_describe_alarms", {"AlarmNames": [name], "AlarmTypes": ["CompositeAlarm"]})
    alarm: dict[str, Any] = found["CompositeAlarms"][0]
    return alarm


def put_children(watch: Watch) -> None:
    for name in ("late", "wrong"):
        watch.put(
            AlarmName=name, MetricName=name, TreatMissingData="notBreaching", AlarmActions=[], OKActions=[]
        )


@pytest.mark.parametrize(
    ("rule", "states"),
    [
        ("ALARM(late) AND ALARM(wrong)", ["OK", "OK", "ALARM"]),
        ("ALARM(late) OR ALARM(wrong)", ["OK", "ALARM", "ALARM"]),
        ("ALARM(late) AND NOT ALARM(wrong)", ["OK", "ALARM", "OK"]),
        ('OK("late") OR INSUFFICIENT_DATA(wrong)', ["ALARM", "OK", "OK"]),
    ],
)
def test_a_composite_alarm_follows_its_rule_as_its_children_change(
    watch: Watch, rule: str, states: list[str]
) -> None:
    put_children(watch)
    put(watch, rule)
    seen = [describe(watch)["StateValue"]]
    for name in ("late", "wrong"):
        watch.send(1, MetricName=name)
        seen.append(describe(watch)["StateValue"])
    assert seen == states


def test_a_composite_alarm_acts_once_and_tells_the_bus_what_changed_it(watch: Watch) -> None:
    put_children(watch)
    put(watch, "ALARM(late) OR ALARM(wrong)")
    watch.events.clear()
    watch.send(1, MetricName="late")
    watch.send(1, MetricName="wrong")
    assert watch.actions == [(TOPIC, "OK", "ALARM")]
    details = [json.loads(event["Detail"]) for event in watch.events]
    (told,) = [detail for detail in details if detail["alarmName"] == "both"]
    assert told["configuration"] == {"alarmRule": "ALARM(late) OR ALARM(wrong)"}
    assert (told["previousState"]["value"], told["state"]["value"]) == ("OK", "ALARM")
    (child,) = json.loads(told["state"]["reasonData"])["triggeringAlarms"]
    assert child["arn"].endswith(":alarm:late")


def test_a_composite_alarm_whose_state_is_set_keeps_it_until_a_child_changes(watch: Watch) -> None:
    put_children(watch)
    put(watch, "ALARM(late) AND ALARM(wrong)")
    watch.ask("_set_alarm_state", {"AlarmName": "both", "StateValue": "ALARM", "StateReason": "by hand"})
    watch.wait(120)
    assert describe(watch)["StateValue"] == "ALARM"
    watch.send(1, MetricName="late")
    assert describe(watch)["StateValue"] == "OK"


def test_a_composite_alarm_may_be_of_composite_alarms(watch: Watch) -> None:
    put_children(watch)
    put(watch, "ALARM(late)")
    put(watch, "ALARM(both) AND NOT ALARM(wrong)", AlarmName="above")
    watch.send(1, MetricName="late")
    assert describe(watch, "above")["StateValue"] == "ALARM"
    watch.send(1, MetricName="wrong")
    assert describe(watch, "above")["StateValue"] == "OK"


def test_it_is_described_in_members_of_awss_model(watch: Watch) -> None:
    put_children(watch)
    put(watch, "ALARM(late)")
    alarm = describe(watch)
    assert alarm.keys() <= MODEL.shape_for("CompositeAlarm").members.keys()
    assert "AlarmDescription" not in alarm


@pytest.mark.parametrize(
    ("rule", "settings", "word"),
    [
        ("ALARM(late", {}, "Error in AlarmRule"),
        ("ALARM(absent)", {}, "do not exist"),
        ("ALARM(late)", {"ActionsSuppressor": "wrong"}, "ActionsSuppressor"),
    ],
)
def test_what_cannot_be_done_is_refused(watch: Watch, rule: str, settings: dict[str, Any], word: str) -> None:
    put_children(watch)
    assert word in put(watch, rule, **settings)["message"]
    assert not cloudwatch._composite_alarms


def test_a_template_makes_changes_and_deletes_it(watch: Watch) -> None:
    put_children(watch)
    handlers = provisioners._RESOURCE_HANDLERS[TYPE]
    tags = [{"Key": "aws:cloudformation:stack-name", "Value": "stack"}]
    template = {"AlarmRule": "ALARM(late)", "ActionsEnabled": "false", "AlarmActions": [TOPIC], "Tags": tags}
    name, attributes = handlers["create"]("Both", template, "stack")
    alarm = describe(watch, name)
    assert (alarm["AlarmArn"], alarm["ActionsEnabled"]) == (attributes["Arn"], False)
    assert watch.ask("_list_tags_for_resource", {"ResourceARN": alarm["AlarmArn"]})["Tags"] == tags
    with pytest.raises(ValueError, match="composite"):
        provisioners._RESOURCE_HANDLERS["AWS::CloudWatch::Alarm"]["delete"]("late", {})
    handlers["update"](name, template, {**template, "AlarmRule": "ALARM(wrong)"}, "stack")
    assert describe(watch, name)["AlarmRule"] == "ALARM(wrong)"
    with pytest.raises(ValueError, match="do not exist"):
        handlers["update"](name, template, {**template, "AlarmRule": "ALARM(absent)"}, "stack")
    handlers["delete"](name, template)
    assert not cloudwatch._composite_alarms
