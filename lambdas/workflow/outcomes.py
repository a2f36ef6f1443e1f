"""What is kept and told of each photo: the outcomes, the table's attributes, and the event's form.

The state machine writes both itself, in JSONata (stacks/parts/outcome_states.py); a review and a batch write
them in Python. docs/events.md describes the event. Standard library only: any room may read it.
"""

from collections.abc import Mapping
from typing import Any

ROUTED = "routed"
REFUSED = "refused"
FAILED = "failed"
ROUTED_BY_REVIEW = "routed by review"
DISCARDED = "discarded"
OUTCOMES = (ROUTED, REFUSED, FAILED, ROUTED_BY_REVIEW, DISCARDED)
"""What can become of a photo. One that is refused waits until a person routes or discards it."""

INDEX = "by-outcome"
"""The table's index: all photos of an ``outcome`` in the order of ``decided_at``."""
EXPIRES = "expires_at"
"""The attribute after whose time, in Unix seconds, DynamoDB removes an item that nobody waits for."""

DETAIL_TYPES = {
    ROUTED: "Photo Routed",
    REFUSED: "Photo Refused",
    FAILED: "Photo Failed",
    ROUTED_BY_REVIEW: "Photo Routed",
    DISCARDED: "Photo Discarded",
}
"""The ``detail-type`` of the event that tells of an outcome."""
_WORSE = {ROUTED: (FAILED, REFUSED), REFUSED: (FAILED,), FAILED: ()}
"""The outcomes that give way to one. What a person said gives way to none."""
EVENT_VERSION = "1"
"""Version of the event's form; fields may be added to it, and any other change makes another version."""


def name_source(name: str) -> str:
    """Returns the ``source`` of a deployment's events."""
    return f"scones.{name}"


def give_way(outcome: str, execution: str) -> dict[str, Any]:
    """Returns the arguments of PutItem under which an outcome is kept: it is better than the one before.

    There may be none before. An execution may write its own again, for its first answer may have been lost.

    Args:
        outcome: ROUTED, REFUSED or FAILED.
        execution: ARN of the execution that found it, or what stands for it.
    """
    values = {f":worse{number}": {"S": name} for number, name in enumerate(_WORSE[outcome])}
    given_up = "".join(f" OR outcome = {name}" for name in values)
    return {
        "ConditionExpression": f"attribute_not_exists(photo){given_up}"
        " OR (outcome = :outcome AND #execution = :execution)",
        "ExpressionAttributeNames": {"#execution": "execution"},
        "ExpressionAttributeValues": {**values, ":outcome": {"S": outcome}, ":execution": {"S": execution}},
    }


def make_detail(outcome: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the ``detail`` of the event that tells of an outcome.

    Args:
        outcome: An item of the table in plain Python: its attributes by name, numbers as ``float``.

    Returns:
        ``version``, ``outcome``, ``photo`` (``id``, ``bucket``, ``key``, ``version``), ``execution``,
        ``model``, ``started_at``, ``decided_at``, and of the others those that the outcome has.
    """
    optional = (
        *("predicted_class", "confidence", "probabilities", "threshold", "error", "cause"),
        *("label", "reviewed_by"),
    )
    return {
        "version": EVENT_VERSION,
        "outcome": outcome["outcome"],
        "photo": {
            "id": outcome["photo"],
            "bucket": outcome["bucket"],
            "key": outcome["key"],
            "version": outcome["version"],
        },
        **{name: outcome[name] for name in ("execution", "model", "started_at", "decided_at")},
        **{name: outcome[name] for name in optional if name in outcome},
    }
