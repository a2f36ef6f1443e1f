"""The serialize function, from its event to its event, on a mocked S3."""

import base64
import io
import json
import shlex
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from lambdas import serialize
from lambdas.workflow import event as workflow_event
from lambdas.workflow.errors import (
    ImageAccessDenied,
    ImageArchived,
    ImageNotFound,
    ImageTooLarge,
    InvalidEvent,
    InvalidImage,
    StorageUnavailable,
)
from lambdas.workflow.photos import photo
from tests.lambdas.samples import BUCKET, KEY, opened, recorded, saved

STEP_FUNCTIONS_LIMIT = 262_144
FIELDS = {"image_data": "", "s3_bucket": BUCKET, "s3_key": KEY}
PHOTO = Image.linear_gradient("L").resize((32, 32)).convert("RGB")
# Noise is what takes the most room.
NOISE = saved(Image.merge("RGB", [Image.effect_noise((360, 360), 120) for _ in range(3)]), "BMP")


@pytest.mark.parametrize("event", recorded("serialize"))
def test_every_recorded_event_gives_the_photo_in_one_flat_form(event: Any, bucket: Any, context: Any) -> None:
    bucket.put_object(Key=KEY, Body=saved(PHOTO, "PNG"))
    out = serialize.handler(event, context)
    assert (out["s3_bucket"], out["s3_key"], out["inferences"]) == (BUCKET, KEY, [])
    assert opened(base64.b64decode(out["image_data"])).tobytes() == PHOTO.tobytes()
    assert "body" not in out
    assert json.loads(json.dumps(out)) == out


def test_unknown_fields_pass_through(bucket: Any, context: Any) -> None:
    bucket.put_object(Key=KEY, Body=saved(PHOTO, "PNG"))
    out = serialize.handler({"body": {**FIELDS, "order": {"id": 7}}}, context)
    assert out["order"] == {"id": 7}


def test_the_object_is_read_once(bucket: Any) -> None:
    bucket.put_object(Key=KEY, Body=saved(PHOTO, "PNG"))
    calls = []

    def note(model: Any, **_: Any) -> None:
        calls.append(model.name)

    serialize.s3.meta.events.register("before-call.s3", note)
    serialize.serialize(dict(FIELDS))
    serialize.s3.meta.events.unregister("before-call.s3", note)
    assert calls == ["GetObject"]


@pytest.fixture
def versions(bucket: Any) -> list[str]:
    """The versions of two pictures under the one key, the older one first."""
    bucket.Versioning().enable()
    pictures = [PHOTO, PHOTO.rotate(180)]
    return [bucket.put_object(Key=KEY, Body=saved(picture, "PNG")).version_id for picture in pictures]


def test_the_version_that_is_named_is_read(versions: list[str], context: Any) -> None:
    for version, picture in zip(versions, (PHOTO, PHOTO.rotate(180)), strict=True):
        out = serialize.handler({**FIELDS, "s3_version": version}, context)
        assert opened(base64.b64decode(out["image_data"])).tobytes() == picture.tobytes()
        assert out["s3_version"] == version


@pytest.mark.parametrize("unnamed", [{}, {"s3_version": None}, {"s3_version": ""}])
def test_without_a_version_the_latest_is_read_and_named(
    unnamed: dict[str, Any], versions: list[str], context: Any
) -> None:
    out = serialize.handler({**FIELDS, **unnamed}, context)
    assert opened(base64.b64decode(out["image_data"])).tobytes() == PHOTO.rotate(180).tobytes()
    assert out["s3_version"] == versions[-1]


def test_a_bucket_without_versions_names_none(bucket: Any, context: Any) -> None:
    bucket.put_object(Key=KEY, Body=saved(PHOTO, "PNG"))
    assert "s3_version" not in serialize.handler(FIELDS, context)


def test_what_s3_itself_tells_of_a_version_is_read_by_it(versions: list[str], context: Any) -> None:
    described = {"key": KEY, "size": 7}
    told = {"bucket": {"name": BUCKET}, "object": {**described, "versionId": versions[0]}}
    events = [
        {"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": told}]},
        {"detail": {"bucket": {"name": BUCKET}, "object": {**described, "version-id": versions[0]}}},
    ]
    for event in events:
        out = serialize.handler(event, context)
        assert (out["s3_bucket"], out["s3_key"], out["s3_version"]) == (BUCKET, KEY, versions[0])
        assert opened(base64.b64decode(out["image_data"])).tobytes() == PHOTO.tobytes()


