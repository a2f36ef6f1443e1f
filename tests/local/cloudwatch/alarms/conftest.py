"""MiniStack's CloudWatch with this project's alarms in this process, and a clock that a test sets."""

import time
from collections.abc import Iterator
from typing import Any

import ministack.app
import pytest
from ministack.services import cloudwatch
from ministack.services.cloudformation import provisioners

from local.cloudwatch import alarms, values
from local.cloudwatch.alarms import actions, ticker

MIDNIGHT = 1_800_057_600
"""A moment that begins a day."""
TOPIC = "arn:aws:sns:us-east-1:000000000000:told"
SETTINGS = {
    "AlarmName": "late",
    "Namespace": "AWS/SageMaker",
    "MetricName": "Invocation5XXErrors",
    "Dimensions": [{"Name": "EndpointName", "Value": "scones"}, {"Name": "VariantName", "Value": "all"}],
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 0.0,
    "ComparisonOperator": "GreaterThanThreshold",
    **{name: [TOPIC] for name in ("AlarmActions", "OKActions", "InsufficientDataActions")},
}


class Watch:
    """CloudWatch, seen from outside, at a moment that the test sets."""

    def __init__(self) -> None:
        self.now = float(MIDNIGHT)
        self.actions: list[tuple[str, str, str]] = []
        self.events: list[Any] = []

    def ask(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Asks for an operation by its JSON protocol; returns the answer, or the error."""
        status, _, body = getattr(cloudwatch, operation)({}, request, False, True)
        answer: dict[str, Any] = cloudwatch.json.loads(body)
        assert status == 200 or "__type" in answer
        return answer

    def put(self, **settings: Any) -> dict[str, Any]:
        """Puts the alarm of SETTINGS with others of some; those that are None are left out."""
        merged = {name: value for name, value in {**SETTINGS, **settings}.items() if value is not None}
        answer = self.ask("_put_metric_alarm", merged)
        ticker.look(self.now)
        return answer

    def send(self, *values: float, ago: float = 0, unit: str = "None", **settings: Any) -> None:
        """Sends values of the alarm's metric, or of one with other settings, as of some seconds ago."""
        for value in values:
            datum = {"MetricName": SETTINGS["MetricName"], "Dimensions": SETTINGS["Dimensions"], **settings}
            datum |= {"Value": value, "Unit": unit, "Timestamp": self.now - ago}
            self.ask("_put_metric_data", {"Namespace": SETTINGS["Namespace"], "MetricData": [datum]})
        ticker.look(self.now)

    def wait(self, seconds: int) -> None:
        """Lets time pass, with a look each second."""
        for _ in range(seconds):
            self.now += 1
            ticker.look(self.now)

    def describe(self, name: str = "late") -> dict[str, Any]:
        """Returns the alarm's description."""
        found = self.ask("_describe_alarms", {"AlarmNames": [name], "AlarmTypes": ["MetricAlarm"]})
        alarm: dict[str, Any] = found["MetricAlarms"][0]
        return alarm

    @property
    def state(self) -> str:
        """The alarm's state."""
        return str(self.describe()["StateValue"])


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    """Alarms whose actions and events are written down, which are gone after the test."""
    modules = [vars(module) for module in (ministack.app, cloudwatch, provisioners)]
    kept = [dict(module) for module in modules]
    handlers = dict(provisioners._RESOURCE_HANDLERS)
    values.install()
    alarms.install()
    cloudwatch.reset()
    watch = Watch()
    monkeypatch.setattr(time, "time", lambda: watch.now)

    def note(target: str, alarm: dict[str, Any], former: str) -> None:
        watch.actions.append((target, former, alarm["StateValue"]))

    def tell(request: dict[str, Any], allow_aws_source: bool = False) -> None:
        assert allow_aws_source
        watch.events += request["Entries"]

    monkeypatch.setitem(actions.PERFORMERS, "sns", note)
    monkeypatch.setattr(actions.eventbridge, "_put_events", tell)
    yield watch
    cloudwatch.reset()
    for noted in (ticker._due, ticker._held, ticker._fresh):
        noted.clear()
    for module, before in zip(modules, kept, strict=True):
        module.update(before)
    provisioners._RESOURCE_HANDLERS.clear()
    provisioners._RESOURCE_HANDLERS.update(handlers)
