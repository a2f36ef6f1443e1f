"""Reads the table's items as what they are for a review: a photo that waits, or one that a person judged."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from console.reviews.errors import MalformedOutcome, UnknownPhoto
from lambdas.workflow import outcomes
from lambdas.workflow.places import PHOTO_DIGITS

TEXTS = ("photo", "bucket", "key", "version", "execution", "model", "started_at", "decided_at")
"""The attributes that each event tells."""
# What a class may be called: it becomes a part of paths and lists (data_staging/own_pictures.py).
_CLASS_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True)
class Waiting:
    """A photo that the filter refused.

    Attributes:
        photo: Its id, 32 hexadecimal digits.
        bucket: Its bucket.
        key: Its key there, whatever somebody has called it.
        version: Version of the object; may be empty.
        decided_at: When it was refused, which is its place in the queue: ISO 8601 in UTC.
        started_at: When its execution started.
        execution: ARN of the execution.
        model: Name of the model that was asked.
        predicted_class: The most probable class.
        confidence: Its probability, 0 to 1.
        probabilities: The probability of each class, in the order in which the table has them.
        threshold: The least confidence that would have passed.
        error: Name of the filter's error; empty if another program has kept none.
    """

    photo: str
    bucket: str
    key: str
    version: str
    decided_at: str
    started_at: str
    execution: str
    model: str
    predicted_class: str
    confidence: float
    probabilities: dict[str, float]
    threshold: float
    error: str


@dataclass(frozen=True)
class Judged:
    """A photo that a person has judged.

    Attributes:
        photo: Its id.
        bucket: Its bucket.
        key: Its key.
        version: Version of the object; may be empty.
        outcome: ``outcomes.ROUTED_BY_REVIEW`` or ``outcomes.DISCARDED``.
        label: The class that the person gave it; None if it was discarded.
        reviewed_by: The person's ARN.
        decided_at: When: ISO 8601 in UTC.
        untold: Whether the event is not sent yet.
    """

    photo: str
    bucket: str
    key: str
    version: str
    outcome: str
    label: str | None
    reviewed_by: str
    decided_at: str
    untold: bool


def check_photo_id(photo: str) -> None:
    """Makes sure that a text may be a photo's id.

    Raises:
        UnknownPhoto: It is none.
    """
    if not re.fullmatch(f"[0-9a-f]{{{PHOTO_DIGITS}}}", photo):
        raise UnknownPhoto(f"{photo[:100]!r} is no photo's id: those have {PHOTO_DIGITS} hexadecimal digits")


def check_event_item(item: Mapping[str, Any]) -> None:
    """Makes sure that an item has what each event tells.

    Raises:
        MalformedOutcome: It has not.
    """
    for name in TEXTS:
        _read_text(item, name)
    _read_time(item, "decided_at")


def read_waiting(item: Mapping[str, Any]) -> Waiting:
    """Reads an item, in plain Python, of a photo that waits.

    Raises:
        MalformedOutcome: An attribute is missing or wrong.
    """
    check_event_item(item)
    probabilities = item.get("probabilities")
    if not isinstance(probabilities, Mapping) or not probabilities:
        raise _make_error(item, "probabilities", "a probability for each class is expected")
    return Waiting(
        **{name: item[name] for name in TEXTS},
        predicted_class=_read_text(item, "predicted_class"),
        confidence=_read_share(item, "confidence", item.get("confidence")),
        probabilities={
            name: _read_share(item, "probabilities", value) for name, value in probabilities.items()
        },
        threshold=_read_share(item, "threshold", item.get("threshold")),
        error=error if isinstance(error := item.get("error"), str) else "",
    )


def read_judged(item: Mapping[str, Any]) -> Judged:
    """Reads an item, in plain Python, of a photo that a person judged.

    Raises:
        MalformedOutcome: An attribute is missing or wrong.
    """
    check_event_item(item)
    label = None
    if item.get("outcome") == outcomes.ROUTED_BY_REVIEW:
        label = _read_text(item, "label")
        if not _CLASS_NAME.fullmatch(label):
            raise _make_error(item, "label", "the name of a class is expected")
    return Judged(
        **{name: item[name] for name in ("photo", "bucket", "key", "version", "decided_at")},
        outcome=_read_text(item, "outcome"),
        label=label,
        reviewed_by=_read_text(item, "reviewed_by"),
        untold="untold" in item,
    )


def format_time(seconds: float) -> str:
    """Returns a time as the table has it: ISO 8601 in UTC, to the millisecond.

    Args:
        seconds: The time, in Unix seconds.
    """
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def _read_text(item: Mapping[str, Any], name: str) -> str:
    value = item.get(name)
    if not isinstance(value, str):
        raise _make_error(item, name, "a text is expected")
    return value


def _read_time(item: Mapping[str, Any], name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(_read_text(item, name))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise _make_error(item, name, "a time like 2026-01-31T12:00:00.000Z is expected")
    return moment


def _read_share(item: Mapping[str, Any], name: str, value: object) -> float:
    # NaN is in no range.
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise _make_error(item, name, "numbers from 0 to 1 are expected")
    return float(value)


def _make_error(item: Mapping[str, Any], name: str, expected: str) -> MalformedOutcome:
    value = repr(item[name])[:100] if name in item else "missing"
    return MalformedOutcome(
        f"Photo {str(item.get('photo'))[:100]} cannot be reviewed: its attribute {name} is {value}, "
        f"but {expected}"
    )
