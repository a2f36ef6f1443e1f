"""Says once a day how far the photos of the day before have moved from those that the model was judged by.

What the model takes for the class of all else is left out on both sides: of the validation split it is as
large a share as of no day, which would be drift every day.

It leaves a report in the bucket and tells CloudWatch, by lines in the embedded metric format.
"""

import json
import os
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.operations.drift_baseline import Baseline, read_baseline
from lambdas.operations.drift_photos import DayPhotos, read_captured, read_outcomes
from lambdas.statistics.drift import MAJOR, Shift, compare_counts, compare_values
from lambdas.workflow import environment, measures, places
from lambdas.workflow.invocation import logger
from lambdas.workflow.photos.appearance import Appearance

BUCKET = os.environ["BUCKET"]
TABLE = os.environ["OUTCOMES_TABLE"]
ENDPOINT = environment.endpoint_name()
MODEL_PARAMETER = os.environ["MODEL_PARAMETER"]
CLASSES = environment.classes()
OTHER_CLASS = environment.other_class()
VERSION = "1"
"""Version of the report's form; measures and members may be added to it."""

s3 = boto3.client("s3")
ssm = boto3.client("ssm")


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Writes the report of a day, over one that is there, and returns it.

    Args:
        event: ``day`` in ISO 8601, or EventBridge's ``time``: the day before that is judged, in UTC.
        context: Lambda's.
    """
    logger.structure_logs(function_name=context.function_name, function_request_id=context.aws_request_id)
    day = read_day(event)
    model = places.read_model_name(ssm.get_parameter(Name=MODEL_PARAMETER)["Parameter"]["Value"])
    baseline = read_baseline(BUCKET, model, OTHER_CLASS)
    photos = read_captured(BUCKET, ENDPOINT, CLASSES, OTHER_CLASS, day.isoformat())
    photos = photos or read_outcomes(BUCKET, TABLE, OTHER_CLASS, day.isoformat())
    compared = compare(baseline, photos)
    report = {
        "version": VERSION,
        "day": day.isoformat(),
        "model": model,
        "from": f"{day.isoformat()}T00:00:00Z",
        "until": f"{(day + timedelta(days=1)).isoformat()}T00:00:00Z",
        "photos": len(photos.confidences),
        "source": photos.source,
        "measures": compared,
    }
    s3.put_object(
        Bucket=BUCKET,
        Key=places.drift_key(day.isoformat()),
        Body=json.dumps(report, indent=2).encode(),
        ContentType="application/json",
    )
    tell(compared)
    logger.info("Compared", day=day.isoformat(), photos=report["photos"], source=photos.source)
    return report


def read_day(event: dict[str, Any]) -> date:
    """Returns the day to judge.

    Raises:
        ValueError, KeyError: The event names none.
    """
    if "day" in event:
        return date.fromisoformat(event["day"])
    return datetime.fromisoformat(event["time"]).date() - timedelta(days=1)


def compare(baseline: Baseline, photos: DayPhotos) -> list[dict[str, Any]]:
    """Returns the report's ``measures``."""
    classes = [name for name in CLASSES if name != OTHER_CLASS]
    mixes = [
        [predicted.count(name) for name in classes] for predicted in (baseline.predicted, photos.predicted)
    ]
    compared = [
        describe(
            "confidence",
            compare_values(baseline.confidences, photos.confidences),
            baseline.confidences,
            photos.confidences,
        ),
        describe("class_mix", compare_counts(*mixes), baseline.predicted, photos.predicted),
    ]
    for name in Appearance._fields:
        before, now = ([getattr(look, name) for look in looks] for looks in (baseline.looks, photos.looks))
        compared.append(describe(name, compare_values(before, now), before, now))
    return compared


def describe(measure: str, shift: Shift, baseline: Sequence[Any], photos: Sequence[Any]) -> dict[str, Any]:
    """Returns one of the report's ``measures``: with too few photos ``index`` and its limits are null."""
    return {
        "measure": measure,
        "index": shift.index,
        "noise": shift.noise,
        "rare": shift.rare,
        "reading": shift.reading,
        "photos": len(photos),
        "baseline_photos": len(baseline),
    }


def tell(found: Sequence[dict[str, Any]]) -> None:
    """Tells the index of each measure that has one, and whether any is major and hardly by chance.

    By chance one of five measures is above its noise every few days, which is no reason to wake anybody.
    """
    told = [measure for measure in found if measure["index"] is not None]
    for measure in told:
        measures.add(measures.DRIFT, measure["index"], ("measure", measure["measure"]))
    if told:
        above = any(measure["index"] > max(MAJOR, measure["rare"]) for measure in told)
        measures.add(measures.DRIFT_ABOVE_NOISE, int(above))
    measures.tell()
