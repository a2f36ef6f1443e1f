"""Routes a part of a batch: some photos, each by the very steps that the state machine of one photo takes.

What becomes of a photo is its outcome, a failure too. Only where the endpoint, the storage or the table is
out of order does the function fail: then Step Functions calls it again, and what is decided stays decided.
"""

import os
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Semaphore
from time import sleep
from typing import Any, TypeVar

from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import BotoCoreError, ClientError

from lambdas.classify import ENDPOINT, classify
from lambdas.filter import CLASSES, CONFIDENCE_THRESHOLD, OTHER_CLASS, THRESHOLD_SOURCE, keep_confident
from lambdas.operations import batch_photos
from lambdas.operations.batch_photos import Photo, Run
from lambdas.operations.outages import OUTAGES, is_of_the_photo
from lambdas.operations.outcome_records import (
    Outcome,
    OutcomeRecords,
    OutcomesUnavailable,
    choose_counting,
)
from lambdas.serialize import serialize
from lambdas.workflow import measures, outcomes, places
from lambdas.workflow.errors import REFUSALS, EndpointUnavailable
from lambdas.workflow.invocation import logger

BUCKET = os.environ["BUCKET"]
MODEL = os.environ["MODEL"]
OUTCOME_DAYS = int(os.environ["OUTCOME_DAYS"])
RECORDS = OutcomeRecords(os.environ["OUTCOMES_TABLE"], os.environ["EVENT_SOURCE"])

PHOTOS_AT_ONCE = 4
"""While the endpoint thinks about one photo, the next is read; more would only wait for the endpoint."""
DECODED_AT_ONCE = 2
"""Each may take the memory that the serialize function has for one."""
DELAYS_SECONDS = (1, 2, 4, 8)
"""The longest pauses before a step is tried again. What takes longer is left to Step Functions."""
LAST_START_SECONDS = 150
"""Before the function's end: whatever one photo may wait for, it is kept in this time."""

