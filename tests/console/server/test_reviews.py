"""Reviews as the page asks for them: claims, pictures, judgements, undo, and bodies of every kind."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.exceptions import HTTPException

from console.reviews.table import Place
from console.server.routes.reviews import (
    MOST_BYTES,
    MOST_PHOTOS,
    read_label,
    read_number,
    read_photos,
    read_place,
)
from evaluation.deployment import Deployment
from lambdas.workflow import outcomes
from lambdas.workflow.places import identify_photo, review_key
from tests.console.server.outcome_table import TABLE, keeping_outcomes
from tests.console.server.page_client import Answer, PageClient, png

WINDOW, OTHER_WINDOW = "window-1", "window-2"
NAMES = ("first.png", "second.png", "third.png")


def refuse(deployment: Deployment, name: str, minute: int) -> str:
    """Leaves a photo as the state machine leaves one that the filter refused; returns its id."""
    key = f"incoming/1/{name}"
    photo, when = identify_photo(deployment.bucket, key, ""), f"2026-02-01T08:{minute:02}:00.000Z"
    boto3.client("s3").put_object(Bucket=deployment.bucket, Key=review_key(photo, key), Body=png(minute))
    probabilities = {"bicycle": {"N": "0.4"}, "motorcycle": {"N": "0.6"}}
    texts = {
        "photo": photo,
        "outcome": outcomes.REFUSED,
        "decided_at": when,
        "started_at": when,
        "bucket": deployment.bucket,
        "key": key,
        "version": "",
        "file": name,
        "execution": f"arn:aws:states:us-east-1:123456789012:execution:scones:{photo}",
        "model": "scones--1",
        "predicted_class": "motorcycle",
        "error": "ThresholdConfidenceNotMet",
    }
    item: dict[str, Any] = {attribute: {"S": text} for attribute, text in texts.items()}
    item |= {"confidence": {"N": "0.6"}, "threshold": {"N": "0.8"}, "probabilities": {"M": probabilities}}
    boto3.client("dynamodb").put_item(TableName=TABLE, Item=item)
    return photo


@pytest.fixture
def waiting(deployment: Deployment) -> Iterator[list[str]]:
    """Three photos that wait in the deployment's table; their ids, oldest first."""
    with keeping_outcomes(deployment):
        yield [refuse(deployment, name, minute) for minute, name in enumerate(NAMES)]


def post(page: PageClient, path: str, body: object, window: str = WINDOW) -> Answer:
    """Asks as a window of the page does."""
    return page.ask("POST", f"/api/reviews/{path}", {"x-reviewer": window}, json.dumps(body).encode())


def claim(page: PageClient, most: int = MOST_PHOTOS, after: object = None, window: str = WINDOW) -> Any:
    """Claims photos; returns the answer."""
    answer = post(page, "claims", {"after": after, "most": most, "held": []}, window)
    assert answer.status == 200, answer.body
    return answer.json


def test_the_view_learns_what_waits_and_what_a_photo_may_be(page: PageClient, waiting: list[str]) -> None:
    assert page.get("/api/reviews").json == {
        "waiting": len(waiting),
        "classes": ["bicycle", "motorcycle"],
        "other_class": None,
        "incoming": "s3://scones-bucket/incoming/",
        "advice": None,
    }
    assert page.get("/api/reviews/waiting").json == {"waiting": len(waiting)}


def test_photos_are_claimed_oldest_first_with_why_they_wait(page: PageClient, waiting: list[str]) -> None:
    claimed = claim(page, most=2)
    assert [photo["id"] for photo in claimed["photos"]] == waiting[:2]
    assert claimed["photos"][0] == {
        "id": waiting[0],
        "name": "first.png",
        "key": "incoming/1/first.png",
        "execution": waiting[0],
        "batch": None,
        "arrived": 1769932800.0,
        "predicted_class": "motorcycle",
        "confidence": 0.6,
        "probabilities": {"bicycle": 0.4, "motorcycle": 0.6},
        "threshold": 0.8,
        "error": "ThresholdConfidenceNotMet",
    }
    assert not claimed["end"]
    following = claim(page, after=claimed["after"])
    assert [photo["id"] for photo in following["photos"]] == waiting[2:]
    assert following["end"]
    assert following["waiting"] == len(waiting)


