"""A state machine copies an object, a version of it too, as its role allows, and sees AWS's errors."""

import json
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest

from tests.local.cloud_process import Cloud

KEY = "incoming/Grüße aus/ein+Foto 100% (1).png"


@pytest.fixture
def bucket(cloud: Cloud) -> str:
    """A bucket that keeps versions, with two of one photo."""
    name = f"bucket-{uuid4().hex[:12]}"
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def put(cloud: Cloud, bucket: str, body: bytes) -> str:
    return str(cloud.client("s3").put_object(Bucket=bucket, Key=KEY, Body=body)["VersionId"])


def allow(bucket: str, read: str = "s3:GetObject", write: str = "s3:PutObject") -> list[dict[str, Any]]:
    return [
        {"Effect": "Allow", "Action": read, "Resource": f"arn:aws:s3:::{bucket}/incoming/*"},
        {"Effect": "Allow", "Action": write, "Resource": f"arn:aws:s3:::{bucket}/review/*"},
    ]


def copy(
    cloud: Cloud,
    bucket: str,
    statements: list[dict[str, Any]],
    *,
    key: str = KEY,
    version: str = "",
    to: str = f"review/{KEY}",
) -> Any:
    """Runs a machine that copies a photo, and returns its description."""
    source = quote(f"{bucket}/{key}") + (f"?versionId={version}" if version else "")
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:s3:copyObject",
        "Arguments": {"Bucket": bucket, "Key": to, "CopySource": source},
        "End": True,
    }
    return cloud.execute({"Copy": task}, "Copy", role=cloud.role(*statements))


def read(cloud: Cloud, bucket: str, key: str) -> bytes:
    return bytes(cloud.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())


def list_keys(cloud: Cloud, bucket: str) -> list[str]:
    return [found["Key"] for found in cloud.client("s3").list_objects_v2(Bucket=bucket).get("Contents", [])]


def test_the_newest_version_is_copied_under_any_key_and_nothing_else_is_written(
    cloud: Cloud, bucket: str
) -> None:
    put(cloud, bucket, b"old")
    put(cloud, bucket, b"new")
    ended = copy(cloud, bucket, allow(bucket))
    assert ended["status"] == "SUCCEEDED", ended["cause"]
    output = json.loads(ended["output"])
    head = cloud.client("s3").head_object(Bucket=bucket, Key=f"review/{KEY}")
    assert output["CopyObjectResult"]["ETag"] == head["ETag"]
    assert output["VersionId"] == head["VersionId"]
    assert read(cloud, bucket, f"review/{KEY}") == b"new"
    assert list_keys(cloud, bucket) == [KEY, f"review/{KEY}"]


def test_a_named_version_is_copied_and_is_asked_for_by_its_own_action(cloud: Cloud, bucket: str) -> None:
    old = put(cloud, bucket, b"old")
    put(cloud, bucket, b"new")
    refused = copy(cloud, bucket, allow(bucket), version=old)
    assert refused["error"] == "S3.S3Exception"
    assert "is not authorized to perform: s3:GetObjectVersion on resource: " in refused["cause"]
    ended = copy(cloud, bucket, allow(bucket, read="s3:GetObjectVersion"), version=old)
    assert json.loads(ended["output"])["CopySourceVersionId"] == old
    assert read(cloud, bucket, f"review/{KEY}") == b"old"


@pytest.mark.parametrize(
    ("statements", "action"),
    [({"read": "s3:GetObjectTagging"}, "s3:GetObject"), ({"write": "s3:PutObjectTagging"}, "s3:PutObject")],
    ids=["reading", "writing"],
)
def test_a_role_that_may_not_read_or_write_copies_nothing(
    statements: dict[str, str], action: str, cloud: Cloud, bucket: str
) -> None:
    put(cloud, bucket, b"a photo")
    refused = copy(cloud, bucket, allow(bucket, **statements))
    assert refused["error"] == "S3.S3Exception"
    assert f"is not authorized to perform: {action} on resource: " in refused["cause"]
    assert list_keys(cloud, bucket) == [KEY]


def test_an_object_that_is_gone_is_no_such_key(cloud: Cloud, bucket: str) -> None:
    ended = copy(cloud, bucket, allow(bucket), key="incoming/gone.png")
    assert ended["error"] == "S3.NoSuchKeyException"
    assert list_keys(cloud, bucket) == []


def test_what_s3_has_no_class_of_errors_for_has_the_common_one(cloud: Cloud, bucket: str) -> None:
    put(cloud, bucket, b"a photo")
    ended = copy(cloud, bucket, allow(bucket, read="s3:GetObjectVersion"), version=uuid4().hex)
    assert ended["error"] == "S3.S3Exception"
    assert "version does not exist" in ended["cause"]
