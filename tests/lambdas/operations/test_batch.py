"""A part of a batch: each photo has one outcome, of its own making or none, and an outage loses nothing."""

import json
import threading
from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas import serialize
from lambdas.operations import batch, batch_photos, outcome_records
from lambdas.operations.outcome_records import OutcomesUnavailable
from lambdas.workflow import outcomes, places
from lambdas.workflow.errors import (
    EndpointAccessDenied,
    EndpointNotInService,
    EndpointThrottled,
    EndpointUnavailable,
    StorageUnavailable,
)
from tests.lambdas.operations.batch_cloud import EXECUTION, RUN, TABLE, BatchCloud, draw, refuse
from tests.lambdas.operations.upload_events import BUCKET

SURE, UNSURE = draw(0.9), draw(0.6)
LATER = {"execution": EXECUTION + "-later", "started_at": "2026-02-01T12:00:00.000Z"}


def find_version(batches: BatchCloud, key: str) -> str:
    return str(batches.s3.head_object(Bucket=BUCKET, Key=key)["VersionId"])


def test_each_photo_goes_the_way_of_a_single_one_and_is_kept_and_told(batches: BatchCloud) -> None:
    batches.put("photos/routed.png", SURE)
    batches.put("photos/refused ü+1.png", UNSURE)
    batches.put("photos/Failed.PNG", b"no photo")
    rows = batches.call()
    assert {key: row["outcome"] for key, row in rows.items()} == {
        "photos/routed.png": "routed",
        "photos/refused ü+1.png": "refused",
        "photos/Failed.PNG": "failed",
    }
    items = batches.read_items()
    for key, row in rows.items():
        item, version = items[key], find_version(batches, key)
        assert row["photo"] == item["photo"] == places.identify_photo(BUCKET, key, version)
        assert row["version"] == item["version"] == version
        assert (item["execution"], item["started_at"]) == (EXECUTION, RUN["started_at"])
        assert (item["bucket"], item["model"]) == (BUCKET, "scones--0123456789ab")
        assert item["file"] == key.rpartition("/")[2].lower()
        assert row["asked"] is True
        for name in ("predicted_class", "confidence", "threshold", "probabilities", "error", "cause"):
            assert row.get(name) == item.get(name)
    routed, refused, failed = (
        items["photos/routed.png"],
        items["photos/refused ü+1.png"],
        items["photos/Failed.PNG"],
    )
    assert routed["predicted_class"] == "bicycle"
    assert routed["confidence"] == routed["probabilities"]["bicycle"] == pytest.approx(0.9, abs=0.01)
    assert (refused["threshold"], refused["error"]) == (0.8, "ThresholdConfidenceNotMet")
    assert (failed["error"], "predicted_class" in failed) == ("InvalidImage", False)
    assert outcomes.EXPIRES not in refused
    assert routed[outcomes.EXPIRES] == failed[outcomes.EXPIRES] > 90 * 86_400
    assert sorted(batches.bus.told) == sorted((row["outcome"], key) for key, row in rows.items())
    assert {detail["execution"] for detail in batches.bus.details} == {EXECUTION}


def test_a_photo_that_is_taken_for_something_else_is_refused_as_a_single_one_is(
    batches: BatchCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "OTHER_CLASS", batch.CLASSES[0])
    batches.put("photos/stranger.png", SURE)
    (row,) = batches.call().values()
    assert (row["outcome"], row["error"]) == ("refused", "NoneOfTheClasses")
    (copied,) = batches.s3.list_objects_v2(Bucket=BUCKET, Prefix=places.REVIEW)["Contents"]
    assert copied["Key"].endswith("/stranger.png")


def test_a_refused_photo_is_copied_for_its_review_in_the_version_that_was_refused(
    batches: BatchCloud,
) -> None:
    batches.put("photos/a b ü.png", UNSURE)
    row = batches.call()["photos/a b ü.png"]
    copy = batches.s3.get_object(Bucket=BUCKET, Key=places.review_key(row["photo"], row["key"]))
    assert copy["Body"].read() == UNSURE


