"""Reads the deployment's CloudWatch dashboard with the data that its widgets ask for."""

import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from console.monitoring.alarms import find_alarms
from console.monitoring.widgets import USUAL_STATISTIC, Asked, Widget, name_series, read_length, read_widgets
from evaluation.deployment import Deployment, NotDeployed

HOUR = 3600
RANGES = {"3h": 3 * HOUR, "day": 24 * HOUR, "week": 7 * 24 * HOUR}
"""The length of each range of time in seconds."""
USUAL_RANGE = "3h"
"""CloudWatch's own."""
_SHORTEST_PERIODS = ((3 * HOUR, 60), (24 * HOUR, 300))
_SHORTEST_OF_LONG = HOUR
_NO_DASHBOARD = ("ResourceNotFound", "DashboardNotFoundError")
_CONCURRENT_REQUESTS = 6


def read_dashboard(
    deployment: Deployment, chosen: str | None = None, now: float | None = None
) -> dict[str, Any]:
    """Returns the dashboard as it is drawn.

    Args:
        deployment: Whose dashboard, which has its name.
        chosen: One of RANGES; None for the dashboard's own.
        now: The time; None for the present.

    Returns:
        ``range``, one of RANGES, and ``widgets``. Each has ``kind``, ``title``, ``place``, ``form``,
        ``not_drawn``, ``from`` and ``until`` in Unix seconds, ``own`` (whether that is a range of its own),
        ``fault`` (why its data cannot be had), and ``alarms`` or ``series``.

    Raises:
        NotDeployed: There is no dashboard.
    """
    now = time.time() if now is None else now
    client, name = deployment.client("cloudwatch"), deployment.name
    try:
        body = json.loads(client.get_dashboard(DashboardName=name)["DashboardBody"])
    except ClientError as error:
        if error.response["Error"]["Code"] not in _NO_DASHBOARD:
            raise
        raise NotDeployed(
            f"'{name}' has no dashboard: make deploy adds it (on this machine make demo)"
        ) from None
    widgets = read_widgets(body, client.meta.region_name)
    chosen = chosen or _find_range(body.get("start"))
    # Else a longer range has longer periods.
    keeps_periods = body.get("periodOverride") == "inherit"
    with ThreadPoolExecutor(_CONCURRENT_REQUESTS) as pool:
        filled = pool.map(
            lambda widget: _fill(deployment, widget, RANGES[chosen], keeps_periods, now), widgets
        )
        return {"range": chosen, "widgets": list(filled)}


def _find_range(start: str | None) -> str:
    length = read_length(start)
    return next((name for name, seconds in RANGES.items() if seconds == length), USUAL_RANGE)


def _fill(
    deployment: Deployment, widget: Widget, length: int, keeps_periods: bool, now: float
) -> dict[str, Any]:
    """Returns a widget with its data; one whose data cannot be had says why, and the others have theirs."""
    length = widget.length or length
    described = {
        "kind": widget.kind,
        "title": widget.title,
        "place": widget.place,
        "form": widget.form,
        "not_drawn": widget.not_drawn,
        "from": now - length,
        "until": now,
        "own": widget.length is not None,
        "fault": None,
    }
    try:
        if widget.kind == "alarms":
            alarms = find_alarms(deployment, widget.form["arns"])
            gone = set(widget.form["arns"]) - {alarm["arn"] for alarm in alarms}
            missing = [f"the alarm {arn.rpartition(':')[2]}, which is not there" for arn in sorted(gone)]
            return {**described, "alarms": alarms, "not_drawn": [*widget.not_drawn, *missing]}
        if widget.asked:
            return {**described, **_read_series(deployment, widget, length, keeps_periods, now)}
    except ClientError as error:
        return {**described, "fault": error.response["Error"].get("Message") or str(error)}
    return described


def _read_series(
    deployment: Deployment, widget: Widget, length: int, keeps_periods: bool, now: float
) -> dict[str, Any]:
    # A longer range with shorter periods would have more values than can be told apart.
    fitting = (shortest for longest, shortest in _SHORTEST_PERIODS if length <= longest)
    shortest = 0 if keeps_periods else next(fitting, _SHORTEST_OF_LONG)
    periods = [length if widget.form["whole"] else max(asked.period, shortest) for asked in widget.asked]
    # Else the first period, or the only one, would have begun too early to be told.
    begin = now - length if widget.form["whole"] else (now - length) // max(periods) * max(periods)
    queries, names = make_queries(widget.asked, periods), name_series(widget.asked)
    pages = (
        deployment.client("cloudwatch")
        .get_paginator("get_metric_data")
        .paginate(
            MetricDataQueries=queries,
            StartTime=datetime.fromtimestamp(begin, UTC),
            EndTime=datetime.fromtimestamp(now, UTC),
            ScanBy="TimestampAscending",
        )
    )
    found: dict[tuple[str, str], dict[str, Any]] = {}
    faults = []
    order = {query["Id"]: number for number, query in enumerate(queries)}
    for result in (result for page in pages for result in page["MetricDataResults"]):
        number = order[result["Id"]]
        options = widget.asked[number].options
        # CloudWatch words what a label counts, such as ${LAST}; and a search finds several under one id.
        told = "${" in names[number] or str(options.get("expression", "")).startswith("SEARCH")
        series = found.setdefault(
            (result["Id"], result["Label"]),
            {
                "name": result["Label"] if told else names[number],
                "axis": options.get("yAxis", "left"),
                "colour": options.get("color"),
                "period": periods[number],
                "times": [],
                "values": [],
            },
        )
        series["times"] += [moment.timestamp() for moment in result["Timestamps"]]
        series["values"] += result["Values"]
        if result.get("StatusCode") in ("InternalError", "Forbidden"):
            faults.append(f"{series['name']}: {result['StatusCode']}")
    return {"series": list(found.values()), "fault": "; ".join(faults) or None}


def make_queries(asked: Sequence[Asked], periods: Sequence[int]) -> list[dict[str, Any]]:
    """Returns the queries of GetMetricData for the metrics of a widget, each with its period."""
    queries = []
    for number, (metric, period) in enumerate(zip(asked, periods, strict=True)):
        options = metric.options
        query: dict[str, Any] = {
            "Id": options.get("id", f"series{number}"),
            "ReturnData": options.get("visible", True),
        }
        if "label" in options:
            query["Label"] = options["label"]
        if metric.parts:
            namespace, name, *dimensions = metric.parts
            pairs = zip(dimensions[::2], dimensions[1::2], strict=True)
            query["MetricStat"] = {
                "Metric": {
                    "Namespace": namespace,
                    "MetricName": name,
                    "Dimensions": [{"Name": key, "Value": value} for key, value in pairs],
                },
                "Period": period,
                "Stat": options.get("stat", USUAL_STATISTIC),
            }
        else:
            query |= {"Expression": options["expression"], "Period": period}
        queries.append(query)
    return queries
