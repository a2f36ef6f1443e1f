"""What is in use of the quotas is read from SageMaker's lists, whoever uses it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from console.preflight.needs import CONCURRENCY
from console.preflight.usage import Use, list_uses
from tests.console.preflight.account import Account, Refusal

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
M5 = "ml.m5.large for endpoint usage"


class SageMaker(Account):
    """SageMaker with jobs, endpoints and configurations by name; a name that is only listed has gone.

    Attributes:
        jobs: Description of each job, by TrainingJob or TransformJob and by name.
        refusal: Code of the error for what is asked for and is not there.
    """

    def __init__(self) -> None:
        self.jobs: dict[str, dict[str, dict[str, Any]]] = {"TrainingJob": {}, "TransformJob": {}}
        self.endpoints: dict[str, dict[str, Any]] = {}
        self.configs: dict[str, dict[str, Any]] = {}
        self.gone: list[str] = []
        self.refusal = "ValidationException"
        super().__init__(
            "sagemaker",
            ListTrainingJobs=lambda request: self._list_jobs("TrainingJob", request),
            ListTransformJobs=lambda request: self._list_jobs("TransformJob", request),
            ListEndpoints=self._list_endpoints,
            DescribeTrainingJob=lambda request: self._find(self.jobs["TrainingJob"], request),
            DescribeTransformJob=lambda request: self._find(self.jobs["TransformJob"], request),
            DescribeEndpoint=lambda request: self._find(self.endpoints, request),
            DescribeEndpointConfig=lambda request: self._find(self.configs, request),
        )

    def list_uses(self) -> list[Use]:
        return list_uses(self.deployment)

    def _find(self, store: Mapping[str, dict[str, Any]], request: Mapping[str, Any]) -> dict[str, Any]:
        (name,) = request.values()
        if name not in store:
            raise Refusal(self.refusal)
        return store[name]

    def _list_jobs(self, kind: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Lists one job a page."""
        status = request["StatusEquals"]
        names = [name for name, job in self.jobs[kind].items() if job[f"{kind}Status"] == status]
        names += self.gone if status == "InProgress" else []
        start = int(request.get("NextToken", 0))
        summaries = [
            {
                f"{kind}Name": name,
                f"{kind}Arn": f"arn:aws:sagemaker:us-east-1:111122223333:job/{name}",
                f"{kind}Status": status,
                "CreationTime": MOMENT,
            }
            for name in names[start : start + 1]
        ]
        more = {"NextToken": str(start + 1)} if start + 1 < len(names) else {}
        return {f"{kind}Summaries": summaries, **more}

    def _list_endpoints(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "Endpoints": [
                {
                    "EndpointName": name,
                    "EndpointArn": f"arn:aws:sagemaker:us-east-1:111122223333:endpoint/{name}",
                    "EndpointStatus": "InService",
                    "CreationTime": MOMENT,
                    "LastModifiedTime": MOMENT,
                }
                for name in [*self.endpoints, *self.gone]
            ]
        }


@pytest.fixture
def sagemaker() -> SageMaker:
    return SageMaker()


def train(status: str = "InProgress", count: int = 1, **members: Any) -> dict[str, Any]:
    resources = {"InstanceType": "ml.g4dn.xlarge", "InstanceCount": count}
    return {"TrainingJobStatus": status, "ResourceConfig": resources, **members}


def transform(status: str) -> dict[str, Any]:
    resources = {"InstanceType": "ml.m5.large", "InstanceCount": 2}
    return {"TransformJobStatus": status, "TransformResources": resources}


def serve(config: str, current: int, desired: int) -> dict[str, Any]:
    """Returns what an endpoint, or its update, says of the one variant of a configuration."""
    variant = {
        "VariantName": "AllTraffic",
        "CurrentInstanceCount": current,
        "DesiredInstanceCount": desired,
    }
    return {"EndpointConfigName": config, "ProductionVariants": [variant]}


def configure(**variant: Any) -> dict[str, Any]:
    return {"ProductionVariants": [{"VariantName": "AllTraffic", **variant}]}


def test_nothing_is_in_use_of_a_new_account(sagemaker: SageMaker) -> None:
    assert sagemaker.list_uses() == []


