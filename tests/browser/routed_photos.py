"""Photos to route: a staged one, and one between the classes."""

import io
import json
from typing import Any

from embedded_cloud import App, execute
from PIL import Image

HALVINGS = 12


def staged_photos(app: App) -> list[bytes]:
    """Returns the staged test photos, in the order of their keys."""
    s3, bucket = app.cloud.client("s3"), app.parameter("bucket")
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=f"datasets/{app.parameter('dataset')}/test/")
    return [s3.get_object(Bucket=bucket, Key=found["Key"])["Body"].read() for found in listed["Contents"]]


def find_routed_photo(app: App) -> tuple[bytes, str]:
    """Returns a staged photo that the deployed model is sure of, and the class that it is routed as."""
    for content in staged_photos(app):
        predicted = _routed_as(app, content)
        if predicted is not None:
            return content, predicted
    raise AssertionError("no staged photo is routed")


def find_doubtful_photo(app: App) -> bytes:
    """Returns a photo of which the deployed model is less sure than the threshold asks.

    Between a photo that is routed as one class and one that is routed as another there is, among the blends
    of the two, one that is neither: it is found by halving.
    """
    routed: dict[str, bytes] = {}
    for content in staged_photos(app):
        predicted = _routed_as(app, content)
        if predicted is None:
            return content
        routed[predicted] = content
    (first, from_here), (_, to_there) = routed.items()
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        content = _blend(from_here, to_there, middle)
        predicted = _routed_as(app, content)
        if predicted is None:
            return content
        low, high = (middle, high) if predicted == first else (low, middle)
    raise AssertionError("no blend of two photos is refused")


def _blend(one: bytes, other: bytes, share: float) -> bytes:
    images = [Image.open(io.BytesIO(content)).convert("RGB") for content in (one, other)]
    written = io.BytesIO()
    Image.blend(images[0], images[1].resize(images[0].size), share).save(written, "PNG")
    return written.getvalue()


def _routed_as(app: App, content: bytes) -> str | None:
    """Runs the state machine on a photo; returns the class, None for one that the filter refuses."""
    bucket, key = app.parameter("bucket"), "incoming/tried.png"
    app.cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=content)
    ended: dict[str, Any] = execute(app, {"image_data": "", "s3_bucket": bucket, "s3_key": key})
    if ended["status"] == "SUCCEEDED":
        return str(json.loads(ended["output"])["predicted_class"])
    assert ended["error"] == "ThresholdConfidenceNotMet", ended
    return None
