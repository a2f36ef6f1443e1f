"""What Application Auto Scaling asks of SageMaker and CloudWatch, and has SageMaker do."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from local.autoscaling.targets import make_resource_id
from local.clients import make_client

MINUTE = 60
_RESOURCE = re.compile(r"endpoint/([A-Za-z0-9-]+)/variant/([A-Za-z0-9-]+)")


@dataclass(frozen=True)
class State:
    """A variant as SageMaker describes it.

    Attributes:
        status: EndpointStatus of its endpoint.
        count: How many instances it has; 0 where it is serverless.
        config: Name of the endpoint's configuration.
        created_at: When the endpoint was made, in seconds since 1970.
    """

    status: str
    count: int
    config: str
    created_at: float


@dataclass(frozen=True)
class Variant:
    """A variant of an endpoint of the caller's account and region."""

    endpoint: str
    name: str

    @classmethod
    def parse(cls, resource_id: str) -> "Variant | None":
        """Returns the variant that a resource id names, None where it names none."""
        found = _RESOURCE.fullmatch(resource_id)
        return cls(*found.groups()) if found else None

    @property
    def resource_id(self) -> str:
        """How Application Auto Scaling names it."""
        return make_resource_id(self.endpoint, self.name)

    def describe(self) -> State | None:
        """Returns its state, None where there is no such endpoint or variant.

        Raises:
            ClientError: SageMaker could not say.
        """
        try:
            found = make_client("sagemaker").describe_endpoint(EndpointName=self.endpoint)
        except ClientError as error:
            if error.response["Error"]["Message"].startswith("Could not find"):
                return None
            raise
        for variant in found.get("ProductionVariants", []):
            if variant["VariantName"] == self.name:
                return State(
                    found["EndpointStatus"],
                    variant.get("CurrentInstanceCount", 0),
                    found["EndpointConfigName"],
                    found["CreationTime"].timestamp(),
                )
        return None

    def find_settings(self, config: str) -> dict[str, Any]:
        """Returns what an endpoint configuration says of it: its instance type among others."""
        found = make_client("sagemaker").describe_endpoint_config(EndpointConfigName=config)
        return next(each for each in found["ProductionVariants"] if each["VariantName"] == self.name)

    def set_count(self, count: int) -> None:
        """Asks SageMaker for another number of instances.

        Raises:
            ClientError: SageMaker refused.
        """
        wanted = {"VariantName": self.name, "DesiredInstanceCount": count}
        make_client("sagemaker").update_endpoint_weights_and_capacities(
            EndpointName=self.endpoint, DesiredWeightsAndCapacities=[wanted]
        )

    def read_metric(self, policy: dict[str, Any], start: float, minutes: int) -> list[float | None]:
        """Returns a value for each of some whole minutes of what a policy tracks, None for one without data.

        Args:
            policy: The policy's configuration.
            start: When the first minute begins, in seconds since 1970.
            minutes: How many minutes follow one another.
        """
        own = [{"Name": "EndpointName", "Value": self.endpoint}, {"Name": "VariantName", "Value": self.name}]
        metric = policy.get("CustomizedMetricSpecification") or {
            "Namespace": "AWS/SageMaker",
            "MetricName": "InvocationsPerInstance",
            "Dimensions": own,
            "Statistic": "Sum",
        }
        found = make_client("cloudwatch").get_metric_statistics(
            Namespace=metric["Namespace"],
            MetricName=metric["MetricName"],
            Dimensions=metric.get("Dimensions", []),
            StartTime=datetime.fromtimestamp(start, UTC),
            EndTime=datetime.fromtimestamp(start + minutes * MINUTE, UTC),
            Period=MINUTE,
            Statistics=[metric["Statistic"]],
        )["Datapoints"]
        values = {point["Timestamp"].timestamp(): point[metric["Statistic"]] for point in found}
        return [values.get(start + index * MINUTE) for index in range(minutes)]