def test_jobs_that_have_not_ended_are_in_use_on_every_page(sagemaker: SageMaker) -> None:
    sagemaker.jobs["TrainingJob"] = {
        "first": train(),
        "second": train(count=2),
        "ending": train("Stopping"),
        "ended": train("Completed"),
    }
    sagemaker.jobs["TransformJob"] = {
        "evaluation": transform("InProgress"),
        "stopping": transform("Stopping"),
        "failed": transform("Failed"),
    }
    training, transforms = "ml.g4dn.xlarge for training job usage", "ml.m5.large for transform job usage"
    assert sagemaker.list_uses() == [
        Use(training, 1, "first"),
        Use(training, 2, "second"),
        Use(training, 1, "ending"),
        Use(transforms, 2, "evaluation"),
        Use(transforms, 2, "stopping"),
    ]


def test_spot_instances_and_those_of_groups_count_for_quotas_of_their_own(sagemaker: SageMaker) -> None:
    groups = [
        {"InstanceGroupName": "a", "InstanceType": "ml.c5.xlarge", "InstanceCount": 1},
        {"InstanceGroupName": "b", "InstanceType": "ml.g5.xlarge", "InstanceCount": 3},
    ]
    sagemaker.jobs["TrainingJob"] = {
        "spot": train(EnableManagedSpotTraining=True),
        "grouped": train(ResourceConfig={"InstanceGroups": groups}),
    }
    assert sagemaker.list_uses() == [
        Use("ml.g4dn.xlarge for spot training job usage", 1, "spot"),
        Use("ml.c5.xlarge for training job usage", 1, "grouped"),
        Use("ml.g5.xlarge for training job usage", 3, "grouped"),
    ]


@pytest.mark.parametrize("code", ["ValidationException", "ResourceNotFound"])
def test_what_has_gone_since_it_was_listed_is_not_in_use(sagemaker: SageMaker, code: str) -> None:
    sagemaker.refusal = code
    sagemaker.gone = ["gone"]
    sagemaker.endpoints["without-config"] = serve("deleted", 1, 1)
    assert sagemaker.list_uses() == []


def test_what_may_not_be_described_is_an_error(sagemaker: SageMaker) -> None:
    sagemaker.refusal = "AccessDeniedException"
    sagemaker.gone = ["hidden"]
    with pytest.raises(ClientError, match="AccessDeniedException"):
        sagemaker.list_uses()


@pytest.mark.parametrize(("current", "desired"), [(3, 3), (1, 3), (3, 1)])
def test_an_endpoint_that_scales_has_the_larger_of_both_counts(
    sagemaker: SageMaker, current: int, desired: int
) -> None:
    sagemaker.configs["config"] = configure(InstanceType="ml.m5.large")
    sagemaker.endpoints["scones"] = serve("config", current, desired)
    assert sagemaker.list_uses() == [Use(M5, 3, "scones")]


def test_an_update_has_its_instances_beside_those_in_service(sagemaker: SageMaker) -> None:
    sagemaker.configs["blue"] = configure(InstanceType="ml.m5.large")
    sagemaker.configs["green"] = configure(InstanceType="ml.c5.large")
    pending = {"PendingDeploymentSummary": serve("green", 0, 2)}
    sagemaker.endpoints["scones"] = serve("blue", 1, 1) | pending
    sagemaker.endpoints["new"] = {"EndpointConfigName": "blue"} | {
        "PendingDeploymentSummary": serve("blue", 0, 1)
    }
    assert sagemaker.list_uses() == [
        Use(M5, 1, "scones"),
        Use("ml.c5.large for endpoint usage", 2, "scones"),
        Use(M5, 1, "new"),
    ]


def test_a_serverless_endpoint_has_its_concurrency(sagemaker: SageMaker) -> None:
    config = {"MemorySizeInMB": 3072, "MaxConcurrency": 5}
    sagemaker.configs["serverless"] = configure(ServerlessConfig=config)
    for name, member in (("settled", "CurrentServerlessConfig"), ("new", "DesiredServerlessConfig")):
        variant = {"VariantName": "AllTraffic", "CurrentInstanceCount": 0, member: config}
        sagemaker.endpoints[name] = {"EndpointConfigName": "serverless", "ProductionVariants": [variant]}
    assert sagemaker.list_uses() == [Use(CONCURRENCY, 5, "settled"), Use(CONCURRENCY, 5, "new")]
