"""UpdateEndpointWeightsAndCapacities changes what is in service, within AWS's rules."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.sagemaker.server import Server, wait_for


@pytest.fixture(scope="module")
def server(server: Server) -> Server:
    for name, bias in (("heavy", 0.5), ("light", 0.25)):
        server.create_model(name, bias)
    variants = [
        {"VariantName": name, "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        for name in ("heavy", "light")
    ]
    variants[1]["InitialVariantWeight"] = 0.0
    sagemaker = server.client("sagemaker")
    for name in ("weighed", "weighed-2"):
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants)
    sagemaker.create_endpoint(EndpointName="weighed", EndpointConfigName="weighed")
    server.endpoint_settled("weighed")
    return server


def change(server: Server, *changes: dict[str, Any], endpoint: str = "weighed") -> Any:
    sagemaker = server.client("sagemaker")
    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=endpoint, DesiredWeightsAndCapacities=list(changes)
    )
    under_way = sagemaker.describe_endpoint(EndpointName=endpoint)
    return under_way, server.endpoint_settled(endpoint)


def told(endpoint: dict[str, Any], *members: str) -> list[tuple[Any, ...]]:
    return [tuple(variant[member] for member in members) for variant in endpoint["ProductionVariants"]]


def test_weights_and_counts_change_in_place_and_are_retained_by_an_update(server: Server) -> None:
    assert server.ask("weighed") == [0.5, 0.5]
    _, endpoint = change(
        server, {"VariantName": "heavy", "DesiredWeight": 0}, {"VariantName": "light", "DesiredWeight": 1}
    )
    assert told(endpoint, "VariantName", "CurrentWeight") == [("heavy", 0.0), ("light", 1.0)]
    assert {tuple(server.ask("weighed")) for _ in range(5)} == {(0.25, 0.75)}

    _, endpoint = change(server, {"VariantName": "light", "DesiredInstanceCount": 4})
    counts = told(endpoint, "CurrentInstanceCount", "DesiredInstanceCount")
    assert counts == [(1, 1), (4, 4)]
    server.ask("weighed")
    wait_for(lambda: total(server, "InvocationsPerInstance", "light", "weighed") % 1 == 0.25)

    server.client("sagemaker").update_endpoint(
        EndpointName="weighed", EndpointConfigName="weighed-2", RetainAllVariantProperties=True
    )
    endpoint = server.endpoint_settled("weighed")
    assert endpoint["EndpointConfigName"] == "weighed-2"
    assert told(endpoint, "CurrentWeight", "CurrentInstanceCount") == [(0.0, 1), (1.0, 4)]
    assert server.ask("weighed") == [0.25, 0.75]


def total(server: Server, metric: str, variant: str, config: str) -> float:
    now = datetime.now(UTC)
    dimensions = {"EndpointName": "weighed", "VariantName": variant, "EndpointConfigName": config}
    points = server.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=now - timedelta(minutes=10),
        EndTime=now + timedelta(minutes=1),
        Period=3600,
        Statistics=["Sum"],
    )["Datapoints"]
    return float(sum(point["Sum"] for point in points))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ([{"VariantName": "none", "DesiredWeight": 1}], "has no variant none"),
        ([{"VariantName": "heavy"}, {"VariantName": "heavy"}], "must be unique"),
        ([{"VariantName": "heavy", "DesiredInstanceCount": 0}], "must be at least 1"),
        (
            [{"VariantName": name, "DesiredInstanceCount": 2} for name in ("heavy", "light")],
            "capacity of one variant alone",
        ),
        (
            [{"VariantName": "heavy", "ServerlessUpdateConfig": {"MaxConcurrency": 2}}],
            "heavy is not serverless",
        ),
    ],
)
def test_a_change_that_aws_bars_is_refused(server: Server, changes: list[dict[str, Any]], words: str) -> None:
    before = server.client("sagemaker").describe_endpoint(EndpointName="weighed")["ProductionVariants"]
    with pytest.raises(ClientError, match=words) as caught:
        change(server, *changes)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    after = server.client("sagemaker").describe_endpoint(EndpointName="weighed")
    assert (after["EndpointStatus"], after["ProductionVariants"]) == ("InService", before)


def test_an_endpoint_that_is_not_there_has_no_capacity(server: Server) -> None:
    with pytest.raises(ClientError, match="Could not find endpoint"):
        change(server, {"VariantName": "a", "DesiredWeight": 1}, endpoint="nobody")


def test_a_serverless_variant_changes_its_concurrency_alone(server: Server) -> None:
    config = {"MemorySizeInMB": 2048, "MaxConcurrency": 5}
    variant = {"VariantName": "AllTraffic", "ModelName": "concurrent", "ServerlessConfig": config}
    server.put_in_service("concurrent", 0.5, ProductionVariants=[variant])
    _, endpoint = change(
        server,
        {"VariantName": "AllTraffic", "ServerlessUpdateConfig": {"MaxConcurrency": 9}},
        endpoint="concurrent",
    )
    assert endpoint["ProductionVariants"][0]["CurrentServerlessConfig"] == {**config, "MaxConcurrency": 9}
    with pytest.raises(ClientError, match="serverless and has no instances"):
        change(server, {"VariantName": "AllTraffic", "DesiredInstanceCount": 2}, endpoint="concurrent")
