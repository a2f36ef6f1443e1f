"""Transform jobs run as on AWS: each object through the container, answers beside it, failures, ends."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sagemaker_server import BUCKET, Server, running

GROUP = "/aws/sagemaker/TransformJobs"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("cloud") / "home") as running_server:
        running_server.create_model("sure", 0.75)
        yield running_server


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


def refusal(server: Server, **changes: Any) -> str:
    with pytest.raises(ClientError) as caught:
        server.transform("none", **{"model": "sure", "prefix": "data/train/", **changes})
    return str(caught.value)


def test_every_object_of_a_prefix_gets_its_answer(server: Server) -> None:
    server.transform("whole", "sure", put(server, "whole/in/", a="x", bicycle__b="x", bicycle__c="x"))
    job = server.transformed("whole")
    assert job["TransformJobStatus"] == "Completed", job
    assert "FailureReason" not in job
    assert job["CreationTime"] <= job["TransformStartTime"] <= job["TransformEndTime"]
    answer = "[0.75, 0.25]"
    assert outputs(server, "whole") == dict.fromkeys(
        ["a.png.out", "bicycle/b.png.out", "bicycle/c.png.out"], answer
    )
    assert not list((server.home / "sagemaker" / "transforms").iterdir())