def test_another_window_is_handed_other_photos_until_they_are_released(
    page: PageClient, waiting: list[str]
) -> None:
    claim(page, most=2)
    assert [photo["id"] for photo in claim(page, window=OTHER_WINDOW)["photos"]] == waiting[2:]
    assert post(page, "release", {"photos": waiting[:2]}).status == 200
    assert [photo["id"] for photo in claim(page, window=OTHER_WINDOW)["photos"]] == waiting


def test_a_renewed_claim_tells_which_photos_were_judged_meanwhile(
    page: PageClient, waiting: list[str]
) -> None:
    claim(page)
    post(page, f"{waiting[0]}/judgement", {"label": "bicycle"})
    answer = post(page, "claims", {"after": None, "most": 0, "held": waiting[:2]}).json
    (lost,) = answer["lost"]
    assert lost["id"] == waiting[0]
    assert "bicycle" in lost["why"]


@pytest.mark.parametrize(("label", "outcome"), [("bicycle", "routed by review"), (None, "discarded")])
def test_a_judgement_is_kept_and_can_be_undone(
    page: PageClient, waiting: list[str], label: str | None, outcome: str
) -> None:
    assert post(page, f"{waiting[0]}/judgement", {"label": label}).json == {"outcome": outcome}
    assert page.get("/api/reviews/waiting").json == {"waiting": len(waiting) - 1}
    assert post(page, f"{waiting[0]}/undo", {}).json["id"] == waiting[0]
    assert [photo["id"] for photo in claim(page)["photos"]] == waiting


def test_a_photo_is_judged_once_whoever_is_second_learns_by_whom(
    page: PageClient, waiting: list[str]
) -> None:
    post(page, f"{waiting[0]}/judgement", {"label": "bicycle"})
    second = post(page, f"{waiting[0]}/judgement", {"label": "motorcycle"}, OTHER_WINDOW)
    assert second.status == 409
    assert second.json["error"].startswith("What moto said of first.png (bicycle) stands")


def test_a_photo_that_lies_before_another_window_is_not_judged(page: PageClient, waiting: list[str]) -> None:
    claim(page)
    assert post(page, f"{waiting[0]}/judgement", {"label": "bicycle"}, OTHER_WINDOW).status == 409


def test_what_was_told_already_is_not_undone(page: PageClient, waiting: list[str]) -> None:
    post(page, f"{waiting[0]}/judgement", {"label": "bicycle"})
    boto3.client("dynamodb").update_item(
        TableName=TABLE, Key={"photo": {"S": waiting[0]}}, UpdateExpression="REMOVE untold"
    )
    answer = post(page, f"{waiting[0]}/undo", {})
    assert answer.status == 409
    assert "told" in answer.json["error"]


def test_a_label_that_is_no_class_any_more_says_which_there_are(page: PageClient, waiting: list[str]) -> None:
    answer = post(page, f"{waiting[0]}/judgement", {"label": "tram"})
    assert answer.status == 400
    assert "'tram' is no class" in answer.json["error"]
    assert "bicycle, motorcycle" in answer.json["error"]


@pytest.mark.parametrize("photo", ["0" * 32, "no-id", "..%2Fx"])
@pytest.mark.parametrize(("action", "body"), [("judgement", {"label": None}), ("undo", {})])
def test_a_photo_that_is_not_there_is_a_404(
    page: PageClient, waiting: list[str], photo: str, action: str, body: object
) -> None:
    assert post(page, f"{photo}/{action}", body).status == 404


def test_the_picture_is_encoded_anew_and_one_that_is_gone_says_so(
    page: PageClient, waiting: list[str], deployment: Deployment
) -> None:
    path = f"/api/reviews/{waiting[0]}/picture"
    answer = page.get(path)
    assert answer.status == 200
    assert answer.headers["content-type"] in ("image/png", "image/jpeg")
    copy = review_key(waiting[0], "incoming/1/first.png")
    boto3.client("s3").delete_object(Bucket=deployment.bucket, Key=copy)
    assert page.get(path).status == 404
    assert "cannot be read" in page.get(path).json["error"]


