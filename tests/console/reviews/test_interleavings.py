"""Whatever reviewers, expiring claims and tellers do in whatever order, nothing is judged or told wrongly."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from console.reviews.errors import AlreadyTold, JudgedMeanwhile
from console.reviews.queue import CLAIM_SECONDS, Reviews
from console.reviews.telling import UNDO_SECONDS, Teller
from evaluation.deployment import Deployment
from tests.console.reviews.waiting_photos import Clock, empty, record_events, refuse

REVIEWERS = ("arn:ann#tab-one", "arn:ann#tab-two", "arn:bob#terminal")
PHOTOS = 3
reviewers = st.sampled_from(REVIEWERS)
photos = st.integers(0, PHOTOS - 1)
labels = st.sampled_from(["bicycle", "motorcycle", None])


@dataclass
class Expected:
    """What a photo should be: who may have it until when, and what was said of it by whom and when."""

    owner: str | None = None
    until: float = 0.0
    judged_by: str | None = None
    label: str | None = None
    judged_at: float = 0.0
    told: bool = False

    def is_free(self, reviewer: str, now: float) -> bool:
        return self.judged_by is None and (self.owner in (None, reviewer) or self.until < now)


class ReviewMachine(RuleBasedStateMachine):
    """Three reviewers, three photos, and a model of what each step has to do."""

    deployment: Deployment

    def __init__(self) -> None:
        super().__init__()
        empty()
        deployment = self.deployment
        self.clock = Clock()
        self.ids = [refuse(f"{at}.png", at) for at in range(PHOTOS)]
        self.expected = {photo: Expected() for photo in self.ids}
        self.reviews = {name: Reviews(deployment, name, self.clock) for name in REVIEWERS}
        self.teller = Teller(deployment, self.clock)
        self.sent: list[dict[str, Any]] = record_events(deployment)

    @rule(seconds=st.sampled_from([1, UNDO_SECONDS, CLAIM_SECONDS, CLAIM_SECONDS + 1]))
    def wait(self, seconds: int) -> None:
        self.clock.now += seconds

    @rule(reviewer=reviewers, most=st.integers(1, PHOTOS))
    def claim(self, reviewer: str, most: int) -> None:
        now = self.clock.now
        free = [photo for photo in self.ids if self.expected[photo].is_free(reviewer, now)][:most]
        claimed = self.reviews[reviewer].claim(None, most)
        assert [waiting.photo for waiting in claimed.photos] == free
        for photo in free:
            self.expected[photo].owner, self.expected[photo].until = reviewer, now + CLAIM_SECONDS

    @rule(reviewer=reviewers, number=photos)
    def release(self, reviewer: str, number: int) -> None:
        photo = self.expected[self.ids[number]]
        self.reviews[reviewer].release(self.ids[number])
        if photo.owner == reviewer and photo.judged_by is None:
            photo.owner = None

    @rule(reviewer=reviewers, number=photos, label=labels)
    def judge(self, reviewer: str, number: int, label: str | None) -> None:
        photo = self.expected[self.ids[number]]
        again = photo.judged_by == reviewer and photo.label == label and not photo.told
        if photo.is_free(reviewer, self.clock.now):
            assert self.reviews[reviewer].judge(self.ids[number], label).label == label
            photo.judged_by = photo.owner = reviewer
            photo.label, photo.judged_at = label, self.clock.now
        elif again:
            self.reviews[reviewer].judge(self.ids[number], label)
        else:
            with pytest.raises(JudgedMeanwhile):
                self.reviews[reviewer].judge(self.ids[number], label)

    @rule(reviewer=reviewers, number=photos)
    def undo(self, reviewer: str, number: int) -> None:
        photo = self.expected[self.ids[number]]
        now = self.clock.now
        same_person = photo.judged_by is not None and photo.judged_by[:7] == reviewer[:7]
        if same_person and photo.told:
            with pytest.raises(AlreadyTold):
                self.reviews[reviewer].undo(self.ids[number])
        elif same_person or photo.is_free(reviewer, now):
            self.reviews[reviewer].undo(self.ids[number])
            photo.judged_by, photo.owner, photo.until = None, reviewer, now + CLAIM_SECONDS
        else:
            with pytest.raises(JudgedMeanwhile):
                self.reviews[reviewer].undo(self.ids[number])

    @rule()
    def tell(self) -> None:
        due = [
            photo
            for photo, it in self.expected.items()
            if it.judged_by is not None and not it.told and it.judged_at + UNDO_SECONDS <= self.clock.now
        ]
        assert self.teller.tell_due() == len(due)
        for photo in due:
            self.expected[photo].told = True

    @invariant()
    def each_event_tells_what_stands_and_is_sent_once(self) -> None:
        details = [json.loads(event["Detail"]) for event in self.sent]
        told = {photo: it.label for photo, it in self.expected.items() if it.told}
        assert {detail["photo"]["id"]: detail.get("label") for detail in details} == told
        assert len(details) == len(told)

    @invariant()
    def the_queue_is_what_nobody_has_judged(self) -> None:
        waiting = sum(it.judged_by is None for it in self.expected.values())
        assert self.reviews[REVIEWERS[0]].count_waiting() == waiting


def test_no_order_of_steps_judges_or_tells_wrongly(deployment: Deployment) -> None:
    ReviewMachine.deployment = deployment
    run_state_machine_as_test(ReviewMachine, settings=settings(max_examples=15, stateful_step_count=20))
