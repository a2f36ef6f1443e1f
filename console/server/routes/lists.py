"""Lists of executions and of what became of their photos: with filters, with totals, and some by name."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Route

from console.executions.filter import RUNNING, ExecutionFilter, decode_cursor
from console.executions.history import Executions, name_photos
from console.outcomes.strands import decode_places
from console.outcomes.table import NO_TABLE, Outcomes
from console.server.responses import make_json_route
from evaluation.deployment import NotDeployed
from lambdas.workflow.outcomes import FAILED

MOST_NAMED = 100
MOST_CUT_OFF = 50
Line = dict[str, Any]


def make_list_routes(executions: Executions, outcomes: Outcomes) -> list[Route]:
    """Returns the routes."""

    def list_page(request: Request) -> dict[str, Any]:
        query = request.query_params
        if named := query.getlist("id") + query.getlist("photo"):
            if len(named) > MOST_NAMED:
                raise HTTPException(400, f"{len(named)} are asked for by name: {MOST_NAMED} may be")
            return {"executions": list_named(query.getlist("id"), query.getlist("photo"))}
        cursor = query.get("cursor") or None
        wanted = read_filter(request)
        try:
            source, advice, page = read_page(wanted, cursor)
        except ValueError as error:
            raise HTTPException(400, str(error)) from None
        lines = page["executions"]
        if cursor is None:
            known = {line["id"] for line in lines}
            first = list_first(wanted, source)
            page["executions"] = [line for line in first if line["id"] not in known] + lines
        return {"source": source, "advice": advice, **page}

    def read_page(wanted: ExecutionFilter, cursor: str | None) -> tuple[str, str | None, dict[str, Any]]:
        if wanted.names_execution:
            return "executions", None, {"executions": [], "cursor": None, "looked_back_to": None}
        advice = None
        if wanted.asks_for_outcomes:
            try:
                return "table", None, outcomes.list_page(wanted, decode_places(cursor))
            except NotDeployed:
                if wanted.reviewed:
                    raise NotDeployed(NO_TABLE) from None
                advice = NO_TABLE
        page = executions.list_page(wanted, decode_cursor(cursor))
        # Where Step Functions lists by the end, a slow one comes late.
        page["executions"].sort(key=_get_start, reverse=True)
        return "executions", advice, page

    def list_first(wanted: ExecutionFilter, source: str) -> list[Line]:
        """Returns what comes before a list's first page: what the table has not yet, and what is named."""
        found = list_running(wanted)["executions"] if source == "table" and wanted.admits_running else []
        if source == "table":
            found += list_cut_off(wanted)
        if wanted.search:
            named = executions.summarize([wanted.search.rpartition(":")[2]]) or list_kept(wanted.search)
            found += [line for line in named if wanted.admits_start(line["started"]) and wanted.admits(line)]
        return found

    def list_cut_off(wanted: ExecutionFilter) -> list[Line]:
        """Returns the newest failed executions of whose photos the table has nothing."""
        if wanted.outcomes and FAILED not in wanted.outcomes:
            return []
        lines = [
            line
            for line in executions.list_cut_off(wanted.since or 0.0)
            if (wanted.until is None or line["decided"] <= wanted.until) and wanted.admits(line)
        ][:MOST_CUT_OFF]
        with ThreadPoolExecutor(8) as pool:
            kept = list(pool.map(lambda line: any(map(outcomes.find, name_photos(line))), lines))
        return [line for line, is_kept in zip(lines, kept, strict=True) if not is_kept]

    def list_kept(search: str) -> list[Line]:
        """Returns the photo of an upload whose execution Step Functions has forgotten: both have one name."""
        with suppress(NotDeployed):
            if kept := outcomes.find(search.rpartition(":")[2]):
                return [kept]
        return []

    def list_named(names: list[str], photos: list[str]) -> list[Line]:
        found = [outcomes.find(photo) for photo in photos]
        return [*executions.summarize(names), *(line for line in found if line)]

    def list_running(wanted: ExecutionFilter) -> dict[str, Any]:
        return executions.list_page(replace(wanted, outcomes=frozenset({RUNNING})), (None, 0))

    def count(request: Request) -> dict[str, Any]:
        wanted = read_filter(request)
        if not wanted.asks_for_outcomes:
            total, more = executions.count(wanted)
            return {"total": total, "more": more}
        try:
            total, more = outcomes.count(wanted)
        except NotDeployed:
            return {"total": None, "more": True}
        running = list_running(wanted) if wanted.admits_running else {"executions": [], "cursor": None}
        total += len(running["executions"]) + len(list_cut_off(wanted))
        return {"total": total, "more": more or running["cursor"] is not None}

    def list_errors(request: Request) -> dict[str, Any]:
        try:
            errors = outcomes.list_errors()
            cut_off = {line["error"] for line in list_cut_off(ExecutionFilter(frozenset({FAILED})))}
            return {"errors": [*errors, *sorted(cut_off.difference(errors))]}
        except NotDeployed:
            page = executions.list_page(ExecutionFilter(frozenset({"failed"})), (None, 0))
            return {"errors": sorted({line["error"] for line in page["executions"]})}

    return [
        make_json_route("/api/executions", list_page),
        make_json_route("/api/totals", count),
        make_json_route("/api/errors", list_errors),
    ]


def read_filter(request: Request) -> ExecutionFilter:
    """Returns what a request asks for."""
    try:
        return ExecutionFilter.from_query(request.query_params.multi_items())
    except ValueError as error:
        raise HTTPException(400, str(error)) from None


def _get_start(line: Mapping[str, Any]) -> float:
    return float(line["started"])
