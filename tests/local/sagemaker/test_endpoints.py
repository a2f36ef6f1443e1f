"""Endpoints answer as on AWS, while they are updated, when their server dies and when a model errs."""

import io
import os
import re
import signal
import tarfile
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.sagemaker.server import BUCKET, IMAGE, ROLE, Server, processes, wait_for


@pytest.fixture(scope="module")
def server(server: Server) -> Server:
    server.put_in_service("steady", 0.75)
    return server


def error_of(server: Server, body: bytes, name: str = "steady", **more: Any) -> Any:
    with pytest.raises(ClientError) as caught:
        server.client("sagemaker-runtime").invoke_endpoint(EndpointName=name, Body=body, **more)
    return caught.value.response


def server_processes(server: Server) -> list[int]:
    """Process ids of all model servers that the embedded cloud runs."""
    found = processes(f"--root {server.home}/sagemaker/endpoints/")
    return [pid for pid, command in found.items() if "supervisor" not in command]


def test_an_endpoint_answers_with_its_containers_body_and_type(server: Server) -> None:
    answer = server.client("sagemaker-runtime").invoke_endpoint(
        EndpointName="steady", ContentType="image/png", Accept="application/json", Body=b"image"
    )
    assert answer["ContentType"] == "application/json"
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    assert answer["Body"].read() == b"[0.75, 0.25]"


def test_an_endpoint_is_described_with_its_variant(server: Server) -> None:
    endpoint = server.client("sagemaker").describe_endpoint(EndpointName="steady")
    assert endpoint["EndpointConfigName"] == "steady"
    assert endpoint["ProductionVariants"][0]["CurrentInstanceCount"] == 1
    assert endpoint["LastModifiedTime"] >= endpoint["CreationTime"]


def test_an_endpoint_that_is_not_there_is_awss_validation_error(server: Server) -> None:
    error = error_of(server, b"image", "nobody")["Error"]
    assert error == {
        "Code": "ValidationError",
        "Message": "Endpoint nobody of account 000000000000 not found.",
    }


@pytest.mark.parametrize(
    ("status", "side"), [(400, "client"), (415, "client"), (500, "server"), (503, "server")]
)
def test_an_error_of_the_container_is_a_model_error_with_what_it_said(
    server: Server, status: int, side: str
) -> None:
    response = error_of(server, f"error {status} bad picture".encode())
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert response["Error"]["Code"] == "ModelError"
    assert response["OriginalStatusCode"] == status
    assert response["OriginalMessage"] == "bad picture"
    assert response["Error"]["Message"].startswith(
        f'Received {side} error ({status}) from primary with message "bad picture". See https://us-east-1.console'
    )
    group = (
        "arn:aws:logs:us-east-1:000000000000:log-group:/aws/sagemaker/Endpoints/steady:log-stream:AllTraffic/"
    )
    assert response["LogStreamArn"].startswith(group)


def test_a_body_beyond_awss_limit_is_refused(server: Server) -> None:
    error = error_of(server, b"x" * (6 * 1024 * 1024 + 1))["Error"]
    assert error["Code"] == "ValidationError"
    assert "less than or equal to 6291456" in error["Message"]


def test_an_unknown_variant_is_refused(server: Server) -> None:
    assert "Variant Other" in error_of(server, b"image", TargetVariant="Other")["Error"]["Message"]


def test_the_servers_output_is_in_the_endpoints_log_group(server: Server) -> None:
    logs = server.client("logs")
    group = "/aws/sagemaker/Endpoints/steady"
    stream = logs.describe_log_streams(logGroupName=group)["logStreams"][0]["logStreamName"]
    wait_for(lambda: logs.get_log_events(logGroupName=group, logStreamName=stream)["events"])


def test_invocations_are_counted_in_cloudwatch(server: Server) -> None:
    server.put_in_service("counted", 0.5, instances=2)
    for body in (b"image", b"sleep 0.2", b"error 400 bad", b"error 500 bad"):
        if body.startswith(b"error"):
            error_of(server, body, "counted")
        else:
            server.ask("counted", body)

    variant = {"EndpointName": "counted", "VariantName": "AllTraffic"}

    def points(metric: str, dimensions: dict[str, str]) -> list[dict[str, Any]]:
        now = datetime.now(UTC)
        found = server.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/SageMaker",
            MetricName=metric,
            Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
            StartTime=now - timedelta(minutes=10),
            EndTime=now + timedelta(minutes=1),
            Period=3600,
            Statistics=["Sum", "Maximum"],
        )
        return list(found["Datapoints"])

    # Once as the variant, and once more as the configuration that it came with.
    for dimensions in (variant, {**variant, "EndpointConfigName": "counted"}):

        def total(metric: str, dimensions: dict[str, str] = dimensions) -> float:
            return float(sum(point["Sum"] for point in points(metric, dimensions)))

        wait_for(lambda total=total: total("Invocations") == 4)
        assert total("InvocationsPerInstance") == 2
        assert total("Invocation4XXErrors") == total("Invocation5XXErrors") == 1
        assert total("InvocationModelErrors") == 2
        assert max(point["Maximum"] for point in points("ModelLatency", dimensions)) > 200_000
        overheads = points("OverheadLatency", dimensions)
        assert {point["Unit"] for point in overheads} == {"Microseconds"}
        assert max(point["Maximum"] for point in overheads) > 0


