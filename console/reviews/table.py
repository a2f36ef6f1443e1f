"""Asks the table of outcomes, in plain Python: what became of each photo, by its id and by outcome."""

import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from console.reviews.errors import TableBusy
from evaluation.deployment import Deployment, NotDeployed
from lambdas.workflow import outcomes

_BUSY = (
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "ThrottledException",
)

Item = dict[str, Any]
"""Attributes by name: numbers as ``float``, maps as ``dict``."""


@dataclass(frozen=True)
class Place:
    """A place in the queue of an outcome: right after one photo.

    Attributes:
        decided_at: The photo's ``decided_at``.
        photo: Its id.
    """

    decided_at: str
    photo: str


class ConditionFailed(Exception):
    """A conditional write found something else.

    Attributes:
        item: What it found; None if there is no such item.
    """

    def __init__(self, item: Item | None) -> None:
        super().__init__("the condition does not hold")
        self.item = item


class OutcomeTable:
    """The table of outcomes of one deployment.

    In expressions ``#NAME`` is an attribute, whether DynamoDB has reserved the name or not, and ``:NAME`` one
    of the values. Each method raises ``NotDeployed`` where there is no such table, ``TableBusy`` where
    DynamoDB throttles it, and ``ClientError`` for what else DynamoDB refuses.
    """

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment

    def query(
        self,
        outcome: str,
        *,
        after: Place | None = None,
        since: str = "",
        having: str = "",
        page: int | None = None,
    ) -> Iterator[Item]:
        """Yields the items of an outcome, oldest first, a page at a time.

        The index is a moment behind the table.

        Args:
            outcome: The outcome.
            after: Begin right after this place; otherwise with the oldest.
            since: Pass over those with a ``decided_at`` before this.
            having: A condition on the items.
            page: How many items DynamoDB looks at in a request; otherwise a megabyte of them.
        """
        request = self._make_query(outcome, since)
        if having:
            request["FilterExpression"] = having
        if page is not None:
            request["Limit"] = page
        if after is not None:
            request["ExclusiveStartKey"] = _make_start(outcome, after)
        while True:
            answer = self._ask("query", request)
            yield from map(_decode, answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def read_newest(
        self,
        outcome: str,
        *,
        after: Place | None,
        since: str,
        until: str,
        having: str,
        values: Mapping[str, str | Decimal],
        most: int | None,
    ) -> tuple[list[Item], Place | None]:
        """Returns items of an outcome, the newest first, as one request finds them.

        Args:
            outcome: The outcome.
            after: Begin right after this place, towards older ones; None for the newest.
            since: Least ``decided_at``; empty for any.
            until: Greatest ``decided_at``, not before ``since``; empty for any.
            having: A condition on the items; empty for none.
            values: The values that the condition names.
            most: How many items DynamoDB looks at; None for a megabyte of them.

        Returns:
            The items, and the place of the last one that was looked at; None where nothing is left.
        """
        request = self._make_query(outcome, since, until, values) | {"ScanIndexForward": False}
        if having:
            request["FilterExpression"] = having
        if most is not None:
            request["Limit"] = most
        if after is not None:
            request["ExclusiveStartKey"] = _make_start(outcome, after)
        answer = self._ask("query", request)
        items = [_decode(item) for item in answer["Items"]]
        if "LastEvaluatedKey" not in answer:
            return items, None
        last = _decode(answer["LastEvaluatedKey"])
        return items, Place(last["decided_at"], last["photo"])

    def count(self, outcome: str, since: str = "") -> int:
        """Returns how many items have an outcome since a ``decided_at``; DynamoDB reads them all."""
        return self.count_some(outcome, since=since)[0]

    def count_some(
        self,
        outcome: str,
        *,
        since: str = "",
        until: str = "",
        having: str = "",
        values: Mapping[str, str | Decimal] | None = None,
        most: float = math.inf,
    ) -> tuple[int, bool]:
        """Returns how many items of an outcome so many requests find at most, and whether there may be more.

        Args:
            outcome: The outcome.
            since: Least ``decided_at``; empty for any.
            until: Greatest ``decided_at``, not before ``since``; empty for any.
            having: A condition on the items; empty for none.
            values: The values that the condition names.
            most: How many requests; DynamoDB looks at a megabyte of items in each.
        """
        request = self._make_query(outcome, since, until, values) | {"Select": "COUNT"}
        if having:
            request["FilterExpression"] = having
        counted, requests = 0, 0
        while requests < most:
            answer = self._ask("query", request)
            counted, requests = counted + answer["Count"], requests + 1
            if "LastEvaluatedKey" not in answer:
                return counted, False
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
        return counted, True

    def find(self, photo: str) -> Item | None:
        """Returns the item of a photo as it is now, or None."""
        answer = self._ask("get_item", {"Key": _encode({"photo": photo}), "ConsistentRead": True})
        return _decode(answer["Item"]) if "Item" in answer else None

    def update(self, photo: str, change: str, condition: str, values: Mapping[str, str | int | bool]) -> Item:
        """Changes the item of a photo if a condition holds; returns it as it is then.

        Raises:
            ConditionFailed: The condition does not hold, or there is no such item.
        """
        request = {
            "Key": _encode({"photo": photo}),
            "UpdateExpression": change,
            "ConditionExpression": condition,
            "ExpressionAttributeValues": _encode({f":{name}": value for name, value in values.items()}),
            "ReturnValues": "ALL_NEW",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        try:
            return _decode(self._ask("update_item", request)["Attributes"])
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            answer: Mapping[str, Any] = error.response
            raise ConditionFailed(_decode(answer["Item"]) if answer.get("Item") else None) from None

    def _make_query(
        self,
        outcome: str,
        since: str = "",
        until: str = "",
        values: Mapping[str, str | Decimal] | None = None,
    ) -> dict[str, Any]:
        # An empty text is no value of a key, and DynamoDB takes one condition on it.
        limits = {name: limit for name, limit in {"since": since, "until": until}.items() if limit}
        period = {
            (): "",
            ("since",): " AND #decided_at >= :since",
            ("until",): " AND #decided_at <= :until",
            ("since", "until"): " AND #decided_at BETWEEN :since AND :until",
        }[tuple(limits)]
        named = {"outcome": outcome, **limits, **(values or {})}
        return {
            "IndexName": outcomes.INDEX,
            "KeyConditionExpression": f"#outcome = :outcome{period}",
            "ExpressionAttributeValues": _encode({f":{name}": value for name, value in named.items()}),
        }

    def _ask(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        expressions = " ".join(text for name, text in request.items() if name.endswith("Expression"))
        names = {f"#{name}": name for name in re.findall(r"#(\w+)", expressions)}
        named = {"ExpressionAttributeNames": names} if names else {}
        table = self._deployment.outcomes
        with _explain_errors(table):
            client = self._deployment.client("dynamodb")
            return getattr(client, operation)(TableName=table, **named, **request)


@contextmanager
def _explain_errors(table: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _BUSY:
            raise TableBusy(
                f"The table {table} is throttled ({code}): nothing is lost, try again in a minute"
            ) from None
        if code == "ResourceNotFoundException":
            raise NotDeployed(
                f"There is no table {table}, or it lacks the index {outcomes.INDEX}: "
                "run make deploy, or make demo here"
            ) from None
        raise


def _make_start(outcome: str, after: Place) -> dict[str, Any]:
    return _encode({"outcome": outcome, "decided_at": after.decided_at, "photo": after.photo})


def _encode(values: Mapping[str, str | int | bool | Decimal]) -> dict[str, Any]:
    serializer = TypeSerializer()
    return {name: serializer.serialize(value) for name, value in values.items()}


def _decode(item: Mapping[str, Any]) -> Item:
    deserializer = TypeDeserializer()
    return {name: _make_plain(deserializer.deserialize(value)) for name, value in item.items()}


def _make_plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {name: _make_plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_make_plain(inner) for inner in value]
    return value
