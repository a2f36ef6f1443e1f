"""Tells in S3's events on the default bus which version was made or deleted, which MiniStack leaves out.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
"""

import json
from contextvars import ContextVar
from typing import Any

from ministack.services import eventbridge, s3

from local.patching import wrap

EMPTY = "d41d8cd98f00b204e9800998ecf8427e"
"""The ETag of a delete marker, which holds nothing."""
_version: ContextVar[str | None] = ContextVar("version that the event on its way tells of", default=None)


def install() -> None:
    """Completes each event of S3's between its making and its delivery."""
    wrap(s3, "_fire_s3_event", _fire)
    wrap(eventbridge, "_dispatch_event", _dispatch)


def _fire(fire: Any, *event: Any, version_id: str | None = None, **named: Any) -> None:
    token = _version.set(version_id)
    try:
        fire(*event, version_id=version_id, **named)
    finally:
        _version.reset(token)


def _dispatch(dispatch: Any, event: dict[str, Any], *view: Any) -> None:
    if event["Source"] == "aws.s3":
        detail = complete(json.loads(event["Detail"]), _version.get())
        event = {**event, "Detail": json.dumps(detail)}
    dispatch(event, *view)


def complete(detail: dict[str, Any], version: str | None) -> dict[str, Any]:
    """Returns the detail of an event of S3's as AWS has it.

    Args:
        detail: What MiniStack tells.
        version: Id of the version that was made or deleted; None where the bucket keeps no versions.
    """
    described = dict(detail["object"])
    if version:
        described["version-id"] = version
    if "deletion-type" in detail:
        # S3 tells no size of what is gone, and of a marker the ETag of nothing.
        del described["size"]
        if not described["etag"]:
            del described["etag"]
        if detail["deletion-type"] == "Delete Marker Created":
            described["etag"] = EMPTY
    return {**detail, "object": described}
