"""Captured traffic: lines as SageMaker writes them and as nobody should, and the columns made of them."""

import base64
import json
from typing import Any

import boto3
import numpy as np
import pytest
from botocore.exceptions import EndpointConnectionError
from hypothesis import given, settings
from hypothesis import strategies as st

from console.traffic.captured import CapturedTraffic
from console.traffic.columns import encode_columns
from console.traffic.source import ROW
from evaluation.deployment import Deployment
from lambdas.workflow.captured_line import read_line
from lambdas.workflow.places import name_variant
from tests.console.server.page_client import Answer, PageClient, png
from tests.console.traffic.captured_lines import ask_columns, columns, encoded, line, read_all

CLASSES = ("bicycle", "motorcycle")
FOLDER = "captured/scones/AllTraffic/2026/01"


def test_a_line_of_json_and_one_of_base64_say_the_same() -> None:
    written = line([0.75, 0.25], picture=b"picture", inferenceId="mine")
    read = read_line(json.dumps(written).encode(), CLASSES)
    assert (read.time, read.inferences, read.measurement) == (1767323040.0, [0.75, 0.25], False)
    assert read.picture
    assert (read.picture.decode(), read.picture.size) == (b"picture", 7)
    answer = written["captureData"]["endpointOutput"]
    answer |= {"encoding": "BASE64", "data": base64.b64encode(answer["data"].encode()).decode()}
    assert read_line(json.dumps(written).encode(), CLASSES).inferences == [0.75, 0.25]


@settings(deadline=None)
@given(st.binary())
def test_bytes_that_are_no_line_are_refused_as_bad(content: bytes) -> None:
    with pytest.raises(ValueError):
        read_line(content, CLASSES)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text() | st.just("BASE64"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None)
@given(st.data())
def test_a_line_with_one_part_replaced_is_read_or_refused_as_bad(data: st.DataObject) -> None:
    broken = line([0.75, 0.25], picture=b"x")
    place: Any = broken
    while True:
        key = data.draw(st.sampled_from(sorted(place)))
        if not isinstance(place[key], dict) or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = data.draw(JSON)
    try:
        read = read_line(json.dumps(broken).encode(), CLASSES)
    except ValueError:
        return
    assert len(read.inferences) == 2
    assert np.isfinite(read.time)


@pytest.fixture
def captured(page: PageClient, deployment: Deployment) -> PageClient:
    """A page, and objects of captured traffic, two of them bad in part."""
    s3 = boto3.client("s3")
    objects = {
        "02/03/04-00-000-a.jsonl": encoded(
            line([0.9, 0.1], 2, png(0)), line([0.2, 0.8], 1, png(0)), line([0.6, 0.4], 3, b"new")
        ),
        "02/04/04-00-000-b.jsonl": b"no JSON\n\n" + encoded([1], line([1, 0, 0]), line([0.5, 0.5], 0)),
        "02/05/04-00-000-c.jsonl": encoded(line([1, 0], 9, png(1), inferenceId="evaluation")) + b'{"cut":',
        "02/06/empty.jsonl": b"",
    }
    for key, body in objects.items():
        s3.put_object(Bucket=deployment.bucket, Key=f"{FOLDER}/{key}", Body=body)
    return page


def test_objects_are_read_once_bad_lines_counted_and_measurements_left_out(captured: PageClient) -> None:
    last = read_all(captured)
    assert last == {
        "source": "captured",
        "unit": "captured object",
        "more": False,
        "read": 4,
        "of": 4,
        "invocations": 4,
        "bad_lines": 4,
        "measurements": 1,
        "done": True,
        "error": None,
        "missing": None,
        "in_service": {"threshold": None, "model": None},
    }
    again = read_all(captured)
    assert again == last


def test_columns_are_sorted_by_time_and_know_staged_pictures(captured: PageClient) -> None:
    read_all(captured)
    header, found = ask_columns(captured)
    assert header["classes"] == list(CLASSES)
    assert header["in_service"] == {"threshold": None, "model": None}
    assert header["baseline"] is None
    assert header["recommended"] is None
    assert found["time"].tolist() == [1767323040.0 + second for second in (0, 1, 2, 3)]
    assert found["confidence"].tolist() == pytest.approx([0.5, 0.8, 0.9, 0.6])
    assert found["predicted"].tolist() == [0, 1, 0, 0]
    assert found["truth"].tolist() == [-1, 0, 0, -1]
    assert sorted(found["id"].tolist()) == [0, 1, 2, 3]


def test_a_picture_that_comes_again_has_the_same_number(captured: PageClient, deployment: Deployment) -> None:
    """As where the test photos are routed again: they are no more independent than the first time."""
    key = f"{FOLDER}/02/03/04-30-000-again.jsonl"
    again = encoded(line([0.9, 0.1], 4, png(0)), line([0.7, 0.3], 5, png(2)), line([0.7, 0.3], 6))
    boto3.client("s3").put_object(Bucket=deployment.bucket, Key=key, Body=again)
    try:
        read_all(captured)
    finally:
        boto3.client("s3").delete_object(Bucket=deployment.bucket, Key=key)
    _, found = ask_columns(captured)
    untold, first, second, unknown, repeated, another, untold_too = found["picture"].tolist()
    assert (untold, untold_too) == (0, 0)
    assert first == second == repeated
    assert len({first, unknown, another}) == 3