def test_many_requests_at_once_do_not_wait_for_each_other(server: Server) -> None:
    # None is answered before all are there.
    with ThreadPoolExecutor(20) as pool:
        assert all(pool.map(lambda _: server.ask("steady", b"meet"), range(20)))


def test_the_emulator_goes_on_while_a_model_thinks(server: Server, tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        thinking = pool.submit(server.ask, "steady", f"await {tmp_path / 'thought'}".encode())
        try:
            assert server.client("s3").list_buckets()["Buckets"]
            assert not thinking.done()
        finally:
            (tmp_path / "thought").touch()
        assert thinking.result() == [0.75, 0.25]


def test_no_request_goes_unanswered_while_an_endpoint_is_updated(server: Server) -> None:
    server.put_in_service("updated", 0.5)
    server.deploy_model("updated-2", 0.25)
    stop = threading.Event()
    answers: list[list[float]] = []

    def ask_on() -> None:
        while not stop.is_set():
            answers.append(server.ask("updated", b"sleep 0.05"))

    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask_on) for _ in range(4)]
        wait_for(lambda: len(answers) > 8)
        before = server_processes(server)
        server.client("sagemaker").update_endpoint(EndpointName="updated", EndpointConfigName="updated-2")
        assert server.endpoint_settled("updated")["EndpointConfigName"] == "updated-2"
        wait_for(lambda: answers[-1] == [0.25, 0.75])
        stop.set()
        for one in asking:
            one.result()
    assert [0.5, 0.5] in answers
    assert answers[-1] == [0.25, 0.75]
    wait_for(lambda: len(server_processes(server)) == len(before))


def test_an_endpoint_in_progress_is_left_alone(server: Server, tmp_path: Path) -> None:
    server.deploy_model("slow", 0.5, gate=tmp_path / "open")
    sagemaker = server.client("sagemaker")
    sagemaker.create_endpoint(EndpointName="slow", EndpointConfigName="slow")
    assert sagemaker.describe_endpoint(EndpointName="slow")["EndpointStatus"] == "Creating"
    with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
        sagemaker.update_endpoint(EndpointName="slow", EndpointConfigName="slow")
    with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
        sagemaker.delete_endpoint(EndpointName="slow")
    assert error_of(server, b"image", "slow")["Error"]["Code"] == "ValidationError"
    (tmp_path / "open").touch()
    assert server.endpoint_settled("slow")["EndpointStatus"] == "InService"


def test_an_update_that_fails_leaves_what_was_in_service(server: Server) -> None:
    server.deploy_model("broken", -1)
    server.client("sagemaker").update_endpoint(EndpointName="steady", EndpointConfigName="broken")
    endpoint = server.endpoint_settled("steady")
    assert endpoint["EndpointStatus"] == "InService"
    assert endpoint["EndpointConfigName"] == "steady"
    assert "did not pass the ping health check" in endpoint["FailureReason"]
    assert server.ask("steady") == [0.75, 0.25]


def test_an_endpoint_whose_server_does_not_start_fails_and_can_be_deleted(server: Server) -> None:
    server.deploy_model("stillborn", -1)
    before = server_processes(server)
    sagemaker = server.client("sagemaker")
    sagemaker.create_endpoint(EndpointName="stillborn", EndpointConfigName="stillborn")
    endpoint = server.endpoint_settled("stillborn")
    assert endpoint["EndpointStatus"] == "Failed"
    assert "production variant AllTraffic did not pass the ping health check" in endpoint["FailureReason"]
    assert server_processes(server) == before
    sagemaker.delete_endpoint(EndpointName="stillborn")
    wait_for(lambda: "stillborn" not in names(sagemaker))


