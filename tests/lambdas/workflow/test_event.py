"""Every form in which the event is sent, and every way in which it can be wrong."""

import base64
import json
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lambdas.workflow import event as workflow_event
from lambdas.workflow.errors import InvalidEvent

FIELDS = {"image_data": "", "s3_bucket": "a-bucket", "s3_key": "a/photo.png"}


def nested(depth: int) -> list[Any]:
    """Returns a list in a list in a list, and so on."""
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
field_names = st.text(max_size=8).filter(lambda name: name not in ("body", "statusCode", "Records", "detail"))
flat_events = st.dictionaries(field_names, json_values, max_size=5)


# What S3 tells of an object, or what looks a little like it.
from_s3 = st.recursive(
    json_values,
    lambda inner: (
        st.dictionaries(st.sampled_from(["s3", "bucket", "object", "name", "key"]), inner)
        | st.lists(inner, min_size=1, max_size=2)
    ),
    max_leaves=6,
)


@given(fields=flat_events, wrappings=st.lists(st.sampled_from(["object", "text"]), max_size=3))
def test_an_event_reads_the_same_however_it_is_wrapped(fields: dict[str, Any], wrappings: list[str]) -> None:
    event = fields
    for wrapping in wrappings:
        event = {"statusCode": 200, "body": event if wrapping == "object" else json.dumps(event)}
    assert workflow_event.read(event) == fields


@given(
    event=json_values
    | st.builds(lambda name, digits: {name: 10**digits}, st.sampled_from(list(FIELDS)), st.integers(0, 9_999))
    | st.dictionaries(st.sampled_from(["body", "s3_bucket", "s3_key", "image_data"]), json_values)
    | st.dictionaries(st.sampled_from(["body", "Records", "detail"]), json_values | from_s3, min_size=1)
    | st.builds(lambda text: {"body": text}, st.text())
)
def test_any_json_reads_or_is_an_invalid_event(event: Any) -> None:
    for reader in (workflow_event.read_location, workflow_event.read_image):
        try:
            fields = workflow_event.read(event)
            reader(fields)
        except InvalidEvent as error:
            assert "\n" not in str(error)
            assert len(str(error)) < 300


def test_what_lies_beside_the_body_was_set_last_and_counts() -> None:
    event = {"body": {**FIELDS, "inferences": []}, "inferences": [0.9, 0.1]}
    assert workflow_event.read(event) == {**FIELDS, "inferences": [0.9, 0.1]}


def test_a_status_code_that_wraps_nothing_is_a_field_like_others() -> None:
    assert workflow_event.read({**FIELDS, "statusCode": 200}) == {**FIELDS, "statusCode": 200}


def test_reading_leaves_the_event_itself_as_it_was() -> None:
    event = {"statusCode": 200, "body": dict(FIELDS)}
    workflow_event.read(event)["s3_key"] = "another"
    assert event == {"statusCode": 200, "body": FIELDS}


@pytest.mark.parametrize("event", [None, [], "text", 7, [FIELDS]])
def test_an_event_that_is_no_object_is_refused(event: object) -> None:
    with pytest.raises(
        InvalidEvent, match=r"The event is .*: an object with s3_bucket and s3_key is expected"
    ):
        workflow_event.read(event)


@pytest.mark.parametrize("body", [None, 7, [], "", "s3_key=a.png", '"text"', "[1]", "[" * 100_000])
def test_a_body_that_is_no_object_is_refused_by_name(body: object) -> None:
    with pytest.raises(InvalidEvent, match="Field body is"):
        workflow_event.read({"body": body})


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), "half a surrogate pair: \ud83d", nested(100_000)]
)
@pytest.mark.parametrize("field", ["note", "s3_bucket", "s3_key"])
def test_what_json_cannot_carry_is_refused(field: str, value: object) -> None:
    with pytest.raises(InvalidEvent, match="JSON cannot carry"):
        workflow_event.read({**FIELDS, field: value})


