"""Transform jobs run as on AWS: each object through the container, answers beside it, failures, ends."""

import json
import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.sagemaker.server import (
    BUCKET,
    IMAGE,
    ROLE,
    Server,
    processes,
    transform_input,
    wait_for,
)

GROUP = "/aws/sagemaker/TransformJobs"


@pytest.fixture(scope="module")
def server(server: Server) -> Server:
    server.create_model("sure", 0.75)
    return server


def put(server: Server, prefix: str, **objects: str) -> str:
    """Puts objects under a prefix, ``__`` in their names for a slash, and returns it."""
    for name, body in objects.items():
        key = f"{prefix}{name.replace('__', '/')}.png"
        server.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body.encode())
    return prefix


def outputs(server: Server, name: str) -> dict[str, str]:
    """Returns what a job has stored, by the key below its output path."""
    s3, prefix = server.client("s3"), f"transformed/{name}/"
    found = s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
    return {
        item["Key"].removeprefix(prefix): s3.get_object(Bucket=BUCKET, Key=item["Key"])["Body"]
        .read()
        .decode()
        for item in found
    }


def log_of(server: Server, name: str, *, data: bool) -> list[str]:
    """Returns the lines of a job's data log, or of its container."""
    logs = server.client("logs")
    streams = logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=f"{name}/i-")["logStreams"]
    for stream in (stream["logStreamName"] for stream in streams):
        if stream.endswith("/data-log") == data:
            events = logs.get_log_events(logGroupName=GROUP, logStreamName=stream, startFromHead=True)
            return [event["message"] for event in events["events"]]
    return []


def refusal(server: Server, *, model: str = "sure", **changes: Any) -> str:
    with pytest.raises(ClientError) as caught:
        server.transform("none", model, "data/train/", **changes)
    return str(caught.value)


def reading_role(server: Server) -> str:
    """Returns a role that may read the bucket and nothing else."""
    iam = server.client("iam")
    trust = json.dumps(iam.get_role(RoleName=ROLE.rpartition("/")[2])["Role"]["AssumeRolePolicyDocument"])
    role = iam.create_role(RoleName="reader", AssumeRolePolicyDocument=trust)["Role"]
    allowed = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_role_policy(RoleName="reader", PolicyName="read", PolicyDocument=policy)
    return str(role["Arn"])


def test_every_object_of_a_prefix_gets_its_answer(server: Server) -> None:
    server.transform("whole", "sure", put(server, "whole/in/", a="x", bicycle__b="x", bicycle__c="x"))
    job = server.transformed("whole")
    assert job["TransformJobStatus"] == "Completed", job
    assert "FailureReason" not in job
    assert job["CreationTime"] <= job["TransformStartTime"] <= job["TransformEndTime"]
    keys = ["a.png.out", "bicycle/b.png.out", "bicycle/c.png.out"]
    assert outputs(server, "whole") == dict.fromkeys(keys, "[0.75, 0.25]")
    assert log_of(server, "whole", data=False)[0] == "serving"
    assert log_of(server, "whole", data=True)[0].endswith(
        ":[sagemaker logs]: MaxConcurrentTransforms=1, MaxPayloadInMB=6, BatchStrategy=SINGLE_RECORD"
    )
    assert not list((server.home / "sagemaker" / "jobs").iterdir())


@pytest.mark.parametrize("uri", ["prefix/in", "prefix/in/", "prefix/in/a.png"])
def test_an_answers_key_is_the_objects_below_the_prefix(server: Server, uri: str) -> None:
    put(server, "prefix/in/", a="x")
    name = f"below-{len(uri)}"
    server.transform(name, "sure", uri)
    server.transformed(name)
    assert list(outputs(server, name)) == ["a.png.out"]


def test_the_container_is_told_what_the_request_says(server: Server) -> None:
    server.create_model("telling", 0.5, Environment={"FIRST": "model", "SECOND": "model"})
    server.transform(
        "telling",
        "telling",
        put(server, "telling/in/", a="tell me"),
        TransformOutput={
            "S3OutputPath": f"s3://{BUCKET}/transformed/telling/",
            "Accept": "application/jsonlines",
            "AssembleWith": "Line",
        },
        Environment={"SECOND": "job"},
        MaxConcurrentTransforms=2,
        MaxPayloadInMB=3,
        BatchStrategy="MultiRecord",
    )
    server.transformed("telling")
    body = outputs(server, "telling")["a.png.out"]
    assert body.endswith("}\n")
    told = json.loads(body)
    assert told["headers"]["Content-Type"] == "application/x-image"
    assert told["headers"]["Accept"] == "application/jsonlines"
    given = {"FIRST": "model", "SECOND": "job"}
    batch = {
        "SAGEMAKER_BATCH": "true",
        "SAGEMAKER_BATCH_STRATEGY": "MULTI_RECORD",
        "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": "2",
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": "3",
    }
    assert {**given, **batch}.items() <= told["environment"].items()
    assert not [name for name in told["environment"] if name.startswith("AWS_")]


