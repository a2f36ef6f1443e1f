"""The files of a batch: a row of each photo once, whatever failed or was run again, and the numbers."""

import csv
import io
import json
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.operations import batch_summary, result_files
from lambdas.operations.result_files import NoResults, read_children
from tests.lambdas.operations.batch_cloud import EXECUTION, RUN, BatchCloud, draw
from tests.lambdas.operations.upload_events import BUCKET

RESULTS = "batches/photos-01234567/results"
FOLDER = f"{RESULTS}/0c9d8e7f"
EVENT = {
    **RUN,
    "prefix": "photos/",
    "source": "s3://scones-bucket/photos/",
    "manifest": f"{FOLDER}/manifest.json",
    "redrives": 0,
}
CAUSE = json.dumps({"errorMessage": "Endpoint scones is gone", "errorType": "X", "stackTrace": ["line"]})


def make_record(number: int, given: Any, output: Any = None, **fields: str) -> dict[str, Any]:
    """Returns what ResultWriter writes of a child execution."""
    ended = {"Status": "FAILED", **fields} if output is None else {"Status": "SUCCEEDED"}
    return {
        "ExecutionArn": f"arn:aws:states:us-east-1:123456789012:execution:scones-batch/Photos:{number}",
        "Input": json.dumps(given),
        "InputDetails": {"Included": True},
        **({} if output is None else {"Output": json.dumps(output)}),
        **ended,
    }


def write_results(
    batches: BatchCloud, folder: str, listed: dict[str, list[str]], **files: list[dict[str, Any]]
) -> None:
    """Writes files of records by their names, and a manifest of some keys."""
    for name, records in files.items():
        batches.put(f"{folder}/{name}.json", json.dumps(records).encode())
    manifest = {
        "DestinationBucket": BUCKET,
        "MapRunArn": "arn",
        "ResultFiles": {
            status: [{"Key": key, "Size": 1} for key in listed.get(status, [])]
            for status in ("FAILED", "PENDING", "SUCCEEDED")
        },
    }
    batches.put(f"{folder}/manifest.json", json.dumps(manifest).encode())


def make_row(key: str, outcome: str, asked: bool = True, **fields: Any) -> dict[str, Any]:
    return {"key": key, "version": "v1", "photo": key, "outcome": outcome, "asked": asked, **fields}


def summarise(batches: BatchCloud, **changed: Any) -> dict[str, Any]:
    context: Any = SimpleNamespace(function_name="scones-batch-summary", aws_request_id="5c3a")
    return batch_summary.handler({**EVENT, **changed}, context)


def read(batches: BatchCloud, name: str) -> str:
    key = f"batches/photos-01234567/{name}"
    return str(batches.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode())


ROWS = [
    make_row("a", "routed", predicted_class="bicycle", confidence=0.9, threshold=0.8),
    make_row("b", "routed", asked=False, predicted_class="motorcycle", confidence=1.0, threshold=0.8),
    make_row("c", "refused", predicted_class="bicycle", confidence=0.6, threshold=0.8, error="T", cause="u"),
    make_row("d", "failed", error="InvalidImage", cause='no "image",\nno photo'),
    make_row("e", "routed by review", asked=False, predicted_class="bicycle", label="motorcycle"),
    make_row("f", "discarded", asked=False),
]


def test_the_files_have_a_row_of_each_photo_and_the_summary_its_numbers(batches: BatchCloud) -> None:
    outputs = [{"photos": ROWS[:4], "passed_over": 2}, {"photos": ROWS[4:], "passed_over": 1}]
    records = [make_record(number, {}, output) for number, output in enumerate(outputs)]
    names = [f"{FOLDER}/SUCCEEDED_0.json", f"{FOLDER}/SUCCEEDED_1.json"]
    files = {"SUCCEEDED_0": records[:1], "SUCCEEDED_1": records[1:]}
    write_results(batches, FOLDER, {"SUCCEEDED": names}, **files)
    told = summarise(batches)
    assert told == json.loads(read(batches, "summary.json"))
    seconds, rate = told.pop("seconds"), told.pop("photos_per_second")
    assert seconds > 0
    assert rate == pytest.approx(3 / seconds, abs=0.001), "of those that were asked for"
    assert told.pop("ended_at") > told["started_at"]
    assert told == {
        **{name: EVENT[name] for name in ("batch", "execution", "source", "bucket", "prefix")},
        "model": "scones--0123456789ab",
        "threshold": 0.8,
        "photos": 6,
        "routed": {"bicycle": 1, "motorcycle": 1},
        "refused": 1,
        "reviewed": {"routed": 1, "discarded": 1},
        "failed": {"InvalidImage": 1},
        "asked": 3,
        "kept": 3,
        "passed_over": 3,
        "started_at": RUN["started_at"],
    }
    assert [json.loads(line) for line in read(batches, "routes.jsonl").splitlines()] == ROWS
    written = read(batches, "routes.csv")
    assert written[0] == "\ufeff", "by which a spreadsheet knows UTF-8"
    table = list(csv.DictReader(io.StringIO(written[1:], newline="")))
    assert [row["key"] for row in table] == [row["key"] for row in ROWS]
    assert table[3]["cause"] == 'no "image",\nno photo'
    assert (table[0]["class"], table[0]["confidence"], table[0]["threshold"]) == ("bicycle", "0.9", "0.8")
    assert table[4]["class"] == "motorcycle", "what the person said"


