"""Reads which photos people have labelled from a deployment's table of outcomes, and checks what it says."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import boto3

from data_staging.errors import StagingError
from lambdas.workflow import outcomes


@dataclass(frozen=True, slots=True)
class Label:
    """A label and its photo, as the table of outcomes has them.

    Attributes:
        photo: Id of the photo.
        bucket: Where the photo was put to be routed.
        key: The same.
        version: Version of the object there; empty in a bucket without versions.
        label: Name of a class.
        reviewed_by: Who gave it the label, an ARN.
        decided_at: When, in ISO 8601.
    """

    photo: str
    bucket: str
    key: str
    version: str
    label: str
    reviewed_by: str
    decided_at: str


@dataclass(frozen=True)
class Labels:
    """What the table has of labelled photos.

    Attributes:
        whole: The labels that can be used, in the order of the photos' ids.
        left_out: Why each other one cannot, by the photo's id.
        unsettled: How many more can still be undone.
    """

    whole: list[Label]
    left_out: dict[str, str]
    unsettled: int = 0


def read_labels(session: boto3.Session, table: str) -> Labels:
    """Returns the labels in a table of outcomes.

    Raises:
        StagingError: There is no such table.
        botocore.exceptions.ClientError: DynamoDB refused.
        botocore.exceptions.BotoCoreError: DynamoDB cannot be reached.
    """
    dynamodb = session.client("dynamodb")
    pages = dynamodb.get_paginator("query").paginate(
        TableName=table,
        IndexName=outcomes.INDEX,
        KeyConditionExpression="outcome = :outcome",
        ExpressionAttributeValues={":outcome": {"S": outcomes.ROUTED_BY_REVIEW}},
    )
    try:
        return check_labels(item for page in pages for item in page["Items"])
    except dynamodb.exceptions.ResourceNotFoundException:
        raise StagingError(
            f"there is no table {table} in {session.region_name}, though the deployment names it as its "
            "table of outcomes: deploy the storage stack again"
        ) from None


def check_labels(items: Iterable[Mapping[str, Mapping[str, Any]]]) -> Labels:
    """Returns the labels that items of the table give.

    Args:
        items: Each attribute's value, with its type as DynamoDB has it, by name.
    """
    whole: dict[str, Label] = {}
    left_out = {}
    unsettled = set()
    for item in items:
        texts = {name: value["S"] for name, value in item.items() if isinstance(value.get("S"), str)}
        missing = [
            name
            for name in Label.__dataclass_fields__
            if name not in texts or (name != "version" and not texts[name])
        ]
        if item.get("untold", {}).get("BOOL") is True:
            # Until others are told of it, whoever gave it can take it back.
            unsettled.add(texts.get("photo", ""))
        elif missing:
            left_out[texts.get("photo", "")] = f"without a {missing[0]} (a text) in the table of outcomes"
        else:
            # A page of an index may have an item that an earlier one had.
            whole[texts["photo"]] = Label(*(texts[name] for name in Label.__dataclass_fields__))
    return Labels([whole[photo] for photo in sorted(whole)], left_out, len(unsettled))
