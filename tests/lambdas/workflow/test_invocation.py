"""What the functions write into their logs, and what they never do."""

import base64
import io
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.stub import Stubber
from PIL import Image

from lambdas import classify, serialize
from lambdas import filter as confidence_filter
from lambdas.workflow import endpoint
from lambdas.workflow.errors import InvalidEvent, InvalidImage, ThresholdConfidenceNotMet
from lambdas.workflow.invocation import logger
from tests.lambdas.samples import BUCKET, KEY, saved

# Lambda takes a line of another form for one of level INFO.
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+[+-]\d\d:\d\d")
EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:scones:0f1e"
PHOTO = saved(Image.effect_noise((64, 64), 90).convert("RGB"), "PNG")
ENCODED = base64.b64encode(PHOTO).decode()
EVENT = {"image_data": ENCODED, "s3_bucket": BUCKET, "s3_key": KEY, "execution_id": EXECUTION}


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Returns what was logged, each line a JSON object, after making sure that no line holds the image."""
    written = io.BytesIO()
    (handler,) = logger.handlers
    before = handler.setStream(io.TextIOWrapper(written, "utf-8", write_through=True))

    def read() -> list[dict[str, Any]]:
        assert capsys.readouterr().err == ""
        text = written.getvalue().decode()
        assert ENCODED[:24] not in text
        assert ENCODED[-24:] not in text
        assert max(map(len, text.splitlines())) < 2000
        return [json.loads(line) for line in text.splitlines()]

    yield read
    handler.setStream(before)


def test_each_function_logs_one_line_about_execution_and_photo(bucket: Any, context: Any, lines: Any) -> None:
    bucket.put_object(Key=KEY, Body=PHOTO)
    serialize.handler(EVENT, context)
    confidence_filter.handler({**EVENT, "inferences": [0.9, 0.1]}, context)
    logged = lines()
    assert [line["message"] for line in logged] == ["Serialized", "Passed"]
    for line in logged:
        assert (line["level"], line["service"]) == ("INFO", "scones")
        assert RFC_3339.fullmatch(line["timestamp"])
        assert (line["execution_id"], line["function_name"]) == (EXECUTION, "scones-function")
        assert (line["s3_bucket"], line["s3_key"]) == (BUCKET, KEY)


@pytest.mark.parametrize(
    ("function", "event", "error"),
    [
        (confidence_filter, {**EVENT, "inferences": [0.6, 0.4]}, ThresholdConfidenceNotMet),
        (confidence_filter, {"body": {**EVENT, "inferences": ENCODED}}, InvalidEvent),
        (confidence_filter, {"body": {**EVENT, "inferences": [ENCODED, 0.1]}}, InvalidEvent),
        (classify, {**EVENT, "image_data": f"{ENCODED}!"}, InvalidEvent),
        (classify, {**EVENT, "image_data": [ENCODED]}, InvalidEvent),
        (classify, {**EVENT, "image_data": base64.b64encode(b"x" + PHOTO).decode()}, InvalidImage),
    ],
)
def test_a_failure_is_logged_by_name_with_the_execution_and_no_image(
    function: Any, event: Any, error: type[Exception], context: Any, lines: Any
) -> None:
    with Stubber(endpoint.sagemaker_runtime), pytest.raises(error) as raised:
        function.handler(event, context)
    (line,) = lines()
    assert (line["level"], line["error"], line["message"]) == ("ERROR", error.__name__, str(raised.value))
    assert line["execution_id"] == EXECUTION


def test_an_event_that_can_not_be_read_is_logged_with_its_execution(context: Any, lines: Any) -> None:
    with pytest.raises(InvalidEvent):
        serialize.handler({"execution_id": EXECUTION, "body": ENCODED}, context)
    (line,) = lines()
    assert (line["error"], line["execution_id"]) == ("InvalidEvent", EXECUTION)


def test_one_invocation_says_nothing_of_the_one_before(context: Any, lines: Any) -> None:
    confidence_filter.handler({**EVENT, "inferences": [0.9, 0.1]}, context)
    confidence_filter.handler({"inferences": [0.9, 0.1]}, context)
    _, second = lines()
    assert "execution_id" not in second
    assert "s3_key" not in second


def test_text_that_no_terminal_can_print_is_logged_all_the_same(context: Any, lines: Any) -> None:
    with pytest.raises(InvalidEvent):
        serialize.handler({"s3_bucket": BUCKET, "s3_key": "half a pair \ud83d"}, context)
    (line,) = lines()
    assert line["error"] == "InvalidEvent"
