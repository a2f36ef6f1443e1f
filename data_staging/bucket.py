"""Uploads a data set to S3: in parallel, going on where a stopped run ended, the manifest last."""

import hashlib
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

import boto3
from botocore.config import Config

from data_staging.dataset import DataSet, Picture, describe
from data_staging.progress import Progress
from lambdas.workflow import places

WORKERS = 16


def upload(data_set: DataSet, session: boto3.Session, bucket: str) -> bool:
    """Uploads a data set under ``datasets/{id}/``, unless its manifest is there, which is written last.

    An object that is there with the same MD5 is not sent again. Two runs at once send the same objects twice.

    Returns:
        Whether anything had to be uploaded.

    Raises:
        botocore.exceptions.ClientError: S3 refused.
        botocore.exceptions.BotoCoreError: S3 cannot be reached.
    """
    destination = _Destination(session, bucket, places.data_set_key(data_set.id))
    if destination.has("manifest.json"):
        return False
    files = destination.put_pictures(data_set)
    for split in data_set.splits:
        destination.put(f"{split}.lst", data_set.encode_list(split), "text/tab-separated-values")
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

    def put_pictures(self, data_set: DataSet) -> dict[str, dict[str, Any]]:
        """Uploads the pictures; returns the manifest's entry for each, by its path in the data set."""
        total = sum(map(len, data_set.splits.values()))
        pool = ThreadPoolExecutor(WORKERS)
        try:
            with Progress("Uploading", total, "pictures") as progress:
                sent = [
                    pool.submit(self._put_picture, split, picture)
                    for split, pictures in data_set.splits.items()
                    for picture in pictures
                ]
                for done in as_completed(sent):
                    done.result()
                    progress.advance()
        finally:
            pool.shutdown(cancel_futures=True)
        return dict(done.result() for done in sent)

    def _put_picture(self, split: str, picture: Picture) -> tuple[str, dict[str, Any]]:
        content = picture.encode()
        path = f"{split}/{picture.path}"
        self.put(path, content, "image/png")
        return path, describe(picture, content)
