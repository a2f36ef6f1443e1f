"""How waiting photos are handed out, judged and undone."""

import threading
from collections import Counter
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse

from console.reviews.errors import (
    AlreadyTold,
    JudgedMeanwhile,
    MalformedOutcome,
    TableBusy,
    UnknownClass,
    UnknownPhoto,
)
from console.reviews.queue import CLAIM_SECONDS, Reviews
from console.reviews.reviewer import name_reviewer, read_person
from console.reviews.table import Place
from console.reviews.telling import Teller
from evaluation.deployment import Deployment, NotDeployed
from tests.console.reviews.waiting_photos import (
    TABLE,
    Clock,
    client,
    create_table,
    put,
    read_item,
    refuse,
    stage,
)

ANN, BOB = "arn:aws:iam::123456789012:user/ann", "arn:aws:iam::123456789012:user/bob"


def reviews_of(
    deployment: Deployment, person: str, clock: Clock | None = None, tab: str = "tab-0001"
) -> Reviews:
    return Reviews(deployment, f"{person}#{tab}", clock or Clock())


def test_waiting_photos_are_handed_out_oldest_first_with_all_that_the_model_said(
    deployment: Deployment,
) -> None:
    photos = [refuse(f"incoming/{at}/photo.png", at) for at in (30, 10, 20)]
    claimed = reviews_of(deployment, ANN).claim(None, 2)
    assert [waiting.photo for waiting in claimed.photos] == [photos[1], photos[2]]
    assert claimed.photos[0].probabilities == {"bicycle": 0.625, "motorcycle": 0.375}
    assert (claimed.photos[0].confidence, claimed.photos[0].threshold) == (0.625, 0.8)
    assert not claimed.end
    rest = reviews_of(deployment, ANN).claim(claimed.after, 2)
    assert [waiting.photo for waiting in rest.photos] == [photos[0]]
    assert rest.end


def test_an_empty_queue_has_no_photo_and_no_place(deployment: Deployment) -> None:
    claimed = reviews_of(deployment, ANN).claim(None, 5)
    assert (claimed.photos, claimed.after, claimed.end) == ((), None, True)
    assert reviews_of(deployment, ANN).count_waiting() == 0


def test_more_photos_than_a_page_holds_are_walked_and_counted(deployment: Deployment) -> None:
    photos = [refuse(f"{at}.png", at) for at in range(60)]
    reviews = reviews_of(deployment, ANN)
    assert [waiting.photo for waiting in reviews.claim(None, 100).photos] == photos
    assert reviews.count_waiting() == 60


