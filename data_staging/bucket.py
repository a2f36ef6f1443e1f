"""Uploads a data set to S3: in parallel, going on where a stopped run ended, the manifest last."""

import hashlib
import json
from typing import Any

import boto3
from botocore.config import Config

from data_staging.dataset import DataSet, Picture, describe, encode_json
from data_staging.progress import run_in_threads
from lambdas.workflow import places

WORKERS = 16


def upload(data_set: DataSet, session: boto3.Session, bucket: str) -> bool:
    """Uploads a data set under ``datasets/{id}/``, unless its manifest is there, which is written last.

    An object that is there with the same MD5 is not sent again. Two runs at once send the same objects twice.
    In a manifest that is there, ``source`` is brought up to date: other files may give the same pictures.

    Returns:
        Whether the data set had to be uploaded.

    Raises:
        botocore.exceptions.ClientError: S3 refused.
        botocore.exceptions.BotoCoreError: S3 cannot be reached.
    """
    destination = _Destination(session, bucket, places.data_set_key(data_set.id))
    if destination.has("manifest.json"):
        destination.update_source(data_set.describe_source())
        return False
    pictures = data_set.pictures
    entries = run_in_threads(
        "Uploading", "pictures", WORKERS, destination.put_picture, list(pictures.items())
    )
    for path, content in data_set.encode_lists().items():
        destination.put(path, content, "text/tab-separated-values")
    files = dict(zip(pictures, entries, strict=True))
    destination.put("manifest.json", data_set.encode_manifest(files), "application/json")
    return True


class _Destination:
    """A folder of a bucket, and what lies there already."""

    def __init__(self, session: boto3.Session, bucket: str, prefix: str) -> None:
        self.s3 = session.client("s3", config=Config(max_pool_connections=WORKERS))
        self.bucket, self.prefix = bucket, prefix
        # A list, and not HeadObject for each: the refusals of that carry no text that could be shown.
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        self.etags = {
            entry["Key"]: entry["ETag"].strip('"') for page in pages for entry in page.get("Contents", [])
        }

    def has(self, path: str) -> bool:
        return self.prefix + path in self.etags

    def put(self, path: str, content: bytes, content_type: str) -> None:
        key = self.prefix + path
        # The ETag is the MD5 where S3 encrypts with its own keys; elsewhere the object is sent again.
        if self.etags.get(key) != hashlib.md5(content, usedforsecurity=False).hexdigest():
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=content, ContentType=content_type)

    def update_source(self, source: dict[str, Any]) -> None:
        """Puts another ``source`` into the manifest that is there, unless it is the same."""
        manifest = json.load(
            self.s3.get_object(Bucket=self.bucket, Key=f"{self.prefix}manifest.json")["Body"]
        )
        if manifest["source"] != source:
            self.put("manifest.json", encode_json(manifest | {"source": source}), "application/json")

    def put_picture(self, item: tuple[str, Picture]) -> dict[str, Any]:
        """Uploads a picture, given with its path; returns the manifest's entry for it."""
        path, picture = item
        content = picture.encode()
        self.put(path, content, "image/png")
        return describe(picture, content)
