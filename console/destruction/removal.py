"""Removes what no stack does: the logs that AWS made by itself, and, if asked for, the data that stayed."""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from console.destruction.ownership import TAG, Ownership
from console.destruction.remains import Remain, list_job_streams
from evaluation.deployment import Deployment, EvaluationError
from lambdas.workflow import places

EMPTIER = "CustomS3AutoDelete"
"""How the CDK's name of the function goes on that empties the bucket."""


def remove_logs(deployment: Deployment, ownership: Ownership) -> list[str]:
    """Removes the log groups and streams that SageMaker and Lambda made of a deployment; returns their names.

    Jobs log into groups that are the account's. One goes with its last stream, unless somebody has set how
    long it keeps what is in it.
    """
    logs = deployment.client("logs")
    removed = []
    for group, stream in list(list_job_streams(deployment)):
        logs.delete_log_stream(logGroupName=group, logStreamName=stream)
        removed.append(f"{stream} in {group}")
    for name in (*_find_own_groups(logs, ownership), *_find_empty_groups(logs, removed)):
        logs.delete_log_group(logGroupName=name)
        removed.append(name)
    return removed


def remove_data(deployment: Deployment, remains: list[Remain]) -> list[str]:
    """Removes buckets, with all versions of what is in them, and tables; returns their names.

    Raises:
        EvaluationError: One does not bear the deployment's tag, whatever its name is.
    """
    removed = []
    for remain in (each for each in remains if each.is_data):
        tags = _read_tags(deployment, remain)
        if tags.get(TAG) != deployment.name:
            raise EvaluationError(
                f"The {remain.what} {remain.name} has no tag {TAG}={deployment.name}: if it is this "
                "deployment's, remove it by hand"
            )
        if remain.what == "bucket":
            s3 = deployment.client("s3")
            _empty(s3, remain.name)
            s3.delete_bucket(Bucket=remain.name)
        else:
            deployment.client("dynamodb").delete_table(TableName=remain.name)
        removed.append(remain.name)
    return removed


def _find_own_groups(logs: Any, ownership: Ownership) -> Iterator[str]:
    """Yields the groups of endpoints, and that of the function that emptied the bucket.

    Lambda makes the last one anew for the lines that come after its removal.
    """
    endpoints = {
        places.endpoint_log_group(places.endpoint_name(ownership.name, mode))
        for mode in places.ENDPOINT_MODES
    }
    emptier = f"/aws/lambda/{ownership.name}-storage-{EMPTIER}"
    for prefix in (places.endpoint_log_group(ownership.name), emptier):
        pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix)
        for name in [group["logGroupName"] for page in pages for group in page["logGroups"]]:
            if name in endpoints or name.startswith(emptier):
                yield name


def _find_empty_groups(logs: Any, removed: list[str]) -> Iterator[str]:
    """Yields the groups of jobs that a stream was removed from and that nobody needs any more."""
    for name in (places.TRAINING_JOBS_LOG_GROUP, places.TRANSFORM_JOBS_LOG_GROUP):
        if not any(each.endswith(f" in {name}") for each in removed):
            continue
        found = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        if any(group["logGroupName"] == name and "retentionInDays" not in group for group in found) and (
            not logs.describe_log_streams(logGroupName=name, limit=1)["logStreams"]
        ):
            yield name


def _read_tags(deployment: Deployment, remain: Remain) -> dict[str, str]:
    """Returns the tags of a bucket or table as its own service knows them."""
    if remain.what == "bucket":
        try:
            tags = deployment.client("s3").get_bucket_tagging(Bucket=remain.name)["TagSet"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchTagSet":
                raise
            return {}
    else:
        dynamodb = deployment.client("dynamodb")
        arn = dynamodb.describe_table(TableName=remain.name)["Table"]["TableArn"]
        tags = dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"]
    return {tag["Key"]: tag["Value"] for tag in tags}


def _empty(s3: Any, bucket: str) -> None:
    """Removes every version of every object, and every mark of a removal.

    Raises:
        EvaluationError: S3 refuses to remove one.
    """
    # A page holds no more than one request can remove.
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        versions = [
            {"Key": found["Key"], "VersionId": found["VersionId"]}
            for found in (*page.get("Versions", []), *page.get("DeleteMarkers", []))
        ]
        if versions:
            answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": versions, "Quiet": True})
            for error in answer.get("Errors", []):
                raise EvaluationError(f"s3://{bucket}/{error['Key']} is not removed: {error['Message']}")
