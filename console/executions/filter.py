"""Parses what a request for executions asks: which ones, and from where in their list on."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from console import cursors
from lambdas.workflow import outcomes

RUNNING = "running"
# The status by which Step Functions finds an outcome; failed executions have several.
STATUSES = {RUNNING: "RUNNING", outcomes.ROUTED: "SUCCEEDED", outcomes.REFUSED: "FAILED"}
KNOWN_OUTCOMES = (RUNNING, *outcomes.OUTCOMES)
LONGEST_SHOWN = 40


@dataclass(frozen=True)
class ExecutionFilter:
    """Which executions are wanted; None, and no outcome at all, where an attribute does not matter.

    Attributes:
        outcomes: ``running`` and ``outcomes.OUTCOMES``, any number of them; executions know nothing of a
            review's.
        search: A part of the photo's file name or of the error's name, the beginning of an execution's name,
            or an execution's ARN.
        error: Name of the error that ended it.
        predicted_class: The class that the model found.
        lowest: Least confidence, 0 to 1.
        highest: Greatest confidence, not below ``lowest``.
        since: Earliest start, in Unix seconds.
        until: Latest start, not before ``since``.
    """

    outcomes: frozenset[str] = frozenset()
    search: str | None = None
    error: str | None = None
    predicted_class: str | None = None
    lowest: float | None = None
    highest: float | None = None
    since: float | None = None
    until: float | None = None

    @classmethod
    def from_query(cls, query: Iterable[tuple[str, str]]) -> "ExecutionFilter":
        """Reads ``outcome``, ``search``, ``error``, ``class``, ``min``, ``max``, ``from`` and ``to``.

        There may be several of ``outcome``. An empty one counts as absent.

        Raises:
            ValueError: The outcome is unknown, a number or a time is none, or a range ends before it begins.
        """
        pairs = [(name, text.strip()) for name, text in query]
        texts = {name: text for name, text in pairs if text}
        wanted = frozenset(text for name, text in pairs if name == "outcome" and text)
        if unknown := sorted(wanted.difference(KNOWN_OUTCOMES)):
            raise ValueError(f"{_quote(unknown[0])} is no outcome: there are {', '.join(KNOWN_OUTCOMES)}")
        lowest, highest = (_parse_confidence(texts.get(name)) for name in ("min", "max"))
        since, until = (_parse_time(texts.get(name)) for name in ("from", "to"))
        if lowest is not None and highest is not None and lowest > highest:
            raise ValueError(f"No confidence is from {lowest:g} to {highest:g}: “from” is above “to”")
        if since is not None and until is not None and since > until:
            raise ValueError("The period ends before it begins: “from” is later than “to”")
        search, error, predicted_class = (texts.get(name) for name in ("search", "error", "class"))
        return cls(wanted, search, error, predicted_class, lowest, highest, since, until)

    @property
    def status(self) -> str | None:
        """The status by which Step Functions may filter, if any."""
        return STATUSES.get(*self.outcomes) if len(self.outcomes) == 1 else None

    @property
    def asks_for_outcomes(self) -> bool:
        """Whether the table of outcomes answers it: Step Functions lists by status and time alone."""
        of_photo = (self.search, self.error, self.predicted_class, self.lowest, self.highest)
        return self.outcomes != {RUNNING} and (bool(self.outcomes) or any(x is not None for x in of_photo))

    @property
    def admits_running(self) -> bool:
        """Whether an execution that has not ended can be wanted."""
        of_ended = (self.error, self.predicted_class, self.lowest, self.highest)
        return all(x is None for x in of_ended) and (not self.outcomes or RUNNING in self.outcomes)

    @property
    def names_execution(self) -> bool:
        """Whether it searches one execution by its ARN."""
        return self.search is not None and self.search.startswith("arn:")

    @property
    def reviewed(self) -> frozenset[str]:
        """The wanted outcomes that only the table of outcomes has."""
        return self.outcomes & {outcomes.ROUTED_BY_REVIEW, outcomes.DISCARDED}

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
            (not self.outcomes or execution["outcome"] in self.outcomes)
            and (self.search is None or self._finds(execution, self.search.lower()))
            and self.error in (None, execution["error"])
            and self.predicted_class in (None, execution["predicted_class"])
            and (self.lowest is None or (confidence is not None and confidence >= self.lowest))
            and (self.highest is None or (confidence is not None and confidence <= self.highest))
        )

    def _finds(self, execution: Mapping[str, Any], search: str) -> bool:
        return (
            any(search in (execution[name] or "").lower() for name in ("name", "error"))
            or execution["id"].lower().startswith(search)
            or execution["arn"].lower() == search
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


def _quote(text: str) -> str:
    return f"“{text[:LONGEST_SHOWN]}”"


def _parse_confidence(text: str | None) -> float | None:
    number = _parse_number(text)
    # Not a number compares with nothing.
    if number is not None and not 0 <= number <= 1:
        raise ValueError(f"{_quote(text or '')} is no confidence: it is a number from 0 to 1")
    return number


def _parse_time(text: str | None) -> float | None:
    number = _parse_number(text)
    if number is not None and not math.isfinite(number):
        raise ValueError(f"{_quote(text or '')} is no time")
    return number


def _parse_number(text: str | None) -> float | None:
    """Returns a number, not a number for what is none, and None for nothing."""
    try:
        return float(text) if text else None
    except ValueError:
        return math.nan
