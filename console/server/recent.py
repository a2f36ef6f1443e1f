"""Keeps what became of the last week's photos, so that an answer costs but what is new since the one before.

From the table of outcomes an answer takes a request for each outcome while little happens, and some more
while a week is read for the first time, a part of it with each answer; and a listing of executions for each
way to fail, for those that were stopped or broke off left nothing in the table. Where there is no table, it
takes one listing of executions and, of those that were unsuccessful, a description each, once.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

from console.executions.history import Executions, name_photos
from console.outcomes.items import describe_item, read_time
from console.reviews.photos import format_time
from console.reviews.table import Item, OutcomeTable, Place
from console.reviews.telling import UNDO_SECONDS
from evaluation.deployment import Deployment
from lambdas.workflow import outcomes

WEEK_SECONDS = 7 * 86_400
LATEST = 5
UNKNOWN = "unknown"
"""The outcome of an unsuccessful execution that Step Functions was not asked about yet."""
# How many requests, each of some thousand photos, one answer spends on one outcome.
READINGS = 3
# Beyond so many photos of one outcome a week is not read to its beginning.
MOST_KEPT = 100_000
# So long after a decision it is looked for again: the index is a moment behind the table, and a person may
# take their judgement back.
OVERLAP_SECONDS = UNDO_SECONDS + 60
MOST_DESCRIBED = 50


class Decision(NamedTuple):
    """What became of one photo.

    Attributes:
        outcome: One of the table's outcomes, or UNKNOWN.
        decided: When that was decided, by the workflow or by a review, in Unix seconds.
        ended: When the workflow ended.
        milliseconds: How long it took, if that is known.
        error: Name of the error that ended it, if one did.
        execution: Name of the execution that decided.
        place: Bucket and key of one that failed, if the event named them.
    """

    outcome: str
    decided: float
    ended: float
    milliseconds: int | None
    error: str | None
    execution: str
    place: tuple[str, str] | None


@dataclass(frozen=True)
class Recent:
    """What became of the newest photos.

    Attributes:
        source: ``table`` or ``executions``.
        decisions: One for each photo, in no order; one for each execution where ``source`` says so.
        since: They are complete from this time on, in Unix seconds.
        latest: The newest of them as a list shows them, newest first.
        last_failed: The newest that failed, likewise; None if none did.
    """

    source: str
    decisions: Iterable[Decision]
    since: float
    latest: list[dict[str, Any]]
    last_failed: dict[str, Any] | None


class RecentOutcomes:
    """The table's photos of the last week, and those that executions left out of it. Threads may share it.

    ``read`` raises what ``OutcomeTable`` does.
    """

    def __init__(self, deployment: Deployment, executions: Executions) -> None:
        table = OutcomeTable(deployment)
        self._executions = executions
        self._strands = [_Strand(table, outcome) for outcome in outcomes.OUTCOMES]
        self._reading = threading.Lock()

    def read(self, now: float) -> Recent:
        """Reads what is new, and as far back into the week as one answer may."""
        with self._reading, ThreadPoolExecutor(len(self._strands)) as pool:
            list(pool.map(lambda strand: strand.read(now), self._strands))
            # A photo that was decided anew stands in two strands for a while: the last decision counts.
            last: dict[str, Decision] = {}
            for strand in self._strands:
                for photo, decision in strand.decisions.items():
                    if photo not in last or last[photo].decided < decision.decided:
                        last[photo] = decision
            latest = [
                line
                for strand in self._strands
                for line in strand.latest
                if last[line["photo"]].outcome == strand.outcome
            ]
        decided = {decision.execution for decision in last.values()}
        for line in self._executions.list_cut_off(now - WEEK_SECONDS, decided):
            # Another execution may have come to an end with the same photo.
            if last.keys().isdisjoint(name_photos(line)):
                last[line["id"]] = _read_decision(line)
                latest.append(line)
        latest.sort(key=lambda line: -line["decided"])
        return Recent(
            "table",
            _count_failed_once(last.values()),
            max(now - WEEK_SECONDS, *(strand.since for strand in self._strands)),
            latest[:LATEST],
            next((line for line in latest if line["outcome"] == outcomes.FAILED), None),
        )


class _Strand:
    """The photos of one outcome that were decided within the last week.

    Attributes:
        outcome: The outcome.
        decisions: What is known of each photo, by its id.
        latest: The newest LATEST of them as a list shows them.
        since: They are complete from this time on.
    """

    def __init__(self, table: OutcomeTable, outcome: str) -> None:
        self.outcome = outcome
        self.decisions: dict[str, Decision] = {}
        self.latest: list[dict[str, Any]] = []
        self.since = 0.0
        self._table = table
        self._refreshed: float | None = None
        # Where to go on towards the week's beginning, unless that is reached.
        self._place: Place | None = None
        self._is_whole = False

    def read(self, now: float) -> None:
        """Reads what is new, and goes on towards the week's beginning."""
        if self._refreshed is not None:
            self._read_news(self._refreshed)
        self._refreshed = now
        self._keep(lambda decision: decision.decided >= now - WEEK_SECONDS)
        for _ in range(READINGS):
            if self._is_whole or len(self.decisions) >= MOST_KEPT:
                break
            items, self._place = self._ask(self._place, now - WEEK_SECONDS)
            self._add(items)
            self._is_whole = self._place is None
        self.since = (read_time(self._place.decided_at) if self._place else None) or 0.0

    def _read_news(self, refreshed: float) -> None:
        """Reads anew what was decided a moment before the last reading, and what was since."""
        since = refreshed - OVERLAP_SECONDS
        items, place = self._ask(None, since)
        for _ in range(READINGS - 1):
            if place is None:
                break
            more, place = self._ask(place, since)
            items += more
        reached = since if place is None else read_time(place.decided_at) or since
        # What was read anew and is not there any more was decided anew, or its judgement was taken back.
        self._keep(lambda decision: decision.decided < reached)
        if reached > refreshed:
            # More is new than is read at once: what lies between it and what was known has to be read, too.
            self._keep(lambda decision: False)
            self._place, self._is_whole = place, False
        self._add(items)

    def _ask(self, place: Place | None, since: float) -> tuple[list[Item], Place | None]:
        return self._table.read_newest(
            self.outcome, after=place, since=format_time(since), until="", having="", values={}, most=None
        )

    def _keep(self, is_kept: Callable[[Decision], bool]) -> None:
        self.decisions = {photo: made for photo, made in self.decisions.items() if is_kept(made)}
        self.latest = [line for line in self.latest if line["photo"] in self.decisions]

    def _add(self, items: Iterable[Item]) -> None:
        lines = [line for line in map(describe_item, items) if line["decided"] is not None]
        self.decisions |= {line["photo"]: _read_decision(line) for line in lines}
        newest = {line["photo"]: line for line in (*self.latest, *lines)}
        self.latest = sorted(newest.values(), key=lambda line: -line["decided"])[:LATEST]