def test_of_a_part_that_failed_what_was_decided_stays_and_the_rest_fails_as_it_did(
    batches: BatchCloud,
) -> None:
    batches.put("photos/a", draw(0.9))
    batches.call()
    for key, content in (("photos/b", draw(0.9)), ("photos/", b"")):
        batches.put(key, content)
    batches.bus.told.clear()
    given = {"Items": batches.list_items(), "BatchInput": RUN}
    record = make_record(0, given, Error="EndpointNotInService", Cause=CAUSE)
    write_results(batches, FOLDER, {"FAILED": [f"{FOLDER}/FAILED_0.json"]}, FAILED_0=[record])
    told = summarise(batches)
    assert (told["photos"], told["routed"], told["passed_over"]) == (2, {"bicycle": 1}, 1)
    assert told["failed"] == {"EndpointNotInService": 1}
    item = batches.read_items()["photos/b"]
    assert (item["outcome"], item["error"], item["execution"]) == (
        "failed",
        "EndpointNotInService",
        EXECUTION,
    )
    assert item["cause"] == "Endpoint scones is gone"
    assert batches.bus.told == [("failed", "photos/b")]
    # The next run asks for it.
    assert batches.call(execution="another")["photos/b"]["outcome"] == "routed"


def test_a_photo_that_failed_before_is_said_to_fail_as_this_run_did(batches: BatchCloud) -> None:
    batches.put("photos/a", b"no photo")
    batches.call(execution="before")
    batches.bus.told.clear()
    given = {"Items": batches.list_items(), "BatchInput": RUN}
    record = make_record(0, given, Error="Lambda.Unknown", Cause="no JSON")
    write_results(batches, FOLDER, {"FAILED": [f"{FOLDER}/FAILED_0.json"]}, FAILED_0=[record])
    assert summarise(batches)["failed"] == {"Lambda.Unknown": 1}
    assert batches.bus.told == []


