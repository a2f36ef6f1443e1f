"""Reads labelled photos from S3: the copy that was kept for the review, or else the photo itself."""

from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ParamValidationError
from PIL import Image

from data_staging.aws_errors import explain_errors
from data_staging.errors import shorten
from data_staging.labelled.labels import Label
from data_staging.photos import DECODERS, UnreadablePhoto, check_length, decode_photo
from lambdas.workflow import places

GONE = ("NoSuchKey", "KeyTooLongError")
"""S3's answers for a copy that is not there, or could not be made."""
OUT_OF_REACH = (
    *(*GONE, "NoSuchVersion", "NoSuchBucket", "MethodNotAllowed"),
    # Photos may come from any bucket. It need not be open to whoever stages, and may have become another's.
    *("AccessDenied", "PermanentRedirect", "InvalidArgument", "InvalidObjectState"),
)
"""S3's answers for a photo that is not where it was, or not to be read there."""


class PhotoStore:
    """The labelled photos of a deployment."""

    def __init__(self, session: boto3.Session, bucket: str) -> None:
        """Uses the deployment's bucket, which has the copies."""
        self._s3 = session.client("s3", config=Config(max_pool_connections=DECODERS))
        self._bucket = bucket

    def read(self, label: Label) -> Image.Image:
        """Returns the photo as serving shows it to the model.

        Raises:
            UnreadablePhoto: It is gone, or serving would refuse it.
            StagingError: S3 refused the copy for another reason than that it is gone, or cannot be reached.
        """
        return decode_photo(lambda: self._fetch(label))

    def _fetch(self, label: Label) -> bytes:
        copy_key = places.review_key(label.photo, label.key)
        version = {"VersionId": label.version} if label.version else {}
        with explain_errors():
            try:
                return self._get(Bucket=self._bucket, Key=copy_key)
            except ClientError as error:
                if error.response["Error"]["Code"] not in GONE:
                    raise
            try:
                return self._get(Bucket=label.bucket, Key=label.key, **version)
            except ParamValidationError:
                answer = "no bucket has such a name"
            except ClientError as error:
                answer = error.response["Error"]["Code"]
                if answer not in OUT_OF_REACH:
                    raise
        raise UnreadablePhoto(
            "not to be had any more: neither its copy nor "
            f"{shorten(places.s3_uri(label.bucket, label.key))} can be read ({answer})"
        )

    def _get(self, **where: Any) -> bytes:
        answer = self._s3.get_object(**where)
        check_length(answer["ContentLength"])
        return answer["Body"].read()
