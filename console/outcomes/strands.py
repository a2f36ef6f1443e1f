"""Reads the photos of one outcome, newest first and in pieces, so that several outcomes can be one list."""

from collections import deque
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from console import cursors
from console.executions.filter import ExecutionFilter
from console.reviews.photos import format_time
from console.reviews.table import Item, OutcomeTable, Place
from lambdas.workflow import outcomes
from lambdas.workflow.errors import WorkflowError

PAGE = 50
"""How many photos are shown at once."""
_LATEST_SECONDS = 253_402_300_799


class Strand:
    """The photos of one outcome, newest first, as far as they were read."""

    def __init__(
        self, table: OutcomeTable, outcome: str, query: Mapping[str, Any], place: Place | None
    ) -> None:
        self.outcome = outcome
        self.read: deque[Item] = deque()
        self._table = table
        self._query = query
        # After the last photo that was taken, and after the last that DynamoDB has looked at.
        self._taken = self._looked_at = place
        self._at_end = False

    @property
    def is_done(self) -> bool:
        """Whether nothing is left in it."""
        return self._at_end and not self.read

    @property
    def reaches(self) -> str:
        """The latest time that the next photo in it can have been decided at."""
        if self.read:
            return self.read[0]["decided_at"]
        return self._looked_at.decided_at if self._looked_at else "~"

    def take(self) -> Item:
        """Removes the first photo that was read, and returns it."""
        item = self.read.popleft()
        self._taken = Place(item["decided_at"], item["photo"])
        return item

    def read_on(self) -> None:
        """Asks the table once."""
        items, self._looked_at = self._table.read_newest(
            self.outcome,
            after=self._looked_at,
            # Without a condition all that is looked at is wanted.
            most=None if self._query["having"] else PAGE,
            **self._query,
        )
        self.read.extend(items)
        self._at_end = self._looked_at is None

    def describe_place(self) -> list[str] | None:
        """Returns where to go on, for ``decode_places``."""
        place = self._taken if self.read else self._looked_at
        return [place.decided_at, place.photo] if place else None


def decode_places(cursor: str | None) -> dict[str, Place | None] | None:
    """Returns where ``Outcomes.list_page`` ended, from its cursor; None for no cursor.

    Raises:
        ValueError: It is no cursor of it.
    """
    if not cursor:
        return None
    places = cursors.decode(cursor)
    if not isinstance(places, dict) or not all(
        outcome in outcomes.OUTCOMES and _is_place(place) for outcome, place in places.items()
    ):
        raise cursors.make_error()
    return {outcome: Place(*place) if place else None for outcome, place in places.items()}


def _is_place(place: object) -> bool:
    if place is None:
        return True
    return (
        isinstance(place, list)
        and len(place) == 2
        and all(isinstance(part, str) and 0 < len(part) <= 100 for part in place)
    )


def make_query(wanted: ExecutionFilter, executions: str) -> dict[str, Any]:
    """Returns a filter as arguments for ``OutcomeTable.read_newest``; its period is that of the decisions.

    Args:
        wanted: The filter.
        executions: What the ARNs of the state machine's executions begin with.
    """
    # What the index does not find by its keys.
    conditions: dict[str, tuple[str, str | Decimal | None]] = {
        "error": ("#error = :error", wanted.error),
        # A photo that a person has labelled is of that class, whatever the model made of it.
        "class": (
            "(#label = :class OR (attribute_not_exists(#label) AND #predicted_class = :class))",
            wanted.predicted_class,
        ),
        "lowest": ("#confidence >= :lowest", _make_number(wanted.lowest)),
        "highest": ("#confidence <= :highest", _make_number(wanted.highest)),
    }
    values = {name: value for name, (_, value) in conditions.items() if value is not None}
    having = [conditions[name][0] for name in values]
    if wanted.search is not None:
        text = wanted.search
        ways = [
            "contains(#file, :search)",
            "begins_with(#execution, :execution)",
            "begins_with(#execution, :run)",
            "contains(#error, :text)",
        ]
        # A run of a batch is an execution of the state machine that is named after this one.
        run = f"{executions.removesuffix(':')}-batch:{text}"
        values |= {"search": text.lower(), "execution": executions + text, "run": run, "text": text}
        # DynamoDB tells small letters from capitals, and an error's name has both.
        for number, error in enumerate(_find_errors(text)):
            ways.append(f"#error = :error{number}")
            values[f"error{number}"] = error
        having.append(f"({' OR '.join(ways)})")
    return {
        "since": _format_limit(wanted.since),
        "until": _format_limit(wanted.until),
        "having": " AND ".join(having),
        "values": values,
    }


def _find_errors(search: str) -> list[str]:
    """Returns the names of the workflow's own errors that contain a text in whatever letters."""
    names = [error.__name__ for error in WorkflowError.__subclasses__()]
    return [name for name in names if search.lower() in name.lower() and search not in name]


def _make_number(share: float | None) -> Decimal | None:
    """Returns a number that DynamoDB can hold, and that confidences compare with as with the one given."""
    if share is None:
        return None
    return Decimal(str(share)) if share > 1e-100 else Decimal(0)


def _format_limit(seconds: float | None) -> str:
    """Returns a limit of a period as the table has times; empty for none."""
    return "" if seconds is None else format_time(min(max(seconds, 0), _LATEST_SECONDS))
