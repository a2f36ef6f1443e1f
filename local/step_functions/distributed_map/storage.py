"""Reads from and writes to S3 as the state machine's role, so that its policies decide as on AWS.

https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from ministack.services import stepfunctions

from local.clients import make_client
from local.iam.access import assume_role, find_denial

Document = dict[str, Any]
SESSION = "StepFunctions"


@contextmanager
def fail_as(error: str) -> Iterator[None]:
    """Has a state fail with an error where S3 refuses what is asked of it, or cannot be asked at all."""
    try:
        yield
    except ClientError as refused:
        answer = refused.response
        status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
        code, message = answer["Error"]["Code"], answer["Error"].get("Message", "")
        cause = f"{message} (Service: Amazon S3; Status Code: {status}; Error Code: {code})"
        raise stepfunctions._ExecutionError(error, cause) from None
    except BotoCoreError as refused:
        raise stepfunctions._ExecutionError(error, str(refused)) from None


class Storage:
    """S3 as a role sees it.

    Args:
        role: ARN of the role.
    """

    def __init__(self, role: str) -> None:
        self._role = role
        self._client = make_client("s3", role, SESSION)

    def list_objects(self, bucket: str, prefix: str) -> Iterator[Document]:
        """Yields what a bucket holds under a prefix, page by page, as a Map state sees an object."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for page in pages:
            for listed in page.get("Contents", []):
                yield {
                    "Etag": listed["ETag"],
                    "Key": listed["Key"],
                    "LastModified": int(listed["LastModified"].timestamp()),
                    "Size": listed["Size"],
                    "StorageClass": listed.get("StorageClass", "STANDARD"),
                }

    def open_object(self, **arguments: str) -> Any:
        """Returns the body of an object, to be read piece by piece.

        Args:
            arguments: Bucket, Key and, of a version that is not the latest one, VersionId.
        """
        return self._client.get_object(**arguments)["Body"]

    def check_writing(self, bucket: str, key: str, error: str) -> None:
        """Has a state fail with an error where the role may not write an object, or there is no bucket."""
        make_client("s3").get_bucket_location(Bucket=bucket)
        access_key, _ = assume_role(self._role, SESSION)
        resource = f"arn:aws:s3:::{bucket}/{key}"
        if denial := find_denial(access_key, self._role, "s3:PutObject", resource):
            cause = f"{denial} (Service: Amazon S3; Status Code: 403; Error Code: AccessDenied)"
            raise stepfunctions._ExecutionError(error, cause)

    def put_object(self, bucket: str, key: str, body: bytes) -> None:
        """Writes an object."""
        self._client.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")