def test_a_photo_that_another_decides_meanwhile_is_told_by_that_decision(
    batches: BatchCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches.put("photos/a", draw(0.9))
    given = {"Items": batches.list_items(), "BatchInput": RUN}
    record = make_record(0, given, Error="EndpointNotInService", Cause=CAUSE)
    write_results(batches, FOLDER, {"FAILED": [f"{FOLDER}/FAILED_0.json"]}, FAILED_0=[record])

    def find(_: object) -> dict[str, Any]:
        batches.call(execution="another")
        return {}

    monkeypatch.setattr(batch_summary.RECORDS, "find", find)
    told = summarise(batches)
    assert (told["routed"], told["failed"], told["asked"]) == ({"bicycle": 1}, {}, 0)


@pytest.mark.parametrize("names_all", [True, False], ids=["manifest of all", "manifest of the redrive"])
def test_after_a_redrive_each_child_counts_once_as_it_ended_last(
    batches: BatchCloud, names_all: bool
) -> None:
    outputs = [{"photos": [make_row(key, "routed")], "passed_over": 0} for key in "abc"]
    first = [f"{FOLDER}/SUCCEEDED_0.json"]
    write_results(
        batches,
        FOLDER,
        {"SUCCEEDED": first, "FAILED": [f"{FOLDER}/FAILED_0.json"], "PENDING": [f"{FOLDER}/PENDING_0.json"]},
        SUCCEEDED_0=[make_record(0, {}, outputs[0])],
        FAILED_0=[make_record(1, {"Items": []}, Error="E", Cause="")],
        PENDING_0=[{"Input": "{}", "InputDetails": {"Included": True}, "Status": "PENDING"}],
    )
    again = f"{FOLDER}/Redrive-1"
    write_results(
        batches,
        again,
        {"SUCCEEDED": [*(first if names_all else []), f"{again}/SUCCEEDED_0.json"]},
        SUCCEEDED_0=[make_record(1, {}, outputs[1]), make_record(2, {}, outputs[2])],
    )
    # Of another Map Run of the same batch.
    write_results(batches, f"{RESULTS}/0c9d8e7f0", {"SUCCEEDED": first})
    told = summarise(batches, manifest=f"{again}/manifest.json")
    assert (told["photos"], told["failed"]) == (3, {})


def test_how_long_a_run_took_that_was_redriven_tells_no_rate(batches: BatchCloud) -> None:
    record = make_record(0, {}, {"photos": ROWS, "passed_over": 0})
    write_results(batches, FOLDER, {"SUCCEEDED": [f"{FOLDER}/SUCCEEDED_0.json"]}, SUCCEEDED_0=[record])
    told = summarise(batches, redrives=1)
    assert told["photos_per_second"] is None
    # That it waited between its end and the redrive is a part of that.
    assert told["seconds"] > 0


def test_a_batch_without_photos_has_files_without_rows(batches: BatchCloud) -> None:
    write_results(batches, FOLDER, {})
    told = summarise(batches)
    assert (told["photos"], told["routed"], told["photos_per_second"]) == (0, {}, 0)
    assert read(batches, "routes.jsonl") == ""
    assert read(batches, "routes.csv").splitlines() == ["\ufeff" + ",".join(batch_summary.COLUMNS)]


@pytest.mark.parametrize("beginning", list("=+-@\t\r"))
def test_a_spreadsheet_runs_no_name_of_a_file(beginning: str) -> None:
    assert batch_summary.make_harmless(f"{beginning}1+1") == f"'{beginning}1+1"
    assert batch_summary.make_harmless(f"a{beginning}1") == f"a{beginning}1"
    assert batch_summary.make_harmless(-0.5) == -0.5


records = st.lists(
    st.dictionaries(
        st.text(),
        st.recursive(
            st.text() | st.integers() | st.floats(allow_nan=False) | st.booleans() | st.none(),
            lambda inner: st.lists(inner, max_size=3),
        ),
        max_size=4,
    ),
    max_size=6,
)


class Body:
    """The content of an object, in pieces."""

    def __init__(self, content: bytes, size: int) -> None:
        self._pieces = [content[start : start + size] for start in range(0, len(content), size)]

    def iter_chunks(self, _: int) -> Any:
        return iter(self._pieces)


def read_pieces(content: bytes, size: int) -> list[Any]:
    s3 = SimpleNamespace(get_object=lambda **_: {"Body": Body(content, size)})
    return list(result_files._read_array(s3, "b", "k"))


@given(written=records, size=st.integers(1, 40), indent=st.sampled_from([None, 1]), ascii=st.booleans())
@settings(max_examples=40)
def test_an_array_is_read_whole_wherever_its_pieces_end(
    written: list[Any], size: int, indent: int | None, ascii: bool
) -> None:
    text = json.dumps(written, indent=indent, ensure_ascii=ascii)
    assert read_pieces(text.encode(errors="backslashreplace"), size) == json.loads(
        text.encode(errors="backslashreplace")
    )


@pytest.mark.parametrize("content", [b"", b"[", b'[{"a": 1}', b'[{"a": 1}, {"b"', b"[{]", b"no JSON"])
def test_an_array_that_breaks_off_is_said_to(content: bytes) -> None:
    with pytest.raises(NoResults, match="s3://b/k breaks off, or is no JSON"):
        read_pieces(content, 4)


def test_results_that_are_not_there_or_no_manifest_are_said_to_be(batches: BatchCloud) -> None:
    def look() -> None:
        list(read_children(batches.s3, BUCKET, RESULTS, f"{FOLDER}/manifest.json"))

    with pytest.raises(NoResults, match="no results were written"):
        look()
    for content in (b"no JSON", b"[]", b"{}"):
        batches.put(f"{FOLDER}/manifest.json", content)
        with pytest.raises(NoResults, match="is no manifest"):
            look()
