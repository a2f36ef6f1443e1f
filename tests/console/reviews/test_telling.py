"""When the events of judged photos are sent, and what a program that is killed leaves."""

import json
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from console.reviews.errors import AlreadyTold, MalformedOutcome, NotTold
from console.reviews.queue import Reviews
from console.reviews.telling import TELLING_SECONDS, UNDO_SECONDS, Teller
from evaluation.deployment import Deployment
from tests.console.reviews.waiting_photos import Clock, read_item, record_events, refuse

ANN = "arn:aws:iam::123456789012:user/ann"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def reviews(deployment: Deployment, clock: Clock) -> Reviews:
    return Reviews(deployment, f"{ANN}#terminal", clock)


@pytest.fixture
def teller(deployment: Deployment, clock: Clock) -> Teller:
    return Teller(deployment, clock)


def test_an_event_waits_until_nobody_can_undo_any_more(
    deployment: Deployment, reviews: Reviews, teller: Teller, clock: Clock
) -> None:
    sent = record_events(deployment)
    photo = refuse("bike.png")
    reviews.judge(photo, "bicycle")
    clock.now += UNDO_SECONDS - 1
    assert (teller.tell_due(), sent) == (0, [])
    clock.now += 1
    assert teller.tell_due() == 1
    assert teller.tell_due() == 0
    (event,) = sent
    assert (event["Source"], event["DetailType"]) == ("scones.scones", "Photo Routed")
    detail = json.loads(event["Detail"])
    assert detail["outcome"] == "routed by review"
    assert (detail["label"], detail["reviewed_by"], detail["photo"]["id"]) == ("bicycle", ANN, photo)
    assert detail["probabilities"] == {"bicycle": 0.625, "motorcycle": 0.375}
    assert detail["decided_at"] == "2027-01-15T08:00:00.000Z"
    item = read_item(photo)
    assert not {"untold", "telling_until", "claimed_by", "claimed_until"} & item.keys()


def test_a_discarded_photo_has_an_event_of_its_own_kind(
    deployment: Deployment, reviews: Reviews, teller: Teller
) -> None:
    sent = record_events(deployment)
    photo = refuse("cat.png")
    reviews.judge(photo, None)
    assert teller.tell(photo)
    assert sent[0]["DetailType"] == "Photo Discarded"
    assert "label" not in json.loads(sent[0]["Detail"])


def test_what_was_undone_is_not_told(
    deployment: Deployment, reviews: Reviews, teller: Teller, clock: Clock
) -> None:
    sent = record_events(deployment)
    photo = refuse("bike.png")
    reviews.judge(photo, "bicycle")
    reviews.undo(photo)
    clock.now += UNDO_SECONDS
    assert teller.tell_due() == 0
    assert not teller.tell(photo)
    assert sent == []


def test_what_is_judged_anew_after_an_undo_waits_anew(reviews: Reviews, teller: Teller, clock: Clock) -> None:
    photo = refuse("bike.png")
    reviews.judge(photo, "bicycle")
    clock.now += UNDO_SECONDS - 1
    reviews.undo(photo)
    reviews.judge(photo, "motorcycle")
    clock.now += 1
    assert teller.tell_due() == 0


@pytest.mark.parametrize("sent_before", [False, True])
def test_an_event_that_a_killed_program_was_about_to_send_is_sent_by_the_next(
    deployment: Deployment,
    reviews: Reviews,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    *,
    sent_before: bool,
) -> None:
    sent = record_events(deployment)
    photo = refuse("bike.png")
    reviews.judge(photo, "bicycle")
    clock.now += UNDO_SECONDS

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying, pytest.raises(KeyboardInterrupt):
        dying.setattr(Teller, "_finish" if sent_before else "_send", die)
        Teller(deployment, clock).tell_due()
    with pytest.raises(AlreadyTold):
        reviews.undo(photo)
    # Another program may still be at it.
    assert Teller(deployment, clock).tell_due() == 0
    clock.now += TELLING_SECONDS + 1
    assert Teller(deployment, clock).tell_due() == 1
    assert {json.loads(event["Detail"])["label"] for event in sent} == {"bicycle"}
    assert len(sent) == (2 if sent_before else 1)


def test_what_was_judged_before_a_program_was_killed_is_found_however_long_ago(
    deployment: Deployment, reviews: Reviews, clock: Clock
) -> None:
    photos = [refuse(f"{at}.png", at) for at in range(3)]
    for photo in photos:
        reviews.judge(photo, "bicycle")
    clock.now += 30 * 86400
    assert Teller(deployment, clock).tell_due() == 3


def test_a_teller_that_has_told_all_looks_at_the_last_minutes_only(
    reviews: Reviews, teller: Teller, deployment: Deployment, clock: Clock
) -> None:
    looked: list[str] = []
    deployment.client("dynamodb").meta.events.register(
        "before-parameter-build.dynamodb.Query",
        lambda params, **_: looked.append(params["KeyConditionExpression"]),
    )
    teller.tell_due()
    assert not any("decided_at" in condition for condition in looked)
    looked.clear()
    photo = refuse("bike.png")
    clock.now += 3600
    reviews.judge(photo, "bicycle")
    clock.now += UNDO_SECONDS
    assert teller.tell_due() == 1
    assert all("decided_at" in condition for condition in looked)


def test_an_event_that_eventbridge_does_not_take_is_a_line_and_is_sent_again(
    deployment: Deployment, reviews: Reviews, teller: Teller, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused, taken = refuse("bike.png"), refuse("other.png", 1)
    for photo in (refused, taken):
        reviews.judge(photo, "bicycle")
    clock.now += UNDO_SECONDS
    events = deployment.client("events")
    put_events = events.put_events

    def refuse_one(Entries: list[dict[str, str]]) -> dict[str, Any]:
        if refused in Entries[0]["Detail"]:
            return {"Entries": [{"ErrorCode": "InternalFailure", "ErrorMessage": "Try again"}]}
        return put_events(Entries=Entries)

    with monkeypatch.context() as failing:
        failing.setattr(events, "put_events", refuse_one)
        with pytest.raises(
            NotTold, match=rf"photo {refused} \(InternalFailure: Try again\): it is sent again$"
        ):
            teller.tell_due()
    assert "untold" not in read_item(taken)
    assert teller.tell_due() == 1
    assert "untold" not in read_item(refused)


def test_an_event_of_which_nobody_knows_whether_it_was_taken_is_sent_again(
    deployment: Deployment, reviews: Reviews, teller: Teller, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    reviews.judge(refuse("bike.png"), "bicycle")
    clock.now += UNDO_SECONDS

    def lose_connection(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://events")

    with monkeypatch.context() as failing:
        failing.setattr(deployment.client("events"), "put_events", lose_connection)
        with pytest.raises(EndpointConnectionError):
            teller.tell_due()
    clock.now += TELLING_SECONDS + 1
    assert teller.tell_due() == 1


def test_an_item_that_no_event_can_tell_of_keeps_no_other_from_being_told(
    reviews: Reviews, teller: Teller, clock: Clock
) -> None:
    refuse("foreign.png", outcome="routed by review", untold=True, model=None)
    good = refuse("good.png", 1)
    reviews.judge(good, "bicycle")
    clock.now += UNDO_SECONDS
    with pytest.raises(MalformedOutcome, match="its attribute model is missing"):
        teller.tell_due()
    assert "untold" not in read_item(good)