def test_an_item_that_cannot_be_read_is_passed_over_and_named(page: PageClient, waiting: list[str]) -> None:
    boto3.client("dynamodb").update_item(
        TableName=TABLE, Key={"photo": {"S": waiting[0]}}, UpdateExpression="REMOVE probabilities"
    )
    claimed = claim(page)
    assert [photo["id"] for photo in claimed["photos"]] == waiting[1:]
    assert "probabilities is missing" in claimed["faults"][0]
    assert page.get(f"/api/reviews/{waiting[0]}/picture").status == 422


def test_an_older_deployment_without_a_table_says_what_to_do(page: PageClient) -> None:
    for path in ("/api/reviews", "/api/reviews/waiting"):
        assert "/scones/outcomes" in page.get(path).json["missing"]
    answer = post(page, "claims", {"after": None, "most": 1, "held": []})
    assert answer.status == 503
    assert "/scones/outcomes" in answer.json["error"]


def test_a_throttled_table_is_one_line_and_can_be_tried_again(
    page: PageClient, waiting: list[str], deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def throttle(**request: object) -> None:
        raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "too fast"}}, "UpdateItem")

    with monkeypatch.context() as throttled:
        throttled.setattr(deployment.client("dynamodb"), "update_item", throttle)
        answer = post(page, f"{waiting[0]}/judgement", {"label": "bicycle"})
    assert answer.status == 503
    assert "nothing is lost" in answer.json["error"]
    assert post(page, f"{waiting[0]}/judgement", {"label": "bicycle"}).status == 200


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"text"', b"\xff", b"[" * 10_000, b'{"most": 1}']
)
def test_a_body_that_is_not_what_the_page_sends_is_a_400_in_one_line(
    page: PageClient, waiting: list[str], body: bytes
) -> None:
    answer = page.ask("POST", "/api/reviews/claims", {"x-reviewer": WINDOW}, body)
    assert answer.status == 400
    assert len(answer.json["error"].splitlines()) == 1


def test_a_large_body_is_not_read_to_its_end(page: PageClient, waiting: list[str]) -> None:
    body = b'{"label": "' + b"x" * MOST_BYTES + b'"}'
    answer = page.ask("POST", f"/api/reviews/{waiting[0]}/judgement", {"x-reviewer": WINDOW}, body)
    assert answer.status == 413


@pytest.mark.parametrize("window", ["", "short", "x" * 65, "an id with spaces"])
def test_who_does_not_say_which_window_asks_gets_nothing(
    page: PageClient, waiting: list[str], window: str
) -> None:
    answer = post(page, "claims", {"after": None, "most": 1, "held": []}, window)
    assert answer.status == 400
    assert "X-Reviewer" in answer.json["error"]


def test_nobody_reviews_without_the_token(page: PageClient, waiting: list[str]) -> None:
    headers = {"authorization": "", "x-reviewer": WINDOW}
    judgement = f"/api/reviews/{waiting[0]}/judgement"
    assert page.ask("POST", judgement, headers, b'{"label": null}').status == 401
    assert page.get("/api/reviews/waiting").json == {"waiting": len(waiting)}


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
BODIES = st.dictionaries(
    st.sampled_from(["after", "most", "photos", "label"]) | st.text(),
    ANYTHING | st.fixed_dictionaries({"decided_at": ANYTHING, "photo": ANYTHING}),
)


@given(BODIES)
@example({"most": True, "photos": ["0" * 32, 1], "label": ""})
@example({"most": -1, "photos": ["0" * 32 + "\n"], "label": "x" * 1000})
@example({"after": {"decided_at": "", "photo": "0" * 32}, "most": 1.0})
def test_any_field_is_taken_as_what_it_must_be_or_refused_in_one_line(body: dict[str, Any]) -> None:
    readers: list[tuple[Any, Any]] = [
        (read_place, lambda value: value is None or isinstance(value, Place)),
        (lambda fields: read_number(fields, "most"), lambda value: value in range(MOST_PHOTOS + 1)),
        (
            lambda fields: read_photos(fields, "photos"),
            lambda value: all(len(photo) == 32 for photo in value),
        ),
        (read_label, lambda value: value is None or isinstance(value, str)),
    ]
    for read, is_sound in readers:
        try:
            value = read(body)
        except HTTPException as error:
            assert error.status_code == 400
            assert len(error.detail.splitlines()) == 1
            assert len(error.detail) < 300
        else:
            assert is_sound(value)