def test_the_page_is_told_the_execution_where_the_line_says_so_and_a_staged_picture_s_name(
    captured: PageClient, deployment: Deployment
) -> None:
    key = f"{FOLDER}/02/03/04-40-000-executed.jsonl"
    mine = line([0.9, 0.1], 7, png(0), inferenceId="execution:mine")
    run = "photos-0a1b2c3d-20260131T120000Z"
    batched = line([0.9, 0.1], 9, png(2), inferenceId=f"execution:{run}")
    told = encoded(mine, line([0.9, 0.1], 8, png(2), inferenceId="x"), batched)
    boto3.client("s3").put_object(Bucket=deployment.bucket, Key=key, Body=told)
    try:
        read_all(captured)
        _, found = ask_columns(captured)
        numbers = dict(zip(found["time"].astype(int) % 60, found["id"].tolist(), strict=True))
        asked = "&".join(f"number={number}" for number in (numbers[7], numbers[8], numbers[9], 99))
        answer = captured.get(f"/api/invocations/origins?{asked}").json
    finally:
        boto3.client("s3").delete_object(Bucket=deployment.bucket, Key=key)
    unknown = {"execution": None, "name": None, "batch": None}
    assert answer == {
        str(numbers[7]): {"execution": "mine", "name": "bicycle_1.png", "batch": None},
        str(numbers[8]): unknown,
        str(numbers[9]): {"execution": run, "name": None, "batch": "photos-0a1b2c3d"},
        "99": unknown,
    }


@pytest.mark.parametrize("number", ["-1", "x", "1" * 5000])
def test_an_origin_is_asked_for_by_number(page: PageClient, number: str) -> None:
    assert page.get(f"/api/invocations/origins?number={number}").status == 400


def test_the_page_is_told_when_endpoint_and_threshold_changed(page: PageClient) -> None:
    ssm = boto3.client("ssm")
    for value in ("0.8", "0.6"):
        threshold = json.dumps({"value": float(value), "source": "set"})
        ssm.put_parameter(Name="/scones/threshold", Value=threshold, Type="String", Overwrite=True)
    try:
        header, _ = ask_columns(page)
    finally:
        ssm.delete_parameter(Name="/scones/threshold")
    assert [change["what"] for change in header["changes"]] == ["threshold", "threshold"]
    assert header["changes"][0]["time"] <= header["changes"][1]["time"]
    assert header["in_service"]["threshold"] == 0.6


def test_only_what_is_new_is_read_later_and_numbers_stay(
    captured: PageClient, deployment: Deployment
) -> None:
    read_all(captured)
    header, before = ask_columns(captured)
    s3 = boto3.client("s3")
    key = f"{FOLDER}/01/00/00-00-000-old.jsonl"
    s3.put_object(Bucket=deployment.bucket, Key=key, Body=encoded(line([0.3, 0.7], 0, png(1))))
    try:
        last = read_all(captured)
    finally:
        s3.delete_object(Bucket=deployment.bucket, Key=key)
    assert (last["read"], last["invocations"]) == (5, 5)
    asked, known = ask_columns(captured, known=header["count"], generation=header["generation"])
    assert (asked["first"], asked["count"]) == (4, 1)
    assert known["id"].tolist() == [4]
    _, after = ask_columns(captured, known=header["count"], generation=header["generation"] + 1)
    times = dict(zip(before["id"].tolist(), before["time"].tolist(), strict=True))
    assert {
        n: t for n, t in zip(after["id"].tolist(), after["time"].tolist(), strict=True) if n in times
    } == times


def test_answers_of_a_model_of_other_classes_are_left_out(
    captured: PageClient, deployment: Deployment
) -> None:
    s3 = boto3.client("s3")
    before = read_all(captured)
    keys = [
        f"captured/scones/{name_variant(classes)}/2026/01/01/00/00-00-000-a.jsonl"
        for classes in (CLASSES, CLASSES[::-1])
    ]
    for key in keys:
        s3.put_object(Bucket=deployment.bucket, Key=key, Body=encoded(line([0.3, 0.7], 0, png(1))))
    try:
        last = read_all(captured)
    finally:
        s3.delete_objects(Bucket=deployment.bucket, Delete={"Objects": [{"Key": key} for key in keys]})
    assert last["invocations"] == before["invocations"] + 1


