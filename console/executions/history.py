"""Reads the state machine's executions: lists them with filters, and describes one with its states."""

import json
from collections import OrderedDict
from collections.abc import Container, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from botocore.exceptions import ClientError

from console.executions.filter import RUNNING, STATUSES, ExecutionFilter, encode_cursor
from console.executions.routing import Photo, read_routing, read_threshold
from console.executions.starting import describe_redrive
from console.executions.states import parse_event, parse_graph, parse_states, shorten_document
from console.photo import NoPhoto
from evaluation.deployment import Deployment
from lambdas.workflow import event as workflow_event
from lambdas.workflow.errors import InvalidEvent
from lambdas.workflow.places import identify_photo

PAGE = 50
LISTED_AT_ONCE = 200
# Bounds of one answer's cost: a filter that matches little must not read an account's whole history.
MOST_LISTINGS = 25
MOST_DESCRIBED = 500
MOST_COUNTED = 1000
UNSUCCESSFUL = ("ABORTED", "TIMED_OUT", "FAILED")
"""Statuses of executions that failed; of the last, most were refused. The rarest are asked about first."""
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
        # With the time of its end, None while it runs: one that is redriven, by whomever, ends once more.
        self._kept: OrderedDict[str, tuple[datetime | None, dict[str, Any]]] = OrderedDict()

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

    def summarize(self, names: Iterable[str]) -> list[dict[str, Any]]:
        """Returns executions as in a page, by their names; those that are not there are left out."""

        def summarize(name: str) -> dict[str, Any] | None:
            try:
                return self._summarize(self.find(name))
            except NoExecution:
                return None

        return [summary for summary in self._pool.map(summarize, names) if summary]

    def count(self, wanted: ExecutionFilter) -> tuple[int, bool]:
        """Returns how many executions of an outcome and a period there are, and whether there may be more.

        No more than the newest MOST_COUNTED are looked at.
        """
        listing = self._list(MOST_COUNTED, None, wanted.status)
        starts = [entry["startDate"].timestamp() for entry in listing["executions"]]
        more = "nextToken" in listing and not wanted.is_past(starts[-1])
        return sum(map(wanted.admits_start, starts)), more

    def list_entries(self) -> tuple[list[Mapping[str, Any]], bool]:
        """Returns the MOST_COUNTED newest executions as Step Functions lists them; whether there are more."""
        listing = self._list(MOST_COUNTED, None, None)
        return listing["executions"], "nextToken" in listing

    def summarize_entries(self, entries: Iterable[Mapping[str, Any]], most: int) -> dict[str, dict[str, Any]]:
        """Returns executions as in a page, by name; at most ``most`` are asked for, beside those kept."""
        by_name = {entry["name"]: entry for entry in entries}
        kept = {name: found for name, entry in by_name.items() if (found := self._find_kept(entry))}
        asked = [name for name in by_name if name not in kept][:most]
        return kept | dict(
            zip(asked, self._pool.map(self._summarize_entry, map(by_name.get, asked)), strict=True)
        )

    def list_cut_off(self, since: float, known: Container[str] = ()) -> list[dict[str, Any]]:
        """Returns executions as in a page that came to no end of their own, the newest first.

        What becomes of a photo the workflow keeps before it ends: of these it need not have kept anything.
        Of each status the MOST_COUNTED newest are looked at, and PAGE are asked about, beside those kept.

        Args:
            since: Earliest end, in Unix seconds.
            known: Names of executions that are none of these, which are not asked about.

        Returns:
            The executions, with their end as ``decided``.
        """
        listings = self._pool.map(lambda status: self._list(MOST_COUNTED, None, status), UNSUCCESSFUL)
        entries = [
            entry
            for listing in listings
            for entry in listing["executions"]
            if entry["stopDate"].timestamp() >= since and entry["name"] not in known
        ]
        found = self.summarize_entries(entries, PAGE)
        cut_off = [
            found[entry["name"]] | {"decided": entry["stopDate"].timestamp()}
            for entry in entries
            if entry["name"] in found and found[entry["name"]]["is_cut_off"]
        ]
        return sorted(cut_off, key=lambda line: -line["decided"])

    def count_running(self) -> dict[str, int | bool]:
        """Returns how many executions are ``running``, and whether there are ``more_running``.

        No more than MOST_COUNTED are counted.
        """
        listing = self._list(MOST_COUNTED, None, STATUSES[RUNNING])
        return {"running": len(listing["executions"]), "more_running": "nextToken" in listing}

    def describe(self, name: str) -> dict[str, Any]:
        """Returns an execution as in a page, with its ``input``, ``output`` and ``states``.

        Also its ``arn``, that of its ``state_machine``, and ``redrive``, as ``describe_redrive`` has it.

        Raises:
            NoExecution: There is none of this name.
        """
        described = self.find(name)
        states = parse_states(self._read_events(described["executionArn"]))
        summary = self._summarize(described)
        # Where the execution did not come to its own end, the filter may have passed the photo all the same.
        passed = (threshold for state in states if (threshold := read_threshold(state["output"])) is not None)
        return {
            **summary,
            "threshold": summary["threshold"] if summary["threshold"] is not None else next(passed, None),
            "arn": described["executionArn"],
            "state_machine": described["stateMachineArn"],
            "redrive": describe_redrive(described, states),
            "input": shorten_document(described.get("input")),
            "output": shorten_document(described.get("output")),
            "states": states,
        }

    def read_history(self, name: str) -> list[dict[str, Any]]:
        """Returns all events of an execution, oldest first, each with its details under ``details``.

        Raises:
            NoExecution: There is none of this name.
        """
        return [parse_event(event) for event in self._read_events(self.find(name)["executionArn"])]

    def read_graph(self, name: str) -> dict[str, list[Any]]:
        """Returns the graph of the state machine as it was when an execution was started.

        Raises:
            NoExecution: There is none of this name.
        """
        arn = self.find(name)["executionArn"]
        machine = self._step_functions.describe_state_machine_for_execution(executionArn=arn)
        return parse_graph(machine["definition"])

    def find_photo(self, name: str) -> Photo:
        """Returns the photo that an execution was started on.

        Raises:
            NoExecution: There is none of this name.
            NoPhoto: Its input names no photo.
        """
        if (photo := _parse_photo(self.find(name))) is None:
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

    def find(self, name: str) -> dict[str, Any]:
        """Returns what Step Functions tells of an execution.

        Raises:
            NoExecution: There is none of this name.
        """
        arn = f"{self._state_machine.replace(':stateMachine:', ':execution:')}:{name}"
        try:
            return self._step_functions.describe_execution(executionArn=arn)
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("ExecutionDoesNotExist", "InvalidArn"):
                raise
            raise NoExecution(
                f'No execution "{name[:80]}". Step Functions keeps executions for 90 days.'
            ) from None

    def _summarize_entry(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        if kept := self._find_kept(entry):
            return kept
        return self._summarize(self._step_functions.describe_execution(executionArn=entry["executionArn"]))

    def _read_events(self, arn: str) -> Iterator[dict[str, Any]]:
        pages = self._step_functions.get_paginator("get_execution_history").paginate(
            executionArn=arn, includeExecutionData=True
        )
        return (event for page in pages for event in page["events"])

    def _find_kept(self, execution: Mapping[str, Any]) -> dict[str, Any] | None:
        """Returns the summary of an execution, as listed or described, if it has not changed since."""
        ended, summary = self._kept.get(execution["name"], (None, None))
        return summary if ended == _read_end(execution) else None

    def _summarize(self, described: Mapping[str, Any]) -> dict[str, Any]:
        """Returns an execution as the page lists it, and keeps it."""
        if kept := self._find_kept(described):
            return kept
        name = described["name"]
        photo = _parse_photo(described)
        summary: dict[str, Any] = {
            "id": name,
            "arn": described["executionArn"],
            "name": PurePosixPath(photo.key).name if photo else None,
            "started": described["startDate"].timestamp(),
            "bucket": photo.bucket if photo else None,
            "key": photo.key if photo else None,
        }
        if (end := _read_end(described)) is None:
            unknown = ("predicted_class", "confidence", "threshold", "milliseconds", "error", "cause")
            version = photo.version if photo else None
            summary |= {"outcome": RUNNING, "version": version, "is_cut_off": False} | dict.fromkeys(unknown)
        else:
            summary |= asdict(read_routing(self._step_functions, photo or Photo(name, "", ""), described))
            del summary["photo"]
        self._kept[name] = end, summary
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return summary


def name_photos(line: Mapping[str, Any]) -> set[str]:
    """Returns the ids under which the table of outcomes may keep the photo of an execution, as in a page."""
    # An upload's execution has the photo's id for its name, and a photo of no version its execution's.
    located = [line[name] for name in ("bucket", "key", "version")]
    return {line["id"], identify_photo(*located)} if all(located) else {line["id"]}


def _read_end(execution: Mapping[str, Any]) -> datetime | None:
    """Returns when an execution, as listed or described, ended; None while it runs."""
    is_running = execution["status"] in ("RUNNING", "PENDING_REDRIVE")
    return None if is_running else execution["stopDate"]


def _parse_photo(described: Mapping[str, Any]) -> Photo | None:
    try:
        fields = workflow_event.read(json.loads(described["input"]))
        bucket, key = workflow_event.read_location(fields)
        version = workflow_event.read_version(fields)
    except (InvalidEvent, ValueError, LookupError, RecursionError):
        return None
    return Photo(key, bucket, key, version)