def read_recent_executions(executions: Executions, now: float) -> Recent:
    """Returns what became of the newest executions, each for a photo of its own, where there is no table."""
    entries, more = executions.list_entries()
    unsuccessful = [entry for entry in entries if entry["status"] not in ("SUCCEEDED", "RUNNING")]
    # The newest are asked about first: the last ones stand on the page.
    known = executions.summarize_entries([*entries[:LATEST], *unsuccessful], MOST_DESCRIBED)
    decisions = [_read_entry(entry, known.get(entry["name"])) for entry in entries if "stopDate" in entry]
    summaries = [known[entry["name"]] for entry in entries if entry["name"] in known]
    return Recent(
        "executions",
        decisions,
        max(now - WEEK_SECONDS, entries[-1]["startDate"].timestamp() if more else 0.0),
        [known[entry["name"]] for entry in entries[:LATEST] if entry["name"] in known],
        next((summary for summary in summaries if summary["outcome"] == outcomes.FAILED), None),
    )


def _count_failed_once(decisions: Iterable[Decision]) -> list[Decision]:
    """Returns the decisions with the last alone of a photo that failed time and again.

    A photo without a version, such as one that is not there, is kept under each of its executions.
    """
    failed = [decision for decision in decisions if decision.outcome == outcomes.FAILED]
    failed.sort(key=lambda decision: decision.decided)
    last = {decision.place or decision.execution: decision for decision in failed}
    return [*(one for one in decisions if one.outcome != outcomes.FAILED), *last.values()]


def _read_decision(line: Mapping[str, Any]) -> Decision:
    decided = line["decided"]
    # An execution that was cut off has no review after its end.
    ended = line.get("ended", decided)
    is_placed = line["outcome"] == outcomes.FAILED and line["bucket"] and line["key"]
    place = (line["bucket"], line["key"]) if is_placed else None
    return Decision(line["outcome"], decided, ended, line["milliseconds"], line["error"], line["id"], place)


def _read_entry(entry: Mapping[str, Any], summary: Mapping[str, Any] | None) -> Decision:
    ended = entry["stopDate"].timestamp()
    milliseconds = round((ended - entry["startDate"].timestamp()) * 1000)
    if summary is not None:
        return Decision(summary["outcome"], ended, ended, milliseconds, summary["error"], entry["name"], None)
    outcome = outcomes.ROUTED if entry["status"] == "SUCCEEDED" else UNKNOWN
    return Decision(outcome, ended, ended, milliseconds, None, entry["name"], None)
