"""The one reader of the workflow's event, whatever wrapped it.

It takes the fields ``s3_bucket``, ``s3_key``, ``s3_version``, ``image_data`` and ``inferences`` at top level
or under ``body``, an object or its JSON text, as Lambda proxies and other solutions of this exercise wrap
them, and gives them at top level. What S3 itself tells of a new object is taken too, as its notification or
as EventBridge's event. Fields that nobody here knows pass through.
"""

import base64
import binascii
import json
import re
from typing import Any
from urllib.parse import unquote_plus

from lambdas.workflow.errors import InvalidEvent

# Step Functions refuses a state's output above 262,144 bytes of UTF-8 JSON. The image gets half of that at
# most, a caller's own fields a quarter; the rest is for the probabilities and what Step Functions adds.
MAX_IMAGE_BYTES = 98_304
"""The most bytes of an encoded image in an event: 131,072 characters of base64."""
MAX_OTHER_FIELDS_BYTES = 65_536
"""The most bytes of JSON that an event's fields beside the image may take."""

# What botocore itself checks before it calls S3, and S3's own limit.
BUCKET_NAME = re.compile(r"[a-zA-Z0-9.\-_]{1,255}")
MAX_KEY_BYTES = 1024
MAX_VERSION_BYTES = 1024
KINDS = {
    type(None): "missing or null",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "a string",
    list: "a list",
}
"""What messages call the values that JSON knows."""


def read(event: object) -> dict[str, Any]:
    """Returns the event's fields in one flat form, in a new dict.

    A ``body`` may lie in a ``body``, as in an answer wrapped twice. Where a name occurs in several layers the
    outermost counts, for it was set last. The wrapping, ``body`` and the ``statusCode`` beside it, goes.

    Raises:
        InvalidEvent: The event or a ``body`` is not an object, holds what JSON has no form for, or tells of
            something other than one object in S3.
    """
    fields: dict[str, Any] = {}
    layer = event
    if not isinstance(layer, dict):
        raise InvalidEvent(
            f"The event is {_describe(event)}: an object with s3_bucket and s3_key is expected"
        )
    while "body" in layer:
        for name, value in layer.items():
            if name not in ("body", "statusCode"):
                fields.setdefault(name, value)
        layer = _unwrap(layer["body"])
    fields = {**layer, **fields}
    _measure_json(fields)
    return fields if fields.keys() & {"s3_bucket", "s3_key"} else _take_notification(fields)


def read_location(fields: dict[str, Any]) -> tuple[str, str]:
    """Returns the photo's bucket and key.

    The key is taken as S3 stores it: ``a photo.png``, not the ``a+photo.png`` of URLs.

    Raises:
        InvalidEvent: One of them is missing, not a string, or nothing that S3 could hold.
    """
    bucket = _read_text(fields, "s3_bucket", "the name of the bucket that holds the photo")
    if not BUCKET_NAME.fullmatch(bucket):
        raise InvalidEvent(
            f"Field s3_bucket is {_describe(bucket)}: a bucket's name is expected, with no s3:// and no key"
        )
    key = _read_text(fields, "s3_key", "the key of the photo in its bucket")
    if len(key.encode()) > MAX_KEY_BYTES:
        raise InvalidEvent(
            f"Field s3_key is {len(key.encode())} bytes long: S3 has no keys above {MAX_KEY_BYTES} bytes"
        )
    return bucket, key


def read_version(fields: dict[str, Any]) -> str | None:
    """Returns the version of the photo's object; None for the latest one, where no version is given.

    Raises:
        InvalidEvent: It is nothing that S3 could call a version.
    """
    version = fields.get("s3_version")
    if version is None or version == "":
        return None
    if not isinstance(version, str) or not 0 < len(version.encode()) <= MAX_VERSION_BYTES:
        raise InvalidEvent(
            f"Field s3_version is {_describe(version)}: the id of a version of the object, or nothing, is "
            "expected"
        )
    return version


