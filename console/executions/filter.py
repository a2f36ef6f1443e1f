"""Parses what a request for executions asks: which ones, and from where in their list on."""

import base64
import binascii
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# The status by which Step Functions finds an outcome; failed executions have several.
STATUSES = {"running": "RUNNING", "routed": "SUCCEEDED", "refused": "FAILED", "failed": None}


@dataclass(frozen=True)
class ExecutionFilter:
    """Which executions are wanted; None where an attribute does not matter.

    Attributes:
        outcome: A key of STATUSES.
        predicted_class: The class that the model found.
        lowest: Least confidence, 0 to 1.
        highest: Greatest confidence.
        since: Earliest start, in Unix seconds.
        until: Latest start.
    """

    outcome: str | None = None
    predicted_class: str | None = None
    lowest: float | None = None
    highest: float | None = None
    since: float | None = None
    until: float | None = None

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> "ExecutionFilter":
        """Reads ``outcome``, ``class``, ``min``, ``max``, ``from`` and ``to``; an empty one counts as absent.

        Raises:
            ValueError: The outcome is unknown, or a number is not one.
        """
        outcome = query.get("outcome") or None
        if outcome is not None and outcome not in STATUSES:
            raise ValueError(f"outcome is {outcome[:40]!r}: one of {', '.join(STATUSES)} is expected")
        numbers = (_parse_number(query, name) for name in ("min", "max", "from", "to"))
        return cls(outcome, query.get("class") or None, *numbers)

    @property
    def status(self) -> str | None:
        """The status by which Step Functions may filter, if any."""
        return STATUSES[self.outcome] if self.outcome else None

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
            and self.predicted_class in (None, execution["predicted_class"])
            and (self.lowest is None or (confidence is not None and confidence >= self.lowest))
            and (self.highest is None or (confidence is not None and confidence <= self.highest))
        )


def encode_cursor(token: str | None, skip: int) -> str:
    """Encodes Step Functions' token of a listing, and how many of its entries were looked at, as a cursor."""
    return base64.urlsafe_b64encode(json.dumps([token, skip]).encode()).decode()


def decode_cursor(cursor: str | None) -> tuple[str | None, int]:
    """Returns what ``encode_cursor`` was given; the list's beginning for None.

    Raises:
        ValueError: It is no cursor of ``encode_cursor``.
    """
    if not cursor:
        return None, 0
    try:
        token, skip = json.loads(base64.b64decode(cursor.encode(), b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError, RecursionError):
        token, skip = None, None
    if not isinstance(token, str | None) or not isinstance(skip, int) or isinstance(skip, bool) or skip < 0:
        raise ValueError("cursor is none that this server gave: begin with the newest")
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
