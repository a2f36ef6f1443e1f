"""Does what an alarm is to set off when its state changes, and tells EventBridge of the change.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-actions.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
"""

import json
import logging
import uuid
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from botocore.loaders import create_loader
from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudwatch, eventbridge, lambda_svc, sns

from local.cloudwatch.alarms import changes
from local.cloudwatch.alarms.points import Alarm, find_period
from local.cloudwatch.metric_math.metrics import read_stat
from local.delivery import topic_keys
from local.patching import find_original, replace

TYPE = "CloudWatch Alarm State Change"
ACTIONS = {"ALARM": "AlarmActions", "OK": "OKActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}
PRINCIPAL = "lambda.alarms.cloudwatch.amazonaws.com"
SUBJECT_CHARACTERS = 100

_logger = logging.getLogger("cloudwatch.alarms")


class ActionError(Exception):
    """Why an action was not taken, in one line."""


def install() -> None:
    """Replaces MiniStack's actions, which are messages to topics alone."""
    for owner, names in {
        eventbridge: ("_put_events",),
        sns: ("_fanout", "_topic_by_arn_any_scope", "topic_policy_allows"),
        lambda_svc: ("_get_func_record_for_ref", "_execution_record_for_config", "invoke_async_with_retry"),
        iam_evaluator: ("EvalContext", "evaluate_resource_policy"),
    }.items():
        for name in names:
            find_original(owner, name)
    replace(cloudwatch, "_dispatch_alarm_actions", act)


def act(alarm: Alarm, former: str, state: str, reason: str) -> None:
    """Tells all who are to know that an alarm has come into a state; the alarm's record has it already."""
    _tell_bus(alarm)
    if not alarm.get("ActionsEnabled", True):
        return
    kind = "CompositeAlarm" if "AlarmRule" in alarm else "MetricAlarm"
    for target in alarm.get(ACTIONS[state]) or ():
        perform = PERFORMERS.get(target.split(":")[2])
        if perform is None:
            continue
        told = {"actionState": "Succeeded", "notificationResource": target}
        summary = f"Successfully executed action {target}"
        try:
            perform(target, alarm, former)
        except Exception as error:  # one action's failure must not keep the others from being taken
            told |= {"actionState": "Failed", "error": str(error)}
            summary = f"Failed to execute action {target}. Received error: {error}"
            _logger.warning("alarm %s: %s", alarm["AlarmName"], summary)
        changes.add_entry(alarm["AlarmName"], "Action", summary, told, kind)


def describe_configuration(alarm: Alarm) -> dict[str, Any]:
    """Returns what an alarm watches as its events tell it."""
    told = {"description": alarm["AlarmDescription"]} if alarm.get("AlarmDescription") else {}
    if "AlarmRule" in alarm:
        return {**told, "alarmRule": alarm["AlarmRule"]}
    if "Metrics" in alarm:
        return {**told, "metrics": [_describe_query(query) for query in alarm["Metrics"]]}
    return {**told, "metrics": [_describe_metric(alarm)]}


def _describe_query(query: dict[str, Any]) -> dict[str, Any]:
    """Returns a query as events tell it: as the API does, but for the first letters and a metric's name."""
    told = {f"{name[0].lower()}{name[1:]}": value for name, value in query.items() if name != "MetricStat"}
    if "MetricStat" in query:
        stat = {f"{name[0].lower()}{name[1:]}": value for name, value in query["MetricStat"].items()}
        metric = read_stat(query["MetricStat"])
        stat["metric"] = {
            "namespace": metric.namespace,
            "name": metric.name,
            "dimensions": metric.dimensions,
        }
        told["metricStat"] = stat
    return told


def _describe_metric(alarm: Alarm) -> dict[str, Any]:
    metric = {
        "namespace": alarm["Namespace"],
        "name": alarm["MetricName"],
        "dimensions": cloudwatch._dims_from_list(alarm.get("Dimensions") or []),
    }
    statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic")
    watched = {"metric": metric, "period": alarm.get("Period"), "stat": statistic}
    if alarm.get("Unit"):
        watched["unit"] = alarm["Unit"]
    # The same alarm's metric has the same id in each event.
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, alarm["AlarmArn"])),
        "metricStat": watched,
        "returnData": True,
    }


def _tell_bus(alarm: Alarm) -> None:
    detail = {
        "alarmName": alarm["AlarmName"],
        "state": changes.describe_state(alarm),
        "previousState": changes.find_former_state(),
        "configuration": describe_configuration(alarm),
    }
    entry = {"Source": "aws.cloudwatch", "DetailType": TYPE, "Detail": json.dumps(detail)}
    try:
        told = {"Entries": [{**entry, "Resources": [alarm["AlarmArn"]]}]}
        eventbridge._put_events(told, allow_aws_source=True)
    except Exception:  # an alarm changes, whoever cannot be told of it
        _logger.warning("no event tells of %s", alarm["AlarmArn"], exc_info=True)


