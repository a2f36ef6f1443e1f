"""Reads the alarms of a deployment: which state each is in, since when, why, and what is to be done."""

import re
from collections.abc import Sequence
from typing import Any

from evaluation.deployment import Deployment

STATES = ("ALARM", "INSUFFICIENT_DATA", "OK")
"""What is to be looked at comes first."""
MOST_NAMES = 100
"""So many CloudWatch takes in a request."""
_TREATED = {"Breaching": "bad", "NonBreaching": "good"}


def read_alarms(deployment: Deployment) -> list[dict[str, Any]]:
    """Returns the alarms of a deployment, those in ALARM first.

    Returns:
        Of each ``name``; ``what``, the name without the deployment's, which is its section in the runbook;
        ``state`` as CloudWatch names it; ``since`` in Unix seconds; ``reason`` in plain words, ``said`` in
        CloudWatch's; ``advice``, what it means and what to do; ``arn``.

    Raises:
        NotDeployed: There is nothing that tells of alarms.
    """
    topic = deployment.alarms_topic
    prefix = f"{deployment.name}-"
    pages = deployment.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=prefix)
    # Another deployment's name may begin with this one's, and a deploy has alarms that roll it back alone.
    alarms = [
        alarm for page in pages for alarm in page["MetricAlarms"] if topic in alarm.get("AlarmActions", ())
    ]
    return _sort([_describe(alarm, prefix) for alarm in alarms])


def find_alarms(deployment: Deployment, arns: Sequence[str]) -> list[dict[str, Any]]:
    """Returns the alarms of some ARNs, as ``read_alarms`` does; one that is not there is left out."""
    names = [arn.partition(":alarm:")[2] for arn in arns]
    client, prefix = deployment.client("cloudwatch"), f"{deployment.name}-"
    found = []
    for first in range(0, len(names), MOST_NAMES):
        answer = client.describe_alarms(AlarmNames=names[first : first + MOST_NAMES], MaxRecords=MOST_NAMES)
        found += [_describe(alarm, prefix) for alarm in answer["MetricAlarms"]]
    return _sort(found)


def _sort(alarms: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(alarms, key=lambda alarm: (STATES.index(alarm["state"]), alarm["what"]))


def _describe(alarm: dict[str, Any], prefix: str) -> dict[str, Any]:
    since = alarm.get("StateTransitionedTimestamp", alarm["StateUpdatedTimestamp"])
    said = alarm.get("StateReason", "")
    return {
        "name": alarm["AlarmName"],
        "what": alarm["AlarmName"].removeprefix(prefix),
        "arn": alarm["AlarmArn"],
        "state": alarm["StateValue"],
        "since": since.timestamp(),
        "reason": word_reason(said),
        "said": said,
        "advice": alarm.get("AlarmDescription", ""),
    }


def word_reason(said: str) -> str:
    """Returns CloudWatch's reason for a state in plain words.

    It leaves out when each value was measured, what would have to come for another state, and CloudWatch's
    own terms. What it does not know it leaves as it is.
    """
    if said.startswith("Unchecked"):
        return "Not looked at yet."
    words = re.sub(r"^(Threshold Crossed|Insufficient Data): ", "", said)
    words = re.sub(r" \(minimum [^)]*transition\)", "", words)
    words = re.sub(r" \(\d\d/\d\d/\d\d \d\d:\d\d:\d\d\)", "", words)
    words = re.sub(
        r"were treated as \[(\w+)\]|was treated as \[(\w+)\]",
        lambda match: f"{match[0].split()[0]} counted as {_TREATED.get(match[1] or match[2], '?')}",
        words,
    )
    words = re.sub(r"\[([^\]]*)\]", r"(\1)", words)
    words = re.sub(r"(?<![\w.])-?\d+(\.\d+)?(E-?\d+)?(?![\w.]\d)", lambda match: _format(match[0]), words)
    words = re.sub(r"the threshold \(([^)]*)\)", r"the threshold \1", words)
    words = words.replace("datapoint", "value").replace("Datapoint", "Value")
    return f"{words[:1].upper()}{words[1:]}"


def _format(number: str) -> str:
    """Returns a number without the decimals that say nothing."""
    return f"{float(number):,.6g}" if abs(float(number)) < 1e6 else f"{float(number):,.0f}"