def notification(key: str) -> dict[str, Any]:
    """S3's own notification of one new object."""
    told = {"bucket": {"name": "a-bucket"}, "object": {"key": quote_plus(key, safe="/"), "size": 7}}
    return {"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": told}]}


def eventbridge_event(key: str) -> dict[str, Any]:
    """What EventBridge tells of one new object in S3."""
    told = {"bucket": {"name": "a-bucket"}, "object": {"key": key, "size": 7}, "reason": "PutObject"}
    return {"source": "aws.s3", "detail-type": "Object Created", "detail": told}


@given(key=st.text(st.characters(codec="utf-8"), min_size=1, max_size=100), wrapped=st.booleans())
@example(key="a photo+1 100%.png", wrapped=False)
@example(key="a%20photo.png", wrapped=False)
def test_what_s3_itself_tells_of_an_object_is_taken(key: str, wrapped: bool) -> None:
    for event in (notification(key), eventbridge_event(key)):
        fields = workflow_event.read({"body": json.dumps(event)} if wrapped else event)
        assert workflow_event.read_location(fields) == ("a-bucket", key)
        assert not {"Records", "detail"} & fields.keys()


def test_a_key_that_a_notification_encodes_in_another_way_is_decoded_too() -> None:
    event = notification("x")
    event["Records"][0]["s3"]["object"]["key"] = quote("a photo.png")
    assert workflow_event.read(event)["s3_key"] == "a photo.png"


def test_fields_beside_what_s3_tells_pass_through_and_those_of_the_workflow_count() -> None:
    told = notification("other.png")
    assert workflow_event.read({**told, "note": 7})["note"] == 7
    assert workflow_event.read({**told, **FIELDS}) == {**told, **FIELDS}


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({"Records": [*notification("a")["Records"], *notification("b")["Records"]]}, "holds 2 records: one"),
        ({"Records": []}, "holds 0 records: one"),
        ({"Records": [{"eventSource": "aws:sqs", "body": "{}"}]}, "not what S3 tells of an object"),
        ({"Records": {"s3": 7}}, "not what S3 tells of an object"),
        (notification("a") | {"Records": [{"s3": {"bucket": {"name": "b"}}}]}, "not what S3 tells"),
        ({"Records": [{"s3": {"bucket": {"name": "b"}, "object": {"key": "%ff"}}}]}, "not what S3 tells"),
        ({"Records": [{"s3": {"bucket": {"name": "b"}, "object": {"key": 7}}}]}, "not what S3 tells"),
        ({"detail": {"state": "running"}}, "not what S3 tells of an object"),
        ({"detail": None}, "not what S3 tells of an object"),
    ],
)
def test_what_tells_of_no_single_object_is_refused_with_what_to_send(event: Any, said: str) -> None:
    with pytest.raises(InvalidEvent, match=said):
        workflow_event.read(event)


@pytest.mark.parametrize(
    ("field", "value", "came"),
    [
        ("s3_bucket", None, "missing or null"),
        ("s3_bucket", 7, r"a number \(7\)"),
        ("s3_bucket", "", "an empty string"),
        ("s3_bucket", "s3://a-bucket", r"a string \('s3://a-bucket'\)"),
        ("s3_bucket", "a-bucket/photo.png", "a string"),
        ("s3_bucket", ["a-bucket"], "a list"),
        pytest.param("s3_bucket", 10**4_000, r"a number \(10{59}…\): ", id="long number"),
        pytest.param("s3_bucket", 10**5_000, "a number: ", id="number that Python does not write"),
        ("s3_bucket", -1e300, r"a number \(-1e\+300\)"),
        ("s3_bucket", "\U0010ffff" * 100, "a string"),
        ("s3_key", None, "missing or null"),
        ("s3_key", True, r"a boolean \(True\)"),
        ("s3_key", {"name": "a.png"}, "an object"),
        ("s3_key", "", "an empty string"),
        ("s3_key", "é" * 513, "1026 bytes long"),
    ],
)
def test_a_wrong_field_is_named_with_what_came_and_what_is_expected(
    field: str, value: object, came: str
) -> None:
    with pytest.raises(InvalidEvent, match=f"^Field {field} is {came}.*(expected|no keys above 1024 bytes)"):
        workflow_event.read_location({**FIELDS, field: value})


