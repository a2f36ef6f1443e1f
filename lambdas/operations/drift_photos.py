"""The photos of a day with what the model said of them: captured traffic, or else the table of outcomes."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from heapq import heappush, heappushpop
from typing import Any

import boto3
from boto3.dynamodb.conditions import Attr, Key
from botocore.exceptions import ClientError

from lambdas.workflow import outcomes, places
from lambdas.workflow.captured_line import CapturedLine, read_line
from lambdas.workflow.errors import ImageTooLarge, InvalidImage
from lambdas.workflow.photos.appearance import Appearance, measure_appearance
from lambdas.workflow.photos.photo import MAX_BYTES

s3 = boto3.client("s3")
dynamodb = boto3.resource("dynamodb")

MOST_PHOTOS = 2_000
"""A sample of so many shows any shift that matters, and its pictures are measured in a minute or two."""
MOST_LARGE_PHOTOS = 300
"""Of uploaded photos, which are as large as a phone makes them, fewer are measured."""
MOST_READ_BYTES = 512 * 2**20
MOST_OF_AN_HOUR = 1_000
MOST_REVIEWED = 5_000
BLOCK_BYTES = 2**20

Answered = tuple[float, str, Appearance | None]
"""A photo: the probability of its most probable class, that class, and how it looks if that is known."""


@dataclass
class DayPhotos:
    """A sample of a day's different photos.

    Attributes:
        source: Where they were found, ``captured`` or ``outcomes``.
        confidences: Probability of each one's most probable class.
        predicted: That class.
        looks: How those look whose picture could be read.
    """

    source: str
    confidences: list[float] = field(default_factory=list)
    predicted: list[str] = field(default_factory=list)
    looks: list[Appearance] = field(default_factory=list)

    def add(self, answered: Answered) -> None:
        """Adds a photo."""
        confidence, predicted, look = answered
        self.confidences.append(confidence)
        self.predicted.append(predicted)
        if look is not None:
            self.looks.append(look)


class Sample:
    """Up to so many different photos, each as likely as another: their keys have the lowest digests."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._ranks: list[int] = []
        self._photos: dict[int, Any] = {}

    def offer(self, key: str, read: Callable[[], Any]) -> None:
        """Takes a photo that is of the sample so far and was not offered before, and reads it then alone."""
        # The heap gives its least, and has to give the highest digest.
        rank = -int.from_bytes(blake2b(key.encode(), digest_size=8).digest())
        is_full = len(self._ranks) == self._most
        if rank in self._photos or (is_full and rank < self._ranks[0]):
            return
        self._photos[rank] = read()
        if is_full:
            del self._photos[heappushpop(self._ranks, rank)]
        else:
            heappush(self._ranks, rank)

    def list_photos(self) -> list[Any]:
        """Returns the photos in the order of their digests."""
        return [self._photos[rank] for rank in sorted(self._ranks)]


def read_captured(
    bucket: str, endpoint: str, classes: tuple[str, ...], other_class: str | None, day: str
) -> DayPhotos | None:
    """Returns a sample of what data capture keeps under a day, None where it keeps nothing.

    What the model takes for ``other_class`` is left out. Of a picture that was asked for again one answer
    counts, and measurements do not. Up to 512 MiB are read, of objects in an order that has nothing to do
    with their time.
    """
    prefix = places.captured_day_prefix(endpoint, places.name_variant(classes), day)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    keys.sort(key=lambda key: blake2b(key.encode()).digest())
    sample = Sample(MOST_PHOTOS)
    for number, line in enumerate(_read_lines(bucket, keys, classes)):
        # One whose picture was not captured counts as its own.
        key = line.picture.data if line.picture else str(number)
        sample.offer(key, partial(_describe_line, line, classes))
    photos = DayPhotos("captured")
    for answered in sample.list_photos():
        if answered[1] != other_class:
            photos.add(answered)
    return photos if photos.confidences else None


def read_outcomes(bucket: str, table: str, other_class: str | None, day: str) -> DayPhotos:
    """Returns a sample of the photos of the table that the model answered on a day.

    What it takes for ``other_class`` is left out. Of each hour and outcome up to 1,000 are read. Pictures of
    other buckets are not looked at.
    """
    sample = Sample(MOST_PHOTOS)
    for item in _list_outcomes(table, day):
        # One that somebody judged by hand and that the model never answered has no confidence.
        if "confidence" in item and item.get("predicted_class") not in (None, other_class):
            sample.offer(item["photo"], partial(dict, item))
    photos = DayPhotos("outcomes")
    for number, item in enumerate(sample.list_photos()):
        look = None
        if number < MOST_LARGE_PHOTOS and item["bucket"] == bucket:
            look = measure_object(bucket, item["key"], item["version"])
        photos.add((float(item["confidence"]), str(item["predicted_class"]), look))
    return photos


def measure_object(bucket: str, key: str, version: str = "") -> Appearance | None:
    """Returns how a picture in S3 looks; None where it is gone, denied, or cannot be made an image."""
    chosen: dict[str, Any] = {"VersionId": version} if version else {}
    with suppress(ClientError, InvalidImage, ImageTooLarge):
        answer = s3.get_object(Bucket=bucket, Key=key, **chosen)
        with closing(answer["Body"]) as body:
            if answer["ContentLength"] <= MAX_BYTES:
                return measure_appearance(body.read())
    return None


def _read_lines(bucket: str, keys: Sequence[str], classes: tuple[str, ...]) -> Iterator[CapturedLine]:
    read = 0
    for key in keys:
        with closing(s3.get_object(Bucket=bucket, Key=key)["Body"]) as body:
            for line in body.iter_lines(BLOCK_BYTES):
                read += len(line)
                # What is no line of capture says nothing of the photos.
                with suppress(ValueError):
                    captured = read_line(line, classes)
                    if not captured.measurement:
                        yield captured
                if read > MOST_READ_BYTES:
                    return


def _describe_line(line: CapturedLine, classes: tuple[str, ...]) -> Answered:
    confidence = max(line.inferences)
    look = None
    if line.picture is not None:
        with suppress(ValueError, InvalidImage, ImageTooLarge):
            look = measure_appearance(line.picture.decode())
    return confidence, classes[line.inferences.index(confidence)], look


def _list_outcomes(table: str, day: str) -> Iterator[dict[str, Any]]:
    """Yields a day's items; one that a person has judged meanwhile is of the day it was asked for."""
    for outcome in (outcomes.ROUTED, outcomes.REFUSED):
        for hour in range(24):
            decided = Key("decided_at").begins_with(f"{day}T{hour:02}")
            yield from _query(table, MOST_OF_AN_HOUR, Key("outcome").eq(outcome) & decided)
    for outcome in (outcomes.ROUTED_BY_REVIEW, outcomes.DISCARDED):
        since = Key("outcome").eq(outcome) & Key("decided_at").gte(day)
        asked = Attr("started_at").begins_with(day)
        yield from _query(table, MOST_REVIEWED, since, FilterExpression=asked)


def _query(table: str, most: int, condition: Any, **more: Any) -> Iterator[dict[str, Any]]:
    request = {"IndexName": outcomes.INDEX, "KeyConditionExpression": condition, **more}
    looked_at = 0
    while looked_at < most:
        answer = dynamodb.Table(table).query(**request, Limit=most - looked_at)
        yield from answer["Items"]
        looked_at += answer["ScannedCount"]
        if "LastEvaluatedKey" not in answer:
            return
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
