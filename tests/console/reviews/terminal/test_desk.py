"""What lies ready before a person who reviews, and what happens behind their back."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from console.reviews.errors import JudgedMeanwhile, NotTold
from console.reviews.queue import CLAIM_SECONDS, Reviews
from console.reviews.telling import UNDO_SECONDS, Teller
from console.reviews.terminal.desk import Desk
from evaluation.deployment import Deployment
from tests.console.reviews.waiting_photos import BUCKET, Clock, client, read_item, refuse


class Rounds(threading.Event):
    """Stands in for the event that ends a desk's thread: lets it make a round when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.begin, self.ended = threading.Semaphore(0), threading.Semaphore(0)

    def wait(self, timeout: float | None = None) -> bool:
        self.ended.release()
        self.begin.acquire()
        return self.is_set()

    def set(self) -> None:
        super().set()
        self.begin.release()

    def make(self) -> None:
        """Has the thread make a round, and waits for its end."""
        assert self.ended.acquire(timeout=60)
        self.begin.release()
        assert self.ended.acquire(timeout=60)
        self.ended.release()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def open_desk(deployment: Deployment, tmp_path: Path, clock: Clock) -> Iterator[Callable[..., Desk]]:
    """Makes desks that are left at the end of the test."""
    with ExitStack() as stack:

        def open_one(rounds: Rounds | None = None) -> Desk:
            desk = Desk(deployment, Reviews(deployment, "arn:ann#terminal", clock), tmp_path, clock)
            if rounds is not None:
                desk._closing = rounds
            return stack.enter_context(desk)

        yield open_one


def test_the_picture_that_is_shown_is_encoded_anew_in_a_file_of_its_own(
    open_desk: Callable[..., Desk], tmp_path: Path
) -> None:
    photo = refuse("incoming/1/My \x1b[31m Bike.exe", 5)
    ready = open_desk().take()
    assert ready is not None
    assert ready.picture == tmp_path / f"My-31m-Bike-{photo[:8]}.png"
    assert ready.picture.read_bytes().startswith(b"\x89PNG")


def test_a_photo_without_a_picture_says_why(open_desk: Callable[..., Desk]) -> None:
    refuse("gone.png")
    refuse("broken.png", 1)
    client("s3").delete_object(Bucket=BUCKET, Key="gone.png")
    client("s3").put_object(Bucket=BUCKET, Key="broken.png", Body=b"no picture")
    desk = open_desk()
    gone, broken = desk.take(), desk.take()
    assert gone is not None
    assert broken is not None
    assert (gone.picture, broken.picture) == (None, None)
    assert "NoSuchKey" in str(gone.fault)
    assert broken.fault