def test_two_reviewers_in_threads_judge_two_hundred_photos_once_each_and_all(deployment: Deployment) -> None:
    photos = {refuse(f"{at}.png", at) for at in range(200)}
    judged: list[tuple[str, str]] = []
    shown: list[tuple[str, str]] = []

    def review(person: str, label: str) -> None:
        reviews = reviews_of(deployment, person)
        after: Place | None = None
        end = False
        while not end:
            claimed = reviews.claim(after, 3)
            after, end = claimed.after, claimed.end
            for waiting in claimed.photos:
                shown.append((person, waiting.photo))
                reviews.judge(waiting.photo, label)
                judged.append((person, waiting.photo))

    threads = [threading.Thread(target=review, args=each) for each in ((ANN, "bicycle"), (BOB, "motorcycle"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(photo for _, photo in judged) == dict.fromkeys(photos, 1)
    assert shown == judged or sorted(shown) == sorted(judged)
    for person, photo in judged:
        assert read_item(photo)["reviewed_by"] == person
    assert reviews_of(deployment, ANN).count_waiting() == 0


def test_two_windows_of_one_person_are_never_shown_the_same_photo(deployment: Deployment) -> None:
    refuse("only.png")
    assert len(reviews_of(deployment, ANN, tab="tab-0001").claim(None, 1).photos) == 1
    second = reviews_of(deployment, ANN, tab="tab-0002").claim(None, 1)
    assert (second.photos, second.others, second.end) == ((), 1, True)


def test_a_claim_expires_and_a_renewed_one_does_not(deployment: Deployment) -> None:
    clock = Clock()
    photo = refuse("only.png")
    ann, bob = (reviews_of(deployment, person, clock) for person in (ANN, BOB))
    assert ann.claim(None, 1).photos
    clock.now += CLAIM_SECONDS - 1
    ann.renew(photo)
    clock.now += CLAIM_SECONDS
    assert bob.claim(None, 1).photos == ()
    clock.now += 1
    assert bob.claim(None, 1).photos
    with pytest.raises(JudgedMeanwhile, match=r"lies before another reviewer, .*user/bob: take the next"):
        ann.renew(photo)


def test_a_released_photo_is_free_and_nobody_releases_another_s(deployment: Deployment) -> None:
    photo = refuse("only.png")
    ann, bob = reviews_of(deployment, ANN), reviews_of(deployment, BOB)
    ann.claim(None, 1)
    bob.release(photo)
    assert bob.claim(None, 1).photos == ()
    ann.release(photo)
    assert bob.claim(None, 1).photos


def test_a_label_is_a_fact_with_who_when_model_and_probabilities(deployment: Deployment) -> None:
    photo = refuse("bike.png")
    before = read_item(photo)
    judged = reviews_of(deployment, ANN).judge(photo, "motorcycle")
    item = read_item(photo)
    assert (judged.outcome, judged.label, judged.reviewed_by) == ("routed by review", "motorcycle", ANN)
    assert (item["outcome"], item["label"], item["reviewed_by"]) == ("routed by review", "motorcycle", ANN)
    assert item["decided_at"] == judged.decided_at == "2027-01-15T08:00:00.000Z"
    assert item["refused_at"] == before["decided_at"]
    for name in ("model", "probabilities", "confidence", "predicted_class", "threshold", "execution"):
        assert item[name] == before[name]


def test_a_photo_that_is_none_of_the_classes_is_discarded_without_a_label(deployment: Deployment) -> None:
    photo = refuse("cat.png")
    assert reviews_of(deployment, ANN).judge(photo, None).label is None
    item = read_item(photo)
    assert item["outcome"] == "discarded"
    assert "label" not in item


def test_a_label_for_a_photo_that_was_judged_meanwhile_says_by_whom_and_as_what(
    deployment: Deployment,
) -> None:
    photo, discarded = refuse("bike.png"), refuse("cat.png", 1)
    ann, bob = reviews_of(deployment, ANN), reviews_of(deployment, BOB)
    ann.judge(photo, "bicycle")
    ann.judge(discarded, None)
    with pytest.raises(JudgedMeanwhile, match=r"^What ann said of bike\.png \(bicycle\) stands"):
        bob.judge(photo, "motorcycle")
    with pytest.raises(JudgedMeanwhile, match=r"\(none of the classes\) stands: take the next photo$"):
        bob.judge(discarded, "motorcycle")
    with pytest.raises(JudgedMeanwhile, match=r"\(bicycle\) stands"):
        bob.find(photo)
    assert read_item(photo)["label"] == "bicycle"


def test_a_photo_that_a_redriven_execution_routed_meanwhile_is_not_judged(deployment: Deployment) -> None:
    photo = refuse("bike.png", outcome="routed")
    with pytest.raises(JudgedMeanwhile, match=f"^Photo {photo} does not wait: its outcome is 'routed'$"):
        reviews_of(deployment, ANN).judge(photo, "bicycle")


def test_a_photo_that_lies_before_another_is_not_judged(deployment: Deployment) -> None:
    photo = refuse("bike.png")
    reviews_of(deployment, ANN).claim(None, 1)
    with pytest.raises(JudgedMeanwhile, match="before another reviewer, arn:aws:iam::123456789012:user/ann"):
        reviews_of(deployment, BOB).judge(photo, "bicycle")
    assert read_item(photo)["outcome"] == "refused"


def test_a_judgement_whose_answer_was_lost_may_be_sent_again(deployment: Deployment) -> None:
    photo = refuse("bike.png")
    ann = reviews_of(deployment, ANN)
    first = ann.judge(photo, "bicycle")
    assert ann.judge(photo, "bicycle") == first
    with pytest.raises(JudgedMeanwhile):
        ann.judge(photo, "motorcycle")


@pytest.mark.parametrize("label", ["cat", "", "bicycle ", "x" * 5000, "none"])
def test_a_class_that_the_deployment_lacks_is_refused(deployment: Deployment, label: str) -> None:
    photo = refuse("bike.png")
    with pytest.raises(
        UnknownClass, match=r"is no class of 'scones' \(any more\): they are bicycle, motorcycle$"
    ):
        reviews_of(deployment, ANN).judge(photo, label)
    assert read_item(photo)["outcome"] == "refused"


def test_a_class_that_is_taken_away_while_somebody_reviews_is_refused_from_then_on(
    deployment: Deployment,
) -> None:
    photo = refuse("bike.png")
    ann = reviews_of(deployment, ANN)
    assert ann.read_classes() == ["bicycle", "motorcycle"]
    stage(["apple", "bicycle"])
    with pytest.raises(UnknownClass, match=r"'motorcycle' is no class .* apple, bicycle"):
        ann.judge(photo, "motorcycle")
    assert ann.judge(photo, "bicycle").label == "bicycle"


def test_the_other_class_is_no_label_for_no_delivery_goes_to_it(deployment: Deployment) -> None:
    photo = refuse("teal rectangle.png")
    stage(["bicycle", "motorcycle", "other"], other_class="other")
    ann = reviews_of(deployment, ANN)
    assert (ann.read_classes(), ann.read_other_class()) == (["bicycle", "motorcycle"], "other")
    with pytest.raises(UnknownClass, match=r"'other' is no class .* bicycle, motorcycle"):
        ann.judge(photo, "other")


def test_undo_gives_the_photo_its_former_place_and_keeps_it_for_who_undoes(deployment: Deployment) -> None:
    photo, _ = refuse("bike.png", 0), refuse("next.png", 1)
    ann = reviews_of(deployment, ANN)
    before = read_item(photo)
    (waiting,) = ann.claim(None, 1).photos
    ann.judge(photo, "bicycle")
    assert ann.undo(photo) == waiting
    assert reviews_of(deployment, BOB).claim(None, 1).others == 1
    ann.release(photo)
    assert read_item(photo) == before
    assert ann.claim(None, 1).photos == (waiting,)


def test_undo_that_is_sent_again_changes_nothing(deployment: Deployment) -> None:
    photo = refuse("bike.png")
    ann = reviews_of(deployment, ANN)
    ann.judge(photo, None)
    assert ann.undo(photo) == ann.undo(photo)


def test_what_was_told_cannot_be_undone(deployment: Deployment) -> None:
    photo = refuse("bike.png")
    ann = reviews_of(deployment, ANN)
    ann.judge(photo, "bicycle")
    assert Teller(deployment).tell(photo)
    with pytest.raises(
        AlreadyTold, match=r"\(bicycle\) cannot be undone: other systems were told of it already$"
    ):
        ann.undo(photo)
    assert read_item(photo)["outcome"] == "routed by review"


def test_nobody_undoes_what_another_person_said(deployment: Deployment) -> None:
    photo = refuse("bike.png")
    reviews_of(deployment, ANN).judge(photo, "bicycle")
    with pytest.raises(JudgedMeanwhile, match="What ann said"):
        reviews_of(deployment, BOB).undo(photo)


@pytest.mark.parametrize(
    "photo", ["", "x", "../" * 9, "A" * 32, "f" * 31, "f" * 33, "f" * 32 + "\n", "é" * 32]
)
def test_an_id_that_is_none_is_refused_in_a_line(deployment: Deployment, photo: str) -> None:
    ann = reviews_of(deployment, ANN)
    for act in (ann.find, ann.renew, ann.release, ann.undo, lambda it: ann.judge(it, "bicycle")):
        with pytest.raises(UnknownPhoto, match=r"is no photo's id: those have 32 hexadecimal digits$"):
            act(photo)


def test_a_photo_that_the_table_does_not_know_is_said_to_be_unknown(deployment: Deployment) -> None:
    ann = reviews_of(deployment, ANN)
    for act in (ann.find, ann.renew, ann.undo, lambda it: ann.judge(it, "bicycle")):
        with pytest.raises(UnknownPhoto, match=f"^No photo {'f' * 32} is known to 'scones'$"):
            act("f" * 32)


WRONG: list[dict[str, Any]] = [
    {"bucket": None},
    {"key": Decimal(1)},
    {"execution": None},
    {"model": ["m"]},
    {"probabilities": None},
    {"probabilities": {}},
    {"probabilities": {"bicycle": Decimal("1.5")}},
    {"probabilities": {"bicycle": "0.5"}},
    {"threshold": True},
    {"confidence": Decimal(-1)},
    {"started_at": None},
    {"decided_at": "yesterday"},
]


@pytest.mark.parametrize("wrong", WRONG)
def test_an_item_of_a_foreign_writer_is_passed_over_with_a_line(
    deployment: Deployment, wrong: dict[str, Any]
) -> None:
    (name,) = wrong
    refuse("foreign.png", wrong=wrong)
    good = refuse("good.png", 2)
    claimed = reviews_of(deployment, ANN).claim(None, 5)
    assert [waiting.photo for waiting in claimed.photos] == [good]
    (fault,) = claimed.faults
    assert f"its attribute {name} is" in fault
    assert len(fault.splitlines()) == 1


@pytest.mark.parametrize("name", ["bucket", "key", "version", "execution", "model", "started_at"])
def test_what_no_event_could_tell_of_is_not_judged(deployment: Deployment, name: str) -> None:
    photo = refuse("foreign.png", wrong={name: None})
    with pytest.raises(MalformedOutcome, match=f"its attribute {name} is missing, but a text is expected$"):
        reviews_of(deployment, ANN).judge(photo, None)
    assert read_item(photo)["outcome"] == "refused"


def test_attributes_of_a_newer_writer_do_no_harm(deployment: Deployment) -> None:
    refuse("new.png", colour="red", tags={"a", "b"}, nested=[{"n": Decimal(1)}])
    assert len(reviews_of(deployment, ANN).claim(None, 1).photos) == 1


def test_a_claim_of_a_foreign_writer_that_has_no_end_is_respected_and_does_not_break(
    deployment: Deployment,
) -> None:
    refuse("odd.png", claimed_by="somebody")
    refuse("odder.png", 1, claimed_by="somebody", claimed_until="tomorrow")
    assert reviews_of(deployment, ANN).claim(None, 2).others == 2


@pytest.mark.usefixtures("deployment")
def test_a_table_that_throttles_is_asked_again_and_then_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    photo = refuse("bike.png")
    deployment = Deployment("scones")
    asked = throttle(deployment, monkeypatch)
    ann = reviews_of(deployment, ANN)
    for act in (ann.count_waiting, lambda: ann.claim(None, 1), lambda: ann.judge(photo, None)):
        asked.clear()
        with pytest.raises(
            TableBusy, match=f"^The table {TABLE} is throttled .*: nothing is lost, try again"
        ):
            act()
        assert len(asked) == 6


def throttle(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Has DynamoDB refuse every request; returns a list that grows by one with each."""
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))
    asked: list[object] = []
    body = b'{"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException", "message": "Slow down"}'

    class Body:
        def stream(self, **_: Any) -> Any:
            yield body

    def refuse_request(request: Any, **_: Any) -> AWSResponse:
        asked.append(request)
        return AWSResponse(request.url, 400, {}, Body())

    deployment.client("dynamodb").meta.events.register_first("before-send.dynamodb", refuse_request)
    return asked


def test_without_a_table_a_line_says_what_to_run(deployment: Deployment) -> None:
    client("dynamodb").delete_table(TableName=TABLE)
    try:
        with pytest.raises(NotDeployed, match=f"^There is no table {TABLE}.* run make deploy"):
            reviews_of(deployment, ANN).count_waiting()
    finally:
        create_table()


@pytest.mark.usefixtures("deployment")
def test_where_nothing_is_deployed_a_line_says_so() -> None:
    with pytest.raises(NotDeployed, match=r"^No parameter /other/outcomes .* Run make demo"):
        reviews_of(Deployment("other"), ANN).count_waiting()


def test_a_reviewer_is_the_caller_in_one_window(deployment: Deployment) -> None:
    first, second = name_reviewer(deployment), name_reviewer(deployment)
    assert first != second
    assert read_person(first) == read_person(second) == "arn:aws:sts::123456789012:user/moto"
    assert name_reviewer(deployment, "0123-4567").endswith("#0123-4567")
    for window in ("", "short", "with#hash", "x" * 65, "new\nline-"):
        with pytest.raises(ValueError, match="is no window's id"):
            name_reviewer(deployment, window)


def test_a_photo_without_a_version_is_judged_too(deployment: Deployment) -> None:
    photo = refuse("bike.png")
    put(read_item(photo) | {"version": ""})
    assert reviews_of(deployment, ANN).judge(photo, "bicycle").version == ""