def links_longer_than_a_path() -> list[tuple[str, str]]:
    """A chain of links at whose end, being longer than a path may be, ".." is overlooked (CVE-2025-4517)."""
    folder, links = "d" * 247, "abcdefghijklmnop"
    members = []
    for depth, link in enumerate(links):
        path = f"{folder}/" * depth
        members += [(f"{path}{folder}/", ""), (f"{path}{link}", folder)]
    far = "/".join(links) + "/" + "l" * 254
    return [*members, (far, "../" * 16), ("escape", f"{far}/.."), ("escape/pwned", "")]


@pytest.mark.parametrize(
    "members",
    [
        [("../pwned", "")],
        [("../../../pwned", "")],
        [("away", "../../.."), ("away/pwned", "")],
        links_longer_than_a_path(),
    ],
    ids=["a-name", "a-longer-name", "a-link", "links-longer-than-a-path"],
)
def test_a_hostile_model_fails_its_endpoint_in_one_line_and_writes_nothing_outside(
    server: Server, request: pytest.FixtureRequest, members: list[tuple[str, str]]
) -> None:
    name = f"hostile-{request.node.callspec.id}"
    server.deploy_model(name, 0.5)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for path, target in members:
            member = tarfile.TarInfo(path.rstrip("/"))
            kind = tarfile.DIRTYPE if path.endswith("/") else tarfile.REGTYPE
            member.type, member.linkname = tarfile.SYMTYPE if target else kind, target
            archive.addfile(member)
    server.client("s3").put_object(Bucket=BUCKET, Key=f"models/{name}.tar.gz", Body=packed.getvalue())
    server.client("sagemaker").create_endpoint(EndpointName=name, EndpointConfigName=name)
    endpoint = server.endpoint_settled(name)
    assert endpoint["EndpointStatus"] == "Failed"
    assert "The model archive cannot be unpacked: its member '" in endpoint["FailureReason"]
    assert len(endpoint["FailureReason"].splitlines()) == 1
    assert not list(server.home.parent.rglob("pwned"))


def names(sagemaker: Any) -> list[str]:
    return [endpoint["EndpointName"] for endpoint in sagemaker.list_endpoints(MaxResults=100)["Endpoints"]]


def test_a_server_that_dies_is_started_again_and_nobody_notices(server: Server) -> None:
    others = set(server_processes(server))
    server.put_in_service("mortal", 0.5)
    [its_process] = set(server_processes(server)) - others
    os.kill(its_process, signal.SIGKILL)
    assert server.ask("mortal") == [0.5, 0.5]
    [its_next] = set(server_processes(server)) - others
    assert its_next != its_process


def test_a_request_that_kills_every_server_is_a_model_error_and_the_next_one_is_answered(
    server: Server,
) -> None:
    response = error_of(server, b"die")
    assert response["Error"]["Code"] == "ModelError"
    assert response["OriginalStatusCode"] == 0
    assert response["OriginalMessage"].startswith(
        "Amazon SageMaker could not get a response from the steady endpoint. This can occur when CPU or"
    )
    assert server.ask("steady") == [0.75, 0.25]


def test_a_deleted_endpoint_answers_no_more_and_leaves_no_process(server: Server) -> None:
    before = server_processes(server)
    server.put_in_service("deleted", 0.5)
    sagemaker = server.client("sagemaker")
    sagemaker.delete_endpoint(EndpointName="deleted")
    assert error_of(server, b"image", "deleted")["Error"]["Code"] == "ValidationError"
    wait_for(lambda: "deleted" not in names(sagemaker))
    assert server_processes(server) == before
    with pytest.raises(ClientError, match='Could not find endpoint "arn:aws:sagemaker:'):
        sagemaker.describe_endpoint(EndpointName="deleted")


SERVERLESS = {"MemorySizeInMB": 2048, "MaxConcurrency": 5}


def serverless_variant(model: str, **changes: Any) -> dict[str, Any]:
    return {"VariantName": "AllTraffic", "ModelName": model, "ServerlessConfig": SERVERLESS, **changes}


@pytest.fixture(scope="module")
def serverless(server: Server) -> Server:
    server.put_in_service("serverless", 0.5, ProductionVariants=[serverless_variant("serverless")])
    return server


def test_a_serverless_endpoint_answers(serverless: Server) -> None:
    assert serverless.ask("serverless") == [0.5, 0.5]
    endpoint = serverless.client("sagemaker").describe_endpoint(EndpointName="serverless")
    assert endpoint["ProductionVariants"][0]["CurrentServerlessConfig"] == SERVERLESS