def test_as_many_requests_as_the_job_says_are_under_way_at_once(server: Server) -> None:
    prefix = put(server, "many/in/", **{f"meets-{number}": "meet" for number in range(20)})
    server.transform("many", "sure", prefix, MaxConcurrentTransforms=20, MaxPayloadInMB=1)
    assert server.transformed("many", 60)["TransformJobStatus"] == "Completed"
    assert len(outputs(server, "many")) == 20


def test_an_object_that_the_container_refuses_fails_the_job_and_no_other_object(server: Server) -> None:
    server.transform("refused", "sure", put(server, "refused/in/", a="x", b="error 400 no picture", c="x"))
    job = server.transformed("refused")
    assert job["TransformJobStatus"] == "Failed"
    assert job["FailureReason"] == "ClientError: See job logs for more information"
    assert sorted(outputs(server, "refused")) == ["a.png.out", "c.png.out"]
    lines = [line.partition("]: ")[2] for line in log_of(server, "refused", data=True)[1:]]
    key = f"{BUCKET}/refused/in/b.png"
    assert lines == [f"{key}: {said}" for said in ("ClientError: 400", "", "Message:", "no picture")]


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ("error 500 no idea", "AlgorithmError: 500"),
        ("die", "Unable to get response from algorithm"),
        ("sleep 30", "Model server did not respond to /invocations request within 1 seconds"),
    ],
)
def test_a_container_that_gives_no_answer_is_the_algorithms_error(
    server: Server, order: str, said: str
) -> None:
    name = f"broken-{order.split()[0]}"
    settings = {"InvocationsTimeoutInSeconds": 1 if "sleep" in order else 600, "InvocationsMaxRetries": 0}
    server.transform(name, "sure", put(server, f"{name}/", a=order), ModelClientConfig=settings)
    assert server.transformed(name)["FailureReason"] == "AlgorithmError: See job logs for more information"
    assert f"{BUCKET}/{name}/a.png: {said}" in log_of(server, name, data=True)[1]


@pytest.mark.parametrize(("status", "requests"), [(400, 1), (500, 3)])
def test_only_what_fails_on_the_containers_side_is_asked_again(
    server: Server, status: int, requests: int
) -> None:
    name = f"again-{status}"
    settings = {"InvocationsTimeoutInSeconds": 600, "InvocationsMaxRetries": 2}
    prefix = put(server, f"{name}/", a=f"error {status} no")
    server.transform(name, "sure", prefix, ModelClientConfig=settings)
    server.transformed(name)
    assert "".join(log_of(server, name, data=False)).count("POST /invocations") == requests


def test_an_object_larger_than_the_payload_is_not_sent(server: Server) -> None:
    server.transform("large", "sure", put(server, "large/in/", a="x" * (1024 * 1024 + 1)), MaxPayloadInMB=1)
    assert server.transformed("large")["FailureReason"] == "ClientError: See job logs for more information"
    assert log_of(server, "large", data=True)[1].endswith("a.png: Too much data for max payload size")


def test_a_model_that_cannot_be_loaded_fails_the_job(server: Server) -> None:
    server.create_model("ending", -1)
    server.transform("ending", "ending", "data/train/")
    job = server.transformed("ending")
    assert job["FailureReason"] == "AlgorithmError: Model container failed to respond to ping"


def test_a_model_whose_data_are_gone_fails_the_job(server: Server) -> None:
    server.create_model("gone", 0.5)
    server.client("s3").delete_object(Bucket=BUCKET, Key="models/gone.tar.gz")
    server.transform("gone", "gone", "data/train/")
    reason = server.transformed("gone")["FailureReason"]
    assert reason.startswith("ClientError: Failed to download model data")


def test_a_prefix_without_objects_fails_the_job(server: Server) -> None:
    server.transform("empty", "sure", "nothing/")
    reason = server.transformed("empty")["FailureReason"]
    assert reason == f"ClientError: No S3 objects found under S3 URL 's3://{BUCKET}/nothing/'."


def test_a_job_may_do_what_its_models_role_may(server: Server) -> None:
    server.create_model("reading", 0.5)
    url = f"s3://{BUCKET}/models/reading.tar.gz"
    server.client("sagemaker").create_model(
        ModelName="read-only",
        ExecutionRoleArn=reading_role(server),
        PrimaryContainer={"Image": IMAGE, "ModelDataUrl": url},
    )
    server.transform("read-only", "read-only", "data/train/")
    reason = server.transformed("read-only")["FailureReason"]
    assert reason.startswith("ClientError: Output upload failed: ")
    assert "role/reader" in reason.replace("assumed-role", "role")
    assert "not authorized to perform: s3:PutObject" in reason
    assert "Its log is not written: " in reason
    assert outputs(server, "read-only") == {}


