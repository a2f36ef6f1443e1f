"""Writes what became of a batch: a row of each photo as JSON lines and as CSV, and the numbers."""

import csv
import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.operations import batch_photos
from lambdas.operations.batch_photos import Run, s3
from lambdas.operations.outcome_records import Outcome, OutcomeRecords, choose_counting
from lambdas.operations.result_files import Child, read_children
from lambdas.workflow import outcomes, places
from lambdas.workflow.invocation import logger

BUCKET = os.environ["BUCKET"]
MODEL = os.environ["MODEL"]
THRESHOLD = float(os.environ["CONFIDENCE_THRESHOLD"])
OUTCOME_DAYS = int(os.environ["OUTCOME_DAYS"])
RECORDS = OutcomeRecords(os.environ["OUTCOMES_TABLE"], os.environ["EVENT_SOURCE"])

COLUMNS = ("key", "version", "outcome", "class", "confidence", "threshold", "model", "error", "cause")
LOOKED_AT_ONCE = 8


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Writes ``routes.jsonl``, ``routes.csv`` and, once they are whole, ``summary.json``; returns the last.

    Args:
        event: ``batch``, ``bucket``, ``prefix``, ``source``, ``execution``, ``started_at``, ``redrives``:
            how often the run was redriven, and ``manifest``: the key of the results' manifest.
        context: Lambda's.

    Raises:
        NoResults: There are no results, or broken ones.
        StorageUnavailable, OutcomesUnavailable: S3 or DynamoDB does not answer.
    """
    logger.structure_logs(function_name=context.function_name, function_request_id=context.aws_request_id)
    run = Run(event["batch"], event["bucket"], event["execution"], event["started_at"])
    logger.append_keys(execution_id=run.execution)
    summary = Summary()
    with (
        tempfile.NamedTemporaryFile("w", encoding="utf-8") as lines,
        # With the mark by which a spreadsheet knows the encoding.
        tempfile.NamedTemporaryFile("w", encoding="utf-8-sig", newline="") as table,
    ):
        writer = csv.writer(table)
        writer.writerow(COLUMNS)
        results = places.batch_results_prefix(run.batch)
        for child in read_children(s3, BUCKET, results, event["manifest"]):
            for row in _read_rows(run, child, summary):
                lines.write(json.dumps(row, ensure_ascii=False) + "\n")
                writer.writerow(map(make_harmless, _list_cells(row)))
                summary.add(row)
        for file, name, kind in (
            (lines, "routes.jsonl", "application/jsonl"),
            (table, "routes.csv", "text/csv; charset=utf-8"),
        ):
            file.flush()
            key = places.batch_key(run.batch, name)
            s3.upload_file(file.name, BUCKET, key, ExtraArgs={"ContentType": kind})
    told = {
        **{name: event[name] for name in ("batch", "execution", "source", "bucket", "prefix")},
        "model": MODEL,
        "threshold": THRESHOLD,
        # A run that began before a deploy goes on with its own states, which may not tell the redrives.
        **summary.describe(event["started_at"], time.time(), is_redriven=event.get("redrives", 0) > 0),
    }
    s3.put_object(
        Bucket=BUCKET,
        Key=places.batch_key(run.batch, "summary.json"),
        Body=json.dumps(told, ensure_ascii=False, indent=2).encode(),
        ContentType="application/json",
    )
    logger.info("Summed up", photos=told["photos"], seconds=told["seconds"])
    return told


class Summary:
    """Counts the rows of a batch.

    Attributes:
        passed_over: How many objects were no photos.
    """

    def __init__(self) -> None:
        self.passed_over = 0
        self._outcomes: Counter[str] = Counter()
        self._classes: Counter[str] = Counter()
        self._errors: Counter[str] = Counter()
        self._asked = 0

    def add(self, row: dict[str, Any]) -> None:
        """Counts a row."""
        self._outcomes[row["outcome"]] += 1
        self._asked += row["asked"]
        if row["outcome"] == outcomes.ROUTED:
            self._classes[str(row.get("predicted_class"))] += 1
        elif row["outcome"] == outcomes.FAILED:
            self._errors[str(row.get("error"))] += 1

    def describe(self, started_at: str, ended: float, *, is_redriven: bool) -> dict[str, Any]:
        """Returns the numbers of ``summary.json``.

        Args:
            started_at: When the run started, in ISO 8601.
            ended: When it ended, in Unix seconds.
            is_redriven: Whether it had ended before, and nothing was done until it was redriven.
        """
        photos = self._outcomes.total()
        seconds = max(ended - datetime.fromisoformat(started_at).timestamp(), 0.001)
        return {
            "photos": photos,
            "routed": dict(sorted(self._classes.items())),
            "refused": self._outcomes[outcomes.REFUSED],
            "reviewed": {
                "routed": self._outcomes[outcomes.ROUTED_BY_REVIEW],
                "discarded": self._outcomes[outcomes.DISCARDED],
            },
            "failed": dict(sorted(self._errors.items())),
            "asked": self._asked,
            "kept": photos - self._asked,
            "passed_over": self.passed_over,
            "seconds": round(seconds, 3),
            # What was known already took no time.
            "photos_per_second": None if is_redriven else round(self._asked / seconds, 3),
            "started_at": started_at,
            "ended_at": batch_photos.format_time(ended),
        }


def _read_rows(run: Run, child: Child, summary: Summary) -> Iterator[dict[str, Any]]:
    if child.output is not None:
        summary.passed_over += child.output["passed_over"]
        yield from child.output["photos"]
        return
    items = [item for item in child.input["Items"] if not batch_photos.is_passed_over(item)]
    summary.passed_over += len(child.input["Items"]) - len(items)
    yield from _end_failed(run, items, child)


def _end_failed(run: Run, items: Sequence[dict[str, Any]], child: Child) -> Iterator[dict[str, Any]]:
    """Yields the rows of the photos of a child execution that failed.

    Those that it had decided have their outcome. The others have failed as it did, which is kept and told.
    """
    with ThreadPoolExecutor(LOOKED_AT_ONCE) as pool:
        photos = list(pool.map(lambda item: _identify(run, item), items))
    known = RECORDS.find([photo.id for photo in photos])
    failed = [
        batch_photos.make_outcome(
            run,
            photo,
            outcomes.FAILED,
            model=MODEL,
            days=OUTCOME_DAYS,
            error=child.error,
            cause=child.cause,
        )
        for photo in photos
        if photo.id not in known or _has_failed_before(run, known[photo.id])
    ]
    kept = list(zip(failed, RECORDS.keep(failed), strict=True))
    RECORDS.tell([mine for mine, there in kept if there is mine])
    known |= {mine["photo"]: choose_counting(mine, there) for mine, there in kept}
    for photo in photos:
        yield batch_photos.describe(run, photo, known[photo.id])


def _has_failed_before(run: Run, outcome: Outcome) -> bool:
    return outcome["outcome"] == outcomes.FAILED and outcome.get("execution") != run.execution


def _list_cells(row: dict[str, Any]) -> list[Any]:
    """Returns the cells of a row in the order of COLUMNS; the class is the person's where there is one."""
    named = {**row, "class": row.get("label", row.get("predicted_class"))}
    return [named.get(column, "") for column in COLUMNS]


def make_harmless(cell: Any) -> Any:
    """Returns a cell that a spreadsheet shows and does not run, as the page writes its tables.

    What begins so is a formula for it: a stranger chose the file's name.
    """
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def _identify(run: Run, item: dict[str, Any]) -> batch_photos.Photo:
    return batch_photos.identify(run, item, batch_photos.look_up_version(run.bucket, item["key"]))