def test_a_serverless_endpoint_takes_four_mebibytes_and_no_more(serverless: Server) -> None:
    largest = 4 * 1024 * 1024
    assert serverless.ask("serverless", b"x" * largest) == [0.5, 0.5]
    assert serverless.ask("steady", b"x" * (largest + 1)) == [0.75, 0.25]
    error = error_of(serverless, b"x" * (largest + 1), "serverless")["Error"]
    assert error["Code"] == "ValidationError"
    assert re.fullmatch(r"Request [0-9a-f-]{36} has oversize body\.", error["Message"])


def test_a_real_time_endpoint_cannot_become_serverless_and_goes_on_answering(server: Server) -> None:
    server.put_in_service("real-time", 0.5)
    server.deploy_model("real-time-2", 0.25, ProductionVariants=[serverless_variant("real-time-2")])
    sagemaker = server.client("sagemaker")
    with pytest.raises(ClientError, match="Cannot update real-time endpoint") as caught:
        sagemaker.update_endpoint(EndpointName="real-time", EndpointConfigName="real-time-2")
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    endpoint = sagemaker.describe_endpoint(EndpointName="real-time")
    assert (endpoint["EndpointStatus"], endpoint["EndpointConfigName"]) == ("InService", "real-time")
    assert server.ask("real-time") == [0.5, 0.5]


def test_a_serverless_endpoint_can_become_real_time_and_not_go_back(server: Server) -> None:
    server.put_in_service("one-way", 0.5, ProductionVariants=[serverless_variant("one-way")])
    server.deploy_model("one-way-2", 0.25)
    sagemaker = server.client("sagemaker")
    sagemaker.update_endpoint(EndpointName="one-way", EndpointConfigName="one-way-2")
    assert server.endpoint_settled("one-way")["EndpointConfigName"] == "one-way-2"
    assert server.ask("one-way") == [0.25, 0.75]
    with pytest.raises(ClientError, match="Cannot update real-time endpoint"):
        sagemaker.update_endpoint(EndpointName="one-way", EndpointConfigName="one-way")


