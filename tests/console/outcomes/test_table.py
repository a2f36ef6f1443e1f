"""The table of outcomes: by file name, by outcome, class, confidence and time; counts; a photo's picture."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import pytest
from botocore.exceptions import ClientError

from console.executions.filter import ExecutionFilter
from console.outcomes.table import Outcomes
from console.photo import NoPhoto
from console.reviews.errors import TableBusy
from evaluation.deployment import Deployment, NotDeployed
from lambdas.workflow import places
from tests.console.reviews.waiting_photos import (
    BUCKET,
    client,
    deployed,
    draw,
    empty,
    put,
    read_item,
    refuse,
    table,
)

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC).timestamp()
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:scones"
ANN = "arn:aws:sts::123456789012:assumed-role/Reviewers/ann"
JUDGED = {"label": "motorcycle", "reviewed_by": ANN, "refused_at": "2026-01-31T12:03:00.250Z"}
KEYS = {
    "routed": "incoming/1/Red Bike.JPG",
    "refused": "incoming/2/blue bike.png",
    "failed": "incoming/3/letter.txt",
    "routed by review": "incoming/4/grey moped.png",
    "discarded": "incoming/5/a tree.png",
}


@pytest.fixture(scope="module")
def filled() -> Iterator[dict[str, str]]:
    """A photo of each outcome, decided a minute after each other from noon on; their ids by outcome."""
    with deployed():
        empty()
        client("ssm").put_parameter(Name="/scones/state-machine", Value=MACHINE, Type="String")
        unanswered = dict.fromkeys(("predicted_class", "confidence", "probabilities", "threshold"))
        others: dict[str, dict[str, Any]] = {
            "routed": {"confidence": Decimal("0.95")},
            "failed": {**unanswered, "error": "InvalidImage", "cause": "no image"},
            "routed by review": JUDGED,
            "discarded": {**JUDGED, "label": None, "error": "Custom.Error"},
        }
        yield {
            outcome: refuse(key, 60 * number, outcome=outcome, **others.get(outcome, {}))
            for number, (outcome, key) in enumerate(KEYS.items())
        }


@pytest.fixture
def kept(filled: dict[str, str]) -> Outcomes:
    """That table."""
    assert filled
    return Outcomes(Deployment("scones"))


def list_outcomes(kept: Outcomes, query: str) -> list[str]:
    page = kept.list_page(ExecutionFilter.from_query(parse_qsl(query)), None)
    assert page["cursor"] is None
    return [shown["outcome"] for shown in page["executions"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["discarded", "routed by review", "failed", "refused", "routed"]),
        ("search=BIKE", ["refused", "routed"]),
        ("search=bike.jpg", ["routed"]),
        ("search= moped ", ["routed by review"]),
        ("search=incoming", []),
        ("search=arn", []),
        ("search=scones", []),
        ("search=invalidimage", ["failed"]),
        ("search=Custom.E", ["discarded"]),
        ("search=bike&outcome=refused", ["refused"]),
        ("search=bike&outcome=refused&outcome=routed", ["refused", "routed"]),
        ("error=InvalidImage", ["failed"]),
        ("error=Image", []),
        ("outcome=routed by review", ["routed by review"]),
        ("outcome=running&outcome=failed", ["failed"]),
        ("class=bicycle", ["discarded", "refused", "routed"]),
        ("class=motorcycle", ["routed by review"]),
        ("min=0.95", ["routed"]),
        ("max=0.625", ["discarded", "routed by review", "refused"]),
        ("min=1e-200&max=1&search=e", ["discarded", "routed by review", "refused", "routed"]),
        (f"from={NOON + 181}", ["discarded"]),
        (f"to={NOON + 60.4}", ["routed"]),
        (f"from={NOON + 60.5}&to={NOON + 120.5}", ["failed", "refused"]),
        ("from=-1e30&to=1e30&outcome=failed", ["failed"]),
    ],
)
def test_filters(kept: Outcomes, query: str, expected: list[str]) -> None:
    assert list_outcomes(kept, query) == expected
    assert kept.count(ExecutionFilter.from_query(parse_qsl(query))) == (len(expected), False)


def test_a_photo_is_found_by_the_beginning_of_its_execution_s_name(
    kept: Outcomes, filled: dict[str, str]
) -> None:
    assert list_outcomes(kept, f"search={filled['failed'][:12]}") == ["failed"]


def test_a_total_that_would_take_too_long_says_that_there_may_be_more(
    kept: Outcomes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.outcomes.table.MOST_REQUESTS", 0)
    assert kept.count(ExecutionFilter()) == (0, True)


def test_the_errors_are_those_by_which_photos_failed(kept: Outcomes) -> None:
    assert kept.list_errors() == ["InvalidImage"]


def test_a_line_tells_what_became_of_the_photo(kept: Outcomes, filled: dict[str, str]) -> None:
    (line,) = kept.list_page(ExecutionFilter(frozenset({"routed by review"})), None)["executions"]
    photo = filled["routed by review"]
    assert line == {
        "photo": photo,
        "id": photo,
        "arn": read_item(photo)["execution"],
        "batch": None,
        "name": "grey moped.png",
        "bucket": BUCKET,
        "key": "incoming/4/grey moped.png",
        "version": None,
        "outcome": "routed by review",
        "started": NOON + 180,
        "decided": NOON + 180.5,
        # The execution ended with the refusal; the person came later.
        "ended": NOON + 180.25,
        "milliseconds": 250,
        "predicted_class": "bicycle",
        "confidence": 0.625,
        "error": None,
        "cause": None,
        "label": "motorcycle",
        "reviewed_by": ANN,
    }


def test_an_item_of_a_foreign_writer_is_a_line_without_what_it_lacks(filled: dict[str, str]) -> None:
    put({"photo": "odd", "outcome": "failed", "decided_at": "once", "key": 7, "confidence": "much"})
    try:
        wanted = ExecutionFilter(frozenset({"failed"}))
        page = Outcomes(Deployment("scones")).list_page(wanted, None)
        odd = next(line for line in page["executions"] if line["photo"] == "odd")
        assert (odd["id"], odd["name"], odd["decided"], odd["confidence"]) == ("odd", None, None, None)
    finally:
        table().delete_item(Key={"photo": "odd"})


@pytest.mark.parametrize("outcome", ["routed", "refused", "discarded"])
def test_a_picture_is_the_file_that_was_decided_on(
    kept: Outcomes, filled: dict[str, str], outcome: str
) -> None:
    assert kept.read_picture(filled[outcome]) == draw(60 * list(KEYS).index(outcome))


def test_the_picture_of_a_refused_photo_outlasts_the_photo(kept: Outcomes, filled: dict[str, str]) -> None:
    copy = places.review_key(filled["refused"], KEYS["refused"])
    client("s3").put_object(Bucket=BUCKET, Key=copy, Body=b"copy")
    assert kept.read_picture(filled["refused"]) == b"copy"
    client("s3").delete_object(Bucket=BUCKET, Key=copy)


@pytest.mark.parametrize("photo", ["no-such-photo", "0" * 32])
def test_a_picture_of_no_photo_of_the_table_is_never_asked_of_s3(kept: Outcomes, photo: str) -> None:
    with pytest.raises(NoPhoto):
        kept.read_picture(photo)


def test_an_event_that_named_no_photo_has_no_picture(kept: Outcomes) -> None:
    put({"photo": "run-1", "outcome": "failed", "decided_at": "2020", "bucket": "", "key": "", "version": ""})
    try:
        with pytest.raises(NoPhoto, match=r"knows no photo run-1$"):
            kept.read_picture("run-1")
    finally:
        table().delete_item(Key={"photo": "run-1"})


def test_a_photo_is_found_by_its_id(kept: Outcomes, filled: dict[str, str]) -> None:
    found = kept.find(filled["failed"])
    assert found and (found["outcome"], found["error"]) == ("failed", "InvalidImage")
    assert kept.find("no-such-photo") is None
    assert read_item(filled["failed"])["file"] == "letter.txt"


def test_a_table_that_throttles_is_one_line(filled: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    deployment = Deployment("scones")

    def throttle(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "Slow down"}}, "Query")

    monkeypatch.setattr(deployment.client("dynamodb"), "query", throttle)
    with pytest.raises(TableBusy, match=r"^The table scones-outcomes is throttled .* try again in a minute$"):
        Outcomes(deployment).list_page(ExecutionFilter(search="bike"), None)


def test_a_deployment_without_a_table_says_so(filled: dict[str, str]) -> None:
    with pytest.raises(NotDeployed):
        Outcomes(Deployment("older")).list_errors()