def test_a_stopped_job_stores_nothing(server: Server) -> None:
    gate = server.home / "answer"
    server.transform("stopped", "sure", put(server, "stopped/in/", a="x", b=f"await {gate}"))
    wait_for(lambda: "POST /invocations" in "".join(log_of(server, "stopped", data=False)))
    sagemaker = server.client("sagemaker")
    assert sagemaker.describe_transform_job(TransformJobName="stopped")["TransformJobStatus"] == "InProgress"
    sagemaker.stop_transform_job(TransformJobName="stopped")
    assert sagemaker.describe_transform_job(TransformJobName="stopped")["TransformJobStatus"] == "Stopping"
    gate.touch()
    job = server.transformed("stopped")
    assert job["TransformJobStatus"] == "Stopped"
    assert "FailureReason" not in job
    assert outputs(server, "stopped") == {}
    assert not processes(f"{server.home}/sagemaker/jobs/")
    with pytest.raises(ClientError, match="rejected because the transform job is in status Stopped"):
        sagemaker.stop_transform_job(TransformJobName="stopped")


def test_a_job_can_be_stopped_before_its_container_answers(server: Server) -> None:
    gate = server.home / "gate"
    server.create_model("gated", 0.5, gate=gate)
    server.transform("gated", "gated", "data/train/")
    server.client("sagemaker").stop_transform_job(TransformJobName="gated")
    assert server.transformed("gated")["TransformJobStatus"] == "Stopped"


@pytest.mark.parametrize(
    ("member", "value", "supported"),
    [("CompressionType", "Gzip", "None"), ("SplitType", "Line", "None"), ("SplitType", "RecordIO", "None")],
)
def test_what_would_cut_an_object_up_is_refused(
    server: Server, member: str, value: str, supported: str
) -> None:
    message = refusal(server, TransformInput={**transform_input("data/train/"), member: value})
    assert f"{member} '{value}' is not supported" in message
    assert f"Use '{supported}'." in message


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": "none"}, "Could not find model"),
        ({"DataProcessing": {"JoinSource": "Input"}}, "DataProcessing is not supported"),
        ({"DataCaptureConfig": {"DestinationS3Uri": "s3://b/c"}}, "DataCaptureConfig is not supported"),
        ({"TransformOutput": {"S3OutputPath": "https://bucket/out"}}, "is not an s3:// address"),
        ({"MaxPayloadInMB": 0}, "MaxPayloadInMB 0 .* Set it to 1 to 100"),
        ({"MaxPayloadInMB": 101}, "it cannot exceed 100 MB"),
        ({"MaxConcurrentTransforms": 17}, r"is 17 \* 6; it cannot exceed 100 MB"),
        (
            {"TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 2}},
            "InstanceCount 2 is not supported by the embedded cloud",
        ),
    ],
)
def test_what_cannot_be_done_is_refused_before_the_job(
    server: Server, changes: dict[str, Any], message: str
) -> None:
    assert re.search(message, refusal(server, **changes))


def test_a_description_has_what_aws_fills_in(server: Server) -> None:
    unprocessed = {"InputFilter": "$", "OutputFilter": "$", "JoinSource": "None"}
    for name, given in (("plain", {}), ("unprocessed", {"DataProcessing": {"InputFilter": "$"}})):
        server.transform(name, "sure", "data/train/", **given)
        job = server.transformed(name)
        assert job["TransformJobStatus"] == "Completed"
        assert job["DataProcessing"] == unprocessed
        assert (job["TransformOutput"]["AssembleWith"], job["TransformOutput"]["KmsKeyId"]) == ("None", "")


def test_a_manifest_is_refused(server: Server) -> None:
    source = {"S3DataSource": {"S3DataType": "ManifestFile", "S3Uri": f"s3://{BUCKET}/manifest.json"}}
    message = refusal(server, TransformInput={"DataSource": source})
    assert "S3DataType 'ManifestFile' is not supported" in message


def test_a_name_is_used_once(server: Server) -> None:
    server.transform("none", "sure", "data/train/")
    server.transformed("none")
    assert "(ResourceInUse)" in refusal(server)


def test_a_job_that_is_not_there_is_awss_error(server: Server) -> None:
    with pytest.raises(
        ClientError, match=r"\(ValidationException\).*Could not find requested job with name: x"
    ):
        server.client("sagemaker").describe_transform_job(TransformJobName="x")


def test_jobs_are_listed_by_name_and_status(server: Server) -> None:
    for name, prefix in (("listed-1", "data/train/"), ("listed-2", "nothing/")):
        server.transform(name, "sure", prefix)
        server.transformed(name)
    sagemaker = server.client("sagemaker")

    def listed(**filters: str) -> list[str]:
        found = sagemaker.list_transform_jobs(NameContains="listed", **filters)["TransformJobSummaries"]
        return [job["TransformJobName"] for job in found]

    assert listed() == ["listed-2", "listed-1"]
    assert listed(StatusEquals="Failed") == ["listed-2"]
    assert listed(SortBy="Name", SortOrder="Ascending") == ["listed-1", "listed-2"]


def test_tags_of_a_job_are_its_own(server: Server) -> None:
    server.transform("tagged", "sure", "data/train/", Tags=[{"Key": "a", "Value": "1"}])
    arn = server.transformed("tagged")["TransformJobArn"]
    assert arn == "arn:aws:sagemaker:us-east-1:000000000000:transform-job/tagged"
    sagemaker = server.client("sagemaker")
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "b", "Value": "2"}])
    assert [tag["Key"] for tag in sagemaker.list_tags(ResourceArn=arn)["Tags"]] == ["a", "b"]
