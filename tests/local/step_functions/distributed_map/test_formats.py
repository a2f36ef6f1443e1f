"""Objects are taken apart into items as the reader's settings say, and refused where they cannot be."""

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ministack.services import stepfunctions

from local.step_functions.distributed_map import formats


def read(body: bytes, **settings: Any) -> list[Any]:
    return [item for item, _ in formats.parse(io.BytesIO(body), settings, "data")]


@pytest.mark.parametrize(
    ("body", "settings", "items"),
    [
        ('[{"a": 1}, "b"]', {}, [{"a": 1}, "b"]),
        ('{"in": {"a~/": [4, 5]}}', {"ItemsPointer": "/in/a~0~1"}, [4, 5]),
        ('[[], ["é"]]', {"ItemsPointer": "/1"}, ["é"]),
        ('{"x": 1}', {"InputType": "JSON"}, [{"Key": "x", "Value": 1}]),
        ('{"a": 1}\n\n[2]\n', {"InputType": "JSONL"}, [{"a": 1}, [2]]),
        (
            '\ufeffé,b\n"1,\n1",2\n3\n\n4,5,6\n',
            {"InputType": "CSV"},
            [{"é": "1,\n1", "b": "2"}, {"é": "3", "b": ""}, {"é": "4", "b": "5"}],
        ),
        (
            "1|2\n",
            {"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["a"], "CSVDelimiter": "PIPE"},
            [{"a": "1"}],
        ),
        ("", {"InputType": "CSV"}, []),
        ("", {"InputType": "JSONL"}, []),
    ],
)
def test_an_object_is_taken_apart(body: str, settings: dict[str, Any], items: list[Any]) -> None:
    assert read(body.encode(), **settings) == items


def test_the_names_of_an_object_s_members_are_told_with_their_values() -> None:
    [(item, told)] = formats.list_items({"a": 1})
    assert item == told == {"Key": "a", "Value": 1}


@pytest.mark.parametrize(
    ("body", "settings", "cause"),
    [
        (b"\xff{", {}, "Attempting to parse data as JSON failed: "),
        (b"[1]\n{", {"InputType": "JSONL"}, "Attempting to parse data as JSONL failed: "),
        (b"", {"InputType": "PARQUET"}, "The embedded cloud reads no InputType 'PARQUET'"),
        (b"1", {}, "data holds neither an array nor an object"),
        (b"[]", {"ItemsPointer": "/0"}, "ItemsPointer /0 leads to nothing in data"),
        (b"a,b", {"InputType": "CSV", "CSVDelimiter": "DOT"}, "CSVDelimiter 'DOT' is none of COMMA, PIPE, "),
    ],
)
def test_what_is_none_is_refused(body: bytes, settings: dict[str, Any], cause: str) -> None:
    with pytest.raises(stepfunctions._ExecutionError) as caught:
        read(body, **settings)
    assert caught.value.error == "States.ItemReaderFailed"
    assert caught.value.cause.startswith(cause)


@given(st.binary(max_size=60), st.sampled_from(["JSON", "JSONL", "CSV"]))
def test_whatever_an_object_holds_is_read_or_refused(body: bytes, kind: str) -> None:
    try:
        assert isinstance(read(body, InputType=kind), list)
    except stepfunctions._ExecutionError as error:
        assert error.error == "States.ItemReaderFailed"


@given(st.lists(st.dictionaries(st.text(), st.integers()), max_size=5))
def test_json_lines_are_read_as_they_were_written(items: list[Any]) -> None:
    lines = [json.dumps(item, ensure_ascii=False) for item in items]
    assert read("\n".join(lines).encode(), InputType="JSONL") == items
