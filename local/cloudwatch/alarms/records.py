"""Keeps all that a metric alarm is made of, whether the API or a template says it.

MiniStack leaves members out, and gives others that nobody has said.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
"""

import time
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudwatch
from ministack.services.cloudformation import provisioners

from local.cloudwatch.alarms import changes
from local.cloudwatch.alarms.evaluation import COMPARISONS, TREATMENTS
from local.cloudwatch.alarms.points import Alarm
from local.cloudwatch.metric_math import queries
from local.cloudwatch.metric_math.statistics import find_period_fault, find_statistic_fault
from local.cloudwatch.shapes import convert, find_input, read_query
from local.patching import find_original, replace, wrap

ONE_METRIC = ("MetricName", "Namespace", "Dimensions", "Period", "Unit", "Statistic", "ExtendedStatistic")
"""What an alarm of one metric says, and one of queries does not."""
NOT_THERE = (
    "ThresholdMetricId",
    "EvaluationWindow",
    "WarmUpConfiguration",
    "EvaluationCriteria",
    "EvaluationInterval",
)
"""What AWS's alarms have beside, which would change when they are in ALARM."""
STATE = (
    "StateValue",
    "StateReason",
    "StateReasonData",
    "StateUpdatedTimestamp",
    "StateTransitionedTimestamp",
)


def install() -> None:
    """Replaces what MiniStack keeps of an alarm."""
    find_original(cloudwatch, "_error")
    find_original(cloudwatch, "_resource_tags")
    wrap(cloudwatch, "_put_metric_alarm", put)
    replace(provisioners, "_cw_metric_alarm_record", build_from_template)


def put(store: Any, parameters: Any, request: Any, is_cbor: bool, is_json: bool = False) -> Any:
    """Answers PutMetricAlarm."""
    given = request
    if not is_cbor and not is_json:
        given = read_query(find_input("PutMetricAlarm"), parameters) or {}
    try:
        settings = read(given)
    except ValueError as error:
        fault: str | None = str(error)
    else:
        fault = find_fault(settings)
    if fault:
        return cloudwatch._error("ValidationError", fault, 400, use_json=is_json, use_cbor=is_cbor)
    with changes.lock:
        record = build(settings)
        answer = store(parameters, request, is_cbor, is_json)
        if answer[0] < 400:
            # MiniStack has checked and kept the tags, and put a record of its own there.
            cloudwatch._alarms[record["AlarmName"]] = record
            cloudwatch._evaluate_alarm(record)
    return answer


def build_from_template(name: str, properties: dict[str, Any]) -> Alarm:
    """Returns the record of an alarm that a template describes.

    Raises:
        ValueError: AWS would refuse it; worded as CloudFormation shows it.
    """
    settings = read({**properties, "AlarmName": name})
    if fault := find_fault(settings):
        raise ValueError(f"{fault} (Service: CloudWatch, Status Code: 400, Error Code: ValidationError)")
    return build(settings)


def read(given: dict[str, Any]) -> dict[str, Any]:
    """Returns what is said of an alarm in the types of PutMetricAlarm's model.

    Raises:
        ValueError: Something is of another type.
    """
    settings: dict[str, Any] = convert(find_input("PutMetricAlarm"), given)
    for query in settings.get("Metrics", ()):
        query.setdefault("ReturnData", True)
    return settings


def build(settings: dict[str, Any]) -> Alarm:
    """Returns the record of an alarm, which keeps its state where it is there already.

    Args:
        settings: What PutMetricAlarm takes.
    """
    name, now = settings["AlarmName"], round(time.time(), 3)
    state = {
        "StateValue": "INSUFFICIENT_DATA",
        "StateReason": "Unchecked: Initial alarm creation",
        "StateUpdatedTimestamp": now,
        "StateTransitionedTimestamp": now,
    }
    if former := cloudwatch._alarms.get(name):
        state = {member: former[member] for member in STATE if member in former}
    actions: Alarm = {member: [] for member in ("OKActions", "AlarmActions", "InsufficientDataActions")}
    dimensions: Alarm = {"Dimensions": []} if "MetricName" in settings else {}
    return {
        "AlarmArn": f"arn:aws:cloudwatch:{get_region()}:{get_account_id()}:alarm:{name}",
        "AlarmConfigurationUpdatedTimestamp": now,
        "ActionsEnabled": True,
        **actions,
        **dimensions,
        **{member: value for member, value in settings.items() if member != "Tags"},
        **state,
    }


def find_fault(settings: dict[str, Any]) -> str | None:
    """Returns what AWS, or the embedded cloud, finds wrong with an alarm; None where nothing is."""
    if not settings.get("AlarmName"):
        return "AlarmName must be given"
    if there := [member for member in NOT_THERE if member in settings]:
        return f"{there[0]} is not there in the embedded cloud; leave it out"
    periods, needed = settings.get("EvaluationPeriods", 0), settings.get("DatapointsToAlarm", 1)
    if periods < 1:
        return "EvaluationPeriods must be 1 or more"
    if not 1 <= needed <= periods:
        return f"DatapointsToAlarm is {needed}; it must be from 1 to EvaluationPeriods, which is {periods}"
    comparison = settings.get("ComparisonOperator")
    if comparison not in COMPARISONS:
        return (
            f"ComparisonOperator is {comparison!r}; in the embedded cloud, which detects no anomalies, "
            f"it must be one of {', '.join(COMPARISONS)}"
        )
    if "Threshold" not in settings:
        return "Threshold must be given"
    if settings.get("TreatMissingData", "missing") not in TREATMENTS:
        return (
            f"TreatMissingData is {settings['TreatMissingData']!r}; it must be one of {', '.join(TREATMENTS)}"
        )
    return _find_metric_fault(settings)


def _find_metric_fault(settings: dict[str, Any]) -> str | None:
    if "Metrics" in settings:
        if there := [member for member in ONE_METRIC if member in settings]:
            return f"{there[0]} cannot be given beside Metrics"
        if len([query for query in settings["Metrics"] if query["ReturnData"]]) != 1:
            return "ReturnData must be true for one of Metrics, and false for the others"
        return queries.find_fault(settings["Metrics"])
    if not settings.get("MetricName") or not settings.get("Namespace"):
        return "MetricName and Namespace must be given"
    statistic, extended = settings.get("Statistic"), settings.get("ExtendedStatistic")
    if (statistic is None) == (extended is None):
        return "One of Statistic and ExtendedStatistic must be given, and not both"
    return find_statistic_fault(str(statistic or extended)) or find_period_fault(settings.get("Period"))
