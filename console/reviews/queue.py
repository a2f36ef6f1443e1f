"""Hands the waiting photos to those who review, each to one at a time, and takes what they say of them."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from console.reviews.errors import AlreadyTold, JudgedMeanwhile, MalformedOutcome, UnknownClass, UnknownPhoto
from console.reviews.photos import (
    TEXTS,
    Judged,
    Waiting,
    check_event_item,
    check_photo_id,
    format_time,
    read_judged,
    read_waiting,
)
from console.reviews.reviewer import read_person
from console.reviews.table import ConditionFailed, Item, OutcomeTable, Place
from evaluation.deployment import Deployment
from lambdas.workflow import outcomes

CLAIM_SECONDS = 120
"""How long a photo is kept for who claimed it, unless the claim is renewed."""
_PAGE = 25
# What the event tells must be there before anything is decided.
_WHOLE = " AND ".join(f"attribute_type(#{name}, :text)" for name in TEXTS)
_FREE = (
    "#outcome = :refused AND "
    "(attribute_not_exists(#claimed_by) OR #claimed_by = :reviewer OR #claimed_until < :now)"
)


@dataclass(frozen=True)
class Claimed:
    """What a reviewer is handed.

    Attributes:
        photos: The photos, oldest first. They are this reviewer's for ``CLAIM_SECONDS``.
        after: Where to go on; None if there was no photo at all.
        end: Whether the queue ended here. Going on from ``after`` later finds what has arrived meanwhile, and
            going on from None what others have left.
        others: How many photos were passed over because they lie before another reviewer.
        faults: A line for each photo that was passed over because its item cannot be read.
    """

    photos: tuple[Waiting, ...]
    after: Place | None
    end: bool
    others: int
    faults: tuple[str, ...]


class Reviews:
    """The review of one reviewer. Threads may share it.

    Every method may also raise what ``OutcomeTable`` does.

    Attributes:
        reviewer: The reviewer's id.
    """

    def __init__(self, deployment: Deployment, reviewer: str, clock: Callable[[], float] = time.time) -> None:
        """Makes a review.

        Args:
            deployment: What is reviewed.
            reviewer: Whoever reviews, as ``name_reviewer`` calls them.
            clock: Tells the time in Unix seconds.
        """
        self.reviewer = reviewer
        self._deployment = deployment
        self._table = OutcomeTable(deployment)
        self._clock = clock
        self._classes: tuple[str, list[str], str | None] = ("", [], None)

    def count_waiting(self) -> int:
        """Returns how many photos wait, those before somebody included."""
        return self._table.count(outcomes.REFUSED)

    def read_classes(self) -> list[str]:
        """Returns the classes that a photo may be given, in label order.

        Raises:
            NotDeployed: Nothing is staged.
        """
        return self._read_manifest()[0]

    def read_other_class(self) -> str | None:
        """Returns the class of photos that show none of those; None where the model has none.

        Raises:
            NotDeployed: Nothing is staged.
        """
        return self._read_manifest()[1]

    def _read_manifest(self) -> tuple[list[str], str | None]:
        data_set = self._deployment.data_set
        known, classes, other_class = self._classes
        if known != data_set:
            manifest = self._deployment.read_manifest()
            other_class = manifest.get("other_class")
            # No delivery goes to that: who sees none of the classes in a photo discards it.
            classes = [name for name in manifest["classes"] if name != other_class]
            self._classes = (data_set, classes, other_class)
        return classes, other_class

    def find(self, photo: str) -> Waiting:
        """Returns a photo that waits, whoever has claimed it.

        Raises:
            UnknownPhoto: There is no such photo.
            JudgedMeanwhile: It does not wait any more.
            MalformedOutcome: Its item cannot be read.
        """
        check_photo_id(photo)
        item = self._table.find(photo)
        if item is None or item["outcome"] != outcomes.REFUSED:
            self._refuse(photo, item)
        return read_waiting(item)

    def claim(self, after: Place | None, most: int) -> Claimed:
        """Claims the oldest photos after a place in the queue that nobody else has claimed.

        Args:
            after: ``Claimed.after`` of the claim before; None for the beginning of the queue.
            most: How many photos to claim.
        """
        photos: list[Waiting] = []
        faults: list[str] = []
        others = 0
        for item in self._table.query(outcomes.REFUSED, after=after, page=_PAGE):
            if len(photos) == most:
                return Claimed(tuple(photos), after, False, others, tuple(faults))
            after = Place(item["decided_at"], item["photo"])
            try:
                read_waiting(item)
                if self._is_another_s(item):
                    others += 1
                else:
                    photos.append(self._claim(item["photo"]))
            except MalformedOutcome as error:
                faults.append(str(error))
            except ConditionFailed as failed:
                # Somebody was faster, or has judged it: the index is a moment behind the table.
                others += failed.item is not None and failed.item["outcome"] == outcomes.REFUSED
        return Claimed(tuple(photos), after, True, others, tuple(faults))

    def renew(self, photo: str) -> Waiting:
        """Claims one photo, for the first time or anew.

        Raises:
            UnknownPhoto, JudgedMeanwhile: It is none that this reviewer may have.
            MalformedOutcome: Its item cannot be read.
        """
        check_photo_id(photo)
        try:
            return self._claim(photo)
        except ConditionFailed as failed:
            self._refuse(photo, failed.item)

    def release(self, photo: str) -> None:
        """Gives a claimed photo back to the queue; does nothing if it is not this reviewer's.

        Raises:
            UnknownPhoto: The id is none.
        """
        check_photo_id(photo)
        try:
            self._table.update(
                photo,
                "REMOVE #claimed_by, #claimed_until",
                "#outcome = :refused AND #claimed_by = :reviewer",
                {"refused": outcomes.REFUSED, "reviewer": self.reviewer},
            )
        except ConditionFailed:
            return

    def judge(self, photo: str, label: str | None) -> Judged:
        """Routes a waiting photo as a class, or discards it; saying the same again changes nothing.

        The event follows: ``Teller`` sends it.

        Args:
            photo: The photo's id. It need not be claimed, if nobody else has claimed it.
            label: The class; None discards the photo.

        Raises:
            UnknownClass: The label is no class of the deployment, or not any more.
            UnknownPhoto: There is no such photo.
            JudgedMeanwhile: It was judged or routed meanwhile, or another reviewer has claimed it.
            MalformedOutcome: Its item lacks what the event would tell.
        """
        check_photo_id(photo)
        if label is not None and label not in (classes := self.read_classes()):
            raise UnknownClass(
                f"{label[:100]!r} is no class of '{self._deployment.name}' (any more): "
                f"they are {', '.join(classes)[:400]}"
            )
        outcome = outcomes.DISCARDED if label is None else outcomes.ROUTED_BY_REVIEW
        labelling = {} if label is None else {"label": label}
        now = self._clock()
        try:
            return read_judged(
                self._table.update(
                    photo,
                    "SET #refused_at = #decided_at, #decided_at = :decided_at, #outcome = :outcome, "
                    "#reviewed_by = :person, #claimed_by = :reviewer, #untold = :untold"
                    f"{', #label = :label' if labelling else ''} REMOVE #claimed_until",
                    f"{_FREE} AND {_WHOLE}",
                    {
                        "refused": outcomes.REFUSED,
                        "reviewer": self.reviewer,
                        "now": int(now),
                        "text": "S",
                        "decided_at": format_time(now),
                        "outcome": outcome,
                        "person": read_person(self.reviewer),
                        "untold": True,
                        **labelling,
                    },
                )
            )
        except ConditionFailed as failed:
            found = failed.item
            # The answer to the first request may have been lost, so that it was sent again.
            if (
                found is not None
                and found["outcome"] == outcome
                and found.get("claimed_by") == self.reviewer
                and found.get("label") == label
            ):
                return read_judged(found)
            self._refuse(photo, found)

    def undo(self, photo: str) -> Waiting:
        """Takes back what this person has said of a photo: it waits again, in its former place, claimed.

        Raises:
            AlreadyTold: The event that tells of it is out, or on its way.
            UnknownPhoto: There is no such photo.
            JudgedMeanwhile: Somebody else has judged it, or claimed it since.
        """
        check_photo_id(photo)
        now = int(self._clock())
        try:
            return read_waiting(
                self._table.update(
                    photo,
                    "SET #decided_at = #refused_at, #outcome = :refused, #claimed_by = :reviewer, "
                    "#claimed_until = :until REMOVE #refused_at, #reviewed_by, #untold, #label",
                    "#outcome IN (:labelled, :discarded) AND #reviewed_by = :person "
                    "AND attribute_exists(#untold) AND attribute_not_exists(#telling_until)",
                    {
                        "refused": outcomes.REFUSED,
                        "reviewer": self.reviewer,
                        "until": now + CLAIM_SECONDS,
                        "labelled": outcomes.ROUTED_BY_REVIEW,
                        "discarded": outcomes.DISCARDED,
                        "person": read_person(self.reviewer),
                    },
                )
            )
        except ConditionFailed as failed:
            found = failed.item
            if found is not None and found["outcome"] == outcomes.REFUSED:
                return self.renew(photo)
            if found is not None and found.get("reviewed_by") == read_person(self.reviewer):
                raise AlreadyTold(
                    f"{describe_judgement(found)} cannot be undone: other systems were told of it already"
                ) from None
            self._refuse(photo, found)

    def _claim(self, photo: str) -> Waiting:
        now = int(self._clock())
        return read_waiting(
            self._table.update(
                photo,
                "SET #claimed_by = :reviewer, #claimed_until = :until",
                _FREE,
                {
                    "refused": outcomes.REFUSED,
                    "reviewer": self.reviewer,
                    "now": now,
                    "until": now + CLAIM_SECONDS,
                },
            )
        )

    def _is_another_s(self, item: Item) -> bool:
        # A claim without an end never ends by the table's own condition, too.
        until = item.get("claimed_until")
        living = not isinstance(until, float) or until >= int(self._clock())
        return item.get("claimed_by", self.reviewer) != self.reviewer and living

    def _refuse(self, photo: str, item: Item | None) -> NoReturn:
        """Says why a photo cannot be had."""
        if item is None:
            raise UnknownPhoto(f"No photo {photo} is known to '{self._deployment.name}'") from None
        if item["outcome"] == outcomes.REFUSED:
            check_event_item(item)
            person = read_person(str(item.get("claimed_by")))
            raise JudgedMeanwhile(
                f"Photo {photo} lies before another reviewer, {person}: take the next"
            ) from None
        if item["outcome"] in (outcomes.ROUTED_BY_REVIEW, outcomes.DISCARDED):
            raise JudgedMeanwhile(f"{describe_judgement(item)} stands: take the next photo") from None
        raise JudgedMeanwhile(f"Photo {photo} does not wait: its outcome is '{item['outcome']}'") from None


def describe_judgement(item: Item) -> str:
    """Returns in words who has judged a photo, and as what."""
    label = item.get("label")
    said = "none of the classes" if label is None else str(label)[:100]
    name = str(item.get("key") or item["photo"]).rpartition("/")[2][:100]
    # The whole ARN is in the table; its last part tells one person from another.
    person = re.split("[:/]", str(item.get("reviewed_by")))[-1][:100]
    return f"What {person} said of {name} ({said})"
