"""Sends photos through the deployed state machine and reads what became of each."""

import hashlib
import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from console.executions.starting import start_anew
from evaluation.deployment import Deployment
from lambdas.workflow import errors, execution, places

# How much of the SHA-256 digest of an uploaded photo is in its key.
UPLOAD_DIGITS = 16
REFUSED_ERRORS = {error.__name__ for error in errors.REFUSALS}
CONCURRENT_EXECUTIONS = 4
FIRST_POLL_SECONDS = 0.1
LAST_POLL_SECONDS = 2.0


@dataclass(frozen=True)
class Photo:
    """A photo in S3.

    Attributes:
        label: Its name for people.
        bucket: Its bucket.
        key: Its key.
        version: Version of the object, where this program has put it there itself. Such a photo starts once,
            whether this program or the upload's own event is first; any other one each time that it is asked.
    """

    label: str
    bucket: str
    key: str
    version: str | None = None


@dataclass(frozen=True)
class Routing:
    """What the state machine did with one photo.

    Attributes:
        photo: The photo.
        outcome: ``routed``; ``refused`` by the filter; ``failed`` for anything else.
        predicted_class: The most probable class; None if the photo was not classified.
        confidence: Its probability, 0 to 1; None if the photo was not classified.
        error: Name of the error that ended the execution; None if routed.
        cause: The error's message; None if routed.
        milliseconds: Duration of the execution.
        threshold: The confidence that it was asked for; None if that is not known, as of one never judged.
        version: The version of the photo that the event named, or that was read; None if that is not known.
        is_cut_off: Whether the execution came to no end of its own, before which it keeps the outcome in the
            table of outcomes: it was stopped, timed out, or failed in a state that has no way on.
    """

    photo: Photo
    outcome: Literal["routed", "refused", "failed"]
    predicted_class: str | None
    confidence: float | None
    error: str | None
    cause: str | None
    milliseconds: int
    threshold: float | None = None
    version: str | None = None
    is_cut_off: bool = False


def find_photo(deployment: Deployment, argument: str) -> Photo:
    """Returns the photo that a command-line argument names; a local file is uploaded.

    Raises:
        ValueError: An ``s3://`` URI without a bucket or a key.
        OSError: The file cannot be read.
    """
    if argument.startswith("s3://"):
        bucket, _, key = argument.removeprefix("s3://").partition("/")
        if not bucket or not key:
            raise ValueError(f"'{argument[:100]}' names no S3 object: write s3://BUCKET/KEY")
        return Photo(argument, bucket, key)
    return upload_photo(deployment, argument, Path(argument).read_bytes())


def upload_photo(deployment: Deployment, label: str, content: bytes) -> Photo:
    """Uploads a photo to the deployment's bucket, under the last part of its label."""
    # The digest keeps photos of one name apart and makes a second upload of the same photo harmless.
    digest = hashlib.sha256(content).hexdigest()[:UPLOAD_DIGITS]
    key = places.incoming_key(digest, Path(label).name)
    put = deployment.client("s3").put_object(Bucket=deployment.bucket, Key=key, Body=content)
    return Photo(label, deployment.bucket, key, put.get("VersionId"))


def start_execution(deployment: Deployment, photo: Photo) -> str:
    """Starts the state machine on a photo; returns the execution's ARN.

    The upload's event starts it too (lambdas/operations/upload.py), but need not have come yet.
    """
    step_functions, state_machine = deployment.client("stepfunctions"), deployment.state_machine
    if photo.version is not None:
        return execution.start_execution(
            step_functions, state_machine, photo.bucket, photo.key, photo.version
        )
    return start_anew(
        deployment, json.dumps({"image_data": "", "s3_bucket": photo.bucket, "s3_key": photo.key})
    )


