"""A table of outcomes in moto's AWS, as the app deploys one."""

from collections.abc import Iterator
from contextlib import contextmanager

import boto3

from evaluation.deployment import Deployment
from lambdas.workflow import outcomes

TABLE = "scones-outcomes"


@contextmanager
def keeping_outcomes(deployment: Deployment) -> Iterator[None]:
    """An empty table that the deployment knows of, while it lasts."""
    dynamodb, ssm = boto3.client("dynamodb"), boto3.client("ssm")
    keys = ("photo", "outcome", "decided_at")
    dynamodb.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys],
        KeySchema=[{"AttributeName": "photo", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": outcomes.INDEX,
                "KeySchema": [
                    {"AttributeName": "outcome", "KeyType": "HASH"},
                    {"AttributeName": "decided_at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    ssm.put_parameter(Name="/scones/outcomes", Value=TABLE, Type="String", Overwrite=True)
    try:
        yield
    finally:
        ssm.delete_parameter(Name="/scones/outcomes")
        vars(deployment).pop("outcomes", None)
        dynamodb.delete_table(TableName=TABLE)