def read_image(fields: dict[str, Any]) -> bytes:
    """Returns the decoded ``image_data``.

    Raises:
        InvalidEvent: ``image_data`` is missing, empty, or not base64.
    """
    value = fields.get("image_data")
    expected = "the photo in base64 is expected, as the serialize function writes it"
    if not isinstance(value, str):
        raise InvalidEvent(f"Field image_data is {_name_kind(value)}: {expected}")
    try:
        # Command-line tools break base64 into lines.
        decoded = base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidEvent(f"Field image_data is no base64: {expected}") from None
    if not decoded:
        raise InvalidEvent(f"Field image_data is empty: {expected}")
    return decoded


def check_room(fields: dict[str, Any]) -> None:
    """Makes sure that the fields leave room for the image within what Step Functions carries.

    Raises:
        InvalidEvent: The fields beside ``image_data`` are too large.
    """
    others = {name: value for name, value in fields.items() if name != "image_data"}
    size = _measure_json(others)
    if size > MAX_OTHER_FIELDS_BYTES:
        raise InvalidEvent(
            f"The event's fields beside image_data take {size} bytes: at most {MAX_OTHER_FIELDS_BYTES} leave "
            "room for the photo. Send fewer or shorter fields"
        )


def _read_text(fields: dict[str, Any], name: str, meaning: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidEvent(f"Field {name} is {_describe(value)}: {meaning} is expected, a non-empty string")
    return value


def _take_notification(fields: dict[str, Any]) -> dict[str, Any]:
    """Returns the fields with bucket, key and version of the object that S3 tells of, if it does."""
    if "Records" in fields:
        name, told = "Records", fields["Records"]
        if isinstance(told, list) and len(told) != 1:
            raise InvalidEvent(f"Field Records holds {len(told)} records: one photo an execution is expected")
        told = told[0] if isinstance(told, list) else told
        told = told.get("s3") if isinstance(told, dict) else None
    elif "detail" in fields:
        name, told = "detail", fields["detail"]
    else:
        return fields
    try:
        bucket, key = told["bucket"]["name"], told["object"]["key"]
        # In a notification, and there alone, the key is URL-encoded.
        key = unquote_plus(key, errors="strict") if name == "Records" else key
        # Only a bucket with versions tells of them.
        version = told["object"].get("versionId" if name == "Records" else "version-id")
    except (LookupError, TypeError, AttributeError, UnicodeDecodeError):
        raise InvalidEvent(
            f"Field {name} is not what S3 tells of an object: send its notification or EventBridge's event "
            "as it is, or s3_bucket and s3_key"
        ) from None
    others = {field: value for field, value in fields.items() if field != name}
    found = {**others, "s3_bucket": bucket, "s3_key": key}
    return found if version is None else {**found, "s3_version": version}


def _unwrap(body: object) -> dict[str, Any]:
    if isinstance(body, str):
        try:
            body = json.loads(body)
        except (ValueError, RecursionError):
            raise InvalidEvent(
                "Field body is a string but no JSON: an object, or its JSON text, is expected"
            ) from None
    if not isinstance(body, dict):
        raise InvalidEvent(f"Field body is {_describe(body)}: an object, or its JSON text, is expected")
    return body


def _measure_json(fields: dict[str, Any]) -> int:
    """Returns the size of the fields as JSON, which is what Step Functions counts."""
    try:
        return len(json.dumps(fields, ensure_ascii=False, allow_nan=False).encode())
    except (ValueError, RecursionError) as error:
        # Python reads more than JSON knows: NaN, Infinity, half a surrogate pair.
        raise InvalidEvent(f"The event holds what JSON cannot carry: {error}"[:200]) from None


def _describe(value: object) -> str:
    """Returns what came in words, short enough for a log and never an image."""
    if value == "":
        return "an empty string"
    if not isinstance(value, str | bool | int | float):
        return _name_kind(value)
    try:
        shown = repr(value[:61] if isinstance(value, str) else value)
    except ValueError:
        # Python writes no number of more than some thousand digits.
        return _name_kind(value)
    return f"{_name_kind(value)} ({shown if len(shown) <= 62 else shown[:60] + '…'})"


def _name_kind(value: object) -> str:
    return KINDS.get(type(value), "an object")