def test_a_photo_that_cannot_be_copied_for_its_review_is_refused_all_the_same(
    batches: BatchCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def copy(**_: Any) -> None:
        raise refuse("NoSuchKey", 404, "CopyObject")

    batches.put("photos/a.png", UNSURE)
    monkeypatch.setattr(batch_photos.s3, "copy_object", copy)
    assert batches.call()["photos/a.png"]["outcome"] == "refused"


def test_folder_markers_and_empty_objects_are_passed_over_and_counted(batches: BatchCloud) -> None:
    for key, content in (("photos/", b""), ("photos/in/", b"x"), ("photos/no.png", b""), ("photos/a", SURE)):
        batches.put(key, content)
    assert list(batches.call()) == ["photos/a"]
    assert batches.result["passed_over"] == 3


def test_another_run_asks_for_what_failed_or_is_new_alone(batches: BatchCloud) -> None:
    for key, content in (("a", SURE), ("b", UNSURE), ("c", b"no photo"), ("d", SURE)):
        batches.put(f"photos/{key}", content)
    first = batches.call()
    batches.put("photos/d", draw(0.95))
    batches.put("photos/e", draw(0.85))
    batches.endpoint.asked.clear()
    batches.bus.told.clear()
    second = batches.call(**LATER)
    assert sorted(batches.endpoint.asked) == [217, 242]
    assert [key for key, row in second.items() if row["asked"]] == ["photos/c", "photos/d", "photos/e"]
    for key in ("photos/a", "photos/b"):
        assert second[key] == {**first[key], "asked": False}
    # Of a photo that fails again the first failure is kept; what is kept already is not told again.
    assert sorted(batches.bus.told) == [("routed", "photos/d"), ("routed", "photos/e")]
    assert batches.read_items()["photos/c"]["execution"] == EXECUTION


def test_of_what_is_answered_another_run_reads_nothing_but_its_version(
    batches: BatchCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: Counter[str] = Counter()

    def count(client: Any, operation: str) -> None:
        ask = getattr(client, operation)

        def counted(**request: Any) -> Any:
            asked[operation] += 1
            return ask(**request)

        monkeypatch.setattr(client, operation, counted)

    for number in range(20):
        batches.put(f"photos/{number:02}", draw(0.81 + number / 200))
    batches.call()
    batches.put("photos/20", SURE)
    count(serialize.s3, "get_object")
    count(batch_photos.s3, "head_object")
    count(outcome_records.dynamodb, "batch_get_item")
    rows = batches.call(**LATER)
    assert [key for key, row in rows.items() if row["asked"]] == ["photos/20"]
    assert asked == {"get_object": 1, "head_object": 21, "batch_get_item": 1}


def test_a_photo_that_is_replaced_while_it_is_read_is_the_newer_one(
    batches: BatchCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches.put("photos/a", UNSURE)
    look_up = batch_photos.look_up_version

    def replace(bucket: str, key: str) -> str | None:
        version = look_up(bucket, key)
        batches.put("photos/a", SURE)
        return version

    items = batches.list_items()
    monkeypatch.setattr(batch_photos, "look_up_version", replace)
    row = batches.call(items=items)["photos/a"]
    assert (row["outcome"], row["version"]) == ("routed", find_version(batches, "photos/a"))


def test_a_photo_that_the_single_path_or_a_person_decided_about_stays_as_it_is(batches: BatchCloud) -> None:
    batches.put("photos/a", UNSURE)
    batches.call()
    photo = batches.read_items()["photos/a"]["photo"]
    batches.dynamodb.update_item(
        TableName=TABLE,
        Key={"photo": {"S": photo}},
        UpdateExpression="SET outcome = :o, label = :l",
        ExpressionAttributeValues={":o": {"S": outcomes.ROUTED_BY_REVIEW}, ":l": {"S": "motorcycle"}},
    )
    batches.bus.told.clear()
    for run in ({}, LATER):
        row = batches.call(**run)["photos/a"]
        assert (row["outcome"], row["label"]) == ("routed by review", "motorcycle")
    assert batches.bus.told == []


def test_what_was_decided_while_the_endpoint_was_asked_is_what_the_row_says(
    batches: BatchCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches.put("photos/a", UNSURE)

    def route_meanwhile(**copied: Any) -> None:
        photo = copied["Key"].split("/")[1]
        item = {"photo": photo, "outcome": "routed", "predicted_class": "motorcycle", "execution": "other"}
        encoded = {name: {"S": value} for name, value in item.items()}
        batches.dynamodb.put_item(TableName=TABLE, Item=encoded)

    monkeypatch.setattr(batch_photos.s3, "copy_object", route_meanwhile)
    row = batches.call()["photos/a"]
    assert (row["outcome"], row["predicted_class"], row["asked"]) == ("routed", "motorcycle", False)
    assert batches.bus.told == []


def test_an_endpoint_that_is_busy_for_a_moment_delays_and_fails_nothing(batches: BatchCloud) -> None:
    for number in range(8):
        batches.put(f"photos/{number}", draw(0.81 + number / 100))
    throttled: set[int] = set()

    def throttle_once(shade: int) -> Exception | None:
        known = shade in throttled
        throttled.add(shade)
        return None if known else refuse("ThrottlingException", 429)

    batches.endpoint.fault = throttle_once
    assert {row["outcome"] for row in batches.call().values()} == {"routed"}
    assert len(batches.endpoint.asked) == 16
    assert len(batches.pauses) == 8


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (refuse("ThrottlingException", 429), EndpointThrottled),
        (refuse("InternalFailure", 500), EndpointUnavailable),
        (refuse("ValidationError", 400), EndpointNotInService),
        (refuse("AccessDeniedException", 403), EndpointAccessDenied),
        (ConnectTimeoutError(endpoint_url="https://runtime"), EndpointUnavailable),
    ],
    ids=lambda given: getattr(given, "__name__", ""),
)
def test_an_outage_is_tried_a_few_times_and_then_left_to_step_functions(
    batches: BatchCloud, error: Exception, raised: type[Exception]
) -> None:
    for number in range(12):
        batches.put(f"photos/{number}", SURE)
    batches.endpoint.fault = lambda shade: error
    with pytest.raises(raised):
        batches.call()
    # Those that were begun, and no more.
    attempts = len(batch.DELAYS_SECONDS) + 1
    assert attempts <= len(batches.endpoint.asked) <= batch.PHOTOS_AT_ONCE * (attempts + 1)
    assert batches.read_items() == {}
    assert batches.bus.told == []


def test_after_an_outage_only_the_rest_is_asked_for_and_all_is_told(batches: BatchCloud) -> None:
    for number in range(20):
        batches.put(f"photos/{number:02}", draw(0.81 + number / 200))
    answered: list[int] = []
    lock = threading.Lock()

    def break_down(shade: int) -> Exception | None:
        with lock:
            if len(answered) >= 7:
                return refuse("ValidationError", 400)
            answered.append(shade)
            return None

    batches.endpoint.fault = break_down
    with pytest.raises(EndpointNotInService):
        batches.call()
    assert len(batches.read_items()) == 7
    assert len(batches.bus.told) == 7
    batches.endpoint.fault = lambda shade: None
    batches.endpoint.asked.clear()
    rows = batches.call()
    assert len(rows) == 20
    assert all(row["asked"] for row in rows.values()), "an earlier call of the same run"
    assert len(batches.endpoint.asked) == 13
    assert not set(batches.endpoint.asked) & set(answered)
    # A call that was killed may have told nothing of what it kept.
    assert set(batches.bus.told) == {("routed", key) for key in rows}


@pytest.mark.parametrize("others", [0, 10])
def test_a_photo_that_breaks_the_container_each_time_fails_alone(batches: BatchCloud, others: int) -> None:
    for number in range(others):
        batches.put(f"photos/{number}", draw(0.81 + number / 100))
    batches.put("photos/x", draw(0.7))
    batches.endpoint.fault = lambda shade: refuse("InternalFailure", 500) if shade == 178 else None
    rows = batches.call()
    assert rows["photos/x"]["error"] == "EndpointUnavailable"
    assert {key for key, row in rows.items() if row["outcome"] == "failed"} == {"photos/x"}


def test_an_error_that_nobody_expects_fails_one_photo(
    batches: BatchCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(fields: dict[str, Any]) -> dict[str, Any]:
        if fields["s3_key"] == "photos/a":
            raise MemoryError("too large")
        return serialize(fields)

    serialize = batch.serialize
    monkeypatch.setattr(batch, "serialize", break_down)
    for key in ("a", "b"):
        batches.put(f"photos/{key}", SURE)
    rows = batches.call()
    assert (rows["photos/a"]["error"], rows["photos/a"]["cause"]) == ("MemoryError", "too large")
    assert rows["photos/b"]["outcome"] == "routed"


def test_no_photo_is_begun_that_the_function_may_not_see_the_end_of(batches: BatchCloud) -> None:
    batches.put("photos/a", SURE)
    with pytest.raises(EndpointUnavailable, match="For 1 of 1 photos no time was left"):
        batches.call(milliseconds=batch.LAST_START_SECONDS * 1000 - 1)
    assert batches.endpoint.asked == []
    assert batches.call(milliseconds=batch.LAST_START_SECONDS * 1000)["photos/a"]["outcome"] == "routed"


def test_what_is_gone_since_it_was_listed_fails_by_name(batches: BatchCloud) -> None:
    batches.put("photos/a", SURE)
    items = batches.list_items()
    batches.s3.delete_object(Bucket=BUCKET, Key="photos/a")
    row = batches.call(items=items)["photos/a"]
    assert (row["outcome"], row["error"], row["version"]) == ("failed", "ImageNotFound", "")
    assert len(row["photo"]) == places.PHOTO_DIGITS


def test_a_bucket_that_keeps_no_versions_has_a_photo_for_each_content(batches: BatchCloud) -> None:
    batches.keep_versions("Suspended")
    batches.put("photos/a", SURE)
    first = batches.call()["photos/a"]
    assert (first["version"], first["outcome"]) == ("", "routed")
    assert batches.call(**LATER)["photos/a"] == {**first, "asked": False}
    batches.put("photos/a", UNSURE)
    second = batches.call(**LATER)["photos/a"]
    assert (second["outcome"], second["asked"]) == ("refused", True)
    assert second["photo"] != first["photo"]


def test_a_storage_that_does_not_answer_is_an_outage(
    batches: BatchCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches.put("photos/a", SURE)
    items = batches.list_items()
    for error in (refuse("SlowDown", 503, "GetObject"), ConnectTimeoutError(endpoint_url="https://s3")):

        def fail(error: Exception = error, **_: Any) -> None:
            raise error

        monkeypatch.setattr(serialize.s3, "get_object", fail)
        with pytest.raises(StorageUnavailable, match="s3://scones-bucket/photos/a could not be read"):
            batches.call(items=items)


@pytest.mark.parametrize("others", [0, 10])
def test_a_photo_that_storage_never_gives_fails_alone_where_others_are_given(
    batches: BatchCloud, monkeypatch: pytest.MonkeyPatch, others: int
) -> None:
    for number in range(others):
        batches.put(f"photos/{number}", draw(0.81 + number / 100))
    batches.put("photos/x", SURE)
    get = serialize.s3.get_object

    def refuse_one(**request: Any) -> Any:
        if request["Key"] == "photos/x":
            raise refuse("InternalError", 500, "GetObject")
        return get(**request)

    monkeypatch.setattr(serialize.s3, "get_object", refuse_one)
    if not others:
        with pytest.raises(StorageUnavailable):
            batches.call()
        return
    rows = batches.call()
    assert (rows["photos/x"]["error"], rows["photos/x"]["version"]) == (
        "StorageUnavailable",
        find_version(batches, "photos/x"),
    )
    assert {key for key, row in rows.items() if row["outcome"] == "failed"} == {"photos/x"}


def test_a_version_that_cannot_be_looked_up_is_an_outage(
    batches: BatchCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches.put("photos/a", b"no photo")
    for error in (refuse("SlowDown", 503, "HeadObject"), ConnectTimeoutError(endpoint_url="https://s3")):

        def fail(error: Exception = error, **_: Any) -> None:
            raise error

        monkeypatch.setattr(batch_photos.s3, "head_object", fail)
        with pytest.raises(StorageUnavailable, match="s3://scones-bucket/photos/a could not be looked at"):
            batches.call()
    assert batches.read_items() == {}


def test_of_photos_that_are_kept_together_one_that_was_decided_meanwhile_stays_as_it_is(
    batches: BatchCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(30):
        batches.put(f"photos/{number:02}", draw(0.81 + number / 200))
    photo = places.identify_photo(BUCKET, "photos/03", find_version(batches, "photos/03"))
    write = outcome_records.dynamodb.transact_write_items

    def decide_meanwhile(**request: Any) -> Any:
        item = {"photo": photo, "outcome": "routed by review", "label": "motorcycle", "execution": "other"}
        encoded = {name: {"S": value} for name, value in item.items()}
        batches.dynamodb.put_item(TableName=TABLE, Item=encoded)
        return write(**request)

    monkeypatch.setattr(outcome_records.dynamodb, "transact_write_items", decide_meanwhile)
    rows = batches.call()
    assert {key for key, row in rows.items() if row["outcome"] != "routed"} == {"photos/03"}
    assert (rows["photos/03"]["outcome"], rows["photos/03"]["asked"]) == ("routed by review", False)
    assert sorted(batches.bus.told) == sorted(("routed", key) for key in rows if key != "photos/03")


def test_events_that_the_bus_did_not_take_are_sent_again(batches: BatchCloud) -> None:
    for number in range(12):
        batches.put(f"photos/{number}", SURE)
    batches.bus.refused = 15
    rows = batches.call()
    assert sorted(batches.bus.told) == sorted(("routed", key) for key in rows)


def test_a_bus_that_takes_nothing_is_an_outage_and_the_next_call_tells(batches: BatchCloud) -> None:
    batches.put("photos/a", SURE)
    batches.bus.refused = 5
    with pytest.raises(OutcomesUnavailable, match="EventBridge did not take 1 events"):
        batches.call()
    batches.call()
    assert batches.bus.told == [("routed", "photos/a")]
    assert len(batches.endpoint.asked) == 1


@pytest.mark.parametrize("operation", ["transact_write_items", "batch_get_item"])
def test_a_table_that_is_throttled_is_an_outage(
    batches: BatchCloud, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    def throttle(**_: Any) -> None:
        raise refuse("ProvisionedThroughputExceededException", 400, operation)

    batches.put("photos/a", SURE)
    with monkeypatch.context() as patch:
        patch.setattr(outcome_records.dynamodb, operation, throttle)
        with pytest.raises(OutcomesUnavailable, match="cannot be kept or told"):
            batches.call()
    assert batches.bus.told == []
    assert batches.call()["photos/a"]["outcome"] == "routed"


def test_what_the_table_left_out_of_an_answer_is_asked_for_again(
    batches: BatchCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        batches.put(f"photos/{number}", SURE)
    batches.call()
    ask, calls = outcome_records.dynamodb.batch_get_item, []

    def answer_one(RequestItems: Any) -> Any:
        calls.append(RequestItems)
        ((table, asked),) = RequestItems.items()
        first, rest = {**asked, "Keys": asked["Keys"][:1]}, {**asked, "Keys": asked["Keys"][1:]}
        left = {table: rest} if rest["Keys"] else {}
        return {**ask(RequestItems={table: first}), "UnprocessedKeys": left}

    monkeypatch.setattr(outcome_records.dynamodb, "batch_get_item", answer_one)
    assert [row["asked"] for row in batches.call(**LATER).values()] == 5 * [False]
    assert len(calls) == 5
    for number in range(5, 7):
        batches.put(f"photos/{number}", SURE)
    with pytest.raises(OutcomesUnavailable, match="throttled"):
        batches.call(**LATER)


@given(
    # Of each character as many as S3 takes for a key, and as long a cause.
    character=st.sampled_from(["a", "ü", "世", "🚲", '"', "\\"]),
    classes=st.integers(2, 400),
    share=st.floats(0, 1),
)
@settings(max_examples=15)
def test_the_rows_of_a_part_fit_into_what_step_functions_carries(
    character: str, classes: int, share: float
) -> None:
    key = character * (1024 // len(character.encode()))
    run = batch_photos.Run(**RUN)
    rows = [
        batch_photos.describe(
            run,
            batch_photos.Photo(key, "v" * 1024, "0" * 32),
            {
                "outcome": "refused",
                "predicted_class": "c0",
                "probabilities": {f"class {number}": share for number in range(classes)},
                "cause": character * 2000,
            },
        )
        for _ in range(50)
    ]
    fitted = batch_photos.fit(rows)
    assert len(json.dumps(fitted)) < 262_144
    assert [row["photo"] for row in fitted] == [row["photo"] for row in rows]
    assert all(row["predicted_class"] == "c0" for row in fitted)


def test_short_rows_keep_all_that_is_known(batches: BatchCloud) -> None:
    rows = [{"key": "a", "probabilities": {"bicycle": 1.0}, "cause": "c"}]
    assert batch_photos.fit(rows) == rows


@given(value=st.floats(0, 1))
def test_every_probability_is_a_number_that_dynamodb_takes_and_gives_back(value: float) -> None:
    encoded = outcome_records._encode(value)
    assert outcome_records._decode({"n": encoded})["n"] == (value if value >= 1e-130 else 0)