Result = TypeVar("Result")


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Routes the photos of ``Items`` and returns a row of each, and how many objects were passed over.

    Args:
        event: ``Items``, each with ``key``, ``etag`` and ``size`` of an object, and ``BatchInput`` with
            ``batch``, ``bucket``, ``execution`` and ``started_at``.
        context: Lambda's.

    Raises:
        StorageUnavailable, EndpointThrottled, EndpointUnavailable, EndpointNotInService,
            EndpointAccessDenied, OutcomesUnavailable: An outage, or no time is left. What was decided is
            kept and told.
    """
    logger.structure_logs(function_name=context.function_name, function_request_id=context.aws_request_id)
    run = Run(**event["BatchInput"])
    logger.append_keys(execution_id=run.execution, s3_bucket=run.bucket)
    items = [item for item in event["Items"] if not batch_photos.is_passed_over(item)]
    try:
        rows = Part(run, context.get_remaining_time_in_millis).route(items)
    except (*OUTAGES, OutcomesUnavailable) as error:
        logger.error(str(error), error=type(error).__name__)
        raise
    finally:
        measures.tell()
    return {"photos": batch_photos.fit(rows), "passed_over": len(event["Items"]) - len(items)}


@dataclass(frozen=True)
class Read:
    """A photo that was read, or that cannot be.

    Attributes:
        photo: The photo.
        fields: Its event with the picture; None where it cannot be read.
        error: Why it cannot be.
    """

    photo: Photo
    fields: dict[str, Any] | None = None
    error: Exception | None = None


class Part:
    """The photos of one call: read, then asked for, a few at a time, and kept together."""

    def __init__(self, run: Run, measure_time_left: Callable[[], int]) -> None:
        """Makes a part.

        Args:
            run: The run that it is a part of.
            measure_time_left: Returns how many milliseconds the function has left.
        """
        self._run = run
        self._measure_time_left = measure_time_left
        self._outage: Exception | None = None
        # Whether S3 has given any photo, and for which the endpoint has answered, in this call.
        self._is_storage_answering = False
        self._answered: list[Photo] = []
        self._decoders = Semaphore(DECODED_AT_ONCE)

    def route(self, items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Returns the rows of listed objects, in their order.

        What has an outcome other than ``failed`` is not asked for again.

        Raises:
            WorkflowError, OutcomesUnavailable: As ``handler`` says.
        """
        with ThreadPoolExecutor(PHOTOS_AT_ONCE) as pool:
            looked_up = [photo for photo in pool.map(self._look_up, items) if photo]
            known = {
                photo: outcome
                for photo, outcome in RECORDS.find([photo.id for photo in looked_up]).items()
                if outcome["outcome"] != outcomes.FAILED
            }
            # What an earlier call of this run has kept it may not have told.
            again = [outcome for outcome in known.values() if self._may_be_untold(outcome)]
            new = {photo.key for photo in looked_up if photo.id not in known}
            read = [
                each for each in pool.map(self._read, [item for item in items if item["key"] in new]) if each
            ]
            found = [outcome for outcome in pool.map(self._find_outcome, read) if outcome]
        for mine, kept in zip(found, RECORDS.keep(found), strict=True):
            known[mine["photo"]] = choose_counting(mine, kept)
            again += [mine] if kept is mine else []
        RECORDS.tell(again)
        if left := len(items) - len(known):
            raise self._outage or EndpointUnavailable(
                f"For {left} of {len(items)} photos no time was left, for endpoint {ENDPOINT.name} answers "
                "slowly. They are asked for by the next call"
            )
        # What was replaced since it was looked up is what was read.
        photos = {photo.key: photo for photo in (*looked_up, *(each.photo for each in read))}
        return [batch_photos.describe(self._run, photo, known[photo.id]) for photo in photos.values()]

    def _may_be_untold(self, outcome: Outcome) -> bool:
        of_this_run = outcome.get("execution") == self._run.execution
        return of_this_run and outcome["outcome"] in (outcomes.ROUTED, outcomes.REFUSED)

    def _look_up(self, item: Mapping[str, Any]) -> Photo | None:
        """Finds which photo an object is in its newest version; None where an outage does not allow it."""
        bucket, key = self._run.bucket, item["key"]
        with self._log(key):
            if self._outage or self._is_late():
                return None
            try:
                version = self._try(lambda: batch_photos.look_up_version(bucket, key))
            except OUTAGES as outage:
                self._give_up(outage)
                return None
            return batch_photos.identify(self._run, item, version)

    def _read(self, item: Mapping[str, Any]) -> Read | None:
        """Reads a photo in its newest version; None where an outage or the time does not allow it."""
        bucket, key = self._run.bucket, item["key"]

        def read() -> dict[str, Any]:
            with self._decoders:
                return serialize({"s3_bucket": bucket, "s3_key": key})

        with self._log(key):
            if self._outage or self._is_late():
                return None
            try:
                fields = self._try(read)
            except Exception as error:
                if isinstance(error, OUTAGES) and not self._is_storage_answering:
                    self._give_up(error)
                    return None
                # One photo's failure is never that of others, and an unexpected one is no exception to that.
                # A storage that is out of order does not answer this either.
                try:
                    version = batch_photos.look_up_version(bucket, key)
                except OUTAGES as outage:
                    self._give_up(outage)
                    return None
                return Read(batch_photos.identify(self._run, item, version), error=error)
            photo = batch_photos.identify(self._run, item, fields.get("s3_version"))
            self._is_storage_answering = True
            return Read(photo, fields)

    def _find_outcome(self, read: Read) -> Outcome | None:
        """Finds what becomes of a photo; None where an outage or the time does not allow it."""
        photo, answered = read.photo, len(self._answered)
        with self._log(photo.key):
            if read.fields is None:
                assert read.error is not None
                return self._fail(photo, read.error)
            if self._outage or self._is_late():
                return None
            fields = read.fields
            try:
                classified = self._try(lambda: classify(fields, ENDPOINT))
            except OUTAGES as error:
                if not is_of_the_photo(error, ENDPOINT, len(self._answered) > answered):
                    self._give_up(error)
                    return None
                return self._fail(photo, error)
            except Exception as error:
                return self._fail(photo, error)
            self._answered.append(photo)
            return self._judge(photo, classified)

    def _judge(self, photo: Photo, classified: dict[str, Any]) -> Outcome:
        """Returns the outcome of a photo for which the endpoint has answered."""
        answer = {
            "predicted_class": classified["predicted_class"],
            "confidence": classified["confidence"],
            "probabilities": dict(zip(CLASSES, classified["inferences"], strict=True)),
            "threshold": CONFIDENCE_THRESHOLD,
        }
        try:
            keep_confident(classified, CLASSES, CONFIDENCE_THRESHOLD, THRESHOLD_SOURCE, OTHER_CLASS)
        except REFUSALS as error:
            self._copy_for_review(photo)
            return self._make_outcome(photo, outcomes.REFUSED, **answer, **_describe_error(error))
        return self._make_outcome(photo, outcomes.ROUTED, **answer)

    def _try(self, step: Callable[[], Result]) -> Result:
        """Returns what a step returns, which is tried again while there is an outage, for some seconds."""
        for longest in DELAYS_SECONDS:
            try:
                return step()
            except OUTAGES:
                if self._is_late():
                    raise
            sleep(random.uniform(0, longest))
        return step()

    def _give_up(self, error: Exception) -> None:
        """Has nothing more begun: it would only wait for what is out of order."""
        logger.warning(f"Not decided: {error}", error=type(error).__name__)
        self._outage = error

    @contextmanager
    def _log(self, key: str) -> Iterator[None]:
        """Has the log name a photo."""
        logger.thread_safe_append_keys(s3_key=key)
        try:
            yield
        finally:
            logger.thread_safe_clear_keys()

    def _copy_for_review(self, photo: Photo) -> None:
        """Copies the photo to where it outlasts the bucket's lifecycle.

        A photo that cannot be copied, for it was deleted meanwhile, is kept as refused all the same.
        """
        source: Any = {"Bucket": self._run.bucket, "Key": photo.key}
        if photo.version:
            source["VersionId"] = photo.version
        try:
            batch_photos.s3.copy_object(
                Bucket=BUCKET,
                Key=places.review_key(photo.id, photo.key),
                CopySource=source,
                # With the tags of the original the role would have to read and write tags.
                TaggingDirective="REPLACE",
            )
        except (ClientError, BotoCoreError) as error:
            logger.warning(f"Not copied for its review: {error}")

    def _fail(self, photo: Photo, error: Exception) -> Outcome:
        logger.warning(f"Failed: {error}", error=type(error).__name__)
        return self._make_outcome(photo, outcomes.FAILED, **_describe_error(error))

    def _make_outcome(self, photo: Photo, outcome: str, **told: Any) -> Outcome:
        return batch_photos.make_outcome(self._run, photo, outcome, model=MODEL, days=OUTCOME_DAYS, **told)

    def _is_late(self) -> bool:
        return self._measure_time_left() < LAST_START_SECONDS * 1000


def _describe_error(error: Exception) -> dict[str, str]:
    return {"error": type(error).__name__, "cause": str(error)}
