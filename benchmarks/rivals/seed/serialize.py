"""Reads a photo from S3 into the event."""

import base64
from typing import Any

import boto3

s3 = boto3.client("s3")


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Returns the event with the photo in base64."""
    photo = s3.get_object(Bucket=event["s3_bucket"], Key=event["s3_key"])["Body"].read()
    return {**event, "image_data": base64.b64encode(photo).decode(), "inferences": []}