def test_with_other_classes_staged_what_was_read_of_the_former_is_forgotten(
    captured: PageClient, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3 = boto3.client("s3")
    places = [
        f"captured/scones/{name_variant(classes)}/2026/01/01/00/00-00-000-b.jsonl"
        for classes in (CLASSES, CLASSES[::-1])
    ]
    for key, inferences in zip(places, ([0.3, 0.7], [1, 0]), strict=True):
        s3.put_object(Bucket=deployment.bucket, Key=key, Body=encoded(line(inferences)))
    monkeypatch.setattr(CapturedTraffic, "_list_keys", only(places, CapturedTraffic._list_keys))
    manifest = deployment.read_manifest()
    try:
        for classes, confidence in ((CLASSES, 0.7), (CLASSES[::-1], 1), (CLASSES, 0.7)):
            staged = {**manifest, "classes": list(classes)}
            monkeypatch.setattr(Deployment, "read_manifest", lambda _, staged=staged: staged)
            last = read_all(captured)
            assert (last["read"], last["of"], last["invocations"]) == (1, 1, 1)
            header, found = ask_columns(captured)
            assert header["classes"] == list(classes)
            assert found["confidence"].tolist() == pytest.approx([confidence])
    finally:
        s3.delete_objects(Bucket=deployment.bucket, Delete={"Objects": [{"Key": key} for key in places]})


def only(keys: list[str], listed: Any) -> Any:
    """Returns a listing without what other tests have left."""
    return lambda self: (key for key in listed(self) if key in keys)


def test_an_object_that_cannot_be_read_is_said_and_keeps_no_other_one_back(
    captured: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest of them: an object may be gone, or denied, between the listing and the reading."""
    listed = CapturedTraffic._list_keys
    newest = f"{FOLDER}/02/07/00-00-000-gone.jsonl"
    monkeypatch.setattr(CapturedTraffic, "_list_keys", lambda self: [newest, *listed(self)])
    last = read_all(captured)
    assert (last["read"], last["of"], last["invocations"]) == (4, 4, 4)
    assert "NoSuchKey" in last["error"]


def test_what_cannot_be_read_at_all_ends_the_reading_at_once(
    captured: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def gone(self: CapturedTraffic, key: str, pictures: Any) -> None:
        asked.append(key)
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")

    monkeypatch.setattr(CapturedTraffic, "_read_object", gone)
    last = read_all(captured)
    assert "Could not connect" in last["error"]
    assert len(asked) == 1


def test_a_manifest_that_is_none_is_said(page: PageClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Deployment, "read_manifest", lambda self: json.loads("no JSON"))
    last = read_all(page)
    assert last["error"].startswith("Not everything can be read: JSONDecodeError")
    assert last["missing"] is None


def test_a_captured_picture_that_is_no_base64_is_no_photo(page: PageClient, deployment: Deployment) -> None:
    broken = line([0.9, 0.1], picture=b"picture")
    broken["captureData"]["endpointInput"]["data"] = "x"
    s3, key = boto3.client("s3"), f"{FOLDER}/03/00/00-00-000-broken.jsonl"
    s3.put_object(Bucket=deployment.bucket, Key=key, Body=encoded(broken))
    try:
        read_all(page)
        newest = page.get("/api/invocations/0/photo")
    finally:
        s3.delete_object(Bucket=deployment.bucket, Key=key)
    assert newest.status == 404
    assert "base64" in newest.json["error"]


def test_the_picture_of_an_invocation_is_read_from_its_line(captured: PageClient) -> None:
    read_all(captured)
    _, found = ask_columns(captured)
    shown = captured.get(f"/api/invocations/{found['id'][2]}/photo")
    assert (shown.status, shown.headers["content-type"]) == (200, "image/png")
    no_image = captured.get(f"/api/invocations/{found['id'][3]}/photo")
    assert (no_image.status, "error" in no_image.json) == (415, True)
    for number in (found["id"][0], 99):  # One without a captured request, and one that is not there.
        missing = captured.get(f"/api/invocations/{number}/photo")
        assert (missing.status, "error" in missing.json) == (404, True)


def test_before_anything_is_read_there_are_columns_without_rows(page: PageClient) -> None:
    header, found = ask_columns(page)
    assert header["count"] == 0
    assert all(len(column) == 0 for column in found.values())


@pytest.mark.parametrize(
    ("dataset", "told", "words"),
    [("not-staged", "missing", "Nothing is staged"), ("no-such-set", "error", "GetObject")],
)
def test_without_a_data_set_the_events_end_with_what_to_do_or_what_went_wrong(
    page: PageClient, dataset: str, told: str, words: str
) -> None:
    ssm = boto3.client("ssm")
    ssm.put_parameter(Name="/scones/dataset", Value=dataset, Type="String", Overwrite=True)
    try:
        last = read_all(page)
    finally:
        ssm.put_parameter(Name="/scones/dataset", Value="0123456789abcdef", Type="String", Overwrite=True)
    assert last["done"]
    assert words in last[told]


@pytest.mark.parametrize(("classes", "dtype"), [(256, "u8"), (257, "u16")])
def test_many_classes_take_two_bytes(classes: int, dtype: str) -> None:
    rows = np.zeros(3, ROW)
    rows["predicted"] = classes - 1
    content = encode_columns(rows, {"classes": [str(number) for number in range(classes)]})
    header, found = columns(Answer(200, {}, content))
    assert {"name": "predicted", "dtype": dtype} in header["columns"]
    assert found["predicted"].tolist() == [classes - 1] * 3