def read_routing(step_functions: Any, photo: Photo, ended: Mapping[str, Any]) -> Routing:
    """Returns the routing of a photo whose execution has ended.

    Args:
        step_functions: Client, asked for the history of an execution that did not succeed.
        photo: The photo.
        ended: The answer of DescribeExecution.
    """
    milliseconds = round((ended["stopDate"] - ended["startDate"]).total_seconds() * 1000)
    if ended["status"] == "SUCCEEDED":
        # The state machine may have had another definition then, and another output.
        output = json.loads(ended.get("output") or "{}")
        answer = output if isinstance(output, dict) else {}
        predicted_class, confidence = answer.get("predicted_class"), answer.get("confidence")
        threshold = read_threshold(answer)
        return Routing(
            *(photo, "routed", predicted_class, confidence, None, None, milliseconds, threshold),
            version=photo.version,
        )
    error = ended.get("error") or ended["status"]
    left = _read_traces(step_functions, ended["executionArn"])
    outcome: Literal["refused", "failed"] = "refused" if error in REFUSED_ERRORS else "failed"
    cause = ended.get("cause", "")
    threshold = read_missed_threshold(cause) if outcome == "refused" else None
    return Routing(
        *(photo, outcome, left["predicted_class"], left["confidence"], error, cause, milliseconds, threshold),
        version=photo.version or left["version"],
        is_cut_off=outcome == "failed" and left["is_cut_off"],
    )


def read_threshold(answer: object) -> float | None:
    """Returns the threshold that the filter's output names; None if there is none, as in older ones."""
    threshold = answer.get("threshold") if isinstance(answer, dict) else None
    if isinstance(threshold, bool) or not isinstance(threshold, int | float):
        return None
    return float(threshold)


def read_missed_threshold(cause: str) -> float | None:
    """Returns the threshold that a photo has missed by the filter's words; None if they name none."""
    found = re.search(r" is below the threshold (\d[\d.e-]*) ", cause)
    try:
        return float(found[1]) if found else None
    except ValueError:
        return None


def read_shown(cause: str) -> str:
    """Returns what a photo shows by the words of the filter, as ``no bicycle or motorcycle``."""
    found = re.match(r"The photo shows (.+?): ", cause)
    return found[1] if found else "none of the classes"


def route_photos(deployment: Deployment, photos: Iterable[Photo]) -> Iterator[Routing]:
    """Yields the routing of each photo, in the order of ``photos``, several executions at a time."""
    pool = ThreadPoolExecutor(CONCURRENT_EXECUTIONS)
    try:
        yield from pool.map(lambda photo: _route(deployment, photo), photos)
    finally:
        pool.shutdown(cancel_futures=True)


def _route(deployment: Deployment, photo: Photo) -> Routing:
    step_functions = deployment.client("stepfunctions")
    arn = start_execution(deployment, photo)
    return read_routing(step_functions, photo, _wait(step_functions, arn))


def _wait(step_functions: Any, arn: str) -> dict[str, Any]:
    pause = FIRST_POLL_SECONDS
    while (described := step_functions.describe_execution(executionArn=arn))["status"] == "RUNNING":
        time.sleep(pause)
        pause = min(pause * 1.5, LAST_POLL_SECONDS)
    return described


def _read_traces(step_functions: Any, arn: str) -> dict[str, Any]:
    """Reads from an unsuccessful execution's history, backwards, what it has left.

    Returns:
        ``predicted_class`` and ``confidence``, what the model answered, and ``version``, what was read, each
        None if it did not come so far; ``is_cut_off``: whether it came to no end of its own.
    """
    pages = step_functions.get_paginator("get_execution_history").paginate(
        executionArn=arn, reverseOrder=True, includeExecutionData=True
    )
    left = {"predicted_class": None, "confidence": None, "version": None, "is_cut_off": True}
    for page in pages:
        for event in page["events"]:
            if event["type"] == "FailStateEntered":
                left["is_cut_off"] = False
            output = event.get("stateExitedEventDetails", {}).get("output")
            state = json.loads(output) if output else None
            if not isinstance(state, dict):
                continue
            left["version"] = left["version"] or state.get("s3_version") or None
            if "predicted_class" in state:
                return left | {name: state[name] for name in ("predicted_class", "confidence")}
    return left
