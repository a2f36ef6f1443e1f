"""Describes the deployment at a glance: whether it is well, its photos of today, the day and the week."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from botocore.exceptions import ClientError

from console.batches.runs import count_running
from console.executions.history import Executions
from console.model_in_service import describe_model, read_evaluation
from console.monitoring.alarms import read_alarms
from console.outcomes.items import read_time
from console.outcomes.table import NO_TABLE
from console.reviews.errors import TableBusy
from console.reviews.table import OutcomeTable
from console.server.aws_console import link_deployment
from console.server.health import Day, Facts, judge
from console.server.recent import (
    UNKNOWN,
    WEEK_SECONDS,
    Decision,
    Recent,
    RecentOutcomes,
    read_recent_executions,
)
from console.server.recommended_threshold import compare_threshold, make_command, read_confidences
from evaluation.deployment import Deployment, Endpoint, NotDeployed, SwitchedOff
from lambdas.workflow import outcomes
from lambdas.workflow.prediction import format_level

DAY_SECONDS = 86_400
STEPS = 28
"""In so many steps, of six hours each, the week is drawn."""
REFUSED = (outcomes.REFUSED, outcomes.ROUTED_BY_REVIEW, outcomes.DISCARDED)
"""What the filter refused, whatever a person has made of it since."""
KEPT_SECONDS = 60
LONGEST_CAUSE = 300
# So many requests, each of some thousand photos, one answer spends on counting the queue.
QUEUE_READINGS = 3


class Overview:
    """Describes one deployment. What hardly changes is kept for a minute; threads may share it."""

    def __init__(self, deployment: Deployment, executions: Executions) -> None:
        self._deployment = deployment
        self._executions = executions
        self._table = OutcomeTable(deployment)
        self._recent = RecentOutcomes(deployment, executions)
        self._kept: dict[object, tuple[float, Any]] = {}

    def describe(self, midnight: float | None = None, now: float | None = None) -> dict[str, Any]:
        """Returns the deployment with its health, endpoint, model, evaluation and photos.

        Args:
            midnight: When the reader's day began, in Unix seconds; None for this machine's.
            now: The time; None for the present.
        """
        now = time.time() if now is None else now
        with ThreadPoolExecutor(6) as pool:
            reading_photos = pool.submit(self._read_photos, now)
            reading_queue = pool.submit(self._read_queue)
            running = pool.submit(self._executions.count_running)
            batches = pool.submit(count_running, self._deployment)
            reading_alarms = pool.submit(self._read_alarms)
            in_service = self._describe_service()
            photos, fault = reading_photos.result()
            queue = reading_queue.result()
            alarms = reading_alarms.result()
        deployed, evaluation = in_service["deployed"], in_service["evaluation"]
        week = summarize_week(photos, now) if photos else None
        today = count_today(photos, find_midnight(now) if midnight is None else midnight) if photos else {}
        switched_off = in_service["endpoint"].get("switched_off", False)
        facts = Facts(
            endpoint=in_service["endpoint"].get("status"),
            endpoint_fault=None if switched_off else in_service["endpoint"].get("missing"),
            endpoint_off=switched_off,
            day=week["day"] if week else None,
            day_fault=fault,
            threshold=deployed["threshold"] and deployed["threshold"]["value"],
            predicted=evaluation.pop("predicted", None),
            recommended=evaluation.get("recommended") if evaluation.get("differs") else None,
            waiting=queue.get("waiting"),
            waiting_seconds=queue["oldest"] and now - queue["oldest"] if queue else None,
            alarms={
                alarm["what"]: alarm["advice"]
                for alarm in alarms.get("alarms", ())
                if alarm["state"] == "ALARM"
            },
        )
        return {
            **deployed,
            "endpoint": in_service["endpoint"],
            "model": in_service["model"],
            "evaluation": evaluation,
            "health": judge(facts),
            "alarms": alarms,
            "today": {"fault": fault}
            if fault
            else today | running.result() | {"running_batches": batches.result()},
            "queue": queue,
            "week": week and week | {"day": asdict(week["day"]) | {"failed": week["day"].failed}},
            "latest": photos.latest if photos else [],
            "last_failed": photos and describe_failure(photos.last_failed),
        }

    def _read_photos(self, now: float) -> tuple[Recent | None, str | None]:
        """Returns the photos, or why they cannot be told at the moment."""
        try:
            return self._recent.read(now), None
        except NotDeployed:
            return read_recent_executions(self._executions, now), None
        except TableBusy as error:
            return None, str(error)

    def _read_queue(self) -> dict[str, Any]:
        """Returns how many photos wait for a review, and since when the oldest; nothing without a table."""
        with suppress(NotDeployed, TableBusy):
            waiting, more = self._table.count_some(outcomes.REFUSED, most=QUEUE_READINGS)
            first = next(self._table.query(outcomes.REFUSED, page=1), None) if waiting else None
            oldest = read_time(first["decided_at"]) if first else None
            return {"waiting": waiting, "more_waiting": more, "oldest": oldest}
        return {}

    def _read_alarms(self) -> dict[str, Any]:
        """Returns the ``alarms``, or why they are ``missing``."""
        try:
            return {"alarms": read_alarms(self._deployment)}
        except NotDeployed as error:
            return {"missing": str(error)}
        except ClientError as error:
            # Whoever may not see them, or asks too often, sees all the rest.
            return {"missing": f"The alarms cannot be read: {error}"}

    def _describe_service(self) -> dict[str, Any]:
        """Returns what is deployed, the endpoint, its model and that one's evaluation."""
        staged = self._read_data_set()
        deployed = _describe(self._deployment, staged)
        try:
            endpoint = self._deployment.find_endpoint()
        except NotDeployed as error:
            missing = {"missing": "Without an endpoint no model is in service"}
            off = {"switched_off": True} if isinstance(error, SwitchedOff) else {}
            return {
                "deployed": deployed,
                "endpoint": {"missing": str(error), **off},
                "model": missing,
                "evaluation": dict(missing),
            }
        return {
            "deployed": deployed,
            "endpoint": {
                "name": endpoint.name,
                "status": endpoint.status,
                "model": endpoint.model,
                "instance_type": endpoint.instance_type,
                "updated": endpoint.updated.timestamp(),
            },
            "model": self._describe_model(endpoint, staged),
            "evaluation": self._describe_evaluation(endpoint, deployed),
        }

    def _read_data_set(self) -> dict[str, Any]:
        """Returns ``dataset``, ``classes`` and ``other_class`` staged, and how many ``validation`` photos."""
        try:
            found = self._deployment.data_set
        except NotDeployed:
            return {"dataset": None, "classes": [], "validation": None}

        def read() -> dict[str, Any]:
            manifest = self._deployment.read_manifest()
            validation = sum(name.startswith("validation/") for name in manifest["files"])
            return {
                "dataset": found,
                "classes": manifest["classes"],
                "other_class": manifest.get("other_class"),
                "validation": validation,
            }

        return self._keep(("data set", found), read)

    def _describe_model(self, endpoint: Endpoint, staged: Mapping[str, Any]) -> dict[str, Any]:
        model = self._keep(("model", endpoint.artifact), lambda: describe_model(self._deployment, endpoint))
        of_staged = model["dataset"] is not None and model["dataset"] == staged["dataset"]
        return {**model, "validation_photos": staged["validation"] if of_staged else None}

    def _describe_evaluation(self, endpoint: Endpoint, deployed: Mapping[str, Any]) -> dict[str, Any]:
        try:
            report = self._keep(
                ("evaluation", endpoint.model),
                lambda: _shorten_report(read_evaluation(self._deployment, endpoint, "test", "validation")),
            )
        except NotDeployed as error:
            return {"missing": str(error)}
        return compare_threshold(report, deployed["threshold"]) | {
            "command": make_command(self._deployment.name, report["recommended"], deployed["links"] is None)
        }

    def _keep(self, key: object, read: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Returns what was read under a key in the last minute, or reads it."""
        until, value = self._kept.get(key, (0.0, None))
        if time.monotonic() >= until:
            value = read()
            self._kept = {other: kept for other, kept in self._kept.items() if kept[0] > time.monotonic()}
            self._kept[key] = (time.monotonic() + KEPT_SECONDS, value)
        return value


def describe_deployment(deployment: Deployment) -> dict[str, Any]:
    """Returns name, region, account, bucket, threshold, classes, other class, links to AWS's console."""
    manifest: dict[str, Any] = {"classes": []}
    with suppress(NotDeployed):
        manifest = deployment.read_manifest()
    return _describe(deployment, manifest)


def _describe(deployment: Deployment, staged: Mapping[str, Any]) -> dict[str, Any]:
    region, account = deployment.state_machine.split(":")[3:5]
    return {
        "name": deployment.name,
        "region": region,
        "account": account,
        "bucket": deployment.bucket,
        "threshold": read_threshold(deployment),
        "classes": staged["classes"],
        "other_class": staged.get("other_class"),
        "links": link_deployment(deployment),
    }


def read_threshold(deployment: Deployment) -> dict[str, Any] | None:
    """Returns the filter's threshold, ``value`` and ``source``; None if it is not deployed."""
    with suppress(NotDeployed):
        return deployment.read_threshold()
    return None


def find_midnight(now: float) -> float:
    """Returns when the day of this machine began, in Unix seconds."""
    year, month, day = time.localtime(now)[:3]
    return time.mktime((year, month, day, 0, 0, 0, 0, 0, -1))


def count_today(photos: Recent, midnight: float) -> dict[str, Any]:
    """Returns of how many photos each outcome was decided since midnight.

    Returns:
        ``source``, ``table`` or ``executions``; a number for each outcome that the source knows; ``since``:
        from when on they are complete, None for midnight. From executions ``advice`` as well, and in
        ``unknown`` how many were unsuccessful for a reason that was not asked for yet.
    """
    counts = Counter(decision.outcome for decision in photos.decisions if decision.decided >= midnight)
    since = photos.since if photos.since > midnight else None
    if photos.source == "table":
        return {"source": "table", "since": since, **{name: counts[name] for name in outcomes.OUTCOMES}}
    known = (outcomes.ROUTED, outcomes.REFUSED, outcomes.FAILED, UNKNOWN)
    return {
        "source": "executions",
        "since": since,
        "advice": NO_TABLE,
        **{name: counts[name] for name in known},
    }


def summarize_week(photos: Recent, now: float) -> dict[str, Any]:
    """Returns what the workflow made of the photos of the last day and week, reviews left aside.

    Returns:
        ``day``; ``latency`` of its photos and ``refused``, the share of them; ``steps``: for each of the
        week's STEPS how many ``photos`` came, the share ``refused`` and the ``latency``; ``since``: from when
        on all of it is complete, None for the week's beginning. A share is None without photos, a latency
        without times; photos that failed are in neither.
    """
    begin = now - WEEK_SECONDS
    by_step: list[list[Decision]] = [[] for _ in range(STEPS)]
    for decision in photos.decisions:
        if begin <= decision.ended:
            step = int((decision.ended - begin) / WEEK_SECONDS * STEPS)
            by_step[min(step, STEPS - 1)].append(decision)
    # A day is a whole number of steps.
    last_day = [decision for step in by_step[-STEPS // 7 :] for decision in step]
    errors = Counter(
        decision.error or "unknown" for decision in last_day if decision.outcome == outcomes.FAILED
    )
    outcome_counts = Counter(decision.outcome for decision in last_day)
    whole_day = photos.since <= now - DAY_SECONDS
    day = Day(
        routed=outcome_counts[outcomes.ROUTED],
        refused=sum(outcome_counts[name] for name in REFUSED),
        errors=dict(errors.most_common()),
        unknown=outcome_counts[UNKNOWN],
        period="in 24 h" if whole_day else f"in the last {_format_period(now - photos.since)}",
    )
    return {
        "day": day,
        **_measure(last_day),
        "steps": [{"photos": len(step), **_measure(step)} for step in by_step],
        "since": photos.since if photos.since > begin else None,
    }


def _measure(decisions: Iterable[Decision]) -> dict[str, Any]:
    judged = [decision for decision in decisions if decision.outcome in (outcomes.ROUTED, *REFUSED)]
    refused = sum(decision.outcome != outcomes.ROUTED for decision in judged)
    took = sorted(decision.milliseconds for decision in judged if decision.milliseconds is not None)
    return {
        "refused": refused / len(judged) if judged else None,
        "latency": {"p50": find_percentile(took, 0.5), "p95": find_percentile(took, 0.95)} if took else None,
    }


def find_percentile(ordered: Sequence[int], share: float) -> int:
    """Returns the least of some numbers, given in order, that so large a share of them does not exceed."""
    # Nearest rank; in whole thousandths, since 0.95 * 20 is a little more than 19.
    rank = -(-len(ordered) * round(share * 1000) // 1000)
    return ordered[max(rank, 1) - 1]


def describe_failure(line: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Returns a failed photo's line with its cause on one line; None for none."""
    if line is None:
        return None
    cause = line["cause"] or ""
    with suppress(ValueError, RecursionError):
        # Lambda gives a function's error as JSON.
        told = json.loads(cause)
        cause = told.get("errorMessage", cause) if isinstance(told, dict) else cause
    return {**line, "cause": (str(cause).strip().splitlines() or [""])[0][:LONGEST_CAUSE]}


def _shorten_report(report: Mapping[str, Any]) -> dict[str, Any]:
    """Returns of a report what the overview shows and compares with."""
    recommendation = report["recommendation"]
    return {
        "split": report["split"],
        "photos": report["photos"],
        "accuracy": report["accuracy"],
        "when": report["when"],
        "recommended": recommendation["threshold"],
        "more_photos": recommendation["more_photos"],
        "target": (
            f"at most {format_level(recommendation['routed_error_target'])} of the routed photos wrong, with "
            f"{format_level(recommendation['routed_error_confidence'])} confidence"
        ),
        "confidences": read_confidences(report),
    }


def _format_period(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    return f"{minutes} minutes" if minutes < 120 else f"{minutes // 60} h"