@pytest.mark.parametrize("field", ["s3_bucket", "s3_key"])
def test_a_missing_field_is_named(field: str) -> None:
    fields = {name: value for name, value in FIELDS.items() if name != field}
    with pytest.raises(InvalidEvent, match=f"Field {field} is missing"):
        workflow_event.read_location(fields)


@pytest.mark.parametrize("key", ["a photo.png", "a+photo.png", "a%20photo.png", "é/写真.png", "é" * 512])
def test_a_key_is_taken_as_it_is(key: str) -> None:
    assert workflow_event.read_location({**FIELDS, "s3_key": key}) == ("a-bucket", key)


@given(content=st.binary(min_size=1))
def test_an_image_is_decoded_whether_its_base64_is_broken_into_lines_or_not(content: bytes) -> None:
    for encoded in (base64.b64encode(content), base64.encodebytes(content)):
        assert workflow_event.read_image({"image_data": encoded.decode()}) == content


@pytest.mark.parametrize("value", [None, 7, [], "", "  ", "no base64!", "AAA", "é"])
def test_image_data_that_is_no_base64_is_refused(value: object) -> None:
    with pytest.raises(InvalidEvent, match=r"^Field image_data is .*base64"):
        workflow_event.read_image({"image_data": value})


def test_fields_may_take_what_room_the_image_leaves_and_no_more() -> None:
    room = workflow_event.MAX_OTHER_FIELDS_BYTES - len('{"note": ""}')
    workflow_event.check_room({"note": "x" * room, "image_data": "y" * 200_000})
    for note in ("x" * (room + 1), "é" * (room // 2 + 1)):
        with pytest.raises(InvalidEvent, match="Send fewer or shorter fields"):
            workflow_event.check_room({"note": note})


def with_version(event: dict[str, Any], version: Any) -> dict[str, Any]:
    """What S3 tells of one version of an object."""
    if "Records" in event:
        event["Records"][0]["s3"]["object"]["versionId"] = version
    else:
        event["detail"]["object"]["version-id"] = version
    return event


@given(
    key=st.text(st.characters(codec="utf-8"), min_size=1, max_size=100),
    version=st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=60),
)
@example(key="a+b c%2B.png", version="3/L4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY+MTRCxf3vjVBH40Nr8X8gdRQBpUMLUo")
def test_which_version_s3_tells_of_is_taken_as_it_is_and_never_url_decoded(key: str, version: str) -> None:
    for event in (notification(key), eventbridge_event(key)):
        fields = workflow_event.read(with_version(event, version))
        assert workflow_event.read_location(fields) == ("a-bucket", key)
        assert workflow_event.read_version(fields) == version


@pytest.mark.parametrize("make", [notification, eventbridge_event])
def test_a_bucket_without_versions_tells_of_none(make: Any) -> None:
    for event in (make("a.png"), with_version(make("a.png"), None)):
        fields = workflow_event.read(event)
        assert "s3_version" not in fields
        assert workflow_event.read_version(fields) is None


@pytest.mark.parametrize("version", [None, ""])
def test_an_event_may_leave_the_version_out_for_the_latest(version: str | None) -> None:
    assert workflow_event.read_version(FIELDS) is None
    assert workflow_event.read_version({**FIELDS, "s3_version": version}) is None


@pytest.mark.parametrize("version", [7, True, [], {}, 0.5, "v" * 1_025, "é" * 513])
def test_what_is_no_version_is_refused_by_name(version: object) -> None:
    with pytest.raises(InvalidEvent, match=r"^Field s3_version is .*: the id of a version of the object"):
        workflow_event.read_version({**FIELDS, "s3_version": version})
