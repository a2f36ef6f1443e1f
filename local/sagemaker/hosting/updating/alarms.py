"""Looks at the CloudWatch alarms that watch over an endpoint's update."""

from collections.abc import Sequence

from botocore.exceptions import BotoCoreError, ClientError
from ministack.core.responses import get_account_id, get_region

from local.clients import make_client
from local.sagemaker import roles
from local.sagemaker.errors import ApiError


class AlarmsUnwatched(Exception):
    """The state of an alarm cannot be had; the message is the endpoint's FailureReason."""


def find_tripped(names: Sequence[str], role_arn: str) -> list[str]:
    """Returns which alarms are in the state ALARM.

    Args:
        names: Names of metric and composite alarms, ten at most.
        role_arn: The model's execution role, which needs cloudwatch:DescribeAlarms on each of them.

    Raises:
        AlarmsUnwatched: The role may not look, there is no such alarm, or CloudWatch does not answer.
    """
    if not names:
        return []
    try:
        for name in names:
            arn = f"arn:aws:cloudwatch:{get_region()}:{get_account_id()}:alarm:{name}"
            roles.check_allowed(role_arn, "cloudwatch:DescribeAlarms", arn)
        answer = make_client("cloudwatch").describe_alarms(
            AlarmNames=list(names), AlarmTypes=["MetricAlarm", "CompositeAlarm"]
        )
    except (ApiError, BotoCoreError, ClientError) as error:
        raise AlarmsUnwatched(f"The alarms that watch over the update cannot be read: {error}") from error
    states = {
        alarm["AlarmName"]: alarm["StateValue"]
        for alarm in [*answer.get("MetricAlarms", []), *answer.get("CompositeAlarms", [])]
    }
    if missing := [name for name in names if name not in states]:
        raise AlarmsUnwatched(f"There is no alarm {', '.join(missing)} to watch over the update.")
    return [name for name in names if states[name] == "ALARM"]
