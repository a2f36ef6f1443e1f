"""A deployment of the storage stack's parameters and bucket in moto, and what was staged for it."""

from typing import Any

import boto3

BUCKET = "scones-bucket"


def deploy(**where: Any) -> None:
    boto3.client("s3", **where).create_bucket(Bucket=BUCKET)
    ssm = boto3.client("ssm", **where)
    ssm.put_parameter(Name="/scones/bucket", Value=BUCKET, Type="String")
    ssm.put_parameter(Name="/scones/dataset", Value="not-staged", Type="String")


def staged_id(**where: Any) -> str:
    return boto3.client("ssm", **where).get_parameter(Name="/scones/dataset")["Parameter"]["Value"]


def keys(bucket: str = BUCKET, **where: Any) -> set[str]:
    pages = boto3.client("s3", **where).get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {entry["Key"] for page in pages for entry in page.get("Contents", [])}
