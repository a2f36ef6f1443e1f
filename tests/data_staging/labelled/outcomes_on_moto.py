"""The table of outcomes in moto, photos that people have labelled in it, and the command that stages them."""

import io
import json
from typing import Any

import boto3
from PIL import Image

from data_staging.stage import main
from lambdas.workflow import outcomes, places
from tests.data_staging.deployment_on_moto import BUCKET, staged_id
from tests.outcome_table import create_outcome_table

TABLE = "scones-outcomes"
CLASSES = ["bicycle", "motorcycle"]
REVIEWER = "arn:aws:sts::111122223333:assumed-role/reviewers/ada"
DECIDED_AT = "2026-11-05T10:20:30.400Z"


def make_table() -> None:
    create_outcome_table(boto3.client("dynamodb"), TABLE)
    boto3.client("ssm").put_parameter(Name="/scones/outcomes", Value=TABLE, Type="String")


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def put_outcome(photo: str, **attributes: dict[str, Any]) -> None:
    """Puts an item that is labelled a bicycle, with some attributes in place of its own."""
    item = {
        "photo": {"S": photo},
        "outcome": {"S": outcomes.ROUTED_BY_REVIEW},
        "decided_at": {"S": DECIDED_AT},
        "bucket": {"S": BUCKET},
        "key": {"S": f"incoming/{photo}.png"},
        "version": {"S": ""},
        "label": {"S": "bicycle"},
        "reviewed_by": {"S": REVIEWER},
        "probabilities": {"M": {"bicycle": {"N": "0.5"}, "motorcycle": {"N": "0.5"}}},
    }
    boto3.client("dynamodb").put_item(TableName=TABLE, Item=item | attributes)


def label_photo(content: bytes, label: str, key: str = "incoming/photo.png", version: str = "1") -> str:
    """Labels a refused photo, whose copy lies where the state machine puts it; returns its id."""
    photo = places.identify_photo(BUCKET, key, version)
    boto3.client("s3").put_object(Bucket=BUCKET, Key=places.review_key(photo, key), Body=content)
    put_outcome(photo, key={"S": key}, version={"S": version}, label={"S": label})
    return photo


def stage(*arguments: object) -> int:
    """Runs the command for bicycles and motorcycles; returns its exit status."""
    return main(["--name", "scones", "--classes", ",".join(CLASSES), *map(str, arguments)])


def staged_manifest() -> dict[str, Any]:
    """Returns the manifest of the data set that the deployment trains on."""
    key = places.manifest_key(staged_id())
    manifest: dict[str, Any] = json.load(boto3.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"])
    return manifest


def read_staged(path: str) -> bytes:
    """Returns a file of the data set that the deployment trains on."""
    key = places.data_set_key(staged_id(), path)
    return boto3.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
