"""Parses what a request for executions asks: which ones, and from where in their list on."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from console import cursors
from lambdas.workflow import outcomes

RUNNING = "running"
# The status by which Step Functions finds an outcome; failed executions have several.
STATUSES = {RUNNING: "RUNNING", outcomes.ROUTED: "SUCCEEDED", outcomes.REFUSED: "FAILED"}


@dataclass(frozen=True)
class ExecutionFilter:
    """Which executions are wanted; None where an attribute does not matter.

    Attributes:
        outcome: ``running``, or one of ``outcomes.OUTCOMES``; executions know nothing of a review's.
        file: A part of the photo's file name, in small letters.
        predicted_class: The class that the model found.
        lowest: Least confidence, 0 to 1.
        highest: Greatest confidence.
        since: Earliest start, in Unix seconds.
        until: Latest start.
    """

    outcome: str | None = None
    file: str | None = None
    predicted_class: str | None = None
    lowest: float | None = None
    highest: float | None = None
    since: float | None = None
    until: float | None = None

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> "ExecutionFilter":
        """Reads ``outcome``, ``file``, ``class``, ``min``, ``max``, ``from`` and ``to``.

        An empty one counts as absent.

        Raises:
            ValueError: The outcome is unknown, or a number is not one.
        """
        outcome = query.get("outcome") or None
        known = (RUNNING, *outcomes.OUTCOMES)
        if outcome is not None and outcome not in known:
            raise ValueError(f"outcome is {outcome[:40]!r}: one of {', '.join(known)} is expected")
        file = query.get("file", "").strip().lower() or None
        numbers = (_parse_number(query, name) for name in ("min", "max", "from", "to"))
        return cls(outcome, file, query.get("class") or None, *numbers)

    @property
    def status(self) -> str | None:
        """The status by which Step Functions may filter, if any."""
        return STATUSES.get(self.outcome) if self.outcome else None

    @property
    def asks_for_outcomes(self) -> bool:
        """Whether the table of outcomes answers it better than the list of executions."""
        return self.outcome != RUNNING and (self.outcome is not None or self.file is not None)

    def admits_start(self, started: float) -> bool:
        """Says whether an execution that started then is in the period."""
        return (self.since is None or started >= self.since) and (self.until is None or started <= self.until)

    def is_past(self, ended: float) -> bool:
        """Says whether an execution that ended then, and all that follow it in a list, began too early.

        Step Functions lists executions by their start or their end, newest first.
        """
        return self.since is not None and ended < self.since

    def admits(self, execution: Mapping[str, Any]) -> bool:
        """Says whether an execution that started in the period is wanted."""
        confidence = execution["confidence"]
        return (
            self.outcome in (None, execution["outcome"])
            and (self.file is None or self.file in (execution["name"] or "").lower())
            and self.predicted_class in (None, execution["predicted_class"])
            and (self.lowest is None or (confidence is not None and confidence >= self.lowest))
            and (self.highest is None or (confidence is not None and confidence <= self.highest))
        )


def encode_cursor(token: str | None, skip: int) -> str:
    """Encodes Step Functions' token of a listing, and how many of its entries were looked at, as a cursor."""
    return cursors.encode([token, skip])


def decode_cursor(cursor: str | None) -> tuple[str | None, int]:
    """Returns what ``encode_cursor`` was given; the list's beginning for None.

    Raises:
        ValueError: It is no cursor of ``encode_cursor``.
    """
    if not cursor:
        return None, 0
    place = cursors.decode(cursor)
    token, skip = place if isinstance(place, list) and len(place) == 2 else (None, None)
    if not isinstance(token, str | None) or not isinstance(skip, int) or isinstance(skip, bool) or skip < 0:
        raise cursors.make_error()
    return token, skip


def _parse_number(query: Mapping[str, str], name: str) -> float | None:
    text = query.get(name)
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{name} is {text[:40]!r}: a number is expected")
    return number