def test_an_object_that_was_deleted_meanwhile_is_read_by_its_version(
    versions: list[str], bucket: Any, context: Any
) -> None:
    bucket.Object(KEY).delete()
    assert serialize.handler({**FIELDS, "s3_version": versions[0]}, context)["s3_version"] == versions[0]
    with pytest.raises(ImageNotFound, match="Check s3_key"):
        serialize.handler(FIELDS, context)


@pytest.mark.parametrize("which", ["deletion", "removed", "of no object"])
def test_a_version_that_holds_no_photo_is_named(
    which: str, versions: list[str], bucket: Any, context: Any
) -> None:
    marker = bucket.Object(KEY).delete()["VersionId"]
    bucket.Object(KEY).Version(versions[0]).delete()
    version = {"deletion": marker, "removed": versions[0], "of no object": "no-such-version"}[which]
    with pytest.raises(
        ImageNotFound,
        match=rf"^s3://{BUCKET}/{KEY} does not exist in the version {version}\. Check s3_version",
    ):
        serialize.handler({**FIELDS, "s3_version": version}, context)


@pytest.mark.parametrize(
    ("code", "status", "message"),
    [
        ("NoSuchVersion", 404, "The specified version does not exist."),
        ("MethodNotAllowed", 405, "The specified method is not allowed against this resource."),
        ("InvalidArgument", 400, "Invalid version id specified"),
    ],
)
def test_each_answer_of_s3_to_a_version_that_is_not_there_gets_its_name(
    code: str, status: int, message: str
) -> None:
    with Stubber(serialize.s3) as stub:
        asked = {"Bucket": BUCKET, "Key": KEY, "VersionId": "v1"}
        stub.add_client_error("get_object", code, message, status, expected_params=asked)
        with pytest.raises(ImageNotFound, match="in the version v1"):
            serialize.serialize({**FIELDS, "s3_version": "v1"})


@pytest.mark.parametrize("version", [7, [], "v" * 1_025])
def test_what_is_no_version_is_refused_before_s3_is_asked(version: object, context: Any) -> None:
    with pytest.raises(InvalidEvent, match=r"^Field s3_version is"):
        serialize.handler({**FIELDS, "s3_version": version}, context)


@settings(
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(note=st.text(), repeat=st.integers(1, 70_000))
def test_no_output_meets_the_payload_limit_of_step_functions(
    note: str, repeat: int, bucket: Any, context: Any
) -> None:
    bucket.put_object(Key=KEY, Body=NOISE)
    try:
        out = serialize.handler({**FIELDS, "note": note * repeat}, context)
    except InvalidEvent as error:
        assert "leave room for the photo" in str(error)
    else:
        assert len(base64.b64decode(out["image_data"])) > workflow_event.MAX_IMAGE_BYTES / 4
        assert len(json.dumps(out, ensure_ascii=False).encode()) < STEP_FUNCTIONS_LIMIT * 0.8


@pytest.mark.parametrize("field", ["s3_bucket", "s3_key"])
def test_an_event_without_a_location_is_refused_by_name(field: str, context: Any) -> None:
    with pytest.raises(InvalidEvent, match=field):
        serialize.handler({name: value for name, value in FIELDS.items() if name != field}, context)


def test_an_absent_object_is_named(bucket: Any, context: Any) -> None:
    with pytest.raises(ImageNotFound, match=rf"^s3://{BUCKET}/{KEY} does not exist\. Check s3_key"):
        serialize.handler(FIELDS, context)


@pytest.mark.parametrize("key", ["a%20photo.png", "a+photo.png", "%C3%A9.png"])
def test_an_absent_key_that_looks_url_encoded_is_told_decoded(key: str, bucket: Any, context: Any) -> None:
    with pytest.raises(
        ImageNotFound, match=r"Check s3_key: it looks URL-encoded, and may be '(a photo|é)\.png'"
    ):
        serialize.handler({**FIELDS, "s3_key": key}, context)


@pytest.mark.parametrize(
    ("told", "restore"),
    [
        ({"StorageClass": "GLACIER"}, "Days=1"),
        ({"StorageClass": "DEEP_ARCHIVE"}, "Days=1"),
        ({"StorageClass": "INTELLIGENT_TIERING", "AccessTier": "ARCHIVE_ACCESS"}, "{}"),
        ({"StorageClass": "INTELLIGENT_TIERING", "AccessTier": "DEEP_ARCHIVE_ACCESS"}, "{}"),
        ({}, "Days=1"),
    ],
)
def test_an_archived_object_is_named_with_the_command_that_restores_it(
    told: dict[str, str],
    restore: str,
    broken_server: Callable[[bytes], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    members = "".join(f"<{name}>{value}</{name}>" for name, value in told.items())
    body = f"<Error><Code>InvalidObjectState</Code><Message>no</Message>{members}</Error>".encode()
    answer = b"HTTP/1.1 403 Forbidden\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    monkeypatch.setattr(serialize, "s3", boto3.client("s3", endpoint_url=broken_server(answer)))
    key = "incoming/the key's photo.png"
    with pytest.raises(ImageArchived) as raised:
        serialize.serialize({**FIELDS, "s3_key": key})
    message = str(raised.value)
    assert message.startswith(f"s3://{BUCKET}/{key} is archived ({told.get('StorageClass', 'Invalid')}")
    assert "project's bucket" not in message
    command = shlex.split(message.partition("start again: ")[2])
    assert command[:3] == ["aws", "s3api", "restore-object"]
    assert command[command.index("--key") + 1] == key
    assert command[-2:] == ["--restore-request", restore]


def test_an_absent_bucket_is_named(bucket: Any, context: Any) -> None:
    with pytest.raises(ImageNotFound, match=r"^s3://no-such-bucket/.*Check s3_bucket"):
        serialize.handler({**FIELDS, "s3_bucket": "no-such-bucket"}, context)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "an empty file"),
        (b"text", "no image of a known format"),
        (saved(PHOTO, "PNG")[:-40], "a broken image"),
    ],
)
def test_what_is_no_image_is_refused_by_its_url(content: bytes, said: str, bucket: Any, context: Any) -> None:
    bucket.put_object(Key=KEY, Body=content)
    with pytest.raises(InvalidImage, match=f"^s3://{BUCKET}/{KEY} is {said}"):
        serialize.handler(FIELDS, context)


