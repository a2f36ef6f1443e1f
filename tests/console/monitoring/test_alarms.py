"""The alarms that the page tells: whose they are, in which order, and in which words."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from console.monitoring.alarms import read_alarms, word_reason
from evaluation.deployment import Deployment, NotDeployed
from tests.console.monitoring.watched import TOPIC, put_alarm, watching


@pytest.fixture
def cloudwatch(deployment: Deployment) -> Iterator[Any]:
    """The CloudWatch of a deployment whose alarms have a topic, and that has none yet."""
    with watching(deployment):
        yield boto3.client("cloudwatch")


def test_a_deployment_without_monitoring_says_what_adds_it(deployment: Deployment) -> None:
    with pytest.raises(NotDeployed, match="no alarms: make deploy adds them"):
        read_alarms(deployment)


def test_what_is_to_be_looked_at_comes_first(deployment: Deployment, cloudwatch: Any) -> None:
    for what in ("drift", "dead-letters", "throttles"):
        put_alarm(f"scones-{what}")
    cloudwatch.set_alarm_state(AlarmName="scones-throttles", StateValue="ALARM", StateReason="Because.")
    cloudwatch.set_alarm_state(AlarmName="scones-dead-letters", StateValue="OK", StateReason="")
    cloudwatch.set_alarm_state(
        AlarmName="scones-drift", StateValue="INSUFFICIENT_DATA", StateReason="Unchecked: new"
    )
    found = read_alarms(deployment)
    assert [(alarm["what"], alarm["state"]) for alarm in found] == [
        ("throttles", "ALARM"),
        ("drift", "INSUFFICIENT_DATA"),
        ("dead-letters", "OK"),
    ]
    assert (found[0]["reason"], found[0]["advice"]) == ("Because.", "It is wrong. Mend it.")
    assert found[0]["since"] > 1.7e9


def test_alarms_of_others_are_not_told(deployment: Deployment, cloudwatch: Any) -> None:
    put_alarm("scones-drift")
    # Another deployment's, and one that only rolls a deploy back.
    put_alarm("scones-two-drift", topic=TOPIC.replace("scones", "scones-two"))
    put_alarm("scones-rollback", topic=None)
    assert [alarm["name"] for alarm in read_alarms(deployment)] == ["scones-drift"]


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        (
            "Threshold Crossed: 1 out of the last 1 datapoints [7.0 (27/11/26 15:00:00)] was greater than or "
            "equal to the threshold (5.0) (minimum 1 datapoint for OK -> ALARM transition).",
            "1 out of the last 1 values (7) was greater than or equal to the threshold 5.",
        ),
        (
            "Threshold Crossed: 2 out of the last 3 datapoints [2500000.0 (27/11/26 15:05:00), "
            "0.0625 (27/11/26 15:00:00)] were not greater than the threshold (2000000.0).",
            "2 out of the last 3 values (2,500,000, 0.0625) were not greater than the threshold 2,000,000.",
        ),
        (
            "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated "
            "as [NonBreaching].",
            "No values were received for 1 period and 1 missing value was counted as good.",
        ),
        (
            "Threshold Crossed: no datapoints were received for 6 periods and 6 missing datapoints were "
            "treated as [Breaching].",
            "No values were received for 6 periods and 6 missing values were counted as bad.",
        ),
        ("Insufficient Data: 1 datapoint was unknown.", "1 value was unknown."),
        ("Unchecked: Initial alarm creation", "Not looked at yet."),
        ("Set by hand", "Set by hand"),
        ("", ""),
    ],
)
def test_cloudwatch_s_reason_is_told_in_plain_words(said: str, plain: str) -> None:
    assert word_reason(said) == plain
