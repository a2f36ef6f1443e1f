"""Deployments in other states than the shared one, made of what a page finds them by: parameters."""

from datetime import UTC, datetime

from drawn_traffic import drawn_traffic
from embedded_cloud import App

OBJECTS = 100


def deployment_with_nothing_in_it(app: App) -> str:
    """Returns the name of a deployment with a bucket and a state machine, but neither data nor a model."""
    return _deployment(app, "scones-empty", {"state-machine": app.parameter("state-machine")})


def deployment_with_much_traffic(app: App, pictures: list[bytes], invocations: int) -> str:
    """Returns the name of a deployment like the shared one, which has captured that many invocations."""
    taken = {which: app.parameter(which) for which in ("state-machine", "endpoint", "model", "threshold")}
    name = _deployment(app, "scones-busy", taken)
    s3 = app.cloud.client("s3")
    traffic = drawn_traffic(taken["endpoint"], pictures, invocations, datetime.now(UTC), OBJECTS)
    for key, content in traffic:
        s3.put_object(Bucket=f"{name}-bucket", Key=key, Body=content)
    return name


def _deployment(app: App, name: str, parameters: dict[str, str]) -> str:
    ssm = app.cloud.client("ssm")
    app.cloud.client("s3").create_bucket(Bucket=f"{name}-bucket")
    for which, value in {"bucket": f"{name}-bucket", "dataset": "not-staged", **parameters}.items():
        ssm.put_parameter(Name=f"/{name}/{which}", Value=value, Type="String", Overwrite=True)
    return name
