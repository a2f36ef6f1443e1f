"""Reads the daily reports of how far the photos have moved from those that the model was judged by."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from evaluation.deployment import Deployment, NotDeployed
from lambdas.workflow.measures import DRIFT_HOUR
from lambdas.workflow.places import DRIFT_REPORTS

MOST_REPORTS = 90
"""So many of the last days are shown."""
_CONCURRENT_REQUESTS = 8


class DriftReports:
    """Reads the reports of one deployment, each once unless it is written anew."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._read: dict[tuple[str, str], Mapping[str, Any]] = {}

    def describe(self, now: datetime | None = None) -> dict[str, Any]:
        """Returns the reports of the last days.

        Returns:
            ``reports`` as function drift writes them, the newest first; ``more``, whether there are older
            ones; ``next``, when the next report comes, in Unix seconds; None without what writes them.
        """
        now = now or datetime.now(UTC)
        s3, bucket = self._deployment.client("s3"), self._deployment.bucket
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=DRIFT_REPORTS)
        # The keys are the days in ISO 8601.
        found = [(item["Key"], item["ETag"]) for page in pages for item in page.get("Contents", ())]
        newest = sorted(found, reverse=True)[:MOST_REPORTS]
        with ThreadPoolExecutor(_CONCURRENT_REQUESTS) as pool:
            reports = list(pool.map(self._find, newest))
        self._read = dict(zip(newest, reports, strict=True))
        return {
            "reports": reports,
            "more": len(found) > len(newest),
            "next": find_next_report(now).timestamp() if self._is_watched() else None,
        }

    def _is_watched(self) -> bool:
        """Returns whether the deployment has what alarms and what writes the reports: they come together."""
        with suppress(NotDeployed):
            return bool(self._deployment.alarms_topic)
        return False

    def _find(self, report: tuple[str, str]) -> Mapping[str, Any]:
        if report in self._read:
            return self._read[report]
        answer = self._deployment.client("s3").get_object(Bucket=self._deployment.bucket, Key=report[0])
        return json.load(answer["Body"])


def find_next_report(now: datetime) -> datetime:
    """Returns when the next report is written."""
    today = now.replace(hour=DRIFT_HOUR, minute=0, second=0, microsecond=0)
    return today if now < today else today + timedelta(days=1)
