"""Deployments in other states than the shared one, made of what a page finds them by: parameters."""

import io
from datetime import UTC, datetime

from drawn_traffic import drawn_traffic
from embedded_cloud import App
from PIL import Image

OBJECTS = 100


def deployment_with_nothing_in_it(app: App) -> str:
    """Returns the name of a deployment with a bucket and a state machine, but neither data nor a model."""
    return _deployment(app, "scones-empty", {"state-machine": app.parameter("state-machine")})


def deployment_with_much_traffic(app: App, pictures: list[bytes], invocations: int) -> str:
    """Returns the name of a deployment like the shared one that captured so many invocations."""
    shared = ("state-machine", "endpoint", "model", "threshold", "dataset")
    taken = {which: app.parameter(which) for which in shared}
    name = _deployment(app, "scones-busy", taken)
    s3, bucket = app.cloud.client("s3"), f"{name}-bucket"
    manifest = f"datasets/{taken['dataset']}/manifest.json"
    s3.copy_object(Bucket=bucket, Key=manifest, CopySource=f"{app.parameter('bucket')}/{manifest}")
    traffic = drawn_traffic(taken["endpoint"], pictures, invocations, datetime.now(UTC), OBJECTS)
    for key, content in traffic:
        s3.put_object(Bucket=bucket, Key=key, Body=content)
    return name


def small_picture() -> bytes:
    """Returns a PNG that is none of the staged ones."""
    written = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(written, "PNG")
    return written.getvalue()


def _deployment(app: App, name: str, parameters: dict[str, str]) -> str:
    ssm = app.cloud.client("ssm")
    app.cloud.client("s3").create_bucket(Bucket=f"{name}-bucket")
    for which, value in {"bucket": f"{name}-bucket", "dataset": "not-staged", **parameters}.items():
        ssm.put_parameter(Name=f"/{name}/{which}", Value=value, Type="String", Overwrite=True)
    return name