@pytest.mark.parametrize(
    ("variant", "config", "words"),
    [
        ({"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}, {}, "does not support instances"),
        ({"ServerlessConfig": {**SERVERLESS, "MemorySizeInMB": 1500}}, {}, "in 1 GB increments"),
        ({"ServerlessConfig": {**SERVERLESS, "ProvisionedConcurrency": 6}}, {}, "ProvisionedConcurrency"),
        ({}, {"EnableNetworkIsolation": True}, "does not support network isolation"),
        ({"ModelName": "isolated"}, {}, "does not support network isolation"),
        ({}, {"VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}}, "VPC configuration"),
        (
            {},
            {
                "DataCaptureConfig": {
                    "EnableCapture": True,
                    "InitialSamplingPercentage": 100,
                    "DestinationS3Uri": "s3://scones-data/captured",
                    "CaptureOptions": [{"CaptureMode": "Input"}],
                }
            },
            "does not support data capture",
        ),
    ],
)
def test_what_serverless_inference_excludes_is_refused(
    serverless: Server, variant: dict[str, Any], config: dict[str, Any], words: str
) -> None:
    sagemaker = serverless.client("sagemaker")
    if variant.get("ModelName") == "isolated":
        model = sagemaker.describe_model(ModelName="serverless")
        sagemaker.create_model(
            ModelName="isolated",
            ExecutionRoleArn=ROLE,
            PrimaryContainer=model["PrimaryContainer"],
            EnableNetworkIsolation=True,
        )
    with pytest.raises(ClientError, match=words):
        sagemaker.create_endpoint_config(
            EndpointConfigName="excluded",
            ProductionVariants=[serverless_variant("serverless", **variant)],
            **config,
        )


def test_a_serverless_variant_stands_alone(serverless: Server) -> None:
    both = [serverless_variant("serverless"), serverless_variant("serverless", VariantName="other")]
    with pytest.raises(ClientError, match="does not support multiple production variants"):
        serverless.client("sagemaker").create_endpoint_config(
            EndpointConfigName="pair", ProductionVariants=both
        )


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (
            {"TargetModel": "other.tar.gz"},
            "Endpoint steady is not a multi-model endpoint and does not support target model header.",
        ),
        ({"TargetContainerHostname": "second"}, "Endpoint steady is not a multi-container endpoint"),
        ({"InferenceComponentName": "part"}, "Endpoint steady has no inference components"),
    ],
)
def test_what_only_other_kinds_of_endpoints_have_cannot_be_asked_for(
    server: Server, asked: dict[str, str], words: str
) -> None:
    error = error_of(server, b"image", **asked)["Error"]
    assert error["Code"] == "ValidationError"
    assert error["Message"].startswith(words)


def test_traffic_is_shared_by_weight_and_one_variant_can_be_asked_for(server: Server) -> None:
    server.deploy_model("a", 0.5)
    server.deploy_model("b", 0.25)
    variants = [
        {"VariantName": name, "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        for name in ("a", "b")
    ]
    variants[1]["InitialVariantWeight"] = 0.0
    sagemaker = server.client("sagemaker")
    sagemaker.create_endpoint_config(EndpointConfigName="both", ProductionVariants=variants)
    sagemaker.create_endpoint(EndpointName="both", EndpointConfigName="both")
    server.endpoint_settled("both")
    assert {tuple(server.ask("both")) for _ in range(5)} == {(0.5, 0.5)}
    answer = server.client("sagemaker-runtime").invoke_endpoint(
        EndpointName="both", Body=b"image", TargetVariant="b"
    )
    assert answer["InvokedProductionVariant"] == "b"


def test_a_model_needs_its_data_and_its_role(server: Server) -> None:
    sagemaker = server.client("sagemaker")
    container = {"Image": IMAGE, "ModelDataUrl": "s3://scones-data/models/none.tar.gz"}
    with pytest.raises(ClientError, match="Could not find model data at s3://scones-data/models/none"):
        sagemaker.create_model(ModelName="none", ExecutionRoleArn=ROLE, PrimaryContainer=container)
    with pytest.raises(ClientError, match="Could not assume role"):
        sagemaker.create_model(ModelName="none", ExecutionRoleArn=f"{ROLE}-not", PrimaryContainer=container)


def test_names_are_used_once_and_must_be_there(server: Server) -> None:
    sagemaker = server.client("sagemaker")
    variant = {"VariantName": "v", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    variant["ModelName"] = "none"
    with pytest.raises(ClientError, match='Could not find model "arn:aws:sagemaker:'):
        sagemaker.create_endpoint_config(EndpointConfigName="none", ProductionVariants=[variant])
    variant["ModelName"] = "steady"
    with pytest.raises(ClientError, match="Cannot create already existing endpoint configuration"):
        sagemaker.create_endpoint_config(EndpointConfigName="steady", ProductionVariants=[variant])
    with pytest.raises(ClientError, match="Cannot create already existing endpoint "):
        sagemaker.create_endpoint(EndpointName="steady", EndpointConfigName="steady")
    with pytest.raises(ClientError, match="Could not find endpoint configuration"):
        sagemaker.create_endpoint(EndpointName="none", EndpointConfigName="none")


def test_a_model_is_described_as_aws_does_and_served_however_its_data_are_named(server: Server) -> None:
    server.create_model("by-url", 0.25)
    sagemaker = server.client("sagemaker")
    [by_url] = [sagemaker.describe_model(ModelName="by-url")["PrimaryContainer"]]
    source = {"S3Uri": by_url["ModelDataUrl"], "S3DataType": "S3Object", "CompressionType": "Gzip"}
    described = {"Mode": "SingleModel", "ModelDataSource": {"S3DataSource": source}}
    assert by_url.items() >= described.items()
    sagemaker.create_model(
        ModelName="by-source",
        ExecutionRoleArn=ROLE,
        PrimaryContainer={"Image": IMAGE, "ModelDataSource": {"S3DataSource": source}},
    )
    assert sagemaker.describe_model(ModelName="by-source")["PrimaryContainer"] == by_url
    variant = {"VariantName": "v", "ModelName": "by-source", "InstanceType": "ml.m5.large"}
    sagemaker.create_endpoint_config(
        EndpointConfigName="by-source", ProductionVariants=[{**variant, "InitialInstanceCount": 1}]
    )
    sagemaker.create_endpoint(EndpointName="by-source", EndpointConfigName="by-source")
    server.endpoint_settled("by-source")
    assert server.ask("by-source") == [0.25, 0.75]


def test_a_model_that_is_no_archive_is_refused_with_what_is_served(server: Server) -> None:
    source = {"S3Uri": f"s3://{BUCKET}/models/", "S3DataType": "S3Prefix", "CompressionType": "None"}
    container = {"Image": IMAGE, "ModelDataSource": {"S3DataSource": source}}
    with pytest.raises(ClientError, match=r"S3Prefix, None .* Use S3Object and Gzip"):
        server.client("sagemaker").create_model(
            ModelName="folder", ExecutionRoleArn=ROLE, PrimaryContainer=container
        )
