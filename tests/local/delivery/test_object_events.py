"""What S3 tells EventBridge of objects that are made and deleted has AWS's shape, the version included."""

import json
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.delivery.object_events import EMPTY, complete
from tests.local.cloud_process import Cloud, eventually

KEY = "incoming/Grüße aus/ein+Foto (1).png"


def listen(cloud: Cloud, *, policy: bool = True, versioned: bool = True) -> tuple[str, str]:
    """Makes a bucket, and a queue that its events reach; returns the bucket's name and the queue's URL."""
    name = f"bucket-{uuid4().hex[:12]}"
    s3, sqs, events = (cloud.client(service) for service in ("s3", "sqs", "events"))
    s3.create_bucket(Bucket=name)
    if versioned:
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_notification_configuration(
        Bucket=name, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [name]}}}
    rule = events.put_rule(Name=name, EventPattern=json.dumps(pattern))["RuleArn"]
    if policy:
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": allow_rule(arn, rule)})
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
    return name, queue


def allow_rule(queue: str, rule: str) -> str:
    """Returns the policy that the CDK gives to a rule's queue."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def next_event(cloud: Cloud, queue: str) -> Any:
    """Takes the next event out of a queue."""
    sqs = cloud.client("sqs")
    (message,) = eventually(lambda: sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages"))
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return json.loads(message["Body"])


def put(cloud: Cloud, bucket: str) -> Any:
    return cloud.client("s3").put_object(Bucket=bucket, Key=KEY, Body=b"a photo")


def copy(cloud: Cloud, bucket: str) -> Any:
    s3 = cloud.client("s3")
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    s3.put_object(Bucket=bucket, Key="original.png", Body=b"a photo")
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    return s3.copy_object(Bucket=bucket, Key=KEY, CopySource={"Bucket": bucket, "Key": "original.png"})


def upload_in_parts(cloud: Cloud, bucket: str) -> Any:
    s3 = cloud.client("s3")
    upload = {
        "Bucket": bucket,
        "Key": KEY,
        "UploadId": s3.create_multipart_upload(Bucket=bucket, Key=KEY)["UploadId"],
    }
    part = s3.upload_part(**upload, PartNumber=1, Body=b"a photo")["ETag"]
    parts = {"Parts": [{"ETag": part, "PartNumber": 1}]}
    return s3.complete_multipart_upload(**upload, MultipartUpload=parts)


@pytest.mark.parametrize(
    ("make", "reason"),
    [(put, "PutObject"), (copy, "CopyObject"), (upload_in_parts, "CompleteMultipartUpload")],
    ids=["put", "copied", "uploaded in parts"],
)
def test_the_event_of_a_new_object_names_its_version_and_its_raw_key(
    make: Any, reason: str, cloud: Cloud
) -> None:
    bucket, queue = listen(cloud)
    made = make(cloud, bucket)
    event = next_event(cloud, queue)
    assert (event["source"], event["detail-type"]) == ("aws.s3", "Object Created")
    assert event["resources"] == [f"arn:aws:s3:::{bucket}"]
    detail = event["detail"]
    sequencer = detail["object"].pop("sequencer")
    assert int(sequencer, 16)
    etag = made.get("ETag") or made["CopyObjectResult"]["ETag"]
    assert detail["object"] == {
        "key": KEY,
        "size": 7,
        "etag": etag.strip('"'),
        "version-id": made["VersionId"],
    }
    assert (detail["bucket"], detail["reason"]) == ({"name": bucket}, reason)
    assert "deletion-type" not in detail


def test_the_event_of_a_deletion_names_the_marker_or_the_version(cloud: Cloud) -> None:
    bucket, queue = listen(cloud)
    s3 = cloud.client("s3")
    version = put(cloud, bucket)["VersionId"]
    next_event(cloud, queue)
    marker = s3.delete_object(Bucket=bucket, Key=KEY)["VersionId"]
    event = next_event(cloud, queue)
    assert event["detail-type"] == "Object Deleted"
    detail = event["detail"]
    assert (detail["reason"], detail["deletion-type"]) == ("DeleteObject", "Delete Marker Created")
    del detail["object"]["sequencer"]
    assert detail["object"] == {"key": KEY, "etag": EMPTY, "version-id": marker}
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": KEY, "VersionId": version}]})
    detail = next_event(cloud, queue)["detail"]
    assert (detail["reason"], detail["deletion-type"]) == ("DeleteObject", "Permanently Deleted")
    assert detail["object"]["version-id"] == version
    assert "size" not in detail["object"]


def test_a_bucket_without_versions_has_none_in_its_events(cloud: Cloud) -> None:
    bucket, queue = listen(cloud, versioned=False)
    put(cloud, bucket)
    assert "version-id" not in next_event(cloud, queue)["detail"]["object"]


def test_a_queue_whose_policy_does_not_let_the_rule_in_gets_nothing(cloud: Cloud) -> None:
    closed_bucket, closed = listen(cloud, policy=False)
    bucket, queue = listen(cloud)
    sqs = cloud.client("sqs")
    arn = sqs.get_queue_attributes(QueueUrl=closed, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events = cloud.client("events")
    (target,) = events.list_targets_by_rule(Rule=bucket)["Targets"]
    events.remove_targets(Rule=bucket, Ids=[target["Id"]])
    # In this order: once the one queue has the event, the other was asked before it.
    events.put_targets(Rule=bucket, Targets=[{"Id": "closed", "Arn": arn}, target])
    put(cloud, bucket)
    next_event(cloud, queue)
    attributes = sqs.get_queue_attributes(QueueUrl=closed, AttributeNames=["ApproximateNumberOfMessages"])
    assert attributes["Attributes"]["ApproximateNumberOfMessages"] == "0"
    rule = events.describe_rule(Name=closed_bucket)["Arn"]
    sqs.set_queue_attributes(QueueUrl=closed, Attributes={"Policy": allow_rule(arn, rule)})
    put(cloud, closed_bucket)
    assert next_event(cloud, closed)["detail"]["bucket"] == {"name": closed_bucket}


@given(st.text(min_size=1), st.text(), st.one_of(st.none(), st.text(min_size=1)))
def test_nothing_else_of_a_detail_is_changed(key: str, reason: str, version: str | None) -> None:
    made = {"object": {"key": key, "size": 1, "etag": "e"}, "reason": reason, "requester": "r"}
    completed = complete(made, version)
    assert completed["object"].pop("version-id", None) == version
    assert completed == made
