"""Keeps what became of photos in the table of outcomes and tells it, as the workflow's state machine does."""

import json
import random
from collections.abc import Mapping, Sequence
from time import sleep
from typing import Any

import boto3
from boto3.dynamodb.types import TypeDeserializer
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from lambdas.workflow import outcomes

Outcome = dict[str, Any]
"""An item of the table in plain Python: its attributes by name, numbers as ``float``."""

# DynamoDB and EventBridge say in milliseconds that they are busy: boto3 waits and tries again by itself.
_config = Config(connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 5})
dynamodb = boto3.client("dynamodb", config=_config)
events = boto3.client("events", config=_config)

MOST_KEYS = 100
MOST_WRITES = 25
MOST_EVENTS = 10
ATTEMPTS = 5
"""How often what a service left undone of a request is asked for."""
LONGEST_PAUSE_SECONDS = 2
LEAST_NUMBER = 1e-130
"""DynamoDB takes no number between this and zero."""


class OutcomesUnavailable(Exception):
    """The table of outcomes or the event bus did not take or give something: worth a retry."""


class OutcomeRecords:
    """The table of outcomes and the event bus of a deployment.

    Each method raises ``OutcomesUnavailable`` where a service does not do its part.
    """

    def __init__(self, table: str, source: str) -> None:
        """Makes the records.

        Args:
            table: Name of the table.
            source: The ``source`` of the events.
        """
        self._table = table
        self._source = source

    def find(self, photos: Sequence[str]) -> dict[str, Outcome]:
        """Returns the outcomes of those photos that have one, by the photos' ids."""
        found: dict[str, Outcome] = {}
        ids = list(dict.fromkeys(photos))
        for start in range(0, len(ids), MOST_KEYS):
            keys = [{"photo": {"S": photo}} for photo in ids[start : start + MOST_KEYS]]
            for attempt in range(ATTEMPTS):
                request = {self._table: {"Keys": keys, "ConsistentRead": True}}
                answer = self._ask(dynamodb.batch_get_item, RequestItems=request)
                items = [_decode(item) for item in answer["Responses"].get(self._table, [])]
                found.update({item["photo"]: item for item in items})
                keys = answer.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", [])
                if not keys:
                    break
                _pause(attempt)
            else:
                raise OutcomesUnavailable(f"The table {self._table} is throttled: it left {len(keys)} items")
        return found

    def keep(self, found: Sequence[Outcome]) -> list[Outcome]:
        """Keeps each outcome unless a better one is kept already; returns those that the table has then.

        Those of a transaction are kept all or none: where one gives way, each is kept by itself.
        """
        kept: list[Outcome] = []
        for start in range(0, len(found), MOST_WRITES):
            some = found[start : start + MOST_WRITES]
            try:
                puts = [{"Put": self._describe_put(outcome)} for outcome in some]
                self._ask(dynamodb.transact_write_items, TransactItems=puts)
                kept += some
            except dynamodb.exceptions.TransactionCanceledException:
                kept += [self._keep_one(outcome) for outcome in some]
        return kept

    def _keep_one(self, outcome: Outcome) -> Outcome:
        try:
            self._ask(dynamodb.put_item, **self._describe_put(outcome))
        except dynamodb.exceptions.ConditionalCheckFailedException as error:
            return _decode(error.response["Item"])
        return outcome

    def _describe_put(self, outcome: Outcome) -> dict[str, Any]:
        return {
            "TableName": self._table,
            "Item": _encode(outcome)["M"],
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            **outcomes.give_way(outcome["outcome"], outcome["execution"]),
        }

    def tell(self, told: Sequence[Outcome]) -> None:
        """Sends an event of each outcome, once or oftener."""
        entries = [
            {
                "Source": self._source,
                "DetailType": outcomes.DETAIL_TYPES[outcome["outcome"]],
                "Detail": json.dumps(outcomes.make_detail(outcome)),
            }
            for outcome in told
        ]
        for start in range(0, len(entries), MOST_EVENTS):
            left = entries[start : start + MOST_EVENTS]
            for attempt in range(ATTEMPTS):
                answers = self._ask(events.put_events, Entries=left)["Entries"]
                refused = [
                    (entry, answer)
                    for entry, answer in zip(left, answers, strict=True)
                    if "ErrorCode" in answer
                ]
                if not refused:
                    break
                left = [entry for entry, _ in refused]
                _pause(attempt)
            else:
                raise OutcomesUnavailable(
                    f"EventBridge did not take {len(left)} events ({refused[0][1]['ErrorCode']}: "
                    f"{refused[0][1].get('ErrorMessage', '')[:200]})"
                )

    def _ask(self, operation: Any, **request: Any) -> Any:
        try:
            return operation(**request)
        except (
            dynamodb.exceptions.ConditionalCheckFailedException,
            dynamodb.exceptions.TransactionCanceledException,
        ):
            raise
        except (ClientError, BotoCoreError) as error:
            # Services name what may pass in more ways than are documented.
            raise OutcomesUnavailable(
                f"The outcomes in {self._table} cannot be kept or told: {error}"
            ) from None


def choose_counting(mine: Outcome, kept: Outcome) -> Outcome:
    """Returns what counts where another may have decided meanwhile: of two failures the last one."""
    return kept if kept["outcome"] != mine["outcome"] else mine


def _pause(attempt: int) -> None:
    sleep(random.uniform(0, min(0.1 * 2**attempt, LONGEST_PAUSE_SECONDS)))


def _encode(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, Mapping):
        return {"M": {name: _encode(inner) for name, inner in value.items()}}
    return {"N": repr(value) if abs(value) >= LEAST_NUMBER else "0"}


def _decode(item: Mapping[str, Any]) -> Outcome:
    """Returns an item in plain Python, whoever wrote it: its numbers alone are changed."""
    reader = TypeDeserializer()
    plain = {name: reader.deserialize(value) for name, value in item.items()}
    return json.loads(json.dumps(plain, default=_make_plain))


def _make_plain(value: Any) -> Any:
    """Returns what JSON knows for what DynamoDB has beside it: numbers above all."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return str(value)
