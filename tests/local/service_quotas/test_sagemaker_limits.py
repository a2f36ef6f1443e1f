"""SageMaker refuses what its quotas have no room for, and takes it once the quota is raised."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError
from ministack.core.responses import request_scope

from console.preflight.usage import list_uses
from local.sagemaker import limits
from local.sagemaker.errors import ApiError, ValidationException
from local.sagemaker.hosting.descriptions import describe_pending, describe_variants
from local.sagemaker.records import ENDPOINTS, TRAINING_JOBS, TRANSFORM_JOBS, Record
from local.service_quotas import quotas
from tests.local.sagemaker.server import Server

ENDPOINT = "ml.m5.large for endpoint usage"
TRAINING = "ml.g4dn.xlarge for training job usage"
TRANSFORM = "ml.m5.large for transform job usage"


@pytest.fixture(autouse=True)
def home(tmp_path: Path) -> Iterator[Path]:
    """The folder of an embedded cloud, whose account has nothing yet."""
    quotas.install(tmp_path)
    with request_scope("222222222222", "eu-west-1"):
        yield tmp_path
        for kind in (ENDPOINTS, TRAINING_JOBS, TRANSFORM_JOBS):
            kind.store.clear()


def make_fleet(count: int, instance_type: str = "ml.m5.large") -> Record:
    variant = {"VariantName": "AllTraffic", "InitialVariantWeight": 1.0}
    instances = {"InstanceType": instance_type, "InitialInstanceCount": count}
    return {"EndpointConfigName": "config", "ProductionVariants": [{**variant, **instances}]}


def make_serverless_fleet(concurrency: int, memory: int = 2048) -> Record:
    variant = {"VariantName": "AllTraffic", "InitialVariantWeight": 1.0}
    config = {"MaxConcurrency": concurrency, "MemorySizeInMB": memory}
    return {"EndpointConfigName": "config", "ProductionVariants": [{**variant, "ServerlessConfig": config}]}


def put_in_service(name: str, fleet: Record) -> Record:
    return ENDPOINTS.add({"EndpointName": name, "ProductionVariants": describe_variants(fleet)})


def training_job(instance_type: str = "ml.g4dn.xlarge", **members: Any) -> Record:
    return {"ResourceConfig": {"InstanceType": instance_type, "InstanceCount": 1}, **members}


def transform_job(count: int = 1) -> Record:
    return {"TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": count}}


def refusal(check: Any, *arguments: Any) -> str:
    with pytest.raises(ApiError) as caught:
        check(*arguments)
    assert caught.value.code == "ResourceLimitExceeded"
    return caught.value.message


def test_what_nobody_has_limited_is_taken() -> None:
    limits.check_training_job(training_job())
    limits.check_transform_job(transform_job())
    limits.check_fleet(make_fleet(4))
    limits.check_fleet(make_serverless_fleet(20, memory=6144))


def test_a_training_job_counts_until_it_has_ended_and_for_its_type_alone() -> None:
    quotas.set_value(TRAINING, 1)
    for index, status in enumerate(("Completed", "Failed", "Stopped")):
        TRAINING_JOBS.add(training_job(TrainingJobName=f"ended-{index}", TrainingJobStatus=status))
    TRAINING_JOBS.add(training_job("ml.g5.xlarge", TrainingJobName="another", TrainingJobStatus="InProgress"))
    TRAINING_JOBS.add(
        training_job(TrainingJobName="spot", TrainingJobStatus="InProgress", EnableManagedSpotTraining=True)
    )
    limits.check_training_job(training_job())
    for status in ("InProgress", "Stopping"):
        TRAINING_JOBS.store.pop("held", None)
        TRAINING_JOBS.add(training_job(TrainingJobName="held", TrainingJobStatus=status))
        message = refusal(limits.check_training_job, training_job())
        assert message.startswith(
            f"The account-level service limit '{TRAINING}' is 1 Instances, with current utilization of 1 "
            "Instances and a request delta of 1 Instances."
        )


def test_a_spot_training_job_has_a_quota_of_its_own() -> None:
    quotas.set_value("ml.g4dn.xlarge for spot training job usage", 0)
    limits.check_training_job(training_job())
    message = refusal(limits.check_training_job, training_job(EnableManagedSpotTraining=True))
    assert "'ml.g4dn.xlarge for spot training job usage' is 0 Instances" in message


def test_a_transform_job_counts_until_it_has_ended() -> None:
    quotas.set_value(TRANSFORM, 1)
    TRANSFORM_JOBS.add({**transform_job(), "TransformJobName": "ended", "TransformJobStatus": "Completed"})
    limits.check_transform_job(transform_job())
    TRANSFORM_JOBS.add({**transform_job(), "TransformJobName": "held", "TransformJobStatus": "InProgress"})
    assert f"'{TRANSFORM}' is 1 Instances" in refusal(limits.check_transform_job, transform_job())


def test_a_transform_job_on_several_machines_is_not_blamed_on_a_quota() -> None:
    with pytest.raises(ValidationException, match="InstanceCount 2 is not supported"):
        limits.check_transform_job(transform_job(2))


def test_an_update_takes_its_instances_beside_those_in_service() -> None:
    quotas.set_value(ENDPOINT, 3)
    fleet = make_fleet(2)
    limits.check_fleet(fleet)
    put_in_service("scones", fleet)
    message = refusal(limits.check_fleet, fleet, fleet)
    assert "is 3 Instances, with current utilization of 2 Instances and a request delta of 2" in message
    limits.check_fleet(make_fleet(1), fleet)
    limits.check_fleet(make_fleet(2, "ml.c5.large"), fleet)


def test_the_fleet_that_an_update_starts_is_in_use_already() -> None:
    quotas.set_value(ENDPOINT, 2)
    record = put_in_service("scones", make_fleet(1))
    record["PendingDeploymentSummary"] = describe_pending(make_fleet(1), 0.0, "Creating", 0.0)
    assert "current utilization of 2 Instances" in refusal(limits.check_fleet, make_fleet(1))


def test_a_variant_grows_by_what_it_has_not_yet() -> None:
    quotas.set_value(ENDPOINT, 3)
    before = make_fleet(2)
    put_in_service("scones", before)
    limits.check_capacities(before, make_fleet(3))
    limits.check_capacities(before, make_fleet(1))
    message = refusal(limits.check_capacities, before, make_fleet(5))
    assert "current utilization of 2 Instances and a request delta of 3 Instances" in message


def test_serverless_endpoints_share_one_concurrency_and_an_update_takes_the_difference() -> None:
    quotas.set_value(quotas.SERVERLESS_CONCURRENCY, 10)
    current = make_serverless_fleet(5)
    put_in_service("scones-serverless", current)
    limits.check_fleet(make_serverless_fleet(10), current)
    refusal(limits.check_fleet, make_serverless_fleet(11), current)
    refusal(limits.check_fleet, make_serverless_fleet(6))


def test_the_memory_of_a_serverless_endpoint_is_limited_for_each() -> None:
    quotas.set_value(quotas.SERVERLESS_MEMORY, 3072)
    put_in_service("another", make_serverless_fleet(1, memory=3072))
    limits.check_fleet(make_serverless_fleet(1, memory=3072))
    assert (
        "'Memory size in MB per serverless endpoint' is 3072 MBs, with current utilization of 0 MBs and a "
        "request delta of 4096 MBs."
    ) in refusal(limits.check_fleet, make_serverless_fleet(1, memory=4096))


def test_each_operation_asks_and_an_increase_takes_effect(server: Server) -> None:
    """The types are such that no other test of this server has them."""
    sagemaker, service_quotas = server.client("sagemaker"), server.client("service-quotas")
    names = {
        f"{instance_type} for {use} usage": 0
        for instance_type, use in (
            ("ml.g5.xlarge", "training job"),
            ("ml.c5.xlarge", "transform job"),
            ("ml.c5.xlarge", "endpoint"),
        )
    }
    (server.home / "quotas.json").write_text(json.dumps(names))
    server.deploy_model("limited", 0.5)
    variant = {"VariantName": "AllTraffic", "ModelName": "limited"}
    for name in ("limited-1", "limited-2"):
        instances = {"InstanceType": "ml.c5.xlarge", "InitialInstanceCount": 1}
        sagemaker.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=[{**variant, **instances}]
        )
    resources = {"InstanceType": "ml.g5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 1}
    with pytest.raises(sagemaker.exceptions.ResourceLimitExceeded) as caught:
        server.train("limited", ResourceConfig=resources)
    assert caught.value.response["Error"]["Message"] == (
        "The account-level service limit 'ml.g5.xlarge for training job usage' is 0 Instances, with current "
        "utilization of 0 Instances and a request delta of 1 Instances. Please use AWS Service Quotas to "
        "request an increase for this quota. If AWS Service Quotas is not available, contact AWS support to "
        "request an increase for this quota."
    )
    transform = {"TransformResources": {"InstanceType": "ml.c5.xlarge", "InstanceCount": 1}}
    with pytest.raises(ClientError, match=r"'ml.c5\.xlarge for transform job usage' is 0 Instances"):
        server.transform("limited", "limited", "data/train/", **transform)
    endpoint = {"EndpointName": "limited", "EndpointConfigName": "limited-1"}
    with pytest.raises(ClientError, match=r"'ml.c5\.xlarge for endpoint usage' is 0 Instances"):
        sagemaker.create_endpoint(**endpoint)

    codes = {
        quota["QuotaName"]: quota["QuotaCode"]
        for page in service_quotas.get_paginator("list_service_quotas").paginate(ServiceCode="sagemaker")
        for quota in page["Quotas"]
    }
    for name in names:
        service_quotas.request_service_quota_increase(
            ServiceCode="sagemaker", QuotaCode=codes[name], DesiredValue=1
        )
    server.train("limited", ResourceConfig=resources)
    server.transform("limited", "limited", "data/train/", **transform)
    sagemaker.create_endpoint(**endpoint)
    assert server.endpoint_settled("limited")["EndpointStatus"] == "InService"
    # What is asked before a deploy reads the same from SageMaker's descriptions.
    (use,) = (
        use for use in list_uses(cast(Any, server)) if use.quota.startswith("ml.c5.xlarge for endpoint")
    )
    assert (use.name, use.count) == ("limited", 1)
    update = {**endpoint, "EndpointConfigName": "limited-2"}
    with pytest.raises(ClientError, match="current utilization of 1 Instances and a request delta of 1"):
        sagemaker.update_endpoint(**update)
    grown = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 2}]
    with pytest.raises(ClientError, match="current utilization of 1 Instances and a request delta of 1"):
        sagemaker.update_endpoint_weights_and_capacities(
            EndpointName="limited", DesiredWeightsAndCapacities=grown
        )
    service_quotas.request_service_quota_increase(
        ServiceCode="sagemaker", QuotaCode=codes["ml.c5.xlarge for endpoint usage"], DesiredValue=2
    )
    sagemaker.update_endpoint(**update)
    assert server.endpoint_settled("limited")["EndpointConfigName"] == "limited-2"
    assert server.finished("limited")["TrainingJobStatus"] == "Completed"
    assert server.transformed("limited")["TransformJobStatus"] == "Completed"
