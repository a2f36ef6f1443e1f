"""Reads the state machine's executions: lists them with filters, and describes one with its states."""

import json
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import PurePosixPath
from typing import Any

from botocore.exceptions import ClientError

from console.executions.filter import RUNNING, STATUSES, ExecutionFilter, encode_cursor
from console.executions.routing import Photo, read_routing
from console.executions.states import parse_graph, parse_states, shorten_document
from console.photo import NoPhoto
from evaluation.deployment import Deployment
from lambdas.workflow import event as workflow_event
from lambdas.workflow.errors import InvalidEvent

PAGE = 50
LISTED_AT_ONCE = 200
# Bounds of one answer's cost: a filter that matches little must not read an account's whole history.
MOST_LISTINGS = 25
MOST_DESCRIBED = 500
MOST_COUNTED = 1000
KEPT = 20_000
# AWS lets 10 to 15 DescribeExecution a second through in the long run.
CONCURRENT_REQUESTS = 8


class NoExecution(Exception):
    """The state machine has no such execution (any more: Step Functions keeps them for 90 days)."""


class Executions:
    """One deployment's executions. An execution that has ended is described once and kept."""

    def __init__(self, deployment: Deployment) -> None:
        self._state_machine = deployment.state_machine
        self._step_functions: Any = deployment.client("stepfunctions")
        self._pool = ThreadPoolExecutor(CONCURRENT_REQUESTS, thread_name_prefix="executions")
        self._ended: OrderedDict[str, dict[str, Any]] = OrderedDict()

    def list_page(self, wanted: ExecutionFilter, place: tuple[str | None, int]) -> dict[str, Any]:
        """Returns the next executions that a filter lets through, newest first.

        Args:
            wanted: The filter.
            place: Where to go on, from ``decode_cursor``.

        Returns:
            ``executions``, at most PAGE; ``cursor``, None at the end; ``looked_at``: how many executions
            were considered; ``looked_back_to``: when the last of those was started.
        """
        token, skip = place
        found: list[dict[str, Any]] = []
        page: dict[str, Any] = {"executions": found, "cursor": None, "looked_at": 0, "looked_back_to": None}
        described = 0

        def summarize(entry: Mapping[str, Any]) -> dict[str, Any] | None:
            return (
                self._summarize_entry(entry) if wanted.admits_start(entry["startDate"].timestamp()) else None
            )

        for _ in range(MOST_LISTINGS):
            listing = self._list(LISTED_AT_ONCE, token, wanted.status)
            listed = listing["executions"]
            while skip < len(listed):
                if len(found) == PAGE or described >= MOST_DESCRIBED:
                    return page | {"cursor": encode_cursor(token, skip)}
                batch = listed[skip : skip + PAGE]
                summaries = list(self._pool.map(summarize, batch))
                described += len(batch) - summaries.count(None)
                for entry, summary in zip(batch, summaries, strict=True):
                    if len(found) == PAGE:
                        break
                    skip += 1
                    page["looked_at"] += 1
                    page["looked_back_to"] = entry["startDate"].timestamp()
                    if (ended := entry.get("stopDate")) and wanted.is_past(ended.timestamp()):
                        return page
                    if summary and wanted.admits(summary):
                        found.append(summary)
            token, skip = listing.get("nextToken"), 0
            if token is None:
                return page
        return page | {"cursor": encode_cursor(token, 0)}

    def list_newest(self, most: int) -> Iterator[list[dict[str, Any]]]:
        """Yields up to ``most`` of the newest executions, each as in a page, PAGE or fewer at a time."""
        token = None
        for _ in range(0, most, LISTED_AT_ONCE):
            listing = self._list(LISTED_AT_ONCE, token, None)
            listed, token = listing["executions"], listing.get("nextToken")
            for first in range(0, len(listed), PAGE):
                yield list(self._pool.map(self._summarize_entry, listed[first : first + PAGE]))
            if token is None:
                return

    def count_since(self, seconds: float) -> dict[str, int | bool]:
        """Returns how many executions since a time, in Unix seconds, were routed, refused or failed.

        ``unknown`` counts unsuccessful ones beyond MOST_DESCRIBED, whose reason was not asked for; ``more``
        says that only the newest MOST_COUNTED were looked at.
        """
        listing = self._list(MOST_COUNTED, None, None)
        entries = [entry for entry in listing["executions"] if entry["startDate"].timestamp() >= seconds]
        unsuccessful = [entry for entry in entries if entry["status"] not in ("SUCCEEDED", "RUNNING")]
        asked = unsuccessful[:MOST_DESCRIBED]
        outcomes = [summary["outcome"] for summary in self._pool.map(self._summarize_entry, asked)]
        return {
            "routed": [entry["status"] for entry in entries].count("SUCCEEDED"),
            "refused": outcomes.count("refused"),
            "failed": outcomes.count("failed"),
            "unknown": len(unsuccessful) - len(asked),
            "more": len(entries) == len(listing["executions"]) and "nextToken" in listing,
        }

    def count_running(self) -> dict[str, int | bool]:
        """Returns how many executions are ``running``, and whether there are ``more_running``.

        No more than MOST_COUNTED are counted.
        """
        listing = self._list(MOST_COUNTED, None, STATUSES[RUNNING])
        return {"running": len(listing["executions"]), "more_running": "nextToken" in listing}

    def describe(self, name: str) -> dict[str, Any]:
        """Returns an execution as in a page, with its ``input``, ``output`` and ``states``.

        Raises:
            NoExecution: There is none of this name.
        """
        described = self._describe(name)
        pages = self._step_functions.get_paginator("get_execution_history").paginate(
            executionArn=described["executionArn"], includeExecutionData=True
        )
        return {
            **self._summarize(described),
            "input": shorten_document(described.get("input")),
            "output": shorten_document(described.get("output")),
            "states": parse_states(event for page in pages for event in page["events"]),
        }

    def read_graph(self, name: str) -> dict[str, list[Any]]:
        """Returns the graph of the state machine as it was when an execution was started.

        Raises:
            NoExecution: There is none of this name.
        """
        arn = self._describe(name)["executionArn"]
        machine = self._step_functions.describe_state_machine_for_execution(executionArn=arn)
        return parse_graph(machine["definition"])

    def find_photo(self, name: str) -> Photo:
        """Returns the photo that an execution was started on.

        Raises:
            NoExecution: There is none of this name.
            NoPhoto: Its input names no photo.
        """
        if (photo := _parse_photo(self._describe(name))) is None:
            raise NoPhoto(f"The input of execution {name} names no photo")
        return photo

    def close(self) -> None:
        """Ends the threads that ask Step Functions."""
        self._pool.shutdown(cancel_futures=True)

    def _list(self, most: int, token: str | None, status: str | None) -> dict[str, Any]:
        options = {"nextToken": token, "statusFilter": status}
        return self._step_functions.list_executions(
            stateMachineArn=self._state_machine,
            maxResults=most,
            **{name: value for name, value in options.items() if value is not None},
        )

    def _describe(self, name: str) -> dict[str, Any]:
        arn = f"{self._state_machine.replace(':stateMachine:', ':execution:')}:{name}"
        try:
            return self._step_functions.describe_execution(executionArn=arn)
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("ExecutionDoesNotExist", "InvalidArn"):
                raise
            raise NoExecution(
                f"There is no execution {name[:80]}: Step Functions keeps them for 90 days"
            ) from None

    def _summarize_entry(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        if kept := self._ended.get(entry["name"]):
            return kept
        return self._summarize(self._step_functions.describe_execution(executionArn=entry["executionArn"]))

    def _summarize(self, described: Mapping[str, Any]) -> dict[str, Any]:
        """Returns an execution as the page lists it, and keeps it if it has ended."""
        name = described["name"]
        if name in self._ended:
            return self._ended[name]
        photo = _parse_photo(described)
        summary: dict[str, Any] = {
            "id": name,
            "name": PurePosixPath(photo.key).name if photo else None,
            "started": described["startDate"].timestamp(),
            "bucket": photo.bucket if photo else None,
            "key": photo.key if photo else None,
        }
        if described["status"] in ("RUNNING", "PENDING_REDRIVE"):
            unknown = ("predicted_class", "confidence", "milliseconds", "error", "cause")
            return summary | {"outcome": "running", **dict.fromkeys(unknown)}
        summary |= asdict(read_routing(self._step_functions, photo or Photo(name, "", ""), described))
        del summary["photo"]
        self._ended[name] = summary
        if len(self._ended) > KEPT:
            self._ended.popitem(last=False)
        return summary


def _parse_photo(described: Mapping[str, Any]) -> Photo | None:
    try:
        fields = workflow_event.read(json.loads(described["input"]))
        bucket, key = workflow_event.read_location(fields)
        version = workflow_event.read_version(fields)
    except (InvalidEvent, ValueError, LookupError, RecursionError):
        return None
    return Photo(key, bucket, key, version)