def test_the_next_picture_is_there_while_the_person_looks_at_the_one_before(
    deployment: Deployment, open_desk: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse("first.png")
    second = refuse("second.png", 1)
    fetched = threading.Event()
    prepare = Desk._prepare

    def note(self: Desk, waiting: Any) -> Any:
        ready = prepare(self, waiting)
        if waiting.photo == second:
            fetched.set()
        return ready

    monkeypatch.setattr(Desk, "_prepare", note)
    assert open_desk().take() is not None
    assert fetched.wait(timeout=60)
    assert read_item(second)["claimed_by"] == "arn:ann#terminal"


def test_what_was_claimed_is_given_back_and_what_was_judged_is_told_at_the_end(
    deployment: Deployment, tmp_path: Path
) -> None:
    photos = [refuse(f"{number}.png", number) for number in range(4)]
    with Desk(deployment, Reviews(deployment, "arn:ann#terminal"), tmp_path) as desk:
        ready = desk.take()
        assert ready is not None
        desk.judge(ready, "bicycle")
        assert "untold" in read_item(photos[0])
        assert desk.take() is not None
    assert "untold" not in read_item(photos[0])
    assert [read_item(photo).get("claimed_by") for photo in photos[1:]] == [None] * 3
    assert Reviews(deployment, "arn:bob#terminal").claim(None, 5).others == 0


def test_an_interruption_gives_back_and_tells_as_well(deployment: Deployment, tmp_path: Path) -> None:
    photos = [refuse(f"{number}.png", number) for number in range(2)]
    desk = Desk(deployment, Reviews(deployment, "arn:ann#terminal"), tmp_path)
    with pytest.raises(KeyboardInterrupt), desk:
        ready = desk.take()
        assert ready is not None
        desk.judge(ready, None)
        raise KeyboardInterrupt
    assert "untold" not in read_item(photos[0])
    assert "claimed_by" not in read_item(photos[1])


def test_claims_are_kept_alive_while_the_person_thinks(
    open_desk: Callable[..., Desk], clock: Clock, deployment: Deployment
) -> None:
    rounds = Rounds()
    refuse("bike.png")
    desk = open_desk(rounds)
    assert desk.take() is not None
    for _ in range(5):
        clock.now += CLAIM_SECONDS / 2
        rounds.make()
    assert Reviews(deployment, "arn:bob#terminal", clock).claim(None, 1).others == 1


def test_what_cannot_be_undone_any_more_is_told_while_the_person_thinks(
    open_desk: Callable[..., Desk], clock: Clock
) -> None:
    rounds = Rounds()
    photo = refuse("bike.png")
    desk = open_desk(rounds)
    ready = desk.take()
    assert ready is not None
    desk.judge(ready, "bicycle")
    rounds.make()
    assert "untold" in read_item(photo)
    clock.now += UNDO_SECONDS
    rounds.make()
    assert "untold" not in read_item(photo)


def test_what_another_program_left_untold_is_told_at_the_start(
    deployment: Deployment, tmp_path: Path, clock: Clock
) -> None:
    photo = refuse("bike.png")
    Reviews(deployment, "arn:bob#page", clock=lambda: 1_700_000_000.0).judge(photo, "bicycle")
    with Desk(deployment, Reviews(deployment, "arn:ann#terminal", clock), tmp_path, clock):
        pass
    assert "untold" not in read_item(photo)


def test_an_event_that_could_not_be_sent_is_a_note_and_sent_at_the_end(
    monkeypatch: pytest.MonkeyPatch, deployment: Deployment, tmp_path: Path, clock: Clock
) -> None:
    rounds = Rounds()
    photo = refuse("bike.png")
    desk = Desk(deployment, Reviews(deployment, "arn:ann#terminal", clock), tmp_path, clock)
    desk._closing = rounds
    with desk:
        ready = desk.take()
        assert ready is not None
        desk.judge(ready, "bicycle")
        clock.now += UNDO_SECONDS

        def refuse_event(*_: Any) -> None:
            raise NotTold("EventBridge did not take the event")

        with monkeypatch.context() as failing:
            failing.setattr(Teller, "_send", refuse_event)
            rounds.make()
        assert desk.read_notes() == ["EventBridge did not take the event"]
        assert "untold" in read_item(photo)
    assert "untold" not in read_item(photo)


def test_a_photo_that_another_took_when_the_claim_had_ended_is_not_shown(
    open_desk: Callable[..., Desk], clock: Clock, deployment: Deployment
) -> None:
    rounds = Rounds()
    photos = [refuse(f"{number}.png", number) for number in range(3)]
    desk = open_desk(rounds)
    first = desk.take()
    assert first is not None
    assert desk._ahead is not None
    desk._ahead.result(timeout=60)
    # This machine slept.
    clock.now += CLAIM_SECONDS + 1
    bob = Reviews(deployment, "arn:bob#terminal", clock)
    assert bob.renew(photos[0])
    assert bob.renew(photos[1])
    rounds.make()
    with pytest.raises(JudgedMeanwhile):
        desk.judge(first, "bicycle")
    ready = desk.take()
    assert ready is not None
    assert ready.waiting.photo == photos[2]


def test_photos_that_arrive_during_the_review_are_shown(open_desk: Callable[..., Desk]) -> None:
    refuse("first.png")
    desk = open_desk()
    assert desk.take() is not None
    assert desk._ahead is not None
    assert desk._ahead.result(timeout=60) is None
    late = refuse("late.png", 1)
    ready = desk.take()
    assert ready is not None
    assert ready.waiting.photo == late


def test_an_answer_of_aws_that_failed_ahead_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch, open_desk: Callable[..., Desk]
) -> None:
    photos = [refuse(f"{number}.png", number) for number in range(2)]
    desk = open_desk()
    prepare = Desk._prepare
    faults = [NotTold("no answer")]

    def fail_once(self: Desk, waiting: Any) -> Any:
        if waiting.photo == photos[1] and faults:
            raise faults.pop()
        return prepare(self, waiting)

    monkeypatch.setattr(Desk, "_prepare", fail_once)
    taken = [desk.take(), desk.take()]
    assert faults == []
    assert [ready and ready.waiting.photo for ready in taken] == photos
