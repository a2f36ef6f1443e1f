"""Counts the photos that fail, of which an event tells, and looks every few minutes at what waits for review.

What it finds are metrics: alarms look at them. The path of a photo itself sends no request for that.
"""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from lambdas.workflow import measures, outcomes
from lambdas.workflow.invocation import logger

TABLE = os.environ["OUTCOMES_TABLE"]

dynamodb = boto3.client(
    "dynamodb",
    config=Config(connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 5}),
)


def handler(event: Mapping[str, Any], context: LambdaContext) -> None:
    """Counts a photo for an event that tells of its failure, and looks at the reviews for any other."""
    logger.structure_logs(function_name=context.function_name, function_request_id=context.aws_request_id)
    if event.get("detail-type") == outcomes.DETAIL_TYPES[outcomes.FAILED]:
        measures.add(measures.FAILED)
        measures.add(measures.FAILED, dimension=("error", event["detail"].get("error") or "unknown"))
    else:
        _measure_reviews(datetime.now(UTC))
    measures.tell()


def _measure_reviews(now: datetime) -> None:
    """Adds how many photos wait for a person, and for how many hours the first of them has."""
    waiting = {
        "TableName": TABLE,
        "IndexName": outcomes.INDEX,
        "KeyConditionExpression": "outcome = :refused",
        "ExpressionAttributeValues": {":refused": {"S": outcomes.REFUSED}},
    }
    pages = dynamodb.get_paginator("query").paginate(**waiting, Select="COUNT")
    measures.add(measures.REVIEWS_WAITING, sum(page["Count"] for page in pages))
    oldest = dynamodb.query(**waiting, ProjectionExpression="decided_at", Limit=1)["Items"]
    hours = 0.0
    if oldest:
        decided_at = datetime.fromisoformat(oldest[0]["decided_at"]["S"])
        hours = max(0.0, (now - decided_at).total_seconds() / 3600)
    measures.add(measures.OLDEST_REVIEW, hours)
