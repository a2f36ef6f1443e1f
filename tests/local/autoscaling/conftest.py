"""A SageMaker and a CloudWatch that answer as the tests say, and a clock that the tests put forward."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from ministack.core.responses import request_scope

from local.autoscaling import persistence, variants

START = 1_800_000_000.0 - 1_800_000_000.0 % 60


class Cloud:
    """One endpoint, its configuration and its metrics; it stands for both clients."""

    def __init__(self) -> None:
        """Makes an endpoint that is in service for an hour, with one instance and without traffic."""
        self.now = START
        self.status = "InService"
        self.count = 1
        self.endpoint = "scones"
        self.settings: dict[str, Any] = {"VariantName": "AllTraffic", "InstanceType": "ml.m5.large"}
        self.asked: list[int] = []
        self.refusal: str | None = None
        self.takes_time = False
        self.metric: dict[float, float] = {}
        self.read: list[dict[str, Any]] = []

    def describe_endpoint(self, EndpointName: str) -> dict[str, Any]:
        if EndpointName != self.endpoint:
            raise refused(f'Could not find endpoint "{EndpointName}".')
        return {
            "EndpointStatus": self.status,
            "EndpointConfigName": "config",
            "CreationTime": datetime.fromtimestamp(START - 3600, UTC),
            "ProductionVariants": [{"VariantName": "AllTraffic", "CurrentInstanceCount": self.count}],
        }

    def describe_endpoint_config(self, EndpointConfigName: str) -> dict[str, Any]:
        return {"ProductionVariants": [self.settings]}

    def update_endpoint_weights_and_capacities(
        self, EndpointName: str, DesiredWeightsAndCapacities: list[dict[str, Any]]
    ) -> None:
        if self.refusal:
            raise refused(self.refusal)
        (wanted,) = DesiredWeightsAndCapacities
        self.asked.append(wanted["DesiredInstanceCount"])
        if self.takes_time:
            self.status = "Updating"
        else:
            self.count = wanted["DesiredInstanceCount"]

    def get_metric_statistics(self, **request: Any) -> dict[str, Any]:
        self.read.append(request)
        (statistic,) = request["Statistics"]
        return {
            "Datapoints": [
                {"Timestamp": datetime.fromtimestamp(moment, UTC), statistic: value}
                for moment, value in self.metric.items()
                if request["StartTime"].timestamp() <= moment < request["EndTime"].timestamp()
            ]
        }


def refused(message: str) -> ClientError:
    return ClientError({"Error": {"Code": "ValidationException", "Message": message}}, "Any")


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """The cloud, in one account and region; all that is registered is forgotten at the end."""
    made = Cloud()
    monkeypatch.setattr(variants, "make_client", lambda _service: made)
    with request_scope("111111111111", "us-east-1"):
        yield made
    persistence.reset()
