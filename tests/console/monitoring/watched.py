"""What watches a deployment in moto's AWS: a topic, alarms, and their end."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3

from evaluation.deployment import Deployment

TOPIC = "arn:aws:sns:us-east-1:123456789012:scones-alarms"


@contextmanager
def watching(deployment: Deployment) -> Iterator[None]:
    """A deployment whose alarms have a topic; it has no alarm before and after."""
    ssm, cloudwatch = boto3.client("ssm"), boto3.client("cloudwatch")
    ssm.put_parameter(Name="/scones/alarms-topic", Value=TOPIC, Type="String")
    try:
        yield
    finally:
        ssm.delete_parameter(Name="/scones/alarms-topic")
        vars(deployment).pop("alarms_topic", None)
        names = [alarm["AlarmName"] for alarm in cloudwatch.describe_alarms()["MetricAlarms"]]
        cloudwatch.delete_alarms(AlarmNames=names)


def put_alarm(name: str, topic: str | None = TOPIC) -> None:
    """Makes an alarm that tells a topic."""
    metric: Any = {"Namespace": "SconesUnlimited", "MetricName": "PhotosFailed", "Statistic": "Sum"}
    boto3.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        AlarmDescription="It is wrong. Mend it.",
        AlarmActions=[topic] if topic else [],
        Period=300,
        EvaluationPeriods=1,
        Threshold=5,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        **metric,
    )