def test_too_many_pixels_are_refused_by_url(bucket: Any, context: Any) -> None:
    bucket.put_object(Key=KEY, Body=saved(Image.new("1", (8_000, 8_000)), "PNG"))
    with pytest.raises(
        ImageTooLarge, match=f"^s3://{BUCKET}/{KEY} is 8000 x 8000 pixels: at most 52 megapixels"
    ):
        serialize.handler(FIELDS, context)


def test_too_large_an_object_is_refused_before_it_is_read() -> None:
    class Unreadable(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise AssertionError("the object was read")

    with Stubber(serialize.s3) as stub:
        stub.add_response("get_object", {"ContentLength": photo.MAX_BYTES + 1, "Body": Unreadable()})
        with pytest.raises(
            ImageTooLarge, match=f"{photo.MAX_BYTES + 1} bytes long: at most {photo.MAX_BYTES}"
        ):
            serialize.serialize(dict(FIELDS))


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("NoSuchKey", 404, ImageNotFound),
        ("NoSuchBucket", 404, ImageNotFound),
        ("AccessDenied", 403, ImageAccessDenied),
        ("InvalidObjectState", 403, ImageArchived),
        ("InvalidBucketName", 400, InvalidEvent),
        ("RequestTimeout", 400, StorageUnavailable),
        ("SlowDown", 503, StorageUnavailable),
        ("ExpiredToken", 400, ClientError),
        ("ServiceUnavailable", 503, StorageUnavailable),
        ("InternalError", 500, StorageUnavailable),
    ],
)
def test_each_error_of_s3_gets_its_name_and_an_unforeseen_one_keeps_its_own(
    code: str, status: int, error: type[Exception]
) -> None:
    with Stubber(serialize.s3) as stub:
        stub.add_client_error("get_object", code, "what S3 says", status)
        with pytest.raises(error, match=f"^s3://{BUCKET}/{KEY} |ExpiredToken"):
            serialize.serialize(dict(FIELDS))


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly the beginning"],
    ids=["none", "cut off"],
)
def test_an_answer_that_breaks_off_is_worth_a_retry(
    answer: bytes, broken_server: Callable[[bytes], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    once = Config(retries={"total_max_attempts": 1})
    monkeypatch.setattr(serialize, "s3", boto3.client("s3", endpoint_url=broken_server(answer), config=once))
    with pytest.raises(StorageUnavailable, match="try again"):
        serialize.serialize(dict(FIELDS))


def test_a_storage_that_can_not_be_reached_is_worth_a_retry(
    unreachable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = Config(retries={"total_max_attempts": 1})
    monkeypatch.setattr(serialize, "s3", boto3.client("s3", endpoint_url=unreachable, config=once))
    with pytest.raises(StorageUnavailable, match="try again"):
        serialize.serialize(dict(FIELDS))


def test_the_client_leaves_retries_to_the_state_machine() -> None:
    assert serialize.s3.meta.config.retries["total_max_attempts"] == 1
