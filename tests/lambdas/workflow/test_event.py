"""Every form in which the event is sent, and every way in which it can be wrong."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.workflow import event as workflow_event
from lambdas.workflow.errors import InvalidEvent

FIELDS = {"image_data": "", "s3_bucket": "a-bucket", "s3_key": "a/photo.png"}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
field_names = st.text(max_size=8).filter(lambda name: name not in ("body", "statusCode"))
flat_events = st.dictionaries(field_names, json_values, max_size=5)


@given(fields=flat_events, wrappings=st.lists(st.sampled_from(["object", "text"]), max_size=3))
def test_an_event_reads_the_same_however_it_is_wrapped(fields: dict[str, Any], wrappings: list[str]) -> None:
    event = fields
    for wrapping in wrappings:
        event = {"statusCode": 200, "body": event if wrapping == "object" else json.dumps(event)}
    assert workflow_event.read(event) == fields


@given(
    event=json_values
    | st.dictionaries(st.sampled_from(["body", "s3_bucket", "s3_key", "image_data"]), json_values)
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


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "half a surrogate pair: \ud83d"])
def test_what_json_cannot_carry_is_refused(value: object) -> None:
    with pytest.raises(InvalidEvent, match="JSON cannot carry"):
        workflow_event.read({**FIELDS, "note": value})


@pytest.mark.parametrize(
    ("field", "value", "came"),
    [
        ("s3_bucket", None, "missing or null"),
        ("s3_bucket", 7, r"a number \(7\)"),
        ("s3_bucket", "", "an empty string"),
        ("s3_bucket", "s3://a-bucket", r"a string \('s3://a-bucket'\)"),
        ("s3_bucket", "a-bucket/photo.png", "a string"),
        ("s3_bucket", ["a-bucket"], "a list"),
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