def _publish(topic: str, alarm: Alarm, former: str) -> None:
    if sns._topic_by_arn_any_scope(topic) is None:
        raise ActionError(f"Topic does not exist: {topic}")
    writer = (topic, "cloudwatch.amazonaws.com", alarm["AlarmArn"], get_account_id())
    if not sns.topic_policy_allows(*writer):
        raise ActionError(f"CloudWatch Alarms is not authorized to perform: SNS:Publish on resource: {topic}")
    if not topic_keys.may_use_key(*writer):
        raise ActionError(
            "CloudWatch Alarms does not have authorization to access the SNS topic encryption key."
        )
    subject = f'{alarm["StateValue"]}: "{alarm["AlarmName"]}" in {_name_region(get_region())}'
    message = json.dumps(describe_message(alarm, former))
    sns._fanout(topic, str(uuid.uuid4()), message, subject[:SUBJECT_CHARACTERS])


def describe_message(alarm: Alarm, former: str) -> dict[str, Any]:
    """Returns the message to a topic that tells of an alarm's new state.

    Args:
        alarm: Its record, which has the new state.
        former: The state that it was in.
    """
    state = changes.describe_state(alarm)
    message = {
        "AlarmName": alarm["AlarmName"],
        "AlarmDescription": alarm.get("AlarmDescription"),
        "AWSAccountId": get_account_id(),
        "AlarmConfigurationUpdatedTimestamp": changes.format_moment(
            alarm["AlarmConfigurationUpdatedTimestamp"]
        ),
        "NewStateValue": state["value"],
        "NewStateReason": state["reason"],
        "StateChangeTime": state["timestamp"],
        "Region": _name_region(get_region()),
        "AlarmArn": alarm["AlarmArn"],
        "OldStateValue": former,
        **{name: alarm.get(name) or [] for name in ("OKActions", "AlarmActions", "InsufficientDataActions")},
    }
    if "AlarmRule" in alarm:
        return {**message, "AlarmRule": alarm["AlarmRule"]}
    trigger = {
        "Period": find_period(alarm),
        "EvaluationPeriods": alarm["EvaluationPeriods"],
        "DatapointsToAlarm": alarm.get("DatapointsToAlarm", alarm["EvaluationPeriods"]),
        "ComparisonOperator": alarm["ComparisonOperator"],
        "Threshold": alarm["Threshold"],
        "TreatMissingData": alarm.get("TreatMissingData", "missing"),
        "EvaluateLowSampleCountPercentile": alarm.get("EvaluateLowSampleCountPercentile", ""),
    }
    return {**message, "Trigger": {**_describe_trigger(alarm), **trigger}}


def _describe_trigger(alarm: Alarm) -> dict[str, Any]:
    if "Metrics" in alarm:
        return {"Metrics": alarm["Metrics"]}
    extended = alarm.get("ExtendedStatistic")
    dimensions = alarm.get("Dimensions") or []
    return {
        "MetricName": alarm["MetricName"],
        "Namespace": alarm["Namespace"],
        "StatisticType": "ExtendedStatistic" if extended else "Statistic",
        **(
            {"ExtendedStatistic": extended} if extended else {"Statistic": alarm.get("Statistic", "").upper()}
        ),
        "Unit": alarm.get("Unit"),
        "Dimensions": [{"value": pair["Value"], "name": pair["Name"]} for pair in dimensions],
    }


def _invoke(function: str, alarm: Alarm, _former: str) -> None:
    record, config, _ = lambda_svc._get_func_record_for_ref(function)
    if not record or not config:
        raise ActionError(f"Function not found: {function}")
    asked = iam_evaluator.EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action="lambda:InvokeFunction",
        resource_arn=function,
        region=get_region(),
        service_context={"aws:sourcearn": alarm["AlarmArn"], "aws:sourceaccount": get_account_id()},
    )
    allowed = iam_evaluator.evaluate_resource_policy(record.get("policy"), asked, service=PRINCIPAL)
    if allowed.decision != "Allow":
        raise ActionError(
            f"CloudWatch Alarms is not authorized to perform: lambda:InvokeFunction on {function}"
        )
    state = changes.describe_state(alarm)
    event = {
        "source": "aws.cloudwatch",
        "alarmArn": alarm["AlarmArn"],
        "accountId": get_account_id(),
        "time": state["timestamp"],
        "region": get_region(),
        "alarmData": {
            "alarmName": alarm["AlarmName"],
            "state": state,
            "previousState": changes.find_former_state(),
            "configuration": describe_configuration(alarm),
        },
    }
    lambda_svc.invoke_async_with_retry(lambda_svc._execution_record_for_config(record, config), event)


@lru_cache
def _name_region(region: str) -> str:
    """Returns a region's name for people, which messages have: US East (N. Virginia)."""
    for partition in create_loader().load_data("endpoints")["partitions"]:
        if region in partition["regions"]:
            return str(partition["regions"][region]["description"])
    return region


PERFORMERS: dict[str, Callable[[str, Alarm, str], None]] = {"sns": _publish, "lambda": _invoke}
"""What takes an action, by the service that the action's ARN names; a service may add itself."""
